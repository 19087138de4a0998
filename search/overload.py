"""Refuses searches while there is no place for them, before anything else is done.

When more is asked than a machine can answer, each refusal takes from those who are answered, and
waits for its turn among them. So it is made before the application sees the request: nobody is
asked who they are or how often they have asked, and the answer, the same for everybody, is made
once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import cache, cached_property
from typing import TYPE_CHECKING, NamedTuple

from flask import Flask, Response
from werkzeug.wrappers import Request

from search import observing
from search.access import enforcement
from search.budget import Busy
from search.service import EXTENSION, Service

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# What takes a place, by endpoint, and whether it is a suggestion.
TAKES = {
    "web.page": False,
    "web.results": False,
    "api.search": False,
    "api.answer": False,
    "api.suggest": True,
}


class _Answer(NamedTuple):
    """What everybody gets who is refused at an address."""

    code: int
    status: str
    headers: list[tuple[str, str]]
    body: bytes


def register(app: Flask, answer: Callable[[Busy], Response]) -> None:
    """Lets an application refuse early; called before it is asked who may in.

    Args:
        app: the application; what it answers to may be added later.
        answer: its answer to an error while a request is answered.
    """
    app.wsgi_app = _Overload(app, answer)  # type: ignore[method-assign]


class _Overload:
    """Stands before an application."""

    def __init__(self, app: Flask, answer: Callable[[Busy], Response]) -> None:
        self._app = app
        self._next: WSGIApplication = app.wsgi_app
        self._answer = answer
        self._answer_at = cache(self._made)
        self._service: Service = app.extensions[EXTENSION]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answers a request."""
        suggesting = self._takes.get(environ["PATH_INFO"])
        if suggesting is None or environ["REQUEST_METHOD"] != "GET":
            return self._next(environ, start_response)
        began = time.perf_counter()
        try:
            self._service.budget.check()
        except Busy as busy:
            request = Request(environ)
            # An empty one takes no place.
            if request.args.get("q", "").strip():
                self._service.metrics.busy(suggesting=suggesting)
                return self._refused(request, str(busy), began, start_response)
        return self._next(environ, start_response)

    @cached_property
    def _takes(self) -> dict[str, bool]:
        """The addresses of what takes a place, and whether it is a suggestion."""
        rules = self._app.url_map.iter_rules()
        return {rule.rule: TAKES[rule.endpoint] for rule in rules if rule.endpoint in TAKES}

    def _refused(
        self, request: Request, message: str, began: float, start_response: StartResponse
    ) -> list[bytes]:
        answer = self._answer_at(request.path, message)
        asked = observing.Asked(request.environ, began)
        asked.answered(self._service.metrics, "GET", request.path, answer.code, len(answer.body))
        own = enforcement.own_headers(request, self._service.config.access.origins)
        headers = [*answer.headers, *own.items(), (observing.HEADER, asked.id)]
        start_response(answer.status, headers)
        return [answer.body]

    def _made(self, path: str, message: str) -> _Answer:
        """The application's own answer, made once."""
        here = f"http://{self._service.config.hosts[0]}"
        with self._app.test_request_context(path, base_url=here):
            made = self._answer(Busy(message))
            return _Answer(made.status_code, made.status, list(made.headers), made.get_data())
