"""What every engine must do, as sets and relations: never exact scores."""

from __future__ import annotations

import inspect
import pkgutil
import random
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casebook.errors import EngineMissing, SearchError, SearchTimeout
from search.analysis import WeightedTerm
from search.engines import ENGINES, get_engine
from search.engines.base import Engine, Entry, Found, Index, Query

WEIGHTS = {"heading": 2.0, "body": 1.0}
SUBJECTS = (("资费", "资费/流量"), ("宽带", "宽带/故障"), ("资费", "资费/充值 与 欠费"))
ODD = (
    "*",
    "?",
    "a AND b",
    "NOT",
    "[a TO z]",
    "heading:甲",
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
    "甲" * 5000,
)


def entry(
    name: str, heading: str = "标题 其余", body: str = "", **keywords: tuple[str, ...]
) -> Entry:
    return Entry(name, {"heading": heading.split(), "body": body.split()}, keywords)


RELATIONS = (
    entry("both-terms", body="漫游 停机 其他 其他"),
    entry("one-term", body="漫游 其他 其他 其他"),
    entry("rare", body="稀有 填充 填充 填充"),
    entry("common-1", body="常见 填充 填充 填充"),
    entry("common-2", body="常见 填充 填充 填充"),
    entry("common-3", body="常见 填充 填充 填充"),
    entry("in-heading", heading="发票", body="别的"),
    entry("in-body", heading="别的", body="发票"),
    entry("left", body="左边 填充"),
    entry("right", body="右边 填充"),
    entry("short", body="套餐 填充"),
    entry("long", body="套餐" + " 填充" * 60),
    entry("often", body="流量 流量 流量 填充"),
    entry("once", body="流量 填充 填充 填充"),
)
# Added out of the order of their ids, so that an engine cannot be right by chance.
FILTERED = tuple(
    entry(
        f"filtered-{number}",
        body="筛选",
        kind=("faq" if number % 2 else "case",),
        category=SUBJECTS[number % 3],
        level=("投诉",) if number % 4 == 0 else (),
        customer_type=("有社会背景或宣传能力", "固执己见") if number % 5 == 0 else ("正义感",),
    )
    for number in (7, 3, 9, 1, 5, 0, 2, 8, 4, 6)
)
TIED = tuple(entry(f"tied-{letter}", heading="同分", body="同分") for letter in "dbfaec")
ENTRIES = (*RELATIONS, *FILTERED, *TIED)


def ask(
    *terms: str | tuple[str, float],
    filters: Mapping[str, tuple[str, ...]] | None = None,
    weights: Mapping[str, float] | None = None,
    limit: int = 100,
    deadline: float | None = None,
) -> Query:
    weighted = tuple(
        WeightedTerm(term, 1.0) if isinstance(term, str) else WeightedTerm(*term) for term in terms
    )
    return Query(weighted, weights or WEIGHTS, filters or {}, limit, deadline)


def ids(found: Found) -> list[str]:
    return [name for name, _ in found.hits]


def built(engine: Engine, folder: Path, entries: tuple[Entry, ...]) -> Path:
    folder.mkdir()
    assert engine.build(folder, iter(entries)) == len(entries)
    return folder


@pytest.fixture(scope="module", params=list(ENGINES))
def engine(request: pytest.FixtureRequest) -> Engine:
    return get_engine(request.param)


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
            f"crowd-{one:05}",
            {"heading": chosen.sample(words, 5), "body": chosen.sample(words, 40)},
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
def medium(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    path = built(engine, tmp_path_factory.mktemp("medium") / "index", crowd(2000))
    with engine.open(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def odd(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An entry for each odd term."""
    entries = tuple(
        Entry(f"odd-{number:02}", {"heading": [], "body": [term]})
        for number, term in enumerate(ODD)
    )
    with engine.open(built(engine, tmp_path_factory.mktemp("odd") / "index", entries)) as one:
        yield one


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Index]]:
    folder = tmp_path_factory.mktemp("agreement")
    opened = {
        name: get_engine(name).open(built(get_engine(name), folder / name, ENTRIES))
        for name in ENGINES
    }
    yield opened
    for one in opened.values():
        one.close()


class TestRanking:
    def test_a_term_finds_the_entries_that_hold_it(self, index: Index) -> None:
        assert set(ids(index.search(ask("漫游")))) == {"both-terms", "one-term"}

    def test_several_terms_find_what_holds_any_of_them(self, index: Index) -> None:
        found = index.search(ask("漫游", "稀有", "没有的词"))
        assert set(ids(found)) == {"both-terms", "one-term", "rare"}
        assert found.total == 3

    @pytest.mark.parametrize(
        ("query", "better", "worse"),
        [
            pytest.param(ask("漫游", "停机"), "both-terms", "one-term", id="more terms"),
            pytest.param(ask("稀有", "常见"), "rare", "common-1", id="rarer term"),
            pytest.param(ask("发票"), "in-heading", "in-body", id="heading"),
            pytest.param(
                ask("发票", weights={"heading": 1.0, "body": 9.0}),
                "in-body",
                "in-heading",
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
        scores = dict(found.hits)
        assert scores[better] > scores[worse] > 0

    def test_fields_that_are_not_named_do_not_count(self, index: Index) -> None:
        assert ids(index.search(ask("发票", weights={"heading": 1.0}))) == ["in-heading"]
        assert ids(index.search(ask("发票", weights={"body": 1.0}))) == ["in-body"]

    def test_equal_scores_stand_in_the_order_of_ids(self, index: Index) -> None:
        found = index.search(ask("同分"))
        assert ids(found) == [f"tied-{letter}" for letter in "abcdef"]
        assert len({score for _, score in found.hits}) == 1

    def test_a_limit_keeps_the_best_and_the_total(self, index: Index) -> None:
        found = index.search(ask("同分", limit=2))
        assert ids(found) == ["tied-a", "tied-b"]
        assert found.total == 6
        assert ids(index.search(ask("漫游", "停机", limit=1))) == ["both-terms"]

    @pytest.mark.parametrize("terms", [(), ("没有的词",), ("",), ("漫",), ("漫游漫游",)])
    @pytest.mark.parametrize("filters", [{}, {"kind": ("faq",)}])
    def test_nothing_is_found_without_a_known_term(
        self, index: Index, terms: tuple[str, ...], filters: dict[str, tuple[str, ...]]
    ) -> None:
        assert index.search(ask(*terms, filters=filters)) == Found((), 0)

    def test_all_entries_are_counted(self, index: Index) -> None:
        assert index.count() == len(ENTRIES)

    def test_an_index_of_nothing_finds_nothing(self, engine: Engine, tmp_path: Path) -> None:
        with engine.open(built(engine, tmp_path / "index", ())) as opened:
            assert opened.count() == 0
            assert opened.search(ask("漫游")) == Found((), 0)


class TestFilters:
    @pytest.mark.parametrize(
        ("filters", "numbers"),
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
            ({"category": ("",)}, set()),
        ],
    )
    def test_any_value_of_a_name_and_every_name(
        self, index: Index, filters: dict[str, tuple[str, ...]], numbers: set[int]
    ) -> None:
        found = index.search(ask("筛选", filters=filters))
        assert set(ids(found)) == {f"filtered-{number}" for number in numbers}
        assert found.total == len(numbers)

    def test_a_filter_adds_nothing_to_what_terms_find(self, index: Index) -> None:
        found = index.search(ask("漫游", filters={"kind": ("faq", "case")}))
        assert found == Found((), 0)

    def test_filters_do_not_change_scores(self, index: Index) -> None:
        free = dict(index.search(ask("筛选")).hits)
        kept = dict(index.search(ask("筛选", filters={"kind": ("faq",)})).hits)
        assert kept == pytest.approx({name: free[name] for name in kept})


class TestHostileTerms:
    @pytest.mark.parametrize("number", range(len(ODD)))
    def test_an_odd_term_finds_itself_and_nothing_else(self, odd: Index, number: int) -> None:
        assert ids(odd.search(ask(ODD[number]))) == [f"odd-{number:02}"]

    @pytest.mark.parametrize("term", [*ODD, "\ud800", "甲\udfff乙", "漫*", "漫游~", "/漫.*/"])
    def test_an_odd_term_is_no_query_language(self, index: Index, term: str) -> None:
        assert index.search(ask(term)) == Found((), 0)
        assert set(ids(index.search(ask(term, "漫游")))) == {"both-terms", "one-term"}

    def test_ten_thousand_terms_find_what_one_does(self, index: Index) -> None:
        terms = [f"词{number}" for number in range(9_999)]
        found = index.search(ask(*terms[:5_000], "漫游", *terms[5_000:]))
        assert set(ids(found)) == {"both-terms", "one-term"}


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
            """How long after its limit the query came back."""
            until = time.monotonic() + 0.05
            try:
                large.search(ask(*self.EVERYTHING, filters=filters, deadline=until))
            except SearchTimeout:
                return time.monotonic() - until
            assert time.monotonic() < until + 0.02
            return 0.0

        with ThreadPoolExecutor(1) as pool:
            assert min(pool.submit(late).result() for _ in range(3)) < 0.25

    @pytest.mark.parametrize("kind", ["faq", "nothing"])
    def test_an_answer_after_the_deadline_is_no_answer(self, medium: Index, kind: str) -> None:
        with pytest.raises(SearchTimeout):
            medium.search(
                ask(
                    *self.EVERYTHING,
                    filters={"kind": (kind,)},
                    deadline=time.monotonic() + 0.003,
                )
            )


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

    def test_closing_twice_is_no_fault(self, engine: Engine, folder: Path) -> None:
        opened = engine.open(folder)
        opened.close()
        opened.close()

    def test_an_empty_or_missing_folder_is_an_error(self, engine: Engine, tmp_path: Path) -> None:
        for path in (tmp_path, tmp_path / "missing"):
            with pytest.raises(SearchError):
                engine.open(path)

    def test_a_deleted_file_is_an_error(self, engine: Engine, folder: Path, tmp_path: Path) -> None:
        needed = [path.name for path in folder.iterdir() if path.stat().st_size]
        assert needed
        for name in needed:
            copy = tmp_path / name
            shutil.copytree(folder, copy)
            (copy / name).unlink()
            with pytest.raises(SearchError):
                _read(engine, copy)

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    def test_an_emptied_file_is_refused_or_seen_in_the_count(
        self, engine: Engine, folder: Path, index: Index, tmp_path: Path
    ) -> None:
        for file in folder.iterdir():
            copy = tmp_path / file.name
            shutil.copytree(folder, copy)
            (copy / file.name).write_bytes(b"")
            _right_or_refused(engine, copy, index)

    # Which bytes matter is for the generation's checksums to know; an engine that is handed
    # damage may miss it, but it must never fail in a way that its callers do not expect.
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    @pytest.mark.parametrize("seed", range(4))
    def test_damage_raises_nothing_but_search_errors(
        self, engine: Engine, folder: Path, tmp_path: Path, seed: int
    ) -> None:
        chosen = random.Random(seed)
        files = sorted(path for path in folder.iterdir() if path.stat().st_size)
        refused = 0
        for number in range(40):
            copy = tmp_path / str(number)
            shutil.copytree(folder, copy)
            _damage(copy / files[number % len(files)].name, chosen)
            try:
                _read(engine, copy)
            except SearchError:
                refused += 1
        assert refused


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


def _read(engine: Engine, folder: Path) -> Found:
    with engine.open(folder) as opened:
        opened.count()
        return opened.search(ask("漫游", "筛选", "同分", filters={"kind": ("faq", "case")}))


def _right_or_refused(engine: Engine, folder: Path, index: Index) -> None:
    try:
        with engine.open(folder) as opened:
            if opened.count() == index.count():
                assert opened.search(ask("漫游")) == index.search(ask("漫游"))
    except SearchError:
        pass


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
            ask(f"词{number}", f"词{number + 20}", filters=filters)
            for number in range(12)
            for filters in ({}, {"kind": ("faq",)})
        ]
        alone = [large.search(query) for query in queries]
        begin = threading.Barrier(8)

        def work(number: int) -> list[Found]:
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
        filters=st.dictionaries(
            st.sampled_from(["kind", "category", "level"]),
            st.lists(st.sampled_from(["faq", "case", "资费", "宽带", "投诉"]), max_size=2).map(
                tuple
            ),
            max_size=2,
        ),
        limit=st.sampled_from([1, 3, 100]),
    )
    def test_all_engines_find_the_same(
        self,
        indexes: dict[str, Index],
        terms: list[str],
        filters: dict[str, tuple[str, ...]],
        limit: int,
    ) -> None:
        first, *others = (index.search(ask(*terms, filters=filters)) for index in indexes.values())
        for other in others:
            assert set(ids(other)) == set(ids(first))
            assert other.total == first.total
        for index in indexes.values():
            cut = index.search(ask(*terms, filters=filters, limit=limit))
            assert len(cut.hits) == min(limit, first.total)
            assert cut.total == first.total


class TestRegistry:
    def test_every_engine_knows_its_name(self) -> None:
        assert {name: get_engine(name).name for name in ENGINES} == {n: n for n in ENGINES}

    def test_an_unknown_engine_lists_the_known_ones(self) -> None:
        with pytest.raises(EngineMissing) as caught:
            get_engine("lucene")
        known = "、".join(ENGINES)
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
