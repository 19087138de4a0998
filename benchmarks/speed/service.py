"""The service as it runs: whole requests, a fixed rate of arrivals, start-up and memory."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from benchmarks.data import DataError
from benchmarks.libraries import CHECKOUT, write_if_changed
from benchmarks.metrics import percentile
from benchmarks.progress import say
from benchmarks.speed.client import Job, Outcome
from benchmarks.speed.corpus import FOLDER, Corpus
from benchmarks.speed.figures import Figure
from casebook.settings import SETTINGS_FILE
from search.engines import get_engine
from search.generations import publish

REQUESTS = "requests"
ARRIVALS = "arrivals"
START = "start"
SEARCH = "search"
SUGGEST = "suggest"
HEALTH = "healthz"
RATE = 300.0
# A process for each core.
WORKERS = os.cpu_count() or 1
_CLIENTS = (1, 16)
# How many characters have been typed when suggestions are asked for.
_TYPED = (2, 4, 6)
_CONNECTIONS = 64
_SECONDS = 10.0
_ARRIVAL_SECONDS = 30.0
_WARM_UP_SECONDS = 2.0
_START_SECONDS = 120.0


@dataclass(frozen=True)
class Running:
    """A running service.

    Attributes:
        process: the server.
        port: on this machine.
        started: seconds from its start to its first answer.
    """

    process: subprocess.Popen[bytes]
    port: int
    started: float


def service_figures(corpus: Corpus, size: int) -> Iterator[Figure]:
    """Start-up, memory, whole requests and arrivals, of one server."""
    library = _library(corpus, size)
    paths = tuple(f"/api/search?q={quote(text)}" for text in corpus.queries)
    typed = tuple(
        f"/api/suggest?q={quote(text[:size])}" for text in corpus.queries for size in _TYPED
    )
    with serving(library, paths[0]) as server:
        yield Figure(START, "first answer", "after", "s", server.started, size)
        for clients in _CLIENTS:
            for name, asked in ((SEARCH, paths), (SUGGEST, typed), (HEALTH, ("/healthz",))):
                say(f"requests: {name}, {clients} clients, {_SECONDS:g} s ...")
                _run(Job(server.port, asked, clients, _WARM_UP_SECONDS))
                outcome = _run(Job(server.port, asked, clients, _SECONDS))
                subject = f"{name}, {clients} client{'s' if clients > 1 else ''}"
                yield from _times(REQUESTS, subject, (50, 95), outcome, size)
                yield Figure(REQUESTS, subject, "rate", "1/s", len(outcome.took) / _SECONDS, size)
        say(f"arrivals: {RATE:g} searches a second, {_ARRIVAL_SECONDS:g} s ...")
        outcome = _run(Job(server.port, paths, _CONNECTIONS, _ARRIVAL_SECONDS, RATE))
        yield from _times(ARRIVALS, f"{RATE:g} searches/s", (50, 95, 99), outcome, size)
        yield Figure(START, "server", "memory", "MB", memory(server.process.pid), size)


@contextmanager
def serving(library: Path, path: str) -> Iterator[Running]:
    """A server of a library's narrowest audience, from its own command.

    Args:
        library: the library's folder, with an index.
        path: what is asked until it answers.
    """
    port = _free_port()
    command = [str(Path(sys.executable).with_name("casebook")), "serve", "--library", str(library)]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--port", str(port), "--workers", str(WORKERS)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Running(
            process, port, _first_answer(process, f"http://127.0.0.1:{port}{path}", began)
        )
    finally:
        process.terminate()
        process.wait()


def memory(process: int) -> float:
    """Megabytes of a process and its children that are in memory."""
    table = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,rss="],  # noqa: S607  (where ps is differs between systems)
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [tuple(map(int, line.split())) for line in table.stdout.splitlines()]
    family = {process}
    while more := {pid for pid, parent, _ in rows if parent in family} - family:
        family |= more
    return sum(size for pid, _, size in rows if pid in family) / 1024


def _library(corpus: Corpus, size: int) -> Path:
    """A library's folder that holds settings and an index, which is all that a server reads."""
    folder = FOLDER / "service"
    shutil.rmtree(folder / "build", ignore_errors=True)
    write_if_changed(folder / SETTINGS_FILE, (CHECKOUT / SETTINGS_FILE).read_text(encoding="utf-8"))
    view = corpus.first(size)
    say(f"service: indexing {size:,} passages ...")
    publish(view, folder / "build" / "index" / view.audience.id, get_engine("tantivy"), "")
    return folder


def _first_answer(process: subprocess.Popen[bytes], address: str, began: float) -> float:
    """Seconds until the server answers a search."""
    while time.perf_counter() - began < _START_SECONDS:
        if process.poll() is not None:
            raise DataError(f"casebook serve ended with {process.returncode} before it answered")
        try:
            with urllib.request.urlopen(address) as answer:  # noqa: S310  (our own address)
                answer.read()
                return time.perf_counter() - began
        except OSError:
            time.sleep(0.02)
    raise DataError(f"casebook serve gave no answer within {_START_SECONDS:g} s")


def _run(job: Job) -> Outcome:
    """Does a job in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed.client"],
        input=json.dumps(asdict(job)).encode(),
        capture_output=True,
        check=True,
        cwd=CHECKOUT,
    )
    return Outcome(**json.loads(done.stdout))


def _times(
    part: str, subject: str, percents: tuple[int, ...], outcome: Outcome, size: int
) -> Iterator[Figure]:
    n = len(outcome.took)
    for percent in percents if n else ():
        value = percentile(outcome.took, percent)
        yield Figure(part, subject, f"p{percent}", "ms", value, size, n)
    failed = sum(outcome.errors.values())
    yield Figure(part, subject, "errors", "requests", failed, size, n + failed)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
