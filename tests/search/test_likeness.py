"""How alike a query and a question are: by ear, in both directions, in one piece or in pieces."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.analysis import Analyzer
from search.likeness import Likeness

ANALYZER = Analyzer(latin=("esim",))
OTHER = 0.5


def alike(query: str, *names: str, other: float = OTHER) -> float:
    """How much it counts how alike a query is to a document that is called so."""
    return both(query, *names, other=other)[0]


def both(query: str, *names: str, other: float = OTHER) -> tuple[float, float]:
    """How much it counts, and Dice's coefficient."""
    return Likeness(ANALYZER.query(query), other).best([ANALYZER.sounds(name) for name in names])


class TestChinese:
    @pytest.mark.parametrize(
        ("query", "name", "expected"),
        [
            ("宽带故障", "宽带故障", 1.0),
            ("宽带故障", "宽带", 2 * 2 / (4 + 2)),
            ("宽带", "宽带故障", 2 * 2 / (2 + 4)),
            ("故障宽带", "宽带故障", 1.0),
            ("宽代故章", "宽带故障", 1.0),
            ("宽带宽带", "宽带", 2 * 2 / (4 + 2)),
            ("宽带", "宽带宽带", 2 * 2 / (2 + 4)),
            ("漫游", "宽带", 0.0),
            ("宽带？", "宽带。", 1.0),
            ("5G套餐", "套餐", 2 * 2 / (4 + 2)),
            ("，", "宽带", 0.0),
            ("宽带", "，", 0.0),
        ],
    )
    def test_it_is_dices_coefficient_of_what_is_heard(
        self, query: str, name: str, expected: float
    ) -> None:
        assert both(query, name) == (pytest.approx(expected), pytest.approx(expected))

    @pytest.mark.parametrize(("query", "name"), [("充值", "重置"), ("银杏", "银行")])
    def test_other_readings_are_for_pinyin(self, query: str, name: str) -> None:
        assert alike(query, name) == 0.5

    def test_the_best_question_counts_and_a_similar_one_as_much_as_the_title(self) -> None:
        assert alike("宽带故障", "漫游资费", "宽带故障", "宽带") == 1.0
        assert alike("宽带故障", "宽带", "漫游") == alike("宽带故障", "漫游", "宽带")

    def test_a_document_without_questions_is_not_alike(self) -> None:
        assert alike("宽带") == 0.0

    @given(one=st.text(alphabet="宽带故障漫游5gx ，", max_size=20), other=st.text(max_size=20))
    @settings(deadline=None)
    def test_it_is_between_nothing_and_one(self, one: str, other: str) -> None:
        for query, name in (one, other), (other, one), (one, one):
            counts, dice = both(query, name)
            assert 0.0 <= counts <= 1.0
            assert 0.0 <= dice <= 1.0


class TestPinyin:
    @pytest.mark.parametrize(
        ("query", "name", "low", "high"),
        [
            ("kuandai", "宽带", 1.0, 1.0),
            ("kuandai", "宽带故障", 0.75, 0.99),
            ("kuandai", "带宽", 0.1, 0.5),
            ("kuandai", "漫游", 0.0, 0.0),
            ("kdgz", "宽带故障", 1.0, 1.0),
            ("kdgz", "故障宽带", 0.1, 0.5),
            ("kd gz", "宽带的故障", 0.75, 0.99),
            ("kuandaigz", "宽带故障", 0.75, 1.0),
            ("5g套餐bg", "5G套餐变更", 0.75, 1.0),
            ("taocbg", "5G套餐变更", 0.75, 1.0),
            ("tcbg", "套餐5G变更", 0.75, 1.0),
            ("esim怎么kt", "eSIM怎么开通", 0.75, 1.0),
            ("chongzhi", "重置", 1.0, 1.0),
            ("chongzhi", "充值", 1.0, 1.0),
        ],
    )
    def test_what_a_name_holds_in_one_piece_is_most_alike(
        self, query: str, name: str, low: float, high: float
    ) -> None:
        assert low <= alike(query, name) <= high + 1e-9

    @pytest.mark.parametrize(
        ("query", "better", "worse"),
        [
            ("kuandai", "宽带", "宽带故障"),
            ("kuandai", "宽带故障", "家里的宽带出了故障"),
            ("kdgz", "宽带故障", "故障宽带"),
            ("kdgz", "宽带故障报修", "款到公司"),
            ("qftj", "欠费停机", "清费停急的事"),
        ],
    )
    def test_what_fits_better_is_more_alike(self, query: str, better: str, worse: str) -> None:
        assert alike(query, better) > alike(query, worse)

    def test_a_similar_question_counts_less_than_the_title(self) -> None:
        title, similar = alike("kuandai", "宽带", "漫游"), alike("kuandai", "漫游", "宽带")
        assert (title, similar) == (1.0, OTHER)
        assert alike("kuandai", "漫游", "宽带", other=0.9) == pytest.approx(0.9)

    @pytest.mark.parametrize(
        ("query", "names", "dice"),
        [
            ("kuandai", ("宽带",), 1.0),
            ("kuandai", ("宽带故障",), 2 * 2 / (2 + 4)),
            ("kuandai", ("带宽",), 1.0),
            ("kuandai", ("漫游", "宽带"), 1.0),
            ("kdgz", ("故障宽带",), 1.0),
            ("kdgz", ("宽带",), 2 * 2 / (4 + 2)),
        ],
    )
    def test_dices_coefficient_is_given_by_itself(
        self, query: str, names: tuple[str, ...], dice: float
    ) -> None:
        assert both(query, *names)[1] == pytest.approx(dice)
