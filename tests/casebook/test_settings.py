"""casebook.toml and glossary.toml: strict, and every fault at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from casebook.documents import MODELS
from casebook.errors import SettingsError, UnknownAudience
from casebook.settings import Glossary, Settings, load_settings

SMALL = """\
[library]
title = "知识库"
company = "甲公司"

[[audiences]]
id = "dealer"
name = "代理商"
title = "服务问答"

[[audiences]]
id = "agent"
name = "坐席"
title = "案例库"

[review]
faq = 90

[taxonomy]
levels = ["建议"]
customer_types = ["感情用事"]
reasons = ["有理"]
manners = ["正常"]
needs = ["解决问题"]
channels = ["热线"]
methods = ["因素分析法"]
ranks = ["法律", "预案"]

[taxonomy.subjects]
"资费" = ["流量"]
"发票" = []
"""


def _write(folder: Path, old: str = "", new: str = "", glossary: str | None = None) -> Path:
    assert not old or SMALL.count(old) == 1
    text = SMALL.replace(old, new) if old else SMALL
    (folder / "casebook.toml").write_text(text, encoding="utf-8")
    if glossary is not None:
        (folder / "glossary.toml").write_text(glossary, encoding="utf-8")
    return folder


def _problems(folder: Path) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load_settings(folder)
    assert {problem.code for problem in raised.value.problems} == {"invalid-settings"}
    assert str(raised.value) == "\n".join(str(problem) for problem in raised.value.problems)
    return [f"{p.path}:{p.line}: {p.message} {p.hint}" for p in raised.value.problems]


BAD = {
    "unknown key": (
        "faq = 90",
        "faqs = 90",
        "casebook.toml:16: 不认识的键 faqs。 是不是要写 faq？",
    ),
    "unknown key without a guess": (
        "faq = 90",
        "zzz = 90",
        "casebook.toml:16: 不认识的键 zzz。 可用的键：case、faq、policy、due_soon。",
    ),
    "unknown table": (
        "[review]",
        "[reviews]",
        "casebook.toml:15: 不认识的键 reviews。 是不是要写 review？",
    ),
    "unknown key of an audience": (
        'name = "坐席"',
        'nme = "坐席"\nname = "坐席"',
        "casebook.toml:12: 不认识的键 nme。 是不是要写 name？",
    ),
    "key missing": (
        'company = "甲公司"\n',
        "",
        'casebook.toml:1: 缺少 company。 在 [library] 下面补上 company = "…"',
    ),
    "key missing that another table has": (
        'name = "代理商"\n',
        "",
        'casebook.toml:5: 缺少 name。 在 [[audiences]] 下面补上 name = "…"',
    ),
    "table that is called like a key": (
        "[taxonomy.subjects]",
        "[faq]\nsimilar = 99\n[taxonomy.subjects]",
        "casebook.toml:29: similar 的值 “99” 不合要求。 不大于 50。",
    ),
    "list missing": (
        'levels = ["建议"]\n',
        "",
        'casebook.toml:18: 缺少 levels。 在 [taxonomy] 下面补上 levels = ["…", "…"]',
    ),
    "text for a number": (
        "faq = 90",
        'faq = "许多"',
        "casebook.toml:16: faq 的值是 “许多”，类型不对。 这里要写整数，不加引号。",
    ),
    "number for a text": (
        'title = "知识库"',
        "title = 3",
        "casebook.toml:2: title 的值是 “3”，类型不对。 "
        '这里要写文字，用英文双引号括起来，如 title = "…"。',
    ),
    "text for a list": (
        'levels = ["建议"]',
        'levels = "建议"',
        'casebook.toml:19: levels 的值是 “建议”，类型不对。 这里要写列表，如 levels = ["…", "…"]。',
    ),
    "too few days": (
        "faq = 90",
        "faq = 0",
        "casebook.toml:16: faq 的值 “0” 不合要求。 不小于 1。",
    ),
    "too many days": (
        "faq = 90",
        "faq = 3651",
        "casebook.toml:16: faq 的值 “3651” 不合要求。 不大于 3650。",
    ),
    "audience id in capitals": (
        'id = "agent"',
        'id = "Agent"',
        "casebook.toml:11: id：“Agent”不合要求。 小写字母开头，后面是小写字母、数字、连字符。",
    ),
    "audience without a name": (
        'name = "坐席"',
        'name = ""',
        "casebook.toml:12: name 是空的，或者太少。 至少 1 个。",
    ),
    "audience twice": (
        'id = "agent"',
        'id = "dealer"',
        "casebook.toml:1: audiences 里有两个相同的 id。 每个受众的 id 只能出现一次。",
    ),
    "no such time zone": (
        'company = "甲公司"',
        'company = "甲公司"\ntimezone = "Asia/Shangai"',
        "casebook.toml:4: timezone：没有时区“Asia/Shangai”。 "
        "中国写 Asia/Shanghai；拼法最像的是 Asia/Shanghai。",
    ),
    "reviewer without a mark": (
        "[review]",
        '[reviewers]\ndefault = ["yuanxi"]\n[review]',
        "casebook.toml:16: default：“yuanxi”不合要求。 "
        "写代码托管平台上的用户名或团队名，如 @yuanxi/tariff，或者一个邮箱。",
    ),
    "article of no policy": (
        "[review]",
        '[check.wording]\navoided = ["p4"]\n[review]',
        "casebook.toml:16: avoided：“p4”不合要求。 写政策的编号加条号，如 policy-service-spec#p4。",
    ),
    "text for a fraction": (
        "[review]",
        '[check]\nquestion_alike = "高"\n[review]',
        "casebook.toml:16: question_alike 的值是 “高”，类型不对。 这里要写数字，不加引号。",
    ),
    "zero where more is asked": (
        "[review]",
        "[search.ranking]\nnames = 0\n[review]",
        "casebook.toml:16: names 的值 “0” 不合要求。 大于 0.0。",
    ),
    "broken toml": (
        "faq = 90",
        "faq = ",
        "casebook.toml:16: 不是正确的 TOML：等号后面不是正确的值。 文字用英文双引号括起来，"
        '如 title = "知识库"；列表写成 ["…", "…"]；真假写 true 或 false。',
    ),
    "key twice": (
        "faq = 90",
        "faq = 90\nfaq = 91",
        "casebook.toml:17: 不是正确的 TOML：同一个键或表写了两次。 "
        "只留一个；几个同类的表写成 [[…]]。",
    ),
}


@pytest.mark.parametrize(("old", "new", "message"), BAD.values(), ids=BAD)
def test_fault_is_named(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert _problems(_write(tmp_path, old, new)) == [message]


BROKEN_TOML = {
    "key": (1, "键后面没有英文等号"),
    "a b = 1": (1, "键后面没有英文等号"),
    "a：1": (1, "键后面没有英文等号"),
    "x = 1\na = ": (2, "等号后面不是正确的值"),
    "x = 1\na = [1,": (2, "等号后面不是正确的值"),
    "x = 1\na = “甲”": (2, "等号后面不是正确的值"),
    "x = 1\na = 甲": (2, "等号后面不是正确的值"),
    "a = 2026-02-30": (1, "日期不对"),
    "x = 1\na = 01": (2, "值后面还有别的内容"),
    'a = "甲" "乙"': (1, "值后面还有别的内容"),
    'a = "甲\nb = 1': (1, "引号没有结束"),
    'x = 1\na = "甲': (2, "引号没有结束"),
    "a = '甲": (1, "引号没有结束"),
    'a = "C:\\q"': (1, "双引号里有单个的 \\"),
    'a = "\\ud800"': (1, "双引号里有单个的 \\"),
    'a = "\\u12"': (1, "双引号里有单个的 \\"),
    "a = 1\na = 2": (2, "同一个键或表写了两次"),
    "[t]\n[t]": (2, "同一个键或表写了两次"),
    "a = {b = 1, b = 2}": (1, "同一个键或表写了两次"),
    "a = {b = 1}\n[a]": (2, "同一个键或表写了两次"),
    'a = [\n"甲"\n"乙"]': (3, "列表没有写完"),
    "a = {b = 1\n}": (1, "{ 没有写完"),
    "x = 1\n[a": (2, "表名的方括号没有写完"),
    "[a]]": (1, "值后面还有别的内容"),
    "键 = 1": (1, "这里不是键"),
    'a = "\x01"': (1, "有看不见的控制字符"),
    "# \x01": (1, "有看不见的控制字符"),
}


@pytest.mark.parametrize(("text", "found"), BROKEN_TOML.items(), ids=map(repr, BROKEN_TOML))
def test_broken_toml_is_explained(text: str, found: tuple[int, str], tmp_path: Path) -> None:
    (tmp_path / "casebook.toml").write_text(text, encoding="utf-8")
    (problem,) = _problems(tmp_path)
    line, cause = found
    assert problem.startswith(f"casebook.toml:{line}: 不是正确的 TOML：{cause}。 ")
    assert not re.search(r"[a-z]+ [a-z]+ [a-z]", problem)


def test_missing_tables_are_named_as_toml_writes_them(tmp_path: Path) -> None:
    (tmp_path / "casebook.toml").write_text("", encoding="utf-8")
    assert _problems(tmp_path) == [
        "casebook.toml:1: 缺少 library。 补上一行 [library]，下面写它的键。",
        "casebook.toml:1: 缺少 audiences。 补上一行 [[audiences]]，下面写它的键。",
        "casebook.toml:1: 缺少 taxonomy。 补上一行 [taxonomy]，下面写它的键。",
    ]


def test_the_place_of_broken_toml_has_a_column(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings(_write(tmp_path, "faq = 90", "faq = 九十"))
    assert [(p.line, p.column) for p in raised.value.problems] == [(16, 7)]


def test_a_mark_of_the_byte_order_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "casebook.toml").write_text("\ufeff" + SMALL, encoding="utf-8")
    assert load_settings(tmp_path).library.title == "知识库"


@pytest.mark.parametrize("zone", ["Asia/Beijing", "北京", "", "../etc", "Asia", "UTC+8"])
def test_a_time_zone_that_is_not_there_is_a_fault(zone: str, tmp_path: Path) -> None:
    lines = f'company = "甲公司"\ntimezone = "{zone}"'
    (problem,) = _problems(_write(tmp_path, 'company = "甲公司"', lines))
    assert problem.startswith(f"casebook.toml:4: timezone：没有时区“{zone}”。 中国写 Asia/Shanghai")


@pytest.mark.parametrize("model", [Settings, Glossary, *MODELS.values()])
def test_no_pattern_is_without_words(model: type[BaseModel]) -> None:
    def patterns(schema: object) -> Iterator[str]:
        if isinstance(schema, dict):
            for key, value in schema.items():
                found = value if key == "pattern" and schema.get("type") == "str" else None
                yield from [found] if isinstance(found, str) else patterns(value)
        elif isinstance(schema, list | tuple):
            for one in schema:
                yield from patterns(one)

    assert list(patterns(model.__pydantic_core_schema__)) == []


def test_every_fault_at_once(tmp_path: Path) -> None:
    folder = _write(tmp_path, "faq = 90", 'faq = 0\ncase = "x"\nfuq = 1')
    assert [problem.split(" ")[0] for problem in _problems(folder)] == [
        "casebook.toml:17:",
        "casebook.toml:16:",
        "casebook.toml:18:",
    ]


def test_missing_file_names_the_folder(tmp_path: Path) -> None:
    assert _problems(tmp_path) == [
        f"casebook.toml:1: 找不到 casebook.toml。 “{tmp_path}”不是知识库文件夹；"
        "用 --library 指定放着 casebook.toml 的文件夹。"
    ]


def test_other_encoding_is_reported(tmp_path: Path) -> None:
    (tmp_path / "casebook.toml").write_bytes(SMALL.encode("gb18030"))
    (problem,) = _problems(tmp_path)
    assert problem == "casebook.toml:1: 文件的编码不是 UTF-8。 在编辑器里另存为 UTF-8。"


def test_folder_in_place_of_the_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "casebook.toml").mkdir()
    assert _problems(tmp_path) == ["casebook.toml:1: casebook.toml 是文件夹。 这里要放一个文件。"]


def test_no_audience_at_all_is_refused(tmp_path: Path) -> None:
    start = SMALL.index("[[audiences]]")
    folder = _write(tmp_path, SMALL[start : SMALL.index("[review]")], "")
    (folder / "casebook.toml").write_text(
        "audiences = []\n" + (folder / "casebook.toml").read_text(encoding="utf-8"),
        encoding="utf-8",
    )
    assert _problems(folder) == ["casebook.toml:1: audiences 是空的，或者太少。 至少 1 个。"]


GLOSSARY = {
    "unknown audience": (
        '[[terms]]\nterm = "套餐"\naudience = "all"\n',
        "glossary.toml:3: audience：没有受众“all”。 写 dealer 或 agent。",
    ),
    "no audience": (
        '[[terms]]\nterm = "套餐"\n',
        'glossary.toml:1: 缺少 audience。 在 [[terms]] 下面补上 audience = "…"',
    ),
    "empty term": (
        '[[terms]]\nterm = ""\naudience = "dealer"\n',
        "glossary.toml:2: term 是空的，或者太少。 至少 1 个。",
    ),
    "unknown key": (
        '[[terms]]\nterm = "套餐"\naudience = "dealer"\nsynonym = ["资费包"]\n',
        "glossary.toml:4: 不认识的键 synonym。 是不是要写 synonyms？",
    ),
    "text for true": (
        '[[terms]]\nterm = "套餐"\naudience = "dealer"\nproduct = "也许"\n',
        "glossary.toml:4: product 的值是 “也许”，类型不对。 这里要写 true 或 false，不加引号。",
    ),
    "second term": (
        '[[terms]]\nterm = "甲"\naudience = "dealer"\n\n[[terms]]\nterm = "乙"\naudience = "x"\n',
        "glossary.toml:7: audience：没有受众“x”。 写 dealer 或 agent。",
    ),
}


@pytest.mark.parametrize(("glossary", "message"), GLOSSARY.values(), ids=GLOSSARY)
def test_fault_of_the_glossary_is_named(glossary: str, message: str, tmp_path: Path) -> None:
    assert _problems(_write(tmp_path, glossary=glossary)) == [message]


def test_settings_are_read(tmp_path: Path) -> None:
    settings = load_settings(
        _write(
            tmp_path, glossary='[[terms]]\nterm = "套餐"\naudience = "agent"\nfinds = ["月费"]\n'
        )
    )
    assert settings.library.title == "知识库"
    assert (settings.library.language, settings.library.timezone) == ("zh-CN", "Asia/Shanghai")
    assert (settings.review.faq, settings.review.case, settings.review.due_soon) == (90, 365, 30)
    assert settings.taxonomy.subject_paths == ("资费", "资费/流量", "发票")
    assert [(t.term, t.audience, t.finds) for t in settings.glossary.terms] == [
        ("套餐", "agent", ("月费",))
    ]


def test_glossary_may_be_missing(tmp_path: Path) -> None:
    assert load_settings(_write(tmp_path)).glossary.terms == ()


def test_audiences_go_from_narrowest_to_widest(settings: Settings) -> None:
    assert (settings.narrowest.id, settings.widest.id) == ("dealer", "agent")
    assert settings.audience() == settings.narrowest
    assert settings.audience("agent") == settings.widest


def test_the_engine_of_an_audience_goes_before_that_of_the_search(tmp_path: Path) -> None:
    own = 'id = "dealer"\nengine = "tantivy"'
    settings = load_settings(_write(tmp_path, 'id = "dealer"', own))
    assert [settings.engine_of(one) for one in settings.audiences] == ["tantivy", "auto"]


@pytest.mark.parametrize(
    ("reader", "audience", "may"),
    [
        ("dealer", "dealer", True),
        ("dealer", "agent", False),
        ("agent", "dealer", True),
        ("agent", "agent", True),
    ],
)
def test_who_may_read(reader: str, audience: str, may: bool, settings: Settings) -> None:
    assert settings.may_read(reader, audience) is may


@pytest.mark.parametrize(("reader", "audience"), [("boss", "dealer"), ("dealer", "boss")])
def test_unknown_audience_may_read_nothing(reader: str, audience: str, settings: Settings) -> None:
    with pytest.raises(UnknownAudience, match="没有受众“boss”"):
        settings.may_read(reader, audience)
