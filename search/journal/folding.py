"""Keystrokes → questions: results come while somebody types, and each keystroke asks anew.

Rows of one visit, in the order of their times, are one question as long as each continues or edits
the one before it. Nothing else decides: neither which process answered nor in which order rows
were written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from rapidfuzz.distance import Levenshtein

from search.sound import initials, spelling, word_sound

# Milliseconds within which somebody goes on typing.
PAUSE = 30_000
_SHORTEST_BEGINNING = 2
# One slip in so many characters is still the same question.
_CHARACTERS_A_SLIP = 4
_MASKED = re.compile("〔[^〕]*〕")
_MASK = "\0"
# What a mask may have been before it was one.
_VALUE = re.compile(rf"(?:{_MASK}|[a-z]*[0-9][a-z0-9]*|[零〇○一幺二两三四五六七八九])+")
_LETTER = re.compile("[a-z]")
_SILENT = re.compile(r"[\W_]+")


class Typed(Protocol):
    """What folding needs of a row: the time in milliseconds, the text, whether it is finished."""

    @property
    def at(self) -> int:
        """When it was asked."""

    @property
    def text(self) -> str:
        """What was asked."""

    @property
    def finished(self) -> bool:
        """Whether somebody opened, copied or rated what was found."""


Row = TypeVar("Row", bound=Typed)


def fold(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows of one visit as questions, each of at least one row; its last one is the question.

    Args:
        rows: all rows of one visit, in any order.
    """
    questions: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: row.at):
        last = questions[-1][-1] if questions else None
        if last and _goes_on(last, row):
            questions[-1].append(row)
        else:
            questions.append([row])
    return questions


def _goes_on(last: Typed, row: Typed) -> bool:
    return not last.finished and row.at - last.at <= PAUSE and same_question(last.text, row.text)


def same_question(before: str, after: str) -> bool:
    """Whether one text continues or edits another.

    Args:
        before: what was typed.
        after: what was typed next.
    """
    first, second = _bare(before), _bare(after)
    if _MASK in first + second:
        return _masked_alike(first, second)
    return _alike(first, second) or _heard(first, second)


def _masked_alike(first: str, second: str) -> bool:
    """Whether they are alike where one holds a mask: what it stands for was typed bit by bit."""
    first, second = (_VALUE.sub(_MASK, text) for text in (first, second))
    heads = first.partition(_MASK)[0], second.partition(_MASK)[0]
    return (
        _alike(first, second)
        or (heads[0] != "" and second.startswith(heads[0]))
        or (heads[1] != "" and first.startswith(heads[1]))
    )


def _alike(first: str, second: str) -> bool:
    short, long = sorted((first, second), key=len)
    if short in long:
        return True
    beginning = _common(first, second)
    if beginning >= _SHORTEST_BEGINNING and 2 * beginning >= len(short):
        return True
    slips = len(long) // _CHARACTERS_A_SLIP
    return slips > 0 and Levenshtein.distance(first, second, score_cutoff=slips) <= slips


def _heard(first: str, second: str) -> bool:
    """Whether letters became the characters that they spell, or whose first letters they are."""
    if not _LETTER.search(first + second):
        return False
    sounds = word_sound(first), word_sound(second)
    return _begins(*(spelling(sound).replace(" ", "") for sound in sounds)) or _begins(
        *(initials(sound) for sound in sounds)
    )


def _begins(first: str, second: str) -> bool:
    short, long = sorted((first, second), key=len)
    return bool(short) and long.startswith(short)


def _bare(text: str) -> str:
    """A text without what makes no other question: case, width, spaces, punctuation."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _MASK.join(_SILENT.sub("", part) for part in _MASKED.split(plain))


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    pairs = enumerate(zip(first, second, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(first), len(second)))
