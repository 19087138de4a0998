"""What has grown for certain: chance is not listed, a doubling is."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.insights.growth import FALSE_ALARMS, LEAST, WORTH, Change, grown

# What a call centre's questions are sorted by: a few large subjects, many small ones.
USUAL = [2000, 900, 850, 400, 400, 300, 200, 180, 120, 90, 60, 50, 40, 40, 30, 25, 20, 15, 12, 10]
USUAL += [8, 6, 5, 5, 4, 3, 2, 2, 1, 1]


def changes(chance: np.random.Generator, now: list[float], before: list[float]) -> list[Change]:
    counts = chance.poisson(now), chance.poisson(before)
    totals = sum(now), sum(before)
    return [
        Change(int(n), int(b), int(totals[0]), int(totals[1])) for n, b in zip(*counts, strict=True)
    ]


@pytest.mark.parametrize("busier", [1.0, 3.0, 0.25])
def test_chance_alone_is_hardly_ever_listed(busier: float) -> None:
    chance = np.random.default_rng(11)
    reports = 1000
    wrong = sum(
        bool(grown(changes(chance, [busier * n for n in USUAL], USUAL))) for _ in range(reports)
    )
    assert wrong <= FALSE_ALARMS * reports


@pytest.mark.parametrize(("usual", "found_in"), [(50, 0.6), (100, 0.95), (400, 1.0)])
def test_a_doubling_is_found(usual: int, found_in: float) -> None:
    chance = np.random.default_rng(12)
    reports = 200
    before = [*USUAL, usual]
    now = [*USUAL, 2 * usual]
    found = sum(len(USUAL) in dict(grown(changes(chance, now, before))) for _ in range(reports))
    assert found >= found_in * reports


def test_the_most_certain_growth_comes_first() -> None:
    rest = [Change(1000, 1000, 4000, 4000)] * 5
    found = grown([Change(60, 20, 4000, 4000), Change(400, 40, 4000, 4000), *rest])
    assert [place for place, _ in found] == [1, 0]
    assert all(least > WORTH for _, least in found)


def test_few_questions_are_no_growth() -> None:
    assert not grown([Change(LEAST - 1, 0, 1000, 1_000_000)])
    assert grown([Change(LEAST, 0, 1000, 1000)])


def test_more_questions_of_all_kinds_are_no_growth() -> None:
    assert not grown([Change(500, 100, 5000, 1000)])


def test_without_a_period_before_nothing_has_grown() -> None:
    assert not grown([Change(500, 0, 5000, 0)])
    assert Change(500, 0, 5000, 0).growth is None


@given(
    now=st.integers(1, 60),
    before=st.integers(0, 60),
    all_now=st.integers(1, 400),
    all_before=st.integers(1, 400),
    level=st.sampled_from([0.05, 0.001]),
)
def test_the_least_growth_is_the_exact_bound(
    now: int, before: int, all_now: int, all_before: int, level: float
) -> None:
    least = Change(now, before, all_now, all_before).least_growth(level)
    both = now + before
    # Clopper and Pearson: at the bound so many or more are just as rare as the level.
    odds = Fraction(least) * all_now / all_before
    share = odds / (1 + odds)
    tail = sum(comb(both, k) * share**k * (1 - share) ** (both - k) for k in range(now, both + 1))
    assert float(tail) == pytest.approx(level, rel=1e-3)
