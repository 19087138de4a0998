"""Query → results: limits, ranking, grouping by document, snippets, facets, the answer.

The service and the command line both ask here, so they give the same results.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from casebook.documents import Kind, Standing
from casebook.errors import QueryRefused
from search.analysis import WeightedTerm
from search.engines.base import KEYWORDS, Query
from search.generations import Generation
from search.snippets import snippet
from search.store import Card, Stored, StoredPassage

MAX_CHARACTERS = 200
MAX_TOKENS = 16
MAX_SIZE = 50
MAX_DEPTH = 200
SECONDS = 1.0
WEIGHTS = {"heading": 0.7, "body": 1.0}
# What a document's second and third best passages add to its score.
MORE_PASSAGES = 0.2
# How much of a query, by its terms' weights, a document must hold to be a result.
MIN_MATCH = 0.2
# A document whose score is a smaller share of the best one's is left out: it is beside the point.
MIN_SHARE = 0.25
# How much of what a query is about a FAQ entry must be about, to be the answer.
MIN_FIT = 0.5
PART_OF_WORD = 0.5
# With a second entry this close behind, the question does not say which of the two is meant.
MAX_RIVAL = 0.8
# The share of a score that depends on how much of the query is held.
MATCH_SHARE = 0.45
# Passages to ask the engine for: documents have several, so more than the depth of results.
_CANDIDATES = 600


@dataclass(frozen=True)
class Request:
    """What somebody asks.

    Attributes:
        text: what was typed.
        filters: values by name of ``KEYWORDS``.
        page: from 1.
        size: results on a page, 1 to ``MAX_SIZE``.
    """

    text: str
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    page: int = 1
    size: int = 10


@dataclass(frozen=True)
class Hit:
    """A document that was found, with its best passage.

    Attributes:
        document: the document.
        passage: the passage that matched best.
        score: higher is better; comparable within one result only.
        match: how much of the query it holds, 0 to 1.
        standing: whether it holds today.
        title: its title as escaped HTML with marks.
        snippet: text around the match as escaped HTML with marks.
        complete: whether it holds every word of the query.
    """

    document: Stored
    passage: StoredPassage
    score: float
    match: float
    standing: Standing
    title: str
    snippet: str
    complete: bool


@dataclass(frozen=True)
class Results:
    """What a query found.

    Attributes:
        request: what was asked.
        hits: one page of results, valid documents first.
        total: how many documents were found, at most ``MAX_DEPTH``.
        more: whether others were found beyond the depth.
        answer: the FAQ entry that answers the question, if one fits.
        facets: for each filter, its values with the number of results, most first.
        took_ms: milliseconds from query to results.
    """

    request: Request
    hits: tuple[Hit, ...]
    total: int
    more: bool
    answer: Stored | None
    facets: Mapping[str, tuple[tuple[str, int], ...]]
    took_ms: float


@dataclass(frozen=True)
class _Candidate:
    """A document that may be a result, before it is made ready to show."""

    document: str
    card: Card
    passage: StoredPassage
    score: float
    match: float
    standing: Standing


class Searcher:
    """Answers queries from one generation.

    Args:
        generation: an open generation.
        on: the day for which documents must hold.
        internal: whether documents that do not hold are shown (marked) or left out.
        clock: monotonic seconds; replaced in tests.
    """

    def __init__(
        self,
        generation: Generation,
        on: date,
        *,
        internal: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._index = generation.index
        self._store = generation.store
        self._analyzer = generation.analyzer
        self._on = on
        self._internal = internal
        self._clock = clock

    def search(self, request: Request) -> Results:
        """Finds documents.

        Raises:
            QueryRefused: the request is over its limits.
            SearchTimeout: it took longer than ``SECONDS``.
            SearchError: the index cannot be read.
        """
        started = self._clock()
        check_request(request)
        found, more = self._found(request, started)
        start = (request.page - 1) * request.size
        return Results(
            request=request,
            hits=self._hits(request.text, found[start : start + request.size]),
            total=len(found),
            more=more,
            answer=self._answer(request.text, found),
            facets=_facets(found),
            took_ms=(self._clock() - started) * 1000,
        )

    def document(self, document_id: str) -> Stored | None:
        """The document of that id, None when this audience has none such today."""
        found = self._store.documents([document_id]).get(document_id)
        return found if found and self._shown(found) else None

    def _shown(self, document: Stored | Card) -> bool:
        return self._internal or document.standing(self._on) is Standing.CURRENT

    def _found(self, request: Request, started: float) -> tuple[list[_Candidate], bool]:
        """Every result within the depth, best first, and whether there may be more."""
        terms = self._analyzer.query(request.text)
        if not terms:
            return [], False
        query = Query(
            tuple(terms), WEIGHTS, request.filters, _CANDIDATES, deadline=started + SECONDS
        )
        ranked = self._index.search(query)
        best = _group(ranked.hits)
        passages = self._store.passages([name for name, _ in best.values()])
        cards = self._store.cards(list(best))
        query.check_deadline()
        found = []
        for document, (name, score) in best.items():
            card, passage = cards[document], passages[name]
            match = _match(terms, passage.normal)
            if match >= MIN_MATCH and self._shown(card):
                total = score * (1 - MATCH_SHARE + MATCH_SHARE * match)
                standing = card.standing(self._on)
                found.append(_Candidate(document, card, passage, total, match, standing))
        floor = MIN_SHARE * max((one.score for one in found), default=0.0)
        found = sorted((one for one in found if one.score >= floor), key=_order)
        return found[:MAX_DEPTH], len(found) > MAX_DEPTH

    def _hits(self, text: str, page: list[_Candidate]) -> tuple[Hit, ...]:
        """One page of results, ready to show."""
        documents = self._store.documents([candidate.document for candidate in page])
        words = self._analyzer.content_words(text)
        marked = self._marked(words)
        return tuple(self._hit(documents[c.document], c, words, marked) for c in page)

    def _marked(self, words: list[str]) -> list[str]:
        """What is marked in snippets: words and their parts, synonyms, lone characters."""
        terms = self._analyzer.query(" ".join(words))
        return [term.text for term in terms if len(term.text) > 1 or term.text in words]

    def _hit(
        self, document: Stored, candidate: _Candidate, words: list[str], marked: list[str]
    ) -> Hit:
        passage = candidate.passage
        normalize = self._analyzer.normalize
        return Hit(
            document=document,
            passage=passage,
            score=candidate.score,
            match=candidate.match,
            standing=candidate.standing,
            title=snippet(document.title, marked, normalize, length=200),
            # A similar question is searched, not shown: its entry begins with the answer.
            snippet=snippet(passage.body or document.sections[0].text, marked, normalize),
            complete=all(self._holds(passage.normal, word) for word in words),
        )

    def _holds(self, normal: str, word: str) -> bool:
        """Whether a text holds a word or one of its synonyms."""
        return word in normal or any(s in normal for s in self._analyzer.synonyms(word))

    def _answer(self, text: str, found: list[_Candidate]) -> Stored | None:
        """The valid FAQ entry that is about what the question is about, if it comes first.

        It must be called by at least one of the question's words, and no second entry may be
        close: a bare subject does not say which of its entries is meant.
        """
        top = found[0] if found else None
        if top is None or top.card.kind is not Kind.FAQ or top.standing is not Standing.CURRENT:
            return None
        rival = next((one for one in found[1:] if one.card.kind is Kind.FAQ), None)
        if rival and rival.score > MAX_RIVAL * top.score:
            return None
        words = self._analyzer.content_words(text)
        if not any(len(word) > 1 and self._holds(top.card.names, word) for word in words):
            return None
        named, said = (self._fit(words, text) for text in (top.card.names, top.passage.normal))
        if (named + said) / 2 < MIN_FIT:
            return None
        return self._store.documents([top.document])[top.document]

    def _fit(self, words: Sequence[str], normal: str) -> float:
        """How much of what a query is about a text is about, too, 0 to 1.

        Every content word counts by how few documents hold it; one that the library does not know
        at all counts most. A word that is not there as a whole counts by its characters, less.
        """
        documents = self._store.count()
        frequencies = self._store.frequencies(words)
        total = held = 0.0
        for word in words:
            worth = math.log(1 + documents / (0.5 + frequencies.get(word, 0)))
            total += worth
            if self._holds(normal, word):
                held += worth
            else:
                held += worth * PART_OF_WORD * sum(c in normal for c in word) / len(word)
        return held / total if total else 0.0


def _group(hits: Iterable[tuple[str, float]]) -> dict[str, tuple[str, float]]:
    """The best passage of each document, and the document's score.

    Args:
        hits: passages' ids (document, slash, name) and scores, best first.
    """
    scores: dict[str, list[float]] = {}
    best: dict[str, str] = {}
    for name, score in hits:
        document = name.partition("/")[0]
        best.setdefault(document, name)
        scores.setdefault(document, []).append(score)
    return {
        document: (name, scores[document][0] + MORE_PASSAGES * sum(scores[document][1:3]))
        for document, name in best.items()
    }


def _match(terms: Sequence[WeightedTerm], normal: str) -> float:
    """How much of a query a text holds, by the weights of its terms, 0 to 1."""
    total = sum(term.weight for term in terms)
    return sum(term.weight for term in terms if term.text in normal) / total


def _facets(found: list[_Candidate]) -> dict[str, tuple[tuple[str, int], ...]]:
    """For each filter its values, with how many results have them, most first."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in KEYWORDS}
    for candidate in found:
        for name, values in candidate.card.keywords.items():
            counts[name].update(values)
    return {
        name: tuple(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
        for name, counter in counts.items()
        if counter
    }


def check_request(request: Request) -> None:
    """Refuses what is over the limits, before anything is asked of an engine.

    Raises:
        QueryRefused: it is too long, has too many words, or asks for too large or deep a page.
    """
    if len(request.text) > MAX_CHARACTERS:
        raise QueryRefused(f"问题有 {len(request.text)} 个字符，最多 {MAX_CHARACTERS} 个；请缩短。")
    if len(request.text.split()) > MAX_TOKENS:
        raise QueryRefused(
            f"问题用空格分成了 {len(request.text.split())} 个词，最多 {MAX_TOKENS} 个；请减少。"
        )
    if not 1 <= request.size <= MAX_SIZE:
        raise QueryRefused(f"size 是 {request.size}，应当在 1 到 {MAX_SIZE} 之间。")
    if request.page < 1 or request.page * request.size > MAX_DEPTH:
        raise QueryRefused(
            f"page 是 {request.page}，超出范围；page × size 最多到第 {MAX_DEPTH} 条。"
        )
    unknown = sorted(set(request.filters) - set(KEYWORDS))
    if unknown:
        raise QueryRefused(f"没有筛选条件 {unknown[0]}；可用：{'、'.join(KEYWORDS)}。")


def _order(found: _Candidate) -> tuple[bool, float, str]:
    """Valid documents before all others, then by score."""
    return found.standing is not Standing.CURRENT, -found.score, found.document
