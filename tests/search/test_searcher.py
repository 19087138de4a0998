"""Query → results: limits, what holds, grouping, facets, the answer, and what is never shown."""

from __future__ import annotations

import math
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
from casebook.markup import plain_text
from search.analysis import FIELDS
from search.engines import EMBEDDED, get_engine
from search.engines.base import Query
from search.generations import Generation, open_current, publish
from search.passages import KEYWORDS
from search.searcher import MAX_DEPTH, Request, Results, Searcher
from search.slips import heard_words

ON = date(2026, 11, 22)
DAY = timedelta(days=1)
NewSearcher = Callable[..., Searcher]
OpenGeneration = Callable[..., Generation]


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


def everything_in(document: Document) -> str:
    """All that a document can be found by."""
    similar = document.similar if isinstance(document, Faq) else ()
    sections = (f"{one.heading}\n{plain_text(one.html)}" for one in document.sections)
    return "\n".join((document.title, *similar, *document.tags, *sections))


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
    @pytest.mark.parametrize("engine", EMBEDDED)
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
        # The first pages are ranked by themselves, so once, behind them, a score may rise.
        rises = [place for place in range(1, len(scores)) if scores[place] > scores[place - 1]]
        assert len(rises) <= 1
        assert all(place <= 20 for place in rises)
        for hit in hits:
            sections = {(one.key, one.anchor, one.text) for one in hit.document.sections}
            anchors = {hit.passage.anchor, "answer"}
            assert any((hit.passage.name, one, hit.passage.body) in sections for one in anchors)

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
            for value, count in values:
                narrowed = searching.search(Request(text, {name: (value,)}))
                assert narrowed.total == count
                assert dict(narrowed.facets[name])[value] == count
                for one in found(searching, text, **{name: (value,)}):
                    document = searching.document(one)
                    assert document is not None
                    assert value in document.keywords[name]

    @pytest.mark.parametrize("text", QUERIES)
    def test_a_second_filter_keeps_what_its_facet_counted(
        self, searcher: NewSearcher, text: str
    ) -> None:
        searching = searcher("agent")
        chosen = {"kind": ("case",)}
        narrowed = searching.search(Request(text, chosen))
        assert set(narrowed.facets) in (set(KEYWORDS), set())
        for name in ("category", "level", "customer_type"):
            for value, count in narrowed.facets.get(name, ()):
                both = searching.search(Request(text, {**chosen, name: (value,)}))
                assert both.total == count <= narrowed.total

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

    @pytest.mark.parametrize("text", ["宽带 移机", "发票 快递", "宽带 发票 断网 彗星", "停机 投诉"])
    def test_what_is_missing_is_said_and_the_rest_is_there(
        self, searcher: NewSearcher, agent_view: View, text: str
    ) -> None:
        results = searcher("agent").search(Request(text, size=50))
        complete = 0
        for hit in results.hits:
            document = agent_view.get(hit.document.id)
            assert document is not None
            said = everything_in(document)
            assert set(hit.missing) <= set(text.split())
            assert hit.complete == (not hit.missing)
            complete += hit.complete
            for word in text.split():
                others = {found for typed, found in hit.synonyms if typed == word}
                if word in hit.missing:
                    assert word not in said
                    assert not others
                elif others:
                    assert word not in said
                    assert any(other in said for other in others)
                else:
                    assert word in said
        assert complete <= results.complete < results.total

    @pytest.mark.parametrize("text", QUERIES)
    def test_complete_results_are_counted_over_all_pages(
        self, searcher: NewSearcher, text: str
    ) -> None:
        searching = searcher("agent")
        first = searching.search(Request(text, size=50))
        pages = range(1, -(-min(first.total, MAX_DEPTH) // 50) + 1)
        hits = [hit for page in pages for hit in searching.search(Request(text, {}, page, 50)).hits]
        assert first.complete == sum(hit.complete for hit in hits)

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
    "流量超了怎么收费": "faq-data-overage",
    "怎么销户": "faq-cancel-number",
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
        engine: searcher("dealer", engine).search(Request(text, size=50)) for engine in EMBEDDED
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


class TestManyDocuments:
    """More documents than an engine is asked for at once: what is counted is exact all the same."""

    SUBJECTS = ("资费/流量", "宽带/装机", "发票/开票")
    MATCHING = 300

    @pytest.fixture(scope="class")
    @staticmethod
    def many(agent_view: View) -> View:
        model = agent_view.get("faq-arrears-resume")
        case = next(iter(agent_view.of(Kind.CASE)))
        assert isinstance(model, Faq)
        assert isinstance(case, Case)

        def entry(number: int) -> Document:
            matches = number < TestManyDocuments.MATCHING
            # Some hold the word twice.
            word = ("宇宙之宇宙" if number % 60 == 1 else "宇宙") if matches else "地球"
            changes = {
                "id": f"faq-many-{number:03}",
                "title": f"{word}第{number}种怎么办理",
                "tags": (),
                "policies": (),
                "subject": TestManyDocuments.SUBJECTS[number % 3],
                "effective_from": ON - 90 * DAY,
                "effective_until": ON - DAY if number % 7 == 0 else None,
            }
            if number % 5:
                return model.model_copy(update={**changes, "similar": ()})
            changes |= {"id": f"case-many-{number:03}", "faq": ()}
            return case.model_copy(update=changes)

        documents = tuple(sorted(map(entry, range(360)), key=lambda one: one.id))
        return replace(agent_view, documents=documents)

    @pytest.fixture(scope="class", params=EMBEDDED)
    @staticmethod
    def searching(
        many: View, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
    ) -> Searcher:
        root = tmp_path_factory.mktemp("many")
        publish(many, root, get_engine(request.param), "")
        return Searcher(open_current(root, "agent"), ON, internal=True)

    def wanted(self, many: View, **filters: str) -> list[Document]:
        """What a brute force over the view finds."""

        def fits(document: Document, name: str, value: str) -> bool:
            subject = document.subject or ""
            if name == "kind":
                return document.kind.value == value
            return subject == value or subject.startswith(f"{value}/")

        return [
            document
            for document in many.documents
            if "宇宙" in document.title and all(fits(document, *one) for one in filters.items())
        ]

    def test_all_are_counted(self, searching: Searcher, many: View) -> None:
        results = searching.search(Request("宇宙"))
        assert results.total == results.complete == len(self.wanted(many)) == self.MATCHING
        assert results.more

    def test_facets_count_all(self, searching: Searcher, many: View) -> None:
        facets = searching.search(Request("宇宙")).facets
        for name in ("kind", "category"):
            assert facets[name]
            for value, count in facets[name]:
                assert count == len(self.wanted(many, **{name: value})) > 0
                assert searching.search(Request("宇宙", {name: (value,)})).total == count
        assert sum(count for _, count in facets["kind"]) == self.MATCHING

    def test_filters_combine(self, searching: Searcher, many: View) -> None:
        chosen = {"kind": ("case",), "category": ("宽带",)}
        results = searching.search(Request("宇宙", chosen, size=50))
        wanted = self.wanted(many, kind="case", category="宽带")
        assert set(ids(results)) == {document.id for document in wanted}
        assert results.total == len(wanted) > 10
        assert not results.more

    @pytest.mark.parametrize("filters", [{}, {"kind": ("faq",)}])
    def test_pages_are_parts_of_one_list(
        self, searching: Searcher, many: View, filters: dict[str, tuple[str, ...]]
    ) -> None:
        large = [
            hit
            for page in range(1, MAX_DEPTH // 50 + 1)
            for hit in searching.search(Request("宇宙", filters, page, 50)).hits
        ]
        small = [
            hit.document.id
            for page in range(1, MAX_DEPTH // 10 + 1)
            for hit in searching.search(Request("宇宙", filters, page, 10)).hits
        ]
        names = [hit.document.id for hit in large]
        assert names == small
        assert len(set(names)) == len(names) == MAX_DEPTH
        assert set(names) <= {document.id for document in self.wanted(many)}
        current = [hit.standing is Standing.CURRENT for hit in large]
        assert current == sorted(current, reverse=True)
        valid = sum(
            document.standing(ON) is Standing.CURRENT
            for document in self.wanted(many, **{name: one for name, (one,) in filters.items()})
        )
        assert sum(current) == min(valid, MAX_DEPTH)

    def test_later_results_are_measured_by_the_best(self, searching: Searcher) -> None:
        shares: dict[bool, list[float]] = {True: [], False: []}
        for page in range(1, MAX_DEPTH // 50 + 1):
            for hit in searching.search(Request("宇宙", {}, page, 50, explain=True)).hits:
                assert hit.explanation is not None
                shares["宇宙之宇宙" in hit.document.title].append(hit.explanation.terms)
        assert max(shares[True]) == 1
        assert len(shares[False]) > 100
        assert max(shares[False]) < 0.99


class TestSlips:
    @pytest.mark.parametrize(
        ("typed", "meant"),
        [("补咖", "补卡"), ("欠废停机", "欠费停机"), ("违月金", "违约金"), ("kuandai", "宽带")],
    )
    def test_a_slip_is_corrected(self, searcher: NewSearcher, typed: str, meant: str) -> None:
        searching = searcher("agent")
        results = searching.search(Request(typed))
        assert results.correction == meant
        better = searching.search(Request(meant))
        assert better.complete > 0
        assert better.correction is None

    @pytest.mark.parametrize("text", ["宽带断了", "漫游", "红烧肉怎么做", "kd", ""])
    def test_what_is_right_or_unknown_is_left_alone(self, searcher: NewSearcher, text: str) -> None:
        assert searcher("agent").search(Request(text)).correction is None


class TestSynonyms:
    def test_the_word_that_was_found_instead_is_named(self, searcher: NewSearcher) -> None:
        results = searcher("agent").search(Request("网断了咋办"))
        by = {hit.document.id: hit.synonyms for hit in results.hits}
        assert by["faq-broadband-fault"] == (("网断了", "宽带断网"),)

    def test_only_synonyms_that_are_there_and_only_where_the_word_is_not(
        self, searcher: NewSearcher, sample: OpenGeneration, agent_view: View
    ) -> None:
        words_of = sample("agent").analyzer.terms
        named = 0
        for term in agent_view.settings.glossary.terms:
            for word in (term.term, *term.synonyms):
                for hit in searcher("agent").search(Request(word)).hits:
                    document = agent_view.get(hit.document.id)
                    assert document is not None
                    said = everything_in(document).lower()
                    for typed, other in hit.synonyms:
                        named += 1
                        assert typed in word.lower()
                        assert typed not in words_of(said)
                        assert all(part in said for part in other.split())
        assert named > 50


class TestExplanation:
    TEXTS = (
        "宽带断了",
        "网断了咋办",
        "欠费停机多久能恢复",
        "师傅 没来",
        "kdyj",
        "携好转网",
        "5Gtc",
    )

    def test_it_is_given_only_where_it_is_asked_for(self, searcher: NewSearcher) -> None:
        plain = searcher("agent").search(Request("宽带断了"))
        explained = searcher("agent").search(Request("宽带断了", explain=True))
        assert all(hit.explanation is None for hit in plain.hits)
        assert plain.hits
        assert tuple(replace(hit, explanation=None) for hit in explained.hits) == plain.hits

    @pytest.mark.parametrize("text", TEXTS)
    @pytest.mark.parametrize("engine", EMBEDDED)
    def test_the_parts_times_the_factors_are_the_score(
        self, searcher: NewSearcher, text: str, engine: str
    ) -> None:
        hits = searcher("agent", engine).search(Request(text, explain=True, size=50)).hits
        assert hits
        for hit in hits:
            how = hit.explanation
            assert how is not None
            total = how.terms + how.likeness + how.coverage + how.asked
            assert total * math.prod(how.factors.values()) == pytest.approx(hit.score)
            assert hit.document.kind.value in how.factors
            assert 0 < how.terms <= 1
        # One has the best words; those that are found later are measured by it as well.
        best = [hit.explanation.terms for hit in hits if hit.explanation].count(1)
        assert best == 1 or (best == 2 and text == "kdyj")  # two hold just the same

    @pytest.mark.parametrize("text", TEXTS)
    @pytest.mark.parametrize("engine", EMBEDDED)
    def test_the_terms_are_what_the_engine_adds_up(
        self, searcher: NewSearcher, sample: OpenGeneration, text: str, engine: str
    ) -> None:
        hits = searcher("agent", engine).search(Request(text, explain=True)).hits
        generation = sample("agent", engine)
        question = generation.analyzer.query(text)
        heard = heard_words(question, generation.analyzer, generation.store)
        question = generation.analyzer.heard(question, tuple(heard.values()))
        among = tuple(sorted(hit.passage.number for hit in hits))
        scores = dict(generation.index.search(Query(question.terms, among=among)))
        for hit in hits:
            assert hit.explanation is not None
            matched = hit.explanation.matched
            assert matched
            shown = sum(one.score for one in matched)
            assert shown == pytest.approx(scores[hit.passage.number], rel=1e-3)
            assert [one.score for one in matched] == sorted(
                (one.score for one in matched), reverse=True
            )

    @pytest.mark.parametrize("text", TEXTS)
    def test_people_can_read_it(self, searcher: NewSearcher, text: str) -> None:
        for hit in searcher("agent").search(Request(text, explain=True)).hits:
            assert hit.explanation is not None
            for one in hit.explanation.matched or ():
                assert one.term.reason
                assert not re.search(r"[\ue000-\uf8ff]", one.shown + one.term.reason)
                assert one.term.field in FIELDS

    def test_what_counts_against_a_document_is_named(
        self, agent_view: View, tmp_path: Path
    ) -> None:
        model = agent_view.get("faq-arrears-resume")
        assert model is not None
        old = {"approved_on": ON - 800 * DAY, "review_by": ON - DAY}
        documents = (
            model.model_copy(update={"id": "faq-new", "review_by": ON + DAY}),
            model.model_copy(update={"id": "faq-old", **old}),
        )
        publish(replace(agent_view, documents=documents), tmp_path, get_engine("memory"), "")
        searching = Searcher(open_current(tmp_path, "agent"), ON, internal=True)
        first, second = searching.search(Request("欠费停机", explain=True)).hits
        assert first.explanation is not None
        assert second.explanation is not None
        assert (first.document.id, second.document.id) == ("faq-new", "faq-old")
        assert set(first.explanation.factors) == {"faq"}
        assert set(second.explanation.factors) == {"faq", "overdue", "old"}
        assert all(0 < factor <= 1 for factor in second.explanation.factors.values())

    def test_missing_words_and_corrections_are_readable(self, searcher: NewSearcher) -> None:
        for text in ("xhzwma", "kd fapiao", "kuand 彗星", "漫由 manyou", "5Gtc 宇宙"):
            results = searcher("agent").search(Request(text, size=50))
            shown = [
                results.correction or "",
                *(word for hit in results.hits for word in hit.missing),
            ]
            assert not re.search(r"[\ue000-\uf8ff]", "".join(shown))
