"""The service asks whoever watches the library; it builds nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from jsonschema import Draft202012Validator

from casebook.library import View
from casebook.watching import Desk, Outcome, now
from search.access.enforcement import right_of
from search.access.rights import Right
from search.app import create_app
from search.engines import get_engine
from search.generations import publish
from search.index_files import note_taken_back
from search.openapi import specification
from search.service import EXTENSION, ServiceConfig
from tests.search.conftest import ON


@pytest.fixture
def config(few: View, tmp_path: Path) -> ServiceConfig:
    publish(few, tmp_path / "index", get_engine("memory"), "")
    return ServiceConfig(
        audience="dealer",
        internal=False,
        title="测试",
        index=tmp_path / "index",
        site=None,
        today=lambda: ON,
        state=tmp_path / "state",
    )


@pytest.fixture
def app(config: ServiceConfig) -> Iterator[Flask]:
    app = create_app(config)
    yield app
    app.extensions[EXTENSION].close()


def test_without_anybody_watching_it_says_what_to_do(app: Flask, config: ServiceConfig) -> None:
    answer = app.test_client().post("/api/reload")
    assert answer.status_code == 503
    (error,) = answer.json["errors"]
    assert error["code"] == "NobodyWatches"
    assert "casebook watch --pull" in error["message"]
    assert config.state is not None
    assert Desk(config.state).asked() == ""
    assert app.test_client().get("/api/reload").json == {
        "watched": False,
        "requested": None,
        "taken_back": False,
        "last": None,
    }


def test_it_asks_and_tells_what_came_of_it(app: Flask, config: ServiceConfig) -> None:
    assert config.state is not None
    desk = Desk(config.state)
    before = {path: path.stat().st_mtime_ns for path in config.index.rglob("*")}
    with desk.watching():
        asked = app.test_client().post("/api/reload")
        assert (asked.status_code, asked.json["watched"]) == (202, True)
        assert asked.json["requested"] == desk.asked() != ""
        assert desk.take_up()
        desk.tell(Outcome(now(), 2.5, "", "abc", 4, 1))
        told = app.test_client().get("/api/reload").json
        assert (told["requested"], told["last"]["ok"], told["last"]["problems"]) == (None, True, 1)
        desk.tell(Outcome(now(), 2.5, "pull", "abc", 4, 1))
        note_taken_back(config.index, "content")
        told = app.test_client().get("/api/reload").json
        assert (told["taken_back"], told["last"]["ok"]) == (True, False)
        schemas = specification("x")["components"]["schemas"]
        schema = {**schemas["Reload"], "components": {"schemas": schemas}}
        Draft202012Validator(schema).validate(told)
    (config.index / "taken-back").unlink()
    assert {
        path: path.stat().st_mtime_ns for path in config.index.rglob("*")
    }.keys() == before.keys()


@pytest.mark.parametrize("endpoint", ["reload.ask", "reload.outcome"])
def test_it_demands_its_own_right(app: Flask, endpoint: str) -> None:
    assert right_of(app, endpoint) is Right.RELOAD


def test_pages_of_others_are_refused(app: Flask, config: ServiceConfig) -> None:
    assert config.state is not None
    with Desk(config.state).watching():
        answer = app.test_client().post("/api/reload", headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
    assert Desk(config.state).asked() == ""


def test_a_service_that_keeps_nothing_is_not_watched(config: ServiceConfig) -> None:
    app = create_app(replace(config, state=None))
    assert app.test_client().post("/api/reload").status_code == 503
    assert app.test_client().get("/api/reload").json["watched"] is False
    app.extensions[EXTENSION].close()
