"""Incident notices: what is down now, pinned above the questions that it explains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Notice:
    """An incident.

    Attributes:
        id: its name in commands and addresses.
        title: what is down, in a few words.
        text: what to tell customers.
        audience: the narrowest audience that sees it.
        words: words of a question for which it is pinned.
        subjects: subjects of results for which it is pinned.
        starts: from when, UTC.
        ends: until when, UTC; then it is gone by itself.
        by: the team that set it.
    """

    id: str
    title: str
    text: str
    audience: str
    words: tuple[str, ...]
    subjects: tuple[str, ...]
    starts: datetime
    ends: datetime
    by: str


class Notices:
    """The notices that an audience sees.

    Args:
        file: where they are kept; None keeps none.
    """

    def __init__(self, file: Path | None) -> None:
        self.file = file

    def matching(self, text: str, subjects: frozenset[str]) -> tuple[Notice, ...]:
        """The incidents that a question may be about, the newest first.

        Args:
            text: the question.
            subjects: the subjects of its best results.
        """
        return ()
