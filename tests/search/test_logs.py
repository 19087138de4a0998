"""A line of the log says what happened to which request, and nothing that anybody typed."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from casebook.service_settings import ServiceSettings
from search.app import create_app
from search.log_handler import LogHandler
from search.logs import JsonFormatter, TextFormatter, plain, structured
from search.searcher import Searcher
from search.service import EXTENSION, ServiceConfig
from tests.search.conftest import ON, IndexRoot

PERSONAL = ("13812345678", "11010519491231002X", "6222021234567890123", "张三丰", "zhang@例子.com")
GIVEN = "0123456789abcdef0123456789abcdef"


class Log:
    """What is written while a test runs."""

    def __init__(self, form: type[logging.Formatter] = JsonFormatter) -> None:
        self.stream = io.StringIO()
        self.handler = LogHandler(self.stream)
        self.handler.setFormatter(form("dealer"))  # type: ignore[arg-type]

    def write(self, name: str, words: str, *args: Any) -> None:
        """Writes a record that no other handler sees, as it may be broken."""
        record = logging.LogRecord(name, logging.ERROR, __file__, 1, words, args, None)
        self.handler.handle(record)

    @property
    def text(self) -> str:
        self.handler.flush()
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def requests(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if "route" in line]


@pytest.fixture
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    """The log of everything, as the service writes it."""
    made = Log(*getattr(request, "param", ()))
    root = logging.getLogger()
    level = root.level
    root.addHandler(made.handler)
    root.setLevel(logging.DEBUG)
    yield made
    root.removeHandler(made.handler)
    root.setLevel(level)
    made.handler.close()


@pytest.fixture(scope="module")
def app(index_root: IndexRoot) -> Iterator[Flask]:
    """Dealers' application behind one proxy."""
    running = ServiceSettings.model_validate({"proxies": 1})
    config = ServiceConfig(
        "dealer",
        False,
        "测试",
        index_root("dealer", "memory"),
        None,
        lambda: ON,
        running=running,
    )
    made = create_app(config)
    with closing(made.extensions[EXTENSION]):
        yield made


class TestRequests:
    def test_a_request_is_one_line(self, app: Flask, log: Log) -> None:
        response = app.test_client().get("/api/documents/faq-arrears-resume?x=1")
        (line,) = log.requests
        assert line.pop("ms") >= 0
        assert line.pop("worker") > 0
        assert datetime.fromisoformat(line.pop("time")).utcoffset() is not None
        assert line == {
            "level": "info",
            "logger": "search.observing",
            "message": "GET /api/documents/<document_id> 200",
            "audience": "dealer",
            "request": response.headers["X-Request-ID"],
            "method": "GET",
            "route": "/api/documents/<document_id>",
            "status": 200,
            "bytes": len(response.data),
        }

    def test_bytes_are_those_that_are_sent(self, app: Flask, log: Log) -> None:
        response = app.test_client().get("/api/search?q=漫游", headers={"Accept-Encoding": "gzip"})
        assert response.headers["Content-Encoding"] == "gzip"
        assert log.requests[0]["bytes"] == len(response.data)

    @pytest.mark.parametrize("path", ["/healthz", "/metrics"])
    def test_probes_are_not_worth_a_line(self, app: Flask, log: Log, path: str) -> None:
        app.test_client().get(path)
        assert [line["level"] for line in log.requests] == ["debug"]


FORGED = (
    "",
    "short",
    "13812345678",
    "110105194912310021",
    "6222021234567890123",
    "x" * 32,
    "0" * 65,
    "0123456789abcdef0123456789abcde\u00e9",
    "0123456789abcdef 0123456789abcdef",
    "-123456789abcdef0123456789abcde-",
)


class TestIds:
    def test_each_request_has_its_own(self, app: Flask, log: Log) -> None:
        client = app.test_client()
        ids = [client.get(path).headers["X-Request-ID"] for path in ("/", "/", "/x", "/healthz")]
        assert len(set(ids)) == 4
        assert all(re.fullmatch("[0-9a-f]{16}", one) for one in ids)
        assert [line["request"] for line in log.requests] == ids

    def test_the_proxys_is_taken(self, app: Flask, log: Log) -> None:
        sent = {"X-Request-ID": GIVEN, "X-Forwarded-For": "192.0.2.7"}
        response = app.test_client().get("/", headers=sent)
        assert response.headers["X-Request-ID"] == GIVEN
        assert log.requests[0]["request"] == GIVEN

    @pytest.mark.parametrize("given", FORGED)
    def test_what_is_no_id_is_not_taken(self, app: Flask, given: str) -> None:
        sent = {"X-Request-ID": given, "X-Forwarded-For": "192.0.2.7"}
        response = app.test_client().get("/", headers=sent)
        assert re.fullmatch("[0-9a-f]{16}", response.headers["X-Request-ID"])

    @pytest.mark.parametrize(
        ("address", "forwarded"),
        [("192.0.2.1", "192.0.2.7"), ("127.0.0.1", "192.0.2.7, 192.0.2.8"), ("127.0.0.1", "")],
    )
    def test_nobody_elses_is_taken(self, app: Flask, address: str, forwarded: str) -> None:
        sent = {"X-Request-ID": GIVEN, **({"X-Forwarded-For": forwarded} if forwarded else {})}
        response = app.test_client().get(
            "/", headers=sent, environ_overrides={"REMOTE_ADDR": address}
        )
        assert response.headers["X-Request-ID"] != GIVEN

    def test_an_error_page_has_it_as_its_number(
        self, app: Flask, log: Log, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Searcher, "search", _fail)
        response = app.test_client().get("/?q=漫游")
        assert response.status_code == 500
        number = response.headers["X-Request-ID"]
        assert f"编号 {number}" in response.get_data(as_text=True)
        failed = next(line for line in log.lines if line["level"] == "error")
        assert failed["request"] == number
        assert failed["trace"].startswith("builtins.ValueError\n")
        assert re.search(r"tests/search/test_logs\.py:\d+ _fail$", failed["trace"], re.MULTILINE)


def _fail(_: object, asked: Any) -> None:
    """Fails as code does that quotes what it was given, and fails again while it handles that."""
    try:
        int(asked.text)
    except ValueError as error:
        error.add_note(asked.text)
        raise ValueError(f"bad: {asked.text}") from error


class TestPersonalData:
    def test_none_of_it_is_in_the_log_whatever_is_asked_where(
        self, app: Flask, log: Log, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = app.test_client()
        plain = {"Cookie": f"x={PERSONAL[0]}", "User-Agent": PERSONAL[0], "Referer": PERSONAL[0]}
        signed = {
            **plain,
            "Authorization": f"Bearer {PERSONAL[0]}",
            "X-Request-ID": PERSONAL[0],
            "X-Forwarded-For": "192.0.2.7",
            "X-Forwarded-User": "zhang",
        }
        rules = [rule.rule for rule in app.url_map.iter_rules()]
        for fault in (False, True):
            if fault:
                monkeypatch.setattr(Searcher, "search", _fail)
            for text, rule, headers in product(PERSONAL, rules, (plain, signed)):
                for method in ("GET", "POST"):
                    client.open(
                        re.sub(r"<[^>]+>", text, rule),
                        method=method,
                        query_string={"q": text, "level": text},
                        headers=headers,
                        json={"q": text, "question": text},
                    )
            for text in PERSONAL:
                client.get("/api/search", query_string={"q": text, "page": text}, headers=plain)
                client.get(f"/{text}/{text}", headers=plain)
                client.post("/api/search", data=text * 100_000, headers=plain)
        statuses = {line["status"] for line in log.requests}
        assert {200, 400, 401, 404, 405, 413, 500} <= statuses
        assert any("trace" in line for line in log.lines)
        for text in (*PERSONAL, "192.0.2.7", "Bearer", "zhang"):
            assert text not in log.text
            assert text.encode("unicode_escape").decode() not in log.text

    @pytest.mark.parametrize(
        ("words", "args", "expected"),
        [
            ("Exception while serving %s", ("/api/documents/13812345678",), "serving …"),
            ("Worker (pid:%s) was sent %s!", (4711, "13812345678"), "(pid:4711) was sent …!"),
            ("%(method)s %(status)d", ({"method": "13812345678", "status": 503},), "… 503"),
            ("number %s", (13812345678,), "number …"),
            ("asked for 13812345678", (), ""),
            ("%s %s", ("13812345678",), ""),
        ],
    )
    @pytest.mark.parametrize("log", [(JsonFormatter,), (TextFormatter,)], indirect=True)
    def test_others_messages_lose_what_was_filled_in(
        self, log: Log, words: str, args: tuple[Any, ...], expected: str
    ) -> None:
        log.write("waitress", words, *args)
        assert expected in log.text
        assert "test_logs.py:" in log.text
        assert "13812345678" not in log.text


HOSTILE = 'x\n{"level":"info","message":"forged"}\r\x1b[31m\u2028\u202e\x85\x00'


class TestInjection:
    @pytest.mark.parametrize("log", [(JsonFormatter,), (TextFormatter,)], indirect=True)
    def test_a_message_cannot_begin_another_line(self, log: Log) -> None:
        logging.getLogger("search.x").error("%s", HOSTILE)
        assert len(log.text.splitlines()) == 1
        assert all(one.isprintable() or one == "\n" for one in log.text)

    def test_plain_text_is_left_as_it_is(self) -> None:
        assert plain("索引 20261122 不能用：“没有权限”") == "索引 20261122 不能用：“没有权限”"
        assert plain("a\nb", keep="\n") == "a\nb"
        assert plain("a\nb") == "a\\u000ab"

    def test_a_record_that_cannot_be_written_is_not_quoted(self, log: Log) -> None:
        log.write("search.x", "%d", "13812345678")
        assert log.text == "search.x:1 的日志写不出来\n"


class TestConfigured:
    def test_warnings_and_the_ends_of_threads_are_lines_too(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stream = io.StringIO()
        monkeypatch.setattr(sys, "stderr", stream)
        before = logging.getLogger().handlers, threading.excepthook

        def end() -> None:
            raise ValueError("13812345678")

        with warnings.catch_warnings(), structured("json", "agent"):
            warnings.simplefilter("always")
            thread = threading.Thread(target=end)
            thread.start()
            thread.join()
            warnings.warn("13812345678", stacklevel=1)
        assert (logging.getLogger().handlers, threading.excepthook) == before
        lines = [json.loads(line) for line in stream.getvalue().splitlines()]
        assert [line["logger"] for line in lines] == ["search.logs", "py.warnings"]
        assert "builtins.ValueError" in lines[0]["trace"]
        assert {line["audience"] for line in lines} == {"agent"}
        assert "13812345678" not in stream.getvalue()

    def test_text_is_for_people(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stream = io.StringIO()
        monkeypatch.setattr(sys, "stderr", stream)
        with structured("text", "agent"):
            logging.getLogger("search.x").info("换到索引")
            logging.getLogger("search.x").debug("不写")
        assert re.fullmatch(r"\d\d:\d\d:\d\d 换到索引\n", stream.getvalue())


def test_a_trace_is_bounded_and_names_what_caused_it() -> None:
    def deep(left: int) -> None:
        if left:
            deep(left - 1)
        raise KeyError("13812345678")

    try:
        try:
            deep(200)
        except KeyError as error:
            raise ExceptionGroup("13812345678", [error]) from error
    except ExceptionGroup as error:
        record = logging.LogRecord(
            "search.x", 40, __file__, 1, "x", None, (type(error), error, None)
        )
    line = JsonFormatter("dealer").format(record)
    assert len(line.encode()) < 4096
    assert "builtins.ExceptionGroup" in line
    assert "由此引起：" in line
    assert "builtins.KeyError" in line
    assert "13812345678" not in line
    assert Path(__file__).name in line
