"""casebook.toml and glossary.toml: strict, and every fault at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from casebook.errors import SettingsError, UnknownAudience
from casebook.settings import Settings, load_settings

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
    "key missing": ('company = "甲公司"\n', "", "casebook.toml:1: 缺少 company。 补上 company: …"),
    "list missing": ('levels = ["建议"]\n', "", "casebook.toml:18: 缺少 levels。 补上 levels: …"),
    "text for a number": (
        "faq = 90",
        'faq = "许多"',
        "casebook.toml:16: faq 的值是 “许多”，类型不对。 这里要写整数。",
    ),
    "number for a text": (
        'title = "知识库"',
        "title = 3",
        "casebook.toml:2: title 的值是 “3”，类型不对。 这里要写一行文字。",
    ),
    "text for a list": (
        'levels = ["建议"]',
        'levels = "建议"',
        "casebook.toml:19: levels 的值是 “建议”，类型不对。 这里要写列表，每行一个“- …”。",
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
        "casebook.toml:11: id 的值 “Agent” 不合要求。 要符合 ^[a-z][a-z0-9-]{0,30}$。",
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
    "broken toml": (
        "faq = 90",
        "faq = ",
        "casebook.toml:16: 不是正确的 TOML：Invalid value (at line 16, column 7) "
        "按提示的行列改正。",
    ),
    "key twice": (
        "faq = 90",
        "faq = 90\nfaq = 91",
        "casebook.toml:17: 不是正确的 TOML：Cannot overwrite a value (at line 17, column 9) "
        "按提示的行列改正。",
    ),
}


@pytest.mark.parametrize(("old", "new", "message"), BAD.values(), ids=BAD)
def test_fault_is_named(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert _problems(_write(tmp_path, old, new)) == [message]


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
    assert problem.startswith("casebook.toml:1: 读不了：")
    assert problem.endswith("检查文件权限和编码（UTF-8）。")


def test_folder_in_place_of_the_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "casebook.toml").mkdir()
    assert _problems(tmp_path)[0].startswith("casebook.toml:1: 读不了：")


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
        "glossary.toml:1: 缺少 audience。 补上 audience: …",
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
        "glossary.toml:4: product 的值是 “也许”，类型不对。 这里要写true 或 false。",
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
