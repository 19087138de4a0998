"""A large library is checked in several processes, with the same result."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from casebook.checks import check_library, together
from casebook.checks.context import Alike, FindAlike
from casebook.documents import Kind
from casebook.library import Library, Source, load_library
from casebook.problems import Problem
from tests.conftest import ON, Write


@pytest.fixture
def faulty(small: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library with problems of many rules, large enough to be checked together."""
    monkeypatch.setattr(together, "MANY", 1)
    for number in range(3):
        write(
            Kind.FAQ,
            f"faq-{number}",
            {
                "id: faq-arrears-resume": f"id: faq-{number}",
                "不需要另外申请复机。": "见[旧](faq-gone)。",
                "review_by: 2027-06-01": "review_by: 2026-11-01",
            },
        )
    write(Kind.CASE, "case-a", {"policies:\n  - policy-handling-norm#7\n": ""})
    write(Kind.POLICY, "broken", {"rank: 预案": "rank: 预谋"})
    return small


def _finder(library: Library) -> FindAlike:
    """Takes the first two entries for alike."""
    first, second = (library.sources[f"faq-{number}"] for number in range(2))

    def alike(source: Source) -> Sequence[Alike]:
        if source is not first:
            return ()
        title = first.document.title
        return (Alike(second, title, second.document.title, 1.0),)

    return alike


def _alone(root: Path) -> list[Problem]:
    library = load_library(root)
    return check_library(library, ON, _finder(library))


def _together(root: Path) -> list[Problem]:
    return together.check_together(load_library(root), ON, _finder)


def test_several_processes_find_what_one_does(faulty: Path) -> None:
    found = _together(faulty)
    assert found == _alone(faulty)
    assert {problem.code for problem in found} >= {
        "broken-link", "unknown-citation", "overdue-review", "missing-citation", "unknown-term"
    }  # fmt: skip


def test_rules_that_compare_run_here(faulty: Path) -> None:
    library = load_library(faulty)
    with_finder = {p.code for p in _together(faulty)}
    without = {p.code for p in check_library(library, ON)}
    assert with_finder - without, "the finder was not asked"


@pytest.mark.parametrize("cores", [2, 4])
def test_every_document_is_looked_at_once(
    cores: int, faulty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together.os, "cpu_count", lambda: cores)
    assert _together(faulty) == _alone(faulty)


def test_what_a_dying_process_leaves_is_looked_at_here(
    faulty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = _alone(faulty)
    monkeypatch.setattr("casebook.children.sys.executable", "/bin/false")
    library = load_library(faulty)
    assert together.check_together(library, ON, _finder) == alone
