"""A running service and what it needs: processor time, memory, files, threads."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data import DataError

_START_SECONDS = 120.0
_STOP_SECONDS = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Service:
    """A running service.

    Attributes:
        process: its first process.
        port: on this machine.
        started: seconds from its start to its first answer.
    """

    process: subprocess.Popen[bytes]
    port: int
    started: float

    def family(self) -> list[int]:
        """Its processes: the first, then those that answer."""
        return [self.process.pid, *_children(self.process.pid)]

    def processor_seconds(self) -> float:
        """Processor time of all its processes, ended ones too."""
        return sum(_processor_seconds(pid) for pid in self.family())

    def memory(self) -> float:
        """Megabytes in memory; what processes share counts once."""
        return sum(_pss(pid) for pid in self.family()) / 1024

    def resources(self) -> dict[int, tuple[int, int]]:
        """Open files and threads of each process that answers."""
        workers = self.family()[1:] or self.family()
        return {pid: (_entries(pid, "fd"), _entries(pid, "task")) for pid in workers}


@contextmanager
def serving(command: Sequence[str], log: Path, path: str = "/healthz") -> Iterator[Service]:
    """Starts a service and stops it in the end.

    Args:
        command: what starts it; ``{port}`` in it is replaced.
        log: the file that it writes its log to.
        path: what is asked until it answers.

    Raises:
        DataError: it does not answer.
    """
    port = free_port()
    began = time.perf_counter()
    log.parent.mkdir(parents=True, exist_ok=True)
    # It writes a line for each request there, as it does where it really runs.
    with log.open("wb") as written:
        process = subprocess.Popen(
            [part.replace("{port}", str(port)) for part in command], stdout=written, stderr=written
        )
    try:
        yield Service(process, port, _first_answer(process, port, path, began))
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def casebook_serve(library: Path, audience: str, workers: int) -> list[str]:
    """The command of the project's own service."""
    program = str(Path(sys.executable).with_name("casebook"))
    named = ["--library", str(library), "--audience", audience, "--workers", str(workers)]
    return [program, "serve", *named, "--port", "{port}"]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _first_answer(process: subprocess.Popen[bytes], port: int, path: str, began: float) -> float:
    while time.perf_counter() - began < _START_SECONDS:
        if process.poll() is not None:
            raise DataError(f"the service ended with {process.returncode} before it answered")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
                answer.read()
                return time.perf_counter() - began
        except OSError:
            time.sleep(0.02)
    raise DataError(f"the service gave no answer within {_START_SECONDS:g} s")


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [one for child in map(int, found.split()) for one in (child, *_children(child))]


def _processor_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:  # it has ended meanwhile: its time is in its parent's
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS


def _pss(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _entries(pid: int, kind: str) -> int:
    return len(os.listdir(f"/proc/{pid}/{kind}"))  # noqa: PTH208  (a number is all that is wanted)
