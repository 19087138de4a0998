"""schema.org data: what a program must be able to rely on, read as it reads a page."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest

from casebook.documents import Document, Faq, Policy
from casebook.library import View
from casebook.page_data import answer_html
from casebook.pages import view_pages
from casebook.structured import document_markup, site_markup
from casebook.sweep import canaries

# What schema.org knows of each type (data/schema.ttl of schemaorg/schemaorg); what Google demands:
# https://developers.google.com/search/docs/appearance/structured-data/
# faqpage (mainEntity; Question: name, acceptedAnswer; Answer: text), breadcrumb (itemListElement;
# ListItem: position, name, item) and article (nothing; author, dateModified, headline advised).
WORK = {
    *("name", "headline", "url", "inLanguage", "dateModified", "datePublished", "expires", "about"),
    *("keywords", "publisher", "isPartOf", "encoding", "author"),
}
KNOWN: dict[str, set[str]] = {
    "FAQPage": WORK | {"mainEntity"},
    "Article": WORK | {"articleSection"},
    "WebSite": WORK,
    "Question": {"name", "acceptedAnswer"},
    "Answer": {"text"},
    "Organization": {"name"},
    "Thing": {"name"},
    "MediaObject": {"contentUrl", "encodingFormat"},
    "BreadcrumbList": {"itemListElement"},
    "ListItem": {"position", "name", "item"},
}
DEMANDED: dict[str, set[str]] = {
    "FAQPage": {"mainEntity", "name", "url", "inLanguage", "dateModified", "publisher"},
    "Article": {"headline", "author", "dateModified", "articleSection", "inLanguage", "isPartOf"},
    "WebSite": {"name", "url"},
    "Question": {"name", "acceptedAnswer"},
    "Answer": {"text"},
    "Organization": {"name"},
    "Thing": {"name"},
    "MediaObject": {"contentUrl", "encodingFormat"},
    "BreadcrumbList": {"itemListElement"},
    "ListItem": {"position", "name", "item"},
}


class _Scripts(HTMLParser):
    """Finds the scripts of a page as a browser would."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[dict[str, str | None], str]] = []
        self.others: list[str] = []
        self._open: dict[str, str | None] | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self._open, self._text = dict(attrs), ""
        else:
            self.others.append(tag)

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._open is not None:
            self.found.append((self._open, self._text))
            self._open = None


def graph(markup: str) -> list[dict[str, Any]]:
    """The things that a page's markup names."""
    page = _Scripts()
    page.feed(f"<p>前</p>{markup}<p>后</p>")
    ((attributes, text),) = page.found
    assert attributes == {"type": "application/ld+json"}
    assert page.others == ["p", "p"]
    value = json.loads(text)
    assert value["@context"] == "https://schema.org"
    return list(value["@graph"])


def marked_up(document: Document, view: View) -> str:
    """The markup of a document right below the first page."""
    return document_markup(document, view, [("首页", "")])


def things(value: Any) -> list[dict[str, Any]]:
    """Everything of a type, however deep."""
    if isinstance(value, list):
        return [thing for one in value for thing in things(one)]
    if isinstance(value, dict):
        own = [value] if "@type" in value else []
        return own + [thing for one in value.values() for thing in things(one)]
    return []


def check_types(found: list[dict[str, Any]]) -> None:
    for thing in things(found):
        kind, keys = thing["@type"], set(thing) - {"@type", "@id"}
        assert keys <= KNOWN[kind], kind
        assert DEMANDED[kind] <= keys, kind
        assert all(thing[key] for key in keys)


def test_every_thing_has_what_its_type_demands_and_nothing_it_does_not_know(
    dealer_view: View,
) -> None:
    for document in dealer_view.documents:
        page, breadcrumbs = graph(marked_up(document, dealer_view))
        check_types([page, breadcrumbs])
        assert page["@type"] == ("FAQPage" if isinstance(document, Faq) else "Article")
        assert breadcrumbs["@type"] == "BreadcrumbList"
    check_types(graph(site_markup(dealer_view)))


def test_days_are_days_and_in_order(dealer_view: View) -> None:
    for document in dealer_view.documents:
        page, _ = graph(marked_up(document, dealer_view))
        changed = date.fromisoformat(page["dateModified"])
        assert changed == document.approved_on
        assert date.fromisoformat(page.get("datePublished", "2000-01-01")) <= changed
        until = document.effective_until_or_none
        assert page.get("expires") == (until.isoformat() if until else None)


def test_addresses_are_absolute_and_the_page_s_own(dealer_view: View) -> None:
    site = dealer_view.audience.url
    for document in dealer_view.documents:
        page, way = graph(marked_up(document, dealer_view))
        url = f"{site}{document.kind.folder}/{document.id}/"
        assert page["@id"] == page["url"] == url
        assert page["encoding"]["contentUrl"] == f"{url}index.json"
        items = way["itemListElement"]
        assert [one["position"] for one in items] == list(range(1, len(items) + 1))
        assert (items[0]["item"], items[-1]["item"]) == (site, url)


def test_the_way_is_the_one_that_the_page_shows(dealer_view: View) -> None:
    for page in view_pages(dealer_view):
        if page.kind in ("case", "faq", "policy"):
            _, way = graph(re.search(r"<script.*?</script>", page.body, re.DOTALL)[0])
            shown = re.findall(r'<a href="(?:\.\./)*([^"]*)">(.*?)</a>', page.trail)
            assert len(shown) >= 2
            assert [
                (one["item"].removeprefix(dealer_view.audience.url), one["name"])
                for one in way["itemListElement"]
            ] == [(path.removeprefix("./"), html.unescape(name)) for path, name in shown] + [
                (page.path, page.title)
            ]


def test_without_an_address_of_the_site_addresses_are_relative_to_the_page(
    dealer_view: View,
) -> None:
    audience = dealer_view.audience.model_copy(update={"url": ""})
    view = replace(dealer_view, audience=audience)
    page, _ = graph(marked_up(view.documents[0], view))
    assert page["url"].startswith("../../")
    assert page["isPartOf"]["url"] == "../../"
    assert page["encoding"]["contentUrl"] == "index.json"
    assert graph(site_markup(view))[0]["url"] == "./"


def test_the_answer_is_the_unified_one(dealer_view: View) -> None:
    for document in dealer_view.documents:
        if isinstance(document, Faq):
            page, _ = graph(marked_up(document, dealer_view))
            (question,) = page["mainEntity"]
            assert question["name"] == document.title
            assert question["acceptedAnswer"]["text"] == answer_html(document, dealer_view)


def test_an_author_is_the_company_or_who_issued_a_policy(dealer_view: View) -> None:
    company = dealer_view.settings.library.company
    for document in dealer_view.documents:
        if not isinstance(document, Faq):
            page, _ = graph(marked_up(document, dealer_view))
            name = document.issuer if isinstance(document, Policy) else company
            assert page["author"] == {"@type": "Organization", "name": name}
            assert page["publisher"] == {"@type": "Organization", "name": company}


@pytest.mark.parametrize(
    "title", ["</script><script>alert(1)</script>", "<!--<script>", "a&b<c>d", "行\u2028分"]
)
def test_no_title_ends_the_script(title: str, dealer_view: View) -> None:
    entry = next(one for one in dealer_view.documents if isinstance(one, Faq))
    named = entry.model_copy(update={"title": title})
    markup = marked_up(named, replace(dealer_view, documents=(named,)))
    page, _ = graph(markup)
    assert page["mainEntity"][0]["name"] == title
    inside = markup.removeprefix('<script type="application/ld+json">').removesuffix("</script>")
    assert not set(inside) & set("<>&\u2028\u2029")
    assert "\n" not in markup


def test_only_what_anybody_may_read_and_what_holds_has_markup(
    agent_view: View, dealer_view: View
) -> None:
    assert {marked_up(one, agent_view) for one in agent_view.documents} == {""}
    assert site_markup(agent_view) == ""
    only = replace(agent_view, public=True)
    marked = {one.id for one in only.documents if marked_up(one, only)}
    current = {one.id for one in only.documents if one.standing(only.on).value == "current"}
    assert marked == current < {one.id for one in only.documents}
    assert all(marked_up(one, dealer_view) for one in dealer_view.documents)


def test_markup_tells_dealers_nothing_hidden(agent_view: View, dealer_view: View) -> None:
    text = json.dumps(
        [graph(marked_up(one, dealer_view)) for one in dealer_view.documents],
        ensure_ascii=False,
    )
    text = "".join(text.split())
    assert {word for word in canaries(agent_view, dealer_view) if word in text} == set()
