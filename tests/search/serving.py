"""A real service in processes of its own, for tests of how it serves."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

# Nothing takes so long; what hangs is ended.
GUARD = 30.0
_CODE = """
import time
from datetime import date
from pathlib import Path
from casebook.service_settings import ServiceSettings
from search import searcher, server, service

service.SECONDS = 60  # A busy machine answers late, and rightly.
{patch}

config = service.ServiceConfig(
    audience="dealer", internal=False, title="测试", index=Path({index!r}), site=None,
    today=lambda: date(2026, 11, 22),
    running=ServiceSettings(threads={threads}, waiting={waiting}),
)
server.serve(config, "127.0.0.1", {port}, {workers})
"""


@dataclass(frozen=True)
class Server:
    """A running service.

    Attributes:
        process: its first process.
        port: where it listens.
        log: what it writes.
    """

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def workers(self) -> list[int]:
        """The processes that answer."""
        pid = self.process.pid
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def connect(self) -> socket.socket:
        """A new connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=GUARD)

    def get(self, path: str) -> tuple[int, dict[str, str], str]:
        """The answer to a request on a connection of its own: status, headers, text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=GUARD)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, headers, answer.read().decode()
        finally:
            connection.close()

    def healthy(self) -> bool:
        """Whether it answers, and well; no worker may be listening yet."""
        try:
            status, _, text = self.get("/healthz")
        except ConnectionRefusedError:
            return False
        return status == 200 and json.loads(text)["status"] == "ok"

    def raw(self, data: bytes) -> bytes:
        """What comes back until the connection is closed."""
        received = b""
        with self.connect() as connection, suppress(ConnectionError):
            # A server that has seen enough does not read on.
            with suppress(ConnectionError):
                connection.sendall(data)
            while part := connection.recv(65536):
                received += part
        return received


@contextmanager
def running(
    index: Path, log: Path, patch: str = "", workers: int = 1, threads: int = 2, waiting: int = 2
) -> Iterator[Server]:
    """A service of an index.

    Args:
        index: the index's folder.
        log: the file that it writes its log to.
        patch: code that it runs first.
        workers: how many processes answer.
        threads: searches that each runs at once.
        waiting: searches that may wait.
    """
    port = free_port()
    values: dict[str, Any] = {"index": str(index), "threads": threads, "waiting": waiting}
    code = _CODE.format(patch=patch, port=port, workers=workers, **values)
    with started([sys.executable, "-c", code], port, log) as server:
        until(lambda: _listeners(port) == workers)
        yield server


@contextmanager
def started(command: list[str], port: int, log: Path) -> Iterator[Server]:
    """A service that a command starts, as soon as it answers."""
    with log.open("wb") as written:
        process = subprocess.Popen(command, cwd=ROOT, stdout=written, stderr=written)
    server = Server(process, port, log)
    try:
        until(lambda: _answers(server))
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(GUARD)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], bool]) -> None:
    """Waits until something becomes true."""
    end = time.monotonic() + GUARD
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not so within {GUARD:g} s")
        time.sleep(0.02)


def _listeners(port: int) -> int:
    """How many sockets listen there, one for each worker that has opened its index."""
    found = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    local_states = [(line.split()[1], line.split()[3]) for line in found]
    return local_states.count((f"0100007F:{port:04X}", "0A"))


def _answers(server: Server) -> bool:
    if server.process.poll() is not None:
        raise RuntimeError(server.log.read_text(encoding="utf-8"))
    try:
        return server.healthy()
    except (OSError, http.client.HTTPException):
        return False
