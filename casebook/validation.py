"""What pydantic finds wrong → sentences for the people who write the files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from rapidfuzz import fuzz, process

_SHOWN = 60


@dataclass(frozen=True)
class Fault:
    """One validation error in words.

    Attributes:
        location: keys and positions from the top down to the faulty value.
        code: the rule it breaks.
        message: what was found.
        hint: what to write instead.
    """

    location: tuple[str | int, ...]
    code: str
    message: str
    hint: str


def nearest(word: str, known: Iterable[str], least: int = 50) -> str | None:
    """The known word most like a given one.

    Args:
        word: as it was written.
        known: the words that there are.
        least: how alike it must be, 0 to 100.

    Returns:
        The word, or None when none is alike.
    """
    found = process.extractOne(word, list(known), scorer=fuzz.ratio, score_cutoff=least)
    return found[0] if found else None


def explain(error: ValidationError, model: type[BaseModel]) -> list[Fault]:
    """Turns every error of a validation into a Fault."""
    return [_fault(detail, model) for detail in error.errors() if not _echo(detail)]


def _echo(detail: ErrorDetails) -> bool:
    """Whether a list is called too short only because its faulty items do not count."""
    if detail["type"] != "too_short":
        return False
    return len(detail["input"]) >= int(detail["ctx"]["min_length"])


def _fault(detail: ErrorDetails, model: type[BaseModel]) -> Fault:
    location = tuple(detail["loc"])
    kind = detail["type"]
    context: dict[str, Any] = detail.get("ctx", {})
    if not location and context.get("key"):
        location = (context["key"],)
    key = next((part for part in reversed(location) if isinstance(part, str)), "")
    found = _shown(detail["input"])
    if "hint" in context:
        prefix = f"{key}：" if key else ""
        return Fault(location, kind, f"{prefix}{detail['msg']}。", f"{context['hint']}。")
    if kind == "missing":
        return Fault(location, "missing-key", f"缺少 {key}。", f"补上 {key}: …")
    if kind == "extra_forbidden":
        known = _keys(model, location[:-1])
        guess = nearest(key, known)
        hint = f"是不是要写 {guess}？" if guess else "可用的键：" + "、".join(known) + "。"
        return Fault(location, "unknown-key", f"不认识的键 {key}。", hint)
    expected = {
        "string_type": "一行文字",
        "tuple_type": "列表，每行一个“- …”",
        "model_type": "下一级的键和值",
        "dict_type": "下一级的键和值",
        "int_parsing": "整数",
        "int_type": "整数",
        "bool_parsing": "true 或 false",
        "bool_type": "true 或 false",
    }
    if kind in expected:
        return Fault(
            location,
            "wrong-type",
            f"{key} 的值是 {found}，类型不对。",
            f"这里要写{expected[kind]}。",
        )
    if kind in ("string_too_short", "too_short"):
        return Fault(location, "invalid-value", f"{key} 是空的，或者太少。", _limit(context))
    return Fault(
        location,
        "invalid-value",
        f"{key} 的值 {found} 不合要求。",
        _limit(context) or detail["msg"],
    )


def _limit(context: dict[str, Any]) -> str:
    words = {
        "min_length": "至少 {} 个",
        "max_length": "至多 {} 个",
        "ge": "不小于 {}",
        "le": "不大于 {}",
        "pattern": "要符合 {}",
    }
    parts = [text.format(context[name]) for name, text in words.items() if name in context]
    return "，".join(parts) + "。" if parts else ""


def _shown(value: object) -> str:
    text = str(value)
    return f"“{text[:_SHOWN]}…”" if len(text) > _SHOWN else f"“{text}”"


def _keys(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """The keys that an author may write at a place inside a model."""
    current: type[BaseModel] = model
    for part in location:
        if isinstance(part, str) and part in current.model_fields:
            current = _model_in(current.model_fields[part].annotation) or current
    derived = getattr(current, "derived", ())
    return [name for name in current.model_fields if name not in derived]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        if found := _model_in(argument):
            return found
    return None
