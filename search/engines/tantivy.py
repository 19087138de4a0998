"""Tantivy: native and fast; right for everything but the smallest libraries.

Terms arrive cut and are stored as they are: Tantivy's own analysis and its query parsers are never
used, because nested input can overflow a parser's native stack and end the process. Damaged files
can make native code panic; a panic is no ``Exception`` in Python and is caught by its name. They
can also end the process: open only folders whose checksums have been verified.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tantivy

from casebook.errors import CasebookError, SearchError, reason
from search.analysis import FIELDS
from search.engines.base import Engine, Entry, Hits, Index, Query, link_files
from search.passages import KEYWORDS

_TOKENS = "whitespace"
_WHOLE = "raw"
# What Tantivy rewrites in a folder; every other file is written once.
_LOCKS = (".tantivy-writer.lock", ".tantivy-meta.lock")
_REWRITTEN = ("meta.json", ".managed.json", *_LOCKS)
_HEAP = 256 * 1024 * 1024
# White space parts terms; inside a term it is replaced by characters that no text holds.
_SPACES = [chr(code) for code in range(0x3001) if chr(code).isspace()]
_SPACE = re.compile(r"\s")
_INSIDE = {ord(space): chr(0xF800 + place) for place, space in enumerate(_SPACES)}
# Tantivy passes over longer tokens; its own limit is 65,530 bytes.
_MAX_BYTES = 60_000


class TantivyEngine(Engine):
    """Builds and opens Tantivy indexes."""

    name = "tantivy"

    def build(self, folder: Path, entries: Iterable[Entry]) -> None:
        """Writes all entries."""
        with _translated("写不进"):
            index = tantivy.Index(_schema(), str(folder), reuse=False)
            _write(index, (), entries)

    def update(
        self, old: Path, folder: Path, removed: Iterable[int], entries: Iterable[Entry]
    ) -> None:
        """Takes over the segments of the old index and adds one."""
        with _translated("写不进"):
            link_files(old, folder, _REWRITTEN)
            _write(tantivy.Index.open(str(folder)), removed, entries)

    def open(self, folder: Path) -> Index:
        """Opens the folder for reading, be it that nobody may write there."""
        with _translated("打不开"):
            if _may_lock(folder):
                return _TantivyIndex(_opened(folder))
            with TemporaryDirectory(None, "casebook-") as names:
                for file in folder.iterdir():
                    if file.name not in _LOCKS:
                        Path(names, file.name).symlink_to(file.absolute())
                return _TantivyIndex(_opened(Path(names)))


def _may_lock(folder: Path) -> bool:
    """Whether a reader may lock the index, as Tantivy does while it opens the files."""
    lock = folder / _LOCKS[1]
    return os.access(lock if lock.exists() else folder, os.W_OK)


def _opened(folder: Path) -> Any:
    index = tantivy.Index.open(str(folder))
    index.config_reader(reload_policy="manual")
    return index


class _TantivyIndex(Index):
    def __init__(self, index: Any) -> None:
        self._index = index
        self._searcher = index.searcher()
        self._schema = index.schema

    def search(self, query: Query) -> Hits:
        query.check_deadline()
        with _translated("读不了"):
            found = self._searcher.search(self._match(query), query.limit, count=False).hits
            numbers = self._searcher.fast_field_values("number", [place for _, place in found])
        query.check_deadline()
        hits = [(number, score) for number, (score, _) in zip(numbers, found, strict=True)]
        hits.sort(key=lambda hit: (-hit[1], hit[0]))
        return tuple(hits)

    def _match(self, asked: Query) -> Any:
        build = tantivy.Query
        should, must = tantivy.Occur.Should, tantivy.Occur.Must
        terms = [
            (
                should,
                build.boost_query(
                    build.term_query(self._schema, term.field, _token(term.text), "freq"),
                    term.weight,
                ),
            )
            for term in asked.terms
            if _is_text(term.text)
        ]
        match = build.boolean_query(terms)
        conditions = [
            build.term_set_query(self._schema, name, list(filter(_is_text, values)))
            for name, values in asked.filters.items()
        ]
        if asked.among is not None:
            conditions.append(
                build.term_set_query(self._schema, "number", list(asked.among))
                if asked.among
                else build.empty_query()
            )
        if not conditions:
            return match
        unscored = [(must, build.const_score_query(one, 0.0)) for one in conditions]
        return build.boolean_query([(must, match), *unscored])

    def count(self) -> int:
        with _translated("读不了"):
            return int(self._searcher.num_docs)

    def close(self) -> None:
        """Drops the reader; its files close when the last search is done."""
        self._searcher = self._index = None


def _schema() -> Any:
    schema = tantivy.SchemaBuilder()
    schema.add_unsigned_field("number", indexed=True, fast=True)
    schema.add_unsigned_field("document", indexed=True)
    for name in FIELDS:
        schema.add_text_field(name, tokenizer_name=_TOKENS, index_option="freq")
    for name in KEYWORDS:
        schema.add_text_field(name, tokenizer_name=_WHOLE, index_option="basic")
    return schema.build()


def _write(index: Any, removed: Iterable[int], entries: Iterable[Entry]) -> None:
    # One thread writes one segment, in the order of the entries.
    writer = index.writer(heap_size=_HEAP, num_threads=1)
    # By a query: deletion by a number's term finds nothing.
    gone = tantivy.Query.term_set_query(index.schema, "document", list(removed))
    writer.delete_documents_by_query(gone)
    for entry in entries:
        row = tantivy.Document()
        row.add_unsigned("number", entry.number)
        row.add_unsigned("document", entry.document)
        for name, terms in entry.terms.items():
            row.add_text(name, " ".join(map(_token, terms)))
        for name, values in entry.keywords.items():
            for value in values:
                row.add_text(name, value)
        writer.add_document(row)
    writer.commit()
    writer.wait_merging_threads()


def _token(term: str) -> str:
    """A term as one token: without white space, and not too long for the engine."""
    if _SPACE.search(term):
        term = term.translate(_INSIDE)
    return term if len(term) * 4 < _MAX_BYTES else term[: _MAX_BYTES // 4]


def _is_text(term: str) -> bool:
    """Whether it can be stored at all: half of a surrogate pair, which no entry holds, cannot."""
    return term.isprintable() or not any("\ud800" <= c <= "\udfff" for c in term)


def _why(error: Exception) -> str:
    """What the system refused, where that is what is behind it."""
    found = re.search(r"os error (\d+)", str(error))
    return reason(OSError(int(found[1]), str(error))) if found else str(error)


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Tantivy's errors and the panics of its native code become search errors."""
    try:
        yield
    except CasebookError:
        raise
    except (ValueError, OSError, RuntimeError, TypeError, AttributeError) as error:
        raise SearchError(f"Tantivy 索引{what}：{_why(error)}") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise SearchError(f"Tantivy 索引{what}：{error}") from None
