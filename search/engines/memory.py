"""An engine in memory: plain BM25 over dictionaries. Small, exact, and what tests compare with."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from casebook.errors import SearchError
from search.engines.base import FIELDS, K1, B, Engine, Entry, Found, Index, Query

_FILE = "entries.jsonl"


class MemoryEngine(Engine):
    """Keeps entries as JSON lines and indexes them when opened."""

    name = "memory"

    def build(self, folder: Path, entries: Iterable[Entry]) -> int:
        """Writes one line an entry."""
        count = 0
        with (folder / _FILE).open("w", encoding="utf-8") as file:
            for entry in entries:
                row = [entry.id, dict(entry.terms), dict(entry.keywords)]
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                count += 1
        return count

    def open(self, folder: Path) -> Index:
        """Reads the lines back."""
        try:
            with (folder / _FILE).open(encoding="utf-8") as file:
                rows = [json.loads(line) for line in file]
            return _MemoryIndex(
                [Entry(row[0], row[1], {k: tuple(v) for k, v in row[2].items()}) for row in rows]
            )
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise SearchError(f"内存索引读不了：{error}") from None


class _MemoryIndex(Index):
    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries
        self._postings: dict[str, dict[str, list[tuple[int, int]]]] = {}
        self._lengths: dict[str, list[int]] = {}
        for name in FIELDS:
            postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
            for number, entry in enumerate(entries):
                for term, count in Counter(entry.terms.get(name, ())).items():
                    postings[term].append((number, count))
            self._postings[name] = dict(postings)
            self._lengths[name] = [len(entry.terms.get(name, ())) for entry in entries]

    def search(self, query: Query) -> Found:
        scores: dict[int, float] = defaultdict(float)
        for name, weight in query.weights.items():
            lengths = self._lengths[name]
            average = sum(lengths) / len(lengths) if lengths else 0.0
            for term in query.terms:
                query.check_deadline()
                postings = self._postings[name].get(term.text, ())
                gain = weight * term.weight * _idf(len(self._entries), len(postings))
                for number, count in postings:
                    norm = K1 * (1 - B + B * lengths[number] / (average or 1.0))
                    scores[number] += gain * count * (K1 + 1) / (count + norm)
        kept = [(n, score) for n, score in scores.items() if self._passes(n, query)]
        query.check_deadline()
        ranked = sorted(((self._entries[n].id, score) for n, score in kept), key=_order)
        return Found(tuple(ranked[: query.limit]), len(kept))

    def _passes(self, number: int, query: Query) -> bool:
        keywords = self._entries[number].keywords
        return all(
            set(values) & set(keywords.get(name, ())) for name, values in query.filters.items()
        )

    def count(self) -> int:
        return len(self._entries)

    def close(self) -> None:
        self._entries = []
        self._postings = {name: {} for name in FIELDS}
        self._lengths = {name: [] for name in FIELDS}


def _idf(entries: int, holding: int) -> float:
    return math.log(1 + (entries - holding + 0.5) / (holding + 0.5))


def _order(hit: tuple[str, float]) -> tuple[float, str]:
    return -hit[1], hit[0]
