"""What every answer carries, whatever it is: its policy, its kind, and that nobody keeps it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from casebook.library import Library
from search.access.enforcement import right_of
from search.access.rights import Right
from search.service import EXTENSION
from tests.search.access.conftest import ON, NewApp, bearer, new_token, signed_in

pytestmark = pytest.mark.xdist_group("access-headers")
WAYS = ("loopback", "token", "proxy", "oidc", "open")
POLICY = ("object-src 'none'", "frame-ancestors ")
STATUSES = {200, 303, 308, 400, 401, 403, 404, 405, 413}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built site of a few files."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("index.html", "404.html", "page/index.html", "style.css", "index.json", "sw.js"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("<!doctype html><title>站点</title>", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def apps(new_app: NewApp, site: Path) -> dict[tuple[str, str], Flask]:
    return {
        (way, audience): new_app(way, audience, site=site, readers=["seats"], editors=["writers"])
        for way in WAYS
        for audience in ("dealer", "agent")
    }


def check(response: TestResponse, app: Flask, where: object) -> None:
    """Asserts what every answer carries."""
    headers = response.headers
    with app.test_request_context(base_url="http://localhost") as context:
        adapter = context.url_adapter or app.url_map.bind("localhost")
        path, method = response.request.path, response.request.method
        endpoint = adapter.match(path, method)[0] if adapter.test(path, method) else None
    own_policy = endpoint in ("editor.page", "embed.frame")
    (policy,) = headers.getlist("Content-Security-Policy")
    assert all(part in policy for part in POLICY), where
    assert "base-uri 'none'" in policy or endpoint == "editor.page", where
    assert "frame-ancestors 'none'" in policy or endpoint == "embed.frame", where
    assert "default-src 'none'" in policy, where
    assert "unsafe" not in policy or own_policy, where
    assert headers.getlist("X-Content-Type-Options") == ["nosniff"], where
    assert headers.getlist("Referrer-Policy") == ["same-origin"], where
    kept = headers["Cache-Control"]
    if right_of(app, endpoint) is not None or response.status_code >= 400:
        assert "no-store" in kept or "private" in kept, where
        assert "public" not in kept, where
    kind = headers.get("Content-Type", "")
    if response.data and kind.startswith("text/"):
        assert "charset=utf-8" in kind.lower(), where
    if response.status_code in (401, 429):
        assert headers.get("WWW-Authenticate") or headers.get("Retry-After"), where
    if endpoint not in ("access.sign_in", "access.returned", "access.sign_out"):
        assert "Set-Cookie" not in headers, where


def attempts(app: Flask) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every address with every method that it knows and one that it does not, and wrong ones."""
    with app.test_request_context():
        adapter = app.url_map.bind("localhost")
        for rule in app.url_map.iter_rules():
            path = adapter.build(rule.endpoint, dict.fromkeys(rule.arguments, "1"))
            for method in sorted({*(rule.methods or ()), "PATCH"}):
                yield method, path, {}
    for path in ("/site/style.css", "/site/page/", "/site/page", "/site/index.json", "/site/sw.js"):
        yield "GET", path, {}
    yield "GET", "/static/style.css", {}
    yield "GET", "/write/static/editor.js", {}
    yield "GET", "/there/is/none", {}
    yield "GET", "/api/there/is/none", {}
    yield "GET", "/api/search?page=x", {}
    yield "POST", "/api/chosen/x", {"data": b"x" * 70_000}
    yield "GET", "/", {"headers": {"Host": "evil.example"}}
    yield "POST", "/api/chosen/x", {"headers": {"Origin": "https://evil.example"}}
    yield "GET", "/?q=cb.dealer.read.0123456789ab." + "A" * 43, {}


def clients(app: Flask, way: str) -> Iterator[tuple[FlaskClient, dict[str, str]]]:
    """Nobody, and somebody of each kind."""
    yield app.test_client(), {}
    yield app.test_client(), bearer("x")
    yield app.test_client(), bearer(new_token(app, Right.READ))
    if way == "oidc":
        yield signed_in(app, "seats", "writers"), {"Sec-Fetch-Site": "same-origin"}


@pytest.mark.parametrize("audience", ["dealer", "agent"])
def test_every_answer_of_every_address(
    apps: dict[tuple[str, str], Flask], audience: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: set[int] = set()
    for way in WAYS:
        app = apps[way, audience]
        # What it takes long to answer answers the same way; that it is refused is what matters.
        for slow in ("editor.check", "editor.forms", "reload.ask"):
            if slow in app.view_functions:
                monkeypatch.setitem(app.view_functions, slow, marked(app, slow))
        for client, known in clients(app, way):
            for method, path, more in attempts(app):
                sent = {"headers": known | more.get("headers", {})} | {
                    key: value for key, value in more.items() if key != "headers"
                }
                with client.open(path, method=method, **sent) as response:
                    found.add(response.status_code)
                    check(response, app, (way, method, path, response.status_code))
    assert found >= STATUSES


def marked(app: Flask, endpoint: str) -> Any:
    """A view that answers at once, with the right of the one that it stands for."""

    def view(**_values: str) -> str:
        return ""

    view.right = right_of(app, endpoint)  # type: ignore[attr-defined]
    return view


@pytest.mark.parametrize("path", ["/?q=漫游", "/api/search?q=漫游", "/results?q=漫游"])
def test_when_it_breaks_is_too_much_or_is_not_there(
    new_app: NewApp, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = new_app("open", rate=1)
    client = app.test_client()

    def broken(*_words: object) -> None:
        raise KeyError("broken")

    running = app.extensions[EXTENSION]
    monkeypatch.setattr(running, "search", broken)
    for status in (500, 429):
        response = client.get(path)
        assert response.status_code == status
        check(response, app, path)


def test_https_stays_https(new_app: NewApp) -> None:
    client = new_app("open").test_client()
    for path in ("/", "/there/is/none", "/static/style.css", "/healthz"):
        for base, sent in (("https://localhost", ["max-age=31536000"]), ("http://localhost", [])):
            with client.get(path, base_url=base) as response:
                assert response.headers.getlist("Strict-Transport-Security") == sent


class TestPublic:
    """What is there for everybody has nothing of the library in it."""

    @pytest.mark.parametrize("audience", ["dealer", "agent"])
    @pytest.mark.parametrize("way", ["token", "proxy", "oidc"])
    def test_no_title_of_a_document_and_no_name_of_an_address(
        self, apps: dict[tuple[str, str], Flask], way: str, audience: str, library: Library
    ) -> None:
        app = apps[way, audience]
        titles = {document.title for document in library.view(audience, ON).documents[:4]}
        assert any(title in readable(app) for title in titles)
        for method, path, more in attempts(app):
            with app.test_client().open(path, method=method, **more) as response:
                text = response.get_data().decode("utf-8", "replace")
                assert not any(title in text for title in titles), path
                if response.mimetype == "text/html":
                    assert not re.search(r'href="/(site|write|api|notices)/', text), path

    def test_health_says_how_it_runs_only_to_who_may_know(self, new_app: NewApp) -> None:
        app = new_app("token")
        client = app.test_client()
        assert client.get("/healthz").get_json() == {"status": "ok"}
        reads = bearer(new_token(app, Right.READ))
        assert client.get("/healthz", headers=reads).get_json() == {"status": "ok"}
        measures = bearer(new_token(app, Right.METRICS))
        assert client.get("/healthz", headers=measures).get_json()["audience"] == "dealer"


def readable(app: Flask) -> str:
    """What somebody finds who may read."""
    reads = bearer(new_token(app, Right.READ))
    return app.test_client().get("/?q=怎么", headers=reads).text
