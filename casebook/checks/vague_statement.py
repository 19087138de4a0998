"""Reasons to write a case that answer another question."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_of_key
from casebook.checks.prose import shortened
from casebook.checks.substance import substance
from casebook.documents import Case, Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "vague-statement",
    "目的性写读后能做的事，典型性写哪一类问题，可行性写谁能怎样用。",
    "答非所问的理由说明还没有想清楚给谁看；这样的案例写得再长也没有人用。",
    Example(
        Kind.CASE,
        "同一条线路一周内报障两次以上的工单，每月有几十张。",
        "客户甲脾气急，说话很冲，让几位坐席都觉得难办。",
    ),
    severity=Severity.WARNING,
    topic=Topic.SELECTION,
    since="0.2",
)
# Shorter ones are slogans, which another rule names.
_SAID = 7
_WANTED = {
    "purpose": (
        re.compile(
            r"(?<![可功性职技智本潜效才])能(?![力量源])|(?<![社机开例晨班协工委聚大])会(?![员议计话])|"
            r"知道|学会|懂得|记得|敢|[听看认分]得出|先|再|不再|就|怎[样么]"
        ),
        "没有说读完能做什么",
        "写成“读后能够……”，后面是一个动作：“读后能先查前几次的记录再派单”。",
    ),
    "typicality": (
        re.compile(
            r"代表|[一这此同各]类|类似|类型|每[个天周月季年]|[常多]见|经常|占|普遍|[多频]发|屡|往往|"
            r"\d+ ?[件起通张单例户位次条份%]|[十百千]多?[件起通张单例户位次]|都会|集中|最多"
        ),
        "没有说代表哪一类问题",
        "写它代表哪一类问题、这一类一个月有多少件；只会有一次的，不写成案例。",
    ),
    "feasibility": (
        re.compile(
            r"坐席|班[长组]|主管|营业[员厅]|门店|柜[台员]|前台|一线|当班|值班|任何|[谁我]|店员|人员|"
            r"[查问念说写发贴用照看记填改报打]|[一两三四五几][句张步栏页行段通]|不需要|不用|无需|当[天场]|[明今]天|随时"
        ),
        "没有说谁能怎样用",
        "写一个普通坐席明天照着做哪一步：“多看一眼历史工单，不需要新的权限”。",
    ),
}


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each statement that does not say what its key asks for."""
    document = source.document
    if not isinstance(document, Case):
        return
    for key, (wanted, fault, hint) in _WANTED.items():
        value = getattr(document, key)
        if substance(value) >= _SAID and not wanted.search(value):
            name = Case.model_fields[key].title
            message = f"{name}“{shortened(value)}”{fault}。"
            yield problem_of_key(RULE, source, key, message, hint)
