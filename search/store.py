"""What the service shows and counts of documents, kept beside the engine's index.

A store is a pile of layers, each a SQLite file that is written once and only read afterwards. The
first holds a whole view; each later one holds the documents that changed, and says which numbers of
the layers below no longer count. So one changed document costs one small file.

A document has a number, and each of its passages; a changed document gets new ones. Sets of
documents are bitmaps of their numbers, which makes counting over all of them cheap.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pyroaring import BitMap

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
from casebook.settings import Ranking, Term
from search.passages import Findable

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL,
    kind TEXT NOT NULL, effective_from TEXT, effective_until TEXT,
    approved_on TEXT NOT NULL, review_by TEXT,
    questions TEXT NOT NULL, sounds TEXT NOT NULL, record TEXT NOT NULL
);
CREATE TABLE passages (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, anchor TEXT NOT NULL,
    heading TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE postings (term TEXT PRIMARY KEY, documents BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE facets (
    name TEXT NOT NULL, value TEXT NOT NULL, documents BLOB NOT NULL, PRIMARY KEY (name, value)
) WITHOUT ROWID;
CREATE TABLE words (
    sound TEXT NOT NULL, word TEXT NOT NULL, documents INTEGER NOT NULL, PRIMARY KEY (sound, word)
) WITHOUT ROWID;
"""
# SQLite's own bound on the number of parameters is far above this.
_BATCH = 500
_MMAP = 1 << 30


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
        successors: the ids of what it is replaced by.
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
    successors: tuple[str, ...] = ()

    def standing(self, on: date) -> Standing:
        """Whether it holds on a day."""
        return standing(self.effective_from, self.effective_until, on)

    def review_due(self, on: date) -> bool:
        """Whether its review date has passed."""
        return self.review_by is not None and on > self.review_by


@dataclass(frozen=True)
class Card:
    """What ranking needs of a document.

    Attributes:
        number: its number in the store.
        id: its id.
        kind: its kind.
        effective_from: the first day it holds as ISO, if it has one.
        effective_until: the last day it holds as ISO, if it has one.
        approved_on: when it was last approved, ISO.
        review_by: when it is due for review as ISO, where the audience sees that.
        questions: its title, then a FAQ entry's similar questions.
        sounds: how each of them sounds, first as it is read, then with other readings.
    """

    number: int
    id: str
    kind: str
    effective_from: str | None
    effective_until: str | None
    approved_on: str
    review_by: str | None
    questions: tuple[str, ...]
    sounds: tuple[tuple[str, ...], ...]

    def standing(self, on: date) -> Standing:
        """Whether it holds on a day."""
        day = on.isoformat()
        if self.effective_from and day < self.effective_from:
            return Standing.UPCOMING
        if self.effective_until and day > self.effective_until:
            return Standing.ENDED
        return Standing.CURRENT


@dataclass(frozen=True)
class StoredPassage:
    """A passage as it was indexed.

    Attributes:
        number: its number.
        name: the section's key.
        anchor: where it stands on the document's page.
        heading: its own question or heading.
        body: its text.
    """

    number: int
    name: str
    anchor: str
    heading: str
    body: str


def stored(document: Document, view: View, keywords: dict[str, tuple[str, ...]]) -> Stored:
    """A document as the service shows it."""
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
        references=references(document, view),
        cited_by=tuple(
            Reference(other.id, other.title, page_url(other)) for other in view.citing(document.id)
        ),
        successors=tuple(other.id for other in view.replacing(document.id)),
    )


def references(document: Document, view: View) -> tuple[Reference, ...]:
    """What a document rests on and links to, as far as the view holds it."""
    policies = [(citation.policy, citation.article) for citation in document.policies]
    names = [(name, None) for name in document.faq] if isinstance(document, Case) else []
    return tuple(
        reference
        for name, article in (*policies, *names)
        if (reference := _reference(view, name, article))
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


@dataclass(frozen=True)
class Row:
    """A document on its way into a layer.

    Attributes:
        number: its number.
        fingerprint: changes whenever anything that is stored of it does.
        findable: the document.
        record: what is shown of it.
        sounds: how each of its questions sounds, readings parted by tabs.
        first_passage: the number of its first passage; the others follow.
        terms: every term that it is found by.
        words: its Chinese words, each after its sound.
    """

    number: int
    fingerprint: str
    findable: Findable
    record: Stored
    sounds: tuple[str, ...]
    first_passage: int
    terms: frozenset[str]
    words: frozenset[tuple[str, str]]


class LayerWriter:
    """Writes a new layer.

    Args:
        file: does not exist yet.
        first_document: the number of the first document, above all of the layers below.
        first_passage: the number of the first passage, likewise.
    """

    def __init__(self, file: Path, first_document: int = 0, first_passage: int = 0) -> None:
        self._database = sqlite3.connect(file)
        self._database.executescript(_SCHEMA)
        self._first = (first_document, first_passage)
        self._owners = array("I")
        self._postings: dict[str, array[int]] = defaultdict(lambda: array("I"))
        self._facets: dict[tuple[str, str], array[int]] = defaultdict(lambda: array("I"))
        self._words: dict[tuple[str, str], int] = defaultdict(int)
        self._documents = 0

    def add(self, row: Row) -> None:
        """Adds a document; rows come in the order of their numbers."""
        document, number = row.record, row.number
        self._database.execute(
            "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                document.id,
                row.fingerprint,
                document.kind.value,
                _iso(document.effective_from),
                _iso(document.effective_until),
                document.approved_on.isoformat(),
                _iso(document.review_by),
                "\n".join(row.findable.questions),
                "\n".join(row.sounds),
                json.dumps(asdict(document), ensure_ascii=False, default=str),
            ),
        )
        self._database.executemany(
            "INSERT INTO passages VALUES (?, ?, ?, ?, ?)",
            (
                (place, p.name, p.anchor, p.heading, p.body)
                for place, p in enumerate(row.findable.passages, row.first_passage)
            ),
        )
        self._owners.extend([number] * len(row.findable.passages))
        for term in row.terms:
            self._postings[term].append(number)
        for name, values in row.findable.keywords.items():
            for value in values:
                self._facets[name, value].append(number)
        for word in row.words:
            self._words[word] += 1
        self._documents += 1

    def finish(self, terms: Sequence[Term], ranking: Ranking, removed: Iterable[int] = ()) -> None:
        """Writes what belongs to the layer as a whole.

        Args:
            terms: the glossary that the view has now.
            ranking: how results are put in order from now on.
            removed: numbers of the layers below that no longer count.
        """
        first_document, first_passage = self._first
        meta = {
            "first_document": first_document,
            "documents": self._documents,
            "first_passage": first_passage,
            "owners": self._owners.tobytes(),
            "removed": BitMap(removed).serialize(),
            "terms": json.dumps([term.model_dump() for term in terms], ensure_ascii=False),
            "ranking": ranking.model_dump_json(),
        }
        write = self._database.executemany
        write("INSERT INTO meta VALUES (?, ?)", meta.items())
        write(
            "INSERT INTO postings VALUES (?, ?)",
            ((term, BitMap(self._postings[term]).serialize()) for term in sorted(self._postings)),
        )
        write(
            "INSERT INTO facets VALUES (?, ?, ?)",
            ((*key, BitMap(numbers).serialize()) for key, numbers in self._facets.items()),
        )
        write("INSERT INTO words VALUES (?, ?, ?)", ((*k, n) for k, n in self._words.items()))
        self._database.commit()

    def close(self) -> None:
        """Closes the file; one that was not finished is not to be used."""
        self._database.close()


class _Layer:
    """One open file of a store; many threads may read it at once."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        address = f"{file.absolute().as_uri()}?mode=ro&immutable=1"
        try:
            self._database = sqlite3.connect(address, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise SearchError(f"文档库打不开：{error}") from None
        try:
            self.rows(f"PRAGMA mmap_size = {_MMAP}")
            self.meta: dict[str, Any] = dict(self.rows("SELECT name, value FROM meta"))
            with _readable():
                self.first_document = int(self.meta["first_document"])
                self.first_passage = int(self.meta["first_passage"])
                self.documents = int(self.meta["documents"])
                self.owners = array("I", self.meta["owners"])
                self.removed = BitMap.deserialize(self.meta["removed"])
        except SearchError:
            self.close()
            raise

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        with _readable(), self._lock:
            return self._database.execute(statement, values).fetchall()

    def rows_in(self, statement: str, values: Sequence[Any]) -> list[Any]:
        found: list[Any] = []
        for start in range(0, len(values), _BATCH):
            batch = values[start : start + _BATCH]
            found += self.rows(statement.format(",".join("?" * len(batch))), batch)
        return found

    def close(self) -> None:
        self._database.close()


class Store:
    """An open store; many threads may read it at once.

    Args:
        files: its layers, the lowest first, at least one.

    Attributes:
        files: its layers.

    Raises:
        SearchError: it cannot be read.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = tuple(files)
        self._layers: list[_Layer] = []
        try:
            for file in files:
                self._layers.append(_Layer(file))
            self._begin()
        except SearchError:
            self.close()
            raise

    def _begin(self) -> None:
        self._starts = [layer.first_document for layer in self._layers]
        self._passage_starts = [layer.first_passage for layer in self._layers]
        self.alive = BitMap()
        for layer in self._layers:
            self.alive -= layer.removed
            first = layer.first_document
            self.alive |= BitMap(range(first, first + layer.documents))
        self._current: tuple[date, BitMap] | None = None
        with _readable():
            self.facets = self._read_facets()
            newest = self._layers[-1].meta
            self.terms = [Term.model_construct(**term) for term in json.loads(newest["terms"])]
            self.ranking = Ranking.model_validate_json(newest["ranking"])

    def _read_facets(self) -> dict[str, dict[str, BitMap]]:
        found: dict[str, dict[str, BitMap]] = defaultdict(lambda: defaultdict(BitMap))
        for layer in self._layers:
            for name, value, numbers in layer.rows("SELECT name, value, documents FROM facets"):
                found[name][value] |= BitMap.deserialize(numbers) & self.alive
        return {name: dict(values) for name, values in found.items()}

    def owners(self, passages: Sequence[int]) -> list[int]:
        """The numbers of the documents that passages are of, in their order."""
        layers, starts = self._layers, self._passage_starts
        with _readable():
            if len(layers) == 1:
                owners, first = layers[0].owners, starts[0]
                return [owners[passage - first] for passage in passages]
            places = [bisect_right(starts, passage) - 1 for passage in passages]
            return [
                layers[place].owners[passage - starts[place]]
                for passage, place in zip(passages, places, strict=True)
            ]

    def first_numbers(self) -> tuple[int, int]:
        """The first numbers of a document and a passage that are free."""
        last = self._layers[-1]
        return last.first_document + last.documents, last.first_passage + len(last.owners)

    def layers(self) -> int:
        """How many layers there are."""
        return len(self._layers)

    def count(self) -> int:
        """How many documents there are."""
        return len(self.alive)

    def current(self, on: date) -> BitMap:
        """The documents that hold on a day."""
        known = self._current
        if known is None or known[0] != on:
            found = BitMap()
            for layer in self._layers:
                rows = layer.rows(
                    "SELECT number FROM documents WHERE (effective_from IS NULL OR"
                    " effective_from <= ?1) AND (effective_until IS NULL OR effective_until >= ?1)",
                    (on.isoformat(),),
                )
                found |= BitMap(number for (number,) in rows)
            known = self._current = (on, found & self.alive)
        return known[1]

    def due(self, by: date) -> list[int]:
        """The documents whose review or end is on a day or before it."""
        found: list[int] = []
        for layer in self._layers:
            rows = layer.rows(
                "SELECT number FROM documents WHERE review_by <= ?1 OR effective_until <= ?1",
                (by.isoformat(),),
            )
            found += [number for (number,) in rows if number in self.alive]
        return found

    def fingerprints(self) -> dict[str, tuple[int, str]]:
        """The number and fingerprint of each document, by its id."""
        found: dict[str, tuple[int, str]] = {}
        for layer in self._layers:
            for number, name, mark in layer.rows("SELECT number, id, fingerprint FROM documents"):
                if number in self.alive:
                    found[name] = (number, mark)
        return found

    def number(self, document_id: str) -> int | None:
        """The number of the document of that id; None when there is none."""
        for layer in reversed(self._layers):
            for (number,) in layer.rows(
                "SELECT number FROM documents WHERE id = ?", (document_id,)
            ):
                if number in self.alive:
                    return int(number)
        return None

    def documents(self, numbers: Sequence[int]) -> dict[int, Stored]:
        """The documents of these numbers."""
        rows = self._numbered("SELECT number, record FROM documents", self._starts, numbers)
        with _readable():
            return {number: _stored(json.loads(record)) for number, record in rows}

    def cards(self, numbers: Sequence[int]) -> dict[int, Card]:
        """The cards of the documents of these numbers."""
        rows = self._numbered(
            "SELECT number, id, kind, effective_from, effective_until, approved_on, review_by,"
            " questions, sounds FROM documents",
            self._starts,
            numbers,
        )
        with _readable():
            return {row[0]: _card(row) for row in rows}

    def passages(self, numbers: Sequence[int]) -> dict[int, StoredPassage]:
        """The passages of these numbers."""
        rows = self._numbered(
            "SELECT number, name, anchor, heading, body FROM passages",
            self._passage_starts,
            numbers,
        )
        return {row[0]: StoredPassage(*row) for row in rows}

    def holding(self, terms: Iterable[str]) -> dict[str, BitMap]:
        """The documents that hold each of these terms; terms that none holds are left out."""
        wanted = list(terms)
        found: dict[str, BitMap] = {}
        for layer in self._layers:
            rows = layer.rows_in("SELECT term, documents FROM postings WHERE term IN ({})", wanted)
            with _readable():
                for term, numbers in rows:
                    held = BitMap.deserialize(numbers)
                    found[term] = found[term] | held if term in found else held
        if len(self._layers) > 1:
            found = {term: held for term, all_ in found.items() if (held := all_ & self.alive)}
        return found

    def latin(self) -> frozenset[str]:
        """The words of Latin letters, and of these and digits, that documents hold."""
        found: set[str] = set()
        for layer in self._layers:
            # ASCII: first letters are capitals, syllables and Chinese words come after these.
            rows = layer.rows("SELECT term FROM postings WHERE term >= '0' AND term < '{'")
            with _readable():
                found.update(term for (term,) in rows if term.isalnum() and term.islower())
        return frozenset(self.holding(found) if len(self._layers) > 1 else found)

    def sounding(self, sounds: Sequence[str]) -> dict[str, str]:
        """For each of these sounds the word that sounds so, the most used."""
        counts: dict[tuple[str, str], int] = {}
        for layer in self._layers:
            rows = layer.rows_in(
                "SELECT sound, word, documents FROM words WHERE sound IN ({})", sounds
            )
            counts.update({(sound, word): documents for sound, word, documents in rows})
        if len(self._layers) > 1:
            # What the layers counted holds for what they hold, not for what is left of it.
            held = self.holding({word for _, word in counts})
            counts = {key: len(held[key[1]]) for key in counts if key[1] in held}
        best: dict[str, tuple[int, str]] = {}
        for (sound, word), documents in counts.items():
            best[sound] = max(best.get(sound, (0, "")), (documents, word))
        return {sound: word for sound, (_, word) in best.items()}

    def close(self) -> None:
        """Closes the files; may be called twice."""
        for layer in self._layers:
            layer.close()

    def _numbered(
        self, select: str, starts: Sequence[int], numbers: Sequence[int]
    ) -> Iterator[Any]:
        """The rows of these numbers, each from the layer that holds it."""
        by_layer: dict[int, list[int]] = defaultdict(list)
        for number in numbers:
            by_layer[bisect_right(starts, number) - 1].append(number)
        for place, wanted in by_layer.items():
            yield from self._layers[place].rows_in(f"{select} WHERE number IN ({{}})", wanted)


@contextmanager
def _readable() -> Iterator[None]:
    """Damaged rows and records become search errors."""
    try:
        yield
    except (sqlite3.Error, ValueError, TypeError, LookupError, AttributeError) as error:
        raise SearchError(f"文档库读不了：{error}") from None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _card(row: Sequence[Any]) -> Card:
    *facts, questions, sounds = row
    heard = tuple(tuple(one.split("\t")) for one in sounds.split("\n"))
    return Card(*(*facts, tuple(questions.split("\n")), heard))


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
            "successors": tuple(record.get("successors", ())),
        }
    )
