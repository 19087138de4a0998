"""Reasons to write a case that say the same."""

from __future__ import annotations

from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_of_key
from casebook.checks.prose import shortened
from casebook.checks.substance import contained
from casebook.documents import Case, Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "repeated-statement",
    "四条选择理由各说各的，也不重复标题。",
    "同一句话填四遍，等于只问了自己一个问题。",
    Example(
        Kind.CASE,
        "只要多看一眼历史工单，不需要新的权限。",
        "接到重复报障时，先查前几次的记录，再派单。",
    ),
    severity=Severity.WARNING,
    topic=Topic.SELECTION,
    since="0.2",
)
_ALIKE = 0.75
# With so many characters more it says something of its own.
_NEW = 12


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each statement with the words of the title or of one before it."""
    document = source.document
    if not isinstance(document, Case):
        return
    seen = {"标题": document.title}
    for key in ("purpose", "typicality", "timeliness", "feasibility"):
        value, name = getattr(document, key), Case.model_fields[key].title or key
        for other, text in seen.items():
            if contained(text, value) >= _ALIKE and len(value) - len(text) < _NEW:
                message = f"{name}与{other}是同样的话：“{shortened(value)}”。"
                hint = f"{Case.model_fields[key].description}"
                yield problem_of_key(RULE, source, key, message, hint)
                break
        seen[name] = value
