"""Units that can be read in two ways."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.passages import passages, problem_in
from casebook.checks.prose import shortened, unquoted
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "ambiguous-unit",
    "流量写 GB、MB，网络制式写 4G、5G 网络。",
    "“5G流量”可以是 5 GB，也可以是 5G 网络上的流量；客户按对自己有利的那个听。",
    Example(Kind.FAQ, "不需要另外申请复机。", "不需要另外申请复机，送 3G流量。"),
    severity=Severity.WARNING,
    topic=Topic.STYLE,
    waiver="业务名称里本来就这样写的。",
    since="0.2",
)
_UNIT = re.compile(
    r"(?<![A-Za-z0-9.])(?P<size>\d+(?:\.\d+)?) ?(?P<unit>[GgMm])(?![A-Za-z0-9])"
    r"(?= ?的?(?:[^，。；\n]{0,4})?(?:流量|加油包|日包|结转))"
    r"|(?:流量|用了|只用|还用|要用|剩下?|剩余|超出|超过|超了|送)(?:大约|约|有|是|为|你|您)? ?"
    r"(?P<small>[2-6]) ?(?P<letter>[Gg])(?![A-Za-z0-9]| ?的?[手网套信卡基速号频])"
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each amount of data that may be taken for a kind of network."""
    for passage in passages(source):
        if not any(letter in passage.text for letter in "GgMm"):
            continue
        for match in _UNIT.finditer(unquoted(passage.text)):
            size, letter = match["size"] or match["small"], match["unit"] or match["letter"]
            place = match.start("size" if match["size"] else "small")
            unit = f"{letter.upper()}B"
            message = f"“{shortened(passage.prose[place : place + 8])}”看不出是流量还是网络。"
            hint = f"说流量写“{size} {unit}”；说网络写“{size}G 网络”。"
            yield problem_in(RULE, source, passage, place, message, hint)
