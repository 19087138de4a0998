"""What a rule is: the facts that its code, its messages and its page are made from."""

from __future__ import annotations

from dataclasses import dataclass

from casebook.documents import Kind
from casebook.problems import Problem, Severity


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
        severity: error or warning.
    """

    code: str
    summary: str
    reason: str
    example: Example | None = None
    severity: Severity = Severity.ERROR

    def problem(self, path: str, line: int, message: str, hint: str, column: int = 1) -> Problem:
        """Makes a Problem of this rule."""
        return Problem(path, line, column, self.code, message, hint, self.severity)
