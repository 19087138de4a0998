"""The check of drafts in a process of its own, which is killed when a text takes too long.

Some short texts take seconds. In the service's own process they would hold up every search; here
one is checked at a time, at a lower priority, and few may wait.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import selectors
import signal
import subprocess
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from casebook.children import give, send, start, take_task
from casebook.documents import Kind
from casebook.errors import CasebookError, SearchTimeout
from casebook.problems import Problem
from search.editor.drafts import Drafts

SECONDS = 10.0
# How many drafts may wait for the one that is being checked.
WAITING = 3
_PRIORITY = 10
_READY = "ready"


class CheckFailed(CasebookError):
    """The check itself broke; its text says where, and nothing of what was checked."""


class Checker:
    """Checks texts one after another, in a process that is started when it is needed.

    Args:
        root: the library's folder.
        seconds: the longest that a caller waits.
    """

    def __init__(self, root: Path, seconds: float = SECONDS) -> None:
        self._root = root
        self._seconds = seconds
        self._turn = threading.Lock()
        self._places = threading.BoundedSemaphore(1 + WAITING)
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False

    def check(self, kind: Kind, text: str, path: str | None) -> list[Problem]:
        """Everything that is wrong with a text, as :meth:`Drafts.check`.

        Raises:
            SearchTimeout: too many wait already, or it took too long.
            CheckFailed: the check itself broke.
        """
        end = time.monotonic() + self._seconds
        if not self._places.acquire(blocking=False):
            raise SearchTimeout("同时检查的人太多，稍等再试；可以先存草稿。")
        try:
            if not self._turn.acquire(timeout=self._seconds):
                raise self._too_long()
            try:
                return self._ask((kind, text, path), end)
            finally:
                self._turn.release()
        finally:
            self._places.release()

    def warm_up(self) -> None:
        """Starts the process, for somebody is about to write; does not wait for it."""
        if self._turn.acquire(blocking=False):
            try:
                self._running()
            finally:
                self._turn.release()

    def close(self) -> None:
        """Ends the process."""
        self._stop()

    def _ask(self, task: tuple[Kind, str, str | None], end: float) -> list[Problem]:
        process = self._running()
        if not self._ready:
            if not self._answers(process, end):
                # It goes on reading, however long that takes, and does the next one.
                raise SearchTimeout("知识库还在读，稍等再试；可以先存草稿。")
            self._take(process)
            self._ready = True
        send(process, task)
        if not self._answers(process, end):
            self._stop()
            raise self._too_long()
        found: list[Problem] = self._take(process)
        return found

    def _too_long(self) -> SearchTimeout:
        return SearchTimeout(f"检查超过 {self._seconds:g} 秒，稍等再试；可以先存草稿。")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._stop()
            self._process = start(__name__)
            send(self._process, self._root)
        return self._process

    @staticmethod
    def _answers(process: subprocess.Popen[bytes], end: float) -> bool:
        with selectors.DefaultSelector() as waiting:
            if process.stdout:
                waiting.register(process.stdout, selectors.EVENT_READ)
            return bool(waiting.select(max(0.0, end - time.monotonic())))

    def _take(self, process: subprocess.Popen[bytes]) -> Any:
        try:
            found = pickle.load(process.stdout) if process.stdout else None  # noqa: S301  (our own)
        except (EOFError, pickle.UnpicklingError):
            self._stop()
            raise CheckFailed("检查的进程中断了") from None
        if isinstance(found, str) and found != _READY:
            self._stop()
            raise CheckFailed(found)
        return found

    def _stop(self) -> None:
        process, self._process, self._ready = self._process, None, False
        if process is None:
            return
        # What renders for it ends with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(BrokenPipeError):
                if pipe:
                    pipe.close()
        process.wait()


def _answer_all() -> Iterator[str | list[Problem]]:
    """The child: it says when it has read the library, then answers each task."""
    drafts = Drafts(take_task())
    try:
        drafts.finder()
        yield _READY
        with contextlib.suppress(EOFError):
            while True:
                yield drafts.check(*take_task())
    except Exception as error:  # noqa: BLE001  (whatever it is, the parent must hear of it)
        # Without the error's words, which may hold some of the text.
        places = "".join(traceback.format_tb(error.__traceback__))
        yield f"{type(error).__name__}\n{places}"


if __name__ == "__main__":
    os.nice(_PRIORITY)
    give(_answer_all())
