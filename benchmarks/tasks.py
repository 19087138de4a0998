"""What is measured: a library, queries that it answers, and questions that it does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data import QUERIES, Asked, DataSet, read_questions, read_rows, read_sets
from benchmarks.libraries import CHECKOUT, WORK, load, make_library
from casebook.library import Library

JUDGEMENTS = CHECKOUT / "tests" / "search" / "judgements.tsv"
UNANSWERABLE = CHECKOUT / "tests" / "search" / "unanswerable.tsv"
_SAMPLE = "sample"


@dataclass(frozen=True)
class Task:
    """What is measured: a library, and what is asked of it.

    Attributes:
        name: the set's name.
        root: the folder that indexes are kept in.
        library: what is searched.
        queries: with the ids of documents.
        answerable: queries of which the ids are those of the right FAQ entries.
        unanswerable: questions without an answer in the library.
        sample: whether it is the sample library, which has floors of its own.
    """

    name: str
    root: Path
    library: Library
    queries: tuple[Asked, ...]
    answerable: tuple[Asked, ...]
    unanswerable: tuple[Asked, ...]
    sample: bool = False


def tasks(data: Path | None) -> Iterator[Task]:
    """What a data folder, or the sample library, gives to measure."""
    if data is None:
        yield sample_task()
        return
    questions = read_questions(data)
    for one in read_sets(data):
        yield data_task(one, questions)


def data_task(data: DataSet, questions: Sequence[str]) -> Task:
    """A set of a data folder as a library, with its queries."""
    made = make_library(WORK / data.name, data.entries)
    library = load(made.root)
    queries = tuple(
        Asked(asked.text, frozenset(made.ids[name] for name in asked.ids), asked.kind)
        for asked in data.queries
    )
    known = {text for entry in data.entries for text in (entry.question, *entry.similar)}
    known.update(asked.text for asked in data.queries)
    return Task(
        name=data.name,
        root=made.root / "index",
        library=library,
        queries=queries,
        answerable=tuple(asked for asked in queries if asked.kind == QUERIES),
        unanswerable=tuple(
            Asked(text, frozenset(), QUERIES) for text in questions if text not in known
        ),
    )


def sample_task() -> Task:
    """The sample library with the judged queries of the tests."""
    library = load(CHECKOUT)
    judged = [
        Asked(row["query"], frozenset(row["ids"].split(",")), row["kind"], row["audience"])
        for row in read_rows(JUDGEMENTS)
    ]
    entries = [
        (asked, frozenset(name for name in asked.ids if name.startswith("faq-")))
        for asked in judged
    ]
    return Task(
        name=_SAMPLE,
        root=WORK / _SAMPLE / "index",
        library=library,
        queries=tuple(
            Asked(asked.text, asked.ids, kind, asked.audience)
            for asked in judged
            for kind in (QUERIES, asked.kind)
        ),
        answerable=tuple(
            Asked(asked.text, ids, QUERIES, asked.audience) for asked, ids in entries if ids
        ),
        unanswerable=tuple(
            Asked(row["query"], frozenset(), QUERIES, row["audience"])
            for row in read_rows(UNANSWERABLE)
        ),
        sample=True,
    )
