"""PDF → blocks: lines from where their characters stand, paragraphs and headings from the lines."""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casebook.importing.blocks import Block, Converted, Entry, Span
from casebook.importing.limits import MAX_PAGES, Unreadable
from casebook.importing.vocabulary import meanings

_NUMBER_LINE = re.compile(
    r"[-—–\s]*(?:第\s*)?\d{1,4}(?:\s*页)?(?:\s*[/／共,，]\s*(?:共\s*)?\d{1,4}\s*页?)?[-—–\s]*"
)
# What begins a paragraph however the line before ended.
_STARTS = re.compile(
    r"第[零一二三四五六七八九十百千\d]+[条章节]|[（(]?[一二三四五六七八九十\d]{1,3}[)）、.．]|[-•●·]|.{1,8}[:：]"
)
_LATIN = re.compile(r"[A-Za-z0-9,.;:]$")
_GAP = "\ue000"
_WIDE = "[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]"
_CELL_GAP = 1.0
_LEAST_ROWS = 2
_REPEATED = 0.6
_LARGER = 1.15
_HEADING_LENGTH = 60
_HEADING_LEVELS = 3


# A character, its left, right, bottom and top edge, and its size.
_Character = tuple[str, float, float, float, float, float]


@dataclass(frozen=True)
class _Line:
    """A line of a page: its text and where it stands, in points from the lower left corner.

    Attributes:
        cells: its parts where wide gaps divide it, as the cells of a table are.
    """

    text: str
    cells: tuple[str, ...]
    left: float
    right: float
    top: float
    bottom: float
    size: float
    page: int


def read_pdf(file: Path) -> Converted:
    """A PDF that holds text."""
    import pypdfium2  # noqa: PLC0415

    try:
        document = pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise Unreadable("PDF 有密码；去掉密码另存一份，再导入。") from None
        raise Unreadable("不是完好的 PDF；重新下载或另存一份，再导入。") from None
    if len(document) > MAX_PAGES:
        raise Unreadable(f"PDF 有 {len(document)} 页，超过 {MAX_PAGES} 页；拆开再导入。")
    pages, pictures = [], 0
    links: list[str] = []
    for number in range(len(document)):
        page = document[number]
        pages.append(list(_lines(page, number)))
        links += _links(document, page)
        pictures += sum(1 for _ in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]))
    lines, left_out = _without_margins(pages)
    if not lines:
        raise Unreadable("PDF 里没有文字，多半是扫描件；先做文字识别（OCR），再导入。")
    empty = "、".join(str(number) for number, page in enumerate(pages, 1) if not page)
    if empty:
        left_out.append(f"第 {empty} 页没有文字，可能是扫描的图片")
    aside = [*dict.fromkeys(links), *([f"图片没有导入，共 {pictures} 张"] if pictures else [])]
    return Converted([Entry(blocks=tuple(_blocks(lines)), aside=tuple(aside))], left_out)


def _links(document: Any, page: Any) -> Iterator[str]:
    """The words of a page's links, and their addresses, which the text does not show."""
    from pypdfium2 import raw  # noqa: PLC0415

    text_page = page.get_textpage()
    position, link, box = ctypes.c_int(), raw.FPDF_LINK(), raw.FS_RECTF()
    while raw.FPDFLink_Enumerate(page, ctypes.byref(position), ctypes.byref(link)):
        action = raw.FPDFLink_GetAction(link)
        size = raw.FPDFAction_GetURIPath(document, action, None, 0) if action else 0
        if not size or not raw.FPDFLink_GetAnnotRect(link, ctypes.byref(box)):
            continue
        address = ctypes.create_string_buffer(size)
        raw.FPDFAction_GetURIPath(document, action, address, size)
        words = text_page.get_text_bounded(box.left, box.bottom, box.right, box.top)
        target = address.value.decode("utf-8", "replace")
        if target and target not in words:
            yield f"链接“{' '.join(words.split())}”指向 {target}"


def _lines(page: Any, number: int) -> Iterator[_Line]:
    from pypdfium2 import raw  # noqa: PLC0415

    text_page = page.get_textpage()
    run: list[_Character] = []
    box = [ctypes.c_double() for _ in range(4)]
    for index in range(text_page.count_chars()):
        character = chr(raw.FPDFText_GetUnicode(text_page, index))
        if character in "\r\n":
            yield from _line(run, number)
            run = []
            continue
        if raw.FPDFText_IsGenerated(text_page, index) == 1:
            # A space of no width in the file: a gap, which may stand beside Chinese characters.
            run.append((_GAP, 0.0, 0.0, 0.0, 0.0, 0.0))
            continue
        raw.FPDFText_GetCharBox(text_page, index, *(ctypes.byref(value) for value in box))
        left, right, bottom, top = (value.value for value in box)
        size = raw.FPDFText_GetFontSize(text_page, index)
        run.append((character, left, right, bottom, top, size))
    yield from _line(run, number)


def _line(run: list[_Character], page: int) -> Iterator[_Line]:
    text = _text(run)
    solid = [part for part in run if part[0].strip() and part[0] != _GAP]
    if not text or not solid:
        return
    yield _Line(
        text,
        tuple(_cells(run)),
        min(part[1] for part in solid),
        max(part[2] for part in solid),
        max(part[4] for part in solid),
        min(part[3] for part in solid),
        Counter(round(part[5], 1) for part in solid).most_common(1)[0][0],
        page,
    )


def _cells(run: list[_Character]) -> Iterator[str]:
    """The parts of a line between which there is room for more than a character."""
    part: list[_Character] = []
    right = 0.0
    for character in run:
        solid = character[0].strip() and character[0] != _GAP
        if part and solid and character[1] - right > _CELL_GAP * character[5]:
            yield _text(part)
            part = []
        part.append(character)
        right = character[2] if solid else right
    if part:
        yield _text(part)


def _text(run: list[_Character]) -> str:
    text = "".join(part[0] for part in run)
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = re.sub(f"(?<={_WIDE}){_GAP}|{_GAP}(?={_WIDE})", "", text).replace(_GAP, " ")
    # A hyphen at the end of a line comes as U+FFFE.
    return re.sub(r"[ \t\xa0\x00]+", " ", text.replace("\ufffe", "-")).strip()


def _without_margins(pages: list[list[_Line]]) -> tuple[list[_Line], list[str]]:
    """The lines without page numbers and what stands at the head or foot of most pages."""
    edges: Counter[str] = Counter()
    for lines in pages:
        edges.update({_shape(line.text) for line in _edges(lines)})
    least = max(2, _REPEATED * len(pages))
    kept: list[_Line] = []
    dropped: list[str] = []
    for lines in pages:
        margins = {
            id(line)
            for line in _edges(lines)
            if edges[_shape(line.text)] >= least or _NUMBER_LINE.fullmatch(line.text)
        }
        dropped += [line.text for line in lines if id(line) in margins]
        kept += [line for line in lines if id(line) not in margins]
    words = "、".join(dict.fromkeys(dropped))
    return kept, [f"页眉、页脚和页码：{words}"] if words else []


def _edges(lines: list[_Line]) -> list[_Line]:
    by_height = sorted(lines, key=lambda line: -line.top)
    return [*by_height[:1], *by_height[1:][-1:]]


def _shape(text: str) -> str:
    return re.sub(r"\d+", "0", text)


def _blocks(lines: list[_Line]) -> Iterator[Block]:
    weights: Counter[float] = Counter()
    for line in lines:
        weights[line.size] += len(line.text)
    body = weights.most_common(1)[0][0]
    larger = sorted({line.size for line in lines if line.size >= body * _LARGER}, reverse=True)
    right = max((line.right for line in lines if line.size == body), default=0.0)
    left = min((line.left for line in lines if line.size == body), default=0.0)
    run: list[_Line] = []
    for line in lines:
        if (
            run
            and not _same_table(run[-1], line)
            and not _goes_on(run[-1], line, left, right, heading=line.size in larger)
        ):
            yield _block(run, larger)
            run = []
        run.append(line)
    if run:
        yield _block(run, larger)


def _same_table(before: _Line, line: _Line) -> bool:
    """Whether two lines are rows of one table: as many cells, more than one."""
    return len(before.cells) == len(line.cells) > 1 and before.size == line.size


def _goes_on(before: _Line, line: _Line, left: float, right: float, *, heading: bool) -> bool:
    """Whether a line belongs to the paragraph of the line before."""
    table = len(before.cells) > 1 or len(line.cells) > 1
    if before.size != line.size or table or _STARTS.match(line.text):
        return False
    near = line.page != before.page or 0 <= before.bottom - line.top < line.size * 1.5
    if heading:
        return near and line.page == before.page
    full = before.right > right - 2.5 * line.size
    return near and full and line.left < left + line.size


def _block(run: list[_Line], larger: list[float]) -> Block:
    if len(run[0].cells) > 1 and len(run) >= _LEAST_ROWS:
        return Block("table", rows=tuple(line.cells for line in run))
    text = " ".join(run[0].cells)
    for line in run[1:]:
        text += (" " if _LATIN.search(text) and line.text[:1].isascii() else "") + line.text
    if run[0].size in larger and len(text) <= _HEADING_LENGTH:
        level = min(larger.index(run[0].size) + 1, _HEADING_LEVELS)
        return Block("heading", (Span(text),), level)
    if item := re.match(r"[-•●·▪]\s*(.+)", text):
        return Block("item", (Span(item[1]),))
    number = re.match(r"([1-9]\d?)[.．、]\s*(?=\D)(.+)", text)
    if number and not meanings(number[2]):
        return Block("item", (Span(number[2]),), number=int(number[1]))
    return Block("paragraph", (Span(text),))
