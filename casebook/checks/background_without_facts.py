"""Backgrounds of opinions, without a time or a number."""

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
    "background-without-facts",
    "背景写事实：什么时候、多少钱、多少次、之前发生过什么。",
    "“客户素质低”“一直很支持”是看法；没有时间和数目，读的人判断不了谁有理。",
    Example(
        Kind.CASE,
        "四月的一个周末，客户甲的宽带晚上断线。此前一周他已报障两次，每次都当场恢复。"
        "两张工单分别由两位坐席登记，结论都是“重启后正常”，没有人打开前一张来看。"
        "客户甲在家上网课，约好晚上 8 点开课，他是在开课前 20 分钟打来的。",
        "客户甲是我们的老客户了，一直都很支持我们的工作，这么好的客户突然来投诉，"
        "大家心里都不是滋味，都觉得无论如何要把他留下来，不能让他失望。",
    ),
    severity=Severity.WARNING,
    topic=Topic.STRUCTURE,
    since="0.2",
)
_FACT = re.compile(
    r"\d|[一二三四五六七八九十两几半]+ ?(?:年|个?月|天|周|次|点|小时|分钟|元|块|张|个|位|户|档)|"
    r"第[一二三四五六七八九十]|[上中下]旬|[年月周]初|[年月周]末|周末|当[天晚日]|[昨前次]天|[春夏秋冬]天|节前|节后"
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for a background in which nothing can be dated or counted."""
    section = source.document.section("background")
    if section and not _FACT.search(section.text):
        hint = "写哪个月、什么业务、多少钱、之前来过几次；看法放到评析里。"
        yield problem_at(RULE, source, section, 0, "背景里没有时间，也没有数目。", hint)
