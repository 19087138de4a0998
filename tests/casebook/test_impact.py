"""What rests on what, what a change touches, and how that is written down."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.comments import cell, masked_path
from casebook.documents import Kind
from casebook.guide import model_text
from casebook.impact import Dependence, UnknownSubject, Way, find_term, term_names, using
from casebook.impact_report import DONE, MAX_COMMENT, MAX_ROWS, PENDING, Report
from casebook.library import Library, load_library
from casebook.review import changed_pages
from casebook.settings import Glossary
from casebook.touched import Touch, touched
from tests.casebook.repositories import NAME, Repo, faq

POLICY = """---
id: {name}
title: 规定
audience: agent
owner: 法务与合规组
rank: 公司规定
issuer: 远汐通信
effective_from: 2024-01-01
approved_on: 2024-01-01
{more}---

## 第一条 甲

{one}

## 第二条 乙

{two}
"""
GLOSSARY = """
[[terms]]
term = "套餐"
audience = "dealer"
synonyms = ["资费包"]

[[terms]]
term = "畅听套餐"
audience = "dealer"

[[terms]]
term = "SIM"
audience = "agent"
definition = "{definition}"
"""


def policy(name: str = "policy-a", more: str = "", one: str = "一。", two: str = "二。") -> str:
    return POLICY.format(name=name, more=more, one=one, two=two)


def resting(name: str, on: str, answer: str = "答。", **changes: str) -> str:
    """An entry that cites one thing."""
    text = faq(name, **changes).replace("policy-service-spec#p4", on)
    return text.replace("## 统一答复\n", f"## 统一答复\n\n{answer}\n")


def case(name: str, more: str = "", theme: str = "") -> str:
    """The model case under an id; it rests on nothing but what is given."""
    text = model_text(Kind.CASE).replace("id: case-broadband-three-visits", f"id: {name}")
    text = re.sub(r"policies:\n  - .*\nfaq:\n  - .*\n", more, text)
    return text.replace("## 主题\n", f"## 主题\n\n{theme}\n")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "repo", "内容")
    made.write("policies/a.md", policy())
    made.write("policies/b.md", policy("policy-b", one="见[甲](policy-a#1)。"))
    made.write("faq/article.md", resting("faq-article", "policy-a#1"))
    made.write("faq/other.md", resting("faq-other", "policy-a#2"))
    made.write("faq/whole.md", resting("faq-whole", "policy-a", audience="agent"))
    made.write("faq/linked.md", resting("faq-linked", "policy-x", "见[甲](policy-a#1)。"))
    made.write("faq/far.md", resting("faq-far", "policy-x", "见[它](faq-article)。"))
    made.write("cases/cited.md", case("case-cited", "faq:\n  - faq-article\n"))
    made.write("cases/linked.md", case("case-linked", theme="见[它](faq-article)。"))
    made.write("glossary.toml", GLOSSARY.format(definition="卡"))
    made.commit()
    made.git("tag", "before")
    return made


def shown(library: Library, name: str) -> dict[str, tuple[str, str | None]]:
    dependence = Dependence(library)
    return {
        one.document.id: ("、".join(map(str, one.places)), one.via)
        for one in dependence.on(dependence.subject(name))
    }


def test_the_small_library_of_these_tests_is_good(repo: Repo) -> None:
    assert not load_library(repo.root).problems


def test_what_rests_on_an_article(repo: Repo) -> None:
    assert shown(load_library(repo.root), "policy-a#1") == {
        "faq-article": ("引用", None),
        "faq-linked": ("正文链接（统一答复）", None),
        "faq-whole": ("引用（整篇）", None),
        "policy-b": ("正文链接（第一条 甲）", None),
        "case-cited": ("引用", "faq-article"),
        "case-linked": ("正文链接（主题）", "faq-article"),
    }


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("policy-a#2", {"faq-other", "faq-whole"}),
        (
            "policy-a",
            {"faq-article", "faq-other", "faq-whole", "faq-linked", "policy-b"}
            | {"case-cited", "case-linked"},
        ),
        ("faq-article", {"faq-far", "case-cited", "case-linked"}),
        ("case-cited", set()),
        ("policy-b", set()),
    ],
)
def test_what_rests_on_other_things(repo: Repo, name: str, found: set[str]) -> None:
    assert set(shown(load_library(repo.root), name)) == found


def test_links_and_citations_of_whole_policies_hand_nothing_on(repo: Repo) -> None:
    before = shown(load_library(repo.root), "policy-a#1")
    repo.write("cases/far.md", case("case-far", "faq:\n  - faq-linked\n  - faq-whole\n"))
    assert shown(load_library(repo.root), "policy-a#1") == before


def test_a_policy_that_supersedes_another_rests_on_it(repo: Repo) -> None:
    repo.write("policies/c.md", policy("policy-c", "supersedes:\n  - policy-b\n"))
    assert shown(load_library(repo.root), "policy-b") == {"policy-c": ("取代", None)}


def test_a_link_leads_to_the_section_that_names_it(repo: Repo) -> None:
    dependence = Dependence(load_library(repo.root))
    links = {one.document.id: one.link for one in dependence.on(dependence.subject("policy-a#1"))}
    assert links["faq-article"] == "faq/faq-article/"
    assert links["faq-linked"] == "faq/faq-linked/#answer"
    assert links["policy-b"] == "policies/policy-b/#a1"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("faq-artcle", "知识库里没有“faq-artcle”；是不是“faq-article”？"),
        ("???", "知识库里没有“???”；写文档的编号，例如 policy-service-spec#p4。"),
        ("policy-a#", "policy-a 里没有“”；它有：1、2。"),
        ("policy-a#12", "policy-a 里没有“12”；是不是“policy-a#1”？它有：1、2。"),
    ],
)
def test_an_unknown_id_gets_the_nearest(repo: Repo, name: str, message: str) -> None:
    with pytest.raises(UnknownSubject) as error:
        Dependence(load_library(repo.root)).subject(name)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("text", "word", "found"),
    [
        ("这个套餐", "套餐", True),
        ("这个资费包", "套餐", True),
        ("这个套餐", "资费包", True),
        ("这个畅听套餐", "套餐", False),
        ("这个畅听套餐", "畅听套餐", True),
        ("畅听套餐和别的套餐", "套餐", True),
        ("换 sim 卡", "SIM", True),
        ("换SIM卡", "sim", True),
        ("换 eSIM 卡", "SIM", False),
        ("SIMPLE", "SIM", False),
    ],
)
def test_a_word_counts_where_it_is_a_word(repo: Repo, text: str, word: str, found: bool) -> None:
    repo.write("faq/word.md", resting("faq-word", "policy-x", text))
    library = load_library(repo.root)
    term = find_term(library.settings.glossary, word)
    (one,) = [d for d in using(library, term_names(term)) if d.document.id == "faq-word"] or [None]
    assert (one is not None) is found
    if one:
        assert [(place.way, place.where) for place in one.places] == [(Way.USES, "统一答复")]


def test_titles_and_similar_questions_use_words(repo: Repo) -> None:
    text = faq("faq-word", title="什么套餐？").replace("交了话费什么时候能用", "资费包呢")
    repo.write("faq/word.md", text)
    (one,) = using(load_library(repo.root), ("套餐", "资费包"))
    assert [place.where for place in one.places] == ["标题", "相似问"]


def test_an_unknown_word_gets_the_nearest(repo: Repo) -> None:
    with pytest.raises(UnknownSubject, match="词汇表里没有“畅听套"):
        find_term(load_library(repo.root).settings.glossary, "畅听套")
    with pytest.raises(UnknownSubject, match=r"写 glossary.toml 里的词或同义词"):
        find_term(Glossary(), "套餐")


# What a change touches


def changes(repo: Repo) -> dict[str, tuple[str, set[str]]]:
    touch = touched(repo.root, load_library(repo.root), "before")
    return {
        one.name: (one.what, {found.document.id for found in one.dependents})
        for one in touch.things
    }


ON_ONE = {"faq-article", "faq-linked", "faq-whole", "policy-b", "case-cited", "case-linked"}
ON_ALL = ON_ONE | {"faq-other"}


def _nothing(repo: Repo) -> None:
    (repo.root / "faq/article.md").rename(repo.root / "faq/moved.md")
    repo.write("policies/a.md", policy().replace("2024-01-01", "2024-01-01"))
    repo.write("faq/other.md", resting("faq-other", "policy-a#2", review_by="2028-01-01"))


def _article(repo: Repo) -> None:
    repo.write("policies/a.md", policy(one="改了。"))


def _heading(repo: Repo) -> None:
    repo.write("policies/a.md", policy().replace("第一条 甲", "第一条 别的"))


def _removed_article(repo: Repo) -> None:
    repo.write("policies/a.md", policy()[: policy().index("## 第二条")])


def _added_article(repo: Repo) -> None:
    repo.write("policies/a.md", policy() + "\n## 第三条 丙\n\n三。\n")


def _dates(repo: Repo) -> None:
    repo.write("policies/a.md", policy(more="effective_until: 2030-01-01\n"))


def _moved_and_changed(repo: Repo) -> None:
    (repo.root / "policies/a.md").unlink()
    repo.write("policies/公司/甲.md", policy(one="改了。"))


def _deleted(repo: Repo) -> None:
    (repo.root / "policies/a.md").unlink()


def _superseded(repo: Repo) -> None:
    repo.write("policies/new.md", policy("policy-new", "supersedes:\n  - policy-a\n"))


def _answer(repo: Repo) -> None:
    repo.write("faq/article.md", resting("faq-article", "policy-a#1", "改了。"))


def _term(repo: Repo) -> None:
    repo.write("glossary.toml", GLOSSARY.format(definition="改了"))
    repo.write("faq/word.md", resting("faq-word", "policy-x", "换 SIM 卡"))


def _removed_term(repo: Repo) -> None:
    text = GLOSSARY.format(definition="卡")
    repo.write("glossary.toml", text[: text.index("[[terms]]", 5)])
    repo.write("faq/word.md", resting("faq-word", "policy-x", "换 SIM 卡，畅听套餐"))


@pytest.mark.parametrize(
    ("change", "things"),
    [
        (_nothing, {}),
        (_article, {"policy-a#1": ("条文修改", ON_ONE)}),
        (_heading, {"policy-a#1": ("条文修改", ON_ONE)}),
        (_removed_article, {"policy-a#2": ("条文删除", {"faq-other", "faq-whole"})}),
        (_added_article, {"policy-a#3": ("条文新增", {"faq-whole"})}),
        (_dates, {"policy-a": ("修改：失效日期 未定 → 2030-01-01", ON_ALL)}),
        (_moved_and_changed, {"policy-a#1": ("条文修改", ON_ONE)}),
        (_deleted, {"policy-a": ("整篇删除", ON_ALL)}),
        (_superseded, {"policy-a": ("被取代", ON_ALL | {"policy-new"})}),
        (_answer, {"faq-article": ("修改：统一答复", {"faq-far", "case-cited", "case-linked"})}),
        (_term, {"SIM": ("词条修改：definition", {"faq-word"})}),
        (
            _removed_term,
            {"畅听套餐": ("词条删除", {"faq-word"}), "SIM": ("词条删除", {"faq-word"})},
        ),
    ],
)
def test_what_a_change_touches(
    repo: Repo, change: Callable[[Repo], None], things: dict[str, tuple[str, set[str]]]
) -> None:
    change(repo)
    repo.commit()
    assert changes(repo) == things


def test_what_was_changed_along_is_not_pending(repo: Repo) -> None:
    repo.write("policies/a.md", policy(one="改了。"))
    repo.write("faq/article.md", resting("faq-article", "policy-a#1", tags="[新]"))
    (repo.root / "faq/linked.md").rename(repo.root / "faq/moved.md")
    library = load_library(repo.root)
    touch = touched(repo.root, library, "before")
    assert {one.document.id: touch.done(one) for one in touch.things[0].dependents} == {
        name: name == "faq-article" for name in ON_ONE
    }
    report = Report(touch.things, library.settings, touch)
    assert "改了 1 处，6 篇文档依据它们：5 篇待复核，1 篇已一并修改。" in report.as_text()
    states = [re.match(r"\| (\S+) \|", row) for row in report.as_markdown().splitlines()]
    assert [row[1] for row in states if row][1:] == [PENDING] * 5 + [DONE]
    value = json.loads(report.as_json())
    assert value["pending"] == 5
    assert {one["id"] for one in value["things"][0]["dependents"] if one["state"] == DONE} == {
        "faq-article"
    }


def test_a_changed_file_with_errors_is_named_and_is_not_taken_for_deleted(repo: Repo) -> None:
    repo.write("policies/a.md", policy().replace("rank: 公司规定", "rank: 没有"))
    library = load_library(repo.root)
    touch = touched(repo.root, library, "before")
    assert (touch.things, touch.unread) == ((), ("policies/a.md",))
    report = Report(touch.things, library.settings, touch)
    for text in (report.as_text(), report.as_markdown()):
        assert "有错误、没有比较的文件：policies/a.md；先运行 casebook check。" in text


# Who can read more


def _opened(repo: Repo) -> None:
    text = (repo.root / "policies/a.md").read_text(encoding="utf-8")
    repo.write("policies/a.md", text.replace("audience: agent", "audience: dealer"))


def _opened_section(repo: Repo) -> None:
    repo.write("policies/m.md", marked().replace(" {audience=agent}", ""))


def _closed_section(repo: Repo) -> None:
    repo.write("policies/m.md", marked().replace("乙", "乙 {audience=agent}"))


def _closed_answer(repo: Repo) -> None:
    text = (repo.root / "faq/article.md").read_text(encoding="utf-8")
    repo.write("faq/article.md", text.replace("## 办理方式", "## 办理方式 {audience=agent}"))


def _closed(repo: Repo) -> None:
    repo.write("faq/article.md", resting("faq-article", "policy-a#1", audience="agent"))


def _both_ways(repo: Repo) -> None:
    """The document is closed, and one that was closed is opened."""
    _closed(repo)
    _opened(repo)


def marked() -> str:
    text = policy("policy-m").replace("audience: agent", "audience: dealer")
    return text.replace("第一条 甲", "第一条 甲 {audience=agent}")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_article, []),
        (_added_article, []),
        (_deleted, []),
        (_opened, ["**代理商今后能看到：整篇**（`policy-a` 规定）"]),
        (_opened_section, ["**代理商今后能看到：第一条 甲**（`policy-m` 规定）"]),
        (_closed_section, ["代理商今后看不到：第二条 乙（`policy-m` 规定）"]),
        (_closed_answer, ["代理商今后看不到：办理方式（`faq-article` 欠费停机后多久能恢复？）"]),
        (_closed, ["代理商今后看不到：整篇（`faq-article` 欠费停机后多久能恢复？）"]),
        (
            _both_ways,
            [
                "**代理商今后能看到：整篇**（`policy-a` 规定）",
                "代理商今后看不到：整篇（`faq-article` 欠费停机后多久能恢复？）",
            ],
        ),
    ],
)
def test_who_can_read_more_is_said_first(
    repo: Repo, change: Callable[[Repo], None], said: list[str]
) -> None:
    repo.write("policies/m.md", marked())
    repo.commit()
    repo.git("tag", "-f", "before")
    change(repo)
    library = load_library(repo.root)
    assert not library.problems
    for comment in (report(repo).as_markdown(), changed_pages(repo.root, library, "before")):
        lines = comment.split("\n")
        assert [line for line in lines if "今后" in line] == said
        assert lines[2 : 2 + 2 * len(said) : 2] == said
    text = report(repo).as_text()
    for line in said:
        mark = "注意：" if line.startswith("**") else ""
        assert mark + re.sub("[*`]", "", line) in text
    readers = json.loads(report(repo).as_json())["readers"]
    assert [one["wider"] for one in readers].count(True) == sum("**" in line for line in said)


def test_readers_of_three_levels_are_named(repo: Repo) -> None:
    settings = (repo.root / "casebook.toml").read_text(encoding="utf-8")
    third = '[[audiences]]\nid = "lead"\nname = "班长"\ntitle = "全部"\n\n[review]'
    repo.write("casebook.toml", settings.replace("[review]", third, 1))
    text = policy("policy-m").replace("audience: agent", "audience: {}")
    repo.write("policies/m.md", text.format("lead"))
    repo.commit()
    repo.git("tag", "-f", "before")
    repo.write("policies/m.md", text.format("dealer"))
    assert "**代理商、坐席今后能看到：整篇**" in report(repo).as_markdown()


# What all documents keep to


def _settings(repo: Repo) -> None:
    settings = (repo.root / "casebook.toml").read_text(encoding="utf-8")
    repo.write("casebook.toml", settings.replace(', "媒体"]', "]"))


def _wording(repo: Repo) -> None:
    repo.write("policies/words.md", policy("policy-words", two="不说“甲”。"))


def _wording_gone(repo: Repo) -> None:
    (repo.root / "policies/words.md").unlink()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (_settings, "设置（casebook.toml）"),
        (_wording, "用语条款 policy-words#2 "),
        (
            _wording_gone,
            "用语条款 policy-words#2、policy-words#3、policy-words#4、policy-words#5 ",
        ),
        (_article, ""),
    ],
)
def test_what_all_documents_keep_to_asks_for_a_whole_check(
    repo: Repo, change: Callable[[Repo], None], what: str
) -> None:
    repo.write("policies/words.md", policy("policy-words"))
    repo.commit()
    repo.git("tag", "-f", "before")
    change(repo)
    library = load_library(repo.root)
    said = f"{what}改了：没有改的文档也可能出错，请跑一遍完整的 casebook check。"
    for comment in (
        report(repo).as_text(),
        report(repo).as_markdown(),
        changed_pages(repo.root, library, "before"),
    ):
        assert (said in comment) is bool(what)
        assert "没有动到" not in comment
        assert ("完整的 casebook check" in comment) is bool(what)


def test_neither_comment_calls_or_names_anybody(repo: Repo) -> None:
    text = resting("faq-x", "policy-a", title='"请 @all 看 #1"')
    repo.write("faq/x.md", text)
    repo.write("faq/客户-13912345678-来过.md", "坏")
    repo.write("faq/010-8765-4321x.md", "坏")
    repo.write("faq/`@all`.md", resting("faq-y", "policy-a"))
    library = load_library(repo.root)
    assert "＠all" in changed_pages(repo.root, library, "before")
    for comment in (report(repo).as_markdown(), changed_pages(repo.root, library, "before")):
        assert "12345678" not in comment
        assert "8765-4321" not in comment
        outside = re.sub("`[^`]*`|&#[0-9]+;", "", comment)
        assert "@" not in outside
        assert not re.search(r"#\d", outside)
    assert "12345678" not in report(repo).as_text()


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("faq/faq-13912345678-x.md", "faq/faq-139****5678-x.md"),
        ("cases/2026-03-01-x.md", "cases/2026-03-01-x.md"),
        ("cases/20260301.md", "cases/20260301.md"),
        ("cases/单号-202603010017.md", "cases/单号-202****.md"),
    ],
)
def test_a_file_s_name_is_shown_without_numbers(path: str, shown: str) -> None:
    assert masked_path(path) == shown


def test_settings_that_could_not_be_used_before_are_no_obstacle(repo: Repo) -> None:
    text = (repo.root / "casebook.toml").read_text(encoding="utf-8")
    repo.write("casebook.toml", "[坏")
    repo.commit()
    repo.git("tag", "-f", "before")
    repo.write("casebook.toml", text)
    _article(repo)
    assert changes(repo) == {"policy-a#1": ("条文修改", ON_ONE)}


# How it is written down


def report(repo: Repo) -> Report:
    library = load_library(repo.root)
    touch = touched(repo.root, library, "before")
    return Report(touch.things, library.settings, touch)


def test_a_comment_where_nothing_rests_on_the_change_is_short(repo: Repo) -> None:
    assert report(repo).as_markdown() == ("### 修改影响\n\n这次修改没有动到别的文档会依据的内容。")
    repo.write("faq/other.md", resting("faq-other", "policy-a#2", "改了。"))
    assert report(repo).as_markdown() == (
        "### 修改影响\n\n改了 1 处，没有别的文档依据它们。\n\n"
        "没有别的文档依据：`faq-other`（修改：统一答复）。"
    )


def test_a_table_of_a_comment(repo: Repo) -> None:
    _removed_article(repo)
    settings = (repo.root / "casebook.toml").read_text(encoding="utf-8")
    repo.write(
        "casebook.toml", settings.replace("http://127.0.0.1:8000/site/", "https://kb.example/")
    )
    repo.write("faq/whole.md", resting("faq-whole", "policy-a", title='"甲|乙 @all #1 <b> `x`"'))
    assert report(repo).as_markdown() == "\n".join(
        (
            "### 修改影响",
            "",
            "**代理商今后能看到：整篇（除了设计思路、禁用说法）**"
            "（`faq-whole` 甲&#124;乙 ＠all ＃1 &#60;b&#62; &#96;x&#96;）",
            "",
            "设置（casebook.toml）改了：没有改的文档也可能出错，请跑一遍完整的 casebook check。",
            "",
            "改了 2 处，2 篇文档依据它们：1 篇待复核，1 篇已一并修改。",
            "",
            "#### `policy-a#2` 规定 第二条 乙（条文删除）",
            "",
            "| 状态 | 文档 | 怎么依据 | 负责 | 受众 | 复核日期 |",
            "|---|---|---|---|---|---|",
            "| 待复核 | 统一口径 [欠费停机后多久能恢复？](<https://kb.example/faq/faq-other/>)"
            " `faq-other` | 引用 | 资费产品组 | 代理商、坐席 | 2027-06-01 |",
            "| 已一并修改 | 统一口径 [甲&#124;乙 ＠all ＃1 &#60;b&#62; &#96;x&#96;]"
            "(<https://kb.example/faq/faq-whole/>) `faq-whole` | 引用（整篇） | 资费产品组"
            " | 代理商、坐席 | 2027-06-01 |",
            "",
            "没有别的文档依据：`faq-whole`（修改：标题 欠费停机后多久能恢复？ → "
            "甲&#124;乙 ＠all ＃1 &#60;b&#62; &#96;x&#96;、受众 agent → dealer）。",
        )
    )


@given(st.text())
def test_any_text_fits_into_a_cell(text: str) -> None:
    written = cell(text)
    assert not re.search(r"[|\n\r`<>@\[\]*]", written)
    assert len(written.splitlines()) <= 1


def test_a_comment_is_never_too_long(repo: Repo) -> None:
    sections = "".join(f"\n## 第{n}条 条\n\n文。\n" for n in range(3, 80))
    repo.write("policies/a.md", policy() + sections)
    names = [f"faq-many-{number}" for number in range(MAX_ROWS + 5)]
    for name in names:
        repo.write(f"faq/{name}.md", resting(name, "policy-a", title='"' + "|" * 190 + '"'))
    comment = report(repo).as_markdown()
    assert len(comment) < MAX_COMMENT + 100
    assert re.search(r"其余 \d+ 处没有列出；运行 casebook impact 看全部。$", comment)
    short = resting("faq-x", "policy-a").replace("faq-x", "{}")
    for name in names:
        repo.write(f"faq/{name}.md", short.format(name))
    library = load_library(repo.root)
    touch: Touch = touched(repo.root, library, "before")
    one = Report(touch.things[:1], library.settings, touch).as_markdown()
    assert "其余 6 篇没有列出；运行 casebook impact 看全部。" in one
    assert one.count("\n| 待复核") + one.count("\n| 已一并修改") == MAX_ROWS


def test_the_json_says_all_of_a_dependent(repo: Repo) -> None:
    _article(repo)
    (thing,) = json.loads(report(repo).as_json())["things"]
    assert {key: thing[key] for key in ("name", "title", "what")} == {
        "name": "policy-a#1",
        "title": "规定 第一条 甲",
        "what": "条文修改",
    }
    assert next(one for one in thing["dependents"] if one["id"] == "case-linked") == {
        "id": "case-linked",
        "title": load_library(repo.root).sources["case-linked"].document.title,
        "kind": "case",
        "owner": load_library(repo.root).sources["case-linked"].document.owner,
        "audience": "agent",
        "public": False,
        "review_by": "2027-05-12",
        "path": "cases/linked.md",
        "link": "cases/case-linked/#theme",
        "via": "faq-article",
        "places": [{"way": "正文链接", "where": "主题", "section": "theme", "whole": False}],
        "state": PENDING,
    }


def test_the_entry_of_the_model_is_the_one_that_is_meant() -> None:
    assert f"id: {NAME}" in model_text(Kind.FAQ)
