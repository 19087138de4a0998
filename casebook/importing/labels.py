"""Where a text names its parts: headings, bold lines, ``背景：`` at a line's start, forms."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.importing.blocks import Block
from casebook.importing.vocabulary import meanings, normal, plan_section

_LONGEST = 30
_NAME = 12
_COLON = re.compile(r"[:：]")
_BOUNDARY = re.compile(r"[\s；;，,|、]")
_FORM_NAMES = 2
_SAID = re.compile(r"[。，；！？,;!?：:].|[。！？]$")


def label_of(block: Block) -> tuple[str, int] | None:
    """The name at the start of a block, and where the text behind it starts.

    Returns:
        None when the block begins with no name that is known; the length of the text when the name
        is all of it.
    """
    if block.kind not in ("heading", "paragraph", "item", "quote"):
        return None
    text = block.text
    if len(text) <= _LONGEST and "\n" not in text and _known(text):
        return text, len(text)
    colon = _COLON.search(text[:_LONGEST])
    if colon and _known(text[: colon.start()]):
        rest = text[colon.end() :]
        return text[: colon.start()], len(text) - len(rest.lstrip()) if rest.strip() else len(text)
    line, newline, rest = text.partition("\n")
    if newline and len(line) <= _LONGEST and _known(line):
        return line, len(text) - len(rest.lstrip())
    return None


def _known(text: str) -> bool:
    return bool(meanings(text) or plan_section(text))


def pairs(text: str) -> list[tuple[str, str, str]]:
    """The names, values and keys of a line such as ``渠道：热线  级别：投诉``; else nothing."""
    found: list[tuple[int, int, str]] = []
    for colon in _COLON.finditer(text):
        start = _name_start(text, colon.start())
        if start is not None:
            key = next(m.key for m in meanings(text[start : colon.start()]) if m.key)
            found.append((start, colon.end(), key))
    if not found or found[0][0] != 0:
        return []
    ends = [*(start for start, _, _ in found[1:]), len(text)]
    return [
        (text[start : value - 1].strip(), text[value:end].strip(" \t\n\u3000；;，,|、"), key)
        for (start, value, key), end in zip(found, ends, strict=True)
    ]


def _name_start(text: str, colon: int) -> int | None:
    """Where the longest known name before a colon starts, at the start or behind a space."""
    for start in range(max(0, colon - _NAME), colon):
        if start and not _BOUNDARY.match(text[start - 1]):
            continue
        if any(m.key for m in meanings(text[start:colon])):
            return start
    return None


def is_form(block: Block) -> bool:
    """Whether a table is a form: names beside their values, or names above their texts."""
    known = sum(_known(label) for label, _ in form_rows(block) if label)
    return known >= _FORM_NAMES and not any(_is_list_head(row) for row in block.rows[:1])


def _is_list_head(row: tuple[str, ...]) -> bool:
    """A first row of nothing but names heads a list, not a form."""
    names = [cell for cell in row if cell.strip()]
    return len(names) >= _FORM_NAMES and all(_known(cell) for cell in names)


def form_rows(block: Block) -> Iterator[tuple[str, str]]:
    """The names and values of a table's rows; what stands without a name has an empty one."""
    pending = ""
    for row in block.rows:
        cells = [cell.strip() for cell in row if cell.strip()]
        if len(cells) == 1 and _known(cells[0]):
            if pending:
                yield "", pending
            pending = cells[0]
        elif pending and cells and not _known(cells[0]):
            yield pending, "\n".join(cells)
            pending = ""
        elif cells and _section(cells[0]):
            # The name of a section may span rows that are divided further.
            yield cells[0], "：".join(cells[1:])
        elif cells and not row[0].strip():
            yield "", "：".join(cells)
        else:
            yield from _row(row)
    if pending:
        yield "", pending


def _section(text: str) -> bool:
    return any(m.section for m in meanings(text)) or bool(plan_section(text))


def _row(row: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    cells = [cell.strip() for cell in row]
    index = 0
    while index < len(cells):
        cell = cells[index]
        beside = next((i for i in range(index + 1, len(cells)) if cells[i]), None)
        if beside is not None and _names(cell) and not _known(cells[beside]):
            yield cell, cells[beside]
            index = beside + 1
            continue
        if cell:
            yield from [(name, value) for name, value, _ in pairs(cell)] or [("", cell)]
        index += 1


def _names(cell: str) -> bool:
    """Whether a cell may name what stands beside it."""
    short = bool(cell) and "\n" not in cell and len(normal(cell)) <= _NAME
    return short and not _SAID.search(cell)
