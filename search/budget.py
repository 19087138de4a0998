"""A hard stop for queries: the caller gets its answer or an error in time, whatever an engine does.

Queries run in a fixed number of threads. An engine looks at the clock itself; should it not come
back all the same, the caller stops waiting shortly after the limit, and when every thread is
taken, further queries are refused at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from casebook.errors import SearchTimeout

T = TypeVar("T")
# How much longer than its limit a query may take before its caller stops waiting.
_GRACE = 1.15


class Busy(SearchTimeout):
    """Every thread is taken and the waiting line is full."""


class Budget:
    """Runs queries within a time limit.

    Args:
        seconds: a query's limit.
        threads: how many run at once.
        waiting: how many more may wait for a thread.
    """

    def __init__(self, seconds: float, threads: int = 2, waiting: int = 16) -> None:
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="query")
        self._places = threading.BoundedSemaphore(threads + waiting)

    def check(self) -> None:
        """Looks whether there is a place, and takes none.

        Raises:
            Busy: there is none.
        """
        self._take_place()
        self._places.release()

    def run(self, work: Callable[[], T]) -> T:
        """Runs one query.

        Raises:
            Busy: there is no place for it.
            SearchTimeout: it did not come back in time.
        """
        self._take_place()
        future = self._pool.submit(self._work, work)
        try:
            return future.result(self._seconds * _GRACE)
        except TimeoutError:
            if future.cancel():
                self._places.release()
            raise SearchTimeout(f"检索超过 {self._seconds:g} 秒") from None

    def _take_place(self) -> None:
        if not self._places.acquire(blocking=False):
            raise Busy("同时检索的人太多；稍等一秒再试")

    def _work(self, work: Callable[[], T]) -> T:
        try:
            return work()
        finally:
            self._places.release()

    def close(self) -> None:
        """Lets the threads end; does not wait for them."""
        self._pool.shutdown(wait=False, cancel_futures=True)
