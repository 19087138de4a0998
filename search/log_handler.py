"""Writes log lines in a thread of its own: whoever reads the log slowly holds up no answer.

A pipe whose reader stands still takes some hundred lines; whoever wrote the next one itself would
wait there for good, and every request with it.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

# Lines that wait to be written, a few megabytes; more are counted and lost.
MOST_WAITING = 10_000
# Several processes write to one pipe: no more than this is written in one piece (PIPE_BUF).
_PIECE = 4096
# Seconds in which lines gather: each time the thread is woken, others wait for Python.
_GATHER = 0.05
# How long whoever ends waits for what is not written yet.
_FLUSH_SECONDS = 1.0

_Item = bytes | threading.Event | None


class LogHandler(logging.Handler):
    """Writes each record as a line, soon.

    Args:
        stream: where to.
        most_waiting: lines that may wait.
    """

    def __init__(self, stream: Any, most_waiting: int = MOST_WAITING) -> None:
        super().__init__()
        self._put_out = _unbuffered(stream)
        self._most_waiting = most_waiting
        self._waiting: SimpleQueue[_Item] = SimpleQueue()
        self._process = 0
        self._lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Hands over a record to be written."""
        if self._process != os.getpid():
            self._begin()
        if self._waiting.qsize() >= self._most_waiting:
            self._lost += 1
        else:
            self._waiting.put(self._line(record))

    def flush(self) -> None:
        """Waits until all is written, but not for a reader that stands still."""
        if self._process == os.getpid():
            written = threading.Event()
            self._waiting.put(written)
            written.wait(_FLUSH_SECONDS)

    def close(self) -> None:
        """Writes what waits and ends the thread."""
        self.flush()
        self._waiting.put(None)
        self._process = 0
        super().close()

    def _begin(self) -> None:
        """Starts the thread; a process that was forked has none, and its parent's lines."""
        self._process = os.getpid()
        self._waiting = SimpleQueue()
        self._lost = 0
        threading.Thread(target=self._write, args=(self._waiting,), name="log", daemon=True).start()

    def _write(self, waiting: SimpleQueue[_Item]) -> None:
        failed = told = 0
        for lines in _pieces(waiting):
            try:
                self._put_out(lines)
                lost = self._lost + failed - told
                if lost:
                    self._put_out(self._line(_told(lost)))
                    told += lost
            except (OSError, ValueError):
                failed += lines.count(b"\n")

    def _line(self, record: logging.LogRecord) -> bytes:
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001  (whoever logs must never fail for it)
            # The library would quote the record's words.
            line = f"{record.name}:{record.lineno} 的日志写不出来"
        return f"{line}\n".encode(errors="backslashreplace")


def _pieces(waiting: SimpleQueue[_Item]) -> Iterator[bytes]:
    """What waits, as much at once as a pipe takes whole, until it ends."""
    piece = b""
    idle = True
    while True:
        one = waiting.get()
        if isinstance(one, bytes):
            if idle:
                time.sleep(_GATHER)
                idle = False
            if piece and len(piece) + len(one) > _PIECE:
                yield piece
                piece = b""
            piece += one
            if not waiting.empty():
                continue
        idle = True
        if piece:
            yield piece
            piece = b""
        if one is None:
            return
        if isinstance(one, threading.Event):
            one.set()


def _told(lost: int) -> logging.LogRecord:
    return logging.LogRecord(
        __name__, logging.WARNING, __file__, 0, "日志写得太慢，丢了 %d 行", (lost,), None
    )


def _unbuffered(stream: Any) -> Callable[[bytes], None]:
    """Writes to the file behind a stream.

    A thread that waits in the stream itself holds its lock, which Python wants in order to end.
    """
    try:
        file = stream.fileno()
    except (AttributeError, OSError):
        return lambda data: stream.write(data.decode())

    def write(data: bytes) -> None:
        while data:
            data = data[os.write(file, data) :]

    return write
