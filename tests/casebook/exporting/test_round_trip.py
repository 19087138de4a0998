"""A sheet that was exported can be imported: the same questions and answers come back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.documents import Faq
from casebook.exporting.sheet import guarded, write_csv, write_xlsx
from casebook.frontmatter import read_front_matter
from casebook.importing.spreadsheets import unguarded
from casebook.library import View
from casebook.markup import plain_text


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _written(entry: Faq) -> dict[str, Any]:
    answer = entry.section("answer")
    return {
        "id": entry.id,
        "title": entry.title,
        "subject": entry.subject,
        "similar": list(entry.similar),
        "tags": list(entry.tags),
        "effective_from": str(entry.effective_from),
        "effective_until": str(entry.effective_until),
        "answer": _lines(plain_text(answer.html)) if answer else [],
    }


def _imported(file: Path) -> dict[str, Any]:
    text = file.read_text(encoding="utf-8")
    meta = read_front_matter(text).values
    return {
        **{name: meta[name] for name in ("id", "title", "subject", "similar")},
        "tags": meta.get("tags", []),
        "effective_from": str(meta["effective_from"]),
        "effective_until": str(meta.get("effective_until")),
        "answer": _lines(text.partition("## 统一答复")[2].partition("\n## ")[0]),
    }


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_questions_and_answers_come_back(
    suffix: str, dealer_view: View, small: Path, tmp_path: Path
) -> None:
    sheet = tmp_path / f"sheet.{suffix}"
    with sheet.open("wb") as file:
        (write_xlsx if suffix == "xlsx" else write_csv)(dealer_view, file)
    command = [sys.executable, "-c", "from casebook.cli import main; main()", "import"]
    done = subprocess.run(
        [*command, str(sheet), "--write", "--library", str(small)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    found = sorted((_imported(f) for f in small.glob("faq/**/*.md")), key=lambda one: one["id"])
    assert found == [_written(one) for one in dealer_view.documents if isinstance(one, Faq)]


@given(st.text("'=+-@\t＝ a1价", max_size=6))
def test_what_keeps_a_cell_from_being_a_formula_is_taken_off_again(text: str) -> None:
    assert unguarded(guarded(text)) == text
