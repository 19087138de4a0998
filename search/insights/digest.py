"""A journal added up, day by day: what insights are counted from, so that no day is read twice.

What is added up lies beside the journal in a SQLite file of its own, with the reports that were
made of it last, and can be removed at any time: it is made again. It keeps nothing longer than the
journal does.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta, tzinfo
from itertools import groupby
from pathlib import Path
from typing import Any

from casebook.files import private_file
from search.insights.counts import (
    SHOWN,
    About,
    Asked,
    Bad,
    Period,
    Sums,
    Used,
    is_not_found,
    is_not_opened,
    shown_in_vain,
    uses,
)
from search.insights.wordings import Wordings
from search.journal.opening import is_damage
from search.journal.records import Question

# Changes whenever days are to be added up in another way.
VERSION = 3
# A page that somebody left open may still rate an answer: younger days are added up again.
OPEN_DAYS = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS days (day TEXT PRIMARY KEY, sums TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asked (
    day TEXT NOT NULL, key INTEGER NOT NULL, surface TEXT NOT NULL, text TEXT NOT NULL,
    asked INTEGER NOT NULL, not_found INTEGER NOT NULL, not_opened INTEGER NOT NULL,
    first TEXT NOT NULL, last TEXT NOT NULL, shown TEXT NOT NULL,
    PRIMARY KEY (day, key, surface)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS asked_key ON asked (key, day);
CREATE TABLE IF NOT EXISTS words (key INTEGER PRIMARY KEY, words TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS about (
    day TEXT NOT NULL, surface TEXT NOT NULL, documents TEXT NOT NULL, products TEXT NOT NULL,
    text TEXT NOT NULL, asked INTEGER NOT NULL, PRIMARY KEY (day, surface, documents, products)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS used (
    day TEXT NOT NULL, document TEXT NOT NULL, answered INTEGER NOT NULL, opened INTEGER NOT NULL,
    copied INTEGER NOT NULL, good INTEGER NOT NULL, bad INTEGER NOT NULL,
    PRIMARY KEY (day, document)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bad (
    day TEXT NOT NULL, at TEXT NOT NULL, document TEXT NOT NULL, reason TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS bad_day ON bad (day);
CREATE TABLE IF NOT EXISTS reports (
    days INTEGER PRIMARY KEY, until TEXT NOT NULL, made TEXT NOT NULL
);
"""
_TABLES = ("days", "asked", "about", "used", "bad")


def _key(words: str) -> int:
    return int.from_bytes(hashlib.blake2b(words.encode(), digest_size=8).digest(), signed=True)


class Digest:
    """A journal's sums by day.

    Args:
        file: where they are kept; None keeps them in memory.
        wordings: reads questions.
        zone: where days begin and end.
        source: what is added up: sums of anything else are forgotten.
    """

    def __init__(
        self, file: Path | None, wordings: Wordings, zone: tzinfo, source: str = ""
    ) -> None:
        self._wordings = wordings
        self._zone = zone
        if file:
            private_file(file)
        self._database = sqlite3.connect(file or ":memory:", timeout=30, isolation_level=None)
        try:
            if file:
                self._database.execute("PRAGMA journal_mode = WAL")
                self._database.execute("PRAGMA synchronous = NORMAL")
                # What is forgotten is overwritten.
                self._database.execute("PRAGMA secure_delete = ON")
            self._database.executescript(_SCHEMA)
            # Other words of the glossary decide which wordings are one; those are compared anyway.
            self._begin_anew_unless(f"{VERSION} {zone} {wordings.mark} {source}")
        except BaseException:
            self.close()
            raise

    def _begin_anew_unless(self, mark: str) -> None:
        """Forgets everything that was added up under another mark."""
        if self._meta("mark") != mark:
            with self._writing():
                for table in (*_TABLES, "words", "meta", "reports"):
                    self._database.execute(f"DELETE FROM {table}")  # noqa: S608  (our own names)
                self._set_meta("mark", mark)

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    @property
    def added_until(self) -> date | None:
        """The last day that is not added up again; None when there is none."""
        day = self._meta("added_until")
        return date.fromisoformat(day) if day else None

    @property
    def missing_since(self) -> datetime | None:
        """From when on questions are needed; None when all are."""
        day = self.added_until
        if day is None:
            return None
        return datetime.combine(day + timedelta(days=1), datetime.min.time(), self._zone)

    def add(self, questions: Iterable[Question], on: date) -> Iterator[date]:
        """Adds up questions.

        Args:
            questions: all since ``missing_since``, the oldest first.
            on: the day it is.

        Yields:
            Each day when it is done.
        """
        for day, asked in groupby(questions, self._day_of):
            # As far as there are questions, not as far as the clock is: one that is ahead would
            # leave out what is asked until it is right again.
            closed = min(day, on) - timedelta(days=OPEN_DAYS)
            with self._writing():
                self._add_day(day, asked)
                self._set_meta("added_until", closed.isoformat())
            yield day

    def forget(self, before: date) -> None:
        """Removes what is older than the journal keeps it; to be called before adding up.

        Where more was removed the last time, the clock was ahead: everything that the journal has
        is missing then.
        """
        with self._writing():
            _forget(self._database, before)

    def first_day(self) -> date | None:
        """The first day of which there is anything."""
        ((day,),) = self._database.execute("SELECT MIN(day) FROM days")
        return date.fromisoformat(day) if day else None

    def sums(self, period: Period) -> dict[date, Sums]:
        """The sums of each day that has any."""
        rows = self._database.execute(
            "SELECT day, sums FROM days WHERE day BETWEEN ? AND ?", period.ends
        )
        return {date.fromisoformat(day): Sums.from_json(sums) for day, sums in rows}

    def asked(self, period: Period, counted: str) -> dict[int, Asked]:
        """The wordings of which something was counted, by key.

        Args:
            period: the days.
            counted: ``not_found`` or ``not_opened``.
        """
        rows = self._database.execute(
            "SELECT key, surface, text,"
            " CASE ?3 WHEN 'not_found' THEN not_found ELSE not_opened END AS counted,"
            " first, last, shown FROM asked WHERE day BETWEEN ?1 AND ?2 AND counted > 0",
            (*period.ends, counted),
        )
        return _merged(rows)

    def first_asked(self, period: Period) -> dict[int, Asked]:
        """The wordings that were never asked before a period, by key."""
        rows = self._database.execute(
            "SELECT key, surface, text, asked, first, last, shown FROM asked AS new"
            " WHERE day BETWEEN ?1 AND ?2 AND NOT EXISTS"
            " (SELECT 1 FROM asked AS old WHERE old.key = new.key AND old.day < ?1)",
            period.ends,
        )
        return _merged(rows)

    def words_before(self, day: date) -> Iterator[str]:
        """The content words of each wording that was asked before a day."""
        rows = self._database.execute(
            "SELECT words FROM words WHERE EXISTS"
            " (SELECT 1 FROM asked WHERE asked.key = words.key AND asked.day < ?)",
            (day.isoformat(),),
        )
        return (words for (words,) in rows)

    def about(self, period: Period) -> list[About]:
        """Questions by surface, the documents that served them, and the products they name."""
        # A column beside MAX is that of the row with the greatest value: a frequent text.
        rows = self._database.execute(
            "SELECT surface, documents, products, SUM(asked), text, MAX(asked) FROM about"
            " WHERE day BETWEEN ? AND ? GROUP BY surface, documents, products",
            period.ends,
        )
        return [
            About(surface, tuple(documents.split()), tuple(products.split("\n")[1:]), asked, text)
            for surface, documents, products, asked, text, _ in rows
        ]

    def used(self, period: Period) -> dict[str, Used]:
        """How often each document was used."""
        rows = self._database.execute(
            "SELECT document, SUM(answered), SUM(opened), SUM(copied), SUM(good), SUM(bad)"
            " FROM used WHERE day BETWEEN ? AND ? GROUP BY document",
            period.ends,
        )
        return {document: Used(*counts) for document, *counts in rows}

    def bad(self, period: Period) -> list[Bad]:
        """The bad ratings, the newest first."""
        rows = self._database.execute(
            "SELECT day, at, document, reason, text FROM bad"
            " WHERE day BETWEEN ? AND ? ORDER BY at DESC",
            period.ends,
        )
        return [Bad(day, datetime.fromisoformat(at), *rest) for day, at, *rest in rows]

    def keep(self, days: int, until: date, made: str) -> None:
        """Keeps a report in place of the one before, and none that ends on another day.

        Args:
            days: how many days its period has.
            until: the last of them.
            made: the report.
        """
        with self._writing():
            self._database.execute(
                "DELETE FROM reports WHERE until <> ? OR days = ?", (until.isoformat(), days)
            )
            row = (days, until.isoformat(), made)
            self._database.execute("INSERT INTO reports VALUES (?, ?, ?)", row)

    def _day_of(self, question: Question) -> date:
        return question.at.astimezone(self._zone).date()

    def _add_day(self, day: date, questions: Iterable[Question]) -> None:
        sums = Sums()
        asked: dict[tuple[str, str], list[Question]] = defaultdict(list)
        about: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
        used: dict[str, Counter[str]] = defaultdict(Counter)
        bad: list[tuple[str, str, str, str]] = []
        for question in questions:
            sums.add(question)
            words = self._wordings.of(question.text).key
            if words:
                asked[words, question.surface].append(question)
            for document, kind in uses(question):
                used[document][kind] += 1
            served = sorted({document for document, _ in uses(question)})
            products = sorted(self._wordings.products(question.text))
            group = question.surface, " ".join(served), "".join(f"\n{one}" for one in products)
            about[group][question.text] += 1
            bad += [
                (event.at.isoformat(), event.document, event.reason or "", question.text)
                for event in question.events
                if event.kind == "rated" and event.helpful is False
            ]
        self._write(day, sums, asked, about, used, bad)

    def _write(
        self,
        day: date,
        sums: Sums,
        asked: dict[tuple[str, str], list[Question]],
        about: dict[tuple[str, str, str], Counter[str]],
        used: dict[str, Counter[str]],
        bad: Sequence[tuple[str, str, str, str]],
    ) -> None:
        name = day.isoformat()
        for table in _TABLES:
            self._database.execute(f"DELETE FROM {table} WHERE day = ?", (name,))  # noqa: S608
        write = self._database.executemany
        write("INSERT INTO days VALUES (?, ?)", [(name, sums.as_json())])
        write(
            "INSERT INTO asked VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (name, _key(words), surface, *_asked_values(questions))
                for (words, surface), questions in asked.items()
            ),
        )
        write(
            "INSERT OR IGNORE INTO words VALUES (?, ?)",
            ((_key(words), words) for words, _ in asked),
        )
        write(
            "INSERT INTO about VALUES (?, ?, ?, ?, ?, ?)",
            ((name, *k, _most(texts), texts.total()) for k, texts in about.items()),
        )
        kinds = ("answered", "opened", "copied", "good", "bad")
        write(
            "INSERT INTO used VALUES (?, ?, ?, ?, ?, ?, ?)",
            ((name, one, *(counts[kind] for kind in kinds)) for one, counts in used.items()),
        )
        write("INSERT INTO bad VALUES (?, ?, ?, ?, ?)", ((name, *one) for one in bad))

    def _meta(self, name: str) -> str | None:
        row = self._database.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def _set_meta(self, name: str, value: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")


def forget(file: Path, before: date) -> None:
    """Removes from a file of sums what is older than the journal keeps it, and all reports.

    A damaged file is removed.

    Raises:
        sqlite3.Error: it cannot be written.
        OSError: it is damaged, and cannot be removed.
    """
    try:
        with closing(sqlite3.connect(file, timeout=1)) as database, database:
            database.execute("PRAGMA secure_delete = ON")
            database.executescript(_SCHEMA)
            _forget(database, before)
            database.execute("DELETE FROM reports")
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        remove(file)


def remove(file: Path) -> None:
    """Removes a file of sums: it holds nothing that cannot be added up again."""
    for part in ("", "-wal", "-shm"):
        file.with_name(file.name + part).unlink(missing_ok=True)


def kept_report(file: Path, days: int) -> str | None:
    """The report on so many days that was made last; None where there is none.

    Raises:
        sqlite3.Error: the file cannot be read.
    """
    if not file.is_file():
        return None
    with closing(sqlite3.connect(file, timeout=1)) as database:
        row = database.execute("SELECT made FROM reports WHERE days = ?", (days,)).fetchone()
    return row[0] if row else None


def _forget(database: sqlite3.Connection, before: date) -> None:
    last = database.execute("SELECT value FROM meta WHERE name = 'forgotten'").fetchone()
    if last and before.isoformat() < last[0]:
        # Days may have been removed that the journal still has.
        database.execute("DELETE FROM meta WHERE name = 'added_until'")
    database.execute("INSERT OR REPLACE INTO meta VALUES ('forgotten', ?)", (before.isoformat(),))
    for table in _TABLES:
        database.execute(f"DELETE FROM {table} WHERE day < ?", (before.isoformat(),))  # noqa: S608
    database.execute(
        "DELETE FROM words WHERE NOT EXISTS (SELECT 1 FROM asked WHERE asked.key = words.key)"
    )


def _asked_values(questions: Sequence[Question]) -> tuple[str | int, ...]:
    """The questions of one wording, in the order of the table's columns."""
    shown = Counter(document for question in questions for document in shown_in_vain(question))
    return (
        _most(Counter(question.text for question in questions)),
        len(questions),
        sum(map(is_not_found, questions)),
        sum(map(is_not_opened, questions)),
        questions[0].at.isoformat(),
        questions[-1].at.isoformat(),
        " ".join(document for document, _ in shown.most_common(SHOWN)),
    )


def _most(texts: Counter[str]) -> str:
    """The most frequent text; of several the first in order."""
    return min(texts, key=lambda text: (-texts[text], text))


def _merged(rows: Iterable[Sequence[Any]]) -> dict[int, Asked]:
    """Wordings of several days and surfaces together."""
    found: dict[int, Asked] = defaultdict(Asked)
    for key, surface, text, count, first, last, shown in rows:
        one = found[key]
        one.count += count
        one.first = min(one.first or first, first)
        one.last = max(one.last, last)
        one.surfaces[surface] += count
        one.texts[text] += count
        for document in shown.split():
            one.shown[document] += count
    return found
