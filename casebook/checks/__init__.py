"""The checks on a library: one small file a rule.

A check takes the Library and yields Problems; it only reads. To add one: write its file with
``RULE`` and ``check``, and name the module in ``CHECKS``.
"""

from __future__ import annotations

from casebook.checks import (
    broken_link,
    hidden_link,
    list_without_blank_line,
    missing_citation,
    unknown_citation,
)
from casebook.library import Library
from casebook.problems import Problem, sort_problems
from casebook.reading_rules import READING_RULES
from casebook.rules import Rule

CHECKS = (
    broken_link,
    hidden_link,
    list_without_blank_line,
    missing_citation,
    unknown_citation,
)
RULES: tuple[Rule, ...] = (*READING_RULES, *(module.RULE for module in CHECKS))


def check_library(library: Library) -> list[Problem]:
    """Everything that is wrong with a library: its files first, then what ties them together."""
    problems = list(library.problems)
    for module in CHECKS:
        problems += module.check(library)
    return sort_problems(problems)
