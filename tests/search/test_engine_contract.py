"""What every engine must do, as sets and relations: never exact scores."""

from __future__ import annotations

import inspect
import io
import os
import pkgutil
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.cluster.nodes import Nodes
from casebook.errors import EngineMissing, SearchError, SearchTimeout
from casebook.service_settings import OpenSearchSettings
from search.analysis import FIELDS, WeightedTerm
from search.engines import CLUSTER, EMBEDDED, ENGINES, get_engine
from search.engines.base import Engine, Entry, Hits, Index, Query
from search.engines.fallback import GuardedIndex

ROOT = Path(__file__).parents[2]
WEIGHTS = {"names": 2.0, "text": 1.0}
SUBJECTS = (("资费", "资费/流量"), ("宽带", "宽带/故障"), ("资费", "资费/充值 与 欠费"))
SPACES = [chr(code) for code in range(sys.maxunicode) if chr(code).isspace()]
ODD = (
    "*",
    "?",
    "a AND b",
    "NOT",
    "[a TO z]",
    "names:甲",
    "甲~2",
    "甲^9",
    "(((",
    '"未闭合',
    "'",
    "\\",
    "a\\b",
    "-甲",
    "+甲",
    "..",
    "%s",
    "\u200b",
    "\ufeff",
    "é",
    "e\u0301",
    "İ",
    "🀄️",
    "\U00020000",
    "\u202e逆",
    "a\tb",
    "\u00a0",
    "\u2028",
    "\x00",
    "\x00甲",
    "甲" * 5000,
    "乙" * 60_000,
    "z" * 60_000,
    "\ue000\ue001",
    *(f"甲{space}乙" for space in SPACES if space != "\n"),
)


def entry(
    name: str, names: str = "标题 其余", text: str = "", **keywords: tuple[str, ...]
) -> tuple[str, Entry]:
    return name, Entry(0, 0, {"names": names.split(), "text": text.split()}, keywords)


RELATIONS = (
    entry("both-terms", text="漫游 停机 其他 其他"),
    entry("one-term", text="漫游 其他 其他 其他"),
    entry("rare", text="稀有 填充 填充 填充"),
    entry("common-1", text="常见 填充 填充 填充"),
    entry("common-2", text="常见 填充 填充 填充"),
    entry("common-3", text="常见 填充 填充 填充"),
    entry("in-names", names="发票", text="别的"),
    entry("in-text", names="别的", text="发票"),
    entry("left", text="左边 填充"),
    entry("right", text="右边 填充"),
    entry("short", text="套餐 填充"),
    entry("long", text="套餐" + " 填充" * 60),
    entry("often", text="流量 流量 流量 填充"),
    entry("once", text="流量 填充 填充 填充"),
)
FILTERED = tuple(
    entry(
        f"filtered-{number}",
        text="筛选",
        kind=("faq" if number % 2 else "case",),
        category=SUBJECTS[number % 3],
        level=("投诉",) if number % 4 == 0 else (),
        customer_type=("有社会背景或宣传能力", "固执己见") if number % 5 == 0 else ("正义感",),
    )
    for number in (7, 3, 9, 1, 5, 0, 2, 8, 4, 6)
)
TIED = tuple(entry(f"tied-{letter}", names="同分", text="同分") for letter in "dbfaec")
_NAMED = dict((*RELATIONS, *FILTERED, *TIED))
# Numbers are in the order of names; a document's number is another one than its entry's.
NAMES = sorted(_NAMED)
NUMBERS = {name: number for number, name in enumerate(NAMES)}
ENTRIES = tuple(
    replace(_NAMED[name], number=number, document=1000 - number) for name, number in NUMBERS.items()
)


def ask(
    *terms: str | tuple[str, float],
    fields: Mapping[str, float] = WEIGHTS,
    filters: Mapping[str, tuple[str, ...]] | None = None,
    among: tuple[int, ...] | None = None,
    limit: int = 100,
    deadline: float | None = None,
) -> Query:
    weighted = tuple(
        WeightedTerm(name, text, weight * times)
        for text, weight in (term if isinstance(term, tuple) else (term, 1.0) for term in terms)
        for name, times in fields.items()
    )
    return Query(weighted, filters or {}, among, limit, deadline)


@dataclass(frozen=True)
class Watched(Query):
    """A query that counts how often an engine looks at the clock, and is late from some look on."""

    late: int = sys.maxsize
    looks: list[None] = field(default_factory=list)

    def check_deadline(self) -> None:
        self.looks.append(None)
        if len(self.looks) >= self.late:
            raise SearchTimeout("检索超时")


def watched(query: Query, late: int = sys.maxsize) -> Watched:
    return Watched(**{**vars(query), "late": late})


def ids(hits: Hits) -> list[str]:
    return [NAMES[number] for number, _ in hits]


def numbers(hits: Hits) -> list[int]:
    return [number for number, _ in hits]


def built(engine: Engine, folder: Path, entries: Iterable[Entry]) -> Path:
    folder.mkdir(parents=True)
    engine.build(folder, iter(entries))
    return folder


def updated(
    engine: Engine, old: Path, folder: Path, removed: Iterable[int], entries: Iterable[Entry]
) -> Path:
    folder.mkdir(parents=True)
    engine.update(old, folder, iter(removed), iter(entries))
    return folder


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in files_of(folder)}


# Where processes that tests start find the nodes.
NODES = "CASEBOOK_TEST_NODES"
ON_NODES = pytest.param(CLUSTER, marks=pytest.mark.xdist_group(CLUSTER))


def engine_of(name: str) -> Engine:
    hosts = os.environ.get(NODES, "http://127.0.0.1:9").split(",")
    values = {"hosts": hosts, "prefix": "contract", "replicas": 0, "timeout_ms": 10_000}
    return get_engine(name, OpenSearchSettings.model_validate(values))


@pytest.fixture(scope="module")
def on_nodes(nodes: Nodes) -> Iterator[None]:
    """Nodes to build on; what was built is removed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(NODES, ",".join(nodes.hosts))
        yield
    nodes.ask("/contract-*", "DELETE")


@pytest.fixture(scope="module", params=[*EMBEDDED, ON_NODES])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == CLUSTER:
        request.getfixturevalue("on_nodes")
    return engine_of(request.param)


# Where no answer of the cluster is waited for, or it has none.
SUBSTITUTED = ("Deadline", "test_ten_thousand_terms")


@pytest.fixture(autouse=True)
def _the_cluster_answers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the substitute does has its own tests."""

    def refuse(*_: object) -> None:
        pytest.fail("the substitute answered")

    if not any(name in request.node.nodeid for name in SUBSTITUTED):
        monkeypatch.setattr(GuardedIndex, "_instead", refuse)


@pytest.fixture(scope="module")
def folder(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(engine, tmp_path_factory.mktemp("contract") / "index", ENTRIES)


@pytest.fixture(scope="module")
def index(engine: Engine, folder: Path) -> Iterator[Index]:
    with engine.open(folder) as opened:
        yield opened


def crowd(number: int) -> tuple[Entry, ...]:
    """Entries that nearly every term finds, so that a query takes much longer than its limit."""
    chosen = random.Random(7)
    words = [f"词{one}" for one in range(60)]
    return tuple(
        Entry(
            one,
            one,
            {"names": chosen.sample(words, 5), "text": chosen.sample(words, 40)},
            {"kind": ("faq",)},
        )
        for one in range(number)
    )


# Whoosh reads up to 5,000 entries in another way than more.
@pytest.fixture(scope="module")
def large(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    path = built(engine, tmp_path_factory.mktemp("large") / "index", crowd(5200))
    with engine.open(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def odd(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An entry for each odd term."""
    entries = (Entry(n, n, {"text": [term], "sound": ["别的"]}) for n, term in enumerate(ODD))
    with engine.open(built(engine, tmp_path_factory.mktemp("odd") / "index", entries)) as one:
        yield one


@pytest.fixture(
    scope="module",
    params=["embedded", ON_NODES],
)
def indexes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Index]]:
    if request.param == CLUSTER:
        request.getfixturevalue("on_nodes")
    folder = tmp_path_factory.mktemp("agreement")
    opened = {
        name: engine_of(name).open(built(engine_of(name), folder / name, ENTRIES))
        for name in (("memory", CLUSTER) if request.param == CLUSTER else EMBEDDED)
    }
    yield opened
    for one in opened.values():
        one.close()


class TestRanking:
    def test_a_term_finds_the_entries_that_hold_it(self, index: Index) -> None:
        assert set(ids(index.search(ask("漫游")))) == {"both-terms", "one-term"}

    def test_several_terms_find_what_holds_any_of_them(self, index: Index) -> None:
        found = index.search(ask("漫游", "稀有", "没有的词"))
        assert sorted(ids(found)) == ["both-terms", "one-term", "rare"]

    @pytest.mark.parametrize(
        ("query", "better", "worse"),
        [
            pytest.param(ask("漫游", "停机"), "both-terms", "one-term", id="more terms"),
            pytest.param(ask("稀有", "常见"), "rare", "common-1", id="rarer term"),
            pytest.param(ask("发票"), "in-names", "in-text", id="names"),
            pytest.param(
                ask("发票", fields={"names": 1.0, "text": 9.0}),
                "in-text",
                "in-names",
                id="weights of fields",
            ),
            pytest.param(ask(("左边", 2.0), "右边"), "left", "right", id="weight of left term"),
            pytest.param(ask("左边", ("右边", 2.0)), "right", "left", id="weight of right term"),
            pytest.param(ask("套餐"), "short", "long", id="shorter field"),
            pytest.param(ask("流量"), "often", "once", id="more often"),
        ],
    )
    def test_what_fits_better_comes_first(
        self, index: Index, query: Query, better: str, worse: str
    ) -> None:
        found = index.search(query)
        assert ids(found).index(better) < ids(found).index(worse)
        scores = dict(found)
        assert scores[NUMBERS[better]] > scores[NUMBERS[worse]] > 0

    @pytest.mark.parametrize("times", [0.25, 3.0])
    def test_a_score_is_in_proportion_to_the_weight(self, index: Index, times: float) -> None:
        one, other = index.search(ask("漫游")), index.search(ask(("漫游", times)))
        assert dict(other) == pytest.approx({n: times * score for n, score in one})

    def test_a_score_is_the_sum_of_its_terms(self, index: Index) -> None:
        parts = [dict(index.search(ask(term))) for term in ("漫游", "停机")]
        for number, score in index.search(ask("漫游", "停机")):
            assert score == pytest.approx(sum(part.get(number, 0.0) for part in parts))

    @pytest.mark.parametrize("name", FIELDS)
    def test_a_term_in_one_field_is_none_in_another(
        self, engine: Engine, tmp_path: Path, name: str
    ) -> None:
        entries = (Entry(n, n, {other: ["甲", "乙"]}) for n, other in enumerate(FIELDS))
        with engine.open(built(engine, tmp_path / "index", entries)) as opened:
            assert numbers(opened.search(ask("甲", fields={name: 1.0}))) == [FIELDS.index(name)]
            assert set(numbers(opened.search(ask("甲", fields=dict.fromkeys(FIELDS, 1.0))))) == {
                *range(len(FIELDS))
            }

    def test_fields_that_are_not_named_do_not_count(self, index: Index) -> None:
        assert ids(index.search(ask("发票", fields={"names": 1.0}))) == ["in-names"]
        assert ids(index.search(ask("发票", fields={"text": 1.0}))) == ["in-text"]
        assert index.search(ask("发票", fields={"sound": 1.0, "initials": 1.0})) == ()

    def test_equal_scores_stand_in_the_order_of_numbers(self, index: Index) -> None:
        found = index.search(ask("同分"))
        assert ids(found) == [f"tied-{letter}" for letter in "abcdef"]
        assert len({score for _, score in found}) == 1

    # The other way round, so that an engine cannot be right by chance.
    def test_in_whatever_order_they_were_added(self, engine: Engine, tmp_path: Path) -> None:
        with engine.open(built(engine, tmp_path / "index", ENTRIES[::-1])) as opened:
            assert ids(opened.search(ask("同分"))) == [f"tied-{letter}" for letter in "abcdef"]

    @pytest.mark.parametrize("limit", range(1, 8))
    def test_a_limit_keeps_the_best(self, index: Index, limit: int) -> None:
        for terms in ("同分",), ("漫游", "停机"), ("套餐", "流量", "稀有", "常见"):
            assert index.search(ask(*terms, limit=limit)) == index.search(ask(*terms))[:limit]

    @pytest.mark.parametrize("terms", [(), ("没有的词",), ("",), ("漫",), ("漫游漫游",)])
    @pytest.mark.parametrize("filters", [{}, {"kind": ("faq",)}])
    @pytest.mark.parametrize("among", [None, (), tuple(range(10))])
    def test_nothing_is_found_without_a_known_term(
        self,
        index: Index,
        terms: tuple[str, ...],
        filters: dict[str, tuple[str, ...]],
        among: tuple[int, ...] | None,
    ) -> None:
        assert index.search(ask(*terms, filters=filters, among=among)) == ()

    def test_all_entries_are_counted(self, index: Index) -> None:
        assert index.count() == len(ENTRIES)

    def test_an_index_of_nothing_finds_nothing(self, engine: Engine, tmp_path: Path) -> None:
        with engine.open(built(engine, tmp_path / "index", ())) as opened:
            assert opened.count() == 0
            assert opened.search(ask("漫游")) == ()

    @pytest.mark.parametrize("number", [0, 1, 2**31, 2**32 - 1])
    def test_numbers_may_be_anything_below_two_to_the_32nd(
        self, engine: Engine, tmp_path: Path, number: int
    ) -> None:
        one = (Entry(number, 2**32 - 1 - number, {"text": ["甲"]}),)
        with engine.open(built(engine, tmp_path / "index", one)) as opened:
            for among in None, (number,):
                assert numbers(opened.search(ask("甲", among=among))) == [number]


# Whoever cuts ties by where they stand in the files needs entries in the order of their numbers,
# and puts what a large update added before what a small one did.
CUTS_TIES_ELSEWHERE = ("tantivy",)


class TestCutTies:
    """Which of several entries with equal scores a limit keeps: those with the lowest numbers."""

    @pytest.fixture(autouse=True)
    def _known_gap(self, request: pytest.FixtureRequest, engine: Engine) -> None:
        if engine.name in CUTS_TIES_ELSEWHERE:
            reason = "cuts ties in the order of its segments and of adding"
            request.applymarker(pytest.mark.xfail(strict=True, reason=reason))

    def test_added_backwards(self, engine: Engine, tmp_path: Path) -> None:
        with engine.open(built(engine, tmp_path / "index", ENTRIES[::-1])) as opened:
            assert ids(opened.search(ask("同分", limit=2))) == ["tied-a", "tied-b"]

    def test_a_large_update_after_a_small_one(self, engine: Engine, tmp_path: Path) -> None:
        def tied(*chosen: int) -> tuple[Entry, ...]:
            return tuple(Entry(n, n, {"text": ["同分"]}) for n in chosen)

        first = built(engine, tmp_path / "first", tied(0))
        second = updated(engine, first, tmp_path / "second", (), tied(*range(1, 9)))
        with engine.open(second) as opened:
            assert numbers(opened.search(ask("同分", limit=3))) == [0, 1, 2]


class TestFilters:
    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({"kind": ("faq",)}, {1, 3, 5, 7, 9}),
            ({"kind": ("faq", "case")}, set(range(10))),
            ({"kind": ("faq", "nothing")}, {1, 3, 5, 7, 9}),
            ({"kind": ("nothing",)}, set()),
            ({"kind": ()}, set()),
            ({"kind": ("fa",)}, set()),
            ({"kind": ("FAQ",)}, set()),
            ({"category": ("资费",)}, {0, 2, 3, 5, 6, 8, 9}),
            ({"category": ("资费/流量",)}, {0, 3, 6, 9}),
            ({"category": ("资费/充值 与 欠费",)}, {2, 5, 8}),
            ({"category": ("充值",)}, set()),
            ({"category": ("资费/流量", "宽带")}, {0, 1, 3, 4, 6, 7, 9}),
            ({"kind": ("faq",), "category": ("宽带/故障",)}, {1, 7}),
            ({"kind": ("case",), "category": ("资费",), "level": ("投诉",)}, {0, 8}),
            ({"level": ("投诉",)}, {0, 4, 8}),
            ({"customer_type": ("有社会背景或宣传能力",)}, {0, 5}),
            ({"customer_type": ("有社会背景或宣传能力", "正义感")}, set(range(10))),
            ({"category": ("资费\n宽带",)}, set()),
            ({"category": ("*",)}, set()),
            ({"category": ("\ud800",)}, set()),
            ({"category": ("\ud800", "宽带")}, {1, 4, 7}),
            ({"category": ("",)}, set()),
            ({"category": ("资费" * 50_000,)}, set()),
        ],
    )
    def test_any_value_of_a_name_and_every_name(
        self, index: Index, filters: dict[str, tuple[str, ...]], expected: set[int]
    ) -> None:
        found = index.search(ask("筛选", filters=filters))
        assert sorted(ids(found)) == [f"filtered-{number}" for number in sorted(expected)]

    def test_a_filter_adds_nothing_to_what_terms_find(self, index: Index) -> None:
        assert index.search(ask("漫游", filters={"kind": ("faq", "case")})) == ()

    def test_filters_do_not_change_scores(self, index: Index) -> None:
        free = dict(index.search(ask("筛选")))
        kept = dict(index.search(ask("筛选", filters={"kind": ("faq",)})))
        assert kept == pytest.approx({number: free[number] for number in kept})


class TestAmong:
    @pytest.mark.parametrize(
        ("among", "expected"),
        [
            (None, {"both-terms", "one-term"}),
            ((), set()),
            (("both-terms",), {"both-terms"}),
            (("one-term", "rare"), {"one-term"}),
            (("rare",), set()),
            (tuple(NAMES), {"both-terms", "one-term"}),
        ],
    )
    def test_only_these_may_be_found(
        self, index: Index, among: tuple[str, ...] | None, expected: set[str]
    ) -> None:
        chosen = None if among is None else tuple(NUMBERS[name] for name in among)
        assert set(ids(index.search(ask("漫游", among=chosen)))) == expected

    def test_numbers_that_are_not_there_do_no_harm(self, index: Index) -> None:
        among = (NUMBERS["one-term"], len(NAMES), 999, 2**32 - 1)
        assert ids(index.search(ask("漫游", among=among))) == ["one-term"]

    def test_it_is_the_entry_that_is_meant_not_its_document(self, index: Index) -> None:
        documents = tuple(one.document for one in ENTRIES)
        assert index.search(ask("漫游", among=documents)) == ()

    def test_among_does_not_change_scores(self, index: Index) -> None:
        free = dict(index.search(ask("漫游", "停机")))
        for number, score in free.items():
            (kept,) = index.search(ask("漫游", "停机", among=(number,)))
            assert kept == (number, pytest.approx(score))

    def test_among_filters_and_limit_together(self, index: Index) -> None:
        among = tuple(NUMBERS[f"filtered-{number}"] for number in (9, 8, 7, 6, 3))
        asked = ask("筛选", filters={"kind": ("faq",)}, among=among)
        found = index.search(asked)
        assert set(ids(found)) == {"filtered-3", "filtered-7", "filtered-9"}
        assert index.search(replace(asked, limit=2)) == found[:2]


class TestHostileTerms:
    @pytest.mark.parametrize("number", range(len(ODD)))
    def test_an_odd_term_finds_itself_and_nothing_else(self, odd: Index, number: int) -> None:
        assert numbers(odd.search(ask(ODD[number]))) == [number]

    @pytest.mark.parametrize("term", [*ODD, "\ud800", "甲\udfff乙", "漫*", "漫游~", "/漫.*/"])
    def test_an_odd_term_is_no_query_language(self, index: Index, term: str) -> None:
        assert index.search(ask(term)) == ()
        assert set(ids(index.search(ask(term, "漫游")))) == {"both-terms", "one-term"}

    def test_all_kinds_of_white_space_were_tried(self) -> None:
        assert len(SPACES) > 25
        assert {"\t", "\x1c", "\x85", "\u00a0", "\u1680", "\u2028", "\u3000"} <= set(SPACES)

    def test_ten_thousand_terms_find_what_one_does(self, index: Index) -> None:
        terms = [f"词{number}" for number in range(9_999)]
        found = index.search(ask(*terms[:5_000], "漫游", *terms[5_000:]))
        assert set(ids(found)) == {"both-terms", "one-term"}


def test_a_filter_that_all_entries_pass_changes_nothing_in_a_large_index(
    engine: Engine, tmp_path: Path
) -> None:
    chosen = random.Random(3)
    words = [f"词{one}" for one in range(2000)]
    entries = tuple(
        Entry(one, one, {"text": chosen.choices(words, k=6)}, {"kind": ("faq",)})
        for one in range(24_000)
    )
    asked = chosen.sample(words, 20)
    with engine.open(built(engine, tmp_path / "large", entries)) as index:
        free = index.search(ask(*asked, limit=50))
        assert index.search(ask(*asked, limit=50, filters={"kind": ("faq",)})) == free


# How often an engine looks at the clock at least while it works on a large query. Native code
# cannot be stopped on its way, nor can a cluster: it looks before and after.
LOOKS = {"memory": 60, "tantivy": 2, "whoosh": 60, "opensearch": 2}


class TestDeadline:
    EVERYTHING = tuple(f"词{number}" for number in range(60))

    @pytest.mark.parametrize("terms", [("漫游",), ("没有的词",), ()])
    def test_a_deadline_that_has_passed_gives_nothing(
        self, index: Index, terms: tuple[str, ...]
    ) -> None:
        with pytest.raises(SearchTimeout):
            index.search(ask(*terms, deadline=time.monotonic() - 1))

    def test_a_deadline_far_off_changes_nothing(self, index: Index) -> None:
        asked = ask("漫游", deadline=time.monotonic() + 60)
        assert index.search(asked) == index.search(ask("漫游"))

    @pytest.mark.parametrize(
        "filters", [{}, {"kind": ("faq",)}, {"kind": ("nothing",)}], ids=["free", "all", "none"]
    )
    def test_a_deadline_holds_in_a_worker_thread(
        self, large: Index, filters: dict[str, tuple[str, ...]]
    ) -> None:
        def late() -> float:
            """How late the query came back, as a share of what it may be."""
            until = time.monotonic() + 0.05
            allowed = 0.02
            try:
                large.search(ask(*self.EVERYTHING, filters=filters, deadline=until))
            except SearchTimeout:
                allowed = 0.25
            return (time.monotonic() - until) / allowed

        # Of several tries one at least: the machine may stop for a while, not each time.
        with ThreadPoolExecutor(1) as pool:
            assert min(pool.submit(late).result() for _ in range(3)) < 1

    @pytest.mark.parametrize("kind", ["faq", "nothing"])
    def test_whenever_the_deadline_passes_there_is_no_answer(
        self, large: Index, engine: Engine, kind: str
    ) -> None:
        asked = ask(*self.EVERYTHING, filters={"kind": (kind,)})
        whole = watched(asked)
        large.search(whole)
        looks = len(whole.looks)
        assert looks >= (2 if kind == "nothing" else LOOKS[engine.name])
        for late in sorted({1, 2, looks // 2, looks - 1, looks} - {0}):
            query = watched(asked, late)
            with pytest.raises(SearchTimeout):
                large.search(query)
            assert len(query.looks) == late


class TestUpdate:
    """Documents of several entries, in an index that differs from another."""

    FIRST = tuple(
        Entry(
            number,
            number // 3,
            {"names": ["都有", f"篇{number // 3}"], "text": [f"段{number}"]},
            {"kind": ("faq" if number % 2 else "case",)},
        )
        for number in range(12)
    )
    SECOND = (
        Entry(12, 4, {"names": ["都有", "篇1"], "text": ["改过"]}, {"kind": ("case",)}),
        Entry(13, 4, {"names": ["都有"], "sound": ["改过"]}, {"kind": ("policy",)}),
    )

    @pytest.fixture(scope="class")
    @classmethod
    def first(cls, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
        return built(engine, tmp_path_factory.mktemp("update") / "first", cls.FIRST)

    @staticmethod
    def everything(engine: Engine, folder: Path) -> set[int]:
        """The numbers of all entries, which the count must agree with."""
        with engine.open(folder) as opened:
            found = numbers(opened.search(ask("都有", limit=1000)))
            assert opened.count() == len(found) == len(set(found))
            return set(found)

    def test_removed_is_gone_added_is_found_the_rest_stays(
        self, engine: Engine, first: Path, tmp_path: Path
    ) -> None:
        second = updated(engine, first, tmp_path / "second", [1], self.SECOND)
        assert self.everything(engine, second) == {*range(3), *range(6, 14)}
        with engine.open(second) as opened:
            for number in range(12):
                expected = [] if number in (3, 4, 5) else [number]
                assert numbers(opened.search(ask(f"段{number}"))) == expected
            assert numbers(opened.search(ask("篇1"))) == [12]
            assert numbers(opened.search(ask("改过"))) == [12]
            assert numbers(opened.search(ask("改过", fields={"sound": 1.0}))) == [13]
            assert numbers(opened.search(ask("都有", filters={"kind": ("policy",)}))) == [13]
            assert numbers(opened.search(ask("都有", among=(3, 12)))) == [12]

    def test_the_old_index_stays_as_it_was(
        self, engine: Engine, first: Path, tmp_path: Path
    ) -> None:
        before = contents(first)
        with engine.open(first) as old:
            answers = old.search(ask("都有", "篇1"))
            second = updated(engine, first, tmp_path / "second", [0, 1], self.SECOND)
            with engine.open(second) as opened:
                assert opened.search(ask("篇1")) != old.search(ask("篇1"))
            assert old.search(ask("都有", "篇1")) == answers
        assert contents(first) == before
        with engine.open(first) as again:
            assert again.search(ask("都有", "篇1")) == answers
        shutil.rmtree(second)
        assert contents(first) == before

    def test_the_new_index_does_without_the_old_one(
        self, engine: Engine, first: Path, tmp_path: Path
    ) -> None:
        old = tmp_path / "old"
        shutil.copytree(first, old)
        second = updated(engine, old, tmp_path / "second", [1], self.SECOND)
        shutil.rmtree(old)
        assert self.everything(engine, second) == {*range(3), *range(6, 14)}

    @pytest.mark.parametrize(
        ("removed", "added", "expected"),
        [
            pytest.param([], (), set(range(12)), id="nothing"),
            pytest.param([99, 2**32 - 1], (), set(range(12)), id="a number that is not there"),
            pytest.param([0, 1, 2, 3], (), set(), id="everything"),
            pytest.param([0, 1, 2, 3], SECOND, {12, 13}, id="everything for something else"),
            pytest.param([3, 2], (), set(range(6)), id="out of order"),
            pytest.param([2, 2], (), {*range(6), 9, 10, 11}, id="twice"),
            pytest.param([], SECOND, set(range(14)), id="only added"),
            pytest.param([4], SECOND, set(range(14)), id="what is added is not removed"),
        ],
    )
    def test_what_is_left(
        self,
        engine: Engine,
        first: Path,
        tmp_path: Path,
        removed: list[int],
        added: tuple[Entry, ...],
        expected: set[int],
    ) -> None:
        second = updated(engine, first, tmp_path / "second", removed, added)
        assert self.everything(engine, second) == expected
        third = updated(
            engine, second, tmp_path / "third", [], [Entry(50, 50, {"names": ["都有"]})]
        )
        assert self.everything(engine, third) == {*expected, 50}

    @pytest.mark.parametrize("start", [0, 40])
    def test_a_long_series_of_updates_harms_none_before(
        self, engine: Engine, tmp_path: Path, start: int
    ) -> None:
        chosen = random.Random(start)

        def new(document: int) -> list[Entry]:
            terms = {"names": ["都有", f"篇{document}"]}
            return [Entry(document * 4 + n, document, terms) for n in range(chosen.randint(1, 4))]

        held = {document: new(document) for document in range(start)}
        made = [(built(engine, tmp_path / "00", chain.from_iterable(held.values())), dict(held))]
        for number in range(1, 5 if engine.name == CLUSTER else 16):
            removed = chosen.sample(sorted(held), min(len(held), chosen.randrange(4)))
            added = {start + number * 5 + one: [] for one in range(chosen.randrange(5))}
            added = {document: new(document) for document in added}
            held = {d: entries for d, entries in held.items() if d not in removed} | added
            folder = tmp_path / f"{number:02}"
            entries = chain.from_iterable(added.values())
            made.append((updated(engine, made[-1][0], folder, removed, entries), dict(held)))
        for folder, expected in made:
            assert self.everything(engine, folder) == {
                one.number for entries in expected.values() for one in entries
            }
            with engine.open(folder) as opened:
                for document in range(start + 80):
                    found = set(numbers(opened.search(ask(f"篇{document}"))))
                    assert found == {one.number for one in expected.get(document, [])}

    def test_ranking_goes_by_what_is_there_now(
        self, engine: Engine, first: Path, tmp_path: Path
    ) -> None:
        more = [Entry(n, n, {"names": ["都有", "稀有"], "text": []}) for n in range(20, 60)]
        more.append(Entry(60, 60, {"names": ["都有", "篇0"], "text": []}))
        with engine.open(updated(engine, first, tmp_path / "second", [1], more)) as opened:
            found = numbers(opened.search(ask("稀有", "篇0")))
            assert set(found) == {0, 1, 2, *range(20, 61)}
            assert set(found[:4]) == {0, 1, 2, 60}

    def test_an_old_index_that_is_not_there_is_an_error(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        (tmp_path / "empty").mkdir()
        for number, old in enumerate((tmp_path / "missing", tmp_path / "empty")):
            with pytest.raises(SearchError):
                updated(engine, old, tmp_path / f"new-{number}", [1], self.SECOND)


class TestFiles:
    def test_reopening_keeps_the_data(self, engine: Engine, folder: Path, index: Index) -> None:
        with engine.open(folder) as again:
            assert again.count() == index.count()
            for terms in ("漫游", "停机"), ("稀有", "常见"), ("同分",):
                assert again.search(ask(*terms)) == index.search(ask(*terms))

    def test_building_again_gives_the_same_answers(
        self, engine: Engine, index: Index, tmp_path: Path
    ) -> None:
        backwards = built(engine, tmp_path / "index", ENTRIES[::-1])
        with engine.open(backwards) as again:
            for terms in ("漫游", "停机"), ("稀有", "常见"), ("同分",):
                assert again.search(ask(*terms)) == index.search(ask(*terms))

    def test_reading_changes_nothing(self, engine: Engine, folder: Path) -> None:
        before = contents(folder)
        with engine.open(folder) as opened:
            opened.search(ask("漫游"))
            assert contents(folder) == before
        assert contents(folder) == before

    def test_closing_twice_is_no_fault(self, engine: Engine, folder: Path) -> None:
        opened = engine.open(folder)
        opened.close()
        opened.close()

    def test_an_empty_or_missing_folder_is_an_error(self, engine: Engine, tmp_path: Path) -> None:
        for path in (tmp_path, tmp_path / "missing"):
            with pytest.raises(SearchError):
                engine.open(path)

    @pytest.mark.parametrize("part", range(2))
    def test_damage_raises_nothing_but_search_errors(
        self, engine: Engine, folder: Path, tmp_path: Path, part: int
    ) -> None:
        tried = _tried(engine, folder, tmp_path, "damaged", part)
        assert len(tried) == _DAMAGED
        assert tried.count("refused") > 5
        assert set(tried) <= {"refused", "read", *_allowed(engine)}

    def test_a_deleted_file_is_an_error(self, engine: Engine, folder: Path, tmp_path: Path) -> None:
        tried = _tried(engine, folder, tmp_path, "without")
        assert tried
        assert set(tried) == {"refused"}

    def test_an_emptied_file_is_refused_or_seen_in_the_count(
        self, engine: Engine, folder: Path, tmp_path: Path
    ) -> None:
        tried = _tried(engine, folder, tmp_path, "emptied")
        assert len(tried) == len(files_of(folder))
        assert set(tried) <= {"refused", "read"}

    def test_updating_what_is_damaged_raises_nothing_but_search_errors(
        self, engine: Engine, folder: Path, tmp_path: Path
    ) -> None:
        tried = _tried(engine, folder, tmp_path, "damaged_then_updated")
        assert len(tried) == _updates(engine)
        assert tried.count("refused") > 2
        assert set(tried) <= {"refused", "read", *_allowed(engine)}


# Native code may end the process at a damaged byte, as when it asks for more memory than there is.
# Such engines get nothing but folders whose checksums were verified; test_generations shows that.
MAY_END = ("tantivy", "opensearch")
# How many damaged indexes are opened; after each that ends the process another one is started.
_DAMAGED = 40
# What an engine writes only to lock others out; without them it reads as before.
LOCKS = (".tantivy-writer.lock", ".tantivy-meta.lock", ".managed.json", "MAIN_WRITELOCK")


def _updates(engine: Engine) -> int:
    """How many updates of damaged indexes are tried; in a cluster each takes a while."""
    return 8 if engine.name == CLUSTER else 30


def _allowed(engine: Engine) -> tuple[str, ...]:
    return ("ended",) if engine.name in MAY_END else ()


def _tried(engine: Engine, folder: Path, work: Path, cases: str, part: int = 0) -> list[str]:
    """What became of each case: read, refused, wrong; or ended, when the process did."""
    found: list[str] = []
    while True:
        copies = work / f"from-{len(found)}"
        copies.mkdir()
        arguments = (engine.name, folder, copies, cases, str(part), str(len(found)))
        ended = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _CHILD, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
            timeout=300,
        )
        found += ended.stdout.split()
        if ended.returncode == 0:
            return found
        assert ended.returncode in (-signal.SIGABRT, -signal.SIGBUS, -signal.SIGSEGV), ended.stderr
        found.append("ended")


_CHILD = """
import sys
from tests.search.test_engine_contract import run_cases
run_cases(*sys.argv[1:])
"""


def run_cases(name: str, folder: str, work: str, cases: str, part: str, start: str) -> None:
    """Says of each case from some number on what became of it; other errors end the process."""
    engine = engine_of(name)
    works = CASES[cases](engine, Path(folder), Path(work), random.Random(int(part)))
    for number, case in enumerate(works):
        if number >= int(start):
            try:
                said = "wrong" if case() is False else "read"
            except SearchError:
                said = "refused"
            sys.stdout.write(f"{said}\n")
            sys.stdout.flush()


# Which bytes matter is for the generation's checksums to know; an engine that is handed damage may
# miss it, but it must never fail in a way that its callers do not expect.
def _damaged(engine: Engine, folder: Path, work: Path, chosen: random.Random) -> Iterator[Case]:
    files = [path for path in files_of(folder) if path.stat().st_size]
    for number in range(_DAMAGED):
        copy = _copy(folder, work / str(number))
        _damage(copy / files[number % len(files)].relative_to(folder), chosen)
        yield partial(_read, engine, copy)


def _without(engine: Engine, folder: Path, work: Path, _: random.Random) -> Iterator[Case]:
    for file in _needed(folder):
        copy = _copy(folder, work / file.name)
        (copy / file.relative_to(folder)).unlink()
        yield partial(_read, engine, copy)


def _emptied(engine: Engine, folder: Path, work: Path, _: random.Random) -> Iterator[Case]:
    with engine.open(folder) as index:
        for file in files_of(folder):
            copy = _copy(folder, work / file.name)
            (copy / file.relative_to(folder)).write_bytes(b"")
            yield partial(_right_or_refused, engine, copy, index)


def _damaged_then_updated(
    engine: Engine, folder: Path, work: Path, chosen: random.Random
) -> Iterator[Case]:
    files = _needed(folder)
    for number in range(_updates(engine)):
        copy = _copy(folder, work / str(number))
        _damage(copy / files[number % len(files)].relative_to(folder), chosen)
        yield partial(_update_and_read, engine, copy, work / f"new-{number}")


Case = Callable[[], object]
CASES: Mapping[str, Callable[[Engine, Path, Path, random.Random], Iterator[Case]]] = {
    "damaged": _damaged,
    "without": _without,
    "emptied": _emptied,
    "damaged_then_updated": _damaged_then_updated,
}


def _needed(folder: Path) -> list[Path]:
    return [p for p in files_of(folder) if p.stat().st_size and p.name not in LOCKS]


def _copy(folder: Path, copy: Path) -> Path:
    return Path(shutil.copytree(folder, copy))


def _update_and_read(engine: Engine, old: Path, new: Path) -> None:
    updated(engine, old, new, range(990, 1000), [Entry(500, 500, {"text": ["漫游"]})])
    _read(engine, new)


def _damage(file: Path, chosen: random.Random) -> None:
    content = bytearray(file.read_bytes())
    place = chosen.randrange(len(content))
    kind = chosen.choice(("flip", "flip", "cut", "zeros"))
    if kind == "flip":
        content[place] ^= 1 << chosen.randrange(8)
    elif kind == "cut":
        del content[place:]
    else:
        content[place : place + 64] = bytes(len(content[place : place + 64]))
    file.write_bytes(content)


def _read(engine: Engine, folder: Path) -> Hits:
    with engine.open(folder) as opened:
        opened.count()
        query = ask("漫游", "筛选", "同分", filters={"kind": ("faq", "case")})
        if isinstance(opened, GuardedIndex):
            opened._instead(query)
        return opened.search(query)


def _right_or_refused(engine: Engine, folder: Path, index: Index) -> bool:
    with engine.open(folder) as opened:
        other = opened.count() != index.count()
        return other or opened.search(ask("漫游")) == index.search(ask("漫游"))


class TestThreads:
    @pytest.fixture(autouse=True)
    def _switch_often(self) -> Iterator[None]:
        """Makes threads change places all the time, so that what they share shows."""
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        yield
        sys.setswitchinterval(before)

    def test_eight_threads_find_what_one_does(self, large: Index) -> None:
        queries = [
            ask(f"词{number}", f"词{number + 20}", filters=filters, among=among)
            for number in range(12)
            for filters in ({}, {"kind": ("faq",)})
            for among in (None, tuple(range(number, 5200, 100)))
        ]
        alone = [large.search(query) for query in queries]
        begin = threading.Barrier(8)

        def work(number: int) -> list[Hits]:
            begin.wait()
            turned = queries[number:] + queries[:number]
            return [large.search(query) for query in turned]

        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(work, range(8)))
        for number, found in enumerate(together):
            assert found == alone[number:] + alone[:number]


class TestAgreement:
    """Every engine finds what every other finds."""

    WORDS = sorted({term for one in ENTRIES for terms in one.terms.values() for term in terms})

    @settings(
        max_examples=50, deadline=None, suppress_health_check=[HealthCheck.differing_executors]
    )
    @given(
        terms=st.lists(st.sampled_from([*WORDS, "没有的词"]), max_size=6),
        fields=st.sampled_from([WEIGHTS, {"names": 1.0}, {"text": 1.0}, {"sound": 1.0}]),
        filters=st.dictionaries(
            st.sampled_from(["kind", "category", "level"]),
            st.lists(st.sampled_from(["faq", "case", "资费", "宽带", "投诉"]), max_size=2).map(
                tuple
            ),
            max_size=2,
        ),
        among=st.none() | st.sets(st.integers(0, len(NAMES))).map(tuple),
        limit=st.sampled_from([1, 3, 100]),
    )
    def test_all_engines_find_the_same(
        self,
        indexes: dict[str, Index],
        terms: list[str],
        fields: dict[str, float],
        filters: dict[str, tuple[str, ...]],
        among: tuple[int, ...] | None,
        limit: int,
    ) -> None:
        asked = ask(*terms, fields=fields, filters=filters, among=among)
        first, *others = (index.search(asked) for index in indexes.values())
        for other in others:
            assert set(numbers(other)) == set(numbers(first))
        for index in indexes.values():
            cut = index.search(replace(asked, limit=limit))
            assert len(cut) == min(limit, len(first))
            assert set(numbers(cut)) <= set(numbers(first))


class TestNoQueryLanguage:
    @pytest.mark.parametrize("name", ENGINES)
    def test_no_engine_touches_a_parser_or_an_analysis_of_its_library(self, name: str) -> None:
        source = Path(inspect.getfile(type(get_engine(name)))).read_text(encoding="utf-8")
        used = {
            token.string.lower()
            for token in tokenize.generate_tokens(io.StringIO(source).readline)
            if token.type == tokenize.NAME
        }
        assert "search" in used
        forbidden = ("parse", "qparser", "lenient", "regex_query", "fuzzy", "prefix", "wildcard")
        assert not [word for word in used for part in forbidden if part in word]


class TestRegistry:
    def test_every_engine_knows_its_name(self) -> None:
        assert {name: get_engine(name).name for name in ENGINES} == {n: n for n in ENGINES}

    def test_an_unknown_engine_lists_the_known_ones(self) -> None:
        with pytest.raises(EngineMissing) as caught:
            get_engine("lucene")
        known = "、".join(("auto", *ENGINES))
        assert str(caught.value) == (
            f"没有检索引擎“lucene”；casebook.toml 的 [search] engine 可以写：{known}。"
        )

    def test_a_missing_library_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(ENGINES, "absent", "no_such_library.engine:Absent")
        with pytest.raises(EngineMissing) as caught:
            get_engine("absent")
        assert str(caught.value) == (
            "检索引擎“absent”需要 Python 库 no_such_library，还没有安装；"
            "运行 pip install no_such_library。"
        )

    # The substitute of a cluster is Tantivy.
    @pytest.mark.parametrize(
        ("library", "package", "missing"),
        [
            ("tantivy", "tantivy", ["tantivy", "opensearch"]),
            ("whoosh", "whoosh-reloaded", ["whoosh"]),
            ("opensearchpy", "'casebook[opensearch]'", ["opensearch"]),
        ],
    )
    def test_without_its_library_an_engine_is_missing_and_the_others_work(
        self, monkeypatch: pytest.MonkeyPatch, library: str, package: str, missing: list[str]
    ) -> None:
        for module in [one for one in sys.modules if one.partition(".")[0] == library]:
            monkeypatch.delitem(sys.modules, module)
        monkeypatch.setitem(sys.modules, library, None)
        for other in (*ENGINES, "cluster"):
            monkeypatch.delitem(sys.modules, f"search.engines.{other}", raising=False)
        for name in missing:
            with pytest.raises(EngineMissing) as caught:
                get_engine(name)
            assert str(caught.value) == (
                f"检索引擎“{name}”需要 Python 库 {package}，还没有安装；"
                f"运行 pip install {package}。"
            )
        others = [name for name in ENGINES if name not in missing]
        assert [get_engine(name).name for name in others] == others


def _raised_by_whoosh() -> list[type[Exception]]:
    """Every exception that the library defines, and the built-in ones that damage leads to."""
    import whoosh

    found: set[type[Exception]] = set()
    for module in pkgutil.walk_packages(whoosh.__path__, "whoosh."):
        if module.name.startswith(("whoosh.support", "whoosh.lang", "whoosh.qparser")):
            continue
        try:
            loaded = import_module(module.name)
        except Exception:  # noqa: BLE001  (parts that need what is not installed)
            continue
        found.update(
            value
            for _, value in inspect.getmembers(loaded, inspect.isclass)
            if issubclass(value, Exception) and value.__module__.startswith("whoosh")
        )
    builtin = (
        AssertionError,
        AttributeError,
        EOFError,
        Exception,
        IndexError,
        KeyError,
        MemoryError,
        ModuleNotFoundError,
        OSError,
        OverflowError,
        RecursionError,
        TypeError,
        ValueError,
    )
    return [*sorted(found, key=lambda kind: (kind.__module__, kind.__name__)), *builtin]


class TestForeignErrors:
    @pytest.mark.parametrize("kind", _raised_by_whoosh(), ids=lambda kind: kind.__qualname__)
    @pytest.mark.parametrize("place", ["open", "search", "count"])
    def test_no_error_of_whoosh_escapes(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        kind: type[Exception],
        place: str,
    ) -> None:
        from whoosh.filedb.filestore import FileStorage
        from whoosh.searching import Searcher

        def fail(*_: object, **__: object) -> None:
            raise kind.__new__(kind)

        engine = get_engine("whoosh")
        path = built(engine, tmp_path / "index", ENTRIES[:2])
        with engine.open(path) as opened:
            monkeypatch.setattr(FileStorage, "open_index", fail)
            monkeypatch.setattr(Searcher, "search_with_collector", fail)
            monkeypatch.setattr(Searcher, "doc_count", fail)
            with pytest.raises(SearchError) as caught:
                if place == "open":
                    engine.open(path)
                elif place == "search":
                    opened.search(ask("漫游"))
                else:
                    opened.count()
        assert kind.__name__ in str(caught.value)

    def test_the_list_of_errors_is_not_empty(self) -> None:
        names = {kind.__name__ for kind in _raised_by_whoosh()}
        assert {"EmptyIndexError", "FileFormatError", "TermNotFound", "LockError"} <= names


class PanicException(BaseException):
    """As PyO3 has it: no ``Exception``, and known by its name only."""


class TestErrorsOfTantivy:
    KINDS = (ValueError, OSError, RuntimeError, TypeError, AttributeError, PanicException)
    PLACES = ("build", "update", "open", "search", "count")

    @staticmethod
    def work(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: object) -> None:
        """Does something with an engine whose library fails."""
        from search.engines import tantivy as module

        engine = get_engine("tantivy")
        path = built(engine, tmp_path / "index", ENTRIES[:2])
        with engine.open(path) as opened:
            monkeypatch.setattr(opened, "_searcher", _Failing(error))
            monkeypatch.setattr(module.tantivy, "Index", _Failing(error))
            (tmp_path / "new").mkdir()
            if place == "build":
                engine.build(tmp_path / "new", ())
            elif place == "update":
                engine.update(path, tmp_path / "new", (), ())
            elif place == "open":
                engine.open(path)
            elif place == "search":
                opened.search(ask("漫游"))
            else:
                opened.count()

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("place", PLACES)
    def test_no_error_of_tantivy_escapes(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        kind: type[BaseException],
        place: str,
    ) -> None:
        with pytest.raises(SearchError, match=r"^Tantivy 索引.*：range end index$"):
            self.work(place, tmp_path, monkeypatch, kind("range end index"))

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, SearchTimeout])
    def test_who_wants_to_stop_is_not_stopped(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]
    ) -> None:
        with pytest.raises(kind) as caught:
            self.work("search", tmp_path, monkeypatch, kind("stop"))
        assert type(caught.value) is kind


class _Failing:
    """Fails at whatever is asked of it."""

    def __init__(self, error: object) -> None:
        self._error = error

    def __call__(self, *_: object, **__: object) -> None:
        raise self._error  # type: ignore[misc]

    def __getattr__(self, _: str) -> None:
        raise self._error  # type: ignore[misc]
