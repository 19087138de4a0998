"""Phrases that are never said to customers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from casebook.checks.context import Context
from casebook.checks.folding import is_clause, is_long
from casebook.checks.phrases import Use
from casebook.checks.places import problem_at
from casebook.checks.speech import Role
from casebook.checks.wording import Found
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "forbidden-phrase",
    "对客户说的话里没有服务禁语；案例照录的，放在引号里。",
    "禁语写进统一答复，所有人都会照着念；禁语由政策的条款列出，每条后面都有代替的话。",
    Example(Kind.FAQ, "最长不超过两小时。", "最长不超过两小时，公司规定就是这样。"),
    topic=Topic.WORDING,
    waiver="字面相同、意思完全不同，换不了说法的。",
    settings=("check.wording",),
    since="0.2",
)
_SPOKEN = (Role.SAID, Role.STEPS)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields an error for each phrase that is said, a note where a case quotes one."""
    for found in context.wording.found(source, Use.FORBIDDEN):
        severity = _severity(found)
        if severity is None:
            continue
        quoted = severity is Severity.NOTE
        message = f"{'照录的反例' if quoted else '服务禁语'}：“{found.text}”。"
        advice = found.phrase.advice or "换一种说法。"
        hint = f"{found.phrase.origin}：{advice}"
        if severity is Severity.WARNING:
            hint += "引用别人说的，放进引号。"
        problem = problem_at(RULE, source, found.section, found.start, message, hint)
        yield replace(problem, severity=severity)


def _severity(found: Found) -> Severity | None:
    """How much a phrase matters where it stands; None where it may stand.

    What is said is wrong whatever stands around it. An author who tells a story may need the same
    everyday words (“我不知道”), so there a phrase counts only as a clause of its own.
    """
    if found.role in (Role.SHOWN, Role.CUSTOMER):
        return None
    if found.role in _SPOKEN and is_long(found.phrase.text):
        return Severity.ERROR
    if not is_clause(found.section.text, found.start, found.end):
        return None
    if found.role is Role.QUOTED:
        return Severity.NOTE
    return Severity.ERROR if found.role in _SPOKEN else Severity.WARNING
