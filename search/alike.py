"""Which documents of a library are asked for with the same words as another.

How alike two questions are means here what it means in the search: Dice's coefficient over the
syllables of both, with the glossary's synonyms as one word. Beside that one of the two must say
all that the other is about: 套餐外流量怎么收费 and 国际漫游流量怎么收费 sound alike and are two
questions. Cases are alike as far as title, theme and purpose hold the same words, rare ones before
common ones.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from itertools import combinations, islice

from pyroaring import BitMap
from rapidfuzz.distance import Indel

from casebook.checks.context import Alike
from casebook.documents import Case, Faq
from casebook.library import Library, Source
from casebook.settings import Term
from search.analysis import STOP_WORDS, Analyzer
from search.sound import word_sound

# What is less alike is no duplicate and contradicts nothing.
FLOOR = 0.6
CASE_FLOOR = 0.3
# So many other documents are named for each question, and for each case.
MOST = 5
# So many questions like one are kept, some of them the document's own.
_NEAREST = 20
# Of these rarest words of a case another must hold some, to be compared with it.
_RAREST = 12
_SHARED = 3
_COMPARED = 30
# Words that say nothing about what is asked, beside those that the search counts less.
_LIGHT = STOP_WORDS | frozenset(
    """
    后 以后 之后 时 时候 现在 目前 如今 必须 一般 总 总是 老 老是 才 再 只 先 帮 帮忙 麻烦 谢谢
    你好 您好 知道 告诉 到底 究竟 这样 那样 有人 谁 是不是 有没有 哪个 哪儿 这里 那里
    """.split()
)
# 能不能, 能退不能退, 有没有, 能退不: they ask and deny nothing.
_ASKING = re.compile(r"(.{1,2})[不没]\1|有没有|[不没](?:有|啊|呀|呢)?$")
_DENYING = re.compile(r"[不没未]|无法")
_SILENT = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class _Question:
    """A question, analysed for comparing.

    Attributes:
        text: in normal form, synonyms as one word, without punctuation.
        sound: how it sounds.
        bag: the syllables of the sound in order, so that what two bags share is a subsequence.
        words: what it is about, each with its sound.
        denies: whether it says that something is not so.
    """

    text: str
    sound: str
    bag: str
    words: tuple[tuple[str, str], ...]
    denies: bool

    @property
    def about(self) -> Set[str]:
        """The syllables of the words that say what it is about."""
        return {syllable for _, sound in self.words for syllable in sound}

    def alike(self, other: _Question) -> bool:
        """Whether neither says another thing in place of what the other says."""
        return self.holds(other) or other.holds(self)

    def holds(self, other: _Question) -> bool:
        """Whether it says everything that the other is about."""
        for word, sound in other.words:
            # One syllable alone is too many words.
            heard = word in self.text or (len(sound) > 1 and sound in self.sound)
            if not heard and not all(one in self.text for one in word):
                return False
        return True


@dataclass
class _Questions:
    """Distinct questions, with who asks them, and where to look for those like one.

    Attributes:
        known: their numbers by their text.
        asked: the questions by number.
        owners: for each, the documents with the question as it is written there.
        holding: the numbers of the questions that hold a syllable.
        about: the numbers of the questions by the two rarest syllables that they are about.
    """

    known: dict[str, int] = field(default_factory=dict)
    asked: list[_Question] = field(default_factory=list)
    owners: list[list[tuple[Source, str]]] = field(default_factory=list)
    holding: dict[str, BitMap] = field(default_factory=dict)
    about: dict[tuple[str, ...], list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, question: _Question, source: Source, written: str) -> None:
        number = self.known.setdefault(question.text, len(self.asked))
        if number == len(self.asked):
            self.asked.append(question)
            self.owners.append([])
        self.owners[number].append((source, written))

    def complete(self) -> None:
        """Makes them ready to be looked for, once all are added."""
        holding: dict[str, list[int]] = defaultdict(list)
        for number, question in enumerate(self.asked):
            for syllable in set(question.sound):
                holding[syllable].append(number)
        for number, question in enumerate(self.asked):
            rarest = sorted(question.about, key=lambda one: (len(holding[one]), one))[:2]
            if rarest:
                self.about[tuple(sorted(rarest))].append(number)
        self.holding = {syllable: BitMap(numbers) for syllable, numbers in holding.items()}

    def near(self, question: _Question) -> Set[int]:
        """The numbers of all questions of which one may say everything that the other says."""
        about = question.about
        if not about:
            return frozenset()
        held = sorted((self.holding.get(one, BitMap()) for one in about), key=len)
        found = set(BitMap.intersection(*held))
        syllables = sorted(set(question.sound))
        for key in (*((one,) for one in syllables), *combinations(syllables, 2)):
            found.update(self.about.get(key, ()))
        return found

    def like(self, question: _Question) -> list[tuple[float, int]]:
        """How alike the questions that are like one are, with their numbers; the nearest first."""
        found = []
        for number in self.near(question):
            other = self.asked[number]
            # Of strings in order this is Dice's coefficient.
            likeness = Indel.normalized_similarity(question.bag, other.bag, score_cutoff=FLOOR)
            if likeness >= FLOOR and question.denies == other.denies:
                found.append((likeness, number))
        found.sort(key=lambda one: (-one[0], one[1]))
        same = (one for one in found if question.alike(self.asked[one[1]]))
        return list(islice(same, _NEAREST))


class _Cases:
    """What cases are about: the words of their titles, themes and purposes.

    Args:
        told: the cases, each with its words.
    """

    def __init__(self, told: Sequence[tuple[Source, Set[str]]]) -> None:
        self._told = told
        counts = Counter(word for _, words in told for word in words)
        self._new = math.log(1 + max(1, len(told)))
        self._weights = {word: math.log(1 + len(told) / count) for word, count in counts.items()}
        self._totals = [sum(map(self._weight, words)) for _, words in told]
        self._holding: dict[str, list[int]] = defaultdict(list)
        for number, (_, words) in enumerate(told):
            for word in self._rarest(words):
                self._holding[word].append(number)

    def like(self, words: Set[str]) -> list[tuple[float, Source]]:
        """How alike the cases that share rare words are, with them; the nearest first."""
        rarest = self._rarest(words)
        shared = Counter(number for word in rarest for number in self._holding.get(word, ()))
        total = sum(map(self._weight, words))
        found = []
        for number, count in shared.most_common(_COMPARED):
            source, others = self._told[number]
            # Dice's coefficient over the words, each by its weight.
            both = 2 * sum(map(self._weight, words & others))
            likeness = both / (total + self._totals[number])
            if count >= _SHARED and likeness >= CASE_FLOOR:
                found.append((likeness, source))
        return sorted(found, key=lambda one: (-one[0], one[1].path))

    def _rarest(self, words: Set[str]) -> list[str]:
        return sorted(words, key=lambda word: (-self._weight(word), word))[:_RAREST]

    def _weight(self, word: str) -> float:
        return self._weights.get(word, self._new)


class Finder:
    """Finds the documents that are asked for with the same words as one.

    Made once for a library; asking costs little, also for a document that is not in it yet.

    Args:
        library: the documents that are found.
    """

    def __init__(self, library: Library) -> None:
        settings = library.settings
        self._analyzer = Analyzer(settings.glossary.terms, settings.search.ranking)
        self._names = _names(self._analyzer, settings.glossary.terms)
        self._name = re.compile(
            "|".join(map(re.escape, sorted(self._names, key=len)[::-1])) or "(?!)"
        )
        self._questions = _Questions()
        self._analysed: dict[str, _Question] = {}
        self._like: dict[str, list[tuple[float, int]]] = {}
        self._last: tuple[Source, Sequence[Alike]] | None = None
        told = []
        for source in library.sources.values():
            document = source.document
            if isinstance(document, Case):
                told.append((source, self._matter(document)))
            elif isinstance(document, Faq):
                for text in (document.title, *document.similar):
                    question = self._analysed[text] = self._question(text)
                    self._questions.add(question, source, text)
        self._questions.complete()
        self._cases = _Cases(told)

    def __call__(self, source: Source) -> Sequence[Alike]:
        """The documents that are like one, the most alike first.

        Args:
            source: a document, of the library or not; what lies in its file, its former version,
                is not found.

        Returns:
            At most ``MOST`` for each question of a FAQ entry, or for a case; none for a policy.
        """
        # Every rule asks for a document before the next one's turn.
        last = self._last
        if last is None or last[0] is not source:
            found = sorted(self._alike(source), key=lambda one: -one.likeness)
            self._last = last = source, found
        return last[1]

    def _alike(self, source: Source) -> Iterator[Alike]:
        document = source.document
        if isinstance(document, Faq):
            for text in dict.fromkeys((document.title, *document.similar)):
                yield from islice(self._asked_alike(source, text), MOST)
        elif isinstance(document, Case):
            others = (
                Alike(other, document.title, other.document.title, likeness)
                for likeness, other in self._cases.like(self._matter(document))
                if other.path != source.path
            )
            yield from islice(others, MOST)

    def _asked_alike(self, source: Source, text: str) -> Iterator[Alike]:
        question = self._question(text)
        like = self._like.get(question.text)
        if like is None:
            like = self._questions.like(question)
            # What somebody is still writing is not kept.
            if question.text in self._questions.known:
                self._like[question.text] = like
        for likeness, number in like:
            for other, written in self._questions.owners[number]:
                if other.path != source.path:
                    yield Alike(other, text, written, likeness)

    def _question(self, text: str) -> _Question:
        return self._analysed.get(text) or self._analyse(text)

    def _analyse(self, text: str) -> _Question:
        normal = self._one_word(text)
        sound = self._analyzer.sound(normal)
        words = dict.fromkeys(self._analyzer.words(normal))
        plain = _SILENT.sub("", normal)
        return _Question(
            text=plain,
            sound=sound,
            bag="".join(sorted(sound)),
            words=tuple((one, word_sound(one)) for one in words if one not in _LIGHT),
            denies=bool(_DENYING.search(_ASKING.sub("", plain))),
        )

    def _matter(self, case: Case) -> Set[str]:
        """The words of what a case is about."""
        theme = case.section("theme")
        text = "\n".join((case.title, theme.text if theme else "", case.purpose))
        return set(self._analyzer.words(self._one_word(text))) - _LIGHT

    def _one_word(self, text: str) -> str:
        """The normal form of a text, with the glossary's own word for each of its synonyms."""
        return self._name.sub(lambda found: self._names[found[0]], self._analyzer.normalize(text))


def _names(analyzer: Analyzer, terms: Iterable[Term]) -> dict[str, str]:
    """The glossary's word for each name of it, in normal form."""
    return {
        analyzer.normalize(name): analyzer.normalize(term.term)
        for term in terms
        for name in (term.term, *term.synonyms)
    }
