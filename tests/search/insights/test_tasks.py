"""Tasks: one for a row, closed only by a re-run, opened again when it was closed too soon."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from casebook.cli import main
from casebook.documents import Kind
from casebook.library import Library
from search.engines import get_engine
from search.generations import publish
from search.insights.rerun import Rerunner, verdict
from search.insights.tasks import BAD_DAYS, DAYS, Task, TaskRefused, Tasks, Wanted
from search.searcher import Searcher

ON = date(2026, 11, 22)
QUESTION = "欠费停机多久能恢复"


@pytest.fixture
def tasks(tmp_path: Path) -> Tasks:
    return Tasks(tmp_path / "state" / "tasks.sqlite")


def wanted(**changes: Any) -> Wanted:
    values = {
        "rows": ("row-1",),
        "kind": "not_found",
        "audience": "dealer",
        "question": QUESTION,
        "documents": (),
        "owner": "资费管理组",
    }
    return Wanted(**{**values, **changes})


# ---- the store -----------------------------------------------------------------------------


def test_a_row_has_one_task_whatever_wording_it_goes_by(tasks: Tasks):
    first = tasks.open(wanted(rows=("a", "b")), ON, "没有找到", "li.si")
    assert tasks.open(wanted(rows=("b",)), ON).id != first.id
    again = tasks.open(wanted(rows=("c", "a")), ON)
    assert again.id == first.id
    assert len(tasks.all()) == 2
    assert [step.what for step in again.history] == ["开给资费管理组"]
    assert again.history[0].who == "li.si"


@pytest.mark.parametrize(("kind", "days"), [("not_found", DAYS), ("bad_ratings", BAD_DAYS)])
def test_what_is_given_out_wrong_is_due_sooner(tasks: Tasks, kind: str, days: int):
    task = tasks.open(wanted(kind=kind), ON)
    assert task.due == ON + timedelta(days=days)
    assert not task.late(task.due)
    assert task.late(task.due + timedelta(days=1))


def test_a_closed_one_is_opened_again_when_its_question_comes_again(tasks: Tasks):
    task = tasks.open(wanted(), ON)
    closed = tasks.close(task.id, "不是我们的业务", "li.si")
    assert (closed.state, closed.note) == ("dismissed", "不是我们的业务")
    later = ON + timedelta(days=30)
    again = tasks.open(wanted(), later)
    assert (again.id, again.state, again.due) == (task.id, "open", later + timedelta(days=DAYS))
    assert [step.what for step in again.history] == [
        "开给资费管理组",
        "不办：不是我们的业务",
        "又出现了，重新打开",
    ]


def test_one_that_is_opened_again_begins_with_what_is_found_then(tasks: Tasks):
    task = tasks.open(wanted(answer="faq-x"), ON, "没有找到；应当由 faq-x 来答")
    tasks.ran(task.id, "有统一答复", closes=True, today=ON)
    again = tasks.open(wanted(), ON + timedelta(days=20), "有统一答复")
    assert (again.before, again.after, again.answer) == ("有统一答复", "", "")
    named = tasks.open(wanted(answer="faq-x"), ON)
    assert (named.before, named.answer) == ("有统一答复", "faq-x")


def test_only_what_no_rerun_can_look_at_is_done_by_hand(tasks: Tasks):
    free = tasks.open(wanted(rows=("g",), kind="growing", question=""), ON)
    assert tasks.close(free.id, "加了两个坐席").state == "done"


def test_reruns_close_and_open(tasks: Tasks):
    task = tasks.open(wanted(), ON, "没有找到")
    for found, closes, state in (
        ("没有找到", False, "open"),
        ("没有找到", False, "open"),
        ("有统一答复", True, "done"),
        ("有统一答复", True, "done"),
        ("没有找到", False, "open"),
    ):
        assert tasks.ran(task.id, found, closes=closes, today=ON).state == state
    assert [step.what for step in tasks.get(task.id).history] == [
        "开给资费管理组",
        "重查没有通过：没有找到",
        "重查通过：有统一答复",
        "重查又不行了，重新打开：没有找到",
    ]


def test_a_dismissed_one_stays_so_whatever_a_rerun_finds(tasks: Tasks):
    task = tasks.open(wanted(), ON)
    tasks.close(task.id, "不办")
    assert tasks.ran(task.id, "没有找到", closes=False, today=ON).state == "dismissed"


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda tasks: tasks.open(wanted(question="打 13812345678"), ON), "手机号码：138****5678"),
        (lambda tasks: tasks.open(wanted(question="问" * 201), ON), "有 201 个字，最多 200 个"),
        (lambda tasks: tasks.close(1, "  "), "写上为什么关"),
        (lambda tasks: tasks.close(1, "打 13812345678"), "手机号码：138****5678"),
        (lambda tasks: tasks.close(7, "x"), "没有第 7 号待办"),
        (lambda tasks: tasks.get(7), "没有第 7 号待办"),
        (lambda tasks: [tasks.close(1, "x"), tasks.close(1, "y")], "第 1 号已经是“不办”"),
        (lambda tasks: tasks.get(10**30), f"没有第 {10**30} 号待办"),
        (lambda tasks: tasks.close(-(10**30), "x"), f"没有第 -{10**30} 号待办"),
    ],
)
def test_what_is_refused_says_why(tasks: Tasks, act: Callable[[Tasks], object], said: str):
    tasks.open(wanted(), ON)
    with pytest.raises(TaskRefused, match=re.escape(said)):
        act(tasks)


def test_those_due_first_come_first_and_owners_are_told_apart(tasks: Tasks):
    for number, (owner, day) in enumerate((("甲组", 3), ("乙组", 1), ("甲组", 2))):
        tasks.open(wanted(rows=(str(number),), owner=owner), ON + timedelta(days=day))
    tasks.close(2, "不办")
    assert [task.id for task in tasks.all()] == [3, 1, 2]
    assert [task.id for task in tasks.all("open", "甲组")] == [3, 1]


def test_nothing_is_made_by_looking(tasks: Tasks, tmp_path: Path):
    assert tasks.all() == []
    assert tasks.find(("a",)) is None
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_said(tasks: Tasks, tmp_path: Path):
    file = tmp_path / "state" / "tasks.sqlite"
    file.parent.mkdir()
    file.write_bytes(b"no database" * 100)
    for act in (tasks.all, lambda: tasks.open(wanted(), ON)):
        with pytest.raises(TaskRefused, match=r"tasks\.sqlite"):
            act()


def test_an_empty_file_holds_no_tasks(tasks: Tasks, tmp_path: Path):
    file = tmp_path / "state" / "tasks.sqlite"
    file.parent.mkdir()
    file.touch()
    assert tasks.all() == []
    assert tasks.find(("row-1",)) is None
    with pytest.raises(TaskRefused, match="没有第 1 号待办"):
        tasks.get(1)
    assert tasks.open(wanted(), ON).id == 1


def test_many_who_open_the_same_at_once_make_one(tasks: Tasks):
    threads = [
        threading.Thread(target=tasks.open, args=(wanted(rows=(str(n % 3),)), ON))
        for n in range(24)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tasks.all()) == 3
    assert all(len(task.history) == 1 for task in tasks.all())


def test_no_asker_is_kept(tasks: Tasks, tmp_path: Path):
    tasks.open(wanted(), ON)
    with sqlite3.connect(tmp_path / "state" / "tasks.sqlite") as database:
        columns = {row[1] for row in database.execute("PRAGMA table_info(tasks)")}
    database.close()
    assert columns == set(Task.__dataclass_fields__) - {"history"}


@pytest.mark.parametrize("act", ["open", "prune"])
def test_what_is_closed_is_kept_as_long_as_the_journal(tasks: Tasks, tmp_path: Path, act: str):
    file = tmp_path / "state" / "tasks.sqlite"
    for row in ("old", "late", "open"):
        tasks.open(wanted(rows=(row,), question=f"{row} question"), ON)
    tasks.close(1, "不办")
    tasks.close(2, "不办")
    with closing(sqlite3.connect(file)) as database, database:
        for task, days in ((1, 401), (2, 399), (3, 401)):
            at = datetime.now(UTC) - timedelta(days=days)
            database.execute("UPDATE steps SET at = ? WHERE task = ?", (at.isoformat(), task))
    if act == "open":
        tasks.open(wanted(rows=("open",)), ON)
    else:
        tasks.prune()
    assert {task.id for task in tasks.all()} == {2, 3}
    assert b"old question" not in file.read_bytes()
    assert b"late question" in file.read_bytes()
    assert tasks.open(wanted(rows=("new",)), ON).id == 4


# ---- re-runs -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "closes", "found"),
    [
        ({}, True, "有统一答复“"),
        ({"kind": "not_opened"}, True, "有统一答复“"),
        ({"answer": "faq-arrears-resume"}, True, "有统一答复“"),
        ({"answer": "faq-roaming-open"}, False, "；应当由 faq-roaming-open 来答"),
        ({"question": "海底捞外卖"}, False, "没有"),
        ({"question": "§§ ※※"}, False, "没有找到"),
        ({"question": "§§ ※※", "answer": "faq-x"}, False, "没有找到；应当由 faq-x 来答"),
        ({"question": "", "documents": ()}, False, "重查不了"),
    ],
)
def test_a_rerun_says_what_is_found(
    searcher: Callable[..., Searcher], changes: dict[str, Any], closes: bool, found: str
):
    result = verdict(wanted(**changes), searcher("dealer"))
    assert result.closes is closes, result.found
    assert found in result.found


def test_growing_questions_need_an_answer(searcher: Callable[..., Searcher]):
    # Every word of it stands in a policy, and no entry answers it.
    question = next(
        text
        for text in ("电信条例", "客户投诉处理规范", "消费者权益保护法", "首问负责制")
        if not searcher("agent").search(_asked(text)).answer
        and searcher("agent").search(_asked(text)).complete
    )
    assert verdict(wanted(question=question), searcher("agent")).closes
    assert not verdict(wanted(question=question, kind="growing"), searcher("agent")).closes


def _asked(text: str) -> Any:
    from search.searcher import Request

    return Request(text)


def test_why_more_is_asked_no_rerun_can_tell(searcher: Callable[..., Searcher], tasks: Tasks):
    growing = wanted(kind="growing", question="", documents=("faq-arrears-resume",))
    assert "重查不了" in verdict(growing, searcher("dealer")).found
    assert not tasks.open(growing, ON).is_checkable
    rerunner = Rerunner(tasks, Path(), ON, "agent")
    assert list(rerunner.run_all()) == []
    done = tasks.close(1, "加了两个坐席")
    with pytest.raises(TaskRefused, match="第 1 号重查不了"):
        rerunner.run(done, searcher("dealer"))
    assert tasks.get(1) == done


@pytest.mark.parametrize("answer", ["", "faq-arrears-resume"])
def test_a_complaint_about_an_answer_is_not_mended_while_that_answer_stands(
    searcher: Callable[..., Searcher], answer: str
):
    asked = wanted(answer=answer)
    now = verdict(asked, searcher("dealer"))
    assert now.closes
    assert re.search(r"（faq-arrears-resume），核准于 \d{4}-", now.found)
    same = verdict(asked, searcher("dealer"), now.found)
    assert not same.closes
    assert same.found == f"{now.found}；和开单时一样，没有改"
    # Another title mends nothing; approving it anew does.
    assert not verdict(asked, searcher("dealer"), re.sub("“.*”", "“旧题”", now.found)).closes
    old = re.sub("核准于 .*", "核准于 2020-01-01", now.found)
    assert verdict(asked, searcher("dealer"), old).closes
    assert verdict(asked, searcher("dealer"), "没有找到").closes


def test_a_document_is_mended_when_it_stands_otherwise(searcher: Callable[..., Searcher]):
    # That the question finds it again mends nothing.
    asked = wanted(documents=("faq-arrears-resume",), kind="bad_ratings")
    now = verdict(asked, searcher("dealer"))
    assert not now.closes
    assert not verdict(asked, searcher("dealer"), now.found).closes
    assert not verdict(asked, searcher("dealer"), re.sub("“.*”", "“旧题”", now.found)).closes
    old = now.found.replace("核准于 2026", "核准于 2025")
    assert old != now.found
    assert verdict(asked, searcher("dealer"), old).closes
    gone = wanted(question="", documents=("faq-there-is-none",))
    assert verdict(gone, searcher("dealer"), "“没了”（faq-there-is-none）核准于 2025").closes


def test_all_are_rerun_each_on_the_index_of_its_audience(
    tasks: Tasks, library: Library, tmp_path: Path
):
    for audience in ("dealer", "agent"):
        publish(library.view(audience, ON), tmp_path / audience, get_engine("memory"), "x")
    internal = "坐席怎么判定恶意投诉"
    tasks.open(wanted(rows=("1",)), ON)
    tasks.open(wanted(rows=("2",), audience="agent", question=internal), ON)
    tasks.open(wanted(rows=("3",), question="海底捞外卖"), ON)
    tasks.open(wanted(rows=("4",)), ON)
    tasks.close(4, "不办")
    rerunner = Rerunner(tasks, tmp_path, ON, "agent")
    done = {after.id: found.closes for _, after, found in rerunner.run_all()}
    assert set(done) == {1, 2, 3}
    assert (done[1], done[3]) == (True, False)
    assert tasks.get(1).state == "done"
    # What is done is looked at again, and opened when it is not found any more.
    publish(_without(library, "faq-arrears-resume"), tmp_path / "dealer", get_engine("memory"), "y")
    again = {after.id: after.state for _, after, _ in rerunner.run_all()}
    assert again[1] in ("open", "done")
    assert "faq-arrears-resume" not in tasks.get(1).after


def _without(library: Library, name: str) -> Any:
    from dataclasses import replace

    view = library.view("dealer", ON)
    return replace(view, documents=[one for one in view.documents if one.id != name])


# ---- the command ---------------------------------------------------------------------------


@pytest.fixture
def run(small: Path, library: Library) -> Callable[..., Result]:
    view = library.view("dealer", ON)
    publish(view, small / "build" / "index" / "dealer", get_engine("memory"), "x")

    def command(*words: str) -> Result:
        return CliRunner().invoke(main, ["task", *words, "--library", str(small)])

    return command


Run = Callable[..., Result]
Write = Callable[[Kind, str, dict[str, str]], Path]


def found_at_opening(library: Path, task: int, found: str) -> None:
    file = library / "build/state/agent/tasks.sqlite"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE tasks SET before = ? WHERE id = ?", (found, task))


def test_the_command_does_not_close_what_nobody_mended(run: Run):
    run("open", "--question", QUESTION, "--owner", "客服组")
    done = run("rerun", "--all")
    assert done.exit_code == 1
    assert "：没有通过\n" in done.stdout
    assert "；和开单时一样，没有改" in done.stdout


def test_the_command_opens_lists_reruns_and_closes(run: Run, small: Path):
    opened = run("open", "--question", QUESTION, "--answer", "faq-arrears-resume")
    assert opened.exit_code == 0, opened.output
    # When it was opened nothing was found yet.
    found_at_opening(small, 1, "没有找到")
    assert run("open", "--question", "海底捞外卖", "--owner", "客服组").exit_code == 0
    assert run("open", "--question", "海底捞外卖", "--owner", "客服组").exit_code == 0
    listed = json.loads(run("list", "--json").stdout)
    assert [one["id"] for one in listed] == [1, 2]
    assert listed[0]["owner"] != "客服组"
    done = run("rerun", "--all", "--json")
    assert done.exit_code == 1
    assert {one["id"]: one["state"] for one in json.loads(done.stdout)} == {1: "done", 2: "open"}
    shown = run("rerun", "2")
    assert "没有通过" in shown.stdout
    assert "开单时：" in shown.stdout
    assert run("close", "2", "--why", "不是我们的业务").exit_code == 0
    assert "没有待办" in run("list").output
    assert "不办：不是我们的业务" in run("list", "--all").output
    assert run("rerun", "--all").exit_code == 0


def test_the_command_speaks_chinese_of_states_audiences_and_times(run: Run, small: Path):
    run("open", "--question", QUESTION, "--owner", "客服组")
    with closing(sqlite3.connect(small / "build/state/agent/tasks.sqlite")) as database, database:
        database.execute("UPDATE steps SET at = '2026-11-25T20:30:00+00:00'")
    listed = run("list", "--all").stdout
    assert "还没办" in listed
    assert "代理商" in listed
    assert "2026-11-26 04:30 开给客服组" in listed
    found_at_opening(small, 1, "没有找到")
    assert "：通过，现在是“办好了”" in run("rerun", "1").stdout


def test_a_team_that_there_is_not_is_refused(run: Run, write: Write):
    write(Kind.FAQ, "faq-x", {})
    owner = re.search("有：(.+)。", run("open", "--question", "x", "--owner", "甲乙丙").output)
    assert owner, run("open", "--question", "x", "--owner", "甲乙丙").output
    assert run("open", "--question", "x", "--owner", owner[1]).exit_code == 0
    slip = run("open", "--question", "y", "--owner", f"{owner[1]}组")
    assert f"没有班组“{owner[1]}组”；是不是“{owner[1]}”？" in slip.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("open",), "写上 --question"),
        (("open", "--question", "  ", "--owner", "甲"), "写上 --question"),
        (("open", "--document", " ", "--owner", "甲"), "写上 --question"),
        (("open", "--question", "x"), "写上 --owner"),
        (("open", "--question", "x", "--answer", "faq-none"), "索引里没有 faq-none"),
        (("open", "--question", "x", "--owner", "甲", "--audience", "agent"), "casebook index"),
        (("rerun",), "写一个编号，或者写 --all"),
        (("rerun", "1", "--all"), "写一个编号，或者写 --all"),
        (("rerun", "99"), "没有第 99 号待办"),
        (("rerun", "9" * 30), f"没有第 {'9' * 30} 号待办"),
        (("patch", "--question", "x"), "写 --question 和 --entry"),
    ],
)
def test_the_command_says_what_is_missing(run: Run, words: tuple[str, ...], said: str):
    done = run(*words)
    assert done.exit_code == 2
    assert said in done.output


def test_the_document_that_is_to_answer_may_be_named_later(tasks: Tasks):
    task = tasks.open(wanted(), ON)
    named = tasks.open(wanted(answer="faq-arrears-resume"), ON)
    assert (named.id, named.answer) == (task.id, "faq-arrears-resume")
    assert tasks.open(wanted(), ON).answer == "faq-arrears-resume"
    assert [step.what for step in named.history] == [
        "开给资费管理组",
        "应当由 faq-arrears-resume 来答",
    ]
