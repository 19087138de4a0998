"""The built site as people read it: by clicking, by its search box, on a phone, without scripts."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import PAGES, Site, Visit, Watch, wait_for_paint

# One browser and one service for all of these, whatever the number of workers.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

QUESTION = "欠费停机多久能恢复"
TITLE = "欠费停机后多久能恢复？"
FAQ = "faq/faq-arrears-resume/"
CASE = "cases/case-elder-vas/"


def box(page: Page):
    return page.get_by_role("combobox")


def colour(page: Page, selector: str, name: str) -> tuple[float, ...]:
    value = page.locator(selector).first.evaluate(
        "(element, name) => getComputedStyle(element)[name]", name
    )
    return tuple(float(part) for part in value.partition("(")[2].rstrip(")").split(",")[:3])


def test_from_home_over_a_subject_to_an_answer(visit: Visit, site: Site):
    page = visit()
    main = page.locator("main article")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(site.view.audience.title))
    main.get_by_role("link", name="资费", exact=True).click()
    page.wait_for_url(f"{site.address}subjects/zi-fei/")
    main.get_by_role("link", name=TITLE).first.click()
    page.wait_for_url(site.address + FAQ)
    expect(page.locator(".cb-answer__text")).to_be_in_viewport(ratio=1)
    page.get_by_role("navigation", name="位置").get_by_role("link", name="充值与欠费").click()
    page.wait_for_url(f"{site.address}subjects/zi-fei/chong-zhi-yu-qian-fei/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("充值与欠费")


def test_a_citation_leads_to_its_article_and_back(visit: Visit, site: Site):
    page = visit(CASE)
    page.locator(".cb-related").get_by_role("link", name="第五十五条").click()
    page.wait_for_url(f"{site.address}policies/policy-consumer-law/#a55")
    expect(page.locator("#a55")).to_be_in_viewport()
    cited = page.locator("#a55 + .cb-section details")
    link = cited.get_by_role("link", name="女儿回家过年")
    expect(link).to_be_hidden()
    cited.locator("summary").click()
    link.click()
    page.wait_for_url(site.address + CASE)


def test_the_copy_button_copies_exactly_the_answer(visit: Visit, site: Site):
    page = visit(FAQ, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="复制答复").click()
    expect(page.get_by_role("button", name="已复制")).to_be_visible()
    entry = site.view.get("faq-arrears-resume")
    assert entry is not None
    assert page.evaluate("navigator.clipboard.readText()") == entry.answer.strip()
    expect(page.get_by_role("button", name="复制答复")).to_be_visible()


def test_copying_without_the_clipboard_interface(visit: Visit, site: Site):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    # Over plain HTTP a browser has none; reading stays possible here to see what was copied.
    page.add_init_script(
        "window.read = navigator.clipboard.readText.bind(navigator.clipboard);"
        "Object.defineProperty(navigator, 'clipboard', { value: undefined });"
    )
    page.goto(site.address + FAQ)
    page.get_by_role("button", name="复制答复").click()
    expect(page.get_by_role("button", name="已复制")).to_be_visible()
    assert page.evaluate("window.read()") == page.locator(".cb-answer__text").inner_text().strip()


def test_an_ended_answer_cannot_be_copied(visit: Visit):
    page = visit("faq/faq-roaming-summer/")
    expect(page.get_by_role("note")).to_contain_text("已失效")
    expect(page.get_by_role("note")).to_be_in_viewport()
    expect(page.locator(".cb-copy")).to_have_count(0)


@pytest.mark.parametrize(("day", "over"), [("2026-12-31", False), ("2027-01-01", True)])
@pytest.mark.parametrize(
    ("path", "answer"), [(FAQ, "cb-answer"), ("cards/zi-fei/", "cb-card__item")]
)
def test_an_answer_ends_on_the_device_too(
    visit: Visit, site: Site, path: str, answer: str, day: str, over: bool
):
    """A page of a device's own copy, or of a site that was not built again."""
    page = visit()
    page.clock.set_fixed_time(f"{day}T12:00:00")

    def with_a_last_day(route: Route) -> None:
        start = f'class="{answer}"'
        text = route.fetch().text()
        assert start in text
        route.fulfill(body=text.replace(start, f'{start} data-until="2026-12-31"', 1))

    page.route(f"**/{path}", with_a_last_day)
    page.goto(site.address + path)
    note = page.get_by_role("note")
    expect(page.locator(f".{answer}--past")).to_have_count(int(over))
    expect(note).to_have_count(int(over))
    if answer == "cb-answer":
        expect(page.get_by_role("button", name="复制答复")).to_have_count(int(not over))
        # Nor does it say any longer that it can be used.
        trust = page.locator(".cb-trust dd").first
        expect(trust).to_have_text("已失效" if over else re.compile("已核准.*可以照此答复"))
        expect(page.locator(".cb-trust dt", has_text="核准于")).to_be_visible()
    if over:
        said = "这条答复的有效期到 2026-12-31 为止，已经过了，不能照此答复"
        expect(note).to_contain_text(said)
        # A card leads to the entry; that, where nothing replaces it, to its subject.
        instead = ".cb-trail a" if answer == "cb-answer" else f".{answer} h2 a"
        links = page.locator(instead)
        target = links.last if answer == "cb-answer" else links.first
        expect(note).to_contain_text("现在看：")
        expect(note.get_by_role("link")).to_have_attribute("href", target.evaluate("e => e.href"))
        expect(note).to_be_in_viewport()
        below = page.locator(
            f".{answer}__text, .{answer}__answer, .{answer} p"
        ).first.bounding_box()
        above = note.bounding_box()
        assert below and above
        assert above["y"] < below["y"]


@pytest.mark.parametrize("way", ["click", "Enter"])
def test_the_header_searches_in_a_panel(visit: Visit, site: Site, way: str):
    page = visit(CASE)
    box(page).press_sequentially(QUESTION, delay=20)
    panel = page.get_by_role("region", name="检索结果")
    expect(panel).to_be_visible()
    first = panel.get_by_role("link", name=TITLE).first
    expect(first).to_be_visible()
    assert page.url == site.address + CASE
    if way == "click":
        first.click()
    else:
        page.keyboard.press("ArrowDown")
        expect(first).to_be_focused()
        page.keyboard.press("Enter")
    page.wait_for_url(site.address + FAQ)
    expect(page.get_by_role("heading", level=1)).to_contain_text(TITLE)


def test_the_panel_goes_when_the_page_is_clicked(visit: Visit):
    page = visit(CASE)
    box(page).fill(QUESTION)
    panel = page.get_by_role("region", name="检索结果")
    expect(panel).to_be_visible()
    page.locator("#outcome").click()
    expect(panel).to_be_hidden()


def test_reading_without_scripts(visit: Visit, site: Site):
    page = visit(FAQ, java_script_enabled=False)
    expect(page.locator(".cb-answer__text")).to_be_in_viewport(ratio=1)
    expect(page.locator(".cb-copy")).to_be_hidden()
    page.get_by_role("navigation", name="位置").get_by_role("link", name="统一口径").click()
    page.wait_for_url(f"{site.address}faq/")
    page.locator("main article").get_by_role("link", name=TITLE).click()
    page.wait_for_url(site.address + FAQ)
    page.get_by_role("searchbox").fill("宽带断了")
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_url("**/?q=*")
    assert parse_qs(urlsplit(page.url).query) == {"q": ["宽带断了"]}
    assert urlsplit(page.url).path == "/"
    expect(page.locator("main")).to_contain_text("宽带断网了怎么报修？")


def test_the_answer_is_in_sight_and_large_on_a_phone(visit: Visit):
    page = visit(FAQ, viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    expect(page.locator(".cb-answer__text")).to_be_in_viewport(ratio=1)
    size = page.locator(".cb-answer__text").evaluate(
        "e => parseFloat(getComputedStyle(e).fontSize)"
    )
    assert size >= 20


def test_dialogue_is_not_grey(visit: Visit):
    page = visit(CASE)
    said = colour(page, "article blockquote p", "color")
    assert said == colour(page, "article .cb-section > p", "color")


def test_the_reader_chooses_light_or_dark_and_it_stays(visit: Visit, site: Site):
    page = visit(CASE, color_scheme="light")
    paper = colour(page, "body", "backgroundColor")
    assert sum(paper) > 600
    page.get_by_role("button", name="深色").click()
    dark = colour(page, "body", "backgroundColor")
    assert sum(dark) < 200
    expect(page.get_by_role("button", name="深色", pressed=True)).to_be_visible()
    page.goto(site.address + FAQ)
    assert colour(page, "body", "backgroundColor") == dark
    page.get_by_role("button", name="自动").click()
    assert colour(page, "body", "backgroundColor") == paper


def test_the_chosen_colours_are_there_before_the_first_paint(visit: Visit, site: Site):
    page = visit(color_scheme="light")
    page.get_by_role("button", name="深色").click()
    held: list[Route] = []
    page.route("**/casebook.js", lambda route: held.append(route))  # noqa: PLW0108
    with page.expect_request("**/casebook.js"):
        page.goto(site.address + FAQ, wait_until="commit")
    assert page.evaluate("performance.getEntriesByType('paint').length") == 0
    held.pop().continue_()
    wait_for_paint(page)
    assert sum(colour(page, "body", "backgroundColor")) < 200


def test_the_menu_opens_and_closes(visit: Visit, site: Site):
    page = visit(CASE)
    menu = page.get_by_role("navigation", name="栏目")
    link = menu.locator("details").get_by_role("link").first
    expect(link).to_be_hidden()
    menu.locator("summary").click()
    expect(link).to_be_visible()
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
    expect(page.locator(":focus")).to_have_text(re.compile("更多"))
    page.keyboard.press("Enter")
    expect(link).to_be_visible()
    page.locator("#outcome").click()
    expect(link).to_be_hidden()


def test_escape_closes_the_menu_from_anywhere(visit: Visit):
    page = visit(CASE)
    page.locator(".cb-nav summary").click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Escape")
    expect(page.locator(".cb-nav details")).not_to_have_attribute("open", "")
    expect(page.locator(":focus")).to_have_text(re.compile("更多"))


def test_the_page_to_search_from_has_one_box(visit: Visit):
    page = visit("search/")
    expect(page.get_by_role("search")).to_have_count(1)
    expect(page.locator("input[type=search]")).to_have_count(1)


def test_headings_say_nothing_but_themselves(visit: Visit):
    page = visit(CASE)
    assert page.locator("h1, h2, h3").count() > 5
    expect(page.locator(":is(h1, h2, h3) a")).to_have_count(0)
    expect(page.locator(".cb-toc a[href='#outcome']")).to_have_count(1)


def test_a_subject_offers_its_feed(visit: Visit, site: Site):
    page = visit("subjects/zi-fei/")
    feeds = page.locator("head link[rel=alternate][type='application/atom+xml']")
    addresses = feeds.evaluate_all("all => all.map(one => one.href)")
    assert addresses == [f"{site.address}feed.xml", f"{site.address}subjects/zi-fei/feed.xml"]
    link = page.get_by_role("link", name="订阅“资费”的更新")
    assert page.request.get(link.evaluate("e => e.href")).ok


def test_the_menu_is_one_row_on_a_phone_and_says_what_is_inside(visit: Visit):
    page = visit("glossary/", viewport={"width": 360, "height": 740})
    summary = page.locator(".cb-nav summary")
    expect(summary).to_have_attribute("aria-current", "true")
    entries = page.locator(".cb-nav__row > li:not(.cb-nav__home)")
    assert entries.count() > 3
    tops = entries.evaluate_all("all => all.map(one => one.getBoundingClientRect().top)")
    assert len(set(tops)) == 1
    page = visit("faq/")
    expect(page.locator(".cb-nav summary")).not_to_have_attribute("aria-current", "true")


def test_a_missing_page_helps_on(visit: Visit, watch: Watch, site: Site):
    watch.expect("status of 404")
    page = visit("faq/faq-gone/")
    expect(page.get_by_role("heading", name="没有这个页面")).to_be_visible()
    assert page.title() == f"没有这个页面 · {site.view.audience.title}"
    assert colour(page, "body", "backgroundColor") != (0, 0, 0), "it has no style"
    page.locator("main article").get_by_role("link", name="首页").click()
    page.wait_for_url(site.address)


MAIN = "document.querySelector('main').textContent.replace(/\\s+/g, '')"
MAIN_AS_SENT = """fetch(location.href).then(response => response.text()).then(html =>
  new DOMParser().parseFromString(html, 'text/html')
    .querySelector('main').textContent.replace(/\\s+/g, ''))"""


def test_every_kind_of_page_loads_without_complaint(visit: Visit, watch: Watch, site: Site):
    """The fixtures fail on a console error, a broken content security policy, another host.

    Scripts add nothing to what is read: without them it is all there too.
    """
    watch.expect("status of 404")
    page = visit()
    for kind, path in PAGES.items():
        response = page.goto(site.address + path)
        assert response is not None
        assert response.status == (404 if kind == "missing" else 200), kind
        assert "script-src 'self'" in response.headers["content-security-policy"]
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate(MAIN) == page.evaluate(MAIN_AS_SENT), kind


def test_the_menu_works_without_scripts(visit: Visit, site: Site):
    without = visit(java_script_enabled=False)
    menu = without.get_by_role("navigation", name="栏目")
    menu.locator("summary").click()
    menu.locator("details").get_by_role("link").first.click()
    expect(without.get_by_role("heading", level=1)).to_be_visible()
    assert without.url != site.address
