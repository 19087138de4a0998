"""Query → results: limits, ranking, grouping by document, snippets, facets, the answer.

The service and the command line both ask here, so they give the same results.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from pyroaring import BitMap

from casebook.documents import Kind, Standing
from casebook.errors import QueryRefused
from search.analysis import Question, WeightedTerm
from search.engines.base import Hits, Query
from search.generations import Generation
from search.likeness import Likeness
from search.matching import Matching, match
from search.notices import Notice
from search.passages import KEYWORDS
from search.slips import correction, heard_words
from search.snippets import snippet
from search.sound import spelling
from search.store import Card, Stored, StoredPassage

MAX_CHARACTERS = 200
MAX_TOKENS = 16
MAX_SIZE = 50
MAX_DEPTH = 200
SECONDS = 1.0
# What a document's second and third best passages add to its score.
MORE_PASSAGES = 0.1
# A document this much alike is a result, whatever words it holds: it may say the same otherwise.
ALIKE = 0.4
# How much it says for an answer that it holds the question's words, and that no other is close.
_FIT_COVERAGE = 0.25
_FIT_LEAD = 0.3
# Passages that are asked of the engine and compared with the query one by one.
_CANDIDATES = 80
# Passages that are asked for beyond the first pages; documents have several.
_DEEP_CANDIDATES = 1000
_FIRST_RESULTS = 20


@dataclass(frozen=True)
class Request:
    """What somebody asks.

    Attributes:
        text: what was typed.
        filters: values by name of ``KEYWORDS``.
        page: from 1.
        size: results on a page, 1 to ``MAX_SIZE``.
        explain: whether each hit says how its score came about.
    """

    text: str
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    page: int = 1
    size: int = 10
    explain: bool = False


@dataclass(frozen=True)
class TermScore:
    """What a term of the query adds to a hit.

    Attributes:
        term: the term.
        weight: how much it counts.
        score: its BM25 times its weight, in the hit's best passage.
    """

    term: WeightedTerm
    score: float

    @property
    def shown(self) -> str:
        """The term as people read it: syllables as pinyin."""
        return spelling(self.term.text) if self.term.field == "sound" else self.term.text


@dataclass(frozen=True)
class Explanation:
    """How a hit's score came about: ``(terms + likeness + coverage + asked) × factors``.

    Attributes:
        terms: the score of its terms as a share of the best document's, 0 to 1.
        likeness: what the likeness of query and question adds.
        coverage: what it adds how much of the query the document holds.
        asked: what it adds that the entry has similar questions.
        factors: what the sum is multiplied by, by name of the setting.
        matched: the terms of its best passage; None where that was not asked for.
    """

    terms: float
    likeness: float
    coverage: float
    asked: float
    factors: Mapping[str, float]
    matched: tuple[TermScore, ...] | None = None


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
        missing: the words of the query that it does not hold.
        synonyms: words of the query, each with the glossary's word for it that it holds.
        explanation: how its score came about, if that was asked for.
    """

    document: Stored
    passage: StoredPassage
    score: float
    standing: Standing
    title: str
    snippet: str
    missing: tuple[str, ...]
    synonyms: tuple[tuple[str, str], ...]
    explanation: Explanation | None = None

    @property
    def complete(self) -> bool:
        """Whether it holds every word of the query."""
        return not self.missing


@dataclass(frozen=True)
class Results:
    """What a query found.

    Attributes:
        request: what was asked.
        hits: one page of results, valid documents first.
        total: how many documents were found; the first ``MAX_DEPTH`` can be listed.
        complete: how many of them hold every word.
        answer: the FAQ entry that answers the question, if one fits.
        facets: for each filter, its values with the number of results, most first.
        correction: the query without what looks like a slip, if there is one.
        took_ms: milliseconds from query to results.
        degraded: whether a substitute index answered, because the usual one is away.
        notices: the incidents that the question may be about.
        question: the question's id in the journal; empty where none is kept.
    """

    request: Request
    hits: tuple[Hit, ...]
    total: int
    complete: int
    answer: Stored | None
    facets: Mapping[str, tuple[tuple[str, int], ...]]
    correction: str | None
    took_ms: float
    degraded: bool = False
    notices: tuple[Notice, ...] = ()
    question: str = ""

    @property
    def more(self) -> bool:
        """Whether there are more than can be listed."""
        return self.total > MAX_DEPTH

    @property
    def asked(self) -> tuple[str, ...]:
        """The question as it was typed, and as it was probably meant."""
        return tuple(filter(None, (self.request.text, self.correction)))

    @property
    def subject(self) -> str:
        """The subject of the answer, or else of the best result: what is asked about."""
        best = self.answer or (self.hits[0].document if self.hits else None)
        return (best.subject if best else None) or ""


@dataclass(frozen=True)
class _Candidate:
    """A document that may be a result, before it is made ready to show."""

    card: Card
    passage: int
    score: float
    likeness: float
    dice: float
    coverage: float
    current: bool
    explanation: Explanation


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
        question = self._analyzer.query(request.text)
        heard = heard_words(question, self._analyzer, self._store)
        meant = correction(question, heard)
        question = self._analyzer.heard(question, tuple(heard.values()), meant)
        query = Query(question.terms, limit=_CANDIDATES, deadline=started + SECONDS)
        matching = match(question, self._store, self._allowed())
        found, results = self._found(request, question, query, matching)
        start = (request.page - 1) * request.size
        page = found[start : start + request.size]
        if request.explain:
            page = self._explained(query, page)
        complete = results & matching.complete
        return Results(
            request=request,
            hits=self._hits(question, matching, page),
            total=len(results),
            complete=len(complete),
            answer=self._answer(found),
            facets=self._facets(results),
            correction=meant,
            took_ms=(self._clock() - started) * 1000,
            degraded=query.answered.degraded,
        )

    def _found(
        self, request: Request, question: Question, query: Query, matching: Matching
    ) -> tuple[list[_Candidate], BitMap]:
        """The results within the depth, best first, and the numbers of all results."""
        found = self._ranked(question, query, matching, self._allowed())
        results = matching.matched | BitMap(c.card.number for c in found if c.likeness >= ALIKE)
        if request.filters:
            query = replace(query, filters=request.filters)
            results = self._filtered(results, request.filters)
            found = self._ranked(question, query, matching, results)
        found = [one for one in found if one.card.number in results]
        # What the first pages show stays where it is, whatever is found for later ones.
        first = min(_FIRST_RESULTS, sum(one.current for one in found))
        if request.page * request.size > first and len(found) < len(results):
            rest = results - BitMap(one.card.number for one in found)
            deeper = replace(query, limit=_DEEP_CANDIDATES)
            found += self._ranked(question, deeper, matching, rest)
            found[first:] = sorted(found[first:], key=_order)
        return found[:MAX_DEPTH], results

    def document(self, document_id: str) -> Stored | None:
        """The document of that id, None when this audience has none such today."""
        number = self._store.number(document_id)
        if number is None or number not in self._allowed():
            return None
        return self._store.documents([number])[number]

    def due(self, by: date) -> list[Stored]:
        """The documents whose review or end is on a day or before it, as far as they are shown."""
        allowed = self._allowed()
        numbers = [number for number in self._store.due(by) if number in allowed]
        return list(self._store.documents(numbers).values())

    def _allowed(self) -> BitMap:
        """The documents that may be shown."""
        return self._store.alive if self._internal else self._store.current(self._on)

    def _filtered(self, numbers: BitMap, filters: Mapping[str, tuple[str, ...]]) -> BitMap:
        """Those of some documents that have one of the values of each filter."""
        for name, values in filters.items():
            known = self._store.facets.get(name, {})
            numbers = numbers & BitMap.union(*(known.get(value, BitMap()) for value in values))
        return numbers

    def _ranked(
        self, question: Question, query: Query, matching: Matching, among: BitMap
    ) -> list[_Candidate]:
        """The documents that the engine finds, as far as they are among some, best first."""
        hits = self._index.search(query) if query.terms and among else ()
        grouped = self._group(hits)
        top = max((score for _, score in grouped.values()), default=0.0) or 1.0
        best = {number: found for number, found in grouped.items() if number in among}
        cards = self._store.cards(list(best))
        query.check_deadline()
        likeness = Likeness(question, self._store.ranking.other_question)
        current = self._store.current(self._on)
        found = []
        for number, (passage, score) in best.items():
            alike, dice = likeness.best(cards[number].sounds)
            held = matching.coverage(number)
            parts = self._parts(question, cards[number], score / top, alike, held)
            total = parts.terms + parts.likeness + parts.coverage + parts.asked
            for factor in parts.factors.values():
                total *= factor
            found.append(
                _Candidate(
                    cards[number], passage, total, alike, dice, held, number in current, parts
                )
            )
        return sorted(found, key=_order)

    def _group(self, hits: Hits) -> dict[int, tuple[int, float]]:
        """The best passage of each document, and the document's score."""
        scores: dict[int, list[float]] = {}
        best: dict[int, int] = {}
        owners = self._store.owners([passage for passage, _ in hits])
        for document, (passage, score) in zip(owners, hits, strict=True):
            best.setdefault(document, passage)
            scores.setdefault(document, []).append(score)
        return {
            document: (passage, scores[document][0] + MORE_PASSAGES * sum(scores[document][1:3]))
            for document, passage in best.items()
        }

    def _parts(
        self, question: Question, card: Card, share: float, alike: float, held: float
    ) -> Explanation:
        """What a document's score is made of."""
        counts = self._store.ranking
        times = counts.likeness_listed if question.listed else counts.likeness
        if question.patterns and question.letters:
            times = counts.likeness_pinyin
        factors: dict[str, float] = {card.kind: getattr(counts, card.kind)}
        if card.review_by and card.review_by < self._on.isoformat():
            factors["overdue"] = counts.overdue
        if (self._on - date.fromisoformat(card.approved_on)).days > counts.old_days:
            factors["old"] = counts.old
        # What sounds alike says little; then it counts which of two is asked more often.
        asked = counts.asked if question.patterns and len(card.questions) > 1 else 0.0
        return Explanation(share, times * alike, counts.coverage * held, asked, factors)

    def _explained(self, query: Query, page: list[_Candidate]) -> list[_Candidate]:
        """The candidates with the score of each term in their best passage."""
        among = tuple(sorted(one.passage for one in page))
        scores: dict[int, list[TermScore]] = {passage: [] for passage in among}
        for term in query.terms:
            asked = replace(query, terms=(term,), among=among, limit=max(1, len(among)))
            for passage, score in self._index.search(asked) if among else ():
                scores[passage].append(TermScore(term, score))
        return [
            replace(
                one,
                explanation=replace(
                    one.explanation,
                    matched=tuple(sorted(scores[one.passage], key=lambda part: -part.score)),
                ),
            )
            for one in page
        ]

    def _hits(
        self, question: Question, matching: Matching, page: list[_Candidate]
    ) -> tuple[Hit, ...]:
        """One page of results, ready to show."""
        documents = self._store.documents([one.card.number for one in page])
        passages = self._store.passages([one.passage for one in page])
        words = [need.word for need in question.needs[0]] if question.needs else []
        others = [other for _, other in matching.synonyms]
        parts = [term for word in words for term in self._analyzer.terms(word)]
        marked = [*words, *parts, *others]
        return tuple(
            self._hit(documents[one.card.number], passages[one.passage], one, matching, marked)
            for one in page
        )

    def _hit(
        self,
        document: Stored,
        passage: StoredPassage,
        candidate: _Candidate,
        matching: Matching,
        marked: list[str],
    ) -> Hit:
        normalize = self._analyzer.normal_character
        number = candidate.card.number
        explained = candidate.explanation.matched is not None
        complete = number in matching.complete
        return Hit(
            document=document,
            passage=passage,
            score=candidate.score,
            standing=document.standing(self._on),
            title=snippet(document.title, marked, normalize, length=200),
            snippet=snippet(passage.body or document.sections[0].text, marked, normalize),
            missing=()
            if complete
            else tuple(word for word, held in matching.held.items() if number not in held),
            synonyms=tuple(
                typed_and_found
                for typed_and_found, held in matching.synonyms.items()
                if number in held
            ),
            explanation=candidate.explanation if explained else None,
        )

    def _facets(self, results: BitMap) -> dict[str, tuple[tuple[str, int], ...]]:
        """For each filter its values, with how many results have them, most first."""
        found = {}
        for name in KEYWORDS:
            counts = [
                (value, count)
                for value, numbers in self._store.facets.get(name, {}).items()
                if (count := results.intersection_cardinality(numbers))
            ]
            if counts:
                found[name] = tuple(sorted(counts, key=lambda item: (-item[1], item[0])))
        return found

    def _answer(self, found: Sequence[_Candidate]) -> Stored | None:
        """The valid FAQ entry that says what the question asks, if one fits well enough.

        It fits the better the more alike they sound, the more of the question's words it holds
        and the further the next entry is behind.
        """
        entries = [one for one in found if one.current and one.card.kind == Kind.FAQ.value]
        if not entries:
            return None
        best = entries[0]
        lead = 1 - entries[1].score / best.score if len(entries) > 1 else 1.0
        fit = best.dice + _FIT_COVERAGE * best.coverage + _FIT_LEAD * lead
        if fit < self._store.ranking.answer:
            return None
        return self._store.documents([best.card.number])[best.card.number]


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
    return not found.current, -found.score, found.card.id
