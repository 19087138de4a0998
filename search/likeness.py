"""How alike a query and a question are as wholes, by ear.

Dice's coefficient over the syllables of both (twice what they share, over the sum of their
lengths): it knows how much of each is in the other, and homophones cost nothing. For a query in
pinyin it counts most whether the name holds what was typed in one piece.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from search.analysis import Question
from search.sound import initials, spoken

_IN_ONE_PIECE = 0.75
_IN_PIECES = 0.5


class Likeness:
    """Compares one query with many questions.

    Args:
        question: the query.
        other_question: times this for every question of a document but its first.
    """

    def __init__(self, question: Question, other_question: float) -> None:
        self._patterns = question.patterns
        self._other_question = other_question
        self._sounds = [
            (Counter(sound), len(sound), any(c.isupper() for c in sound))
            for sound in question.sounds
        ]

    def best(self, questions: Sequence[Sequence[str]]) -> tuple[float, float]:
        """How alike the most alike of a document's questions is.

        Args:
            questions: how each sounds, first as it is read, then with other readings.

        Returns:
            How much it counts, 0 to 1, and Dice's coefficient by itself.
        """
        found = (0.0, 0.0)
        for place, sounds in enumerate(questions):
            # Other readings are for what was typed as pinyin; characters bring their own.
            counts, dice = max(map(self._alike, sounds if self._patterns else sounds[:1]))
            # A similar question is as good as the title for what was said in full.
            if place and self._patterns:
                counts *= self._other_question
            found = max(found, (counts, dice))
        return found

    def _alike(self, sound: str) -> tuple[float, float]:
        if not self._patterns:
            counts, size, _ = self._sounds[0]
            dice = _dice(counts, size, sound)
            return dice, dice
        syllables = spoken(sound)
        dice = max(
            _dice(counts, size, initials(syllables) if letters else syllables)
            for counts, size, letters in self._sounds
        )
        if any(_holds(pattern, sound, syllables) for pattern in self._patterns):
            return _IN_ONE_PIECE + (1 - _IN_ONE_PIECE) * dice, dice
        return _IN_PIECES * dice, dice


def _holds(pattern: re.Pattern[str], sound: str, syllables: str) -> bool:
    """Whether a name holds what was typed, with its digits and letters or without."""
    return bool(pattern.search(sound) or pattern.search(syllables))


def _dice(counts: Counter[str], size: int, sound: str) -> float:
    if not size or not sound:
        return 0.0
    rest = dict(counts)
    shared = 0
    for one in sound:
        left = rest.get(one)
        if left:
            rest[one] = left - 1
            shared += 1
    return 2 * shared / (size + len(sound))
