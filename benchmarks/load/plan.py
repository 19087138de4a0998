"""How many seats ask how often, and when each of their requests is due.

A seat takes a call each five minutes in the busiest hour and asks three questions on two calls. A
question is typed in pieces, as an input method gives them; each pause brings results and
suggestions. Then a page is opened, which the search page tells the service, and every second time
the answer is copied.

Questions arrive at random at a fixed rate (a Poisson process), whether or not earlier ones have
been answered.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

CALLS_AN_HOUR = 12
QUESTIONS_A_CALL = 1.5
# Characters that an input method gives at once, and seconds from one piece to the next.
PIECE = 2
PIECE_SECONDS = 0.6
# Whoever types a long question sees the results before its end.
MOST_PIECES = 6
# Seconds of looking at the results, then at the page.
LOOK_SECONDS = 2.0
COPIED = 0.5
# No question takes longer.
UNDER_WAY_SECONDS = 15.0

RESULTS, SUGGEST, PAGE, EVENT = "results", "suggest", "page", "event"
# Somebody who watches whether the service lives, while it has too much to do.
HEALTH = "healthz"
KINDS = (RESULTS, SUGGEST, PAGE, EVENT, HEALTH)
_LOOKS_A_SECOND = 10


@dataclass(frozen=True)
class Request:
    """A request and when it is due.

    Attributes:
        due: seconds from the beginning.
        seat: who sends it; each seat has a browser with connections of its own.
        kind: one of ``KINDS``.
        method: of HTTP.
        path: with its query.
        question: which question it belongs to, counted from 0.
        body: what is sent, as JSON; empty for none.
    """

    due: float
    seat: int
    kind: str
    method: str
    path: str
    question: int
    body: str = ""


@dataclass(frozen=True)
class Document:
    """A document that is opened.

    Attributes:
        id: its id.
        url: the path of its page on the site.
    """

    id: str
    url: str


def questions_a_second(seats: int, surge: float = 1.0) -> float:
    """How many questions so many seats ask in a second of the busiest hour.

    Args:
        seats: how many take calls.
        surge: how many times as many they ask while something is broken everywhere.
    """
    return seats * CALLS_AN_HOUR * QUESTIONS_A_CALL / 3600 * surge


def pieces(text: str) -> list[str]:
    """What stands in the box at each pause of somebody who types a question."""
    count = min(MOST_PIECES, -(-len(text) // PIECE))
    return [text[: round(len(text) * part / count)] for part in range(1, count + 1)]


def requests_a_question(questions: Sequence[str]) -> float:
    """How many requests a question makes, on average."""
    typed = sum(2 * len(pieces(text)) for text in questions) / len(questions)
    return typed + 1 + 1 + COPIED


def make_plan(
    rate: float,
    seconds: float,
    seats: int,
    questions: Sequence[str],
    documents: Sequence[Document],
    seed: int,
) -> list[Request]:
    """All requests of a run, in order.

    Args:
        rate: questions a second.
        seconds: how long questions arrive.
        seats: who asks; each question comes from one of them.
        questions: what is asked.
        documents: what is opened.
        seed: the same seed makes the same plan.
    """
    chosen = random.Random(seed)  # noqa: S311  (a benchmark must be able to run again)
    plan: list[Request] = []
    # Some questions are under way in the beginning, as at any other time.
    at, number = chosen.expovariate(rate) - UNDER_WAY_SECONDS, 0
    while at < seconds:
        seat = chosen.randrange(seats)
        text = chosen.choice(questions)
        plan += _question(number, at, seat, text, chosen.choice(documents), chosen)
        at, number = at + chosen.expovariate(rate), number + 1
    return sorted((one for one in plan if 0 <= one.due < seconds), key=lambda one: one.due)


def watched(plan: Sequence[Request], seconds: float) -> list[Request]:
    """A plan, and looks at ``/healthz`` at a fixed rate beside it."""
    looks = (
        Request(place / _LOOKS_A_SECOND, -1, HEALTH, "GET", "/healthz", -1)
        for place in range(int(seconds * _LOOKS_A_SECOND))
    )
    return sorted((*plan, *looks), key=lambda one: one.due)


def _question(
    number: int, at: float, seat: int, text: str, document: Document, chosen: random.Random
) -> Iterator[Request]:
    visit = f"{chosen.getrandbits(48):012x}"
    for typed in pieces(text):
        asked = f"q={quote(typed)}"
        yield Request(at, seat, RESULTS, "GET", f"/results?{asked}&visit={visit}", number)
        yield Request(at, seat, SUGGEST, "GET", f"/api/suggest?{asked}", number)
        at += PIECE_SECONDS * chosen.uniform(0.5, 1.5)
    at += LOOK_SECONDS * chosen.uniform(0.5, 1.5)
    yield Request(at, seat, PAGE, "GET", f"/site/{document.url}", number)
    yield Request(at, seat, EVENT, "POST", "/api/events", number, _event(visit, "opened", document))
    if chosen.random() < COPIED:
        at += LOOK_SECONDS * chosen.uniform(0.5, 1.5)
        body = _event(visit, "copied", document)
        yield Request(at, seat, EVENT, "POST", "/api/events", number, body)


def _event(question: str, kind: str, document: Document) -> str:
    """What the page sends, of a question that the journal does not know: it goes the same way."""
    return json.dumps({"question": question, "kind": kind, "document": document.id})
