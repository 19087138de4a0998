"""Text → sound: one character a syllable; letters → the syllables that they may stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search import sound
from search.sound import (
    CODES,
    SPELLINGS,
    SYLLABLES,
    Element,
    initials,
    is_han,
    literal,
    parses,
    spelling,
    spoken,
    variants,
    word_sound,
)


def coded(text: str) -> str:
    """A sound from its spelling: syllables, letters and digits with spaces between."""
    return "".join(part if len(part) == 1 else CODES.get(part, part) for part in text.split())


def shown(parse: Sequence[Element]) -> str:
    """A parse as text: whole syllables as they are spelt, others by their initial."""
    return " ".join(SPELLINGS[one.codes] if one.whole else one.initial for one in parse)


class TestSyllables:
    def test_every_syllable_is_one_character_and_back(self) -> None:
        assert len(SYLLABLES) == len(CODES) == len(SPELLINGS) > 400
        assert {SPELLINGS[CODES[syllable]] for syllable in SYLLABLES} == set(SYLLABLES)
        assert all(len(code) == 1 and "\ue000" <= code <= "\uf7ff" for code in SPELLINGS)

    def test_they_are_in_the_order_of_spelling(self) -> None:
        assert sorted(CODES, key=CODES.__getitem__) == sorted(SYLLABLES)

    @pytest.mark.parametrize(
        "syllable", ["kuan", "dai", "lv", "nv", "a", "e", "er", "zhuang", "xue"]
    )
    def test_what_people_type_is_one(self, syllable: str) -> None:
        assert syllable in CODES

    @pytest.mark.parametrize("other", ["", "k", "zh", "lü", "lǚ", "kuán", "ng", "xx", "hm"])
    def test_what_is_none(self, other: str) -> None:
        assert other not in CODES


class TestWordSound:
    @pytest.mark.parametrize(
        ("word", "heard"),
        [
            ("宽带", "kuan dai"),
            ("银行", "yin hang"),
            ("行程", "xing cheng"),
            ("重复", "chong fu"),
            ("重量", "zhong liang"),
            ("长途", "chang tu"),
            ("成长", "cheng zhang"),
            ("会计", "kuai ji"),
            ("绿色", "lv se"),
            ("女士", "nv shi"),
            ("5g套餐", "5 g tao can"),
            ("esim", "e s i m"),
            ("12345", "1 2 3 4 5"),
            ("，。 -", ""),
            ("wi-fi 6", "w i f i 6"),
            ("é", "é"),
            ("", ""),
        ],
    )
    def test_a_word_is_heard_as_it_is_read(self, word: str, heard: str) -> None:
        assert word_sound(word) == coded(heard)

    @pytest.mark.parametrize(
        ("one", "other"), [("宽代", "宽带"), ("韬餐", "套餐"), ("携好转网", "携号转网")]
    )
    def test_homophones_are_the_same(self, one: str, other: str) -> None:
        assert word_sound(one) == word_sound(other)

    @given(word=st.text(max_size=40))
    @settings(deadline=None)
    def test_a_sound_is_as_long_as_its_audible_characters(self, word: str) -> None:
        heard = word_sound(word)
        audible = [c for c in word if c.isalnum() or is_han(c)]
        assert len(heard) <= len(audible)
        if not any(is_han(c) for c in audible):
            assert heard == "".join(audible)

    @given(word=st.text(alphabet="宽带套餐携号转网银行重长abc129，。 -", max_size=40))
    @settings(deadline=None)
    def test_of_common_characters_none_is_lost(self, word: str) -> None:
        heard = word_sound(word)
        audible = [c for c in word if c.isalnum()]
        assert len(heard) == len(audible)
        assert [c in SPELLINGS for c in heard] == [is_han(c) for c in audible]


class TestVariants:
    @pytest.mark.parametrize(
        ("text", "heard", "others"),
        [
            ("宽带", "kuan dai", []),
            ("重置", "zhong zhi", ["chong zhi"]),
            ("重复", "chong fu", ["zhong fu"]),
            ("银行", "yin hang", ["yin xing"]),
            ("长途", "chang tu", ["zhang tu"]),
            ("调账", "tiao zhang", ["diao zhang"]),
            ("长长", "chang chang", ["zhang chang", "chang zhang"]),
            ("5g，重置", "5 g zhong zhi", ["5 g chong zhi"]),
            ("旅行", "lv xing", ["lu xing", "lv hang"]),
            ("", "", []),
        ],
    )
    def test_other_readings_one_at_a_time(self, text: str, heard: str, others: list[str]) -> None:
        assert variants(coded(heard), text) == [coded(one) for one in (heard, *others)]

    def test_a_sound_of_another_length_has_none(self) -> None:
        assert variants(coded("zhong"), "重置") == [coded("zhong")]

    def test_every_reading_in_the_table_is_a_syllable(self) -> None:
        for character, readings in sound._OTHER_READINGS.items():
            assert len(readings.split()) == 2
            for reading in readings.split():
                assert reading in CODES, character


class TestForms:
    @pytest.mark.parametrize(
        ("heard", "syllables", "letters", "text"),
        [
            ("kuan dai", "kuan dai", "KD", "kuan dai"),
            ("5 g tao can", "tao can", "5GTC", "5 g tao can"),
            ("zhuan wang e s i m", "zhuan wang", "ZWESIM", "zhuan wang e s i m"),
            ("", "", "", ""),
        ],
    )
    def test_syllables_initials_and_spelling(
        self, heard: str, syllables: str, letters: str, text: str
    ) -> None:
        assert spoken(coded(heard)) == coded(syllables)
        assert initials(coded(heard)) == letters
        assert spelling(coded(heard)) == text

    @given(text=st.text(max_size=30))
    def test_initials_are_as_long_as_what_is_heard_of_syllables(self, text: str) -> None:
        heard = word_sound(text)
        assert len(initials(spoken(heard))) == len(spoken(heard))

    @pytest.mark.parametrize(
        ("character", "initial"), [("5", "5"), ("g", "G"), (CODES["zhuang"], "Z")]
    )
    def test_a_literal_stands_for_itself(self, character: str, initial: str) -> None:
        assert literal(character) == Element(character, initial, whole=True)


class TestParses:
    @pytest.mark.parametrize(
        ("letters", "best", "others"),
        [
            ("kuandai", "kuan dai", ["ku an dai"]),
            ("taocan", "tao can", []),
            ("xian", "xian", ["xi an"]),
            ("fangan", "fan gan", ["fang an"]),
            ("chongzhi", "chong zhi", []),
            ("lv", "lv", []),
            ("qftj", "Q F T J", []),
            ("xhzw", "X H Z W", []),
            ("kd", "K D", []),
            ("liul", "liu L", []),
            ("liuliangb", "liu liang B", []),
            ("zh", "Z", ["Z H"]),
            ("zhw", "Z W", ["Z H W"]),
            ("kuand", "kuan D", ["ku an D"]),
            ("taoc", "tao C", ["T A O C"]),
        ],
    )
    def test_what_letters_may_mean(self, letters: str, best: str, others: list[str]) -> None:
        found = [shown(parse) for parse in parses(letters)]
        assert found[0] == best
        assert set(others) <= set(found)

    @pytest.mark.parametrize(
        ("letters", "readings"),
        [
            ("kuandai", ["kuan dai", "ku an dai"]),
            ("fangan", ["fan gan", "fang an"]),
            ("taocan", ["tao can"]),
            ("qftj", ["Q F T J"]),
        ],
    )
    def test_what_costs_much_more_is_left_out(self, letters: str, readings: list[str]) -> None:
        assert [shown(parse) for parse in parses(letters)] == readings

    @pytest.mark.parametrize("letters", ["v", "u", "i", "iii", "uvu"])
    def test_what_cannot_be_pinyin_has_no_parse(self, letters: str) -> None:
        assert parses(letters) == ()

    def test_a_part_at_the_end_stands_for_all_that_begin_so(self) -> None:
        (_, last), *_ = parses("kuanda")
        assert shown([last]) == "da"
        ((_, last), *_) = parses("kuanzhua")
        assert shown([last]) == "zhua"
        ((_, last), *_) = parses("kuanzhu")
        assert shown([last]) == "zhu"
        ((_, last), *_) = parses("kuanzhon")
        assert not last.whole
        assert {SPELLINGS[code] for code in last.codes} == {"zhong"}

    @given(
        letters=st.one_of(
            st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=60),
            st.lists(st.sampled_from([*SYLLABLES, "k", "zh", "x", "t"]), min_size=1).map("".join),
        )
    )
    @settings(deadline=None, max_examples=300)
    def test_a_parse_covers_all_letters(self, letters: str) -> None:
        found = parses(letters)
        assert len(found) == len(set(found)) <= 6
        for parse in found:
            assert re.fullmatch("".join(map(_letters, parse)), letters), shown(parse)

    @given(syllables=st.lists(st.sampled_from(SYLLABLES), min_size=1, max_size=4))
    @settings(deadline=None)
    def test_whole_syllables_are_read_whole(self, syllables: list[str]) -> None:
        if all(len(one) > 1 for one in syllables):
            best = parses("".join(syllables))[0]
            assert all(one.whole for one in best)
            assert len(best) <= len(syllables)

    @pytest.mark.parametrize(
        "letters",
        [
            "a" * 200,
            "zh" * 100,
            "xian" * 50,
            "ng" * 100,
            "shangan" * 28,
            "qwrtypsdfghjklzxcvbnm" * 9,
        ],
    )
    def test_the_work_grows_with_the_letters_not_faster(
        self, letters: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls: list[int] = []
        original = sound._steps

        def counted(letters: str, start: int) -> list[tuple[int, float, Element]]:
            calls.append(start)
            assert len(calls) <= 6 * 200
            return original(letters, start)

        monkeypatch.setattr(sound, "_steps", counted)
        assert len(parses.__wrapped__(letters)) <= 6
        assert len(calls) <= 6 * len(letters)


def _letters(element: Element) -> str:
    """A pattern of the letters that an element may have been typed as."""
    if element.whole:
        return SPELLINGS[element.codes]
    spelt = [SPELLINGS[code] for code in element.codes]
    first, last = min(spelt), max(spelt)
    shared = first[: next((n for n, c in enumerate(first) if last[n : n + 1] != c), len(first))]
    assert shared
    assert element.initial == shared[0].upper()
    return "(?:" + "|".join(shared[:size] for size in range(len(shared), 0, -1)) + ")"
