"""Services in processes of their own, and connections that send just what they are given."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.search.conftest import IndexRoot

_SERVER = """
import sys
from datetime import date
from pathlib import Path
from search.server import serve
from search.service import ServiceConfig

audience, index, site, state, port = sys.argv[1:]
serve(ServiceConfig(
    audience=audience, internal=audience == "agent", title="测试知识库", index=Path(index),
    site=Path(site), today=lambda: date(2026, 11, 22), state=Path(state),
), "127.0.0.1", int(port))
"""


@dataclass(frozen=True)
class Running:
    """A service in a process of its own.

    Attributes:
        port: where it listens, on loopback.
        process: the process.
        site: the folder of its site.
    """

    port: int
    process: subprocess.Popen[bytes]
    site: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    @contextmanager
    def connected(self) -> Iterator[http.client.HTTPConnection]:
        """A connection that is kept."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            yield connection
        finally:
            connection.close()

    def send(self, data: bytes) -> bytes:
        """Sends bytes as they are; gives all that comes back until the service closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(data)
            parts = []
            while part := connection.recv(65_536):
                parts.append(part)
        return b"".join(parts)


Start = Callable[..., Running]


@pytest.fixture(scope="module")
def start(index_root: IndexRoot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts the service of an audience; each is started once."""
    running: dict[tuple[str, str], Running] = {}

    def started(audience: str = "dealer", engine: str = "memory") -> Running:
        if (audience, engine) not in running:
            folder = tmp_path_factory.mktemp(f"service-{audience}-{engine}")
            index = index_root(audience, engine)
            running[audience, engine] = stack.enter_context(_service(folder, audience, index))
        return running[audience, engine]

    with ExitStack() as stack:
        yield started


@contextmanager
def _service(folder: Path, audience: str, index: Path) -> Iterator[Running]:
    site = folder / "site"
    (site / "faq").mkdir(parents=True)
    (site / "index.html").write_text("<p>site", encoding="utf-8")
    (site / "faq" / "index.html").write_text("<p>faq", encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    arguments = [audience, str(index), str(site), str(folder / "state"), str(port)]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-c", _SERVER, *arguments], stdout=log, stderr=log
        ) as process,
    ):
        try:
            _wait_for(port, process, folder / "log")
            yield Running(port, process, site)
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"the service did not start: {log.read_text(errors='replace')[-2000:]}")
