"""A View → every file of its site that is no page: one table of what is made besides the pages.

Each outlet takes a View and can see nothing else; the same View gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from casebook.feeds import feed_files
from casebook.library import View
from casebook.llms import llms_files
from casebook.offline import offline_files
from casebook.pages import Page
from casebook.site_files import SiteFile, json_file
from casebook.sitemap import sitemap_files
from casebook.static_search import search_files

_SEARCH_BOX = ("case-search.js", "case-search.css", "case-events.js", "case-events.css")


@dataclass(frozen=True)
class Made:
    """What the outlets are made from.

    Attributes:
        view: what the site shows.
        pages: the address of every page.
        cache: a folder where an outlet may keep what takes long to make.
        digests: gives the SHA-256 of every file that the site has so far, by its path.
    """

    view: View
    pages: Sequence[str]
    cache: Path
    digests: Callable[[], Mapping[str, str]]


def page_data(page: Page) -> Iterator[SiteFile]:
    """The JSON beside a page."""
    if page.data:
        yield json_file(f"{page.path}index.json", page.data)


def _search_box(_: Made) -> Iterator[SiteFile]:
    for name in _SEARCH_BOX:
        file = resources.files("search") / "static" / name
        yield SiteFile(f"assets/{name}", file.read_bytes())


# In this order: the offline copy names the files of all others.
OUTLETS: Mapping[str, Callable[[Made], Iterable[SiteFile]]] = {
    "search box": _search_box,
    "feeds": lambda made: feed_files(made.view),
    "sitemap": lambda made: sitemap_files(made.view, ((path, None) for path in made.pages)),
    "llms.txt": lambda made: llms_files(made.view),
    "search index": lambda made: search_files(made.view, made.cache),
    "offline copy": lambda made: offline_files(made.view, made.digests()),
}


def outlet_files(made: Made) -> Iterator[SiteFile]:
    """The files of every outlet."""
    for files in OUTLETS.values():
        yield from files(made)
