"""Feeds: valid, stable, absolute, without anything of other audiences."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import defusedxml.ElementTree as ET  # noqa: N817
import feedparser
import pytest

from casebook.documents import Kind, Withdrawal
from casebook.feeds import LIMIT, feed_files
from casebook.library import Library, View, load_library
from casebook.sweep import canaries, sweep
from tests.casebook.repositories import faq
from tests.conftest import ON

ATOM = "{http://www.w3.org/2005/Atom}"
AT = "{http://purl.org/atompub/tombstones/1.0}"
GONE = (
    Withdrawal("faq-old", Kind.FAQ, date(2026, 11, 19), "资费/流量", ("faq-data-pack",)),
    Withdrawal("case-older", Kind.CASE, date(2026, 10, 1)),
)
LOOK_AGAIN = "在站点里重新查找，查不到就打客服热线。"
# RFC 4287, appendix B: what an element holds, how often at least and at most.
FEED = {"id": (1, 1), "title": (1, 1), "updated": (1, 1), "author": (1, 1), "link": (2, 2)}
ENTRY = {
    "id": (1, 1),
    "title": (1, 1),
    "updated": (1, 1),
    "author": (1, 1),
    "link": (1, 1),
    "category": (2, 3),
    "summary": (1, 1),
    "content": (1, 1),
}
# JSON Feed 1.1: the type of each field, and whether it must be there.
TOP: dict[str, tuple[type, bool]] = {
    "version": (str, True),
    "title": (str, True),
    "home_page_url": (str, False),
    "feed_url": (str, False),
    "language": (str, False),
    "authors": (list, False),
    "items": (list, True),
}
ITEM: dict[str, tuple[type, bool]] = {
    "id": (str, True),
    "url": (str, False),
    "title": (str, False),
    "summary": (str, False),
    "content_html": (str, False),
    "content_text": (str, False),
    "date_modified": (str, False),
    "authors": (list, False),
    "tags": (list, False),
    "_casebook": (dict, False),
}


@pytest.fixture(params=["dealer", "agent"])
def view(library: Library, request: pytest.FixtureRequest) -> View:
    made: View = library.view(request.param, ON)
    return replace(made, withdrawn=GONE)


def files(view: View) -> dict[str, bytes]:
    return {file.path: file.content for file in feed_files(view)}


def of_type(view: View, suffix: str) -> dict[str, bytes]:
    return {path: content for path, content in files(view).items() if path.endswith(suffix)}


def test_a_site_and_each_subject_have_both_feeds(view: View) -> None:
    folders = [path.removesuffix("feed.xml") for path in of_type(view, ".xml")]
    assert folders == [path.removesuffix("feed.json") for path in of_type(view, ".json")]
    assert len(folders) == 1 + len(view.settings.taxonomy.subjects)
    assert folders[0] == ""
    assert all(re.fullmatch(r"subjects/[a-z0-9-]+/", folder) for folder in folders[1:])


def _counts_fit(element: Any, allowed: dict[str, tuple[int, int]]) -> None:
    found = [child.tag.removeprefix(ATOM) for child in element if child.tag.startswith(ATOM)]
    for name in {*found, *allowed} - {"entry"}:
        least, most = allowed.get(name, (0, 0))
        assert least <= found.count(name) <= most, name


def test_atom_keeps_the_rules_of_rfc_4287(view: View) -> None:
    for path, content in of_type(view, ".xml").items():
        assert content.startswith(b'<?xml version="1.0" encoding="utf-8"?>\n')
        root = ET.fromstring(content)
        assert root.tag == f"{ATOM}feed"
        _counts_fit(root, FEED)
        tags = [child.tag for child in root]
        assert tags == sorted(tags, key=lambda tag: tag == f"{ATOM}entry"), "entries come last"
        links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
        assert links["self"] == f"{view.audience.url}{path}"
        names = [element.text for element in root.iter(f"{ATOM}id")]
        assert len(set(names)) == len(names)
        times = [datetime.fromisoformat(e.text or "") for e in root.iter(f"{ATOM}updated")]
        assert all(time.tzinfo for time in times)
        for entry in root.findall(f"{ATOM}entry"):
            _counts_fit(entry, ENTRY)
            assert entry.find(f"{ATOM}content").get("type") == "html"
            assert all(category.get("term") for category in entry.findall(f"{ATOM}category"))


def test_another_parser_reads_the_same(view: View) -> None:
    parsed = feedparser.parse(files(view)["feed.xml"])
    assert not parsed.bozo
    assert parsed.version == "atom10"
    assert parsed.feed.language == "zh-CN"
    assert len(parsed.entries) == min(LIMIT, len(view.documents))
    for entry in parsed.entries:
        name = urlsplit(entry.link).path.rstrip("/").rpartition("/")[2]
        document = view.get(name)
        assert document
        assert (entry.title, entry.author) == (document.title, document.owner)
        subjects = [tag.term for tag in entry.tags if not tag.scheme]
        assert subjects == ([document.subject] if document.subject else [])


def test_the_newest_entries_come_first_and_date_the_feed(view: View) -> None:
    for content in of_type(view, ".xml").values():
        root = ET.fromstring(content)
        times = [e.findtext(f"{ATOM}updated") for e in root.findall(f"{ATOM}entry")]
        assert times == sorted(times, reverse=True)
        gone = [e.get("when") for e in root.findall(f"{AT}deleted-entry")]
        assert root.findtext(f"{ATOM}updated") == max([*times, *gone])
        assert len(times) <= LIMIT


def _typed(value: dict[str, Any], fields: dict[str, tuple[type, bool]]) -> None:
    assert set(value) <= set(fields)
    for name, (kind, needed) in fields.items():
        assert not needed or name in value, name
        if name in value:
            assert isinstance(value[name], kind), name


def test_json_feed_has_the_fields_of_version_1_1(view: View) -> None:
    for path, content in of_type(view, ".json").items():
        feed = json.loads(content)
        _typed(feed, TOP)
        assert feed["version"] == "https://jsonfeed.org/version/1.1"
        assert feed["feed_url"] == f"{view.audience.url}{path}"
        for item in feed["items"]:
            _typed(item, ITEM)
            assert ("content_html" in item) != ("content_text" in item)
            assert datetime.fromisoformat(item["date_modified"]).tzinfo
            assert all(set(author) == {"name"} for author in item.get("authors", ()))
        days = [item["date_modified"] for item in feed["items"]]
        assert days == sorted(days, reverse=True)


def test_both_formats_tell_the_same(view: View) -> None:
    atom, data = files(view)["feed.xml"], json.loads(files(view)["feed.json"])
    root = ET.fromstring(atom)
    entries = {e.findtext(f"{ATOM}id"): e for e in root.findall(f"{ATOM}entry")}
    gone = {e.get("ref"): e for e in root.findall(f"{AT}deleted-entry")}
    assert len(data["items"]) == len(entries) + len(gone)
    for item in data["items"]:
        if item["_casebook"]["withdrawn"]:
            assert gone[item["id"]].findtext(f"{AT}comment") == item["content_text"]
            assert gone[item["id"]].get("when") == item["date_modified"]
            continue
        entry = entries[item["id"]]
        assert entry.findtext(f"{ATOM}content") == item["content_html"]
        assert entry.findtext(f"{ATOM}summary") == item["summary"]
        badges = [c.get("term") for c in entry.findall(f"{ATOM}category")]
        assert item["_casebook"]["badge"] in badges


def test_tombstones_say_where_to_go_now(view: View) -> None:
    root = ET.fromstring(files(view)["feed.xml"])
    first, second = root.findall(f"{AT}deleted-entry")
    assert first.get("when") == "2026-11-19T00:00:00+08:00"
    assert first.findtext(f"{AT}comment") == (
        "资费/流量 里的一条（编号 faq-old）已于 2026-11-19 撤下，请改看《流量包有哪些，怎么买？》。"
    )
    links = {link.get("rel"): link.get("href") for link in first.findall(f"{ATOM}link")}
    assert links == {
        "alternate": f"{view.audience.url}faq/faq-old/",
        "related": f"{view.audience.url}faq/faq-data-pack/",
    }
    assert second.findtext(f"{AT}comment") == (
        "编号 case-older 的案例已于 2026-10-01 撤下，请不要再照它答复；没有直接代替它的，"
        + ("在站点里重新查找，不要凭记忆答。" if view.internal else LOOK_AGAIN)
    )
    item = next(i for i in json.loads(files(view)["feed.json"])["items"] if not i.get("title"))
    assert item["_casebook"] == {
        "id": "faq-old",
        "kind": "faq",
        "withdrawn": True,
        "withdrawn_on": "2026-11-19",
        "replaced_by": [
            {
                "id": "faq-data-pack",
                "title": "流量包有哪些，怎么买？",
                "url": f"{view.audience.url}faq/faq-data-pack/",
            }
        ],
    }


def test_a_subjects_feed_holds_what_belongs_to_it_and_no_more(view: View) -> None:
    paths = list(of_type(view, ".json"))[1:]
    names = dict(zip(view.settings.taxonomy.subjects, paths, strict=True))
    for subject, path in names.items():
        items = json.loads(files(view)[path])["items"]
        assert all(tag.partition("/")[0] == subject for item in items for tag in item["tags"])
        own = [d for d in view.documents if (d.subject or "").partition("/")[0] == subject]
        shown = [item for item in items if not item["_casebook"]["withdrawn"]]
        assert len(shown) == min(LIMIT, len(own))
    gone = json.loads(files(view)[names["资费"]])["items"]
    assert [i["_casebook"]["id"] for i in gone if i["_casebook"]["withdrawn"]] == ["faq-old"]


def test_what_is_readable_is_no_tombstone(dealer_view: View) -> None:
    here = Withdrawal("faq-data-pack", Kind.FAQ, ON)
    root = ET.fromstring(files(replace(dealer_view, withdrawn=(here,)))["feed.xml"])
    assert root.findall(f"{AT}deleted-entry") == []


def test_every_address_is_absolute_and_on_the_site(view: View) -> None:
    for path, content in files(view).items():
        text = content.decode()
        found = re.findall(
            r'(?:href=\\?"|href=&quot;|"(?:home_page_|feed_)?url":")([^"&\\]+)', text
        )
        assert found or "subjects/" in path
        for url in found:
            assert url.startswith(view.audience.url), (path, url)


def test_without_an_address_links_lead_from_the_feeds_own_place(view: View) -> None:
    audience = view.audience.model_copy(update={"url": ""})
    made = files(replace(view, audience=audience))
    assert set(made) == set(files(view))
    pages = {document.kind.address(document.id) for document in view.documents}
    pages |= {gone.kind.address(gone.id) for gone in GONE}
    for path, content in made.items():
        here = f"http://site.example/x/{path}"
        if path.endswith(".json"):
            items = json.loads(content)["items"]
            found = [item["url"] for item in items]
            found += re.findall(
                r'href="([^"]+)"', "".join(i.get("content_html", "") for i in items)
            )
        else:
            entries = ET.fromstring(content).iter(f"{ATOM}link")
            found = [link.get("href") for link in entries if link.get("rel") != "self"][1:]
        for url in found:
            target = urljoin(here, url).partition("#")[0]
            assert target.removeprefix("http://site.example/x/") in pages, (path, url)


def test_names_stay_when_the_site_moves_or_the_text_changes(dealer_view: View) -> None:
    moved = dealer_view.audience.model_copy(update={"url": "https://kb.example.cn/x"})
    there = files(replace(dealer_view, audience=moved))["feed.json"]
    before, after = (json.loads(text)["items"] for text in (files(dealer_view)["feed.json"], there))
    assert [item["id"] for item in before] == [item["id"] for item in after]
    assert {urlsplit(item["url"]).hostname for item in after} == {"kb.example.cn"}


def test_names_never_change() -> None:
    """Written down once: should it fail, every reader would see every entry as new."""
    from casebook.feeds import _NAMES

    assert str(_NAMES) == "6b0f0f0e-7c0d-5c55-9d7c-2c8f7a3d41be"


def test_the_same_view_gives_the_same_bytes(view: View) -> None:
    shuffled = replace(view, documents=tuple(reversed(view.documents)))
    assert files(shuffled) == files(view)


def test_what_does_not_hold_says_so_first(agent_view: View) -> None:
    items = json.loads(files(agent_view)["feed.json"])["items"]
    item = next(i for i in items if i["_casebook"]["id"] == "faq-newyear-gift")
    assert item["summary"].startswith("未生效：2027-01-01 起")
    assert item["content_html"].startswith("<p><strong>未生效：2027-01-01 起")
    assert item["_casebook"]["badge"] == "upcoming"


def test_an_empty_site_has_valid_feeds(small: Path) -> None:
    for content in of_type(load_library(small).view("agent", ON), ".xml").values():
        assert not feedparser.parse(content).bozo


def test_marks_in_a_title_stay_text(small: Path) -> None:
    title = "“1 < 2 & 3”怎么算 <b>？"
    text = faq("faq-a", title=f"'{title}'")
    (small / "faq" / "faq-a.md").write_text(text, encoding="utf-8")
    view = load_library(small).view("agent", ON)
    (item,) = json.loads(files(view)["feed.json"])["items"]
    assert item["title"] == title
    root = ET.fromstring(files(view)["feed.xml"])
    assert root.find(f"{ATOM}entry").findtext(f"{ATOM}title") == title


@pytest.mark.parametrize(
    "broken", [None, lambda view, wide: replace(view, documents=wide.documents)]
)
def test_nothing_of_other_audiences_is_in_a_feed(
    agent_view: View, dealer_view: View, tmp_path: Path, broken: Callable[[View, View], View] | None
) -> None:
    view = broken(dealer_view, agent_view) if broken else dealer_view
    for path, content in files(view).items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    leaks = sweep(tmp_path, canaries(agent_view, dealer_view))
    assert bool(leaks) == bool(broken), leaks
