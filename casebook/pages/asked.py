"""What people look for most, where somebody counted."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.pages.listing import Group, Listing
from casebook.pages.page import HOME, Crumb
from casebook.pages.site import Row, Site

ASKED: Crumb = ("问得最多", "asked/")


def asked_rows(site: Site, most: int | None = None) -> tuple[Row, ...]:
    """The documents that were asked for, the most frequent first."""
    return tuple(
        (row := site.row(document))._replace(
            note="，".join(filter(None, (f"{times} 次", row.note)))
        )
        for document, times in site.most_asked[:most]
    )


def asked_listings(site: Site) -> Iterator[Listing]:
    """The page of what is asked most; none where nobody counted."""
    rows = asked_rows(site)
    if rows:
        lead = '<p class="cb-lead">大家在检索里找得最多的，次数多的在前面。</p>'
        path = ASKED[1]
        groups = (Group("", "", rows),)
        yield Listing(
            path, ASKED[0], groups, (HOME,), path, lead=lead, kind="asked", style="cb-asked"
        )
