"""How many requests somebody may send in a minute, counted exactly for all workers of a machine.

The minute begins with somebody's first request. Counts stand in an SQLite file; nothing in it needs
to outlive the minute, so nothing waits for the disk. Addresses are kept only as a keyed hash.

When the file cannot be used, each worker goes on counting by itself: the limit protects the service
from a burden, not the library from readers, so search must not stop for it, and must not lose it
altogether either.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import math
import sqlite3
import time
from pathlib import Path

from search.access.private import Database

FILE = "rates.sqlite"
MINUTE = 60.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS rates (who BLOB PRIMARY KEY, since REAL NOT NULL, times INTEGER NOT NULL)
WITHOUT ROWID
"""
_PRAGMAS = "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
# Somebody else's count may stand for a moment that is a little later than ours; a clock that was
# put back by more than a minute begins a new one.
_COUNT = """
INSERT INTO rates VALUES (?1, ?2, 1) ON CONFLICT (who) DO UPDATE SET
    times = CASE WHEN abs(?2 - since) < 60 THEN times + 1 ELSE 1 END,
    since = CASE WHEN abs(?2 - since) < 60 THEN since ELSE ?2 END
RETURNING times, since
"""
_WAIT = 1.0
# After so many seconds a file that could not be used is tried again.
_RETRY = 10.0
_NETWORK = 64

log = logging.getLogger(__name__)


class Rates:
    """Counts requests.

    Args:
        file: where; None counts for this process alone.
        key: secret, so that nobody can tell addresses from their hashes.
        rate: how many are allowed in a minute; 0 sets no limit.
    """

    def __init__(self, file: Path | None, key: bytes, rate: int) -> None:
        self.rate = rate
        self._file = file
        self._key = key
        self._shared = Database(file, _SCHEMA, _WAIT, _PRAGMAS)
        self._own = Database(None, _SCHEMA, _WAIT)
        self._retry = 0.0
        self._pruned = time.monotonic()

    def wait(self, who: str) -> int:
        """Counts a request.

        Args:
            who: whom it is counted for.

        Returns:
            0 when it is allowed; otherwise after how many seconds requests are again.
        """
        if not self.rate:
            return 0
        now = time.time()
        hashed = hashlib.blake2b(who.encode(), key=self._key, digest_size=16).digest()
        times, since = self._count(hashed, now)
        if times <= self.rate:
            return 0
        # Not by ``now``: another worker may have begun the minute since then.
        return max(1, math.ceil(since + MINUTE - time.time()))

    def close(self) -> None:
        """Closes the file."""
        self._shared.close()
        self._own.close()

    def _count(self, hashed: bytes, now: float) -> tuple[int, float]:
        if time.monotonic() >= self._retry:
            try:
                return self._count_in(self._shared, hashed, now)
            except (sqlite3.Error, OSError) as error:
                self._retry = time.monotonic() + _RETRY
                self._shared.close()
                log.error("请求次数记不进 %s（%s）；暂时各个进程自己数", self._file, error)
        return self._count_in(self._own, hashed, now)

    def _count_in(self, database: Database, hashed: bytes, now: float) -> tuple[int, float]:
        if time.monotonic() - self._pruned > MINUTE:
            self._pruned = time.monotonic()
            database.run("DELETE FROM rates WHERE since < ?", (now - MINUTE,))
        times, since = database.run(_COUNT, (hashed, now))[0]
        return times, since


def address_key(address: str) -> str:
    """What stands for an address when requests are counted.

    A reader with IPv6 has a whole /64 to send from; it counts as one. Some proxies write the port
    to it, of which a reader has many. Whatever is no address counts as one reader.
    """
    try:
        found = ipaddress.ip_address(_without_port(address))
    except ValueError:
        return "address:none"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return f"address:{found.ipv4_mapped}"
        return f"address:{ipaddress.ip_network((found, _NETWORK), strict=False)}"
    return f"address:{found}"


def _without_port(address: str) -> str:
    """``192.0.2.1`` of ``192.0.2.1:80``, ``2001:db8::1`` of ``"[2001:db8::1]:80"``."""
    host = address.strip(' "')
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host
