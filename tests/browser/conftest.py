"""A real browser on a real server: the sample library's index behind the service."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

import pytest

from casebook.library import Library, View
from casebook.publishing import build_site
from search.engines import get_engine
from search.generations import publish
from search.store import page_url

sync_api = pytest.importorskip("playwright.sync_api")
# Longer than the library's five seconds: what is expected comes, on a busy machine later.
sync_api.expect.set_options(timeout=20_000)

ON = date(2026, 11, 22)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SERVER = """
import sys
from datetime import date
from pathlib import Path
from casebook.service_settings import AccessSettings
from search.server import serve
from search.service import ServiceConfig

audience, index, site, port, *origins = sys.argv[1:]
serve(ServiceConfig(
    audience=audience, internal=audience == "agent", title="测试知识库", index=Path(index),
    site=Path(site), today=lambda: date(2026, 11, 22), examples=("宽带断了", "漫游费太高"),
    access=AccessSettings(origins=tuple(origins)),
), "127.0.0.1", int(port))
"""
# One page of each kind; a test says when a kind is missing here.
PAGES = {
    "home": "",
    "entry": "faq/faq-arrears-resume/",
    "ended": "faq/faq-roaming-summer/",
    "gone": "faq/faq-mnp-how/",
    "case": "cases/case-elder-vas/",
    "law": "policies/policy-consumer-law/",
    "plan": "policies/policy-plan-outage/",
    "list": "cases/",
    "answers": "faq/",
    "subjects": "subjects/",
    "subject": "subjects/zi-fei/",
    "part of a subject": "subjects/zi-fei/chong-zhi-yu-qian-fei/",
    "levels": "levels/",
    "product": "products/chang-xiang-tao-can/",
    "customers": "customers/qing-xu-fa-xie-xing/",
    "cited": "policies/cited/",
    "glossary": "glossary/",
    "news": "news/",
    "cards": "cards/",
    "card": "cards/zi-fei/",
    "search": "search/",
    "design": "design/",
    "guide": "guide/writing/",
    "rules": "guide/rules/",
    "missing": "faq/faq-there-is-none/",
    "search page": "../?q=%E6%AC%A0%E8%B4%B9",
    "search page, empty": "../",
}
# A page of a site as another theme would make it, with the search box in its header.
SITE_PAGE = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><title>知识库</title>
<link rel="icon" href="/static/icon.svg">
<link rel="stylesheet" href="/static/case-search.css">
<script type="module" src="/static/case-search.js"></script>
<header>
  <case-search service="/">
    <form class="cs-form" action="/"><input class="cs-box" type="search" name="q" aria-label="检索">
    <button class="cs-go">检索</button></form>
  </case-search>
</header>
<nav>左侧目录</nav>
<main><h1>{title}</h1></main>
</html>
"""


@dataclass(frozen=True)
class Service:
    """A running service."""

    address: str

    def url(self, query: str = "", more: str = "") -> str:
        """The search page's address for a question."""
        return f"{self.address}/?q={quote(query)}{more}" if query else f"{self.address}/"


def find_browser() -> str:
    """The browser's program; without one the tests are skipped, in CI they fail."""
    named = os.environ.get("CASEBOOK_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        message = f"no browser: install one of {', '.join(BROWSERS)} or set CASEBOOK_CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture(scope="package")
def browser() -> Iterator[sync_api.Browser]:
    """Closed when these tests are done: other tests of the process cannot run a loop before."""
    program = find_browser()
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def agents(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The agents' service, with a small site."""
    root = tmp_path_factory.mktemp("service")
    view = library.view("agent", on=ON)
    publish(view, root / "index", get_engine("whoosh"), "test")
    pages = {"": "知识库"} | {page_url(document): document.title for document in view.documents}
    for path, title in pages.items():
        folder = root / "site" / path
        folder.mkdir(parents=True, exist_ok=True)
        text = SITE_PAGE.replace("{title}", title)
        (folder / "index.html").write_text(text, encoding="utf-8")
    with serving(root) as address:
        yield Service(address)


@contextmanager
def serving(root: Path, *origins: str) -> Iterator[str]:
    """The address of an agents' service with ``index`` and ``site`` of a folder.

    Args:
        root: the folder.
        origins: other sites that may ask the service.
    """
    port = free_port()
    arguments = ["agent", str(root / "index"), str(root / "site"), str(port), *origins]
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, *arguments], stdout=log, stderr=log
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(address, process, root / "log")
        yield address
    finally:
        process.terminate()
        process.wait(60)


@dataclass(frozen=True)
class Site:
    """A built site that is being served.

    Attributes:
        address: of its first page; ends in ``/``.
        folder: its files.
        view: what it shows.
    """

    address: str
    folder: Path
    view: View


@pytest.fixture(scope="session")
def site(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The agents' site as their service gives it out; built once for all browser tests."""
    root = tmp_path_factory.mktemp("site")
    view = library.view("agent", on=ON)
    build_site(view, view, root / "stage", root / "site")
    publish(view, root / "index", get_engine("whoosh"), "test")
    with serving(root) as address:
        yield Site(f"{address}/site/", root / "site", view)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{address}/healthz", timeout=5):
                return
        except OSError:  # refused, or too slow on a busy machine
            time.sleep(0.1)
    pytest.fail(f"the service did not start: {log.read_text(errors='replace')[-2000:]}")


def wait_for_paint(page: sync_api.Page) -> None:
    """Until the browser has shown something of a page."""
    page.evaluate(
        "new Promise(done => new PerformanceObserver(list =>"
        " list.getEntriesByName('first-contentful-paint').length && done())"
        ".observe({ type: 'paint', buffered: true }))"
    )


class Watch:
    """What went wrong in the pages of a test: console errors (a violation of the content security
    policy is one) and uncaught exceptions.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._expected: list[str] = []

    def expect(self, pattern: str) -> None:
        """This problem is what the test provokes."""
        self._expected.append(pattern)

    def on_message(self, message: sync_api.ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(message.text)

    def unexpected(self) -> list[str]:
        return [one for one in self.problems if not any(re.search(p, one) for p in self._expected)]


@pytest.fixture
def watch() -> Watch:
    return Watch()


OpenPage = Callable[..., sync_api.Page]


@pytest.fixture
def open_page(browser: sync_api.Browser, watch: Watch) -> Iterator[OpenPage]:
    """Opens pages in contexts of their own; fails at the end when one of them complained."""
    contexts = []

    def open_with(**options: object) -> sync_api.Page:
        chosen = {"viewport": {"width": 1366, "height": 768}, "locale": "zh-CN", **options}
        context = browser.new_context(**chosen)
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", watch.on_message)
        page.on("pageerror", lambda error: watch.problems.append(str(error)))
        return page

    yield open_with
    for context in contexts:
        context.close()
    assert watch.unexpected() == []


Visit = Callable[..., sync_api.Page]


@pytest.fixture
def visit(open_page: OpenPage, site: Site, watch: Watch) -> Iterator[Visit]:
    """Opens pages of the site; fails when one of them asked another host for anything."""
    asked: list[str] = []
    # The copy for reading offline has tests of its own; here it would load the whole site again.
    watch.expect("Service Worker registration blocked by Playwright")

    def open_site(path: str = "", **options: object) -> sync_api.Page:
        page = open_page(service_workers="block", **options)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(site.address + path)
        return page

    yield open_site
    home = urlsplit(site.address).netloc
    assert asked
    assert [url for url in asked if urlsplit(url).netloc not in {home, ""}] == []


def npm(folder: Path, *arguments: str) -> None:
    """Runs npm in a folder."""
    program = shutil.which("npm")
    if not program or not shutil.which("node"):
        pytest.skip("no node and npm: install them to run these tests")
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [program, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


def npm_installed(root: Path, pinned: Path) -> Path:
    """What a lock file pins, hashes checked, under ``build/npm``; fetched when the lock changes.

    Args:
        root: the checkout.
        pinned: the folder with ``package.json`` and ``package-lock.json``.

    Returns:
        The folder with the packages.
    """
    folder = root / "build" / "npm" / pinned.name
    lock = "package-lock.json"
    packages = folder / "node_modules"
    if not packages.is_dir() or (folder / lock).read_bytes() != (pinned / lock).read_bytes():
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Beside its place, which it takes at once: other workers may be doing the same.
        with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
            fresh = Path(aside) / folder.name
            shutil.copytree(pinned, fresh, ignore=shutil.ignore_patterns("node_modules"))
            npm(fresh, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):
                fresh.rename(folder)
    return packages


@pytest.fixture
def page(open_page: OpenPage) -> sync_api.Page:
    """An agent's screen."""
    return open_page(permissions=["clipboard-read", "clipboard-write"])


@pytest.fixture(scope="session")
def axe(root: Path) -> str:
    """The program of axe-core, as its lock file pins it."""
    packages = npm_installed(root, Path(__file__).parent / "axe")
    return (packages / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
