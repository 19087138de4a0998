"""Citations of policies or articles that are not there."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.links import citations
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem
from casebook.rules import Example, Rule, Topic
from casebook.validation import nearest

RULE = Rule(
    "unknown-citation",
    "引用的政策和条款都在知识库里。",
    "依据查不到，答复就站不住；政策修改时也查不出要跟着改的答复。",
    Example(Kind.FAQ, "  - policy-service-spec#p4", "  - policy-service-spec#99"),
    topic=Topic.LINKS,
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each citation that does not resolve."""
    for link in citations(source):
        if link.resolves(context.library):
            continue
        policy = context.library.sources.get(link.target.policy)
        if policy:
            articles = [section.key for section in policy.document.sections]
            hint = f"这篇政策有：{'、'.join(articles)}。"
            message = f"{link.target.policy} 没有 #{link.target.article} 这一条。"
        else:
            guess = nearest(link.target.policy, context.library.sources)
            hint = f"是不是 {guess}？" if guess else "先在 policies 里写好这篇政策。"
            message = f"知识库里没有政策 {link.target.policy}。"
        yield link.problem(RULE, message, hint)
