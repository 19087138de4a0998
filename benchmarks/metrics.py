"""Figures from ranks and times."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def rank(found: Sequence[str], right: Collection[str]) -> int:
    """The place of the first right id, from 1; 0 when there is none."""
    return next((place for place, name in enumerate(found, 1) if name in right), 0)


def hit_rate(ranks: Sequence[int], depth: int) -> float:
    """The share of queries whose right id stands among the first so many."""
    return sum(1 <= place <= depth for place in ranks) / len(ranks)


def mean_reciprocal_rank(ranks: Sequence[int], depth: int) -> float:
    """The mean of 1 / place, 0 for what stands deeper."""
    return sum(1 / place for place in ranks if 1 <= place <= depth) / len(ranks)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of the values do not exceed."""
    ordered = sorted(values)
    place = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(place) - 1)]
