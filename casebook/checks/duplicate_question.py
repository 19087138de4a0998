"""Questions that another entry asks in the same words."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.prose import shortened
from casebook.checks.questions import entries_alike, problem_of_question
from casebook.library import Source
from casebook.problems import Problem
from casebook.rules import Rule, Topic

RULE = Rule(
    "duplicate-question",
    "一句问话只在一篇统一口径里。",
    "同一句话有两篇答复，坐席搜到哪一篇全凭运气，改了一篇也没有人想起另一篇。",
    topic=Topic.DUPLICATES,
    since="0.2",
    compares=True,
)
_NAMED = 3
_SILENT = re.compile(r"[\W_]+")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each question that another entry for the same readers asks, too."""
    said: dict[str, list[Source]] = {}
    for alike in entries_alike(source, context):
        if (
            alike.source.document.audience == source.document.audience
            and same_words(alike.question, alike.other)
            and alike.source not in said.setdefault(alike.question, [])
        ):
            said[alike.question].append(alike.source)
    for question, others in said.items():
        if not others:
            continue
        names = "、".join(other.document.id for other in others[:_NAMED])
        names += f" 等 {len(others)} 篇" if len(others) > _NAMED else ""
        message = f"“{shortened(question)}”在 {names} 里也有。"
        hint = f"只留在回答它的那一篇；是同一件事就并成一篇，先问{others[0].document.owner}。"
        yield problem_of_question(RULE, source, question, message, hint)


def same_words(one: str, other: str) -> bool:
    """Whether two questions are the same but for punctuation, spaces and forms of characters."""
    return _plain(one) == _plain(other)


@functools.lru_cache(maxsize=1024)
def _plain(question: str) -> str:
    return _SILENT.sub("", unicodedata.normalize("NFKC", question).lower()) or question
