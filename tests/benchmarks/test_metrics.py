"""The figures are what their names say."""

from __future__ import annotations

import pytest

from benchmarks.metrics import hit_rate, mean_reciprocal_rank, percentile, rank


@pytest.mark.parametrize(
    ("found", "right", "place"),
    [
        (["a", "b"], {"a"}, 1),
        (["a", "b"], {"b"}, 2),
        (["a", "b", "c"], {"c", "b"}, 2),
        (["a", "b"], {"z"}, 0),
        ([], {"a"}, 0),
    ],
)
def test_rank_is_the_place_of_the_first_right_one(
    found: list[str], right: set[str], place: int
) -> None:
    assert rank(found, right) == place


def test_hit_rate_counts_what_stands_high_enough() -> None:
    ranks = [1, 3, 4, 0]
    assert [hit_rate(ranks, depth) for depth in (1, 3, 10)] == [0.25, 0.5, 0.75]


def test_mean_reciprocal_rank_gives_nothing_for_what_is_too_deep() -> None:
    assert mean_reciprocal_rank([1, 2, 0, 11], 10) == pytest.approx(1.5 / 4)


def test_percentile_is_a_value_that_was_measured() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert [percentile(values, p) for p in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([7.0], 50) == 7.0
