"""What the tests of the journal share: results without an index, files, a look at raw bytes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import date
from pathlib import Path

import pytest

from casebook.documents import Kind, Standing
from search.journal.journal import Journal
from search.searcher import Hit, Request, Results
from search.store import Stored, StoredPassage, StoredSection

Found = Callable[..., Results]
NewJournal = Callable[..., Journal]
# Raised only when something hangs.
HANG = 120.0


def stored(name: str, text: str = "") -> Stored:
    """A document that says little."""
    return Stored(
        id=name,
        kind=Kind.FAQ,
        title=name,
        owner="资费产品组",
        subject=None,
        approved_on=date(2026, 6, 1),
        review_by=None,
        effective_from=None,
        effective_until=None,
        url=f"faq/{name}/",
        facts={},
        keywords={},
        sections=(StoredSection("answer", "", "统一答复", text, text),),
        references=(),
        cited_by=(),
    )


def found(text: str, *ids: str, answer: str | None = None, holds: str = "") -> Results:
    """Results of a question."""
    passage = StoredPassage(0, "", "", "", "")
    hits = tuple(
        Hit(stored(name, holds), passage, 1.0, Standing.CURRENT, name, "", (), ()) for name in ids
    )
    return Results(
        request=Request(text),
        hits=hits,
        total=len(ids),
        complete=len(ids),
        answer=stored(answer) if answer else None,
        facets={},
        correction=None,
        took_ms=1.25,
    )


class Clock:
    """A clock that tests move."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "dealer" / "journal.sqlite"


@pytest.fixture
def new_journal(file: Path) -> Iterator[NewJournal]:
    """Journals on one file, closed at the end."""
    with ExitStack() as opened:

        def new(**settings: object) -> Journal:
            journal = Journal(file, **settings)  # type: ignore[arg-type]
            opened.callback(journal.close)
            return journal

        yield new


@pytest.fixture
def journal(new_journal: NewJournal, clock: Clock) -> Journal:
    return new_journal(clock=clock)


def rows(file: Path, statement: str = "SELECT * FROM questions ORDER BY number") -> list[tuple]:
    """What the file holds."""
    with closing(sqlite3.connect(file)) as database:
        return database.execute(statement).fetchall()


def until(holds: Callable[[], bool]) -> None:
    """Waits until something holds; fails when it never does."""
    deadline = time.monotonic() + HANG
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail("it never came to that")
        time.sleep(0.01)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another program keeps the file for itself."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def raw_bytes(folder: Path) -> Mapping[Path, bytes]:
    """Every file below a folder, as it is on the disk."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
