"""How good the search is: queries that people asked, against the entries that answer them.

Prints a table, or with ``--json`` an object a line, to standard output; progress and misses go to
standard error. Ends with 0 when every floor is reached, 1 when one is missed, 2 when it could not
run.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from benchmarks import baseline
from benchmarks.asking import DEPTH, Asker, asking
from benchmarks.baseline import Baseline
from benchmarks.data import Asked, DataError
from benchmarks.floors import floors_missed
from benchmarks.libraries import ON, published
from benchmarks.metrics import rank
from benchmarks.outcomes import Outcome, answer_row, by_kind, rows_of
from benchmarks.pages import PAGE, replace_section
from benchmarks.progress import counted, say
from benchmarks.rows import ANSWERED, FALSE_ANSWERS, Row, markdown, table
from benchmarks.tasks import Task, tasks
from casebook.errors import CasebookError
from search.engines import EMBEDDED
from search.passages import findables


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder with faq-*.jsonl and queries-*.tsv; without it the sample library is measured.",
)
@click.option("--engines", help=f"Engines, with commas between. Default: {','.join(EMBEDDED)}.")
@click.option(
    "--sample",
    default="",
    help="The most queries of a kind: 300, or 300,whoosh:50 for other numbers with some engines.",
)
@click.option("--misses", type=click.IntRange(0), default=0, help="Shows so many misses a kind.")
@click.option("--json", "as_json", is_flag=True, help="One object a line instead of a table.")
@click.option("--publish", is_flag=True, help="Writes the figures into docs/ as well.")
def main(
    data: Path | None, engines: str | None, sample: str, misses: int, as_json: bool, publish: bool
) -> None:
    """Measures how good the search is."""
    found: dict[str, list[Row]] = {}
    missed: list[str] = []
    try:
        most = sample_sizes(engines.split(",") if engines else list(EMBEDDED), sample)
        for task in tasks(data):
            found[task.name] = rows = list(_shown(measure(task, most, misses), as_json))
            if not as_json:
                click.echo(table(task.name, rows))
            missed += floors_missed(task.name, rows, sample=task.sample)
    except (DataError, CasebookError) as error:
        say(f"bench-relevance: {error}")
        sys.exit(2)
    if publish:
        sections = (markdown(name, rows) for name, rows in found.items())
        replace_section(PAGE, "relevance", "\n\n".join(sections))
    for line in missed:
        say(f"FLOOR MISSED {line}")
    sys.exit(1 if missed else 0)


def sample_sizes(engines: Iterable[str], sample: str) -> dict[str, int | None]:
    """How many queries of a kind each engine is asked at most; None for all.

    Args:
        engines: their names.
        sample: numbers with commas between, each for all engines or for one: ``300,whoosh:50``.

    Raises:
        DataError: a part is no such number.
    """
    sizes: dict[str, int | None] = dict.fromkeys(engines)
    for part in sample.split(",") if sample else ():
        engine, _, number = part.rpartition(":")
        if not number.isdecimal() or int(number) == 0 or (engine and engine not in sizes):
            raise DataError(
                f"SAMPLE has {part!r}; expected a number above 0, or ENGINE:NUMBER with one of "
                + ", ".join(sizes)
            )
        sizes.update(dict.fromkeys([engine] if engine else sizes, int(number)))
    return sizes


def measure(task: Task, engines: Mapping[str, int | None], misses: int) -> Iterator[Row]:
    """The rows of a task: plain BM25 first, on every query, then engine by engine.

    Args:
        task: what is measured.
        engines: with how many queries of a kind each is asked at most; None for all.
        misses: how many misses of a kind are shown.
    """
    if task.queries and not task.sample:
        yield from rows_of(baseline.NAME, _ask_baseline(task), 0)
    for engine, most in engines.items():
        if most:
            say(f"{task.name}: {engine}: asked at most {most} queries of a kind, not all")
        with ExitStack() as stack:
            yield from _measure(task, engine, _askers(task, engine, stack), most, misses)


def _measure(
    task: Task, engine: str, askers: Mapping[str, Asker], most: int | None, misses: int
) -> Iterator[Row]:
    """The rows of one engine."""
    label = f"{task.name}: {engine}:"
    kinds = by_kind(task.queries).values()
    queries = [one for of_a_kind in kinds for one in sampled(of_a_kind, most)]
    found = [_search(askers, one) for one in counted(f"{label} queries", queries)]
    yield from rows_of(engine, found, misses)
    for kind, asked in ((ANSWERED, task.answerable), (FALSE_ANSWERS, task.unanswerable)):
        chosen = counted(f"{label} {kind}", sampled(asked, most))
        if outcomes := [_answer(askers, one) for one in chosen]:
            yield answer_row(engine, kind, outcomes)
    for asker in askers.values():
        for error, times in asker.errors.items():
            say(f"{label} {times} requests got {error}; they count as nothing found")


def _shown(rows: Iterable[Row], as_json: bool) -> Iterator[Row]:
    """The rows; as JSON each is printed as soon as it is there."""
    for row in rows:
        if as_json:
            click.echo(row.as_json())
        yield row


def sampled(queries: Sequence[Asked], most: int | None) -> list[Asked]:
    """At most so many, spread evenly."""
    if most is None or len(queries) <= most:
        return list(queries)
    return [queries[place * len(queries) // most] for place in range(most)]


def _askers(task: Task, engine: str, stack: ExitStack) -> dict[str, Asker]:
    """A running service for each audience that somebody asks for."""
    asked = {one.audience for one in (*task.queries, *task.answerable, *task.unanswerable)}
    askers = {}
    for audience in sorted(asked):
        view = task.library.view(audience or None, ON)
        config = published(view, task.library.fingerprint, engine, task.root)
        askers[audience] = stack.enter_context(asking(config))
    return askers


def _search(askers: Mapping[str, Asker], asked: Asked) -> Outcome:
    found, took = askers[asked.audience].ids(asked.text)
    return Outcome(asked, rank(found, asked.ids), bool(found), took)


def _answer(askers: Mapping[str, Asker], asked: Asked) -> Outcome:
    found, took = askers[asked.audience].answer(asked.text)
    return Outcome(asked, rank([found], asked.ids), bool(found), took)


def _ask_baseline(task: Task) -> list[Outcome]:
    view = task.library.view(on=ON)
    plain = Baseline({one.document.id: "\n".join(one.questions) for one in findables(view)})
    outcomes = []
    for asked in counted(f"{task.name}: {baseline.NAME}: queries", task.queries):
        found, took = plain.ids(asked.text, DEPTH)
        outcomes.append(Outcome(asked, rank(found, asked.ids), bool(found), took))
    return outcomes


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    main()
