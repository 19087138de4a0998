"""Themes that name a subject and make no point."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_at
from casebook.checks.prose import BLANK, prose, shortened
from casebook.checks.substance import substance
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "theme-without-point",
    "主题说出一个道理，不只说是哪一类投诉。",
    "“一起宽带投诉的处理”没有告诉读的人该记住什么。",
    Example(
        Kind.CASE,
        "重复报障不能当作新故障处理：前三张工单放在一起看，原因早就写在里面。",
        "本案例介绍一起宽带反复断线投诉的处理过程。",
    ),
    severity=Severity.WARNING,
    topic=Topic.STRUCTURE,
    since="0.2",
)
_LEAST = 10
_SUBJECT = re.compile(
    r"(?:本|这(?:是|个|篇)?)?(?:案例|案|文|篇)?(?:主要)?(?:是|讲(?:述|的是)?|介绍|描述|记录|涉及|反映|关于)?了?"
    r"(?:关于|一[起个件例宗]|某)[^，。！？；：\n]*(?:投诉|申诉|处理|经过|过程|情况|问题|案例|事件|纠纷|始末)"
    r"[。！]?"
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for a theme that is too short for a point, or only names a subject."""
    section = source.document.section("theme")
    if section is None:
        return
    text = prose(section.text).replace(BLANK, "").strip()
    if _SUBJECT.fullmatch(text) or substance(text) < _LEAST:
        message = f"主题“{shortened(text)}”没有说出道理。"
        hint = "用两三句话写读完该记住什么，如“先问几点断，再派师傅”。"
        yield problem_at(RULE, source, section, 0, message, hint)
