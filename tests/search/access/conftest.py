"""Services with every way in, on the sample index."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from casebook.library import Library
from casebook.service_settings import AccessSettings, ServiceSettings
from search.access.gate import EXTENSION as GATE
from search.access.gate import Gate
from search.access.rights import Right
from search.access.sessions import Begun
from search.access.tokens import FILE as TOKENS_FILE
from search.access.tokens import Tokens
from search.app import create_app
from search.engines import get_engine
from search.generations import publish
from search.service import EXTENSION, ServiceConfig

ON = date(2026, 11, 22)
ISSUER = "http://127.0.0.1:9"
OIDC = {"issuer": ISSUER, "client_id": "casebook-0"}
ROLES = {"readers": ["seats"], "editors": ["writers"], "analysts": ["quality"]}
NewConfig = Callable[..., ServiceConfig]
NewApp = Callable[..., Flask]


@pytest.fixture(scope="session")
def small_index(
    library: Library, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """The index of four documents for an audience: opened in a moment."""
    folders: dict[str, Path] = {}
    for audience in ("dealer", "agent"):
        view = library.view(audience, ON)
        folders[audience] = tmp_path_factory.mktemp(f"small-{audience}")
        few = replace(view, documents=view.documents[:4])
        publish(few, folders[audience], get_engine("memory"), "small")
    return folders.__getitem__


@pytest.fixture(scope="module")
def new_config(
    small_index: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory, root: Path
) -> NewConfig:
    """What services are told; each has a state folder of its own unless it is given one."""

    def new(
        sign_in: str = "loopback",
        audience: str = "dealer",
        *,
        state: Path | None = None,
        running: dict[str, Any] | None = None,
        hosts: tuple[str, ...] = ("127.0.0.1", "localhost"),
        site: Path | None = None,
        rate: int = 0,
        **access: Any,
    ) -> ServiceConfig:
        tables = {"oidc": OIDC} if sign_in == "oidc" else {}
        if sign_in == "proxy":
            running = {"proxies": 1} | (running or {})
        return ServiceConfig(
            audience=audience,
            internal=audience == "agent",
            title="测试",
            index=small_index(audience),
            site=site,
            today=lambda: ON,
            hosts=hosts,
            library=root if audience == "agent" else None,
            state=state or tmp_path_factory.mktemp("state") / audience,
            access=AccessSettings.model_validate(
                {"sign_in": sign_in, "rate": rate, **tables, **access}
            ),
            running=ServiceSettings.model_validate(running or {}),
        )

    return new


@pytest.fixture(scope="module")
def new_app(new_config: NewConfig) -> Iterator[NewApp]:
    """Applications, closed at the end."""
    made: list[Flask] = []

    def new(*words: Any, **settings: Any) -> Flask:
        app = create_app(new_config(*words, **settings))
        made.append(app)
        return app

    yield new
    for app in made:
        app.extensions[EXTENSION].close()


def gate_of(app: Flask) -> Gate:
    found: Gate = app.extensions[GATE]
    return found


def state_of(app: Flask) -> Path:
    found: Path = app.extensions[EXTENSION].config.state
    return found


def new_token(app: Flask, *rights: Right, days: int = 90, name: str = "test") -> str:
    """The text of a new token of an application's service."""
    config = app.extensions[EXTENSION].config
    tokens = Tokens(config.state / TOKENS_FILE, config.audience)
    try:
        return tokens.create(name, rights or (Right.READ,), days)[0]
    finally:
        tokens.close()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def signed_in(
    app: Flask, *groups: str, name: str = "ying", base: str = "http://localhost"
) -> FlaskClient:
    """Somebody who signed in at the provider."""
    gate = gate_of(app)
    assert gate.sessions is not None
    client = app.test_client()
    with app.test_request_context(base_url=base) as context:
        response = app.response_class()
        session = gate.sessions.begin(name, groups)
        begun = Begun("state", "nonce", "verifier", "", "/")
        gate.sessions.set_session(context.request, response, session, begun)
    for value in response.headers.getlist("Set-Cookie"):
        key, _, rest = value.partition("=")
        if text := rest.partition(";")[0]:
            client.set_cookie(key, text, secure="Secure" in value)
    return client


def audited(app: Flask) -> list[dict[str, str]]:
    """The lines of an application's audit log."""
    file = state_of(app) / "audit.log"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [json.loads(line) for line in lines]
