"""Makes a report in a process of its own: adds up what is new, counts, draws."""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from casebook.errors import CasebookError
from search.insights.charts import Chart, charts
from search.insights.digest import Digest, remove
from search.insights.report import summary
from search.insights.rows import Report
from search.insights.wordings import Wordings
from search.journal.journal import Journal
from search.journal.opening import inode_of, is_damage
from search.store import Store


class InsightsFailed(CasebookError):
    """The process that makes reports broke; its text says where."""


@dataclass(frozen=True)
class Task:
    """What a process makes a report of.

    Attributes:
        layers: the files of the store of the audience's documents.
        journal: the audience's.
        digest: where its sums are kept.
        kept: how many days the journal keeps.
        audience: whose it is.
        zone: where days begin and end.
        on: the last day.
        days: how many days the period has.
    """

    layers: tuple[Path, ...]
    journal: Path
    digest: Path
    kept: int
    audience: str
    zone: str
    on: date
    days: int


@dataclass(frozen=True)
class Made:
    """A report with its charts.

    Attributes:
        at: when the journal was read for it, UTC.
    """

    report: Report
    charts: tuple[Chart, ...]
    at: datetime


# How a report is kept, for every process of a service.
MADE = TypeAdapter(Made)


def make(task: Task) -> Iterator[date | Made | CasebookError]:
    """Makes a report.

    Yields:
        Each day that has been added up, then the report, or why there is none.
    """
    try:
        with closing(Store(task.layers)) as store:
            try:
                yield from _add_and_report(task, store)
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                remove(task.digest)
                yield from _add_and_report(task, store)
    except CasebookError as error:
        yield error
    except Exception as error:  # noqa: BLE001  (whatever it is, the parent must hear of it)
        # Without the error's words, which may hold what somebody asked.
        places = "".join(traceback.format_tb(error.__traceback__))
        yield InsightsFailed(f"{type(error).__name__}\n{places}")


def _add_and_report(task: Task, store: Store) -> Iterator[date | Made]:
    at = datetime.now(UTC)
    wordings = Wordings(store.terms)
    zone = ZoneInfo(task.zone)
    source = str(inode_of(task.journal))
    with closing(Digest(task.digest, wordings, zone, source)) as digest:
        digest.forget(task.on - timedelta(days=task.kept))
        with closing(Journal(task.journal, task.kept)) as journal:
            yield from digest.add(journal.questions(digest.missing_since), task.on)
        found = summary(digest, store, wordings, task.days, task.on, task.audience)
        made = Made(found, charts(found) if found.totals.questions else (), at)
        digest.keep(task.days, task.on, MADE.dump_json(made).decode())
    yield made
