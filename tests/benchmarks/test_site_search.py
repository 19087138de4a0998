"""The comparison of site searches: a smaller set is still a fair one."""

from __future__ import annotations

import pytest

from benchmarks.data import QUERIES, Asked, DataSet, FaqEntry
from benchmarks.site_search import fewer

SET = DataSet(
    "x",
    tuple(FaqEntry(f"e{n}", f"问题{n}", ()) for n in range(10)),
    tuple(Asked(f"问题{n}怎么办", frozenset({f"e{n}"}), QUERIES) for n in range(10)),
)


@pytest.mark.parametrize(("most", "left"), [(1, 1), (3, 3), (9, 9), (10, 10), (50, 10)])
def test_of_a_set_entries_are_left_with_the_queries_that_they_answer(most: int, left: int) -> None:
    small = fewer(SET, most)
    ids = [entry.id for entry in small.entries]
    assert len(set(ids)) == left
    assert [asked.ids for asked in small.queries] == [frozenset({name}) for name in ids]


def test_another_number_of_entries_is_another_set() -> None:
    assert len({fewer(SET, most).name for most in (3, 9, 10)}) == 3
