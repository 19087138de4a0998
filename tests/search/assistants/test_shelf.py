"""What an assistant is given: approved words, their source, and nothing that it must not see."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from casebook.errors import QueryRefused
from casebook.library import View
from search.assistants.shelf import MAX_DAYS, Shelf
from tests.search.assistants.conftest import SITE, NewShelf
from tests.search.conftest import ON

RESUME = "faq-arrears-resume"
ENDED = "faq-roaming-summer"


@pytest.fixture(scope="module")
def agents(shelf_of: NewShelf) -> Shelf:
    return shelf_of("agent")


@pytest.fixture(scope="module")
def dealers(shelf_of: NewShelf) -> Shelf:
    return shelf_of("dealer")


def section(view: View, name: str, key: str) -> str:
    from casebook.markup import plain_text

    found = view.get(name).section(key)
    return plain_text(found.html)


def test_an_answer_is_the_approved_one_word_for_word(agents: Shelf, agent_view: View) -> None:
    given = agents.answer("欠费停机多久能恢复")
    assert given.found
    assert given.answer.id == RESUME
    assert given.answer.sections[0].text == section(agent_view, RESUME, "answer")
    assert given.answer.approved_on == agent_view.get(RESUME).approved_on
    assert given.answer.url == f"{SITE}/faq/{RESUME}/"


def test_an_answer_names_its_articles_with_their_text(agents: Shelf, agent_view: View) -> None:
    sources = {one.id: one for one in agents.answer("欠费停机多久能恢复").sources}
    cited = agent_view.get(RESUME).policies
    assert {f"{one.policy}#{one.article}" for one in cited if one.article} <= sources.keys()
    for one in cited:
        if one.article:
            source = sources[f"{one.policy}#{one.article}"]
            assert source.text == section(agent_view, one.policy, one.article)


def test_without_an_answer_nothing_is_made_up(agents: Shelf) -> None:
    given = agents.answer("今天天气怎么样")
    assert (given.found, given.answer, given.sources) == (False, None, [])


def test_hits_have_excerpts_without_markup(agents: Shelf) -> None:
    found = agents.search("宽带 断网")
    assert found.total >= len(found.hits) > 0
    for hit in found.hits:
        assert hit.excerpt
        assert not re.search(r"<|&[a-z]+;|&#", hit.excerpt)


def test_a_search_may_ask_for_one_kind_and_page(agents: Shelf) -> None:
    assert {hit.kind for hit in agents.search("宽带", "case").hits} == {"case"}
    first, second = agents.search("宽带").hits, agents.search("宽带", page=2).hits
    assert second
    assert {hit.id for hit in first}.isdisjoint(hit.id for hit in second)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda shelf: shelf.search(" "), "问题是空的；写上客户问的话。"),
        (
            lambda shelf: shelf.search("宽带", "zz"),
            "kind 写 case、faq、policy 里的一个，收到的是“zz”。",
        ),
        (lambda shelf: shelf.search("长" * 201), "问题有 201 个字符，最多 200 个；请缩短。"),
        (lambda shelf: shelf.document("faq-x"), "没有编号是“faq-x”的文档，或者这个受众看不到它。"),
        (lambda shelf: shelf.due(-1), f"days 写 0 到 {MAX_DAYS} 之间的整数，收到的是 -1。"),
        (lambda shelf: shelf.due(367), f"days 写 0 到 {MAX_DAYS} 之间的整数，收到的是 367。"),
    ],
)
def test_a_wrong_question_says_what_is_wrong(ask, message: str, agents: Shelf) -> None:
    with pytest.raises(QueryRefused) as refused:
        ask(agents)
    assert str(refused.value) == message


def test_agents_see_what_has_ended_marked_and_dealers_do_not(agents: Shelf, dealers: Shelf) -> None:
    assert agents.document(ENDED).standing == "ended"
    with pytest.raises(QueryRefused):
        dealers.document(ENDED)
    with pytest.raises(QueryRefused):
        dealers.citations(ENDED)
    assert ENDED not in [hit.id for hit in dealers.search("暑期漫游优惠").hits]


def test_what_is_inner_is_not_given_to_dealers(agents: Shelf, dealers: Shelf) -> None:
    inner = {one.heading for one in agents.document(RESUME).sections}
    public = {one.heading for one in dealers.document(RESUME).sections}
    assert "设计思路" in inner
    assert "设计思路" not in public


def test_citations_go_both_ways(agents: Shelf) -> None:
    policy = agents.citations(RESUME).rests_on[0].id.partition("#")[0]
    assert RESUME in [one.id for one in agents.citations(policy).cited_by]


def test_due_is_what_is_overdue_or_comes_soon(agents: Shelf, agent_view: View) -> None:
    by = ON + timedelta(days=60)
    wanted = {
        (document.id, what)
        for document in agent_view.documents
        for what, day in (
            ("review", document.review_by),
            ("end", document.effective_until_or_none),
        )
        if day and day <= by
    }
    given = agents.due(60)
    assert given.on == ON
    assert {(one.id, one.what) for one in given.documents} == wanted
    days = [one.day for one in given.documents]
    assert days == sorted(days)
    assert all(one.past == (one.day < ON) for one in given.documents)
    assert any(one.past for one in given.documents)


def test_dealers_know_no_review_dates(dealers: Shelf) -> None:
    assert {one.what for one in dealers.due(MAX_DAYS).documents} <= {"end"}
    assert all(one.day >= date(2026, 11, 22) for one in dealers.due(MAX_DAYS).documents)
