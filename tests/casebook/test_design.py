"""The style: its colours can be read, its page shows what the stylesheet has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from casebook.guide import guide_pages
from casebook.library import Library
from casebook.pages.design import PAIRS, Pair, colours, contrast, design_page

THEME = Path(__file__).parents[2] / "site" / "theme"
STYLE = (THEME / "assets" / "casebook.css").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#ffffff", "#000000", 21.0),
        ("#000000", "#ffffff", 21.0),
        ("#808080", "#808080", 1.0),
        # The lightest grey that WCAG lets stand on white.
        ("#767676", "#ffffff", 4.54),
    ],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float):
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.front}-{pair.back}")
def test_colours_that_meet_differ_enough(pair: Pair, scheme: str):
    front, back = (getattr(colours()[name], scheme) for name in (pair.front, pair.back))
    assert contrast(front, back) >= pair.least


def test_every_colour_is_named_once_and_used():
    used = set(re.findall(r"var\(--cb-([a-z-]+)\)", STYLE))
    assert set(colours()) <= used
    rules = STYLE.partition("color-scheme: light dark;")[2]
    assert re.findall(r"#[0-9a-f]{3,8}\b", rules) == [], "a colour without a name"


def test_nothing_that_is_used_has_no_value():
    named = set(re.findall(r"(--[a-z-]+):", STYLE))
    assert set(re.findall(r"var\((--[a-z-]+)", STYLE)) <= named


def test_letters_follow_the_readers_font_size():
    sizes = re.findall(r"font(?:-size)?: [^;]*?\d(px|pt)", STYLE.partition("@media print")[0])
    assert sizes == []


def test_the_browsers_own_frame_has_the_colour_of_the_paper():
    page = (THEME / "main.html").read_text(encoding="utf-8")
    found = re.findall(r'name="theme-color".*\(prefers-color-scheme: (\w+)\)".*"(#\w+)"', page)
    assert dict(found) == colours()["paper"]._asdict()


def test_the_page_shows_each_colour_and_only_parts_that_have_a_style(library: Library):
    body = design_page(library.view("agent")).body
    for name, (light, dark) in colours().items():
        row = re.search(rf"<tr><td><code>{name}</code>.*?</tr>", body)
        assert row is not None, name
        assert light in row[0] and dark in row[0]
        assert not row[0].endswith("<td></td></tr>"), f"nobody says what {name} is for"
    shown = set(" ".join(re.findall(r'class="([^"]+)"', body)).split())
    assert [name for name in shown if not re.search(rf"\.{name}\b", STYLE)] == []


def test_only_the_widest_audience_has_the_page(library: Library):
    paths = {
        audience.id: [page.path for page in guide_pages(library.view(audience.id))]
        for audience in library.settings.audiences
    }
    assert [name for name, found in paths.items() if "design/" in found] == [
        library.settings.widest.id
    ]
