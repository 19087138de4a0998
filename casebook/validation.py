"""What pydantic finds wrong → sentences for the people who write the files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from typing import Any, get_args, get_origin

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError
from pydantic_core.core_schema import no_info_after_validator_function
from rapidfuzz import fuzz, process

_SHOWN = 60
# What kind of value is asked for, by pydantic's name of the error: in front matter and in TOML.
_EXPECTED = {
    "string_type": ("一行文字", '文字，用英文双引号括起来，如 {key} = "…"'),
    "tuple_type": ("列表，每行一个“- …”", '列表，如 {key} = ["…", "…"]'),
    "model_type": ("下一级的键和值", "表：单独一行 [{table}]，下面写键和值"),
    "dict_type": ("下一级的键和值", "表：单独一行 [{table}]，下面写键和值"),
    "int_parsing": ("整数", "整数，不加引号"),
    "int_type": ("整数", "整数，不加引号"),
    "int_from_float": ("整数", "整数，不带小数点"),
    "float_parsing": ("数字", "数字，不加引号"),
    "float_type": ("数字", "数字，不加引号"),
    "finite_number": ("数字", "数字，不加引号"),
    "bool_parsing": (" true 或 false", " true 或 false，不加引号"),
    "bool_type": (" true 或 false", " true 或 false，不加引号"),
}


@dataclass(frozen=True)
class Matching:
    """A validator that asks for a text of a form, and says in words which.

    Attributes:
        pattern: what the whole text must match; its JSON Schema names it.
        words: the same for people.
    """

    pattern: str
    words: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return no_info_after_validator_function(self._matched, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(schema) | {"pattern": self.pattern}

    def _matched(self, value: str) -> str:
        if not re.fullmatch(self.pattern, value):
            raise PydanticCustomError(
                "invalid-value", "“{found}”不合要求", {"found": value, "hint": self.words}
            )
        return value


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


def explain(error: ValidationError, model: type[BaseModel], *, toml: bool = False) -> list[Fault]:
    """Turns every error of a validation into a Fault.

    Args:
        error: what pydantic found.
        model: what it read.
        toml: whether the values stand in a TOML file; else in front matter.
    """
    return [_fault(detail, model, toml) for detail in error.errors() if not _echo(detail)]


def _echo(detail: ErrorDetails) -> bool:
    """Whether a list is called too short only because its faulty items do not count."""
    if detail["type"] != "too_short":
        return False
    return len(detail["input"]) >= int(detail["ctx"]["min_length"])


def _fault(detail: ErrorDetails, model: type[BaseModel], toml: bool) -> Fault:
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
        hint = _in_toml(model, location) if toml else f"补上 {key}: …"
        return Fault(location, "missing-key", f"缺少 {key}。", hint)
    if kind == "extra_forbidden":
        known = _keys(model, location[:-1])
        guess = nearest(key, known)
        hint = f"是不是要写 {guess}？" if guess else "可用的键：" + "、".join(known) + "。"
        return Fault(location, "unknown-key", f"不认识的键 {key}。", hint)
    if kind in _EXPECTED:
        if toml and kind in ("tuple_type", "model_type") and _in_tables(model, location):
            message, hint = _no_table(location, detail["input"])
        else:
            expected = _EXPECTED[kind][toml].format(key=key, table=_table(location))
            message, hint = f"{key} 的值是 {found}，类型不对。", f"这里要写{expected}。"
        return Fault(location, "wrong-type", message, hint)
    if kind in ("string_too_short", "too_short"):
        return Fault(location, "invalid-value", f"{key} 是空的，或者太少。", _limit(context))
    hint = _limit(context) or "照说明里的例子改。"
    return Fault(location, "invalid-value", f"{key} 的值 {found} 不合要求。", hint)


def _table(location: tuple[str | int, ...]) -> str:
    return ".".join(part for part in location if isinstance(part, str))


def _in_tables(model: type[BaseModel], location: tuple[str | int, ...]) -> bool:
    """Whether a place is a list of tables, or one of them."""
    annotation = _annotation(model, location)
    return get_origin(annotation) is tuple and _model_in(annotation) is not None


def _no_table(location: tuple[str | int, ...], value: object) -> tuple[str, str]:
    """What stands in the place of a list of tables or of one of them, and how one is written."""
    name = _table(location)
    written = f"每一条都单独一行写 [[{name}]]，两对方括号，下面写键和值。"
    if isinstance(value, dict):
        return f"{name} 写成了单个的表。", written
    if isinstance(location[-1], int):
        return f"{name} 的列表里有 {_shown(value)}，它不是表。", written
    return f"{name} 的值是 {_shown(value)}，不是表。", written


def _in_toml(model: type[BaseModel], location: tuple[str | int, ...]) -> str:
    """How a key that is missing is written in TOML, and in which table."""
    annotation, table = _annotation(model, location), _table(location[:-1])
    key = _table(location[-1:])
    if _model_in(annotation) or get_origin(annotation) is dict:
        name = f"{table}.{key}".strip(".")
        written = f"[[{name}]]" if get_origin(annotation) is tuple else f"[{name}]"
        return f"补上一行 {written}，下面写它的键。"
    written = f"{key} = {_example(annotation)}"
    above = f"[[{table}]]" if any(isinstance(part, int) for part in location) else f"[{table}]"
    return f"在 {above} 下面补上 {written}"


def _example(annotation: Any) -> str:
    if annotation is date:
        return "2026-03-01"
    return '["…", "…"]' if get_origin(annotation) is tuple else '"…"'


def _limit(context: dict[str, Any]) -> str:
    words = {
        "min_length": "至少 {} 个",
        "max_length": "至多 {} 个",
        "ge": "不小于 {}",
        "le": "不大于 {}",
        "gt": "大于 {}",
        "lt": "小于 {}",
    }
    parts = [text.format(context[name]) for name, text in words.items() if name in context]
    return "，".join(parts) + "。" if parts else ""


def _shown(value: object) -> str:
    plain = isinstance(value, (str, date, time))
    text = str(value) if plain else json.dumps(value, ensure_ascii=False, default=str)
    return f"“{text[:_SHOWN]}…”" if len(text) > _SHOWN else f"“{text}”"


def _keys(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """The keys that an author may write at a place inside a model."""
    current: type[BaseModel] = model
    for part in location:
        if isinstance(part, str) and part in current.model_fields:
            current = _model_in(current.model_fields[part].annotation) or current
    derived = getattr(current, "derived", ())
    return [name for name in current.model_fields if name not in derived]


def _annotation(model: type[BaseModel], location: tuple[str | int, ...]) -> Any:
    """What a model's field at a place holds."""
    current, found = model, None
    for part in location:
        if isinstance(part, str) and part in current.model_fields:
            found = current.model_fields[part].annotation
            current = _model_in(found) or current
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        if found := _model_in(argument):
            return found
    return None
