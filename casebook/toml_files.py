"""TOML files as people write them: their values; what is wrong with them, in Chinese, and where."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casebook.errors import SettingsError, reason
from casebook.problems import Problem

_VALUE = '文字用英文双引号括起来，如 title = "知识库"；列表写成 ["…", "…"]；真假写 true 或 false。'
_QUOTE = "补上英文引号；一段文字写在一行里。"
_ONCE = "只留一个；几个同类的表写成 [[…]]。"
_BACKSLASH = "把 \\ 写成 \\\\，或者把双引号换成英文单引号。"
_STATEMENT = "写成 键 = 值；说明写在 # 后面；中文的键用英文双引号括起来。"
# What the parser finds, and what it mostly means; the first that fits counts.
_CAUSES = (
    ("Expected '='", "键后面没有英文等号", _STATEMENT),
    ("Invalid (?:statement|initial)", "这里不是键", _STATEMENT),
    ("Invalid date", "日期不对", "写成 2026-03-01。"),
    ("Invalid value", "等号后面不是正确的值", _VALUE),
    ("Unterminated|Expected [\"']'", "引号没有结束", _QUOTE),
    (r"Illegal character '\\n'", "引号没有结束", _QUOTE),
    ("Illegal|invalid character", "有看不见的控制字符", "删掉它，重新打一遍。"),
    ("Unescaped|Escaped|hex", "双引号里有单个的 \\", _BACKSLASH),
    ("overwrite|twice|redefine|mutate|Duplicate", "同一个键或表写了两次", _ONCE),
    ("Unclosed array", "列表没有写完", "每一项用英文引号括起来，用英文逗号隔开，最后写 ]。"),
    ("Unclosed inline", "{ 没有写完", "写在一行里，用英文逗号隔开，最后写 }。"),
    (r"Expected '\]", "表名的方括号没有写完", "写成 [表名]，单独一行。"),
    ("Expected newline", "值后面还有别的内容", f"一行只写一个值。{_VALUE}"),
)
_OTHERWISE = ("这里写得不对", _STATEMENT)


@dataclass(frozen=True)
class TomlFile:
    """A TOML file that could be read.

    Attributes:
        file: where it is.
        text: what it holds.
        values: the same as tables, lists and values.
    """

    file: Path
    text: str
    values: dict[str, Any]

    def problem(self, location: Sequence[str | int], message: str, hint: str) -> Problem:
        """A problem of a value, on the line of its last key that the file names."""
        return _problem(self.file, self.line_of(location), 1, message, hint)

    def line_of(self, location: Sequence[str | int]) -> int:
        """The line of a location's last key that the file names, 1 when it names none."""
        return _line_of(self.text, location)


def read_toml(file: Path) -> TomlFile:
    """Reads a TOML file.

    Args:
        file: the file.

    Raises:
        SettingsError: it is missing, cannot be read or is not TOML.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        hint = f"“{file.parent}”不是知识库文件夹；用 --library 指定放着 {file.name} 的文件夹。"
        raise _refused(file, 1, 1, f"找不到 {file.name}。", hint) from None
    except UnicodeDecodeError:
        message = "文件的编码不是 UTF-8。"
        raise _refused(file, 1, 1, message, "在编辑器里另存为 UTF-8。") from None
    except IsADirectoryError:
        message = f"{file.name} 是文件夹。"
        raise _refused(file, 1, 1, message, "这里要放一个文件。") from None
    except OSError as error:
        hint = "检查文件的权限。"
        raise _refused(file, 1, 1, f"读不了这个文件（{reason(error)}）。", hint) from None
    try:
        return TomlFile(file, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        # Else it is the end of the file.
        line, column = map(int, place.groups()) if place else (len(text.splitlines()) or 1, 1)
        cause, hint = _explained(str(error))
        raise _refused(file, line, column, f"不是正确的 TOML：{cause}。", hint) from None


def _explained(error: str) -> tuple[str, str]:
    for sign, cause, hint in _CAUSES:
        if re.search(sign, error):
            return cause, hint
    return _OTHERWISE


def _refused(file: Path, line: int, column: int, message: str, hint: str) -> SettingsError:
    return SettingsError([_problem(file, line, column, message, hint)])


def _problem(file: Path, line: int, column: int, message: str, hint: str) -> Problem:
    return Problem(file.name, line, column, "invalid-settings", message, hint)


def _line_of(text: str, location: Sequence[str | int]) -> int:
    """The line of a location's last key that the file names, 1 when it names none."""
    lines = text.splitlines()
    headers = [number for number, line in enumerate(lines) if line.lstrip().startswith("[")]
    found = -1
    for part, after in zip(location, (*location[1:], ""), strict=False):
        if isinstance(part, str):
            # Of tables in a list, ``[[audiences]]``, the one that the next part counts.
            table = [number for number in headers if lines[number].strip() == f"[[{part}]]"]
            if table and isinstance(after, int):
                found = table[after]
                continue
            # A key stands before the next table begins; a table may stand anywhere below.
            end = next((number for number in headers if number > found), len(lines))
            key = re.compile(rf'\s*\[*(?:[\w-]+\.)*"?{re.escape(part)}(?![\w-])')
            numbers = (*range(max(found, 0), end), *(one for one in headers if one > found))
            found = next((number for number in numbers if key.match(lines[number])), found)
    return max(found, 0) + 1
