"""Where things stand in a document's file, so that problems and fixes can name the place."""

from __future__ import annotations

from casebook.documents import MODELS, Document, Policy, Section, SectionSpec
from casebook.library import Source
from casebook.problems import Edit, Problem
from casebook.rules import Rule


def heading_of(document: Document, place: str) -> str:
    """A section's heading by its key; what was given where it is no key.

    Args:
        document: the document that may have the section.
        place: a key or a heading, as somebody wrote it.
    """
    specs = [spec for model in MODELS.values() for spec in model.spec]
    known: list[Section | SectionSpec] = [*document.sections, *specs, *Policy.plan_spec]
    return next((one.heading for one in known if one.key == place), place)


def line_at(source: Source, section: Section, offset: int) -> int:
    """The line of the file where a place in a section's text stands, from 1."""
    first = source.lines.get(f"{section.key}.text", 1)
    return first + section.text.count("\n", 0, offset)


def column_at(section: Section, offset: int) -> int:
    """The column of a place in a section's text, from 1."""
    return offset - section.text.rfind("\n", 0, offset)


def problem_at(
    rule: Rule,
    source: Source,
    section: Section,
    offset: int,
    message: str,
    hint: str,
    replacement: tuple[str, str] | None = None,
) -> Problem:
    """A problem at a place in a section's text.

    Args:
        rule: the rule that is broken.
        source: the document.
        section: the section.
        offset: the place in the section's text, from 0.
        message: what was found.
        hint: what to write instead.
        replacement: what stands at the place and what should, on one line; where that is certain.
    """
    line, column = line_at(source, section, offset), column_at(section, offset)
    fix: tuple[Edit, ...] = ()
    if replacement:
        fix = (Edit(line, column - 1, *replacement),)
    return rule.problem(source.path, line, message, hint, column, fix, section.key)


def problem_of_key(rule: Rule, source: Source, key: str, message: str, hint: str) -> Problem:
    """A problem of a key of the front matter; the first line where the file lacks the key.

    Args:
        rule: the rule that is broken.
        source: the document.
        key: ``review_by``, or ``similar.2`` for an item of a list.
        message: what was found.
        hint: what to write instead.
    """
    return rule.problem(source.path, source.lines.get(key, 1), message, hint)
