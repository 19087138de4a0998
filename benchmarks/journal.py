"""What the journal costs whoever asks, and whether it loses rows.

Three parts: putting a question in; whole answers of a service with a journal beside the same
service without one, asked in turn; and several processes that write one file at once.
"""

from __future__ import annotations

import multiprocessing
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import date
from pathlib import Path

import click

from benchmarks.asking import Asker, asking
from benchmarks.libraries import CHECKOUT
from casebook.library import load_library
from search.engines import get_engine
from search.generations import open_current, publish
from search.journal.journal import Journal
from search.searcher import Request, Results, Searcher
from search.service import ServiceConfig

_ON = date(2026, 11, 22)
_QUESTIONS = (
    "欠费停机多久能恢复",
    "宽带断网了怎么报修",
    "漫游费太高想投诉",
    "查13912345678的欠费",
    "携号转网要带什么证件",
)


@click.command()
@click.option("--rows", default=5000, show_default=True, help="Questions that are put in.")
@click.option("--answers", default=1000, show_default=True, help="Answers of each service.")
@click.option("--processes", default=8, show_default=True, help="Processes that write at once.")
@click.option("--each", default=5000, show_default=True, help="Rows that each of them writes.")
@click.option("--held", default=4.0, show_default=True, help="Seconds another holds the file.")
def main(rows: int, answers: int, processes: int, each: int, held: float) -> None:
    """Measures the journal."""
    root = Path(tempfile.mkdtemp(prefix="journal-"))
    try:
        view = load_library(CHECKOUT).view("agent", _ON)
        publish(view, root / "index", get_engine("tantivy"), "bench")
        _show("put in, us", putting(root, rows), 1e6)
        for name, took in answering(root, answers).items():
            _show(f"answer, {name}, ms", took, 1e3)
        written, dropped = writing(root / "many" / "journal.sqlite", processes, each, held)
        wanted = processes * each
        click.echo(
            f"{processes} processes, file held for {held:g} s: {wanted} rows, "
            f"{wanted - written} lost, {dropped} dropped"
        )
    finally:
        shutil.rmtree(root)


def putting(root: Path, count: int) -> list[float]:
    """Seconds that it takes to put a question in, while the file is written."""
    with closing(open_current(root / "index", "agent")) as generation:
        searcher = Searcher(generation, _ON, internal=True)
        found = [searcher.search(Request(text)) for text in _QUESTIONS]
    took = []
    with closing(Journal(root / "put" / "journal.sqlite")) as journal:
        for results in _in_turn(found, count):
            started = time.perf_counter()
            journal.ask(results, "page", "")
            took.append(time.perf_counter() - started)
            time.sleep(0.0005)
    return took


def answering(root: Path, count: int) -> dict[str, list[float]]:
    """Seconds of whole answers: with a journal, without one, and with one that cannot write."""
    states = {"no journal": None, "journal": root / "state", "file locked": root / "locked"}
    took: dict[str, list[float]] = {name: [] for name in states}
    with ExitStack() as opened:
        askers: dict[str, Asker] = {
            name: opened.enter_context(asking(_config(root, state)))
            for name, state in states.items()
        }
        for asker in askers.values():
            asker.answer(_QUESTIONS[0])
        blocker = opened.enter_context(_locked(root / "locked" / "journal.sqlite"))
        for number in range(count):
            for name, asker in askers.items():
                _, milliseconds = asker.answer(_QUESTIONS[number % len(_QUESTIONS)])
                took[name].append(milliseconds / 1000)
        blocker.rollback()
    return took


def writing(file: Path, processes: int, each: int, held: float) -> tuple[int, int]:
    """Rows in the file after several processes wrote it at once, and rows that they dropped."""
    context = multiprocessing.get_context("spawn")
    dropped = context.Value("i", 0)
    workers = [
        context.Process(target=_work, args=(file, name, each, dropped)) for name in range(processes)
    ]
    for worker in workers:
        worker.start()
    until(file.exists)
    with _locked(file) as blocker:
        time.sleep(held)
        blocker.rollback()
    for worker in workers:
        worker.join()
    with closing(sqlite3.connect(file)) as database:
        (written,) = database.execute("SELECT count(DISTINCT id) FROM questions").fetchone()
    return int(written), int(dropped.value)


def until(holds: Callable[[], bool]) -> None:
    """Waits until something holds."""
    while not holds():
        time.sleep(0.01)


def _work(file: Path, name: int, each: int, dropped: object) -> None:
    results = _nothing(f"工位{name}")
    with closing(Journal(file)) as journal:
        for number in range(each):
            journal.ask(results, "page", "")
            if number % 100 == 0:
                time.sleep(0.01)
        journal.flush(60)
        with dropped.get_lock():  # type: ignore[attr-defined]
            dropped.value += journal.dropped  # type: ignore[attr-defined]


def _nothing(text: str) -> Results:
    return Results(Request(text), (), 0, 0, None, {}, None, 1.0)


def _config(root: Path, state: Path | None) -> ServiceConfig:
    return ServiceConfig(
        audience="agent",
        internal=True,
        title="bench",
        index=root / "index",
        site=None,
        today=lambda: _ON,
        state=state,
    )


def _locked(file: Path) -> closing[sqlite3.Connection]:
    """The file, held by another program until it rolls back."""
    until(file.exists)
    database = sqlite3.connect(file, timeout=60, isolation_level=None, check_same_thread=False)
    until(lambda: _begun(database))
    return closing(database)


def _begun(database: sqlite3.Connection) -> bool:
    try:
        database.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    return True


def _in_turn(found: list[Results], count: int) -> Iterator[Results]:
    return (found[number % len(found)] for number in range(count))


def _show(name: str, took: list[float], times: float) -> None:
    took = sorted(took)
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    figures = [f"{key} {took[int(len(took) * share)] * times:.2f}" for key, share in shares.items()]
    click.echo(f"{name}: {', '.join(figures)}, max {took[-1] * times:.2f} (n={len(took)})")


if __name__ == "__main__":
    main()
