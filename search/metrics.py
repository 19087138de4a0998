"""What the service counts, for Prometheus.

No label holds anything that somebody typed: addresses are counted by the pattern of their route,
methods and outcomes by words from lists, so the number of series is bounded whatever is asked.

Workers are processes. They count in files that they share; each takes the first free place among
them and holds a lock on it, so a worker that takes the place of a dead one counts on in its file:
sums never go back, files never pile up, and what a dead worker was just doing is not counted.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from casebook.errors import QueryRefused, SearchTimeout
from search.budget import Busy
from search.index_files import Manifest

log = logging.getLogger(__name__)
T = TypeVar("T")
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# 50 and 150 ms are what the objectives name; a search is stopped after a second.
_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0)
OUTCOMES = ("answered", "found", "none", "refused", "busy", "timeout", "failed")
_FAILURES: tuple[tuple[type[Exception], str], ...] = ((Busy, "busy"), (SearchTimeout, "timeout"))


class Backlog(Protocol):
    """What a journal says of itself."""

    @property
    def waiting(self) -> int:
        """Records that are not written yet."""

    @property
    def dropped(self) -> int:
        """Records that were lost."""


class Metrics:
    """What one service counts.

    Args:
        manifest: gives the manifest of the index in use.
        journal: the journal whose backlog is told.
    """

    def __init__(self, manifest: Callable[[], Manifest], journal: Backlog) -> None:
        self._registry = registry = CollectorRegistry()
        self._manifest = manifest
        self._journal = journal
        self._followed = threading.Lock()
        self._index = ""
        self._dropped = 0
        self._requests = Counter(
            "casebook_requests",
            "Requests answered.",
            ["endpoint", "method", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "casebook_request_seconds",
            "Time from the first to the last line of the answer to a request.",
            ["endpoint"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._searches = Counter(
            "casebook_searches", "Searches by how they ended.", ["outcome"], registry=registry
        )
        self._suggests = Counter(
            "casebook_suggests", "Suggestions by how they ended.", ["outcome"], registry=registry
        )
        for outcome in OUTCOMES:
            self._searches.labels(outcome)
            self._suggests.labels(outcome)
        self._degraded = Counter(
            "casebook_searches_degraded",
            "Searches that a substitute index answered.",
            registry=registry,
        )
        self._waiting = Gauge(
            "casebook_searches_waiting",
            "Searches and suggestions that wait for a thread.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._swaps = Counter(
            "casebook_index_swaps", "Moves of a worker to a new index.", registry=registry
        )
        self._journal_waiting = Gauge(
            "casebook_journal_waiting",
            "Journal records not written yet, when each worker last answered.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._journal_dropped = Counter(
            "casebook_journal_dropped",
            "Journal records lost because the file could not take them.",
            registry=registry,
        )

    def answered(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """Counts a request.

        Args:
            endpoint: the pattern of its route; never its address.
            method: one that the route takes, or ``other``.
            status: of the response.
            seconds: how long it took.
        """
        try:
            self._requests.labels(endpoint, method, str(status)).inc()
            self._seconds.labels(endpoint).observe(seconds)
            self._follow()
        except Exception:
            # Whatever befalls files or the index must not befall the answer, which is made already.
            log.exception("计数没有完成")

    def search(self) -> Asked:
        """Counts a search: the block in which it is run."""
        return Asked(self._searches, self._waiting, self._degraded)

    def suggest(self) -> Asked:
        """Counts a suggestion: the block in which it is run."""
        return Asked(self._suggests, self._waiting, self._degraded)

    def refused(self) -> None:
        """Counts a search or suggestion whose query is over the limits, where that is answered."""
        self._searches.labels("refused").inc()

    def busy(self, *, suggesting: bool) -> None:
        """Counts a search or suggestion that was refused before it was begun."""
        (self._suggests if suggesting else self._searches).labels("busy").inc()

    def exposed(self) -> bytes:
        """Everything in the text format, summed over all workers."""
        self._follow()
        registry = self._registry
        folder = os.environ.get(_FOLDER)
        if folder:
            _forget_dead(Path(folder))
            registry = CollectorRegistry()
            MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
        own = CollectorRegistry()
        own.register(_Index(self._manifest()))
        return generate_latest(registry) + generate_latest(own)

    def _follow(self) -> None:
        """Counts what others know: that the index is another, and the journal's backlog."""
        name = self._manifest().name
        dropped = self._journal.dropped
        with self._followed:
            moved = self._index not in ("", name)
            self._index = name
            lost, self._dropped = dropped - self._dropped, dropped
        if moved:
            self._swaps.inc()
        if lost > 0:
            self._journal_dropped.inc(lost)
        self._journal_waiting.set(self._journal.waiting)


class Asked:
    """A search or suggestion while it is run; counts how it ends when the block is left."""

    def __init__(self, outcomes: Counter, waiting: Gauge, degraded: Counter) -> None:
        self._outcomes = outcomes
        self._waiting = waiting
        self._degraded = degraded
        self._waits = threading.Lock()
        self._outcome = "none"

    def __enter__(self) -> Self:
        self._waiting.inc()
        return self

    def started(self, work: Callable[[], T]) -> Callable[[], T]:
        """The same work, which ends the waiting when it begins."""

        def begun() -> T:
            self._waited()
            return work()

        return begun

    def found(self, outcome: str, *, degraded: bool = False) -> None:
        """Notes what came of it.

        Args:
            outcome: ``answered``, ``found`` or ``none``.
            degraded: whether a substitute index answered.
        """
        self._outcome = outcome
        if degraded:
            self._degraded.inc()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._waited()
        if isinstance(error, QueryRefused):
            return
        if error is not None:
            names = (name for known, name in _FAILURES if isinstance(error, known))
            self._outcome = next(names, "failed")
        self._outcomes.labels(self._outcome).inc()

    def _waited(self) -> None:
        if self._waits.acquire(blocking=False):
            self._waiting.dec()


@dataclass(frozen=True, eq=False)
class _Index(Collector):
    """What the index in use says of itself."""

    manifest: Manifest

    def collect(self) -> Iterable[Metric]:
        """One sample each."""
        told = self.manifest
        info = GaugeMetricFamily(
            "casebook_index_info", "The index in use.", labels=["audience", "engine"]
        )
        info.add_metric([told.audience, told.engine], 1)
        yield info
        for name, words, value in (
            ("built_timestamp_seconds", "When it was built.", _built(told.name)),
            ("documents", "Documents in it.", told.documents),
            ("passages", "Passages in it.", told.passages),
        ):
            yield GaugeMetricFamily(f"casebook_index_{name}", words, value=value)


def _built(generation: str) -> float:
    """When a generation was built, which is its name."""
    moment = datetime.strptime(generation, "%Y%m%dT%H%M%S%fZ")
    return moment.replace(tzinfo=UTC).timestamp()


@contextmanager
def counted_together() -> Iterator[None]:
    """Lets all workers that are started in the block count in one set of files.

    The files are in a folder of their own, in the place for temporary files (``TMPDIR``), which is
    removed in the end.
    """
    folder = Path(tempfile.mkdtemp(prefix="casebook-metrics-"))
    owner = os.getpid()
    before = values.ValueClass
    os.environ[_FOLDER] = str(folder)
    values.ValueClass = values.MultiProcessValue(_Place(folder))  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        # A worker may leave the block, too: what the others count in is not its to remove.
        if os.getpid() == owner:
            values.ValueClass = before
            del os.environ[_FOLDER]
            shutil.rmtree(folder, ignore_errors=True)


class _Place:
    """This process's place among the files: the first that no living process holds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = 0
        self._lock = -1
        self._number = 0

    def __call__(self) -> int:
        """Its number; a process that was forked from another one's takes its own."""
        if self._process != os.getpid():
            if self._lock >= 0:
                os.close(self._lock)
            self._number, self._lock = _take(self._folder)
            self._process = os.getpid()
        return self._number


def _take(folder: Path) -> tuple[int, int]:
    number = 0
    while (held := _held(folder / f"{number}.lock")) is None:
        number += 1
    _forget(folder, number)
    return number, held


def _held(file: Path) -> int | None:
    """A lock on a file; None when another process has it."""
    opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(opened)
        return None
    return opened


def _forget_dead(folder: Path) -> None:
    """Takes away what dead workers were just doing; what they have done counts on."""
    for file in folder.glob("*.lock"):
        held = _held(file)
        if held is not None:
            _forget(folder, int(file.stem))
            os.close(held)


def _forget(folder: Path, number: int) -> None:
    for file in folder.glob(f"gauge_live*_{number}.db"):
        file.unlink(missing_ok=True)
