"""Lofty, vague and promising words in what is said to customers."""

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
    "avoided-word",
    "对客户说的话里，没有服务用语要避免的词。",
    "“必须”像命令，“保证”像合同，“差不多”每个人听到的都不一样；要避免哪些词由政策的条款写明。",
    Example(Kind.FAQ, "一般半小时内恢复", "肯定能恢复，一般半小时内"),
    severity=Severity.WARNING,
    topic=Topic.WORDING,
    waiver="照念法律原文，或者业务名称里本来就有这个词的。",
    settings=("check.wording",),
    since="0.2",
)
_DENIED = re.compile(r"(?:不|没|没有|无法|不能|不敢|不用|不是|并非|别)$")
_OTHER_WORD = re.compile(r"金|不了|书")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a warning for each such word that is said and not denied."""
    for found in context.wording.found(source, Use.AVOIDED):
        before, after = found.around
        if found.role is not Role.SAID or holds_particle(found.text):
            continue
        if _DENIED.search(before) or _OTHER_WORD.match(after):
            continue
        message = f"对客户说了“{found.text}”。"
        hint = f"{found.phrase.origin}：{found.phrase.advice or '换一种说法。'}"
        yield problem_at(RULE, source, found.section, found.start, message, hint)
