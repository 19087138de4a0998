"""Dates that cannot be: what was approved, written or happened lies in the past."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_of_key
from casebook.documents import Case, Document, Kind
from casebook.library import Source
from casebook.problems import Problem
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "impossible-date",
    "核准、成稿、发生的日期不晚于今天，先发生、后成稿。",
    "还没有到的核准日期等于没有核准；日期写错的案例，排到了不该在的年月里。",
    Example(Kind.CASE, "happened: 2026-04", "happened: 2026-09"),
    topic=Topic.FRESHNESS,
    since="0.2",
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each date of the past that is not past, or before what it follows."""
    for key, name, value in _past(source.document):
        # Days and months compare as they are written.
        if value > str(context.on)[: len(value)]:
            message = f"{name} {value} 还没有到，今天是 {context.on}。"
            yield problem_of_key(RULE, source, key, message, "写真正的日期；还没有就先不写。")
    document = source.document
    if isinstance(document, Case) and document.happened > f"{document.written:%Y-%m}":
        message = f"发生月份 {document.happened} 晚于成稿日期 {document.written}。"
        hint = "先发生、后成稿：检查 happened 和 written。"
        yield problem_of_key(RULE, source, "happened", message, hint)


def _past(document: Document) -> Iterator[tuple[str, str, str]]:
    """Key, name and value of each date that can only lie in the past."""
    yield "approved_on", "核准日期", str(document.approved_on)
    if isinstance(document, Case):
        yield "written", "成稿日期", str(document.written)
        yield "happened", "发生月份", document.happened
