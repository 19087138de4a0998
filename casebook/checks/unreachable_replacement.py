"""Replacements that do not lead readers anywhere."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.broken_link import RULE as BROKEN_LINK
from casebook.checks.context import Context
from casebook.checks.links import replacements
from casebook.documents import Kind, Standing
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic
from casebook.settings import WITHDRAWN_FILE
from casebook.validation import nearest

RULE = Rule(
    "unreachable-replacement",
    "replaced_by 里的每一篇，看得到原来那一篇的人都打得开，而且没有失效。",
    "客户和门店照旧网址打开，看到的是“请看新的一篇”；那一篇打不开，就等于没有答复。",
    Example(
        Kind.FAQ,
        "effective_from: 2026-01-01\n",
        "effective_from: 2026-01-01\nreplaced_by:\n  - faq-arrears-resume\n",
    ),
    severity=Severity.WARNING,
    topic=Topic.LINKS,
    since="0.2",
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each replacement in front matter that leads nowhere."""
    document = source.document
    for link in replacements(source):
        fault = _fault(document.id, document.audience, link.target.policy, context)
        if fault is None and link.target.policy in context.withdrawn:
            fault = link.missing(context)
        if fault:
            yield link.problem(RULE, *fault)


def check_withdrawn(context: Context) -> Iterator[Problem]:
    """Yields a problem for each replacement in ``withdrawn.toml`` that leads nowhere."""
    library = context.library
    known = {*library.sources, *(entry.id for entry in library.withdrawn)}
    for entry in library.withdrawn:
        for name in entry.replaced_by:
            if name not in known:
                alike = nearest(name, (one for one in known if one != entry.id), 75)
                hint = f"是不是 {alike}？" if alike else "改成知识库里有的编号，或者去掉。"
                message = f"{entry.id} 的 replaced_by：知识库里没有 {name}。"
                yield BROKEN_LINK.problem(WITHDRAWN_FILE, entry.line, message, hint)
            elif fault := _fault(entry.id, entry.audience, name, context):
                message = f"{entry.id} 的 replaced_by：{fault[0]}"
                yield RULE.problem(WITHDRAWN_FILE, entry.line, message, fault[1])


def _fault(name: str, audience: str, new: str, context: Context) -> tuple[str, str] | None:
    """What is wrong with a replacement, and what to write instead.

    Args:
        name: the id of what it replaces.
        audience: the narrowest that could read that.
        new: the replacement's id.
        context: the library.
    """
    if new == name:
        return f"{name} 写的是由自己代替。", "写新的一篇的编号；没有就去掉。"
    good = context.open_to[audience]
    if new in good or {*context.instead_of(new, audience)} - {name}:
        return None
    found = context.library.sources.get(new)
    if found is None:
        # One that is not known is said to be so; what is withdrawn leads on or nowhere.
        gone = new in context.withdrawn
        return (f"{new} 也已经撤下，后面没有接上。", "写现在看哪一篇。") if gone else None
    if found.document.standing(context.on) is Standing.ENDED:
        until = found.document.effective_until_or_none
        return f"{new} 已于 {until} 失效，后面没有接上。", f"改写现行的一篇，或在 {new} 里接上。"
    reader = context.library.settings.audience(audience).name
    return (
        f"{new} 不给{reader}看，{reader}打不开。",
        f"换成{reader}看得到的一篇，或者放宽 {new} 的受众。",
    )
