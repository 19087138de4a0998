"""Plain BM25 over words and characters: the figure to beat."""

from __future__ import annotations

import time
from collections.abc import Mapping

import bm25s
import rjieba

from search.engines.base import K1, B
from search.sound import is_han

NAME = "bm25"


class Baseline:
    """BM25 over the words of jieba's search mode plus every Chinese character.

    It knows nothing of traditional characters, synonyms or sounds.

    Args:
        texts: what is found, by id.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._jieba = rjieba.Jieba()
        self._ids = list(texts)
        self._index = bm25s.BM25(method="lucene", k1=K1, b=B)
        self._index.index([self._terms(text) for text in texts.values()], show_progress=False)

    def ids(self, query: str, depth: int) -> tuple[list[str], float]:
        """The ids found, best first, and milliseconds."""
        started = time.perf_counter()
        found = self._ranked(query, min(depth, len(self._ids)))
        return found, (time.perf_counter() - started) * 1000

    def _ranked(self, query: str, depth: int) -> list[str]:
        known = [term for term in self._terms(query) if term in self._index.vocab_dict]
        if not known:
            return []
        places, scores = self._index.retrieve([known], k=depth, show_progress=False)
        ranked = zip(places[0], scores[0], strict=True)
        return [self._ids[place] for place, score in ranked if score > 0]

    def _terms(self, text: str) -> list[str]:
        plain = text.lower()
        words = [word for word in self._jieba.cut_for_search(plain) if any(map(str.isalnum, word))]
        return [*words, *(character for character in plain if is_han(character))]
