"""Text → terms: one form for what is the same, words and sounds, the glossary, readings, bounds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casebook.settings import Ranking, Settings, Term
from search import analysis
from search.analysis import FIELDS, MAX_TERMS, STOP_WORDS, Analyzer, Question
from search.sound import CODES, spelling, spoken


def term(name: str, *synonyms: str, finds: tuple[str, ...] = ()) -> Term:
    return Term.model_construct(
        term=name, audience="dealer", definition="", synonyms=synonyms, finds=finds
    )


GLOSSARY = (
    term("携号转网", "携转", "带号转网"),
    term("极速畅享卡", "ESIM Max"),
    term("双倍赔偿", finds=("三倍赔偿",)),
    term("三倍赔偿", "退一赔三"),
    term("转网码"),
    term("转网", "转走"),
    term("费", "价"),
)
# Everything else is one, so that a weight tells its kind.
COUNTS = Ranking(
    names=10.0,
    text=1.0,
    word=1.0,
    character=0.25,
    stop=0.5,
    synonym=0.125,
    sound=0.75,
    heard=0.375,
    pinyin=0.875,
)


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer(GLOSSARY, COUNTS, latin=("wifi", "esim"))


@pytest.fixture(scope="module")
def plain() -> Analyzer:
    return Analyzer(ranking=COUNTS)


@pytest.fixture(scope="module")
def sample(settings: Settings) -> Analyzer:
    """With the sample library's glossary."""
    return Analyzer(settings.glossary.terms, COUNTS, latin=("wi", "fi", "esim"))


def coded(text: str) -> str:
    """A sound from its spelling: syllables, letters and digits with spaces between."""
    return "".join(part if len(part) == 1 else CODES.get(part, part) for part in text.split())


def texts(question: Question, *fields: str) -> set[str]:
    return {one.text for one in question.terms if one.field in (fields or FIELDS)}


def weights(question: Question, field: str) -> dict[str, float]:
    return {one.text: one.weight for one in question.terms if one.field == field}


def heard(question: Question) -> set[str]:
    """Sounds that are looked for, as they are spelt."""
    return {spelling(text) for text in texts(question, "sound")}


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
            ("漫\u2028游", "漫 游"),
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

    # 薴 becomes 苧, which means another character where it stands for itself.
    @given(text=st.text(alphabet=st.characters(exclude_characters="薴苧"), max_size=60))
    @settings(deadline=None, max_examples=300)
    def test_a_normal_form_stays_as_it_is(self, plain: Analyzer, text: str) -> None:
        normal = plain.normalize(text)
        assert plain.normalize(normal) == normal


class TestTerms:
    def test_words_and_the_words_inside_them_are_terms(self, sample: Analyzer) -> None:
        assert {"携号转网", "转网"} <= set(sample.terms("我想携号转网"))

    def test_a_term_stands_as_often_as_in_the_text(self, plain: Analyzer) -> None:
        assert plain.terms("漫游和漫游").count("漫游") == 2

    @pytest.mark.parametrize("text", ["，。！？", "——", "...", " ", "", "🀄️", "\u200b", "\ud800"])
    def test_signs_are_no_terms(self, plain: Analyzer, text: str) -> None:
        assert plain.terms(text) == plain.words(text) == plain.characters(text, ()) == []
        question = plain.query(text)
        assert (question.terms, question.needs, question.patterns) == ((), (), ())

    @pytest.mark.parametrize(
        ("text", "terms"),
        [("5G", {"5g"}), ("12345", {"12345"}), ("eSIM卡", {"esim", "卡"}), ("wi-fi", {"wi", "fi"})],
    )
    def test_letters_and_numbers_are_terms(
        self, plain: Analyzer, text: str, terms: set[str]
    ) -> None:
        assert terms <= set(plain.terms(text))

    @pytest.mark.parametrize(
        ("text", "word"),
        [
            ("我要办5G畅享套餐", "5g畅享"),
            ("５Ｇ暢享怎么收费", "5g畅享"),
            ("家里Wi-Fi断了", "wi-fi"),
            ("WiFi6怎么样", "wifi6"),
            ("eSIM怎么开通", "esim"),
            ("手表ESIM", "esim"),
            ("怎么携号转网", "携号转网"),
            ("办一号双终端", "一号双终端"),
            ("按5W1H写", "5w1h"),
            ("打12345", "12345"),
        ],
    )
    def test_names_of_the_sample_glossary_stay_whole(
        self, sample: Analyzer, text: str, word: str
    ) -> None:
        assert word in sample.words(text)
        assert word in sample.terms(text)

    def test_a_name_with_a_space_is_found_whole_and_by_its_parts(self, sample: Analyzer) -> None:
        terms = sample.terms("Wi-Fi 6怎么样")
        assert {"wi-fi 6", "wi-fi", "6"} <= set(terms)
        assert "wi-fi 6" not in sample.terms("Wi-Fi怎么样")

    def test_only_the_glossary_keeps_them_whole(self, analyzer: Analyzer, plain: Analyzer) -> None:
        text = "我想办极速畅享卡"
        assert "极速畅享卡" in analyzer.terms(text)
        assert "极速畅享卡" not in plain.terms(text)

    def test_characters_are_those_that_are_no_words(self, plain: Analyzer) -> None:
        assert plain.characters("5G宽带断了，", ["宽带", "断"]) == ["宽", "带", "了"]

    @given(text=st.text(alphabet="宽带断了漫游5gG，。 　\u200b携号转网", max_size=60))
    @settings(deadline=None)
    def test_a_text_is_found_by_all_of_its_own_words(self, analyzer: Analyzer, text: str) -> None:
        held = set(analyzer.terms(text))
        assert set(analyzer.words(text)) <= held
        asked = [(one.field, one.text) for one in analyzer.query(text).terms]
        assert len(asked) == len(set(asked))

    @pytest.mark.parametrize("text", ["漫游 套餐" * 20_000, "漫" * 100_000, "a" * 100_000])
    def test_a_hundred_thousand_characters_are_no_trouble(self, plain: Analyzer, text: str) -> None:
        assert plain.terms(text)


class TestNamed:
    def test_names_hold_words_and_characters(self, sample: Analyzer) -> None:
        names = sample.named(("5G畅享套餐", "银行卡"))["names"]
        assert {"5g畅享", "套餐", "银行卡", "畅", "享", "银", "行", "卡"} <= set(names)
        assert "5" not in names

    @pytest.mark.parametrize(
        ("names", "sounds", "letters"),
        [
            (["宽带"], ["kuan", "dai", "kuan dai"], ["KD"]),
            (
                ["5G套餐"],
                ["tao", "can", "tao can"],
                ["5G", "GT", "TC", "5GT", "GTC", "TC"],
            ),
            (["充值"], ["chong", "zhi", "chong zhi"], ["CZ"]),
            (
                ["重置"],
                ["zhong", "zhi", "zhong zhi", "chong", "chong zhi"],
                ["ZZ"],
            ),
            (
                ["银行", "行程"],
                [
                    *("yin", "hang", "yin hang", "xing", "yin xing"),
                    *("xing", "cheng", "xing cheng", "hang", "hang cheng"),
                ],
                ["YH", "XC"],
            ),
            (["长途"], ["chang", "tu", "chang tu", "zhang", "zhang tu"], ["CT"]),
            (["eSIM"], [], ["ES", "SI", "IM", "ESI", "SIM"]),
            (["，。"], [], []),
        ],
    )
    def test_sounds_and_initials_with_other_readings(
        self, sample: Analyzer, names: list[str], sounds: list[str], letters: list[str]
    ) -> None:
        found = sample.named(names)
        assert sorted(found["sound"]) == sorted(coded(one) for one in sounds)
        assert sorted(found["initials"]) == sorted(letters)

    def test_there_is_a_list_for_each_field_but_the_text(self, plain: Analyzer) -> None:
        assert set(plain.named(["宽带"])) == {*FIELDS} - {"text"}

    @given(names=st.lists(st.text(max_size=20), max_size=4))
    @settings(deadline=None)
    def test_a_name_of_anything_has_terms_without_white_space(
        self, plain: Analyzer, names: list[str]
    ) -> None:
        for terms in plain.named(names).values():
            assert not [one for one in terms if not one or one != one.strip()]


class TestSounds:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("银行", ["yin hang", "yin xing"]),
            ("重复重量", ["chong fu zhong liang", "zhong fu zhong liang", "chong fu chong liang"]),
            ("５Ｇ 套餐", ["5 g tao can"]),
            ("網路", ["wang lu"]),
        ],
    )
    def test_a_name_sounds_first_as_it_is_read(
        self, plain: Analyzer, text: str, expected: list[str]
    ) -> None:
        found = plain.sounds(text)
        assert found[0] == plain.sound(text) == coded(expected[0])
        assert sorted(found) == sorted(map(coded, expected))

    @given(text=st.text(alphabet="宽带银行重长调5gA，。 　", max_size=60))
    @settings(deadline=None)
    def test_a_sound_is_as_long_as_what_is_audible(self, plain: Analyzer, text: str) -> None:
        audible = [c for c in plain.normalize(text) if c.isalnum()]
        assert {len(one) for one in plain.sounds(text)} == {len(audible)}


class TestChineseQuery:
    def test_weightier_terms_come_first(self, analyzer: Analyzer) -> None:
        found = [one.weight for one in analyzer.query("请问携号转网怎么办理").terms]
        assert found == sorted(found, reverse=True)
        assert all(weight > 0 for weight in found)

    @pytest.mark.parametrize(
        ("field", "text", "weight"),
        [
            ("names", "漫游", 10.0),
            ("text", "漫游", 1.0),
            ("names", "开通", 10.0),
            ("names", "怎么", 5.0),
            ("text", "怎么", 0.5),
            ("names", "漫", 2.5),
            ("sound", "kai tong", 0.75),
            ("sound", "tong man", 0.75),
            ("text", "漫", None),
            ("sound", "tong", None),
            ("initials", "KT", None),
        ],
    )
    def test_each_kind_of_term_has_its_weight(
        self, plain: Analyzer, field: str, text: str, weight: float | None
    ) -> None:
        question = plain.query("怎么开通漫游")
        sought = coded(text) if field == "sound" else text
        assert weights(question, field).get(sought) == weight
        assert "怎么" in STOP_WORDS

    def test_sentences_are_heard_and_lists_are_not(self, plain: Analyzer) -> None:
        sentence, listed = plain.query("宽带故障"), plain.query("宽带 故障")
        assert (sentence.listed, listed.listed) == (False, True)
        assert heard(sentence) == {"kuan dai", "dai gu", "gu zhang"}
        assert heard(listed) == set()
        assert sentence.sounds == listed.sounds == (coded("kuan dai gu zhang"),)
        assert (sentence.patterns, sentence.letters) == ((), False)

    def test_the_number_of_terms_is_bounded(self, analyzer: Analyzer) -> None:
        text = "".join(chr(0x4E00 + number * 7) for number in range(200))
        everything = {("names", one) for one in analyzer.terms(text)}
        assert len(everything) > MAX_TERMS
        asked = analyzer.query(text).terms
        assert len(asked) == MAX_TERMS
        assert len(analyzer.query(text * 50).terms) == MAX_TERMS
        assert {one.field for one in asked} == {"names"}

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
        needs = plain.query(text).needs
        assert [need.word for reading in needs for need in reading] == words

    @pytest.mark.parametrize(
        ("text", "ways"),
        [
            ("漫游", [("漫游",), ("man you",)]),
            ("携号转网", [("携号转网",), ("xie hao", "hao zhuan", "zhuan wang")]),
            ("5g畅享", [("5g畅享",)]),
            ("卡", [("卡",)]),
        ],
    )
    def test_a_word_is_held_as_it_is_or_as_it_sounds(
        self, sample: Analyzer, text: str, ways: list[tuple[str, ...]]
    ) -> None:
        ((need,),) = sample.query(text).needs
        expected = [ways[0], *(tuple(map(coded, way)) for way in ways[1:])]
        assert list(need.ways) == expected


class TestSynonyms:
    @pytest.mark.parametrize(
        ("text", "finds"),
        [
            ("怎么携转", {"携号转网"}),
            ("携号转网", {"携转"}),
            ("带号转网行吗", {"携号转网", "携转"}),
            ("攜號轉網", {"携转", "带号转网"}),
            ("双倍赔偿", {"三倍赔偿"}),
            ("退一赔三", {"三倍赔偿"}),
            ("三倍赔偿", {"退一赔三"}),
            ("ESIM  max", {"极速畅享卡"}),
        ],
    )
    def test_synonyms_find_each_other(self, analyzer: Analyzer, text: str, finds: set[str]) -> None:
        question = analyzer.query(text)
        assert finds <= texts(question, "names")
        assert finds <= texts(question, "text")
        assert finds <= {other for others in question.synonyms.values() for other in others}

    @pytest.mark.parametrize("text", ["三倍赔偿", "退一赔三"])
    def test_what_a_word_finds_does_not_find_it(self, analyzer: Analyzer, text: str) -> None:
        question = analyzer.query(text)
        assert not {"双倍赔偿", "双倍"} & texts(question)
        assert "双倍赔偿" not in str(question.synonyms)

    def test_a_synonym_counts_less_than_the_word(self, analyzer: Analyzer) -> None:
        found = weights(analyzer.query("携转"), "text")
        assert (found["携转"], found["携号转网"]) == (1.0, 0.125)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (
                "携号转网也叫携转",
                {"携号转网": ("带号转网",), "携转": ("带号转网",)},
            ),
            ("转网码", {}),
            ("转网", {"转网": ("转走",)}),
            ("携号转网", {"携号转网": ("带号转网", "携转")}),
            ("转网码和转网", {"转网": ("转走",)}),
            ("费", {"费": ("价",)}),
            ("没有的词", {}),
            ("", {}),
        ],
    )
    def test_the_longest_name_counts_and_none_is_its_own_synonym(
        self, analyzer: Analyzer, text: str, expected: dict[str, tuple[str, ...]]
    ) -> None:
        assert analyzer.synonyms(text) == expected

    def test_without_a_glossary_there_are_no_synonyms(self, plain: Analyzer) -> None:
        assert plain.synonyms("携号转网") == {}

    def test_a_word_may_be_held_as_its_synonym(self, analyzer: Analyzer) -> None:
        ((need,),) = analyzer.query("怎么携转").needs
        assert need.word == "携转"
        assert need.synonyms == (("带号转网", ("带号转网",)), ("携号转网", ("携号转网",)))


class TestPinyinQuery:
    @pytest.mark.parametrize(
        ("text", "sounds", "letters", "only_letters"),
        [
            ("kuandai", {"kuan dai", "ku an", "an dai"}, set(), True),
            ("taocan", {"tao can"}, set(), True),
            ("TaoCan", {"tao can"}, set(), True),
            ("qfTj", set(), {"QFT", "FTJ"}, True),
            ("xhzw", set(), {"XHZ", "HZW"}, True),
            ("kd", set(), {"KD"}, True),
            ("kd gz", set(), {"KDG", "DGZ"}, True),
            ("kuandai故障", {"kuan dai", "dai gu", "gu zhang"}, set(), False),
            ("宽带gz", {"kuan dai"}, {"KDG", "DGZ"}, False),
            ("5g套餐bg", {"tao can"}, {"5GT", "GTC", "TCB", "CBG"}, False),
            ("esim怎么kt", {"zen me"}, {"ESI", "ZMK", "MKT"}, False),
            ("liul", set(), {"LL"}, True),
            ("xian", {"xian", "xi an"}, set(), True),
            ("lv", {"lv"}, set(), True),
            ("chongzhi", {"chong zhi"}, set(), True),
        ],
    )
    def test_it_is_looked_for_by_syllables_and_initials(
        self,
        sample: Analyzer,
        text: str,
        sounds: set[str],
        letters: set[str],
        only_letters: bool,
    ) -> None:
        question = sample.query(text)
        assert question.patterns
        assert question.letters == only_letters
        assert sounds <= heard(question)
        assert letters <= texts(question, "initials")
        if not letters:
            assert not texts(question, "initials")
        if not sounds:
            assert not heard(question)
        for name in ("sound", "initials"):
            assert set(weights(question, name).values()) <= {0.875}

    @pytest.mark.parametrize(
        "text", ["wifi", "eSIM", "5G", "a", "3", "5w1h", "wi-fi", "uuu", "12345"]
    )
    def test_words_of_the_library_and_single_letters_are_no_pinyin(
        self, sample: Analyzer, text: str
    ) -> None:
        question = sample.query(text)
        assert question.patterns == ()
        assert not texts(question, "initials")
        assert not heard(question)

    def test_the_same_letters_are_pinyin_where_the_library_does_not_know_them(self) -> None:
        assert Analyzer().query("sim").patterns
        assert not Analyzer(latin=("sim",)).query("sim").patterns
        assert not Analyzer((term("Sim", "电话卡"),)).query("sim").patterns

    @pytest.mark.parametrize(
        ("text", "name", "fits"),
        [
            ("qftj", "欠费停机", True),
            ("qftj", "为什么欠费停机了", True),
            ("qftj", "欠费的停机", False),
            ("xhzw", "携号转网", True),
            ("kuandai故障", "宽带故障", True),
            ("kuandai故障", "故障宽带", False),
            ("5g套餐bg", "5G套餐变更", True),
            ("5g套餐bg", "5G套餐", False),
            ("kd gz", "宽带的故障", True),
            ("kdgz", "宽带的故障", False),
            ("liul", "流量", True),
            ("taocan", "套餐", True),
            ("taocan", "餐套", False),
            ("esim怎么kt", "eSIM怎么开通", True),
            ("czhi", "充值", True),
            ("zhongzhi", "重置", True),
        ],
    )
    def test_a_pattern_says_whether_a_name_holds_it_in_one_piece(
        self, sample: Analyzer, text: str, name: str, fits: bool
    ) -> None:
        question, sound = sample.query(text), sample.sound(name)
        assert any(p.search(sound) or p.search(spoken(sound)) for p in question.patterns) == fits

    def test_the_letters_themselves_are_looked_for_as_well(self, sample: Analyzer) -> None:
        assert "kuandai" in texts(sample.query("kuandai"), "text")
        assert sample.query("kuandai").needs[0][0].word == "kuandai"

    @pytest.mark.parametrize("text", ["ab cd ef gh ij kl mn", "xian fangan xian fangan", "kd" * 40])
    def test_readings_are_bounded(self, sample: Analyzer, text: str) -> None:
        question = sample.query(text)
        assert 0 < len(question.patterns) <= analysis._MAX_READINGS
        assert len(question.needs) <= 1 + analysis._MAX_READINGS
        assert len(question.terms) <= MAX_TERMS

    @pytest.mark.parametrize(
        "text",
        [
            "a" * 200,
            "zh" * 100,
            "xian" * 50,
            "xian " * 40,
            "qwrtypsdfghjklzxcvbnm" * 9,
            "宽a" * 100,
            "a b " * 50,
            "kd宽" * 60,
        ],
    )
    def test_two_hundred_letters_make_no_more_work_than_readings(
        self, sample: Analyzer, text: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made: list[int] = []
        original = analysis.product

        def counted(*choices: object) -> object:
            for one in original(*choices):
                made.append(len(one))
                yield one

        monkeypatch.setattr(analysis, "product", counted)
        question = sample.query(text[:200])
        assert len(made) <= analysis._MAX_READINGS
        assert len(question.terms) <= MAX_TERMS

    @given(
        text=st.one_of(
            st.text(max_size=200),
            st.text(alphabet="abcdefghijklmnopqrstuvwxyz ", max_size=200),
            st.text(alphabet="kuandai宽带故障5gTC, 。重行", max_size=200),
        )
    )
    @settings(deadline=None, max_examples=300)
    def test_a_query_of_anything_is_within_its_bounds(self, sample: Analyzer, text: str) -> None:
        question = sample.query(text)
        assert question.text == sample.normalize(text)
        assert len(question.terms) <= MAX_TERMS
        assert all(one.weight > 0 and one.text and one.field in FIELDS for one in question.terms)
        assert len(question.patterns) <= analysis._MAX_READINGS
        assert all(need.ways for reading in question.needs for need in reading)
        assert question.sounds
        words = (*sample.slips(question).values(), *sample.syllables(question))
        again = sample.heard(question, words[:3])
        assert len(again.terms) <= MAX_TERMS


class TestSlips:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("携好转网", {"携好转网": "携号转网"}),
            ("攜好轉網", {"携好转网": "携号转网"}),
            ("我以为宽代坏了", {"宽代": "宽带"}),
            ("韬餐多少钱", {"韬餐": "套餐"}),
            ("欠废停机", {"欠废": "欠费", "欠废停机": "欠费停机"}),
            ("以为", {}),
            ("宽带套餐", {}),
            ("携 好转网", {}),
            ("携a好转网", {}),
            ("kuandai", {}),
            ("", {}),
        ],
    )
    def test_what_sounds_like_a_name_and_is_written_otherwise(
        self, sample: Analyzer, text: str, expected: dict[str, str]
    ) -> None:
        assert sample.slips(sample.query(text)) == expected

    def test_only_names_of_the_glossary_are_meant(self, plain: Analyzer) -> None:
        assert plain.slips(plain.query("携好转网")) == {}

    def test_parts_are_short(self) -> None:
        long = Analyzer((term("携号转网办理中心"), term("携号转网办理")))
        assert long.slips(long.query("携好转网办理")) == {"携好转网办理": "携号转网办理"}
        assert long.slips(long.query("携好转网办理中心")) == {"携好转网办理": "携号转网办理"}

    @pytest.mark.parametrize(
        ("text", "inside", "outside"),
        [
            ("kuandai", {"kuan dai", "ku an"}, {"kuan", "dai"}),
            ("kuandai故障", {"kuan dai", "gu zhang", "kuan dai gu zhang"}, {"zhang"}),
            ("宽带gz", {"kuan dai"}, {"kuan dai G Z"}),
            ("宽带故障", set(), {"kuan dai"}),
            ("qftj", set(), {"Q F T J"}),
        ],
    )
    def test_parts_of_pinyin(
        self, sample: Analyzer, text: str, inside: set[str], outside: set[str]
    ) -> None:
        found = sample.syllables(sample.query(text))
        assert len(found) == len(set(found))
        assert inside <= {spelling(one) for one in found}
        assert not outside & {spelling(one) for one in found}


class TestHeard:
    def test_words_that_it_sounds_like_are_looked_for(self, sample: Analyzer) -> None:
        question = sample.query("有故张")
        again = sample.heard(question, ("故障",))
        assert weights(again, "text")["故障"] == 0.375
        assert weights(again, "names")["故障"] == 3.75
        assert weights(again, "text").items() >= weights(question, "text").items()
        assert again.needs == question.needs

    def test_of_pinyin_they_are_what_must_be_held(self, sample: Analyzer) -> None:
        again = sample.heard(sample.query("kuandai故障"), ("宽带",))
        assert [need.word for need in again.needs[0]] == ["故障", "宽带"]
        assert again.needs[1:] == sample.query("kuandai故障").needs[1:]

    def test_without_words_nothing_changes(self, sample: Analyzer) -> None:
        question = sample.query("kuandai故障")
        assert sample.heard(question, ()) == question

    def test_what_was_meant_is_what_must_be_held(self, sample: Analyzer) -> None:
        question = sample.query("光毛怎么还")
        again = sample.heard(question, ("光猫",), "光猫怎么还")
        assert [need.word for need in again.needs[0]] == ["光猫"]
        assert "光猫" not in [need.word for need in question.needs[0]]
