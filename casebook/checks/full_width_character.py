"""Letters and digits as wide as Chinese characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.passages import Change, passages, problem_in
from casebook.checks.prose import shortened
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "full-width-character",
    "字母和数字用半角。",
    "“１００”和“100”看着一样，检索和统计却当成两个词。",
    Example(Kind.FAQ, "请拨打客服热线", "请拨打客服热线９"),
    severity=Severity.WARNING,
    topic=Topic.STYLE,
    since="0.2",
)
_WIDE = re.compile(r"[０-９Ａ-Ｚａ-ｚ％＠]+(?:[．：，][０-９]+)*")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each run of full-width letters and digits."""
    for passage in passages(source):
        for match in _WIDE.finditer(passage.prose):
            old = match[0]
            new = unicodedata.normalize("NFKC", old)
            message = f"“{shortened(old)}”是全角字符。"
            change = Change(match.start(), old, new)
            hint = f"写半角的“{shortened(new)}”。"
            yield problem_in(RULE, source, passage, match.start(), message, hint, [change])
