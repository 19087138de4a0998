"""A server that answers as OpenSearch does, or as badly as it is told to."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from search.engines.base import Entry
from search.engines.opensearch import Descriptor, _write
from search.engines.tantivy import TantivyEngine

UUID = "a-mark-of-its-own"
HITS = [[3.5, 1], [2.5, 0]]
GOOD = {
    "timed_out": False,
    "_shards": {"total": 2, "successful": 2},
    "hits": {"hits": [{"sort": sort} for sort in HITS]},
}
# An answer that says no more about how it comes.
Answer = Callable[["_Handler"], None]


class Hostile:
    """The server. Use it as a context manager.

    Args:
        count: how many entries its indexes hold.
        tls: a certificate and its key, for https.
    """

    def __init__(self, count: int, tls: Path | None = None) -> None:
        self.count = count
        self.searched: Answer | None = None
        self.verified: Answer | None = None
        self.seen: list[tuple[str, str]] = []
        self.bodies: list[Any] = []
        self.ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.hostile = self  # type: ignore[attr-defined]
        self._server.daemon_threads = True
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "https" if tls else "http"
        self.host = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def searches(self) -> int:
        return sum("_search" in path for path, _ in self.seen)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    @property
    def hostile(self) -> Hostile:
        return self.server.hostile  # type: ignore[attr-defined,no-any-return]

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        path = self.path.partition("?")[0]
        self.hostile.seen.append((path, self.headers.get("Authorization", "")))
        with suppress(OSError):
            if path.endswith("_search"):
                self.hostile.bodies.append(json.loads(body))
                (self.hostile.searched or good)(self)
            elif self.hostile.verified:
                self.hostile.verified(self)
            elif path.endswith("_count"):
                self.say(200, {"count": self.hostile.count, "_shards": {"failed": 0}})
            else:
                index = path.split("/")[1]
                self.say(200, {index: {"settings": {"index": {"uuid": UUID}}}})

    def say(self, status: int, body: Any, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def good(handler: _Handler) -> None:
    handler.say(200, GOOD)


def said(status: int, body: Any, **headers: str) -> Answer:
    """Says this."""
    return lambda handler: handler.say(status, body, **headers)


def changed(**values: Any) -> Answer:
    """Says what is right, but for some values."""
    return said(200, {**GOOD, **values})


def hits(*sorts: Any) -> Answer:
    """Says that it found these."""
    return changed(hits={"hits": [{"sort": sort} for sort in sorts]})


def hang(handler: _Handler) -> None:
    """Keeps the connection and says nothing."""
    handler.hostile.ended.wait(60)


def drip(handler: _Handler) -> None:
    """Says what is right, a letter at a time, so that it is never silent for long."""
    content = json.dumps(GOOD).encode()
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    for place in range(len(content)):
        if handler.hostile.ended.wait(0.05):
            return
        handler.wfile.write(content[place : place + 1])


def hang_up(handler: _Handler) -> None:
    """Closes the connection in the middle of an answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"timed_out": fal')
    handler.wfile.flush()
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def folder_of(folder: Path, entries: list[Entry], index: str = "test-agent-1") -> Path:
    """A folder as the engine writes one, of an index that the server claims to have."""
    embedded = folder / "embedded"
    embedded.mkdir(parents=True)
    TantivyEngine().build(embedded, entries)
    highest = max(entry.number for entry in entries)
    _write(folder, Descriptor(index, "test-agent", UUID, 2, len(entries), highest))
    return folder
