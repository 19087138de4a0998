"""The benchmark of the check measures a sound library, and every way to go through it."""

from __future__ import annotations

from pathlib import Path

from benchmarks import check
from casebook.checks import check_library
from casebook.library import load_library
from casebook.problems import Severity
from search.alike import Finder
from tests.conftest import ON


def test_documents_are_many_and_differ(tmp_path: Path) -> None:
    check.make_documents(tmp_path, 300)
    library = load_library(tmp_path)
    assert len(library.sources) == 300
    found = check_library(library, ON, Finder(library))
    # Nothing hangs in the air, and hardly any document repeats another.
    assert [one for one in found if one.severity is Severity.ERROR] == []
    assert sum(one.code == "near-question" for one in found) < 10


def test_every_way_is_measured(tmp_path: Path) -> None:
    rows = list(check.measure(tmp_path / "library", 150))
    assert [row.what for row in rows] == [
        "Python-Markdown alone", "first check", "the same again", "one file changed"
    ]  # fmt: skip
    assert all(row.seconds > 0 for row in rows)
    assert rows[1].ratio == rows[1].seconds / rows[0].seconds
