"""Words that are only said once somebody has confirmed them, where nothing bears them out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from casebook.checks.context import Context
from casebook.checks.folding import holds_particle
from casebook.checks.phrases import Use
from casebook.checks.places import problem_at
from casebook.checks.speech import Role
from casebook.checks.wording import Found
from casebook.documents import Case, Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "reserved-word",
    "要经过确认才能说的词（如“赔偿”），只在依据里有法律条款时才说。",
    "这类词一说出口，客户和法律都会当真；哪些词、什么意思、谁能说，由政策里的表格写明。",
    Example(Kind.FAQ, "最长不超过两小时。", "最长不超过两小时，超过了我们赔您。"),
    severity=Severity.WARNING,
    topic=Topic.WORDING,
    waiver="已经书面确认、又没有可以引用的条款的，理由里写明谁在哪天确认。",
    settings=("check.wording",),
    since="0.2",
)
# A customer's own claim may be repeated to them.
_CLAIMED = re.compile(r"您[^，,]{0,3}(?:说|提|要|讲|问|主张)[^，,]{0,4}$")
# What the company gave, in money or in kind: not a claim, and not a refusal.
_GIVEN = re.compile(r"[^，。；]{0,8}?[0-9０-９一二两三四五六七八九十百千]+ ?(?:元|块|GB|G|个月|天)")
_NOT_GIVEN = re.compile(r"要|索|主张|诉求|提出|不|没|未|拒|倍|法定|判")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a warning where such a word is used and no article of others bears it out.

    Agents' words that a case quotes give a note. An author's own words count only where the outcome
    says that the company gave something.
    """
    for found in context.wording.found(source, Use.RESERVED):
        if holds_particle(found.text) or not _is_used(found, source):
            continue
        if context.wording.is_founded(source, found.phrase.about):
            continue
        message = f"说了“{found.text}”，依据里没有讲到“{found.phrase.about}”的法律条款。"
        hint = f"{found.phrase.origin}：{found.phrase.advice}确有依据的，把条款写进 policies。"
        problem = problem_at(RULE, source, found.section, found.start, message, hint)
        yield replace(problem, severity=Severity.NOTE) if found.role is Role.QUOTED else problem


def _is_used(found: Found, source: Source) -> bool:
    before, after = found.around
    if found.role in (Role.SAID, Role.STEPS):
        return not _CLAIMED.search(before)
    if not isinstance(source.document, Case):
        return False
    clause = re.split("[，：、]", before)[-1]
    given = bool(_GIVEN.match(after)) and not _NOT_GIVEN.search(clause)
    return given and (found.role is Role.QUOTED or found.is_outcome)
