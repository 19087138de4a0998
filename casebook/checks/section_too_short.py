"""Sections that only fill their place."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_at
from casebook.checks.prose import length
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "section-too-short",
    "背景、评析和统一口径的各段写够能用的内容。",
    "一句“略”占住了位置，检查看不出缺，坐席打开了才知道没有。",
    Example(
        Kind.FAQ,
        "客户这时最着急的是“什么时候能用”，所以先说时间，再说不用申请。"
        "最长时间也说清楚，免得客户每隔几分钟打一次。",
        "按规则答复。",
    ),
    severity=Severity.WARNING,
    topic=Topic.STRUCTURE,
    waiver="真的只需要一句话的段落，如“不收费，随时可办”。",
    since="0.2",
)
# Below these nobody can have said what the section is for; other sections have rules of their own.
_LEAST = {
    "background": (40, "写清什么时候、谁、哪里、什么业务、之前发生过什么"),
    "analysis": (100, "写原因、讨论题、不同的看法和明天可以用的做法"),
    "answer": (8, "写能直接念给客户的话：结论、时间、金额、下一步"),
    "procedure": (6, "写渠道、步骤、要带什么、多久、多少钱"),
    "rationale": (10, "写客户在担心什么、为什么先说这一句"),
}


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each section that is too short to say anything."""
    for section in source.document.sections:
        least, hint = _LEAST.get(section.key, (0, ""))
        count = length(section.text)
        if count < least:
            message = f"“{section.heading}”只有 {count} 字。"
            yield problem_at(RULE, source, section, 0, message, f"{hint}；不少于 {least} 字。")
