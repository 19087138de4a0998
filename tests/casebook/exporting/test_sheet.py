from __future__ import annotations

import csv
import io
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from casebook.documents import Faq, Kind, Standing
from casebook.exporting.sheet import COLUMNS, MAX_CELL, guarded, write_csv, write_xlsx
from casebook.library import View
from casebook.markup import plain_text

FORMULAS = [
    "=1+1",
    "+1+1",
    "-1-1",
    "@SUM(1,1)",
    "＝1+1",
    "'=1+1",
    '=HYPERLINK("https://x.example","看")',
    "=cmd|' /C calc'!A0",
]


def _csv(view: View) -> list[list[str]]:
    file = io.BytesIO()
    write_csv(view, file)
    return list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"), newline="")))


def _book(view: View, folder: Path) -> Path:
    path = folder / "sheet.xlsx"
    with path.open("wb") as file:
        write_xlsx(view, file)
    return path


def _titled(view: View, titles: list[str]) -> View:
    """A view with one entry for each title."""
    entry = next(one for one in view.documents if isinstance(one, Faq))
    entries = [
        entry.model_copy(update={"title": title, "id": f"faq-{number:02}"})
        for number, title in enumerate(titles)
    ]
    return replace(view, documents=tuple(entries))


def _with_formulas(view: View) -> View:
    return replace(view, documents=(*view.documents, *_titled(view, FORMULAS).documents))


def _unguarded(text: str) -> str:
    """As docs/exporting.md tells importers."""
    rest = text[1:]
    return rest if text.startswith("'") and guarded(rest) != rest else text


def test_the_workbook_holds_each_entry_that_is_valid(agent_view: View, tmp_path: Path) -> None:
    sheet = load_workbook(_book(agent_view, tmp_path)).active
    head, *rows = sheet.iter_rows(values_only=True)
    assert head == tuple(COLUMNS)
    assert sheet.title == "统一口径"
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:H{len(rows) + 1}"
    assert sheet.column_dimensions["D"].width == COLUMNS["答案"]
    assert all(cell.alignment.wrap_text for cell in sheet[2])
    valid = {
        entry.id: entry
        for entry in agent_view.documents
        if isinstance(entry, Faq) and entry.standing(agent_view.on) is Standing.CURRENT
    }
    assert {row[-1] for row in rows} == set(valid)
    assert len(rows) == len(valid) > 70
    for subject, title, similar, answer, start, end, tags, name in rows:
        entry = valid[name]
        assert (subject, title) == (entry.subject, entry.title)
        assert tuple(similar.split("\n")) == entry.similar
        assert answer == plain_text(entry.section("answer").html)
        assert start == datetime.combine(entry.effective_from, datetime.min.time())
        until = entry.effective_until
        assert end == (until and datetime.combine(until, datetime.min.time()))
        assert (tags or "") == "；".join(entry.tags)


def test_rows_follow_the_order_of_subjects(dealer_view: View) -> None:
    paths = list(dealer_view.settings.taxonomy.subject_paths)
    places = [paths.index(row[0]) for row in _csv(dealer_view)[1:]]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "dates",
    [
        {"effective_until": date(2026, 11, 21)},
        {"effective_from": date(2026, 11, 23), "effective_until": None},
    ],
    ids=["ended", "upcoming"],
)
def test_what_does_not_hold_is_not_in_it_for_agents_either(
    dates: dict[str, date], agent_view: View
) -> None:
    entry = next(one for one in agent_view.documents if isinstance(one, Faq))
    view = replace(agent_view, documents=(entry.model_copy(update=dates),))
    assert _csv(view) == [list(COLUMNS)]
    assert len(_csv(replace(agent_view, documents=(entry,)))) == 2


def test_csv_is_what_excel_in_china_reads(dealer_view: View) -> None:
    file = io.BytesIO()
    written, too_long = write_csv(dealer_view, file)
    assert (written, too_long) == (len(_csv(dealer_view)) - 1, [])
    raw = file.getvalue()
    assert raw.startswith("\ufeff".encode() + '"分类","标准问"'.encode())
    assert raw.count(b"\r\n") == written + 1
    assert b"\n" in raw.replace(b"\r\n", b"")


def test_csv_and_workbook_say_the_same(agent_view: View, tmp_path: Path) -> None:
    view = replace(
        agent_view, documents=(*agent_view.documents, *_titled(agent_view, FORMULAS).documents)
    )
    cells = [
        [str(v.date()) if isinstance(v, datetime) else str(v or "") for v in row]
        for row in load_workbook(_book(view, tmp_path)).active.iter_rows(values_only=True)
    ]
    assert [[_unguarded(value) for value in row] for row in _csv(view)] == cells


def test_no_text_becomes_a_formula_in_the_workbook(agent_view: View, tmp_path: Path) -> None:
    sheet = load_workbook(_book(_titled(agent_view, FORMULAS), tmp_path)).active
    cells = [row[1] for row in sheet.iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == FORMULAS
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.quotePrefix for cell in cells)
    plain = load_workbook(_book(_titled(agent_view, ["怎么查？"]), tmp_path)).active["B2"]
    assert not plain.quotePrefix


def test_no_cell_of_the_csv_begins_as_a_formula(agent_view: View) -> None:
    titles = [row[1] for row in _csv(_titled(agent_view, FORMULAS))[1:]]
    assert titles == [f"'{title}" for title in FORMULAS]


@given(st.text(alphabet="=+-@＝＋－＠\t\r\n '甲a1", max_size=8))
def test_the_guard_can_be_taken_off(text: str) -> None:
    shown = guarded(text)
    assert not shown.startswith(tuple("=+-@＝＋－＠\t\r"))
    assert _unguarded(shown) == text


def _xml_carries(character: str) -> bool:
    code = ord(character)
    return character in "\t\n" or 0x20 <= code < 0xD800 or (code >= 0xE000 and code & ~1 != 0xFFFE)


@settings(max_examples=40)
@given(st.text(min_size=1, max_size=20))
def test_any_title_can_be_written_and_read_again(agent_view: View, title: str) -> None:
    file = io.BytesIO()
    write_xlsx(_titled(agent_view, [title]), file)
    value = load_workbook(file).active["B2"].value
    kept = "".join(one if _xml_carries(one) else " " for one in title)
    assert (value or "").split() == kept.split()


@pytest.mark.parametrize("mark", ["\x00", "\x01", "\x0b", "\x1f", "\uffff"])
def test_marks_that_no_workbook_carries_are_left_out(
    mark: str, agent_view: View, tmp_path: Path
) -> None:
    sheet = load_workbook(_book(_titled(agent_view, [f"前{mark}后"]), tmp_path)).active
    assert sheet["B2"].value == "前 后"


def test_a_text_that_no_cell_holds_is_named_and_left_out(agent_view: View) -> None:
    wide = "😀" * (MAX_CELL // 2)  # two units each
    view = _titled(agent_view, [wide, f"{wide}甲", f"{wide}甲乙"])
    for write in (write_csv, write_xlsx):
        assert write(view, io.BytesIO()) == (2, ["faq-02"])


def test_the_command_names_what_is_too_long(
    good: Path, export: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    file = good / "faq" / "model.md"
    text = file.read_text(encoding="utf-8")
    (good / "faq" / "long.md").write_text(
        text.replace("id: faq-arrears-resume", "id: faq-long").replace(
            "系统会自动为您复机", "系统会自动为您复机。" * 3300
        ),
        encoding="utf-8",
    )
    done = export("sheet", "--out", "out.xlsx", cwd=good)
    assert done.returncode == 1
    assert "faq-long 没有导出：有一格超过 32767 个字" in done.stderr
    assert "导出 dealer：1 条统一口径，out.xlsx" in done.stderr


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], list[list[str]]]:
    """A sheet as LibreOffice shows it."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("soffice (libreoffice-calc) is not installed")
    folder = tmp_path_factory.mktemp("office")

    def convert(file: Path) -> list[list[str]]:
        # Comma, quotation mark, UTF-8, from line 1.
        form = "44,34,76,1"
        words = [
            program,
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            "--headless",
            *([f"--infilter=CSV:{form}"] if file.suffix == ".csv" else []),
            *("--convert-to", f"csv:Text - txt - csv (StarCalc):{form}"),
            *("--outdir", str(folder), str(file)),
        ]
        subprocess.run(words, check=True, capture_output=True, timeout=120)
        text = (folder / f"{file.stem}.csv").read_text(encoding="utf-8-sig")
        return list(csv.reader(io.StringIO(text)))

    return convert


def test_another_program_reads_the_same_from_the_workbook(
    opened: Callable[[Path], list[list[str]]], agent_view: View, tmp_path: Path
) -> None:
    view = replace(
        agent_view, documents=(*agent_view.documents, *_titled(agent_view, FORMULAS).documents)
    )
    assert opened(_book(view, tmp_path)) == [[_unguarded(v) for v in row] for row in _csv(view)]


def test_another_program_finds_no_formula_in_the_csv(
    opened: Callable[[Path], list[list[str]]], agent_view: View, tmp_path: Path
) -> None:
    view = _titled(agent_view, FORMULAS)
    file = tmp_path / "guarded.csv"
    with file.open("wb") as out:
        write_csv(view, out)
    assert [row[1] for row in opened(file)[1:]] == [f"'{title}" for title in FORMULAS]
    # Without the guard it reckons: the test would see it.
    file = tmp_path / "bare.csv"
    file.write_text("标题,甲\n x,=1+1\n", encoding="utf-8-sig")
    assert opened(file)[1][1] == "2"


def test_kinds_without_questions_are_not_in_it(agent_view: View) -> None:
    assert all(row[-1].startswith(Kind.FAQ.value) for row in _csv(agent_view)[1:])
