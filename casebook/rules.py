"""What a rule is: the facts that its code, its messages and its page are made from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from casebook.documents import Kind
from casebook.personal_data import find_personal_data
from casebook.problems import Edit, Problem, Severity


class Topic(StrEnum):
    """What a rule is about; the value is its Chinese name."""

    FILE = "文件"
    STRUCTURE = "结构"
    SELECTION = "选材"
    PERSONAL_DATA = "个人信息"
    WORDING = "用语"
    LINKS = "引用与链接"
    FRESHNESS = "时效"
    DUPLICATES = "重复与矛盾"
    STYLE = "文字"
    TAXONOMY = "分类"
    WAIVERS = "豁免"


@dataclass(frozen=True)
class Example:
    """A change to the model document of a kind that makes exactly this rule complain.

    Attributes:
        kind: whose model document it is.
        right: text that stands in the model document, exactly once.
        wrong: what to put in its place.
    """

    kind: Kind
    right: str
    wrong: str


@dataclass(frozen=True)
class Rule:
    """The facts of one rule.

    Attributes:
        code: its stable name, after the fault; never used again for another rule.
        summary: what it checks, one Chinese sentence.
        reason: why that matters to people who use the library.
        example: how to break it; None where one document cannot show it.
        severity: how much it matters.
        topic: what it is about.
        waiver: when a document may waive it, in Chinese; empty when never.
        settings: the settings that it reads, as ``table.key``.
        since: the version that first had it.
        compares: whether it looks for documents like the one before it.
    """

    code: str
    summary: str
    reason: str
    example: Example | None = None
    severity: Severity = Severity.ERROR
    topic: Topic = Topic.FILE
    waiver: str = ""
    settings: tuple[str, ...] = ()
    since: str = "0.1"
    compares: bool = False

    def problem(
        self,
        path: str,
        line: int,
        message: str,
        hint: str,
        column: int = 1,
        fix: tuple[Edit, ...] = (),
        section: str = "",
    ) -> Problem:
        """Makes a Problem of this rule; what names a person is masked, whatever quotes it."""
        message, hint = (_masked(text) for text in (message, hint))
        return Problem(path, line, column, self.code, message, hint, self.severity, fix, section)


def _masked(text: str) -> str:
    for find in reversed(find_personal_data(text)):
        if find.certain:
            text = text[: find.start] + find.shown + text[find.end :]
    return text
