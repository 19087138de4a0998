"""Links to documents that are not there."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.links import body_links, front_links, strange_addresses
from casebook.documents import Kind
from casebook.library import Library
from casebook.problems import Problem
from casebook.rules import Example, Rule
from casebook.validation import nearest

RULE = Rule(
    "broken-link",
    "指向别的文档的链接，都能找到那篇文档和那一条。",
    "坐席在通话中点开一个空链接，就只能凭记忆回答。",
    Example(
        Kind.FAQ,
        "不需要另外申请复机。",
        "不需要另外申请复机，见[查账单](faq-bill-chek)。",
    ),
)


def check(library: Library) -> Iterator[Problem]:
    """Yields a problem for each link whose target does not exist."""
    for source in library.sources.values():
        for link in (*front_links(source), *body_links(source)):
            if not link.resolves(library):
                guess = nearest(link.target.policy, library.sources)
                hint = f"是不是 {guess}？" if guess else "改成知识库里有的编号，或去掉链接。"
                yield RULE.problem(source.path, link.line, f"找不到 {link.target}。", hint)
        for line, address in strange_addresses(source):
            hint = "写文档编号，如 policy-x#3，或 https:// 开头的地址。"
            yield RULE.problem(source.path, line, f"不认识的地址“{address}”。", hint)
