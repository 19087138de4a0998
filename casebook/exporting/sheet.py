"""A View → the table of questions and answers that bot platforms import, as XLSX or CSV.

Only what holds on the view's day is in it: a bot reads no dates.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from casebook.documents import Faq, Kind, Standing
from casebook.library import View
from casebook.markup import plain_text

# Each column and how many characters wide it is.
COLUMNS = {
    "分类": 18,
    "标准问": 32,
    "相似问": 40,
    "答案": 72,
    "生效时间": 12,
    "失效时间": 12,
    "标签": 16,
    "编号": 28,
}
# What one cell of Excel holds, in UTF-16 code units.
MAX_CELL = 32767
# A spreadsheet takes a cell that begins so for a formula; in some languages also the wide forms.
_FORMULA = re.compile(r"'*\s*[=+\-@＝＋－＠\t\r]")
# What XML cannot carry; it comes into titles by escapes in YAML.
_NOT_XML = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]")

Row = tuple[str | date, ...]
Written = tuple[int, list[str]]


def write_xlsx(view: View, file: BinaryIO) -> Written:
    """Writes the table as a workbook.

    Every text is written as text, so that no formula can come of it.

    Args:
        view: whose questions and answers.
        file: where to, open for bytes.

    Returns:
        How many rows it has, and the ids of entries that are not in it because a text is longer
        than a cell.
    """
    rows, too_long = _fitting(view)
    book = Workbook(write_only=True)
    book.properties.creator = view.settings.library.company
    book.properties.title = view.audience.title
    book.properties.created = datetime.combine(view.on, time())
    sheet = book.create_sheet(Kind.FAQ.label)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}{len(rows) + 1}"
    for number, width in enumerate(COLUMNS.values(), 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    head = [WriteOnlyCell(sheet, name) for name in COLUMNS]
    for cell in head:
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="0B6660")
        cell.alignment = Alignment(vertical="center")
    sheet.append(head)
    layout = Alignment(vertical="top", wrap_text=True)
    for row in rows:
        cells = [_cell(sheet, value) for value in row]
        for cell in cells:
            cell.alignment = layout
        sheet.append(cells)
    book.save(file)
    return len(rows), too_long


def _cell(sheet: Any, value: str | date) -> Any:
    """A cell with a date, or with text that is no formula."""
    if isinstance(value, date):
        cell = WriteOnlyCell(sheet, datetime.combine(value, time()))
        cell.number_format = "yyyy-mm-dd"
        return cell
    cell = WriteOnlyCell(sheet, value or None)
    if _FORMULA.match(value):
        cell.data_type = "s"
        # Stays text also when somebody edits the cell.
        cell.quotePrefix = True
    return cell


def write_csv(view: View, file: BinaryIO) -> Written:
    """Writes the table as CSV as Excel in China reads it: UTF-8 with a mark, CRLF.

    Args:
        view: whose questions and answers.
        file: where to, open for bytes.

    Returns:
        How many rows it has, and the ids of entries that are not in it because a text is longer
        than a cell.
    """
    rows, too_long = _fitting(view)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([guarded(str(value)) for value in row] for row in rows)
    text.detach()
    return len(rows), too_long


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula: one quotation mark before it where needed.

    To get the text back, take one ``'`` off wherever what follows it would be guarded, too. No
    two texts become the same.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def _fitting(view: View) -> tuple[list[Row], list[str]]:
    """The rows, and the ids of entries with a text that is too long for a cell."""
    rows: list[Row] = []
    too_long = []
    for row in _rows(view):
        if any(isinstance(v, str) and _units(guarded(v)) > MAX_CELL for v in row):
            too_long.append(str(row[-1]))
        else:
            rows.append(row)
    return rows, too_long


def _rows(view: View) -> Iterator[Row]:
    """A row an entry that holds, by subject."""
    order = {path: number for number, path in enumerate(view.settings.taxonomy.subject_paths)}
    entries = [one for one in view.documents if isinstance(one, Faq)]
    for entry in sorted(entries, key=lambda one: (order[one.subject], one.id)):
        answer = entry.section("answer")
        if answer is None or entry.standing(view.on) is not Standing.CURRENT:
            continue
        texts = (
            entry.subject,
            _line(entry.title),
            "\n".join(map(_line, entry.similar)),
            _NOT_XML.sub("", plain_text(answer.html)),
        )
        dates = (entry.effective_from, entry.effective_until or "")
        yield (*texts, *dates, "；".join(map(_line, entry.tags)), entry.id)


def _line(text: str) -> str:
    return " ".join(_NOT_XML.sub(" ", text).split())


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
