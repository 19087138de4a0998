"""A line of rows, and the thread that writes them.

Whoever puts a row in never waits for the file. While the file cannot be written, rows stay in
memory; beyond a bound the oldest are dropped and counted. The thread begins with the first row of
each process, so that processes may be forked from one that has put rows in.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from casebook.errors import CasebookError
from search.journal import opening, storage
from search.journal.storage import AskedRow, EventRow

# Rows that are kept in memory while they cannot be written.
MOST = 20_000
# Seconds in which rows gather for one transaction: the most that a killed process loses.
GATHER = 0.2
# Seconds before a file that cannot be used is tried again, and how often they are doubled.
_SHORTEST_REST = 0.5
_DOUBLINGS = 6
# Seconds between two looks for questions that nobody goes on typing.
_TICK = 20.0
_FIRST_PRUNE = 600.0
# What is folded stays for so long in the log beside the file, at most.
_HOUR = 3_600.0
_DAY = 86_400.0
# A clock that is off by more than this from how long the process has run was set meanwhile.
_CLOCK_SET = _HOUR
_BETWEEN_STEPS = 0.05
_END = 15.0

log = logging.getLogger(__name__)


class Writer:
    """Writes rows of the journal.

    Args:
        file: where to.
        days: how long questions are kept.
        clock: seconds since 1970.

    Attributes:
        dropped: how many rows could not be kept since the process began.
        when_pruned: what else is done whenever what is too old is removed; it raises nothing.
    """

    def __init__(self, file: Path, days: int, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._days = days
        self._clock = clock
        self.when_pruned: list[Callable[[], None]] = []
        self._begin()
        _WRITERS.add(self)

    def _begin(self) -> None:
        """Begins with nothing to write; in a forked process, too, whose parent keeps its rows."""
        self._lock = threading.Condition()
        self._rows: deque[AskedRow | EventRow] = deque()
        self._taken = 0
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._ending = False
        self._thread: threading.Thread | None = None
        # Held while the file is open: SQLite must have no file open when a process forks.
        self._gate = threading.Lock()
        self._may_open = threading.Event()
        self._may_open.set()
        self._failures = 0
        self._counted = 0
        self._typing = True
        self._next_settle = 0.0
        self._began = self._clock(), time.monotonic()
        self._next_prune = time.monotonic() + _FIRST_PRUNE
        self._next_forget = time.monotonic() + _HOUR
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """How many rows are not written yet."""
        return len(self._rows) + self._taken

    def put(self, row: AskedRow | EventRow) -> None:
        """Puts a row into the line."""
        with self._lock:
            if self._ending:
                return
            self._rows.append(row)
            self._bound()
            if self._thread is None or not self._thread.is_alive():
                self._start()
        if not self._wake.is_set():
            self._wake.set()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:  # the system gives no more threads; the next row tries again
            log.error("检索日志 %s：线程开不起来（%s）", self._file, error)
            self._thread = None

    def flush(self, seconds: float = 10.0) -> bool:
        """Waits until everything is written; False when that takes longer."""
        self._hurry.set()
        self._wake.set()
        with self._lock:
            return self._lock.wait_for(lambda: not self.waiting, seconds)

    def close(self) -> None:
        """Writes what is not written yet, as far as that is possible, and ends."""
        with self._lock:
            self._ending = True
            thread = self._thread
        self._hurry.set()
        self._wake.set()
        if thread:
            thread.join(_END)
        if self.waiting:
            log.error("检索日志 %s：停止时还有 %d 条没写进去，丢弃了", self._file, self.waiting)

    def _run(self) -> None:
        while True:
            is_last = self._ending
            self._may_open.wait()
            try:
                with self._gate, closing(opening.connect(self._file)) as database:
                    self._use(database, opening.inode_of(self._file))
            except (sqlite3.Error, OSError, CasebookError) as error:
                self._say(error)
                if is_last:
                    return
                self._rest()
            if self._ending and not self._rows:
                return

    def _rest(self) -> None:
        """Waits before the file is tried again, the longer the more often that failed."""
        if not self._ending:
            self._hurry.clear()
        self._hurry.wait(_SHORTEST_REST * 2 ** min(self._failures, _DOUBLINGS))
        self._failures += 1

    def _use(self, database: sqlite3.Connection, inode: int) -> None:
        """Writes to an open file until it is another's, or fails, or all is done."""
        while opening.inode_of(self._file) == inode and self._may_open.is_set():
            try:
                self._write(database)
                self._keep_house(database)
            except sqlite3.DatabaseError as error:
                if not opening.is_damage(error):
                    raise
                opening.set_aside(self._file, inode)
                return
            if self._ending and not self._rows:
                return
            self._wake.wait(_TICK)
            self._wake.clear()
            self._hurry.wait(GATHER)

    def _write(self, database: sqlite3.Connection) -> None:
        with self._lock:
            batch = list(self._rows)
            self._rows.clear()
            self._taken = len(batch)
            dropped = self.dropped - self._counted
        try:
            if batch or dropped:
                storage.write(database, batch, dropped)
        except BaseException:
            with self._lock:
                self._rows.extendleft(reversed(batch))
                self._taken = 0
                self._bound()
            raise
        self._typing |= any(isinstance(row, AskedRow) and row.visit for row in batch)
        if self._failures:
            log.warning("检索日志 %s 又写得进了，其间丢弃 %d 条", self._file, dropped)
        with self._lock:
            self._failures = 0
            self._counted += dropped
            self._taken = 0
            if not self._ending:
                self._hurry.clear()
            self._lock.notify_all()

    def _keep_house(self, database: sqlite3.Connection) -> None:
        """Folds what nobody goes on typing, and once a day removes what is too old."""
        now = self._clock()
        if self._typing and time.monotonic() >= self._next_settle:
            self._next_settle = time.monotonic() + _TICK
            self._typing = storage.settle(database, int(now * 1000))
        if time.monotonic() >= self._next_forget and not self._ending:
            self._next_forget = time.monotonic() + _HOUR
            storage.forget(database)
        if time.monotonic() < self._next_prune or self._ending:
            return
        self._next_prune = time.monotonic() + _DAY
        was_set = abs((now - self._began[0]) - (time.monotonic() - self._began[1])) > _CLOCK_SET
        self._began = now, time.monotonic()
        if was_set:
            log.warning("系统时钟被拨过，这一次不清理检索日志 %s", self._file)
            return
        before = now - self._days * _DAY
        opening.remove_aside(self._file, before)
        for work in self.when_pruned:
            work()
        for _ in storage.prune(database, int(before * 1000), int(now * 1000)):
            self._write(database)
            if self._ending or not self._may_open.is_set():
                self._next_prune = time.monotonic() + _FIRST_PRUNE
                return
            self._hurry.wait(_BETWEEN_STEPS)

    def _bound(self) -> None:
        while len(self._rows) > MOST:
            self._rows.popleft()
            self.dropped += 1

    def _say(self, error: Exception) -> None:
        log.error(
            "检索日志写不进 %s（%s）；检索照常，%d 条先放在内存里，已丢弃 %d 条",
            self._file,
            error,
            self.waiting,
            self.dropped,
        )

    def _leave_file(self) -> None:
        """Closes the file until the process has forked."""
        self._may_open.clear()
        self._hurry.set()
        self._wake.set()
        self._gate.acquire()

    def _return_to_file(self) -> None:
        self._gate.release()
        self._may_open.set()


_WRITERS: weakref.WeakSet[Writer] = weakref.WeakSet()
_left: list[Writer] = []


def _before_fork() -> None:
    _left[:] = _WRITERS
    for writer in _left:
        writer._leave_file()


def _after_fork() -> None:
    for writer in _left:
        writer._return_to_file()
    _left.clear()


def _begin_anew() -> None:
    """A forked process has the line, but not the thread; and locks may be held in it for ever."""
    for writer in _WRITERS:
        writer._begin()
    _left.clear()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_begin_anew)
