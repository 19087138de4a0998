"""HTML → blocks of text, read once from start to end whatever its nesting."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser

from casebook.importing.blocks import Block, BlockKind, Span
from casebook.importing.vocabulary import meanings

_SILENT = {"script", "style"}
_BREAKS = set(
    "address article aside blockquote body caption dd details div dl dt fieldset figcaption figure"
    " footer form header hr html legend li main nav ol option p pre section summary ul".split()
)
# What stands around the text of a page.
_AROUND = {"nav", "header", "footer", "aside"}
_BOLD = {"strong", "b"}
_ADDRESS = re.compile("https?://", re.IGNORECASE)
_MAX_SPAN = 50
_MAX_DEPTH = 6


def read_html(text: str) -> tuple[list[Block], list[str], str]:
    """HTML as blocks.

    Args:
        text: a page, or a part of one.

    Returns:
        The blocks, a line for each picture that was left out, and the page's title.
    """
    reader = _Reader()
    reader.feed(text)
    reader.close()
    reader.finish()
    return reader.blocks, reader.pictures, " ".join(reader.title.split())


@dataclass(frozen=True)
class WebPage:
    """A page as its readers see it.

    Attributes:
        title: its first ``h1``, else what the browser's tab says.
        blocks: its text, from the title on.
        around: what stands before it and around it.
        pictures: a line for each that was left out.
    """

    title: str
    blocks: list[Block]
    around: list[str]
    pictures: list[str]


def read_web_page(text: str) -> WebPage:
    """A page whose navigation, header and footer are no text of it.

    Args:
        text: the whole page.
    """
    reader = _Reader(apart=True)
    reader.feed(text)
    reader.close()
    reader.finish()
    blocks, around = (reader.blocks or reader.around), reader.around
    around = around if reader.blocks else []
    start = next((i for i, block in enumerate(blocks) if _is_title(block)), None)
    heads = [block.text for block in (*blocks[start:], *around) if _is_title(block)]
    tab = " ".join(reader.title.split())
    title = next((" ".join(head.split()) for head in heads), tab)
    before = blocks[:start] if start else []
    words = [
        f"网页上的其他文字：{block.text}" for block in (*before, *around) if block.text != title
    ]
    if tab not in ("", title):
        words.append(f"网页标题：{tab}")
    return WebPage(title, blocks[start or 0 :], words, reader.pictures)


def _is_title(block: Block) -> bool:
    return block.kind == "heading" and block.level == 1 and not meanings(block.text)


def picture_notes(pictures: list[str]) -> list[str]:
    """The note about pictures that were left out."""
    return [f"图片没有导入，共 {len(pictures)} 张：{'、'.join(pictures)}"] if pictures else []


class _Reader(HTMLParser):
    """Collects blocks while the parser goes through the page."""

    def __init__(self, *, apart: bool = False) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        # What stands in the elements around the text, where that is read apart.
        self.around: list[Block] = []
        self._apart = apart
        self._depth = 0
        self.pictures: list[str] = []
        self.title = ""
        self._spans: list[Span] = []
        self._silent = 0
        self._in_title = False
        self._heading = 0
        self._bold = 0
        self._links: list[str] = []
        self._lists: list[int] = []
        self._item = False
        self._quotes = 0
        self._pre = 0
        self._table = _Table()
        self._cell_links: list[Span] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Opens an element."""
        if tag == "title":
            self._in_title = not self.title
        if tag in _SILENT:
            self._silent += 1
        elif not self._silent:
            self._open(tag, dict(attrs))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that closes itself; only of some kinds may it, as browsers see it."""
        if tag not in _SILENT:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Closes an element."""
        if tag == "title":
            self._in_title = False
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif not self._silent:
            self._close(tag)

    def handle_data(self, data: str) -> None:
        """Text."""
        if self._in_title:
            self.title += data
        elif not self._silent:
            text = data if self._pre else re.sub(r"[ \t\r\n\f]+", " ", data)
            self._add(text)

    def finish(self) -> None:
        """Ends what was left open."""
        while self._table.depth:
            self._end_table()
        self._flush()

    def _add(self, text: str) -> None:
        link = self._links[-1] if self._links else ""
        self._spans.append(Span(text, bool(self._bold), link))

    def _open(self, tag: str, attrs: dict[str, str | None]) -> None:
        if tag == "br":
            self._add("\n")
        elif tag == "img":
            self._picture(attrs)
        elif tag in _BOLD:
            self._bold += 1
        elif tag == "a":
            self._links.append(attrs.get("href") or "")
        elif tag in ("table", "tr", "td", "th"):
            self._open_table(tag, attrs)
        elif re.fullmatch("h[1-6]", tag):
            self._flush()
            self._heading = int(tag[1])
        elif tag in _BREAKS:
            self._flush()
            self._open_block(tag, attrs)

    def _open_block(self, tag: str, attrs: dict[str, str | None]) -> None:
        if tag in _AROUND:
            self._depth += 1
        elif tag == "main":
            self._depth = 0
        elif tag in ("ul", "ol"):
            start = attrs.get("start") or "1"
            number = int(start) if re.fullmatch(r"\d{1,6}", start, re.ASCII) else 1
            self._lists.append(number if tag == "ol" else 0)
        elif tag == "li":
            self._item = True
        elif tag == "blockquote":
            self._quotes += 1
        elif tag == "pre":
            self._pre += 1

    def _close(self, tag: str) -> None:
        if tag in _BOLD:
            self._bold = max(0, self._bold - 1)
        elif tag == "a":
            del self._links[-1:]
        elif tag in ("td", "th", "tr", "table"):
            self._close_table(tag)
        elif re.fullmatch("h[1-6]", tag) or tag in _BREAKS:
            self._flush()
            self._close_block(tag)

    def _close_block(self, tag: str) -> None:
        if tag in _AROUND:
            self._depth = max(0, self._depth - 1)
        elif tag in ("ul", "ol"):
            del self._lists[-1:]
        elif tag == "li":
            self._item = False
        elif tag == "blockquote":
            self._quotes = max(0, self._quotes - 1)
        elif tag == "pre":
            self._pre = max(0, self._pre - 1)
        self._heading = 0

    def _picture(self, attrs: dict[str, str | None]) -> None:
        words = " ".join((attrs.get("alt") or attrs.get("title") or "").split())
        self.pictures.append(words or "没有说明的图片")

    def _flush(self) -> None:
        """Ends the block that is being read."""
        spans, self._spans = tuple(self._spans), []
        if not "".join(span.text for span in spans).strip():
            return
        if self._table.in_cell:
            text = "".join(span.text for span in spans) + _addresses(spans)
            self._table.add(text, item=self._item)
            self._cell_links += [span for span in spans if not _ADDRESS.match(span.link)]
            self._item = False
            return
        self._keep(self._block(spans))
        self._item = False

    def _keep(self, block: Block) -> None:
        (self.around if self._apart and self._depth else self.blocks).append(block)

    def _block(self, spans: tuple[Span, ...]) -> Block:
        kind: BlockKind = "paragraph"
        level = number = 0
        if self._heading:
            kind, level = "heading", self._heading
        elif self._pre:
            kind = "code"
        elif self._lists:
            kind, level = "item", min(len(self._lists) - 1, _MAX_DEPTH)
            number = self._lists[-1]
            if number and self._item:
                self._lists[-1] += 1
            elif not self._item:
                # A further paragraph of an item.
                kind, number = "paragraph", 0
        elif self._quotes:
            kind = "quote"
        return Block(kind, spans, level if kind in ("heading", "item") else 0, number)

    def _open_table(self, tag: str, attrs: dict[str, str | None]) -> None:
        self._flush()
        if tag == "table":
            self._table.depth += 1
        elif self._table.depth == 1 and tag == "tr":
            self._table.row()
        elif self._table.depth == 1:
            self._table.cell(_span(attrs.get("colspan")), _span(attrs.get("rowspan")))

    def _close_table(self, tag: str) -> None:
        self._flush()
        if tag == "table":
            self._end_table()
        elif self._table.depth == 1 and tag != "tr":
            self._table.in_cell = False

    def _end_table(self) -> None:
        self._flush()
        rows = self._table.end()
        if any(any(row) for row in rows):
            links = tuple(span for span in self._cell_links if span.link)
            self._keep(Block("table", links, rows=rows))
            self._cell_links = []


def _addresses(spans: Iterable[Span]) -> str:
    """Where the links of a cell lead on the web; the cell holds plain text only."""
    links = dict.fromkeys(span.link for span in spans if _ADDRESS.match(span.link))
    words = "".join(span.text for span in spans)
    return "".join(f"（{one}）" for one in links if one not in words)


class _Table:
    """The rows of a table; a table inside a cell is text of that cell."""

    def __init__(self) -> None:
        self.depth = 0
        self.in_cell = False
        self._rows: list[list[list[str]]] = []
        # Columns that cells of rows above still take: column → rows left.
        self._taken: dict[int, int] = {}

    def row(self) -> None:
        """Begins a row."""
        self.in_cell = False
        self._taken = {column: left - 1 for column, left in self._taken.items() if left > 1}
        self._rows.append([])

    def cell(self, columns: int, rows: int) -> None:
        """Begins a cell."""
        if not self._rows:
            self.row()
        self._fill()
        row = self._rows[-1]
        if rows > 1:
            self._taken.update({len(row) + i: rows for i in range(columns)})
        row.extend([] for _ in range(columns))
        self._column = len(row) - columns
        self.in_cell = True

    def add(self, text: str, *, item: bool) -> None:
        """Text of the cell."""
        lines = [" ".join(line.split()) for line in text.split("\n")]
        mark = "- " if item else ""
        self._rows[-1][self._column].extend(mark + line for line in lines if line)

    def end(self) -> tuple[tuple[str, ...], ...]:
        """Ends the innermost table; the rows of the outermost one, nothing for others."""
        self.depth = max(0, self.depth - 1)
        if self.depth:
            return ()
        rows = tuple(tuple("\n".join(cell) for cell in row) for row in self._rows)
        self.in_cell = False
        self._rows, self._taken = [], {}
        return rows

    def _fill(self) -> None:
        row = self._rows[-1]
        while len(row) in self._taken:
            row.append([])


def _span(value: str | None) -> int:
    if value and re.fullmatch(r"\d{1,4}", value, re.ASCII):
        return max(1, min(int(value), _MAX_SPAN))
    return 1
