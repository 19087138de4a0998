"""What is counted is exact over all workers, bounded, and holds nothing that somebody typed."""

from __future__ import annotations

import os
import random
import re
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from casebook.errors import SearchTimeout
from casebook.library import View
from casebook.service_settings import AccessSettings
from search.access import tokens
from search.access.rights import Right
from search.access.tokens import Tokens
from search.app import create_app
from search.budget import Budget, Busy
from search.engines import get_engine
from search.generations import publish
from search.metrics import OUTCOMES, Metrics, counted_together
from search.searcher import Searcher
from search.service import EXTENSION, Service, ServiceConfig
from tests.deploy.serving import Served, served, until
from tests.search.conftest import ON, IndexRoot

PERSONAL = ("13812345678", "11010519491231002X", "6222021234567890123", "张三丰")


@pytest.fixture
def app(index_root: IndexRoot) -> Iterator[Flask]:
    """Dealers' application, which has counted nothing yet."""
    made = create_app(
        ServiceConfig("dealer", False, "测试", index_root("dealer", "memory"), None, lambda: ON)
    )
    with closing(made.extensions[EXTENSION]):
        yield made


def samples(text: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """The samples by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def value(text: bytes, name: str, **labels: str) -> float:
    """The sum of the samples of a name that have these labels."""
    return sum(
        number
        for (found, held), number in samples(text).items()
        if found == name and labels.items() <= dict(held).items()
    )


def test_an_answer_is_whole_whatever_befalls_the_index(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down() -> None:
        raise RuntimeError("it cannot be opened")

    monkeypatch.setattr(app.extensions[EXTENSION].metrics, "_manifest", break_down)
    answer = app.test_client().get("/nowhere")
    assert answer.status_code == 404
    assert {"X-Request-ID", "Content-Security-Policy"} <= set(answer.headers.keys())


class TestCounted:
    def test_requests_by_route_method_and_status(self, app: Flask) -> None:
        client = app.test_client()
        for path in ("/api/search?q=漫游", "/api/search?q=宽带", "/api/search?page=x", "/nowhere"):
            client.get(path)
        client.post("/api/search")
        text = client.get("/metrics").data
        name = "casebook_requests_total"
        assert value(text, name, endpoint="/api/search", method="GET", status="200") == 2
        assert value(text, name, endpoint="/api/search", method="GET", status="400") == 1
        assert value(text, name, endpoint="none", status="404") == 1
        assert value(text, name, endpoint="none", status="405") == 1
        count = "casebook_request_seconds_count"
        assert value(text, count, endpoint="/api/search") == 3
        assert value(text, "casebook_request_seconds_bucket", le="+Inf") == value(text, count)

    @pytest.mark.parametrize(
        ("query", "outcome"),
        [("欠费停机后多久能恢复？", "answered"), ("宽带", "found"), ("龘靐齉", "none")],
    )
    def test_searches_by_what_came_of_them(self, app: Flask, query: str, outcome: str) -> None:
        client = app.test_client()
        client.get("/api/search", query_string={"q": query})
        text = client.get("/metrics").data
        for one in OUTCOMES:
            expected = float(one == outcome)
            assert value(text, "casebook_searches_total", outcome=one) == expected

    @pytest.mark.parametrize(
        ("error", "outcome"),
        [(Busy("x"), "busy"), (SearchTimeout("x"), "timeout"), (ValueError("x"), "failed")],
    )
    @pytest.mark.parametrize("what", ["search", "suggest"])
    def test_failures_by_their_kind(
        self,
        app: Flask,
        monkeypatch: pytest.MonkeyPatch,
        error: Exception,
        outcome: str,
        what: str,
    ) -> None:
        def fail(*_: object) -> None:
            raise error

        monkeypatch.setattr(Budget, "run", fail)
        client = app.test_client()
        client.get(f"/api/{what}?q=漫游")
        text = client.get("/metrics").data
        name = "casebook_searches_total" if what == "search" else "casebook_suggests_total"
        assert value(text, name) == value(text, name, outcome=outcome) == 1
        assert value(text, "casebook_searches_waiting") == 0

    @pytest.mark.parametrize("query", ["漫" * 201, " ".join(["漫游宽带"] * 40)])
    def test_what_is_over_the_limits_is_counted_once(self, app: Flask, query: str) -> None:
        client = app.test_client()
        response = client.get("/api/search", query_string={"q": query})
        text = client.get("/metrics").data
        refused = float(response.status_code == 400)
        assert value(text, "casebook_searches_total", outcome="refused") == refused
        assert value(text, "casebook_searches_total") == 1

    def test_degraded_answers(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        real = Searcher.search
        monkeypatch.setattr(Searcher, "search", lambda *given: replace(real(*given), degraded=True))
        client = app.test_client()
        client.get("/api/search?q=漫游")
        client.get("/api/search?q=宽带")
        assert value(client.get("/metrics").data, "casebook_searches_degraded_total") == 2

    def test_who_waits_is_counted_until_a_thread_takes_it(self, app: Flask) -> None:
        service: Service = app.extensions[EXTENSION]
        with service.metrics.search() as counted:
            work = counted.started(
                lambda: value(service.metrics.exposed(), "casebook_searches_waiting")
            )
            assert value(service.metrics.exposed(), "casebook_searches_waiting") == 1
            assert work() == 0

    def test_the_index_in_use_and_moves_to_another(
        self, few: View, more: View, tmp_path: Path
    ) -> None:
        publish(few, tmp_path, get_engine("memory"), "one")
        app = create_app(ServiceConfig("dealer", False, "测试", tmp_path, None, lambda: ON))
        client = app.test_client()
        with closing(app.extensions[EXTENSION]):
            before = client.get("/metrics").data
            assert value(before, "casebook_index_documents") == len(few.documents)
            assert value(before, "casebook_index_info", audience="dealer", engine="memory") == 1
            assert value(before, "casebook_index_swaps_total") == 0
            publish(more, tmp_path, get_engine("memory"), "two")
            until(
                lambda: (
                    value(client.get("/metrics").data, "casebook_index_documents")
                    == len(more.documents)
                ),
                "the new index is not in use",
            )
            after = client.get("/metrics").data
            built = "casebook_index_built_timestamp_seconds"
            assert value(after, built) > value(before, built) > 1_000_000_000
            assert value(after, "casebook_index_swaps_total") == 1

    def test_the_journals_backlog_and_losses(self, app: Flask) -> None:
        journal = SimpleNamespace(waiting=3, dropped=2)
        metrics = Metrics(app.extensions[EXTENSION].manifest, journal)
        metrics.answered("/", "GET", 200, 0.01)
        journal.dropped, journal.waiting = 5, 1
        for _ in range(2):
            metrics.answered("/", "GET", 200, 0.01)
        text = metrics.exposed()
        assert value(text, "casebook_journal_dropped_total") == 5
        assert value(text, "casebook_journal_waiting") == 1


class TestAccess:
    @pytest.mark.parametrize(
        ("rights", "status"), [(None, 403), ((Right.READ,), 403), ((Right.METRICS,), 200)]
    )
    def test_only_who_may_sees_what_is_counted(
        self,
        index_root: IndexRoot,
        tmp_path: Path,
        rights: tuple[Right, ...] | None,
        status: int,
    ) -> None:
        config = ServiceConfig(
            "dealer",
            False,
            "测试",
            index_root("dealer", "memory"),
            None,
            lambda: ON,
            state=tmp_path,
            access=AccessSettings.model_validate({"sign_in": "open"}),
        )
        made = create_app(config)
        with (
            closing(made.extensions[EXTENSION]),
            closing(Tokens(tmp_path / tokens.FILE, "dealer")) as known,
        ):
            sent = {}
            if rights:
                sent = {"Authorization": f"Bearer {known.create('x', rights, 1)[0]}"}
            response = made.test_client().get("/metrics", headers=sent)
            assert response.status_code == status
            assert ("casebook_requests" in response.get_data(as_text=True)) == (status == 200)


class TestBounded:
    def test_no_series_more_whatever_is_asked(self, app: Flask) -> None:
        client = app.test_client()

        def wave(seed: int) -> set[tuple[str, frozenset[tuple[str, str]]]]:
            dice = random.Random(seed)
            for number in range(60):
                word = f"{dice.getrandbits(64):x}"
                client.get(f"/{word}?q={word}")
                client.get(f"/api/documents/{word}")
                client.get(f"/api/search?q={word}&kind={word}", headers={"X-Request-ID": word})
                client.get(f"/site/{word}/{number}.html")
                client.open("/api/search", method=word.upper())
                client.open(f"/{word}", method="PROPFIND")
            return set(samples(client.get("/metrics").data))

        client.get("/metrics")
        first = wave(1)
        assert wave(2) == first

    def test_nothing_that_somebody_typed_is_in_it(self, app: Flask) -> None:
        client = app.test_client()
        for text in PERSONAL:
            for rule in app.url_map.iter_rules():
                path = re.sub(r"<[^>]+>", text, rule.rule)
                client.get(path, query_string={"q": text, "kind": text}, headers={"Cookie": text})
            client.open(f"/{text}", method=text if text.isascii() else "GET")
        found = client.get("/metrics").data.decode()
        assert "casebook_requests_total" in found
        for text in PERSONAL:
            assert text not in found


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory, root: Path, few: View) -> Iterator[Served]:
    """A service with several processes."""
    library = tmp_path_factory.mktemp("library")
    settings = (root / "casebook.toml").read_text(encoding="utf-8")
    settings = re.sub(r"\n\[check\.wording\]\n(?:.+\n)+", "\n", settings)
    (library / "casebook.toml").write_text(settings, encoding="utf-8")
    publish(few, library / "build" / "index" / "dealer", get_engine("whoosh"), "sample")
    with served(library, "dealer", tmp_path_factory.mktemp("log"), "--workers", "3") as running:
        yield running


def get(server: Served, path: str) -> tuple[int, dict[str, str], bytes]:
    """A response; a connection that a worker took with it into its death is made again."""
    while True:
        try:
            return server.get(path)
        except ConnectionError:
            continue


def ask(server: Served, times: int) -> set[int]:
    """Asks many times at once; the workers that answered."""
    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(lambda _: get(server, "/api/search?q=x")[0], range(times)))
    assert statuses <= {200}
    return {line["worker"] for line in server.lines() if line.get("route") == "/api/search"}


class TestWorkers:
    @pytest.fixture
    def asked(self) -> Callable[[Served], float]:
        def count(server: Served) -> float:
            text = get(server, "/metrics")[2]
            return value(
                text, "casebook_requests_total", endpoint="/api/search", method="GET", status="200"
            )

        return count

    def test_sums_are_exact_over_workers_and_outlast_their_deaths(
        self, workers: Served, asked: Callable[[Served], float]
    ) -> None:
        total = 0

        def several() -> bool:
            nonlocal total
            total += 20
            return len(ask(workers, 20)) >= 2

        until(several, "only one worker answers")
        assert {asked(workers) for _ in range(8)} == {total}
        killed = sorted(ask(workers, 0))[0]
        os.kill(killed, signal.SIGKILL)
        until(lambda: asked(workers) == total and not _runs(killed), "the worker does not end")
        ask(workers, 90)
        total += 90
        text = get(workers, "/metrics")[2]
        assert asked(workers) == total
        assert value(text, "casebook_searches_total") == total
        assert value(text, "casebook_request_seconds_count", endpoint="/api/search") == total
        assert value(text, "casebook_searches_waiting") == 0

    def test_files_do_not_pile_up_and_go_in_the_end(
        self, tmp_path: Path, app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        manifest = app.extensions[EXTENSION].manifest
        with counted_together():
            (folder,) = tmp_path.iterdir()
            for _ in range(6):
                child = os.fork()
                if not child:
                    metrics = Metrics(manifest, SimpleNamespace(waiting=0, dropped=0))
                    metrics.answered("/", "GET", 200, 0.01)
                    waiting = value(metrics.exposed(), "casebook_searches_waiting")
                    metrics.search().__enter__()  # it dies while a search waits
                    os._exit(int(waiting))
                assert os.waitpid(child, 0)[1] == 0
            assert len(list(folder.glob("counter_*.db"))) == 1
            text = Metrics(manifest, SimpleNamespace(waiting=0, dropped=0)).exposed()
            assert value(text, "casebook_requests_total") == 6
            assert value(text, "casebook_searches_waiting") == 0
        assert list(tmp_path.iterdir()) == []
        assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
