"""From a bad rating or a missing answer to its owner and back: webhooks, tasks, pages, patches."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from casebook.cli import main
from casebook.errors import SettingsError
from casebook.library import Library, load_library
from casebook.settings import load_settings
from search.app import create_app
from search.engines import get_engine
from search.generations import publish
from search.insights.reporter import Reporter, StillAdding
from search.insights.tasks import Tasks
from search.journal.records import Event, Question
from search.service import EXTENSION, ServiceConfig
from tests.casebook.test_notify import Reply, Server, server
from tests.search.insights.calls import write_journal

__all__ = ["server"]  # a fixture, by its name alone

# The day of the library, which is where its questions are counted.
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()
BAD = "faq-arrears-resume"
MISSING = "智能门锁连不上怎么办"
NOTIFY = """
[[notify]]
name = "{name}"
audience = "{audience}"
format = "json"
url_env = "HOOK"
events = [{events}]
"""


def asked(number: int, text: str, bad: str | None = None, answer: str | None = None) -> Question:
    """A question of the last hours, with a bad rating or without."""
    at = datetime.now(UTC) - timedelta(minutes=number)
    events = (Event(at, "rated", bad, False, "outdated"),) if bad else ()
    return Question(
        id=f"q{number}",
        at=at,
        surface="page",
        text=text,
        total=1,
        complete=1 if answer else 0,
        answer=answer,
        hits=(answer,) if answer else (),
        took_ms=3.0,
        degraded=False,
        events=events,
    )


@pytest.fixture(scope="module")
def template(root: Path, library: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sample library with its indexes."""
    folder = tmp_path_factory.mktemp("telling") / "library"
    for name in ("cases", "faq", "policies"):
        shutil.copytree(root / name, folder / name)
    for name in ("casebook.toml", "glossary.toml", "withdrawn.toml"):
        if (root / name).is_file():
            shutil.copy(root / name, folder / name)
    for audience in ("dealer", "agent"):
        index = folder / "build" / "index" / audience
        publish(library.view(audience), index, get_engine("memory"), "x")
    return folder


@pytest.fixture
def place(template: Path) -> Iterator[Path]:
    """The copy, with a journal in which somebody complains; what is told and opened goes again."""
    state = template / "build" / "state"
    settings = (template / "casebook.toml").read_text(encoding="utf-8")
    (state / "dealer").mkdir(parents=True)
    write_journal(
        state / "dealer" / "journal.sqlite",
        [
            *(asked(n, "欠费停机多久能恢复", BAD, BAD) for n in (1, 2)),
            asked(3, "账单在哪里查", "faq-bill-check", "faq-bill-check"),
            *(asked(n, MISSING) for n in (4, 5, 6)),
            *(asked(n, "卫星电话咋开") for n in (7, 8)),
        ],
    )
    yield template
    shutil.rmtree(state)
    shutil.rmtree(template / "build" / "notify", ignore_errors=True)
    (template / "casebook.toml").write_text(settings, encoding="utf-8")


def subscribe(place: Path, *events: str, name: str = "work", more: str = "") -> None:
    """Adds a webhook of the widest audience."""
    table = NOTIFY.format(
        name=name, audience="agent", events=", ".join(f'"{event}"' for event in events)
    )
    file = place / "casebook.toml"
    file.write_text(file.read_text(encoding="utf-8") + table + more, encoding="utf-8")


@pytest.fixture
def run(place: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("HOOK", f"{server.url}/told")

    def command(*words: str) -> Result:
        return CliRunner().invoke(main, [*words, "--library", str(place)])

    return command


Run = Callable[..., Result]


def told(server: Server) -> list[dict[str, Any]]:
    return [item for seen in server.seen for item in seen.json["items"]]


def test_owners_are_told_of_what_is_bad_and_missing_once(run: Run, server: Server, place: Path):
    subscribe(place, "bad_rating", "missing")
    done = run("notify")
    assert done.exit_code == 0, done.output
    found = {(item["event"], item["title"]) for item in told(server)}
    entry = load_library(place).sources[BAD].document
    assert found == {("bad_rating", entry.title), ("missing", MISSING)}
    (bad,) = [item for item in told(server) if item["event"] == "bad_rating"]
    assert (bad["count"], bad["owner"], bad["audience"]) == (2, entry.owner, "dealer")
    assert bad["examples"] == ["欠费停机多久能恢复"]
    assert run("notify").exit_code == 0
    assert len(server.seen) == 1


def test_one_bad_click_and_one_who_asks_twice_are_no_news(run: Run, server: Server, place: Path):
    subscribe(place, "bad_rating", "missing")
    run("notify")
    shown = json.dumps(told(server), ensure_ascii=False)
    assert "faq-bill-check" not in shown
    assert "卫星电话" not in shown


def test_what_was_mended_is_told_again_only_when_it_is_rated_bad_again(
    run: Run, server: Server, place: Path
):
    subscribe(place, "bad_rating")
    file = place / "casebook.toml"
    text = file.read_text(encoding="utf-8").replace('format = "json"', 'format = "wecom"')
    file.write_text(text, encoding="utf-8")
    server.replies = [Reply({"errcode": 0})]
    journal = place / "build" / "state" / "dealer" / "journal.sqlite"
    old = datetime.now(UTC) - timedelta(days=3)
    before = [replace(asked(n, "停机了", BAD, BAD), at=old) for n in (21, 22)]
    journal.unlink()
    write_journal(journal, before)
    assert run("notify").exit_code == 0
    assert len(server.seen) == 1
    entry = place / load_library(place).sources[BAD].path
    text = entry.read_text(encoding="utf-8")
    mended = TODAY - timedelta(days=1)
    entry.write_text(
        re.sub(r"(?m)^approved_on: .*", f"approved_on: {mended}", text), encoding="utf-8"
    )
    try:
        for number in (31, 32):
            assert run("notify").exit_code == 0
            assert len(server.seen) == 1
            write_journal(journal, [asked(number, "停机了", BAD, BAD)])
        assert run("notify").exit_code == 0
    finally:
        entry.write_text(text, encoding="utf-8")
    assert len(server.seen) == 2
    assert f"：过时了 4 次；其中 {mended} 重新核准以后 2 次。" in str(server.seen[-1].json)


def test_what_did_not_arrive_is_told_the_next_time(run: Run, server: Server, place: Path):
    subscribe(place, "bad_rating", "missing")
    server.replies = [Reply(status=400)]
    assert run("notify").exit_code == 1
    server.seen.clear()
    server.replies = [Reply({})]
    assert run("notify").exit_code == 0
    assert len(told(server)) == 2


def test_robots_get_it_in_words_with_links(run: Run, server: Server, place: Path):
    subscribe(place, "bad_rating", "missing")
    file = place / "casebook.toml"
    text = file.read_text(encoding="utf-8").replace('format = "json"', 'format = "wecom"')
    file.write_text(text, encoding="utf-8")
    shown = run("notify", "--dry-run").stdout
    assert "**【评价没用】**[" in shown
    assert "7 天里 2 次评价没用：过时了 2 次。" in shown
    assert f"(http://127.0.0.1:8000/site/faq/{BAD}/)" in shown
    assert "**【没有答案】**[" in shown
    assert "(http://127.0.0.1:8000/insights/not_found?audience=dealer&days=7#" in shown
    assert server.seen == []


@pytest.mark.parametrize(
    ("more", "events"),
    [
        ('owners = ["没有这个组"]\n', set()),
        ('subjects = ["资费"]\n', {"bad_rating"}),
        ('subjects = ["宽带"]\n', set()),
    ],
)
def test_a_webhook_is_told_of_its_teams_and_subjects_only(
    run: Run, server: Server, place: Path, more: str, events: set[str]
):
    subscribe(place, "bad_rating", "missing", more=more)
    entry = load_library(place).sources[BAD].document
    subject = (entry.subject or "").partition("/")[0]
    if "资费" in more and subject != "资费":
        file = place / "casebook.toml"
        file.write_text(file.read_text(encoding="utf-8").replace('["资费"]\n', f'["{subject}"]\n'))
    assert run("notify").exit_code == 0
    assert {item["event"] for item in told(server)} == events


def test_late_tasks_are_told_once_for_each_due_day(run: Run, server: Server, place: Path):
    from search.insights.tasks import Wanted

    subscribe(place, "task_due")
    tasks = Tasks(place / "build" / "state" / "agent" / "tasks.sqlite")
    wanted = Wanted(("r",), "not_found", "dealer", MISSING, (), "宽带运维组")
    tasks.open(wanted, TODAY - timedelta(days=30))
    tasks.open(Wanted(("s",), "not_found", "dealer", "还早", (), "宽带运维组"), TODAY)
    for _ in range(2):
        assert run("notify").exit_code == 0
    (item,) = told(server)
    assert (item["event"], item["title"], item["owner"]) == ("task_due", MISSING, "宽带运维组")


@pytest.mark.parametrize("event", ["bad_rating", "missing", "task_due"])
def test_only_the_widest_audience_is_told_of_work(place: Path, event: str):
    table = NOTIFY.format(name="x", audience="dealer", events=f'"{event}"')
    file = place / "casebook.toml"
    file.write_text(file.read_text(encoding="utf-8") + table, encoding="utf-8")
    with pytest.raises(SettingsError, match=f"“x”不能要 {event}"):
        load_settings(place)


# ---- the pages -------------------------------------------------------------------------------


@pytest.fixture
def app(place: Path) -> Iterator[Flask]:
    """The agents' service of the copy."""
    made = create_app(
        ServiceConfig(
            audience="agent",
            internal=True,
            title="测试",
            index=place / "build" / "index" / "agent",
            site=None,
            today=lambda: TODAY,
            library=place,
            state=place / "build" / "state" / "agent",
        )
    )
    yield made
    made.extensions[EXTENSION].close()


def row_of(app: Flask, kind: str) -> dict[str, str]:
    """What the form of a row sends."""
    address = f"/insights/{kind}?audience=dealer&days=28"
    # On a busy machine the report is not ready at once; whoever asks again is served further on.
    answers = (app.test_client().get(address) for _ in range(20))
    page = next(answer.text for answer in answers if answer.status_code == 200)
    form = re.search(r'<form method="post" action="/tasks/">(.*?)</form>', page, re.DOTALL)
    assert form, page
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[1]))


def test_a_row_becomes_a_task_that_a_rerun_closes(app: Flask, place: Path):
    client = app.test_client()
    sent = row_of(app, "not_found")
    for _ in range(2):
        assert client.post("/tasks/", data=sent).status_code == 303
    (task,) = Tasks(place / "build" / "state" / "agent" / "tasks.sqlite").all()
    assert (task.question, task.audience, task.state) == (MISSING, "dealer", "open")
    assert task.history[0].who
    page = client.get("/tasks/").text
    assert MISSING in page
    stays = client.post(f"/tasks/{task.id}/rerun", follow_redirects=True)
    assert "重查没有通过：没有" in stays.text
    assert "待办 1：还没办" in client.get("/insights/not_found?audience=dealer").text
    # Somebody writes the entry, and the index is published.
    view = load_library(place).view("dealer")
    entry = view.documents[[one.id for one in view.documents].index(BAD)]
    better = replace(
        view,
        documents=[
            one if one.id != BAD else entry.model_copy(update={"similar": (MISSING,)})
            for one in view.documents
        ],
    )
    index = place / "build" / "index" / "dealer"
    publish(better, index, get_engine("memory"), "better", anew=True)
    try:
        done = client.post(f"/tasks/{task.id}/rerun", follow_redirects=True)
    finally:
        publish(view, index, get_engine("memory"), "as it was", anew=True)
    assert "重查通过：有统一答复" in done.text
    assert "办好了" in done.text


def test_a_bad_rating_is_not_closed_by_finding_the_same_answer(app: Flask, place: Path):
    client = app.test_client()
    client.post("/tasks/", data=row_of(app, "bad_ratings"))
    client.post("/tasks/1/rerun")
    (task,) = Tasks(place / "build" / "state" / "agent" / "tasks.sqlite").all()
    assert task.is_open
    assert task.documents == (BAD,)


def test_a_task_is_closed_with_a_reason(app: Flask):
    client = app.test_client()
    client.post("/tasks/", data=row_of(app, "not_found"))
    refused = client.post("/tasks/1/close", data={"why": " "})
    assert refused.status_code == 400
    assert "写上为什么关" in refused.text
    done = client.post("/tasks/1/close", data={"why": "不是<b>我们</b>的"}, follow_redirects=True)
    assert "不办：不是&lt;b&gt;我们&lt;/b&gt;的" in done.text
    assert "重新打开" in client.get("/insights/not_found?audience=dealer").text


def test_a_proposal_is_shown_and_downloaded(app: Flask, place: Path):
    client = app.test_client()
    row = row_of(app, "not_found")
    address = f"/tasks/propose?row={row['row']}&audience=dealer&days=28"
    page = client.get(address)
    assert page.status_code == 200
    assert 'name="entry"' in page.text
    entry = load_library(place).sources[BAD]
    chosen = f"{address}&entry={BAD}&wording=昨儿交的钱咋今儿还打不出去"
    shown = client.get(chosen).text
    assert "+  - 昨儿交的钱咋今儿还打不出去" in shown
    patch = client.get(f"{chosen}&download=1")
    assert patch.headers["Content-Disposition"] == f'attachment; filename="{BAD}.patch"'
    assert f"+++ b/{entry.path}" in patch.text
    assert "昨儿交的钱" not in (place / entry.path).read_text(encoding="utf-8")
    refused = client.get(f"{address}&entry={BAD}&wording=打 13812345678")
    assert refused.status_code == 400
    assert "里面有手机号码" in refused.text
    synonym = client.get(f"{address}&term=月费&synonym=月钱").text
    assert "月钱" in synonym
    assert "glossary.patch" in synonym


def test_a_task_shows_whose_it_is_its_documents_and_the_next_step(app: Flask, place: Path):
    client = app.test_client()
    client.post("/tasks/", data=row_of(app, "bad_ratings"))
    client.post("/tasks/", data=row_of(app, "not_found"))
    page = client.get("/tasks/").text
    assert page.count("代理商问的") == 2
    entry = load_library(place).sources[BAD].document
    assert f"{entry.title}（{BAD}）" in page
    assert f'href="/?q={quote(MISSING)}"' in page
    address = "/tasks/propose?task=2"
    assert f'href="{address}"' in page
    chosen = client.get(f"{address}&entry={BAD}&wording=昨儿交的钱咋今儿还打不出去").text
    assert "+  - 昨儿交的钱咋今儿还打不出去" in chosen
    assert client.post("/tasks/", data={"task": "2", "answer": BAD}).status_code == 303
    assert Tasks(place / "build" / "state" / "agent" / "tasks.sqlite").get(2).answer == BAD
    assert client.get("/tasks/propose?task=99").status_code == 400
    assert client.get("/tasks/propose?task=x").status_code == 404


def test_any_entry_can_be_found_for_a_proposal(app: Flask, place: Path):
    client = app.test_client()
    row = row_of(app, "not_found")
    address = f"/tasks/propose?row={row['row']}&audience=dealer&days=28"
    other = "faq-roaming-open"
    title = load_library(place).sources[other].document.title
    assert f'value="{other}"' not in client.get(address).text
    for words in (other, title):
        assert f'value="{other}"' in client.get(f"{address}&find={words}").text
    # What is no entry is not on offer.
    assert 'name="entry" value="policy-' not in client.get(f"{address}&find=policy-words").text


@pytest.mark.parametrize(
    ("send", "status"),
    [
        (lambda client, row: client.get("/tasks/propose", query_string=row), 202),
        (lambda client, row: client.post("/tasks/", data=row), 503),
    ],
    ids=["propose", "open"],
)
def test_while_the_journal_is_added_up_the_page_says_so(
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    send: Callable[..., Any],
    status: int,
):
    def still(*_: object) -> None:
        raise StillAdding("正在读检索日志")

    monkeypatch.setattr(Reporter, "report", still)
    answer = send(app.test_client(), {"row": "x", "audience": "dealer", "days": "28"})
    assert answer.status_code == status
    assert "还在汇总检索日志（正在读检索日志），过几秒再试。" in answer.text


def test_only_the_widest_service_has_tasks(place: Path):
    narrow = create_app(
        ServiceConfig(
            audience="dealer",
            internal=False,
            title="测试",
            index=place / "build" / "index" / "dealer",
            site=None,
            today=lambda: TODAY,
            state=place / "build" / "state" / "dealer",
        )
    )
    try:
        client = narrow.test_client()
        assert client.get("/tasks/").status_code == 403
        assert client.post("/tasks/1/rerun").status_code == 403
        assert "/tasks/" not in client.get("/").text
    finally:
        narrow.extensions[EXTENSION].close()


def test_the_insights_are_shown_beside_damaged_tasks(app: Flask, place: Path):
    row_of(app, "not_found")
    file = place / "build" / "state" / "agent" / "tasks.sqlite"
    file.write_bytes(b"nothing of the kind" * 1000)
    page = app.test_client().get("/insights/not_found?audience=dealer&days=28")
    assert page.status_code == 200
    assert MISSING in page.text
    assert page.text.count("；从备份里恢复。") == 1
    assert '<form method="post" action="/tasks/">' not in page.text


def test_the_insights_are_shown_beside_an_empty_file_of_tasks(app: Flask, place: Path):
    (place / "build" / "state" / "agent" / "tasks.sqlite").touch()
    assert app.test_client().post("/tasks/", data=row_of(app, "not_found")).status_code == 303


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        (f"/tasks/{'9' * 23}/rerun", {}, 400),
        (f"/tasks/{'9' * 23}/close", {"why": "x"}, 400),
        (f"/tasks/{'9' * 5000}/rerun", {}, 404),
        ("/tasks/", {"row": "x", "audience": "dealer", "days": "9" * 5000}, 404),
        ("/tasks/", {"row": "x", "audience": "dealer", "days": "8"}, 404),
        ("/tasks/", {"task": "9" * 5000}, 404),
    ],
)
def test_numbers_that_there_are_not_are_refused(
    app: Flask, path: str, data: dict[str, str], status: int
):
    assert app.test_client().post(path, data=data).status_code == status


@pytest.mark.parametrize(
    "path",
    [
        "/tasks/propose?row=none&audience=dealer&days=28",
        "/tasks/propose?row=none&audience=boss&days=28",
        "/tasks/propose?row=none&audience=dealer&days=x",
        "/tasks/propose",
    ],
)
def test_what_is_no_row_is_not_found(app: Flask, path: str):
    assert app.test_client().get(path).status_code == 404


def test_an_unknown_task_is_said(app: Flask):
    refused = app.test_client().post("/tasks/99/rerun")
    assert refused.status_code == 400
    assert "没有第 99 号待办" in refused.text


@pytest.mark.parametrize("path", ["/tasks/", "/tasks/1/rerun", "/tasks/1/close"])
def test_other_sites_cannot_change_tasks(app: Flask, path: str):
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert app.test_client().post(path, headers=headers).status_code == 403
