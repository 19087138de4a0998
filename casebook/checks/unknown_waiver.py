"""Waivers that can have no effect."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import heading_of, problem_of_key
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem
from casebook.rules import Example, Rule, Topic
from casebook.validation import nearest

RULE = Rule(
    "unknown-waiver",
    "豁免写的是有的规则、有的段落，而且那条规则可以豁免。",
    "写错名字的豁免什么也不免；有些规则（受众、个人信息）谁也不能免。",
    Example(
        Kind.FAQ,
        "  - policy-service-spec#p4\n",
        "  - policy-service-spec#p4\nwaivers:\n  - too-long-sentence 引用的是法条原文\n",
    ),
    topic=Topic.WAIVERS,
    since="0.2",
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each waiver of no rule, of no section, or of a rule that has none."""
    sections = source.document.sections
    places = {section.key for section in sections} | {section.heading for section in sections}
    for number, waiver in enumerate(source.document.waivers):
        rule = context.rules.get(waiver.rule)
        if rule is None:
            guess = nearest(waiver.rule, context.rules)
            message = f"没有规则“{waiver.rule}”。"
            hint = f"是不是 {guess}？" if guess else "规则的名字在检查结果的方括号里。"
        elif not rule.waiver:
            message, hint = f"规则 {rule.code} 不能豁免。", "按规则改正文，去掉这一条豁免。"
        elif waiver.place and waiver.place not in places:
            message = f"没有段落“{heading_of(source.document, waiver.place)}”。"
            hint = f"写 {'、'.join(section.heading for section in sections)}，或不写段落。"
        else:
            continue
        yield problem_of_key(RULE, source, f"waivers.{number}", message, hint)
