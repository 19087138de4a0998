"""Themes that say the title again."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_at
from casebook.checks.prose import length, prose, shortened
from casebook.checks.substance import contained
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "theme-repeats-title",
    "主题不重复标题。",
    "标题写冲突，主题写道理；同样的话说两遍，道理就没有写。",
    Example(
        Kind.CASE,
        "重复报障不能当作新故障处理：前三张工单放在一起看，原因早就写在里面。",
        "师傅来了三趟，客户家的网还是断，不能这样。",
    ),
    severity=Severity.WARNING,
    topic=Topic.STRUCTURE,
    since="0.2",
)
_ALIKE = 0.6
_NEW = 24


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for a theme with the words of the title and little else."""
    section, title = source.document.section("theme"), source.document.title
    if section is None:
        return
    words = length(section.text) - length(title)
    if contained(title, prose(section.text)) >= _ALIKE and words < _NEW:
        message = f"主题“{shortened(section.text)}”与标题是同样的话。"
        hint = "写这篇要说明的一个道理，如“重复报障不能当作新故障处理”。"
        yield problem_at(RULE, source, section, 0, message, hint)
