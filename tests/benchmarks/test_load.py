"""The load: what is sent when, that time counts from when it was due, what makes a run valid."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import sleep

import pytest

from benchmarks.load import figures
from benchmarks.load.generator import LOST, Generator, Job, Outcome, _load, dump
from benchmarks.load.plan import (
    EVENT,
    PAGE,
    RESULTS,
    SUGGEST,
    Document,
    Request,
    make_plan,
    pieces,
    questions_a_second,
    requests_a_question,
)

QUESTIONS = ("宽带断了", "欠费停机以后多久能恢复通话")
DOCUMENTS = (Document("faq-a", "faq/a/"),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("断", ["断"]),
        ("宽带断了", ["宽带", "宽带断了"]),
        ("一二三四五", ["一二", "一二三", "一二三四五"]),
        ("一二三四五六七八九十" * 2, ["一二三", 7, 10, 13, 17, 20]),
    ],
)
def test_a_question_is_typed_in_pieces(text: str, expected: list[str | int]) -> None:
    found = pieces(text)
    assert [p if isinstance(e, str) else len(p) for p, e in zip(found, expected, strict=True)] == (
        expected
    )
    assert found[-1] == text


def test_the_arithmetic_of_the_seats() -> None:
    assert questions_a_second(500) == 2.5
    assert questions_a_second(500, 4) == 10
    assert requests_a_question(["宽带断了"]) == 2 * 2 + 2.5


def test_a_plan_keeps_its_rate_and_its_order() -> None:
    plan = make_plan(20, 100, 50, QUESTIONS, DOCUMENTS, 1)
    assert plan == make_plan(20, 100, 50, QUESTIONS, DOCUMENTS, 1)
    assert plan != make_plan(20, 100, 50, QUESTIONS, DOCUMENTS, 2)
    dues = [one.due for one in plan]
    assert dues == sorted(dues)
    assert dues[-1] < 100
    assert {one.seat for one in plan} <= set(range(50))
    questions = {one.question for one in plan}
    assert 1800 < len(questions) < 2200
    expected = 20 * 100 * requests_a_question(QUESTIONS)
    assert 0.9 * expected < len(plan) < 1.1 * expected
    first = [one for one in plan if one.question == 1000]
    count = len(first)
    assert [one.kind for one in first[:2]] == [RESULTS, SUGGEST]
    assert [one.kind for one in first if one.kind in (PAGE, EVENT)][:2] == [PAGE, EVENT]
    assert len({one.seat for one in first}) == 1
    assert count >= 6


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = 0

    def do_GET(self) -> None:
        type(self).seen += 1
        if self.path == "/stall" and type(self).seen == 1:
            sleep(0.5)
        self.send_response(503 if self.path == "/bad" else 200)
        self.send_header("Content-Length", "2")
        if self.path == "/close":
            # It says nothing of closing: whoever sends again here finds nobody.
            self.close_connection = True
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def port():
    _Handler.seen = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def sent(port: int, requests: list[Request]) -> Outcome:
    job = _load(dump(Job(port, requests)))
    return asyncio.run(Generator(job).run())


def at(due: float, path: str, seat: int = 0) -> Request:
    return Request(due, seat, RESULTS, "GET", path, 0)


def test_a_stall_delays_nobody_else_and_is_not_hidden(port: int) -> None:
    """The second is sent while the first is not answered; the first one's time is all of it."""
    outcome = sent(port, [at(0, "/stall"), at(0.1, "/")])
    assert outcome.status == [200, 200]
    assert outcome.took[0] >= 500
    assert outcome.connections == 2


def test_connections_are_kept_and_asked_again_when_they_were_closed(port: int) -> None:
    plan = [at(0, "/"), at(0.3, "/close"), at(0.6, "/bad"), at(0.9, "/", seat=1)]
    outcome = sent(port, plan)
    assert outcome.status == [200, 200, 503, 200]
    assert (outcome.again, outcome.connections) == (1, 3)


def test_whom_nobody_answers_is_lost(port: int) -> None:
    outcome = sent(1, [at(0, "/")])
    assert outcome.status == [LOST]


def test_time_counts_from_when_a_request_was_due(port: int) -> None:
    """A generator that comes late counts its own lag into the times, and says it."""
    outcome = sent(port, [at(-2.0, "/")])
    assert outcome.lag[0] >= 2000
    assert outcome.took[0] >= outcome.lag[0]


def test_figures_and_what_they_miss(tmp_path) -> None:
    plan = [at(0, "/")] * 98 + [Request(0, 0, SUGGEST, "GET", "/", 0)] * 2
    outcome = Outcome([10.0] * 98 + [70.0, 200.0], [200] * 98 + [204, 503], [1.0] * 100, 3, 4)
    one = figures.phase("steady", 10, plan, outcome, 2.0, 300.0)
    every, results, suggest, refused = one.times
    assert (refused.n, refused.percentiles[50]) == (1, 200.0)
    assert (every.n, results.n, suggest.n) == (100, 98, 2)
    assert every.percentiles == {50: 10.0, 95: 10.0, 99: 70.0, 100: 200.0}
    assert (every.errors, suggest.errors) == ({503: 1}, {503: 1})
    assert one.valid
    assert list(one.misses()) == [
        "steady, suggest: p95 200.0 ms, at most 50",
        "steady: 1 × 503 errors, expected none",
    ]
    assert list(replace(one, name="cold").misses()) == ["cold: 1 × 503 errors, expected none"]
    # Who is refused while there is too much to do is no error, if it comes at once.
    assert one.times[-1].kind == figures.REFUSED
    assert list(replace(one, name="overload").misses()) == [
        "overload, refused (503): p99 200.0 ms, at most 50"
    ]
    figures.save(tmp_path / "one.json", one)
    assert figures.saved(tmp_path / "one.json") == one
    late = figures.phase("late", 10, plan, Outcome(outcome.took, outcome.status, [6.0] * 100), 1, 1)
    assert not late.valid
    assert "INVALID" in late.said()
    assert "| steady | suggest | 2 | 70.0 | 200.0 | 200.0 | 200.0 | 1 × 503 |" in figures.markdown(
        [one]
    )
    assert json.loads(json.dumps(asdict(one)))["name"] == "steady"
