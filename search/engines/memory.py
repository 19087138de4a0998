"""An engine in memory: plain BM25 over dictionaries. Small, exact, and what tests compare with."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from casebook.errors import SearchError
from search.analysis import FIELDS
from search.engines.base import K1, B, Engine, Entry, Hits, Index, Query

_FILE = "entries.jsonl"


class MemoryEngine(Engine):
    """Keeps entries as JSON lines and indexes them when opened."""

    name = "memory"

    def build(self, folder: Path, entries: Iterable[Entry]) -> None:
        """Writes one line an entry."""
        with (folder / _FILE).open("w", encoding="utf-8") as file:
            for entry in entries:
                row = [entry.number, entry.document, dict(entry.terms), dict(entry.keywords)]
                file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def update(
        self, old: Path, folder: Path, removed: Iterable[int], entries: Iterable[Entry]
    ) -> None:
        """Writes the lines that stay, then the new ones."""
        gone = set(removed)
        kept = [entry for entry in _read(old) if entry.document not in gone]
        self.build(folder, [*kept, *entries])

    def open(self, folder: Path) -> Index:
        """Reads the lines back."""
        return _MemoryIndex(_read(folder))


def _read(folder: Path) -> list[Entry]:
    try:
        with (folder / _FILE).open(encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        return [Entry(r[0], r[1], r[2], {k: tuple(v) for k, v in r[3].items()}) for r in rows]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise SearchError(f"内存索引读不了：{error}") from None


class _MemoryIndex(Index):
    def __init__(self, entries: list[Entry]) -> None:
        self._entries = {entry.number: entry for entry in entries}
        self._postings: dict[str, dict[str, list[tuple[int, int]]]] = {}
        self._lengths: dict[str, dict[int, int]] = {}
        for name in FIELDS:
            postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
            for entry in entries:
                for term, count in Counter(entry.terms.get(name, ())).items():
                    postings[term].append((entry.number, count))
            self._postings[name] = dict(postings)
            self._lengths[name] = {e.number: len(e.terms.get(name, ())) for e in entries}
        self._averages = {
            name: sum(lengths.values()) / len(lengths) if lengths else 0.0
            for name, lengths in self._lengths.items()
        }

    def search(self, query: Query) -> Hits:
        scores: dict[int, float] = defaultdict(float)
        for term in query.terms:
            query.check_deadline()
            lengths, average = self._lengths[term.field], self._averages[term.field] or 1.0
            postings = self._postings[term.field].get(term.text, ())
            gain = term.weight * _idf(len(self._entries), len(postings)) * (K1 + 1)
            for number, count in postings:
                norm = K1 * (1 - B + B * lengths[number] / average)
                scores[number] += gain * count / (count + norm)
        kept = [(n, score) for n, score in scores.items() if self._passes(n, query)]
        query.check_deadline()
        return tuple(sorted(kept, key=_order)[: query.limit])

    def _passes(self, number: int, query: Query) -> bool:
        if query.among is not None and number not in query.among:
            return False
        keywords = self._entries[number].keywords
        return all(
            set(values) & set(keywords.get(name, ())) for name, values in query.filters.items()
        )

    def count(self) -> int:
        return len(self._entries)

    def close(self) -> None:
        self._entries = {}
        self._postings = {name: {} for name in FIELDS}
        self._lengths = {name: {} for name in FIELDS}


def _idf(entries: int, holding: int) -> float:
    return math.log(1 + (entries - holding + 0.5) / (holding + 0.5))


def _order(hit: tuple[int, float]) -> tuple[float, int]:
    return -hit[1], hit[0]
