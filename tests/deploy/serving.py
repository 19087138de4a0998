"""Real services for tests: ``casebook serve`` in processes of their own, on loopback."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CASEBOOK = [sys.executable, "-c", "from casebook.cli import main; main()"]
HANG = 60.0


@dataclass(frozen=True)
class Served:
    """A service that runs."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """A response by a connection of its own: status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=HANG)
        try:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def lines(self) -> list[dict[str, Any]]:
        """The log so far; what is no JSON is an error."""
        text = self.log.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def until(happened: Any, what: str) -> None:
    """Waits until something is so."""
    end = time.monotonic() + HANG
    while not happened():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.05)


@contextmanager
def served(library: Path, audience: str, folder: Path, *options: str) -> Iterator[Served]:
    """The service of an audience, ended with the block."""
    port = free_port()
    log = folder / f"{audience}.log"
    words = ["serve", "--audience", audience, "--port", str(port), "--log", "json", *options]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [*CASEBOOK, *words, "--library", str(library)],
            stderr=errors,
            stdout=errors,
            env={**os.environ, "TMPDIR": str(folder)},
        )
        try:
            until(lambda: _answers(process, port, log), "the service does not answer")
            yield Served(process, port, log)
        finally:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait(HANG)


def _answers(process: subprocess.Popen[bytes], port: int, log: Path) -> bool:
    if process.poll() is not None:
        raise RuntimeError(log.read_text(encoding="utf-8"))
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False
