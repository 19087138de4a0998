"""Dates and shares in two kinds of numerals."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.passages import passages, problem_in
from casebook.checks.prose import (
    HAN,
    shortened,
)
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
_MIXED = re.compile(
    rf"\d{{2,4}} ?年 ?{_ONE}{{1,2}}月(?:份|{_ONE}{{1,3}}[日号])?"
    rf"|{_ONE}{{4}}年 ?\d{{1,2}} ?月"
    rf"|\d{{1,2}} ?月 ?{_ONE}{{1,3}}[日号]|(?<![{HAN}]){_ONE}{{1,2}}月 ?\d{{1,2}} ?[日号]"
    r"|百分之 ?\d+(?:\.\d+)?|\d+ ?[十百](?=[元块天个人分])"
    r"|\d+点[一二三四五六七八九]{1,2}(?=[元块倍])"
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each date or share in digits and characters at once."""
    for passage in passages(source):
        for match in _MIXED.finditer(passage.prose):
            message = f"“{shortened(match[0])}”混用了两种数字。"
            hint = "日期写“2026 年 3 月 5 日”，百分数写“30%”。"
            yield problem_in(RULE, source, passage, match.start(), message, hint)
