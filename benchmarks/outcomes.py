"""What became of queries → rows of figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.asking import DEPTH
from benchmarks.data import Asked
from benchmarks.metrics import hit_rate, mean_reciprocal_rank, percentile
from benchmarks.progress import say
from benchmarks.rows import ANSWERED, Row


@dataclass(frozen=True)
class Outcome:
    """What became of one query.

    Attributes:
        asked: the query.
        place: of the first right one, from 1; 0 when there was none.
        answered: whether anything was found.
        took: milliseconds.
    """

    asked: Asked
    place: int
    answered: bool
    took: float


def by_kind(queries: Iterable[Asked]) -> dict[str, list[Asked]]:
    """Queries by their kind."""
    found: dict[str, list[Asked]] = defaultdict(list)
    for asked in queries:
        found[asked.kind].append(asked)
    return found


def rows_of(engine: str, outcomes: Iterable[Outcome], misses: int) -> Iterator[Row]:
    """A row a kind; how many queries missed is said, and so many of them shown."""
    kinds: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        kinds[one.asked.kind].append(one)
    for kind, found in kinds.items():
        ranks = [one.place for one in found]
        yield Row(
            engine=engine,
            kind=kind,
            n=len(found),
            hit1=hit_rate(ranks, 1),
            hit3=hit_rate(ranks, 3),
            hit10=hit_rate(ranks, DEPTH),
            mrr10=mean_reciprocal_rank(ranks, DEPTH),
            **_times(found),
        )
        _say_misses(f"{engine}: {kind}", found, misses)


def _say_misses(label: str, outcomes: Sequence[Outcome], shown: int) -> None:
    missed = [one for one in outcomes if one.place != 1]
    say(f"{label}: {len(missed)} of {len(outcomes)} not in the first place")
    for one in missed[:shown]:
        right = ",".join(sorted(one.asked.ids))
        say(f"  place {one.place or '-'}: {one.asked.text} -> {right}")


def answer_row(engine: str, kind: str, outcomes: Sequence[Outcome]) -> Row:
    """The row of what became of questions that were to get an answer, or none."""
    right = [one.place for one in outcomes]
    return Row(
        engine=engine,
        kind=kind,
        n=len(outcomes),
        hit1=hit_rate(right, 1) if kind == ANSWERED else None,
        hit3=None,
        hit10=None,
        mrr10=None,
        **_times(outcomes),
        share=sum(one.answered for one in outcomes) / len(outcomes),
    )


def _times(outcomes: Sequence[Outcome]) -> dict[str, float]:
    took = [one.took for one in outcomes]
    return {
        "p50_ms": percentile(took, 50),
        "p95_ms": percentile(took, 95),
    }
