"""Documents that nothing leads to."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.documents import Case, Policy, Standing
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Rule, Topic

RULE = Rule(
    "orphan",
    "政策有人引用，案例连着口径。",
    "没有人引用的政策，改了也没有人知道要改答复；不连口径的案例，通话中的坐席走不到。",
    severity=Severity.WARNING,
    topic=Topic.LINKS,
    waiver="刚写好，引用它的文档在下一次提交里；或者本来就是单独使用的。",
    since="0.2",
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for a policy that nothing cites, or a case that no answer leads to.

    A contingency plan is opened by itself when it is needed; a FAQ entry is found by its question.
    """
    document = source.document
    if document.standing(context.on) is Standing.ENDED:
        return
    if context.pointing_at.get(document.id, set()) - {document.id}:
        return
    if isinstance(document, Policy) and document.rank != Policy.PLAN:
        message = "没有一篇口径、案例或政策引用它。"
        yield RULE.problem(source.path, 1, message, "在依据它的文档的 policies 里写上它。")
    elif isinstance(document, Case) and not document.faq:
        message = "没有连到任何口径，也没有文档提到它。"
        yield RULE.problem(source.path, 1, message, "在 faq 里列出与它有关的统一口径。")
