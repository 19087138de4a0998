"""The offline copy: who gets one, what is on its list, how small the list stays."""

from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import replace

import pytest

from casebook.digests import bytes_digest
from casebook.library import View
from casebook.offline import (
    ABOUT,
    AHEAD,
    MANIFEST,
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


def test_what_matters_at_the_counter_is_fetched_first():
    few = ["faq/faq-a/", "subjects/zi-fei/", "guide/writing/", "faq/", "", "cards/zi-fei/"]
    assert ahead(few) == ["", "cards/zi-fei/", "faq/", "subjects/zi-fei/", "faq/faq-a/"]


def test_of_a_large_site_no_documents_are_fetched_ahead():
    many = [f"faq/faq-{number}/" for number in range(SMALL + 1)]
    assert ahead(["", *many]) == [""]
    assert len(ahead([f"cards/c{number}/" for number in range(2 * AHEAD)])) == AHEAD


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
