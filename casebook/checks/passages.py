"""What of a document people read: its sections, its title, the reasons for a case."""

from __future__ import annotations

import functools
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from casebook.checks.latest import kept_for_latest
from casebook.checks.prose import prose
from casebook.documents import Section
from casebook.library import Source
from casebook.problems import Edit, Problem
from casebook.rules import Rule

_KEYS = ("title", "purpose", "typicality", "timeliness", "feasibility")


@dataclass(frozen=True)
class Passage:
    """A text that people read.

    Attributes:
        key: the key of its section or of the front matter.
        text: as it is written.
        section: the section; None for front matter.
    """

    key: str
    text: str
    section: Section | None = None

    @property
    def prose(self) -> str:
        """The text without code, addresses and marks, at the same places."""
        return prose(self.text)


@dataclass(frozen=True)
class Change:
    """What should stand in a passage instead of what stands there, on one line.

    Attributes:
        start: the place in the passage, from 0.
        old: what stands there.
        new: what should.
    """

    start: int
    old: str
    new: str


@kept_for_latest
def passages(source: Source) -> Iterator[Passage]:
    """The texts of a document that people read; similar questions are customers' own words."""
    document = source.document
    for key in _KEYS:
        if value := getattr(document, key, ""):
            yield Passage(key, value)
    for section in document.sections:
        yield Passage(section.key, section.text, section)


def problem_in(
    rule: Rule,
    source: Source,
    passage: Passage,
    start: int,
    message: str,
    hint: str,
    changes: Iterable[Change] = (),
) -> Problem:
    """A problem at a place in a passage.

    Args:
        rule: the rule that is broken.
        source: the document.
        passage: the passage.
        start: the place in its text, from 0.
        message: what was found.
        hint: what to write instead.
        changes: what mends it; not made in front matter, where a value may be written in many ways.
    """
    section = passage.section
    if section is None:
        return rule.problem(source.path, source.lines.get(passage.key, 1), message, hint)
    fix = tuple(
        Edit(*_place(source, passage, change.start), change.old, change.new) for change in changes
    )
    line, column = _place(source, passage, start)
    return rule.problem(source.path, line, message, hint, column + 1, fix, section.key)


def _place(source: Source, passage: Passage, offset: int) -> tuple[int, int]:
    """The line of the file, from 1, and the place in it, from 0."""
    starts = _line_starts(passage.text)
    number = bisect_right(starts, offset) - 1
    return source.lines.get(f"{passage.key}.text", 1) + number, offset - starts[number]


# A text with many faults is asked about many times in a row.
@functools.lru_cache(maxsize=4)
def _line_starts(text: str) -> Sequence[int]:
    starts = [0]
    while found := text.find("\n", starts[-1]) + 1:
        starts.append(found)
    return starts
