"""What insights say where nothing has changed, what they overlook, and what adding up costs.

Growth is looked for in simulated reports: subjects that are asked about by chance (Poisson), as
often as before or, one of them, twice as often. Adding up reads a journal that is made for it.
"""

from __future__ import annotations

import random
import resource
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
import numpy as np

from benchmarks.libraries import CHECKOUT
from casebook.children import child, results
from casebook.documents import Faq
from casebook.library import View, load_library
from search.engines import get_engine
from search.generations import open_current, publish
from search.insights.growth import Change, grown
from search.insights.making import Made, Task
from search.journal import opening, storage
from search.journal.storage import AskedRow

_ON = date(2026, 11, 22)
_SUBJECTS = 30
_LARGEST = 2000
_GROWN = (50, 100, 150)
_HOME = CHECKOUT / "build" / "bench" / "insights"
_BATCH = 10_000
_MB = 1024


@click.command()
@click.option("--reports", default=20_000, show_default=True, help="Simulated, nothing grows.")
@click.option("--doublings", default=5000, show_default=True, help="Simulated, one doubles.")
@click.option("--questions", default=1_000_000, show_default=True, help="In the journal.")
@click.option("--days", default=400, show_default=True, help="Days that the journal holds.")
@click.option("--seed", default=7, show_default=True, help="Of chance.")
def main(reports: int, doublings: int, questions: int, days: int, seed: int) -> None:
    """Measures the insights."""
    chance = np.random.default_rng(seed)
    click.echo(
        f"nothing grows: {alarms(chance, reports):.2%} of {reports:,} reports name something"
    )
    for before in _GROWN:
        found = power(chance, doublings, before)
        click.echo(f"{before} become {2 * before}: found in {found:.1%} of {doublings:,} reports")
    if questions:
        adding(questions, days, seed)


def alarms(chance: np.random.Generator, reports: int) -> float:
    """In how many reports something is named although nothing has grown, as a share."""
    rates = _rates()
    return sum(bool(grown(_changes(chance, rates, rates))) for _ in range(reports)) / reports


def power(chance: np.random.Generator, reports: int, before: int) -> float:
    """In how many reports a subject is named whose questions doubled, as a share."""
    rates = np.append(_rates()[:-1], before)
    now = np.append(rates[:-1], 2 * before)
    found = 0
    for _ in range(reports):
        named = [place for place, _ in grown(_changes(chance, rates, now))]
        found += _SUBJECTS - 1 in named
    return found / reports


def adding(questions: int, days: int, seed: int) -> None:
    """Says what a first report costs, and the next one."""
    shutil.rmtree(_HOME, ignore_errors=True)
    try:
        view = load_library(CHECKOUT).view("agent", _ON)
        publish(view, _HOME / "index", get_engine("tantivy"), "bench")
        with closing(open_current(_HOME / "index", "agent")) as generation:
            task = Task(
                layers=generation.store.files,
                journal=_HOME / "journal.sqlite",
                digest=_HOME / "insights-agent.sqlite",
                kept=days,
                audience="agent",
                zone="Asia/Shanghai",
                on=_ON,
                days=28,
            )
            _write(task.journal, view, questions, days, seed)
            click.echo(f"{questions:,} questions of {days} days: {_size(task.journal)}")
            for name in ("first report", "next report"):
                click.echo(f"{name}: {_made(task)}; sums {_size(task.digest)}")
    finally:
        shutil.rmtree(_HOME, ignore_errors=True)


def _rates() -> np.ndarray:
    """How often subjects are asked about: few often, most seldom."""
    return np.geomspace(1, _LARGEST, _SUBJECTS)


def _changes(chance: np.random.Generator, before: np.ndarray, now: np.ndarray) -> list[Change]:
    counts = chance.poisson(now), chance.poisson(before)
    all_now, all_before = (int(one.sum()) for one in counts)
    return [Change(int(a), int(b), all_now, all_before) for a, b in zip(*counts, strict=True)]


def _write(file: Path, view: View, questions: int, days: int, seed: int) -> None:
    with closing(opening.connect(file)) as database:
        batch = []
        for row in _rows(view, questions, days, seed):
            batch.append(row)
            if len(batch) == _BATCH:
                storage.write(database, batch)
                batch = []
        storage.write(database, batch)


def _rows(view: View, questions: int, days: int, seed: int) -> Iterator[AskedRow]:
    """Questions over some days: of the library's entries, in other words, and some of none."""
    chance = random.Random(seed)  # noqa: S311  (no secret)
    entries = [one for one in view.documents if isinstance(one, Faq)]
    frequent = [1 / (place + 3) for place in range(len(entries))]
    midnight = datetime.combine(_ON + timedelta(days=1), datetime.min.time(), UTC)
    start = storage.milliseconds(midnight - timedelta(days=days, hours=8))
    step = days * 86_400_000 / questions
    for number, entry in enumerate(chance.choices(entries, frequent, k=questions)):
        text, answer, complete = _asked(chance, entry, entries)
        yield AskedRow(
            id=f"q{number}",
            at=int(start + number * step),
            visit=None,
            surface=chance.choice(("page", "page", "page", "embed", "site", "api")),
            text=text,
            total=complete + 10,
            complete=complete,
            answer=answer,
            hits=entry.id,
            took_ms=round(chance.lognormvariate(2.6, 0.5), 1),
            degraded=False,
        )


def _asked(
    chance: random.Random, entry: Faq, entries: Sequence[Faq]
) -> tuple[str, str | None, int]:
    """What is asked, the answer to it, and how many documents hold every word."""
    text = chance.choice((entry.title, *entry.similar))
    if chance.random() < 0.8:  # noqa: PLR2004  (most get an answer)
        return text, entry.id, 3
    # Words of two entries and a number: a long tail of wordings that nobody has asked before.
    other = chance.choice(entries).title
    return f"{text[:6]}{other[:5]}{chance.randrange(1000)}元", None, chance.choice((0, 2))


def _made(task: Task) -> str:
    """Makes a report in a process of its own, and says what it took."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with child("search.insights", task) as process:
        for found in results(process):
            if isinstance(found, Exception):
                raise found
            if isinstance(found, Made):
                break
        took = time.monotonic() - began
        process.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return (
        f"{took:.1f} s, {processor:.1f} s of processor, {used.ru_maxrss / _MB:.0f} MB at most"
        f" ({found.report.totals.questions:,} questions in the period)"
    )


def _size(file: Path) -> str:
    return f"{file.stat().st_size / 1_000_000:.0f} MB"


if __name__ == "__main__":
    main()
