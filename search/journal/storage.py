"""The journal's file: its tables, and every statement that reads or changes them.

Rows are only added, so that processes never wait for one another's reading. A row that came of
typing carries its visit; once nobody goes on typing a question, ``settle`` keeps it, takes its
keystrokes out and forgets its visit.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from search.journal.folding import PAUSE, fold
from search.journal.opening import step
from search.journal.records import Event, Question

_COUNT = """
INSERT INTO counts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value
"""
# Rows that one transaction changes at most: others wait no longer than that takes.
_STEP = 500
# Keystrokes of a visit in which somebody goes on asking are folded when the first are so old.
_LONGEST = 5 * 60_000
_PAGES_A_STEP = 256
# Milliseconds after which an event whose question was never written is dropped.
_ORPHAN = 86_400_000
# Those that are older were looked at on the days before, or go with the oldest questions.
_LOOKED_AT = 8 * _ORPHAN


@dataclass(frozen=True)
class AskedRow:
    """A question, or a keystroke of one, as it is written; ``at`` in milliseconds."""

    id: str
    at: int
    visit: str | None
    surface: str
    text: str
    total: int
    complete: int
    answer: str | None
    hits: str
    took_ms: float
    degraded: bool


@dataclass(frozen=True)
class EventRow:
    """An event as it is written; ``at`` in milliseconds."""

    question: str
    at: int
    kind: str
    document: str
    helpful: bool | None
    reason: str | None


@dataclass(frozen=True)
class _Typed:
    """A keystroke that is still to be folded."""

    number: int
    at: int
    visit: str
    text: str
    finished: bool


def milliseconds(when: datetime) -> int:
    """A time as the file holds it."""
    return round(when.timestamp() * 1000)


def write(
    database: sqlite3.Connection, rows: Iterable[AskedRow | EventRow], dropped: int = 0
) -> None:
    """Writes rows, all or none; a row that is there already is not written twice.

    Args:
        database: as ``connect`` gave it.
        rows: what to write.
        dropped: how many rows before them could not be kept.
    """
    rows = tuple(rows)
    asked = [tuple(vars(row).values()) for row in rows if isinstance(row, AskedRow)]
    events = [tuple(vars(row).values()) for row in rows if isinstance(row, EventRow)]
    with step(database):
        database.executemany(
            "INSERT OR IGNORE INTO questions (id, at, visit, surface, text, total, complete,"
            " answer, hits, took_ms, degraded) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            asked,
        )
        database.executemany("INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?, ?, ?)", events)
        if dropped:
            database.execute(_COUNT, ("dropped", dropped))


def settle(database: sqlite3.Connection, now: int) -> bool:
    """Folds the keystrokes of questions that nobody goes on typing.

    A minute after the last keystroke of a visit all of its questions are folded; where somebody
    goes on asking, those that are over a minute old, every few minutes.

    Args:
        database: as ``connect`` gave it.
        now: the time in milliseconds.

    Returns:
        Whether some are left for later.
    """
    visit = ""
    while _is_typing(database):
        with step(database):
            # Folding what is still going on again and again would cost more than all else.
            typed = _typed(
                database,
                "visit IN (SELECT visit FROM questions WHERE visit > ? GROUP BY visit"
                " HAVING abs(? - max(at)) > ? OR abs(? - min(at)) > ? ORDER BY visit LIMIT ?)",
                (visit, now, 2 * PAUSE, now, _LONGEST, _STEP),
            )
            ended = [rows for rows in _folded(typed) if abs(now - rows[-1].at) > 2 * PAUSE]
            database.executemany("DELETE FROM questions WHERE number = ?", _gone(ended))
            database.executemany(
                "UPDATE questions SET visit = NULL WHERE number = ?",
                [(rows[-1].number,) for rows in ended],
            )
        if not typed:
            return True
        visit = typed[-1].visit
    return False


def _is_typing(database: sqlite3.Connection) -> bool:
    found = database.execute("SELECT 1 FROM questions WHERE visit IS NOT NULL LIMIT 1").fetchone()
    return found is not None


def questions(
    database: sqlite3.Connection, since: int | None = None, until: int | None = None
) -> Iterator[Question]:
    """The questions from one time on and before another, the oldest first, with their events.

    Args:
        database: as ``open_to_read`` gave it.
        since: in milliseconds.
        until: in milliseconds.
    """
    left_out = {number for (number,) in _gone(_folded(_typed(database, "visit IS NOT NULL", ())))}
    place = (-(1 << 62) if since is None else since, -1)
    end = (1 << 62) if until is None else until
    while True:
        rows = database.execute(
            "SELECT number, at, id, surface, text, total, complete, answer, hits, took_ms, degraded"
            " FROM questions WHERE (at, number) > (?, ?) AND at < ? ORDER BY at, number LIMIT ?",
            (*place, end, _STEP),
        ).fetchall()
        if not rows:
            return
        events = _events(database, [row[2] for row in rows])
        for number, at, *rest in rows:
            place = (at, number)
            if number not in left_out:
                yield _question(at, rest, events.get(rest[0], ()))


def prune(database: sqlite3.Connection, before: int, now: int) -> Iterator[int]:
    """Removes what is older than a time, in small steps; whoever calls may pause between them.

    Args:
        database: as ``connect`` gave it.
        before: in milliseconds.
        now: the time in milliseconds.

    Yields:
        How many questions each step removed.
    """
    old = "SELECT number, id FROM questions WHERE at < ? ORDER BY at LIMIT ?"
    while rows := database.execute(old, (before, _STEP)).fetchall():
        with step(database):
            database.executemany("DELETE FROM events WHERE question = ?", [(r[1],) for r in rows])
            database.executemany("DELETE FROM questions WHERE number = ?", [(r[0],) for r in rows])
        yield len(rows)
    lost = (
        "SELECT question, at, kind, document FROM events WHERE (at < ? OR at BETWEEN ? AND ?)"
        " AND NOT EXISTS (SELECT 1 FROM questions WHERE questions.id = events.question) LIMIT ?"
    )
    span = (before, now - _LOOKED_AT, now - _ORPHAN)
    while rows := database.execute(lost, (*span, _STEP)).fetchall():
        with step(database):
            database.executemany(
                "DELETE FROM events WHERE question = ? AND at = ? AND kind = ? AND document = ?",
                rows,
            )
        yield 0
    free = _free_pages(database)
    while free:
        database.execute(f"PRAGMA incremental_vacuum({_PAGES_A_STEP})").fetchall()
        yield 0
        # Others use free pages, and a file that was not made here may give none back.
        before_step, free = free, _free_pages(database)
        if free >= before_step:
            break
    forget(database)


def _free_pages(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA freelist_count").fetchone()[0])


def forget(database: sqlite3.Connection) -> None:
    """Empties the log beside the file, where pages stand as they were before.

    Args:
        database: as ``connect`` gave it.
    """
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


@dataclass(frozen=True)
class Status:
    """What a file holds: rows, the first and the last time (UTC), and what was dropped."""

    questions: int
    events: int
    first: datetime | None
    last: datetime | None
    dropped: int


def status(database: sqlite3.Connection) -> Status:
    """What the file holds; keystrokes that are not folded yet count as questions.

    Args:
        database: as ``open_to_read`` gave it.
    """
    asked, first, last = database.execute(
        "SELECT count(*), min(at), max(at) FROM questions"
    ).fetchone()
    events = database.execute("SELECT count(*) FROM events").fetchone()[0]
    dropped = database.execute("SELECT value FROM counts WHERE name = 'dropped'").fetchone()
    times = [None if at is None else _time(at) for at in (first, last)]
    return Status(asked, events, times[0], times[1], dropped[0] if dropped else 0)


def _typed(database: sqlite3.Connection, where: str, values: tuple[int | str, ...]) -> list[_Typed]:
    rows = database.execute(
        "SELECT number, at, visit, text, EXISTS"  # noqa: S608  (where is written here)
        " (SELECT 1 FROM events WHERE events.question = questions.id)"
        f" FROM questions WHERE {where} ORDER BY visit, at, number",
        values,
    )
    return [_Typed(number, at, visit, text, bool(done)) for number, at, visit, text, done in rows]


def _folded(typed: Iterable[_Typed]) -> list[list[_Typed]]:
    """The keystrokes of each question, the last of which is kept."""
    return [
        question for _, rows in groupby(typed, key=lambda row: row.visit) for question in fold(rows)
    ]


def _gone(folded: Iterable[Sequence[_Typed]]) -> list[tuple[int]]:
    """The numbers of the rows that are folded into others."""
    return [(row.number,) for rows in folded for row in rows[:-1]]


def _events(database: sqlite3.Connection, ids: Sequence[str]) -> dict[str, tuple[Event, ...]]:
    marks = ", ".join("?" * len(ids))
    rows = database.execute(
        "SELECT question, at, kind, document, helpful, reason FROM events"  # noqa: S608
        f" WHERE question IN ({marks}) ORDER BY question, at",
        ids,
    )
    found: dict[str, dict[tuple[object, ...], Event]] = defaultdict(dict)
    for question, at, kind, document, helpful, reason in rows:
        rated = kind == "rated"
        key = (kind, document) if rated else (kind, document, at)
        found[question].pop(key, None)
        if not rated or helpful is not None:
            value = None if helpful is None else bool(helpful)
            found[question][key] = Event(_time(at), kind, document, value, reason)
    return {question: tuple(events.values()) for question, events in found.items()}


def _question(at: int, rest: Sequence[Any], events: Iterable[Event]) -> Question:
    name, surface, text, total, complete, answer, hits, took_ms, degraded = rest
    return Question(
        id=name,
        at=_time(at),
        surface=surface,
        text=text,
        total=total,
        complete=complete,
        answer=answer,
        hits=tuple(str(hits).split()),
        took_ms=took_ms,
        degraded=bool(degraded),
        events=tuple(events),
    )


def _time(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)
