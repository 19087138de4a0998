"""How well documents that ask the same are found, and how long that takes.

Each query of a data folder is taken for an entry that somebody writes anew; it should be found to
ask what the entry asks that answers it. Prints two tables.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from statistics import median

import click

from benchmarks.data import QUERIES, Asked, DataSet, FaqEntry, read_questions, read_sets
from benchmarks.libraries import CHECKOUT
from benchmarks.progress import say
from benchmarks.tasks import sample_task
from casebook.documents import Faq, Kind
from casebook.library import Library, Source
from casebook.settings import load_settings
from search.alike import Finder

THRESHOLDS = (0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
# What of a library are FAQ entries, and how many questions one has: as in the sample library.
_ENTRIES = 0.57
_QUESTIONS = 5
_ASKED = 200
_ON = date(2026, 1, 1)


@dataclass(frozen=True)
class Row:
    """What is found from one likeness on.

    Attributes:
        least: the likeness.
        named: how many entries were named in all.
        recall: the share of the queries for which the right entry was named.
        precision: the share of what was named that is right by the labels.
    """

    least: float
    named: int
    recall: float
    precision: float


@dataclass(frozen=True)
class Times:
    """Seconds of processor time, and milliseconds for a document that is not in the library."""

    documents: int
    questions: int
    building: float
    all_documents: float
    one_document_ms: float


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), help="A data folder.")
@click.option("--sizes", default="1000,10000", show_default=True, help="Documents of a library.")
def main(data: Path | None, sizes: str) -> None:
    """Measures how well and how fast duplicates are found."""
    for one in read_sets(data) if data else [sample_set()]:
        click.echo(f"{one.name}: {len(_asked(one))} queries, {len(one.entries)} entries")
        click.echo("likeness     named   recall  precision")
        for row in quality(one):
            click.echo(f"{row.least:8.2f} {row.named:9} {row.recall:8.3f} {row.precision:10.3f}")
    pool = _pool(data)
    click.echo("documents  questions  build s    all s  one ms")
    for size in map(int, sizes.split(",")):
        took = speed(pool, size)
        click.echo(
            f"{took.documents:9} {took.questions:10} {took.building:8.2f} "
            f"{took.all_documents:8.2f} {took.one_document_ms:7.2f}"
        )


def sample_set() -> DataSet:
    """The sample library's entries, with its judged queries in whole sentences."""
    task = sample_task()
    entries = tuple(
        FaqEntry(document.id, document.title, document.similar)
        for source in task.library.sources.values()
        if isinstance(document := source.document, Faq)
    )
    known = {entry.id for entry in entries}
    queries = tuple(one for one in task.queries if one.kind == "question" and one.ids <= known)
    return DataSet("sample", entries, queries)


def quality(data: DataSet) -> list[Row]:
    """What is found of a set, from each likeness on.

    Args:
        data: entries, and queries that ask the same as one of them.
    """
    queries = _asked(data)
    finder = Finder(library_of([(entry.question, *entry.similar) for entry in data.entries]))
    names = {f"faq-{place}": entry.id for place, entry in enumerate(data.entries)}
    found = [_named(finder, names, asked) for asked in queries]
    rows = []
    for least in THRESHOLDS:
        named = [
            (name in asked.ids)
            for asked, likeness in zip(queries, found, strict=True)
            for name, alike in likeness.items()
            if alike >= least
        ]
        # A query may be right for several entries.
        right = sum(
            any(likeness.get(name, 0) >= least for name in asked.ids)
            for asked, likeness in zip(queries, found, strict=True)
        )
        rows.append(
            Row(least, len(named), right / max(1, len(queries)), sum(named) / max(1, len(named)))
        )
    return rows


def _asked(data: DataSet) -> list[Asked]:
    """The queries that are as people wrote them."""
    return [one for one in data.queries if one.kind in (QUERIES, "question")]


def _named(finder: Finder, names: dict[str, str], asked: Asked) -> dict[str, float]:
    """The entries that ask what a query asks, with how alike they are."""
    found: dict[str, float] = {}
    for alike in finder(_source("faq-new", (asked.text,))):
        found.setdefault(names[alike.source.document.id], alike.likeness)
    return found


def speed(pool: Sequence[str], size: int) -> Times:
    """How long it takes to look at every document of a library, and at one that is new.

    Args:
        pool: questions to make entries of, each but once as long as there are enough.
        size: how many documents the library has.
    """
    questions = _numbered(pool)
    entries = [tuple(islice(questions, _QUESTIONS)) for _ in range(round(size * _ENTRIES))]
    library = library_of(entries)
    started = time.process_time()
    finder = Finder(library)
    built = time.process_time()
    for source in library.sources.values():
        finder(source)
    ended = time.process_time()
    one = []
    for number in range(_ASKED):
        new = _source("faq-new", tuple(f"{text}{number}" for text in entries[number]))
        before = time.process_time()
        finder(new)
        one.append((time.process_time() - before) * 1000)
    asked = sum(map(len, entries))
    return Times(size, asked, built - started, ended - built, median(one))


def library_of(entries: Sequence[Sequence[str]]) -> Library:
    """A library of FAQ entries in memory, with the sample library's settings.

    Args:
        entries: the questions of each, its title first.
    """
    sources = (_source(f"faq-{place}", texts) for place, texts in enumerate(entries))
    found = {source.document.id: source for source in sources}
    return Library(load_settings(CHECKOUT), found, (), len(found), "")


def _source(name: str, questions: Sequence[str]) -> Source:
    title, *similar = questions
    document = Faq.model_construct(
        id=name, title=title, similar=tuple(similar), effective_from=_ON, sections=()
    )
    return Source(f"{Kind.FAQ.folder}/{name}.md", document, {}, ())


def _pool(data: Path | None) -> list[str]:
    """Every question of a data folder, or of the sample library."""
    sets = read_sets(data) if data else [sample_set()]
    found = [text for one in sets for e in one.entries for text in (e.question, *e.similar)]
    found += [asked.text for one in sets for asked in one.queries]
    found += read_questions(data) if data else []
    return list(dict.fromkeys(found))


def _numbered(pool: Sequence[str]) -> Iterator[str]:
    """The questions over and over, from the second time on with a number behind."""
    yield from pool
    rounds = 2
    while True:
        yield from (f"{text}（{rounds}）" for text in pool)
        rounds += 1


if __name__ == "__main__":
    say("measuring ...")
    main()
