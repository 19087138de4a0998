"""Links to documents that are not there."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.links import body_links, front_links, replacements, strange_addresses
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "broken-link",
    "指向别的文档的链接，都能找到那篇文档和那一条。",
    "坐席在通话中点开一个空链接，就只能凭记忆回答。",
    Example(
        Kind.FAQ,
        "不需要另外申请复机。",
        "不需要另外申请复机，见[查账单](faq-bill-chek)。",
    ),
    topic=Topic.LINKS,
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each link whose target does not exist."""
    # A replacement that was itself withdrawn leads on, as far as there is a way.
    newer = (link for link in replacements(source) if link.target.policy not in context.withdrawn)
    for link in (*front_links(source), *newer, *body_links(source)):
        if not link.resolves(context.library):
            yield link.problem(RULE, *link.missing(context))
    for line, address in strange_addresses(source):
        name = address.rpartition("/")[2].removesuffix(".md")
        known = f"写 {name}。" if name in context.library.sources else ""
        hint = known or "写文档编号，如 policy-x#3，或 https:// 开头的地址。"
        yield RULE.problem(source.path, line, f"不认识的地址“{address}”。", hint)
