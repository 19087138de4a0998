"""What the service writes into the journal, and what it takes and refuses as an event."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from casebook.service_settings import AccessSettings
from search.app import create_app
from search.events import MAX_BODY
from search.journal.records import REASONS, SURFACES, Question
from search.service import EXTENSION, Service, ServiceConfig
from tests.search.journal.conftest import raw_bytes

ON = date(2026, 11, 22)
ORIGIN = "https://kb.example"
QUESTION = "欠费停机多久能恢复"
ENTRY = "faq-arrears-resume"
NewClient = Callable[..., FlaskClient]


@pytest.fixture(scope="module")
def new_client(
    index_root: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NewClient]:
    """Clients of dealers' services with a journal, closed at the end."""
    with ExitStack() as opened:

        def new(days: int = 400) -> FlaskClient:
            config = ServiceConfig(
                audience="dealer",
                internal=False,
                title="测试",
                index=index_root("dealer"),
                site=None,
                today=lambda: ON,
                access=AccessSettings(origins=(ORIGIN,)),
                state=tmp_path_factory.mktemp("state"),
                journal_days=days,
            )
            app = create_app(config)
            opened.callback(app.extensions[EXTENSION].close)
            return app.test_client()

        yield new


@pytest.fixture(scope="module")
def shared(new_client: NewClient) -> FlaskClient:
    return new_client()


@pytest.fixture
def client(shared: FlaskClient) -> FlaskClient:
    """A client of a service whose journal is empty."""
    if journalled(shared):
        with closing(sqlite3.connect(state(shared) / "journal.sqlite")) as database, database:
            database.execute("DELETE FROM questions")
            database.execute("DELETE FROM events")
    return shared


def state(client: FlaskClient) -> Path:
    """The folder of what the service learns."""
    found: Path = client.application.extensions[EXTENSION].config.state
    return found


def journalled(client: FlaskClient) -> list[Question]:
    """What the service has kept."""
    running: Service = client.application.extensions[EXTENSION]
    assert running.journal.flush()
    return list(running.journal.questions())


def ask(client: FlaskClient, path: str = "/api/search", **more: Any) -> str:
    """Asks, and gives the question's id."""
    response = client.get(path, query_string={"q": QUESTION, **more})
    assert response.status_code == 200
    return str(response.get_json()["question"])


def send(client: FlaskClient, body: object, **more: Any) -> TestResponse:
    """Sends an event as a page does: as text."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/api/events", data=data, content_type="text/plain", **more)


@pytest.mark.parametrize(
    ("path", "surface"),
    [("/", "page"), ("/results", "page"), ("/api/search", "api"), ("/api/answer", "api")],
)
def test_each_way_of_asking_is_kept_once(client: FlaskClient, path: str, surface: str) -> None:
    assert client.get(path, query_string={"q": QUESTION}).status_code == 200
    (question,) = journalled(client)
    assert (question.surface, question.text, question.answer) == (surface, QUESTION, ENTRY)
    assert ENTRY in question.hits
    assert question.took_ms >= 0


@pytest.mark.parametrize("surface", SURFACES)
def test_a_request_may_say_where_it_comes_from(client: FlaskClient, surface: str) -> None:
    ask(client, surface=surface, visit="a-visit-1")
    assert [question.surface for question in journalled(client)] == [surface]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"surface": "phone"}, "surface 写 page、site、embed、api、mcp 里的一个。"),
        (
            {"visit": "王小明"},
            "visit 写 8 到 32 个字母、数字、- 或 _，每打开一次页面随机取一个。",
        ),
        ({"question": "1"}, "question 写检索结果里的 question。"),
    ],
)
@pytest.mark.parametrize("path", ["/results", "/api/search", "/api/answer"])
def test_what_it_says_must_be_in_order(
    client: FlaskClient, path: str, parameters: dict[str, str], message: str
) -> None:
    response = client.get(path, query_string={"q": "宽带", **parameters})
    assert response.status_code == 400
    assert message in response.text
    assert journalled(client) == []


def test_a_further_look_is_no_new_question(client: FlaskClient) -> None:
    name = ask(client)
    assert ask(client, question=name, kind="faq") == name
    assert ask(client, question=name, page=2, size=1) == name
    assert ask(client, page=2, size=1) == "None"
    assert ask(client, explain=1) == "None"
    assert len(journalled(client)) == 1
    assert ask(client, kind="faq") not in (name, "None")
    assert len(journalled(client)) == 2


def test_what_a_filter_hides_is_not_missing(client: FlaskClient) -> None:
    assert ask(client, category="没有的业务") == "None"
    assert ask(client, level="没有的级别", kind="faq") == "None"
    assert journalled(client) == []


@pytest.mark.parametrize("text", ["k", "5", "？", "a?", "。。。", "\u200b", "💥"])
def test_what_holds_no_word_is_no_question(client: FlaskClient, text: str) -> None:
    response = client.get("/api/search", query_string={"q": text})
    assert response.get_json()["question"] is None
    assert journalled(client) == []


def test_links_of_the_page_say_which_question_they_look_at_again(client: FlaskClient) -> None:
    page = client.get("/", query_string={"q": "宽带"}).text
    (question,) = journalled(client)
    assert f'data-question="{question.id}"' in page
    assert f"question={question.id}&amp;kind=faq" in page
    assert f"question={question.id}&amp;page=2" in page


def test_keystrokes_of_a_visit_are_one_question(client: FlaskClient) -> None:
    for stop in range(1, len(QUESTION) + 1):
        client.get("/results", query_string={"q": QUESTION[:stop], "visit": "visit-one"})
    assert [question.text for question in journalled(client)] == [QUESTION]


def test_suggestions_and_pages_without_a_question_are_none(client: FlaskClient) -> None:
    client.get("/api/suggest?q=欠费")
    client.get("/")
    client.get("/results?q=")
    client.get("/api/search?q=+")
    assert journalled(client) == []


def test_without_a_journal_there_is_no_question_and_no_event(new_client: NewClient) -> None:
    client = new_client(days=0)
    assert ask(client) == "None"
    assert ask(client, question="A" * 12) == "None"
    assert "data-question" not in client.get("/", query_string={"q": QUESTION}).text
    assert send(client, {"question": "A" * 12, "kind": "missing"}).status_code == 404
    assert not [path for path in state(client).rglob("*") if "journal" in path.name]


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "opened", "document": ENTRY},
        {"kind": "copied", "document": ENTRY},
        {"kind": "rated", "document": ENTRY, "helpful": True},
        {"kind": "rated", "document": ENTRY, "helpful": False},
        *({"kind": "rated", "document": ENTRY, "helpful": False, "reason": one} for one in REASONS),
        {"kind": "missing"},
    ],
)
def test_an_event_is_kept_with_its_question(client: FlaskClient, event: dict[str, Any]) -> None:
    name = ask(client)
    response = send(client, {"question": name, **event})
    assert (response.status_code, response.data) == (204, b"")
    ((kept,),) = [question.events for question in journalled(client)]
    assert (kept.kind, kept.document) == (event["kind"], event.get("document", ""))
    assert (kept.helpful, kept.reason) == (event.get("helpful"), event.get("reason"))


def test_a_rating_is_taken_back(client: FlaskClient) -> None:
    name = ask(client)
    for helpful in (True, None):
        event = {"question": name, "kind": "rated", "document": ENTRY, "helpful": helpful}
        assert send(client, event).status_code == 204
    assert [question.events for question in journalled(client)] == [()]


GOOD: dict[str, Any] = {"question": "A" * 12, "kind": "opened", "document": ENTRY}


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (b"", "内容不是 JSON；写成一个对象，至少有 question 和 kind。"),
        (b"\xff", "内容不是 JSON；写成一个对象，至少有 question 和 kind。"),
        pytest.param(
            b"[" * 900, "内容不是 JSON；写成一个对象，至少有 question 和 kind。", id="deep"
        ),
        ([], "内容要写成一个 JSON 对象。"),
        ("opened", "内容要写成一个 JSON 对象。"),
        (
            GOOD | {"who": "王小明"},
            "没有字段 who；可用：question、kind、document、helpful、reason。",
        ),
        ({"kind": "missing"}, "question 写检索结果里的 question。"),
        (
            GOOD | {"\ud800": 1},
            "没有字段 ?；可用：question、kind、document、helpful、reason。",
        ),
        (GOOD | {"question": 12}, "question 写检索结果里的 question。"),
        (GOOD | {"question": "A" * 13}, "question 写检索结果里的 question。"),
        (GOOD | {"question": "13912345678x"[:11] + "号"}, "question 写检索结果里的 question。"),
        (GOOD | {"kind": "read"}, "kind 写 opened、copied、rated、missing 里的一个。"),
        (GOOD | {"kind": ["opened"]}, "kind 写 opened、copied、rated、missing 里的一个。"),
        (GOOD | {"document": ""}, "document 写文档的编号。"),
        (GOOD | {"document": None}, "document 写文档的编号。"),
        (GOOD | {"document": "../faq-a"}, "document 写文档的编号。"),
        (GOOD | {"kind": "missing"}, "missing 说的是没有答复，不写 document。"),
        (
            GOOD | {"kind": "rated"},
            "rated 要写 helpful：true 有用，false 没用，null 收回评价。",
        ),
        (GOOD | {"kind": "rated", "helpful": 1}, "helpful 写 true、false 或 null。"),
        (GOOD | {"kind": "rated", "helpful": "true"}, "helpful 写 true、false 或 null。"),
        (GOOD | {"helpful": True}, "只有 rated 写 helpful。"),
        (
            GOOD | {"kind": "rated", "helpful": False, "reason": "he was rude"},
            "reason 写 wrong、outdated、unclear、incomplete、unsayable、unrelated 里的一个，"
            "只和 helpful: false 一起写。",
        ),
        *(
            (
                GOOD | {"kind": "rated", "helpful": False, "reason": reason},
                "reason 写 wrong、outdated、unclear、incomplete、unsayable、unrelated 里的一个，"
                "只和 helpful: false 一起写。",
            )
            for reason in ([], {}, ["wrong"], 1, True)
        ),
        (
            GOOD | {"kind": "rated", "helpful": True, "reason": "wrong"},
            "reason 写 wrong、outdated、unclear、incomplete、unsayable、unrelated 里的一个，"
            "只和 helpful: false 一起写。",
        ),
    ],
)
def test_what_is_no_event_is_refused(client: FlaskClient, event: object, message: str) -> None:
    ask(client)
    response = send(client, event)
    assert response.status_code == 400
    (error,) = response.get_json()["errors"]
    assert error == {"code": "QueryRefused", "message": message}
    assert [question.events for question in journalled(client)] == [()]


def test_a_document_that_this_audience_does_not_have_is_refused(client: FlaskClient) -> None:
    for name in ("faq-there-is-none", "case-appeal-regulator"):
        assert client.get(f"/api/documents/{name}").status_code == 404
        assert send(client, GOOD | {"document": name}).status_code == 404


def test_a_long_body_is_refused(client: FlaskClient) -> None:
    body = json.dumps(GOOD).encode()
    assert send(client, body + b" " * (MAX_BODY - len(body))).status_code == 204
    assert send(client, body + b" " * (MAX_BODY - len(body) + 1)).status_code == 413


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 204),
        ({"Sec-Fetch-Site": "same-origin"}, 204),
        ({"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"}, 204),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_only_our_pages_say_what_was_done(
    client: FlaskClient, headers: dict[str, str], status: int
) -> None:
    assert send(client, GOOD, headers=headers).status_code == status


def test_nothing_of_who_asked_is_kept(client: FlaskClient) -> None:
    secrets = {"User-Agent": "Browser-of-Xiao-Ming", "Cookie": "who=wang-xiao-ming"}
    response = client.get("/results", query_string={"q": QUESTION}, headers=secrets)
    assert response.status_code == 200
    (question,) = journalled(client)
    send(client, {"question": question.id, "kind": "missing"}, headers=secrets)
    journalled(client)
    for data in raw_bytes(state(client)).values():
        assert not [value for value in secrets.values() if value.encode() in data]


def test_a_journal_that_cannot_be_written_changes_no_answer(new_client: NewClient) -> None:
    client = new_client()
    before = client.get("/api/search", query_string={"q": QUESTION}).get_json()
    journalled(client)
    for path in state(client).glob("journal*"):
        path.unlink()
    (state(client) / "journal.sqlite").mkdir()
    for _ in range(20):
        after = client.get("/api/search", query_string={"q": QUESTION}).get_json()
        assert (after["total"], after["hits"]) == (before["total"], before["hits"])
        assert after["question"]
    (state(client) / "journal.sqlite").rmdir()
    assert len(journalled(client)) == 20
