"""A request's body → what somebody did with what was found."""

from __future__ import annotations

import json
from typing import Any

from flask import request

from casebook.documents import ID_PATTERN
from casebook.errors import QueryRefused
from search.journal.journal import QUESTION_ID
from search.journal.records import EVENTS, REASONS, Noted

MAX_BODY = 1024
_NAMES = ("question", "kind", "document", "helpful", "reason")


def read_event() -> Noted:
    """What the body says, whatever type it says it is of: a page sends it without asking first.

    Raises:
        QueryRefused: it is not JSON, or says something else than an event.
        RequestEntityTooLarge: it is longer than ``MAX_BODY``.
    """
    request.max_content_length = MAX_BODY
    try:
        value = json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise QueryRefused("内容不是 JSON；写成一个对象，至少有 question 和 kind。") from None
    if not isinstance(value, dict):
        raise QueryRefused("内容要写成一个 JSON 对象。")
    for name in value:
        if name not in _NAMES:
            raise QueryRefused(f"没有字段 {name[:40]}；可用：{'、'.join(_NAMES)}。")
    return _checked(value)


def _checked(value: dict[str, Any]) -> Noted:
    event = Noted(
        question=value.get("question", ""),
        kind=value.get("kind", ""),
        document=value.get("document", ""),
        helpful=value.get("helpful"),
        reason=value.get("reason"),
    )
    if not isinstance(event.question, str) or not QUESTION_ID.fullmatch(event.question):
        raise QueryRefused("question 写检索结果里的 question。")
    if event.kind not in EVENTS:
        raise QueryRefused(f"kind 写 {'、'.join(EVENTS)} 里的一个。")
    if event.kind == "missing" and event.document:
        raise QueryRefused("missing 说的是没有答复，不写 document。")
    if event.kind != "missing" and not _is_id(event.document):
        raise QueryRefused("document 写文档的编号。")
    _check_rating(event, has_helpful="helpful" in value)
    return event


def _check_rating(event: Noted, *, has_helpful: bool) -> None:
    if not isinstance(event.helpful, bool | None):
        raise QueryRefused("helpful 写 true、false 或 null。")
    if event.kind == "rated" and not has_helpful:
        raise QueryRefused("rated 要写 helpful：true 有用，false 没用，null 收回评价。")
    if event.kind != "rated" and event.helpful is not None:
        raise QueryRefused("只有 rated 写 helpful。")
    is_reason = isinstance(event.reason, str) and event.reason in REASONS
    if event.reason is not None and (not is_reason or event.helpful is not False):
        raise QueryRefused(f"reason 写 {'、'.join(REASONS)} 里的一个，只和 helpful: false 一起写。")


def _is_id(value: object) -> bool:
    return isinstance(value, str) and ID_PATTERN.fullmatch(value) is not None
