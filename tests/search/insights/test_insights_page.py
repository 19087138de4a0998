"""The page: who sees whose insights, what it says where there is nothing, what it never names."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from casebook.files import alone
from casebook.library import Library, View
from search.access.rights import Right
from search.app import create_app
from search.engines import get_engine
from search.generations import publish
from search.insights import reporter as reporters
from search.insights.digest import kept_report
from search.insights.reporter import EXTENSION
from search.insights.rows import KINDS
from search.journal import writer
from search.journal.records import Question
from search.service import EXTENSION as SERVICE
from search.service import ServiceConfig
from tests.search.conftest import ON
from tests.search.insights.calls import ZONE, CallCentre, topics_of, write_journal
from tests.search.journal.conftest import until

NewApp = Callable[..., Flask]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, library: Library) -> Path:
    """Indexes and journals of both audiences."""
    folder = tmp_path_factory.mktemp("home")
    for audience in ("agent", "dealer"):
        view = library.view(audience, ON)
        publish(view, folder / "index" / audience, get_engine("memory"), "sample")
        calls = CallCentre(topics_of(view, ON), a_day=40, seed=len(audience))
        write_journal(folder / "state" / audience / "journal.sqlite", calls.questions(60, ON))
    return folder


@pytest.fixture
def app_of(home: Path, root: Path) -> Iterator[NewApp]:
    """Applications that are closed when the test ends."""
    with ExitStack() as stack:

        def make(audience: str = "agent", **values: Any) -> Flask:
            config = ServiceConfig(
                **{
                    "audience": audience,
                    "internal": audience == "agent",
                    "title": "知识库",
                    "index": home / "index" / audience,
                    "site": None,
                    "today": lambda: ON,
                    "state": home / "state" / audience,
                    "library": root if audience == "agent" else None,
                }
                | values
            )
            app = create_app(config)
            stack.callback(app.extensions[SERVICE].close)
            # However busy the machine is: the report is what these tests are about.
            app.extensions[EXTENSION]._seconds = 120.0
            return app

        yield make


@pytest.fixture
def agents(app_of: NewApp) -> FlaskClient:
    return app_of().test_client()


def test_the_page_shows_every_list_with_its_rows(agents: FlaskClient) -> None:
    answer = agents.get("/insights/")
    assert answer.status_code == 200
    assert "儿童手表能不能办副卡" in answer.text
    for kind in KINDS:
        assert f'id="{kind}"' in answer.text
    full = agents.get("/insights/not_found")
    assert full.status_code == 200
    row = re.search(r'<tr id="([0-9a-f]{16})">', full.text)
    assert row and row[1] in answer.text


def test_periods_and_audiences_can_be_chosen_and_nothing_else(agents: FlaskClient) -> None:
    dealers = agents.get("/insights/?days=7&audience=dealer")
    assert "代理商的提问，2026-11-16 到 2026-11-22" in dealers.text
    assert agents.get("/insights/?days=8").status_code == 400
    assert agents.get("/insights/?audience=nobody").status_code == 404
    assert agents.get("/insights/?audience=..").status_code == 404
    assert agents.get("/insights/nothing").status_code == 404


def test_dealers_learn_nothing_of_agents(app_of: NewApp) -> None:
    dealers = app_of("dealer")
    assert dealers.extensions[EXTENSION].audiences == ("dealer",)
    for path in ("/insights/", "/insights/?audience=agent", "/insights/not_found"):
        refused = dealers.test_client().get(path)
        assert refused.status_code == 403
        assert "坐席" not in refused.text


def test_dealers_insights_never_name_what_dealers_must_not_see(
    app_of: NewApp, home: Path, agent_view: View, dealer_view: View, tmp_path: Path
) -> None:
    shown = {document.id for document in dealer_view.documents}
    internal = [document for document in agent_view.documents if document.id not in shown]
    # A journal that names them all, as if they had been published to dealers until yesterday.
    calls = CallCentre(topics_of(agent_view, ON), a_day=200).questions(60, ON)
    # What dealers type is theirs; here it is the name of nothing.
    plain = (replace(one, text=f"第 {hash(one.hits) % 97} 件事") for one in calls)
    write_journal(tmp_path / "dealer" / "journal.sqlite", plain)
    app = app_of(state=tmp_path / "agent")
    made = app.extensions[EXTENSION].report("dealer", 28)
    text = json.dumps([repr(made.report.titles), repr(made.report.lists)], ensure_ascii=False)
    client = app.test_client()
    pages = [client.get(f"/insights/{kind}?audience=dealer").text for kind in ("", *KINDS)]
    assert all("代理商的提问" in page for page in pages)
    named = [one.id for one in internal if one.id in text or any(one.id in page for page in pages)]
    titled = [
        one.title
        for one in internal
        if any(f">{one.title}<" in page for page in pages) or one.title in made.report.titles
    ]
    assert internal
    assert named == []
    assert titled == []
    assert made.report.totals.questions > 1000


def test_only_who_may_analyse_is_let_in(app_of: NewApp) -> None:
    app = app_of()
    rights = {
        rule.endpoint: getattr(app.view_functions[rule.endpoint], "right", Right.READ)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/insights/")
    }
    assert rights["insights.page"] is Right.ANALYSE
    assert rights["insights.one_list"] is Right.ANALYSE


def test_without_a_journal_it_says_what_to_do(app_of: NewApp) -> None:
    page = app_of(journal_days=0).test_client().get("/insights/").text
    assert "没有检索日志" in page
    assert "[journal]" in page


def test_before_the_first_question_it_says_so(app_of: NewApp, tmp_path: Path) -> None:
    page = app_of(state=tmp_path / "agent").test_client().get("/insights/")
    assert page.status_code == 200
    assert "还没有人问过" in page.text


def test_a_report_that_takes_long_is_waited_for(app_of: NewApp) -> None:
    app = app_of()
    app.extensions[EXTENSION]._seconds = 0.0
    page = app.test_client().get("/insights/?days=90")
    assert page.status_code == 202
    assert page.headers["Refresh"]
    assert "正在汇总" in page.text
    app.extensions[EXTENSION]._seconds = 120.0
    assert app.test_client().get("/insights/?days=90").status_code == 200


def test_every_process_gives_the_same_report(
    app_of: NewApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (app_of().extensions[EXTENSION] for _ in range(2))
    one._fresh = other._fresh = 0.0
    first = one.report("agent", 28)
    second = other.report("agent", 28)
    assert second.report == first.report
    assert second.at > first.at
    one._fresh = other._fresh = 300.0
    monkeypatch.setattr(reporters, "child", None)
    assert one.report("agent", 28) == other.report("agent", 28) == second


def test_one_process_makes_reports_at_a_time(app_of: NewApp, home: Path) -> None:
    app = app_of()
    reporter = app.extensions[EXTENSION]
    reporter._fresh, reporter._seconds = 0.0, 2.0
    with alone(home / "state" / "agent" / "insights.lock", RuntimeError("busy"), 0):
        page = app.test_client().get("/insights/")
        assert page.status_code == 202
        assert "服务的另一个进程正在汇总" in page.text
    reporter._seconds = 120.0
    assert app.test_client().get("/insights/").status_code == 200


def test_the_page_says_of_when_its_figures_are(agents: FlaskClient) -> None:
    made = agents.application.extensions[EXTENSION].report("agent", 28)
    assert f"{made.at.astimezone(ZONE):%m-%d %H:%M} 的数" in agents.get("/insights/").text


def test_where_nothing_is_kept_of_the_period_before_nothing_is_compared(
    app_of: NewApp, agent_view: View, tmp_path: Path
) -> None:
    state = tmp_path / "agent"
    questions = CallCentre(topics_of(agent_view, ON), a_day=20).questions(20, ON)
    write_journal(state / "journal.sqlite", questions)
    app = app_of(state=state)
    report = app.extensions[EXTENSION].report("agent", 28).report
    assert report.before is None
    assert report.rows and {row.before for row in report.rows} == {None}
    page = app.test_client().get("/insights/").text
    assert "前一期的日志不全" in page
    assert "前一期 0" not in page


def test_a_damaged_journal_is_an_error_and_not_an_empty_page(
    app_of: NewApp, tmp_path: Path
) -> None:
    app = app_of(state=tmp_path / "agent")
    (tmp_path / "agent" / "journal.sqlite").write_bytes(b"nothing of the kind" * 1000)
    assert app.test_client().get("/insights/").status_code == 500


def test_what_is_older_than_the_journal_goes_with_it(
    app_of: NewApp, agent_view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_FIRST_PRUNE", 0.0)
    state = tmp_path / "agent"
    calls = CallCentre(topics_of(agent_view, ON), a_day=20)
    questions: list[Question] = list(calls.questions(30, ON))
    write_journal(state / "journal.sqlite", questions)
    first = app_of(state=state)
    assert first.extensions[EXTENSION].report("agent", 28).report.kept_since < ON - timedelta(20)
    later = app_of(state=state, journal_days=5)
    assert later.test_client().get("/api/search?q=漫游").status_code == 200

    def first_day() -> str:
        with closing(sqlite3.connect(state / "insights-agent.sqlite")) as database:
            return str(database.execute("SELECT MIN(day) FROM days").fetchone()[0])

    until(lambda: first_day() == str(ON - timedelta(5)))
    assert kept_report(state / "insights-agent.sqlite", 28) is None


def test_the_site_and_the_documents_are_linked_where_there_is_a_site(
    app_of: NewApp, tmp_path: Path
) -> None:
    (tmp_path / "site").mkdir()
    page = app_of(site=tmp_path / "site").test_client().get("/insights/").text
    assert 'href="/site/faq/faq-' in page
