"""What the service shows of documents, kept beside the engine's index: one SQLite file.

It is written once, with its generation, and only read afterwards.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from casebook.documents import (
    Case,
    Document,
    Kind,
    Standing,
    standing,
)
from casebook.errors import SearchError
from casebook.library import View
from casebook.markup import link_documents, plain_text
from casebook.pages import kind_facts, page_url
from casebook.settings import Term
from search.passages import Passage

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id TEXT PRIMARY KEY, card TEXT NOT NULL, record TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE passages (
    id TEXT PRIMARY KEY, document TEXT NOT NULL, anchor TEXT NOT NULL,
    heading TEXT NOT NULL, body TEXT NOT NULL, normal TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE terms (term TEXT PRIMARY KEY, documents INTEGER NOT NULL) WITHOUT ROWID;
"""
# SQLite's own bound on the number of parameters is far above this.
_BATCH = 500


@dataclass(frozen=True)
class StoredSection:
    """A section as it is shown: Chinese heading, clean HTML, plain text."""

    key: str
    anchor: str
    heading: str
    html: str
    text: str


@dataclass(frozen=True)
class Reference:
    """A pointer to another document: its id, what to call it, its page."""

    id: str
    title: str
    url: str


@dataclass(frozen=True)
class Stored:
    """A document as the service shows it.

    Attributes:
        id: its id.
        kind: ``case``, ``faq`` or ``policy``.
        title: its title.
        owner: the team that answers for it.
        subject: a path of the taxonomy, or None.
        approved_on: when it was last approved.
        review_by: when it is due for review; None where the audience does not see it.
        effective_from: the first day it holds, if it has one.
        effective_until: the last day it holds, if it has one.
        url: its page, relative to the site's root.
        facts: further facts by Chinese name, in order.
        keywords: what it can be filtered by.
        sections: what the audience may read of it.
        references: what it rests on and links to.
        cited_by: what rests on it or links to it.
    """

    id: str
    kind: Kind
    title: str
    owner: str
    subject: str | None
    approved_on: date
    review_by: date | None
    effective_from: date | None
    effective_until: date | None
    url: str
    facts: dict[str, str]
    keywords: dict[str, tuple[str, ...]]
    sections: tuple[StoredSection, ...]
    references: tuple[Reference, ...]
    cited_by: tuple[Reference, ...]

    def standing(self, on: date) -> Standing:
        """Whether it holds on a day."""
        return standing(self.effective_from, self.effective_until, on)

    def review_due(self, on: date) -> bool:
        """Whether its review date has passed."""
        return self.review_by is not None and on > self.review_by


@dataclass(frozen=True)
class Card:
    """What ranking and counting need of a document.

    Attributes:
        kind: its kind.
        effective_from: the first day it holds, if it has one.
        effective_until: the last day it holds, if it has one.
        keywords: what it can be filtered by.
        names: what it is called (title, similar questions, tags), in normal form.
    """

    kind: Kind
    effective_from: date | None
    effective_until: date | None
    keywords: dict[str, tuple[str, ...]]
    names: str

    def standing(self, on: date) -> Standing:
        """Whether it holds on a day."""
        return standing(self.effective_from, self.effective_until, on)


@dataclass(frozen=True)
class StoredPassage:
    """A passage as it was indexed.

    Attributes:
        id: its id.
        document: its document's id.
        anchor: where it stands on the document's page.
        heading: its own question or heading.
        body: its text.
        normal: what it is found by (its document's names, heading, body), in normal form.
    """

    id: str
    document: str
    anchor: str
    heading: str
    body: str
    normal: str


def stored(document: Document, view: View, keywords: dict[str, tuple[str, ...]]) -> Stored:
    """A document as the service shows it."""
    policies = [(citation.policy, citation.article) for citation in document.policies]
    names = [(name, None) for name in document.faq] if isinstance(document, Case) else []
    return Stored(
        id=document.id,
        kind=document.kind,
        title=document.title,
        owner=document.owner,
        subject=document.subject,
        approved_on=document.approved_on,
        review_by=document.review_by,
        effective_from=document.effective_from_or_none,
        effective_until=document.effective_until_or_none,
        url=page_url(document),
        facts=dict(kind_facts(document)),
        keywords=keywords,
        sections=tuple(
            StoredSection(
                section.key,
                section.anchor,
                section.heading,
                link_documents(section.html, lambda name, article: _address(view, name, article)),
                plain_text(section.html),
            )
            for section in document.sections
        ),
        references=tuple(
            reference
            for name, article in (*policies, *names)
            if (reference := _reference(view, name, article))
        ),
        cited_by=tuple(
            Reference(other.id, other.title, page_url(other)) for other in view.citing(document.id)
        ),
    )


def _address(view: View, name: str, article: str | None) -> str | None:
    """The address of a document on the site that the service serves."""
    document = view.get(name)
    if document is None:
        return None
    section = document.section(article) if article else None
    return f"/site/{page_url(document, section.anchor if section else '')}"


def _reference(view: View, name: str, article: str | None) -> Reference | None:
    document = view.get(name)
    if document is None:
        return None
    section = document.section(article) if article else None
    title = f"{document.title} {section.heading}" if section else document.title
    return Reference(name, title, page_url(document, section.anchor if section else ""))


def write_store(
    file: Path,
    view: View,
    rows: Sequence[Passage],
    normalize: Callable[[str], str],
    frequencies: Mapping[str, int],
) -> None:
    """Writes a new store.

    Args:
        file: does not exist yet.
        view: whose documents and words it holds.
        rows: the view's passages.
        normalize: the analyzer's normal form.
        frequencies: in how many documents each term stands.
    """
    keywords = {row.document: row.keywords for row in rows}
    names = {row.document: row.names for row in rows}
    meta = {"terms": [term.model_dump() for term in view.settings.glossary.terms]}
    with sqlite3.connect(file) as database:
        database.executescript(_SCHEMA)
        database.executemany(
            "INSERT INTO meta VALUES (?, ?)",
            ((name, json.dumps(value, ensure_ascii=False)) for name, value in meta.items()),
        )
        database.executemany(
            "INSERT INTO documents VALUES (?, ?, ?)",
            (
                _document_row(stored(d, view, keywords[d.id]), normalize(names[d.id]))
                for d in view.documents
            ),
        )
        database.executemany("INSERT INTO terms VALUES (?, ?)", frequencies.items())
        database.executemany(
            "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?)",
            ((p.id, p.document, p.anchor, p.heading, p.body, normalize(p.text)) for p in rows),
        )
    database.close()


def _document_row(document: Stored, names: str) -> tuple[str, str, str]:
    card = Card(
        document.kind, document.effective_from, document.effective_until, document.keywords, names
    )
    return document.id, _json(card), _json(document)


def _json(record: Card | Stored) -> str:
    return json.dumps(asdict(record), ensure_ascii=False, default=str)


class Store:
    """An open store; many threads may read it at once.

    Args:
        file: what ``write_store`` wrote.

    Raises:
        SearchError: it cannot be read.
    """

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        address = f"{file.absolute().as_uri()}?mode=ro&immutable=1"
        try:
            self._database = sqlite3.connect(address, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise SearchError(f"文档库打不开：{error}") from None
        try:
            rows = self._rows("SELECT name, value FROM meta")
            self._meta: dict[str, Any] = {name: json.loads(value) for name, value in rows}
        except (SearchError, ValueError) as error:
            self._database.close()
            raise SearchError(f"文档库打不开：{error}") from None

    @property
    def terms(self) -> list[Term]:
        """The audience's glossary."""
        with _readable():
            return [Term.model_construct(**term) for term in self._meta["terms"]]

    def documents(self, ids: Sequence[str]) -> dict[str, Stored]:
        """The documents of these ids, without those that are not there."""
        rows = self._in("SELECT id, record FROM documents WHERE id IN ({})", ids)
        with _readable():
            return {name: _stored(json.loads(record)) for name, record in rows}

    def cards(self, ids: Sequence[str]) -> dict[str, Card]:
        """The cards of the documents of these ids."""
        rows = self._in("SELECT id, card FROM documents WHERE id IN ({})", ids)
        with _readable():
            return {name: Card(**_typed(json.loads(card))) for name, card in rows}

    def passages(self, ids: Sequence[str]) -> dict[str, StoredPassage]:
        """The passages of these ids."""
        rows = self._in(
            "SELECT id, document, anchor, heading, body, normal FROM passages WHERE id IN ({})",
            ids,
        )
        return {row[0]: StoredPassage(*row) for row in rows}

    def frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        """In how many documents each of these terms stands; those in none are left out."""
        return dict(self._in("SELECT term, documents FROM terms WHERE term IN ({})", terms))

    def count(self) -> int:
        """How many documents there are."""
        return int(self._rows("SELECT count(*) FROM documents")[0][0])

    def close(self) -> None:
        """Closes the file; may be called twice."""
        self._database.close()

    def _in(self, statement: str, ids: Sequence[str]) -> list[Any]:
        found: list[Any] = []
        for start in range(0, len(ids), _BATCH):
            batch = ids[start : start + _BATCH]
            found += self._rows(statement.format(",".join("?" * len(batch))), batch)
        return found

    def _rows(self, statement: str, values: Sequence[str] = ()) -> list[Any]:
        with _readable(), self._lock:
            return self._database.execute(statement, values).fetchall()


@contextmanager
def _readable() -> Iterator[None]:
    """Damaged rows and records become search errors."""
    try:
        yield
    except (sqlite3.Error, ValueError, TypeError, LookupError, AttributeError) as error:
        raise SearchError(f"文档库读不了：{error}") from None


def _typed(record: dict[str, Any]) -> dict[str, Any]:
    """A record of JSON with its dates, kind and tuples."""
    days = ("approved_on", "review_by", "effective_from", "effective_until")
    return {
        **record,
        **{name: date.fromisoformat(record[name]) for name in days if record.get(name)},
        "kind": Kind(record["kind"]),
        "keywords": {name: tuple(values) for name, values in record["keywords"].items()},
    }


def _stored(record: dict[str, Any]) -> Stored:
    return Stored(
        **{
            **_typed(record),
            "sections": tuple(StoredSection(**section) for section in record["sections"]),
            "references": tuple(Reference(**reference) for reference in record["references"]),
            "cited_by": tuple(Reference(**reference) for reference in record["cited_by"]),
        }
    )
