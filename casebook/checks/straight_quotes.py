"""Straight quotation marks around Chinese words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.passages import Change, passages, problem_in
from casebook.checks.prose import (
    HAN,
    shortened,
)
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
_PAIR = re.compile(
    rf'"(?P<words>[^"\n|]*[{HAN}][^"\n|]*)"|(?<![A-Za-z0-9])\'(?P<inner>[^\'\n|]*[{HAN}][^\'\n|]*)\''
)
_CURLED = {'"': "“”", "'": "‘’"}


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each pair of straight quotation marks around Chinese words."""
    for passage in passages(source):
        for match in _PAIR.finditer(passage.prose):
            mark = match[0][0]
            line_start = passage.prose.rfind("\n", 0, match.start()) + 1
            line = passage.prose[line_start:].partition("\n")[0]
            opening, closing = _CURLED[mark]
            changes = [
                Change(match.start(), mark, opening),
                Change(match.end() - 1, mark, closing),
            ]
            message = f"“{shortened(match[0][1:-1])}”用的是直引号。"
            # With an odd number of marks nobody knows which two belong together.
            certain = changes if line.count(mark) % 2 == 0 else ()
            hint = f"写成{opening}{shortened(match[0][1:-1])}{closing}。"
            yield problem_in(RULE, source, passage, match.start(), message, hint, certain)
