"""Documents that must be looked at again soon."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_of_key
from casebook.documents import Standing
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Rule, Topic

RULE = Rule(
    "review-due-soon",
    "复核日期不在眼前。",
    "提前知道，复核就不必赶；赶出来的复核只是改个日期。",
    severity=Severity.WARNING,
    topic=Topic.FRESHNESS,
    settings=("review.due_soon",),
    since="0.2",
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for a document whose review date is near."""
    document = source.document
    if document.review_by is None or document.standing(context.on) is Standing.ENDED:
        return
    days = (document.review_by - context.on).days
    if 0 <= days <= context.library.settings.review.due_soon:
        when = f"还有 {days} 天" if days else "就是今天"
        message = f"复核日期 {document.review_by} {when}。"
        yield problem_of_key(RULE, source, "review_by", message, f"请{document.owner}安排复核。")
