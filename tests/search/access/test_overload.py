"""What finds no place is refused first of all, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from search.access.rights import Right
from search.budget import Busy
from search.overload import TAKES
from search.service import EXTENSION, Service
from tests.search.access.conftest import NewApp, bearer, new_token

QUERY = "宽带"
SEARCHES = ["/?q=宽带", "/results?q=宽带", "/api/search?q=宽带", "/api/answer?q=宽带"]
SUGGESTS = ["/api/suggest?q=宽带"]


@pytest.fixture(scope="module")
def app(new_app: NewApp) -> Flask:
    """A service that wants tokens."""
    return new_app("token")


@pytest.fixture
def full(app: Flask) -> Iterator[Service]:
    """The service while every place is taken."""
    running: Service = app.extensions[EXTENSION]
    places = running.budget._places
    taken = 0
    while places.acquire(blocking=False):
        taken += 1
    yield running
    for _ in range(taken):
        places.release()


def count(running: Service, name: str) -> float:
    for line in running.metrics.exposed().decode().splitlines():
        if line.startswith(f'{name}{{outcome="busy"}}'):
            return float(line.split()[-1])
    raise LookupError(name)


@pytest.mark.parametrize("path", SEARCHES + SUGGESTS)
def test_it_is_refused_before_it_is_asked_who_may_in(app: Flask, full: Service, path: str) -> None:
    name = "casebook_suggests_total" if path in SUGGESTS else "casebook_searches_total"
    before = count(full, name)
    answer = app.test_client().get(path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    assert "Content-Security-Policy" in answer.headers
    assert count(full, name) == before + 1


@pytest.mark.parametrize("path", SEARCHES + SUGGESTS)
def test_where_there_is_a_place_they_are_asked(app: Flask, path: str) -> None:
    assert app.test_client().get(path).status_code == 401
    allowed = bearer(new_token(app, Right.READ))
    assert app.test_client().get(path, headers=allowed).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/?q=", "/?q=%20", "/results", "/api/openapi.json", "/nowhere?q=宽带"]
)
@pytest.mark.usefixtures("full")
def test_what_takes_no_place_is_answered(app: Flask, path: str) -> None:
    assert app.test_client().get(path).status_code == 401
    allowed = bearer(new_token(app, Right.READ))
    assert app.test_client().get(path, headers=allowed).status_code in (200, 404)


@pytest.mark.usefixtures("full")
def test_healthz_is_answered(app: Flask) -> None:
    assert app.test_client().get("/healthz").status_code == 200


def test_nothing_that_takes_a_place_is_forgotten(
    new_app: NewApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All addresses are asked; what comes to the places must be known as what takes one."""
    app = new_app("loopback", "agent")
    running: Service = app.extensions[EXTENSION]
    asked: set[str] = set()
    endpoint = ""

    def run(_: object) -> None:
        asked.add(endpoint)
        raise Busy("x")

    monkeypatch.setattr(running.budget, "run", run)
    client = app.test_client()
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()):
            endpoint = rule.endpoint
            path = adapter.build(endpoint, dict.fromkeys(rule.arguments, "1"), method="GET")
            client.get(path, query_string={"q": QUERY})
    assert asked == TAKES.keys()
