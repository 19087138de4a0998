"""What people type finds what they need: judged queries over the sample library.

``judgements.tsv`` was judged by reading the library. Each row names every document
that would be right in the first place.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from casebook.library import Library
from search.engines import ENGINES, get_engine
from search.generations import open_current, publish
from search.searcher import Request, Searcher
from tests.conftest import ON

JUDGEMENTS = Path(__file__).with_name("judgements.tsv")
HIT_1 = 0.90
HIT_3 = 0.98


@dataclass(frozen=True)
class Judgement:
    """A query, the documents of which any is right first, and who asks."""

    query: str
    ids: frozenset[str]
    kind: str
    audience: str


def judgements() -> list[Judgement]:
    with JUDGEMENTS.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [
            Judgement(r["query"], frozenset(r["ids"].split(",")), r["kind"], r["audience"])
            for r in rows
        ]


def _patient_clock() -> float:
    """A clock that runs an hour ahead: relevance is measured without the time limit."""
    return time.monotonic() + 3600


@pytest.fixture(scope="module", params=sorted(ENGINES))
def ask(
    request: pytest.FixtureRequest, library: Library, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Judgement], list[str]]:
    """Judgement → the ids that were found, best first."""
    root = tmp_path_factory.mktemp(request.param)
    searchers = {}
    for audience in ("dealer", "agent"):
        publish(library.view(audience, ON), root / audience, get_engine(request.param), "")
        generation = open_current(root / audience, audience)
        request.addfinalizer(generation.close)
        internal = audience == "agent"
        searchers[audience] = Searcher(generation, ON, internal=internal, clock=_patient_clock)

    def found(judgement: Judgement) -> list[str]:
        results = searchers[judgement.audience].search(Request(judgement.query))
        return [hit.document.id for hit in results.hits]

    return found


def test_the_right_document_comes_first(ask: Callable[[Judgement], list[str]]) -> None:
    rows = judgements()
    assert len(rows) >= 120
    ranks = [_rank(ask(row), row.ids) for row in rows]
    hit_1 = sum(rank == 1 for rank in ranks) / len(rows)
    hit_3 = sum(rank <= 3 for rank in ranks) / len(rows)
    missed = [f"{rank} {row.query}" for row, rank in zip(rows, ranks, strict=True) if rank > 1]
    assert hit_1 >= HIT_1, "\n".join(missed)
    assert hit_3 >= HIT_3, "\n".join(missed)


def _rank(found: list[str], right: frozenset[str]) -> float:
    places = [place for place, name in enumerate(found, 1) if name in right]
    return places[0] if places else float("inf")


def test_judgements_name_documents_that_exist_and_the_audience_may_see(library: Library) -> None:
    visible = {a: {d.id for d in library.view(a, ON).documents} for a in ("dealer", "agent")}
    for row in judgements():
        assert row.ids <= visible[row.audience], row.query


def test_no_query_stands_in_the_library_as_a_question(library: Library) -> None:
    questions = {source.document.title for source in library.sources.values()}
    for source in library.sources.values():
        questions.update(getattr(source.document, "similar", ()))
    assert not questions & {row.query for row in judgements()}
