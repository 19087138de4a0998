"""The journal of one audience: a SQLite file that many threads and processes write at once.

Whoever answers only puts a record into a line; a thread of its own writes. A file that cannot be
written never stops or slows a search.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from search.journal.records import Question
from search.searcher import Results


class Journal:
    """Keeps what was asked.

    Args:
        file: made when the first question is asked; None keeps nothing.
        days: how long questions are kept.
    """

    def __init__(self, file: Path | None, days: int = 400) -> None:
        self.file = file
        self._days = days

    def ask(self, results: Results, surface: str, visit: str) -> str:
        """Notes a question with what it found; returns at once.

        Args:
            results: what was found.
            surface: where it was asked, one of ``SURFACES``.
            visit: names a page that somebody has open, at random; keystrokes of one visit are
                folded. Empty where there is none: nothing is folded then.

        Returns:
            The question's id, for what happens next; empty where nothing is kept.
        """
        return secrets.token_urlsafe(9) if self.file else ""

    def note(
        self,
        question: str,
        kind: str,
        document: str,
        helpful: bool | None = None,
        reason: str | None = None,
    ) -> None:
        """Notes what somebody did with what was found; returns at once."""

    def questions(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[Question]:
        """The questions of a time, with what happened next, the oldest first."""
        return iter(())

    def close(self) -> None:
        """Writes what is not written yet."""
