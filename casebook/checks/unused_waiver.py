"""Waivers that nothing needs any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from casebook.checks.places import problem_of_key
from casebook.documents import Kind, Waiver
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "unused-waiver",
    "每一条豁免都用得上。",
    "问题改好了，豁免还留着，下一次同样的问题就没有人看见了。",
    Example(
        Kind.FAQ,
        "  - policy-service-spec#p4\n",
        "  - policy-service-spec#p4\nwaivers:\n  - missing-citation 依据已经废止\n",
    ),
    severity=Severity.WARNING,
    topic=Topic.WAIVERS,
    since="0.2",
)


def without_waived(
    source: Source, found: Sequence[Problem], rules: Mapping[str, Rule]
) -> list[Problem]:
    """The problems of a document that no waiver covers, and one for each waiver that covers none.

    Args:
        source: the document.
        found: what was found in it.
        rules: all rules by code.
    """
    kept = list(found)
    for number, waiver in enumerate(source.document.waivers):
        if waiver.rule not in rules or not rules[waiver.rule].waiver:
            continue
        covered = [problem for problem in found if _covers(waiver, problem, source)]
        kept = [problem for problem in kept if problem not in covered]
        if not covered:
            place = f"段落“{waiver.place}”里" if waiver.place else "这篇文档里"
            message = f"{place}没有 {waiver.rule} 的问题。"
            kept.append(
                problem_of_key(RULE, source, f"waivers.{number}", message, "去掉这一条豁免。")
            )
    return kept


def _covers(waiver: Waiver, problem: Problem, source: Source) -> bool:
    if problem.code != waiver.rule:
        return False
    section = source.document.section(problem.section)
    places = (section.key, section.heading) if section else ()
    return waiver.place is None or waiver.place in places
