"""How often each document was chosen from the suggestions: a small SQLite file beside the index.

Nothing of who chose or what was typed is kept. A file that cannot be read or written never stops a
search: counting goes on in memory, and what could not be written is written later.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS choices (document TEXT PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID
"""
_ADD = """
INSERT INTO choices VALUES (?, ?)
ON CONFLICT (document) DO UPDATE SET times = times + excluded.times
"""
# Seconds to wait for another process: whoever suggests cannot wait, whoever counts can.
_WAIT_TO_READ = 0.05
_WAIT_TO_WRITE = 2.0
# Other processes count, too; their choices are seen after so many seconds.
_FRESH = 10.0

log = logging.getLogger(__name__)


class Choices:
    """Counts choices; many threads and processes may at once.

    Args:
        file: made when something is chosen first; None keeps the counts in memory.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._times: Counter[str] = Counter()
        self._unwritten: Counter[str] = Counter()
        self._read = float("-inf")

    def add(self, document: str) -> None:
        """Counts a choice."""
        with self._lock:
            self._times[document] += 1
            if self._file is None:
                return
            self._unwritten[document] += 1
        # One thread writes what all have counted: a file that is slow holds up no other.
        while self._unwritten and self._writing.acquire(blocking=False):
            try:
                if not self._write(self._file):
                    return
            finally:
                self._writing.release()

    def times(self) -> Mapping[str, int]:
        """How often each document was chosen, by its id."""
        if self._file is not None and time.monotonic() - self._read > _FRESH:
            self._read = time.monotonic()
            self._refresh(self._file)
        return self._times

    def _write(self, file: Path) -> bool:
        """Writes what is not written yet; what cannot be written is kept for the next time."""
        with self._lock:
            taken, self._unwritten = self._unwritten, Counter()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            _write(file, taken.items())
        except (sqlite3.Error, OSError) as error:
            log.error("选择次数写不进 %s：%s", file, error)
            with self._lock:
                self._unwritten += taken
            return False
        return True

    def _refresh(self, file: Path) -> None:
        try:
            times = _read(file) if file.is_file() else {}
        except (sqlite3.Error, OSError, ValueError) as error:
            log.error("选择次数读不了 %s：%s", file, error)
            return
        with self._lock:
            self._times = Counter(times) + self._unwritten


def _write(file: Path, times: Iterable[tuple[str, int]]) -> None:
    with closing(sqlite3.connect(file, timeout=_WAIT_TO_WRITE)) as database, database:
        database.execute(_SCHEMA)
        database.executemany(_ADD, times)


def _read(file: Path) -> dict[str, int]:
    with closing(sqlite3.connect(file, timeout=_WAIT_TO_READ)) as database:
        rows = database.execute("SELECT document, times FROM choices").fetchall()
    return {document: int(times) for document, times in rows}
