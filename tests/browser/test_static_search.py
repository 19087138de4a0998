"""The search box where no service answers: plain files under a sub-path, strict policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Route, expect

from benchmarks.static_index import write_files
from casebook.library import View
from casebook.page_data import document_data
from casebook.site_files import json_file
from casebook.static_search import FOLDER, search_files
from tests.conftest import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'"
)
NAME = "faq-arrears-resume"
QUESTION = "欠费停机后多久能恢复"
BROADBAND = "宽带断网了怎么报修"
NOTE = "离线检索：只在本站页面里找。"
AWAY = "case-search-away"
PAGE = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><title>知识库</title>
<link rel="icon" href="{root}assets/icon.svg">
<link rel="stylesheet" href="{root}assets/case-search.css">
<script src="{root}assets/case-search.js" defer></script>
<case-search service="{service}" index="{root}find/" {mode}>
  <form class="cs-form" action="{root}search/"><input class="cs-box" type="search" name="q"
    aria-label="检索"><button class="cs-go">检索</button></form>
  {results}
</case-search>
<main><h1>知识库</h1></main>
</html>
"""
# What the service gives for a question.
SERVED = """<div class="cs-results" data-title="x" data-say="找到 1 条">
<p>来自检索服务</p></div>"""
REFUSED = "<main><p data-message>词太多了，最多 16 个。</p></main>"


@dataclass(frozen=True)
class Files:
    """A site on plain file hosting.

    Attributes:
        address: of its first page, below the host's root.
        folder: its files.
    """

    address: str
    folder: Path


class _Handler(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def files(agent_view: View, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    root = tmp_path_factory.mktemp("files")
    folder = root / "kb"
    write_files(search_files(agent_view), folder)
    for document in agent_view.documents:
        path = document.kind.address(document.id)
        write_files([json_file(f"{path}index.json", document_data(document, agent_view))], folder)
        write_page(folder, path, "../../", "")
    write_page(folder, "", "", "")
    write_page(folder, "with-service/", "../", "/service/")
    write_page(folder, "search/", "../", "", page=True)
    assets = folder / "assets"
    assets.mkdir()
    sources = [ROOT / "site" / "theme" / "assets" / "static-search.js"]
    sources += [ROOT / "search" / "static" / f"case-search.{end}" for end in ("js", "css")]
    for source in (*sources, ROOT / "search" / "static" / "icon.svg"):
        (assets / source.name).write_bytes(source.read_bytes())
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Files(f"http://127.0.0.1:{server.server_port}/kb/", folder)
    server.shutdown()
    server.server_close()


def write_page(folder: Path, path: str, root: str, service: str, *, page: bool = False) -> None:
    file = folder / path / "index.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    mode, results = ('mode="page"', "<div data-results></div>") if page else ("", "")
    text = PAGE.format(root=root, service=service, mode=mode, results=results)
    file.write_text(text, encoding="utf-8")


@pytest.fixture
def requests(page: Page) -> list[str]:
    """The addresses that the page has asked for, as they go out."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    return sent


def box(page: Page):
    return page.get_by_role("combobox", name="检索")


def own_requests(sent: list[str]) -> list[str]:
    return [url for url in sent if f"/{FOLDER}/" in url or "static-search" in url]


def service_requests(sent: list[str]) -> list[str]:
    return [url for url in sent if "/service/" in url]


def test_without_a_service_typing_finds_and_the_answer_can_be_copied(page, files, requests):
    page.goto(files.address)
    box(page).fill(QUESTION)
    card = page.locator(".cs-answer")
    expect(card.locator("h2")).to_contain_text("欠费停机")
    expect(page.get_by_text(NOTE)).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("有统一答复")
    box(page).press("Control+Enter")
    expect(page.get_by_role("status")).to_have_text("已复制")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == card.locator(".cs-say").inner_text().strip()
    assert {url for url in requests if not url.startswith(files.address)} == set()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{files.address}faq/{NAME}/")


def test_what_a_query_needs_is_fetched_before_it_is_asked(page, files, requests):
    page.goto(files.address)
    expect(box(page)).to_be_visible()
    assert own_requests(requests) == []
    with page.expect_response(lambda response: response.url.endswith("/d0.json")):
        box(page).focus()
    before = len(own_requests(requests))
    box(page).fill("宽带断网")
    expect(page.locator(".cs-hits .cs-hit").first).to_be_visible()
    after = own_requests(requests)[before:]
    assert after
    assert all(url.endswith(".bin") for url in after), after
    assert len(after) == len(set(after))


def test_a_service_that_is_there_is_all_that_focus_and_typing_use(page, files, requests):
    page.route("**/service/**", serve)
    page.goto(f"{files.address}with-service/")
    box(page).focus()
    box(page).press_sequentially("宽带", delay=20)
    expect(page.get_by_text("来自检索服务")).to_be_visible()
    assert own_requests(requests) == []


def test_what_could_not_be_fetched_ahead_is_fetched_when_it_is_asked(page, files, watch):
    watch.expect("ERR_FAILED")
    page.route(f"**/{FOLDER}/**", lambda route: route.abort())
    page.goto(files.address)
    with page.expect_event("requestfailed"):
        box(page).focus()
    page.unroute(f"**/{FOLDER}/**")
    box(page).fill(BROADBAND)
    expect(page.locator(".cs-answer h2")).to_contain_text("宽带")


def test_every_result_leads_to_its_page(page, files):
    page.goto(f"{files.address}faq/{NAME}/")
    box(page).fill("宽带 断网")
    links = page.locator(".cs-hits [data-item]")
    expect(links.first).to_be_visible()
    for address in links.evaluate_all("all => all.map((one) => one.href)"):
        path = address.removeprefix(files.address)
        assert (files.folder / path / "index.html").is_file(), address
    expect(page.locator(".cs-hits mark").first).to_be_visible()


def test_pinyin_finds(page, files):
    page.goto(files.address)
    box(page).fill("kddw")
    expect(page.locator(".cs-hits .cs-hit").first).to_contain_text("宽带断网")


def test_nothing_found_says_so(page, files):
    page.goto(files.address)
    box(page).fill("vvvv")
    expect(page.get_by_role("heading", name="没有找到“vvvv”")).to_be_visible()
    expect(page.locator(".cs-answer")).to_have_count(0)


def test_what_a_title_or_a_question_holds_is_text(page, files):
    page.goto(files.address)
    box(page).fill("<img src=x onerror=alert(1)>")
    expect(page.locator(".cs-results")).to_be_visible()
    expect(page.locator(".cs-results img")).to_have_count(0)


def test_the_search_page_answers_its_address(page, files):
    page.goto(f"{files.address}search/?q={quote(QUESTION)}")
    expect(box(page)).to_have_value(QUESTION)
    expect(page.locator(".cs-answer h2")).to_contain_text("欠费停机")
    box(page).fill(BROADBAND)
    expect(page.locator(".cs-answer h2")).to_contain_text("宽带")
    assert page.url.endswith(f"?q={quote(BROADBAND)}")


def test_a_service_that_answers_is_all_that_is_asked(page, files, requests):
    page.route("**/service/**", serve)
    page.goto(f"{files.address}with-service/")
    box(page).fill(QUESTION)
    expect(page.get_by_text("来自检索服务")).to_be_visible()
    assert service_requests(requests)
    assert own_requests(requests) == []


def test_what_the_service_refuses_is_not_looked_for_elsewhere(page, files, requests, watch):
    watch.expect("status of 400")
    page.route("**/service/**", lambda route: route.fulfill(status=400, body=REFUSED))
    page.goto(f"{files.address}with-service/")
    box(page).fill(QUESTION)
    expect(page.locator(".cs-panel")).to_contain_text("最多 16 个")
    assert own_requests(requests) == []


@pytest.mark.parametrize("failure", ["refused", "no such page", "another page"])
def test_a_service_that_is_away_is_spared_and_used_when_it_is_back(
    page, files, requests, watch, failure: str
):
    watch.expect("ERR_CONNECTION_REFUSED|status of 404")
    fail = {
        "refused": lambda route: route.abort("connectionrefused"),
        "no such page": lambda route: route.fulfill(status=404, body="<p>404</p>"),
        "another page": lambda route: route.fulfill(status=200, body="<p>首页</p>"),
    }[failure]
    page.route("**/service/**", fail)
    page.goto(f"{files.address}with-service/")
    box(page).fill(QUESTION)
    expect(page.get_by_text(NOTE)).to_be_visible()
    before = len(service_requests(requests))
    assert before
    # For a while it is not asked, on no page of this visit.
    page.goto(f"{files.address}with-service/")
    box(page).fill(BROADBAND)
    expect(page.locator(".cs-answer h2")).to_contain_text("宽带")
    assert len(service_requests(requests)) == before
    # Then it is, and as it answers, from then on.
    page.unroute("**/service/**")
    page.route("**/service/**", serve)
    page.evaluate(f"sessionStorage.setItem('{AWAY}', Date.now() - 61000)")
    for text in (QUESTION, BROADBAND):
        box(page).fill(text)
        expect(page.get_by_text("来自检索服务")).to_be_visible()
        expect(page.get_by_text(NOTE)).to_have_count(0)
        box(page).fill("")
    assert page.evaluate(f"sessionStorage.getItem('{AWAY}')") == ""


def test_where_the_index_is_away_too_it_says_so(page, files, watch):
    watch.expect("ERR_FAILED")
    page.route(f"**/{FOLDER}/**", lambda route: route.abort())
    page.goto(files.address)
    box(page).fill(QUESTION)
    expect(page.locator(".cs-panel")).to_contain_text("检索服务暂时连不上")
    page.unroute(f"**/{FOLDER}/**")
    box(page).fill(BROADBAND)
    expect(page.locator(".cs-answer h2")).to_contain_text("宽带")


def test_an_entry_without_data_is_a_result_and_no_answer(page, files, watch):
    watch.expect("status of 404")
    page.route("**/index.json", unless_index)
    page.goto(files.address)
    box(page).fill(QUESTION)
    expect(page.locator(".cs-hits .cs-hit").first).to_contain_text("欠费停机")
    expect(page.locator(".cs-answer")).to_have_count(0)


def unless_index(route: Route) -> None:
    if f"/{FOLDER}/" in route.request.url:
        route.continue_()
    else:
        route.fulfill(status=404, body="")


def serve(route: Route) -> None:
    if "/results" in route.request.url:
        route.fulfill(body=SERVED, content_type="text/html")
    else:
        route.fulfill(body='{"suggestions": []}', content_type="application/json")
