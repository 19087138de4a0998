"""Cases that rest on nothing."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.documents import Case, Kind
from casebook.library import Source
from casebook.problems import Problem
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "missing-citation",
    "案例引用它所依据的政策。",
    "只讲经过、不讲依据的案例，下一个坐席学到的是运气，不是规则。",
    Example(Kind.CASE, "policies:\n  - policy-handling-norm#7\n", ""),
    topic=Topic.LINKS,
    waiver="所依据的规则已经废止、没有接替的旧案例。",
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each case without a citation."""
    if isinstance(source.document, Case) and not source.document.policies:
        yield RULE.problem(
            source.path, 1, "案例没有引用任何政策。", "在 policies 里写上处理时依据的条款。"
        )
