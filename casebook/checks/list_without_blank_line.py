"""Lists that would run on as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from casebook.checks.context import Context
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Edit, Problem
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "list-without-blank-line",
    "列表前面空一行。",
    "紧跟在文字后面的列表会连成一段话，步骤就看不出来了。",
    Example(Kind.FAQ, "1. 在 App、营业厅", "按下面办：\n1. 在 App、营业厅"),
    topic=Topic.STYLE,
)
_ITEM = re.compile(r" {0,3}(?:[-*+]|\d+\.) \S")
_QUOTE = re.compile(r"(?:> ?)*")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each list that follows a line of text directly."""
    for section in source.document.sections:
        lines = _outside_fences(section.text)
        first = source.lines.get(f"{section.key}.text", 1)
        for number, (before, line) in enumerate(pairwise(lines), first + 1):
            quote = _QUOTE.match(line)
            marks = quote[0] if quote else ""
            # A list that is quoted after text that is not begins a quotation of its own.
            if not _ITEM.match(line, len(marks)) or not before.startswith(marks.rstrip()):
                continue
            if _is_text(_QUOTE.sub("", before, count=1)):
                start = line[: len(marks) + 1]
                yield RULE.problem(
                    source.path,
                    number,
                    "列表紧跟在一行文字后面。",
                    "列表前面加一个空行。",
                    fix=(Edit(number, 0, start, f"{marks.rstrip()}\n{start}"),),
                    section=section.key,
                )


def _outside_fences(text: str) -> list[str]:
    """The lines of a text; those inside code fences are empty."""
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        mark = line[:3] if line.startswith(("```", "~~~")) else ""
        lines.append("" if fence or mark else line)
        if mark and (not fence or mark == fence):
            fence = "" if fence else mark
    return lines


def _is_text(line: str) -> bool:
    """Whether a line is running text: not blank, not indented, not itself a list item."""
    return bool(line.strip()) and not line.startswith((" ", "#", "|")) and not _ITEM.match(line)
