"""Punctuation of English in Chinese sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.passages import Change, Passage, passages, problem_in
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
_FULL = {",": "，", ";": "；", ":": "：", "?": "？", "!": "！", ".": "。", "(": "（", ")": "）"}
_BEFORE = rf"[{HAN}”’」』）》】％%]\0*+"
_AFTER = rf"(?=\0*(?:[{HAN}“‘「『（《【A-Za-z0-9]|$))"
# Between characters, or after one at the end of a line; after a letter or digit only before one.
_MARK = re.compile(
    rf"(?:{_BEFORE}(?P<mark>[,;:?!]){_AFTER}"
    rf"|[A-Za-z0-9]\0*+(?P<latin>[,;?!])(?=\0*[{HAN}“「（《])"
    rf"|{_BEFORE}(?P<stop>\.)(?=\0*$))",
    re.MULTILINE,
)
# A full stop inside a line may be meant for another mark.
_DOUBTFUL = re.compile(rf"[{HAN}](?P<stop>\.)(?=[{HAN}])")
_BRACKETS = re.compile(rf"(?P<open>\()(?=[^()\n]*[{HAN}])[^()\n]*(?P<close>\))")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each half-width mark in a Chinese sentence."""
    for passage in passages(source):
        text = passage.prose
        for match in _MARK.finditer(text):
            place = match.start(match.lastgroup or 0)
            yield _problem(source, passage, (place,))
        for match in _DOUBTFUL.finditer(text):
            message = f"“{_around(text, match.start('stop'))}”里有半角的“.”。"
            hint = "句子完了用“。”，并列用“、”，人名中间用“·”。"
            yield problem_in(RULE, source, passage, match.start("stop"), message, hint)
        for match in _BRACKETS.finditer(text):
            yield _problem(source, passage, (match.start("open"), match.start("close")))


def _problem(source: Source, passage: Passage, places: tuple[int, ...]) -> Problem:
    changes = [Change(at, passage.text[at], _FULL[passage.text[at]]) for at in places]
    old, new = ("".join(marks) for marks in zip(*((c.old, c.new) for c in changes), strict=True))
    message = f"“{_around(passage.prose, places[0])}”里用了半角的“{old}”。"
    return problem_in(RULE, source, passage, places[0], message, f"写全角的“{new}”。", changes)


def _around(text: str, place: int) -> str:
    return shortened(text[max(place - 6, 0) : place + 7])
