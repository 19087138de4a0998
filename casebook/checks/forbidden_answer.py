"""Answers that say what entries of the same subject forbid, the entry itself above all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from casebook.checks.context import Context
from casebook.checks.folding import is_clause, is_long
from casebook.checks.phrases import Phrase
from casebook.checks.places import problem_at
from casebook.documents import Faq, Kind, Section
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "forbidden-answer",
    "统一答复和办理方式里，没有自己或同类条目“禁用说法”列出的话。",
    "这一段教人说，那一段不许说，坐席不知道听哪一段；同一类业务的答复互相打架，客户听到的就是两种口径。",
    Example(Kind.FAQ, "最长不超过两小时。", "最长不超过两小时，您再等等吧。"),
    topic=Topic.WORDING,
    waiver="同类条目禁用的话，在这一条里意思不同、说得对的。",
    since="0.2",
)
_DENIED = re.compile(r"(?:不|没|别|非|(?:不[会能用必让是再]|没有|免得|别)[^，。；！？]{0,3})$")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields an error for what an entry itself forbids, a warning for what others forbid."""
    if not isinstance(source.document, Faq):
        return
    for key in ("answer", "procedure"):
        section = source.document.section(key)
        if section is None:
            continue
        for start, end, forbids in context.wording.forbidden_by_entries(source, section):
            if _is_said(section.text, start, end, forbids[0][1]):
                yield from _problems(source, section, start, end, forbids)


def _is_said(text: str, start: int, end: int, phrase: Phrase) -> bool:
    """Whether the phrase is said as it is: not denied, and not by chance inside other words."""
    if _DENIED.search(text, max(start - 5, 0), start):
        return False
    return is_long(phrase.text) or is_clause(text, start, end)


def _problems(
    source: Source,
    section: Section,
    start: int,
    end: int,
    forbids: Sequence[tuple[Source, Phrase]],
) -> Iterator[Problem]:
    own = next((phrase for entry, phrase in forbids if _same(entry, source)), None)
    if own is None and section.key != "answer":
        return
    entry, phrase = forbids[0]
    whose = "本条" if own else f" {entry.document.id} "
    advice = (own or phrase).advice or "换一种说法，或去掉那一条禁用说法。"
    message = f"{section.heading}里有{whose}禁用的说法：“{section.text[start:end][:20]}”。"
    problem = problem_at(RULE, source, section, start, message, f"禁用说法里写着：{advice}")
    yield problem if own else replace(problem, severity=Severity.WARNING)


def _same(entry: Source, source: Source) -> bool:
    return entry.document.id == source.document.id
