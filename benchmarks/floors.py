"""The least that the search must reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmarks import baseline
from benchmarks.data import QUERIES
from benchmarks.rows import ANSWERED, FALSE_ANSWERS, Row

# The least hit@1 and hit@3 of each kind of query.
FLOORS = {
    "plain": (0.850, 0.984),
    "homophone1": (0.845, 0.980),
    "homophone2": (0.845, 0.980),
    "traditional": (0.850, 0.984),
    "keywords": (0.700, 0.925),
    "pinyin": (0.920, 0.985),
    "initials": (0.890, 0.975),
}
SAMPLE_FLOOR = (0.92, 0.98)
MIN_ANSWERED = 0.90
MAX_FALSE_ANSWERS = 0.02


def floors_missed(name: str, rows: Sequence[Row], *, sample: bool) -> list[str]:
    """A line for each floor that a row does not reach.

    Args:
        name: the set's name.
        rows: all rows of the set.
        sample: whether it is the sample library, which has floors of its own.
    """
    floors = {QUERIES: SAMPLE_FLOOR} if sample else _floors(rows)
    return [
        f"{name} {row.engine} {row.kind}: {fault}"
        for row in rows
        if row.engine != baseline.NAME
        for fault in (*_hits_missed(row, floors), *_answers_missed(row))
    ]


def _floors(rows: Sequence[Row]) -> dict[str, tuple[float, float]]:
    """The floors of all kinds; that of plain queries is what plain BM25 reached."""
    plain = (row for row in rows if row.engine == baseline.NAME)
    reached = {row.kind: (row.hit1 or 0.0, row.hit3 or 0.0) for row in plain}
    return FLOORS | {QUERIES: reached.get(QUERIES, (0.0, 0.0))}


def _hits_missed(row: Row, floors: Mapping[str, tuple[float, float]]) -> Iterator[str]:
    names, values = ("hit@1", "hit@3"), (row.hit1, row.hit3)
    for name, value, floor in zip(names, values, floors.get(row.kind, ()), strict=False):
        if value is not None and value < floor:
            yield f"{name} {value:.4f} < {floor:.4f}"


def _answers_missed(row: Row) -> Iterator[str]:
    if row.share is None:
        return
    if row.kind == ANSWERED and row.share < MIN_ANSWERED:
        yield f"share {row.share:.4f} < {MIN_ANSWERED:.4f}"
    if row.kind == FALSE_ANSWERS and row.share > MAX_FALSE_ANSWERS:
        yield f"share {row.share:.4f} > {MAX_FALSE_ANSWERS:.4f}"
