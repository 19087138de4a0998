"""Punctuation that was typed twice."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.passages import Change, Passage, passages, problem_in
from casebook.checks.prose import (
    HAN,
    shortened,
    unquoted,
)
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "repeated-punctuation",
    "一处只用一个标点；省略号是“……”，破折号是“——”。",
    "连打的标点多半是改稿剩下的：前面那句可能没有删干净。",
    Example(Kind.FAQ, "恢复，最长不超过两小时。", "恢复，最长不超过两小时。。"),
    severity=Severity.WARNING,
    topic=Topic.STYLE,
    waiver="照录客户在线上打的字。",
    since="0.2",
)
_TWICE = re.compile(r"(?P<mark>[，、；：])(?P=mark)+|(?<!。)。。(?!。)")
_DOTS = re.compile(rf"(?<=[{HAN}，])(?:。{{3,}}|\.{{3,}}|·{{3,}}|…(?!…)(?<!……))(?!\.)")
_SHOUTED = re.compile(r"？？+|！！+|(?:？！|！？){2,}")
_MIXED = re.compile(
    r"(?P<one>[，、；：])(?!(?P=one))[。，、；：！？]|[。！？][，、；：]|[！？]。|。[！？]"
)
_SAID = re.compile(r" *(?:>|(?:客户|用户)[^：\n]{0,12}：)")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each mark that stands more than once, or beside one it excludes."""
    for passage in passages(source):
        text = passage.prose
        for match, new in _certain(text):
            change = Change(match.start(), match[0], new)
            message = f"“{shortened(match[0])}”是连打的标点。"
            yield problem_in(
                RULE, source, passage, match.start(), message, f"写“{new}”。", [change]
            )
        shouted = (m for m in _SHOUTED.finditer(unquoted(passage.text)) if not _said(passage, m))
        for match in (*shouted, *_MIXED.finditer(text)):
            message = f"“{match[0]}”是叠用的标点。"
            hint = "只留一个，看清是哪一个。"
            yield problem_in(RULE, source, passage, match.start(), message, hint)


def _certain(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """What was typed twice, and what was meant."""
    yield from ((match, match[0][0]) for match in _TWICE.finditer(text))
    yield from ((match, "……") for match in _DOTS.finditer(text))


def _said(passage: Passage, match: re.Match[str]) -> bool:
    """Whether a mark stands in a line that somebody said or typed: customers may shout."""
    return bool(_SAID.match(passage.text, passage.text.rfind("\n", 0, match.start()) + 1))
