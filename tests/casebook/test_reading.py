"""A file gives a document, or says everything that is wrong with it, line by line."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from casebook.documents import Faq, Kind
from casebook.guide import model_text
from casebook.problems import Problem
from casebook.reading import MAX_FILE, Reading, read_bytes, read_document
from casebook.settings import Settings

FAQ = model_text(Kind.FAQ)
CASE = model_text(Kind.CASE)
PLAN = model_text(Kind.POLICY)
RULES = PLAN.split("## 5W1H")[0].replace("预案\n", "公司规定\n") + "## 第一条 时限\n\n当日答复。\n"
RATIONALE = "## 设计思路\n"
ANSWER = "欠费缴清以后"


def _read(text: str | bytes, settings: Settings, kind: Kind = Kind.FAQ) -> Reading:
    raw = text.encode() if isinstance(text, str) else text
    return read_document(raw, "faq/a.md", kind, settings)


def _changed(old: str, new: str, text: str = FAQ) -> str:
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    return text.replace(old, new)


def _found(reading: Reading) -> list[tuple[int, str]]:
    return [(problem.line, problem.code) for problem in reading.problems]


def _front(name: str, old: str, new: str, *found: tuple[int, str]) -> Any:
    return pytest.param(_changed(old, new), list(found), id=name)


def _line(name: str, line: str, code: str = "malformed-heading", offset: int = 0) -> Any:
    """A line of its own in the middle of the answer, at line 22."""
    text = _changed("最长不超过两小时。\n", f"最长不超过两小时。\n\n{line}\n\n另外的话。\n")
    return pytest.param(text, [(22 + offset, code)], id=name)


BYTES = [
    pytest.param("\ufeff" + FAQ, [(1, "byte-order-mark")], id="byte order mark"),
    pytest.param(FAQ.replace("\n", "\r\n"), [(1, "carriage-return")], id="crlf"),
    pytest.param(
        FAQ.replace("dealer\n", "dealer\r\n"), [(4, "carriage-return")], id="crlf in one line"
    ),
    pytest.param(FAQ.replace("dealer\n", "dealer\r"), [(4, "carriage-return")], id="lone cr"),
    pytest.param(
        "\ufeff" + FAQ.replace("\n", "\r\n"),
        [(1, "byte-order-mark"), (1, "carriage-return")],
        id="byte order mark and crlf",
    ),
    pytest.param(FAQ.replace(ANSWER, "欠\0费"), [(20, "control-character")], id="nul"),
    pytest.param(FAQ.replace(ANSWER, "欠\x1b费"), [(20, "control-character")], id="escape"),
    pytest.param(FAQ.replace(ANSWER, "欠\x85费"), [(20, "control-character")], id="next line"),
    pytest.param(FAQ.replace(ANSWER, "欠\u2028费"), [(20, "control-character")], id="separator"),
    pytest.param(FAQ.encode("gb18030"), [(3, "invalid-utf8")], id="gbk"),
    pytest.param(FAQ.encode("utf-16"), [(1, "invalid-utf8")], id="utf-16"),
    pytest.param(
        FAQ.encode().replace("资费产品组".encode(), b"\xe8\xb5"), [(5, "invalid-utf8")], id="cut"
    ),
    pytest.param(
        FAQ.encode().replace(b"dealer", b"\xc0\xafdealer"), [(4, "invalid-utf8")], id="overlong"
    ),
    pytest.param(
        FAQ.encode().replace(b"dealer", b"\xed\xa0\x80"), [(4, "invalid-utf8")], id="surrogate"
    ),
    pytest.param(FAQ + "字" * (MAX_FILE // 3), [(1, "file-too-large")], id="over the cap"),
    pytest.param("", [(1, "front-matter-missing")], id="empty file"),
    pytest.param("\n" + FAQ, [(1, "front-matter-missing")], id="blank first line"),
    pytest.param(" " + FAQ, [(1, "front-matter-missing")], id="space before the marks"),
    pytest.param("----" + FAQ[3:], [(1, "front-matter-missing")], id="four dashes"),
    pytest.param("--- " + FAQ[3:], [(1, "front-matter-missing")], id="space after the marks"),
    pytest.param("﹣﹣﹣" + FAQ[3:], [(1, "front-matter-missing")], id="full-width dashes"),
    pytest.param(FAQ[4:], [(1, "front-matter-missing")], id="no front matter"),
    pytest.param("---\n", [(1, "front-matter-unclosed")], id="nothing but the mark"),
    pytest.param(_changed("#p4\n---\n", "#p4\n"), [(1, "front-matter-unclosed")], id="unclosed"),
    pytest.param(
        _changed("#p4\n---\n", "#p4\n...\n"), [(16, "front-matter-unclosed")], id="closed by dots"
    ),
    pytest.param(
        _changed("#p4\n---\n", "#p4\n--- \n"), [(1, "front-matter-unclosed")], id="closed loosely"
    ),
    pytest.param(
        _changed("owner: 资", f"owner: {'资' * 5462}"),
        [(1, "front-matter-too-large")],
        id="front matter over 16 KiB",
    ),
]

FRONT = [
    _front("tab as indent", "  - 交了", "\t- 交了", (8, "tab-in-front-matter")),
    _front("tab behind a value", "dealer\n", "dealer\t\n", (4, "tab-in-front-matter")),
    _front("open bracket", "dealer\n", "[dealer\n", (4, "yaml-syntax")),
    _front("open quote", "owner: 资", 'owner: "资', (5, "yaml-syntax")),
    _front("colon in a value", "owner: 资", "owner: 组: 资", (5, "yaml-syntax")),
    _front("value starts with a sign", "owner: 资", "owner: %资", (5, "yaml-syntax")),
    _front("wrong indent", "owner: 资", " owner: 资", (5, "yaml-syntax")),
    _front("key of two parts", "owner: 资", "[a, b]: 资", (5, "yaml-syntax")),
    _front("too deep", "owner: 资", "owner: {a: {b: {c: {d: x}}}}\nx: 资", (5, "yaml-syntax")),
    _front("key twice", "owner: 资", "owner: x\nowner: 资", (6, "yaml-duplicate-key")),
    _front("key twice inside", "owner: 资", "x: {a: b, a: c}\ny: 资", (5, "yaml-duplicate-key")),
    _front("anchor", "owner: 资", "owner: &a 资", (5, "yaml-alias")),
    _front("alias", "owner: 资", "owner: *a\nx: 资", (5, "yaml-alias")),
    _front("alias as a key", "owner: 资", "*a : 资", (5, "yaml-alias")),
    _front("tag", "owner: 资", "owner: !!str 资", (5, "yaml-tag")),
    _front("tag that runs code", "owner: 资", "owner: !!python/name:os.x 资", (5, "yaml-tag")),
    _front("second block", "#p4\n", "#p4\n--- \nowner: x\n", (16, "yaml-syntax")),
    _front("unknown key", "owner: 资", "expires: 2027-01-01\nowner: 资", (5, "unknown-key")),
    _front("digest as a key", "owner: 资", "digest: x\nowner: 资", (5, "unknown-key")),
    _front("sections as a key", "owner: 资", "sections: x\nowner: 资", (5, "unknown-key")),
    _front("kind as a key", "owner: 资", "kind: faq\nowner: 资", (5, "unknown-key")),
    _front("key of another kind", "owner: 资", "rank: 预案\nowner: 资", (5, "unknown-key")),
    _front("key missing", "owner: 资费产品组\n", "", (2, "missing-key")),
    _front("value empty", "owner: 资费产品组\n", "owner:\n", (5, "missing-key")),
    _front("value of two quotes", "owner: 资费产品组\n", 'owner: ""\n', (5, "missing-key")),
    _front("list for a text", "owner: 资费产品组\n", "owner: [资费产品组]\n", (5, "wrong-type")),
    _front("table for a text", "owner: 资费产品组\n", "owner: {a: b}\n", (5, "wrong-type")),
    _front("list in a list", "  - 交了", "  - - 交了", (8, "wrong-type")),
    _front("text for a list", "  - policy-service-spec#p4", "  policy-x", (14, "wrong-type")),
    _front("two similar questions", "  - 缴完费还打不出电话\n", "", (7, "invalid-value")),
    _front("empty list item", "  - 缴完费还打不出电话", '  - ""', (10, "invalid-value")),
    _front("empty list", "  - policy-service-spec#p4", "  []", (14, "invalid-value")),
    _front("title too long", "title: 欠", f"title: {'欠' * 200}", (3, "invalid-value")),
    _front("no such day", "2026-06-01", "2026-02-30", (12, "invalid-date")),
    _front("slashes", "2026-06-01", "2026/6/1", (12, "invalid-date")),
    _front("full-width day", "2026-06-01", "２０２６-06-01", (12, "invalid-date")),
    _front("short day", "2026-06-01", "2026-6-1", (12, "invalid-date")),
    _front("week", "2026-06-01", "2026-W01-1", (12, "invalid-date")),
    _front("time", "2026-06-01", "2026-06-01 10:00:00", (12, "invalid-date")),
    _front("year nought", "2026-06-01", "0000-01-01", (12, "invalid-date")),
    _front("a word", "2026-06-01", "昨天", (12, "invalid-date")),
    _front("list for a day", "2026-06-01", "[2026-06-01]", (12, "invalid-date")),
    _front("review before approval", "2027-06-01", "2026-05-31", (13, "date-order")),
    _front(
        "end before start",
        "approved_on",
        "effective_until: 2025-12-31\napproved_on",
        (12, "date-order"),
    ),
    _front("id in capitals", "faq-arrears-resume", "FAQ-arrears", (2, "invalid-id")),
    _front("id in chinese", "faq-arrears-resume", "faq-欠费", (2, "invalid-id")),
    _front("id of another kind", "faq-arrears-resume", "case-arrears", (2, "invalid-id")),
    _front("id with two hyphens", "faq-arrears-resume", "faq--resume", (2, "invalid-id")),
    _front("id as a path", "faq-arrears-resume", "faq-../x", (2, "invalid-id")),
    _front("id too long", "faq-arrears-resume", "faq-" + "a" * 61, (2, "invalid-id")),
    _front("unknown audience", "dealer", "public", (4, "invalid-audience")),
    _front("audience missing", "audience: dealer\n", "", (2, "invalid-audience")),
    _front("unknown subject", "资费/充值与欠费", "资费/充值和欠费", (6, "unknown-term")),
    _front("article in chinese", "#p4", "#第四条", (15, "invalid-citation")),
    _front("citation without article", "#p4", "#", (15, "invalid-citation")),
    _front("citation of a faq", "policy-service-spec#p4", "faq-x", (15, "invalid-citation")),
]

BODY = [
    _line("section without a heading", "## "),
    _line("lone mark", "#"),
    _line("one space before", " ## 备注"),
    _line("four spaces before", "    ## 备注"),
    _line("no space behind", "##备注"),
    _line("full-width marks", "＃＃ 备注"),
    _line("full-width marks without a space", "＃＃备注"),
    _line("ideographic space", "##\u3000备注"),
    _line("zero width before", "\u200b## 备注"),
    _line("word joiner before", "\u2060## 备注"),
    _line("byte order mark before", "\ufeff## 备注"),
    _line("level one", "# 备注"),
    _line("level one without a space", "#备注"),
    _line("in a quote", "> ## 备注"),
    _line("in a list", "- ## 备注"),
    _line("setext two", "备注\n---", offset=1),
    _line("setext one", "备注\n===", offset=1),
    _line("setext one dash", "备注\n-", offset=1),
    _line("setext in a quote", "> 备注\n> ---", offset=1),
    _line("restricted words", "### 设计思路"),
    _line("audience on a small heading", "### 说明 {audience=agent}"),
    _line("tag", "请<b>马上</b>办", "raw-html"),
    _line("closing tag", "请</div>办", "raw-html"),
    _line("script", "<script>alert(1)</script>", "raw-html"),
    _line("tag left open", "请<img src=x", "raw-html"),
    _line("comment", "<!-- 内部 -->", "raw-html"),
    _line("comment left open", "<!-- 内部", "raw-html"),
    _line("cdata", "<![CDATA[x]]>", "raw-html"),
    _line("processing instruction", "<?php x ?>", "raw-html"),
    _line("doctype", "<!DOCTYPE html>", "raw-html"),
    _line("autolink", "<https://example.com>", "raw-html"),
    _line("image", "![截图](a.png)", "image"),
    _line("image by reference", "![截图][1]", "image"),
    _line("link by reference", "[1]: policy-x", "reference-link"),
    _line("link by reference in a quote", "> [1]: policy-x", "reference-link"),
    _line("heading in a fence", "```\n# 备注\n```", offset=1),
    _line("tag in a fence", "```\n<b>x</b>\n```", "raw-html", offset=1),
    _line("unknown section", "## 备注", "unknown-section"),
    _line("section twice", "## 统一答复", "duplicate-section"),
    pytest.param(
        _changed(RATIONALE, "## 备注\n"),
        [(27, "unknown-section"), (33, "missing-section")],
        id="section renamed",
    ),
    pytest.param(
        _changed(FAQ[FAQ.index(RATIONALE) : FAQ.index("## 禁用说法")], ""),
        [(29, "missing-section")],
        id="section missing",
    ),
    pytest.param(FAQ.split("## 统一答复")[0], [(16, "missing-section")] * 4, id="no body"),
    pytest.param(re.sub(r"\n客户这时.*\n", "", FAQ), [(27, "empty-section")], id="section empty"),
    pytest.param(
        FAQ.replace("统一答复", "x").replace("办理方式", "统一答复").replace("## x", "## 办理方式"),
        [(18, "section-order")],
        id="sections out of order",
    ),
    pytest.param(
        _changed("## 统一答复", "先说明一下。\n\n## 统一答复"),
        [(18, "text-before-sections")],
        id="text before sections",
    ),
    pytest.param(
        _changed(RATIONALE, "## 设计思路 {audience=dealer}\n"),
        [(27, "wider-section")],
        id="restricted section for all",
    ),
    pytest.param(
        _changed(RATIONALE, "## 设计思路 {audience=boss}\n"),
        [(27, "invalid-audience")],
        id="section for nobody known",
    ),
]


@pytest.mark.parametrize(("text", "found"), BYTES + FRONT + BODY)
def test_fault_is_found_on_its_line(
    text: str | bytes, found: list[tuple[int, str]], settings: Settings
) -> None:
    reading = _read(text, settings)
    assert _found(reading) == found
    assert reading.document is None
    for problem in reading.problems:
        assert problem.path == "faq/a.md"
        assert re.search(r"[\u4e00-\u9fff].*。$", problem.message)
        assert re.search(r"[\u4e00-\u9fff]", problem.hint)


ARTICLES = [
    pytest.param("## 时限", [(13, "invalid-article"), (15, "missing-section")], id="no number"),
    pytest.param("## 第一 时限", [(13, "invalid-article"), (15, "missing-section")], id="no 条"),
    pytest.param(
        "## 第二三条 时限",
        [(13, "invalid-article"), (15, "missing-section")],
        id="no number at all",
    ),
    pytest.param(
        "## 第" + "9" * 5000 + "条", [(13, "invalid-article"), (15, "missing-section")], id="huge"
    ),
    pytest.param(
        "## 第一条 时限 {audience=dealer}",
        [(13, "wider-section")],
        id="wider than the document",
    ),
    pytest.param("## 第一条 时限\n\n甲\n\n## 第1条", [(17, "duplicate-section")], id="same number"),
    pytest.param(
        "## 第一条 时限 {.agent}", [(13, "malformed-heading"), (15, "missing-section")], id="class"
    ),
    pytest.param(
        "## 第一条 ｛audience=agent｝", [(13, "malformed-heading")], id="full-width braces"
    ),
]


@pytest.mark.parametrize(("heading", "found"), ARTICLES)
def test_articles(heading: str, found: list[tuple[int, str]], settings: Settings) -> None:
    text = _changed("## 第一条 时限", heading, RULES)
    reading = _read(text, settings, Kind.POLICY)
    assert _found(reading) == found
    assert reading.document is None


MESSAGES = {
    "nearest key": (
        "owner: 资",
        "effective_form: 2026-01-01\nowner: 资",
        "faq/a.md:5: unknown-key 不认识的键 effective_form。 是不是要写 effective_from？",
    ),
    "nearest subject": (
        "资费/充值与欠费",
        "资费/充值和欠费",
        "faq/a.md:6: unknown-term subject：分类里没有“资费/充值和欠费”。 是不是“资费/充值与欠费”？",
    ),
    "key missing": (
        "owner: 资费产品组\n",
        "",
        "faq/a.md:2: missing-key 缺少 owner。 补上 owner: …",
    ),
    "value empty": (
        "owner: 资费产品组\n",
        "owner:\n",
        "faq/a.md:5: missing-key owner 后面是空的。 写上 owner 的值，或删掉这一行。",
    ),
    "audience": (
        "dealer",
        "Dealer",
        "faq/a.md:4: invalid-audience audience：没有受众“Dealer”。 写 dealer 或 agent。",
    ),
    "date": (
        "2026-06-01",
        "2026-02-30",
        "faq/a.md:12: invalid-date approved_on：“2026-02-30”不是日期。 "
        "写成 2026-03-01 这样的年-月-日。",
    ),
    "date order": (
        "2027-06-01",
        "2026-05-31",
        "faq/a.md:13: date-order review_by：复核日期 2026-05-31 早于核准日期 2026-06-01。 "
        "review_by 写下次复核的日期。",
    ),
    "type": (
        "owner: 资费产品组\n",
        "owner: [资费产品组]\n",
        'faq/a.md:5: wrong-type owner 的值是 “["资费产品组"]”，类型不对。 这里要写一行文字。',
    ),
    "too few": (
        "  - 缴完费还打不出电话\n",
        "",
        "faq/a.md:7: invalid-value similar 是空的，或者太少。 至少 3 个。",
    ),
    "citation": (
        "#p4",
        "#第四条",
        "faq/a.md:15: invalid-citation policies：“policy-service-spec#第四条”不是引用。 "
        "写成 policy-编号 或 policy-编号#条号。",
    ),
    "id": (
        "faq-arrears-resume",
        "case-arrears",
        "faq/a.md:2: invalid-id id：“case-arrears”的开头和种类不符。 以 faq- 开头。",
    ),
    "section name": (
        RATIONALE,
        "## 设计想法\n",
        "faq/a.md:27: unknown-section 没有“设计想法”这个段落。 "
        "是不是“设计思路”？段落依次是：统一答复、办理方式、设计思路、禁用说法。",
    ),
    "heading": (
        RATIONALE,
        "##设计思路\n",
        "faq/a.md:27: malformed-heading “##设计思路”像段落标题，但写法不对。 "
        "段落标题顶格写成“## 标题”，可以加“ {audience=受众}”；小标题用三个 #。",
    ),
    "duplicate key": (
        "dealer\n",
        "dealer\naudience: agent\n",
        "faq/a.md:5: yaml-duplicate-key 键 audience 写了两次。 只留一个。",
    ),
    "wider section": (
        RATIONALE,
        "## 设计思路 {audience=dealer}\n",
        "faq/a.md:27: wider-section 段落的受众 dealer 比允许的 agent 更广。 "
        "去掉 {audience=dealer}，或写 {audience=agent}。",
    ),
}


@pytest.mark.parametrize(("old", "new", "message"), MESSAGES.values(), ids=MESSAGES)
def test_message_says_what_to_write(old: str, new: str, message: str, settings: Settings) -> None:
    shown = str(_read(_changed(old, new), settings).problems[0])
    # A hint about terms goes on with all of them.
    assert shown == message or shown.startswith(message + "可选：")


def test_all_faults_of_a_file_are_reported_at_once(settings: Settings) -> None:
    text = (
        FAQ.replace("faq-arrears-resume", "FAQ")
        .replace("dealer", "public")
        .replace("owner: 资费产品组\n", "ower: 资费产品组\n")
        .replace("2026-06-01", "2026-13-01")
        .replace("  - 缴完费还打不出电话\n", "")
        .replace("## 禁用说法", "##禁用说法")
        .replace(ANSWER, "<b>欠费</b>")
    )
    reading = _read(text, settings)
    assert sorted(_found(reading)) == [
        (2, "invalid-id"),
        (2, "missing-key"),
        (4, "invalid-audience"),
        (5, "unknown-key"),
        (7, "invalid-value"),
        (11, "invalid-date"),
        (19, "raw-html"),
        (30, "malformed-heading"),
        (32, "missing-section"),
    ]


def test_dates_out_of_order_are_reported_beside_other_faults(settings: Settings) -> None:
    text = FAQ.replace("2027-06-01", "2026-05-31").replace("## 禁用说法", "##禁用说法")
    codes = [code for _, code in _found(_read(text, settings))]
    assert codes == ["date-order", "malformed-heading", "missing-section"]


@pytest.mark.parametrize("kind", Kind)
def test_model_documents_are_good(kind: Kind, settings: Settings) -> None:
    reading = _read(model_text(kind), settings, kind)
    assert reading.problems == ()
    assert reading.document
    assert reading.document.kind is kind


def test_lines_say_where_things_stand(settings: Settings) -> None:
    lines = _read(FAQ, settings).lines
    assert lines["id"] == 2
    assert lines["similar.2"] == 10
    assert lines["policies.0"] == 15
    assert [lines[key] for key in ("answer", "procedure", "rationale", "forbidden")] == [
        18,
        22,
        27,
        31,
    ]


def test_sections_are_read_as_written(settings: Settings) -> None:
    document = _read(FAQ, settings).document
    assert document
    assert [(s.key, s.heading, s.audience) for s in document.sections] == [
        ("answer", "统一答复", "dealer"),
        ("procedure", "办理方式", "dealer"),
        ("rationale", "设计思路", "agent"),
        ("forbidden", "禁用说法", "agent"),
    ]
    assert document.sections[0].text.startswith("欠费缴清以后，")
    assert document.sections[0].text.endswith("不超过两小时。")


@pytest.mark.parametrize(
    "scalar",
    "no on off yes true 010 007 1.10 22:22 12:30:45 1_000 0x1F 1e3 .inf".split()
    + "~ null NULL 2026-01-01 = <<".split(),
)
def test_scalars_stay_text(scalar: str, settings: Settings) -> None:
    document = _read(_changed("欠费停机后多久能恢复？", scalar), settings).document
    assert document
    assert document.title == scalar


@pytest.mark.parametrize("line", ["1#楼的宽带", "3#机房", "#### 说明", "a | b\n--- | ---\n1 | 2"])
def test_lines_that_are_no_sections_stay_text(line: str, settings: Settings) -> None:
    text = _changed("最长不超过两小时。\n", f"最长不超过两小时。\n\n{line}\n")
    document = _read(text, settings).document
    assert document
    assert line in document.sections[0].text


def test_section_in_a_fence_ends_the_public_one(settings: Settings) -> None:
    text = _changed(RATIONALE, f"```\n{RATIONALE}\n内部\n```\n")
    document = _read(text, settings).document
    assert document
    assert "内部" not in "".join(s.text for s in document.sections if s.audience == "dealer")


def test_long_line_is_read_at_once(settings: Settings) -> None:
    line = "## a" + " " * 200_000 + "b"
    reading = _read(_changed(RATIONALE, f"{line}\n\n甲\n\n{RATIONALE}"), settings)
    assert (27, "unknown-section") in _found(reading)


def test_file_over_the_cap_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    with file.open("wb") as sparse:
        sparse.truncate(1 << 40)
    assert str(read_bytes(file, "faq/a.md")) == (
        "faq/a.md:1: file-too-large 文件有 1099511627776 字节。 不要超过 262144 字节；拆成几篇。"
    )


def test_symlinked_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.md").write_text(FAQ, encoding="utf-8")
    link = tmp_path / "a.md"
    link.symlink_to("outside.md")
    assert str(read_bytes(link, "faq/a.md")) == (
        "faq/a.md:1: symlink 这是指向“outside.md”的符号链接。 放真正的文件，不要用链接。"
    )


def test_broken_link_and_missing_file_are_reported(tmp_path: Path) -> None:
    (tmp_path / "a.md").symlink_to("/nowhere")
    for name, code in (("a.md", "symlink"), ("b.md", "unreadable-file")):
        found = read_bytes(tmp_path / name, name)
        assert isinstance(found, Problem)
        assert (found.line, found.code) == (1, code)


def test_unreadable_file_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.md"
    file.write_text(FAQ, encoding="utf-8")

    def refuse(_: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied")

    # A mode of 0 does not stop root, who runs tests in containers.
    monkeypatch.setattr(Path, "read_bytes", refuse)
    found = read_bytes(file, "a.md")
    assert isinstance(found, Problem)
    assert (found.line, found.code) == (1, "unreadable-file")


@pytest.mark.parametrize("special", ["folder", "pipe"])
def test_what_is_no_file_is_reported(special: str, tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    if special == "folder":
        file.mkdir()
    else:
        os.mkfifo(file)
    found = read_bytes(file, "a.md")
    assert isinstance(found, Problem)
    assert (found.line, found.code) == (1, "unreadable-file")


# What no input may break: read_document never raises, and what it lets through is restricted
# where it must be.

PIECES = (
    "---", "--- ", "...", "\n", "\n\n", "\r", "\ufeff", "\t", " ", "\u3000", "\u200b", "\0", ":",
    ": ", "- ", "#", "## ", "##", "＃＃ ", "### ", "> ", "audience: dealer", "audience: agent",
    "audience:", "{audience=dealer}", "{audience=agent}", "{audience", "}",
    "[", "]", "{", "!!str ", "&a ", "*a",
    "<<: ", "? ", "| ", ">-\n  ", "'", '"', "%YAML 1.1", "## 设计思路", "设计思路", "禁用说法",
    "## 禁用说法", "## 统一答复", "## 第一条 甲", "第零条", "```", "<b>", "![",
    "[x](policy-x#1)", "===",
    "2026-02-30", "9" * 5000, "policy-x", "rank: 预案", "\ud800", "\U0001f600", "é\u0301",
)  # fmt: skip


def _mutated(text: str) -> st.SearchStrategy[str]:
    place = st.integers(0, len(text))
    change = st.tuples(place, st.integers(0, 40), st.sampled_from(PIECES))

    def apply(changes: list[tuple[int, int, str]]) -> str:
        result = text
        for start, length, piece in changes:
            result = result[:start] + piece + result[start + length :]
        return result

    return st.lists(change, min_size=1, max_size=5).map(apply)


def _holds(reading: Reading, settings: Settings) -> None:
    """What is true of every document that comes out."""
    document = reading.document
    if document is None:
        assert reading.problems
        return
    known = [audience.id for audience in settings.audiences]
    assert document.audience in known
    for section in document.sections:
        assert known.index(section.audience) >= known.index(document.audience)
    if isinstance(document, Faq):
        assert [s.key for s in document.sections if s.audience == "dealer"] in (
            [],
            ["answer", "procedure"],
        )
        for section in document.sections:
            if section.audience == "dealer":
                assert not re.search(r"^\W*(设计思路|禁用说法)\W*$", section.text, re.MULTILINE)
                # The model's own restricted words.
                assert "客户这时最着急" not in section.text
                assert "没有期限" not in section.text


@examples(max_examples=400, deadline=None)
@given(raw=st.binary(max_size=300), kind=st.sampled_from(Kind))
def test_random_bytes_never_raise(raw: bytes, kind: Kind, settings: Settings) -> None:
    for data in (raw, b"---\n" + raw, b"---\n" + raw + b"\n---\n", FAQ.encode() + raw):
        _holds(read_document(data, "x.md", kind, settings), settings)


@examples(max_examples=1000, deadline=None)
@given(data=st.data(), kind=st.sampled_from(Kind))
def test_mutated_models_never_raise_and_never_widen(
    data: st.DataObject, kind: Kind, settings: Settings
) -> None:
    text = data.draw(_mutated(model_text(kind)))
    raw = text.encode("utf-8", "surrogatepass")
    _holds(read_document(raw, "x.md", kind, settings), settings)


_WORD = st.one_of(
    st.sampled_from(
        ["dealer", "agent", "faq-a", "2026-01-01", "no", "", "[", "{a: b}", "- x", "*a"]
    ),
    st.text(max_size=12),
)
_KEY = st.sampled_from(
    ["id", "title", "audience", "owner", "rank", "policies", "sections", "x", "<<"]
)
_LINE = st.one_of(
    st.builds("{}: {}".format, _KEY, _WORD),
    st.builds("{}:\n  - {}\n  - {}".format, _KEY, _WORD, _WORD),
    st.builds("{}: |\n  {}".format, _KEY, _WORD),
    _WORD,
)


@examples(max_examples=500, deadline=None)
@given(
    lines=st.lists(_LINE, max_size=8),
    body=st.sampled_from(["", FAQ.split("---\n")[2], "## 第一条\n\n甲"]),
    kind=st.sampled_from(Kind),
)
def test_front_matter_of_any_form_never_raises(
    lines: list[str], body: str, kind: Kind, settings: Settings
) -> None:
    text = "---\n" + "\n".join(lines) + "\n---\n" + body
    raw = text.encode("utf-8", "surrogatepass")
    _holds(read_document(raw, "x.md", kind, settings), settings)


@examples(max_examples=300, deadline=None)
@given(value=st.sampled_from(PIECES) | st.text(max_size=20))
def test_audience_is_what_is_written_or_nothing(value: str, settings: Settings) -> None:
    text = _changed("audience: dealer", f"audience: {value}")
    reading = read_document(text.encode("utf-8", "surrogatepass"), "x.md", Kind.FAQ, settings)
    _holds(reading, settings)
    if reading.document:
        bare = value.split(" #", maxsplit=1)[0].strip().strip("\"'")
        assert reading.document.audience == bare
