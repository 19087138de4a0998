"""The address of a webhook: a secret that is never shown."""

from __future__ import annotations

import html
import ipaddress
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import SecretStr

from casebook.errors import CasebookError

# So many characters of a secret in a row give it away; less is found in any text.
_PIECE = 6
_SHOWN = 200
_HIDDEN = "（里面有地址或密钥的一部分，不显示）"
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_NOT_WORD = re.compile(r"[\W_]+")
# What is between the parts of an address, and the parts that are the same in everybody's.
_BETWEEN = re.compile(r"[/?&=;]")
_PUBLIC_PARTS = frozenset(
    ("cgi-bin", "webhook", "send", "key", "robot", "access_token", "open-apis", "bot", "hook")
)
# Hosts of the platforms. Of any other the name may be the secret: that of a function in a cloud.
_PUBLIC_HOSTS = frozenset(
    ("qyapi.weixin.qq.com", "oapi.dingtalk.com", "open.feishu.cn", "open.larksuite.com")
)
_LABELS = 2


class AddressRefused(CasebookError):
    """An environment variable holds no address that may be sent to; its value is not repeated."""


@dataclass(frozen=True)
class Address:
    """Where a webhook listens.

    Attributes:
        url: all of it; the secret.
        secret: for signing; empty where nothing is signed.
    """

    url: SecretStr
    secret: SecretStr

    def __str__(self) -> str:
        return shown_address(self.url.get_secret_value())

    def cleaned(self, answer: Mapping[str, object]) -> dict[str, object]:
        """What somebody else said, each value that holds a piece of a secret left out whole."""
        return {name: self._shown(value) for name, value in answer.items()}

    def _shown(self, value: object) -> object:
        if self.gives_away(str(value)):
            return _HIDDEN
        if not isinstance(value, str):
            return value
        clean = _UNPRINTABLE.sub(" ", value)
        return clean if len(clean) <= _SHOWN else f"{clean[:_SHOWN]}…"

    def gives_away(self, text: str) -> bool:
        """Whether a text holds a piece of the secrets, however it is written."""
        bare = _bare(text)
        return any(piece in bare for piece in self._pieces())

    def _pieces(self) -> frozenset[str]:
        split = urlsplit(self.url.get_secret_value())
        parts = {self.secret.get_secret_value(), *_BETWEEN.split(f"{split.path}?{split.query}")}
        host = split.hostname or ""
        if not _is_public(host):
            parts.update(host.split(".")[:-_LABELS])
        bare = (_bare(part) for part in parts - _PUBLIC_PARTS)
        return frozenset(
            part[start : start + _PIECE] for part in bare for start in range(len(part) - _PIECE + 1)
        )


def shown_address(url: str) -> str:
    """An address as far as it may be shown: of unknown hosts only the last two labels.

    Args:
        url: one that has a host.
    """
    host = urlsplit(url).hostname or ""
    labels = host.split(".")
    if _is_public(host):
        return f"{host}/…"
    if len(labels) < _LABELS or _ip(host):
        return "…/…"
    hidden = "…" if len(labels) > _LABELS else ""
    return f"{hidden}{'.'.join(labels[-_LABELS:])}/…"


def read_address(variable: str, value: str, secret: str = "") -> Address:
    """The address that an environment variable holds.

    Args:
        variable: its name, for the message.
        value: what it holds.
        secret: for signing.

    Raises:
        AddressRefused: it is no address, or one that would be reached without encryption.
    """
    url = value.strip()
    fault = _fault(url)
    if fault:
        raise AddressRefused(
            f"环境变量 {variable} 里的地址不能用：{fault}。"
            "从机器人的设置里把 Webhook 地址整条复制过来。"
        )
    return Address(SecretStr(url), SecretStr(secret.strip()))


def _bare(text: str) -> str:
    """A text without case, encoding, and whatever stands between its letters and digits."""
    for _ in range(3):
        text = html.unescape(unquote(text))
    return _NOT_WORD.sub("", unicodedata.normalize("NFKC", text).casefold())


def _fault(url: str) -> str:
    """What is wrong with an address; empty when nothing is."""
    split = _split(url)
    if not url.isascii() or re.search(r"[\s\x00-\x1f\\]", url) or not split or not split.hostname:
        return "它不是网址"
    if split.scheme not in ("http", "https"):
        return "它要以 https:// 开头"
    if split.username is not None or split.fragment:
        return "里面不能有用户名、密码或 # 后面的部分"
    if split.scheme == "http" and not _is_loopback(split.hostname):
        return "它要以 https:// 开头，http 只能用于本机"
    return ""


def _split(url: str) -> SplitResult | None:
    try:
        split = urlsplit(url)
        _ = split.port
    except ValueError:
        return None
    return split


def _is_public(host: str) -> bool:
    return host in _PUBLIC_HOSTS or _is_loopback(host)


def _is_loopback(host: str) -> bool:
    found = _ip(host)
    return host == "localhost" or (found is not None and found.is_loopback)


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
