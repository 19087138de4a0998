"""Citations of policies or articles that are not there."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.links import citations
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem
from casebook.rules import Example, Rule, Topic

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
        if not link.resolves(context.library):
            yield link.problem(RULE, *link.missing(context))
