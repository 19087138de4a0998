"""Questions as a call centre asks them: seeded, so that each run sees the same ones."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from casebook.documents import Case, Faq
from casebook.library import View
from search.journal import opening, storage
from search.journal.records import REASONS, Event, Question
from search.journal.storage import AskedRow, EventRow

ZONE = ZoneInfo("Asia/Shanghai")
SURFACES = ("page", "page", "page", "page", "page", "page", "page", "embed", "site", "api")
# What nobody has written an answer for, each in several wordings; the first is the most frequent.
MISSING = (
    ("儿童手表能不能办副卡", "儿童手表办副卡", "副卡可以给儿童手表用吗"),
    ("智能门锁连不上宽带", "宽带连不上智能门锁", "智能门锁怎么连宽带"),
    ("卫星通话怎么开通", "怎么开通卫星通话", "卫星通话开通"),
    ("云盘空间满了怎么扩容", "云盘怎么扩容空间"),
)


@dataclass(frozen=True)
class Topic:
    """Something that is asked about.

    Attributes:
        texts: how it is asked, the most frequent first.
        weight: how often, beside other topics.
        answer: the entry that answers it; None where none does.
        hits: what else is found.
        complete: how many documents hold every word.
        opened: how often one of the hits is opened.
        bad: how often it is rated bad, of all ratings.
        since: the first day on which it is asked.
        growth: so many times as often in the last weeks.
    """

    texts: tuple[str, ...]
    weight: float = 1.0
    answer: str | None = None
    hits: tuple[str, ...] = ()
    complete: int = 3
    opened: float = 0.4
    bad: float = 0.1
    since: date = date.min
    growth: float = 1.0


@dataclass
class CallCentre:
    """Asks.

    Attributes:
        topics: what is asked about.
        a_day: how many questions, on an ordinary working day.
        seed: of chance.
        grown_days: how long ago topics began to grow.
    """

    topics: Sequence[Topic]
    a_day: int = 300
    seed: int = 7
    grown_days: int = 28
    _number: int = field(default=0, init=False)

    def questions(self, days: int, on: date) -> Iterator[Question]:
        """The questions of some days, the last of them ``on``, the oldest first."""
        chance = random.Random(self.seed)
        for place in range(days):
            day = on - timedelta(days=days - 1 - place)
            yield from self._day(chance, day, grown=days - place <= self.grown_days)

    def _day(self, chance: random.Random, day: date, *, grown: bool) -> Iterator[Question]:
        topics = [topic for topic in self.topics if topic.since <= day]
        weights = [topic.weight * (topic.growth if grown else 1) for topic in topics]
        # Weekends are quieter; on no two days exactly as many call.
        usual = self.a_day * (0.7 if day.weekday() >= 5 else 1)
        count = max(0, round(chance.gauss(usual, usual**0.5)))
        start = datetime.combine(day, time(), ZONE)
        # Few call at night.
        seconds = sorted(chance.triangular(0, 86_399, 15 * 3600) for _ in range(count))
        asked = chance.choices(topics, weights, k=count)
        for second, topic in zip(seconds, asked, strict=True):
            yield self._question(chance, start + timedelta(seconds=second), topic)

    def _question(self, chance: random.Random, at: datetime, topic: Topic) -> Question:
        at = at.astimezone(UTC)
        self._number += 1
        frequent = [1 / (place + 1) for place in range(len(topic.texts))]
        surface = chance.choice(SURFACES)
        return Question(
            id=f"q{self._number}",
            at=at,
            surface=surface,
            text=chance.choices(topic.texts, frequent)[0],
            total=max(len(topic.hits), topic.complete) + chance.randrange(20),
            complete=topic.complete,
            answer=topic.answer,
            hits=topic.hits,
            took_ms=max(1.0, chance.lognormvariate(2.6, 0.5)),
            degraded=False,
            events=tuple(self._events(chance, at, topic)) if surface != "api" else (),
        )

    def _events(self, chance: random.Random, at: datetime, topic: Topic) -> Iterator[Event]:
        if topic.answer and chance.random() < 0.3:
            yield Event(at + timedelta(seconds=9), "copied", topic.answer)
        elif topic.hits and chance.random() < topic.opened:
            yield Event(at + timedelta(seconds=14), "opened", topic.hits[0])
        rated = topic.answer or (topic.hits[0] if topic.hits else None)
        if rated and chance.random() < 0.05:
            bad = chance.random() < topic.bad
            reason = chance.choice(list(REASONS)) if bad else None
            yield Event(at + timedelta(seconds=40), "rated", rated, not bad, reason)


def topics_of(view: View, on: date) -> list[Topic]:
    """What is asked about a library: its questions, some things that it lacks, some that grow."""
    faq = [document for document in view.documents if isinstance(document, Faq)]
    cases = [document for document in view.documents if isinstance(document, Case)]
    topics = [
        Topic(
            texts=(*entry.similar[:4], entry.title),
            weight=12 / (place + 3),
            answer=entry.id,
            hits=(entry.id,),
            bad=0.6 if place % 11 == 4 else 0.08,
            growth=2.5 if place % 17 == 6 else 1.0,
        )
        for place, entry in enumerate(faq)
    ]
    topics += [
        Topic(
            texts=(case.title[:14], case.title[:9]),
            weight=0.25,
            hits=(case.id,),
            opened=0.0 if place % 5 == 0 else 0.5,
        )
        for place, case in enumerate(cases)
    ]
    topics += [
        Topic(texts, weight=1.5 / (place + 1), hits=(faq[place].id,), complete=0, opened=0.0)
        for place, texts in enumerate(MISSING)
    ]
    new = on - timedelta(days=3)
    topics.append(
        Topic(("乐享家庭包怎么共享流量", "乐享家庭包共享流量"), 2.0, complete=0, since=new)
    )
    return topics


def write_journal(file: Path, questions: Iterable[Question]) -> None:
    """Writes questions into a journal's file, as if they had been asked."""
    with closing(opening.connect(file)) as database:
        rows: list[AskedRow | EventRow] = []
        for one in questions:
            at = storage.milliseconds(one.at)
            found = (one.total, one.complete, one.answer, " ".join(one.hits))
            rows.append(
                AskedRow(one.id, at, None, one.surface, one.text, *found, one.took_ms, one.degraded)
            )
            rows += [
                EventRow(
                    one.id, storage.milliseconds(e.at), e.kind, e.document, e.helpful, e.reason
                )
                for e in one.events
            ]
        storage.write(database, rows)
