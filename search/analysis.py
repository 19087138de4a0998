"""Text → terms: the only code that knows how Chinese is cut for searching.

Engines store and rank the terms that come from here, so that every engine finds the same. Terms
stand in four fields: ``names`` (what a document is called) holds words and characters, ``text``
words, ``sound`` the syllables of the names and pairs of them, ``initials`` pairs and triples of
their first letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from itertools import islice, pairwise, product

import opencc
import rjieba

from casebook.settings import Ranking, Term
from search.sound import (
    Element,
    initials,
    is_han,
    literal,
    parses,
    spoken,
    variants,
    word_sound,
)

FIELDS = ("names", "text", "sound", "initials")
# Bound on the terms of one query, so that no query costs much more than another.
MAX_TERMS = 160
# Readings of a query that holds letters: more would cost time and find nothing.
_MAX_READINGS = 6
# A part of a syllable may begin this many; single letters begin more and count as initials only.
_MAX_CODES = 12
# Unicode's categories of what nobody sees: format, control, half of a pair.
_HIDDEN = ("Cf", "Cc", "Cs")
_RUNS = re.compile(r"[a-z]+|[0-9]+| |[^a-z0-9 ]+")
_SYLLABLES = re.compile(r"[\ue000-\uf8ff]{2,}")
_LONGEST_WORD = 6
# Between words that were typed apart.
_GAP = Element("", "")
# Words that ask, join or soften; they say nothing about what is asked.
STOP_WORDS = frozenset(
    """
    的 了 吗 呢 吧 啊 呀 么 嘛 是 我 你 您 他 她 它 我们 你们 咱 这 那 这个 那个 和 与 及 或
    就 都 也 还 又 在 有 把 被 给 让 请 请问 一下 怎么 怎么样 怎样 如何 什么 为什么 为何
    多少 多久 几 哪 哪里 哪些 能 能不能 可以 可不可以 会 要 想 需要 应该 办 怎么办 咋 咋办
    啥 为啥 没 不 没有 不能 一个 个 到 去 来 说 问 人 家 做 今天
    """.split()
)


@dataclass(frozen=True)
class WeightedTerm:
    """A term of a query.

    Attributes:
        field: the field that it is looked for in.
        text: the term.
        weight: how much it counts, above 0.
        reason: how it comes into the query, in Chinese, for people.
    """

    field: str
    text: str
    weight: float
    reason: str = ""


# Weight and reason by field and term.
_Weights = dict[tuple[str, str], tuple[float, str]]
# Terms that a document must hold together; of several such sets one is enough.
Together = tuple[str, ...]


@dataclass(frozen=True)
class Need:
    """A word of a query, and what a document may hold for it.

    Attributes:
        word: as it was typed, in normal form.
        ways: sets of terms; a document that holds every term of one set holds the word.
        synonyms: the glossary's other words for it, with their sets of terms.
    """

    word: str
    ways: tuple[Together, ...]
    synonyms: tuple[tuple[str, Together], ...] = ()


@dataclass(frozen=True)
class Question:
    """What somebody typed, analysed.

    Attributes:
        text: in normal form.
        terms: what to rank by, the weightiest first.
        needs: the words of each reading; a query without pinyin has one reading.
        sounds: how it may sound, for comparing with names.
        patterns: for queries with pinyin: what a name's sound must hold.
        letters: whether it is nothing but letters and digits.
        listed: whether it is a list of words rather than a sentence.
        synonyms: for each word or phrase of the glossary in it, the words that mean the same.
    """

    text: str
    terms: tuple[WeightedTerm, ...]
    needs: tuple[tuple[Need, ...], ...]
    sounds: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...] = ()
    letters: bool = False
    listed: bool = False
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Analyzer:
    """Cuts text into terms: words, as a search would want them, and single characters.

    Args:
        terms: the glossary's words; the cutter keeps them whole, and their synonyms find each
            other in queries.
        ranking: how much each kind of term counts.
        latin: the library's words with Latin letters; in a query they are no pinyin.
    """

    def __init__(
        self,
        terms: Iterable[Term] = (),
        ranking: Ranking | None = None,
        latin: Iterable[str] = (),
    ) -> None:
        self._simplify = opencc.OpenCC("t2s")
        self._jieba = rjieba.Jieba()
        self._ranking = ranking or Ranking()
        self._latin = frozenset(latin)
        self._related: dict[str, set[str]] = {}
        for term in terms:
            names = [self.normalize(name) for name in (term.term, *term.synonyms)]
            finds = [self.normalize(name) for name in term.finds]
            for name in (*names, *finds):
                if len(name) > 1:
                    self._jieba.add_word(name, None, None)
            for name in names:
                self._related.setdefault(name, set()).update({*names, *finds} - {name})
        self._sounding = {
            self.sound(name): name
            for name in sorted(self._related)
            if len(name) > 1 and all(map(is_han, name))
        }
        longest_first = sorted(self._related, key=lambda name: (-len(name), name))
        # The cutter takes names apart where there is a space or a hyphen in them: Wi-Fi 6.
        parted = [name for name in longest_first if not name.isalnum()]
        self._parted = re.compile("|".join(map(re.escape, parted)) or r"(?!)")
        self._names = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        # The caches are this object's own, and what they call does not know it: a shared cache, or
        # one that leads back here, would keep an analyzer and its dictionary when it is done with.
        self.normal_character = lru_cache(maxsize=1 << 14)(partial(_normalize, self._simplify))
        known = self._related.keys() | self._latin
        self._meanings = lru_cache(maxsize=1 << 10)(partial(_possible_meanings, known))

    def normalize(self, text: str) -> str:
        """One form for what is the same to a reader.

        Compatibility forms (full width), case, traditional characters and invisible characters
        are folded; white space becomes single spaces.
        """
        return _normalize(self._simplify, text)

    def words(self, text: str) -> list[str]:
        """The words of a text in their order, each once for each time it stands there."""
        return [word for word in self._jieba.cut(self.normalize(text)) if _is_term(word)]

    def content_words(self, text: str) -> list[str]:
        """The words of a query that say what it is about; all of them when none does."""
        words = list(dict.fromkeys(self.words(text)))
        return [word for word in words if word not in STOP_WORDS] or words

    def terms(self, text: str) -> list[str]:
        """Words, and the words inside long ones, as often as they stand there."""
        normal = self.normalize(text)
        words = [word for word in self._jieba.cut_for_search(normal) if _is_term(word)]
        return [*words, *self._parted.findall(normal)]

    def characters(self, text: str, words: Iterable[str]) -> list[str]:
        """The Chinese characters that are no words by themselves: they find other cuts."""
        known = set(words)
        return [c for c in self.normalize(text) if is_han(c) and c not in known]

    def sound(self, text: str) -> str:
        """How a text sounds; see :mod:`search.sound`."""
        return "".join(word_sound(word) for word in self._jieba.cut(self.normalize(text)))

    def sounds(self, name: str) -> list[str]:
        """How a name sounds, first as it is read, then with other readings of its characters."""
        return variants(self.sound(name), self.normalize(name))

    def named(self, names: Sequence[str]) -> dict[str, list[str]]:
        """The terms of what a document is called, for each field but ``text``."""
        heard = [self.sounds(name) for name in names]
        text = "\n".join(names)
        words = self.terms(text)
        return {
            "names": [*words, *self.characters(text, words)],
            "sound": [term for sounds in heard for term in _all_sound_terms(sounds)],
            "initials": [term for all_ in heard for term in _initial_terms(all_[0])],
        }

    def query(self, text: str) -> Question:
        """What somebody typed, analysed for searching."""
        normal = self.normalize(text)
        related = self.synonyms(normal)
        readings = self._readings(normal)
        heard = ["".join(_code(one) for one in reading) for reading in readings]
        weights: _Weights = {}
        self._add_words(weights, normal, related)
        self._add_sounds(weights, normal, readings)
        return Question(
            text=normal,
            terms=_ranked(weights),
            needs=self._needs(normal, related, readings),
            sounds=tuple(dict.fromkeys(heard)) if heard else (self.sound(normal),),
            patterns=tuple(_pattern(reading) for reading in readings),
            letters=normal.isascii(),
            listed=" " in normal,
            synonyms=related,
        )

    def slips(self, question: Question) -> dict[str, str]:
        """The parts of a query that sound like a name of the glossary and are written otherwise.

        These are neighbours of which one at least is a single character: what an input method
        gets wrong falls apart when it is cut.

        Returns:
            The name by the part.
        """
        found = {}
        # Only words of the dictionary and the glossary: no guesses at what else may be a word.
        tokens = self._jieba.cut(question.text, hmm=False)
        for start in range(len(tokens)):
            for end in range(start + 2, min(start + _LONGEST_WORD, len(tokens)) + 1):
                part = "".join(tokens[start:end])
                if len(part) > _LONGEST_WORD or not all(map(is_han, part)):
                    break
                name = self._sounding.get(self.sound(part), part)
                if name != part and any(len(token) == 1 for token in tokens[start:end]):
                    found[part] = name
        return found

    def syllables(self, question: Question) -> list[str]:
        """The parts of a query in pinyin that may be words, as sounds."""
        if not question.patterns:
            return []
        runs = (run for sound in question.sounds for run in _SYLLABLES.findall(sound))
        return list(dict.fromkeys(part for run in runs for part in _parts(run)))

    def heard(self, question: Question, words: Sequence[str], meant: str | None = None) -> Question:
        """A question that is also looked for by words that its parts sound like.

        Args:
            question: as it was typed.
            words: what its parts sound like.
            meant: the whole with these words in their places, where that is known.
        """
        weights = {(one.field, one.text): (one.weight, one.reason) for one in question.terms}
        for word in words:
            for term in self.terms(word):
                self._weigh(weights, term, self._ranking.heard, f"听起来像“{word}”")
        needs = question.needs
        if meant and not question.patterns:
            related = self.synonyms(meant)
            needs = (tuple(self._need(word, related) for word in self.content_words(meant)),)
        if question.patterns and words:
            # Pinyin is no word of its own; the words that it stands for are what must be held.
            typed = [need for need in needs[0] if not self._is_pinyin(need.word)]
            needs = ((*typed, *(self._need(word, {}) for word in words)), *needs[1:])
        return replace(question, terms=_ranked(weights), needs=needs)

    def synonyms(self, normal: str) -> dict[str, tuple[str, ...]]:
        """The glossary's words in a text, each with the words that mean the same.

        Of names that overlap the longest counts: 转网码 is one word, not 转网 and a character.
        """
        found: dict[str, tuple[str, ...]] = {}
        for name in self._names.findall(normal):
            others = sorted(other for other in self._related[name] if other not in normal)
            if others:
                found[name] = tuple(others)
        return found

    def _add_words(
        self,
        weights: _Weights,
        normal: str,
        related: Mapping[str, tuple[str, ...]],
    ) -> None:
        counts = self._ranking
        words = self.terms(normal)
        # Who types words one by one means each of them.
        stop = 1.0 if " " in normal else counts.stop
        for word in words:
            times = stop if word in STOP_WORDS else 1.0
            self._weigh(weights, word, counts.word * times, "词")
        for character in self.characters(normal, words):
            times = stop if character in STOP_WORDS else 1.0
            weight = counts.character * counts.names * times
            weights.setdefault(("names", character), (weight, "单字"))
        for typed, synonym in ((one, other) for one, others in related.items() for other in others):
            for term in self.terms(synonym):
                if len(term) > 1:
                    self._weigh(weights, term, counts.synonym, f"“{typed}”的同义词“{synonym}”")

    def _weigh(self, weights: _Weights, word: str, weight: float, reason: str) -> None:
        """Looks for a word in names and text, unless it is looked for already."""
        weights.setdefault(("names", word), (weight * self._ranking.names, reason))
        weights.setdefault(("text", word), (weight * self._ranking.text, reason))

    def _add_sounds(
        self,
        weights: _Weights,
        normal: str,
        readings: Sequence[tuple[Element, ...]],
    ) -> None:
        # In a list of words a slip is found as a word that sounds so; see ``heard``.
        if not readings and " " not in normal:
            for one, two in pairwise(spoken(self.sound(normal))):
                weights.setdefault(("sound", one + two), (self._ranking.sound, "读音"))
        for reading in readings:
            for name, term in _reading_terms(reading):
                reason = "拼音" if name == "sound" else "首字母"
                weights.setdefault((name, term), (self._ranking.pinyin, reason))

    def _readings(self, normal: str) -> list[tuple[Element, ...]]:
        """What a query with letters may mean, if they may be pinyin; none for other queries."""
        runs = self._runs(normal)
        meant = {run: self._meanings(run) for run in runs if run[0].isascii() and run.isalpha()}
        if all(_is_latin(one) for found in meant.values() for one in found):
            return []
        choices = [meant[run] if run in meant else (self._heard(run),) for run in runs]
        return [
            tuple(element for part in choice for element in part)
            for choice in islice(product(*choices), _MAX_READINGS)
        ]

    def _runs(self, normal: str) -> list[str]:
        """A query in runs of letters, digits, spaces and the rest; 5g is one, before pinyin too."""
        runs: list[str] = []
        for run in _RUNS.findall(normal):
            mixed = f"{runs[-1]}{run[0]}" if runs and runs[-1].isdigit() else ""
            if mixed in self._latin and not all(one.whole for one in self._meanings(run)[0]):
                runs[-1:] = [mixed, run[1:]] if len(run) > 1 else [mixed]
            else:
                runs.append(run)
        return runs

    def _is_pinyin(self, word: str) -> bool:
        return word.isascii() and word.isalpha() and not _is_latin(self._meanings(word)[0])

    def _heard(self, run: str) -> tuple[Element, ...]:
        return (_GAP,) if run == " " else tuple(literal(code) for code in self.sound(run))

    def _needs(
        self,
        normal: str,
        related: Mapping[str, tuple[str, ...]],
        readings: Sequence[tuple[Element, ...]],
    ) -> tuple[tuple[Need, ...], ...]:
        """The words of a query as needs; with pinyin, the terms of each reading instead."""
        words = tuple(self._need(word, related) for word in self.content_words(normal))
        heard = [
            tuple(Need(term, ((term,),)) for _, term in _reading_terms(reading))
            for reading in readings
        ]
        return tuple(needs for needs in (words, *heard) if needs)

    def _need(self, word: str, related: Mapping[str, tuple[str, ...]]) -> Need:
        sound = spoken(self.sound(word))
        pairs = tuple(one + two for one, two in pairwise(sound))
        ways: list[Together] = [(word,)]
        if pairs and len(sound) == len(word):
            ways.append(pairs)
        synonyms = tuple(
            (other, tuple(dict.fromkeys(self._jieba.cut(other))))
            for name, others in related.items()
            # A character of a name alone does not stand for the name.
            if word == name or (word in name and len(word) > 1)
            for other in others
        )
        return Need(word, tuple(ways), synonyms)


def _normalize(simplify: opencc.OpenCC, text: str) -> str:
    folded = unicodedata.normalize("NFKC", text)
    if not folded.isprintable():
        folded = "".join(c for c in folded if c.isspace() or unicodedata.category(c) not in _HIDDEN)
    return " ".join(simplify.convert(folded).lower().split())


def _possible_meanings(known: Set[str], run: str) -> tuple[tuple[Element, ...], ...]:
    """A run of letters as pinyin and as it is; a word of the library only as it is."""
    as_it_is = tuple(literal(letter) for letter in run)
    if run in known or len(run) == 1:
        return (as_it_is,)
    return (*parses(run), as_it_is)


def _ranked(weights: _Weights) -> tuple[WeightedTerm, ...]:
    ranked = sorted(weights.items(), key=lambda item: -item[1][0])[:MAX_TERMS]
    return tuple(
        WeightedTerm(name, term, weight, reason) for (name, term), (weight, reason) in ranked
    )


def _parts(syllables: str) -> Iterator[str]:
    """What may be words in a run of syllables: two and more that stand together."""
    for size in range(2, _LONGEST_WORD + 1):
        for start in range(len(syllables) - size + 1):
            yield syllables[start : start + size]


def _is_term(word: str) -> bool:
    return any(character.isalnum() for character in word)


def _is_latin(elements: Sequence[Element]) -> bool:
    """Whether elements are the letters themselves, not syllables."""
    return all(element.codes.isascii() for element in elements)


def _sound_terms(sound: str) -> list[str]:
    """Syllables and pairs of them; digits and letters are passed over."""
    syllables = spoken(sound)
    return [*syllables, *(one + two for one, two in pairwise(syllables))]


def _all_sound_terms(sounds: Sequence[str]) -> list[str]:
    """The terms of a sound, and those that other readings add."""
    terms = _sound_terms(sounds[0])
    known = set(terms)
    for other in sounds[1:]:
        terms += [term for term in _sound_terms(other) if term not in known]
    return terms


def _initial_terms(sound: str) -> list[str]:
    """Pairs and triples of first letters, with the digits and letters between and without."""
    found = []
    for one in dict.fromkeys((sound, spoken(sound))):
        letters = initials(one)
        found += [letters[place : place + 2] for place in range(len(letters) - 1)]
        found += [letters[place : place + 3] for place in range(len(letters) - 2)]
    return found


def _reading_terms(reading: Sequence[Element]) -> list[tuple[str, str]]:
    """Fields and terms that a reading of a query with pinyin is found by."""
    syllables = [one for one in reading if not _is_latin([one])]
    found: list[tuple[str, str]] = []
    for one, two in pairwise(syllables):
        if one.whole and two.whole:
            found.append(("sound", one.codes + two.codes))
        elif one.whole and len(two.codes) <= _MAX_CODES:
            found += [("sound", one.codes + code) for code in two.codes]
    if len(syllables) == 1 and len(syllables[0].codes) <= _MAX_CODES:
        found += [("sound", code) for code in syllables[0].codes]
    if not all(one.whole for one in reading):
        letters = "".join(one.initial for one in reading)
        size = min(3, len(letters))
        found += [
            ("initials", letters[place : place + size])
            for place in range(len(letters) - size + 1)
            if size > 1
        ]
    return list(dict.fromkeys(found))


def _code(element: Element) -> str:
    """An element in a sound: its code, or only its initial where that is all there is."""
    return element.codes if len(element.codes) == 1 else element.initial


def _pattern(reading: Sequence[Element]) -> re.Pattern[str]:
    parts = (f"[{re.escape(one.codes)}]" if one.codes else ".*" for one in reading)
    return re.compile("".join(parts))
