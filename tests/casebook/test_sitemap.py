"""Sitemaps and robots.txt, read as crawlers do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from urllib.robotparser import RobotFileParser
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from casebook.library import View
from casebook.sitemap import IN_ONE, sitemap_files
from casebook.sweep import canaries

NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def addressed(view: View, url: str) -> View:
    return replace(view, audience=view.audience.model_copy(update={"url": url}))


def files(view: View, pages: list[tuple[str, date | None]]) -> dict[str, str]:
    return {one.path: one.content.decode() for one in sitemap_files(view, pages)}


def entries(text: str, kind: str = "url") -> list[tuple[str, str | None]]:
    top: Element = fromstring(text)
    assert top.tag == NAMESPACE + {"url": "urlset", "sitemap": "sitemapindex"}[kind]
    assert {one.tag for one in top} <= {NAMESPACE + kind}
    return [
        (one.findtext(f"{NAMESPACE}loc", ""), one.findtext(f"{NAMESPACE}lastmod")) for one in top
    ]


def paths(view: View) -> list[tuple[str, date | None]]:
    documents = [f"{one.kind.folder}/{one.id}/" for one in view.documents]
    gone = [f"{one.kind.folder}/{one.id}/" for one in view.withdrawn]
    return [(path, None) for path in ("", "faq/", *documents, *gone)]


def test_every_page_is_named_but_what_is_gone(dealer_view: View) -> None:
    assert dealer_view.withdrawn
    site = dealer_view.audience.url
    found = dict(entries(files(dealer_view, paths(dealer_view))["sitemap.xml"]))
    expected = {site: None, f"{site}faq/": None} | {
        f"{site}{one.kind.folder}/{one.id}/": one.approved_on.isoformat()
        for one in dealer_view.documents
    }
    assert found == expected


def test_a_page_may_say_when_it_changed(dealer_view: View) -> None:
    made = files(dealer_view, [("news/", date(2026, 11, 20))])["sitemap.xml"]
    assert entries(made) == [(f"{dealer_view.audience.url}news/", "2026-11-20")]


@pytest.mark.parametrize("count", [IN_ONE, IN_ONE + 1, 3 * IN_ONE])
def test_many_addresses_are_in_several_files(count: int, dealer_view: View) -> None:
    made = files(dealer_view, [(f"faq/faq-n{number}/", None) for number in range(count)])
    site = dealer_view.audience.url
    if count <= IN_ONE:
        assert set(made) == {"sitemap.xml", "robots.txt"}
        assert len(entries(made["sitemap.xml"])) == count
        return
    parts = [address for address, _ in entries(made["sitemap.xml"], "sitemap")]
    named = [entries(made[part.removeprefix(site)]) for part in parts]
    assert all(len(part) <= IN_ONE for part in named)
    found = [address for part in named for address, _ in part]
    assert found == [f"{site}faq/faq-n{number}/" for number in range(count)]
    assert len(made) == len(parts) + 2


def test_addresses_are_escaped(dealer_view: View) -> None:
    view = addressed(dealer_view, "https://x.example/?a=1&b=2/")
    made = files(view, [("faq/", None)])["sitemap.xml"]
    assert entries(made) == [("https://x.example/?a=1&b=2/faq/", None)]


def test_without_an_address_there_is_no_sitemap(dealer_view: View) -> None:
    made = files(addressed(dealer_view, ""), paths(dealer_view))
    assert set(made) == {"robots.txt"}
    assert "Sitemap" not in made["robots.txt"]


@pytest.mark.parametrize("public", [True, False])
def test_crawlers_may_into_the_narrowest_site_only(public: bool, dealer_view: View) -> None:
    view = replace(addressed(dealer_view, "https://x.example"), public=public)
    robots = RobotFileParser()
    robots.parse(files(view, paths(view))["robots.txt"].splitlines())
    assert robots.can_fetch("AnyBot", "https://x.example/faq/") is public
    assert robots.site_maps() == (["https://x.example/sitemap.xml"] if public else None)


def test_the_same_view_gives_the_same_bytes_and_nothing_hidden(
    agent_view: View, dealer_view: View
) -> None:
    made = files(dealer_view, paths(dealer_view))
    assert made == files(dealer_view, paths(dealer_view))
    shown = "".join(made.values())
    assert {word for word in canaries(agent_view, dealer_view) if word in shown} == set()
