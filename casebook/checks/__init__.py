"""The checks on a library: one small file a rule.

A check looks at one document in its library and yields Problems; it only reads. To add one: write
its file with ``RULE`` and ``check``, and name the module in ``CHECKS``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from types import ModuleType

from casebook.checks import (
    ambiguous_unit,
    analysis_without_lesson,
    analysis_without_question,
    answer_too_long,
    avoided_word,
    background_without_facts,
    bare_forbidden_phrase,
    bare_outcome,
    broken_link,
    case_too_long,
    case_too_short,
    contradicting_answers,
    contradicting_withdrawal,
    currency_sign,
    details_without_exchange,
    details_without_steps,
    distant_review,
    duplicate_case,
    duplicate_question,
    empty_statement,
    ended,
    ends_soon,
    forbidden_answer,
    forbidden_phrase,
    full_width_character,
    half_width_punctuation,
    hidden_link,
    impossible_date,
    late_answer,
    list_without_blank_line,
    long_sentence,
    method_not_used,
    missing_citation,
    missing_withdrawal,
    mixed_numerals,
    near_question,
    one_sided_analysis,
    one_way_link,
    orphan,
    outdated_citation,
    overdue_review,
    owed_as_goodwill,
    praise_or_blame,
    promise_without_time,
    repeated_punctuation,
    repeated_question,
    repeated_statement,
    reserved_word,
    review_due_soon,
    section_too_short,
    space_in_sentence,
    straight_quotes,
    theme_repeats_title,
    theme_without_point,
    traditional_character,
    unbalanced_marks,
    unknown_citation,
    unknown_waiver,
    unreachable_replacement,
    unreadable_wording,
    untimely_citation,
    unused_waiver,
    vague_statement,
)
from casebook.checks.context import Context, FindAlike
from casebook.documents import Kind
from casebook.library import Library, Source, today, with_text
from casebook.problems import Problem, sort_problems
from casebook.reading_rules import READING_RULES
from casebook.rules import Rule

CHECKS = (
    ambiguous_unit,
    analysis_without_lesson,
    analysis_without_question,
    answer_too_long,
    avoided_word,
    background_without_facts,
    bare_forbidden_phrase,
    bare_outcome,
    broken_link,
    case_too_long,
    case_too_short,
    contradicting_answers,
    currency_sign,
    details_without_exchange,
    details_without_steps,
    distant_review,
    duplicate_case,
    duplicate_question,
    empty_statement,
    ended,
    ends_soon,
    forbidden_answer,
    forbidden_phrase,
    full_width_character,
    half_width_punctuation,
    hidden_link,
    impossible_date,
    late_answer,
    list_without_blank_line,
    long_sentence,
    method_not_used,
    missing_citation,
    mixed_numerals,
    near_question,
    one_sided_analysis,
    one_way_link,
    orphan,
    outdated_citation,
    overdue_review,
    owed_as_goodwill,
    praise_or_blame,
    promise_without_time,
    repeated_punctuation,
    repeated_question,
    repeated_statement,
    reserved_word,
    review_due_soon,
    section_too_short,
    space_in_sentence,
    straight_quotes,
    theme_repeats_title,
    theme_without_point,
    traditional_character,
    unbalanced_marks,
    unknown_citation,
    unknown_waiver,
    unreachable_replacement,
    untimely_citation,
    vague_statement,
)
RULES: tuple[Rule, ...] = (
    *READING_RULES,
    *(module.RULE for module in CHECKS),
    contradicting_withdrawal.RULE,
    missing_withdrawal.RULE,
    unreadable_wording.RULE,
    unused_waiver.RULE,
)
BY_CODE = {rule.code: rule for rule in RULES}
# What rules found in documents, by id.
Found = Mapping[str, Sequence[Problem]]


def check_library(
    library: Library,
    on: date | None = None,
    alike: FindAlike | None = None,
    paths: Collection[str] | None = None,
    found: Found | None = None,
) -> list[Problem]:
    """Everything that is wrong with a library: its files, and what ties them together.

    Args:
        library: the library.
        on: the day for which reviews are due; today when none is given.
        alike: finds documents that are asked for with the same words; without it duplicates are
            not looked for.
        paths: the files to look at; all when none are given.
        found: what :func:`found_by` gave, where the rules have run already.
    """
    context = _context(library, on, alike)
    problems = [
        *library.problems,
        *unreadable_wording.check_settings(context),
        *contradicting_withdrawal.check_withdrawn(context),
        *unreachable_replacement.check_withdrawn(context),
    ]
    for name, source in library.sources.items():
        if paths is None or source.path in paths:
            read = library.inputs.get(source.path)
            seen = found[name] if found else _found(source, context, CHECKS)
            seen = [*(read.problems if read else ()), *seen]
            problems += unused_waiver.without_waived(source, seen, BY_CODE)
    return sort_problems(p for p in problems if paths is None or p.path in paths)


def found_by(
    library: Library,
    on: date,
    names: Iterable[str],
    *,
    compares: bool,
    alike: FindAlike | None = None,
) -> dict[str, list[Problem]]:
    """What a part of the rules finds, whether it is waived or not.

    Args:
        library: the library.
        on: as in :func:`check_library`.
        names: the documents to look at.
        compares: the rules that look for documents like the one before them, or all others.
        alike: as in :func:`check_library`.
    """
    context = _context(library, on, alike)
    modules = [module for module in CHECKS if module.RULE.compares is compares]
    return {name: _found(library.sources[name], context, modules) for name in names}


def _found(source: Source, context: Context, modules: Iterable[ModuleType]) -> list[Problem]:
    return [problem for module in modules for problem in module.check(source, context)]


def check_text(
    library: Library,
    kind: Kind,
    text: str,
    path: str | None = None,
    on: date | None = None,
    alike: FindAlike | None = None,
) -> list[Problem]:
    """What would be wrong with a document if its file were in the library.

    Args:
        library: the library as it is.
        kind: what the document is.
        text: the whole file.
        path: where it is or will be, relative to the library; from its id when none is given.
        on: as in :func:`check_library`.
        alike: as in :func:`check_library`.
    """
    changed, path = with_text(library, kind, text, path)
    return check_library(changed, on, alike, {path})


def _context(library: Library, on: date | None, alike: FindAlike | None) -> Context:
    day = on or today(library.settings)
    return Context(library, day, BY_CODE, alike) if alike else Context(library, day, BY_CODE)
