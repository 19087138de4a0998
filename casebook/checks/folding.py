"""Finding phrases however they are dressed: spaces, punctuation, particles, old characters."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Generic, TypeVar

import opencc
from ahocorasick_rs import AhoCorasick, MatchKind

T = TypeVar("T")
# Little words that come and go without changing what is said.
_PARTICLES = frozenset("呢啊呀嘛吧哦啦哈了就都也的是连")
_SAME = {"您": "你", "咱": "我"}
# No phrase goes on beyond these.
_BREAKS = frozenset('。！？!?；;“”‘’「」『』"|\n')
_MIN_LENGTH = 2
# Particles may be added; of the phrase's own only so many may be left out, else it is another one.
_MAX_LACKING = 1


class _Folds(dict[int, str | None]):
    """What each character becomes; filled as characters are met."""

    def __init__(self) -> None:
        super().__init__()
        self._simplify = opencc.OpenCC("t2s")

    def __missing__(self, code: int) -> str | None:
        self[code] = folded = self._folded(chr(code))
        return folded

    def _folded(self, character: str) -> str | None:
        if character in _BREAKS:
            return "\n"
        plain = unicodedata.normalize("NFKC", character).casefold()
        # One character stays one, so that places in the text can be found again.
        plain = plain if len(plain) == 1 else character
        simple = plain if plain.isascii() else self._simplify.convert(plain)
        simple = _SAME.get(simple, simple)
        return simple if simple.isalnum() and simple not in _PARTICLES else None


_FOLDS = _Folds()


@functools.lru_cache(maxsize=64)
def fold(text: str) -> str:
    """A text without what may differ between two wordings of the same phrase.

    Sentences and quotations stay apart, by line feeds.
    """
    return text.translate(_FOLDS)


class Matcher(Generic[T]):
    """Finds many phrases at once, each with what is known about it.

    Args:
        phrases: phrases as they are written; of two that are folded alike the first counts.
    """

    def __init__(self, phrases: Iterable[tuple[str, T]]) -> None:
        self._known: dict[str, tuple[str, T]] = {}
        for phrase, value in phrases:
            folded = fold(phrase).strip("\n")
            if len(folded) >= _MIN_LENGTH:
                self._known.setdefault(folded, (phrase, value))
        self._folded = list(self._known)
        self._automaton = AhoCorasick(self._folded, matchkind=MatchKind.LeftmostLongest)

    def find(self, text: str) -> Iterator[tuple[int, int, T]]:
        """Start, end and what is known of each phrase in a text, from left to right."""
        found = self._automaton.find_matches_as_indexes(fold(text))
        if not found:
            return
        last = max(end for _, _, end in found)
        folded = (place for place, one in enumerate(text) if _FOLDS[ord(one)] is not None)
        kept = list(islice(folded, last))
        for number, start, end in found:
            phrase, value = self._known[self._folded[number]]
            first, stop = kept[start], kept[end - 1] + 1
            if phrase[0] in _PARTICLES:
                first = _before_particles(text, first)
            if phrase[-1] in _PARTICLES:
                stop = _past_particles(text, stop)
            if _lacking(phrase, text[first:stop]) <= _MAX_LACKING:
                yield first, stop, value


def is_clause(text: str, start: int, end: int) -> bool:
    """Whether a part of a text is a clause of its own: punctuation or nothing on both sides."""
    start = _before_particles(text, start)
    end = _past_particles(text, end)
    before, after = text[max(start - 1, 0) : start], text[end : end + 1]
    return not before.isalnum() and not after.isalnum()


def is_long(phrase: str) -> bool:
    """Whether a phrase is long enough to be itself inside other words, too."""
    return len(fold(phrase)) > _MIN_LENGTH + 1


def holds_particle(text: str) -> bool:
    """Whether a text has one of the little words that folding leaves out."""
    return not _PARTICLES.isdisjoint(text)


def _lacking(phrase: str, text: str) -> int:
    """How many of a phrase's particles a text has not."""
    own = {one for one in phrase if one in _PARTICLES}
    return sum(max(phrase.count(one) - text.count(one), 0) for one in own)


def _before_particles(text: str, place: int) -> int:
    while place and text[place - 1] in _PARTICLES:
        place -= 1
    return place


def _past_particles(text: str, place: int) -> int:
    while place < len(text) and text[place] in _PARTICLES:
        place += 1
    return place
