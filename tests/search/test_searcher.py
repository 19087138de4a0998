"""Query → results: limits, what holds, grouping, facets, the answer, and what is never shown."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import opencc
import pytest

from casebook.documents import Case, Document, Faq, Kind, Standing
from casebook.errors import QueryRefused, SearchTimeout
from casebook.library import Library, View, load_library
from search.engines import ENGINES, get_engine
from search.engines.base import KEYWORDS
from search.generations import open_current, publish
from search.searcher import MAX_DEPTH, Request, Results, Searcher

ON = date(2026, 11, 22)
DAY = timedelta(days=1)
NewSearcher = Callable[..., Searcher]


class Untouchable:
    """Stands for everything that a refused query must not reach."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"{name} was asked for")


def ids(results: Results) -> list[str]:
    return [hit.document.id for hit in results.hits]


def found(searcher: Searcher, text: str, **filters: tuple[str, ...]) -> list[str]:
    """The ids of all results."""
    first = searcher.search(Request(text, filters, size=50))
    pages = range(2, min(-(-first.total // 50), MAX_DEPTH // 50) + 1)
    later = [searcher.search(Request(text, filters, page, 50)) for page in pages]
    return [name for results in (first, *later) for name in ids(results)]


class TestLimits:
    @pytest.fixture
    def guarded(self) -> Searcher:
        """A searcher that fails when it asks anything of a generation."""
        parts = SimpleNamespace(index=Untouchable(), store=Untouchable(), analyzer=Untouchable())
        return Searcher(parts, ON, internal=False)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("request_", "message"),
        [
            (Request("a" * 201), "问题有 201 个字符，最多 200 个；请缩短。"),
            (Request("漫" * 201), "问题有 201 个字符，最多 200 个；请缩短。"),
            (Request("\U00020000" * 201), "问题有 201 个字符，最多 200 个；请缩短。"),
            (Request("a" * 10**6), "问题有 1000000 个字符，最多 200 个；请缩短。"),
            (Request("漫 " * 17), "问题用空格分成了 17 个词，最多 16 个；请减少。"),
            (Request("漫\u3000" * 17), "问题用空格分成了 17 个词，最多 16 个；请减少。"),
            (Request("漫", size=0), "size 是 0，应当在 1 到 50 之间。"),
            (Request("漫", size=51), "size 是 51，应当在 1 到 50 之间。"),
            (Request("漫", size=-1), "size 是 -1，应当在 1 到 50 之间。"),
            (Request("漫", page=0), "page 是 0，超出范围；page × size 最多到第 200 条。"),
            (Request("漫", page=21), "page 是 21，超出范围；page × size 最多到第 200 条。"),
            (Request("漫", page=5, size=50), "page 是 5，超出范围；page × size 最多到第 200 条。"),
            (
                Request("漫", page=10**9),
                "page 是 1000000000，超出范围；page × size 最多到第 200 条。",
            ),
            (
                Request("漫", {"owner": ("x",)}),
                "没有筛选条件 owner；可用：kind、category、level、customer_type。",
            ),
        ],
    )
    def test_over_a_limit_nothing_is_asked_of_an_engine(
        self, guarded: Searcher, request_: Request, message: str
    ) -> None:
        with pytest.raises(QueryRefused) as caught:
            guarded.search(request_)
        assert str(caught.value) == message

    @pytest.mark.parametrize(
        "request_",
        [
            Request("a" * 199),
            Request("漫" * 200),
            Request("\U00020000" * 200),
            Request(" ".join("漫" * 16)),
            Request("漫游", size=1),
            Request("漫游", size=50),
            Request("漫游", page=20),
            Request("漫游", page=4, size=50),
            Request("漫游", page=200, size=1),
            Request(""),
            Request("   \u3000\u200b"),
        ],
    )
    def test_up_to_a_limit_a_query_is_answered(
        self, searcher: NewSearcher, request_: Request
    ) -> None:
        results = searcher().search(request_)
        assert len(results.hits) <= request_.size

    @pytest.mark.parametrize("text", ["", " ", "。，！？", "\u200b\ufeff", "——……"])
    def test_a_query_without_words_finds_nothing(self, searcher: NewSearcher, text: str) -> None:
        results = searcher("agent").search(Request(text))
        assert (results.hits, results.total, results.more) == ((), 0, False)
        assert results.answer is None
        assert not results.facets

    def test_time_that_has_run_out_is_an_error(self, searcher: NewSearcher) -> None:
        times = iter([0.0])
        late = searcher()
        late._clock = lambda: next(times)  # long ago on the clock that engines look at
        with pytest.raises(SearchTimeout):
            late.search(Request("漫游"))


def variant(document: Document, name: str, start: date, end: date | None, title: str) -> Document:
    changes = {"id": name, "effective_from": start, "effective_until": end, "title": title}
    return document.model_copy(update=changes)


class TestStanding:
    """Documents that begin and end around the day; the best match is one that has ended."""

    QUESTION = "宇宙套餐怎么取消？"

    @pytest.fixture(scope="class")
    @staticmethod
    def roots(
        agent_view: View, dealer_view: View, tmp_path_factory: pytest.TempPathFactory
    ) -> dict[str, Path]:
        model = dealer_view.get("faq-arrears-resume")
        assert isinstance(model, Faq)
        model = model.model_copy(update={"similar": ("退掉宇宙套餐",)})
        question = TestStanding.QUESTION
        documents = (
            variant(model, "faq-always", ON - 90 * DAY, None, "关于取消宇宙套餐的说明和办理要求"),
            variant(model, "faq-ended", ON - 90 * DAY, ON - DAY, question),
            variant(model, "faq-last-day", ON - 90 * DAY, ON, f"{question}最后一天"),
            variant(model, "faq-first-day", ON, None, f"{question}第一天"),
            variant(model, "faq-upcoming", ON + DAY, None, question),
            variant(model, "faq-later", ON + 30 * DAY, ON + 60 * DAY, question),
        )
        roots = {}
        for view in (agent_view, dealer_view):
            roots[view.audience.id] = tmp_path_factory.mktemp("standing")
            publish(
                replace(view, documents=tuple(sorted(documents, key=lambda one: one.id))),
                roots[view.audience.id],
                get_engine("memory"),
                "",
            )
        return roots

    def ask(self, roots: dict[str, Path], audience: str, on: date) -> tuple[Searcher, Results]:
        searcher = Searcher(
            open_current(roots[audience], audience), on, internal=audience == "agent"
        )
        return searcher, searcher.search(Request(self.QUESTION))

    @pytest.mark.parametrize(
        ("days", "shown"),
        [
            (-1, {"always", "ended", "last-day"}),
            (0, {"always", "last-day", "first-day"}),
            (1, {"always", "first-day", "upcoming"}),
            (30, {"always", "first-day", "upcoming", "later"}),
            (61, {"always", "first-day", "upcoming"}),
            (-365, set()),
        ],
    )
    def test_dealers_find_what_holds_on_the_day_without_a_new_index(
        self, roots: dict[str, Path], days: int, shown: set[str]
    ) -> None:
        searcher, results = self.ask(roots, "dealer", ON + days * DAY)
        wanted = {f"faq-{name}" for name in shown}
        assert set(ids(results)) == wanted
        assert results.total == len(wanted)
        assert all(hit.standing is Standing.CURRENT for hit in results.hits)
        assert dict(results.facets.get("kind", ())) == ({"faq": len(wanted)} if wanted else {})
        for name in ("always", "ended", "last-day", "first-day", "upcoming", "later"):
            document = searcher.document(f"faq-{name}")
            assert (document is not None) == (name in shown)
        if results.answer:
            assert results.answer.id in wanted

    @pytest.mark.parametrize("days", [-1, 0, 1, 30, 61])
    def test_agents_find_everything_with_what_holds_first(
        self, roots: dict[str, Path], days: int
    ) -> None:
        searcher, results = self.ask(roots, "agent", ON + days * DAY)
        assert results.total == len(results.hits) == 6
        current = [hit.standing is Standing.CURRENT for hit in results.hits]
        assert current == sorted(current, reverse=True)
        assert not all(current)
        for hit in results.hits:
            assert hit.standing is hit.document.standing(ON + days * DAY)
        assert searcher.document("faq-ended") is not None
        assert results.answer is None or results.answer.standing(ON + days * DAY) is (
            Standing.CURRENT
        )

    def test_what_has_ended_is_below_what_fits_worse(self, roots: dict[str, Path]) -> None:
        _, results = self.ask(roots, "agent", ON)
        scores = {hit.document.id: hit.score for hit in results.hits}
        assert scores["faq-ended"] > scores["faq-always"]
        assert ids(results).index("faq-ended") > ids(results).index("faq-always")


class TestResults:
    QUERIES = ("宽带断了", "欠费停机多久能恢复", "投诉", "师傅 没来", "携号转网")

    @pytest.mark.parametrize("text", QUERIES)
    @pytest.mark.parametrize("engine", ENGINES)
    def test_each_document_is_one_result(
        self, searcher: NewSearcher, text: str, engine: str
    ) -> None:
        searching = searcher("dealer", engine)
        names = found(searching, text)
        assert len(names) == len(set(names)) == searching.search(Request(text)).total > 1

    @pytest.mark.parametrize("text", QUERIES)
    def test_pages_are_parts_of_one_list(self, searcher: NewSearcher, text: str) -> None:
        searching = searcher("agent")
        whole = found(searching, text)
        for size in (1, 7):
            pages = [
                ids(searching.search(Request(text, page=page, size=size)))
                for page in range(1, min(len(whole), 20) // size + 1)
            ]
            assert [name for page in pages for name in page] == whole[: len(pages) * size]

    @pytest.mark.parametrize("text", QUERIES)
    def test_better_results_come_first(self, searcher: NewSearcher, text: str) -> None:
        hits = searcher().search(Request(text, size=50)).hits
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)
        assert all(hit.passage.document == hit.document.id for hit in hits)

    @pytest.mark.parametrize("text", QUERIES)
    def test_facets_count_what_was_found(self, searcher: NewSearcher, text: str) -> None:
        searching = searcher("agent")
        names = found(searching, text)
        results = searching.search(Request(text))
        documents = [searching.document(name) for name in names]
        for name in KEYWORDS:
            counted: dict[str, int] = {}
            for document in documents:
                assert document is not None
                for value in document.keywords.get(name, ()):
                    counted[value] = counted.get(value, 0) + 1
            assert dict(results.facets.get(name, ())) == counted
            counts = [count for _, count in results.facets.get(name, ())]
            assert counts == sorted(counts, reverse=True)

    @pytest.mark.parametrize("text", QUERIES)
    def test_a_filter_keeps_what_its_facet_counted(self, searcher: NewSearcher, text: str) -> None:
        searching = searcher("agent")
        everything = searching.search(Request(text))
        for name, values in everything.facets.items():
            for value, count in values[:3]:
                names = found(searching, text, **{name: (value,)})
                assert len(names) >= count
                for one in names:
                    document = searching.document(one)
                    assert document is not None
                    assert value in document.keywords[name]

    def test_filters_combine(self, searcher: NewSearcher) -> None:
        searching = searcher("agent")
        both = set(found(searching, "宽带", kind=("faq", "case"), category=("宽带/故障",)))
        faq = set(found(searching, "宽带", kind=("faq",), category=("宽带/故障",)))
        case = set(found(searching, "宽带", kind=("case",), category=("宽带/故障",)))
        assert both == faq | case
        assert faq
        assert not faq & case
        assert not found(searching, "宽带", kind=("policy",), category=("宽带/故障",))
        assert not found(searching, "宽带", kind=("nothing",))

    def test_complete_results_hold_every_word(self, searcher: NewSearcher) -> None:
        results = searcher().search(Request("宽带 移机", size=50))
        complete = [hit for hit in results.hits if hit.complete]
        assert complete
        assert len(complete) < len(results.hits)
        assert "宽带" in complete[0].passage.normal
        assert "移机" in complete[0].passage.normal

    @pytest.mark.parametrize("audience", ["dealer", "agent"])
    def test_every_title_finds_its_document(
        self, searcher: NewSearcher, library: Library, audience: str
    ) -> None:
        searching = searcher(audience)
        missed = [
            document.id
            for document in library.view(audience, ON).documents
            if document.standing(ON) is Standing.CURRENT
            and document.id not in ids(searching.search(Request(document.title[:200], size=5)))
        ]
        assert not missed


ANSWERED = {
    "欠费停机多久能恢复": "faq-arrears-resume",
    "欠费停机后多久能恢复": "faq-arrears-resume",
    "宽带断了怎么办": "faq-broadband-fault",
    "国际漫游怎么开通": "faq-roaming-open",
    "发票怎么开": "faq-invoice-issue",
    "流量用超了怎么收费": "faq-data-overage",
    "怎么注销号码": "faq-cancel-number",
    "话费怎么突然这么高": "faq-bill-high",
    "宽带移机怎么办理": "faq-broadband-move",
    "师傅没按时上门": "faq-technician-late",
    "余额能退吗": "faq-balance-refund",
    "出国怎么开通国际漫游": "faq-roaming-open",
}
UNANSWERED = (
    "红烧肉怎么做",
    "今天天气怎么样",
    "股票怎么开户",
    "世界杯谁赢了",
    "附近有什么好吃的",
    "孩子发烧怎么办",
    "彩票中奖怎么领",
    "房贷利率是多少",
    "猫不吃饭怎么办",
    "帮我写一首诗",
    "电脑蓝屏怎么办",
    "asdfghjkl",
    "怎么学游泳",
    # A bare subject does not say which of its entries is meant.
    "宽带",
    "漫游",
    "流量",
)


@pytest.mark.parametrize("audience", ["dealer", "agent"])
class TestAnswer:
    @pytest.mark.parametrize("text", ANSWERED)
    def test_a_known_question_gets_its_answer(
        self, searcher: NewSearcher, audience: str, text: str
    ) -> None:
        results = searcher(audience).search(Request(text))
        assert results.answer is not None
        assert results.answer.id == ANSWERED[text]
        assert results.answer.kind is Kind.FAQ

    @pytest.mark.parametrize("text", UNANSWERED)
    def test_a_question_that_nobody_answered_gets_none(
        self, searcher: NewSearcher, audience: str, text: str
    ) -> None:
        assert searcher(audience).search(Request(text)).answer is None

    def test_a_filter_that_leaves_no_entry_leaves_no_answer(
        self, searcher: NewSearcher, audience: str
    ) -> None:
        asked = Request("欠费停机多久能恢复", {"kind": ("policy",)})
        assert searcher(audience).search(asked).answer is None


_SENTENCE = re.compile(r"[。；！？\n]+")


def _everything_said(library: Library) -> list[str]:
    """Titles, similar questions and sentences of the whole library, hidden ones too."""
    texts: set[str] = set()
    for source in library.sources.values():
        document = source.document
        texts.add(document.title)
        texts.update(document.similar if isinstance(document, Faq) else ())
        texts.update((document.purpose, document.typicality) if isinstance(document, Case) else ())
        for section in document.sections:
            texts.update(_SENTENCE.split(section.text))
    return sorted({" ".join(text.split()[:16])[:200] for text in texts if text.strip()})


class TestAudiences:
    @pytest.fixture(scope="class")
    @staticmethod
    def oracle(
        library: Library,
        dealer_view: View,
        root: Path,
        tmp_path_factory: pytest.TempPathFactory,
    ) -> Searcher:
        """Dealers' searcher over a library from which all that is hidden was really deleted."""
        folder = tmp_path_factory.mktemp("oracle")
        shutil.copy(root / "casebook.toml", folder)
        words = re.split(r"(?m)^(?=\[\[terms\]\])", (root / "glossary.toml").read_text("utf-8"))
        kept = [word for word in words if 'audience = "agent"' not in word]
        assert 1 < len(kept) < len(words)
        (folder / "glossary.toml").write_text("".join(kept), encoding="utf-8")
        for source in library.sources.values():
            if dealer_view.get(source.document.id):
                target = folder / source.path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(root / source.path, target)
        pruned = load_library(folder)
        assert len(pruned.sources) == len(dealer_view.documents) < len(library.sources)
        publish(pruned.view("dealer", ON), folder / "index", get_engine("memory"), "")
        return Searcher(open_current(folder / "index", "dealer"), ON, internal=False)

    def test_dealers_find_what_is_found_where_nothing_hidden_exists(
        self, searcher: NewSearcher, library: Library, dealer_view: View, oracle: Searcher
    ) -> None:
        texts = random.Random(5).sample(_everything_said(library), 300)
        dealers = searcher("dealer")
        seen = {document.id for document in dealer_view.documents}
        hits = 0
        for text in texts:
            asked = Request(text)
            results, wanted = dealers.search(asked), oracle.search(asked)
            assert set(ids(results)) <= seen
            assert (results.hits, results.total) == (wanted.hits, wanted.total), text
            assert (results.facets, results.answer) == (wanted.facets, wanted.answer), text
            hits += results.total
        assert hits > 1000

    def test_no_hidden_document_can_be_opened(
        self, searcher: NewSearcher, library: Library, dealer_view: View
    ) -> None:
        dealers, agents = searcher("dealer"), searcher("agent")
        for name in library.sources:
            assert (dealers.document(name) is None) == (dealer_view.get(name) is None)
            assert agents.document(name) is not None

    def test_agents_find_what_dealers_do_not(
        self, searcher: NewSearcher, library: Library, dealer_view: View
    ) -> None:
        hidden = [
            source.document
            for name, source in library.sources.items()
            if dealer_view.get(name) is None
        ]
        assert hidden
        for document in hidden:
            asked = Request(document.title)
            assert document.id not in ids(searcher("dealer").search(asked))
            if document.standing(ON) is Standing.CURRENT:
                assert document.id in ids(searcher("agent").search(asked))


class TestForms:
    TEXTS = ("欠费停机多久能恢复", "换eSIM要多少钱", "国际漫游怎么开通", "5G套餐", "12345 投诉")

    @pytest.mark.parametrize("text", TEXTS)
    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda text: opencc.OpenCC("s2t").convert(text), id="traditional"),
            pytest.param(
                lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
                id="full width",
            ),
            pytest.param("\u200b".join, id="zero width"),
            pytest.param(str.upper, id="upper case"),
            pytest.param(lambda text: f" \u3000{text}\n", id="white space"),
            pytest.param(lambda text: f"{text}？？", id="punctuation"),
        ],
    )
    def test_other_ways_to_write_it_find_the_same(
        self, searcher: NewSearcher, text: str, change: Callable[[str], str]
    ) -> None:
        searching = searcher("agent")
        assert found(searching, change(text)) == found(searching, text) != []


@pytest.mark.parametrize("text", ["宽带断了", "欠费停机多久能恢复", "师傅 没来", "漫游", "投诉"])
def test_engines_agree_on_the_sample_library(searcher: NewSearcher, text: str) -> None:
    results = {
        engine: searcher("dealer", engine).search(Request(text, size=50)) for engine in ENGINES
    }
    first, *others = results.values()
    for other in others:
        assert other.total == first.total
        assert set(ids(other)) == set(ids(first)) or first.total > 50
        assert ids(other)[:1] == ids(first)[:1]
        assert other.answer == first.answer


def test_a_similar_question_is_searched_and_not_shown(
    searcher: NewSearcher, dealer_view: View
) -> None:
    for entry in dealer_view.of(Kind.FAQ)[:20]:
        assert isinstance(entry, Faq)
        (hit, *_) = searcher("dealer").search(Request(entry.similar[0])).hits
        shown = re.sub(r"<[^>]+>", "", hit.snippet + hit.title)
        assert entry.similar[0] not in shown
