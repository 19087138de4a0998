"""Everyone can read the site: axe on every kind of page, keyboard, large type, contrast, paper.

axe finds what a program can tell from the page alone. The rest here measures what it does not:
states (hover, focus), settings of the reader (type, spacing, colours, motion), slow lines, paper.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import PAGES, Site, Visit, wait_for_paint

# One browser and one service for all of these, whatever the number of workers.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

MEASURES = (Path(__file__).parent / "measures.js").read_text(encoding="utf-8")
WIDE = {"width": 1366, "height": 768}
# 1366 pixels at 400 %; the width that WCAG 1.4.10 names.
NARROW = {"width": 320, "height": 640}
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ADVICE = "best-practice"
COLOURS = ["color-contrast", "link-in-text-block"]
SIZES = ["target-size", "scrollable-region-focusable"]
# The spacing that WCAG 1.4.12 wants a page to bear.
SPACING = (
    "* { line-height: 1.5 !important; letter-spacing: .12em !important;"
    " word-spacing: .16em !important; } p { margin-bottom: 2em !important; }"
)
ENTRY = "faq/faq-arrears-resume/"
QUESTION = "欠费停机多久能恢复"


@pytest.fixture(autouse=True)
def known_pages(request: pytest.FixtureRequest) -> None:
    """The page that is missing is meant to be; its status is no complaint."""
    if "watch" in request.fixturenames:
        request.getfixturevalue("watch").expect("status of 404")


def faults(page: Page, rules: list[str] | None = None) -> list[str]:
    """What axe finds in a page as it is; all its rules, or only some."""
    chosen = (
        {"type": "rule", "values": rules}
        if rules
        else {"type": "tag", "values": [*STANDARD, ADVICE]}
    )
    # A rule of WCAG 2.2 that is still off where nobody asks for it.
    rule = {} if rules else {"rules": {"target-size": {"enabled": True}}}
    options = {"runOnly": chosen, "resultTypes": ["violations"], **rule}
    found = page.evaluate("options => axe.run(document, options)", options)
    return [fault(one) for one in found["violations"]]


def fault(violation: dict[str, Any]) -> str:
    level = "advice" if ADVICE in violation["tags"] else "WCAG"
    nodes = violation["nodes"]
    places = "; ".join(str(node["target"][0]) for node in nodes[:3])
    why = nodes[0]["failureSummary"].partition("\n")[2].strip().partition("\n")[0]
    return f"{level} {violation['id']} ×{len(nodes)}: {places} — {why}"


def measured(page: Page, *calls: str) -> list[str]:
    """What is wrong with a page by measures of ours."""
    listed = ", ".join(f"...measures.{call}" for call in calls)
    return page.evaluate(f"(() => {{ {MEASURES}; return [{listed}]; }})()")


def large_type(page: Page, size: int = 32) -> None:
    """The reader's own setting in the browser: 16 pixels is what browsers come with."""
    client = page.context.new_cdp_session(page)
    client.send("Page.setFontSizes", {"fontSizes": {"standard": size, "fixed": size - 6}})


def force(page: Page, selector: str, *states: str) -> None:
    """Puts all elements of a selector in states such as ``hover``, as developer tools do."""
    client = page.context.new_cdp_session(page)
    client.send("DOM.enable")
    client.send("CSS.enable")
    document = client.send("DOM.getDocument")["root"]["nodeId"]
    found = client.send("DOM.querySelectorAll", {"nodeId": document, "selector": selector})
    for node in found["nodeIds"]:
        client.send("CSS.forcePseudoState", {"nodeId": node, "forcedPseudoClasses": list(states)})


def open_panel(page: Page) -> None:
    page.get_by_role("combobox").press_sequentially(QUESTION)
    expect(page.get_by_role("region", name="检索结果").get_by_role("link").first).to_be_visible()


# ---- axe ------------------------------------------------------------------------------------


def looked_at(page: Page, axe: str) -> dict[str, list[str]]:
    """Faults of a page that is open, as readers with different screens and settings see it."""
    page.evaluate(axe)
    found = {"wide, light": faults(page)}
    page.emulate_media(color_scheme="dark")
    found["wide, dark"] = faults(page, COLOURS)
    page.set_viewport_size(NARROW)
    found["narrow, dark"] = faults(page, COLOURS)
    page.emulate_media(color_scheme="light")
    found["narrow, light"] = faults(page, [*COLOURS, *SIZES])
    large_type(page)
    found["narrow, large type"] = faults(page, SIZES)
    page.set_viewport_size(WIDE)
    found["wide, large type"] = faults(page, SIZES)
    return {screen: faults for screen, faults in found.items() if faults}


@pytest.mark.parametrize("kind", PAGES)
def test_axe_finds_nothing(visit: Visit, axe: str, kind: str):
    page = visit(PAGES[kind], color_scheme="light", reduced_motion="reduce")
    assert looked_at(page, axe) == {}


def test_axe_finds_nothing_in_the_search_panel(visit: Visit, axe: str):
    page = visit(ENTRY, color_scheme="light", reduced_motion="reduce")
    open_panel(page)
    assert looked_at(page, axe) == {}


def test_axe_finds_what_is_planted(visit: Visit, axe: str):
    """It runs under the service's policy, knows the rules of WCAG 2.2 and sees both schemes."""
    page = visit(ENTRY, color_scheme="light")
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend',"
        " '<div id=planted><button></button><button>x</button><h5>A faint text</h5></div>');"
        "for (const one of document.querySelectorAll('#planted *')) {"
        " one.style.cssText = 'width: 9px; height: 9px; padding: 0; margin: 0;"
        " color: #999; background: #fff' }"
    )
    page.evaluate(axe)
    found = "\n".join(faults(page))
    for rule in ("button-name", "target-size", "color-contrast", "heading-order"):
        assert f"{rule} ×" in found


def test_every_kind_of_page_is_looked_at(site: Site):
    """What the pages call themselves is what the tests know."""
    pages = {path for path in PAGES.values() if ".." not in path} - {PAGES["missing"]}
    assert [path for path in pages if not (site.folder / path / "index.html").is_file()] == []
    kind = re.compile(r'<body[^>]*class="[^"]*cb-page--([\w-]+)')
    looked, built = {"missing"}, set()
    for file in site.folder.rglob("*.html"):
        found = kind.search(file.read_text(encoding="utf-8"))
        path = file.relative_to(site.folder).as_posix().removesuffix("index.html")
        if found:
            built.add(found[1])
            looked |= {found[1]} if path in pages else set()
    assert built == looked


# ---- contrast, edges ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", PAGES)
def test_every_text_has_contrast_in_every_state(visit: Visit, kind: str):
    """Axe measures what is shown now; this also what the pointer and the keyboard change."""
    page = visit(PAGES[kind], reduced_motion="reduce")
    found = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found[scheme] = measured(page, "faint()", "edgeless()")
        measured(page, "markOneOfEach('a, button, summary, li, tr')")
        for states in (["hover"], ["focus", "focus-visible"]):
            force(page, "[data-one]", *states)
            found[f"{scheme}, {states[0]}"] = measured(page, "faint('[data-one], [data-one] *')")
        force(page, "[data-one]")
    assert not any(found.values()), found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_panel_has_contrast(visit: Visit, scheme: str):
    page = visit(ENTRY, color_scheme=scheme, reduced_motion="reduce")
    open_panel(page)
    assert measured(page, "faint()", "edgeless()") == []


# ---- large type, small screens --------------------------------------------------------------


READABLE = ("sideways()", "clipped()", "overlaps()")


@pytest.mark.parametrize("kind", PAGES)
def test_no_setting_of_a_reader_loses_anything(visit: Visit, kind: str):
    """Narrow screens, twice the size by zoom or by type, wider spacing, colours, rest."""
    page = visit(PAGES[kind])
    found = {"structure": measured(page, "structure()")}
    page.emulate_media(forced_colors="active")
    found["forced colours"] = measured(page, "shapeless()")
    page.emulate_media(forced_colors="none", reduced_motion="reduce")
    found["rest"] = measured(page, "moving()")
    for name, width, size in (
        ("wide", 1366, 16),
        ("large type", 1366, 32),
        ("phone, large type", 360, 32),
        ("narrow", 320, 16),
        ("narrow, large type", 320, 32),
        ("zoom", 683, 16),
    ):
        page.set_viewport_size({"width": width, "height": 700})
        large_type(page, size)
        found[name] = measured(page, *READABLE)
    page.evaluate(
        "css => { const sheet = new CSSStyleSheet(); sheet.replaceSync(css);"
        " document.adoptedStyleSheets = [sheet]; }",
        SPACING,
    )
    found["spacing, zoom"] = measured(page, *READABLE)
    page.set_viewport_size(NARROW)
    found["spacing, narrow"] = measured(page, *READABLE)
    assert {setting: faults for setting, faults in found.items() if faults} == {}


@pytest.mark.parametrize("kind", ["home", "entry", "case", "card", "search page"])
def test_nothing_is_lost_on_a_narrow_screen_without_scripts(visit: Visit, kind: str):
    page = visit(PAGES[kind], viewport=NARROW, java_script_enabled=False)
    assert measured(page, *READABLE) == []


def test_the_text_follows_the_readers_type(visit: Visit):
    page = visit(ENTRY)
    size = "parseFloat(getComputedStyle(document.querySelector('.cb-answer__text')).fontSize)"
    before = page.evaluate(size)
    large_type(page)
    assert page.evaluate(size) > 1.9 * before


# ---- keyboard -------------------------------------------------------------------------------


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("kind", ["home", "entry", "law", "list"])
def test_the_tab_key_goes_everywhere_and_is_seen(visit: Visit, kind: str, viewport: dict[str, int]):
    """In the document's order, past every stop, and back; nothing covers what has the focus."""
    page = visit(PAGES[kind], viewport=viewport)
    stops = page.evaluate(
        f"(() => {{ {MEASURES}; window.measures = measures;"
        " window.stops = measures.stops(); return stops.length; })()"
    )
    look = "[stops.indexOf(document.activeElement), measures.focused()]"
    found = []
    for key, expected in (("Tab", range(stops)), ("Shift+Tab", reversed(range(stops - 1)))):
        for place in expected:
            page.keyboard.press(key)
            at, wrong = page.evaluate(look)
            assert at == place, f"{key}: stop {at} came where {place} was expected"
            found += wrong
    assert list(dict.fromkeys(found)) == []


@pytest.mark.parametrize("kind", ["home", "entry", "case", "list", "missing"])
def test_the_first_stop_skips_to_the_text(visit: Visit, kind: str):
    page = visit(PAGES[kind])
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    expect(skip).to_have_text(re.compile("^跳到"))
    expect(skip).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_searching_with_keys_alone(visit: Visit):
    page = visit(PAGES["case"])
    box = page.get_by_role("combobox")
    page.keyboard.press("/")
    expect(box).to_be_focused()
    page.keyboard.type(QUESTION)
    panel = page.get_by_role("region", name="检索结果")
    expect(panel.get_by_role("link").first).to_be_visible()
    assert box.get_attribute("aria-expanded") in {"true", "false"}
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()


def test_copying_with_keys_alone_is_announced(visit: Visit):
    page = visit(ENTRY, permissions=["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="复制答复")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("已复制").first).to_be_visible()
    said = page.evaluate(
        "[...document.querySelectorAll('[aria-live], [role=status]')].map(one => one.textContent)"
    )
    assert any("已复制" in text for text in said)


# ---- names ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "name"), [("cases/", "案例"), ("faq/", "统一口径"), ("glossary/", "术语")]
)
def test_the_menu_says_where_the_reader_is(visit: Visit, path: str, name: str):
    page = visit(path)
    current = page.locator("nav [aria-current=page]")
    expect(current.first).to_have_text(re.compile(name))


def test_the_answer_is_a_named_region(visit: Visit, site: Site):
    page = visit(ENTRY)
    entry = site.view.get("faq-arrears-resume")
    assert entry is not None
    answer = page.get_by_role("region", name=entry.section("answer").heading)
    expect(answer.locator(".cb-answer__text")).to_be_visible()
    expect(answer.get_by_role("button", name="复制答复")).to_be_visible()


# ---- loading --------------------------------------------------------------------------------

WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const moved = entry.sources.map(({ node }) => node?.className || node?.nodeName);
    if (!entry.hadRecentInput) shifts.push(`${entry.value.toFixed(4)}: ${moved}`);
  }
}).observe({ type: 'layout-shift', buffered: true });
"""
DEFERRED = re.compile(r"/(case-search|static-search|offline)\.js$")
# Two frames: what the last change moved has been seen by then.
SETTLED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_shifts_while_scripts_are_on_their_way(
    visit: Visit, site: Site, viewport: dict[str, int]
):
    """The page is read before its scripts are there; they move nothing when they come."""
    page = visit(viewport=viewport)
    page.add_init_script(WATCH_SHIFTS)
    held: list[Route] = []
    # The other script is not deferred: it is there before anything is painted.
    page.route(DEFERRED, lambda route: held.append(route))  # noqa: PLW0108  (called with one alone)
    found = {}
    for kind in ("home", "entry", "case", "law", "list", "card", "news", "search page"):
        page.goto(site.address + PAGES[kind], wait_until="commit")
        wait_for_paint(page)
        while held:
            held.pop().continue_()
        page.wait_for_load_state("load")
        page.evaluate(SETTLED)
        found[kind] = page.evaluate("shifts")
    assert not any(found.values()), found


def test_shifts_are_noticed(visit: Visit, site: Site):
    page = visit()
    page.add_init_script(WATCH_SHIFTS)
    page.goto(site.address + ENTRY)
    wait_for_paint(page)
    page.evaluate("document.querySelector('main').style.paddingTop = '200px'")
    page.evaluate(SETTLED)
    page.evaluate(SETTLED)
    assert page.evaluate("shifts.length") > 0


# ---- paper ----------------------------------------------------------------------------------


def printed(page: Page) -> pypdfium2.PdfDocument:
    """What a page prints on A4."""
    return pypdfium2.PdfDocument(page.pdf(format="A4"))


def test_a_card_is_one_sheet(visit: Visit, site: Site):
    """Filled with letters as large as there is room for, and no smaller than can be read."""
    files = sorted((site.folder / "cards").glob("*/index.html"))
    assert len(files) > 4
    page = visit("cards/")
    page.emulate_media(media="print")
    size = "parseFloat(getComputedStyle(document.querySelector('.cb-card__answer')).fontSize)"
    for file in files:
        page.goto(f"{site.address}cards/{file.parent.name}/")
        sheets = printed(page)
        assert len(sheets) == 1, file.parent.name
        text = sheets[0].get_textpage()
        lowest = min(text.get_charbox(place)[1] for place in range(text.count_chars() - 1))
        assert lowest < 0.25 * sheets[0].get_height(), file.parent.name
        assert page.evaluate(size) * 0.75 >= 11 - 1e-6


def test_a_printed_entry_has_answer_and_dates_alone(visit: Visit, site: Site):
    page = visit(ENTRY)
    entry = site.view.get("faq-arrears-resume")
    assert entry is not None
    menu = page.get_by_role("navigation", name="栏目").inner_text().split()
    sheets = [sheet.get_textpage().get_text_bounded() for sheet in printed(page)]
    text = re.sub(r"\s", "", "".join(sheets))
    assert re.sub(r"\s", "", entry.answer)[:60] in text
    assert str(entry.approved_on) in text
    assert "".join(menu) not in text
    assert "复制答复" not in text
