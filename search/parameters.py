"""A request's query string → what the searcher is asked."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request
from werkzeug.sansio.utils import host_is_trusted

from casebook.errors import QueryRefused
from search.passages import KEYWORDS
from search.searcher import Request


def read_request() -> Request:
    """The search that a request's query string asks for.

    Raises:
        QueryRefused: a parameter is unknown, given twice or not a number.
    """
    values = request.args
    _check_names(("q", "page", "size", "explain", *KEYWORDS))
    filters = {
        name: chosen
        for name in KEYWORDS
        if (chosen := tuple(value for value in values.getlist(name)[:20] if value))
    }
    explain = values.get("explain", "0")
    if explain not in ("0", "1"):
        raise QueryRefused(f"explain 写 0 或 1，收到的是“{explain[:20]}”。")
    return Request(
        values.get("q", ""), filters, _number("page", 1), _number("size", 10), explain == "1"
    )


def read_question() -> str:
    """The question of a request that takes nothing else.

    Raises:
        QueryRefused: a parameter is unknown or given twice.
    """
    _check_names(("q",))
    return request.args.get("q", "")


def is_from_here(hosts: tuple[str, ...], origins: tuple[str, ...]) -> bool:
    """Whether a request was sent by a page of ours, or by no page at all.

    A browser names the page that sends something, and no page can change that.

    Args:
        hosts: the host names of our pages.
        origins: other sites that may ask.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if origin is None:
        return site in (None, "same-origin")
    if site == "same-origin" or origin in origins:
        return True
    try:
        host = urlsplit(origin).hostname
    except ValueError:
        return False
    return host is not None and host_is_trusted(host, hosts)


def _check_names(known: tuple[str, ...]) -> None:
    for name in request.args:
        if name not in known:
            raise QueryRefused(f"没有参数 {name[:40]}；可用：{'、'.join(known)}。")
        if name not in KEYWORDS and len(request.args.getlist(name)) > 1:
            raise QueryRefused(f"参数 {name} 只能给一次。")


def _number(name: str, default: int) -> int:
    text = request.args.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 6):  # noqa: PLR2004
        raise QueryRefused(f"{name} 要写成整数，收到的是“{text[:20]}”。")
    return int(text)
