"""Traditional characters in simplified text."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

import opencc

from casebook.checks.context import Context
from casebook.checks.passages import Change, passages, problem_in
from casebook.checks.prose import shortened
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "traditional-character",
    "正文用简体字。",
    "夹着一个繁体字的词，逐字核对的人看不出来，统计时却成了另一个词。",
    Example(Kind.FAQ, "不需要另外申请复机。", "不需要另外申請复机。"),
    severity=Severity.WARNING,
    topic=Topic.STYLE,
    waiver="照录客户的原文、证件或者招牌上的字。",
    since="0.2",
)
# These stand in simplified text, too: 乾坤, 瞭望, 凭藉, 著名, 答覆, 伙伴, 么.
_BOTH = frozenset("乾瞭藉著覆夥徵於餘麼麽剋唸瀋")


@functools.cache
def _simplified() -> dict[str, str]:
    """Every traditional character that has one simplified form and no use of its own."""
    known = [chr(code) for code in range(0x3400, 0xA000)]
    turned = opencc.OpenCC("t2s").convert("\n".join(known)).split("\n")
    pairs = zip(known, turned, strict=True)
    return {old: new for old, new in pairs if old != new and len(new) == 1 and old not in _BOTH}


@functools.cache
def _traditional() -> re.Pattern[str]:
    return re.compile(f"[{''.join(_simplified())}]+")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each run of traditional characters."""
    for passage in passages(source):
        for match in _traditional().finditer(passage.prose):
            new = "".join(_simplified()[character] for character in match[0])
            message = f"“{shortened(match[0])}”是繁体字。"
            change = Change(match.start(), match[0], new)
            hint = f"写“{shortened(new)}”。"
            yield problem_in(RULE, source, passage, match.start(), message, hint, [change])
