"""Documents that stop to hold soon."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_of_key
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Rule, Topic

RULE = Rule(
    "ends-soon",
    "失效日期不在眼前。",
    "答复一到期，多数人就看不到了；客户照样会问，接下来怎么答要先想好。",
    severity=Severity.WARNING,
    topic=Topic.FRESHNESS,
    settings=("review.due_soon",),
    since="0.2",
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for a document whose last day is near."""
    document = source.document
    until = document.effective_until_or_none
    if until is None:
        return
    days = (until - context.on).days
    if 0 <= days <= context.library.settings.review.due_soon:
        when = f"还有 {days} 天" if days else "就是今天"
        message = f"{until} 失效，{when}。"
        hint = "要延续就改 effective_until；不延续就写好接替的那一篇。"
        yield problem_of_key(RULE, source, "effective_until", message, hint)
