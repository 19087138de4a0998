"""Problems: what is wrong in a file, where, and what to write instead; plain data.

Finding, ordering and showing them are separate steps: rules make Problems, ``sort_problems``
orders them, a renderer turns them into text, JSON or GitHub annotations.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a problem matters: an error fails the check, a warning is only shown."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        path: the file, relative to the library, with forward slashes.
        line: from 1; 1 when the whole file is meant.
        column: from 1.
        code: the rule's name, as in the rule reference.
        message: what was found, in Chinese.
        hint: what to write instead, in Chinese.
        severity: error or warning.
    """

    path: str
    line: int
    column: int
    code: str
    message: str
    hint: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.code} {self.message} {self.hint}"


def sort_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Orders problems by path, line, column and code, each one once."""
    return sorted(set(problems))


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether any of the problems is an error."""
    return any(problem.severity is Severity.ERROR for problem in problems)


def summary(problems: Iterable[Problem], files: int) -> str:
    """One line that counts: files read, errors, warnings."""
    found = list(problems)
    errors = sum(problem.severity is Severity.ERROR for problem in found)
    return f"检查了 {files} 个文件：{errors} 个错误，{len(found) - errors} 个提醒。"


def as_text(problems: Iterable[Problem]) -> str:
    """Problems for a terminal, two lines each."""
    names = {Severity.ERROR: "错误", Severity.WARNING: "提醒"}
    return "\n".join(
        f"{p.path}:{p.line}:{p.column}: {names[p.severity]} [{p.code}] {p.message}\n    → {p.hint}"
        for p in problems
    )


def as_json(problems: Iterable[Problem]) -> str:
    """Problems as a JSON array."""
    return json.dumps([asdict(problem) for problem in problems], ensure_ascii=False, indent=2)


def as_github(problems: Iterable[Problem]) -> str:
    """Problems as GitHub workflow commands, which become annotations.

    The escapes are those of the workflow command format: ``%``, CR and LF in data, and in
    properties also ``:`` and ``,``.
    """
    return "\n".join(
        f"::{p.severity.value} file={_escape(p.path, ':,')},line={p.line},col={p.column},"
        f"title={_escape(p.code, ':,')}::{_escape(p.message + ' → ' + p.hint)}"
        for p in problems
    )


def _escape(text: str, also: str = "") -> str:
    for character in "%\r\n" + also:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


RENDERERS: Mapping[str, Callable[[Iterable[Problem]], str]] = {
    "text": as_text,
    "github": as_github,
    "json": as_json,
}
