"""A light HTTP client in a process of its own: reads a job from standard input, writes times.

A job with a rate is an open loop: requests are sent when they are due, whether or not earlier ones
have been answered, and a request's time counts from when it was due. A job without one is a closed
loop: each client sends its next request when the last is answered.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, cycle

_OK = "200"


@dataclass(frozen=True)
class Job:
    """What is asked, and how.

    Attributes:
        port: of the server on this machine.
        paths: what is asked, in turn.
        connections: how many connections are kept open.
        seconds: how long.
        rate: requests a second of an open loop; 0 for a closed loop.
    """

    port: int
    paths: tuple[str, ...]
    connections: int
    seconds: float
    rate: float = 0.0


@dataclass
class Outcome:
    """What came of a job.

    Attributes:
        took: milliseconds of each request that was answered.
        errors: how many were not, by status.
    """

    took: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)


class Connection:
    """A connection that is kept open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str) -> str:
        """The status of the answer; ``lost`` when the connection broke."""
        try:
            return await self._get(path)
        except (OSError, asyncio.IncompleteReadError, ValueError):
            self.close()
            return "lost"

    async def _get(self, path: str) -> str:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b"chunked" in head:
            await _skip_chunks(reader)
        else:
            length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
        if b"connection: close" in head:
            self.close()
        return head.split(b" ", 2)[1].decode()

    def close(self) -> None:
        """Closes it; the next request opens it again."""
        if self._streams:
            self._streams[1].close()
            self._streams = None


async def run(job: Job) -> Outcome:
    """Does a job."""
    outcome = Outcome()
    pool = [Connection(job.port) for _ in range(job.connections)]
    await (_open_loop if job.rate else _closed_loop)(job, pool, outcome)
    for connection in pool:
        connection.close()
    return outcome


async def _closed_loop(job: Job, pool: list[Connection], outcome: Outcome) -> None:
    until = time.perf_counter() + job.seconds
    paths = cycle(job.paths)

    async def client(connection: Connection) -> None:
        while time.perf_counter() < until:
            await _ask(connection, next(paths), time.perf_counter(), outcome)

    await asyncio.gather(*map(client, pool))


async def _open_loop(job: Job, pool: list[Connection], outcome: Outcome) -> None:
    began = time.perf_counter()
    paths = cycle(job.paths)
    due = (began + place / job.rate for place in count())

    async def client(connection: Connection, turns: Iterator[float]) -> None:
        # Whoever is free takes the next request; when nobody is, it waits, and its time runs.
        for when in turns:
            if when >= began + job.seconds:
                return
            await _sleep_until(when)
            await _ask(connection, next(paths), when, outcome)

    await asyncio.gather(*(client(connection, due) for connection in pool))


async def _sleep_until(when: float) -> None:
    left = when - time.perf_counter()
    if left > 0:
        await asyncio.sleep(left)


async def _ask(connection: Connection, path: str, since: float, outcome: Outcome) -> None:
    status = await connection.get(path)
    if status == _OK:
        outcome.took.append((time.perf_counter() - since) * 1000)
    else:
        outcome.errors[status] += 1


async def _skip_chunks(reader: asyncio.StreamReader) -> None:
    while size := int((await reader.readline()).strip(), 16):
        await reader.readexactly(size + 2)
    await reader.readline()


def main() -> None:
    """Reads a job, does it, writes its outcome."""
    values = json.load(sys.stdin)
    outcome = asyncio.run(run(Job(**values)))
    # Not asdict(), which breaks a Counter in Python 3.11.
    json.dump(vars(outcome), sys.stdout)


if __name__ == "__main__":
    main()
