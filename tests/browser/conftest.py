"""A real browser on a real server: the sample library's index behind the service."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from casebook.library import Library
from search.engines import get_engine
from search.generations import publish
from search.store import page_url

sync_api = pytest.importorskip("playwright.sync_api")

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
from search.app import ServiceConfig, serve

audience, index, site, port = sys.argv[1:]
serve(ServiceConfig(
    audience=audience, internal=audience == "agent", title="测试知识库", index=Path(index),
    site=Path(site), today=lambda: date(2026, 11, 22), examples=("宽带断了", "漫游费太高"),
), "127.0.0.1", int(port))
"""
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


@pytest.fixture(scope="session")
def browser() -> Iterator[sync_api.Browser]:
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
    port = free_port()
    arguments = ["agent", str(root / "index"), str(root / "site"), str(port)]
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, *arguments], stdout=log, stderr=log
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(address, process, root / "log")
        yield Service(address)
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{address}/healthz", timeout=5):
                return
        except URLError:
            time.sleep(0.1)
    pytest.fail(f"the service did not start: {log.read_text(errors='replace')[-2000:]}")


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
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", watch.on_message)
        page.on("pageerror", lambda error: watch.problems.append(str(error)))
        return page

    yield open_with
    for context in contexts:
        context.close()
    assert watch.unexpected() == []


@pytest.fixture
def page(open_page: OpenPage) -> sync_api.Page:
    """An agent's screen."""
    return open_page(permissions=["clipboard-read", "clipboard-write"])
