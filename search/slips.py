"""Words that were typed wrong or as pinyin: found among the library's words by their sound."""

from __future__ import annotations

import re
from collections.abc import Sequence

from search.analysis import Analyzer, Question
from search.sound import SPELLINGS
from search.store import Store

_LATIN = re.compile(r"[a-z]+")


def heard_words(question: Question, analyzer: Analyzer, store: Store) -> dict[str, str]:
    """The words that parts of a query sound like, the longest parts first.

    Characters are taken for a slip only where they sound like a name of the glossary; pinyin may
    be any word of the library.

    Args:
        question: the query.
        analyzer: cuts and sounds text.
        store: knows the library's words.

    Returns:
        The word by the part: characters as they were typed, or of pinyin the sound.
    """
    words = analyzer.slips(question)
    if words:
        known = store.holding(words)
        words = {piece: word for piece, word in words.items() if piece not in known}
    syllables = analyzer.syllables(question)
    if syllables:
        words |= store.sounding(syllables)
    found: dict[str, str] = {}
    for piece in sorted(words, key=lambda piece: (-len(piece), piece)):
        if not any(piece in longer for longer in found):
            found[piece] = words[piece]
    return found


def correction(question: Question, heard: dict[str, str]) -> str | None:
    """A query as it was probably meant; None when it stays as it is."""
    for sound in question.sounds if question.patterns else ():
        meant = _replaced(sound, heard)
        if meant != sound and _is_written(meant, question.sounds):
            return meant
    meant = _replaced(question.text, heard)
    return meant if meant != question.text else None


def _is_written(meant: str, sounds: Sequence[str]) -> bool:
    """Whether nothing in it is pinyin still; Latin words stand in every reading."""
    if any(one in SPELLINGS or one.isupper() for one in meant):
        return False
    return all(run in sound for run in _LATIN.findall(meant) for sound in sounds)


def _replaced(text: str, heard: dict[str, str]) -> str:
    for piece, word in heard.items():
        text = text.replace(piece, word)
    return text
