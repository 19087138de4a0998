"""The journal of one audience: a SQLite file that many threads and processes write at once.

Whoever answers only puts a record into a line; a thread of its own writes. A file that cannot be
written never stops or slows a search. Personal data is taken out before a record is put in, so the
text as it was typed is nowhere but in the request.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from casebook.errors import SearchError, reason
from search.journal import opening, storage
from search.journal.masking import masked_question
from search.journal.records import Question
from search.journal.storage import AskedRow, EventRow
from search.journal.writer import Writer
from search.searcher import Results

# What a question's id looks like.
QUESTION_ID = re.compile(r"[A-Za-z0-9_-]{12}")
_ID_BYTES = 9
# Punctuation, and a single Latin letter or digit, are no question: somebody is about to type one.
_WORD = re.compile(r"[^\W\d_a-zA-Z]|[^\W_]{2}")
_HITS = 10


class Journal:
    """Keeps what was asked.

    Args:
        file: made when the first question is asked; None keeps nothing.
        days: how long questions are kept; 0 keeps nothing.
        clock: seconds since 1970.
    """

    def __init__(
        self, file: Path | None, days: int = 400, clock: Callable[[], float] = time.time
    ) -> None:
        self.file = file if days else None
        self._clock = clock
        self._writer = Writer(self.file, days, clock) if self.file else None

    @property
    def waiting(self) -> int:
        """How many records are not written yet."""
        return self._writer.waiting if self._writer else 0

    @property
    def dropped(self) -> int:
        """How many records could not be kept since the process began."""
        return self._writer.dropped if self._writer else 0

    def ask(self, results: Results, surface: str, visit: str) -> str:
        """Notes a question with what it found; returns at once.

        Args:
            results: what was found.
            surface: where it was asked, one of ``SURFACES``.
            visit: names a page that somebody has open, at random; keystrokes of one visit are
                folded. Empty where there is none: nothing is folded then.

        Returns:
            The question's id, for what happens next; empty where nothing is kept: no word was
            asked, or the journal keeps none.
        """
        text = " ".join(results.request.text.split()).encode(errors="replace").decode()
        if not self._writer or not _WORD.search(text):
            return ""

        def is_known(number: str) -> bool:
            return any(
                number in section.text for hit in results.hits for section in hit.document.sections
            )

        row = AskedRow(
            id=secrets.token_urlsafe(_ID_BYTES),
            at=self._now(),
            visit=visit or None,
            surface=surface,
            text=masked_question(text, is_known),
            total=results.total,
            complete=results.complete,
            answer=results.answer.id if results.answer else None,
            hits=" ".join(hit.document.id for hit in results.hits[:_HITS]),
            took_ms=round(results.took_ms, 1),
            degraded=results.degraded,
        )
        self._writer.put(row)
        return row.id

    def note(
        self,
        question: str,
        kind: str,
        document: str,
        helpful: bool | None = None,
        reason: str | None = None,
    ) -> None:
        """Notes what somebody did with what was found; returns at once.

        Args:
            question: the id that :meth:`ask` gave. One that nobody has is forgotten within a day
                or two.
            kind: one of ``EVENTS``.
            document: the id of the document; empty for ``missing``.
            helpful: what a rating says; None takes the rating back.
            reason: one of ``REASONS`` for a bad rating.
        """
        if self._writer:
            self._writer.put(EventRow(question, self._now(), kind, document, helpful, reason))

    def questions(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[Question]:
        """The questions of a time, with what happened next, the oldest first.

        Args:
            since: the first moment.
            until: the moment after the last one.

        Raises:
            SearchError: the file is damaged, or a newer version of the program made it.
        """
        if not self.file or not self.file.is_file():
            return
        try:
            with closing(opening.open_to_read(self.file)) as database:
                yield from storage.questions(database, _moment(since), _moment(until))
        except sqlite3.Error as error:
            raise SearchError(f"读不了检索日志 {self.file}（{reason(error)}）。") from None

    def when_pruned(self, work: Callable[[], None]) -> None:
        """Has something else done whenever the writer's thread removes what is too old.

        Where nothing is kept, it is done at once: what is there is of a time when something was.
        """
        if self._writer:
            self._writer.when_pruned.append(work)
        else:
            work()

    def flush(self, seconds: float = 10.0) -> bool:
        """Waits until everything is written; False when that takes longer."""
        return self._writer.flush(seconds) if self._writer else True

    def close(self) -> None:
        """Writes what is not written yet."""
        if self._writer:
            self._writer.close()

    def _now(self) -> int:
        return int(self._clock() * 1000)


def _moment(when: datetime | None) -> int | None:
    return None if when is None else storage.milliseconds(when)
