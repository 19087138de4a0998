"""Entries that answer the questions of another, as the rules that compare documents see them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from casebook.checks.context import Alike, Context
from casebook.documents import Document, Faq
from casebook.library import Source
from casebook.problems import Problem
from casebook.rules import Rule


def entries_alike(source: Source, context: Context) -> Iterator[Alike]:
    """The questions of other entries that are like one of an entry's, the most alike first.

    Both entries hold on a common day that is not past.

    Args:
        source: the entry; for documents of other kinds nothing is found.
        context: the library and the day.
    """
    if isinstance(source.document, Faq):
        for alike in context.alike(source):
            if hold_together(source.document, alike.source.document, context.on):
                yield alike


def hold_together(one: Document, other: Document, on: date) -> bool:
    """Whether two documents hold on a common day, from a day on."""
    ends = (one.effective_until_or_none, other.effective_until_or_none)
    if ends == (None, None):
        return True
    starts = (one.effective_from_or_none, other.effective_from_or_none)
    first = max(day or date.min for day in (*starts, on))
    return first <= min(day or date.max for day in ends)


def problem_of_question(
    rule: Rule, source: Source, question: str, message: str, hint: str
) -> Problem:
    """A problem of one of an entry's questions, on its line.

    Args:
        rule: the rule that is broken.
        source: the entry.
        question: its title or a similar question.
        message: what was found.
        hint: what to write instead.
    """
    document = source.document
    key = "title"
    if isinstance(document, Faq) and question != document.title:
        key = f"similar.{document.similar.index(question)}"
    return rule.problem(source.path, source.lines.get(key, 1), message, hint)
