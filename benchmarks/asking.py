"""Queries → what the service answers, through its HTTP interface, with the time it took."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient

from search.app import create_app
from search.service import EXTENSION, ServiceConfig

DEPTH = 10
_OK = 200


@dataclass
class Asker:
    """Asks one service.

    Attributes:
        client: of the service's application.
        errors: how often the service did not answer, by status and error.
    """

    client: FlaskClient
    errors: Counter[str] = field(default_factory=Counter)

    def ids(self, query: str) -> tuple[list[str], float]:
        """The documents found, best first, and milliseconds; none for an error."""
        reply, took = self._get("/api/search", q=query, size=str(DEPTH))
        return [hit["id"] for hit in reply.get("hits", ())], took

    def answer(self, query: str) -> tuple[str, float]:
        """The id of the entry given as the answer, empty when there is none; milliseconds."""
        reply, took = self._get("/api/answer", q=query)
        return reply["answer"]["id"] if reply.get("found") else "", took

    def _get(self, path: str, **values: str) -> tuple[dict[str, Any], float]:
        started = time.perf_counter()
        response = self.client.get(path, query_string=values)
        took = (time.perf_counter() - started) * 1000
        reply: dict[str, Any] = response.get_json()
        if response.status_code != _OK:
            self.errors[f"{response.status_code} {reply['errors'][0]['code']}"] += 1
        return reply, took


@contextmanager
def asking(config: ServiceConfig) -> Iterator[Asker]:
    """A service as it runs, without a network."""
    app = create_app(config)
    try:
        yield Asker(app.test_client())
    finally:
        app.extensions[EXTENSION].close()
