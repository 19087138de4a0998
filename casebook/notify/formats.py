"""The forms that robots and programs take messages in, and what their answers mean.

Sources (all public): WeCom ``developer.work.weixin.qq.com/document/path/91770``, its codes
``…/path/90455``; DingTalk ``open.dingtalk.com/document/orgapp/custom-robot-access`` and
``…/customize-robot-security-settings``; Feishu ``open.feishu.cn/document/client-docs/bot-v3/
add-custom-bot``. docs/notify.md says what of them is kept to.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import urlencode

from casebook.notify.messages import Item, Link, Message, plain

_BUSY = 5.0
_MINUTE = 60.0
_TEN_MINUTES = 600.0
_SHUT_OUT = "超过钉钉每分钟 20 条的限制，要等 10 分钟"
# No platform's numbers are longer.
_DIGITS = 12


@dataclass(frozen=True)
class Request:
    """What is sent.

    Attributes:
        url: the whole address, with what a signature adds to it.
        body: JSON in UTF-8.
        headers: besides the usual ones.
    """

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What an answer means.

    Attributes:
        delivered: whether the message is with those it was for.
        reason: why not, in Chinese.
        wait: how many seconds to wait before trying again; None when that is of no use.
    """

    delivered: bool
    reason: str = ""
    wait: float | None = None


class Format(ABC):
    """One platform's form.

    Attributes:
        name: as settings name it.
        label: as people name it.
        limit: the most bytes of what the platform measures.
        pause: seconds between two messages to one address, so that its limit is kept.
        answers: whether a message counts as delivered only when the answer's body says so.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    limit: ClassVar[int]
    pause: ClassVar[float]
    answers: ClassVar[bool] = True

    @abstractmethod
    def payload(self, message: Message) -> dict[str, object]:
        """The message as the platform takes it."""

    def size(self, payload: Mapping[str, object]) -> int:
        """How many bytes of its limit a payload takes."""
        return len(as_bytes(payload))

    def request(self, payload: Mapping[str, object], url: str, secret: str, now: float) -> Request:
        """What is sent, signed where there is a secret.

        Args:
            payload: from :meth:`payload`.
            url: the webhook's address.
            secret: empty where nothing is to be signed.
            now: seconds since 1970.
        """
        return Request(url, as_bytes(payload))

    def masked(self, payload: Mapping[str, object]) -> dict[str, object]:
        """A signed payload as it may be shown: what the signature adds to it is left out."""
        return dict(payload)

    @abstractmethod
    def verdict(self, answer: Mapping[str, object] | None) -> Verdict | None:
        """What an answer's body means.

        Args:
            answer: the body, when it is a JSON object.

        Returns:
            None when it says nothing that the HTTP status does not.
        """


class Robot(Format):
    """A platform's robot, whose answers say in the body how it went.

    Attributes:
        codes: the keys of the number that says so, the usual one first.
        words: the keys of the words with it.
        later: what numbers mean that it may work later, and the seconds until then.
        advice: what to do about the other numbers.
    """

    codes: ClassVar[tuple[str, ...]] = ("errcode",)
    words: ClassVar[tuple[str, ...]] = ("errmsg",)
    later: ClassVar[Mapping[int, tuple[str, float]]]
    advice: ClassVar[Mapping[int, str]]

    def verdict(self, answer: Mapping[str, object] | None) -> Verdict | None:
        """Delivered is what has the number 0; the HTTP status is 200 even when it was refused."""
        key = next((key for key in self.codes if key in (answer or {})), None)
        if answer is None or key is None:
            return None
        code = answer[key]
        # In Python, False is a number and equals 0.
        if isinstance(code, bool) or not isinstance(code, int):
            return Verdict(
                False,
                f"{self.label}的回答里 {key} 应当是整数，却是{_sort(code)}；"
                "检查地址是不是这个平台的，中间有没有别的程序改了回答",
            )
        if code == 0:
            return Verdict(True)
        said = next((answer[key] for key in self.words if isinstance(answer.get(key), str)), "")
        if code in self.later:
            meaning, wait = self.later[code]
            return Verdict(False, f"{meaning}（{said}）", wait)
        advice = self.advice.get(code, "查它的文档里这个错误码")
        return Verdict(False, f"{self.label}拒收（{str(code)[:_DIGITS]} {said}）：{advice}")


def _sort(value: object) -> str:
    """What a JSON value is, in words."""
    names = {str: "文字", bool: "真假值", float: "小数", list: "列表", dict: "对象"}
    return names.get(type(value), "空值")


def as_bytes(payload: Mapping[str, object]) -> bytes:
    """A payload as it goes over the wire."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


class WeCom(Robot):
    """企业微信群机器人: Markdown of at most 4096 bytes, 20 messages a minute."""

    name = "wecom"
    label = "企业微信"
    limit = 4096
    pause = 3.0
    advice: ClassVar[Mapping[int, str]] = {
        93000: "地址不对，或者机器人已经移出群；在群里重新复制 Webhook 地址",
        40008: "消息类型不对；确认地址是群机器人的",
        40058: "消息太长或格式不对",
        45033: "同时发送的请求太多；过一会儿再运行一次",
    }
    later: ClassVar[Mapping[int, tuple[str, float]]] = {
        -1: ("企业微信系统繁忙", _BUSY),
        45009: ("超过企业微信每分钟 20 条的限制", _MINUTE),
    }

    def payload(self, message: Message) -> dict[str, object]:
        """As ``markdown``."""
        return {"msgtype": "markdown", "markdown": {"content": _markdown(message, "\n")}}

    def size(self, payload: Mapping[str, object]) -> int:
        """The content's bytes; the rest does not count."""
        markdown = payload["markdown"]
        content = markdown["content"] if isinstance(markdown, dict) else ""
        return len(str(content).encode())


class DingTalk(Robot):
    """钉钉自定义机器人: Markdown, signed by timestamp and HMAC; 20 messages a minute.

    Who sends more is shut out for ten minutes. No limit of a message's length is documented for
    robots; 5000 is that of Markdown in the platform's other messages, and is kept in bytes.
    """

    name = "dingtalk"
    label = "钉钉"
    limit = 5000
    pause = 3.0
    advice: ClassVar[Mapping[int, str]] = {
        310000: (
            "没有通过安全设置。关键词：加上“知识更新”；加签：secret_env 的变量里放 SEC 开头的密钥，"
            "并校准这台机器的时间；IP：把这台机器的出口地址加进去"
        ),
        300001: "地址不对，或者机器人已经删除；在群里重新复制 Webhook 地址",
        300005: "地址里的 access_token 不存在；在群里重新复制 Webhook 地址",
        400013: "群已经解散；在新的群里加机器人",
        400101: "地址里的 access_token 不存在；在群里重新复制 Webhook 地址",
        400102: "机器人已经停用；在群里启用它",
    }
    later: ClassVar[Mapping[int, tuple[str, float]]] = {
        -1: ("钉钉系统繁忙", _BUSY),
        130101: (_SHUT_OUT, _TEN_MINUTES),
        410100: (_SHUT_OUT, _TEN_MINUTES),
    }

    def payload(self, message: Message) -> dict[str, object]:
        """As ``markdown``; its title is what a notification on a phone shows."""
        # A line ends only where two spaces or an empty line stand.
        text = _markdown(message, "\n\n")
        return {"msgtype": "markdown", "markdown": {"title": plain(message.title), "text": text}}

    def size(self, payload: Mapping[str, object]) -> int:
        """The bytes of title and text."""
        markdown = payload["markdown"]
        values = markdown.values() if isinstance(markdown, dict) else ()
        return sum(len(str(value).encode()) for value in values)

    def request(self, payload: Mapping[str, object], url: str, secret: str, now: float) -> Request:
        """Signs by ``timestamp`` (milliseconds) and ``sign`` in the address."""
        if not secret:
            return Request(url, as_bytes(payload))
        timestamp = str(round(now * 1000))
        signed = _hmac(secret.encode(), f"{timestamp}\n{secret}".encode())
        query = urlencode({"timestamp": timestamp, "sign": signed})
        return Request(f"{url}{'&' if '?' in url else '?'}{query}", as_bytes(payload))


class Feishu(Robot):
    """飞书自定义机器人: a post, at most 20 kB, 100 messages a minute and 5 a second."""

    name = "feishu"
    label = "飞书"
    # Room for timestamp and sign.
    limit = 19_500
    pause = 0.6
    advice: ClassVar[Mapping[int, str]] = {
        19001: "地址不对，或者机器人已经移出群；在群里重新复制 Webhook 地址",
        19021: "签名不对；secret_env 的变量里放机器人的签名密钥，并校准这台机器的时间",
        19022: "这台机器的出口 IP 不在机器人的白名单里；加进去",
        19024: "消息里没有机器人要的关键词；把“知识更新”设为关键词",
        9499: "消息太长或格式不对",
    }
    later: ClassVar[Mapping[int, tuple[str, float]]] = {
        11232: ("飞书限流，避开整点和半点", _BUSY),
    }
    # Older answers have other names.
    codes = ("code", "StatusCode")
    words = ("msg", "StatusMessage")

    def payload(self, message: Message) -> dict[str, object]:
        """As ``post``: paragraphs of texts and links, in which nothing has to be escaped."""
        paragraphs: list[list[dict[str, str]]] = []
        for item in message.items:
            paragraphs += [_feishu_head(item)]
            paragraphs += [[_feishu_text(line)] for line in item.lines]
            paragraphs += [[_feishu_text(link.lead), _feishu_link(link)] for link in item.links]
        if message.more:
            more = message.more
            paragraphs += [[_feishu_link(more)] if more.url else [_feishu_text(more.text)]]
        post = {"zh_cn": {"title": plain(message.title), "content": paragraphs}}
        return {"msg_type": "post", "content": {"post": post}}

    def request(self, payload: Mapping[str, object], url: str, secret: str, now: float) -> Request:
        """Signs by ``timestamp`` (seconds) and ``sign`` in the body; the key is what is signed."""
        if not secret:
            return Request(url, as_bytes(payload))
        timestamp = str(int(now))
        signed = _hmac(f"{timestamp}\n{secret}".encode(), b"")
        return Request(url, as_bytes({"timestamp": timestamp, "sign": signed, **payload}))

    def masked(self, payload: Mapping[str, object]) -> dict[str, object]:
        """With the places of ``timestamp`` and ``sign``."""
        return {"timestamp": "…", "sign": "…", **payload}


class Json(Format):
    """A program of one's own: documented JSON, signed by a header."""

    name = "json"
    label = "接收程序"
    limit = 200_000
    pause = 0.0
    answers = False

    def payload(self, message: Message) -> dict[str, object]:
        """Version 1 of the schema in docs/notify.md."""
        more = message.more
        return {
            "version": 1,
            **message.data,
            "title": message.title,
            "items": [dict(item.data) for item in message.items],
            "more": {"text": more.text, "url": more.url} if more else None,
        }

    def request(self, payload: Mapping[str, object], url: str, secret: str, now: float) -> Request:
        """Signs the time and the body; the delivery's name stays the same when it is repeated."""
        body = as_bytes(payload)
        headers = {"X-Casebook-Delivery": hashlib.sha256(body).hexdigest()[:32]}
        if secret:
            timestamp = str(int(now))
            signed = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
            headers["X-Casebook-Timestamp"] = timestamp
            headers["X-Casebook-Signature"] = f"sha256={signed.hexdigest()}"
        return Request(url, body, headers)

    def verdict(self, answer: Mapping[str, object] | None) -> Verdict | None:
        """The status says it all."""
        return None


FORMATS: Mapping[str, Format] = {one.name: one for one in (WeCom(), DingTalk(), Feishu(), Json())}


def _hmac(key: bytes, text: bytes) -> str:
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def _markdown(message: Message, newline: str) -> str:
    """The little Markdown that both WeCom and DingTalk know."""
    blocks = [f"### {plain(message.title)}"]
    for item in message.items:
        lines = [f"**【{plain(item.label)}】**{_markdown_link(Link(item.title, item.url))}"]
        lines += [f"> {plain(line)}" for line in item.lines]
        lines += [f"> {plain(link.lead)}{_markdown_link(link)}" for link in item.links]
        blocks.append(newline.join(lines))
    if message.more:
        blocks.append(_markdown_link(message.more))
    return "\n\n".join(blocks)


def _markdown_link(link: Link) -> str:
    url = link.url.replace("(", "%28").replace(")", "%29").replace(" ", "%20")
    return f"[{plain(link.text)}]({url})" if url else plain(link.text)


def _feishu_head(item: Item) -> list[dict[str, str]]:
    title = Link(item.title, item.url)
    shown = _feishu_link(title) if item.url else _feishu_text(item.title)
    return [_feishu_text(f"【{item.label}】"), shown]


def _feishu_text(text: str) -> dict[str, str]:
    return {"tag": "text", "text": plain(text)}


def _feishu_link(link: Link) -> dict[str, str]:
    return {"tag": "a", "text": plain(link.text), "href": link.url}
