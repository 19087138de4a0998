"""The contract of a search engine.

An engine stores entries (an id, terms by field, keywords by name) and ranks them against weighted
terms. It knows no language, no audience, no documents and no display; it is told fields and
weights. There is no query language: nothing that a user types is ever parsed by an engine.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from casebook.errors import SearchTimeout
from search.analysis import WeightedTerm

FIELDS = ("heading", "body")
KEYWORDS = ("kind", "category", "level", "customer_type")
# BM25, with the usual constants: Robertson & Zaragoza, "The Probabilistic Relevance Framework".
K1 = 1.2
B = 0.75


@dataclass(frozen=True)
class Entry:
    """What an engine stores of a passage.

    Attributes:
        id: unique in the index.
        terms: the terms of each field of ``FIELDS``, repeated as often as they stand there.
        keywords: exact values by name of ``KEYWORDS``, for filters.
    """

    id: str
    terms: Mapping[str, list[str]]
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Query:
    """What an engine is asked.

    Attributes:
        terms: an entry matches when it holds at least one of them in a weighted field.
        weights: how much each field counts; fields that are not named do not count.
        filters: for each name, the values of which an entry must have at least one.
        limit: the most hits to return, at least 1.
        deadline: the ``time.monotonic()`` after which the engine must give up; None for never.
    """

    terms: tuple[WeightedTerm, ...]
    weights: Mapping[str, float]
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limit: int = 100
    deadline: float | None = None

    def check_deadline(self) -> None:
        """Gives up when time has run out.

        Raises:
            SearchTimeout: the deadline has passed.
        """
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise SearchTimeout("检索超时")


@dataclass(frozen=True)
class Found:
    """What an engine found.

    Attributes:
        hits: ids and scores, best first; equal scores in the order of their ids.
        total: how many entries match in all.
    """

    hits: tuple[tuple[str, float], ...]
    total: int


class Index(ABC):
    """An open index; many threads may search it at once. Use it as a context manager."""

    @abstractmethod
    def search(self, query: Query) -> Found:
        """Ranks entries.

        Raises:
            SearchTimeout: the query's deadline passed; nothing is returned in part.
            SearchError: the index cannot be read.
        """

    @abstractmethod
    def count(self) -> int:
        """How many entries the index holds."""

    @abstractmethod
    def close(self) -> None:
        """Lets go of files and memory; may be called twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Engine(ABC):
    """Builds and opens indexes in folders."""

    name: str

    @abstractmethod
    def build(self, folder: Path, entries: Iterable[Entry]) -> int:
        """Writes an index of the entries.

        Args:
            folder: exists and is empty; it belongs to the engine from now on.
            entries: each id once.

        Returns:
            How many entries were written.

        Raises:
            SearchError: it cannot be written.
        """

    @abstractmethod
    def open(self, folder: Path) -> Index:
        """Opens an index that ``build`` wrote.

        Raises:
            SearchError: there is none, or it is damaged.
        """
