"""Citations of rules that do not hold when the document does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from casebook.checks.context import Context
from casebook.checks.links import Link, citations
from casebook.documents import Case, Document, Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Rule, Topic

RULE = Rule(
    "untimely-citation",
    "引用的政策，在文档算数的日子里都有效。",
    "答复先生效、依据后生效，中间那段日子的答复没有依据；依据先到期，答复还在念。",
    severity=Severity.WARNING,
    topic=Topic.LINKS,
    waiver="新规则印证了原来的做法，引用它作参考。",
    since="0.2",
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each citation of a policy that begins later or ends sooner."""
    for link in citations(source):
        cited = context.library.sources.get(link.target.policy)
        if cited is None or cited is source:
            continue
        yield from _too_late(source.document, link, cited.document)
        yield from _too_short(source.document, link, cited.document, context.on)


def _too_late(document: Document, link: Link, cited: Document) -> Iterator[Problem]:
    since, holds = cited.effective_from_or_none, _holds_from(document)
    if since and since > holds:
        what = "写成" if document.kind is Kind.CASE else "开始算数"
        yield link.problem(
            RULE,
            f"{cited.id} 从 {since} 起有效，而这一篇 {holds} 就{what}了。",
            "引用当时有效的规则；依据确实是新的，就重新核准，改 approved_on。",
        )


def _too_short(document: Document, link: Link, cited: Document, on: date) -> Iterator[Problem]:
    ends = cited.effective_until_or_none
    until = document.effective_until_or_none
    if ends is None or ends < on or document.kind is Kind.CASE:
        return
    if until is None or until > ends:
        message = (
            f"{cited.id} 到 {ends} 为止，这一篇{f'要到 {until}' if until else '没有失效日期'}。"
        )
        yield link.problem(RULE, message, f"effective_until 不晚于 {ends}，或改引接着有效的规则。")


def _holds_from(document: Document) -> date:
    """The day from which a document stands as it is written: old rules were cited until then."""
    if isinstance(document, Case):
        return document.written
    return max(document.effective_from_or_none or document.approved_on, document.approved_on)
