"""What the journal keeps of a question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

# Where a question came from: the service's own page, the search box of a static site, the box on
# somebody else's page, a program, an assistant.
SURFACES = ("page", "site", "embed", "api", "mcp")
EVENTS = ("opened", "copied", "rated")
# Why an answer did not help; the service offers these words and takes no others.
REASONS = ("wrong", "outdated", "unclear", "incomplete", "unsayable", "unrelated")


@dataclass(frozen=True)
class Event:
    """What somebody did with what was found.

    Attributes:
        at: when, UTC.
        kind: one of ``EVENTS``.
        document: the id of the document.
        helpful: what a rating says; None for other events.
        reason: one of ``REASONS`` for a bad rating; else None.
    """

    at: datetime
    kind: str
    document: str
    helpful: bool | None = None
    reason: str | None = None


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
        events: what happened next, in order.
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
