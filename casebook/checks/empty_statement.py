"""Reasons to write a case that fit every case."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_of_key
from casebook.checks.prose import shortened
from casebook.checks.substance import substance
from casebook.documents import Case, Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "empty-statement",
    "目的性、典型性、时效性、可行性都说出这一篇自己的内容，不是口号。",
    "“提高服务意识”放在哪一篇都对，也就选不出哪一篇该写、该读。",
    Example(
        Kind.CASE,
        "接到重复报障时，知道先查前几次的记录再派单。",
        "提高坐席的服务意识和处理投诉的能力。",
    ),
    severity=Severity.WARNING,
    topic=Topic.SELECTION,
    since="0.2",
)
_LEAST = 7
_ASKED = {
    "purpose": "写读后能做的一个动作，如“接到重复报障时，先查前几次的记录再派单”。",
    "typicality": "写它代表哪一类问题、这一类一个月有多少件。",
    "timeliness": "写为什么现在用得上：哪个季节、哪条新规则、哪次活动。",
    "feasibility": "写普通坐席明天照着做哪一步，要不要新的权限。",
}


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each statement that is a slogan, or too short to say anything."""
    document = source.document
    if not isinstance(document, Case):
        return
    for key, hint in _ASKED.items():
        value = getattr(document, key)
        if substance(value) < _LEAST:
            name = Case.model_fields[key].title
            message = f"{name}“{shortened(value)}”放在哪一篇都成立。"
            yield problem_of_key(RULE, source, key, message, hint)
