"""The built site as people read it: by clicking, by its search box, on a phone, without scripts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from casebook.library import Library
from casebook.publishing import build_site
from search.engines import get_engine
from search.generations import publish
from tests.browser.conftest import ON, SERVER, free_port, wait_for

# One browser and one service for all of these, whatever the number of workers.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

QUESTION = "欠费停机多久能恢复"
TITLE = "欠费停机后多久能恢复？"
FAQ = "faq/faq-arrears-resume/"
CASE = "cases/case-elder-vas/"
KINDS = {
    "home": "",
    "entry": FAQ,
    "ended": "faq/faq-roaming-summer/",
    "case": CASE,
    "law": "policies/policy-consumer-law/",
    "plan": "policies/policy-plan-outage/",
    "index": "cases/",
    "subject": "subjects/zi-fei/",
    "glossary": "glossary/",
    "guide": "guide/writing/",
    "rules": "guide/rules/",
}


@pytest.fixture(scope="session")
def site(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the agents' site as the service gives it out."""
    root = tmp_path_factory.mktemp("site")
    view = library.view("agent", on=ON)
    build_site(view, view, root / "stage", root / "site")
    publish(view, root / "index", get_engine("whoosh"), "test")
    port = free_port()
    arguments = ["agent", str(root / "index"), str(root / "site"), str(port)]
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, *arguments], stdout=log, stderr=log
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(address, process, Path(root / "log"))
        yield f"{address}/site/"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def visit(open_page, site: str) -> Iterator[Callable[..., Page]]:
    """Opens pages of the site; fails when one of them asked another host for anything."""
    asked: list[str] = []

    def open_site(path: str = "", **options: object) -> Page:
        page = open_page(**options)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(site + path)
        return page

    yield open_site
    home = urlsplit(site).netloc
    assert asked
    assert [url for url in asked if urlsplit(url).netloc not in {home, ""}] == []


def box(page: Page):
    return page.get_by_role("combobox")


def colour(page: Page, selector: str, name: str) -> tuple[float, ...]:
    value = page.locator(selector).first.evaluate(
        "(element, name) => getComputedStyle(element)[name]", name
    )
    return tuple(float(part) for part in value.partition("(")[2].rstrip(")").split(",")[:3])


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """The contrast ratio of two colours, as WCAG defines it."""

    def light(colour: tuple[float, ...]) -> float:
        parts = [part / 255 for part in colour]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_from_home_over_a_subject_to_an_answer(visit, site):
    page = visit()
    main = page.locator("main article")
    expect(main.get_by_role("heading", level=1)).to_have_text("远汐通信 客服知识与案例库#")
    main.get_by_role("link", name="资费", exact=True).click()
    page.wait_for_url(f"{site}subjects/zi-fei/")
    main.get_by_role("link", name=TITLE).click()
    page.wait_for_url(site + FAQ)
    expect(page.locator(".cb-answer__text")).to_be_in_viewport(ratio=1)
    page.get_by_role("navigation", name="位置").get_by_role("link", name="充值与欠费").click()
    page.wait_for_url(f"{site}subjects/zi-fei/#*")
    expect(page.get_by_role("heading", name="充值与欠费")).to_be_in_viewport()


def test_a_citation_leads_to_its_article_and_back(visit, site):
    page = visit(CASE)
    page.locator(".cb-related").get_by_role("link", name="第五十五条").click()
    page.wait_for_url(f"{site}policies/policy-consumer-law/#a55")
    expect(page.locator("#a55")).to_be_in_viewport()
    cited = page.locator("#a55 + .cb-section details")
    link = cited.get_by_role("link", name="女儿回家过年")
    expect(link).to_be_hidden()
    cited.locator("summary").click()
    link.click()
    page.wait_for_url(site + CASE)


def test_the_copy_button_copies_exactly_the_answer(visit, library: Library):
    page = visit(FAQ, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="复制答复").click()
    expect(page.get_by_role("button", name="已复制")).to_be_visible()
    entry = library.view("agent", on=ON).get("faq-arrears-resume")
    assert entry is not None
    assert page.evaluate("navigator.clipboard.readText()") == entry.answer.strip()
    expect(page.get_by_role("button", name="复制答复")).to_be_visible()


def test_copying_without_the_clipboard_interface(visit, open_page, site):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    # Over plain HTTP a browser has none; reading stays possible here to see what was copied.
    page.add_init_script(
        "window.read = navigator.clipboard.readText.bind(navigator.clipboard);"
        "Object.defineProperty(navigator, 'clipboard', { value: undefined });"
    )
    page.goto(site + FAQ)
    page.get_by_role("button", name="复制答复").click()
    expect(page.get_by_role("button", name="已复制")).to_be_visible()
    assert page.evaluate("window.read()") == page.locator(".cb-answer__text").inner_text().strip()


def test_an_ended_answer_cannot_be_copied(visit):
    page = visit("faq/faq-roaming-summer/")
    expect(page.get_by_role("note")).to_contain_text("已失效")
    expect(page.get_by_role("note")).to_be_in_viewport()
    expect(page.locator(".cb-copy")).to_have_count(0)


@pytest.mark.parametrize("way", ["click", "Enter"])
def test_the_header_searches_in_a_panel(visit, site, way: str):
    page = visit(CASE)
    box(page).press_sequentially(QUESTION, delay=20)
    panel = page.get_by_role("region", name="检索结果")
    expect(panel).to_be_visible()
    first = panel.get_by_role("link", name=TITLE).first
    expect(first).to_be_visible()
    assert page.url == site + CASE
    if way == "click":
        first.click()
    else:
        page.keyboard.press("ArrowDown")
        expect(first).to_be_focused()
        page.keyboard.press("Enter")
    page.wait_for_url(site + FAQ)
    expect(page.get_by_role("heading", level=1)).to_contain_text(TITLE)


def test_the_panel_goes_when_the_page_is_clicked(visit):
    page = visit(CASE)
    box(page).fill(QUESTION)
    panel = page.get_by_role("region", name="检索结果")
    expect(panel).to_be_visible()
    page.locator("#outcome").click()
    expect(panel).to_be_hidden()


def test_reading_without_scripts(visit, site):
    page = visit(FAQ, java_script_enabled=False)
    expect(page.locator(".cb-answer__text")).to_be_in_viewport(ratio=1)
    expect(page.locator(".cb-copy")).to_be_hidden()
    page.get_by_role("navigation", name="位置").get_by_role("link", name="统一口径").click()
    page.wait_for_url(f"{site}faq/")
    page.locator("main article").get_by_role("link", name=TITLE).click()
    page.wait_for_url(site + FAQ)
    page.get_by_role("searchbox").fill("宽带断了")
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_url("**/?q=*")
    assert parse_qs(urlsplit(page.url).query) == {"q": ["宽带断了"]}
    assert urlsplit(page.url).path == "/"
    expect(page.locator("main")).to_contain_text("宽带断网了怎么报修？")


@pytest.mark.parametrize("width", [360, 320])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_nothing_scrolls_sideways_on_a_phone(visit, site, width: int, scripts: bool):
    page = visit(
        viewport={"width": width, "height": 740},
        is_mobile=True,
        has_touch=True,
        java_script_enabled=scripts,
    )
    for name, path in KINDS.items():
        page.goto(site + path)
        sizes = page.evaluate(
            "[document.documentElement.scrollWidth, document.body.scrollWidth,"
            " document.querySelector('.md-content').scrollWidth]"
        )
        assert max(sizes) <= width, name


def test_the_answer_is_in_sight_and_large_on_a_phone(visit):
    page = visit(FAQ, viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    expect(page.locator(".cb-answer__text")).to_be_in_viewport(ratio=1)
    size = page.locator(".cb-answer__text").evaluate(
        "e => parseFloat(getComputedStyle(e).fontSize)"
    )
    assert size >= 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_is_readable_in_both_schemes(visit, site, scheme: str):
    page = visit(color_scheme=scheme)
    paper = colour(page, "body", "backgroundColor")
    assert (sum(paper) < 200) == (scheme == "dark")
    looked = {
        "": (".cb-lead", ".cb-tiles a", ".cb-tiles span", ".cb-kind", ".cb-list__date"),
        FAQ: (".cb-trail a", ".cb-facts dt", ".cb-facts dd", ".cb-answer__text", ".cb-copy"),
        f"{FAQ}#rationale": (".cb-only", ".cb-section--internal p:last-child", ".cb-related a"),
        "faq/faq-roaming-summer/": (".cb-notice", ".cb-answer--past p", ".cb-section--internal a"),
        CASE: ("blockquote p", "h1", "h2", ".cb-selection summary", ".md-nav__link"),
        "policies/policy-consumer-law/": (".cb-cited summary", ".cb-section p"),
        "guide/writing/": ("td", "pre code", "p code"),
        "glossary/": (".cb-also",),
        "faq/": (".cb-state",),
    }
    for path, selectors in looked.items():
        page.goto(site + path)
        for selector in selectors:
            ink = colour(page, selector, "color")
            ground = page.locator(selector).first.evaluate(BACKGROUND)
            assert contrast(ink, tuple(ground)) >= 4.5, (path, selector, ink, ground)


# The nearest background that is not transparent, as three numbers.
BACKGROUND = """element => {
  for (let e = element; e; e = e.parentElement) {
    const parts = getComputedStyle(e).backgroundColor.match(/[\\d.]+/g).map(Number);
    if (parts.length === 3 || parts[3] === 1) return parts.slice(0, 3);
  }
  return [255, 255, 255];
}"""


def test_dialogue_is_not_grey(visit):
    page = visit(CASE)
    said = colour(page, "article blockquote p", "color")
    assert said == colour(page, "article .cb-section > p", "color")


def test_the_scheme_can_be_changed_and_stays(visit, site):
    page = visit(CASE, color_scheme="light")
    before = colour(page, "body", "backgroundColor")
    page.get_by_title("切换到深色").click()
    assert colour(page, "body", "backgroundColor") != before
    page.goto(site + FAQ)
    assert colour(page, "body", "backgroundColor") != before


def test_print_shows_the_text_only_and_light(visit):
    page = visit(FAQ, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    for selector in (".md-header", ".md-sidebar--primary", ".cb-trail", ".cb-copy"):
        expect(page.locator(selector)).to_be_hidden()
    expect(page.locator(".cb-answer__text")).to_be_visible()
    assert contrast(colour(page, ".cb-answer__text", "color"), (255, 255, 255)) > 7


def test_a_missing_page_helps_on(visit, watch, site):
    watch.expect("status of 404")
    page = visit("faq/faq-gone/")
    expect(page.get_by_role("heading", name="没有这个页面")).to_be_visible()
    assert colour(page, ".md-header", "backgroundColor") == (15, 92, 88), "it has no style"
    page.locator("main article").get_by_role("link", name="首页").click()
    page.wait_for_url(site)


def test_every_kind_of_page_loads_without_complaint(visit, site):
    """The fixtures fail on a console error, a broken content security policy, another host."""
    page = visit()
    for path in KINDS.values():
        response = page.goto(site + path)
        assert response is not None
        assert response.ok
        assert "script-src 'self'" in response.headers["content-security-policy"]
        expect(page.get_by_role("heading", level=1)).to_be_visible()
