"""Spaces between Chinese characters."""

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
    "space-in-sentence",
    "汉字之间没有空格。",
    "夹在字中间的空格会把一个词切成两个，检索就找不到了。",
    Example(Kind.FAQ, "不需要另外申请复机。", "不需要另外 申请复机。"),
    severity=Severity.WARNING,
    topic=Topic.STYLE,
    waiver="照录界面、短信里本来就有的空格。",
    since="0.2",
)
_SPACE = re.compile(rf"(?<=[{HAN}，。；：？！、）”])(?P<space> +)(?=[{HAN}，。；：？！、（“])")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each space between two Chinese characters of a sentence."""
    for passage in passages(source):
        text = passage.prose
        for match in _SPACE.finditer(text):
            place = match.start()
            # Headings set numbers off (第三条 标题); what is typed to search has spaces, too.
            if _is_heading(passage, place) or _is_typed(text, place):
                continue
            around = shortened(text[max(place - 4, 0) : match.end() + 4])
            change = Change(place, match[0], "")
            message = f"“{around}”中间有空格。"
            yield problem_in(RULE, source, passage, place, message, "去掉空格。", [change])


def _is_heading(passage: Passage, place: int) -> bool:
    start = passage.text.rfind("\n", 0, place) + 1
    return passage.section is None or passage.text.startswith("#", start)


def _is_typed(text: str, place: int) -> bool:
    """Whether a place is inside a short quotation without punctuation, as words to search for."""
    start, end = text.rfind("“", 0, place), text.find("”", place)
    return start >= 0 and end >= 0 and not re.search(r"[，。！？；”\n]", text[start:end])
