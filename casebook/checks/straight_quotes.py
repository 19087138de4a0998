"""Straight quotation marks around Chinese words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.passages import Change, passages, problem_in
from casebook.checks.prose import HAN, shortened
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "straight-quotes",
    "中文引号用“ ”，里面的用‘ ’。",
    "直引号分不出开头和结尾，检查也就数不出哪一句是客户的原话。",
    Example(Kind.FAQ, "最着急的是“什么时候能用”，", '最着急的是"什么时候能用"，'),
    severity=Severity.WARNING,
    topic=Topic.STYLE,
    since="0.2",
)
_CURLED = {'"': ("“", "”"), "'": ("‘", "’")}
_CHINESE = re.compile(f"[{HAN}]")
# Where an opening mark cannot stand: after a letter (don't), after a digit (inches, minutes).
_NO_OPENING = re.compile(r"[A-Za-z0-9]")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each pair of straight quotation marks around Chinese words."""
    for passage in passages(source):
        if not any(mark in passage.text for mark in _CURLED):
            continue
        text, start = passage.prose, 0
        for line in text.split("\n"):
            for mark, (opening, closing) in _CURLED.items():
                for first, last, certain in _pairs(line, mark):
                    words = shortened(line[first + 1 : last])
                    changes = (
                        Change(start + first, mark, opening),
                        Change(start + last, mark, closing),
                    )
                    message = f"“{words}”用的是直引号。"
                    hint = f"写成{opening}{words}{closing}。"
                    fix = changes if certain else ()
                    yield problem_in(RULE, source, passage, start + first, message, hint, fix)
            start += len(line) + 1


def _pairs(line: str, mark: str) -> Iterator[tuple[int, int, bool]]:
    """The places of marks that belong together around Chinese words, and whether that is certain.

    Marks are paired in order; with an odd number of them nobody knows which two belong together.
    """
    places = [match.start() for match in re.finditer(mark, line)]
    openings = places[::2]
    if any(_NO_OPENING.match(line[at - 1]) for at in openings if at):
        return
    for first, last in zip(openings, places[1::2], strict=False):
        inside = line[first + 1 : last]
        if _CHINESE.search(inside) and "|" not in inside:
            yield first, last, len(places) % 2 == 0
