"""The builders: one contract, and the same site from each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from urllib.parse import urljoin

import pytest

from casebook.builders import BUILDERS, PAGES, Builder, get_builder
from casebook.errors import PublishError
from casebook.library import View
from casebook.pages import Page
from casebook.publishing import build_site
from casebook.staging import configuration, write_pages

ON = date(2026, 11, 22)
ROOT = "http://127.0.0.1:8000/site/"

every_builder = pytest.mark.parametrize("builder", BUILDERS.values(), ids=list(BUILDERS))


# ---- the contract -------------------------------------------------------------------------------


def page(path: str, title: str, body: str = "正文 {#x}") -> Page:
    return Page(path, title, body, description=f"讲{title}", kind="faq", section="faq/")


def build(builder: Builder, view: View, folder: Path, *pages: Page) -> dict[str, str]:
    """The HTML files of a site of these pages, by their addresses."""
    write_pages(folder, pages)
    builder.build(folder, configuration(view, folder))
    site = folder / "site"
    return {
        file.relative_to(site).as_posix(): file.read_text(encoding="utf-8")
        for file in site.rglob("*.html")
    }


@every_builder
def test_each_page_becomes_the_index_of_its_folder(
    builder: Builder, dealer_view: View, tmp_path: Path
):
    pages = (page("", "首页"), page("faq/", "全部"), page("faq/faq-a/", "甲 & 乙 <丙>"))
    made = build(builder, dealer_view, tmp_path, *pages)
    assert set(made) == {"index.html", "faq/index.html", "faq/faq-a/index.html", "404.html"}
    found = made["faq/faq-a/index.html"]
    assert "<title>甲 &amp; 乙 &lt;丙&gt; · " in found
    assert 'href="../../assets/casebook.css"' in found
    assert re.search(r'<h1 id="top">甲 (&amp;|&#38;) 乙 ', found)
    assert (tmp_path / "site" / "assets" / "casebook.css").is_file()


@every_builder
def test_a_page_does_not_depend_on_the_others(builder: Builder, dealer_view: View, tmp_path: Path):
    """What lets a build leave out the pages that have not changed."""
    home, one = page("", "首页"), page("faq/faq-a/", "甲", '<p><a href="../faq-b0/">见</a></p>')
    many = [page(f"faq/faq-b{number}/", f"乙{number}") for number in range(5)]
    alone = build(builder, dealer_view, tmp_path / "alone", home, one)
    among = build(builder, dealer_view, tmp_path / "among", home, one, *many)
    for name in alone:
        assert alone[name] == among[name], name


@every_builder
def test_building_again_forgets_what_was(builder: Builder, dealer_view: View, tmp_path: Path):
    build(builder, dealer_view, tmp_path, page("", "首页"), page("faq/faq-a/", "甲"))
    folder = tmp_path / "site"
    for file in sorted(folder.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    folder.rmdir()
    made = build(builder, dealer_view, tmp_path, page("", "别的首页"))
    assert set(made) == {"index.html", "404.html"}
    assert "别的首页" in made["index.html"]


@every_builder
def test_what_a_builder_refuses_is_told_in_its_words(
    builder: Builder, dealer_view: View, tmp_path: Path
):
    write_pages(tmp_path, [page("", "首页", "[见](gone.md)")])
    with pytest.raises(PublishError, match=r"没有生成站点：\n(.|\n)*gone\.md") as caught:
        builder.build(tmp_path, configuration(dealer_view, tmp_path))
    assert "Traceback" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


@every_builder
def test_the_version_names_what_decides_the_html(builder: Builder):
    assert builder.name in builder.version()
    assert "markdown" in builder.version()
    assert get_builder(builder.name) is builder


def test_a_builder_that_is_not_installed(monkeypatch, dealer_view: View, tmp_path: Path):
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("casebook.builders.version", missing)
    with pytest.raises(PublishError) as caught:
        get_builder("zensical").build(tmp_path, configuration(dealer_view, tmp_path))
    assert str(caught.value) == (
        "没有安装 Zensical。请运行 pip install 'casebook[zensical]'，"
        "或者用 --builder mkdocs 生成站点。"
    )
    assert not (tmp_path / PAGES).exists()


def test_an_unknown_builder():
    with pytest.raises(PublishError) as caught:
        get_builder("hugo")
    assert str(caught.value) == "没有生成器“hugo”；可以写 “mkdocs”、“zensical”。"


# ---- the same site from each --------------------------------------------------------------------


@dataclass
class Facts:
    """What a page is to its readers, however its HTML is written.

    Attributes:
        title: of the browser's tab.
        description: for search engines.
        ids: every anchor.
        links: where every link, script and style sheet leads, as absolute addresses.
        headings: their levels and anchors.
        search: the attributes of the search box.
        text: all words.
    """

    title: str = ""
    description: str = ""
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    headings: list[tuple[str, str]] = field(default_factory=list)
    search: list[Mapping[str, str]] = field(default_factory=list)
    text: str = ""


class _Reader(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__()
        self.facts = Facts()
        self._address = address
        self._within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._within = tag
        if "id" in values:
            self.facts.ids.append(values["id"])
        for name in ("href", "src", "action"):
            if name in values:
                self.facts.links.append(urljoin(self._address, values[name]))
        if re.fullmatch("h[1-6]", tag):
            self.facts.headings.append((tag, values.get("id", "")))
        if values.get("name") == "description":
            self.facts.description = values["content"]
        if tag in ("case-search", "input"):
            for name in {"service", "index"} & values.keys():
                values[name] = urljoin(self._address, values[name])
            self.facts.search.append({"tag": tag, **values})

    def handle_data(self, data: str) -> None:
        if self._within == "title":
            self.facts.title += data
        self.facts.text += " ".join(data.split())


def facts(site: Path) -> Iterator[tuple[str, Facts]]:
    for file in sorted(site.rglob("*.html")):
        name = file.relative_to(site).as_posix()
        # The error page is shown at any address; its links start at the site's root.
        address = ROOT if name == "404.html" else ROOT + name.removesuffix("index.html")
        reader = _Reader(address)
        reader.feed(file.read_text(encoding="utf-8"))
        yield name, reader.facts


@pytest.fixture(scope="module")
def sites(
    dealer_view: View, agent_view: View, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Path]:
    """The sample library's site, by builder and audience."""
    made = {}
    for name, builder in BUILDERS.items():
        for view in (dealer_view, agent_view):
            folder = tmp_path_factory.mktemp(f"{name}-{view.audience.id}")
            build_site(view, agent_view, folder / "stage", folder / "site", builder=builder)
            made[name, view.audience.id] = folder / "site"
    return made


# The offline copy names the digests of pages, and these differ in how their HTML is written.
_NAMES_DIGESTS = re.compile(r"(sw\.js|offline\.json|offline/.*)")


@pytest.mark.parametrize("audience", ["dealer", "agent"])
def test_both_builders_make_the_same_site(
    sites: dict[tuple[str, str], Path], audience: str
) -> None:
    mkdocs, zensical = (sites[name, audience] for name in ("mkdocs", "zensical"))
    ours, theirs = dict(facts(mkdocs)), dict(facts(zensical))
    assert len(ours) > 100
    assert set(ours) == set(theirs)
    for name, found in ours.items():
        for what, value in vars(found).items():
            assert value == getattr(theirs[name], what), f"{name}: {what}"


@pytest.mark.parametrize("audience", ["dealer", "agent"])
def test_every_other_file_is_the_same(sites: dict[tuple[str, str], Path], audience: str) -> None:
    mkdocs, zensical = (
        {
            file.relative_to(site).as_posix(): file.read_bytes()
            for file in site.rglob("*")
            if file.is_file() and file.suffix != ".html"
        }
        for site in (sites[name, audience] for name in ("mkdocs", "zensical"))
    )
    for found in (mkdocs, zensical):
        for name in [name for name in found if _NAMES_DIGESTS.fullmatch(name)]:
            del found[name]
    assert mkdocs == zensical
    assert {"feed.xml", "feed.json", "sitemap.xml", "llms.txt"} <= set(mkdocs)
    assert not {"search.json", "sitemap.xml.gz"} & set(mkdocs)
    assert sum(name.endswith("/index.json") for name in mkdocs) > 50
