"""Punctuation of English in Chinese sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.passages import Change, passages, problem_in
from casebook.checks.prose import BLANK, HAN, shortened
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
_MARK = re.compile(r"(?P<marks>[,;:?!]+|\.(?!\.))(?P<spaces> *)")
_BRACKETS = re.compile(rf"\((?=[^()\n]*[{HAN}])[^()\n]*\)")
_CHINESE = re.compile(rf"[{HAN}”’」』）》】％%]")
_CHINESE_NEXT = re.compile(rf"[{HAN}“「（《\"]")
_NEXT = re.compile(rf"[{HAN}“‘「『（《【\"'A-Za-z0-9０-９Ａ-Ｚａ-ｚ]|$")
_LATIN = re.compile(r"[A-Za-z0-9]")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each line of Chinese with half-width marks."""
    for passage in passages(source):
        text = passage.prose
        lines: dict[int, list[Change]] = {}
        for change in _changes(text):
            lines.setdefault(text.rfind("\n", 0, change.start), []).append(change)
        for changes in lines.values():
            first = min(changes, key=lambda change: change.start)
            around = shortened(text[max(first.start - 6, 0) : first.start + 7])
            more = f"，这一行共 {len(changes)} 处" if len(changes) > 1 else ""
            message = f"“{around}”里用了半角的“{first.old}”{more}。"
            hint = f"写全角的“{first.new}”。"
            if first.new == first.old:
                hint = "句子完了用“。”，并列用“、”，人名中间用“·”。"
            fix = [change for change in changes if change.new != change.old]
            yield problem_in(RULE, source, passage, first.start, message, hint, fix)


def _changes(text: str) -> Iterator[Change]:
    """What stands for each half-width mark in a Chinese sentence; itself where that is doubtful."""
    for match in _MARK.finditer(text):
        before, after = _neighbour(text, match.start(), -1), _neighbour(text, match.end(), 1)
        old = match[0]
        if match["spaces"] and not _CHINESE_NEXT.match(after):
            continue
        if match["marks"] == ".":
            if _CHINESE.match(before) and (_CHINESE_NEXT.match(after) or not after):
                certain = match["spaces"] or not after
                yield Change(match.start(), old, old.translate(_FULL) if certain else old)
        elif (_CHINESE.match(before) and _NEXT.match(after)) or (
            _LATIN.match(before) and _CHINESE_NEXT.match(after)
        ):
            yield Change(match.start(), old, _full(old))
    for match in _BRACKETS.finditer(text):
        yield Change(match.start(), "(", "（")
        yield Change(match.end() - 1, ")", "）")


def _full(marks: str) -> str:
    """Full-width marks; a comma that was typed twice is one, a question may be asked twice."""
    full = marks.translate(_FULL)
    return full[0] if full[0] in "，；：" and len(set(full)) == 1 else full


def _neighbour(text: str, place: int, step: int) -> str:
    """The character before or after a place that readers see; nothing at the end of a line."""
    at = place - 1 if step < 0 else place
    while 0 <= at < len(text) and text[at] == BLANK:
        at += step
    return text[at].strip("\n") if 0 <= at < len(text) else ""
