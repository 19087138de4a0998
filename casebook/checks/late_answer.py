"""Answers that begin with something else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_at
from casebook.checks.prose import sentences, shortened
from casebook.checks.substance import contained
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "late-answer",
    "统一答复第一句就是答案。",
    "客户等着听“能不能、要多少、几点好”；开头的客套和复述只会让他再问一遍。",
    Example(Kind.FAQ, "欠费缴清以后，系统", "您好，感谢您的来电。欠费缴清以后，系统"),
    severity=Severity.WARNING,
    topic=Topic.STRUCTURE,
    since="0.2",
)
_ALIKE = 0.7
_GREETING = re.compile(
    r"(?:您好|你好|亲|尊敬的(?:客户|用户)|亲爱的[^，。！]{0,6}|欢迎(?:您)?(?:致电|来电|咨询)[^，。！]{0,12}|"
    r"(?:非常|十分)?(?:感谢|谢谢)您?[^，。！]{0,16}(?:来电|咨询|关注|支持|反馈|耐心等待|理解|配合|提问)|"
    r"很?高兴(?:能)?(?:为您|接听)[^，。！]{0,8}|(?:您的|这个)?(?:问题|心情|情况)我(?:非常|很|十分|完全)?(?:理解|了解|明白)了?|"
    r"(?:您|你)?(?:提|问)的?(?:这个)?问题(?:很|非常)好|"
    r"(?:非常|十分|很)?(?:抱歉|对不起|不好意思)，?(?:给您(?:带来|造成)[^，。！]{0,4}不便[^，。！]{0,8})|给您(?:带来|造成)不便[^。！]{0,12}|"
    r"关于(?:这个|您[^，。！]{0,6})问题|这是一个[^，。！]{0,8}问题|请(?:您)?(?:不要着急|耐心)[^，。！]{0,8})"
)
_REPEATED = re.compile(r"(?:关于|针对|对于|有关)?您?(?:所|想)?(?:咨询|反映|提出|询问|问到?)的?")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for an answer whose first sentence greets or says the question again."""
    section = source.document.section("answer")
    first = next(sentences(section.text), None) if section else None
    if section is None or first is None:
        return
    rest = _GREETING.sub("", first.text)
    asked = contained(source.document.title, first.text) >= _ALIKE and (
        _REPEATED.search(first.text)
        or section.text[first.start + len(first.text) :][:1] in ("？", "?")
    )
    if asked:
        message = f"统一答复的第一句“{shortened(first.text)}”重复了问题。"
    elif rest != first.text and not rest.strip("，,、~～ "):
        message = f"统一答复的第一句“{shortened(first.text)}”只是客套。"
    else:
        return
    hint = "第一句就回答：能不能、多少钱、什么时候好；问候由坐席自己说，不写进答复。"
    yield problem_at(RULE, source, section, first.start, message, hint)
