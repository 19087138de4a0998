"""Answers and cases that know of each other on one side only."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.links import body_links
from casebook.documents import Case, Faq, Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "one-way-link",
    "正文里互相提到的口径和案例，案例的 faq 里都列了。",
    "口径页上的“相关案例”是从案例的 faq 来的；没有列，看口径的坐席就找不到这个案例。",
    Example(
        Kind.CASE,
        "此后一个月没有再报障。",
        "此后一个月没有再报障。对客户的说法见[复机](faq-arrears-resume)。",
    ),
    severity=Severity.WARNING,
    topic=Topic.LINKS,
    waiver="只是顺带提到，与这一篇讲的事无关。",
    since="0.2",
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each link between an entry and a case that the case does not list."""
    document = source.document
    for link in body_links(source):
        target = context.library.sources.get(link.target.policy)
        if target is None:
            continue
        other = target.document
        if isinstance(document, Case) and isinstance(other, Faq) and other.id not in document.faq:
            message = f"正文提到 {other.id}，faq 里没有列。"
            yield link.problem(RULE, message, f"在 faq 里加一行 {other.id}。")
        if isinstance(document, Faq) and isinstance(other, Case) and document.id not in other.faq:
            message = f"正文提到 {other.id}，那个案例没有列这条口径。"
            hint = f"在 {target.path} 的 faq 里加一行 {document.id}。"
            yield link.problem(RULE, message, hint)
