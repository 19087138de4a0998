"""Excel and CSV → entries: an entry a row below a row of names, else the sheet as a form."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from casebook.importing.blocks import Block, Converted, Entry, lost_links
from casebook.importing.encodings import decode
from casebook.importing.limits import MAX_CELLS, Unreadable
from casebook.importing.packages import check_package, part_texts
from casebook.importing.vocabulary import meanings
from casebook.importing.webpages import read_html

Row = list[str]
_BESIDE = {"xl/comments": "批注", "xl/threadedComments": "批注", "xl/drawings/": "图形里的文字"}
_HEADER_ROWS = 15
_LEAST_NAMES = 2
_EXAMPLE = re.compile(
    r"[【（(]?(?:必填|选填|填写说明|说明[:：]|示例[:：]|例如|请填写|不能为空|注[:：])"
)
_HTML = re.compile(
    r"</?(?:p|br|div|span|a|b|strong|em|i|u|font|ul|ol|li|table|img|h[1-6])\b[^<>]*>", re.IGNORECASE
)
_ADDRESS = re.compile("https?://", re.IGNORECASE)
# As casebook.exporting.sheet writes it.
_GUARDED = re.compile(r"''*\s*[=+\-@＝＋－＠\t\r]")
_DELIMITERS = (",", "\t", ";", "|")


def read_package(file: Path) -> Converted:
    """An Excel file of today; what stands in comments and shapes goes to the report."""
    parts = check_package(file, "xl/workbook.xml", "Excel")
    found = read_workbook(file)
    for part in parts:
        label = next((name for start, name in _BESIDE.items() if part.startswith(start)), "")
        if label and part.endswith(".xml"):
            found.left_out += [f"{label}：{words}" for words in part_texts(file, part)]
    return found


def read_workbook(file: Path) -> Converted:
    """An Excel file of any age."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError  # noqa: PLC0415

    try:
        workbook = CalamineWorkbook.from_path(str(file))
        sheets = [(name, _sheet_rows(workbook, name)) for name in workbook.sheet_names]
    except PasswordError:
        raise Unreadable("文件有密码；在 Excel 里去掉密码另存一份，再导入。") from None
    except CalamineError as error:
        raise Unreadable(
            f"不是完好的 Excel 文件（{error}）；用 Excel 打开，另存一份再导入。"
        ) from None
    return _entries(sheets)


def read_csv(file: Path) -> Converted:
    """A CSV file."""
    text = decode(file.read_bytes(), "CSV")
    first = text.lstrip("\n").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    csv.field_size_limit(MAX_CELLS)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise Unreadable(
            f"不是完好的 CSV（{error}）；多半是引号没有成对，用 Excel 打开后另存为 .xlsx 再导入。"
        ) from None
    if sum(map(len, rows)) > MAX_CELLS:
        raise Unreadable(f"超过 {MAX_CELLS} 格；删掉空的列，或拆成几个文件。")
    return _entries([("", [[unguarded(cell) for cell in row] for row in rows])])


def unguarded(cell: str) -> str:
    """A cell without the ``'`` that keeps spreadsheets from taking a text for a formula."""
    return cell[1:] if _GUARDED.match(cell) else cell


def _sheet_rows(workbook: object, name: str) -> list[Row]:
    sheet = workbook.get_sheet_by_name(name)  # type: ignore[attr-defined]
    if sheet.total_height * sheet.total_width > MAX_CELLS:
        raise Unreadable(
            f"工作表“{name}”有 {sheet.total_height} 行 {sheet.total_width} 列，"
            f"超过 {MAX_CELLS} 格；删掉空的行和列，或拆成几个文件。"
        )
    rows = [[_cell(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if left == right:
            for row in range(top + 1, min(bottom + 1, len(rows))):
                rows[row][left] = rows[row][left] or rows[top][left]
    return rows


def _cell(value: object) -> str:
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d}" if value.time() == dt.time() else f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).replace("\r\n", "\n").replace("\r", "\n").replace("_x000D_", "")


def _entries(sheets: Sequence[tuple[str, list[Row]]]) -> Converted:
    found = Converted()
    headed = {name: _header(rows) for name, rows in sheets}
    lists = any(header is not None for header in headed.values())
    for name, rows in sheets:
        place = f"工作表“{name}”" if len(sheets) > 1 else ""
        header = headed[name]
        if header is not None:
            _list_entries(place, rows, header, found)
        elif any(any(row) for row in rows):
            table = Block("table", rows=tuple(tuple(row) for row in rows))
            if lists:
                found.left_out.append(f"{place}不是知识列表，没有导入：{_excerpt(rows)}")
            else:
                found.entries.append(Entry(place=place, blocks=(table,)))
    return found


def _header(rows: Sequence[Row]) -> int | None:
    """The row that names the columns: it has most known names, a title among them."""
    best, most = None, _LEAST_NAMES - 1
    for number, row in enumerate(rows[:_HEADER_ROWS]):
        known = [meanings(cell) for cell in row if cell.strip()]
        titled = any(m.key == "title" for found in known for m in found)
        filled = any(m.section or m.key == "similar" for found in known for m in found)
        count = sum(bool(found) for found in known)
        if titled and filled and count > most:
            best, most = number, count
    return best


def _list_entries(place: str, rows: list[Row], header: int, found: Converted) -> None:
    names = [name.strip() for name in rows[header]]
    found.left_out += [f"{place}第 {n} 行：{_excerpt([r])}" for n, r in _above(rows, header)]
    title = next(i for i, name in enumerate(names) if any(m.key == "title" for m in meanings(name)))
    group: list[tuple[int, Row]] = []
    for number, row in enumerate(rows[header + 1 :], header + 2):
        cells = [*row, *[""] * (len(names) - len(row))]
        if not any(cell.strip() for cell in cells):
            continue
        if _EXAMPLE.match(cells[title].strip()):
            found.left_out.append(f"{place}第 {number} 行是填写说明：{_excerpt([cells])}")
            continue
        if group and not _continues(names, title, group[-1][1], cells):
            found.entries.append(_row_entry(place, names, title, group))
            group = []
        group.append((number, cells))
    if group:
        found.entries.append(_row_entry(place, names, title, group))


def _above(rows: list[Row], header: int) -> Iterator[tuple[int, Row]]:
    for number, row in enumerate(rows[:header], 1):
        if any(cell.strip() for cell in row):
            yield number, row


def _continues(names: Row, title: int, before: Row, cells: Row) -> bool:
    """Whether a row only adds to the entry above: no title or the same, no other answer."""
    if cells[title].strip() not in ("", before[title].strip()):
        return False
    for index, name in enumerate(names):
        answers = any(m.section for m in meanings(name))
        if answers and cells[index].strip() not in ("", before[index].strip()):
            return not cells[title].strip()
    return True


def _row_entry(place: str, names: Row, title: int, group: list[tuple[int, Row]]) -> Entry:
    """One entry from its rows; what a further row repeats counts once."""
    first, last = group[0][0], group[-1][0]
    where = f"第 {first} 行" if first == last else f"第 {first}–{last} 行"
    fields: list[tuple[str, str]] = []
    lost: dict[str, None] = {}
    for _, cells in group:
        for index, cell in enumerate(cells):
            name = names[index] if index < len(names) else ""
            words, links = _plain(cell.strip())
            field = (name or f"第 {index + 1} 列", words)
            lost |= dict.fromkeys(links)
            if index != title and field[1] and field not in fields:
                fields.append(field)
    faq = not any(m.section and m.kind == "case" for name in names for m in meanings(name))
    words = next((cells[title].strip() for _, cells in group if cells[title].strip()), "")
    return Entry(f"{place}{where}", words, tuple(fields), faq=faq, aside=tuple(lost))


def _plain(cell: str) -> tuple[str, list[str]]:
    """A cell's text, of HTML where a platform keeps answers so, and the links that it lost."""
    if not _HTML.search(cell):
        return cell, []
    blocks, pictures, _ = read_html(cell)
    lines = [_plain_line(block) for block in blocks]
    lines += [f"（图片：{words}，没有导入）" for words in pictures]
    return "\n".join(lines), list(lost_links(blocks))


def _plain_line(block: Block) -> str:
    links = [span.link for span in block.spans if _ADDRESS.match(span.link)]
    mark = f"{block.number}. " if block.number else "- " if block.kind == "item" else ""
    return mark + block.text + "".join(f"（{link}）" for link in dict.fromkeys(links))


def _excerpt(rows: Sequence[Row]) -> str:
    return " ".join(cell for row in rows for cell in row if cell.strip())
