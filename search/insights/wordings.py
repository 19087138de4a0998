"""The same question in other words: questions that ask the same are counted as one."""

from __future__ import annotations

import hashlib
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, Protocol, TypeVar

from rapidfuzz.distance import Indel

from casebook.settings import Term
from search.analysis import Analyzer
from search.sound import word_sound

# What is less alike is another question; Dice's coefficient over the syllables of both.
ALIKE = 0.7
# What is alike holds at least so great a part of the other's syllables.
_HELD = ALIKE / (2 - ALIKE)
# So many of the most frequent wordings may have others put to them.
_SPEAKERS = 1000
_LIGHT = frozenset(
    "你好 您好 请问 麻烦 帮 帮忙 谢谢 知道 告诉 客户 用户 是不是 有没有 哪个 谁".split()
)


@dataclass(frozen=True)
class Wording:
    """What a question is about.

    Attributes:
        key: its content words in order, the glossary's own word for each of its synonyms: the
            same for 套餐怎么退 and 怎么退套餐. Empty where it is about nothing.
        words: the content words, each with its sound.
        sound: how it sounds, in order, so that what two sounds share is a subsequence.
    """

    key: str
    words: tuple[tuple[str, str], ...]
    sound: str

    def is_like(self, other: Wording) -> bool:
        """Whether both ask the same, by what they say and how it sounds."""
        likeness = Indel.normalized_similarity(self.sound, other.sound, score_cutoff=ALIKE)
        return likeness >= ALIKE and (self._holds(other) or other._holds(self))

    def _holds(self, other: Wording) -> bool:
        """Whether it is about everything that the other is about."""
        joined = "".join(word for word, _ in self.words)
        return all(
            word in joined or all(syllable in self.sound for syllable in sound)
            for word, sound in other.words
        )


class Wordings:
    """Reads questions.

    Args:
        terms: the glossary.

    Attributes:
        mark: changes whenever the glossary's products do.
    """

    def __init__(self, terms: Iterable[Term]) -> None:
        terms = list(terms)
        analyzer = self._analyzer = Analyzer(terms)
        self._heads = {
            analyzer.normalize(name): analyzer.normalize(term.term)
            for term in terms
            for name in (term.term, *term.synonyms)
        }
        longest_first = sorted(self._heads, key=lambda name: (-len(name), name))
        self._names = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
        self._products = {analyzer.normalize(t.term): t.term for t in terms if t.product}
        self.mark = hashlib.blake2b(
            repr([(t.term, t.synonyms) for t in terms if t.product]).encode(), digest_size=8
        ).hexdigest()
        self.of = lru_cache(maxsize=1 << 16)(self._read)
        self.products = lru_cache(maxsize=1 << 16)(self._named)
        self._sound = lru_cache(maxsize=1 << 14)(word_sound)

    def _read(self, text: str) -> Wording:
        """What a question is about."""
        words = self._analyzer.content_words(self._plain(text))
        return self.from_words(sorted({word for word in words if word not in _LIGHT}))

    def from_words(self, words: Sequence[str]) -> Wording:
        """The wording of content words that are in order."""
        sounds = [self._sound(word) for word in words]
        return Wording(
            " ".join(words),
            tuple(zip(words, sounds, strict=True)),
            "".join(sorted("".join(sounds))),
        )

    def _named(self, text: str) -> frozenset[str]:
        """The glossary's products that a text names."""
        named = {self._heads[name] for name in self._names.findall(self._analyzer.normalize(text))}
        return frozenset(self._products[name] for name in named if name in self._products)

    def _plain(self, text: str) -> str:
        normal = self._analyzer.normalize(text)
        return self._names.sub(lambda found: self._heads[found[0]], normal)


class Counted(Protocol):
    """Questions of one wording, counted together."""

    @property
    def wording(self) -> Wording:
        """Their wording."""

    @property
    def count(self) -> int:
        """How many there are."""


C = TypeVar("C", bound=Counted)


@dataclass
class Cluster(Generic[C]):
    """Questions that ask the same, the most frequent wording first."""

    members: list[C] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(member.count for member in self.members)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of their wordings."""
        return tuple(member.wording.key for member in self.members)


def clusters(counted: Iterable[C]) -> list[Cluster[C]]:
    """Puts together what asks the same.

    The most frequent wording of a cluster speaks for it: others are compared with that one only,
    so that no chain of small differences joins two questions.

    Args:
        counted: questions, each wording once.

    Returns:
        The clusters, the largest first.
    """
    first = Lookup()
    found: dict[Wording, Cluster[C]] = {}
    for one in sorted(counted, key=lambda one: (-one.count, one.wording.key)):
        speaker = next(first.near(one.wording), one.wording)
        if speaker is one.wording and len(found) < _SPEAKERS:
            first.add(speaker)
        found.setdefault(speaker, Cluster()).members.append(one)
    return sorted(found.values(), key=lambda one: (-one.count, one.keys[0]))


class Lookup:
    """Finds wordings that ask the same as one."""

    def __init__(self) -> None:
        self._wordings: list[Wording] = []
        self._holding: dict[str, list[int]] = defaultdict(list)

    def add(self, wording: Wording) -> None:
        """Lets a wording be found."""
        for syllable in set(wording.sound):
            self._holding[syllable].append(len(self._wordings))
        self._wordings.append(wording)

    def near(self, wording: Wording) -> Iterator[Wording]:
        """Those that ask the same, in the order in which they were added."""
        known = (self._holding.get(syllable, ()) for syllable in set(wording.sound))
        lists = sorted(known, key=len)
        # Whatever is alike holds one of the rarest, for it lacks fewer than there are of these.
        rarest = lists[: len(lists) - math.ceil(_HELD * len(lists)) + 1]
        for number in sorted({number for numbers in rarest for number in numbers}):
            if self._wordings[number].is_like(wording):
                yield self._wordings[number]
