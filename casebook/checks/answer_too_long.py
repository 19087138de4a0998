"""Answers that cannot be read aloud in one go."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_at
from casebook.checks.prose import length
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "answer-too-long",
    "统一答复一口气念得完。",
    "坐席念到一半，客户已经忘了开头；长答复总会被各人各样地删短，口径就不一了。",
    Example(
        Kind.FAQ,
        "最长不超过两小时。\n",
        "最长不超过两小时。"
        + "您可以先把手机关机，等一分钟再开，看看信号栏有没有变化；没有变化，请打开飞行模式再关上。"
        * 4
        + "\n",
    ),
    severity=Severity.WARNING,
    topic=Topic.STRUCTURE,
    waiver="法律要求逐项告知、一项也不能省的答复。",
    settings=("check.answer_longest",),
    since="0.2",
)
_A_SECOND = 4


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for a unified answer with more 字 than the settings allow."""
    section = source.document.section("answer")
    most = context.library.settings.check.answer_longest
    if section and (count := length(section.text)) > most:
        message = f"统一答复有 {count} 字，念出来要 {count // _A_SECOND} 秒左右。"
        hint = f"减到 {most} 字以内：结论、时间、金额留下，步骤移到“办理方式”，理由移到“设计思路”。"
        yield problem_at(RULE, source, section, 0, message, hint)
