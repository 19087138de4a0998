"""A request's query string → what the searcher is asked."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from flask import request

from casebook.documents import Kind
from casebook.errors import QueryRefused
from search.journal.journal import QUESTION_ID
from search.journal.records import SURFACES
from search.passages import KEYWORDS
from search.searcher import Request

# What a request may say of itself, for the journal.
ORIGIN = ("surface", "visit", "question")
_KINDS = tuple(kind.value for kind in Kind)
_VISIT = re.compile(r"[A-Za-z0-9_-]{8,32}")


class Origin(NamedTuple):
    """Where a question comes from.

    Attributes:
        surface: one of ``SURFACES``.
        visit: names the box that somebody types into; empty where nobody does.
        question: the question of which this is a further look; empty for a new one.
    """

    surface: str
    visit: str
    question: str


def read_origin(surface: str) -> Origin:
    """What a request's query string says of where it comes from.

    Args:
        surface: where from, unless it says otherwise.

    Raises:
        QueryRefused: there is no such surface, or a name is not one.
    """
    values = request.args
    found = Origin(
        values.get("surface", surface), values.get("visit", ""), values.get("question", "")
    )
    if found.surface not in SURFACES:
        raise QueryRefused(f"surface 写 {'、'.join(SURFACES)} 里的一个。")
    if found.visit and not _VISIT.fullmatch(found.visit):
        raise QueryRefused("visit 写 8 到 32 个字母、数字、- 或 _，每打开一次页面随机取一个。")
    if found.question and not QUESTION_ID.fullmatch(found.question):
        raise QueryRefused("question 写检索结果里的 question。")
    return found


def read_request() -> Request:
    """The search that a request's query string asks for.

    Raises:
        QueryRefused: a parameter is unknown, given twice or not a number, there is no such kind, or
            the question is no text.
    """
    values = request.args
    _check_names(("q", "page", "size", "explain", *KEYWORDS, *ORIGIN))
    filters = {
        name: chosen
        for name in KEYWORDS
        if (chosen := tuple(value for value in values.getlist(name)[:20] if value))
    }
    for kind in filters.get("kind", ()):
        if kind not in _KINDS:
            raise QueryRefused(f"kind 写 {'、'.join(_KINDS)} 里的一个，收到的是“{kind[:20]}”。")
    explain = values.get("explain", "0")
    if explain not in ("0", "1"):
        raise QueryRefused(f"explain 写 0 或 1，收到的是“{explain[:20]}”。")
    return Request(_question(), filters, _number("page", 1), _number("size", 10), explain == "1")


def read_question(*more: str) -> str:
    """The question of a request that takes nothing else.

    Args:
        more: what it does take else.

    Raises:
        QueryRefused: a parameter is unknown or given twice, or the question is no text.
    """
    _check_names(("q", *more))
    return _question()


def _question() -> str:
    """What is asked; nobody types broken bytes or control characters, which answer nothing."""
    text = request.args.get("q", "")
    try:
        unquote_to_bytes(request.query_string).decode()
    except UnicodeDecodeError:
        raise QueryRefused("地址里的字不是 UTF-8；按 UTF-8 编码再发。") from None
    if any(unicodedata.category(one) == "Cc" and not one.isspace() for one in text):
        raise QueryRefused("问题里有看不见的控制字符；去掉再问。")
    return text


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
