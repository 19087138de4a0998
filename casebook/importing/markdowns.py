"""Markdown of others → blocks, by way of HTML: links, pictures and tags may have any form."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from casebook.frontmatter import FrontMatterError, read_front_matter
from casebook.importing.blocks import Block, Converted, Entry
from casebook.importing.encodings import decode
from casebook.importing.titles import title_of
from casebook.importing.vocabulary import key_name, meanings
from casebook.importing.webpages import picture_notes, read_html

_SEVERAL = 2
_FRONT = re.compile(r"(---|\+\+\+)[ \t]*\n(.*?)\n?^\1[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_LINE = re.compile(r"^([A-Za-z_][\w-]*)[ \t]*[:=][ \t]*(.+)$", re.MULTILINE)
_NAMES = {"category": "分类", "categories": "分类", "keywords": "标签"}
_REST = "信息块里的其他内容"
# Nobody has read the text for other readers yet, nor said that a rule need not hold.
_NOT_TAKEN = {"audience", "waivers"}


def markdown_blocks(text: str) -> tuple[list[Block], list[str], str]:
    """Markdown as blocks, with what :func:`casebook.importing.webpages.read_html` gives."""
    import markdown  # noqa: PLC0415

    extensions = ["tables", "fenced_code", "sane_lists"]
    return read_html(markdown.markdown(text, extensions=extensions))


def read_markdown(file: Path) -> Converted:
    """A Markdown file; one with several titles, as BookStack exports books, gives an entry each."""
    fields, text = _front_matter(decode(file.read_bytes(), "Markdown"))
    blocks, pictures, _ = markdown_blocks(text)
    heads = [i for i, block in enumerate(blocks) if block.kind == "heading" and block.level == 1]
    known = any(meanings(blocks[i].text) for i in heads)
    aside = tuple(picture_notes(pictures))
    if fields or len(heads) < _SEVERAL or known or heads[0]:
        return Converted([Entry(fields=fields, blocks=tuple(blocks), aside=aside)])
    found = Converted(left_out=list(aside))
    path: list[str] = []
    for start, end in zip(heads, [*heads[1:], len(blocks)], strict=True):
        name, body = blocks[start].text, tuple(blocks[start + 1 : end])
        if not body:
            # The name of a book, or of a chapter inside it.
            path = [*path[:1], name]
            continue
        fields = (("分类", "/".join(path)),) if path else ()
        found.entries.append(Entry(f"“{name}”", name, fields, body, page=True))
    return found


def _front_matter(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """The names and values before the text, as Hugo, Obsidian and this library write them."""
    match = _FRONT.match(text)
    if not match:
        return (), text
    values: dict[str, Any]
    try:
        if match[1] == "+++":
            values = tomllib.loads(match[2])
        else:
            values = read_front_matter(f"---\n{match[2]}\n---\n").values
    except (FrontMatterError, tomllib.TOMLDecodeError):
        # What only its own program takes.
        values = dict(_LINE.findall(match[2]))
        values |= {_REST: rest} if (rest := _LINE.sub("", match[2]).strip()) else {}
    fields = ((_name(key), _value(key, value)) for key, value in values.items())
    return tuple((name, value) for name, value in fields if value), text[match.end() :]


def _name(key: str) -> str:
    if key in _NOT_TAKEN:
        return title_of(key)
    return _NAMES.get(key.lower(), key_name(key.lower()))


def _value(key: str, value: object) -> str:
    if isinstance(value, list):
        mark = "/" if key.lower() in ("categories", "category") else "\n"
        return mark.join(str(one) for one in value)
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
    return text.strip().strip("\"'")
