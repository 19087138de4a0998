"""Analyses after which nobody does anything else than before."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_at
from casebook.checks.prose import HAN, sentences
from casebook.checks.substance import substance
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "analysis-without-lesson",
    "评析写出明天可以用的做法，写成动作。",
    "“加强责任心”谁都同意，谁也不知道下一通电话该改哪一句。",
    Example(
        Kind.CASE,
        "\n### 明天就用\n\n1. 听到“又”字，先看近一周的工单，再说话。\n"
        "2. 把前几次的结论念给客户听，问还漏了什么。\n",
        "",
    ),
    severity=Severity.WARNING,
    topic=Topic.STRUCTURE,
    since="0.2",
)
_SAID = 8
# A part of its own, after the questions or under a heading that is not theirs.
_HEADING = re.compile(
    r"^#{3,6} (?!.*(?:讨论|思考|问题)).+\n+(?P<lesson>(?:(?!#{3,6} ).*\n?)+)", re.MULTILINE
)
_LAST = re.compile(
    r"(?:^ *(?:[-*+]|\d+\.) .*\n)\n(?P<lesson>(?!#|[-*+] |\d+\. ).+)\Z", re.MULTILINE
)
_MARKED = re.compile(
    rf"下一?次|(?<![{HAN}])以后(?!.?会)|今后|明天|再遇到|凡是|要带走|学到|照搬|照着做|记住|改成|可以先|应先|"
    r"先[^。，！？\n]{2,20}，?再|第一[句步问]|遇到[^。！？\n]{2,40}[，先]"
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for an analysis that names nothing to do."""
    section = source.document.section("analysis")
    if section is None:
        return
    parts = [match["lesson"] for match in _HEADING.finditer(section.text)]
    parts += [match["lesson"] for match in _LAST.finditer(section.text)]
    parts += [one.text for one in sentences(section.text) if _MARKED.search(one.text)]
    if not any(substance(part) >= _SAID for part in parts):
        hint = "加一到三条做法，写成动作不写成态度，如“听到‘又’字，先看近一周的工单，再说话”。"
        yield problem_at(RULE, source, section, 0, "评析没有写明天可以照着做的事。", hint)
