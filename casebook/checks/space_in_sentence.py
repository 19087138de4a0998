"""Spaces between Chinese characters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.passages import Change, Passage, passages, problem_in
from casebook.checks.prose import BLANK, HAN, shortened
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "space-in-sentence",
    "汉字之间没有空格。",
    "夹在字中间的空格会把一个词切成两个，检索就找不到了。",
    Example(Kind.FAQ, "不需要另外申请复机。", "不需要另外 申请复机。"),
    severity=Severity.WARNING,
    topic=Topic.STYLE,
    waiver="照录界面、短信里本来就有的空格。",
    since="0.2",
)
_MARKS = "，。；：？！、（）“”"
_SPACE = re.compile(rf"(?<=[{HAN}{_MARKS}]) +(?=[{HAN}{_MARKS}])")
# Where it is right: headings set numbers off (第三条 标题), and so does what is typed to search.
_RIGHT = re.compile(r"^#.*|“[^“”，。！？；\n]*”", re.MULTILINE)
_LETTER_SPACED = re.compile(rf"(?<![{HAN}])[{HAN}](?: [{HAN}]){{2,}}(?![{HAN}])")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each space between two Chinese characters of a sentence."""
    for passage in passages(source):
        if passage.section is None or not _SPACE.search(passage.prose):
            continue
        text = _without_right(passage)
        spaced = {
            at
            for match in _LETTER_SPACED.finditer(text)
            for at in range(match.start(), match.end())
        }
        for match in _SPACE.finditer(text):
            place, end = match.span()
            around = shortened(text[max(place - 4, 0) : end + 4])
            # Between two characters it may stand for a comma.
            certain = place in spaced or text[place - 1] in _MARKS or text[end] in _MARKS
            changes = [Change(place, match[0], "")] if certain else []
            hint = "去掉空格；空格代替了标点的，写上标点。"
            yield problem_in(RULE, source, passage, place, f"“{around}”中间有空格。", hint, changes)


def _without_right(passage: Passage) -> str:
    """The prose of a passage with ``BLANK`` where spaces are right."""
    text = list(passage.prose)
    for match in _RIGHT.finditer(passage.text):
        text[slice(*match.span())] = BLANK * len(match[0])
    return "".join(text)
