"""What else to read: documents that share something rare with another.

What two documents share counts the more the fewer documents have it: an article that they rest
on, a tag, a product, a pair of characters of their titles, a link from one to the other. Counts
are rounded to powers of two, so that a new document changes few other pages. What many documents
share finds nothing by itself, so that the work grows with the library and not with its square.
One thing in common is chance, unless it is rare. That two documents of different subjects rest on
the same articles says little: most rest on a few general ones. They must share what they say
themselves that they are about. What is near to nothing is shown with the newest of its subject.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise

from casebook.documents import Case, Document, Faq, Standing
from casebook.library import View
from casebook.markup import DOCUMENT_LINK
from casebook.pages.products import Product
from casebook.pages.subjects import first_level

MOST = 5
# What more documents than this share says little and is not followed.
_COMMON = 32
# How far apart common and unique are, in powers of two.
_STEPS = 6
# With less in common than this, documents are not related.
_LEAST = 10
# So many reasons make documents related; one that few documents share counts as two.
_REASONS, _RARE = 2, 4
# How many of its subject stand in for what is near.
_STAND_IN = 3
_SAME_CHILD, _SAME_PARENT, _LINKED = 6, 1, 12
# Characters that join words or ask say nothing of what a title is about.
_JOINING = "的了吗呢吧么怎什我你他她您是有在就不没能会要可以和与把被给还到多少"
_RUN = re.compile(rf"(?:(?![{_JOINING}])[\u4e00-\u9fff])+|[a-z0-9]+")

# What documents can share: what sort of thing it is, and which.
Feature = tuple[str, str]
# So much of what they say that they are about makes documents of different subjects related.
_OWN = {"article": 0, "faq": 2, "tag": 2, "product": 2, "word": 1}
_LEAST_OWN = 2
# So many pairs of characters are a phrase.
_PHRASE = 2
_WEIGHT = {"article": 2, "faq": 3, "tag": 2, "product": 2, "word": 1}


@dataclass(slots=True)
class _Shared:
    """What another document has in common with one.

    Attributes:
        score: how much it weighs.
        reasons: for how many reasons it counts.
        own: how much of it they say themselves that they are about.
        words: how many pairs of characters of their titles there are in it.
    """

    score: int = 0
    reasons: int = 0
    own: int = 0
    words: int = 0

    def relates(self, document: Document, other: Document) -> bool:
        """Whether it makes two documents related."""
        # Only policies can have no subject: two of these are alike in it.
        reasons = self.reasons + (document.subject == other.subject)
        if first_level(document) == first_level(other):
            return reasons >= _REASONS or self.words >= _PHRASE
        return reasons >= _REASONS and self.own >= _LEAST_OWN


class Related:
    """Finds what is near to a document of a view.

    Args:
        view: whose documents.
        products: the products that they are about.
    """

    def __init__(self, view: View, products: Sequence[Product]) -> None:
        self._view = view
        self._products: dict[str, list[str]] = defaultdict(list)
        for product in products:
            for document in product.about:
                self._products[document.id].append(product.term.term)

    def to(self, document: Document, shown: Collection[str] = ()) -> list[Document]:
        """The documents that are nearest to one.

        Args:
            document: one of the view's.
            shown: ids of those that its page names already.

        Returns:
            At most five that hold on the view's day, the nearest first.
        """
        best = []
        for name, shared in self._shared(document).items():
            other = self._current.get(name)
            if shared.score + 2 * _SAME_CHILD < _LEAST or name in shown or other is None:
                continue
            near = shared.score + _nearness(document, other, shared.words)
            if near >= _LEAST and shared.relates(document, other):
                best.append((-near, name, other))
        found = [other for _, _, other in sorted(best)[:MOST]]
        return found or self._of_its_subject(document, shown)

    def _of_its_subject(self, document: Document, shown: Collection[str]) -> list[Document]:
        """The newest of the same part of a subject; where there is no other, of the whole."""
        for subject in (document.subject or "", first_level(document)):
            others = (
                other
                for other in self._newest.get(subject, ())
                if other is not document and other.id not in shown
            )
            found = list(islice(others, _STAND_IN))
            if found:
                return found
        return []

    @cached_property
    def _newest(self) -> Mapping[str, list[Document]]:
        """What may be recommended by its subject and the whole of that, the newest first."""
        found: dict[str, list[Document]] = defaultdict(list)
        for document in sorted(self._current.values(), key=newest_first):
            for subject in {document.subject, first_level(document)} - {None, ""}:
                found[str(subject)].append(document)
        return found

    @cached_property
    def _current(self) -> dict[str, Document]:
        """What may be recommended: what holds."""
        day = self._view.on
        held = (d for d in self._view.documents if d.standing(day) is Standing.CURRENT)
        return {document.id: document for document in held}

    def _shared(self, document: Document) -> Mapping[str, _Shared]:
        """What others share with a document, by their ids."""
        found: defaultdict[str, _Shared] = defaultdict(_Shared)
        for feature in self._features[document.id]:
            holders = self._holders[feature]
            if 1 < len(holders) <= _COMMON:
                kind = feature[0]
                weight = _WEIGHT[kind] * (_STEPS - len(holders).bit_length())
                many = _reasons(feature, len(holders))
                for name in holders:
                    shared = found[name]
                    shared.score += weight
                    shared.reasons += many
                    shared.own += _OWN[kind]
                    shared.words += kind == "word"
        for name in self._linked.get(document.id, ()):
            shared = found[name]
            shared.score += _LINKED
            shared.reasons += 1
            shared.own += _LEAST_OWN
        found.pop(document.id, None)
        return found

    @cached_property
    def _features(self) -> dict[str, set[Feature]]:
        return {
            document.id: {*_features(document, self._products.get(document.id, ()))}
            for document in self._view.documents
        }

    @cached_property
    def _holders(self) -> dict[Feature, list[str]]:
        holders: dict[Feature, list[str]] = defaultdict(list)
        for name, features in self._features.items():
            for feature in features:
                holders[feature].append(name)
        return holders

    @cached_property
    def _linked(self) -> dict[str, set[str]]:
        """Links in texts, both ways."""
        linked: dict[str, set[str]] = defaultdict(set)
        for document in self._view.documents:
            for section in document.sections:
                for match in DOCUMENT_LINK.finditer(section.html):
                    linked[document.id].add(match["id"])
                    linked[match["id"]].add(document.id)
        return linked


def _reasons(feature: Feature, holders: int) -> int:
    """For how many reasons a feature counts that so many documents have."""
    rare = holders <= _RARE
    # Two characters of a title are often no word, and common words say nothing.
    return int(rare) if feature[0] == "word" else 1 + rare


def newest_first(document: Document) -> tuple[int, str]:
    """The key to sort by: the latest approval first, then by id."""
    return -document.approved_on.toordinal(), document.id


def _nearness(document: Document, other: Document, words: int) -> int:
    """What two documents have in common by their subject, and a phrase of their titles within."""
    if not document.subject or first_level(document) != first_level(other):
        return 0
    subject = _SAME_CHILD if document.subject == other.subject else _SAME_PARENT
    return subject + _SAME_CHILD * (words >= _PHRASE)


def _features(document: Document, products: Collection[str]) -> Iterator[Feature]:
    yield from (("article", str(citation)) for citation in document.policies)
    yield from (("tag", tag) for tag in document.tags)
    yield from (("product", name) for name in products)
    if isinstance(document, Case):
        yield from (("faq", name) for name in document.faq)
    if isinstance(document, Faq):
        yield "faq", document.id
    for run in _RUN.findall(document.title.lower()):
        if run[0] < "\u4e00":
            yield "word", run
            continue
        yield from (("word", "".join(pair)) for pair in pairwise(run))
