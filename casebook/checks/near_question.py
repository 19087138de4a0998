"""Questions that another entry asks in nearly the same words."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Alike, Context
from casebook.checks.duplicate_question import same_words
from casebook.checks.prose import shortened
from casebook.checks.questions import entries_alike, problem_of_question
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Rule, Topic

RULE = Rule(
    "near-question",
    "问的是同一件事，就只有一篇统一口径。",
    "两篇答同一个问题，今天一样，明天改了一篇就不一样；客户听到两种说法，投诉就升级。",
    severity=Severity.WARNING,
    topic=Topic.DUPLICATES,
    waiver="字面相近、其实是两件事的问题",
    settings=("check.question_alike",),
    since="0.2",
    compares=True,
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each entry for the same readers that asks nearly the same."""
    least = context.library.settings.check.question_alike
    nearest: dict[str, Alike] = {}
    for alike in entries_alike(source, context):
        if alike.source.document.audience == source.document.audience:
            nearest.setdefault(alike.source.document.id, alike)
    for name, alike in nearest.items():
        if alike.likeness < least or same_words(alike.question, alike.other):
            continue
        message = (
            f"“{shortened(alike.question)}”与 {name} 的“{shortened(alike.other)}”"
            f"有 {alike.likeness:.0%} 相同。"
        )
        hint = (
            f"同一件事就并到 {name} 里（负责人：{alike.source.document.owner}）；"
            "是两件事，就把问题写得分得开。"
        )
        yield problem_of_question(RULE, source, alike.question, message, hint)
