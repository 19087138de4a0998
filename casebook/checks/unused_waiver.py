"""Waivers that nothing needs any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from casebook.checks.places import heading_of, problem_of_key
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
    left, unused = list(found), []
    for number, waiver in enumerate(source.document.waivers):
        if waiver.rule not in rules or not rules[waiver.rule].waiver or _nowhere(waiver, source):
            continue
        covered = [problem for problem in left if _covers(waiver, problem, source)]
        left = [problem for problem in left if problem not in covered]
        if not covered:
            message = _needless(waiver, source, found)
            hint = "去掉这一条豁免。"
            unused.append(problem_of_key(RULE, source, f"waivers.{number}", message, hint))
    return left + unused


def _nowhere(waiver: Waiver, source: Source) -> bool:
    """Whether it names a section that the document lacks, which another rule says."""
    places = {name for one in source.document.sections for name in (one.key, one.heading)}
    return waiver.place is not None and waiver.place not in places


def _needless(waiver: Waiver, source: Source, found: Sequence[Problem]) -> str:
    if any(_covers(waiver, problem, source) for problem in found):
        return f"{waiver.rule} 的问题，上面的豁免已经免了。"
    heading = heading_of(source.document, waiver.place) if waiver.place else ""
    place = f"段落“{heading}”里" if heading else "这篇文档里"
    return f"{place}没有 {waiver.rule} 的问题。"


def _covers(waiver: Waiver, problem: Problem, source: Source) -> bool:
    if problem.code != waiver.rule:
        return False
    section = source.document.section(problem.section)
    places = (section.key, section.heading) if section else ()
    return waiver.place is None or waiver.place in places
