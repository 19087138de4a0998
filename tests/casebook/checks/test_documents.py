"""Documents that carry their expectations; every rule runs on every one of them.

A line that must be reported ends with ``<!-- expect: code -->`` (several codes with commas); the
marks are taken out before the document is read. What is found and not expected fails, too.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from casebook.checks import CHECKS, check_text
from casebook.documents import Kind
from casebook.library import Library
from search.alike import Finder
from tests.casebook.test_rules import BROKEN_BY
from tests.conftest import ON

DOCUMENTS = sorted((Path(__file__).parent / "documents").glob("*.md"))
_MARK = re.compile(r" *<!-- expect: ([a-z0-9, -]+?) -->$", re.MULTILINE)
_ID = re.compile(r"^id: (case|faq|policy)-", re.MULTILINE)


@pytest.fixture(scope="module")
def finder(library: Library) -> Finder:
    """Finds the sample library's documents that are like one."""
    return Finder(library)


def expected(text: str) -> list[tuple[int, str]]:
    """The line and the code of everything that a document expects."""
    return sorted(
        (text.count("\n", 0, mark.start()) + 1, code.strip())
        for mark in _MARK.finditer(text)
        for code in mark[1].split(",")
    )


@pytest.mark.parametrize("file", DOCUMENTS, ids=[file.stem for file in DOCUMENTS])
def test_document_gives_what_it_expects(file: Path, library: Library, finder: Finder) -> None:
    text = file.read_text(encoding="utf-8")
    kind = _ID.search(text)
    assert kind, f"{file.name} has no id"
    problems = check_text(library, Kind(kind[1]), _MARK.sub("", text), on=ON, alike=finder)
    assert sorted((p.line, p.code) for p in problems) == expected(text), [str(p) for p in problems]


def test_every_check_is_expected_somewhere() -> None:
    codes = {code for file in DOCUMENTS for _, code in expected(file.read_text(encoding="utf-8"))}
    # What only several documents together can show is shown there.
    missing = {module.RULE.code for module in CHECKS} - codes - set(BROKEN_BY)
    assert missing == set(), "write a document under documents/ that breaks each of these"
