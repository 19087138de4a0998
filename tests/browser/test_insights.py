"""The insights in a browser: readable by everyone, wide and narrow, light, dark, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from casebook.library import Library
from search.app import create_app
from search.engines import get_engine
from search.generations import publish
from search.insights.reporter import EXTENSION
from search.service import EXTENSION as SERVICE
from search.service import ServiceConfig
from tests.browser.conftest import OpenPage
from tests.browser.test_accessibility import looked_at
from tests.conftest import ON, answering
from tests.search.insights.calls import CallCentre, topics_of, write_journal

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

NARROW = {"width": 390, "height": 844}


@dataclass(frozen=True)
class Running:
    """A service that has answered questions for two months."""

    address: str


@pytest.fixture(scope="module")
def running(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("insights")
    view = library.view("agent", ON)
    publish(view, folder / "index" / "agent", get_engine("memory"), "sample")
    questions = CallCentre(topics_of(view, ON), a_day=120).questions(60, ON)
    write_journal(folder / "state" / "agent" / "journal.sqlite", questions)
    config = ServiceConfig(
        audience="agent",
        internal=True,
        title="知识库",
        index=folder / "index" / "agent",
        site=None,
        today=lambda: ON,
        state=folder / "state" / "agent",
    )
    app = create_app(config)
    app.extensions[EXTENSION]._seconds = 120.0
    with answering(app) as address:
        for days in (28, 7):
            app.extensions[EXTENSION].report("agent", days)
        yield Running(address)
    app.extensions[SERVICE].close()


@pytest.mark.parametrize("path", ["/insights/", "/insights/not_opened"])
def test_everyone_can_read_it(open_page: OpenPage, running: Running, axe: str, path: str) -> None:
    page = open_page(color_scheme="light", reduced_motion="reduce")
    page.goto(running.address + path)
    for closed in page.locator("details").all():
        closed.evaluate("one => { one.open = true }")
    assert looked_at(page, axe) == {}
    page.set_viewport_size(NARROW)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_charts_are_drawn_in_the_readers_colours(open_page: OpenPage, running: Running) -> None:
    drawn = {}
    for scheme in ("light", "dark"):
        page = open_page(color_scheme=scheme)
        page.goto(running.address + "/insights/")
        pictures = page.locator(".in-chart img")
        expect(pictures).to_have_count(3)
        for picture in pictures.all():
            assert picture.evaluate("one => one.decode().then(() => one.naturalWidth > 0)")
        drawn[scheme] = pictures.first.screenshot()
    assert drawn["light"] != drawn["dark"]


def test_what_a_chart_shows_stands_in_a_table(open_page: OpenPage, running: Running) -> None:
    page = open_page()
    page.goto(running.address + "/insights/")
    page.get_by_text("看数字").first.click()
    rows = page.locator(".in-chart").first.locator("tbody tr")
    expect(rows).to_have_count(28)
    expect(rows.last).to_contain_text(str(ON))


def test_it_is_worked_by_keyboard(open_page: OpenPage, running: Running) -> None:
    page = open_page()
    page.goto(running.address + "/insights/")
    page.get_by_role("link", name="7 天", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{running.address}/insights/?audience=agent&days=7")
    expect(page.locator('[aria-current="true"]')).to_have_text(["7 天"])


def test_on_paper_there_is_only_what_can_be_read_there(
    open_page: OpenPage, running: Running
) -> None:
    page = open_page()
    page.goto(running.address + "/insights/")
    page.emulate_media(media="print")
    for gone in (".bar", ".in-choices", ".in-contents"):
        expect(page.locator(gone)).to_be_hidden()
    expect(page.locator("#not_found .in-rows")).to_be_visible()
