"""Quotation marks and brackets that are not closed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.passages import Passage, passages, problem_in
from casebook.checks.prose import shortened
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "unbalanced-marks",
    "引号、括号、书名号成对。",
    "少了一个引号，坐席不知道该念到哪里为止。",
    Example(Kind.FAQ, "最着急的是“什么时候能用”，", "最着急的是“什么时候能用，"),
    severity=Severity.WARNING,
    topic=Topic.STYLE,
    since="0.2",
)
_PAIRS = {"”": "“", "’": "‘", "）": "（", "》": "《", "」": "「", "』": "『", "】": "【"}
_ENDS = {opening: closing for closing, opening in _PAIRS.items()}
_MARKS = re.compile("[“”‘’（）《》「」『』【】]")
# 1） a） 甲）: what numbers a list is no bracket; ’ may stand for letters left out.
_ALONE = re.compile(r"[A-Za-z0-9一二三四五六七八九十甲乙丙丁]）|[A-Za-z]’")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each mark that has no partner in its paragraph."""
    for passage in passages(source):
        for place, expected in _lonely(passage):
            mark = passage.text[place]
            around = shortened(passage.prose[max(place - 4, 0) : place + 12])
            message = f"“{around}”里的“{mark}”没有配对的“{expected}”。"
            hint = f"补上“{expected}”，或者改成正确的一边。"
            yield problem_in(RULE, source, passage, place, message, hint)


def _lonely(passage: Passage) -> Iterator[tuple[int, str]]:
    """The places of marks without partners, and which partner each lacks."""
    text = passage.prose
    open_marks: list[tuple[int, str]] = []
    for match in _MARKS.finditer(text):
        place, mark = match.start(), match[0]
        if mark in _ENDS:
            # A quotation of several paragraphs opens again with each and closes once.
            if open_marks and open_marks[-1][1] == mark and _leads(passage.text, place):
                open_marks.pop()
            elif open_marks and text.find("\n", open_marks[-1][0], place) >= 0 and mark in "“「":
                yield from _unclosed(open_marks)
            open_marks.append((place, mark))
        elif open_marks and open_marks[-1][1] == _PAIRS[mark]:
            open_marks.pop()
        elif not _ALONE.fullmatch(text[max(place - 1, 0) : place + 1]):
            yield place, _PAIRS[mark]
    yield from _unclosed(open_marks)


def _unclosed(open_marks: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    for place, mark in open_marks:
        yield place, _ENDS[mark]
    open_marks.clear()


def _leads(text: str, place: int) -> bool:
    """Whether a mark begins a paragraph; the items of a list are quoted one by one."""
    return not text[text.rfind("\n", 0, place) + 1 : place].strip("> ")
