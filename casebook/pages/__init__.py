"""A View → the pages of its site, as canonical Markdown.

Each module has one idea; this one names the pages that a site has and the way between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from casebook.documents import Kind
from casebook.library import View
from casebook.pages.asked import ASKED, asked_listings
from casebook.pages.browse import SUBJECTS, listings, overviews, ways
from casebook.pages.cards import CARDS, card_pages
from casebook.pages.documents import document_draft
from casebook.pages.facts import kind_facts, review_state
from casebook.pages.finding import SEARCH, search_page
from casebook.pages.glossary import GLOSSARY, glossary_pages
from casebook.pages.gone import gone_pages
from casebook.pages.home import home_page
from casebook.pages.listing import listing_drafts
from casebook.pages.page import HOME, Draft, NavEntry, Page, finished, markdown_text, page_url
from casebook.pages.site import Site
from casebook.pages.subjects import subject_anchor, subject_path, subject_slug
from casebook.pages.weekly import NEWS, news_listings

__all__ = [
    "Draft",
    "NavEntry",
    "Page",
    "kind_facts",
    "markdown_text",
    "navigation",
    "page_url",
    "review_state",
    "subject_anchor",
    "subject_path",
    "subject_slug",
    "view_drafts",
    "view_pages",
]

# The headings of the navigation's further entries.
_WAYS, _OTHER = "怎么找", "其他"


def view_drafts(view: View, asked: Mapping[str, int] | None = None) -> Iterator[Draft]:
    """All pages made from a view, each to be made when it is needed.

    Args:
        view: what the site shows.
        asked: how often documents were what people looked for, by id, where somebody counted.
    """
    site = Site(view, asked or {})
    yield from map(finished, _single_pages(site))
    for listing in chain(listings(site), news_listings(site), asked_listings(site)):
        yield from listing_drafts(listing, site)
    for document in view.documents:
        yield document_draft(document, site)


def view_pages(view: View, asked: Mapping[str, int] | None = None) -> Iterator[Page]:
    """As :func:`view_drafts`, the pages made."""
    return (draft.make() for draft in view_drafts(view, asked))


def _single_pages(site: Site) -> Iterator[Page]:
    """The pages of which a site has few; they are made at once."""
    yield home_page(site)
    yield from overviews(site)
    yield from card_pages(site)
    yield from glossary_pages(site)
    yield search_page(site)
    yield from gone_pages(site)


def navigation(view: View, asked: Mapping[str, int] | None = None) -> tuple[NavEntry, ...]:
    """The pages that lead to all others, so that no page grows with the library."""
    site = Site(view, asked or {})
    kinds = [(kind.label, f"{kind.folder}/") for kind in site.kinds if kind is not Kind.POLICY]
    # As many as fit in one row on a phone. Counter cards are for counters, not for agents.
    main, other = [HOME, SUBJECTS, *kinds], [NEWS, CARDS, GLOSSARY]
    main.append(other.pop(0 if view.internal else 1))
    found = [way for way in ways(site) if way not in main]
    if site.most_asked:
        found.append(ASKED)
    return (
        *(NavEntry(title, path) for title, path in main),
        *(NavEntry(title, path, _WAYS) for title, path in (*found, SEARCH)),
        *(NavEntry(title, path, _OTHER) for title, path in other),
    )
