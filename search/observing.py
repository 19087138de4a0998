"""What happens around every request: its id, its line in the log, its counts; and ``/metrics``."""

from __future__ import annotations

import logging
import re
import time
import uuid

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST

from search.access.enforcement import PROBES
from search.access.proxies import THROUGH_PROXIES
from search.access.rights import Right, needs
from search.service import service

# Long enough that no telephone, identity or card number has the form.
_ID = re.compile(r"[0-9a-fA-F][0-9a-fA-F-]{18,62}[0-9a-fA-F]")
_HEADER = "X-Request-ID"
_FAILED = 500

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Observes an application; called before anything else is added to it.

    What is added first is called first before a request and last after it.
    """
    app.before_request(_begin)
    app.after_request(_end)
    app.add_url_rule("/metrics", view_func=metrics)


def request_id() -> str:
    """The id of the request that is being answered, as the log and the response have it."""
    if "request_id" not in g:
        # It was refused before anything else was done.
        _begin()
    found: str = g.request_id
    return found


@needs(Right.METRICS)
def metrics() -> Response:
    """What is counted, for Prometheus."""
    return Response(service().metrics.exposed(), content_type=CONTENT_TYPE_LATEST)


def _begin() -> None:
    g.started = time.perf_counter()
    g.request_id = _given_id() or uuid.uuid4().hex[:16]


def _given_id() -> str:
    """The id that a proxy of ours gave; empty where none did. No one else's is believed."""
    if not request.environ.get(THROUGH_PROXIES, False):
        return ""
    given = request.headers.get(_HEADER, "")
    return given if _ID.fullmatch(given) else ""


def _end(response: Response) -> Response:
    given = request_id()
    seconds = time.perf_counter() - g.started
    route = request.url_rule.rule if request.url_rule else "none"
    method = request.method if request.url_rule else "other"
    service().metrics.answered(route, method, response.status_code, seconds)
    response.headers[_HEADER] = given
    # Of what is asked every few seconds only failures are worth a line.
    quiet = route in PROBES and response.status_code < _FAILED
    log.log(
        logging.DEBUG if quiet else logging.INFO,
        "%s %s %s",
        method,
        route,
        response.status_code,
        extra={
            "request": given,
            "method": method,
            "route": route,
            "status": response.status_code,
            "ms": round(seconds * 1000, 1),
            "bytes": response.content_length,
        },
    )
    return response
