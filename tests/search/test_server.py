"""A service in processes of its own answers rightly, whatever its clients do, and lives."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from casebook.library import View
from search.bodies import BODIES
from search.budget import Budget
from search.engines import get_engine
from search.generations import publish
from search.journal.journal import Journal
from search.server import MAX_HEAD
from tests.conftest import ROOT
from tests.search.serving import GUARD, Server, free_port, running, started, until

HEAD = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
CLOSING = HEAD + b"Connection: close\r\n\r\n"
# A search for 慢 hangs until a file is there, as an engine that does not come back.
SLOW = """
found = searcher.Searcher.search
def slow(self, asked):
    while asked.text == "慢" and not Path({release!r}).exists():
        time.sleep(0.01)
    return found(self, asked)
searcher.Searcher.search = slow
"""
Answer = tuple[int, dict[str, str], str]
SLOW_SEARCH = "/api/search?q=%E6%85%A2"
# The thread of Granian's that waits for a worker too is slow to pass on that it has ended.
LATE = """
import os, threading
wait = os.waitpid
def late(*given):
    found = wait(*given)
    if threading.current_thread() is not threading.main_thread():
        time.sleep(0.3)
    return found
os.waitpid = late
server._SPAWN_SECONDS = 0.1
"""
KEEPING = """
from functools import partial
service.ServiceConfig = partial(service.ServiceConfig, state=Path({state!r}))
"""


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@pytest.fixture(scope="module")
def index(few: View, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("served")
    publish(few, root, get_engine("tantivy"), "")
    return root


@pytest.fixture(scope="module")
def server(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("log") / "log"
    with running(index, log, workers=2) as one:
        workers = one.workers()
        yield one
        # Nothing that was sent has ended a worker.
        assert one.workers() == workers
        assert one.process.poll() is None


REQUESTS = {
    "plain": (CLOSING, [200]),
    "HTTP/1.0": (b"GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", [200]),
    "HTTP/1.0 without a host": (b"GET /healthz HTTP/1.0\r\n\r\n", [400]),
    "three at once": (HEAD + b"\r\n" + HEAD + b"\r\n" + CLOSING, [200, 200, 200]),
    "HEAD": (CLOSING.replace(b"GET", b"HEAD"), [200]),
    "a line of 20 kB": (CLOSING.replace(b"/healthz", b"/api/search?q=" + b"a" * 20_000), [400]),
    "a line of 100 kB": (CLOSING.replace(b"/healthz", b"/api/search?q=" + b"a" * 100_000), [414]),
    "a header of 20 kB": (CLOSING.replace(b"Host", b"X-A: " + b"a" * 20_000 + b"\r\nHost"), [200]),
    "a thousand headers": (HEAD + b"X-A: a\r\n" * 1000 + b"\r\n", [431]),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", [400]),
    "no method": (b"/healthz\r\n\r\n", [400]),
    "another host": (CLOSING.replace(b"127.0.0.1", b"evil.example"), [400]),
    "a broken escape": (CLOSING.replace(b"/healthz", b"/%ff%fe%zz?q=%ff"), [404]),
    "bytes in the path": (CLOSING.replace(b"/healthz", "/漫游?q=漫游".encode()), [404]),
    "up and out": (CLOSING.replace(b"/healthz", b"/site/../../../etc/passwd"), [404]),
    "a chunked body": (
        b"POST /api/chosen/none HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
        b"Connection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        [404],
    ),
    "broken chunks": (
        b"POST /api/chosen/none HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
        b"Connection: close\r\n\r\nzz\r\nabc\r\n",
        [404],
    ),
    "two lengths": (
        b"POST /api/chosen/none HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n"
        b"Content-Length: 2\r\n\r\nab",
        [400],
    ),
    "a body that is too large": (
        b"POST /api/chosen/none HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10000000000\r\n"
        b"Connection: close\r\n\r\nabc",
        [413],
    ),
}


def statuses(received: bytes) -> list[int]:
    return [int(one) for one in re.findall(rb"^HTTP/1\.[01] (\d{3})", received, re.MULTILINE)]


@pytest.mark.parametrize("name", REQUESTS)
def test_each_request_gets_its_answer(server: Server, name: str) -> None:
    sent, expected = REQUESTS[name]
    assert statuses(server.raw(sent)) == expected
    assert server.healthy()


@pytest.mark.parametrize("size", [100_000, 2_000_000])
def test_a_head_beyond_the_limit_harms_nobody(server: Server, size: int) -> None:
    """How much of it is read before it is refused depends on how it comes."""
    head = CLOSING.replace(b"Host", b"X-A: " + b"a" * size + b"\r\nHost")
    assert 20_000 < MAX_HEAD < size
    # Whoever still sends when it is refused may see nothing but the end of the connection.
    assert statuses(server.raw(head)) in ([200] if size < 2_000_000 else [], [431], [])
    assert server.healthy()


def test_connections_that_only_wait_take_no_thread(server: Server) -> None:
    """500 that asked once and stay open, 300 that say nothing, 300 that stop within the head."""
    with ExitStack() as stack:
        for sent, times in ((HEAD + b"\r\n", 500), (b"", 300), (HEAD + b"X-A: ", 300)):
            for _ in range(times):
                connection = stack.enter_context(server.connect())
                connection.sendall(sent)
                if sent.endswith(b"\r\n\r\n"):
                    assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        for _ in range(5):
            assert server.healthy()
            assert server.get("/api/search?q=a")[0] == 200


def test_whoever_hangs_up_leaves_nothing_behind(server: Server) -> None:
    workers = server.workers()
    until(lambda: all(open_files(pid) < 100 for pid in workers))
    before = [open_files(pid) for pid in workers]
    for sent in (b"GET /api/search?q=a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", HEAD, b"", CLOSING):
        for _ in range(50):
            with server.connect() as connection:
                # It is gone at once, with whatever is still under way.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.sendall(sent)
    assert server.healthy()
    until(lambda: all(open_files(p) <= n + 2 for p, n in zip(workers, before, strict=True)))


def test_bodies_that_do_not_come_hold_up_nobody_else(index: Path, tmp_path: Path) -> None:
    """Each worker lets only so many wait for a body; the others are told to come back.

    Searches that others here have left behind may still hold every place; so it has its own server.
    """
    head = (
        b"POST /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n"
        b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    with running(index, tmp_path / "log", workers=2) as server, ExitStack() as stack:
        slow = [stack.enter_context(server.connect()) for _ in range(6 * BODIES)]
        for connection in slow:
            connection.sendall(head)
        for _ in range(5):
            assert server.healthy()
            status, _, text = server.get("/api/search?q=a")
            assert status == 200, text
        refused = 0
        for connection in slow:
            connection.setblocking(False)
            try:
                answer = connection.recv(65536)
            except BlockingIOError:
                continue
            assert statuses(answer) == [503]
            assert b"\r\nretry-after: 3\r\n" in answer.lower()
            refused += 1
        assert 6 * BODIES - refused <= 2 * BODIES


def test_no_other_service_gets_the_port(server: Server, index: Path) -> None:
    """Two audiences on one port would get each other's answers."""
    code = (
        "from datetime import date; from pathlib import Path\n"
        "from search.server import serve; from search.service import ServiceConfig\n"
        f"serve(ServiceConfig('dealer', False, '', Path({str(index)!r}), None, date.today),"
        f" '127.0.0.1', {server.port})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=GUARD, check=False
    )
    assert done.returncode == 1
    assert b"Address already in use" in done.stderr


def test_of_two_services_that_start_together_one_gets_the_port(index: Path) -> None:
    port = free_port()
    code = (
        "from datetime import date; from pathlib import Path\n"
        "from search.server import serve; from search.service import ServiceConfig\n"
        f"serve(ServiceConfig('dealer', False, '', Path({str(index)!r}), None, date.today),"
        f" '127.0.0.1', {port})"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    try:
        until(lambda: any(one.poll() is not None for one in both))
        [refused] = [one for one in both if one.poll() is not None]
        assert refused.returncode == 1
        assert refused.stderr is not None
        assert b"Address already in use" in refused.stderr.read()
    finally:
        for one in both:
            one.terminate()
            one.communicate(timeout=GUARD)


def taken(pool: ThreadPoolExecutor, server: Server) -> list[Future[Answer]]:
    """Asks for ten slow searches where there is room for four; gives those four, under way."""
    asked = [pool.submit(server.get, SLOW_SEARCH) for _ in range(10)]
    until(lambda: sum(one.done() for one in asked) == 6)
    assert all(one.result()[0] == 503 for one in asked if one.done())
    return [one for one in asked if not one.done()]


class TestOverload:
    @pytest.fixture(scope="class")
    @staticmethod
    def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
        return tmp_path_factory.mktemp("release") / "now"

    @pytest.fixture(scope="class")
    @staticmethod
    def patient(
        index: Path, release: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Server]:
        """A service with four places for searches, whose hard stop is far away."""
        patch = SLOW.format(release=str(release)) + "\nservice.SECONDS = 300"
        with running(index, tmp_path_factory.mktemp("log") / "log", patch) as one:
            yield one
            release.touch()

    def test_one_too_many_is_refused_while_the_others_are_served(
        self, patient: Server, release: Path
    ) -> None:
        with ThreadPoolExecutor(10) as pool:
            try:
                places = taken(pool, patient)
                for _ in range(20):
                    status, headers, text = patient.get("/api/search?q=a")
                    assert (status, headers["retry-after"]) == (503, "3")
                    errors = json.loads(text)["errors"]
                    assert errors == [{"code": "Busy", "message": "同时检索的人太多；稍等一秒再试"}]
                    status, headers, text = patient.get("/results?q=a")
                    assert (status, headers["retry-after"]) == (503, "3")
                    assert "<html" in text
                    assert "同时检索的人太多" in text
                    assert patient.healthy()
                    assert patient.get("/metrics")[0] == 200
                    assert patient.get("/")[0] == 200
                # All of that came while no place had become free.
                assert not any(place.done() for place in places)
            finally:
                release.touch()
            assert [place.result()[0] for place in places] == [200] * 4
        assert patient.get("/api/search?q=a")[0] == 200

    def test_a_search_that_does_not_come_back_is_left_after_a_second(
        self, index: Path, tmp_path: Path
    ) -> None:
        release = tmp_path / "release"
        slow = SLOW.format(release=str(release))
        with (
            running(index, tmp_path / "log", f"{slow}\nservice.SECONDS = searcher.SECONDS") as one,
            ThreadPoolExecutor(4) as pool,
        ):
            answers = list(pool.map(one.get, [SLOW_SEARCH] * 4))
            assert [status for status, _, _ in answers] == [503] * 4
            assert all("检索超过 1 秒" in text for _, _, text in answers)
            assert one.healthy()
            release.touch()
            until(lambda: one.get("/api/search?q=a")[0] == 200)


class TestProcesses:
    def test_a_worker_that_dies_is_started_again(self, index: Path, tmp_path: Path) -> None:
        with running(index, tmp_path / "log", workers=2) as one:
            first, second = one.workers()
            os.kill(first, signal.SIGKILL)
            until(lambda: len(one.workers()) == 2 and first not in one.workers())
            assert second in one.workers()
            until(one.healthy)
        assert one.process.returncode == 0

    def test_the_workers_end_with_the_first_process(self, index: Path, tmp_path: Path) -> None:
        with running(index, tmp_path / "log", workers=2) as one:
            workers = one.workers()
            one.process.kill()
            one.process.wait(GUARD)
            until(lambda: not any(map(_lives, workers)))

    @pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
    def test_what_was_asked_before_the_end_is_answered(
        self, index: Path, tmp_path: Path, sign: signal.Signals
    ) -> None:
        release = tmp_path / "release"
        patch = SLOW.format(release=str(release)) + "\nservice.SECONDS = 300"
        with running(index, tmp_path / "log", patch) as one, ThreadPoolExecutor(10) as pool:
            try:
                places = taken(pool, one)
                one.process.send_signal(sign)
                until(lambda: _refuses(one))
            finally:
                release.touch()
            assert [place.result()[0] for place in places] == [200] * 4
            assert one.process.wait(GUARD) == 0

    def test_half_a_request_holds_no_worker_and_no_question_is_lost(
        self, index: Path, tmp_path: Path
    ) -> None:
        patch = KEEPING.format(state=str(tmp_path)) + "server._ANSWER_SECONDS = 0.5"
        with running(index, tmp_path / "log", patch) as one, one.connect() as half:
            half.sendall(HEAD)
            for _ in range(20):
                assert one.get("/api/search?q=%E5%AE%A2%E6%88%B7")[0] == 200
            one.process.send_signal(signal.SIGTERM)
            assert one.process.wait(GUARD) == 0
        assert "强行结束" not in (tmp_path / "log").read_text(encoding="utf-8")
        assert not (tmp_path / "journal.sqlite-wal").exists()
        assert len(list(Journal(tmp_path / "journal.sqlite").questions())) == 20

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            ("MemoryError()", "检索进程起不来：内存不够"),
            ("errors.EngineMissing('没有这个引擎')", "检索进程起不来：没有这个引擎"),
        ],
    )
    def test_what_keeps_workers_from_starting_is_said_in_a_line(
        self, index: Path, tmp_path: Path, error: str, said: str
    ) -> None:
        patch = f"""
from casebook import errors
def refuse(_):
    raise {error}
server.create_app = refuse
"""
        with pytest.raises(RuntimeError) as caught, running(index, tmp_path / "log", patch):
            pass
        assert said in str(caught.value)
        assert "Traceback" not in str(caught.value)


def _lives(pid: int) -> bool:
    """Whether a process runs; one that has ended may wait for somebody to ask how it did."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _refuses(server: Server) -> bool:
    """Whether nobody gets in any more."""
    try:
        server.get("/healthz")
    except (OSError, http.client.HTTPException):
        return True
    return False


class TestReload:
    """SIGHUP: settings are read again, and nobody notices but by what they say."""

    def test_no_request_fails_and_the_new_settings_count(
        self, small: Path, few: View, tmp_path: Path
    ) -> None:
        publish(few, small / "build" / "index" / "dealer", get_engine("tantivy"), "")
        settings = small / "casebook.toml"
        original = settings.read_text(encoding="utf-8")
        port = free_port()
        options = ["--library", str(small), "--audience", "dealer", "--port", str(port)]
        code = (
            "from search import server; server._SPAWN_SECONDS = 1.0\n"
            f"from casebook.cli import main; main({['serve', '--workers', '2', *options]!r})"
        )
        command = [sys.executable, "-c", code]
        with started(command, port, tmp_path / "log") as one, _asking(one) as failed:
            for text in (_titled(original, "新的标题"), "这不是 TOML"):
                settings.write_text(text, encoding="utf-8")
                before = set(one.workers())
                one.process.send_signal(signal.SIGHUP)
                until(lambda before=before: before.isdisjoint(one.workers()))  # type: ignore[misc]
                until(lambda: len(one.workers()) == 2)
                assert all("<title>新的标题" in one.get("/")[2] for _ in range(10))
            assert failed == []
        assert "继续用原来的" in (tmp_path / "log").read_text(encoding="utf-8")

    def test_workers_that_have_ended_are_not_taken_for_stuck(
        self, index: Path, tmp_path: Path
    ) -> None:
        with running(index, tmp_path / "log", LATE, workers=3) as one:
            before = set(one.workers())
            one.process.send_signal(signal.SIGHUP)
            until(lambda: len(one.workers()) == 3 and before.isdisjoint(one.workers()))
        assert "强行结束" not in (tmp_path / "log").read_text(encoding="utf-8")

    def test_the_end_does_not_wait_for_new_workers(self, index: Path, tmp_path: Path) -> None:
        with running(index, tmp_path / "log", "server._SPAWN_SECONDS = 10 * 60") as one:
            one.process.send_signal(signal.SIGHUP)
            until(lambda: len(one.workers()) == 2)
            one.process.send_signal(signal.SIGTERM)
            assert one.process.wait(GUARD) == 0


def _titled(settings: str, title: str) -> str:
    lines = settings.splitlines()
    place = lines.index('id = "dealer"')
    where = next(n for n in range(place, len(lines)) if lines[n].startswith("title = "))
    return "\n".join([*lines[:where], f'title = "{title}"', *lines[where + 1 :]])


class _asking:  # noqa: N801  (used as a context)
    """Four who ask all the time, on connections that stay open; gives what went wrong."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._stop = threading.Event()
        self._failed: list[str] = []
        self._threads = [threading.Thread(target=self._ask) for _ in range(4)]

    def __enter__(self) -> list[str]:
        for thread in self._threads:
            thread.start()
        return self._failed

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=GUARD)
        while not self._stop.wait(0.01):
            try:
                self._look(connection)
            except (OSError, http.client.HTTPException) as error:
                self._failed.append(repr(error))
        connection.close()

    def _look(self, connection: http.client.HTTPConnection) -> None:
        """Asks; once more where a kept connection was just closed, as browsers do."""
        for last in (connection.sock is None, True):
            try:
                connection.request("GET", "/api/search?q=%E5%AE%A2%E6%88%B7")
                answer = connection.getresponse()
                text = answer.read()
            except (http.client.RemoteDisconnected, ConnectionError):
                connection.close()
                if last:
                    raise
                continue
            if answer.status != 200 or not json.loads(text)["hits"]:
                self._failed.append(f"{answer.status} {text[:80]!r}")
            return


def test_a_budget_of_the_settings(index: Path) -> None:
    """As many searches have a place as the settings say."""
    from datetime import date

    from casebook.service_settings import ServiceSettings
    from search.server import RESERVED, request_threads
    from search.service import Service, ServiceConfig

    settings = ServiceSettings(threads=3, waiting=4)
    config = ServiceConfig("dealer", False, "", index, None, date.today, running=settings)
    service = Service(config)
    assert isinstance(service.budget, Budget)
    assert service.budget._places._value == 7  # type: ignore[attr-defined]
    service.close()
    assert request_threads(settings) == 7 + RESERVED
    assert RESERVED > BODIES
