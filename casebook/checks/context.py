"""What a check may know beside the document it looks at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import PurePath

from casebook.checks.wording import Wording
from casebook.documents import Faq, Policy, Standing
from casebook.library import Library, Source
from casebook.rules import Rule
from casebook.withdrawals import where_now


@dataclass(frozen=True)
class Alike:
    """A document that is asked for with nearly the same words as another.

    Attributes:
        source: the other document.
        question: the words of the document that was looked at.
        other: the other document's words.
        likeness: how alike they are, 0 to 1; 1 is the same by ear.
    """

    source: Source
    question: str
    other: str
    likeness: float


FindAlike = Callable[[Source], Sequence[Alike]]


def _none_alike(_: Source) -> Sequence[Alike]:
    return ()


@dataclass(frozen=True)
class Context:
    """The library that a document belongs to, and the day.

    Attributes:
        library: all documents, the one that is looked at among them.
        on: the day for which reviews are due.
        rules: all rules by code.
        alike: gives the documents that are like one, the most alike first; the search knows how
            alike questions are, so it is handed in from there.
    """

    library: Library
    on: date
    rules: Mapping[str, Rule] = field(default_factory=dict)
    alike: FindAlike = _none_alike

    @cached_property
    def wording(self) -> Wording:
        """What the library's articles say about words."""
        return Wording(self.library)

    @cached_property
    def pointing_at(self) -> Mapping[str, Set[str]]:
        """The ids of the documents that point to a document, by its id."""
        found: dict[str, set[str]] = defaultdict(set)
        for name, source in self.library.sources.items():
            for target in source.targets:
                found[target.partition("#")[0]].add(name)
        return found

    @cached_property
    def unreadable(self) -> Mapping[str, str]:
        """The files that gave no document, by the id that their names promise."""
        inputs = self.library.inputs.values()
        return {PurePath(one.path).stem: one.path for one in inputs if one.source is None}

    @cached_property
    def successors(self) -> Mapping[str, str]:
        """The id of what is in force and takes the place of a document, by the old one's id."""
        found: dict[str, str] = {}
        for source in self.library.sources.values():
            document = source.document
            newer = document.replaced_by if isinstance(document, Faq | Policy) else ()
            older = document.supersedes if isinstance(document, Policy) else ()
            for new in filter(self._in_force, newer):
                found.setdefault(document.id, new)
            if self._in_force(document.id):
                found |= dict.fromkeys(older, document.id)
        return found

    @cached_property
    def open_to(self) -> Mapping[str, Set[str]]:
        """The ids of what an audience may read and what has not ended, by the audience's id."""
        settings = self.library.settings
        open_now = [
            source.document
            for source in self.library.sources.values()
            if source.document.standing(self.on) is not Standing.ENDED
        ]
        return {
            reader.id: {d.id for d in open_now if settings.may_read(reader.id, d.audience)}
            for reader in settings.audiences
        }

    @cached_property
    def withdrawn(self) -> Set[str]:
        """The ids that ``withdrawn.toml`` names and no document has."""
        return {one.id for one in self.library.withdrawn} - self.library.sources.keys()

    def instead_of(self, name: str, audience: str) -> tuple[str, ...]:
        """The ids of what an audience can open now instead of something that is gone."""
        return where_now(name, self.library.following, self.open_to[audience])

    def _in_force(self, name: str) -> bool:
        source = self.library.sources.get(name)
        return source is not None and source.document.standing(self.on) is Standing.CURRENT
