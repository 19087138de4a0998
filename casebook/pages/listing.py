"""Lists of documents, however long: a hundred rows a page, each page with its own address.

What a page shows is worked out first, as plain values; the page, its JSON and its key are all
made from these, so that none of them can miss what another has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from casebook.addresses import site_url
from casebook.digests import bytes_digest
from casebook.library import View
from casebook.pages.page import (
    EMPTY,
    Crumb,
    Draft,
    Page,
    dated,
    described,
    escaped,
    heading,
    linked,
    root_from,
    trail,
)
from casebook.pages.site import Row, Site

ROWS = 100


class Group(NamedTuple):
    """Documents under a heading.

    Attributes:
        heading: as plain text; without one, the rows stand under the page's title.
        anchor: of the heading.
        rows: the documents.
        more: a page that has more of them: what the link says and its address.
        note: a line of HTML under the heading; its links are relative to the page.
    """

    heading: str
    anchor: str
    rows: tuple[Row, ...]
    more: Crumb | None = None
    note: str = ""


@dataclass(frozen=True)
class Listing:
    """A list of documents in groups.

    Attributes:
        path: the address of its first page.
        title: as plain text.
        groups: in order; empty ones say so.
        crumbs: the pages above it.
        section: as the page's.
        lead: HTML above the list, on the first page only.
        show_kind: whether rows say what kind of document they are.
        kind: as the page's.
        style: a class of its lists besides their own.
        data: more to say to programs, on the first page.
        feed: the folder of its own feed; empty where it has none.
    """

    path: str
    title: str
    groups: tuple[Group, ...]
    crumbs: tuple[Crumb, ...]
    section: str
    lead: str = ""
    show_kind: bool = True
    kind: str = "list"
    style: str = ""
    data: tuple[tuple[str, object], ...] = ()
    feed: str = ""


@dataclass(frozen=True)
class Sheet:
    """One page of a listing.

    Attributes:
        listing: without groups.
        groups: what of them stands here.
        number: from 1.
        count: how many pages there are.
        starts: where the groups of a long list start: heading, anchor, page.
    """

    listing: Listing
    groups: tuple[Group, ...]
    number: int
    count: int
    starts: tuple[tuple[str, str, int], ...] = ()


def listing_drafts(listing: Listing, site: Site) -> Iterator[Draft]:
    """The pages of a listing.

    Args:
        listing: what to list.
        site: whose pages.
    """
    for sheet in _sheets(listing):
        values = vars(sheet) | {"listing": vars(sheet.listing)}
        key = bytes_digest(f"{site.stamp}\0{json.dumps(values, ensure_ascii=False)}".encode())
        path = page_path(listing.path, sheet.number)
        yield Draft(path, key, partial(_page, sheet, site.view))


def page_path(path: str, number: int) -> str:
    """The address of a long list's page of that number."""
    return path if number == 1 else f"{path}{number}/"


def _sheets(listing: Listing) -> Iterator[Sheet]:
    pages = _cut(listing.groups)
    bare = replace(listing, groups=())
    starts: list[tuple[str, str, int]] = []
    if len(pages) > 1:
        known = set()
        for number, groups in enumerate(pages, 1):
            for group in groups:
                if group.heading and group.anchor not in known:
                    known.add(group.anchor)
                    starts.append((group.heading, group.anchor, number))
    for number, groups in enumerate(pages, 1):
        yield Sheet(bare, groups, number, len(pages), tuple(starts) if number == 1 else ())


def _cut(groups: Sequence[Group]) -> list[tuple[Group, ...]]:
    """Groups as pages; a group goes on where its page is full."""
    pages: list[list[Group]] = [[]]
    room = ROWS
    for group in groups:
        rows = group.rows
        while len(rows) > room:
            if room:
                pages[-1].append(group._replace(rows=rows[:room], more=None))
                rows = rows[room:]
            pages.append([])
            room = ROWS
        pages[-1].append(group._replace(rows=rows))
        room -= len(rows)
    return [tuple(page) for page in pages]


def _page(sheet: Sheet, view: View) -> Page:
    listing = sheet.listing
    path = page_path(listing.path, sheet.number)
    first = sheet.number == 1
    crumbs = listing.crumbs if first else (*listing.crumbs, (listing.title, listing.path))
    groups = [_group(group, listing, path) for group in sheet.groups]
    parts = (
        listing.lead if first else "",
        _starts(sheet),
        *(groups or [EMPTY]),
        _pager(sheet),
        _feed(listing, path),
    )
    return Page(
        path=path,
        title=listing.title if first else f"{listing.title}（第 {sheet.number} 页）",
        body="\n\n".join(part for part in parts if part),
        description=described(
            listing.title, (row.title for group in sheet.groups for row in group.rows), " · "
        ),
        toc=any(group.heading for group in sheet.groups),
        trail=trail(path, *crumbs),
        kind=listing.kind,
        section=listing.section,
        data=_data(sheet, view, path),
        feed=(listing.title, listing.feed) if listing.feed else None,
    )


def _feed(listing: Listing, path: str) -> str:
    if not listing.feed:
        return ""
    address = f"{root_from(path)}{listing.feed}feed.xml"
    return f'<p class="cb-more">{linked(f"订阅“{listing.title}”的更新", address)}</p>'


def _group(group: Group, listing: Listing, path: str) -> str:
    parts = [heading(2, group.heading, group.anchor)] if group.heading else []
    if group.note:
        parts.append(group.note)
    listed = rows_html(group.rows, path, show_kind=listing.show_kind, style=listing.style)
    if listed or not group.note:
        parts.append(listed or EMPTY)
    if group.more:
        text, target = group.more
        parts.append(f'<p class="cb-more">{linked(text, root_from(path) + target)}</p>')
    return "\n\n".join(parts)


def rows_html(rows: Iterable[Row], path: str, *, show_kind: bool = True, style: str = "") -> str:
    """A list of documents; empty where there are none.

    Args:
        rows: the documents.
        path: of the page that it stands on.
        show_kind: whether rows say what kind of document they are.
        style: a class of the list besides its own.
    """
    up = root_from(path)
    items = "".join(_row(row, up, show_kind) for row in rows)
    kind = "cb-list" if show_kind else "cb-list cb-list--plain"
    kind += f" {style}" if style else ""
    return f'<ul class="{kind}">{items}</ul>' if items else ""


def _row(row: Row, up: str, show_kind: bool) -> str:
    kind = f'<span class="cb-kind">{row.label}</span>' if show_kind else ""
    state = (
        f' <span class="cb-state cb-state--{row.standing}">{row.standing_label}</span>'
        if row.standing
        else ""
    )
    note = f' <span class="cb-list__note">{dated(row.note)}</span>' if row.note else ""
    if row.instead:
        links = "、".join(linked(text, up + path) for text, path in row.instead)
        note += f' <span class="cb-list__note">现在看：{links}</span>'
    approved = f'<time class="cb-list__date">{row.approved_on}</time>' if row.approved_on else ""
    return (
        f'<li>{kind}<span class="cb-list__title">{linked(row.title, up + row.path)}'
        f"{state}{note}</span>"
        f'<span class="cb-list__owner">{escaped(row.owner)}</span>{approved}</li>'
    )


def _starts(sheet: Sheet) -> str:
    """Where the groups of a long list start; their anchors on the first page lead on from here."""
    if not sheet.starts:
        return ""
    items = []
    for title, anchor, number in sheet.starts:
        page = "" if number == 1 else f"{number}/"
        mark = f' id="{anchor}"' if number > 1 else ""
        items.append(f"<li{mark}>{linked(title, f'{page}#{anchor}')}</li>")
    return f'<nav class="cb-browse" aria-label="分组"><ul>{"".join(items)}</ul></nav>'


def _pager(sheet: Sheet) -> str:
    """The way to the other pages of a long list."""
    number, count = sheet.number, sheet.count
    if count == 1:
        return ""
    up = "" if number == 1 else "../"

    def link(target: int, text: str, mark: str = "") -> str:
        address = up + ("" if target == 1 else f"{target}/")
        return f'<a href="{address or "./"}"{mark}>{text}</a>'

    near = sorted({1, count, *range(max(1, number - 2), min(count, number + 2) + 1)})
    numbers = []
    for before, target in zip([0, *near], near, strict=False):
        if target > before + 1:
            numbers.append("<span>…</span>")
        mark = ' aria-current="page"' if target == number else ""
        numbers.append(link(target, str(target), mark))
    if number > 1:
        numbers.insert(0, link(number - 1, "上一页", ' rel="prev"'))
    if number < count:
        numbers.append(link(number + 1, "下一页", ' rel="next"'))
    return f'<nav class="cb-pager" aria-label="翻页">{" ".join(numbers)}</nav>'


def _data(sheet: Sheet, view: View, path: str) -> dict[str, object]:
    following = page_path(sheet.listing.path, sheet.number + 1)
    last = sheet.number == sheet.count
    return {
        "title": sheet.listing.title,
        "url": site_url(view, path, root_from(path)),
        **(dict(sheet.listing.data) if sheet.number == 1 else {}),
        "items": [item_data(row, view, path) for group in sheet.groups for row in group.rows],
        "next": None if last else site_url(view, following, root_from(path)),
    }


def item_data(row: Row, view: View, path: str) -> dict[str, object]:
    """A document of a list, for programs.

    Args:
        row: the document.
        view: whose site.
        path: of the page that says it.
    """
    up = root_from(path)
    values = {
        "id": row.id,
        "kind": row.kind,
        "title": row.title,
        "url": site_url(view, row.path, up),
        "badge": row.badge,
        "approved_on": row.approved_on,
        "state": row.standing,
        "note": row.note,
        "instead": [site_url(view, target, up) for _, target in row.instead],
    }
    return {name: value for name, value in values.items() if value}
