"""A file of counts → how often documents were what people looked for."""

from __future__ import annotations

import csv
import json
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any

from casebook.documents import ID_PATTERN
from casebook.errors import PathError, reason

# More is a mistake, as a number of a customer in the wrong column is.
MOST = 10**9
_SHOWN = 40
_FORMS = '写成 JSON：{"faq-x": 12}，或者 CSV：每行一个编号、一个次数'


def read_asked(file: Path) -> dict[str, int]:
    """Counts by the id of the document.

    Args:
        file: JSON, an object of numbers by id; or CSV, lines of an id and a number, the first line
            may be a heading. Ids that no library has do no harm.

    Raises:
        PathError: the file cannot be read, holds nothing, or something else.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise PathError(f"读不了“{file}”：{reason(error)}。") from None
    except UnicodeDecodeError:
        raise PathError(f"“{file}”不是 UTF-8 的文本；{_FORMS}，存成 UTF-8。") from None
    if not text.strip():
        raise PathError(f"“{file}”是空的；{_FORMS}。")
    is_json = file.suffix.lower() == ".json" or text.lstrip().startswith(("{", "["))
    pairs = _json(file, text) if is_json else _csv(file, text)
    counts: dict[str, int] = {}
    for where, name, times in pairs:
        if not ID_PATTERN.fullmatch(name):
            raise PathError(f"“{file}”{where}的“{_short(name)}”不是文档的编号；{_FORMS}。")
        counts[name] = counts.get(name, 0) + times
    return counts


def count_unknown(counts: Mapping[str, int], known: Container[str]) -> int:
    """How many of the ids are not known; which ones is not said: a file may hold anything.

    Args:
        counts: as :func:`read_asked` gave them.
        known: the ids of the library, for all audiences.
    """
    return sum(name not in known for name in counts)


def _json(file: Path, text: str) -> Iterator[tuple[str, str, int]]:
    try:
        # A number of very many digits is not counted out; nor is it a number of times.
        value = json.loads(text, parse_int=lambda digits: _digits(digits.removeprefix("-"), digits))
    except json.JSONDecodeError as error:
        place = f"第 {error.lineno} 行第 {error.colno} 个字符起看不懂"
        raise PathError(f"“{file}”不是 JSON（{place}）；{_FORMS}。") from None
    except RecursionError:
        raise PathError(f"“{file}”不是 JSON（一层套一层，太深了）；{_FORMS}。") from None
    if not isinstance(value, Mapping):
        raise PathError(f"“{file}”里不是编号和次数；{_FORMS}。")
    for name, times in value.items():
        yield "里", name, _number(file, f"里 {_short(name)} 的次数", times)


def _csv(file: Path, text: str) -> Iterator[tuple[str, str, int]]:
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in _cells(file, line, number)]
        if not any(cells):
            continue
        if len(cells) != 2:  # noqa: PLR2004
            raise PathError(f"“{file}”第 {number} 行有 {len(cells)} 格，应当是 2 格；{_FORMS}。")
        if number == 1 and not ID_PATTERN.fullmatch(cells[0]):
            continue
        times = _number(file, f"第 {number} 行的次数", _digits(cells[1], cells[1]))
        yield f"第 {number} 行", cells[0], times


def _cells(file: Path, line: str, number: int) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        raise PathError(f"“{file}”第 {number} 行不是 CSV；{_FORMS}。") from None


def _digits(digits: str, written: str) -> int | str:
    """A number as it was written, where it is one that can be a number of times."""
    can_be = digits.isdecimal() and len(digits) <= len(str(MOST))
    return int(written) if can_be else written


def _number(file: Path, where: str, times: Any) -> int:
    if isinstance(times, bool) or not isinstance(times, int) or not 0 <= times <= MOST:
        text = times if isinstance(times, str) else json.dumps(times, ensure_ascii=False)
        raise PathError(f"“{file}”{where}是“{_short(text)}”，应当是 0 到 {MOST} 的整数；{_FORMS}。")
    return times


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
