"""Questions of an assistant → records, from one audience's index and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from html import unescape

from casebook.documents import Kind
from casebook.errors import QueryRefused
from search.assistants import records
from search.searcher import Hit, Request, Results, Searcher
from search.service import Service
from search.store import Reference, Stored

MOST_DUE = 200
MAX_DAYS = 366
_TAG = re.compile(r"<[^>]*>")


class Shelf:
    """One audience's library as an assistant reads it.

    Args:
        service: the audience's service.
        site: the address of the audience's site; empty where it has none.
    """

    def __init__(self, service: Service, site: str = "") -> None:
        self._service = service
        self._site = site and f"{site.rstrip('/')}/"

    @property
    def knows_reviews(self) -> bool:
        """Whether the audience sees when documents are due: the widest one does."""
        return self._service.config.internal

    def search(self, query: str, kind: str | None = None, page: int = 1) -> records.Found:
        """Documents that match, the best first.

        Raises:
            QueryRefused: the query is over its limits, or there is no such kind.
            SearchError: the index cannot be asked.
        """
        results = self._ask(query, kind, page)
        return records.Found(
            total=results.total,
            hits=[self._hit(hit) for hit in results.hits],
            did_you_mean=results.correction,
            notices=_notices(results),
        )

    def answer(self, question: str) -> records.Answer:
        """The unified answer to a question, word for word, with the rules that it rests on.

        Raises:
            QueryRefused: the question is over its limits.
            SearchError: the index cannot be asked.
        """
        results = self._ask(question, Kind.FAQ.value, 1)
        found = results.answer
        with self._service.searcher() as searcher:
            sources = self._sources(found.references, searcher) if found else []
        return records.Answer(
            found=found is not None,
            answer=self._document(found) if found else None,
            sources=sources,
            notices=_notices(results),
        )

    def document(self, document_id: str) -> records.Document:
        """A document of that id, as far as the audience may read it.

        Raises:
            QueryRefused: there is none.
        """
        with self._service.searcher() as searcher:
            return self._document(_known(searcher, document_id))

    def citations(self, document_id: str) -> records.Citations:
        """What a document rests on, article by article, and what rests on it.

        Raises:
            QueryRefused: there is no document of that id.
        """
        with self._service.searcher() as searcher:
            found = _known(searcher, document_id)
            return records.Citations(
                id=found.id,
                rests_on=self._sources(found.references, searcher),
                cited_by=self._sources(found.cited_by, searcher),
            )

    def due(self, days: int = 30) -> records.DueList:
        """What is to be reviewed or ends within some days, and what is overdue.

        Args:
            days: how far ahead, 0 to ``MAX_DAYS``.

        Raises:
            QueryRefused: the number of days is out of range.
        """
        if not 0 <= days <= MAX_DAYS:
            raise QueryRefused(f"days 写 0 到 {MAX_DAYS} 之间的整数，收到的是 {days}。")
        on = self._service.config.today()
        by = on + timedelta(days=days)
        with self._service.searcher() as searcher:
            found = searcher.due(by)
        due = [one for document in found for one in self._due(document, on, by)]
        due.sort(key=lambda one: (one.day, one.id))
        return records.DueList(on=on, documents=due[:MOST_DUE])

    def _ask(self, query: str, kind: str | None, page: int) -> Results:
        if kind not in (None, *Kind):
            known = "、".join(Kind)
            raise QueryRefused(f"kind 写 {known} 里的一个，收到的是“{str(kind)[:20]}”。")
        if not query.strip():
            raise QueryRefused("问题是空的；写上客户问的话。")
        filters = {"kind": (kind,)} if kind else {}
        return self._service.search(Request(query, filters, page), "mcp")

    def _hit(self, hit: Hit) -> records.Hit:
        document = hit.document
        return records.Hit(
            id=document.id,
            kind=document.kind.value,
            title=document.title,
            excerpt=unescape(_TAG.sub("", hit.snippet)),
            standing=hit.standing.value,
            missing=list(hit.missing),
            url=self._url(document.url),
        )

    def _document(self, document: Stored) -> records.Document:
        return records.Document(
            id=document.id,
            kind=document.kind.value,
            title=document.title,
            standing=document.standing(self._service.config.today()).value,
            subject=document.subject or "",
            owner=document.owner,
            approved_on=document.approved_on,
            effective_from=document.effective_from,
            effective_until=document.effective_until,
            url=self._url(document.url),
            sections=[
                records.Section(heading=section.heading, text=section.text)
                for section in document.sections
            ],
        )

    def _sources(self, references: Iterable[Reference], searcher: Searcher) -> list[records.Source]:
        return [self._source(reference, searcher) for reference in references]

    def _source(self, reference: Reference, searcher: Searcher) -> records.Source:
        anchor = reference.url.partition("#")[2]
        document = searcher.document(reference.id) if anchor else None
        sections = document.sections if document else ()
        text, key = next(((s.text, s.key) for s in sections if s.anchor == anchor), ("", ""))
        return records.Source(
            id=f"{reference.id}#{key}" if key else reference.id,
            title=reference.title,
            text=text,
            url=self._url(reference.url),
        )

    def _due(self, document: Stored, on: date, by: date) -> Iterable[records.Due]:
        for what, day in (("review", document.review_by), ("end", document.effective_until)):
            if day and day <= by:
                yield records.Due(
                    id=document.id,
                    title=document.title,
                    owner=document.owner,
                    day=day,
                    what=what,
                    past=day < on,
                    url=self._url(document.url),
                )

    def _url(self, path: str) -> str:
        return f"{self._site}{path}" if self._site else ""


def _known(searcher: Searcher, document_id: str) -> Stored:
    found = searcher.document(document_id)
    if found is None:
        raise QueryRefused(f"没有编号是“{document_id[:80]}”的文档，或者这个受众看不到它。")
    return found


def _notices(results: Results) -> list[records.Notice]:
    return [
        records.Notice(title=one.title, text=one.text, ends=one.ends.isoformat())
        for one in results.notices
    ]
