"""What the journal keeps of a question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

# The journal's file in the folder of what a service learns.
FILE = "journal.sqlite"
# Where a question came from: the service's own page, the search box of a static site, the box on
# somebody else's page, a program, an assistant; each with its name for people.
SURFACES = {
    "page": "检索页",
    "site": "知识库站点",
    "embed": "嵌入的检索框",
    "api": "接口",
    "mcp": "智能助手",
}
# ``missing``: somebody says that there is no answer to the question; it concerns no document.
EVENTS = ("opened", "copied", "rated", "missing")
# Why an answer did not help, in the words of the buttons; the service takes no others.
REASONS = {
    "wrong": "内容不对",
    "outdated": "过时了",
    "unclear": "说不清楚",
    "incomplete": "不完整",
    "unsayable": "没法照着念",
    "unrelated": "答非所问",
}


@dataclass(frozen=True)
class Event:
    """What somebody did with what was found.

    Attributes:
        at: when, UTC.
        kind: one of ``EVENTS``.
        document: the id of the document; empty for ``missing``.
        helpful: what a rating says; None for other events.
        reason: one of ``REASONS`` for a bad rating; else None.
    """

    at: datetime
    kind: str
    document: str
    helpful: bool | None = None
    reason: str | None = None


class Noted(NamedTuple):
    """An event as it comes in.

    Attributes:
        question: the question's id.
        kind: one of ``EVENTS``.
        document: the id of the document; empty for ``missing``.
        helpful: what a rating says; None takes it back.
        reason: one of ``REASONS``, or None.
    """

    question: str
    kind: str
    document: str
    helpful: bool | None
    reason: str | None


@dataclass(frozen=True)
class Question:
    """A question as it was asked in the end: its keystrokes are folded into one.

    Attributes:
        id: random; the page sends it with what happens next.
        at: when it was asked last, UTC.
        surface: one of ``SURFACES``.
        text: what was asked, personal data masked.
        total: how many documents were found.
        complete: how many of them hold every word.
        answer: the id of the entry that was given as the answer; None when there was none.
        hits: the ids of the first documents that were found, best first, at most ten.
        took_ms: milliseconds from query to results.
        degraded: whether a substitute index answered.
        events: what happened next, in order. Of several ratings of a document only the last is
            here, and none where it was taken back.
    """

    id: str
    at: datetime
    surface: str
    text: str
    total: int
    complete: int
    answer: str | None
    hits: tuple[str, ...]
    took_ms: float
    degraded: bool
    events: tuple[Event, ...] = ()
