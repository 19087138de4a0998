"""What is counted of questions, and how: the rules that the page and the documentation state."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from search.insights.rows import Totals
from search.journal.records import Event, Question

# Where people see what was found. What programs do with it is often not known.
WATCHED = ("page", "site", "embed")
# So many of the documents that a question finds were looked at.
SHOWN = 3


@dataclass(frozen=True)
class Period:
    """Some days, both ends included."""

    since: date
    until: date

    @property
    def before(self) -> Period:
        """As many days before."""
        length = self.until - self.since
        return Period(self.since - length - timedelta(days=1), self.since - timedelta(days=1))

    @property
    def ends(self) -> tuple[str, str]:
        """Both ends, ISO."""
        return self.since.isoformat(), self.until.isoformat()


@dataclass
class Sums:
    """The sums of a day or of several, as they are kept.

    Attributes:
        counts: questions, answered, … by the names of :class:`Totals`.
        surfaces: questions by surface.
        took: questions by milliseconds.
    """

    counts: Counter[str] = field(default_factory=Counter)
    surfaces: Counter[str] = field(default_factory=Counter)
    took: Counter[int] = field(default_factory=Counter)

    def add(self, question: Question) -> None:
        """Counts a question."""
        ratings = [event.helpful for event in question.events if event.kind == "rated"]
        self.counts.update(
            questions=1,
            answered=question.answer is not None,
            not_found=is_not_found(question),
            good=ratings.count(True),
            bad=ratings.count(False),
            missing=is_missing(question),
            degraded=question.degraded,
        )
        self.surfaces[question.surface] += 1
        self.took[round(question.took_ms)] += 1

    def update(self, other: Sums) -> None:
        """Adds other sums."""
        self.counts.update(other.counts)
        self.surfaces.update(other.surfaces)
        self.took.update(other.took)

    def totals(self) -> Totals:
        """The same for a report."""
        return Totals(
            **self.counts, p95_ms=percentile(self.took, 0.95), surfaces=dict(self.surfaces)
        )

    def as_json(self) -> str:
        """The same for the file."""
        return json.dumps([self.counts, self.surfaces, self.took])

    @classmethod
    def from_json(cls, text: str) -> Sums:
        """Sums that were kept."""
        counts, surfaces, took = json.loads(text)
        return cls(
            Counter(counts), Counter(surfaces), Counter({int(k): n for k, n in took.items()})
        )


@dataclass
class Asked:
    """A wording, and what was counted of it.

    Attributes:
        count: how many questions.
        first: when it was asked first, ISO, UTC.
        last: when it was asked last.
        shown: the documents that were shown first where none was used, with how often.
        surfaces: the questions by surface.
        texts: the questions by text.
    """

    count: int = 0
    first: str = ""
    last: str = ""
    shown: Counter[str] = field(default_factory=Counter)
    surfaces: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)


class About(NamedTuple):
    """Questions that the same documents served.

    Attributes:
        surface: where they were asked.
        documents: the ids of the documents; empty where none did.
        products: the products that the questions name.
        asked: how many there are.
        text: how one of them was asked.
    """

    surface: str
    documents: tuple[str, ...]
    products: tuple[str, ...]
    asked: int
    text: str


@dataclass(frozen=True)
class Used:
    """How often a document was used."""

    answered: int
    opened: int
    copied: int
    good: int
    bad: int

    @property
    def uses(self) -> int:
        """How often it was given as the answer, opened or copied."""
        return self.answered + self.opened + self.copied


@dataclass(frozen=True)
class Bad:
    """A rating that says that an answer did not help.

    Attributes:
        day: when the question was asked, and the answer shown, ISO.
        at: when it was rated.
        document: the id of what was rated.
        reason: why, one of the journal's ``REASONS``, or empty.
        text: the question.
    """

    day: str
    at: datetime
    document: str
    reason: str
    text: str


def is_not_found(question: Question) -> bool:
    """Whether there was no answer and no document that holds every word, or somebody said so."""
    nothing = question.answer is None and question.complete == 0
    return nothing or is_missing(question)


def is_missing(question: Question) -> bool:
    """Whether somebody said that there is no answer to a question."""
    return any(event.kind == "missing" for event in question.events)


def is_not_opened(question: Question) -> bool:
    """Whether somebody saw results that hold every word and used none, and there was no answer."""
    shown = question.answer is None and question.complete > 0
    return shown and not question.events and question.surface in WATCHED


def shown_in_vain(question: Question) -> tuple[str, ...]:
    """The documents that were shown first, where none was used or somebody says that none helped.

    The answer is shown before everything else.
    """
    served = question.answer or any(event.document for event in question.events)
    if served and not is_missing(question):
        return ()
    shown = dict.fromkeys(filter(None, (question.answer, *question.hits)))
    return tuple(shown)[:SHOWN]


def percentile(counts: Counter[int], share: float) -> int | None:
    """The least value that so great a share of all does not exceed (nearest rank)."""
    rest = share * sum(counts.values())
    for value in sorted(counts):
        rest -= counts[value]
        if rest <= 0:
            return value
    return None


def uses(question: Question) -> Iterator[tuple[str, str]]:
    """The documents that served a question, and how."""
    if question.answer:
        yield question.answer, "answered"
    # What is opened twice from one page was needed once.
    yield from dict.fromkeys(_use(event) for event in question.events if event.document)


def _use(event: Event) -> tuple[str, str]:
    rating = "good" if event.helpful else "bad"
    return event.document, rating if event.kind == "rated" else event.kind
