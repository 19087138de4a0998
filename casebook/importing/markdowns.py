"""Markdown of others → blocks, by way of HTML: links, pictures and tags may have any form."""

from __future__ import annotations

from pathlib import Path

from casebook.importing.blocks import Block, Converted, Entry
from casebook.importing.encodings import decode
from casebook.importing.vocabulary import meanings
from casebook.importing.webpages import picture_notes, read_html

_SEVERAL = 2


def markdown_blocks(text: str) -> tuple[list[Block], list[str], str]:
    """Markdown as blocks, with what :func:`casebook.importing.webpages.read_html` gives."""
    import markdown  # noqa: PLC0415

    extensions = ["tables", "fenced_code", "sane_lists"]
    return read_html(markdown.markdown(text, extensions=extensions))


def read_markdown(file: Path) -> Converted:
    """A Markdown file; one with several titles, as BookStack exports books, gives an entry each."""
    blocks, pictures, _ = markdown_blocks(decode(file.read_bytes(), "Markdown"))
    heads = [i for i, block in enumerate(blocks) if block.kind == "heading" and block.level == 1]
    known = any(meanings(blocks[i].text) for i in heads)
    aside = tuple(picture_notes(pictures))
    if len(heads) < _SEVERAL or known or heads[0]:
        return Converted([Entry(blocks=tuple(blocks), aside=aside)])
    found = Converted(left_out=list(aside))
    path: list[str] = []
    for start, end in zip(heads, [*heads[1:], len(blocks)], strict=True):
        name, body = blocks[start].text, tuple(blocks[start + 1 : end])
        if not body:
            # The name of a book, or of a chapter inside it.
            path = [*path[:1], name]
            continue
        fields = (("分类", "/".join(path)),) if path else ()
        found.entries.append(Entry(f"“{name}”", name, fields, body))
    return found
