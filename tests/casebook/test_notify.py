"""Telling webhooks: each platform's form, its answers, limits, what was told, and no secrets."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import logging
import os
import re
import socket
import ssl
import subprocess
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from casebook.cli import main
from casebook.documents import Kind, Withdrawal
from casebook.errors import CasebookError, SettingsError
from casebook.library import Library, View, load_library
from casebook.notify import Delivery, Record, Sender, address_of, chosen_webhooks, tell
from casebook.notify.addresses import Address, AddressRefused, read_address
from casebook.notify.formats import FORMATS, Request, as_bytes
from casebook.notify.messages import Item, Link, Message, first_sentences, plain
from casebook.notify.record import keeping
from casebook.notify.sending import Policy
from casebook.notify.telling import MOST_MESSAGES, news_items, portions
from casebook.settings import Settings, WebhookSettings, load_settings
from casebook.sweep import canaries, sweep
from tests.casebook.repositories import faq
from tests.conftest import ON

KEY = "0f3a9c52-77d1-4e0b-9a51-c0ffee123456"
SECRET = "SECd41d8cd98f00b204e9800998ecf8427e"
NOW = 1_790_000_000.25
# Where each platform puts the key of an address.
PATHS = {
    "wecom": f"/cgi-bin/webhook/send?key={KEY}",
    "dingtalk": f"/robot/send?access_token={KEY}",
    "feishu": f"/open-apis/bot/v2/hook/{KEY}",
    "json": f"/told/{KEY}",
}
GOOD = {
    "wecom": {"errcode": 0, "errmsg": "ok"},
    "dingtalk": {"errcode": 0, "errmsg": "ok"},
    "feishu": {"code": 0, "msg": "success", "data": {}},
    "json": {},
}
# The most that each platform takes, as it measures it itself.
MEASURES: dict[str, tuple[int, Callable[[bytes], int]]] = {
    "wecom": (4096, lambda body: len(json.loads(body)["markdown"]["content"].encode())),
    "dingtalk": (5000, lambda body: len(json.loads(body)["markdown"]["text"])),
    "feishu": (20_000, len),
    "json": (256_000, len),
}


# ---- a server that plays the platforms ------------------------------------------------------


@dataclass
class Reply:
    """What the server does with one request: it answers, or plays a fault of the network."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""


@dataclass
class Seen:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


class Server(ThreadingHTTPServer):
    """Gives its replies in order, the last one again and again."""

    daemon_threads = True
    # Those who hung up are no news.
    handle_error = lambda self, request, address: None  # noqa: E731

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies: list[Reply] = [Reply({})]
        self.seen: list[Seen] = []
        self.ended = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server = self.server
        server.seen.append(Seen(self.path, dict(self.headers), body))
        reply = server.replies.pop(0) if len(server.replies) > 1 else server.replies[0]
        if reply.fault == "silence":
            server.ended.wait(10)
        elif reply.fault == "drop":
            self.connection.shutdown(socket.SHUT_RDWR)
        elif reply.fault in ("flood", "drip"):
            self._endless(b"x" * 65536 if reply.fault == "flood" else b" ")
        else:
            self._answer(reply)

    def _answer(self, reply: Reply) -> None:
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(content)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _endless(self, block: bytes) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.server.ended.wait(0 if len(block) > 1 else 0.02):
            self.wfile.write(block)


@pytest.fixture
def server() -> Iterator[Server]:
    playing = Server()
    thread = threading.Thread(target=playing.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield playing
    playing.ended.set()
    playing.shutdown()
    thread.join()
    playing.server_close()


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def sender(self, **policy: float) -> Sender:
        return Sender(
            Policy(**policy),
            sleep=self.sleep,
            clock=lambda: self.now,
            now=lambda: NOW + self.now,
        )


@pytest.fixture
def time() -> Time:
    return Time()


def address_at(server: Server, form: str, secret: str = "") -> Address:
    return read_address("HOOK", server.url + PATHS[form], secret)


MESSAGE = Message(
    "知识更新：远汐通信",
    (
        Item(
            "faq-a",
            "1",
            "新增",
            "副卡可以单独停机吗？",
            "https://kb.example.cn/faq/faq-a/",
            ("可以，在 App 里办。",),
            (Link("副卡", "https://kb.example.cn/faq/faq-b/", "请改看："),),
            {"id": "faq-a"},
        ),
    ),
    Link("还有 3 条，见最近变化", "https://kb.example.cn/news/"),
    {"source": "casebook"},
)


# ---- forms ----------------------------------------------------------------------------------


MARKDOWN = (
    "### 知识更新：远汐通信\n\n"
    "**【新增】**[副卡可以单独停机吗？](https://kb.example.cn/faq/faq-a/)\n"
    "> 可以，在 App 里办。\n"
    "> 请改看：[副卡](https://kb.example.cn/faq/faq-b/)\n\n"
    "[还有 3 条，见最近变化](https://kb.example.cn/news/)"
)
PAYLOADS: dict[str, dict[str, Any]] = {
    "wecom": {"msgtype": "markdown", "markdown": {"content": MARKDOWN}},
    "dingtalk": {
        "msgtype": "markdown",
        "markdown": {
            "title": "知识更新：远汐通信",
            "text": re.sub(r"(?<!\n)\n(?!\n)", "\n\n", MARKDOWN),
        },
    },
    "feishu": {
        "msg_type": "post",
        "content": {
            "post": {
                "zh_cn": {
                    "title": "知识更新：远汐通信",
                    "content": [
                        [
                            {"tag": "text", "text": "【新增】"},
                            {
                                "tag": "a",
                                "text": "副卡可以单独停机吗？",
                                "href": "https://kb.example.cn/faq/faq-a/",
                            },
                        ],
                        [{"tag": "text", "text": "可以，在 App 里办。"}],
                        [
                            {"tag": "text", "text": "请改看："},
                            {
                                "tag": "a",
                                "text": "副卡",
                                "href": "https://kb.example.cn/faq/faq-b/",
                            },
                        ],
                        [
                            {
                                "tag": "a",
                                "text": "还有 3 条，见最近变化",
                                "href": "https://kb.example.cn/news/",
                            }
                        ],
                    ],
                }
            }
        },
    },
    "json": {
        "version": 1,
        "source": "casebook",
        "title": "知识更新：远汐通信",
        "items": [{"id": "faq-a"}],
        "more": {"text": "还有 3 条，见最近变化", "url": "https://kb.example.cn/news/"},
    },
}


def test_every_format_of_the_settings_is_there() -> None:
    from casebook.news import NewsKind
    from casebook.settings import EVENTS, KINDS, WEBHOOK_FORMATS

    assert set(FORMATS) == set(WEBHOOK_FORMATS) == set(PAYLOADS)
    assert set(EVENTS) == {kind.value for kind in NewsKind}
    assert set(KINDS) == {kind.value for kind in Kind}


@pytest.mark.parametrize("form", FORMATS)
def test_the_form_of_each_platform(form: str) -> None:
    assert FORMATS[form].payload(MESSAGE) == PAYLOADS[form]


@pytest.mark.parametrize("form", ["wecom", "dingtalk", "feishu"])
@pytest.mark.parametrize(
    "hostile",
    [
        "<@all>",
        "&lt;@all&gt;",
        "@所有人 @all",
        "@13800138000",
        "[点我](https://evil.example)",
        "https://evil.example/x",
        "dingtalk://x",
        "www.evil.example",
        "evil.example/x",
        "示例.中国",
        "me@evil.example",
        "**x**",
        "<font color=red>",
        "a\n### b",
        "`x`",
    ],
)
def test_marks_in_what_is_told_mean_nothing(form: str, hostile: str) -> None:
    item = replace(MESSAGE.items[0], label=hostile, title=hostile, lines=(hostile,))
    shown = replace(MESSAGE, title=hostile, items=(item,), data={})
    text = as_bytes(FORMATS[form].payload(shown)).decode()
    assert hostile not in text
    assert json.dumps(hostile)[1:-1] not in text


@pytest.mark.parametrize("form", ["wecom", "dingtalk", "feishu"])
def test_nobody_is_mentioned_and_only_our_own_pages_are_linked(form: str) -> None:
    foreign = "@所有人 @all &lt;@all&gt; 看 https://evil.example/x 或 www.evil.example"
    links = (Link(foreign, "https://kb.example.cn/@b/", foreign),)
    item = replace(MESSAGE.items[0], label=foreign, title=foreign, lines=(foreign,), links=links)
    shown = replace(MESSAGE, title=foreign, items=(item,))
    text = as_bytes(FORMATS[form].payload(shown)).decode()
    ours = ("https://kb.example.cn/faq/faq-a/", "https://kb.example.cn/@b/")
    assert all(url in text for url in ours)
    for url in (*ours, "https://kb.example.cn/news/"):
        text = text.replace(url, "")
    for mark in ("@", "&", "://", "evil.example"):
        assert mark not in html.unescape(text)


@pytest.mark.parametrize("form", ["wecom", "dingtalk"])
def test_a_line_that_begins_with_a_hash_is_no_heading(form: str) -> None:
    shown = replace(MESSAGE, items=(replace(MESSAGE.items[0], lines=("## 大字",)),))
    text = as_bytes(FORMATS[form].payload(shown)).decode()
    assert "> ＃＃ 大字" in text


def test_numbers_and_sentences_stay_as_they_are() -> None:
    for text in ("5.1 元、1.5GB、v1.2.3", "时间：9:30", "问：怎么办？ 第 3 条", "拨 10086 #1"):
        assert plain(text) == text


def test_an_item_without_a_page_has_no_empty_link() -> None:
    bare = replace(MESSAGE, items=(replace(MESSAGE.items[0], url="", links=()),), more=None)
    for form in FORMATS.values():
        text = as_bytes(form.payload(bare)).decode()
        assert "]()" not in text
        assert '"href":""' not in text


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("可以。在 App 里办。", 4, "可以。"),
        ("可以。在 App 里办。", 40, "可以。在 App 里办。"),
        ("没有句号的一句话", 5, "没有句号…"),
        ("第一句很长很长。第二句。", 5, "第一句很…"),
        ("分了\n行。", 40, "分了 行。"),
        ("说“可以。”再办。", 7, "说“可以。”"),
        ("", 40, ""),
    ],
)
def test_first_sentences_are_whole_where_they_can_be(text: str, limit: int, expected: str) -> None:
    assert first_sentences(text, limit) == expected


# ---- signatures: computed here from RFC 2104, not by the library that sends -------------------


def _hmac(key: bytes, text: bytes) -> bytes:
    block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in block) + text).digest()
    return hashlib.sha256(bytes(b ^ 0x5C for b in block) + inner).digest()


def _dingtalk_signed(seen: Seen, now: float) -> bool:
    query = parse_qs(urlsplit(seen.path).query)
    (timestamp,), (sign,) = query["timestamp"], query["sign"]
    mine = _hmac(SECRET.encode(), f"{timestamp}\n{SECRET}".encode())
    return sign == base64.b64encode(mine).decode() and abs(int(timestamp) - now * 1000) < 1000


def _feishu_signed(seen: Seen, now: float) -> bool:
    timestamp, sign = seen.json["timestamp"], seen.json["sign"]
    mine = base64.b64encode(_hmac(f"{timestamp}\n{SECRET}".encode(), b"")).decode()
    return sign == mine and abs(int(timestamp) - now) < 1


def _json_signed(seen: Seen, now: float) -> bool:
    timestamp, sign = seen.headers["X-Casebook-Timestamp"], seen.headers["X-Casebook-Signature"]
    mine = _hmac(SECRET.encode(), timestamp.encode() + b"." + seen.body).hex()
    return sign == f"sha256={mine}" and abs(int(timestamp) - now) < 1


SIGNED = {"dingtalk": _dingtalk_signed, "feishu": _feishu_signed, "json": _json_signed}


@pytest.mark.parametrize("form", SIGNED)
def test_each_try_is_signed_anew(form: str, server: Server, time: Time) -> None:
    server.replies = [Reply(status=429, headers={"Retry-After": "40"}), Reply(GOOD[form])]
    with time.sender() as sender:
        verdict = sender.send(
            FORMATS[form], address_at(server, form, SECRET), FORMATS[form].payload(MESSAGE)
        )
    assert verdict.delivered
    assert SIGNED[form](server.seen[0], NOW)
    assert SIGNED[form](server.seen[1], NOW + time.slept[0])
    assert SECRET not in str([(s.path, s.headers, s.body) for s in server.seen])


@pytest.mark.parametrize("form", FORMATS)
def test_without_a_secret_nothing_is_signed(form: str, server: Server, time: Time) -> None:
    server.replies = [Reply(GOOD[form])]
    with time.sender() as sender:
        assert sender.send(
            FORMATS[form], address_at(server, form), FORMATS[form].payload(MESSAGE)
        ).delivered
    (seen,) = server.seen
    assert seen.path == PATHS[form]
    assert seen.json == PAYLOADS[form]
    assert seen.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "X-Casebook-Signature" not in seen.headers


def test_a_repeated_delivery_keeps_its_name(server: Server, time: Time) -> None:
    server.replies = [Reply(fault="drop"), Reply({})]
    with time.sender() as sender:
        sender.send(FORMATS["json"], address_at(server, "json"), {"version": 1})
        sender.send(FORMATS["json"], address_at(server, "json"), {"version": 2})
    names = [seen.headers["X-Casebook-Delivery"] for seen in server.seen]
    assert names[0] == names[1] != names[2]


# ---- answers --------------------------------------------------------------------------------


def _answer(form: str, code: int, said: str) -> Reply:
    keys = ("code", "msg") if form == "feishu" else ("errcode", "errmsg")
    return Reply(dict(zip(keys, (code, said), strict=True)))


@dataclass(frozen=True)
class Told:
    delivered: bool
    tries: int
    says: str = ""


ANSWERS = [
    *(
        pytest.param(form, [Reply(GOOD[form])], Told(True, 1), id=f"{form} takes it")
        for form in GOOD
    ),
    pytest.param("feishu", [Reply({"StatusCode": 0})], Told(True, 1), id="feishu of old"),
    # Only the number 0 is a success.
    *(
        pytest.param(
            form,
            [Reply({key: value})],
            Told(False, 1, f"的回答里 {key} 应当是整数，却是{what}；检查地址"),
            id=f"{form} answers {json.dumps(value)}",
        )
        for form, key in (("wecom", "errcode"), ("dingtalk", "errcode"), ("feishu", "code"))
        for value, what in (
            (False, "真假值"),
            (True, "真假值"),
            ("0", "文字"),
            (0.0, "小数"),
            ([0], "列表"),
            ({"a": 0}, "对象"),
            (None, "空值"),
        )
    ),
    pytest.param(
        "feishu",
        [Reply({"code": False, "StatusCode": 0})],
        Told(False, 1, "code 应当是整数"),
        id="one good number does not heal another",
    ),
    pytest.param(
        "wecom",
        [Reply({"errcode": 10**40, "errmsg": {"a": 1}})],
        Told(False, 1, "企业微信拒收（100000000000 ）"),
        id="a number and words of another form",
    ),
    pytest.param(
        "wecom",
        [Reply({"errcode": "x"}, 503), Reply(GOOD["wecom"])],
        Told(True, 2),
        id="a server's error is one whatever its body says",
    ),
    pytest.param("json", [Reply(b"", 204)], Told(True, 1), id="no content"),
    pytest.param("json", [Reply(b"<html>")], Told(True, 1), id="a program may say anything"),
    # Refused for good: told once, with what to do.
    pytest.param(
        "wecom",
        [_answer("wecom", 93000, "invalid webhook url")],
        Told(False, 1, "企业微信拒收（93000 invalid webhook url）：地址不对"),
        id="wecom knows no such robot",
    ),
    pytest.param(
        "dingtalk",
        [_answer("dingtalk", 310000, "keywords not in content")],
        Told(False, 1, "钉钉拒收（310000 keywords not in content）：没有通过安全设置。关键词"),
        id="dingtalk misses a keyword",
    ),
    pytest.param(
        "feishu",
        [_answer("feishu", 19021, "sign match fail")],
        Told(False, 1, "飞书拒收（19021 sign match fail）：签名不对"),
        id="feishu finds the signature wrong",
    ),
    pytest.param(
        "feishu",
        [_answer("feishu", 19024, "Key Words Not Found")],
        Told(False, 1, "把“知识更新”设为关键词"),
        id="feishu misses a keyword",
    ),
    pytest.param(
        "dingtalk",
        [_answer("dingtalk", 424242, "new")],
        Told(False, 1, "钉钉拒收（424242 new）：查它的文档"),
        id="a code that nobody knows",
    ),
    pytest.param(
        "wecom", [Reply(b"<html>")], Told(False, 1, "回答不是企业微信的格式"), id="a page"
    ),
    pytest.param("wecom", [Reply([1])], Told(False, 1, "回答不是企业微信的格式"), id="a list"),
    pytest.param(
        "wecom", [Reply(b"[" * 60000)], Told(False, 1, "回答不是企业微信的格式"), id="deep JSON"
    ),
    pytest.param("json", [Reply({}, 401)], Told(False, 1, "拒收（HTTP 401）"), id="unauthorized"),
    pytest.param(
        "wecom",
        [Reply(GOOD["wecom"], 404)],
        Told(False, 1, "拒收（HTTP 404）"),
        id="a good body of a bad status",
    ),
    pytest.param(
        "json",
        [Reply({}, 302, {"Location": "/elsewhere"}), Reply({})],
        Told(False, 1, "转到别的地址（HTTP 302），没有跟过去"),
        id="a redirect is not followed",
    ),
    pytest.param(
        "json",
        [Reply({}, 307, {"Location": "/elsewhere"}), Reply({})],
        Told(False, 1, "HTTP 307"),
        id="nor one that keeps the body",
    ),
    pytest.param(
        "wecom",
        [Reply(fault="flood")],
        Told(False, 1, "回答不是企业微信的格式"),
        id="an answer without end is not read to its end",
    ),
    # Tried again.
    pytest.param(
        "wecom",
        [_answer("wecom", 45009, "api freq out of limit"), Reply(GOOD["wecom"])],
        Told(True, 2),
        id="wecom is told too much",
    ),
    pytest.param(
        "wecom",
        [_answer("wecom", -1, "system busy"), Reply(GOOD["wecom"])],
        Told(True, 2),
        id="wecom is busy",
    ),
    pytest.param(
        "feishu",
        [_answer("feishu", 11232, "frequency limited"), Reply(GOOD["feishu"])],
        Told(True, 2),
        id="feishu is told too much",
    ),
    pytest.param(
        "dingtalk",
        [_answer("dingtalk", 130101, "send too fast"), Reply(GOOD["dingtalk"])],
        Told(False, 1, "要等 10 分钟（send too fast）；试了 1 次，下次运行时接着发"),
        id="dingtalk shuts out for ten minutes",
    ),
    pytest.param(
        "json", [Reply({}, 500), Reply({}, 503), Reply({})], Told(True, 3), id="errors, then fine"
    ),
    pytest.param("json", [Reply(fault="drop"), Reply({})], Told(True, 2), id="dropped, then fine"),
    pytest.param(
        "json", [Reply(fault="silence"), Reply({})], Told(True, 2), id="silent, then fine"
    ),
    pytest.param(
        "json",
        [Reply({}, 429, {"Retry-After": "1000"}), Reply({})],
        Told(False, 1, "HTTP 429"),
        id="Retry-After beyond the time there is",
    ),
    pytest.param(
        "json",
        [Reply({}, 429, {"Retry-After": "Sun, 01 Jan 2040 00:00:00 GMT"}), Reply({})],
        Told(False, 1, "HTTP 429"),
        id="Retry-After as a date",
    ),
    pytest.param(
        "json",
        [Reply({}, 429, {"Retry-After": "soon"}), Reply({})],
        Told(True, 2),
        id="Retry-After that says nothing",
    ),
]


@pytest.mark.parametrize(("form", "replies", "told"), ANSWERS)
def test_what_answers_mean(
    form: str, replies: list[Reply], told: Told, server: Server, time: Time
) -> None:
    server.replies = list(replies)
    with time.sender(read=0.3) as sender:
        verdict = sender.send(
            FORMATS[form], address_at(server, form), FORMATS[form].payload(MESSAGE)
        )
    assert verdict.delivered is told.delivered, verdict.reason
    assert len(server.seen) == told.tries
    assert told.says in verdict.reason
    assert bool(verdict.reason) is not verdict.delivered


def test_an_answer_that_comes_drop_by_drop_is_given_up(server: Server) -> None:
    server.replies = [Reply(fault="drip")]
    ticks = iter(range(10_000))
    with Sender(
        Policy(read=5, total=12), sleep=lambda _: None, clock=lambda: next(ticks)
    ) as sender:
        verdict = sender.send(FORMATS["json"], address_at(server, "json"), {})
    assert "没有回答" in verdict.reason


@pytest.mark.parametrize("reply", [Reply({}, 503), Reply(fault="drop")], ids=["503", "dropped"])
def test_waits_grow_and_end(reply: Reply, server: Server, time: Time) -> None:
    server.replies = [reply]
    with time.sender(first_wait=1, longest_wait=30, total=120) as sender:
        verdict = sender.send(FORMATS["json"], address_at(server, "json"), {})
    assert f"试了 {len(server.seen)} 次，下次运行时接着发" in verdict.reason
    assert sum(time.slept) <= 120
    assert all(wait <= 45 for wait in time.slept)
    for number, wait in enumerate(time.slept):
        usual = min(2**number, 30)
        assert 0.5 * usual <= wait <= 1.5 * usual
    assert len({wait / min(2**n, 30) for n, wait in enumerate(time.slept)}) > 1, "no jitter"


def test_nobody_listens(time: Time) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}{PATHS['wecom']}"
        with time.sender(total=5) as sender:
            verdict = sender.send(FORMATS["wecom"], read_address("HOOK", url), {})
    assert verdict.reason.startswith("连不上；试了 ")


def test_the_pace_of_each_address_is_kept(server: Server, time: Time) -> None:
    """20 messages a minute: whoever sends more to WeCom or DingTalk is shut out."""
    server.replies = [Reply(GOOD["wecom"])]
    starts = []
    with time.sender() as sender:
        for _ in range(25):
            sender.send(FORMATS["wecom"], address_at(server, "wecom"), {})
            starts.append(time.now)
        before = time.now
        sender.send(FORMATS["json"], address_at(server, "json"), {})
    assert time.now == before, "another address does not wait"
    assert all(late - early >= 60 for early, late in zip(starts, starts[20:], strict=False))


def test_certificates_are_verified(tmp_path: Path, time: Time) -> None:
    names = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost".split()
    extra = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    try:
        subprocess.run(["openssl", *words, *names, *extra], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    server = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        url = f"https://localhost:{server.server_port}{PATHS['json']}"
        with time.sender() as sender:
            verdict = sender.send(FORMATS["json"], read_address("HOOK", url), {})
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert "证书不可信" in verdict.reason
    assert server.seen == []


# ---- addresses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x", ""),
        (" https://open.feishu.cn/hook/x\n", ""),
        ("http://127.0.0.1:8080/x", ""),
        ("http://[::1]:8080/x", ""),
        ("http://localhost/x", ""),
        (f"http://qyapi.weixin.qq.com/{KEY}", "http 只能用于本机"),
        (f"http://127.0.0.1.evil.example/{KEY}", "http 只能用于本机"),
        (f"http://localhost.evil.example/{KEY}", "http 只能用于本机"),
        (f"ftp://example.cn/{KEY}", "要以 https:// 开头"),
        (f"file:///etc/{KEY}", "不是网址"),
        (f"https://user:{KEY}@example.cn/", "用户名"),
        (f"https://example.cn/#{KEY}", "# 后面"),
        (f"https://[{KEY}/", "不是网址"),
        (f"https://example.cn:{KEY}/", "不是网址"),
        (f"https://example.cn/a b{KEY}", "不是网址"),
        (f"https://示例.cn/{KEY}", "不是网址"),
        (f"https:\\\\example.cn\\{KEY}", "不是网址"),
        (KEY, "不是网址"),
    ],
)
def test_which_addresses_are_taken(url: str, fault: str) -> None:
    if not fault:
        assert str(read_address("HOOK", url)).endswith("/…")
        return
    with pytest.raises(AddressRefused) as refused:
        read_address("HOOK", url)
    assert "环境变量 HOOK" in str(refused.value)
    assert fault in str(refused.value)
    assert KEY not in "".join(traceback.format_exception(refused.value))
    assert KEY not in repr((refused.value.__context__, refused.value.__cause__))


# ---- what is told, within which limits --------------------------------------------------------


def hook(**changes: Any) -> WebhookSettings:
    values = {"name": "hook", "format": "wecom", "url_env": "HOOK", **changes}
    return WebhookSettings.model_validate(values)


GONE = Withdrawal("faq-old", Kind.FAQ, ON - timedelta(days=1), "资费/流量", ("faq-data-pack",))
LOST = Withdrawal("case-lost", Kind.CASE, ON - timedelta(days=2))


def test_what_was_withdrawn_comes_first_and_says_where_to_go(dealer_view: View) -> None:
    view = replace(dealer_view, withdrawn=(GONE, LOST))
    first, second, third, *_ = news_items(view, hook(), ON - timedelta(days=7))
    assert (first.label, first.title) == ("已撤下", "资费/流量 里的一条（编号 faq-old）")
    assert first.links == (
        Link("流量包有哪些，怎么买？", f"{view.audience.url}faq/faq-data-pack/", "请改看："),
    )
    assert first.url == f"{view.audience.url}faq/faq-old/"
    assert second.title == "编号 case-lost 的案例"
    assert second.lines[0] == (
        "不要再照它答复；没有直接代替它的，在站点里重新查找，查不到就打客服热线。"
    )
    assert third.label == "更新"


@pytest.mark.parametrize(
    ("changes", "least"),
    [
        ({}, 10),
        ({"subjects": ["资费"]}, 1),
        ({"subjects": ["资费/流量"]}, 1),
        ({"kinds": ["case"]}, 1),
        ({"events": ["withdrawn"]}, 1),
        ({"subjects": ["资费"], "kinds": ["faq"], "events": ["revised"]}, 1),
    ],
)
def test_filters(agent_view: View, changes: dict[str, Any], least: int) -> None:
    view = replace(agent_view, withdrawn=(GONE, LOST))
    since = date(2026, 1, 1)
    everything = news_items(view, hook(), since)
    found = news_items(view, hook(**changes), since)
    subjects = changes.get("subjects", [""])
    expected = [
        item
        for item in everything
        if any(not s or f"{item.data['subject']}/".startswith(f"{s}/") for s in subjects)
        and item.data["kind"] in changes.get("kinds", [item.data["kind"]])
        and item.data["event"] in changes.get("events", [item.data["event"]])
    ]
    assert found == expected
    assert len(found) >= least


def test_nothing_from_the_days_to_come(agent_view: View) -> None:
    wide = hook(events=["new", "revised", "in_force", "ends", "withdrawn"])
    items = news_items(agent_view, wide, date(2026, 1, 1))
    assert max(str(item.data["on"]) for item in items) <= str(ON)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("days", [3, 10, 40, 400])
def test_messages_keep_the_limits_and_tell_everything_once(
    agent_view: View, form: str, days: int
) -> None:
    view = replace(agent_view, withdrawn=(GONE, LOST))
    items = news_items(view, hook(format=form), ON - timedelta(days=days))
    made = portions(items, view, FORMATS[form])
    assert len(made) <= MOST_MESSAGES
    limit, measure = MEASURES[form]
    for portion in made:
        request = FORMATS[form].request(portion.payload, "http://127.0.0.1/", SECRET, NOW)
        assert measure(request.body) <= limit
    assert [item for portion in made for item in portion.tells] == items
    shown = [item for portion in made for item in portion.message.items]
    assert shown == items[: len(shown)], "cut only between items"
    left = len(items) - len(shown)
    assert [portion.message.more is not None for portion in made[:-1]] == [False] * (len(made) - 1)
    if left:
        assert made[-1].message.more == Link(
            f"还有 {left} 条，见最近变化", f"{view.audience.url}news/"
        )
    titles = [portion.message.title for portion in made]
    assert all(title.startswith("知识更新：") for title in titles)
    assert len(set(titles)) == len(titles)


def test_there_are_libraries_that_fill_more_than_the_messages_take(agent_view: View) -> None:
    """The test above looks at what is left over only when something is."""
    items = news_items(agent_view, hook(), date(2025, 1, 1))
    assert portions(items, agent_view, FORMATS["wecom"])[-1].message.more


@pytest.mark.parametrize("form", ["wecom", "dingtalk"])
def test_one_item_that_is_too_long_is_cut_to_its_title(dealer_view: View, form: str) -> None:
    long = replace(MESSAGE.items[0], lines=("很长" * 3000,))
    (first, second) = portions([long, MESSAGE.items[0]], dealer_view, FORMATS[form])[:1] * 2
    assert first is second
    assert first.message.items[0].lines == ()
    limit, measure = MEASURES[form]
    assert measure(as_bytes(first.payload)) <= limit


def test_nothing_new_makes_no_message(dealer_view: View) -> None:
    assert portions([], dealer_view, FORMATS["wecom"]) == []


# ---- what was told --------------------------------------------------------------------------


TODAY = date(2026, 6, 30)


def told_library(small: Path, **days: str) -> View:
    """A library of entries that began and were approved on given days."""
    for name, day in days.items():
        text = faq(f"faq-{name}", effective_from=day, approved_on=day)
        (small / "faq" / f"faq-{name}.md").write_text(text, encoding="utf-8")
    library = load_library(small)
    assert not library.problems
    return library.view("dealer", TODAY)


def run(
    view: View, record: Path, server: Server, since: date | None = None, form: str = "json"
) -> tuple[list[str], str]:
    """What a run sends, and why it stopped."""
    before = len(server.seen)
    with Time().sender() as sender:
        done = tell(view, hook(format=form), address_at(server, form), record, sender, since)
    sent = [item["id"] for seen in server.seen[before:] for item in seen.json["items"]]
    return sent, done.reason


def test_a_second_run_sends_nothing(small: Path, server: Server, tmp_path: Path) -> None:
    view = told_library(small, a="2026-06-25", b="2026-06-29")
    record = tmp_path / "build" / "notify" / "hook.json"
    assert run(view, record, server) == (["faq-b", "faq-a"], "")
    assert run(view, record, server) == ([], "")
    assert len(server.seen) == 1


def test_the_first_run_tells_seven_days_and_never_what_is_older(
    small: Path, server: Server, tmp_path: Path
) -> None:
    view = told_library(small, old="2026-06-10", edge="2026-06-23", before="2026-06-22")
    record = tmp_path / "hook.json"
    assert run(view, record, server) == (["faq-edge"], "")
    assert run(view, record, server) == ([], "")


def test_what_is_merged_late_is_told(small: Path, server: Server, tmp_path: Path) -> None:
    record = tmp_path / "hook.json"
    run(told_library(small, a="2026-06-29"), record, server)
    later = told_library(small, late="2026-06-12")
    assert run(later, record, server) == (["faq-late"], "")


def test_a_new_approval_is_told_and_a_mended_word_is_not(
    small: Path, server: Server, tmp_path: Path
) -> None:
    record = tmp_path / "hook.json"
    run(told_library(small, a="2026-06-25"), record, server)
    file = small / "faq" / "faq-a.md"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("半小时", "三十分钟"), encoding="utf-8")
    assert run(load_library(small).view("dealer", TODAY), record, server) == ([], "")
    file.write_text(
        text.replace("approved_on: 2026-06-25", "approved_on: 2026-06-29"), encoding="utf-8"
    )
    assert run(load_library(small).view("dealer", TODAY), record, server) == (["faq-a"], "")


def test_where_to_go_now_is_told_again_when_it_is_known(
    small: Path, server: Server, tmp_path: Path
) -> None:
    view = told_library(small, a="2026-06-25")
    gone = Withdrawal("faq-old", Kind.FAQ, date(2026, 6, 29))
    record = tmp_path / "hook.json"
    run(replace(view, withdrawn=(gone,)), record, server)
    assert run(replace(view, withdrawn=(gone,)), record, server) == ([], "")
    known = replace(gone, replaced_by=("faq-a",))
    assert run(replace(view, withdrawn=(known,)), record, server) == (["faq-old"], "")


def test_since_goes_further_back(small: Path, server: Server, tmp_path: Path) -> None:
    view = told_library(small, old="2026-03-01", new="2026-06-29")
    record = tmp_path / "hook.json"
    assert run(view, record, server) == (["faq-new"], "")
    assert run(view, record, server, date(2026, 1, 1)) == (["faq-old"], "")


def test_a_narrow_since_buries_nothing(small: Path, server: Server, tmp_path: Path) -> None:
    days = {"older": "2026-06-10", "week": "2026-06-24", "today": "2026-06-30"}
    view = told_library(small, **days)
    record = tmp_path / "hook.json"
    assert run(view, record, server, date(2026, 6, 30)) == (["faq-today"], "")
    assert run(view, record, server) == (["faq-week"], ""), "still the first usual run"
    assert run(view, record, server) == ([], "")
    assert run(view, record, server, date(2026, 6, 1)) == ([], ""), "older than the first tells"


def test_a_since_that_finds_nothing_notes_nothing(
    small: Path, server: Server, tmp_path: Path
) -> None:
    view = told_library(small, week="2026-06-24")
    record = tmp_path / "hook.json"
    assert run(view, record, server, date(2026, 6, 30)) == ([], "")
    assert not record.exists()


def test_nothing_is_noted_before_the_first_message_arrived(
    small: Path, server: Server, tmp_path: Path
) -> None:
    view = told_library(small, old="2026-06-10", new="2026-06-29")
    record = tmp_path / "hook.json"
    server.replies = [Reply({}, 400)]
    assert run(view, record, server)[1]
    assert list(tmp_path.glob("*.json")) == []
    server.replies = [Reply({})]
    assert run(view, record, server, date(2026, 6, 1)) == (["faq-new", "faq-old"], "")


def test_a_first_run_without_news_begins_the_record(
    small: Path, server: Server, tmp_path: Path
) -> None:
    """Or what is merged long after its approval would be taken for old by a later run."""
    record = tmp_path / "hook.json"
    assert run(told_library(small), record, server) == ([], "")
    late = told_library(small, late="2026-06-12")
    assert run(late, record, server) == (["faq-late"], "")


def test_records_of_old_have_begun(small: Path, server: Server, tmp_path: Path) -> None:
    record = tmp_path / "hook.json"
    record.write_text('{"version": 1, "told": {}}', encoding="utf-8")
    assert run(told_library(small, late="2026-06-12"), record, server) == (["faq-late"], "")


def test_a_run_that_failed_is_continued(
    small: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = told_library(small, **{f"n{n}": f"2026-06-2{n}" for n in range(4, 10)})
    # One item a message.
    monkeypatch.setattr(type(FORMATS["json"]), "limit", 900)
    record = tmp_path / "hook.json"
    server.replies = [Reply({}), Reply({}), Reply({}, 400)]
    sent, reason = run(view, record, server)
    assert "HTTP 400" in reason
    assert sent == ["faq-n9", "faq-n8", "faq-n7"], "the last one did not arrive"
    server.replies = [Reply({})]
    assert run(view, record, server) == (["faq-n7", "faq-n6", "faq-n5", "faq-n4"], "")
    assert run(view, record, server) == ([], "")


def test_a_first_run_that_failed_at_once_is_continued_as_well(
    small: Path, server: Server, tmp_path: Path
) -> None:
    view = told_library(small, old="2026-06-10", new="2026-06-29")
    server.replies = [Reply({}, 400), Reply({})]
    record = tmp_path / "hook.json"
    assert run(view, record, server)[1]
    assert run(view, record, server) == (["faq-new"], "")


def _folder_is_a_file(record: Path) -> None:
    record.parent.write_text("", encoding="utf-8")


def _record_is_a_folder(record: Path) -> None:
    record.mkdir(parents=True)


def _record_is_damaged(record: Path) -> None:
    record.parent.mkdir(parents=True)
    record.write_text("{", encoding="utf-8")


def _no_new_file_may_be_made(record: Path) -> None:
    """What ``replacing`` writes first is taken by a folder: root may write where it likes."""
    for name in (f".{record.name}.{os.getpid()}.new", f"..{record.name}.trial.{os.getpid()}.new"):
        (record.parent / name / "x").mkdir(parents=True)


SPOILED = [_folder_is_a_file, _record_is_a_folder, _record_is_damaged, _no_new_file_may_be_made]


@pytest.mark.parametrize("spoil", SPOILED)
def test_nothing_is_sent_when_it_cannot_be_noted(
    spoil: Callable[[Path], None], small: Path, server: Server, tmp_path: Path
) -> None:
    view = told_library(small, a="2026-06-29")
    record = tmp_path / "notify" / "hook.json"
    spoil(record)
    sent, reason = run(view, record, server)
    assert re.search("写不了|读不了|不是推送的记录", reason)
    assert (sent, server.seen) == ([], [])


def test_what_arrived_and_could_not_be_noted_is_said(
    small: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk that fills up after the trial."""
    view = told_library(small, a="2026-06-29")
    record = tmp_path / "hook.json"
    add = Record.add

    def spoiled(self: Record, *words: Any, **more: Any) -> None:
        _no_new_file_may_be_made(record)
        add(self, *words, **more)

    monkeypatch.setattr(Record, "add", spoiled)
    with Time().sender() as sender:
        done = tell(view, hook(format="json"), address_at(server, "json"), record, sender)
    assert done.delivered == 1
    assert done.reason.startswith("发了却记不下来：写不了")


def test_two_runs_at_once_tell_once(small: Path, server: Server, tmp_path: Path) -> None:
    view = told_library(small, a="2026-06-29")
    record = tmp_path / "notify" / "hook.json"
    together = threading.Barrier(2)
    found: list[Delivery] = []

    def one() -> None:
        with Time().sender() as sender:
            together.wait()
            made = tell(view, hook(format="json"), address_at(server, "json"), record, sender)
        found.append(made)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.reason for one in found] == ["", ""]
    assert sorted(one.delivered for one in found) == [0, 1]
    assert len(server.seen) == 1


def test_a_run_that_does_not_end_keeps_the_next_one_out(
    small: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casebook.notify.record._LOCK_SECONDS", 0)
    view = told_library(small, a="2026-06-29")
    record = tmp_path / "hook.json"
    with keeping(record):
        assert run(view, record, server) == (
            [],
            "另一个 casebook notify 正在推送它；等它结束再运行",
        )
    assert run(view, record, server) == (["faq-a"], "")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"version": 2, "told": {}}', '{"version": 1, "told": {"a": 1}}']
)
def test_a_record_that_is_none_is_named(content: str, tmp_path: Path) -> None:
    file = tmp_path / "hook.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(CasebookError, match="不是推送的记录；删掉它"):
        Record(file)


# ---- the command ----------------------------------------------------------------------------


Call = Callable[..., Result]


@pytest.fixture
def call(small: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Runs ``casebook notify`` in a library that tells four webhooks of the local server."""
    (small / "faq" / "faq-a.md").write_text(
        faq("faq-a", effective_from="2026-06-29", approved_on="2026-06-29"), encoding="utf-8"
    )
    text = (small / "casebook.toml").read_text(encoding="utf-8")
    for form in FORMATS:
        text += f'\n[[notify]]\nname = "to-{form}"\nformat = "{form}"\nurl_env = "{form.upper()}"\n'
        if form == "json":
            text += 'audience = "agent"\n'
        if form != "wecom":
            text += 'secret_env = "SECRET"\n'
        monkeypatch.setenv(form.upper(), server.url + PATHS[form])
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setattr("casebook.library.today", lambda settings: TODAY)
    (small / "casebook.toml").write_text(text, encoding="utf-8")

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(main, ["notify", "--library", str(small), *words])

    return invoke


def record_files(small: Path) -> list[str]:
    return sorted(path.name for path in (small / "build").glob("notify/*.json"))


def test_the_command_tells_and_notes_it(call: Call, server: Server, small: Path) -> None:
    server.replies = [Reply(GOOD["wecom"])]
    done = call("--to", "to-wecom")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "第一次，从 2026-06-23 起" in done.stderr
    assert "1 项更新，1 条消息，已发" in done.stderr
    assert [name for name in record_files(small) if name[0] != "."] == ["to-wecom.json"]
    again = call("--to", "to-wecom")
    assert (again.exit_code, len(server.seen)) == (0, 1)
    assert "没有新的" in again.stderr


def test_the_command_tells_each_of_an_audience(call: Call, server: Server) -> None:
    server.replies = [Reply({"errcode": 0, "code": 0})]
    assert call("--audience", "agent").exit_code == 0
    assert [urlsplit(seen.path).path for seen in server.seen] == [PATHS["json"]]
    assert server.seen[0].json["audience"] == "agent"


def test_one_that_refuses_does_not_stop_the_others(call: Call, server: Server) -> None:
    server.replies = [_answer("wecom", 93000, "no"), Reply({"errcode": 0, "code": 0})]
    done = call("--json")
    assert done.exit_code == 1
    results = json.loads(done.stdout)
    assert [(one["name"], one["delivered"]) for one in results] == [
        ("to-wecom", 0),
        ("to-dingtalk", 1),
        ("to-feishu", 1),
        ("to-json", 1),
    ]
    assert "93000" in results[0]["reason"]
    assert results[1]["reason"] is None
    assert results[3]["items"] == [{"id": "faq-a", "event": "new"}]


@pytest.mark.parametrize("spoil", [_record_is_a_folder, _record_is_damaged])
@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_one_record_that_is_of_no_use_does_not_stop_the_others(
    spoil: Callable[[Path], None], words: tuple[str, ...], call: Call, server: Server, small: Path
) -> None:
    server.replies = [Reply({"errcode": 0, "code": 0})]
    spoil(small / "build" / "notify" / "to-wecom.json")
    done = call("--json", *words)
    assert done.exit_code == 1
    assert "推送 to-wecom（企业微信）：没有发：" in done.stderr
    results = json.loads(done.stdout)
    assert [one["messages"] for one in results] == [None, 1, 1, 1]
    assert [one["delivered"] for one in results] == [0, *([0] * 3 if words else [1] * 3)]
    assert "to-wecom.json" in results[0]["reason"]
    assert len(server.seen) == (0 if words else 3)


def test_a_dry_run_sends_and_notes_nothing(call: Call, server: Server, small: Path) -> None:
    shown = call("--dry-run", "--to", "to-feishu")
    assert shown.exit_code == 0
    assert "127.0.0.1/…" in shown.stdout
    payload = json.loads(shown.stdout[shown.stdout.index("{") :])
    assert (payload.pop("timestamp"), payload.pop("sign")) == ("…", "…")
    as_data = json.loads(call("--dry-run", "--to", "to-feishu", "--json").stdout)
    assert as_data[0]["payloads"][0]["content"] == payload["content"]
    assert server.seen == []
    assert record_files(small) == []
    call("--to", "to-feishu")
    sent = server.seen[0].json
    assert {key: sent[key] for key in payload} == payload


def test_a_dry_run_needs_no_address(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WECOM")
    shown = call("--dry-run", "--to", "to-wecom")
    assert shown.exit_code == 0
    assert "环境变量 WECOM 没有设置" in shown.stdout


REFUSED = [
    (["--to", "to-wecon"], {}, "没有叫“to-wecon”的推送；是不是“to-wecom”？"),
    (["--audience", "bob"], {}, "没有受众“bob”"),
    (["--audience", "agent", "--to", "to-wecom"], {}, "没有发给“agent”的推送"),
    (["--since", "gestern"], {}, "“gestern”不是日期"),
    ([], {"WECOM": ""}, "推送 to-wecom：环境变量 WECOM 没有设置"),
    ([], {"SECRET": " "}, "环境变量 SECRET 没有设置"),
    ([], {"WECOM": f"http://example.cn/{KEY}"}, "http 只能用于本机"),
]


@pytest.mark.parametrize(("words", "environment", "says"), REFUSED)
def test_what_stops_the_command_before_anything_is_sent(
    words: list[str],
    environment: dict[str, str],
    says: str,
    call: Call,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = call(*words)
    assert done.exit_code == 2
    assert says in done.stderr
    assert server.seen == []
    assert KEY not in done.output


def test_without_webhooks_the_command_says_where_they_are_set(settings: Settings) -> None:
    none = settings.model_copy(update={"notify": ()})
    with pytest.raises(CasebookError, match=r"没有 \[\[notify\]\].*docs/notify\.md"):
        chosen_webhooks(none)


def test_a_bad_file_is_named_and_the_rest_is_told(call: Call, small: Path, server: Server) -> None:
    bad = faq("faq-bad", audience="everyone")
    (small / "faq" / "faq-bad.md").write_text(bad, encoding="utf-8")
    done = call("--to", "to-wecom")
    assert done.exit_code == 1
    assert "faq/faq-bad.md" in done.stderr
    assert len(server.seen) == 1


SETTINGS = [
    ({"url_env": f"https://example.cn/{KEY}"}, "不是环境变量的名字"),
    ({"secret_env": SECRET}, "不是环境变量的名字"),
    ({"format": "slack"}, "没有“slack”"),
    ({"name": "Ein Name"}, "不合要求"),
    ({"audience": "bob"}, "没有受众“bob”"),
    ({"subjects": ["资菲"]}, "“资菲”不是分类里的词"),
    ({"kinds": ["poem"]}, "没有“poem”"),
    ({"events": ["news"]}, "没有“news”"),
    ({"format": "wecom", "secret_env": "S"}, "没有签名密钥"),
    ({"url": KEY}, "不认识的键 url"),
]


@pytest.mark.parametrize(("changes", "says"), SETTINGS)
def test_wrong_settings_are_named_without_their_secrets(
    small: Path, changes: dict[str, Any], says: str
) -> None:
    table = {"name": "hook", "format": "json", "url_env": "HOOK", **changes}
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
    file = small / "casebook.toml"
    file.write_text(f"{file.read_text(encoding='utf-8')}\n[[notify]]\n{lines}", encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings(small)
    assert says in str(refused.value)
    assert KEY not in str(refused.value)
    assert SECRET not in str(refused.value)


def test_two_webhooks_of_one_name_are_refused(small: Path) -> None:
    table = '\n[[notify]]\nname = "a"\nformat = "json"\nurl_env = "A"\n'
    file = small / "casebook.toml"
    file.write_text(file.read_text(encoding="utf-8") + table * 2, encoding="utf-8")
    with pytest.raises(SettingsError, match="有两个叫“a”"):
        load_settings(small)


# ---- no secrets -----------------------------------------------------------------------------


# Whatever goes wrong, and a platform that says the address back.
TROUBLE = [
    Reply(GOOD["wecom"] | GOOD["feishu"]),
    _answer("wecom", 93000, f"invalid key={KEY}"),
    Reply({"code": 1, "msg": f"/hook/{KEY}", "errcode": 1, "errmsg": f"token {KEY}"}),
    Reply(b"<html>" + KEY.encode()),
    Reply({}, 302, {"Location": f"/{KEY}"}),
    Reply({}, 400),
    Reply(fault="flood"),
]


def hidden() -> list[str]:
    return [KEY, SECRET, KEY[9:], SECRET[3:]]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("reply", TROUBLE, ids=lambda reply: reply.fault or str(reply.status))
def test_no_secret_is_ever_shown(
    form: str,
    reply: Reply,
    call: Call,
    server: Server,
    small: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.replies = [reply]
    with caplog.at_level(logging.DEBUG):
        done = [call("--to", f"to-{form}", *more) for more in ([], ["--json"], ["--dry-run"])]
    assert len(server.seen) >= 1
    assert all(one.exit_code in (0, 1) for one in done), done
    files = [path.read_text(encoding="utf-8") for path in (small / "build").glob("notify/*")]
    logged = [f"{record.getMessage()} {record.args}" for record in caplog.records]
    for text in (*(one.output for one in done), *files, *logged):
        assert not any(part in text for part in hidden()), text


@pytest.mark.parametrize("reply", [Reply(fault="drop"), Reply({}, 503), Reply(fault="silence")])
def test_no_secret_is_logged_while_it_is_tried_again(
    reply: Reply, server: Server, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    server.replies = [reply]
    with caplog.at_level(logging.DEBUG), time.sender(read=0.2, total=3) as sender:
        verdict = sender.send(FORMATS["wecom"], address_at(server, "wecom"), {})
    assert not verdict.delivered
    assert [record.name for record in caplog.records] == ["casebook.notify.sending"] * len(
        caplog.records
    )
    assert len(caplog.records) >= 1
    assert KEY not in caplog.text + verdict.reason


def test_urllib3_would_have_logged_the_address(
    server: Server, time: Time, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests above see what they look for: without the filter the key is in the log."""
    monkeypatch.setattr(logging.getLogger("urllib3.connectionpool"), "filters", [])
    with caplog.at_level(logging.DEBUG), time.sender() as sender:
        sender.send(FORMATS["wecom"], address_at(server, "wecom"), {})
    assert KEY in caplog.text


def test_objects_with_secrets_do_not_show_them(server: Server) -> None:
    address = address_at(server, "wecom", SECRET)
    for text in (str(address), repr(address), f"{vars(address)}"):
        assert KEY not in text
        assert SECRET not in text


HIDDEN = "（里面有地址或密钥的一部分，不显示）"
# The address of a function in a cloud: its host is the secret.
FUNCTION = "https://x7q2m4k9zt.fc.example.com/told?code=%2Bab%2Fcdefgh"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"bad key {KEY}", HIDDEN),
        (f"see {PATHS['wecom']}", HIDDEN),
        (f"{SECRET}!", HIDDEN),
        (KEY.upper(), HIDDEN),
        (quote(f"?key={KEY}"), HIDDEN),
        ("".join(f"%{ord(c):02x}" for c in KEY), HIDDEN),
        ("".join(f"%25{ord(c):02x}" for c in KEY), HIDDEN),
        ("".join(f"&#{ord(c)};" for c in KEY), HIDDEN),
        (f"key {KEY[:6]}…", HIDDEN),
        (f"key …{KEY[-6:]}", HIDDEN),
        (KEY.replace("-", ""), HIDDEN),
        ("\u200b".join(KEY), HIDDEN),
        ({"deep": [KEY]}, HIDDEN),
        (int("4" * 9), HIDDEN),
        ("host X7Q2M4K9ZT not found", HIDDEN),
        ("code +ab/cdefgh", HIDDEN),
        ("invalid webhook url, access_token is missing", None),
        ("two\nlines\x1b[31m", "two lines [31m"),
        ("x" * 1000, "x" * 200 + "…"),
        ("nothing", None),
        (0, None),
        (False, None),
    ],
)
def test_what_platforms_say_is_cleaned(said: Any, shown: str | None) -> None:
    url = f"{FUNCTION}&key={KEY}&n={'4' * 9}"
    address = Address(SecretStr(url), SecretStr(SECRET))
    assert address.cleaned({"errmsg": said}) == {"errmsg": said if shown is None else shown}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}", "qyapi.weixin.qq.com/…"),
        ("https://oapi.dingtalk.com/robot/send?access_token=x", "oapi.dingtalk.com/…"),
        ("https://open.feishu.cn/open-apis/bot/v2/hook/x", "open.feishu.cn/…"),
        ("http://127.0.0.1:8080/x", "127.0.0.1/…"),
        (FUNCTION, "…example.com/…"),
        ("https://qyapi.weixin.qq.com.x7q2m4k9zt.example.com/", "…example.com/…"),
        ("https://example.com/x", "example.com/…"),
        ("https://x7q2m4k9zt/x", "…/…"),
        ("https://203.0.113.7/x", "…/…"),
        ("https://[2001:db8::7]/x", "…/…"),
    ],
)
def test_of_unknown_hosts_only_the_end_is_shown(url: str, shown: str) -> None:
    assert str(read_address("HOOK", url)) == shown


def test_a_host_that_is_the_secret_is_not_shown_by_a_dry_run(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JSON", FUNCTION)
    shown = call("--dry-run", "--to", "to-json")
    assert shown.exit_code == 0
    assert "（接收程序，…example.com/…）" in shown.stdout
    assert "x7q2m4k9zt" not in shown.output


@pytest.mark.parametrize("piece", [KEY.upper(), quote(KEY, safe="").replace("-", "%2D"), KEY[:6]])
def test_no_written_form_of_a_key_is_printed(call: Call, server: Server, piece: str) -> None:
    server.replies = [_answer("wecom", 93000, f"no such key {piece}")]
    done = call("--to", "to-wecom", "--json")
    assert done.exit_code == 1
    assert piece not in done.output
    assert f"企业微信拒收（93000 {HIDDEN}）：地址不对" in done.stderr


def test_views_do_not_know_who_is_told(library: Library) -> None:
    webhooks = (hook(),)
    told = replace(library, settings=library.settings.model_copy(update={"notify": webhooks}))
    assert told.view("dealer", ON).settings.notify == ()
    assert told.view("agent", ON).settings.notify == webhooks


# ---- no leaks -------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("leaking", [False, True])
def test_a_webhook_of_dealers_gets_nothing_of_agents(
    form: str, leaking: bool, agent_view: View, dealer_view: View, tmp_path: Path
) -> None:
    """The sweep looks at the bytes on the wire; that it finds what leaks is tried as well."""
    view = agent_view if leaking else replace(dealer_view, withdrawn=dealer_view.withdrawn)
    items = news_items(view, hook(format=form), date(2020, 1, 1))
    assert len(items) > 20
    # Every item in a message of its own, so that none falls under 还有.
    for number, item in enumerate(items):
        for portion in portions([item], view, FORMATS[form]):
            request: Request = FORMATS[form].request(
                portion.payload, "http://127.0.0.1/", SECRET, NOW
            )
            (tmp_path / f"{number}.json").write_bytes(request.body)
    leaks = sweep(tmp_path, canaries(agent_view, dealer_view))
    assert bool(leaks) is leaking, leaks


def test_the_audience_of_a_webhook_is_the_narrowest_unless_one_is_named(
    call: Call, server: Server, small: Path
) -> None:
    secret = faq("faq-inside", audience="agent", title="只给坐席的一条")
    secret = secret.replace("approved_on: 2024-01-01", "approved_on: 2026-06-29")
    (small / "faq" / "faq-inside.md").write_text(secret, encoding="utf-8")
    server.replies = [Reply({"errcode": 0, "code": 0})]
    assert call().exit_code == 0
    told = {urlsplit(seen.path).path: seen.body.decode() for seen in server.seen}
    assert len(told) == 4
    for path, body in told.items():
        assert ("只给坐席的一条" in body) == (path == PATHS["json"]), path


def test_an_address_is_read_from_the_environment(server: Server) -> None:
    webhook = hook(format="dingtalk", secret_env="S")
    address = address_of(webhook, {"HOOK": server.url + PATHS["dingtalk"], "S": SECRET})
    assert address.secret.get_secret_value() == SECRET
    assert address.url.get_secret_value().endswith(KEY)


# ---- the docs -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def docs(root: Path) -> str:
    return (root / "docs" / "notify.md").read_text(encoding="utf-8")


def test_the_docs_name_everything(docs: str) -> None:
    from casebook.news import NewsKind

    names = [*WebhookSettings.model_fields, *FORMATS, *NewsKind, *(k.value for k in Kind)]
    assert [name for name in names if f"`{name}`" not in docs] == []
    assert [kind.label for kind in NewsKind if f"| {kind.label} |" not in docs] == []


def test_the_settings_in_the_docs_are_right(docs: str, root: Path, small: Path) -> None:
    chinese = (root / "docs" / "notify.zh-CN.md").read_text(encoding="utf-8")
    file = small / "casebook.toml"
    tables = [re.findall(r"```toml\n(.*?)```", text, re.DOTALL) for text in (docs, chinese)]
    assert all(tables)
    for table in (table for found in tables for table in found):
        file.write_text(
            re.sub(r"\[\[notify\]\].*", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
            + re.sub(r"^ +", "", table, flags=re.MULTILINE),
            encoding="utf-8",
        )
        assert load_settings(small).notify


def test_the_example_in_the_docs_has_the_keys_of_a_message(docs: str, dealer_view: View) -> None:
    example = json.loads(re.findall(r"```json\n(.*?)```", docs, re.DOTALL)[0])
    view = replace(dealer_view, withdrawn=(GONE,))
    items = news_items(view, hook(format="json"), ON - timedelta(days=7))
    payload: dict[str, Any] = dict(portions(items, view, FORMATS["json"])[0].payload)
    assert list(example) == list(payload)
    for shown, made in zip(example["items"], payload["items"], strict=False):
        assert list(shown) == list(made)
        assert shown["event"] == made["event"]


def test_the_receiver_in_the_docs_takes_what_is_genuine(docs: str) -> None:
    import time as clock

    space: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", docs, re.DOTALL)[0], space)
    request = FORMATS["json"].request({"version": 1}, "http://127.0.0.1/", SECRET, clock.time())
    assert space["is_genuine"](SECRET, request.headers, request.body)
    assert not space["is_genuine"](SECRET, request.headers, request.body + b" ")
    assert not space["is_genuine"](KEY, request.headers, request.body)
    old = FORMATS["json"].request({"version": 1}, "http://127.0.0.1/", SECRET, 1_000_000_000)
    assert not space["is_genuine"](SECRET, old.headers, old.body)
