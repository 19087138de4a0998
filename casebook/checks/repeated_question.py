"""Similar questions that add no wording."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_of_key
from casebook.checks.prose import shortened
from casebook.documents import Faq, Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "repeated-question",
    "每个相似问都是一种新的说法。",
    "同一句话写两遍，检索只多了一份重复；客户的另一种说法还是搜不到。",
    Example(Kind.FAQ, "  - 刚充完钱手机还是停着\n", "  - 欠费停机后，多久能恢复呢\n"),
    severity=Severity.WARNING,
    topic=Topic.STRUCTURE,
    since="0.2",
)
# What is said with or without these is the same question.
_FILLING = re.compile(r"[\W_]|请问|一下|[吗呢吧啊呀嘛哦哈的了我]")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each similar question that says the title or another one again."""
    document = source.document
    if not isinstance(document, Faq):
        return
    seen = {_plain(document.title): "标题"}
    for number, question in enumerate(document.similar):
        first = seen.setdefault(_plain(question), f"第 {number + 1} 个相似问")
        if first != f"第 {number + 1} 个相似问":
            message = f"相似问“{shortened(question)}”与{first}是同一句话。"
            hint = "换成客户的另一种说法：别的词、别的情景、口语或者方言。"
            yield problem_of_key(RULE, source, f"similar.{number}", message, hint)


def _plain(question: str) -> str:
    text = unicodedata.normalize("NFKC", question).lower()
    return _FILLING.sub("", text) or text
