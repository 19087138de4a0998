"""Documents that should have been looked at again."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_of_key
from casebook.documents import Standing
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Rule, Topic

RULE = Rule(
    "overdue-review",
    "复核日期还没有过。",
    "过了复核日期的答复没有人担保还对；坐席照念，错了要客户来发现。",
    severity=Severity.WARNING,
    topic=Topic.FRESHNESS,
    since="0.2",
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for a document past its review date, unless it has ended."""
    document = source.document
    if document.review_by is None or document.standing(context.on) is Standing.ENDED:
        return
    days = (context.on - document.review_by).days
    if days > 0:
        hint = f"请{document.owner}核对一遍，改 approved_on 和 review_by。"
        message = f"复核日期 {document.review_by} 已经过了 {days} 天。"
        yield problem_of_key(RULE, source, "review_by", message, hint)
