"""Analyses that ask nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_at
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "analysis-without-question",
    "评析里有讨论题。",
    "班前会要靠一个没有标准答案的问题开口；没有问题，案例念完就散了。",
    Example(
        Kind.CASE,
        "### 讨论\n\n- 第二次报障时，坐席能看到什么？\n- 客户只说“又断了”，下一句问什么？\n\n",
        "",
    ),
    severity=Severity.WARNING,
    topic=Topic.STRUCTURE,
    since="0.2",
)
_HEADED = re.compile(
    r"^(?:#{3,6} |\*\*|[一二三四五六七八九十\d]+[、.] ?)?"
    r"[^\n。？?]{0,10}(?:讨论|思考|想一想|议一议|问题)[^\n。]{0,10}\n+"
    r" *(?:[-*+]|\d+[.、)]) ?\S"
    r"|^[^\n。？?]{0,6}(?:讨论|思考)题?[：:].*[？?]$",
    re.MULTILINE,
)
_ASKED = re.compile(r"^ *(?:[-*+]|\d+[.、)）]|（\d+）|[①-⑩]).*[？?][”」）)]?$", re.MULTILINE)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for an analysis without a question to discuss."""
    section = source.document.section("analysis")
    if section and not _HEADED.search(section.text) and not _ASKED.search(section.text):
        hint = "加上“### 讨论”，列二至三个没有标准答案的问题，如“第二次报障时，坐席能看到什么？”"
        yield problem_at(RULE, source, section, 0, "评析里没有讨论题。", hint)
