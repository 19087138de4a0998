"""An index that is kept elsewhere, and one at hand that stands in for it.

Whatever goes wrong elsewhere, the index at hand answers: it holds the same entries, so it shows
nothing that the other would not. After a failure nobody waits for the other index any more. One
thread asks after it now and then, and it is used again when it answers as it should.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod

from casebook.errors import SearchError
from search.engines.base import Hits, Index, Query

# Seconds until the index elsewhere is asked after: at first, and at most when it keeps failing.
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 15.0
# Who fails again so soon after it came back has not recovered.
_SETTLED = 60.0
_CLOSING_SECONDS = 3.0

log = logging.getLogger(__name__)


class RemoteFailed(SearchError):
    """The index elsewhere did not answer, or not as it should."""


class RemoteRefused(SearchError):
    """This query gets no answer elsewhere; that says nothing about others."""


class Remote(ABC):
    """An index that is kept elsewhere."""

    @abstractmethod
    def search(self, query: Query) -> Hits:
        """As :meth:`search.engines.base.Index.search`, well before the query's deadline.

        Raises:
            RemoteFailed: there is no answer, or none that can be used.
            RemoteRefused: there is none to this query.
        """

    @abstractmethod
    def verify(self) -> None:
        """Looks whether the index is there, and is the one that is meant.

        Raises:
            SearchError: it is not, or does not say.
        """

    @abstractmethod
    def close(self) -> None:
        """Lets go of connections and threads."""


class GuardedIndex(Index):
    """Answers from an index elsewhere as long as that answers, else from a substitute.

    Args:
        remote: the index elsewhere.
        substitute: an index of the same entries.
    """

    def __init__(self, remote: Remote, substitute: Index) -> None:
        self._remote = remote
        self._substitute = substitute
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._healthy = True
        self._pause = _FIRST_PAUSE
        self._recovered = -_SETTLED
        self._probing: threading.Thread | None = None
        try:
            remote.verify()
        except SearchError as error:
            self._give_up(error)

    def search(self, query: Query) -> Hits:
        """Ranks entries; the query learns which index answered."""
        query.check_deadline()
        if self._healthy:
            try:
                hits = self._remote.search(query)
            except RemoteRefused as error:
                log.info("这次由备用索引回答：%s", error)
            except RemoteFailed as error:
                self._give_up(error)
            else:
                query.check_deadline()
                return hits
        return self._instead(query)

    def _instead(self, query: Query) -> Hits:
        query.answered.degraded = True
        return self._substitute.search(query)

    def count(self) -> int:
        """How many entries both indexes hold."""
        return self._substitute.count()

    def close(self) -> None:
        """Lets go of both indexes."""
        self._closing.set()
        with self._lock:
            probing = self._probing
        if probing:
            probing.join(_CLOSING_SECONDS)
        self._remote.close()
        self._substitute.close()

    def _give_up(self, error: SearchError) -> None:
        """Leaves the index elsewhere alone for a while; the first of several threads does it."""
        with self._lock:
            if not self._healthy or self._closing.is_set():
                return
            self._healthy = False
            settled = time.monotonic() - self._recovered >= _SETTLED
            self._pause = _FIRST_PAUSE if settled else min(self._pause * 2, _LONGEST_PAUSE)
            self._probing = threading.Thread(target=self._probe, name="probe", daemon=True)
            self._probing.start()
        log.error("由备用索引回答：%s", error)

    def _probe(self) -> None:
        """Asks after the index elsewhere until it is there again."""
        while not self._closing.wait(self._pause):
            try:
                self._remote.verify()
            except SearchError:
                self._pause = min(self._pause * 2, _LONGEST_PAUSE)
                continue
            with self._lock:
                self._recovered = time.monotonic()
                self._healthy = True
            log.warning("不再由备用索引回答：集群恢复了")
            return
