"""Amounts with a sign instead of 元."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.passages import Change, passages, problem_in
from casebook.checks.prose import HAN
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "currency-sign",
    "金额写成“59 元”。",
    "“¥59”念不出来，也搜不到：客户问的是“五十九块”。",
    Example(Kind.FAQ, "不需要另外申请复机。", "不需要另外申请复机，费用 ¥10。"),
    severity=Severity.WARNING,
    topic=Topic.STYLE,
    since="0.2",
)
_AMOUNT = re.compile(
    r"(?:(?:[¥￥]|RMB|CNY) ?)++(?P<amount>\d+(?:,\d{3})*(?:\.\d+)?)(?: ?元)?"
    r"(?P<more> ?[万千百亿kKwW])?"
)
_HAN = re.compile(f"[{HAN}]")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each amount that is written with a sign."""
    for passage in passages(source):
        if not any(sign in passage.text for sign in ("¥", "￥", "RMB", "CNY")):
            continue
        for match in _AMOUNT.finditer(passage.prose):
            new = f"{match['amount']} 元"
            message = f"金额写成了“{match[0]}”。"
            # The sign stood where a space stands between a character and a digit.
            apart = " " if _HAN.match(passage.prose, match.start() - 1) else ""
            change = Change(match.start(), match[0], apart + new)
            changes = () if match["more"] else (change,)
            hint = f"写“{new}”。" if changes else "写成“5 万元”这样。"
            yield problem_in(RULE, source, passage, match.start(), message, hint, changes)
