"""Things not to say, without a reason or what to say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_at
from casebook.checks.prose import length, shortened
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "bare-forbidden-phrase",
    "禁用说法的每一条都说明为什么不能说，或者改说什么。",
    "只写“不许讲”，一线还是会讲：他不知道错在哪里，也没有别的话可用。",
    Example(
        Kind.FAQ,
        "- “您再等等吧”：没有期限，客户会再打来。说：“一般半小时，最长两小时。”",
        "- “您再等等吧”",
    ),
    severity=Severity.WARNING,
    topic=Topic.STRUCTURE,
    since="0.2",
)
_PHRASE = 12
_ITEM = re.compile(r"^ *(?:[-*+]|\d+[.、)]) *(?P<item>.*(?:\n +.*)*)", re.MULTILINE)
_FORBIDDEN = re.compile(
    r"(?:[“「\"'][^”」\"'\n]*[”」\"'][、，和或/ ]*)+|"
    r"(?:禁止|不得|严禁|不[要能许可准]|别)(?:再|对客户)?[说讲答用]?"
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each item of forbidden wording with nothing beside it."""
    section = source.document.section("forbidden")
    if section is None:
        return
    for match in _ITEM.finditer(section.text):
        item = match["item"]
        rest = _FORBIDDEN.sub("", item, count=2)
        if length(rest) == 0 or (rest == item and length(item) < _PHRASE):
            message = f"“{shortened(item.strip('“”「」。；，'))}”后面没有写改说什么。"
            hint = "写成“不能说的话”：为什么。改说：“可以说的话。”"
            yield problem_at(RULE, source, section, match.start("item"), message, hint)
