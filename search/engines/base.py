"""The contract of a search engine.

An engine stores entries (a number, terms by field, keywords by name) and ranks them against
weighted terms. It knows no language, no audience and no display; it is told fields and weights.
There is no query language: nothing that a user types is ever parsed by an engine.
"""

from __future__ import annotations

import os
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from casebook.errors import SearchTimeout
from search.analysis import WeightedTerm

# BM25, with the usual constants: Robertson & Zaragoza, "The Probabilistic Relevance Framework".
K1 = 1.2
B = 0.75


@dataclass(frozen=True)
class Entry:
    """What an engine stores of a passage.

    Attributes:
        number: unique in the index, 0 or more, below 2 to the 32nd.
        document: the number of its document; entries are replaced document by document.
        terms: the terms of each field of ``search.analysis.FIELDS``, repeated as often as they
            stand there.
        keywords: exact values by name of ``search.passages.KEYWORDS``, for filters.
    """

    number: int
    document: int
    terms: Mapping[str, list[str]]
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass
class Answered:
    """How a query was answered.

    Attributes:
        degraded: whether a substitute index answered, because the usual one is away.
    """

    degraded: bool = False


@dataclass(frozen=True)
class Query:
    """What an engine is asked.

    Attributes:
        terms: an entry matches when it holds at least one of them in the term's field.
        filters: for each name, the values of which an entry must have at least one.
        among: the numbers of the only entries that may be found; None for all.
        limit: the most hits to return, at least 1.
        deadline: the ``time.monotonic()`` after which the engine must give up; None for never.
        answered: filled in by the engine; queries made from this one share it.
    """

    terms: tuple[WeightedTerm, ...]
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    among: tuple[int, ...] | None = None
    limit: int = 100
    deadline: float | None = None
    answered: Answered = field(default_factory=Answered, compare=False)

    def check_deadline(self) -> None:
        """Gives up when time has run out.

        Raises:
            SearchTimeout: the deadline has passed.
        """
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise SearchTimeout("检索超时")


# Numbers and scores, best first; equal scores in the order of their numbers.
Hits = tuple[tuple[int, float], ...]


class Index(ABC):
    """An open index; many threads may search it at once. Use it as a context manager."""

    @abstractmethod
    def search(self, query: Query) -> Hits:
        """Ranks entries by the sum of BM25 of their terms, each times its weight.

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
    """Builds and opens indexes in folders.

    An engine that keeps a part of its indexes elsewhere is told by the last four methods what
    becomes of the folders; for all others they do nothing.
    """

    name: str

    @abstractmethod
    def build(self, folder: Path, entries: Iterable[Entry]) -> None:
        """Writes an index of the entries.

        Args:
            folder: exists and is empty; it belongs to the engine from now on.
            entries: each number once.

        Raises:
            SearchError: it cannot be written.
        """

    @abstractmethod
    def update(
        self, old: Path, folder: Path, removed: Iterable[int], entries: Iterable[Entry]
    ) -> None:
        """Writes an index that differs from another in a few documents.

        Args:
            old: the other index; nothing in it changes.
            folder: exists and is empty; it belongs to the engine from now on.
            removed: the numbers of documents whose entries are left out.
            entries: what is added; their numbers are new.

        Raises:
            SearchError: the old index cannot be read, or the new one cannot be written.
        """

    @abstractmethod
    def open(self, folder: Path) -> Index:
        """Opens an index that ``build`` or ``update`` wrote.

        Raises:
            SearchError: there is none, or it is damaged.
        """

    def labelled(self, audience: str, generation: str) -> Engine:
        """The same engine; what it makes outside of folders is named after these."""
        del audience, generation
        return self

    def is_whole(self, folder: Path) -> bool:
        """Whether what an index has outside of its folder is there and can be built on."""
        del folder
        return True

    def published(self, folder: Path) -> None:
        """Takes note that readers get the index in this folder from now on.

        Raises:
            SearchError: it could not be noted; readers get it all the same.
        """
        del folder

    def remove(self, folder: Path) -> None:
        """Removes what an index has outside of its folder, which is removed after that.

        Raises:
            SearchError: it could not be removed; the folder must stay.
        """
        del folder


def link_files(old: Path, folder: Path, copied: Iterable[str] = ()) -> None:
    """Takes over the files of an index that never change once they are written.

    Args:
        old: where they are.
        folder: gets a second name of each, without a copy of its content.
        copied: names of the files that will be written to; these are copied.
    """
    names = set(copied)
    for file in old.iterdir():
        if file.name in names:
            shutil.copy2(file, folder / file.name)
        else:
            os.link(file, folder / file.name)
