"""What every foreign file becomes first: entries, made of fields and blocks of text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

BlockKind = Literal["heading", "paragraph", "item", "quote", "code", "table"]
Rows = tuple[tuple[str, ...], ...]
# Headings of a document begin at the third level, below its sections.
TOP_LEVEL = 3
_BOTTOM_LEVEL = 6
# Addresses that a document may hold: those of the web, and other documents of the library.
_LINK = re.compile(r"(?i:https?|mailto|tel):\S+|(?:case|faq|policy)(?:-[a-z0-9]+)+(?:#[a-z0-9]+)?")
_SENTENCE_END = re.compile(r"[。；！？.;!?：:，,、]$")


@dataclass(frozen=True)
class Span:
    """A run of text in one style.

    Attributes:
        text: as it is read.
        bold: whether it stands out.
        link: where it leads; empty when nowhere.
    """

    text: str
    bold: bool = False
    link: str = ""


@dataclass(frozen=True)
class Block:
    """A heading, a paragraph, an item of a list, a quotation, code or a table.

    Attributes:
        kind: which of them.
        spans: its text; lines end with LF. Of a table the links whose addresses no cell holds.
        level: of a heading from 1, of an item from 0.
        number: of an item in a numbered list; 0 in others.
        rows: of a table, cells as plain text.
    """

    kind: BlockKind
    spans: tuple[Span, ...] = ()
    level: int = 0
    number: int = 0
    rows: Rows = ()

    @property
    def text(self) -> str:
        """Its plain text."""
        if self.rows:
            return "\n".join("\t".join(row) for row in self.rows)
        return "".join(span.text for span in self.spans).strip()

    @property
    def bold(self) -> bool:
        """Whether all of it stands out."""
        return bool(self.text) and all(span.bold for span in self.spans if span.text.strip())


@dataclass(frozen=True)
class Entry:
    """What may become one document.

    Attributes:
        place: where in the file it stands, for people: ``第 3 行``; empty for the whole file.
        title: its title where the source names one.
        fields: names and values beside the text.
        blocks: its text.
        faq: the source says that it is a question with its answer.
        page: of a knowledge base; a FAQ entry unless its names say otherwise.
        aside: what stands around the text: headers of pages, notes about pictures.
    """

    place: str = ""
    title: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    blocks: tuple[Block, ...] = ()
    faq: bool = False
    page: bool = False
    aside: tuple[str, ...] = ()


@dataclass
class Converted:
    """What a file gave.

    Attributes:
        entries: what may become documents.
        left_out: what belongs to none of them, for the report.
    """

    entries: list[Entry] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def paragraph(text: str) -> Block:
    """A paragraph of plain text."""
    return Block("paragraph", (Span(text),))


def from_lines(text: str) -> tuple[Block, ...]:
    """Plain text → a paragraph a line; lines that begin like items become items."""
    return tuple(_line(line.strip()) for line in text.splitlines() if line.strip())


def _line(line: str) -> Block:
    if item := re.match(r"[-•●·*]\s+(.+)", line):
        return Block("item", (Span(item[1]),))
    if item := re.match(r"([1-9]\d?)[.．]\s*(?=\D)(.+)", line):
        return Block("item", (Span(item[2]),), number=int(item[1]))
    return paragraph(line)


def shifted(block: Block, start: int) -> Block:
    """A block without the first characters of its text."""
    spans = []
    left = (
        start
        + len("".join(s.text for s in block.spans))
        - len("".join(s.text for s in block.spans).lstrip())
    )
    for span in block.spans:
        kept = span.text[left:] if left < len(span.text) else ""
        left = max(0, left - len(span.text))
        if kept:
            spans.append(Span(kept, span.bold, span.link))
    if spans:
        spans[0] = Span(spans[0].text.lstrip(), spans[0].bold, spans[0].link)
    kind: BlockKind = "paragraph" if block.kind == "heading" else block.kind
    return Block(kind, tuple(spans), block.level, block.number)


def lost_links(blocks: Iterable[Block]) -> Iterator[str]:
    """The words and addresses of links that a document cannot hold, such as ``index.php?id=1``."""
    for block in blocks:
        for span in _joined(block.spans):
            address = clean(span.link).strip()
            held = _LINK.fullmatch(address) and not block.rows
            if address and not address.startswith("#") and not held:
                yield f"链接“{span.text.strip()}”指向 {address}"


def clean(text: str) -> str:
    """Text without characters that nobody can see; they become spaces or nothing."""
    return "".join(_visible(c) for c in text.replace("\r\n", "\n").replace("\r", "\n"))


def cleaned(entry: Entry) -> Entry:
    """An entry without such characters."""
    return Entry(
        clean(entry.place),
        clean(entry.title),
        tuple((clean(name), clean(value)) for name, value in entry.fields),
        tuple(
            replace(
                block,
                spans=tuple(replace(span, text=clean(span.text)) for span in block.spans),
                rows=tuple(tuple(map(clean, row)) for row in block.rows),
            )
            for block in entry.blocks
        ),
        entry.faq,
        entry.page,
        tuple(map(clean, entry.aside)),
    )


def _visible(character: str) -> str:
    if character in "\n":
        return character
    category = unicodedata.category(character)
    if character == "\t" or category in ("Zs", "Zl", "Zp"):
        return character if character in " \u3000" else " "
    if category in ("Cc", "Cf", "Cs", "Cn"):
        return "" if category == "Cf" else " "
    return character


def escaped(text: str) -> str:
    """Plain text → Markdown that shows the same; what looks like HTML gets other brackets."""
    text = re.sub(r"[\\`\[\]]", r"\\\g<0>", clean(text))
    text = re.sub(r"(?<!\*)\*{1,2}(?!\*)", lambda match: r"\*" * len(match[0]), text)
    text = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\_", text)
    return re.sub(r"<(?=[/!?A-Za-z])([^<>\n]*)>?", r"〈\1〉", text)


def to_markdown(blocks: Iterable[Block], top: int = TOP_LEVEL) -> str:
    """Blocks → the Markdown of a section.

    Args:
        blocks: in order.
        top: the level that the highest heading among them gets.
    """
    known = list(blocks)
    levels = sorted({block.level for block in known if block.kind == "heading"})
    parts: list[str] = []
    before: Block | None = None
    for block in known:
        text = _block(block, top, levels)
        if not text:
            continue
        if before and before.kind == block.kind == "item":
            parts[-1] += "\n" + text
        else:
            parts.append(text)
        before = block
    return "\n\n".join(parts)


def _block(block: Block, top: int, levels: Sequence[int]) -> str:
    if block.kind in ("table", "code"):
        return _table(block.rows) if block.kind == "table" else _code(block.text)
    text = inline(block.spans)
    lines = [_start(line) for line in text.split("\n")] if text else []
    if lines and block.kind == "heading":
        level = min(top + levels.index(block.level), _BOTTOM_LEVEL)
        return f"{'#' * level} {' '.join(lines).replace('**', '')}"
    if lines and block.kind == "item":
        mark = f"{block.number}. " if block.number else "- "
        return "  " * block.level + mark + " ".join(lines)
    if block.kind == "quote":
        return "\n>\n".join(f"> {line}" for line in lines if line)
    return "\n\n".join(line for line in lines if line)


def inline(spans: Iterable[Span]) -> str:
    """Runs of text → Markdown."""
    text = "".join(_span(span) for span in _joined(spans))
    return "\n".join(line.strip() for line in text.strip().split("\n"))


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """Runs of the same style as one, each within its line."""
    last: Span | None = None
    for span in spans:
        if last and (span.bold, span.link) == (last.bold, last.link):
            last = Span(last.text + span.text, last.bold, last.link)
            continue
        if last:
            yield last
        last = span
    if last:
        yield last


def _span(span: Span) -> str:
    return "\n".join(_styled(line, span) for line in clean(span.text).split("\n"))


def _styled(line: str, span: Span) -> str:
    words = escaped(line.strip())
    if not words:
        return line
    before = line[: len(line) - len(line.lstrip())]
    after = line[len(line.rstrip()) :]
    if span.link and _LINK.fullmatch(span.link) and span.link != line.strip():
        address = re.sub(r"[()<>\"'\s\\\[\]*_`|]", lambda m: f"%{ord(m[0]):02X}", span.link)
        words = f"[{words}]({address})"
    if span.bold and "*" not in words:
        words = f"**{words}**"
    return before + words + after


def _start(line: str) -> str:
    """A line whose first characters begin no heading, list, quotation or table."""
    line = re.sub(r"^[#＃﹟]", r"\#", line)
    line = re.sub(r"^(?:[>+-](?=\s|$|[-=>])|[>|~])", r"\\\g<0>", line)
    line = re.sub(r"^=", "＝", line)
    # Numbers that were typed go on as numbers of a list; years do not.
    return re.sub(r"^(0\d*|\d{3,})\.(?=\s|$)", r"\1\\.", line)


def _table(rows: Rows) -> str:
    kept = [row for row in rows if any(cell.strip() for cell in row)]
    width = max((len(row) for row in kept), default=0)
    if width <= 1:
        texts = [paragraph(cell) for row in kept for cell in row]
        return to_markdown(texts)
    lines = [" | ".join(_cell(cell) for cell in (*row, *[""] * (width - len(row)))) for row in kept]
    lines.insert(1, " | ".join(["---"] * width))
    return "\n".join(f"| {line} |" for line in lines)


def _cell(text: str) -> str:
    lines = [line.strip() for line in clean(text).split("\n") if line.strip()]
    joined = ""
    for line in lines:
        gap = "" if not joined else " " if _SENTENCE_END.search(joined) else "；"
        joined += gap + line
    return escaped(joined).replace("|", "\\|")


def _code(text: str) -> str:
    lines = clean(text).strip("\n")
    if "```" in lines:
        return to_markdown(from_lines(lines))
    return f"```\n{lines}\n```" if lines.strip() else ""


def to_plain(entry: Entry) -> dict[str, Any]:
    """An entry as JSON can hold it."""
    return {
        "place": entry.place,
        "title": entry.title,
        "fields": entry.fields,
        "faq": entry.faq,
        "page": entry.page,
        "aside": entry.aside,
        "blocks": [
            [
                block.kind,
                [[span.text, span.bold, span.link] for span in block.spans],
                block.level,
                block.number,
                block.rows,
            ]
            for block in entry.blocks
        ],
    }


def from_plain(values: dict[str, Any]) -> Entry:
    """The entry that :func:`to_plain` wrote."""
    return Entry(
        place=values["place"],
        title=values["title"],
        fields=tuple((name, value) for name, value in values["fields"]),
        faq=values["faq"],
        page=values["page"],
        aside=tuple(values["aside"]),
        blocks=tuple(
            Block(
                kind,
                tuple(Span(*span) for span in spans),
                level,
                number,
                tuple(tuple(row) for row in rows),
            )
            for kind, spans, level, number, rows in values["blocks"]
        ),
    )
