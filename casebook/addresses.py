"""Where the pages of a view are, for what programs read: JSON, markup, sitemaps."""

from __future__ import annotations

import html

from casebook.documents import Document
from casebook.library import View
from casebook.markup import link_documents

# From a document's page or the JSON beside it to the site's root.
FROM_DOCUMENT = "../../"


def site_url(view: View, path: str = "", root: str = "") -> str:
    """The address of something of a view's site.

    Args:
        view: whose site; the settings give its audience an address or none.
        path: under the site's root.
        root: the way from whoever names it to the site's root.

    Returns:
        An absolute address; where the settings give none, one relative to whoever names it.
    """
    base = view.audience.url
    return f"{base.rstrip('/')}/{path}" if base else f"{root}{path}" or "./"


def document_path(document: Document, article: str | None = None) -> str:
    """A document's page under the site's root, at one of its sections where one is named."""
    section = document.section(article) if article else None
    return document.kind.address(document.id) + (f"#{section.anchor}" if section else "")


def linked_html(rendered: str, view: View, root: str = FROM_DOCUMENT) -> str:
    """Clean HTML of a section with links to pages of the view's site.

    Args:
        rendered: a section's HTML, its links still ids.
        view: whose site; links to what it does not hold leave their text.
        root: as for :func:`site_url`.
    """

    def address(name: str, article: str | None) -> str | None:
        target = view.get(name)
        if target is None:
            return None
        return html.escape(site_url(view, document_path(target, article), root))

    return link_documents(rendered, address)
