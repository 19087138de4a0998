"""Punctuation of English in Chinese sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.passages import Change, passages, problem_in
from casebook.checks.prose import (
    HAN,
    shortened,
)
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "half-width-punctuation",
    "中文句子用全角标点。",
    "半角的逗号和句号挤在汉字中间，坐席一眼扫过去会把两句连成一句念。",
    Example(Kind.FAQ, "欠费缴清以后，系统", "欠费缴清以后,系统"),
    severity=Severity.WARNING,
    topic=Topic.STYLE,
    waiver="照录的短信、界面文字本来就是半角标点。",
    since="0.2",
)
# Half-width marks, and nothing for the spaces after them.
_FULL = str.maketrans(",;:?!.()", "，；：？！。（）", " ")
_BEFORE = rf"[{HAN}”’」』）》】％%]\0*+"
_AFTER = rf"(?=\0*(?:[{HAN}“‘「『（《【\"'A-Za-z0-9０-９Ａ-Ｚａ-ｚ]|$))"
# A space that follows a mark of English goes with it.
_SPACE = rf"(?: ++(?=[{HAN}“]))?"
# Between characters, or after one at the end of a line; after a letter or digit only before one.
_MARK = re.compile(
    rf"{_BEFORE}(?P<mark>[,;:?!]++{_SPACE}){_AFTER}"
    rf"|[A-Za-z0-9]\0*+(?P<latin>[,;:?!]++{_SPACE})(?=\0*[{HAN}“「（《\"])"
    rf"|{_BEFORE}(?P<stop>\.(?=\0*$)|\. ++(?=[{HAN}“]))",
    re.MULTILINE,
)
_BRACKETS = re.compile(rf"(?P<open>\()(?=[^()\n]*[{HAN}])[^()\n]*(?P<close>\))")
# A full stop inside a line may be meant for another mark.
_DOUBTFUL = re.compile(rf"[{HAN}](?P<stop>\.)(?=[{HAN}])")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each line of Chinese with half-width marks."""
    for passage in passages(source):
        lines: dict[int, list[Change]] = {}
        for change in _changes(passage.prose):
            lines.setdefault(passage.text.count("\n", 0, change.start), []).append(change)
        for changes in lines.values():
            first = min(changes, key=lambda change: change.start)
            more = f"，这一行共 {len(changes)} 处" if len(changes) > 1 else ""
            message = f"“{_around(passage.prose, first.start)}”里用了半角的“{first.old}”{more}。"
            hint = f"写全角的“{first.new}”。"
            yield problem_in(RULE, source, passage, first.start, message, hint, changes)
        for match in _DOUBTFUL.finditer(passage.prose):
            place = match.start("stop")
            message = f"“{_around(passage.prose, place)}”里有半角的“.”。"
            hint = "句子完了用“。”，并列用“、”，人名中间用“·”。"
            yield problem_in(RULE, source, passage, place, message, hint)


def _changes(text: str) -> Iterator[Change]:
    """What stands for each half-width mark in a Chinese sentence, where that is certain."""
    for match in (*_MARK.finditer(text), *_BRACKETS.finditer(text)):
        for name, old in match.groupdict().items():
            if old:
                yield Change(match.start(name), old, old.translate(_FULL))


def _around(text: str, place: int) -> str:
    return shortened(text[max(place - 6, 0) : place + 7])
