"""Generations in a real cluster of three nodes: published, replaced, and asked while nodes die."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cluster.nodes import Nodes
from casebook.errors import SearchError
from casebook.library import Library, View
from casebook.service_settings import OpenSearchSettings
from search.analysis import WeightedTerm
from search.app import create_app
from search.engines import CLUSTER, EngineOf, fallback, get_engine
from search.engines.base import Engine, Entry, Index, Query
from search.engines.fallback import RemoteFailed
from search.generations import Live, current_manifest, open_current, publish, roll_back
from search.service import EXTENSION, ServiceConfig
from tests.conftest import ON

pytestmark = pytest.mark.xdist_group(CLUSTER)
GUARD_SECONDS = 90
SHARDS, REPLICAS = 2, 1


@dataclass(frozen=True)
class Site:
    """A prefix in the cluster of its own, and a folder for indexes."""

    nodes: Nodes
    settings: OpenSearchSettings
    root: Path

    @property
    def engine(self) -> Engine:
        return get_engine(CLUSTER, self.settings)

    @property
    def engine_of(self) -> EngineOf:
        return partial(get_engine, cluster=self.settings)

    def with_(self, **values: Any) -> Site:
        settings = OpenSearchSettings.model_validate({**self.settings.model_dump(), **values})
        return replace(self, settings=settings)

    def publish(self, view: View, *, anew: bool = False) -> str:
        """Publishes a view; the name of its generation as the cluster has it."""
        root = self.root / view.audience.id
        return publish(view, root, self.engine, "test", anew=anew).name.lower()

    def live(self, audience: str = "dealer") -> Live:
        return Live(self.root / audience, audience, self.engine_of)

    def indexes(self) -> set[str]:
        found = self.nodes.ask("/_cat/indices?format=json&expand_wildcards=all")
        names = (row["index"] for row in found)
        return {name for name in names if name.startswith(f"{self.settings.prefix}-")}

    def aliases(self) -> dict[str, str]:
        found = self.nodes.ask("/_cat/aliases?format=json")
        return {
            row["alias"]: row["index"]
            for row in found
            if row["alias"].startswith(f"{self.settings.prefix}-")
        }


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fallback, "_FIRST_PAUSE", 0.1)
    monkeypatch.setattr(fallback, "_LONGEST_PAUSE", 0.5)


@pytest.fixture
def site(nodes: Nodes, tmp_path: Path) -> Iterator[Site]:
    prefix = f"t{time.time_ns()}"
    values = {"shards": SHARDS, "replicas": REPLICAS, "timeout_ms": 5_000}
    yield Site(nodes, nodes.settings(prefix=prefix, **values), tmp_path)
    nodes.ask(f"/{prefix}-*", "DELETE")


@pytest.fixture
def whole(nodes: Nodes) -> Iterator[None]:
    """All nodes are there again afterwards, whatever a test did to them."""
    yield
    bring_back(nodes)


def bring_back(nodes: Nodes) -> None:
    for node in set(range(3)) - set(nodes.running()):
        nodes.start(node)
    nodes.wait(3, "green")


def wait_until(condition: Callable[[], object]) -> None:
    until = time.monotonic() + GUARD_SECONDS
    while not condition():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.05)


def ask(text: str = "套餐", limit: int = 50) -> Query:
    return Query(
        (WeightedTerm("names", text, 2.0), WeightedTerm("text", text, 1.0)),
        limit=limit,
        deadline=time.monotonic() + 60,
    )


class TestPublishing:
    def test_each_generation_has_an_index_and_the_alias_names_the_newest(
        self, site: Site, few: View, more: View
    ) -> None:
        prefix = site.settings.prefix
        names = []
        for view in (few, more, few):
            names.append(site.publish(view))
            assert site.aliases() == {f"{prefix}-dealer": f"{prefix}-dealer-{names[-1]}"}
            assert site.indexes() == {f"{prefix}-dealer-{name}" for name in names[-2:]}

    def test_an_index_is_as_the_settings_say_and_never_written_to(
        self, site: Site, few: View
    ) -> None:
        index = f"{site.settings.prefix}-dealer-{site.publish(few)}"
        found = site.nodes.ask(f"/{index}/_settings?flat_settings=true")[index]["settings"]
        assert found["index.number_of_shards"] == str(SHARDS)
        assert found["index.number_of_replicas"] == str(REPLICAS)
        assert found["index.blocks.write"] == "true"
        assert site.nodes.ask(f"/_cluster/health/{index}")["status"] == "green"
        mapping = site.nodes.ask(f"/{index}/_mapping")[index]["mappings"]
        assert mapping["_source"] == {"enabled": False}
        assert mapping["dynamic"] == "strict"

    def test_what_changed_little_is_taken_over(self, site: Site, dealer_view: View) -> None:
        documents = dealer_view.documents[:12]
        first = replace(dealer_view, documents=documents[:-1])
        site.publish(first)
        before = site.indexes()
        second = replace(dealer_view, documents=documents)
        site.publish(second)
        assert before < site.indexes()
        with closing(open_current(site.root / "dealer", "dealer", site.engine_of)) as generation:
            assert len(list((site.root / "dealer").glob("generations/*/store/001.sqlite"))) == 1
            for document in documents:
                query = Query(generation.analyzer.query(document.title).terms, limit=10)
                hits = generation.index.search(query)
                assert not query.answered.degraded
                first_found = generation.store.owners([hits[0][0]])
                assert generation.store.documents(first_found)[first_found[0]].id == document.id

    def test_scores_of_shards_and_copies_are_those_of_one_index(self, site: Site) -> None:
        entries = [
            Entry(n, n, {"text": [f"词{n % 7}", "都有", *["填"] * (n % 5)]}) for n in range(300)
        ]
        folders = []
        for shards, replicas in ((1, 0), (3, 2)):
            folder = site.root / f"{shards}"
            folder.mkdir()
            site.with_(shards=shards, replicas=replicas).engine.build(folder, entries)
            folders.append(folder)
        with site.engine.open(folders[0]) as one, site.engine.open(folders[1]) as three:
            for text in ("都有", "词3", "填"):
                for limit in (1, 7, 300):
                    query = ask(text, limit)
                    expected = one.search(query)
                    for _ in range(6):  # each copy answers some
                        found = three.search(query)
                        assert [n for n, _ in found] == [n for n, _ in expected]
                        assert dict(found) == pytest.approx(dict(expected), rel=1e-6)
                    assert not query.answered.degraded

    def test_another_number_of_shards_is_built_anew(self, site: Site, dealer_view: View) -> None:
        view = replace(dealer_view, documents=dealer_view.documents[:12])
        site.publish(replace(view, documents=view.documents[:-1]))
        other = site.with_(shards=1)
        index = f"{site.settings.prefix}-dealer-{other.publish(view)}"
        found = site.nodes.ask(f"/{index}/_settings?flat_settings=true")[index]["settings"]
        assert found["index.number_of_shards"] == "1"

    def test_an_index_that_the_cluster_lost_is_built_anew(
        self, site: Site, dealer_view: View
    ) -> None:
        view = replace(dealer_view, documents=dealer_view.documents[:12])
        site.publish(replace(view, documents=view.documents[:-1]))
        root = site.root / "dealer"
        assert current_manifest(root, site.engine) is not None
        site.nodes.ask(f"/{site.settings.prefix}-*", "DELETE")
        assert current_manifest(root) is not None
        assert current_manifest(root, site.engine) is None
        site.publish(view)
        assert current_manifest(root, site.engine) is not None
        with closing(open_current(root, "dealer", site.engine_of)) as generation:
            query = ask()
            generation.index.search(query)
            assert not query.answered.degraded

    def test_going_back_moves_the_alias_back(self, site: Site, few: View, more: View) -> None:
        first, _ = site.publish(few), site.publish(more)
        roll_back(site.root / "dealer", "dealer", "content", site.engine_of)
        prefix = site.settings.prefix
        assert site.aliases() == {f"{prefix}-dealer": f"{prefix}-dealer-{first}"}

    def test_a_build_that_fails_leaves_nothing(
        self, site: Site, few: View, more: View, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site.publish(few)
        before = site.indexes()
        monkeypatch.setattr("search.engines.cluster.Writing.uuid", _fail)
        with pytest.raises(SearchError, match="in the middle"):
            site.publish(more, anew=True)
        assert site.indexes() == before

    def test_what_a_killed_build_left_is_removed_by_the_next(
        self, site: Site, few: View, more: View
    ) -> None:
        site.publish(few)
        junk = site.root / "dealer" / "generations" / ".new-20200101T000000000000Z"
        (junk / "engine").mkdir(parents=True)
        site.engine.labelled("dealer", "20200101T000000000000Z").build(
            junk / "engine", [Entry(0, 0, {"text": ["甲"]})]
        )
        left = f"{site.settings.prefix}-dealer-20200101t000000000000z"
        assert left in site.indexes()
        site.publish(more)
        assert left not in site.indexes()
        assert not junk.exists()

    def test_an_index_that_the_alias_names_is_never_removed(self, site: Site, few: View) -> None:
        site.publish(few)
        before = site.indexes()
        (folder,) = (site.root / "dealer" / "generations").iterdir()
        with pytest.raises(RemoteFailed, match="还指着"):
            site.engine.remove(folder / "engine")
        assert site.indexes() == before

    def test_nor_one_with_another_prefix(self, site: Site, few: View) -> None:
        site.publish(few)
        before = site.indexes()
        (folder,) = (site.root / "dealer" / "generations").iterdir()
        site.with_(prefix="other").engine.remove(folder / "engine")
        assert site.indexes() == before

    def test_without_a_cluster_the_old_generation_stays(
        self, site: Site, few: View, more: View
    ) -> None:
        site.publish(few)
        away = site.with_(hosts=("http://127.0.0.1:9",))
        published = (site.root / "dealer" / "current").read_text(encoding="utf-8")
        with pytest.raises(SearchError, match="OpenSearch 建不了索引：连不上"):
            away.publish(more)
        assert (site.root / "dealer" / "current").read_text(encoding="utf-8") == published

    def test_what_the_folder_says_names_no_host(self, site: Site, few: View) -> None:
        site.publish(few)
        (file,) = site.root.rglob("cluster.json")
        assert set(json.loads(file.read_text(encoding="utf-8"))) == {
            *("index", "alias", "uuid", "shards", "entries", "highest")
        }


def _fail(*_: object) -> None:
    raise SearchError("in the middle")


QUERIES = ("套餐", "宽带", "停机", "流量", "账单", "发票", "漫游", "投诉", "密码", "实名")


@dataclass
class Load:
    """What several threads were answered: ids by query, of the cluster and of the substitute."""

    right: dict[str, list[int]]
    wrong: list[str]
    failed: list[BaseException]
    answers: int = 0
    degraded: int = 0


@contextmanager
def load(index: Index, expected: dict[str, list[int]], threads: int = 4) -> Iterator[Load]:
    """Asks all the time in several threads."""
    seen = Load(expected, [], [])
    lock, stop = threading.Lock(), threading.Event()

    def work(turn: int) -> None:
        while not stop.is_set():
            turn += 1
            text = QUERIES[turn % len(QUERIES)]
            query = ask(text, 1000)
            try:
                found = sorted(number for number, _ in index.search(query))
            except Exception as error:  # noqa: BLE001  (whatever it is, it is looked at)
                with lock:
                    seen.failed.append(error)
                continue
            time.sleep(0.01)  # nodes that start need the processors, too
            with lock:
                seen.answers += 1
                seen.degraded += query.answered.degraded
                if found != expected[text]:
                    seen.wrong.append(text)

    with ThreadPoolExecutor(threads) as pool:
        for turn in range(threads):
            pool.submit(work, turn)
        try:
            yield seen
        finally:
            stop.set()


def more_answers(seen: Load, number: int = 100, *, degraded: bool | None = None) -> None:
    """Waits for so many more, if it matters for so many of a kind."""

    def count() -> int:
        if degraded is None:
            return seen.answers
        return seen.degraded if degraded else seen.answers - seen.degraded

    target = count() + number
    wait_until(lambda: count() >= target)


@contextmanager
def service(site: Site, view: View) -> Iterator[Callable[[], tuple[bool, bool]]]:
    """A service; asked for a title: whether the substitute answers, by its API and by its page."""
    config = ServiceConfig(
        audience="dealer",
        internal=False,
        title="测试",
        index=site.root / "dealer",
        site=None,
        today=lambda: ON,
        cluster=site.settings,
    )
    app = create_app(config)
    client, asked = app.test_client(), {"q": view.documents[0].title}

    def substituted() -> tuple[bool, bool]:
        found = client.get("/api/search", query_string=asked).get_json()
        assert found["hits"][0]["id"] == view.documents[0].id
        page = client.get("/", query_string=asked).get_data(as_text=True)
        return found["degraded"], "备用索引" in page

    with closing(app.extensions[EXTENSION]):
        yield substituted


class TestNodesThatDie:
    @pytest.fixture
    def opened(
        self, site: Site, dealer_view: View, whole: None
    ) -> Iterator[tuple[Nodes, Index, dict[str, list[int]]]]:
        """An index of the sample library with copies, and what the substitute finds in it."""
        # As in a real service, where a node that hangs is not waited for.
        patient = site.with_(timeout_ms=1_000)
        patient.publish(dealer_view)
        with closing(open_current(site.root / "dealer", "dealer", patient.engine_of)) as generation:
            index: Any = generation.index
            expected = {
                text: sorted(n for n, _ in index._substitute.search(ask(text, 1000)))
                for text in QUERIES
            }
            assert all(expected.values())
            yield site.nodes, index, expected

    def test_one_node_then_the_manager_under_load(
        self, opened: tuple[Nodes, Index, dict[str, list[int]]]
    ) -> None:
        nodes, index, expected = opened
        with load(index, expected) as seen:
            more_answers(seen)
            assert seen.degraded == 0
            manager = nodes.manager()
            other = next(node for node in range(3) if node != manager)
            for node in (other, manager):
                nodes.kill(node)
                more_answers(seen, degraded=False)
                # The copies take over: every shard is there, and all of it comes back.
                wait_until(lambda: nodes.ask("/_cluster/health")["active_primary_shards"] >= 2)
                nodes.start(node)
                nodes.wait(3, "green")
                more_answers(seen, degraded=False)
        assert seen.failed == []
        assert seen.wrong == []

    def test_a_node_that_hangs(self, opened: tuple[Nodes, Index, dict[str, list[int]]]) -> None:
        nodes, index, expected = opened
        with load(index, expected) as seen:
            more_answers(seen)
            nodes.pause(2)
            more_answers(seen, 200)
            nodes.resume(2)
            nodes.wait(3, "green")
            more_answers(seen, degraded=False)
        assert seen.failed == []
        assert seen.wrong == []

    def test_all_nodes_die_and_come_back(
        self, opened: tuple[Nodes, Index, dict[str, list[int]]], site: Site, dealer_view: View
    ) -> None:
        """A service that was started meanwhile moves over to the cluster, too."""
        nodes, index, expected = opened
        with load(index, expected) as seen:
            more_answers(seen)
            nodes.kill(0, 1, 2)
            more_answers(seen, degraded=True)
            before = seen.answers - seen.degraded
            more_answers(seen)
            assert seen.answers - seen.degraded == before
            with service(site, dealer_view) as substituted:
                assert substituted() == (True, True)
                bring_back(nodes)
                more_answers(seen, degraded=False)
                wait_until(lambda: substituted() == (False, False))
        assert seen.failed == []
        assert seen.wrong == []


class TestAudiences:
    def test_neither_finds_what_the_other_holds_whoever_answers(
        self, site: Site, library: Library
    ) -> None:
        own = {a: {d.id for d in library.view(a, ON).documents} for a in ("dealer", "agent")}
        for audience in own:
            site.publish(library.view(audience, ON))
        only = sorted(own["agent"] - own["dealer"])
        titles = [library.view("agent", ON).get(name).title for name in only]
        assert len(titles) > 5
        away = site.with_(hosts=("http://127.0.0.1:9",))
        for place, degraded in ((site, False), (away, True)):
            for audience, ids in own.items():
                with place.live(audience).generation() as generation:
                    for title in (*titles, *QUERIES):
                        query = Query(generation.analyzer.query(title).terms, limit=200)
                        numbers = generation.store.owners(
                            [number for number, _ in generation.index.search(query)]
                        )
                        found = generation.store.documents(numbers).values()
                        assert {document.id for document in found} <= ids
                        assert query.answered.degraded == degraded
                    generation.retire()
