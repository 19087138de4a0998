"""Text → terms: one form for what is the same, words and characters, the glossary, bounds."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casebook.settings import Term
from search.analysis import MAX_TERMS, STOP_WORDS, Analyzer


def term(name: str, *synonyms: str, finds: tuple[str, ...] = ()) -> Term:
    return Term.model_construct(
        term=name, audience="dealer", definition="", synonyms=synonyms, finds=finds
    )


GLOSSARY = (
    term("携号转网", "携转", "带号转网"),
    term("极速畅享卡", "ESIM Max"),
    term("双倍赔偿", finds=("三倍赔偿",)),
    term("三倍赔偿", "退一赔三"),
    term("费", "价"),
)


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer(GLOSSARY)


@pytest.fixture(scope="module")
def plain() -> Analyzer:
    return Analyzer()


def texts(analyzer: Analyzer, text: str) -> set[str]:
    return {one.text for one in analyzer.query(text)}


class TestNormalForm:
    @pytest.mark.parametrize(
        ("text", "normal"),
        [
            ("漫游", "漫游"),
            ("寬帶網絡", "宽带网络"),
            ("國際漫遊", "国际漫游"),
            ("５Ｇ　ＥＳＩＭ", "5g esim"),
            ("eSIM", "esim"),
            ("ﬁle①㎡", "file1m2"),
            ("漫\u200b游", "漫游"),
            ("\ufeff漫\u200d\u2060游\u00ad", "漫游"),
            ("\u202e漫游\u202c", "漫游"),
            ("漫游\x00\x07", "漫游"),
            ("漫\ud800游", "漫游"),
            ("  漫\n\n游\t ", "漫 游"),
            ("漫\u3000\u00a0游", "漫 游"),
            ("é", "é"),
            ("e\u0301", "é"),
            ("", ""),
            ("\u200b", ""),
            ("İ", "i̇"),
        ],
    )
    def test_the_same_to_a_reader_is_one_form(
        self, plain: Analyzer, text: str, normal: str
    ) -> None:
        assert plain.normalize(text) == normal

    @given(text=st.text())
    @settings(deadline=None)
    def test_it_is_clean_whatever_comes_in(self, plain: Analyzer, text: str) -> None:
        normal = plain.normalize(text)
        assert normal == " ".join(normal.split())
        assert normal.encode("utf-8").decode("utf-8") == normal


class TestTerms:
    def test_words_and_their_characters_are_terms(self, plain: Analyzer) -> None:
        terms = plain.terms("宽带断了")
        assert {"宽带", "宽", "带", "断", "了"} <= set(terms)

    def test_a_term_stands_as_often_as_in_the_text(self, plain: Analyzer) -> None:
        assert plain.terms("漫游和漫游").count("漫游") == 2

    @pytest.mark.parametrize("text", ["，。！？", "——", "...", " ", "", "🀄️", "\u200b"])
    def test_signs_are_no_terms(self, plain: Analyzer, text: str) -> None:
        assert plain.terms(text) == []
        assert plain.query(text) == []

    @pytest.mark.parametrize(
        ("text", "terms"),
        [("5G", {"5g"}), ("12345", {"12345"}), ("eSIM卡", {"esim", "卡"}), ("wi-fi", {"wi", "fi"})],
    )
    def test_letters_and_numbers_are_terms(
        self, plain: Analyzer, text: str, terms: set[str]
    ) -> None:
        assert terms <= set(plain.terms(text))

    def test_words_of_the_glossary_stay_whole(self, analyzer: Analyzer, plain: Analyzer) -> None:
        text = "我想办极速畅享卡"
        assert "极速畅享卡" in analyzer.terms(text)
        assert "极速畅享卡" not in plain.terms(text)

    @given(text=st.text(alphabet="宽带断了漫游5gG，。 　\u200b携号转网", max_size=60))
    @settings(deadline=None)
    def test_a_text_is_found_by_all_of_its_own_words(self, analyzer: Analyzer, text: str) -> None:
        held = set(analyzer.terms(text))
        assert set(analyzer.words(text)) <= held
        asked = [one.text for one in analyzer.query(text)]
        assert len(asked) == len(set(asked))

    @pytest.mark.parametrize("text", ["漫游 套餐" * 20_000, "漫" * 100_000, "a" * 100_000])
    def test_a_hundred_thousand_characters_are_no_trouble(self, plain: Analyzer, text: str) -> None:
        started = time.monotonic()
        assert plain.terms(text)
        assert time.monotonic() - started < 10


class TestQuery:
    def test_weightier_terms_come_first(self, analyzer: Analyzer) -> None:
        weights = [one.weight for one in analyzer.query("请问携号转网怎么办理")]
        assert weights == sorted(weights, reverse=True)
        assert all(weight > 0 for weight in weights)

    def test_words_that_only_ask_count_little(self, analyzer: Analyzer) -> None:
        weights = {one.text: one.weight for one in analyzer.query("怎么开通漫游")}
        assert "怎么" in STOP_WORDS
        assert weights["怎么"] < weights["漫游"] / 2

    def test_the_number_of_terms_is_bounded(self, analyzer: Analyzer) -> None:
        text = "".join(chr(0x4E00 + number * 7) for number in range(200))
        assert len(analyzer.terms(text)) > MAX_TERMS
        asked = analyzer.query(text)
        assert len(asked) == MAX_TERMS
        assert len(analyzer.query(text * 50)) == MAX_TERMS

    @pytest.mark.parametrize(
        ("text", "finds"),
        [
            ("怎么携转", {"携号转网"}),
            ("携号转网", {"携转"}),
            ("带号转网行吗", {"携号转网", "携转"}),
            ("攜號轉網", {"携转", "带号转网"}),
            ("双倍赔偿", {"三倍赔偿"}),
            ("退一赔三", {"三倍赔偿"}),
        ],
    )
    def test_synonyms_find_each_other(self, analyzer: Analyzer, text: str, finds: set[str]) -> None:
        assert finds <= texts(analyzer, text)

    @pytest.mark.parametrize("text", ["三倍赔偿", "退一赔三"])
    def test_what_a_word_finds_does_not_find_it(self, analyzer: Analyzer, text: str) -> None:
        assert "双倍赔偿" not in texts(analyzer, text)
        assert "双倍" not in texts(analyzer, text)

    def test_a_synonym_counts_less_than_the_word(self, analyzer: Analyzer) -> None:
        weights = {one.text: one.weight for one in analyzer.query("携转")}
        assert weights["携号转网"] < weights["携转"]

    def test_a_word_that_stands_there_is_no_synonym_of_itself(self, analyzer: Analyzer) -> None:
        assert analyzer.synonyms("携号转网也叫携转") == ["带号转网"]

    def test_without_a_glossary_there_are_no_synonyms(self, plain: Analyzer) -> None:
        assert plain.synonyms("携号转网") == []

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("请问怎么开通漫游", ["开通", "漫游"]),
            ("漫游漫游", ["漫游"]),
            ("怎么办", ["怎么办"]),
            ("", []),
            ("？？", []),
        ],
    )
    def test_content_words_say_what_it_is_about(
        self, plain: Analyzer, text: str, words: list[str]
    ) -> None:
        assert plain.content_words(text) == words
