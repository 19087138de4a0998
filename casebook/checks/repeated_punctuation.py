"""Punctuation that was typed twice."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.passages import Change, Passage, passages, problem_in
from casebook.checks.prose import BLANK, HAN, shortened, unquoted
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
_RUN = re.compile(r"[，、；：。！？…·.]{2,}|…")
_CHINESE = re.compile(f"[{HAN}，]")
_SAID = re.compile(r" *(?:>|(?:客户|用户)[^：\n]{0,12}：)")
_ELLIPSIS = "……"


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each mark that stands more than once, or beside one it excludes."""
    for passage in passages(source):
        text = passage.prose
        for match in _RUN.finditer(text):
            found, place = match[0], match.start()
            if new := _meant(found, text[place - 1 : place]):
                change = Change(place, found, new)
                message, hint = f"“{shortened(found)}”是连打的标点。", f"写“{new}”。"
                yield problem_in(RULE, source, passage, place, message, hint, [change])
            elif found == ".." and _between_chinese(text, match):
                message = f"“{found}”不是中文的标点。"
                hint = "句子完了写“。”，话没有说完写“……”。"
                yield problem_in(RULE, source, passage, place, message, hint)
            elif _excluded(found) and not (_shouted(found) and _said(passage, place)):
                message, hint = f"“{shortened(found)}”是叠用的标点。", "只留一个，看清是哪一个。"
                yield problem_in(RULE, source, passage, place, message, hint)


def _meant(found: str, before: str) -> str:
    """What a mark that was typed several times stands for; nothing where that is doubtful."""
    if len(set(found)) > 1:
        return ""
    if found[0] in "，、；：" or found == "。。":
        return found[0]
    dots = found[0] in "。.·" and len(found) > len(_ELLIPSIS)
    if (dots and (_CHINESE.match(before) or found[0] == "。")) or found == "…":
        return _ELLIPSIS
    return ""


def _excluded(found: str) -> bool:
    """Whether marks do not go together; an ellipsis goes with any, a question may be a cry."""
    if found in ("？！", "！？") or not set(found) - set(".·"):
        return False
    return len(found.replace(_ELLIPSIS, "", 1)) > 1


def _between_chinese(text: str, match: re.Match[str]) -> bool:
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    return bool(_CHINESE.match(before)) and (not after.strip() or bool(_CHINESE.match(after)))


def _shouted(found: str) -> bool:
    return not set(found) - set("？！")


def _said(passage: Passage, place: int) -> bool:
    """Whether a mark stands in what somebody said or typed: customers may shout."""
    quoted = unquoted(passage.text)[place] == BLANK
    return quoted or bool(_SAID.match(passage.text, passage.text.rfind("\n", 0, place) + 1))
