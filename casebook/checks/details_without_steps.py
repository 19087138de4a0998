"""Details that jump to the outcome."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_at
from casebook.checks.prose import shortened
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Rule, Topic

RULE = Rule(
    "details-without-steps",
    "细节一步一步写出经过，有先后，有时间。",
    "从“客户不满”一步跳到“客户满意”，中间怎么做到的正是下一个坐席要学的。",
    severity=Severity.WARNING,
    topic=Topic.STRUCTURE,
    waiver="通篇是一封信或者一张工单的案例。",
    since="0.2",
)
_LEAST = 3
_NUMBER = r"[一二两三四五六七八九十半几\d]{1,6} ?"
_STEP = re.compile(
    r"\d{1,2}[:：]\d{2}|\d ?[点时](?!候)|" + rf"第 ?{_NUMBER}[天次通个回步遍趟封周轮]"
    r"|[上中下]午|凌晨|清晨|早上|傍晚|晚上|深夜|当[天晚日场]|[次隔翌][日天晨]|周[一二三四五六日末]"
    rf"|{_NUMBER}个?(?:秒|分钟|小时|钟头|天|周|月)(?:以|之)?[后前内]?"
    r"|先(?!生)|接着|随后|然后|于是|这时|[又再](?=[打问说查试]|次)|最后|末了|挂断|停了"
    r"|^[> ]*[^：:\n]{1,12}[：:]\s*[“「]",
    re.MULTILINE,
)
_JUMP = re.compile(
    r"(?:经|通过)?[^，。\n]{0,8}(?:解释|安抚|沟通|协调|劝导|做工作)[^。\n]{0,12}"
    r"(?:满意|理解|认可|接受|平息|消除|不再)"
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for details without marks of time and sequence."""
    section = source.document.section("details")
    if section is None:
        return
    steps = len(_STEP.findall(section.text))
    if steps >= _LEAST:
        return
    jump = _JUMP.search(section.text)
    if jump:
        message = f"“{shortened(jump[0])}”从冲突一步跳到了结局。"
    else:
        found = f"只有 {steps} 处" if steps else "没有一处"
        message = f"细节看不出先后：{found}写了几点几分，或者先做什么、再做什么。"
    hint = "按时间写：几点谁说了什么，先试了什么、为什么没有用，从哪一句起客户变了。"
    yield problem_at(RULE, source, section, jump.start() if jump else 0, message, hint)
