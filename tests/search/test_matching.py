"""Which documents are results: those that hold most of the words, counted exactly."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from search import matching
from search.analysis import Need, Question
from search.matching import Matching, match
from search.store import Store

EVERYTHING = BitMap(range(100))


class Fake:
    """A store that holds what it is told."""

    def __init__(self, **held: Iterable[int]) -> None:
        self._held = {term: BitMap(numbers) for term, numbers in held.items()}

    def holding(self, terms: Iterable[str]) -> dict[str, BitMap]:
        return {term: self._held[term] for term in terms if self._held.get(term)}


def need(word: str, *ways: tuple[str, ...], **synonyms: tuple[str, ...]) -> Need:
    return Need(word, ((word,), *ways), tuple(synonyms.items()))


def asked(*readings: Iterable[Need]) -> Question:
    return Question("", (), tuple(tuple(needs) for needs in readings), ("",))


def found(
    held: dict[str, Iterable[int]], *readings: Iterable[Need], allowed: BitMap = EVERYTHING
) -> Matching:
    return match(asked(*readings), cast(Store, Fake(**held)), allowed)


def words(text: str) -> list[Need]:
    return [need(word) for word in text]


# Document 1 holds a, document 2 a and b, and so on.
STAIRS = {word: range(place, 7) for place, word in enumerate("abcdef", 1)}


class TestMatched:
    @pytest.mark.parametrize(
        ("query", "matched"),
        [
            ("a", {1, 2, 3, 4, 5, 6}),
            ("ab", {1, 2, 3, 4, 5, 6}),
            ("abc", {1, 2, 3, 4, 5, 6}),
            ("abcd", {2, 3, 4, 5, 6}),
            ("abcdef", {2, 3, 4, 5, 6}),
            ("f", {6}),
            ("x", set()),
            ("ax", {1, 2, 3, 4, 5, 6}),
            ("fxyz", {6}),
            ("fxyzuvw", {6}),
            ("xyz", set()),
        ],
    )
    def test_a_third_of_the_words_is_needed_and_one_where_none_holds_so_many(
        self, query: str, matched: set[int]
    ) -> None:
        assert set(found(STAIRS, words(query)).matched) == matched

    def test_without_words_nothing_is_matched(self) -> None:
        for result in (found(STAIRS), found(STAIRS, [])):
            assert not result.matched
            assert not result.complete
            assert result.held == {}
            assert result.coverage(1) == 0.0

    def test_only_what_is_allowed_is_found(self) -> None:
        result = found(STAIRS, words("ab"), allowed=BitMap([2, 50]))
        assert (set(result.matched), set(result.complete)) == ({2}, {2})
        assert set(result.held["a"]) == {2}

    @given(
        held=st.lists(st.sets(st.integers(0, 30), max_size=20), max_size=10),
        least=st.integers(1, 11),
    )
    @settings(deadline=None, max_examples=300)
    def test_at_least_so_many_of_some_sets(self, held: list[set[int]], least: int) -> None:
        expected = {number for number in range(31) if sum(number in one for one in held) >= least}
        assert set(matching._at_least([BitMap(one) for one in held], least)) == expected

    def test_of_many_words_the_rarest_decide(self) -> None:
        sets = [BitMap(range(place, 40)) for place in range(20)]
        rarest = sets[-matching._MAX_NEEDS :]
        chosen = random.Random(3).sample(sets, 20)
        assert matching._at_least(chosen, 20) == matching._at_least(rarest, 10)
        assert matching._at_least([*chosen, *[BitMap()] * 20], 8) == matching._at_least(rarest, 2)


BROADBAND = {"宽带": {1}, "宽频": {2}, "kuan": {3, 4}, "dai": {4, 5}, "坏": {1, 2, 4, 6}}


class TestWays:
    @pytest.mark.parametrize(
        ("needed", "held"),
        [
            (need("宽带"), {1}),
            (need("宽带", ("kuan", "dai")), {1, 4}),
            (need("宽带", ("kuan", "没有")), {1}),
            (need("宽带", 宽频=("宽频",)), {1, 2}),
            (need("宽带", ("kuan", "dai"), 宽频=("宽频", "坏")), {1, 2, 4}),
            (need("没有", ("kuan",)), {3, 4}),
            (Need("空", ((),)), set()),
        ],
    )
    def test_a_word_is_held_in_any_of_its_ways(self, needed: Need, held: set[int]) -> None:
        result = found(BROADBAND, [needed])
        assert set(result.held[needed.word]) == held
        assert set(result.matched) == set(result.complete) == held

    def test_it_says_which_synonym_a_document_holds(self) -> None:
        broken = {"宽频": ("宽频",), "坏宽频": ("宽频", "坏"), "无": ("无",)}
        result = found(BROADBAND, [need("宽带", **broken)])
        assert {key: set(held) for key, held in result.synonyms.items()} == {
            ("宽带", "宽频"): {2},
            ("宽带", "坏宽频"): {2},
            ("宽带", "无"): set(),
        }

    def test_where_the_word_itself_stands_no_synonym_is_named(self) -> None:
        result = found(BROADBAND, [need("宽带", ("kuan", "dai"), 坏=("坏",))])
        assert set(result.synonyms["宽带", "坏"]) == {2, 6}

    def test_complete_is_what_holds_every_word(self) -> None:
        result = found(BROADBAND, [need("宽带", ("kuan", "dai")), need("坏")])
        assert set(result.complete) == {1, 4}
        assert set(result.matched) == {1, 2, 4, 6}
        assert {word: set(held) for word, held in result.held.items()} == {
            "宽带": {1, 4},
            "坏": {1, 2, 4, 6},
        }


PINYIN = {"KD": {1, 2}, "DG": {1, 3}, "GZ": {1, 3, 4}, "kd": {5}, "xy": {6}}


class TestReadings:
    def test_of_pinyin_two_thirds_are_demanded(self) -> None:
        result = found(PINYIN, [need("kdgz")], [need("KD"), need("DG"), need("GZ")])
        assert set(result.matched) == {1, 3}
        assert set(result.complete) == {1}

    def test_one_part_is_enough_where_none_holds_so_much(self) -> None:
        result = found(PINYIN, [need("kdxy")], [need("KD"), need("一"), need("二")])
        assert set(result.matched) == {1, 2}

    def test_any_reading_will_do(self) -> None:
        result = found(PINYIN, [need("kd")], [need("KD")], [need("GZ"), need("xy")])
        assert set(result.matched) == {1, 2, 5}
        assert set(result.complete) == {1, 2, 5}
        assert set(result.held) == {"kd"}


RARE = {"常": range(60), "少": {1, 2}, "稀": {1}, "另": {70}}


class TestCoverage:
    def test_it_is_one_for_all_and_nothing_for_none(self) -> None:
        result = found(RARE, words("常少稀"))
        assert result.coverage(1) == pytest.approx(1.0)
        assert result.coverage(80) == 0.0

    def test_a_rare_word_is_much_of_it(self) -> None:
        result = found(RARE, words("常少稀另"))
        order = [result.coverage(number) for number in (1, 70, 2, 3, 80)]
        assert result.coverage(70) > result.coverage(3)
        assert order[0] > order[2] > order[3] > order[4] == 0
        assert result.coverage(2) > 3 * result.coverage(3)

    def test_it_is_the_share_of_the_best_reading(self) -> None:
        one, other = words("常另"), words("少")
        result = found(RARE, one, other)
        for number in (1, 2, 3, 70, 80):
            parts = [found(RARE, reading).coverage(number) for reading in (one, other)]
            assert result.coverage(number) == max(parts)

    def test_a_word_that_none_holds_counts_most(self) -> None:
        result = found(RARE, words("稀无"))
        assert 0 < result.coverage(1) < 0.5

    @given(
        held=st.dictionaries(st.sampled_from("abcde"), st.sets(st.integers(0, 20)), min_size=1),
        query=st.text(alphabet="abcdefg", min_size=1, max_size=6),
    )
    @settings(deadline=None, max_examples=200)
    def test_it_is_between_nothing_and_one_and_one_for_the_complete(
        self, held: dict[str, set[int]], query: str
    ) -> None:
        result = found(cast(Any, held), words("".join(dict.fromkeys(query))))
        for number in range(21):
            assert 0.0 <= result.coverage(number) <= 1.0 + 1e-9
            assert (number in result.complete) == (result.coverage(number) > 1 - 1e-9)
            assert (result.coverage(number) > 0) >= (number in result.matched)
        assert result.complete <= result.matched


def test_each_document_is_found_by_brute_force_as_well() -> None:
    """All sets of four words over all documents that hold some of them."""
    documents = list(itertools.product((False, True), repeat=4))
    held = {
        word: [number for number, holds in enumerate(documents) if holds[place]]
        for place, word in enumerate("abcd")
    }
    result = found(cast(Any, held), words("abcd"))
    assert set(result.matched) == {n for n, holds in enumerate(documents) if sum(holds) >= 2}
    assert set(result.complete) == {len(documents) - 1}
