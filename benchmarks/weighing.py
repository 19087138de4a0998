"""A site on plain file hosting, in a headless browser on a throttled line: what it weighs."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, CDPSession, Page

# Let nothing that a page asks of other hosts leave this machine; the attempt counts.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
PHONE = {
    "viewport": {"width": 360, "height": 740},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "locale": "zh-CN",
}
# As docs/site.md tells hosts to; the last is the site's search index.
_COMPRESSED = {
    "text/html",
    "text/css",
    "text/javascript",
    "application/json",
    "image/svg+xml",
    "application/octet-stream",
}
_SETTLED = 1500  # ms without anything after the page has loaded
_OBSERVE = """
window.seen = { fcp: 0, lcp: 0, cls: 0, long: [] };
const watch = (type, act) => new PerformanceObserver((list) => list.getEntries().forEach(act))
  .observe({ type, buffered: true });
watch('paint', (e) => { if (e.name === 'first-contentful-paint') seen.fcp = e.startTime; });
watch('largest-contentful-paint', (e) => { seen.lcp = e.startTime; });
watch('layout-shift', (e) => { if (!e.hadRecentInput) seen.cls += e.value; });
watch('longtask', (e) => seen.long.push([e.startTime, e.duration]));
"""


@dataclass(frozen=True)
class Line:
    """A line and a device.

    Attributes:
        name: what it is called.
        delay: milliseconds that an answer takes at least.
        down: bits a second that arrive.
        up: bits a second that leave.
        slower: how many times slower than this machine the device is.
    """

    name: str
    delay: int
    down: int
    up: int
    slower: int = 4


# Lighthouse's "slow 4G" (https://github.com/GoogleChrome/lighthouse/blob/main/docs/throttling.md),
# and a poorer line.
LINES = (Line("slow 4G", 150, 1_600_000, 750_000), Line("poor 3G", 300, 700_000, 250_000))


@dataclass(frozen=True)
class Opened:
    """What one opening of a page took.

    Attributes:
        transferred: bytes over the line until the page was at rest, compressed, with headers.
        requests: how many there were.
        elsewhere: how many of them asked another host.
        fcp: milliseconds to the first text or picture.
        lcp: milliseconds to the largest one.
        cls: layout shift.
        tbt: milliseconds that the main thread could not answer: of each long task what is over 50.
        ready: milliseconds until the last long task was over and the document was there.
        elements: in the document.
        searched: bytes over the line until a query's results were there, those before included.
        answered: milliseconds from the last key to the results.
    """

    transferred: float
    requests: float
    elsewhere: float
    fcp: float
    lcp: float
    cls: float
    tbt: float
    ready: float
    elements: float
    searched: float = 0.0
    answered: float = 0.0


Search = Callable[[Page], None]


def open_page(
    browser: Browser, server: Server, path: str, line: Line, search: Search | None = None
) -> Opened:
    """Opens a page with nothing in the cache.

    Args:
        browser: a running browser.
        server: has the site.
        path: the page's address under the site's.
        line: the line and the device.
        search: types a query into the page's box and waits for results; None to leave it out.
    """
    # What the offline copy fetches ahead comes after the page and is counted by itself.
    context = browser.new_context(**PHONE, service_workers="block")  # type: ignore[arg-type]
    try:
        page = context.new_page()
        session = _throttled(page, line)
        elsewhere: list[str] = []
        session.on("Network.requestWillBeSent", lambda event: _note(event, server, elsewhere))
        page.add_init_script(_OBSERVE)
        sent, answers = server.sent, server.answers
        page.goto(server.address + path, wait_until="load", timeout=120_000)
        _rest(page, server)
        seen = page.evaluate(
            "({ ...seen, elements: document.querySelectorAll('*').length,"
            " there: performance.timing.domContentLoadedEventEnd"
            " - performance.timing.navigationStart })"
        )
        first = server.sent - sent
        requests = server.answers - answers + len(elsewhere)
        answered = _timed(page, search) if search else 0.0
        if search:
            _rest(page, server)
        over = [task for task in seen["long"] if task[0] + task[1] > seen["fcp"]]
        return Opened(
            transferred=first,
            requests=requests,
            elsewhere=len(elsewhere),
            fcp=seen["fcp"],
            lcp=seen["lcp"],
            cls=seen["cls"],
            tbt=sum(max(0, task[1] - 50) for task in over),
            ready=max([seen["there"], seen["fcp"], *(sum(task) for task in over)]),
            elements=seen["elements"],
            searched=server.sent - sent if search else 0.0,
            answered=answered,
        )
    finally:
        context.close()


def _throttled(page: Page, line: Line) -> CDPSession:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Emulation.setCPUThrottlingRate", {"rate": line.slower})
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": line.delay,
            "downloadThroughput": line.down / 8,
            "uploadThroughput": line.up / 8,
        },
    )
    return session


def _note(event: dict[str, Any], server: Server, elsewhere: list[str]) -> None:
    address = event["request"]["url"]
    if address.startswith("http") and not address.startswith(server.address):
        elsewhere.append(address)


def _rest(page: Page, server: Server) -> None:
    """Waits until nothing has come over the line for a while."""
    before = -1
    while before != server.sent:
        before = server.sent
        page.wait_for_timeout(_SETTLED)


def _timed(page: Page, search: Search) -> float:
    search(page)
    return float(page.evaluate("performance.now() - window.typed"))


class Server:
    """Plain file hosting that compresses; it counts what it sends, to whatever part of a page.

    Attributes:
        address: where it is.
        sent: bytes so far, compressed, with headers.
        answers: how many answers they were.
    """

    def __init__(self, folder: Path) -> None:
        self.sent = 0
        self.answers = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                write = self.wfile.write

                def counted(data: bytes) -> int:
                    server.sent += len(data)
                    return write(data)

                self.wfile.write = counted  # type: ignore[method-assign, assignment]

            def do_GET(self) -> None:
                server.answer(self, folder)

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Stops it."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler, folder: Path) -> None:
        """Sends a file, or says that there is none."""
        path = unquote(urlsplit(request.path).path).lstrip("/")
        file = folder / path
        file = file / "index.html" if file.is_dir() else file
        kind = guess_type(file.name)[0] or "application/octet-stream"
        found = file.is_file()
        body = _body(file, kind) if found else b"404"
        request.send_response(200 if found else 404)
        request.send_header("Content-Type", f"{kind}; charset=utf-8")
        request.send_header("Content-Length", str(len(body)))
        request.send_header("Cache-Control", "max-age=0")
        if found and kind in _COMPRESSED:
            request.send_header("Content-Encoding", "gzip")
        request.end_headers()
        request.wfile.write(body)
        self.answers += 1


class _Quiet(ThreadingHTTPServer):
    """Says nothing of a browser that hangs up."""

    def handle_error(self, *_: object) -> None:
        pass


@lru_cache(maxsize=4096)
def _body(file: Path, kind: str) -> bytes:
    data = file.read_bytes()
    return gzip.compress(data, 6) if kind in _COMPRESSED else data


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A site on plain file hosting."""
    server = Server(folder)
    try:
        yield server
    finally:
        server.stop()
