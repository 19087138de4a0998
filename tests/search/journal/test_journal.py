"""What the journal keeps: questions and events, their order, what is not kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from search.journal.journal import QUESTION_ID, Journal
from search.journal.records import Event
from tests.search.journal.conftest import Clock, NewJournal, found, rows


def test_a_question_is_kept_with_what_it_found(journal: Journal, clock: Clock) -> None:
    ids = [f"faq-{number}" for number in range(12)]
    name = journal.ask(found("  欠费停机  多久能恢复 ", *ids, answer="faq-0"), "page", "")
    assert QUESTION_ID.fullmatch(name)
    journal.flush()
    (question,) = journal.questions()
    assert question.id == name
    assert question.at == datetime.fromtimestamp(clock.now, UTC)
    assert (question.surface, question.text) == ("page", "欠费停机 多久能恢复")
    assert (question.total, question.complete, question.answer) == (12, 12, "faq-0")
    assert question.hits == tuple(ids[:10])
    assert (question.took_ms, question.degraded, question.events) == (1.2, False, ())


def test_events_follow_in_order(journal: Journal, clock: Clock) -> None:
    name = journal.ask(found("宽带断网", "faq-a", "faq-b"), "site", "")
    for kind, document in (("opened", "faq-b"), ("copied", "faq-a"), ("missing", "")):
        clock.now += 1
        journal.note(name, kind, document)
    journal.flush()
    (question,) = journal.questions()
    assert [(event.kind, event.document) for event in question.events] == [
        ("opened", "faq-b"),
        ("copied", "faq-a"),
        ("missing", ""),
    ]
    assert [event.at.timestamp() - question.at.timestamp() for event in question.events] == [
        1,
        2,
        3,
    ]


@pytest.mark.parametrize(
    ("ratings", "left"),
    [
        ([(True, None)], [(True, None)]),
        ([(True, None), (None, None)], []),
        ([(True, None), (False, None)], [(False, None)]),
        ([(False, None), (False, "outdated")], [(False, "outdated")]),
        ([(False, "outdated"), (False, None)], [(False, None)]),
        ([(False, "wrong"), (None, None), (True, None)], [(True, None)]),
    ],
)
def test_of_several_ratings_the_last_counts(
    journal: Journal,
    clock: Clock,
    ratings: list[tuple[bool | None, str | None]],
    left: list[tuple[bool | None, str | None]],
) -> None:
    name = journal.ask(found("宽带断网", "faq-a"), "page", "")
    journal.note(name, "rated", "faq-other", True)
    for helpful, reason in ratings:
        clock.now += 1
        journal.note(name, "rated", "faq-a", helpful, reason)
    journal.flush()
    (question,) = journal.questions()
    assert [
        (event.helpful, event.reason) for event in question.events if event.document == "faq-a"
    ] == left
    assert any(event.document == "faq-other" for event in question.events)


def test_of_two_ratings_at_once_the_later_counts(journal: Journal) -> None:
    name = journal.ask(found("宽带断网", "faq-a"), "page", "")
    journal.note(name, "rated", "faq-a", True)
    journal.note(name, "rated", "faq-a", None)
    journal.flush()
    (question,) = journal.questions()
    assert question.events == ()


def test_a_span_has_its_first_moment_and_not_its_last(journal: Journal, clock: Clock) -> None:
    start = datetime.fromtimestamp(clock.now, UTC)
    for number in range(5):
        journal.ask(found(f"问题{number}"), "api", "")
        clock.now += 60
    journal.flush()

    def texts(since: int | None, until: int | None) -> list[str]:
        moments = [
            None if minute is None else start + timedelta(minutes=minute)
            for minute in (since, until)
        ]
        return [question.text for question in journal.questions(*moments)]

    assert texts(None, None) == [f"问题{number}" for number in range(5)]
    assert texts(1, 3) == ["问题1", "问题2"]
    assert texts(4, None) == ["问题4"]
    assert texts(None, 1) == ["问题0"]
    assert texts(3, 3) == []


def test_many_are_read_in_order_and_once(journal: Journal, clock: Clock) -> None:
    for number in range(1203):
        clock.now += number % 3
        name = journal.ask(found(f"第{number}"), "api", "")
        journal.note(name, "opened", "faq-a")
    journal.flush()
    questions = list(journal.questions())
    assert [question.text for question in questions] == [f"第{number}" for number in range(1203)]
    assert all(
        question.events[0] == Event(question.at, "opened", "faq-a") for question in questions
    )


def test_nothing_is_made_before_the_first_question(new_journal: NewJournal, file: Path) -> None:
    journal = new_journal()
    assert list(journal.questions()) == []
    assert journal.flush()
    assert not file.parent.exists()


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_nothing_asked_is_nothing_kept(journal: Journal, file: Path, text: str) -> None:
    assert journal.ask(found(text), "page", "") == ""
    journal.close()
    assert not file.exists()


@pytest.mark.parametrize("days", [0, 400])
def test_without_days_or_a_file_nothing_is_kept(tmp_path: Path, days: int) -> None:
    file = tmp_path / "state" / "journal.sqlite"
    journal = Journal(None if days else file, days)
    assert journal.file is None
    assert journal.ask(found("宽带断网", "faq-a"), "page", "visit-one") == ""
    journal.note("A" * 12, "opened", "faq-a")
    assert (journal.waiting, journal.dropped, list(journal.questions())) == (0, 0, [])
    journal.close()
    assert not file.parent.exists()


def test_without_a_journal_what_is_kept_of_one_is_cleaned_at_once(
    tmp_path: Path, new_journal: NewJournal
) -> None:
    cleaned: list[str] = []
    new_journal(days=0).when_pruned(lambda: cleaned.append("none"))
    new_journal().when_pruned(lambda: cleaned.append("one"))
    assert cleaned == ["none"]


def test_a_text_that_is_not_unicode_is_kept_as_far_as_it_is(journal: Journal) -> None:
    journal.ask(found("宽带\ud800断网"), "mcp", "")
    journal.flush()
    assert [question.text for question in journal.questions()] == ["宽带?断网"]


def test_an_event_of_a_question_that_nobody_asked_is_no_question(journal: Journal) -> None:
    journal.note("AAAAAAAAAAAA", "opened", "faq-a")
    journal.ask(found("宽带断网"), "page", "")
    journal.flush()
    (question,) = journal.questions()
    assert question.events == ()


def test_the_same_rows_written_again_are_not_there_twice(journal: Journal, file: Path) -> None:
    from search.journal import opening, storage

    name = journal.ask(found("宽带断网"), "page", "")
    journal.note(name, "opened", "faq-a")
    journal.close()
    (question,) = rows(file, "SELECT id, at FROM questions")
    (event,) = rows(file, "SELECT * FROM events")
    again = [
        storage.AskedRow(*question, None, "page", "x", 0, 0, None, "", 0.0, degraded=False),
        storage.EventRow(*event),
    ]
    database = opening.connect(file)
    storage.write(database, again)
    database.close()
    assert rows(file, "SELECT text FROM questions") == [("宽带断网",)]
    assert len(rows(file, "SELECT * FROM events")) == 1
