"""Query → results: limits, ranking, grouping by document, snippets, facets, the answer.

The service and the command line both ask here, so they give the same results.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from casebook.documents import Kind, Standing
from casebook.errors import QueryRefused
from search.engines.base import KEYWORDS, Query
from search.generations import Generation
from search.passages import Passage
from search.snippets import snippet
from search.store import Stored

MAX_CHARACTERS = 200
MAX_TOKENS = 16
MAX_SIZE = 50
MAX_DEPTH = 200
SECONDS = 1.0
# A document is a result when its best passage and title hold this share of the query's words.
MIN_COVERAGE = 0.5
WEIGHTS = {"heading": 2.0, "body": 1.0}
# The approved answer is what most calls need; a case or a rule stands behind it.
KIND_FACTORS = {Kind.FAQ: 1.15, Kind.CASE: 1.0, Kind.POLICY: 0.95}
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
        standing: whether it holds today.
        title: its title as escaped HTML with marks.
        snippet: text around the match as escaped HTML with marks.
        complete: whether it holds every word of the query.
    """

    document: Stored
    passage: Passage
    score: float
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
        more: whether there may be others beyond ``total``.
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
        self._generation = generation
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
        page = found[start : start + request.size]
        answer = self._answer(request.text, found) if not request.filters.get("level") else None
        return Results(
            request=request,
            hits=tuple(page),
            total=len(found),
            more=more,
            answer=answer,
            facets=self._facets(found),
            took_ms=(self._clock() - started) * 1000,
        )

    def document(self, document_id: str) -> Stored | None:
        """The document of that id, None when this audience has none such today."""
        found = self._generation.store.documents([document_id]).get(document_id)
        return found if found and self._shown(found) else None

    def _shown(self, document: Stored) -> bool:
        return self._internal or document.standing(self._on) is Standing.CURRENT

    def _found(self, request: Request, started: float) -> tuple[list[Hit], bool]:
        """Every result within the depth, best first."""
        analyzer = self._generation.analyzer
        terms = analyzer.query(request.text)
        if not terms:
            return [], False
        query = Query(
            tuple(terms), WEIGHTS, request.filters, _CANDIDATES, deadline=started + SECONDS
        )
        ranked = self._generation.index.search(query)
        passages = self._generation.store.passages([name for name, _ in ranked.hits])
        best = self._best(ranked.hits, passages)
        documents = self._generation.store.documents(list(best))
        query.check_deadline()
        words = analyzer.content_words(request.text)
        hits = [
            hit
            for name, (score, passage) in best.items()
            if (document := documents.get(name)) and self._shown(document)
            for hit in [self._hit(document, passage, score, words)]
            if hit
        ]
        hits.sort(key=_order)
        return hits[:MAX_DEPTH], ranked.total > _CANDIDATES or len(hits) > MAX_DEPTH

    def _best(
        self, ranked: Iterable[tuple[str, float]], passages: Mapping[str, Passage]
    ) -> dict[str, tuple[float, Passage]]:
        """The best passage of each document, in the order of their scores."""
        best: dict[str, tuple[float, Passage]] = {}
        for name, score in ranked:
            passage = passages[name]
            if passage.document not in best:
                best[passage.document] = (score, passage)
        return best

    def _hit(
        self, document: Stored, passage: Passage, score: float, words: list[str]
    ) -> Hit | None:
        analyzer = self._generation.analyzer
        text = analyzer.normalize(f"{document.title} {passage.heading} {passage.body}")
        related = {word: analyzer.synonyms(word) for word in words}
        present = [w for w in words if w in text or any(s in text for s in related[w])]
        if len(present) < MIN_COVERAGE * len(words):
            return None
        marked = [term.text for term in analyzer.query(" ".join(words)) if len(term.text) > 1]
        marked += [word for word in words if len(word) == 1]
        body = passage.body or passage.heading
        return Hit(
            document=document,
            passage=passage,
            score=score * KIND_FACTORS[document.kind] * (0.6 + 0.4 * len(present) / len(words)),
            standing=document.standing(self._on),
            title=snippet(document.title, marked, analyzer.normalize, length=200),
            snippet=snippet(body, marked, analyzer.normalize),
            complete=len(present) == len(words),
        )

    def _answer(self, text: str, found: list[Hit]) -> Stored | None:
        """The valid FAQ entry whose question is the one asked, if there is one."""
        top = next((hit for hit in found if hit.standing is Standing.CURRENT), None)
        if top is None or top.document.kind is not Kind.FAQ:
            return None
        return top.document if self._likeness(text, top) >= MIN_LIKENESS else None

    def _likeness(self, text: str, hit: Hit) -> float:
        """How much of the query the entry's question holds, 0 to 1; stop words count little."""
        analyzer = self._generation.analyzer
        held = set(analyzer.terms(f"{hit.document.title} {hit.passage.heading}"))
        terms = [term for term in analyzer.query(text) if term.text in analyzer.terms(text)]
        total = sum(term.weight for term in terms)
        return sum(term.weight for term in terms if term.text in held) / total if total else 0.0

    def _facets(self, found: list[Hit]) -> dict[str, tuple[tuple[str, int], ...]]:
        counts: dict[str, Counter[str]] = {name: Counter() for name in KEYWORDS}
        for hit in found:
            for name, values in hit.document.keywords.items():
                counts[name].update(values)
        return {
            name: tuple(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
            for name, counter in counts.items()
            if counter
        }


MIN_LIKENESS = 0.6


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


def _order(hit: Hit) -> tuple[bool, float, str]:
    """Valid documents before all others, then by score."""
    return hit.standing is not Standing.CURRENT, -hit.score, hit.document.id
