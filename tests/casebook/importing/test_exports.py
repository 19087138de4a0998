"""Exports of phpMyFAQ and BookStack, in their formats."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from casebook.documents import Kind
from tests.casebook.importing.conftest import Planner, front, only, section

ANSWER = (
    "&lt;p&gt;请在 &lt;strong&gt;App&lt;/strong&gt; 里办理：&lt;/p&gt;"
    "&lt;ol&gt;&lt;li&gt;登录&lt;/li&gt;&lt;li&gt;选择&amp;quot;停机保号&amp;quot;&lt;/li&gt;&lt;/ol&gt;"
    "&lt;p&gt;&lt;img src=&quot;a.png&quot; alt=&quot;界面&quot;&gt;&lt;/p&gt;"
)
FAQ = {
    "id": 12,
    "language": "zh",
    "category": "实名与停复机 >> 停机与复机",
    "keywords": "停机,保号",
    "question": "怎么办停机保号？",
    "answer": ANSWER,
    "author": "陈小红",
    "last_modified": "2026-03-01T10:00:00+08:00",
}
XML = f"""<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<!-- XML output by phpMyFAQ 4.0.0 | Date: 2026-03-02T08:00:00+08:00 -->
<phpmyfaq>
 <article id="12">
  <language>zh</language>
  <category>实名与停复机 &gt;&gt; 停机与复机</category>
  <keywords>停机,保号</keywords>
  <question>怎么办停机保号？</question>
  <answer>{ANSWER.replace("&", "&amp;")}</answer>
  <author>陈小红</author>
  <data>2026-03-01T10:00:00+08:00</data>
 </article>
</phpmyfaq>
"""


@pytest.mark.parametrize("suffix", ["json", "xml"])
def test_phpmyfaq(suffix: str, tmp_path: Path, plan: Planner) -> None:
    file = tmp_path / f"export.{suffix}"
    text = XML if suffix == "xml" else json.dumps([{"faq": FAQ}])
    file.write_text(text, encoding="utf-8")
    document = only(plan(file))
    assert (document.kind, document.title) == (Kind.FAQ, "怎么办停机保号？")
    assert front(document.text, "subject") == "subject: 实名与停复机/停机与复机"
    assert "tags:\n  - 停机\n  - 保号\n" in document.text
    assert section(document.text, "统一答复") == (
        '请在 **App** 里办理：\n\n1. 登录\n2. 选择"停机保号"'
    )
    assert set(document.extra) == {
        "phpMyFAQ 编号：12",
        "语言：zh",
        "作者：陈**",
        "最后修改：2026-03-01T10:00:00+08:00",
        "图片没有导入，共 1 张：界面",
    }
    assert "作者：陈小红" in document.text
    assert [(one.label, one.shown) for one in document.personal] == [("姓名", "陈**")]
    assert "作者：陈**" in only(plan(file, mask=True)).text


PAGE = {
    "id": 40,
    "name": "停机保号怎么办",
    "html": '<p id="bkmrk-1">统一答复：本人带身份证到营业厅。</p>'
    "<p>办理方式：</p><ul><li>营业厅</li></ul>"
    '<p>另见<a href="[[bsexport:page:41]]">复机</a></p>'
    '<img src="[[bsexport:image:a.png]]" alt="柜台">',
    "priority": 2,
    "attachments": [
        {"id": 3, "name": "申请表.pdf", "order": 1, "file": "b.pdf"},
        {"id": 5, "name": "价目表", "order": 2, "link": "https://example.com/prices"},
    ],
    "images": [{"id": 4, "name": "a.png", "file": "a.png", "type": "gallery"}],
    "tags": [{"name": "责任部门", "value": "资费产品组"}, {"name": "停机", "value": ""}],
}
CASE = {
    "id": 41,
    "name": "三次改约",
    "markdown": "## 背景\n\n二月。<br>下雪。\n\n## 细节\n\n改了[三次][1]。\n\n## 结果\n\n装好。\n\n"
    "## 评析\n\n要早说，见[停机]([[bsexport:page:40]])。\n\n[1]: https://example.com/three\n",
    "html": "<h2>背景</h2>",
    "priority": 1,
    "tags": [],
}
BOOK = {
    "instance": {"version": "v25.02", "id_ciphertext": "x"},
    "exported_at": "2026-03-01T10:00:00+08:00",
    "book": {
        "id": 8,
        "name": "实名与停复机",
        "description_html": "<p>停机与复机的口径。</p>",
        "chapters": [
            {"id": 2, "name": "停机与复机", "priority": 1, "pages": [PAGE, CASE], "tags": []}
        ],
        "pages": [],
        "tags": [{"name": "口径", "value": ""}],
    },
}


def _zip(folder: Path, data: Any) -> Path:
    file = folder / "export.zip"
    with zipfile.ZipFile(file, "w") as package:
        package.writestr("data.json", json.dumps(data))
        package.writestr("files/a.png", b"x")
    return file


def test_bookstack_portable_zip(tmp_path: Path, plan: Planner) -> None:
    found = plan(_zip(tmp_path, BOOK))
    case, faq = found.documents
    assert (case.kind, case.title) == (Kind.CASE, "三次改约")
    assert section(case.text, "背景") == "二月。\n\n下雪。"
    assert section(case.text, "细节") == "改了[三次](https://example.com/three)。"
    assert (faq.kind, faq.place) == (Kind.FAQ, "页面“停机保号怎么办”")
    assert section(faq.text, "统一答复") == "本人带身份证到营业厅。"
    assert section(faq.text, "办理方式") == "- 营业厅\n\n另见复机"
    assert front(faq.text, "owner") == "owner: 资费产品组"
    assert front(faq.text, "subject") == "subject: 实名与停复机/停机与复机"
    assert "tags:\n  - 停机\n  - 口径\n" in faq.text
    assert faq.extra == (
        "图片没有导入，共 1 张：柜台",
        "附件没有导入：申请表.pdf",
        "附件没有导入：价目表，地址是 https://example.com/prices",
        "链接“复机”指向 [[bsexport:page:41]]（三次改约）",
    )
    assert found.left_out == {}
    # What is said of the book goes on with its first page, its tags with each.
    assert case.extra == (
        "“实名与停复机”的说明：停机与复机的口径。",
        "链接“停机”指向 bsexport:page:40（停机保号怎么办）",
    )
    assert "tags:\n  - 口径\n" in case.text


@pytest.mark.parametrize("kind", ["page", "chapter"])
def test_bookstack_zip_of_a_page_or_chapter(kind: str, tmp_path: Path, plan: Planner) -> None:
    chapter = {"name": "停机与复机", "pages": [PAGE]}
    data = {"page": PAGE} if kind == "page" else {"chapter": chapter}
    assert only(plan(_zip(tmp_path, data))).title == "停机保号怎么办"


def test_a_page_is_an_entry_unless_the_user_or_its_names_say_otherwise(
    tmp_path: Path, plan: Planner
) -> None:
    file = _zip(tmp_path, {"page": {"name": "停机说明", "html": "<p>本人来办。</p>"}})
    entry = only(plan(file))
    assert (entry.status.value, entry.kind) == ("new", Kind.FAQ)
    assert section(entry.text, "统一答复") == "本人来办。"
    assert entry.notes == ("没有认出段落，全文放在“统一答复”里",)
    assert only(plan(file, kind=Kind.CASE)).kind is Kind.CASE


def test_a_record_with_the_headings_of_a_case_is_a_case(tmp_path: Path, plan: Planner) -> None:
    file = tmp_path / "export.json"
    heads = "<h3>背景</h3><p>二月。</p><h3>经过</h3><p>改约。</p>"
    file.write_text(json.dumps([{"faq": FAQ | {"answer": heads}}]), encoding="utf-8")
    document = only(plan(file))
    assert (document.kind, section(document.text, "背景")) == (Kind.CASE, "二月。")


def test_the_address_of_a_link_inside_the_system_is_kept(tmp_path: Path, plan: Planner) -> None:
    file = tmp_path / "export.json"
    answer = (
        '<p>见<a href="index.php?action=faq&amp;id=1">复机</a>。</p>'
        '<table><tr><td>表</td><td><a href="index.php?id=2">价目</a>'
        '和<a href="https://example.com/">公告</a></td></tr></table>'
    )
    file.write_text(json.dumps([{"faq": FAQ | {"answer": answer}}]), encoding="utf-8")
    document = only(plan(file))
    assert "链接“复机”指向 index.php?action=faq&id=1" in document.extra
    assert "链接“价目”指向 index.php?id=2" in document.extra
    assert "公告（https://example.com/）" in section(document.text, "统一答复")
    assert "index.php" not in section(document.text, "统一答复")


HTML_BOOK = """<!doctype html>
<html lang="zh"><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"/>
<title>停复机</title><style>body { color: red; }</style></head><body>
<div class="page-content">
    <h1 style="font-size: 4.8em">停复机</h1>
    <div><p>全书说明。</p></div>
    <ul class="contents"><li><a href="#chapter-1">停机</a></li></ul>
    <div class="page-break"></div>
    <h1 id="chapter-1">停机</h1>
    <div><p></p></div>
    <div class="page-break"></div>
    <div class="chapter-hint">停机</div>
    <h1 id="page-7">停机保号怎么办</h1>
    <p>答复：本人来办。</p>
    <div class="page-break"></div>
    <h1 id="page-8">停机以后还收费吗</h1>
    <p>答复：每月五元。</p>
</div></body></html>
"""
MARKDOWN_BOOK = (
    "# 停复机\n\n# 停机\n\n# 停机保号怎么办\n\n答复：本人来办。\n\n"
    "# 停机以后还收费吗\n\n答复：每月五元。\n"
)


@pytest.mark.parametrize("suffix", ["html", "md"])
def test_a_book_is_taken_apart_into_its_pages(suffix: str, tmp_path: Path, plan: Planner) -> None:
    file = tmp_path / f"book.{suffix}"
    file.write_text(HTML_BOOK if suffix == "html" else MARKDOWN_BOOK, encoding="utf-8")
    found = plan(file)
    first, second = found.documents
    assert (first.title, second.title) == ("停机保号怎么办", "停机以后还收费吗")
    assert section(second.text, "统一答复") == "每月五元。"
    assert {one.kind for one in found.documents} == {Kind.FAQ}
    if suffix == "html":
        assert first.extra == ("“停复机”的说明：全书说明。",)
        assert found.left_out == {"book.html": ["“停复机”：停机"]}


def test_a_page_of_a_book_needs_no_names(tmp_path: Path, plan: Planner) -> None:
    file = tmp_path / "book.html"
    file.write_text(HTML_BOOK.replace("答复：", ""), encoding="utf-8")
    first, _ = plan(file).documents
    assert section(first.text, "统一答复") == "本人来办。"


PAGE_HTML = """<!doctype html><html><head><title>停机保号怎么办</title></head><body>
<div dir="auto">
  <h1 class="break-text" id="bkmrk-page-title">停机保号怎么办</h1>
  <hr>
  <div style="color: #888;"><strong>Page Contents</strong></div>
  <ul>
    <li style="margin-left: 0px;"><a href="#bkmrk-1">统一答复</a></li>
    <li style="margin-left: 16px;"><a href="#bkmrk-2">办理方式</a></li>
  </ul>
  <hr>
  <h2 id="bkmrk-1">统一答复</h2><p>本人来办。</p>
  <h2 id="bkmrk-2">办理方式</h2><p>营业厅。</p>
</div></body></html>
"""


def test_the_contents_of_a_page_are_no_text_of_it(tmp_path: Path, plan: Planner) -> None:
    file = tmp_path / "page.html"
    file.write_text(PAGE_HTML, encoding="utf-8")
    found = plan(file)
    assert section(only(found).text, "统一答复") == "本人来办。"
    assert found.left_out == {"page.html": ["目录：Page Contents 统一答复 办理方式"]}


def test_plain_text(tmp_path: Path, plan: Planner) -> None:
    file = tmp_path / "page.txt"
    file.write_bytes("停机保号怎么办\r\n\r\n答复：本人来办。\r\n".encode("gb18030"))
    document = only(plan(file))
    assert document.title == "停机保号怎么办"
    assert section(document.text, "统一答复") == "本人来办。"
