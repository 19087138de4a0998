"""The exports of phpMyFAQ (JSON, XML) and BookStack (portable ZIP, HTML) → entries."""

from __future__ import annotations

import html
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from casebook.documents import Kind
from casebook.importing.blocks import Block, Converted, Entry, Span, from_lines
from casebook.importing.encodings import decode
from casebook.importing.kinds import kind_of
from casebook.importing.limits import UNSAFE, Unreadable
from casebook.importing.markdowns import markdown_blocks
from casebook.importing.packages import check_package
from casebook.importing.webpages import picture_notes, read_html, read_web_page

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
# In Markdown the brackets would be taken for a link.
_REFERENCE = re.compile(r"(?:\[\[)?bsexport:([^\]]*)(?:\]\])?")


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
    # A record is a question, unless the headings of its text are those of a case.
    heads = tuple(block for block in blocks if block.kind == "heading" or block.bold)
    told = kind_of(Entry(blocks=heads))
    return Entry(
        place=f"第 {number} 条",
        title=" ".join(title.split()),
        fields=tuple(fields),
        blocks=tuple(blocks),
        faq=told is None or told[1] is Kind.FAQ,
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
        names = dict(_names(data))
    except (AttributeError, TypeError, KeyError):
        raise Unreadable("data.json 不是 BookStack 的格式；重新导出一份再导入。") from None
    found.entries = [_linked(entry, names) for entry in found.entries]
    return found


def _names(things: Any, kind: str = "") -> Iterator[tuple[str, str]]:
    """What the export's own addresses name, ``page:12`` for one."""
    for thing in things if isinstance(things, list) else [things]:
        if kind and "id" in thing:
            yield f"{kind}:{thing['id']}", str(thing.get("name", ""))
        for inner in ("book", "chapter", "page"):
            for key in (inner, f"{inner}s"):
                yield from _names(thing.get(key) or [], inner)


def _linked(entry: Entry, names: dict[str, str]) -> Entry:
    """An entry whose links to other pages say the name of the page."""

    def named(span: Span) -> Span:
        match = _REFERENCE.fullmatch(span.link)
        name = names.get(match[1]) if match else None
        return replace(span, link=f"{span.link}（{name}）") if name else span

    blocks = (replace(block, spans=tuple(map(named, block.spans))) for block in entry.blocks)
    return replace(entry, blocks=tuple(blocks))


def _book(book: dict[str, Any], found: Converted) -> None:
    path = (str(book["name"]),)
    before = len(found.entries)
    chapters = [("chapter", item) for item in book.get("chapters") or ()]
    pages = [("page", item) for item in book.get("pages") or ()]
    for kind, item in sorted((*chapters, *pages), key=lambda pair: pair[1].get("priority") or 0):
        if kind == "chapter":
            _chapter(item, path, found)
        else:
            found.entries.append(_page(item, path))
    _described(book, path, found, before)


def _chapter(chapter: dict[str, Any], path: tuple[str, ...], found: Converted) -> None:
    inside = (*path, str(chapter["name"]))
    before = len(found.entries)
    pages = sorted(chapter.get("pages") or (), key=lambda page: page.get("priority") or 0)
    found.entries += [_page(page, inside) for page in pages]
    _described(chapter, inside, found, before)


def _described(thing: dict[str, Any], path: tuple[str, ...], found: Converted, before: int) -> None:
    """What is written about a book or chapter goes on with its first page, its tags with each."""
    blocks, _, _ = read_html(str(thing.get("description_html") or ""))
    words = " ".join(block.text for block in blocks)
    about = (f"“{'/'.join(path)}”的说明：{words}",) if words else ()
    tags = _fields(thing)
    pages = [_tagged(entry, tags) for entry in found.entries[before:]]
    if pages:
        pages[0] = replace(pages[0], aside=(*pages[0].aside, *about))
    else:
        found.left_out += [
            *about,
            *(f"“{'/'.join(path)}”的{name}：{value}" for name, value in tags),
        ]
    found.entries[before:] = pages


def _tagged(entry: Entry, tags: list[tuple[str, str]]) -> Entry:
    """A page with the tags of its book; where both say something of one name, both count."""
    fields = dict(entry.fields)
    for name, value in tags:
        fields[name] = "、".join(dict.fromkeys(filter(None, (fields.get(name), value))))
    return replace(entry, fields=tuple(fields.items()))


def _page(page: dict[str, Any], path: tuple[str, ...]) -> Entry:
    blocks, pictures = _content(page)
    fields = [("分类", "/".join(path))] if path else []
    fields += _fields(page)
    aside = [*picture_notes(pictures), *map(_attachment, page.get("attachments") or ())]
    title = str(page["name"])
    return Entry(
        f"页面“{title}”", title, tuple(fields), tuple(blocks), page=True, aside=tuple(aside)
    )


def _attachment(item: dict[str, Any]) -> str:
    link = item.get("link")
    name = str(item.get("name", ""))
    return f"附件没有导入：{name}" + (f"，地址是 {link}" if link else "")


def _fields(thing: dict[str, Any]) -> list[tuple[str, str]]:
    """The tags: those with a value name a field, the others are words to search for."""
    fields: dict[str, list[str]] = {}
    for name, value in _tags(thing):
        fields.setdefault(name if value else "标签", []).append(value or name)
    return [(name, "、".join(values)) for name, values in fields.items()]


def _content(page: dict[str, Any]) -> tuple[list[Block], list[str]]:
    if page.get("markdown"):
        blocks, pictures, _ = markdown_blocks(_REFERENCE.sub(r"bsexport:\1", str(page["markdown"])))
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
        page = read_web_page(text)
        aside = (*page.around, *picture_notes(page.pictures))
        bookstack = "bkmrk-page-title" in text
        yield Entry(title=page.title, blocks=tuple(page.blocks), page=bookstack, aside=aside)
        return
    blocks, _, title = read_html(text[: heads[0].start()])
    # What is said of a book or chapter goes on with its first page; a list is its contents.
    about = [f"“{title}”的说明：{block.text}" for block in blocks if _says(block, title)]
    found.left_out += [f"“{title}”：{b.text}" for b in blocks if b.kind == "item"]
    ends = [*(head.start() for head in heads[1:]), len(text)]
    chapter = ""
    for head, end in zip(heads, ends, strict=True):
        name = " ".join(html.unescape(re.sub(r"<[^>]*>", "", head[2])).split())
        body = text[head.end() : end]
        blocks, pictures, _ = read_html(body)
        if head[1] == "chapter":
            chapter = name
            about += [f"“{name}”的说明：{b.text}" for b in blocks if _says(b, name)]
            continue
        path = "/".join(filter(None, (title, chapter)))
        yield Entry(
            f"页面“{name}”",
            name,
            (("分类", path),) if path else (),
            tuple(blocks),
            page=True,
            aside=(*about, *picture_notes(pictures)),
        )
        about = []
    found.left_out += about


def _says(block: Block, name: str) -> bool:
    """Whether a block before a page says something beside the name and the contents."""
    return block.kind != "item" and block.text != name


def read_text(file: Path) -> Converted:
    """A plain text file."""
    return Converted([Entry(blocks=from_lines(decode(file.read_bytes(), "文本文件")))])
