"""Withdrawals that are not so: what is said to be gone is there, or is gone before its day."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.documents import Standing
from casebook.problems import Problem
from casebook.rules import Rule, Topic
from casebook.settings import WITHDRAWN_FILE
from casebook.withdrawals import Withdrawn

RULE = Rule(
    "contradicting-withdrawal",
    "withdrawn.toml 说已经撤下的，那些读者确实看不到了；还没有到日子的，还看得到。",
    "同一个网址不能又说撤下、又有答复；撤早了，旧网址这几天就打不开。",
    topic=Topic.LINKS,
    since="0.2",
)


def check_withdrawn(context: Context) -> Iterator[Problem]:
    """Yields a problem for each entry that the documents contradict."""
    for entry in context.library.withdrawn:
        fault = _early(entry, context) if entry.on > context.on else _there(entry, context)
        if fault:
            yield RULE.problem(WITHDRAWN_FILE, entry.line, *fault)


def _early(entry: Withdrawn, context: Context) -> tuple[str, str] | None:
    if entry.id in context.open_to[entry.audience]:
        return None
    return (
        f"{entry.id} 写的是 {entry.on} 起撤下，现在已经看不到了。",
        f"把 on 改成真正看不到的第一天，不晚于 {context.on}。",
    )


def _there(entry: Withdrawn, context: Context) -> tuple[str, str] | None:
    source = context.library.sources.get(entry.id)
    settings = context.library.settings
    if source is None or not settings.may_read(entry.audience, source.document.audience):
        return None
    standing = source.document.standing(context.on)
    # What will be there again is still gone.
    if standing is Standing.UPCOMING:
        return None
    if standing is Standing.ENDED:
        return (
            f"{entry.id} 还在 {source.path} 里，已经失效，它自己会说现在看哪一篇。",
            "去掉这一条，replaced_by 写到那一篇里；或者删掉那个文件。",
        )
    reader = settings.audience(entry.audience).name
    return (
        f"{entry.id} 还在 {source.path} 里，{reader}看得到。",
        "没有撤下就去掉这一条；只给更宽的受众看，就改那一篇的 audience。",
    )
