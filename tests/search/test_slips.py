"""Words that were typed wrong or as pinyin are found by their sound; what is right stays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import pytest
from pyroaring import BitMap

from casebook.settings import Settings
from search.analysis import Analyzer
from search.slips import correction, heard_words
from search.sound import word_sound
from search.store import Store

WORDS = ("宽带", "套餐", "携号转网", "故障", "流量", "欠费停机", "一位", "发票", "宽带故障", "变更")


class Fake:
    """A store whose documents hold these words."""

    def __init__(self, *words: str) -> None:
        self._words = {word_sound(word): word for word in words}

    def sounding(self, sounds: Sequence[str]) -> dict[str, str]:
        return {sound: self._words[sound] for sound in sounds if sound in self._words}

    def holding(self, terms: Iterable[str]) -> dict[str, BitMap]:
        return {term: BitMap([1]) for term in terms if term in self._words.values()}


@pytest.fixture(scope="module")
def analyzer(settings: Settings) -> Analyzer:
    return Analyzer(settings.glossary.terms, latin=("wifi", "esim", "5g"))


def corrected(analyzer: Analyzer, text: str, *words: str) -> str | None:
    question = analyzer.query(text)
    store = cast(Store, Fake(*(words or WORDS)))
    return correction(question, heard_words(question, analyzer, store))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("携好转网", "携号转网"),
        ("怎么携好转网啊", "怎么携号转网啊"),
        ("攜好轉網", "携号转网"),
        ("欠废停机多久恢复", "欠费停机多久恢复"),
        ("宽代", "宽带"),
        ("宽代断了", "宽带断了"),
        ("韬餐", "套餐"),
        ("kuandai", "宽带"),
        ("KuanDai", "宽带"),
        ("kuandai故障", "宽带故障"),
        ("宽带guzhang", "宽带故障"),
        ("kuandai guzhang", "宽带故障"),
        ("liuliang", "流量"),
        ("5g taocan", "5g套餐"),
        ("5gtaocan", "5g套餐"),
    ],
)
def test_what_was_meant(analyzer: Analyzer, text: str, meant: str | None) -> None:
    assert corrected(analyzer, text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "宽带",
        "携号转网",
        "以为",
        "我以为",
        "宽带故障",
        "漫游",
        "wifi",
        "esim",
        "qftj",
        "kd",
        "taoc",
        "kuandaixyz",
        "5G",
        "，",
        "",
        "\ud800",
        "发漂丢了",
    ],
)
def test_what_stays_as_it_is(analyzer: Analyzer, text: str) -> None:
    assert corrected(analyzer, text) is None


@pytest.mark.parametrize(
    ("text", "words", "heard"),
    [
        ("携好转网", (), {"携好转网": "携号转网"}),
        ("携好转网", ("漫游", "好转网"), {"携好转网": "携号转网"}),
        ("携好转网", ("携好转网",), {}),
        ("宽代和韬餐", (), {"宽代": "宽带", "韬餐": "套餐"}),
        ("宽代和韬餐", ("宽代",), {"韬餐": "套餐"}),
    ],
)
def test_the_longest_part_counts_and_what_documents_hold_is_no_slip(
    analyzer: Analyzer, text: str, words: tuple[str, ...], heard: dict[str, str]
) -> None:
    found = heard_words(analyzer.query(text), analyzer, cast(Store, Fake(*words)))
    assert found == heard


def test_pinyin_is_heard_by_its_sound_the_longest_first(analyzer: Analyzer) -> None:
    found = heard_words(analyzer.query("kuandaiguzhang"), analyzer, cast(Store, Fake(*WORDS)))
    assert found == {word_sound("宽带故障"): "宽带故障"}
    parts = Fake("宽带", "故障")
    found = heard_words(analyzer.query("kuandaiguzhang"), analyzer, cast(Store, parts))
    assert found == {word_sound("宽带"): "宽带", word_sound("故障"): "故障"}
