"""Whoosh (whoosh-reloaded): pure Python, nothing to compile; right for small libraries.

Terms arrive cut and are stored as they are, so Whoosh's analysis and its query parser are never
used. Its index files hold pickles: open only folders whose checksums have been verified. The
project that keeps it has stopped; it is a small, stable engine behind the contract of
:mod:`search.engines.base`, and is replaced by changing one line of settings.
"""

from __future__ import annotations

import math
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from whoosh import fields, query, scoring
from whoosh.analysis import RegexTokenizer
from whoosh.collectors import TopCollector, WrappingCollector
from whoosh.filedb.filestore import FileStorage

from casebook.errors import CasebookError, SearchError, SearchTimeout
from search.analysis import FIELDS
from search.engines.base import K1, B, Engine, Entry, Hits, Index, Query
from search.passages import KEYWORDS

_CHECK_EVERY = 16


class WhooshEngine(Engine):
    """Builds and opens Whoosh indexes."""

    name = "whoosh"

    def build(self, folder: Path, entries: Iterable[Entry]) -> None:
        """Writes all entries in one segment."""
        opened = FileStorage(str(folder)).create_index(_schema())
        writer = opened.writer(limitmb=256)
        _add(writer, entries)
        writer.commit(optimize=True)
        opened.close()

    def update(
        self, old: Path, folder: Path, removed: Iterable[int], entries: Iterable[Entry]
    ) -> None:
        """Copies the index and adds a segment; Whoosh may write to any of its files."""
        if not old.is_dir():
            raise SearchError(f"Whoosh 索引读不了：没有文件夹 {old}")
        for file in old.iterdir():
            shutil.copy2(file, folder / file.name)
        with _translated("读不了"):
            opened = FileStorage(str(folder)).open_index()
            writer = opened.writer(limitmb=256)
            for document in removed:
                writer.delete_by_term("document", str(document))
            _add(writer, entries)
            writer.commit(merge=False)
            opened.close()

    def open(self, folder: Path) -> Index:
        """Opens the folder for reading."""
        with _translated("打不开"):
            opened = FileStorage(str(folder), readonly=True).open_index()
            return _WhooshIndex(opened.searcher(weighting=_Bm25(B=B, K1=K1)))


class _WhooshIndex(Index):
    def __init__(self, searcher: Any) -> None:
        self._searcher = searcher
        # A reader's file has one position, so threads take turns; being pure Python, Whoosh would
        # not run in several at once anyway.
        self._turn = threading.Lock()

    def search(self, query: Query) -> Hits:
        collector = _Deadline(
            TopCollector(limit=query.limit, usequality=False), query.check_deadline
        )
        with self._taking_turns(query), _translated("读不了"):
            self._searcher.search_with_collector(_match(query), collector)
            hits = [(int(hit["number"]), float(hit.score)) for hit in collector.results()]
        query.check_deadline()
        hits.sort(key=lambda hit: (-hit[1], hit[0]))
        return tuple(hits)

    @contextmanager
    def _taking_turns(self, query: Query) -> Iterator[None]:
        """Waits for the other threads, but not beyond the deadline."""
        query.check_deadline()
        left = -1.0 if query.deadline is None else max(0.0, query.deadline - time.monotonic())
        if not self._turn.acquire(timeout=left):
            raise SearchTimeout("检索超时")
        try:
            yield
        finally:
            self._turn.release()

    def count(self) -> int:
        with _translated("读不了"):
            return int(self._searcher.doc_count())

    def close(self) -> None:
        if not self._searcher.is_closed:
            self._searcher.close()


class _Deadline(WrappingCollector):  # type: ignore[misc]
    """Looks at the clock at every few matches; Whoosh's own time limit does not hold in threads."""

    def __init__(self, child: Any, check: Callable[[], None]) -> None:
        super().__init__(child)
        self._check = check
        self._seen = 0

    def prepare(self, top_searcher: Any, q: Any, context: Any) -> None:
        self._check()
        super().prepare(top_searcher, q, context)

    def collect(self, sub_docnum: int) -> Any:
        self._seen += 1
        if self._seen % _CHECK_EVERY == 0:
            self._check()
        return self.child.collect(sub_docnum)


class _Bm25(scoring.BM25F):  # type: ignore[misc]
    """BM25 with the idf that never goes negative, as the other engines have it."""

    def idf(self, searcher: Any, fieldname: str, text: str) -> float:
        holding = searcher.doc_frequency(fieldname, text)
        return math.log(1 + (searcher.doc_count_all() - holding + 0.5) / (holding + 0.5))


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Damaged files make Whoosh raise almost anything, a bare ``Exception`` too."""
    try:
        yield
    except CasebookError:
        raise
    except Exception as error:  # noqa: BLE001
        raise SearchError(f"Whoosh 索引{what}：{type(error).__name__}: {error}") from None


def _schema() -> Any:
    lines = RegexTokenizer(r"[^\n]+")
    terms = {name: fields.KEYWORD(analyzer=lines, scorable=True) for name in FIELDS}
    keywords = {name: fields.KEYWORD(analyzer=lines) for name in KEYWORDS}
    numbers = {"number": fields.ID(stored=True), "document": fields.ID()}
    return fields.Schema(**numbers, **terms, **keywords)


def _add(writer: Any, entries: Iterable[Entry]) -> None:
    # Of equal scores Whoosh takes what was added first; the contract wants the order of numbers.
    for entry in sorted(entries, key=lambda entry: entry.number):
        values = {name: "\n".join(entry.terms.get(name, ())) for name in FIELDS}
        values |= {name: "\n".join(entry.keywords.get(name, ())) for name in KEYWORDS}
        writer.add_document(number=str(entry.number), document=str(entry.document), **values)


def _match(asked: Query) -> Any:
    terms = [query.Term(term.field, term.text, boost=term.weight) for term in asked.terms]
    conditions = [
        query.Or([query.Term(name, value) for value in values])
        for name, values in asked.filters.items()
    ]
    if asked.among is not None:
        conditions.append(query.Or([query.Term("number", str(number)) for number in asked.among]))
    match = query.Or(terms)
    if conditions:
        return query.Require(match, query.And(conditions))
    # Beyond 5,000 entries Whoosh would merge postings one by one, ten times slower. Under a
    # condition this matcher skips entries of large indexes: it is for queries without one.
    match.matcher_type = query.Or.ARRAY_MATCHER
    return match
