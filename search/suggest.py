"""Type-ahead: questions, titles and words of the glossary that somebody may be typing.

They are found by characters, pinyin, first letters or any mixture, as in a search, and must hold
what was typed in one piece. What begins with it comes first, and what is chosen often.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from casebook.documents import Kind
from search.analysis import Analyzer, Question
from search.engines.base import Query
from search.generations import Generation
from search.snippets import snippet
from search.sound import SPELLINGS, initials, spoken
from search.store import Card

KINDS = ("question", "similar", "title", "term")
MAX_TYPED = 40
LIMIT = 8
# A letter alone begins too much to be of use; a character does not.
_SHORTEST = 2
_CANDIDATES = 80
_FIELDS = ("names", "sound", "initials")
_BEGINS, _HOLDS, _SOUNDS = 3.0, 2.0, 1.5
_BEGINS_BY_SOUND = 0.7
_CHOSEN = 0.5
_TITLE = 0.2


@dataclass(frozen=True)
class Suggestion:
    """Something that may be meant.

    Attributes:
        text: what is offered: a question, a title, a word of the glossary.
        kind: ``question`` (a standard question), ``similar`` (another wording of one), ``title``
            (of a case or policy) or ``term`` (of the glossary).
        document: the id of the document that it leads to; None for words.
        title: that document's title; empty for words.
        html: the text as escaped HTML with marks where it holds what was typed.
    """

    text: str
    kind: str
    document: str | None = None
    title: str = ""
    html: str = ""


@dataclass(frozen=True)
class _Typed:
    """What was typed, to be looked for in names.

    Attributes:
        text: in normal form.
        patterns: what the sound of a name may hold for it.
        letters: what the first letters of a name may hold for it.
    """

    text: str
    patterns: tuple[re.Pattern[str], ...]
    letters: tuple[str, ...]

    def heard_in(self, sound: str) -> tuple[int, int] | None:
        """Where a sound holds it first; None where it does not."""
        found = [match.span() for one in self.patterns if (match := one.search(sound))]
        if self.letters:
            first = initials(sound)
            found += [
                (first.index(one), first.index(one) + len(one))
                for one in self.letters
                if one in first
            ]
        return min(found, default=None)


class Suggester:
    """Suggests from one generation.

    Args:
        generation: an open generation.
        on: the day for which documents must hold.
        chosen: how often each document was chosen, by its id.
    """

    def __init__(self, generation: Generation, on: date, chosen: Mapping[str, int]) -> None:
        self._index = generation.index
        self._store = generation.store
        self._analyzer = generation.analyzer
        self._names = generation.glossary
        self._on = on
        self._chosen = chosen

    def suggest(self, typed: str, limit: int = LIMIT) -> tuple[Suggestion, ...]:
        """What somebody may be typing, the likeliest first.

        Args:
            typed: the text so far; more than ``MAX_TYPED`` characters give nothing.
            limit: the most suggestions to give.
        """
        question = self._analyzer.query(typed[: MAX_TYPED + 1])
        text = question.text
        if not text or len(text) > MAX_TYPED or (text.isascii() and len(text) < _SHORTEST):
            return ()
        wanted = _typed(question, self._analyzer)
        found = [*self._documents(question, wanted), *self._terms(wanted)]
        found.sort(key=lambda one: (-one[0], len(one[1].text), one[1].text))
        best: dict[str, Suggestion] = {}
        shown: set[str] = set()
        for _, suggestion in found:
            # A rule may be called as a word of the glossary is.
            if suggestion.text not in shown:
                best.setdefault(suggestion.document or suggestion.text, suggestion)
                shown.add(suggestion.text)
        return tuple(
            replace(one, html=_marked(one.text, wanted, self._analyzer))
            for one in list(best.values())[:limit]
        )

    def _terms(self, wanted: _Typed) -> list[tuple[float, Suggestion]]:
        found = []
        for name in self._names:
            fit = _fit(wanted, name.normal, (name.sound,))
            if fit and name.normal != wanted.text:
                found.append((fit, Suggestion(name.name, "term")))
        return found

    def _documents(self, question: Question, wanted: _Typed) -> list[tuple[float, Suggestion]]:
        terms = tuple(term for term in question.terms if term.field in _FIELDS)
        hits = self._index.search(Query(terms, limit=_CANDIDATES)) if terms else ()
        current = self._store.current(self._on)
        shares: dict[int, float] = {}
        owners = self._store.owners([passage for passage, _ in hits])
        for number, (_, score) in zip(owners, hits, strict=True):
            if number in current:
                shares.setdefault(number, score / hits[0][1])
        cards = self._store.cards(list(shares))
        found = []
        for number, share in shares.items():
            best = self._best(wanted, cards[number])
            if best:
                times = math.log2(1 + self._chosen.get(cards[number].id, 0))
                found.append((best[0] + share + _CHOSEN * times, best[1]))
        return found

    def _best(self, wanted: _Typed, card: Card) -> tuple[float, Suggestion] | None:
        """The question of a document that fits what was typed best."""
        best = None
        is_faq = card.kind == Kind.FAQ.value
        for place, (question, heard) in enumerate(zip(card.questions, card.sounds, strict=True)):
            fit = _fit(wanted, self._analyzer.normalize(question), heard)
            if not fit:
                continue
            if place and not is_faq:
                # Only the document's title is shown: that it holds what was typed is not seen.
                fit = min(fit, _SOUNDS)
            fit += 0 if place else _TITLE
            if best is None or fit > best[0]:
                # The matter of a policy's article leads to the policy by its title.
                shown = question if is_faq else card.questions[0]
                kind = ("similar" if place else "question") if is_faq else "title"
                best = (fit, Suggestion(shown, kind, card.id, card.questions[0]))
        return best


def _typed(question: Question, analyzer: Analyzer) -> _Typed:
    if not question.patterns:
        heard = spoken(analyzer.sound(question.text))
        whole = (re.compile(re.escape(heard)),) if len(heard) > 1 else ()
        return _Typed(question.text, whole, ())
    # Between words that were typed apart as little as possible, so that no more is marked.
    patterns = tuple(re.compile(one.pattern.replace(".*", ".*?")) for one in question.patterns)
    # First letters may be letters, too: the G of 5Gtc.
    letters = tuple(one for one in question.sounds if one == initials(one))
    return _Typed(question.text, patterns, letters)


def _fit(wanted: _Typed, normal: str, heard: Sequence[str]) -> float:
    """How well a name fits what was typed; 0 when it does not hold it in one piece."""
    if normal.startswith(wanted.text):
        return _BEGINS
    if wanted.text in normal:
        return _HOLDS
    fits = [
        _SOUNDS + (_BEGINS_BY_SOUND if span[0] == 0 else 0.0)
        for sound in heard
        for one in dict.fromkeys((sound, spoken(sound)))
        if (span := wanted.heard_in(one))
    ]
    return max(fits, default=0.0)


def _marked(text: str, wanted: _Typed, analyzer: Analyzer) -> str:
    """A suggestion as HTML, with marks around what was typed, by its characters or its sound."""
    marked = snippet(text, [wanted.text], analyzer.normalize, length=len(text))
    if "<mark>" in marked:
        return marked
    places = [
        place
        for place, character in enumerate(text)
        for one in analyzer.normalize(character)
        if one.isalnum()
    ]
    for sound in analyzer.sounds(text):
        if len(sound) != len(places):
            continue
        syllables = [place for place, one in zip(places, sound, strict=True) if one in SPELLINGS]
        for heard, where in ((sound, places), (spoken(sound), syllables)):
            span = wanted.heard_in(heard)
            if span and span[0] < span[1]:
                start, end = where[span[0]], where[span[1] - 1] + 1
                parts = (text[:start], text[start:end], text[end:])
                before, held, after = map(html.escape, parts)
                return f"{before}<mark>{held}</mark>{after}"
    return html.escape(text)
