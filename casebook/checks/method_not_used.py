"""Analyses that do not use the method they claim."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_at
from casebook.checks.prose import prose
from casebook.documents import Case, Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "method-not-used",
    "评析写明用的是哪一种方法，与信息块里的一致，而且真的用了。",
    "方法逼着人往前问一层；只挂个名字，评析就又变成了感想。",
    Example(Kind.CASE, "用因素分析法从结果往回看", "用经验比照法从结果往回看"),
    severity=Severity.WARNING,
    topic=Topic.STRUCTURE,
    settings=("taxonomy.methods",),
    since="0.2",
)
# What shows that a method is used, and how to use it; of a library's own methods only the name.
_SIGNS = {
    "因素分析法": (
        re.compile(
            "往[回前里上下]|[倒向回]推|[倒追]着?[问捋查]|追|为什么|原因|因素|[一二两三四几每哪这]层|[一哪每]环|环节|起因|起点|源头|根源|"
            "去掉|少了|任何一|几道"
        ),
        "从结果往回问：最后为什么会这样？再往前呢？去掉哪一个，结果就不同？",
    ),
    "经验比照法": (
        re.compile(
            "相比|[对比]照|比较|对比|对着看|拿.{1,40}[比看]|[和与跟].{1,40}(?:比|差)|[差缺][在的得]|[四各都]缺|"
            "放[到在].{0,12}(?:一起|旁)"
        ),
        "与另一位坐席、上一次或者写明的规范相比：差在哪一段，差别带来了什么？",
    ),
    "假设推演法": (
        re.compile("假[如设使]|如果|要是|倘若|若(?!干)|换成|换(?:一|三|几)|改一个条件"),
        "换一个做法推一推：如果第 3 分钟就道歉呢？说明是推测。",
    ),
}


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for an analysis without its method, or with another than it claims."""
    section, document = source.document.section("analysis"), source.document
    if section is None or not isinstance(document, Case):
        return
    text, method = prose(section.text), document.method
    sign, how = _SIGNS.get(method, (None, ""))
    if method not in text:
        known = context.library.settings.taxonomy.methods
        other = next((name for name in known if name in text), "")
        found = f"写的却是“{other}”" if other else "没有写用的是哪一种方法"
        message = f"信息块的 method 是“{method}”，评析里{found}。"
        hint = f"写“用{method}……”并照着分析；或者把 method 改成真正用的方法。"
        yield problem_at(RULE, source, section, max(text.find(other), 0), message, hint)
    elif sign and not sign.search(text.replace(method, "")):
        message = f"评析写了“{method}”，看不出是怎样用的。"
        yield problem_at(RULE, source, section, text.index(method), message, how)
