"""What a page of a site is, and the small HTML that all pages share.

Headings are Markdown (they make the table of contents); everything else is HTML that has been
cleaned already, so that the site builder interprets nothing that an author wrote. Titles are
escaped here because the builder's templates do not escape.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from casebook.digests import bytes_digest
from casebook.documents import Document

# How long a description is at most: more of it no search engine shows.
_DESCRIPTION = 120
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DAY = re.compile(r"(?:\d{4} 年 )?\d{1,2} 月 \d{1,2} 日")
_MARKDOWN = re.compile(r"[\\`*_{}\[\]#|~^=<>&\"']")
EMPTY = "<p>还没有内容。</p>"
# What a link says, and the address under the site's root.
Crumb = tuple[str, str]
HOME: Crumb = ("首页", "")
GUIDE: Crumb = ("写作与检查", "guide/")


@dataclass(frozen=True)
class Page:
    """A page of the site.

    Attributes:
        path: its address under the site's root: empty for the first page, else ending in ``/``.
        title: as plain text.
        body: canonical Markdown, without the title.
        description: what it has, in short and as plain text, for search engines.
        toc: whether the page has a table of contents.
        trail: where the page stands, as HTML above the title; may be empty.
        kind: what sort of page it is; the theme may lay it out differently.
        section: the address of the navigation's entry that it belongs to.
        data: what the page says, for programs: the JSON beside it.
        feed: what has a feed of its own, and the folder of that; None for the site's alone.
    """

    path: str
    title: str
    body: str
    description: str = ""
    toc: bool = True
    trail: str = ""
    kind: str = "list"
    section: str = ""
    data: Mapping[str, object] = field(default_factory=dict)
    feed: Crumb | None = None

    @property
    def file(self) -> str:
        """Its staged file.

        Every page is the index of a folder of its own, so that links relative to the file and to
        the page are the same: builders that rewrite links have nothing to do.
        """
        return f"{self.path}index.md"

    def text(self) -> str:
        """The whole file."""
        cb: dict[str, object] = {
            "kind": self.kind,
            "section": self.section,
            "toc": self.toc,
            "json": bool(self.data),
        }
        if self.feed:
            name, folder = self.feed
            cb["feed"] = {"title": html.escape(name), "path": folder}
        meta = {
            "title": html.escape(self.title),
            "description": html.escape(self.description),
            "cb": cb,
        }
        front = json.dumps(meta, ensure_ascii=False)
        parts = (f"---\n{front}\n---", self.trail, heading(1, self.title, "top"), self.body)
        return "\n\n".join(part for part in parts if part) + "\n"


@dataclass(frozen=True)
class Draft:
    """A page that is made when it is needed.

    Attributes:
        path: as the page's.
        key: changes whenever the page would; empty for a page that is to be made every time.
        make: makes it.
    """

    path: str
    key: str
    make: Callable[[], Page]


@dataclass(frozen=True)
class NavEntry:
    """A line of the navigation.

    Attributes:
        title: what it says.
        path: the address under the site's root.
        group: the heading that it stands under; empty for the main entries.
    """

    title: str
    path: str
    group: str = ""


def finished(page: Page) -> Draft:
    """A draft of a page that is made already; for pages of which there are few."""
    data = json.dumps(page.data, ensure_ascii=False, default=str)
    return Draft(page.path, bytes_digest(f"{page.text()}\0{data}".encode()), lambda: page)


def page_url(document: Document, anchor: str = "") -> str:
    """A document's page, relative to the site's root."""
    return f"{document.kind.folder}/{document.id}/{'#' + anchor if anchor else ''}"


def markdown_text(text: str) -> str:
    """Plain text as Markdown that means just that text.

    Character references, because builders do not agree on what a backslash escapes.
    """
    return _MARKDOWN.sub(lambda match: f"&#{ord(match[0])};", text)


def heading(level: int, text: str, anchor: str) -> str:
    """A heading as Markdown, with its anchor."""
    return f"{'#' * level} {markdown_text(text)} {{#{anchor}}}"


def escaped(text: str) -> str:
    """Plain text as HTML."""
    return html.escape(text)


def dated(text: str) -> str:
    """Plain text as HTML in which no day is torn between two lines."""
    html_text = _DATE.sub(r"<time>\g<0></time>", escaped(text))
    return _DAY.sub(r'<span class="cb-day">\g<0></span>', html_text)


def chinese_day(day: date) -> str:
    """A day as running text says it: ``11 月 26 日``."""
    return f"{day.month} 月 {day.day} 日"


def root_from(path: str) -> str:
    """The way from a page to the site's root, to put before an address under it."""
    return "../" * path.count("/")


def linked(text: str, address: str) -> str:
    """A link; the address may be relative or under the root, as the caller means it."""
    return f'<a href="{address or "./"}">{escaped(text)}</a>'


def described(title: str, parts: Iterable[str], between: str = "、") -> str:
    """A page's description from what stands on it, as far as there is room.

    Args:
        title: what the page is about.
        parts: what it has, in its order.
        between: what stands between them.
    """
    text, mark = title, "："
    for part in parts:
        if text != title and len(text) + len(mark) + len(part) > _DESCRIPTION:
            break
        text, mark = f"{text}{mark}{part}", between
    return text[:_DESCRIPTION].strip() if text != title else f"{title}：还没有内容。"


def trail(path: str, *crumbs: Crumb) -> str:
    """Where a page stands: the pages above it, as links."""
    up = root_from(path)
    shown = " › ".join(linked(text, up + address) for text, address in crumbs)
    return f'<nav class="cb-trail" aria-label="位置">{shown}</nav>'
