"""What insights need of the documents of one audience: titles, teams, subjects, dates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache

from casebook.documents import Standing
from search.store import Store, Stored

# Documents of a subject that are asked who answers for it.
_ASKED = 50
# Who answers for what nobody else does.
NOBODY = "知识管理员"


class Documents:
    """The documents of one audience's index, each read when it is needed.

    Args:
        store: the audience's.
        on: the day it is.
    """

    def __init__(self, store: Store, on: date) -> None:
        self._store = store
        self._on = on
        self.get = lru_cache(maxsize=1 << 14)(self._read)
        self._owner_of_subject = lru_cache(maxsize=1 << 10)(self._most_owned)

    def _read(self, name: str) -> Stored | None:
        """The document of that id; None when this audience has none such any more."""
        number = self._store.number(name)
        return None if number is None else self._store.documents([number])[number]

    def known(self, names: Iterable[str]) -> list[Stored]:
        """Those of some documents that are there."""
        return [found for name in names if (found := self.get(name))]

    def owner(self, names: Iterable[str]) -> str:
        """The team that answers for most of some documents; of several that of the first one.

        Args:
            names: the ids of the documents, the most concerned first.
        """
        owners = Counter(document.owner for document in self.known(names))
        return owners.most_common(1)[0][0] if owners else NOBODY

    def owner_of(self, subject: str) -> str:
        """The team that answers for most documents of a subject."""
        return self._owner_of_subject(subject)

    def long_ago(self, document: Stored) -> bool:
        """Whether a document was approved so long ago that it counts less in a search."""
        old = timedelta(days=self._store.ranking.old_days)
        return self._on - document.approved_on > old

    def has_successor(self, document: Stored, by: date) -> bool:
        """Whether something takes a document's place on a day."""
        newer = self.known(document.successors)
        return any(one.standing(by) is Standing.CURRENT for one in newer)

    def _most_owned(self, subject: str) -> str:
        numbers = self._store.facets.get("category", {}).get(subject)
        if not numbers:
            return NOBODY
        documents = self._store.documents(list(numbers)[:_ASKED])
        return self.owner(document.id for document in documents.values())
