"""Sends a plan's requests when they are due, in a process of its own: an open loop.

Whether or not earlier requests have been answered, the next one is sent; its time counts from when
it was due, so that a service that stands still cannot hide it. How late requests were sent is the
generator's own lag: it is counted into their times, and says whether the generator could keep up.

Each seat has a browser's connections: they are kept open, and a request on one that the server has
just closed is sent again on another, once, as browsers do.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.load.plan import Request

# After so many seconds nobody waits any more.
PATIENCE = 10.0
# Statuses of requests that got no answer.
LOST, LATE = 0, -1


@dataclass(frozen=True)
class Job:
    """What is sent, and where.

    Attributes:
        port: of the service, on this machine.
        plan: the requests.
        headers: lines that each request has besides its own.
        all_to: a path that is asked instead of each request's own; empty for their own.
    """

    port: int
    plan: Sequence[Request]
    headers: tuple[str, ...] = ()
    all_to: str = ""


@dataclass
class Outcome:
    """What came of a job: a column for each thing, with a row for each request of the plan.

    Attributes:
        took: milliseconds from when it was due to the end of its answer.
        status: of HTTP; ``LOST`` when the connection broke, ``LATE`` when nobody waited longer.
        lag: milliseconds from when it was due to when it was sent.
        again: how many were sent again, because the server had closed the connection.
        connections: how many were opened.
    """

    took: list[float] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    lag: list[float] = field(default_factory=list)
    again: int = 0
    connections: int = 0


class ClosedConnection(OSError):
    """The server had closed the connection before it saw the request."""


class Connection:
    """A connection that is kept open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.open = True

    async def ask(self, message: bytes) -> int:
        """Sends a request and reads its answer; gives the status.

        Raises:
            ClosedConnection: it had been closed, nothing of an answer came.
            OSError: it broke in the midst of an answer.
        """
        try:
            self._writer.write(message)
            first = await self._reader.read(1)
        except OSError:
            first = b""
        if not first:
            self.close()
            raise ClosedConnection
        return await self._answer(first)

    async def _answer(self, first: bytes) -> int:
        try:
            head = (first + await self._reader.readuntil(b"\r\n\r\n")).lower()
            status = int(head.split(b" ", 2)[1])
            if b"\r\ntransfer-encoding: chunked" in head:
                await self._skip_chunks()
            elif status not in (204, 304):
                length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
                await self._reader.readexactly(int(length))
        except (asyncio.IncompleteReadError, ValueError, OSError) as error:
            self.close()
            raise ConnectionError from error
        if b"\r\nconnection: close" in head:
            self.close()
        return status

    async def _skip_chunks(self) -> None:
        while size := int((await self._reader.readline()).strip(), 16):
            await self._reader.readexactly(size + 2)
        await self._reader.readline()

    def close(self) -> None:
        """Closes it."""
        self.open = False
        self._writer.close()


class Generator:
    """Sends the requests of a job."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._idle: dict[int, list[Connection]] = {}
        self._began = 0.0
        number = len(job.plan)
        self.outcome = Outcome([0.0] * number, [LOST] * number, [0.0] * number)

    async def run(self) -> Outcome:
        """Sends everything, and waits for the last answer."""
        self._began = time.perf_counter()
        async with asyncio.TaskGroup() as sent:
            for place, request in enumerate(self._job.plan):
                left = request.due - self._now()
                if left > 0:
                    await asyncio.sleep(left)
                sent.create_task(self._send(place, request))
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        return self.outcome

    def _now(self) -> float:
        return time.perf_counter() - self._began

    async def _send(self, place: int, request: Request) -> None:
        self.outcome.lag[place] = (self._now() - request.due) * 1000
        try:
            async with asyncio.timeout(PATIENCE):
                self.outcome.status[place] = await self._ask(request.seat, self._message(request))
        except TimeoutError:
            self.outcome.status[place] = LATE
        except OSError:
            self.outcome.status[place] = LOST
        self.outcome.took[place] = (self._now() - request.due) * 1000

    async def _ask(self, seat: int, message: bytes) -> int:
        idle = self._idle.setdefault(seat, [])
        while idle:
            try:
                return await self._ask_on(idle.pop(), idle, message)
            except ClosedConnection:
                self.outcome.again += 1
        self.outcome.connections += 1
        opened = await asyncio.open_connection("127.0.0.1", self._job.port)
        return await self._ask_on(Connection(*opened), idle, message)

    async def _ask_on(self, connection: Connection, idle: list[Connection], message: bytes) -> int:
        try:
            status = await connection.ask(message)
        except BaseException:
            connection.close()
            raise
        if connection.open:
            idle.append(connection)
        return status

    def _message(self, request: Request) -> bytes:
        method, path, body = request.method, request.path, request.body.encode()
        if self._job.all_to:
            method, path, body = "GET", self._job.all_to, b""
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *self._job.headers]
        lines.append("Accept-Encoding: gzip")
        if method == "POST":
            lines += ["Sec-Fetch-Site: same-origin", f"Content-Length: {len(body)}"]
            lines += ["Content-Type: application/json"] if body else []
        return "\r\n".join([*lines, "", ""]).encode() + body


def dump(job: Job) -> str:
    """A job as JSON."""
    return json.dumps(asdict(job))


def _load(text: str) -> Job:
    values: dict[str, Any] = json.loads(text)
    plan = [Request(**request) for request in values.pop("plan")]
    return Job(plan=plan, **values)


def main() -> None:
    """Reads a job, does it, writes its outcome."""
    job = _load(sys.stdin.read())
    # A pause of the generator would look like one of the service.
    gc.collect()
    gc.freeze()
    gc.disable()
    outcome = asyncio.run(Generator(job).run())
    json.dump(asdict(outcome), sys.stdout)


if __name__ == "__main__":
    main()
