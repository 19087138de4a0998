"""Cases that leave out too much."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_of_key
from casebook.checks.prose import length
from casebook.documents import Case
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Rule, Topic

RULE = Rule(
    "case-too-short",
    "案例写够字数：五个部分合起来不少于规定的下限。",
    "几百字里容不下原话、经过和评析，读的人只能照着结论猜当时发生了什么。",
    severity=Severity.WARNING,
    topic=Topic.STRUCTURE,
    waiver="新产品、新资费的第一件，走快速通道先发布，评析随后补上。",
    settings=("check.case_shortest",),
    since="0.2",
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for a case with fewer 字 than the settings ask for."""
    document, least = source.document, context.library.settings.check.case_shortest
    if not isinstance(document, Case):
        return
    found = {section.heading: length(section.text) for section in document.sections}
    if sum(found.values()) < least:
        parts = "、".join(f"{heading} {count} 字" for heading, count in found.items())
        message = f"全篇只有 {sum(found.values())} 字（{parts}）。"
        hint = f"写到 {least} 字以上；先补细节：谁在几点说了什么、试过什么、为什么没有用。"
        yield problem_of_key(RULE, source, "title", message, hint)
