"""Which documents a query finds at all: those that hold most of its words.

The engine ranks; what is counted, filtered and called complete is decided here, exactly and over
all documents, with sets of their numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyroaring import BitMap

from search.analysis import Need, Question
from search.store import Store

# The share of a query's words that a document must hold; one is enough where none holds so many.
SHARES = (1 / 3, 0.0)
# Of a query in pinyin more is demanded: its parts are short and stand in many documents.
_PINYIN_TIMES = 2.0
# The rarest words decide; more would cost time and change nothing.
_MAX_NEEDS = 10


@dataclass(frozen=True)
class Matching:
    """What a query finds.

    Attributes:
        matched: the documents that are results.
        complete: those of them that hold every word.
        held: for each word of the query, the documents that hold it or a synonym.
        synonyms: for each synonym, the documents that hold it and not the word itself.
        readings: for each reading of the query, the documents that hold each of its words, and how
            much the word counts: by its inverse document frequency.
    """

    matched: BitMap
    complete: BitMap
    held: Mapping[str, BitMap]
    synonyms: Mapping[tuple[str, str], BitMap]
    readings: Sequence[Sequence[tuple[BitMap, float]]]

    def coverage(self, number: int) -> float:
        """How much of the query a document holds, 0 to 1; a rare word is much of it."""
        return max((_share(number, reading) for reading in self.readings), default=0.0)


def match(question: Question, store: Store, allowed: BitMap) -> Matching:
    """The documents that a query finds.

    Args:
        question: the query.
        store: holds the documents.
        allowed: those that may be found.
    """
    words = question.needs[0] if question.needs else ()
    holding = store.holding(dict.fromkeys(_terms(question)))
    sets = [[_held(need, holding) & allowed for need in needs] for needs in question.needs]
    complete = BitMap()
    for reading in sets:
        complete |= _all(reading)
    matched = BitMap()
    for share in SHARES:
        for place, reading in enumerate(sets):
            demanded = share * (1.0 if place == 0 else _PINYIN_TIMES)
            matched |= _at_least(reading, max(1, math.ceil(demanded * len(reading))))
        if matched:
            break
    synonyms = {
        (need.word, other): _together(terms, holding) - _held_itself(need, holding)
        for need in words
        for other, terms in need.synonyms
    }
    held = {need.word: found for need, found in zip(words, sets[0], strict=True)} if words else {}
    readings = [[(one, _worth(len(one), len(allowed))) for one in reading] for reading in sets]
    return Matching(matched, complete, held, synonyms, readings)


def _worth(holding: int, documents: int) -> float:
    return math.log(1 + documents / (holding + 0.5))


def _share(number: int, reading: Sequence[tuple[BitMap, float]]) -> float:
    total = sum(worth for _, worth in reading)
    return sum(worth for held, worth in reading if number in held) / total if total else 0.0


def _terms(question: Question) -> list[str]:
    return [
        term
        for needs in question.needs
        for need in needs
        for way in (*need.ways, *(terms for _, terms in need.synonyms))
        for term in way
    ]


def _held(need: Need, holding: Mapping[str, BitMap]) -> BitMap:
    found = _held_itself(need, holding)
    for _, terms in need.synonyms:
        found |= _together(terms, holding)
    return found


def _held_itself(need: Need, holding: Mapping[str, BitMap]) -> BitMap:
    return BitMap().union(*(_together(way, holding) for way in need.ways))


def _together(terms: Sequence[str], holding: Mapping[str, BitMap]) -> BitMap:
    sets = [holding[term] for term in terms if term in holding]
    return _all(sets) if sets and len(sets) == len(terms) else BitMap()


def _all(sets: Sequence[BitMap]) -> BitMap:
    return BitMap.intersection(*sets) if sets else BitMap()


def _at_least(sets: Sequence[BitMap], least: int) -> BitMap:
    """The numbers that are in at least so many of the sets."""
    if len(sets) > _MAX_NEEDS:
        least = max(1, least * _MAX_NEEDS // len(sets))
        # A word that no document holds says nothing of which are meant.
        sets = sorted((one for one in sets if one), key=len)[:_MAX_NEEDS]
    if not sets or least > len(sets):
        return BitMap()
    if least == 1:
        return BitMap.union(*sets)
    if least == len(sets):
        return _all(sets)
    reached = [BitMap() for _ in range(least)]
    for one in sets:
        for level in range(least - 1, 0, -1):
            reached[level] |= reached[level - 1] & one
        reached[0] |= one
    return reached[least - 1]
