"""The search box in somebody else's page: on another origin, with other styles, in a frame."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from casebook.library import View
from search.engines import get_engine
from search.generations import publish
from tests.browser.conftest import OpenPage, Service, Watch, serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

QUESTION = "欠费停机多久能恢复"
ANSWER = "欠费缴清后系统会自动给您复机"
# Styles that would spoil any box that stood in the page itself.
CRM = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><title>CRM</title>
<link rel="icon" href="data:,">
<style>* {{ display: inline; color: red; font-size: 40px; }} input {{ width: 3px; }}</style>
<h1>工单</h1>
<script src="{service}/static/embed.js"></script>
<casebook-search style="display: block; width: 700px"></casebook-search>
<script>
  window.copied = [];
  document.addEventListener('casebook-copied', (event) => window.copied.push(event.detail));
</script>
</html>
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing of requests."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The origin of another system, and the folder of its pages."""
    folder = tmp_path_factory.mktemp("crm")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def framed(
    agent_view: View, desk: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service that lets the other system frame it, and no other."""
    root = tmp_path_factory.mktemp("framed")
    publish(agent_view, root / "index", get_engine("whoosh"), "test")
    (root / "site").mkdir()
    (root / "site" / "index.html").write_text("<p>site", encoding="utf-8")
    with serving(root, desk[0]) as address:
        (desk[1] / "index.html").write_text(CRM.format(service=address), encoding="utf-8")
        yield Service(address)


def frame_of(page: Page) -> FrameLocator:
    return page.frame_locator("casebook-search >> iframe")


def test_an_agent_asks_in_the_page_of_another_system(
    framed: Service, desk: tuple[str, Path], open_page: OpenPage
) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{desk[0]}/index.html")
    frame = frame_of(page)
    before = page.locator("casebook-search").bounding_box()["height"]
    frame.get_by_role("combobox").press_sequentially(QUESTION)
    expect(frame.locator(".cs-say")).to_contain_text(ANSWER)
    # The frame grows with what was found, and what it shows keeps its own styles.
    page.wait_for_function(
        "least => document.querySelector('casebook-search').offsetHeight > least", arg=before + 50
    )
    colour = frame.locator(".cs-say").evaluate("one => getComputedStyle(one).color")
    assert colour != "rgb(255, 0, 0)"
    links = frame.locator("a[data-item]").evaluate_all("all => all.map(one => one.target)")
    assert frame.locator("base").get_attribute("target") == "_blank"
    assert set(links) <= {"", "_blank"}


def test_the_other_system_asks_and_gets_what_was_copied(
    framed: Service, desk: tuple[str, Path], open_page: OpenPage
) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{desk[0]}/index.html")
    page.evaluate("text => document.querySelector('casebook-search').ask(text)", QUESTION)
    frame = frame_of(page)
    expect(frame.locator(".cs-say")).to_contain_text(ANSWER)
    assert page.evaluate("window.copied") == []
    frame.locator("[data-copy]").first.click()
    page.wait_for_function("window.copied.length === 1")
    assert ANSWER in page.evaluate("window.copied[0]")


def test_a_page_that_is_not_allowed_shows_no_frame(
    framed: Service, agents: Service, desk: tuple[str, Path], open_page: OpenPage, watch: Watch
) -> None:
    watch.expect("frame-ancestors|Framing|refused to connect")
    (desk[1] / "other.html").write_text(CRM.format(service=agents.address), encoding="utf-8")
    page = open_page()
    page.goto(f"{desk[0]}/other.html")
    page.wait_for_function("document.querySelector('casebook-search').shadowRoot !== null")
    page.wait_for_timeout(500)
    loaded = [frame.url for frame in page.frames[1:]]
    assert not any(url.startswith(f"{agents.address}/embed") for url in loaded)


def test_a_message_from_a_page_that_is_not_allowed_asks_nothing(
    framed: Service, open_page: OpenPage
) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{framed.address}/embed")
    # As a window of another origin would: the browser names the sender, here nobody.
    page.evaluate(
        "window.dispatchEvent(new MessageEvent('message', { source: parent,"
        " origin: 'https://evil.example', data: { casebook: 'ask', text: '欠费' } }))"
    )
    page.wait_for_timeout(300)
    assert not any("/results" in url for url in asked)
    page.evaluate(
        "window.dispatchEvent(new MessageEvent('message', { source: parent,"
        " origin: location.origin, data: { casebook: 'ask', text: '欠费' } }))"
    )
    expect(page.locator(".cs-results:not(.cs-starting)")).to_be_visible()


def test_the_example_fills_the_reply(framed: Service, open_page: OpenPage) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{framed.address}/embed/example")
    page.get_by_role("button", name="用来话检索").click()
    frame = frame_of(page)
    expect(frame.locator(".cs-say")).to_contain_text(ANSWER)
    frame.locator("[data-copy]").first.click()
    expect(page.get_by_label("答复记录")).to_have_value(
        frame.locator("[data-copy]").first.get_attribute("data-copy")
    )


def test_the_box_works_after_it_was_moved(
    framed: Service, desk: tuple[str, Path], open_page: OpenPage
) -> None:
    page = open_page()
    page.goto(f"{desk[0]}/index.html")
    expect(frame_of(page).get_by_role("combobox")).to_be_visible()
    page.evaluate("document.body.prepend(document.querySelector('casebook-search'))")
    page.evaluate("text => document.querySelector('casebook-search').ask(text)", QUESTION)
    expect(frame_of(page).locator(".cs-say")).to_contain_text(ANSWER)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_read_the_frame(
    scheme: str, framed: Service, open_page: OpenPage, axe: str
) -> None:
    page = open_page(color_scheme=scheme)
    page.goto(f"{framed.address}/embed")
    page.get_by_role("combobox").press_sequentially("卫星电话怎么开")
    expect(page.locator(".cs-hits")).to_be_visible()
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run()).violations.map((one) => one.id)")
    assert found == []
