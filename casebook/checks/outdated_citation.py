"""Citations of rules that do not hold any more."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.links import citations
from casebook.documents import Standing
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Rule, Topic

RULE = Rule(
    "outdated-citation",
    "引用的政策今天还有效，也没有被别的政策取代。",
    "依据已经废止的答复，客户一查就站不住；规则变了，答复多半也该跟着变。",
    severity=Severity.WARNING,
    topic=Topic.FRESHNESS,
    waiver="讲的是当时的事，依据的就是当时的规则。",
    since="0.2",
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each citation of a policy that has ended or has a successor."""
    if source.document.standing(context.on) is Standing.ENDED:
        return
    for link in citations(source):
        cited = context.library.sources.get(link.target.policy)
        if cited is None:
            continue
        successor = context.successors.get(cited.document.id)
        name = f"{cited.document.id}《{cited.document.title}》"
        if cited.document.standing(context.on) is Standing.ENDED:
            message = f"{name}已于 {cited.document.effective_until_or_none} 失效。"
        elif successor:
            message = f"{name}已由 {successor} 取代。"
        else:
            continue
        current = f" {successor} 的相应条款" if successor else "现行的规则"
        yield link.problem(RULE, message, f"核对{current}，改引它。")
