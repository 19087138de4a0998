"""Cases that tell what another case has told."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_of_key
from casebook.checks.prose import shortened
from casebook.documents import Case
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Rule, Topic

RULE = Rule(
    "duplicate-case",
    "一件事、一个道理，只写一篇案例。",
    "同样的事写成两篇，读的人要看两遍；补充进原来那一篇，道理更完整。",
    severity=Severity.WARNING,
    topic=Topic.DUPLICATES,
    waiver="同一件事的另一面，要与原来那篇对照着读",
    settings=("check.case_alike",),
    since="0.2",
    compares=True,
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem where another case has the same title, theme and purpose, or nearly so."""
    if not isinstance(source.document, Case):
        return
    least = context.library.settings.check.case_alike
    alike = next(iter(context.alike(source)), None)
    if alike and alike.likeness >= least:
        message = (
            f"标题、主题和目的与 {alike.source.document.id}"
            f"“{shortened(alike.other)}”有 {alike.likeness:.0%} 相同。"
        )
        hint = "先看能不能补充原来那篇；确实要另写一篇，就在主题里写出它新说明的道理。"
        yield problem_of_key(RULE, source, "title", message, hint)
