"""Whatever the built sites point at is there: pages, anchors, files, addresses in data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from casebook.library import Library, View
from casebook.publishing import build_site
from tests.conftest import ON

# Answered by the search service, which is not part of a site.
SERVICE = "/"
TEXTS = {".json", ".xml", ".txt", ".webmanifest"}


@dataclass(frozen=True)
class Built:
    """A built site: what it shows, where it is."""

    view: View
    folder: Path

    def texts(self, *suffixes: str) -> Iterator[tuple[str, str]]:
        """The paths and contents of its files of some sorts."""
        for file in sorted(self.folder.rglob("*")):
            if file.suffix in suffixes:
                name = file.relative_to(self.folder).as_posix()
                yield name, file.read_text(encoding="utf-8")

    def is_there(self, path: str, anchor: str = "") -> bool:
        """Whether a path under the site's root is a file or a page, with that anchor."""
        file = self.folder / unquote(path)
        if path == "" or path.endswith("/"):
            file /= "index.html"
        return file.is_file() and (not anchor or unquote(anchor) in anchors(file))


@dataclass
class Found(HTMLParser):
    """The links and the anchors of a page."""

    links: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src"}:
                self.links.append(value or "")
            elif name == "id":
                self.ids.add(value or "")


def read(text: str) -> Found:
    found = Found()
    found.feed(text)
    return found


@cache
def anchors(file: Path) -> set[str]:
    return read(file.read_text(encoding="utf-8")).ids


@pytest.fixture(scope="module", params=["dealer", "agent"])
def built(
    request: pytest.FixtureRequest, library: Library, tmp_path_factory: pytest.TempPathFactory
) -> Built:
    folder = tmp_path_factory.mktemp(request.param)
    view = library.view(request.param, ON)
    build_site(view, library.view("agent", ON), folder / "stage", folder / "site")
    return Built(view, folder / "site")


def broken(built: Built, base: str, links: Iterator[str] | list[str]) -> list[str]:
    """The links that lead nowhere; those to other hosts are not followed.

    Args:
        built: the site.
        base: the address of what has the links.
        links: as they are written.
    """
    root = urlsplit(built.view.audience.url)
    found = []
    for link in links:
        target = urlsplit(urljoin(base, link))
        if target.netloc != root.netloc or link == SERVICE:
            continue
        path = target.path.removeprefix(root.path)
        if path == target.path or not built.is_there(path, target.fragment):
            found.append(link)
    return found


def test_every_link_of_a_page_leads_somewhere(built: Built) -> None:
    found = {}
    for name, text in built.texts(".html"):
        base = built.view.audience.url + name.removesuffix("index.html")
        found[name] = broken(built, base, read(text).links)
    assert len(found) > 50
    assert {name: links for name, links in found.items() if links} == {}


def test_a_broken_link_is_noticed(built: Built) -> None:
    url = built.view.audience.url
    links = ["faq/", "faq/faq-arrears-resume/#answer", "faq/none/", "faq/#none", "/other/"]
    assert broken(built, url, links) == links[2:]


def test_every_address_in_feeds_and_data_leads_somewhere(built: Built) -> None:
    url = built.view.audience.url
    address = re.compile(re.escape(url) + r"[\w/.#%-]*", re.ASCII)
    found, seen = {}, set()
    for name, text in built.texts(*TEXTS):
        addresses = address.findall(text)
        seen |= {Path(name).name} if addresses else set()
        found[name] = broken(built, url, addresses)
    assert seen >= {"index.json", "feed.json", "feed.xml", "sitemap.xml", "llms.txt"}
    assert {name: links for name, links in found.items() if links} == {}


def test_feeds_have_whole_addresses(built: Built) -> None:
    """Who reads them elsewhere has no page that an address could be relative to."""
    link = re.compile(r"""href=(?:\\?"|&quot;|&#34;)(?!https?:)[^"&\\]*""")
    found = {
        name: link.findall(text)
        for name, text in built.texts(".json", ".xml")
        if Path(name).stem == "feed"
    }
    assert found
    assert {name: links for name, links in found.items() if links} == {}


def test_addresses_of_documents_never_change(built: Built) -> None:
    """They are printed, bookmarked and sent around: kind and id, also of what is gone."""
    folders = {"faq": "faq", "case": "cases", "policy": "policies"}
    named = [*built.view.documents, *built.view.withdrawn]
    assert len(named) > len(built.view.documents)
    paths = [f"{folders[one.kind.value]}/{one.id}/" for one in named]
    assert [path for path in paths if not built.is_there(path)] == []


@pytest.mark.parametrize(
    "path",
    ["", "subjects/", "subjects/zi-fei/", "faq/", "cases/", "policies/", "levels/", "glossary/"],
)
def test_addresses_of_lists_never_change(built: Built, path: str) -> None:
    dealers_have = path not in {"cases/", "levels/"} or built.view.internal
    assert built.is_there(path) or not dealers_have


def test_every_page_can_be_reached_from_the_first(built: Built) -> None:
    """By links alone; the page for missing addresses is the one that nobody links to."""
    url = built.view.audience.url
    root = urlsplit(url).path
    reached, waiting = set(), [""]
    while waiting:
        path = waiting.pop()
        if path in reached or not built.is_there(path):
            continue
        reached.add(path)
        if path and not path.endswith("/"):
            continue
        text = (built.folder / path / "index.html").read_text(encoding="utf-8")
        for link in read(text).links:
            target = urlsplit(urljoin(url + path, link)).path
            if target.startswith(root):
                waiting.append(target.removeprefix(root))
    pages = {name.removesuffix("index.html") for name, _ in built.texts(".html")} - {"404.html"}
    gone = {f"{one.kind.folder}/{one.id}/" for one in built.view.withdrawn}
    assert pages - reached - gone == set()
