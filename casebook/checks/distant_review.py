"""Documents that nobody would look at again for longer than the library wants."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_of_key
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Rule, Topic

# A review is put off to the end of a month, or to the day of a meeting.
_TOLERANCE = 31

RULE = Rule(
    "distant-review",
    "复核日期不比这一种文档的复核周期更远；宽限一个月。",
    "复核日期写到几年以后，等于没有人再看；规则变了，答复还照旧念。",
    severity=Severity.WARNING,
    topic=Topic.FRESHNESS,
    waiver="依据的是几年才改一次的法律，或另有人按期看。",
    settings=("review.case", "review.faq", "review.policy"),
    since="0.2",
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for a review date that is further away than its kind's period."""
    document = source.document
    if document.review_by is None:
        return
    period: int = getattr(context.library.settings.review, document.kind.value)
    days = (document.review_by - context.on).days
    if days > period + _TOLERANCE:
        kind = document.kind.label
        message = f"复核日期 {document.review_by} 还有 {days} 天，{kind}的周期是 {period} 天。"
        hint = f"改近一些；整个库都该更久，就改 casebook.toml 的 review.{document.kind.value}。"
        yield problem_of_key(RULE, source, "review_by", message, hint)
