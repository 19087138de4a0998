"""What finds no place is refused first of all, and nothing else is."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def taken(running: Service) -> Iterator[None]:
    """Takes every place while the block lasts."""
    places = running.budget._places
    number = 0
    while places.acquire(blocking=False):
        number += 1
    try:
        yield
    finally:
        for _ in range(number):
            places.release()


@pytest.fixture
def full(app: Flask) -> Iterator[Service]:
    """The service while every place is taken."""
    running: Service = app.extensions[EXTENSION]
    with taken(running):
        yield running


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
def test_the_answer_is_the_one_that_the_application_gives(
    app: Flask, full: Service, path: str
) -> None:
    """Which is asked when the last place was taken after the first look."""
    early = app.test_client().get(path)
    allowed = bearer(new_token(app, Right.READ))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(full.budget, "check", lambda: None)
        late = app.test_client().get(path, headers=allowed)
    names = dict(early.headers).keys() | dict(late.headers).keys()
    # Nobody keeps it, so it says nothing of what it would depend on.
    assert early.headers["Cache-Control"] == "no-store"
    for name in names - {"X-Request-ID", "Content-Length", "Vary"}:
        assert early.headers.get(name) == late.headers.get(name), name
    assert (early.status, early.mimetype) == (late.status, late.mimetype)
    message = "同时检索的人太多；稍等一秒再试"
    if path.startswith("/api/"):
        assert early.json == late.json
    else:
        assert f"<p data-message>{message}</p>" in early.text
        assert f"<p data-message>{message}</p>" in late.text
        # What one reader may do, or has typed, is not told to another.
        assert "宽带" not in early.text
        assert "/site/" not in early.text


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
@pytest.mark.usefixtures("full")
def test_other_methods_are_the_applications_business(app: Flask, method: str) -> None:
    allowed = bearer(new_token(app, Right.READ))
    answer = app.test_client().open("/api/search?q=宽带", method=method, headers=allowed)
    assert answer.status_code == {"HEAD": 503, "POST": 405, "OPTIONS": 200}[method]


def test_each_refusal_has_its_id_its_line_and_its_count(
    app: Flask, full: Service, caplog: pytest.LogCaptureFixture
) -> None:
    def counted() -> int:
        wanted = 'casebook_requests_total{endpoint="/results",method="GET",status="503"}'
        lines = full.metrics.exposed().decode().splitlines()
        return sum(int(float(line.split()[-1])) for line in lines if line.startswith(wanted))

    before = counted()
    with caplog.at_level(logging.INFO, "search.observing"):
        answers = [app.test_client().get("/results?q=宽带") for _ in range(2)]
    ids = [answer.headers["X-Request-ID"] for answer in answers]
    assert len(set(ids)) == 2
    told = [(r.request, r.route, r.status, r.bytes) for r in caplog.records]  # type: ignore[attr-defined]
    assert told == [(one, "/results", 503, len(answers[0].data)) for one in ids]
    assert "宽带" not in caplog.text
    assert counted() == before + 2


def test_what_a_proxy_says_and_another_site_asks_is_in_it_as_in_any_answer(
    new_app: NewApp,
) -> None:
    desk = "https://crm.example"
    app = new_app("open", running={"proxies": 1}, origins=[desk])
    running: Service = app.extensions[EXTENSION]
    asked = {
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Proto": "https",
        "X-Request-ID": "0123456789abcdef0123",
        "Origin": desk,
    }
    names = ("X-Request-ID", "Strict-Transport-Security", "Access-Control-Allow-Origin")
    path = "/api/suggest?q=宽带"

    def told(**changes: str) -> list[str | None]:
        answer = app.test_client().get(path, headers=asked | changes)
        return [str(answer.status_code), *(answer.headers.get(name) for name in names)]

    served = told()
    with taken(running):
        refused = told()
        assert told(Origin="https://other.example")[-1] is None
    assert served == ["200", asked["X-Request-ID"], "max-age=31536000", desk]
    assert refused == ["503", *served[1:]]


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
