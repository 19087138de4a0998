"""The offline copy: who gets one, what is on its list, how small the list stays."""

from __future__ import annotations

import base64
import gzip
import json
import re
import struct
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from casebook.digests import bytes_digest
from casebook.library import View
from casebook.offline import (
    ABOUT,
    AHEAD,
    MANIFEST,
    SEARCH,
    SMALL,
    WORKER,
    addresses,
    ahead,
    keeps_copy,
    keys,
    offline_files,
    worker,
    worker_source,
)

THEME = Path(__file__).parents[2] / "site" / "theme"
FILES = {
    "index.html": bytes_digest(b"home"),
    "index.json": bytes_digest(b"home as data"),
    "404.html": bytes_digest(b"missing"),
    "faq/index.html": bytes_digest(b"list"),
    "faq/faq-a/index.html": bytes_digest(b"a"),
    "faq/faq-a/index.json": bytes_digest(b"a as data"),
    "assets/casebook.css": bytes_digest(b"look"),
    "feed.xml": bytes_digest(b"feed"),
}


def made(view: View, files: dict[str, str]) -> dict[str, bytes]:
    return {file.path: file.content for file in offline_files(view, files)}


def listed(files: dict[str, bytes]) -> dict[str, object]:
    about = json.loads(files[ABOUT])
    return dict(json.loads(files[about["list"]]))


def valid(files: dict[str, bytes]) -> set[bytes]:
    data = base64.b64decode(str(listed(files)["valid"]))
    return {data[at : at + 6] for at in range(0, len(data), 6)}


@pytest.mark.parametrize(
    ("public", "internal", "said", "kept"),
    [
        (True, False, None, True),
        (False, True, None, False),
        (False, False, None, False),
        (True, True, None, False),
        (False, True, True, True),
        (True, False, False, False),
    ],
)
def test_only_the_narrowest_audience_has_a_copy_unless_it_is_said(
    dealer_view, public, internal, said, kept
):
    audience = dealer_view.audience.model_copy(update={"offline": said})
    view = replace(dealer_view, audience=audience, public=public, internal=internal)
    assert keeps_copy(view) is kept
    files = made(view, FILES)
    assert (ABOUT in files) is kept
    assert (files[WORKER].decode() == worker_source()) is not kept


def test_the_worker_of_the_theme_removes_itself():
    assert worker_source().count("const SITE = null;") == 1


def test_pages_and_looks_are_held_and_data_are_not(dealer_view):
    held = valid(made(dealer_view, FILES))
    for path, expected in {
        "": True,
        "faq/": True,
        "faq/faq-a/": True,
        "assets/casebook.css": True,
        "index.json": False,
        "faq/faq-a/index.json": False,
        "404.html": False,
        "feed.xml": False,
    }.items():
        key = base64.b64decode(keys({path: addresses(FILES)[path]}))
        assert (key in held) is expected, path


@pytest.mark.parametrize("changed", [None, bytes_digest(b"other")], ids=["withdrawn", "changed"])
def test_what_was_withdrawn_or_changed_is_no_longer_on_the_list(dealer_view, changed):
    before = made(dealer_view, FILES)
    files = {**FILES, "faq/faq-a/index.html": changed}
    after = made(dealer_view, {path: digest for path, digest in files.items() if digest})
    key = base64.b64decode(keys({"faq/faq-a/": FILES["faq/faq-a/index.html"]}))
    assert key in valid(before)
    assert key not in valid(after)
    assert valid(before) - valid(after) == {key}
    assert json.loads(before[ABOUT])["version"] != json.loads(after[ABOUT])["version"]
    assert before[WORKER] == after[WORKER], "other content needs no other worker"


def test_the_same_site_gives_the_same_bytes_in_any_order(dealer_view):
    turned = dict(reversed(FILES.items()))
    assert made(dealer_view, FILES) == made(dealer_view, turned)


def test_a_new_look_makes_a_new_worker(dealer_view):
    looks = ({"assets/casebook.css": one} for one in ("1", "2"))
    first, second = (worker(dealer_view, look) for look in looks)
    assert first != second
    site = re.search(r"^const SITE = (\{.*\});$", first, re.MULTILINE)
    assert site
    assert json.loads(site[1])["audience"] == "dealer"


def test_answers_come_first_then_the_whole_search_then_the_rest():
    find = ["find/index.json", "find/0123456789abcdef/t0.bin", "find/0123456789abcdef/d0.json"]
    held = ["subjects/zi-fei/", "guide/writing/", "policies/policy-a/", "faq/", "cards/zi-fei/"]
    held += ["subjects/zi-fei/liu-liang/", "faq/faq-a/", "", "cases/case-a/", "assets/offline.js"]
    assert ahead([*held, *find, "products/x/"]) == [
        "",
        "cards/zi-fei/",
        "faq/faq-a/",
        ["assets/static-search.js", *sorted(find[1:]), "find/index.json"],
        "faq/",
        "subjects/zi-fei/",
        "subjects/zi-fei/liu-liang/",
        "policies/policy-a/",
        "cases/case-a/",
        "products/x/",
    ]


def test_of_a_large_site_no_documents_and_no_search_are_fetched_ahead():
    many = [f"faq/faq-{number}/" for number in range(SMALL + 1)]
    assert ahead(["", "find/index.json", "faq/", *many]) == ["", "faq/"]
    assert len(ahead([f"cards/c{number}/" for number in range(2 * AHEAD)])) == AHEAD


def test_the_search_that_is_fetched_ahead_is_the_one_that_pages_load():
    assert (THEME / SEARCH).is_file()
    box = (files("search") / "static" / "case-search.js").read_text(encoding="utf-8")
    assert f"import('./{Path(SEARCH).name}')" in box


def test_the_list_of_ten_thousand_pages_stays_small(dealer_view):
    many = {
        f"faq/faq-{number}/index.html": bytes_digest(b"%d" % number) for number in range(10_000)
    }
    files = made(dealer_view, FILES | many)
    name = json.loads(files[ABOUT])["list"]
    assert len(gzip.compress(files[name])) <= 100_000
    assert len(files[ABOUT]) <= 300


def test_the_manifest_names_the_site(dealer_view):
    app = json.loads(made(dealer_view, FILES)[MANIFEST])
    assert app["name"] == dealer_view.audience.title
    assert app["start_url"] == app["scope"] == "."
    other = replace(dealer_view, audience=dealer_view.audience.model_copy(update={"id": "agent"}))
    assert app["id"] != json.loads(made(other, FILES)[MANIFEST])["id"]


def test_the_manifests_icons_are_pictures_of_their_sizes(dealer_view):
    icons = json.loads(made(dealer_view, FILES)[MANIFEST])["icons"]
    for icon in icons:
        data = (THEME / icon["src"]).read_bytes()
        if icon["type"] != "image/png":
            continue
        width, height = struct.unpack(">II", data[16:24])
        assert icon["sizes"] == f"{width}x{height}"
        assert len(data) <= 2000
    assert {icon["purpose"] for icon in icons} == {"any", "maskable"}
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in icons}
