"""The exports of phpMyFAQ (JSON, XML) and BookStack (portable ZIP, HTML) → entries."""

from __future__ import annotations

import html
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from casebook.importing.blocks import Block, Converted, Entry, from_lines
from casebook.importing.encodings import decode
from casebook.importing.limits import UNSAFE, Unreadable
from casebook.importing.markdowns import markdown_blocks
from casebook.importing.packages import check_package
from casebook.importing.webpages import picture_notes, read_html

_FAQ_FIELDS = {
    "category": "分类",
    "keywords": "关键词",
    "author": "作者",
    "last_modified": "最后修改",
    "data": "最后修改",
    "id": "phpMyFAQ 编号",
    "language": "语言",
}
_PAGE = re.compile(r'<h1 id="(page|chapter)-\d+">(.*?)</h1>', re.DOTALL)
_CONTENTS = re.compile(
    r"<hr>\s*<div style=\"color: #888;\"><strong>[^<]*</strong></div>\s*<ul>\s*"
    r"(?:<li style=\"margin-left: \d+px;\">.*?</li>\s*)+</ul>\s*<hr>",
    re.DOTALL,
)
_REFERENCE = re.compile(r"\[\[bsexport:[^\]]*\]\]")


def read_json(file: Path) -> Converted:
    """A JSON file: phpMyFAQ's export, or BookStack's data without its ZIP."""
    try:
        data = json.loads(decode(file.read_bytes(), "JSON"))
    except (ValueError, RecursionError):
        raise Unreadable("不是正确的 JSON；重新导出一份再导入。") from None
    if isinstance(data, list) and all(isinstance(item, dict) and "faq" in item for item in data):
        found = Converted()
        for number, item in enumerate(data, 1):
            found.entries.append(_faq(number, _texts(item["faq"])))
        return found
    if isinstance(data, dict) and {"book", "chapter", "page"} & set(data):
        return _bookstack(data)
    raise Unreadable("不认识这种 JSON；可以导入的是 phpMyFAQ 的导出和 BookStack 的 data.json。")


def read_xml(file: Path) -> Converted:
    """The XML export of phpMyFAQ."""
    from defusedxml import DefusedXmlException, ElementTree  # noqa: PLC0415

    try:
        root = ElementTree.fromstring(file.read_bytes())
    except DefusedXmlException:
        raise Unreadable(UNSAFE) from None
    except (ElementTree.ParseError, ValueError):
        raise Unreadable("不是正确的 XML；重新导出一份再导入。") from None
    if root.tag != "phpmyfaq":
        raise Unreadable(f"不认识以 {root.tag} 开头的 XML；可以导入的是 phpMyFAQ 的导出。")
    found = Converted()
    for number, article in enumerate(root.iter("article"), 1):
        values = {"id": article.get("id", "")} | {child.tag: child.text or "" for child in article}
        found.entries.append(_faq(number, values))
    return found


def _texts(values: Any) -> dict[str, str]:
    if not isinstance(values, dict):
        return {}
    return {str(name): "" if value is None else str(value) for name, value in values.items()}


def _faq(number: int, values: dict[str, str]) -> Entry:
    """One question of phpMyFAQ; its answer is HTML with its marks escaped."""
    answer = values.pop("answer", "")
    blocks, pictures, _ = read_html(html.unescape(answer) if "<" not in answer else answer)
    title = html.unescape(values.pop("question", ""))
    fields = [(_FAQ_FIELDS.get(name, name), value) for name, value in values.items() if value]
    return Entry(
        place=f"第 {number} 条",
        title=" ".join(title.split()),
        fields=tuple(fields),
        blocks=tuple(blocks),
        faq=True,
        aside=tuple(picture_notes(pictures)),
    )


def read_zip(file: Path) -> Converted:
    """BookStack's portable ZIP."""
    check_package(file, "data.json", "BookStack 导出的 ZIP")
    with zipfile.ZipFile(file) as package:
        try:
            data = json.loads(package.read("data.json"))
        except (ValueError, RecursionError, RuntimeError, zipfile.BadZipFile):
            raise Unreadable("ZIP 里的 data.json 读不了；重新导出一份再导入。") from None
    if not isinstance(data, dict):
        raise Unreadable("ZIP 里的 data.json 不是 BookStack 的格式；重新导出一份再导入。")
    return _bookstack(data)


def _bookstack(data: dict[str, Any]) -> Converted:
    found = Converted()
    try:
        if "page" in data:
            found.entries.append(_page(data["page"], ()))
        elif "chapter" in data:
            _chapter(data["chapter"], (), found)
        else:
            _book(data.get("book", {}), found)
    except (AttributeError, TypeError, KeyError):
        raise Unreadable("data.json 不是 BookStack 的格式；重新导出一份再导入。") from None
    return found


def _book(book: dict[str, Any], found: Converted) -> None:
    path = (str(book["name"]),)
    _described(book, path, found)
    chapters = [("chapter", item) for item in book.get("chapters") or ()]
    pages = [("page", item) for item in book.get("pages") or ()]
    for kind, item in sorted((*chapters, *pages), key=lambda pair: pair[1].get("priority") or 0):
        if kind == "chapter":
            _chapter(item, path, found)
        else:
            found.entries.append(_page(item, path))


def _chapter(chapter: dict[str, Any], path: tuple[str, ...], found: Converted) -> None:
    inside = (*path, str(chapter["name"]))
    _described(chapter, inside, found)
    pages = sorted(chapter.get("pages") or (), key=lambda page: page.get("priority") or 0)
    found.entries += [_page(page, inside) for page in pages]


def _described(thing: dict[str, Any], path: tuple[str, ...], found: Converted) -> None:
    """What is written about a book or chapter belongs to no page: it goes to the report."""
    blocks, _, _ = read_html(str(thing.get("description_html") or ""))
    words = " ".join(block.text for block in blocks)
    tags = "、".join(": ".join(filter(None, tag)) for tag in _tags(thing))
    if words or tags:
        found.left_out.append(f"“{'/'.join(path)}”的说明：{'；'.join(filter(None, (words, tags)))}")


def _page(page: dict[str, Any], path: tuple[str, ...]) -> Entry:
    blocks, pictures = _content(page)
    fields = [("分类", "/".join(path))] if path else []
    fields += [(name, value) if value else ("标签", name) for name, value in _tags(page)]
    files = [str(item.get("name", "")) for item in page.get("attachments") or ()]
    aside = [*picture_notes(pictures), *(f"附件没有导入：{name}" for name in files)]
    title = str(page["name"])
    return Entry(f"页面“{title}”", title, tuple(fields), tuple(blocks), aside=tuple(aside))


def _content(page: dict[str, Any]) -> tuple[list[Block], list[str]]:
    if page.get("markdown"):
        blocks, pictures, _ = markdown_blocks(_REFERENCE.sub("", str(page["markdown"])))
        return blocks, pictures
    blocks, pictures, _ = read_html(str(page.get("html") or ""))
    return blocks, pictures


def _tags(thing: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for tag in thing.get("tags") or ():
        yield str(tag["name"]), str(tag.get("value") or "")


def read_page(text: str) -> Converted:
    """A page of HTML; BookStack's books and chapters are taken apart into their pages."""
    found = Converted()
    if "bkmrk-page-title" in text and (contents := _CONTENTS.search(text)):
        blocks, _, _ = read_html(contents[0])
        found.left_out.append("目录：" + " ".join(block.text for block in blocks))
        text = text.replace(contents[0], "", 1)
    found.entries += _html_entries(text, found)
    return found


def _html_entries(text: str, found: Converted) -> Iterator[Entry]:
    heads = list(_PAGE.finditer(text))
    if not heads:
        blocks, pictures, title = read_html(text)
        aside = picture_notes(pictures)
        if heading := next((block.text for block in blocks if block.kind == "heading"), ""):
            # The heading is what readers of the page saw.
            aside += [f"网页标题：{title}"] if title not in ("", heading) else []
            title = ""
        yield Entry(title=title, blocks=tuple(blocks), aside=tuple(aside))
        return
    blocks, _, title = read_html(text[: heads[0].start()])
    found.left_out += [f"“{title}”：{block.text}" for block in blocks]
    ends = [*(head.start() for head in heads[1:]), len(text)]
    chapter = ""
    for head, end in zip(heads, ends, strict=True):
        name = " ".join(html.unescape(re.sub(r"<[^>]*>", "", head[2])).split())
        body = text[head.end() : end]
        blocks, pictures, _ = read_html(body)
        if head[1] == "chapter":
            chapter = name
            found.left_out += [f"“{name}”：{block.text}" for block in blocks]
            continue
        path = "/".join(filter(None, (title, chapter)))
        yield Entry(
            f"页面“{name}”",
            name,
            (("分类", path),) if path else (),
            tuple(blocks),
            aside=tuple(picture_notes(pictures)),
        )


def read_text(file: Path) -> Converted:
    """A plain text file."""
    return Converted([Entry(blocks=from_lines(decode(file.read_bytes(), "文本文件")))])
