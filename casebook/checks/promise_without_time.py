"""Promises to customers that name no time."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.folding import holds_particle
from casebook.checks.phrases import Use
from casebook.checks.places import problem_at
from casebook.checks.speech import Role
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "promise-without-time",
    "对客户说“尽快”“马上”一类的词，同一句里有时间。",
    "没有时间的承诺，客户按自己的急来理解，过一会儿就会再打来；是哪些词由政策的条款写明。",
    Example(Kind.FAQ, "一般半小时内恢复，最长不超过两小时。", "我们尽快为您恢复。"),
    severity=Severity.WARNING,
    topic=Topic.WORDING,
    waiver="说的是客户自己要做的事，或者确实一做就生效的。",
    settings=("check.wording",),
    since="0.2",
)
_TIME = re.compile(
    r"(?<![这那])[0-9０-９一二两三四五六七八九十半某每][ 个]*"
    r"(?:分钟|小时|钟头|工作日|天|日|周|点|号|秒|月)|"
    r"[0-9]:[0-9]{2}|今天|今晚|明天|明早|后天|当天|当场|当日|次日|[下本]周|[下本]月|月底|零点"
)
# What a customer is asked to do at once is no promise.
_ASKED = re.compile(r"请您?|您(?:要|先|得|可以)?$|要$")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a warning for each such word in a sentence without a time."""
    for found in context.wording.found(source, Use.TIMED):
        before, after = found.around
        if found.role is not Role.SAID or holds_particle(found.text):
            continue
        clause = re.split("[，：]", before)[-1]
        if _TIME.search(clause) or _TIME.search(after) or _ASKED.search(clause):
            continue
        message = f"“{found.text}”没有说到什么时候。"
        hint = f"同一句里写明时间，如“今天 18 点前”。{found.phrase.origin}：{found.phrase.advice}"
        yield problem_at(RULE, source, found.section, found.start, message, hint)
