"""Each list: what stands in it, how it is counted, and what does not belong there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from search.generations import Generation
from search.insights.documents import NOBODY, Documents
from search.insights.report import report
from search.insights.rows import KINDS, Report, Row
from search.journal.records import Event, Question
from search.store import Store, Stored
from tests.search.conftest import ON, OpenGeneration
from tests.search.insights.calls import ZONE, CallCentre, topics_of

FAQ = "faq-arrears-resume"
OTHER = "faq-broadband-fault"
Reported = Callable[..., Report]


def asked(text: str, days_ago: int = 1, times: int = 1, **values: object) -> list[Question]:
    """Questions of a day, ten minutes apart; nothing is found unless the values say so."""
    noon = datetime.combine(ON - timedelta(days=days_ago), datetime.min.time(), ZONE).replace(
        hour=12
    )
    plain = Question(
        id="q",
        at=noon,
        surface="page",
        text=text,
        total=0,
        complete=0,
        answer=None,
        hits=(),
        took_ms=20.0,
        degraded=False,
    )
    at = (noon.astimezone(UTC) + timedelta(minutes=10 * place) for place in range(times))
    return [replace(plain, id=f"{text}-{one}", at=one, **values) for one in at]  # type: ignore[arg-type]


def event(kind: str, document: str = FAQ, **values: object) -> Event:
    return Event(datetime(2026, 11, 21, 5, tzinfo=UTC), kind, document, **values)  # type: ignore[arg-type]


@pytest.fixture
def reported(sample: OpenGeneration) -> Reported:
    """A report on questions, for the agents on the tests' day."""

    def make(*questions: Iterable[Question], days: int = 28, store: object = None) -> Report:
        found = sorted((one for some in questions for one in some), key=lambda one: one.at)
        held = store or sample("agent").store
        return report(found, held, days, ON, audience="agent", zone=ZONE)  # type: ignore[arg-type]

    return make


def titles(rows: Iterable[Row]) -> list[tuple[str, int]]:
    return [(row.title, row.count) for row in rows]


def test_the_same_question_in_other_words_is_counted_once(reported: Reported) -> None:
    found = reported(
        asked("儿童手表能不能办副卡", times=3),
        asked("请问儿童手表怎么办副卡", days_ago=3, times=2, surface="embed"),
        asked("副卡可以给儿童手表办吗", days_ago=2),
        asked("儿童手表副卡", days_ago=30),
        asked("宽带断了", days_ago=60),
        asked("卫星通话怎么开通"),
    ).lists["not_found"]
    assert titles(found) == [("儿童手表能不能办副卡", 6), ("卫星通话怎么开通", 1)]
    row = found[0]
    assert row.before == 1
    assert row.share == pytest.approx(6 / 7)
    assert row.surfaces == {"page": 4, "embed": 2}
    assert row.first and row.first.astimezone(ZONE).date() == ON - timedelta(days=3)
    assert row.last and row.last.astimezone(ZONE).date() == ON - timedelta(days=1)
    assert row.examples[0] == row.question == "儿童手表能不能办副卡"


@pytest.mark.parametrize(
    ("values", "is_there"),
    [
        ({}, True),
        ({"total": 4, "complete": 0, "hits": (FAQ,)}, True),
        ({"total": 4, "complete": 1, "hits": (FAQ,)}, False),
        ({"total": 4, "complete": 0, "answer": FAQ}, False),
        ({"total": 4, "complete": 2, "answer": FAQ, "events": (event("missing", ""),)}, True),
    ],
)
def test_what_counts_as_not_found(
    reported: Reported, values: dict[str, object], is_there: bool
) -> None:
    found = reported(asked("儿童手表能不能办副卡", **values))
    assert bool(found.lists["not_found"]) is is_there
    assert found.totals.not_found == is_there


def test_words_that_ask_nothing_are_counted_and_in_no_row(reported: Reported) -> None:
    found = reported(asked("你好请问", times=3))
    assert found.totals.not_found == 3
    assert found.rows == ()


@pytest.mark.parametrize(
    ("values", "documents"),
    [
        ({"hits": (OTHER, FAQ)}, (OTHER, FAQ)),
        ({"hits": (OTHER, FAQ), "answer": FAQ, "complete": 2}, (FAQ, OTHER)),
        ({"hits": (OTHER,), "complete": 1}, (OTHER,)),
        ({"hits": (OTHER, FAQ), "events": (event("opened", OTHER),)}, (OTHER, FAQ)),
    ],
)
def test_who_says_that_there_is_no_answer_was_shown_something(
    reported: Reported, values: dict[str, object], documents: tuple[str, ...]
) -> None:
    events = (*values.pop("events", ()), event("missing", ""))  # type: ignore[misc]
    (row,) = reported(asked("流量用完了还能上网吗", events=events, **values)).lists["not_found"]
    assert row.documents == documents
    assert row.owner != NOBODY
    assert "没有相近的文档" not in row.advice


def test_what_was_opened_is_not_shown_in_vain(reported: Reported) -> None:
    opened = asked("儿童手表能不能办副卡", hits=(FAQ,), events=(event("opened"),))
    (row,) = reported(opened).lists["not_found"]
    assert row.documents == ()


def test_of_several_teams_that_of_the_best_document_answers(sample: OpenGeneration) -> None:
    documents = Documents(sample("agent").store, ON)
    teams = [one.owner for one in documents.known((FAQ, OTHER))]
    assert teams[0] != teams[1]
    assert documents.owner((FAQ, OTHER)) == teams[0]
    assert documents.owner((OTHER, FAQ)) == teams[1]


@pytest.mark.parametrize(("days", "compared"), [(55, True), (54, False), (28, False)])
def test_a_period_is_compared_only_with_one_that_the_journal_holds(
    reported: Reported, days: int, compared: bool
) -> None:
    found = reported(*(asked("宽带断了", days_ago=ago, times=3) for ago in range(days + 1)))
    assert bool(found.before) is compared
    assert {row.before is None for row in found.rows} == {not compared}
    assert {before is None for rows in found.shares.values() for _, _, before in rows} == {
        not compared
    }


@pytest.mark.parametrize(
    ("values", "is_there"),
    [
        ({}, True),
        ({"surface": "api"}, False),
        ({"complete": 0}, False),
        ({"answer": FAQ}, False),
        ({"events": (event("opened"),)}, False),
        ({"events": (event("rated", helpful=True),)}, False),
    ],
)
def test_what_counts_as_not_opened(
    reported: Reported, values: dict[str, object], is_there: bool
) -> None:
    shown = {"total": 4, "complete": 2, "hits": (FAQ,)} | values
    found = reported(asked("停机以后怎么恢复", times=2, **shown)).lists["not_opened"]
    assert [row.documents for row in found] == ([(FAQ,)] if is_there else [])


def test_first_seen_is_what_nobody_asked_before(reported: Reported) -> None:
    old = asked("宽带断了", days_ago=60), asked("流量包怎么退", days_ago=20)
    found = reported(
        *old,
        asked("乐享家庭包怎么共享流量", days_ago=2, times=3),
        asked("流量包能不能退", days_ago=1, times=3),
        asked("只问了一次的新问题", days_ago=1),
    )
    assert titles(found.lists["first_seen"]) == [("乐享家庭包怎么共享流量", 3)]


def test_where_nothing_older_is_kept_nothing_is_new(reported: Reported) -> None:
    found = reported(asked("乐享家庭包怎么共享流量", times=3), asked("宽带断了", days_ago=8))
    assert not found.lists["first_seen"]


def test_growing_names_what_served_the_questions(
    reported: Reported, sample: OpenGeneration
) -> None:
    answered = {"total": 3, "complete": 1, "answer": FAQ}
    rest = {"total": 3, "complete": 1, "answer": "faq-broadband-down"}
    found = reported(
        asked("停机多久恢复", days_ago=5, times=60, **answered),
        asked("停机多久恢复", days_ago=35, times=10, **answered),
        asked("宽带断了", days_ago=5, times=100, **rest),
        asked("宽带断了", days_ago=35, times=100, **rest),
        asked("宽带断了", days_ago=60),
    ).lists["growing"]
    store = sample("agent").store
    subject = store.documents([store.number(FAQ) or 0])[store.number(FAQ) or 0].subject or ""
    grown = {row.details["value"]: row for row in found}
    assert subject in grown
    row = grown[subject]
    assert (row.count, row.before, row.documents) == (60, 10, (FAQ,))
    assert row.examples == ("停机多久恢复",)
    assert 1.1 < row.details["least_growth"] < row.details["growth"]
    assert not any("宽带" in value for value in grown)


def test_bad_ratings_come_by_document_the_newest_first(reported: Reported) -> None:
    bad = {"helpful": False}
    found = reported(
        asked(
            "停机多久恢复",
            answer=FAQ,
            events=(Event(datetime(2026, 11, 20, tzinfo=UTC), "rated", FAQ, False, "outdated"),),
        ),
        asked("能恢复吗", answer=FAQ, events=(event("rated", helpful=True),)),
        asked("流量", answer="faq-data-pack", events=(event("rated", "faq-data-pack", **bad),)),
        asked("撤下的", events=(event("rated", "faq-gone-long-ago", **bad),)),
    ).lists["bad_ratings"]
    assert [row.documents[0] for row in found] == ["faq-data-pack", FAQ]
    assert found[1].details == {
        "good": 1,
        "bad_share": 0.5,
        "reasons": {"outdated": 1},
        "by_day": {"2026-11-21": 1},
    }
    assert found[0].details["reasons"] == {"none": 1}


class Changed:
    """A store in which some documents are otherwise."""

    def __init__(self, store: Store, **changes: object) -> None:
        self._store = store
        self._changes = changes

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def documents(self, numbers: list[int]) -> dict[int, Stored]:
        found = self._store.documents(numbers)
        return {
            number: replace(one, **self._changes) if one.id == FAQ else one  # type: ignore[arg-type]
            for number, one in found.items()
        }


@pytest.mark.parametrize(
    ("changes", "is_there"),
    [
        ({"review_by": ON - timedelta(days=1)}, True),
        ({"review_by": ON}, False),
        ({"review_by": None, "approved_on": date(2022, 1, 1)}, True),
    ],
)
def test_unverified_is_in_use_and_past_its_review_or_old(
    reported: Reported, sample: OpenGeneration, changes: dict[str, object], is_there: bool
) -> None:
    store = Changed(sample("agent").store, **changes)
    used = asked("停机多久恢复", times=3, answer=FAQ, events=(event("copied"),))
    found = reported(used, store=store).lists["unverified"]
    assert [(row.documents, row.count) for row in found] == ([((FAQ,), 6)] if is_there else [])
    assert all("，还在用：请" in row.advice for row in found)


@pytest.mark.parametrize(
    ("changes", "is_there"),
    [
        ({"effective_until": ON + timedelta(days=5)}, True),
        ({"effective_until": ON + timedelta(days=31)}, False),
        ({"effective_until": ON - timedelta(days=1)}, False),
        ({"effective_until": ON + timedelta(days=5), "successors": ("faq-data-pack",)}, False),
        ({"effective_until": ON + timedelta(days=5), "successors": ("faq-nowhere",)}, True),
    ],
)
def test_ending_is_in_use_and_has_no_successor(
    reported: Reported, sample: OpenGeneration, changes: dict[str, object], is_there: bool
) -> None:
    store = Changed(sample("agent").store, **changes)
    found = reported(asked("停机多久恢复", times=3, answer=FAQ), store=store).lists["ending"]
    assert [row.documents for row in found] == ([(FAQ,)] if is_there else [])
    assert not reported(asked("别的", times=3), store=store).lists["ending"]


def test_a_month_of_a_call_centre(sample: OpenGeneration, agent_view: object) -> None:
    generation: Generation = sample("agent")
    topics = topics_of(agent_view, ON)  # type: ignore[arg-type]
    questions = list(CallCentre(topics, a_day=200).questions(90, ON))
    found = report(questions, generation.store, 28, ON, audience="agent", zone=ZONE)
    assert found.totals.questions == sum(
        one.at.astimezone(ZONE).date() > ON - timedelta(days=28) for one in questions
    )
    assert len(found.daily) == 28
    assert sum(totals.questions for _, totals in found.daily) == found.totals.questions
    assert sum(found.totals.surfaces.values()) == found.totals.questions
    missing = {row.title for row in found.lists["not_found"]}
    assert {"儿童手表能不能办副卡", "卫星通话怎么开通"} <= missing
    assert found.lists["first_seen"][0].title == "乐享家庭包怎么共享流量"
    assert set(found.lists) == set(KINDS)
    for row in found.rows:
        assert row.advice and row.owner
        assert found.row(row.id) is row
        assert set(row.documents) <= set(found.titles)
    assert len({row.id for row in found.rows}) == len(found.rows)


def test_a_row_keeps_its_id_on_other_days_and_by_its_other_wordings(reported: Reported) -> None:
    first = reported(
        asked("儿童手表能不能办副卡", times=3), asked("儿童手表办副卡可以用吗", times=2)
    )
    later = reported(
        asked("儿童手表能不能办副卡", days_ago=3, times=3),
        asked("儿童手表办副卡可以用吗", days_ago=2, times=5),
        days=7,
    )
    one, other = first.lists["not_found"][0], later.lists["not_found"][0]
    assert one.id in other.ids
    assert later.row(one.id) is other
    same = reported(asked("儿童手表能不能办副卡", times=3)).lists["not_found"][0]
    assert same.id == one.id
