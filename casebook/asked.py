"""A file of counts → how often documents were what people looked for."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from casebook.documents import ID_PATTERN
from casebook.errors import PathError, reason

_FORMS = '写成 JSON：{"faq-x": 12}，或者 CSV：每行一个编号、一个次数'


def read_asked(file: Path) -> dict[str, int]:
    """Counts by the id of the document.

    Args:
        file: JSON, an object of numbers by id; or CSV, lines of an id and a number, the first line
            may be a heading. Ids that no library has do no harm.

    Raises:
        PathError: the file cannot be read, or holds something else.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise PathError(f"读不了“{file}”：{reason(error)}。") from None
    except UnicodeDecodeError:
        raise PathError(f"“{file}”不是 UTF-8 的文本；{_FORMS}，存成 UTF-8。") from None
    pairs = _json(file, text) if text.lstrip().startswith(("{", "[")) else _csv(file, text)
    counts: dict[str, int] = {}
    for where, name, times in pairs:
        if not ID_PATTERN.fullmatch(name):
            raise PathError(f"“{file}”{where}的“{name}”不是文档的编号；{_FORMS}。")
        counts[name] = counts.get(name, 0) + times
    return counts


def _json(file: Path, text: str) -> Iterator[tuple[str, str, int]]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PathError(f"“{file}”不是 JSON（{error}）；{_FORMS}。") from None
    if not isinstance(value, Mapping):
        raise PathError(f"“{file}”里不是编号和次数；{_FORMS}。")
    for name, times in value.items():
        yield "里", name, _number(file, f"里 {name} 的次数", times)


def _csv(file: Path, text: str) -> Iterator[tuple[str, str, int]]:
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in _cells(file, line, number)]
        if not any(cells):
            continue
        if len(cells) != 2:  # noqa: PLR2004
            raise PathError(f"“{file}”第 {number} 行有 {len(cells)} 格，应当是 2 格；{_FORMS}。")
        if number == 1 and not ID_PATTERN.fullmatch(cells[0]):
            continue
        times = int(cells[1]) if cells[1].isdecimal() else cells[1]
        yield f"第 {number} 行", cells[0], _number(file, f"第 {number} 行的次数", times)


def _cells(file: Path, line: str, number: int) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error as error:
        raise PathError(f"“{file}”第 {number} 行不是 CSV（{error}）；{_FORMS}。") from None


def _number(file: Path, where: str, times: Any) -> int:
    if isinstance(times, bool) or not isinstance(times, int) or times < 0:
        raise PathError(f"“{file}”{where}是“{times}”，应当是 0 或更大的整数；{_FORMS}。")
    return times
