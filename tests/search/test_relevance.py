"""What people type finds what they need: judged queries over the sample library.

``judgements.tsv`` was judged by reading the library. Each row names every document
that would be right in the first place.
"""

from __future__ import annotations

import csv
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from casebook.library import Library
from search.engines import CLUSTER, EMBEDDED, get_engine
from search.generations import open_current, publish
from search.searcher import Request, Results, Searcher
from tests.conftest import ON

JUDGEMENTS = Path(__file__).with_name("judgements.tsv")
UNANSWERABLE = Path(__file__).with_name("unanswerable.tsv")
HIT_1 = 0.92
HIT_3 = 0.98
# Of the questions that the library has no answer to; of those that it has one to.
MAX_FALSE_ANSWERS = 0.02
MAX_WRONG_ANSWERS = 0.01
MIN_ANSWERED = 0.30


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


Ask = Callable[[str, str], Results]


ON_NODES = pytest.param(CLUSTER, marks=pytest.mark.xdist_group(CLUSTER))


@pytest.fixture(scope="module", params=[*EMBEDDED, ON_NODES])
def ask(
    request: pytest.FixtureRequest, library: Library, tmp_path_factory: pytest.TempPathFactory
) -> Ask:
    """Query and audience → results."""
    engine_of = get_engine
    if request.param == CLUSTER:
        # Two shards, so that scores of one are compared with those of the other.
        settings = {"prefix": "relevance", "shards": 2, "timeout_ms": 10_000}
        cluster = request.getfixturevalue("nodes").settings(**settings)
        engine_of = partial(get_engine, cluster=cluster)
    root = tmp_path_factory.mktemp(request.param)
    searchers = {}
    for audience in ("dealer", "agent"):
        publish(library.view(audience, ON), root / audience, engine_of(request.param), "")
        generation = open_current(root / audience, audience, engine_of)
        request.addfinalizer(generation.close)
        internal = audience == "agent"
        searchers[audience] = Searcher(generation, ON, internal=internal, clock=_patient_clock)

    def found(query: str, audience: str) -> Results:
        results = searchers[audience].search(Request(query))
        assert not results.degraded
        return results

    return found


def test_the_right_document_comes_first(ask: Ask) -> None:
    rows = judgements()
    assert len(rows) >= 300
    ranks = [_rank(_ids(ask(row.query, row.audience)), row.ids) for row in rows]
    hit_1 = sum(rank == 1 for rank in ranks) / len(rows)
    hit_3 = sum(rank <= 3 for rank in ranks) / len(rows)
    missed = [f"{rank} {row.query}" for row, rank in zip(rows, ranks, strict=True) if rank > 1]
    assert hit_1 >= HIT_1, "\n".join(missed)
    assert hit_3 >= HIT_3, "\n".join(missed)


def test_every_kind_of_query_is_judged() -> None:
    kinds = Counter(row.kind for row in judgements())
    demanded = (
        "slip",
        "pinyin",
        "initials",
        "mixed",
        "spoken",
        "keywords",
        "nickname",
        "colloquial",
    )
    assert {kind: kinds[kind] for kind in demanded if kinds[kind] < 20} == {}


def test_an_answer_is_given_only_where_there_is_one(ask: Ask) -> None:
    with UNANSWERABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(rows) >= 240
    false = [r["query"] for r in rows if ask(r["query"], r["audience"]).answer]
    assert len(false) <= MAX_FALSE_ANSWERS * len(rows), "\n".join(false)


def test_the_answer_that_is_given_is_the_right_one(ask: Ask) -> None:
    rows = [row for row in judgements() if any(name.startswith("faq-") for name in row.ids)]
    answers = [(row, ask(row.query, row.audience).answer) for row in rows]
    wrong = [row.query for row, answer in answers if answer and answer.id not in row.ids]
    assert len(wrong) <= MAX_WRONG_ANSWERS * len(rows), "\n".join(wrong)
    assert sum(answer is not None for _, answer in answers) >= MIN_ANSWERED * len(rows)


def _ids(results: Results) -> list[str]:
    return [hit.document.id for hit in results.hits]


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
