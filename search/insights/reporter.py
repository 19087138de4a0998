"""Reports for the service: made in a process of their own, so that no search waits for them.

A report that is a few minutes old is given again, by whichever process of the service made it: it
is kept with the sums, beside the journal, and one process at a time makes any. Whoever asks for one
that takes long is told so, and gets it later.
"""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from flask import current_app
from pydantic import ValidationError

from casebook.children import child, results
from casebook.errors import CasebookError
from casebook.files import alone, private_file
from search.generations import open_current
from search.insights.digest import forget, kept_report
from search.insights.making import MADE, InsightsFailed, Made, Task
from search.journal.records import FILE as JOURNAL
from search.service import Service

EXTENSION = "casebook-insights"
# How long somebody waits for a page.
SECONDS = 8.0
# How long a report is given again.
FRESH = 300.0
_LOCK = "insights.lock"
_PROCESS = "search.insights"

log = logging.getLogger(__name__)


class StillAdding(CasebookError):
    """The report is not made yet; whoever asks again gets it when it is."""


@dataclass
class _Job:
    """A report that is being made.

    Attributes:
        future: the report.
        day: the last day that has been added up.
    """

    future: Future[Made] = field(default_factory=Future)
    day: date | None = None


class Reporter:
    """Gives reports on the journal of a service, and the widest audience's on those of others.

    Args:
        running: the service.
        seconds: how long a caller waits.
        fresh: how many seconds a report is given again.
    """

    def __init__(self, running: Service, seconds: float = SECONDS, fresh: float = FRESH) -> None:
        self._service = running
        self._config = running.config
        self._seconds = seconds
        self._fresh = fresh
        self._lock = threading.Lock()
        # One at a time: searches need the other processors.
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="insights")
        self._jobs: dict[tuple[str, int], _Job] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def audiences(self) -> tuple[str, ...]:
        """Whose journals there are: its own first; others' only where it is the widest's."""
        config = self._config
        own = config.audience
        if not config.internal or config.state is None:
            return (own,)
        others = sorted(file.parent.name for file in config.state.parent.glob(f"*/{JOURNAL}"))
        return (own, *(name for name in others if name != own and self._index(name).is_dir()))

    def report(self, audience: str, days: int) -> Made | None:
        """The report on a period that ends today; None where no journal is kept.

        Args:
            audience: one of ``audiences``.
            days: how many days the period has.

        Raises:
            StillAdding: it takes longer.
            InsightsFailed: the process broke.
            CasebookError: the journal or the index cannot be read.
        """
        if self._config.state is None or not self._config.journal_days:
            return None
        if kept := self._kept(audience, days):
            return kept
        job = self._job(audience, days)
        try:
            return job.future.result(self._seconds)
        except TimeoutError:
            raise StillAdding(f"已经汇总到 {job.day}" if job.day else "正在读检索日志") from None

    def close(self) -> None:
        """Ends what is being made."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if process := self._process:
            process.kill()

    def clean(self) -> None:
        """Removes what is older than the journal keeps it."""
        if self._config.state is None:
            return
        before = self._config.today() - timedelta(days=self._config.journal_days)
        for file in self._config.state.glob(digest_name("*")):
            try:
                forget(file, before)
            except (sqlite3.Error, OSError) as error:
                log.error("不能从 %s 里删除过期的内容：%s", file, error)

    def _kept(self, audience: str, days: int) -> Made | None:
        """The report that some process made a few minutes ago."""
        try:
            text = kept_report(self._digest(audience), days)
            made = MADE.validate_json(text) if text else None
        except (sqlite3.Error, ValidationError):
            # Whoever makes it anew says what is wrong with the file.
            return None
        if made is None or made.report.on != self._config.today():
            return None
        age = (datetime.now(UTC) - made.at).total_seconds()
        return made if 0 <= age < self._fresh else None

    def _job(self, audience: str, days: int) -> _Job:
        """The job that makes a report, begun now if there is none."""
        with self._lock:
            job = self._jobs.get((audience, days))
            if job is None or job.future.done():
                job = self._jobs[audience, days] = _Job()
                job.future = self._pool.submit(self._make, job, audience, days)
            return job

    def _make(self, job: _Job, audience: str, days: int) -> Made:
        busy = StillAdding("服务的另一个进程正在汇总")
        private_file(self._state / _LOCK)
        # Whoever waits for the report is told so before they have waited long enough.
        with alone(self._state / _LOCK, busy, self._seconds / 2):
            return self._kept(audience, days) or self._made(job, audience, days)

    def _made(self, job: _Job, audience: str, days: int) -> Made:
        with (
            self._layers(audience) as layers,
            child(_PROCESS, self._task(layers, audience, days)) as process,
        ):
            self._process = process
            for found in results(process):
                if isinstance(found, Made):
                    return found
                if isinstance(found, Exception):
                    raise found
                job.day = found
        raise InsightsFailed("汇总的进程中断了")

    def _task(self, layers: tuple[Path, ...], audience: str, days: int) -> Task:
        config = self._config
        state = self._state
        folder = state if audience == config.audience else state.parent / audience
        return Task(
            layers=layers,
            journal=folder / JOURNAL,
            digest=self._digest(audience),
            kept=config.journal_days,
            audience=audience,
            zone=config.timezone,
            on=config.today(),
            days=days,
        )

    @property
    def _state(self) -> Path:
        return self._config.state or Path()

    def _digest(self, audience: str) -> Path:
        """The file of the sums of an audience's journal."""
        return self._state / digest_name(audience)

    def _index(self, audience: str) -> Path:
        return self._config.index.parent / audience

    @contextmanager
    def _layers(self, audience: str) -> Iterator[tuple[Path, ...]]:
        """The files of an audience's store, which stay where they are meanwhile."""
        if audience == self._config.audience:
            with self._service.live.generation() as generation:
                yield generation.store.files
        else:
            engine_of = self._config.engine_of
            with closing(open_current(self._index(audience), audience, engine_of)) as other:
                yield other.store.files


def digest_name(audience: str) -> str:
    """The file of the sums of an audience's journal."""
    return f"insights-{audience}.sqlite"


def reporter() -> Reporter:
    """The running application's reporter."""
    found: Reporter = current_app.extensions[EXTENSION]
    return found
