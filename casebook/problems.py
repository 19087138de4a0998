"""Problems: what is wrong in a file, where, and what to write instead; plain data.

Finding, ordering, mending and showing them are separate steps: rules make Problems,
``sort_problems`` orders them, ``casebook.checks.fixing`` mends them, ``casebook.reports`` shows
them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a problem matters: only errors fail the check; notes are shown when asked for."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def label(self) -> str:
        """Its Chinese name."""
        return {"error": "错误", "warning": "提醒", "note": "备注"}[self.value]


@dataclass(frozen=True, order=True)
class Edit:
    """A change inside one line of a file; lines end with LF.

    Attributes:
        line: from 1.
        start: the first character that is replaced, from 0.
        old: what stands there; the change is not made where anything else does.
        new: what is to stand there.
    """

    line: int
    start: int
    old: str
    new: str


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
        severity: how much it matters.
        fix: the changes that mend it with certainty; none where somebody must decide.
        section: the key of the section it is in; empty in front matter and for whole files.
    """

    path: str
    line: int
    column: int
    code: str
    message: str
    hint: str
    severity: Severity = Severity.ERROR
    fix: tuple[Edit, ...] = ()
    section: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.code} {self.message} {self.hint}"


def sort_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Orders problems by path, line, column and code, each one once."""
    return sorted(set(problems))


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether any of the problems is an error."""
    return any(problem.severity is Severity.ERROR for problem in problems)


def summary(problems: Iterable[Problem], files: int) -> str:
    """One line that counts: files read, errors, warnings, notes."""
    counts = Counter(problem.severity for problem in problems)
    notes = f"，{counts[Severity.NOTE]} 个备注" if counts[Severity.NOTE] else ""
    return (
        f"检查了 {files} 个文件：{counts[Severity.ERROR]} 个错误，"
        f"{counts[Severity.WARNING]} 个提醒{notes}。"
    )


def as_text(problems: Iterable[Problem]) -> str:
    """Problems for a terminal, two lines each."""
    return "\n".join(
        f"{p.path}:{p.line}:{p.column}: {p.severity.label} [{p.code}] {p.message}\n    → {p.hint}"
        for p in problems
    )
