"""Other ways to find the same passages, each in its normal use: what ours is compared with."""

from __future__ import annotations

import shutil
import sqlite3
from abc import ABC, abstractmethod
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import bm25s
import tantivy

from search.analysis import Question
from search.engines.base import K1, B, Engine, Entry, Index, Query
from search.engines.tantivy import TantivyEngine

# As many passages as the searcher asks an engine for.
DEPTH = 100
_WORDS = ("names", "text")
_TRIGRAM = 3


class Rival(ABC):
    """A way to find passages.

    Args:
        folder: empty; for its files.
    """

    name: str

    @abstractmethod
    def __init__(self, folder: Path) -> None: ...

    @abstractmethod
    def add(self, entry: Entry, text: str) -> None:
        """Takes a passage: its terms, and its text with what its document is called."""

    @abstractmethod
    def finish(self) -> None:
        """Makes it ready to be asked."""

    @abstractmethod
    def search(self, question: Question) -> int:
        """Finds the best passages; how many were found, at most ``DEPTH``."""

    @abstractmethod
    def close(self) -> None:
        """Lets go of files and memory."""


class _PlainTantivy(Rival):
    """Tantivy with one text field that holds every term, and one clause a term of the query."""

    name = "plain tantivy"

    def __init__(self, folder: Path) -> None:
        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("number", fast=True)
        builder.add_text_field("text", tokenizer_name="whitespace", index_option="freq")
        self._schema = builder.build()
        self._index = tantivy.Index(self._schema, str(folder))
        self._writer = self._index.writer(heap_size=256 * 1024 * 1024, num_threads=1)

    def add(self, entry: Entry, text: str) -> None:
        row = tantivy.Document()
        row.add_unsigned("number", entry.number)
        row.add_text("text", " ".join(term for terms in entry.terms.values() for term in terms))
        self._writer.add_document(row)

    def finish(self) -> None:
        self._writer.commit()
        self._writer.wait_merging_threads()
        self._index.reload()
        self._searcher = self._index.searcher()

    def search(self, question: Question) -> int:
        build = tantivy.Query
        weights: dict[str, float] = defaultdict(float)
        for term in question.terms:
            weights[term.text] += term.weight
        clauses = [
            (tantivy.Occur.Should, build.boost_query(self._term(text), weight))
            for text, weight in weights.items()
        ]
        found = self._searcher.search(build.boolean_query(clauses), DEPTH, count=False).hits
        places = [place for _, place in found]
        return len(self._searcher.fast_field_values("number", places))

    def _term(self, text: str) -> Any:
        return tantivy.Query.term_query(self._schema, "text", text, "freq")

    def close(self) -> None:
        del self._searcher, self._writer, self._index


class _Fts5(Rival):
    """SQLite's full-text search, ranked by its BM25."""

    table: str

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / "fts5.sqlite", isolation_level=None)
        self._database.execute("PRAGMA synchronous = off")
        self._database.execute(self.table)
        self._database.execute("BEGIN")

    def _insert(self, number: int, body: str) -> None:
        self._database.execute(
            "INSERT INTO passages (rowid, body) VALUES (?, ?)", (number + 1, body)
        )

    def finish(self) -> None:
        self._database.execute("COMMIT")
        self._database.execute("INSERT INTO passages (passages) VALUES ('optimize')")

    def _find(self, parts: Iterable[str]) -> int:
        wanted = " OR ".join('"' + part.replace('"', '""') + '"' for part in parts)
        if not wanted:
            return 0
        statement = "SELECT rowid, rank FROM passages WHERE passages MATCH ? ORDER BY rank LIMIT ?"
        return len(self._database.execute(statement, (wanted, DEPTH)).fetchall())

    def close(self) -> None:
        self._database.close()


class _Fts5Trigram(_Fts5):
    """FTS5 as it is mostly used for Chinese: any three characters that stand together."""

    name = "fts5 trigram"
    table = "CREATE VIRTUAL TABLE passages USING fts5(body, content='', tokenize='trigram')"

    def add(self, entry: Entry, text: str) -> None:
        self._insert(entry.number, text)

    def search(self, question: Question) -> int:
        text = question.text
        ends = range(_TRIGRAM, max(_TRIGRAM, len(text)) + 1)
        return self._find(dict.fromkeys(text[end - _TRIGRAM : end] for end in ends))


class _Fts5Words(_Fts5):
    """FTS5 over text that was cut by our analyzer."""

    name = "fts5 words"
    table = "CREATE VIRTUAL TABLE passages USING fts5(body, content='', tokenize='unicode61')"

    def add(self, entry: Entry, text: str) -> None:
        self._insert(entry.number, " ".join(_words(entry)))

    def search(self, question: Question) -> int:
        return self._find(_asked_words(question))


class _Bm25s(Rival):
    """bm25s: a score for every passage, from tables that are made beforehand."""

    name = "bm25s"

    def __init__(self, folder: Path) -> None:
        self._numbers: dict[str, int] = {}
        self._rows: list[array[int]] = []

    def add(self, entry: Entry, text: str) -> None:
        numbers = self._numbers
        row = [numbers.setdefault(word, len(numbers)) for word in _words(entry)]
        self._rows.append(array("I", row))

    def finish(self) -> None:
        self._index = bm25s.BM25(method="lucene", k1=K1, b=B)
        self._index.index((self._rows, self._numbers), show_progress=False)
        self._rows = []

    def search(self, question: Question) -> int:
        known = [word for word in _asked_words(question) if word in self._numbers]
        if not known:
            return 0
        depth = min(DEPTH, self._index.scores["num_docs"])
        places, _ = self._index.retrieve([known], k=depth, show_progress=False)
        return len(places[0])

    def close(self) -> None:
        del self._index


RIVALS: tuple[type[Rival], ...] = (_PlainTantivy, _Fts5Words, _Fts5Trigram, _Bm25s)


class Tee(Engine):
    """Builds a Tantivy index, and hands every entry to the rivals on the way.

    Args:
        rivals: what gets the entries.
        texts: the text of each entry, in their order.
    """

    name = TantivyEngine.name

    def __init__(self, rivals: Iterable[Rival], texts: Iterable[str]) -> None:
        self._ours = TantivyEngine()
        self._rivals = list(rivals)
        self._texts = texts

    def build(self, folder: Path, entries: Iterable[Entry]) -> None:
        """Writes all entries, everywhere."""
        self._ours.build(folder, self._shared(entries))
        for rival in self._rivals:
            rival.finish()

    def _shared(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for entry, text in zip(entries, self._texts, strict=True):
            for rival in self._rivals:
                rival.add(entry, text)
            yield entry

    def update(
        self, old: Path, folder: Path, removed: Iterable[int], entries: Iterable[Entry]
    ) -> None:
        """Never asked for: the folders that benchmarks publish to are empty."""
        raise NotImplementedError("a benchmark builds from nothing")

    def open(self, folder: Path) -> Index:
        """Opens our index."""
        return self._ours.open(folder)


class WithoutSounds(TantivyEngine):
    """Our engine without the fields that pinyin and homophones are found by."""

    def build(self, folder: Path, entries: Iterable[Entry]) -> None:
        """Writes all entries, with their words only."""
        plain = (
            Entry(entry.number, entry.document, _only_words(entry.terms), entry.keywords)
            for entry in entries
        )
        super().build(folder, plain)


def engine_query(question: Question, *, sounds: bool = True) -> Query:
    """What the searcher asks an engine for a question."""
    terms = question.terms
    if not sounds:
        terms = tuple(term for term in terms if term.field in _WORDS)
    return Query(terms, limit=DEPTH)


def emptied(folder: Path) -> Path:
    """A folder, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _only_words(terms: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {name: found for name, found in terms.items() if name in _WORDS}


def _words(entry: Entry) -> list[str]:
    return [term for name in _WORDS for term in entry.terms.get(name, ())]


def _asked_words(question: Question) -> list[str]:
    return list(dict.fromkeys(term.text for term in question.terms if term.field in _WORDS))
