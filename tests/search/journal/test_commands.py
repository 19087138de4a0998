"""Exporting, removing and looking at what is kept."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from casebook.asked import read_asked
from casebook.cli import main
from search.insights.digest import Digest
from search.insights.wordings import Wordings
from search.journal import opening, storage, writer
from search.journal.exporting import COLUMNS
from search.journal.journal import Journal
from search.journal.records import REASONS, SURFACES
from tests.search.journal.conftest import Clock, NewJournal, found, locked, raw_bytes, rows, until

Run = Callable[..., Result]
DAY = 86_400
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)  # twelve in Shanghai


@pytest.fixture
def kept(small: Path) -> Path:
    """Where the small library's dealers' journal is."""
    return small / "build" / "state" / "dealer" / "journal.sqlite"


@pytest.fixture
def run(small: Path) -> Run:
    def call(*words: str) -> Result:
        return CliRunner().invoke(main, ["journal", *words, "--library", str(small)])

    return call


def fill(file: Path, *texts: str, start: datetime = NOON, step: timedelta = timedelta(days=1)):
    """Questions, one a step."""
    clock = Clock(start.timestamp())
    journal = Journal(file, clock=clock)
    for text in texts:
        name = journal.ask(found(text, "faq-a", "faq-b", answer="faq-a"), "site", "")
        journal.note(name, "opened", "faq-b")
        journal.note(name, "rated", "faq-a", False, "outdated")
        clock.now += step.total_seconds()
    journal.close()


def test_lines_of_json_are_the_questions(run: Run, kept: Path) -> None:
    fill(kept, "欠费停机", "宽带断网")
    lines = [json.loads(line) for line in run("export").output.splitlines()]
    assert [line["text"] for line in lines] == ["欠费停机", "宽带断网"]
    first = lines[0]
    assert first["at"] == "2026-11-20T04:00:00+00:00"
    assert (first["surface"], first["answer"], first["hits"]) == (
        "site",
        "faq-a",
        ["faq-a", "faq-b"],
    )
    assert {event["kind"] for event in first["events"]} == {"opened", "rated"}
    assert not set(first) & {"visit", "number"}


def test_a_table_opens_in_excel_and_holds_no_formula(run: Run, kept: Path, tmp_path: Path) -> None:
    fill(kept, '=HYPERLINK("http://evil.example")', "＋10＋1", "-20+3", "@SUM(A1)", '说"停机",了')
    out = tmp_path / "out" / "questions.csv"
    result = run("export", "--format", "csv", "--out", str(out))
    assert (result.exit_code, result.output) == (0, f"5 个问题 → {out}\n")
    data = out.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert tuple(table[0]) == COLUMNS
    texts = [row[3] for row in table[1:]]
    assert texts == [
        '\'=HYPERLINK("http://evil.example")',
        "'＋10＋1",
        "'-20+3",
        "'@SUM(A1)",
        '说"停机",了',
    ]
    line = dict(zip(table[0], table[1], strict=True))
    assert (line["时间"], line["从哪里问"]) == ("2026-11-20 12:00:00", "知识库站点")
    assert (line["打开"], line["没用"], line["没用的原因"]) == ("faq-b", "faq-a", "过时了")


def test_days_the_wrong_way_round_are_refused(run: Run, kept: Path) -> None:
    fill(kept, "欠费停机")
    result = run("export", "--since", "2026-11-30", "--until", "2026-11-01")
    assert result.exit_code == 2
    assert "2026-11-01" in result.stderr and "对调" in result.stderr
    assert run("export", "--since", "2026-11-20", "--until", "2026-11-20").exit_code == 0


def test_every_surface_and_reason_has_its_chinese_name(run: Run, kept: Path) -> None:
    journal = Journal(kept)
    for surface in SURFACES:
        name = journal.ask(found("宽带", "faq-a"), surface, "")
        journal.note(name, "missing", "")
        for number, reason in enumerate(REASONS):
            journal.note(name, "rated", f"faq-{number}", False, reason)
    journal.close()
    table = list(csv.reader(io.StringIO(run("export", "--format", "csv").output)))
    assert len({row[2] for row in table[1:]}) == len(SURFACES)
    assert all(row[14].count("、") == len(REASONS) - 1 and row[15] == "是" for row in table[1:])


def test_counts_of_what_helped_are_read_by_the_site(run: Run, kept: Path, tmp_path: Path) -> None:
    fill(kept, "欠费停机", "宽带断网")
    out = tmp_path / "asked.json"
    run("export", "--format", "asked", "--out", str(out))
    assert read_asked(out) == {"faq-a": 2, "faq-b": 2}


@pytest.mark.parametrize(
    ("options", "days"),
    [
        ((), [0, 1, 2, 3]),
        (("--since", "2026-11-21"), [1, 2, 3]),
        (("--until", "2026-11-21"), [0, 1]),
        (("--since", "2026-11-21", "--until", "2026-11-22"), [1, 2]),
        (("--since", "2027-01-01"), []),
        (("--since", "0001-01-01", "--until", "9999-12-31"), [0, 1, 2, 3]),
    ],
)
def test_days_are_those_of_the_library(
    run: Run, kept: Path, options: tuple[str, ...], days: list[int]
) -> None:
    # Five minutes past midnight in Shanghai.
    fill(kept, *"甲乙丙丁", start=datetime(2026, 11, 19, 16, 5, tzinfo=UTC))
    lines = run("export", *options).output.splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["甲乙丙丁"[day] for day in days]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("export",), "没有检索日志"),
        (("export", "--audience", "nobody"), "没有受众“nobody”"),
        (("export", "--since", "1.11."), "“1.11.”不是日期；写成 2026-03-01。"),
        (("export", "--format", "xml"), "没有“xml”，可选：“jsonl”、“csv”、“asked”。"),
    ],
)
def test_what_cannot_be_exported_is_said(run: Run, words: tuple[str, ...], message: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_a_file_that_cannot_be_read_is_said(run: Run, kept: Path) -> None:
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"x" * 5000)
    for words in (("export",), ("status", "--audience", "dealer")):
        result = run(*words)
        assert (result.exit_code, "读不了检索日志" in result.output) == (2, True)
    kept.unlink()
    with closing(sqlite3.connect(kept)) as database:
        database.execute("PRAGMA user_version = 99")
    for words in (("export",), ("prune",), ("status",)):
        result = run(*words)
        assert (result.exit_code, "请升级 casebook" in result.output) == (2, True)


def test_removing_takes_only_what_is_old(run: Run, kept: Path) -> None:
    now = datetime.now(UTC)
    fill(kept, "很久以前的问题", start=now - timedelta(days=401))
    fill(kept, "昨天的问题", start=now - timedelta(days=1))
    result = run("prune", "--audience", "dealer")
    assert result.output == "代理商：删掉 1 个超过 400 天的问题。\n"
    assert [row[5] for row in rows(kept)] == ["昨天的问题"]
    assert rows(kept, "SELECT count(*) FROM events") == [(2,)]
    assert "很久以前".encode() not in b"".join(raw_bytes(kept.parent).values())


def test_what_was_set_aside_goes_in_time(run: Run, kept: Path) -> None:
    fill(kept, "昨天的问题", start=datetime.now(UTC) - timedelta(days=1))
    old, new = (kept.parent / f"{kept.name}.damaged-2026110{day}-010203" for day in (1, 2))
    for path in (old, new, old.with_name(f"{old.name}-wal")):
        path.write_bytes(b"x")
    for path in (old, old.with_name(f"{old.name}-wal")):
        os.utime(path, (0, 0))
    run("prune")
    assert [path.name for path in kept.parent.glob("*.damaged-*")] == [new.name]


def test_with_no_days_everything_is_removed(run: Run, kept: Path, small: Path) -> None:
    fill(kept, "昨天的问题", start=datetime.now(UTC) - timedelta(days=1))
    with (small / "casebook.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n[journal]\ndays = 0\n")
    run("prune")
    assert rows(kept) == rows(kept, "SELECT * FROM events") == []
    assert "昨天".encode() not in b"".join(raw_bytes(kept.parent).values())


@pytest.mark.parametrize(("days", "left"), [(5, ["昨天的问题"]), (0, [])])
def test_sums_of_what_is_removed_go_too_whoever_keeps_them(
    run: Run, kept: Path, small: Path, days: int, left: list[str]
) -> None:
    now = datetime.now(UTC)
    for age, text in ((6, "上周的问题"), (1, "昨天的问题"), (0, "今天的问题")):
        fill(kept, text, start=now - timedelta(days=age))
    # The widest audience's service keeps sums of the others' journals.
    sums = [small / "build/state" / name / "insights-dealer.sqlite" for name in ("agent", "dealer")]
    others = sums[0].with_name("insights-agent.sqlite")
    zone = ZoneInfo("Asia/Shanghai")
    wordings = Wordings(())
    for file in (*sums, others):
        with closing(Digest(file, wordings, zone)) as digest:
            list(digest.add(Journal(kept).questions(), now.astimezone(zone).date()))
            digest.keep(28, now.date(), "{}")
    with (small / "casebook.toml").open("a", encoding="utf-8") as settings:
        settings.write(f"\n[journal]\ndays = {days}\n")
    assert run("prune", "--audience", "dealer").exit_code == 0
    expected = [*left, *(["今天的问题"] if days else [])]
    for file in sums:
        texts = [text for (text,) in rows(file, "SELECT text FROM asked ORDER BY day")]
        assert (texts, rows(file, "SELECT * FROM reports")) == (expected, [])
    assert "上周".encode() not in b"".join(raw_bytes(kept.parent).values())
    assert len(rows(others, "SELECT text FROM asked")) == 3


def test_sums_that_cannot_be_changed_are_named(run: Run, kept: Path) -> None:
    fill(kept, "很久以前的问题", start=datetime.now(UTC) - timedelta(days=401))
    sums = kept.with_name("insights-dealer.sqlite")
    with locked(sums):
        result = run("prune")
    assert result.exit_code == 2
    assert f"清理不了 {sums}（别的程序一直占着它）；过一会儿再试，" in result.output
    assert rows(kept) == []


def test_what_was_removed_is_gone_and_its_room_is_given_back(
    journal: Journal, clock: Clock, file: Path
) -> None:
    for number in range(4000):
        journal.ask(found(f"要删的{number}", "faq-a", "faq-b"), "page", "")
    clock.now += 10 * DAY
    journal.ask(found("留下的", "faq-a"), "page", "")
    journal.flush()
    with closing(opening.connect(file)) as database:
        storage.forget(database)
        before = file.stat().st_size
        now = int(clock.now * 1000)
        steps = [count for count in storage.prune(database, now - DAY * 1000, now) if count]
        assert steps == [500] * 8
        assert file.stat().st_size < before / 5
        data = b"".join(raw_bytes(file.parent).values())
    assert "要删的".encode() not in data
    assert "留下的".encode() in data


def test_others_write_while_old_questions_are_removed(
    new_journal: NewJournal, clock: Clock, file: Path
) -> None:
    journal = new_journal(clock=clock)
    for number in range(1200):
        journal.ask(found(f"旧{number}"), "page", "")
    journal.flush()
    other = new_journal()
    with closing(opening.connect(file)) as database:
        now = int((clock.now + 2 * DAY) * 1000)
        for _ in storage.prune(database, now - DAY * 1000, now):
            other.ask(found("新"), "page", "")
            assert other.flush()
    assert {row[5] for row in rows(file)} == {"新"}


def test_the_service_removes_what_is_old(
    new_journal: NewJournal, clock: Clock, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_FIRST_PRUNE", 0.0)
    old = new_journal(clock=clock)
    old.ask(found("旧"), "page", "")
    old.close()
    clock.now += 30 * DAY
    new = new_journal(clock=clock, days=7)
    new.ask(found("新"), "page", "")
    new.flush()
    until(lambda: [row[5] for row in rows(file)] == ["新"])


def test_whatever_else_is_kept_of_it_is_cleaned_then_too(
    new_journal: NewJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_FIRST_PRUNE", 0.0)
    threads: list[str] = []
    journal = new_journal()
    journal.when_pruned(lambda: threads.append(threading.current_thread().name))
    journal.ask(found("新"), "page", "")
    until(lambda: threads == ["journal"])


def test_after_the_clock_was_set_nothing_is_removed(
    new_journal: NewJournal,
    clock: Clock,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(writer, "_FIRST_PRUNE", 0.0)
    journal = new_journal(clock=clock, days=7)
    clock.now += 3000 * DAY
    journal.ask(found("旧"), "page", "")
    journal.flush()
    until(lambda: "系统时钟被拨过" in caplog.text)
    assert len(rows(file)) == 1


def test_events_without_a_question_are_dropped_after_a_day(
    journal: Journal, clock: Clock, file: Path
) -> None:
    journal.note("A" * 12, "opened", "faq-a")
    clock.now += 20 * DAY
    journal.note("C" * 12, "opened", "faq-a")
    clock.now += 2 * DAY
    name = journal.ask(found("宽带"), "page", "")
    journal.note(name, "opened", "faq-a")
    journal.note("B" * 12, "opened", "faq-a")
    journal.flush()
    with closing(opening.connect(file)) as database:
        now = int(clock.now * 1000)
        list(storage.prune(database, now - 10 * DAY * 1000, now))
    left = rows(file, "SELECT question FROM events")
    assert sorted(left) == sorted([(name,), ("B" * 12,)])


def test_the_state_of_each_audience(run: Run, kept: Path) -> None:
    fill(kept, "欠费停机", "宽带断网")
    (kept.parent / "journal.sqlite.damaged-20261101-010203").touch()
    with closing(sqlite3.connect(kept)) as database, database:
        database.execute("INSERT INTO counts VALUES ('dropped', 12)")
    dealers, agents = run("status").output.splitlines()
    assert dealers.startswith(
        "代理商：2 个问题，4 次打开、复制和评价，2026-11-20 12:00 到 2026-11-21 12:00，0.1 MB，"
        "丢过 12 条，坏了改名的文件 1 个（"
    )
    assert agents.startswith("坐席：没有检索日志（")
