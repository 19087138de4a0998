"""Dates and shares in two kinds of numerals."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.passages import passages, problem_in
from casebook.checks.prose import shortened
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "mixed-numerals",
    "一个日期、一个百分数只用一种数字。",
    "“2026年三月”按数字搜不到，按汉字也搜不到。",
    Example(Kind.CASE, "四月的一个周末，客户甲", "2026 年四月的一个周末，客户甲"),
    severity=Severity.WARNING,
    topic=Topic.STYLE,
    since="0.2",
)
_ONE = "[〇零一二三四五六七八九十]"
# Each begins with a character that is there to stay, so that most of a text is passed over.
_MIXED = re.compile(
    rf"年(?:(?<=\d年)|(?<=\d 年)) ?{_ONE}{{1,2}}月(?:份|{_ONE}{{1,3}}[日号])?"
    rf"|年(?<={_ONE}{{4}}年) ?\d{{1,2}} ?月"
    rf"|月(?:(?<=\d月)|(?<=\d 月)) ?{_ONE}{{1,3}}[日号]"
    rf"|月(?<={_ONE}月) ?\d{{1,2}} ?[日号]"
    r"|百分之 ?\d+(?:\.\d+)?|点(?<=\d点)[一二三四五六七八九]{1,2}(?=[元块倍])"
)
_BEFORE = re.compile(rf"(?:\d+|{_ONE}+) ?$")
_LONGEST = 6


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each date or share in digits and characters at once."""
    for passage in passages(source):
        text = passage.prose
        for match in _MIXED.finditer(text):
            lead = _BEFORE.search(text[max(match.start() - _LONGEST, 0) : match.start()])
            found = (lead[0] if lead else "") + match[0]
            message = f"“{shortened(found)}”混用了两种数字。"
            hint = "日期写“2026 年 3 月 5 日”，百分数写“30%”。"
            yield problem_in(RULE, source, passage, match.start(), message, hint)
