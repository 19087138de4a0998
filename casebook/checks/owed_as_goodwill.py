"""What customers are owed, called goodwill."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.phrases import Phrase, Use
from casebook.checks.places import problem_at
from casebook.checks.speech import Role
from casebook.checks.wording import Found
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "owed-as-goodwill",
    "客户应得的款项说“退还”“减免”，不说成“补偿”。",
    "把该退的钱说成人情，客户要看脸色才拿得到，差错也从报表里消失；哪些是应得的由政策的条款列出。",
    Example(Kind.FAQ, "最长不超过两小时。", "最长不超过两小时，多收的月费为您申请补偿。"),
    severity=Severity.WARNING,
    topic=Topic.WORDING,
    waiver="应得的已经退清，这里说的是另外一笔心意的。",
    settings=("check.wording",),
    since="0.2",
)
# Between what is owed and the other word: not where it is given back first, or told apart.
_GAP = re.compile(r"[^退减返另再还不没和与跟叫]{0,14}")
_AFTER = re.compile(r"[^退减返另再还不没和与跟叫，、：]{0,8}")
_DENIED = re.compile(r"(?:不|没|没有|别|不是|不叫|不算)(?:说|写|记)?[成为作]?$")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a warning where what is owed and the word for goodwill are said of the same thing."""
    for found in context.wording.found(source, Use.GOODWILL):
        told = found.role in (Role.SAID, Role.STEPS) or found.is_outcome
        thing = _thing(found, context.wording.things) if told else None
        if thing is None:
            continue
        message = f"把“{thing.text}”的钱说成“{found.text}”。"
        hint = f"这是客户应得的：{thing.advice}见{thing.origin}。"
        yield problem_at(RULE, source, found.section, found.start, message, hint)


def _thing(found: Found, things: list[Phrase]) -> Phrase | None:
    """What is owed, where a sentence says the word of it."""
    before, after = found.around
    if _DENIED.search(before):
        return None
    for thing in things:
        parts = before.rpartition(thing.text)
        if parts[1] and _GAP.fullmatch(parts[2]):
            return thing
        parts = after.partition(thing.text)
        if parts[1] and _AFTER.fullmatch(parts[0]):
            return thing
    return None
