"""Sending something to a service that runs elsewhere, with a token."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from ssl import SSLError
from typing import Any
from urllib.parse import SplitResult, urlsplit

from casebook.errors import CasebookError

_SECONDS = 15.0
_LONGEST = 64 * 1024
_DONE = range(200, 300)


class ServiceRefused(CasebookError):
    """A service cannot be reached, or did not take what was sent."""


def post(service: str, path: str, values: Mapping[str, Any], token: str) -> None:
    """Posts JSON to a service. Redirections are not followed: they could lead the token away.

    Args:
        service: its address, ``https://host`` with a path or without; ``http`` for this machine.
        path: below it.
        values: what is sent.
        token: an API token; empty where none is needed.

    Raises:
        ServiceRefused: it cannot be reached, or did not take it.
    """
    address = _address(service)
    connection = HTTPSConnection if address.scheme == "https" else HTTPConnection
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    line = connection(address.hostname or "", address.port, timeout=_SECONDS)
    try:
        line.request("POST", f"{address.path}/{path}", json.dumps(values).encode(), headers)
        answer = line.getresponse()
        said = answer.read(_LONGEST)
    except (OSError, HTTPException) as error:
        raise ServiceRefused(f"{service}：{_unreached(error)}；检查地址和网络。") from None
    finally:
        line.close()
    if answer.status not in _DONE:
        raise ServiceRefused(
            f"{service}：没有接受（{answer.status}）：{_reason(said, answer.status)}"
        )


def _unreached(error: OSError | HTTPException) -> str:
    """Why there is no answer."""
    known = (
        (socket.gaierror, "没有这个主机名"),
        (SSLError, "证书不对，或者那里不是 https"),
        (TimeoutError, "等了太久没有回答"),
        (ConnectionRefusedError, "那里没有服务"),
        (ConnectionError, "连接断了"),
        (HTTPException, "回答的不是网页服务"),
    )
    return next((f"连不上，{text}" for kind, text in known if isinstance(error, kind)), "连不上")


def _address(service: str) -> SplitResult:
    try:
        found = urlsplit(service.rstrip("/"))
        _ = found.port
    except ValueError:
        found = urlsplit("")
    if found.scheme not in ("http", "https") or not found.hostname or found.username:
        raise ServiceRefused(f"“{service}”不是服务的地址；写成 https://kb.example.com 这样。")
    if found.scheme == "http" and not _is_here(found.hostname):
        raise ServiceRefused(f"“{service}”要以 https:// 开头：令牌不能不加密地发出去。")
    return found


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _reason(said: bytes, status: int) -> str:
    """What a service says of an error, in its own words where it has some."""
    try:
        return " ".join(str(one["message"]) for one in json.loads(said)["errors"])
    except (ValueError, KeyError, TypeError):
        known = {401: "要令牌，放在环境变量 CASEBOOK_TOKEN 里。", 403: "这个令牌没有编辑的权限。"}
        return known.get(status, "看它的日志。")
