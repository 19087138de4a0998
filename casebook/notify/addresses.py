"""The address of a webhook: a secret that is never shown."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlsplit

from pydantic import SecretStr

from casebook.errors import CasebookError

# Parts of an address that are shorter than this are no keys.
_MIN_KEY = 8
_SHOWN = 200
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


class AddressRefused(CasebookError):
    """An environment variable holds no address that may be sent to; its value is not repeated."""


@dataclass(frozen=True)
class Address:
    """Where a webhook listens.

    Attributes:
        url: all of it; the secret.
        host: the one part that may be shown.
        secret: for signing; empty where nothing is signed.
    """

    url: SecretStr
    host: str
    secret: SecretStr

    def __str__(self) -> str:
        return f"{self.host}/…"

    def scrubbed(self, text: str) -> str:
        """What somebody else said, without any part of the secrets, on one short line."""
        clean = _UNPRINTABLE.sub(" ", text)
        for part in sorted(self._parts(), key=len, reverse=True):
            clean = clean.replace(part, "…")
        return clean if len(clean) <= _SHOWN else f"{clean[:_SHOWN]}…"

    def _parts(self) -> set[str]:
        url, secret = self.url.get_secret_value(), self.secret.get_secret_value()
        split = urlsplit(url)
        parts = {url, secret, split.query, *split.path.split("/")}
        parts.update(value for _, value in parse_qsl(split.query))
        return {part for part in parts if len(part) >= _MIN_KEY}


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
    return Address(SecretStr(url), urlsplit(url).hostname or "", SecretStr(secret.strip()))


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


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
