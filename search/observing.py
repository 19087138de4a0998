"""What happens around every request: its id, its line in the log, its counts; and ``/metrics``."""

from __future__ import annotations

import logging
import re
import time
import uuid
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST

from search.access.enforcement import PROBES
from search.access.proxies import THROUGH_PROXIES
from search.access.rights import Right, needs
from search.metrics import Metrics
from search.service import service

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# Long enough that no telephone, identity or card number has the form.
_ID = re.compile(r"[0-9a-fA-F][0-9a-fA-F-]{18,62}[0-9a-fA-F]")
HEADER = "X-Request-ID"
_FAILED = 500

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Observes an application; called before anything else is added to it.

    What is added first is called first before a request and last after it.
    """
    app.before_request(_begin)
    app.after_request(_end)
    app.add_url_rule("/metrics", view_func=metrics)


class Asked:
    """A request that is being answered.

    Args:
        environ: of the request.
        began: when it came, by ``time.perf_counter``.

    Attributes:
        id: as the log and the response have it.
    """

    def __init__(self, environ: WSGIEnvironment, began: float) -> None:
        self.id = _given_id(environ) or uuid.uuid4().hex[:16]
        self._began = began

    def answered(
        self, metrics: Metrics, method: str, route: str, status: int, size: int | None
    ) -> None:
        """Counts it and writes its line.

        Args:
            metrics: where it is counted.
            method: one that the route takes, or ``other``.
            route: the pattern of its address; never the address.
            status: of the response.
            size: of the response's body in bytes, where that is known.
        """
        seconds = time.perf_counter() - self._began
        metrics.answered(route, method, status, seconds)
        # Of what is asked every few seconds only failures are worth a line.
        quiet = route in PROBES and status < _FAILED
        log.log(
            logging.DEBUG if quiet else logging.INFO,
            "%s %s %s",
            method,
            route,
            status,
            extra={
                "request": self.id,
                "method": method,
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 1),
                "bytes": size,
            },
        )


def request_id() -> str:
    """The id of the request that is being answered, as the log and the response have it."""
    return _asked().id


@needs(Right.METRICS)
def metrics() -> Response:
    """What is counted, for Prometheus."""
    return Response(service().metrics.exposed(), content_type=CONTENT_TYPE_LATEST)


def _begin() -> None:
    g.asked = Asked(request.environ, time.perf_counter())


def _asked() -> Asked:
    if "asked" not in g:
        # It was refused before anything else was done.
        _begin()
    found: Asked = g.asked
    return found


def _given_id(environ: WSGIEnvironment) -> str:
    """The id that a proxy of ours gave; empty where none did. No one else's is believed."""
    if not environ.get(THROUGH_PROXIES, False):
        return ""
    given: str = environ.get("HTTP_X_REQUEST_ID", "")
    return given if _ID.fullmatch(given) else ""


def _end(response: Response) -> Response:
    asked = _asked()
    route = request.url_rule.rule if request.url_rule else "none"
    method = request.method if request.url_rule else "other"
    asked.answered(service().metrics, method, route, response.status_code, response.content_length)
    response.headers[HEADER] = asked.id
    return response
