"""What is added up: in steps as at once, by the library's days, no longer than it is kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from casebook.library import View
from search.insights import digest as digests
from search.insights.counts import Period
from search.insights.digest import OPEN_DAYS, Digest, forget
from search.insights.making import Made, Task, make
from search.insights.report import summary
from search.insights.wordings import Wordings, clusters
from search.journal.records import Question
from search.store import Store
from tests.search.conftest import ON, OpenGeneration
from tests.search.insights.calls import ZONE, CallCentre, topics_of, write_journal

NewDigest = Callable[..., Digest]


@pytest.fixture
def wordings(sample: OpenGeneration) -> Wordings:
    return Wordings(sample("agent").store.terms)


@pytest.fixture
def questions(agent_view: View) -> list[Question]:
    return list(CallCentre(topics_of(agent_view, ON), a_day=60).questions(40, ON))


def add(digest: Digest, questions: list[Question], on: date) -> int:
    since = digest.missing_since
    new = (one for one in questions if since is None or one.at >= since)
    return sum(1 for _ in digest.add(new, on))


def test_adding_day_by_day_gives_the_same_as_adding_at_once(
    sample: OpenGeneration, wordings: Wordings, questions: list[Question], tmp_path: Path
) -> None:
    file = tmp_path / "sums.sqlite"
    for days in (30, 17, 3, 1, 0):
        on = ON - timedelta(days=days)
        known = [one for one in questions if one.at.astimezone(ZONE).date() <= on]
        # The last day was not over when it was added up.
        with closing(Digest(file, wordings, ZONE)) as digest:
            add(digest, known[: len(known) - 7] if days else known, on)
    store = sample("agent").store
    with (
        closing(Digest(None, wordings, ZONE)) as whole,
        closing(Digest(file, wordings, ZONE)) as stepwise,
    ):
        add(whole, questions, ON)
        reports = [summary(one, store, wordings, 28, ON, "agent") for one in (whole, stepwise)]
    assert reports[0] == reports[1]


def test_only_days_that_may_change_are_added_up_again(
    wordings: Wordings, questions: list[Question]
) -> None:
    with closing(Digest(None, wordings, ZONE)) as digest:
        assert add(digest, questions, ON) == 40
        assert add(digest, questions, ON) == OPEN_DAYS
        assert add(digest, questions, ON + timedelta(days=1)) == OPEN_DAYS


def test_after_a_quiet_stretch_only_the_last_days_are_read_again(
    wordings: Wordings, questions: list[Question]
) -> None:
    with closing(Digest(None, wordings, ZONE)) as digest:
        add(digest, questions, ON)
        for quiet in (10, 20):
            assert add(digest, questions, ON + timedelta(days=quiet)) == OPEN_DAYS


@pytest.mark.parametrize(
    ("ahead", "looks"),
    [(7, (5, 10)), (7, (10,)), (730, (5,)), (730, (10,))],
    ids=["a week", "a week, then no look", "years", "years, then no look"],
)
def test_a_clock_that_was_once_ahead_loses_no_day(
    sample: OpenGeneration,
    questions: list[Question],
    tmp_path: Path,
    ahead: int,
    looks: tuple[int, ...],
) -> None:
    journal = tmp_path / "journal.sqlite"
    first = ON - timedelta(days=10)

    def asked(since: date, until: date) -> list[Question]:
        return [one for one in questions if since <= one.at.astimezone(ZONE).date() <= until]

    def look(on: date) -> int:
        made = report_of(sample("agent").store, journal, on)
        return made.report.totals.questions

    write_journal(journal, asked(date.min, first))
    assert look(first) == len(asked(first - timedelta(days=27), first))
    look(first + timedelta(days=ahead))
    known = first
    for days in looks:
        on = first + timedelta(days=days)
        write_journal(journal, asked(known + timedelta(days=1), on))
        assert look(on) == len(asked(on - timedelta(days=27), on))
        known = on


def garbage(file: Path) -> None:
    file.write_bytes(b"nothing of the kind" * 1000)


def broken_pages(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with file.open("r+b") as pages:
        pages.seek(8 * 4096)
        pages.write(b"\xff" * (file.stat().st_size - 8 * 4096))


@pytest.mark.parametrize("damage", [garbage, broken_pages])
def test_a_damaged_file_is_made_anew(
    sample: OpenGeneration,
    questions: list[Question],
    tmp_path: Path,
    damage: Callable[[Path], None],
) -> None:
    journal, file = tmp_path / "journal.sqlite", tmp_path / "sums.sqlite"
    write_journal(journal, questions)
    store = sample("agent").store
    whole = report_of(store, journal, ON).report
    damage(file)
    assert report_of(store, journal, ON).report == whole


@pytest.mark.parametrize("damage", [garbage, broken_pages])
def test_a_damaged_file_keeps_nothing_either(
    wordings: Wordings,
    questions: list[Question],
    tmp_path: Path,
    damage: Callable[[Path], None],
) -> None:
    file = tmp_path / "sums.sqlite"
    with closing(Digest(file, wordings, ZONE)) as digest:
        add(digest, questions, ON)
    damage(file)
    forget(file, ON)
    assert not file.exists() or questions[0].text.encode() not in file.read_bytes()


def test_a_day_is_a_day_of_the_library(wordings: Wordings, questions: list[Question]) -> None:
    late = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)
    with closing(Digest(None, wordings, ZONE)) as digest:
        add(digest, [type(questions[0])(**{**vars(questions[0]), "at": late})], ON)
        assert digest.first_day() == date(2026, 11, 21)


def report_of(store: Store, journal: Path, on: date) -> Made:
    """What the process that makes reports gives, with its sums kept beside the journal."""
    task = Task(
        layers=store.files,
        journal=journal,
        digest=journal.with_name("sums.sqlite"),
        kept=400,
        audience="agent",
        zone=str(ZONE),
        on=on,
        days=28,
    )
    *_, made = make(task)
    assert isinstance(made, Made), made
    return made


@pytest.mark.parametrize("change", ["source", "version"])
def test_sums_of_something_else_are_forgotten(
    wordings: Wordings,
    questions: list[Question],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    file = tmp_path / "sums.sqlite"
    with closing(Digest(file, wordings, ZONE, "one")) as digest:
        add(digest, questions, ON)
    if change == "version":
        monkeypatch.setattr(digests, "VERSION", digests.VERSION + 1)
    with closing(Digest(file, wordings, ZONE, "one" if change == "version" else "two")) as digest:
        assert digest.first_day() is None
        assert digest.missing_since is None


def test_nothing_is_kept_longer_than_the_journal(
    wordings: Wordings, questions: list[Question], tmp_path: Path
) -> None:
    file = tmp_path / "sums.sqlite"
    secret = "绝无仅有的旧问题"
    old = type(questions[0])(**{**vars(questions[0]), "text": secret})
    with closing(Digest(file, wordings, ZONE)) as digest:
        add(digest, [old, *questions[1:]], ON)
    forget(file, ON - timedelta(days=10))
    with closing(Digest(file, wordings, ZONE)) as digest:
        assert digest.first_day() == ON - timedelta(days=10)
        assert digest.sums(Period(date.min, ON - timedelta(days=11))) == {}
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert "旧问题" not in "\n".join(database.iterdump())
    assert "旧问题".encode() not in file.read_bytes()


class Count:
    def __init__(self, wordings: Wordings, text: str, count: int) -> None:
        self.wording = wordings.of(text)
        self.count = count
        self.text = text


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("宽带断网怎么办", "请问宽带断网了要怎么办", True),
        ("宽带断网", "断网 宽带", True),
        ("宽代断网", "宽带断网", True),
        ("月租多少钱", "月费多少钱", True),
        ("套餐外流量怎么收费", "国际漫游流量怎么收费", False),
        ("宽带断网", "宽带移机", False),
        ("儿童手表办副卡", "儿童手表换表带", False),
    ],
)
def test_the_same_in_other_words(wordings: Wordings, one: str, other: str, alike: bool) -> None:
    found = clusters([Count(wordings, one, 3), Count(wordings, other, 2)])
    assert len(found) == (1 if alike else 2)
    assert found[0].members[0].text == one


def test_a_chain_of_small_differences_joins_nothing(wordings: Wordings) -> None:
    chain = ["流量", "流量 套餐", "流量 套餐 退订", "流量 套餐 退订 费用", "套餐 退订 费用 发票"]
    found = clusters([Count(wordings, text, 10 - place) for place, text in enumerate(chain)])
    speakers = [cluster.members[0] for cluster in found]
    for cluster, speaker in zip(found, speakers, strict=True):
        assert all(one.wording.is_like(speaker.wording) for one in cluster.members)
    assert len(found) > 1
