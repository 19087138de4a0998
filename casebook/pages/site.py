"""A view, and what its pages look up of it many times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import NamedTuple

from casebook.documents import Case, Document, Kind, Policy, Section, Standing
from casebook.library import View
from casebook.news import NewsItem, news_of
from casebook.pages.facts import SOON, until_words
from casebook.pages.page import Crumb, page_url
from casebook.pages.products import Product, products_of
from casebook.pages.related import Related, newest_first
from casebook.trust import Trust, trust_of

NEWS_SINCE = timedelta(weeks=53)


class Link(NamedTuple):
    """A document as another's page names it.

    Attributes:
        kind: what sort of document it is, in Chinese.
        title: as plain text.
        path: the address under the site's root.
    """

    kind: str
    title: str
    path: str


class Row(NamedTuple):
    """A document as lists show it: everything that they say of it, as plain text.

    Attributes:
        id: the document's.
        kind: what sort of document it is, as data.
        label: the same in Chinese.
        title: the document's.
        path: its address under the site's root.
        standing: whether it holds, as data; empty where it does.
        standing_label: the same in Chinese.
        owner: the team that answers for it.
        approved_on: when its text was last approved.
        badge: how far to trust it, as data.
        note: what this list says of it besides; may be empty.
        instead: where to go instead: titles and addresses under the site's root.
    """

    id: str
    kind: str
    label: str
    title: str
    path: str
    standing: str
    standing_label: str
    owner: str
    approved_on: str
    badge: str
    note: str = ""
    instead: tuple[Crumb, ...] = ()


@dataclass(frozen=True)
class Site:
    """What is looked up while the pages of a view are made.

    Attributes:
        view: whose pages.
        asked: how often documents were what people looked for, by id; empty where nobody counted.
    """

    view: View
    asked: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def stamp(self) -> str:
        """What every page depends on besides the documents."""
        view = self.view
        parts = (view.audience, view.internal, view.public, view.settings.library)
        return repr((*parts, view.settings.review.due_soon))

    @cached_property
    def newest(self) -> tuple[Document, ...]:
        """All documents, the latest approval first."""
        return tuple(sorted(self.view.documents, key=newest_first))

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that the view holds, in the order of reading."""
        held = {document.kind for document in self.view.documents}
        return tuple(kind for kind in (Kind.FAQ, Kind.CASE, Kind.POLICY) if kind in held)

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """The cases, the latest approval first."""
        return tuple(document for document in self.newest if isinstance(document, Case))

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        """The policies, the latest approval first."""
        return tuple(document for document in self.newest if isinstance(document, Policy))

    @cached_property
    def by_subject(self) -> Mapping[str, list[Document]]:
        """Documents by the path of their subject, the latest approval first."""
        found: dict[str, list[Document]] = defaultdict(list)
        for document in self.newest:
            found[document.subject or ""].append(document)
        return found

    @cached_property
    def related(self) -> Related:
        """What is near to what."""
        return Related(self.view, self.products)

    @cached_property
    def products(self) -> tuple[Product, ...]:
        """The products and brands of the glossary that documents are about."""
        return products_of(self.view)

    @cached_property
    def products_named(self) -> Mapping[str, list[Product]]:
        """The products that a document is about, by the document's id."""
        found: dict[str, list[Product]] = defaultdict(list)
        for product in self.products:
            for document in product.about:
                found[document.id].append(product)
        return found

    @cached_property
    def most_asked(self) -> tuple[tuple[Document, int], ...]:
        """What was asked, with how often, the most frequent first; what the view holds of it."""
        held = ((self.view.get(name), times) for name, times in self.asked.items())
        found = [(document, times) for document, times in held if document and times > 0]
        return tuple(sorted(found, key=lambda one: (-one[1], one[0].id)))

    @cached_property
    def news(self) -> tuple[NewsItem, ...]:
        """What changed within a year, and what ends within seven days; the newest first."""
        day = self.view.on
        return news_of(self.view, day - NEWS_SINCE, day + SOON)

    @cached_property
    def _trust(self) -> Mapping[str, Trust]:
        return {document.id: trust_of(document, self.view) for document in self.view.documents}

    def trust(self, document: Document) -> Trust:
        """How far a document can be trusted."""
        return self._trust[document.id]

    @cached_property
    def _rows(self) -> dict[str, Row]:
        return {}

    def row(self, document: Document) -> Row:
        """A document as lists show it."""
        found = self._rows.get(document.id)
        if found is None:
            found = self._rows[document.id] = self._row(document)
        return found

    def rows(self, documents: Iterable[Document]) -> tuple[Row, ...]:
        """Documents as lists show them."""
        return tuple(map(self.row, documents))

    @cached_property
    def _links(self) -> Mapping[str, Link]:
        return {document.id: link_to(document) for document in self.view.documents}

    def link(self, document_id: str) -> Link | None:
        """A document as another's page names it; None where the view has none such."""
        return self._links.get(document_id)

    def links(self, document_ids: Iterable[str]) -> tuple[Link, ...]:
        """Documents as another's page names them, as far as the view has them."""
        return tuple(link for name in document_ids if (link := self.link(name)))

    def _row(self, document: Document) -> Row:
        standing = document.standing(self.view.on)
        holds = standing is Standing.CURRENT
        return Row(
            id=document.id,
            kind=document.kind.value,
            label=document.kind.label,
            title=document.title,
            path=page_url(document),
            standing="" if holds else standing.value,
            standing_label="" if holds else standing.label,
            owner=document.owner,
            approved_on=document.approved_on.isoformat(),
            badge=self.trust(document).badge.value,
            note=until_words(document, self.view.on),
        )


def link_to(document: Document, section: Section | None = None) -> Link:
    """A document, or one of its sections, as another's page names it."""
    title = f"{document.title} {section.heading}" if section else document.title
    return Link(document.kind.label, title, page_url(document, section.anchor if section else ""))
