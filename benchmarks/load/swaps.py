"""Publishes one generation after another under a running service whose answers are looked at."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from benchmarks.libraries import CHECKOUT
from benchmarks.load.library import Loaded, marked
from benchmarks.load.readers import MARKS, Read, Reading
from benchmarks.load.running import Service
from search.generations import current_manifest

# A worker moves over at the first request half a second after it looked last.
_FOLLOW_SECONDS = 15.0
_ASKED = 20
# Each reader waits as long as it takes to answer: the service is busy and not flooded.
_READERS, _PAUSE = 8, 0.02
# The server ends threads that had nothing to do for half a minute.
REST_SECONDS = 45.0
# The last swaps must come while the load is still on, however long one takes.
_SHARE = 0.97


@dataclass(frozen=True)
class Swapped:
    """What came of it.

    Attributes:
        swaps: how many generations were published.
        seconds: how long that took.
        read: what the readers saw.
        newest: whether each worker ended on the newest generation, and on no other.
        files: the most open files that a worker gained, both times without anything to do.
        threads: the most threads that a worker gained.
    """

    swaps: int
    seconds: float
    read: Read
    newest: bool
    files: int
    threads: int


def swap(
    loaded: Loaded,
    service: Service,
    swaps: int,
    seconds: float,
    phase: Callable[[str], None],
    rest: float = REST_SECONDS,
) -> Swapped:
    """Readers ask during two phases; during the second one generations are published.

    Args:
        loaded: the library that the service serves.
        service: the service.
        swaps: how many generations.
        seconds: how long a phase is: generations come evenly, or without a pause where one takes
            longer.
        phase: runs a phase of this name.
        rest: seconds without anything to do before files and threads are counted.
    """
    views = [marked(loaded.view, mark) for mark in MARKS]
    loaded.publish(views[1])
    _settle(loaded, service)
    with _reading(loaded, service):
        phase("before swaps")
    before = _at_rest(service, rest)
    took: list[float] = []

    def publish() -> None:
        began = time.monotonic()
        for number in range(swaps):
            due = began + seconds * _SHARE * number / swaps
            time.sleep(max(0.0, due - time.monotonic()))
            loaded.publish(views[number % 2])
        took.append(time.monotonic() - began)

    publisher = threading.Thread(target=publish)
    with _reading(loaded, service) as during:
        publisher.start()
        phase("during swaps")
        publisher.join()
    newest = _settle(loaded, service)
    after = _at_rest(service, rest)
    gained = [
        (after[pid][0] - files, after[pid][1] - threads)
        for pid, (files, threads) in before.items()
        if pid in after
    ]
    return Swapped(
        swaps=swaps,
        seconds=took[0],
        read=during[0],
        newest=newest and after.keys() == before.keys(),
        files=max(files for files, _ in gained),
        threads=max(threads for _, threads in gained),
    )


@contextmanager
def _reading(loaded: Loaded, service: Service) -> Iterator[list[Read]]:
    """Has readers ask while the block lasts; then the list holds what they saw."""
    reading = Reading(service.port, _paths(loaded), _READERS, _PAUSE)
    seen: list[Read] = []
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load.readers"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    ) as process:
        if process.stdin:
            process.stdin.write(json.dumps(asdict(reading)) + "\n")
            process.stdin.flush()
        yield seen
        written, _ = process.communicate()
    seen.append(Read(**json.loads(written)))


def _at_rest(service: Service, seconds: float) -> dict[int, tuple[int, int]]:
    """Open files and threads of each worker when it has had nothing to do for a while."""
    time.sleep(seconds)
    return service.resources()


def _paths(loaded: Loaded) -> Sequence[str]:
    """Searches, their pages, and documents: whatever shows what a generation holds."""
    titles = [quote(one.title) for one in loaded.view.documents[:_ASKED]]
    names = [one.id for one in loaded.view.documents[:_ASKED]]
    paths = []
    for title, name in zip(titles, names, strict=True):
        paths += [f"/api/search?q={title}&size=50", f"/results?q={title}", f"/api/documents/{name}"]
    return paths


def _settle(loaded: Loaded, service: Service) -> bool:
    """Asks until each worker has moved over to the newest generation; whether they all did."""
    manifest = current_manifest(loaded.index)
    newest = {manifest.name} if manifest else set()
    until = time.monotonic() + _FOLLOW_SECONDS
    while time.monotonic() < until:
        # The connections of one round are open at the same time, so that all workers get some.
        reading = Reading(service.port, _paths(loaded)[:3], 16)
        subprocess.run(
            [sys.executable, "-m", "benchmarks.load.readers"],
            input=json.dumps(asdict(reading)) + "\n",
            stdout=subprocess.DEVNULL,
            text=True,
            check=True,
            cwd=CHECKOUT,
        )
        if all(_opened(pid) == newest for pid in service.resources()):
            return True
        time.sleep(0.5)
    return False


def _opened(pid: int) -> set[str]:
    """The names of the generations of which a process has files open or in memory."""
    names = set()
    for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
        names |= _name(line)
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            names |= _name(str(link.readlink()))
        except OSError:
            continue  # it has been closed meanwhile
    return names


def _name(path: str) -> set[str]:
    _, found, rest = path.partition("/generations/")
    return {rest.partition("/")[0]} if found else set()
