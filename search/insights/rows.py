"""What insights are made of: the rows of each list, the sums, and both together as a report."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

# The lists, in the order in which they are shown.
KINDS = (
    "not_found",
    "growing",
    "first_seen",
    "not_opened",
    "bad_ratings",
    "unverified",
    "ending",
)


def row_id(audience: str, kind: str, key: str) -> str:
    """The id of a row: the same on every machine and day, as long as it is about the same thing."""
    return hashlib.sha256(f"{audience}\n{kind}\n{key}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Row:
    """A line of a list: something that somebody should do something about.

    Attributes:
        kind: the list, one of ``KINDS``.
        audience: whose journal it is from.
        keys: what it is about; the first names it, the others are wordings that were counted
            together with it. Of documents their ids, of questions their words.
        title: what it is about, for people.
        question: the question as most people asked it; empty where it is about no question.
        examples: how it was asked, the most frequent first; personal data is masked.
        documents: the ids of the documents concerned, the most concerned first.
        owner: the team that answers for it.
        advice: what to do next.
        count: how often, in the period.
        before: how often in the period before; None where not all of that is kept.
        share: the count as a share of the period's questions, 0 to 1.
        surfaces: the count by surface.
        first: when it was asked first in the period, UTC.
        last: when it was asked last in the period, UTC.
        details: further figures that only this list has.
    """

    kind: str
    audience: str
    keys: tuple[str, ...]
    title: str
    owner: str
    advice: str
    question: str = ""
    examples: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    count: int = 0
    before: int | None = 0
    share: float = 0.0
    surfaces: Mapping[str, int] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Its id."""
        return row_id(self.audience, self.kind, self.keys[0])

    @property
    def ids(self) -> tuple[str, ...]:
        """Its id, and those that it has when another of its wordings is the most frequent."""
        return tuple(row_id(self.audience, self.kind, key) for key in self.keys)


@dataclass(frozen=True)
class Totals:
    """The sums of a period, or of a day.

    Attributes:
        questions: how many were asked.
        answered: how many got an answer.
        not_found: how many got no answer and no document that holds every word, or somebody said
            that there is no answer.
        missing: how many of these are there because somebody said so.
        good: ratings that say an answer helped.
        bad: ratings that say it did not.
        degraded: how many a substitute index answered.
        p95_ms: 95 of 100 were answered within so many milliseconds; None when none was asked.
        surfaces: the questions by surface.
    """

    questions: int = 0
    answered: int = 0
    not_found: int = 0
    missing: int = 0
    good: int = 0
    bad: int = 0
    degraded: int = 0
    p95_ms: int | None = None
    surfaces: Mapping[str, int] = field(default_factory=dict)

    def share(self, name: str) -> float:
        """One of its counts as a share of the questions, 0 to 1."""
        return int(getattr(self, name)) / self.questions if self.questions else 0.0


@dataclass(frozen=True)
class Report:
    """What an audience's journal teaches.

    Attributes:
        audience: whose journal it is.
        on: the last day, which may not be over.
        days: how many days the period has; the period before has as many.
        kept_since: the first day of which anything is kept; None when nothing is.
        totals: the sums of the period.
        before: those of the period before; None where not all of that is kept.
        daily: those of each day of the period, the oldest first.
        shares: questions by subject, product, level, channel and surface: for each the name, the
            questions of the period and those of the period before (None where not all of that is
            kept), the most asked first.
        lists: the rows by list; every one of ``KINDS`` is there.
        more: how many rows of a list are left out, because there are too many.
        titles: the title of each document that rows name.
    """

    audience: str
    on: date
    days: int
    kept_since: date | None
    totals: Totals
    before: Totals | None
    daily: tuple[tuple[date, Totals], ...]
    shares: Mapping[str, tuple[tuple[str, int, int | None], ...]]
    lists: Mapping[str, tuple[Row, ...]]
    more: Mapping[str, int]
    titles: Mapping[str, str]

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, list by list."""
        return tuple(row for kind in KINDS for row in self.lists[kind])

    def row(self, row_id: str) -> Row | None:
        """The row that has or had an id."""
        rows = self.rows
        return next(
            (row for row in rows if row.id == row_id),
            next((row for row in rows if row_id in row.ids), None),
        )
