"""Incident notices: who sees them and when, what they are pinned for, and who may set them."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient

from casebook.cli import main
from casebook.library import Library
from casebook.service_settings import AccessSettings
from search.access.rights import Right
from search.access.tokens import FILE as TOKENS
from search.access.tokens import Tokens
from search.analysis import Analyzer
from search.app import create_app
from search.notices import Notices
from search.notices.board import LONGEST, Board, Draft, Place
from search.notices.notice import FILE, Notice, NoticeRefused, read_notices
from search.notices.watching import LOOK_EVERY
from search.searcher import Request, Searcher
from search.service import EXTENSION, ServiceConfig

ON = date(2026, 11, 22)
# 20:00 in the library's time zone.
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
TEXT = "城东片区光缆中断，正在抢修，预计 22 点前恢复。"
Start = Callable[..., Flask]
# Subjects that incidents are about.
DOWN = ("宽带/故障", "网络/信号", "资费/流量", "增值业务/退订")


class Time:
    """The time of day, and the monotonic clock, as a test sets them."""

    def __init__(self) -> None:
        self.now = NOW
        self.ticks = 0.0

    def __call__(self) -> datetime:
        return self.now

    def clock(self) -> float:
        self.ticks += LOOK_EVERY
        return self.ticks


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def board(tmp_path: Path, time: Time) -> Board:
    places = [
        Place("dealer", "代理商", tmp_path / "dealer", False),
        Place("agent", "坐席", tmp_path / "agent", True),
    ]
    return Board(places, "Asia/Shanghai", ("宽带", "宽带/故障", "网络/信号"), now=time)


def draft(**changes: Any) -> Draft:
    values = {
        "title": "城东片区宽带故障",
        "text": TEXT,
        "ends": NOW + timedelta(hours=2),
        "words": ("断网",),
    }
    return Draft(**{**values, **changes})


def seen(folder: Path, time: Time) -> list[str]:
    """The titles that a service with this folder shows now."""
    return [one.title for one in Notices(folder / FILE, time, time.clock).running()]


# ---- who sees it, and how long -------------------------------------------------------------


@pytest.mark.parametrize(
    ("audience", "dealers", "agents"), [("dealer", 1, 1), ("agent", 0, 1), ("", 0, 1)]
)
def test_a_notice_is_kept_only_where_it_may_be_read(
    board: Board, tmp_path: Path, time: Time, audience: str, dealers: int, agents: int
):
    board.add(draft(audience=audience))
    assert len(seen(tmp_path / "dealer", time)) == dealers
    assert len(seen(tmp_path / "agent", time)) == agents
    kept = (tmp_path / "dealer" / FILE).exists()
    assert kept == bool(dealers)


def test_it_comes_and_goes_by_itself(board: Board, tmp_path: Path, time: Time):
    board.add(draft(starts=NOW + timedelta(hours=1)))
    notices = Notices(tmp_path / "agent" / FILE, time, time.clock)
    found = []
    for minutes in (0, 59, 60, 119, 120, 121):
        time.now = NOW + timedelta(minutes=minutes)
        found.append(len(notices.running()))
    assert found == [0, 0, 1, 1, 0, 0]


def test_what_was_ended_by_hand_stays_so_when_the_clock_is_set_back(
    board: Board, tmp_path: Path, time: Time
):
    notice = board.add(draft())
    time.now += timedelta(minutes=30)
    board.end(notice.id)
    time.now -= timedelta(minutes=25)
    assert seen(tmp_path / "agent", time) == []


def test_what_ended_by_the_clock_is_back_when_the_clock_is_set_back(
    board: Board, tmp_path: Path, time: Time
):
    board.add(draft())
    time.now += timedelta(hours=3)
    notices = Notices(tmp_path / "agent" / FILE, time, time.clock)
    assert notices.running() == ()
    time.now -= timedelta(hours=2)
    assert len(notices.running()) == 1


def test_workers_see_a_change_at_their_next_look(board: Board, tmp_path: Path, time: Time):
    workers = [Notices(tmp_path / "dealer" / FILE, time, time.clock) for _ in range(3)]
    assert [worker.running() for worker in workers] == [()] * 3
    notice = board.add(draft(audience="dealer"))
    assert all(len(worker.running()) == 1 for worker in workers)
    board.extend(notice.id, NOW + timedelta(hours=5))
    assert {worker.running()[0].ends for worker in workers} == {NOW + timedelta(hours=5)}
    board.end(notice.id)
    assert [worker.running() for worker in workers] == [()] * 3


def test_the_file_is_looked_at_twice_a_second_at_most(tmp_path: Path, board: Board, time: Time):
    ticks = [0.0]
    notices = Notices(tmp_path / "agent" / FILE, time, lambda: ticks[0])
    assert notices.running() == ()
    board.add(draft())
    assert notices.running() == ()
    ticks[0] += 0.5
    assert len(notices.running()) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"version": 2, "notices": []}',
        b'{"version": 1, "notices": [{}]}',
        b'{"version": 1, "notices": [{"id": 1}]}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_a_damaged_file_changes_nothing_until_the_next_notice(
    board: Board, tmp_path: Path, time: Time, content: bytes
):
    board.add(draft())
    file = tmp_path / "agent" / FILE
    notices = Notices(file, time, time.clock)
    assert len(notices.running()) == 1
    file.write_bytes(content)
    assert len(notices.running()) == 1
    assert seen(tmp_path / "agent", time) == []
    board.add(draft(title="第二条"))
    assert [one.title for one in notices.running()] == ["第二条"]
    assert [one.read_bytes() for one in file.parent.glob("*.damaged-*")] == [content]


def test_a_time_without_offset_is_damage(board: Board, tmp_path: Path, time: Time):
    board.add(draft())
    file = tmp_path / "agent" / FILE
    file.write_text(file.read_text(encoding="utf-8").replace("+08:00", ""), encoding="utf-8")
    assert seen(tmp_path / "agent", time) == []


def test_many_who_set_notices_at_once_lose_none(board: Board, tmp_path: Path):
    threads = [
        threading.Thread(target=board.add, args=(draft(title=f"第 {n} 处", audience="dealer"),))
        for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for folder in ("dealer", "agent"):
        kept = {one.title for one in read_notices(tmp_path / folder / FILE)}
        assert kept == {f"第 {n} 处" for n in range(12)}


def test_history_is_kept_and_accounts_only_in_the_widest_folder(board: Board, tmp_path: Path):
    notice = board.add(draft(audience="dealer", by="网络监控组"), "zhang.san")
    board.extend(notice.id, NOW + timedelta(hours=4), "li.si")
    board.end(notice.id, "li.si")
    board.end(notice.id, "li.si")
    (kept,) = board.all()
    assert [(one.what, one.who) for one in kept.history] == [
        ("发布，到 2026-11-25 22:00", "zhang.san"),
        ("改为到 2026-11-26 00:00", "li.si"),
        ("结束", "li.si"),
    ]
    dealers = (tmp_path / "dealer" / FILE).read_text(encoding="utf-8")
    assert "zhang.san" not in dealers
    assert "li.si" not in dealers
    assert "网络监控组" in dealers


def test_one_that_was_ended_runs_again_when_it_is_extended(
    board: Board, tmp_path: Path, time: Time
):
    notice = board.add(draft())
    board.end(notice.id)
    board.extend(notice.id, NOW + timedelta(hours=1))
    assert seen(tmp_path / "agent", time) == [notice.title]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": " "}, "公告没有标题；标题写什么坏了，正文写对客户怎么说。"),
        ({"text": ""}, "公告没有正文；标题写什么坏了，正文写对客户怎么说。"),
        ({"title": "长" * 61}, "标题有 61 个字，最多 60 个；请缩短。"),
        ({"words": ()}, "没有写问什么时置顶；至少写一个词（如 断网）或一个业务分类。"),
        ({"words": ("网",)}, "词“网”要有 2 到 20 个字。"),
        ({"words": ("……",)}, "词“……”里没有字；写客户会说的，如 断网。"),
        ({"words": ("断网", "\u200b\u200b")}, "词“\u200b\u200b”里没有字；写客户会说的，如 断网。"),
        ({"words": ("断网 ！？",)}, "词“！？”里没有字；写客户会说的，如 断网。"),
        ({"title": "断\x00网"}, "标题里有不能显示的字符（U+0000）；删掉它再发。"),
        ({"text": "断网\ud800"}, "正文里有不能显示的字符（U+D800）；删掉它再发。"),
        ({"by": "\udcff组"}, "班组里有不能显示的字符（U+DCFF）；删掉它再发。"),
        ({"words": ("断\ud800网",)}, "词里有不能显示的字符（U+D800）；删掉它再发。"),
        ({"subjects": ("宽带\x1b",)}, "业务分类里有不能显示的字符（U+001B）；删掉它再发。"),
        ({"subjects": ("宽带/故章",)}, "“宽带/故章”不是分类里的词；是不是“宽带/故障”？"),
        ({"audience": "boss"}, "这里发不了给“boss”的公告；可选：dealer（代理商）、agent（坐席）。"),
        ({"id": "../x"}, "编号只用小写字母、数字和连字符，最多 40 个。"),
        ({"ends": NOW}, "结束时间 2026-11-25 20:00 已经过去，现在是 2026-11-25 20:00。"),
        (
            {"starts": NOW + timedelta(hours=3)},
            "结束时间 2026-11-25 22:00 不晚于开始时间 2026-11-25 23:00。",
        ),
        (
            {"ends": NOW + LONGEST + timedelta(minutes=1)},
            "结束时间 2026-12-26 20:01 在 31 天以后；长期的说法写成统一口径，不发公告。",
        ),
        (
            {"text": "请拨 13812345678 找张工。"},
            "公告里有手机号码：138****5678；删掉它，公告会念给所有客户听。",
        ),
        (
            {"words": ("13812345678",)},
            "公告里有手机号码：138****5678；删掉它，公告会念给所有客户听。",
        ),
    ],
)
def test_what_is_no_notice_is_refused(
    board: Board, tmp_path: Path, changes: dict[str, Any], message: str
):
    with pytest.raises(NoticeRefused, match=f"^{re.escape(message)}$"):
        board.add(draft(**changes))
    assert not list(tmp_path.rglob(FILE))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-11-25 22:00", "2026-11-25T22:00:00+08:00"),
        ("2026-11-25T22:00", "2026-11-25T22:00:00+08:00"),
        ("2026-11-25T14:00:00+00:00", "2026-11-25T22:00:00+08:00"),
        ("2026-11-25T14:00Z", "2026-11-25T22:00:00+08:00"),
    ],
)
def test_times_are_of_the_librarys_zone(board: Board, text: str, shown: str):
    assert board.moment(text).isoformat() == shown


@pytest.mark.parametrize(
    "text",
    [
        *("", "今晚十点", "22:00", "2026-11-25", "2026-13-01 10:00"),
        # Times that there are elsewhere, but not in the library's zone.
        *("9999-12-31 23:00+00:00", "0001-01-01 00:00+14:00"),
    ],
)
def test_what_is_no_time_is_refused(board: Board, text: str):
    with pytest.raises(NoticeRefused, match="写成 2026-11-25 22:00。"):
        board.moment(text)


def test_an_unknown_id_says_which_there_are(board: Board):
    notice = board.add(draft())
    with pytest.raises(NoticeRefused, match=f"没有结束的有：{notice.id}。"):
        board.end("1125-none")


def test_one_that_is_for_agents_alone_now_ends_for_dealers(
    board: Board, tmp_path: Path, time: Time
):
    board.add(draft(id="1125-x", audience="dealer"), "zhang.san")
    assert len(seen(tmp_path / "dealer", time)) == 1
    board.add(draft(id="1125-x", audience="agent", title="只给坐席"), "zhang.san")
    assert seen(tmp_path / "dealer", time) == []
    assert seen(tmp_path / "agent", time) == ["只给坐席"]
    (kept,) = read_notices(tmp_path / "dealer" / FILE)
    assert (kept.title, kept.stopped, kept.history[-1].what) == ("城东片区宽带故障", True, "结束")
    assert "zhang.san" not in (tmp_path / "dealer" / FILE).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        lambda board: board.end("1125-x"),
        lambda board: board.extend("1125-x", NOW + timedelta(hours=5)),
        lambda board: board.add(draft(id="1125-x")),
    ],
    ids=["end", "extend", "add"],
)
def test_what_dealers_see_is_not_changed_where_they_cannot_be_reached(
    board: Board, tmp_path: Path, time: Time, change: Callable[[Board], Notice]
):
    board.add(draft(id="1125-x", audience="dealer"))
    before = (tmp_path / "agent" / FILE).read_bytes()
    alone = Board(board.places[1:], "Asia/Shanghai", now=time)
    with pytest.raises(NoticeRefused, match=r"也是给 dealer 的，这里写不到他们那里；.*1125-x。"):
        change(alone)
    assert (tmp_path / "agent" / FILE).read_bytes() == before


# ---- what it is pinned for -----------------------------------------------------------------


@pytest.fixture(scope="module")
def analyzer(settings: Any) -> Analyzer:
    return Analyzer(settings.glossary.terms)


@pytest.mark.parametrize(
    ("words", "subjects", "asked", "subject", "pinned"),
    [
        (("断网",), (), ("家里断网了",), "", True),
        (("断网",), (), ("家里斷網了",), "", True),
        (("断网",), (), ("网很慢",), "", False),
        (("宽带 城东",), (), ("城东的宽带坏了",), "", True),
        (("宽带 城东",), (), ("城西的宽带坏了",), "", False),
        (("4G",), (), ("没有４ｇ信号",), "", True),
        (("4G",), (), ("64g 的手机",), "", False),
        (("断网",), (), ("段网了", "断网了"), "", True),
        (("月费",), (), ("月租扣多了",), "", True),
        (("月租",), (), ("月费扣多了",), "", True),
        (("a.b",), (), ("axb",), "", False),
        ((), ("宽带",), ("灯是红的",), "宽带/故障", True),
        ((), ("宽带/故障",), ("灯是红的",), "宽带/故障", True),
        ((), ("宽带/故障",), ("要装一条",), "宽带/装机", False),
        ((), ("宽带",), ("x",), "宽带电视", False),
        ((), ("宽带",), ("x",), "", False),
    ],
)
def test_it_is_pinned_for_its_words_and_subjects(
    board: Board,
    tmp_path: Path,
    time: Time,
    analyzer: Analyzer,
    words: tuple[str, ...],
    subjects: tuple[str, ...],
    asked: tuple[str, ...],
    subject: str,
    pinned: bool,
):
    board.add(draft(words=words, subjects=subjects))
    notices = Notices(tmp_path / "agent" / FILE, time, time.clock)
    assert bool(notices.matching(asked, subject, analyzer)) is pinned


def test_a_phrase_without_a_word_is_pinned_to_nothing(
    board: Board, tmp_path: Path, time: Time, analyzer: Analyzer
):
    board.add(draft())
    file = tmp_path / "agent" / FILE
    file.write_text(file.read_text("utf-8").replace("断网", "\u200b\u200b"), encoding="utf-8")
    assert Notices(file, time, time.clock).matching(("断网", ""), "", analyzer) == ()


def test_the_newest_comes_first(board: Board, tmp_path: Path, time: Time, analyzer: Analyzer):
    for minutes in (5, 20, 10):
        start = NOW + timedelta(minutes=minutes)
        board.add(draft(title=f"{minutes} 分", starts=start))
    time.now += timedelta(minutes=30)
    notices = Notices(tmp_path / "agent" / FILE, time, time.clock)
    found = notices.matching(("断网",), "", analyzer)
    assert [one.title for one in found] == ["20 分", "10 分", "5 分"]


def test_a_subject_is_pinned_to_the_questions_about_it(
    searcher: Callable[..., Searcher], library: Library, root: Path
):
    """Over all judged queries: nearly all that are about a subject, and few that are not."""
    lines = (root / "tests/search/judgements.tsv").read_text(encoding="utf-8").splitlines()
    judged = [line.split("\t") for line in lines if line and not line.startswith("#")][1:]
    asked = searcher("agent", "tantivy")
    right = missed = wrong = 0
    for query, ids, *_ in judged:
        sources = [library.sources[name] for name in ids.split(",") if name in library.sources]
        wanted = {source.document.subject for source in sources} & set(DOWN)
        found = {asked.search(Request(query)).subject} & set(DOWN)
        right += len(wanted & found)
        missed += len(wanted - found)
        wrong += len(found - wanted)
    assert right + missed > 50
    assert missed <= 3, missed
    assert wrong <= 6, wrong


# ---- the service ---------------------------------------------------------------------------


@pytest.fixture
def start(index_root: Any, tmp_path: Path, root: Path) -> Iterator[Start]:
    """Services on one machine, with their state side by side; closed at the end."""
    made: list[Flask] = []

    def app_of(audience: str = "agent", state: Path = tmp_path / "state") -> Flask:
        wide = audience == "agent"
        config = ServiceConfig(
            audience=audience,
            internal=wide,
            title="测试",
            index=index_root(audience),
            site=None,
            today=lambda: ON,
            library=root if wide else None,
            state=state / audience,
        )
        made.append(create_app(config))
        return made[-1]

    yield app_of
    for app in made:
        app.extensions[EXTENSION].close()


def until(hours: float = 2) -> str:
    """A time of the coming hours, as a form sends it."""
    zone = timedelta(hours=8)
    return f"{datetime.now(UTC) + zone + timedelta(hours=hours):%Y-%m-%dT%H:%M}"


def body(**changes: Any) -> dict[str, Any]:
    values = {"title": "城东宽带故障", "text": TEXT, "ends": until(), "words": ["断网"]}
    return {**values, **changes}


def look(app: Flask) -> FlaskClient:
    """A client of a service that has just looked at its file of notices."""
    app.extensions[EXTENSION].notices._looked = float("-inf")
    return app.test_client()


def test_a_notice_for_dealers_is_pinned_for_both_and_gone_when_it_is_ended(start: Start):
    dealers, agents = start("dealer"), start("agent")
    made = agents.test_client().post("/api/notices", json=body(audience="dealer"))
    assert made.status_code == 201
    for app in (dealers, agents):
        client = look(app)
        (notice,) = client.get("/api/search?q=断网").json["notices"]
        assert client.get("/api/answer?q=断网").json["notices"] == [notice]
        assert notice == made.json
        assert client.get("/api/search?q=话费").json["notices"] == []
        for page in ("/?q=断网", "/results?q=断网", "/"):
            assert TEXT in client.get(page).text
        assert TEXT not in client.get("/?q=话费").text
        assert TEXT in client.get("/notices/").text
    assert agents.test_client().post(f"/api/notices/{made.json['id']}/end").status_code == 200
    for app in (dealers, agents):
        client = look(app)
        assert client.get("/api/notices").json == {"notices": []}
        assert TEXT not in client.get("/?q=断网").text


def test_a_notice_for_agents_never_reaches_dealers(start: Start, tmp_path: Path):
    dealers, agents = start("dealer"), start("agent")
    assert agents.test_client().post("/api/notices", json=body()).status_code == 201
    assert TEXT in look(agents).get("/?q=断网").text
    for page in ("/", "/?q=断网", "/notices/", "/api/notices", "/api/search?q=断网"):
        assert TEXT not in look(dealers).get(page).text
    found = [file for file in (tmp_path / "state" / "dealer").rglob("*") if file.is_file()]
    assert not any(TEXT.encode() in file.read_bytes() for file in found)


def test_a_service_of_dealers_alone_shows_what_the_command_sets_there(start: Start, tmp_path: Path):
    state = tmp_path / "other machine"
    app = start("dealer", state)
    for sent in (body(), body(audience="dealer")):
        assert app.test_client().post("/api/notices", json=sent).status_code == 403
    assert app.test_client().post("/notices/", data=body()).status_code == 403
    there = Board([Place("dealer", "代理商", state / "dealer", False)], "Asia/Shanghai")
    there.add(draft(ends=there.moment(until())))
    assert len(look(app).get("/api/search?q=断网").json["notices"]) == 1
    assert len(look(app).get("/api/notices").json["notices"]) == 1
    assert "<form method" not in look(app).get("/notices/").text


def test_agents_cannot_write_for_dealers_who_are_served_elsewhere(start: Start, tmp_path: Path):
    agents = start("agent", tmp_path / "alone")
    refused = agents.test_client().post("/api/notices", json=body(audience="dealer"))
    assert refused.status_code == 400
    assert "这里发不了给“dealer”的公告" in refused.json["errors"][0]["message"]


def test_a_folder_that_cannot_be_written_is_not_offered(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    start("dealer")
    agents = start("agent").test_client()
    assert 'value="dealer"' in agents.get("/notices/").text
    # Whoever tests as root may write everywhere.
    mounted = tmp_path / "state" / "dealer"
    monkeypatch.setattr(os, "access", lambda folder, mode: Path(folder) != mounted)
    assert 'value="dealer"' not in agents.get("/notices/").text
    refused = agents.post("/api/notices", json=body(audience="dealer"))
    assert refused.status_code == 400
    assert "这里发不了给“dealer”的公告" in refused.json["errors"][0]["message"]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ([], "请求要是 JSON 对象"),
        ({"title": 1}, "title 写文字。"),
        ({"words": "断网"}, "words 写文字的列表。"),
        ({"words": [1]}, "words 写文字的列表。"),
        ({"colour": "red"}, "没有参数 colour；"),
        ({"title": "x", "text": "y", "words": ["断网"]}, "“”不是时间；"),
        (body(ends="9999-12-31 23:00+00:00"), "“9999-12-31 23:00+00:00”不是时间；"),
        (body(starts="0001-01-01 00:00+14:00"), "“0001-01-01 00:00+14:00”不是时间；"),
        (body(ends="\ud800"), "“?”不是时间；"),
        (body(audience="\ud800"), "这里发不了给“?”的公告；"),
        (body(subjects=["\ud800"]), "业务分类里有不能显示的字符（U+D800）；"),
        (body(text="断网\ud800"), "正文里有不能显示的字符（U+D800）；"),
    ],
)
def test_a_wrong_request_says_what_is_wrong(start: Start, sent: Any, said: str):
    # As ASCII: half a character that JSON escapes is none that can be sent otherwise.
    data = json.dumps(sent)
    refused = start().test_client().post("/api/notices", data=data, content_type="application/json")
    assert refused.status_code == 400
    assert said in refused.json["errors"][0]["message"]


CHANGING = ["/notices/", "/notices/x/end", "/notices/x/extend"]
CHANGING += [f"/api{path.rstrip('/')}" for path in CHANGING]


@pytest.mark.parametrize("path", CHANGING)
def test_other_sites_cannot_change_notices(start: Start, path: str, tmp_path: Path):
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    sent: dict[str, Any] = {"json": body()} if path.startswith("/api") else {"data": body()}
    assert start().test_client().post(path, headers=headers, **sent).status_code == 403
    assert not list(tmp_path.rglob(FILE))


def test_the_form_works_without_a_script(start: Start):
    app = start()
    form = {**body(words="断网，上不了网、城东 宽带", by="网络监控组"), "subjects": "宽带/故障"}
    done = app.test_client().post("/notices/", data=form)
    assert (done.status_code, done.location) == (303, "/notices/")
    page = look(app).get("/notices/").text
    assert "断网、上不了网、城东 宽带、宽带/故障" in page
    (notice,) = app.extensions[EXTENSION].notices.running()
    assert (notice.words, notice.by) == (("断网", "上不了网", "城东 宽带"), "网络监控组")
    later = until(5)
    app.test_client().post(f"/notices/{notice.id}/extend", data={"ends": later})
    assert later.replace("T", " ") in look(app).get("/notices/").text.replace("T", " ")
    app.test_client().post(f"/notices/{notice.id}/end")
    assert "已经结束" in look(app).get("/notices/").text


def test_the_form_keeps_what_was_typed_when_it_is_refused(start: Start):
    form = body(words="断网", text="打 13812345678 找我 <b>")
    refused = start().test_client().post("/notices/", data=form)
    assert refused.status_code == 400
    assert "公告里有手机号码：138****5678" in refused.text
    assert "打 13812345678 找我 &lt;b&gt;" in refused.text


def test_three_are_shown_and_the_rest_is_named(start: Start):
    app = start()
    for number in range(5):
        app.test_client().post("/api/notices", json=body(title=f"第 {number} 处故障"))
    page = look(app).get("/?q=断网").text
    assert page.count('class="cs-notice"') == 3
    assert "还有 2 条故障公告" in page
    say = re.search('data-say="([^"]*)"', page)
    assert say
    assert say[1].count("故障公告：") == 3


def test_what_is_in_a_notice_is_text(start: Start):
    app = start()
    evil = "<script>alert(1)</script>\" onclick='x' & {{ 7 * 7 }}"
    app.test_client().post("/api/notices", json=body(title=evil, text=evil, by=evil[:39]))
    for path in ("/?q=断网", "/", "/notices/"):
        page = look(app).get(path).text
        assert "<script>alert" not in page
        assert "{{ 7 * 7 }}" in page


def test_a_service_that_keeps_nothing_has_none(index_root: Any):
    config = ServiceConfig("agent", True, "测试", index_root("agent"), None, lambda: ON, state=None)
    app = create_app(config)
    try:
        client = app.test_client()
        assert client.get("/api/notices").json == {"notices": []}
        assert "<form method" not in client.get("/notices/").text
        assert client.post("/api/notices", json=body()).status_code == 404
    finally:
        app.extensions[EXTENSION].close()


def test_a_disk_that_is_full_is_said(start: Start, monkeypatch: pytest.MonkeyPatch):
    app = start()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "replace", full)
    refused = app.test_client().post("/api/notices", json=body())
    assert refused.status_code == 503
    assert "磁盘满了" in refused.json["errors"][0]["message"]
    assert app.test_client().get("/api/search?q=断网").status_code == 200


@pytest.mark.parametrize(
    ("rights", "listed", "set_", "form"),
    [((), 401, 401, False), (("read",), 200, 403, False), (("read", "edit"), 200, 201, True)],
)
def test_who_may_not_edit_sees_what_runs_and_sets_nothing(
    index_root: Any,
    tmp_path: Path,
    rights: tuple[str, ...],
    listed: int,
    set_: int,
    form: bool,
):
    config = ServiceConfig(
        audience="agent",
        internal=True,
        title="测试",
        index=index_root("agent"),
        site=None,
        today=lambda: ON,
        state=tmp_path / "state" / "agent",
        access=AccessSettings(sign_in="token"),
    )
    app = create_app(config)
    try:
        headers = {}
        if rights:
            with closing(Tokens(tmp_path / "state" / "agent" / TOKENS, "agent")) as tokens:
                text, _ = tokens.create("test", [Right(one) for one in rights], 1)
            headers = {"Authorization": f"Bearer {text}"}
        client = app.test_client()
        assert client.get("/api/notices", headers=headers).status_code == listed
        made = client.post("/api/notices", json=body(), headers=headers)
        assert made.status_code == set_
        assert ("发布公告" in client.get("/notices/", headers=headers).text) is form
        tasks = client.post("/tasks/1/rerun", headers=headers).status_code
        assert tasks == (400 if form else set_)
    finally:
        app.extensions[EXTENSION].close()


# ---- the command ---------------------------------------------------------------------------


@pytest.fixture
def run(small: Path) -> Callable[..., Result]:
    def command(*words: str) -> Result:
        return CliRunner().invoke(main, ["notice", *words, "--library", str(small)])

    return command


Run = Callable[..., Result]
ADD = ("add", "城东宽带故障", "--text", TEXT, "--words", "断网，上不了网", "--by", "网络监控组")


def test_the_command_sets_lists_extends_and_ends(run: Run, small: Path):
    done = run(*ADD, "--until", until().replace("T", " "), "--audience", "dealer")
    assert done.exit_code == 0, done.output
    assert "代理商、坐席看得到。" in done.stderr
    name = done.stdout.strip()
    listed = run("list")
    assert "给代理商；" in listed.stdout
    assert "正在生效" in listed.stdout
    assert "断网、上不了网" in listed.stdout
    assert run("extend", name, "--until", until(3)).exit_code == 0
    assert run("end", name).exit_code == 0
    assert "现在没有公告" in run("list").output
    (kept,) = json.loads(run("list", "--all", "--json").stdout)
    assert (kept["id"], kept["state"]) == (name, "ended")
    assert [one["what"][:2] for one in kept["history"]] == ["发布", "改为", "结束"]
    for audience in ("dealer", "agent"):
        (notice,) = read_notices(small / "build" / "state" / audience / FILE)
        assert notice.stopped


@pytest.mark.parametrize("between", ["，", "、", ",", "；", ";", "\n", "\t"])
def test_the_command_reads_words_as_the_form_does(run: Run, between: str):
    done = run(
        "add", "断网", "--text", TEXT, "--words", f"断网{between} 上不了网", "--until", until()
    )
    assert done.exit_code == 0, done.output
    (kept,) = json.loads(run("list", "--json").stdout)
    assert kept["words"] == ["断网", "上不了网"]


@pytest.mark.parametrize("end", ["9999-12-31 23:00+00:00", "0001-01-01 00:00+14:00"])
def test_the_command_refuses_a_time_that_there_is_not_here(run: Run, end: str):
    done = run(*ADD, "--until", end)
    assert done.exit_code == 2
    assert f"“{end}”不是时间；" in done.output


def test_the_command_says_what_is_wrong(run: Run, small: Path):
    done = run(*ADD, "--until", "今晚十点")
    assert done.exit_code == 2
    assert "“今晚十点”不是时间；写成 2026-11-25 22:00。" in done.output
    assert not (small / "build").exists()


class Elsewhere(BaseHTTPRequestHandler):
    """A service on another machine."""

    seen: list[tuple[str, str | None, dict[str, Any]]]
    status = 201

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, self.headers["Authorization"], sent))
        answer = json.dumps({"errors": [{"code": "x", "message": "没有权限。"}]}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Location", "https://elsewhere.example/")
        self.end_headers()
        self.wfile.write(answer)


@pytest.fixture
def elsewhere() -> Iterator[type[Elsewhere]]:
    handler = type("Here", (Elsewhere,), {"seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    handler.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_command_posts_to_services_elsewhere(
    run: Run, elsewhere: Any, monkeypatch: pytest.MonkeyPatch, small: Path
):
    monkeypatch.setenv("CASEBOOK_TOKEN", "cbk_secret")
    to = ("--service", elsewhere.url, "--service", f"{elsewhere.url}/kb/")
    done = run(*ADD, "--until", "2026-11-25 22:00", "--audience", "dealer", *to)
    assert done.exit_code == 0, done.output
    (first, second) = elsewhere.seen
    assert (first[0], second[0]) == ("/api/notices", "/kb/api/notices")
    assert first[1] == second[1] == "Bearer cbk_secret"
    assert first[2] == second[2]
    assert first[2]["words"] == ["断网", "上不了网"]
    assert re.fullmatch("[0-9]{4}-[0-9a-f]{4}", first[2]["id"])
    assert done.stdout.strip() == first[2]["id"]
    assert not (small / "build").exists()
    run("end", first[2]["id"], *to)
    assert elsewhere.seen[-1][0] == f"/kb/api/notices/{first[2]['id']}/end"


@pytest.mark.parametrize(
    ("status", "said"), [(403, "（403）：没有权限。"), (302, "（302）"), (500, "（500）")]
)
def test_a_service_that_refuses_is_named_and_the_others_get_it(
    run: Run, elsewhere: Any, status: int, said: str
):
    elsewhere.status = status
    to = ("--service", "http://127.0.0.1:1", "--service", elsewhere.url)
    done = run(*ADD, "--until", "2026-11-25 22:00", *to)
    assert done.exit_code == 2
    assert "http://127.0.0.1:1：连不上，那里没有服务；检查地址和网络。" in done.output
    assert said in done.output
    assert len(elsewhere.seen) == 1


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("kb.example.com", "不是服务的地址"),
        ("http://kb.example.com", "要以 https:// 开头"),
        ("https://u:p@kb.example.com", "不是服务的地址"),
        ("https://kb.example.com:x", "不是服务的地址"),
    ],
)
def test_a_token_goes_nowhere_without_encryption(run: Run, address: str, said: str):
    done = run("end", "1125-x", "--service", address)
    assert done.exit_code == 2
    assert said in done.output


def test_notice_is_what_its_file_says(board: Board, tmp_path: Path):
    notice = board.add(draft(audience="dealer", subjects=("宽带",), by="网络监控组"))
    (kept,) = read_notices(tmp_path / "agent" / FILE)
    assert isinstance(kept, Notice)
    assert kept.changed is not None
    assert (kept.id, kept.words, kept.subjects) == (notice.id, notice.words, notice.subjects)
    assert (kept.starts, kept.ends) == (notice.starts, notice.ends)
