"""Reads what a request brings before it is answered: of few at once, and of few from one sender.

A client sends a body as slowly as it likes, and whoever reads it waits in a thread that nothing
ends before the client does. So there is a place for only so many of them, and one sender alone
cannot take all.
"""

from __future__ import annotations

import io
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, abort, current_app, request

from search.access.gate import EXTENSION, Gate
from search.access.rights import reader
from search.budget import Busy

# Bodies that are read at once, and those of one sender among them.
BODIES = 8
OF_ONE = 4


def register(app: Flask) -> None:
    """Has bodies read by the rules; called when all is registered that may refuse a request."""
    places = _Places()
    app.before_request(lambda: _read(places))


class _Places:
    """Who takes a place."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    @contextmanager
    def of(self, sender: str) -> Iterator[None]:
        """A place for a sender while the block lasts.

        Raises:
            Busy: there is none.
        """
        with self._lock:
            if self._taken.total() >= BODIES or self._taken[sender] >= OF_ONE:
                raise Busy("同时收到的内容太多；稍等一秒再试")
            self._taken[sender] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[sender] -= 1
                self._taken += Counter()


def _read(places: _Places) -> None:
    if not (request.content_length or "Transfer-Encoding" in request.headers):
        return
    gate: Gate = current_app.extensions[EXTENSION]
    most = request.max_content_length or 0
    # Not every server ends the body for whoever reads beyond it.
    size = most + 1 if request.content_length is None else request.content_length
    with places.of(gate.sender(reader(), request.remote_addr or "")):
        body = request.environ["wsgi.input"].read(size)
    if len(body) > most:
        abort(413)
    request.environ["wsgi.input"] = io.BytesIO(body)
