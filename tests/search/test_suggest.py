"""Type-ahead: what is found by what is typed, in what order, and what is never shown."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from casebook.documents import Faq, Kind, Standing
from casebook.library import Library, View, load_library
from search.engines import EMBEDDED, get_engine
from search.generations import Generation, open_current, publish
from search.searcher import Request, Searcher
from search.suggest import KINDS, LIMIT, MAX_TYPED, Suggester, Suggestion

ON = date(2026, 11, 22)
DAY = timedelta(days=1)
NewSuggester = Callable[..., Suggester]
OpenGeneration = Callable[..., Generation]
Write = Callable[[Kind, str, dict[str, str]], Path]


@pytest.fixture(scope="module")
def suggester(sample: OpenGeneration) -> NewSuggester:
    """A suggester on the sample library."""

    def new(
        audience: str = "agent", engine: str = "memory", chosen: dict[str, int] | None = None
    ) -> Suggester:
        return Suggester(sample(audience, engine), ON, chosen or {})

    return new


def marked(suggestion: Suggestion) -> list[str]:
    """The parts of a suggestion that are marked."""
    return [html.unescape(one) for one in re.findall(r"<mark>(.*?)</mark>", suggestion.html)]


def ids(suggestions: tuple[Suggestion, ...]) -> list[str | None]:
    return [one.document for one in suggestions]


def texts(suggestions: tuple[Suggestion, ...]) -> list[str]:
    return [one.text for one in suggestions]


class TestWhatIsTyped:
    @pytest.mark.parametrize(
        ("typed", "document", "part"),
        [
            ("宽带", "faq-broadband-fault", "宽带"),
            ("宽带断", "faq-broadband-fault", "宽带断"),
            ("宽带 断", "faq-broadband-fault", "宽带断"),
            ("宽帶斷", "faq-broadband-fault", "宽带断"),
            ("kuandai", "faq-broadband-fault", "宽带"),
            ("KUANDAI", "faq-broadband-fault", "宽带"),
            ("kuand", "faq-broadband-move", "宽带"),
            ("kuandaiduan", "faq-broadband-fault", "宽带断"),
            ("kd", "faq-broadband-fault", "宽带"),
            ("ＫＤ", "faq-broadband-fault", "宽带"),
            ("kuandai断", "faq-broadband-fault", "宽带断"),
            ("5Gtc", "faq-plan-5g", "5G套餐"),
            ("5g套", "faq-plan-5g", "5G套"),
            ("xhzw", "faq-mnp-out", "携号转网"),
            ("xiehaozw", "faq-mnp-out", "携号转网"),
            ("携好", "faq-mnp-out", "携号"),
            ("携hao", "faq-mnp-out", "携号"),
            ("qftj", "faq-arrears-resume", "欠费停机"),
            ("欠费停机", "faq-arrears-resume", "欠费停机"),
            ("esim", "faq-esim-open", "eSIM"),
            ("sim ka", "faq-sim-replace", "SIM 卡"),
        ],
    )
    @pytest.mark.parametrize("audience", ["dealer", "agent"])
    def test_it_is_found_and_marked(
        self, suggester: NewSuggester, audience: str, typed: str, document: str, part: str
    ) -> None:
        found = suggester(audience).suggest(typed)
        [one] = [one for one in found if one.document == document]
        assert marked(one) == [part]

    def test_a_similar_question_names_its_standard_question(self, suggester: NewSuggester) -> None:
        [one] = [one for one in suggester().suggest("宽带费能不能") if one.kind == "similar"]
        assert one == Suggestion(
            "宽带费能不能也给开张票",
            "similar",
            "faq-invoice-issue",
            "怎么开电子发票？",
            "<mark>宽带费能不能</mark>也给开张票",
        )

    def test_a_standard_question_is_its_own_title(self, suggester: NewSuggester) -> None:
        one, *_ = suggester().suggest("宽带断网了怎么")
        assert (one.kind, one.document) == ("question", "faq-broadband-fault")
        assert one.text == one.title == "宽带断网了怎么报修？"

    def test_titles_of_cases_and_policies(self, suggester: NewSuggester, agent_view: View) -> None:
        for kind in (Kind.CASE, Kind.POLICY):
            document = next(
                one for one in agent_view.of(kind) if one.standing(ON) is Standing.CURRENT
            )
            one, *_ = suggester().suggest(document.title[:MAX_TYPED])
            assert (one.text, one.kind, one.document) == (document.title, "title", document.id)

    def test_words_of_the_glossary(self, suggester: NewSuggester) -> None:
        words = [one for one in suggester().suggest("携号") if one.kind == "term"]
        assert [(one.text, one.document, one.title) for one in words] == [("携号转网", None, "")]
        # It is typed already: nothing to offer.
        assert "携号转网" not in texts(suggester().suggest("携号转网"))

    @pytest.mark.parametrize("audience", ["dealer", "agent"])
    def test_every_question_that_is_half_typed_is_suggested(
        self, suggester: NewSuggester, library: Library, audience: str
    ) -> None:
        suggesting = suggester(audience)
        missed, asked = [], 0
        for document in library.view(audience, ON).of(Kind.FAQ):
            assert isinstance(document, Faq)
            if document.standing(ON) is not Standing.CURRENT:
                continue
            for question in (document.title, *document.similar):
                asked += 1
                half = question[: max(4, len(question) // 2)]
                if document.id not in ids(suggesting.suggest(half)):
                    missed.append((half, document.id))
        assert asked > 200
        assert missed == []

    @pytest.mark.parametrize(
        "typed",
        ["", " ", "k", "5", "？", "？？！", "\u200b", "龘龘", "qqqqqqqq", "宽" * 41, "\0", "<b>"],
    )
    def test_nothing(self, suggester: NewSuggester, typed: str) -> None:
        assert suggester().suggest(typed) == ()

    def test_the_longest_that_is_looked_at(self, suggester: NewSuggester) -> None:
        text = "宽带断网了怎么报修？"
        room = MAX_TYPED - len(text)
        assert suggester().suggest(text + "\u200b" * room)
        assert suggester().suggest(text + " " * room)
        assert not suggester().suggest(f"{text}{'a' * (room + 1)}")

    def test_one_character_is_enough(self, suggester: NewSuggester) -> None:
        found = suggester().suggest("宽")
        assert len(found) == LIMIT
        assert all(marked(one) == ["宽"] for one in found)

    def test_nothing_is_offered_twice(self, suggester: NewSuggester, agent_view: View) -> None:
        for document in agent_view.documents:
            for size in (1, 2, 4):
                found = suggester().suggest(document.title[:size])
                documents = [one.document for one in found if one.document]
                assert len(set(documents)) == len(documents)
                assert len(set(texts(found))) == len(found) <= LIMIT
                assert {one.kind for one in found} <= set(KINDS)

    @pytest.mark.parametrize("typed", ["宽带", "kd", "携好", "5Gtc", "投诉", "xhzw"])
    def test_engines_agree(self, suggester: NewSuggester, typed: str) -> None:
        found = [set(suggester(engine=engine).suggest(typed)) for engine in EMBEDDED]
        assert found[0]
        assert all(one == found[0] for one in found)


class TestOrder:
    def test_what_begins_with_it_comes_before_what_holds_it(self, suggester: NewSuggester) -> None:
        begins = [text.startswith("携号") for text in texts(suggester().suggest("携号"))]
        assert begins == sorted(begins, reverse=True)
        assert not all(begins)

    def test_a_rule_that_only_has_such_an_article_comes_last(self, suggester: NewSuggester) -> None:
        found = suggester().suggest("投诉")
        shown = ["投诉" in one.text for one in found]
        assert shown == sorted(shown, reverse=True)
        assert not all(shown)

    def test_what_is_chosen_often_comes_first(self, suggester: NewSuggester) -> None:
        for typed in ("宽带", "kd", "携号"):
            before = [one for one in suggester().suggest(typed) if one.document]
            last = before[-1]
            assert last.document is not None
            after = suggester(chosen={last.document: 30}).suggest(typed)
            assert after[0].document == last.document
            # And it takes more than one choice to turn everything over.
            once = ids(suggester(chosen={last.document: 1}).suggest(typed))
            assert once.index(last.document) <= before.index(last)
            assert once[0] != last.document

    def test_what_does_not_fit_is_not_suggested_however_often_it_was_chosen(
        self, suggester: NewSuggester
    ) -> None:
        chosen = {"faq-arrears-resume": 10**6, "faq-no-more": 10**6}
        assert suggester(chosen=chosen).suggest("宽带") == suggester().suggest("宽带")


def answer_to(generation: Generation, text: str) -> str | None:
    found = Searcher(generation, ON, internal=True).search(Request(text)).answer
    return found.id if found else None


def test_a_question_that_is_chosen_gets_its_answer(
    sample: OpenGeneration, agent_view: View
) -> None:
    asked, missed = 0, []
    for document in agent_view.of(Kind.FAQ):
        assert isinstance(document, Faq)
        if document.standing(ON) is Standing.CURRENT:
            for text in (document.title, *document.similar):
                asked += 1
                if answer_to(sample("agent"), text) != document.id:
                    missed.append(text)
    assert asked > 200
    assert len(missed) <= asked // 50, missed


class TestAudiences:
    @pytest.fixture
    def canary(self, small: Path, write: Write, tmp_path: Path) -> Callable[[str], Suggester]:
        """A library with an internal entry, an internal similar wording and an internal word."""
        write(Kind.FAQ, "faq-canary", {"audience: dealer": "audience: agent"})
        entry = small / "faq" / "faq-canary.md"
        text = entry.read_text(encoding="utf-8")
        text = re.sub(r"(?m)^id: .*$", "id: faq-canary", text)
        text = re.sub(r"(?m)^title: .*$", "title: 飞鹰计划怎么申请？", text)
        entry.write_text(text, encoding="utf-8")
        (small / "glossary.toml").write_text(
            '[[terms]]\nterm = "飞鹰特批"\naudience = "agent"\ndefinition = "只给坐席。"\n'
            '[[terms]]\nterm = "飞鱼套餐"\naudience = "dealer"\ndefinition = "都能看。"\n',
            encoding="utf-8",
        )
        library = load_library(small)
        opened = []

        def of(audience: str) -> Suggester:
            root = tmp_path / f"index-{audience}"
            publish(library.view(audience, ON), root, get_engine("memory"), "")
            opened.append(open_current(root, audience))
            return Suggester(opened[-1], ON, {"faq-canary": 100})

        return of

    @pytest.mark.parametrize("typed", ["飞", "飞鹰", "feiying", "feiy", "fy", "fyjh", "飞应"])
    def test_dealers_are_never_suggested_what_is_internal(
        self, canary: Callable[[str], Suggester], typed: str
    ) -> None:
        shown = {one.text for one in canary("agent").suggest(typed)}
        assert shown & {"飞鹰计划怎么申请？", "飞鹰特批"}
        assert {one.text for one in canary("dealer").suggest(typed)} <= {"飞鱼套餐"}

    def test_dealers_are_suggested_what_they_may_see(
        self, canary: Callable[[str], Suggester]
    ) -> None:
        assert texts(canary("dealer").suggest("飞鱼")) == ["飞鱼套餐"]

    def test_of_the_sample_library_dealers_see_their_part(
        self, suggester: NewSuggester, library: Library, dealer_view: View
    ) -> None:
        hidden = [
            source.document
            for name, source in library.sources.items()
            if dealer_view.get(name) is None
        ]
        dealers, agents = suggester("dealer"), suggester("agent")
        seen_by_agents = 0
        for document in hidden:
            for typed in (document.title[:3], document.title[:8], document.title[:MAX_TYPED]):
                found = dealers.suggest(typed)
                assert document.id not in ids(found)
                assert document.title not in texts(found)
                assert all(not one.document or dealer_view.get(one.document) for one in found)
                seen_by_agents += document.id in ids(agents.suggest(typed))
        assert seen_by_agents > len(hidden)

    @pytest.mark.parametrize("audience", ["dealer", "agent"])
    def test_only_what_holds_today_is_suggested(
        self, library: Library, audience: str, tmp_path: Path
    ) -> None:
        view = library.view(audience, ON)
        model = view.get("faq-arrears-resume")
        assert isinstance(model, Faq)

        def entry(name: str, start: date, end: date | None) -> Faq:
            changes = {
                "id": f"faq-{name}",
                "title": f"宇宙套餐{name}",
                "similar": (),
                "effective_from": start,
                "effective_until": end,
            }
            return model.model_copy(update=changes)

        documents = (
            entry("ended", ON - 90 * DAY, ON - DAY),
            entry("holds", ON - 90 * DAY, ON),
            entry("upcoming", ON + DAY, None),
        )
        publish(replace(view, documents=documents), tmp_path, get_engine("memory"), "")
        generation = open_current(tmp_path, audience)

        def suggested(on: date) -> set[str | None]:
            return set(ids(Suggester(generation, on, {"faq-ended": 99}).suggest("宇宙")))

        assert suggested(ON) == {"faq-holds"}
        assert suggested(ON + DAY) == {"faq-upcoming"}
        if audience == "agent":
            assert "faq-ended" in suggested(ON - DAY)


def test_marks_are_the_only_markup(dealer_view: View, tmp_path: Path) -> None:
    model = dealer_view.get("faq-arrears-resume")
    assert isinstance(model, Faq)
    hostile = [
        "宇宙<script>alert(1)</script>",
        "<mark>宇宙</mark>&amp;\"'",
        "ﬁ宇　宙 <b>",
        "A&B宇宙</mark><img src=x>",
    ]
    documents = tuple(
        model.model_copy(update={"id": f"faq-{number}", "title": text, "similar": ()})
        for number, text in enumerate(hostile)
    )
    publish(replace(dealer_view, documents=documents), tmp_path, get_engine("memory"), "")
    suggesting = Suggester(open_current(tmp_path, "dealer"), ON, {})
    seen: set[str] = set()
    for typed in ("宇", "宇宙", "yuzhou", "yz", "宇zhou", "script", "alert", "mark", "A&B"):
        for one in suggesting.suggest(typed):
            if one.document is None:
                continue
            plain = one.html.replace("<mark>", "").replace("</mark>", "")
            assert "<" not in plain
            assert " ".join(html.unescape(plain).split()) == " ".join(one.text.split())
            assert one.html.count("<mark>") == one.html.count("</mark>") >= 1
            seen.add(one.document)
    assert len(seen) == len(hostile)
