"""The offline copy in a real browser, on a plain file server that can be stopped and broken."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from gzip import compress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from casebook.digests import file_digest
from casebook.library import Library, View
from casebook.offline import LIMIT_DAYS, WARN_DAYS, WORKER, addresses, offline_files
from casebook.publishing import build_site
from search.engines import get_engine
from search.generations import publish as publish_index
from tests.browser.conftest import ON, SERVER, OpenPage, Watch, free_port, wait_for

# One browser for all of these, whatever the number of workers.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

FAQ = "faq/faq-arrears-resume/"
TITLE = "欠费停机后多久能恢复？"
OTHER = "faq/faq-broadband-fault/"
GONE = "这条内容已经更新或撤下"
QUERY = "欠费停机多久恢复"
# A site as small as its parts can be; the whole one takes long to fetch ahead.
SLICE = ("assets", FAQ, OTHER, "cards/zi-fei", "search")
PAGES = ("index.html", "faq/index.html", "subjects/index.html")
DAY = 24 * 3600 * 1000


class Host:
    """Plain file hosting with several sites, as browsers see it: it lets them keep files for ten
    minutes, and it can be away, slow or broken. What it sends is compressed, if it is told to.
    """

    def __init__(self) -> None:
        self.sites: dict[str, Path] = {}
        self.asked: list[str] = []
        self.wrong: dict[str, tuple[int, bytes]] = {}
        self.slow = threading.Event()
        self.lets_keep = "max-age=600"
        self.compresses = False
        self.sent = 0
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                host.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        ThreadingHTTPServer.daemon_threads = True
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Goes away: what is asked of it from now on finds nobody."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = urlsplit(request.path).path
        self.asked.append(path)
        if self._server is None:
            request.close_connection = True
            return
        while self.slow.is_set():
            threading.Event().wait(0.05)
        status, body, kind = self._found(path)
        mark = f'"{hash(body):x}"'
        if status == 200 and request.headers.get("If-None-Match") == mark:
            status, body = 304, b""
        request.send_response(status)
        if self.compresses and status == 200:
            body = compress(body)
            request.send_header("Content-Encoding", "gzip")
        self.sent += len(body)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(body)))
        request.send_header("Cache-Control", self.lets_keep)
        request.send_header("ETag", mark)
        # Each question on a line of its own, so that one which has gone away answers none.
        request.send_header("Connection", "close")
        request.end_headers()
        request.wfile.write(body)

    def _found(self, path: str) -> tuple[int, bytes, str]:
        if path in self.wrong:
            return *self.wrong[path], "text/html; charset=utf-8"
        for prefix, folder in self.sites.items():
            file = folder / path.removeprefix(prefix)
            if path.startswith(prefix):
                file = file / "index.html" if file.is_dir() else file
                if file.is_file():
                    return 200, file.read_bytes(), guess_type(file.name)[0] or "text/plain"
        return 404, b"<!doctype html><title>404</title>", "text/html"


def publish(view: View, folder: Path) -> None:
    """Makes the offline copy's files of a site as it stands now."""
    own = {WORKER, "offline.json", "manifest.webmanifest"}
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    digests = {
        name: file_digest(path)
        for name, path in files.items()
        if path.is_file() and name not in own and not name.startswith("offline/")
    }
    shutil.rmtree(folder / "offline", ignore_errors=True)
    (folder / "offline.json").unlink(missing_ok=True)
    for file in offline_files(view, digests):
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)


def change(folder: Path, path: str, old: str, new: str) -> None:
    file = folder / path / "index.html" if path.endswith("/") else folder / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def built(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dealers' site of the sample library."""
    root = tmp_path_factory.mktemp("offline")
    view = library.view("dealer", ON)
    build_site(view, library.view("agent", ON), root / "stage", root / "site")
    return root / "site"


@pytest.fixture
def host() -> Iterator[Host]:
    running = Host()
    yield running
    running.slow.clear()
    running.stop()


@pytest.fixture
def open_page(host: Host, open_page: OpenPage) -> OpenPage:
    """Opens pages that are closed before the host goes: what they still ask for is no complaint."""
    return open_page


@pytest.fixture
def site(built: Path, host: Host, dealer_view: View, tmp_path: Path) -> Path:
    """Some pages of it that a test may change, on the host at ``/kb/``."""
    folder = tmp_path / "kb"
    for name in SLICE:
        shutil.copytree(built / name, folder / name)
    for name in PAGES:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(built / name, folder / name)
    # A page leaves the line alone for a second; nobody else needs it here.
    change(folder, "assets/offline.js", "idle(start), 1000)", "idle(start), 0)")
    publish(dealer_view, folder)
    host.sites["/kb/"] = folder
    return folder


@pytest.fixture
def whole(built: Path, host: Host, site: Path, tmp_path: Path) -> Path:
    """All of it on the host instead."""
    folder = tmp_path / "whole"
    shutil.copytree(built, folder)
    host.sites["/kb/"] = folder
    return folder


@pytest.fixture
def visit(open_page, host: Host, site: Path, watch: Watch) -> Callable[..., Page]:
    """Opens the site for the first time, and waits until it has its offline copy."""
    # The browser looks for a newer worker while the host is away.
    watch.expect("fetching the script")
    watch.expect("status of 503")

    def first_visit(path: str = FAQ, **options: object) -> Page:
        page = open_page(**options)
        page.goto(f"{host.address}/kb/{path}")
        until_filled(page)
        return page

    return first_visit


STATE = """async () => {
  for (const name of await caches.keys()) {
    const found = await (await caches.open(name)).match(new URL('offline/state', '%s').href);
    if (found) return found.json();
  }
  return null;
}"""


def until(page: Page, question: str, arg: object = None) -> None:
    """Waits until a question, which may be a promise, is answered with yes."""
    deadline = time.monotonic() + 30
    while not page.evaluate(question, arg):
        assert time.monotonic() < deadline, question
        page.wait_for_timeout(50)


def until_filled(page: Page, version: str = "", home: str = "") -> None:
    home = home or page.url.split("/kb/")[0] + "/kb/"
    until(
        page,
        f"async (version) => {{ const state = await ({STATE % home})();"
        " return state && state.filled && (!version || state.version === version); }",
        version,
    )


def until_held(page: Page, url: str, *, yes: bool = True) -> None:
    until(page, "async ([url, yes]) => !!(await caches.match(url)) === yes", [url, yes])


def held(page: Page) -> set[str]:
    """The addresses of what the device holds, under the site's."""
    urls = page.evaluate(
        "async () => { const all = []; for (const name of await caches.keys())"
        " if (name.endsWith(':files')) for (const r of await (await caches.open(name)).keys())"
        " all.push(r.url); return all; }"
    )
    return {urlsplit(url).path.removeprefix("/kb/") for url in urls}


def version_of(site: Path) -> str:
    return str(json.loads((site / "offline.json").read_bytes())["version"])


def contact(page: Page) -> None:
    """What happens when the screen comes back: the page asks the worker to compare."""
    page.evaluate("dispatchEvent(new Event('online'))")


def age(page: Page):
    return page.locator("[data-age]")


def addresses_in(folder: Path, pattern: str) -> set[str]:
    """The addresses of a site's files."""
    files = (file.relative_to(folder).as_posix() for file in folder.glob(pattern) if file.is_file())
    return set(addresses(dict.fromkeys(files, "")))


def search(page: Page) -> None:
    """Finds the answer by the box in the header."""
    box = page.get_by_role("combobox", name="检索")
    box.fill("")
    box.press_sequentially(QUERY)
    expect(page.get_by_role("region", name="检索结果").get_by_text(TITLE).first).to_be_visible()


# ---- what is fetched ahead --------------------------------------------------------------------


@pytest.mark.parametrize("compresses", [True, False], ids=["compressed", "plain"])
def test_after_the_first_visit_a_small_site_is_there_and_searches(
    visit, host, whole, compresses, watch
):
    watch.expect("CONNECTION_(REFUSED|RESET)")
    host.compresses = compresses
    page = visit()
    answers, find = addresses_in(whole, "faq/*/index.html"), addresses_in(whole, "find/**/*")
    assert answers | find | {"assets/static-search.js"} <= held(page)
    if compresses:
        left = addresses_in(whole, "**/index.html") - held(page)
        assert {path for path in left if not path.startswith(("guide/", "design/"))} == set()
    spent = page.evaluate(STATE % f"{host.address}/kb/")["spent"]
    # Headers come on top; the first page itself was there before.
    assert 0.8 * host.sent < spent < 1.2 * host.sent
    host.stop()
    search(page)
    page.goto(f"{host.address}/kb/cards/zi-fei/")
    expect(age(page)).to_be_visible()
    search(page)


def test_an_index_is_fetched_to_its_end_though_the_budget_is_spent(visit, host, whole):
    host.compresses = True
    text = (whole / WORKER).read_text(encoding="utf-8")
    text, changed = re.subn("(?<=const BUDGET = )[0-9]+", "400000", text)
    assert changed == 1
    (whole / WORKER).write_text(text, encoding="utf-8")
    page = visit()
    assert addresses_in(whole, "find/**/*") <= held(page)
    assert not any(path.startswith("policies/policy-") for path in held(page))


def test_half_an_index_has_no_entrance(open_page, host, whole, watch):
    watch.expect("status of 503")
    broken = next((whole / "find").glob("*/t9.bin")).relative_to(whole).as_posix()
    host.wrong[f"/kb/{broken}"] = (503, b"")
    page = open_page()
    page.goto(f"{host.address}/kb/{FAQ}")
    until(page, "async () => !!(await caches.match('/kb/assets/static-search.js'))")
    deadline = time.monotonic() + 30
    while f"/kb/{broken}" not in host.asked:
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)
    assert any(path.endswith(".bin") for path in held(page))
    assert "find/index.json" not in held(page)
    host.wrong.clear()
    page.reload()
    until_filled(page)
    assert addresses_in(whole, "find/**/*") <= held(page)


# ---- reading without a line -------------------------------------------------------------------


def test_after_the_first_visit_it_reads_without_a_line(visit, host, site, watch):
    page = visit(FAQ)
    home = f"{host.address}/kb/"
    page.goto(home + OTHER)
    host.stop()
    for path in (FAQ, OTHER, "", "faq/", "subjects/", "faq/index.html", f"{FAQ}?from=feed", "faq"):
        page.goto(home + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(age(page)).to_have_text(
            re.compile("^离线副本：[0-9]+ 月 [0-9]+ 日 [0-9]+:[0-9]{2} 取得（不到 1 小时前）")
        )
        assert page.locator("[data-age]").count() == 1
    page.goto(home + FAQ)
    expect(page.get_by_role("heading", level=1)).to_contain_text(TITLE)
    styled = page.locator("body").evaluate("e => getComputedStyle(e).fontFamily")
    assert "sans" in styled, "the copy has no style"
    assert page.evaluate("typeof customElements.get('case-search')") == "function"
    page.get_by_role("navigation", name="位置").get_by_role("link", name="统一口径").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("统一口径")


def test_online_a_page_says_nothing_of_a_copy(visit, host):
    page = visit(FAQ)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_contain_text(TITLE)
    expect(age(page)).to_have_count(0)
    assert "离线" not in page.locator("body").inner_text()


@pytest.mark.parametrize("path", ["faq/faq-never-was/", "x"])
def test_a_page_that_is_not_held_leads_to_those_that_are(visit, host, path):
    page = visit(FAQ, viewport={"width": 375, "height": 700})
    name = page.locator(".cb-name").inner_text()
    host.stop()
    page.goto(f"{host.address}/kb/{path}")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("没有离线副本")
    expect(page).to_have_title("没有联网")
    expect(page.get_by_role("combobox", name="检索")).to_be_visible()
    expect(page.locator("[aria-current]")).to_have_count(0)
    assert heading.bounding_box()["x"] >= 12, "the text touches the edge"
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    said = page.get_by_role("navigation", name="离线副本").get_by_role("listitem")
    assert said.all_inner_texts() == ["条目 2 页", "卡片 1 页", "其他 4 页"]
    page.get_by_role("link", name=TITLE).click()
    expect(heading).to_contain_text(TITLE)
    page.goto(f"{host.address}/kb/{path}")
    page.get_by_role("banner").get_by_role("link", name=name).click()
    page.wait_for_url(f"{host.address}/kb/")
    expect(age(page)).to_be_visible()


def test_an_answer_whose_last_day_is_over_is_marked_in_the_copy(visit, host, site, dealer_view):
    change(site, FAQ, 'class="cb-answer"', 'class="cb-answer" data-until="2036-06-30"')
    publish(dealer_view, site)
    page = visit(FAQ)
    page.reload()
    expect(page.locator(".cb-copy")).to_have_count(1)
    host.stop()
    page.clock.set_fixed_time("2036-07-01T09:00:00")
    page.reload()
    expect(age(page)).to_be_visible()
    expect(page.locator(".cb-notice")).to_contain_text("2036-06-30")
    expect(page.locator(".cb-copy")).to_have_count(0)


def test_saving_data_nothing_is_fetched_ahead(open_page, host, site):
    page = open_page()
    page.add_init_script(
        "Object.defineProperty(navigator, 'connection', { value: { saveData: true } })"
    )
    page.goto(f"{host.address}/kb/{FAQ}")
    until_held(page, f"{host.address}/kb/{FAQ}")
    page.wait_for_timeout(1000)
    assert {path for path in held(page) if path.endswith("/")} == {FAQ}
    host.stop()
    page.reload()
    expect(age(page)).to_contain_text("离线副本")


@pytest.mark.parametrize("trouble", ["slow", "restarting"])
def test_a_poor_line_shows_the_copy(visit, host, trouble, watch):
    watch.expect("status of 50")
    page = visit(FAQ)
    if trouble == "slow":
        host.slow.set()
    else:
        host.wrong |= {f"/kb/{path}": (502, b"x") for path in (FAQ, "offline.json")}
    page.reload(wait_until="commit")
    expect(age(page)).to_contain_text("离线副本")
    host.slow.clear()
    host.wrong.clear()
    contact(page)
    expect(age(page)).to_have_count(0)


@pytest.mark.parametrize(
    ("days", "kind", "said"),
    [
        (WARN_DAYS - 1, "cb-age", f"{WARN_DAYS - 1} 天前"),
        (WARN_DAYS, "cb-age cb-age--old", f"{WARN_DAYS} 天前"),
        (LIMIT_DAYS, "cb-age cb-age--expired", "不能照此答复"),
    ],
)
def test_an_old_copy_stands_out(visit, host, days, kind, said):
    page = visit(FAQ)
    # As if nobody had been here for so long: what is stored says so, and the worker starts anew.
    page.evaluate(
        """async (back) => {
          for (const name of await caches.keys()) {
            const cache = await caches.open(name);
            for (const request of await cache.keys()) {
              const copy = await cache.match(request);
              const headers = new Headers(copy.headers);
              let body = await copy.text();
              if (request.url.endsWith('offline/state')) {
                const state = JSON.parse(body);
                body = JSON.stringify({ ...state, checked: state.checked - back });
              } else if (headers.has('x-casebook-at')) {
                headers.set('x-casebook-at', String(Number(headers.get('x-casebook-at')) - back));
              }
              await cache.put(request, new Response(body, { headers }));
            }
          }
        }""",
        days * DAY,
    )
    host.stop()
    session = page.context.new_cdp_session(page)
    session.send("ServiceWorker.enable")
    session.send("ServiceWorker.stopAllWorkers")
    page.goto(f"{host.address}/kb/{FAQ}")
    expect(age(page)).to_contain_text(said)
    assert age(page).get_attribute("class") == kind
    expired = "expired" in kind
    expect(page.locator(".cb-copy")).to_have_count(0 if expired else 1)
    expect(age(page)).to_be_in_viewport()
    before = "e => !!(e.compareDocumentPosition(document.querySelector('h1')) & 4)"
    assert age(page).evaluate(before), "the note does not stand before the text"
    page.emulate_media(media="print")
    expect(age(page)).to_be_visible()


# ---- what is withdrawn goes -------------------------------------------------------------------


def test_what_was_withdrawn_or_changed_goes_at_the_next_contact(visit, host, site, dealer_view):
    page = visit(FAQ)
    home = f"{host.address}/kb/"
    page.goto(home + OTHER)
    page.goto(home)
    assert {FAQ, OTHER} <= held(page)
    shutil.rmtree(site / FAQ)
    change(site, OTHER, "</h1>", "（新）</h1>")
    publish(dealer_view, site)
    # One visit to any other page is a contact.
    page.goto(f"{home}subjects/")
    until_filled(page, version_of(site))
    assert FAQ not in held(page)
    host.stop()
    page.goto(home + FAQ)
    expect(page.get_by_role("heading", level=1)).to_contain_text("没有离线副本")
    expect(page.get_by_role("link", name=TITLE)).to_have_count(0)
    page.goto(home + OTHER)
    expect(page.get_by_role("heading", level=1)).to_contain_text("（新）")


def test_a_page_on_screen_says_that_it_is_no_longer_right(visit, host, site, dealer_view):
    page = visit(FAQ)
    page.reload()
    shutil.rmtree(site / FAQ)
    publish(dealer_view, site)
    contact(page)
    expect(age(page)).to_contain_text(GONE)
    expect(page.locator(".cb-copy")).to_have_count(0)
    contact(page)
    page.wait_for_timeout(300)
    expect(age(page)).to_contain_text(GONE)


def test_a_copy_that_was_shown_because_the_line_is_slow_says_that_it_has_changed(
    visit, host, site, dealer_view
):
    page = visit(FAQ)
    change(site, FAQ, "</h1>", "（新）</h1>")
    publish(dealer_view, site)
    host.slow.set()
    page.reload(wait_until="commit")
    expect(age(page)).to_contain_text("离线副本")
    host.slow.clear()
    expect(age(page)).to_contain_text(GONE)


def test_a_changed_page_that_is_opened_anew_is_the_new_one(visit, host, site, dealer_view):
    page = visit(FAQ)
    other = page.context.new_page()
    other.goto(f"{host.address}/kb/{FAQ}")
    change(site, FAQ, "</h1>", "（新）</h1>")
    publish(dealer_view, site)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_contain_text("（新）")
    expect(age(other)).to_contain_text(GONE)
    until_filled(page, version_of(site))
    expect(age(page)).to_have_count(0)
    host.stop()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_contain_text("（新）")


def test_a_new_look_is_never_mixed_with_an_old_one(visit, host, site, dealer_view):
    page = visit(FAQ)
    before = (site / WORKER).read_bytes()
    style = site / "assets" / "casebook.css"
    style.write_text(style.read_text(encoding="utf-8") + "body { outline: 3px solid }")
    publish(dealer_view, site)
    assert (site / WORKER).read_bytes() != before, "a new look makes a new worker"
    for _ in range(2):
        page.reload()
        assert page.locator("body").evaluate("e => getComputedStyle(e).outlineWidth") == "3px"
        until_filled(page, version_of(site))
    host.stop()
    page.reload()
    expect(age(page)).to_contain_text("离线副本")
    assert page.locator("body").evaluate("e => getComputedStyle(e).outlineWidth") == "3px"


# What a contact may find besides the list → whether the copies stay: only where it was none.
@pytest.mark.parametrize(
    ("path", "answer", "stays"),
    [
        ("offline.json", (200, b"<html>sign in</html>"), False),
        ("offline.json", (200, b"[1]"), False),
        ("offline.json", (404, b""), False),
        ("offline.json", (403, b""), False),
        ("offline.json", (503, b""), True),
        ("list", (404, b""), False),
        ("list", (200, b'{"version": "other", "valid": "", "ahead": []}'), False),
        ("list", (200, b"{"), False),
    ],
)
def test_where_the_list_cannot_be_read_nothing_stays(
    visit, host, site, dealer_view, path, answer, stays
):
    page = visit(FAQ)
    shutil.rmtree(site / OTHER)
    publish(dealer_view, site)
    if path == "list":
        path = json.loads((site / "offline.json").read_bytes())["list"]
    host.wrong[f"/kb/{path}"] = answer
    asked = len(host.asked)
    contact(page)
    if stays:
        page.wait_for_timeout(500)
        assert f"/kb/{path}" in host.asked[asked:]
        assert FAQ in held(page)
    else:
        expect(age(page)).to_contain_text(GONE)
        until(page, "async () => !(await caches.keys()).some((n) => /files/.test(n))")
    host.wrong.clear()
    contact(page)
    page.reload()
    until_filled(page, version_of(site))
    assert FAQ in held(page)
    assert OTHER not in held(page)


def test_what_the_site_answers_is_kept_only_if_it_is_on_the_list(visit, host, site):
    page = visit(FAQ)
    change(site, FAQ, "</h1>", "（夹带）</h1>")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_contain_text("（夹带）")
    until_held(page, f"{host.address}/kb/{FAQ}", yes=False)


def test_the_service_is_never_held(visit, host, site, tmp_path, watch):
    service = tmp_path / "service"
    for name in ("api/v1/search", "results"):
        (service / name).parent.mkdir(parents=True, exist_ok=True)
        (service / name).write_text("{}")
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text("{}")
    host.sites["/"] = service
    page = visit(FAQ)
    for name in ("/api/v1/search", "/results", "/kb/api/v1/search", "/kb/results"):
        assert page.evaluate("async (url) => (await fetch(url)).status", name) == 200
    assert not any(name in path for path in held(page) for name in ("api", "results"))
    host.stop()
    watch.expect("CONNECTION_(REFUSED|RESET)")
    failed = "(url) => fetch(url, { cache: 'no-store' }).then(() => false, () => true)"
    assert page.evaluate(failed, "/kb/api/v1/search")


def test_it_works_under_the_services_content_security_policy(
    open_page, built, dealer_view, tmp_path, watch
):
    watch.expect("CONNECTION_(REFUSED|RESET)|fetching the script")
    publish_index(dealer_view, tmp_path / "index", get_engine("whoosh"), "test")
    port = free_port()
    command = [
        sys.executable,
        "-c",
        SERVER,
        "dealer",
        str(tmp_path / "index"),
        str(built),
        str(port),
    ]
    with (tmp_path / "log").open("wb") as log:
        service = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        home = f"http://127.0.0.1:{port}/site/"
        wait_for(f"http://127.0.0.1:{port}", service, tmp_path / "log")
        page = open_page()
        page.goto(home + FAQ)
        until_filled(page, home=home)
        own = {f"/site/{path}" for path in addresses_in(built, "faq/*/index.html")}
        assert own <= held(page)
    finally:
        service.terminate()
        service.wait(60)
    # The service that gave the page out has stopped: what searches now came before.
    search(page)
    page.goto(home + OTHER)
    expect(age(page)).to_contain_text("离线副本：")
    search(page)


# ---- who has one ------------------------------------------------------------------------------


def test_switching_it_off_removes_what_is_held(visit, host, site, agent_view, watch):
    watch.expect("CONNECTION_(REFUSED|RESET)")
    host.lets_keep = "no-store"
    page = visit(FAQ)
    publish(agent_view, site)
    assert not (site / "offline.json").exists()
    for file in site.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        file.write_text(
            re.sub("<script[^>]*offline[.]js[^>]*></script>", "", text), encoding="utf-8"
        )
    page.reload()
    until(page, "async () => !(await caches.keys()).length")
    until(page, "async () => !(await navigator.serviceWorker.getRegistrations()).length")
    page.reload()
    host.stop()
    with pytest.raises(Exception, match="ERR_CONNECTION_REFUSED"):
        page.goto(f"{host.address}/kb/{FAQ}")


def test_sites_on_one_host_do_not_meet(visit, host, built, dealer_view, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(built, other)
    change(other, FAQ, "</h1>", "（另一家）</h1>")
    publish(dealer_view, other)
    host.sites["/other/"] = other
    page = visit(FAQ)
    page.goto(f"{host.address}/other/{FAQ}")
    until_held(page, f"{host.address}/other/{FAQ}")
    shutil.rmtree(other / FAQ)
    publish(dealer_view, other)
    page.goto(f"{host.address}/other/")
    until_held(page, f"{host.address}/other/{FAQ}", yes=False)
    host.stop()
    page.goto(f"{host.address}/kb/{FAQ}")
    expect(page.get_by_role("heading", level=1)).to_contain_text(TITLE)
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("另一家")


def test_a_full_device_changes_nothing_for_who_is_online(open_page, host, site):
    source = (site / WORKER).read_text(encoding="utf-8")
    full = "Cache.prototype.put = async () => { throw new DOMException('x', 'QuotaExceededError') }"
    (site / WORKER).write_text(source + full, encoding="utf-8")
    page = open_page()
    page.goto(f"{host.address}/kb/{FAQ}")
    until(page, "() => !!navigator.serviceWorker.controller")
    page.goto(f"{host.address}/kb/{OTHER}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert held(page) == set()


def test_without_workers_the_page_is_as_ever(open_page, host, site):
    page = open_page()
    page.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'serviceWorker', { value: undefined })"
    )
    page.goto(f"{host.address}/kb/{FAQ}")
    page.wait_for_timeout(1500)
    expect(page.get_by_role("heading", level=1)).to_contain_text(TITLE)
    assert "/kb/sw.js" not in host.asked
