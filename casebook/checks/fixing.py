"""Problems → a file's text without those that can be mended with certainty."""

from __future__ import annotations

from collections.abc import Iterable

from casebook.problems import Problem


def fixed_text(text: str, problems: Iterable[Problem]) -> str:
    """Makes the changes that problems bring.

    Args:
        text: the whole file.
        problems: those of this file.

    Returns:
        The text with every change that still fits; where two overlap, only the first is made.
    """
    lines = text.split("\n")
    edits = sorted({edit for problem in problems for edit in problem.fix}, reverse=True)
    line, untouched = 0, 0
    for edit in edits:
        if edit.line != line:
            line, untouched = edit.line, len(lines[edit.line - 1]) + 1
        end = edit.start + len(edit.old)
        current = lines[line - 1]
        if end <= untouched and current[edit.start : end] == edit.old:
            lines[line - 1] = current[: edit.start] + edit.new + current[end:]
            untouched = edit.start
    return "\n".join(lines)
