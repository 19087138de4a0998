"""Answers to one question that state different facts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from casebook.checks.claims import Claim, claims
from casebook.checks.context import Alike, Context
from casebook.checks.places import problem_at
from casebook.checks.prose import shortened
from casebook.checks.questions import entries_alike
from casebook.documents import Faq
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Rule, Topic

RULE = Rule(
    "contradicting-answers",
    "同一个问题，各篇答复里的金额、时限和可不可以都一样。",
    "口径不一，是投诉升级的头一个原因：门店说两小时，热线说四小时，客户只信对自己有利的那一个。",
    severity=Severity.WARNING,
    topic=Topic.DUPLICATES,
    waiver="数字不同而都对的两种情形，客户一听就分得清",
    since="0.2",
    compares=True,
)
_TIME = re.compile(
    r"多久|几天|几个?小时|多长时间|什么时候|啥时候|何时|多少天|多会儿|几时|哪天|多快"
)
_COST = re.compile(r"多少钱|收费|几块|几元|费用|要钱|多少元|怎么收|咋收|价|多少")
# Where both questions ask for it, no other words are needed to know what is measured.
_ASKED = {
    "time": _TIME,
    "workdays": _TIME,
    "months": _TIME,
    "money": _COST,
    "share": _COST,
}
# What is said without a bound may be meant as the most, or as what is usual.
_LOOSE = ({"", "most"}, {"", "usual"})
_VERDICTS = ("may", "must", "will", "has", "free")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each fact that another entry's answer to the question contradicts."""
    document = source.document
    answer = document.section("answer")
    if not isinstance(document, Faq) or answer is None:
        return
    for other, alike in _same_questions(source, context):
        theirs = other.document.section("answer")
        if theirs is None:
            continue
        for claim, against in contradictions(answer.text, theirs.text, alike):
            message = (
                f"这里说“{shortened(claim.text)}”，"
                f"{other.document.id} 说“{shortened(against.text)}”，"
                f"而两篇答的是同一个问题“{shortened(alike[0])}”。"
            )
            hint = f"按依据的政策核对，与{other.document.owner}一起改成一个口径。"
            yield problem_at(RULE, source, answer, claim.start, message, hint)


def contradictions(
    answer: str, other: str, questions: tuple[str, str]
) -> Iterator[tuple[Claim, Claim]]:
    """The facts of an answer that another answer contradicts, each with the other's fact.

    A fact that the other answer states, too, contradicts nothing, whatever else is said there.

    Args:
        answer: an answer, as Markdown.
        other: the other answer.
        questions: what each of them answers.
    """
    ours, theirs = claims(answer), claims(other)
    own = [claim for claim in ours if not _stated(claim, theirs)]
    taken = set()
    for claim in own:
        for against in theirs:
            if (
                claim.kind not in taken
                and not _stated(against, ours)
                and _comparable(claim, against)
                and _same_thing(claim, against, (ours, theirs), questions)
            ):
                taken.add(claim.kind)
                yield claim, against


def _same_questions(source: Source, context: Context) -> Iterator[tuple[Source, tuple[str, str]]]:
    """The entries that answer the same question, with the questions of both.

    A similar question in common is not enough: 要等几天 may be asked of anything.
    """
    found: dict[str, list[Alike]] = {}
    for alike in entries_alike(source, context):
        found.setdefault(alike.source.document.id, []).append(alike)
    for pairs in found.values():
        first = pairs[0]
        titles = any(
            one.question == source.document.title or one.other == first.source.document.title
            for one in pairs
        )
        if titles or len({one.question for one in pairs}) > 1:
            yield first.source, (first.question, first.other)


def _stated(claim: Claim, others: Sequence[Claim]) -> bool:
    return any(one.kind == claim.kind and one.value == claim.value for one in others)


def _comparable(claim: Claim, other: Claim) -> bool:
    if claim.grade != other.grade and claim.grade and other.grade:
        return False
    return claim.kind == other.kind and (
        claim.bound == other.bound or {claim.bound, other.bound} in _LOOSE
    )


def _same_thing(
    claim: Claim,
    other: Claim,
    all_claims: tuple[Sequence[Claim], Sequence[Claim]],
    questions: tuple[str, str],
) -> bool:
    """Whether two facts of a kind are about the same thing."""
    if claim.about & other.about:
        return True
    if claim.kind in _VERDICTS:
        return not (claim.about and other.about)
    asked = _ASKED.get(claim.kind)
    if claim.about and other.about and not (asked and all(map(asked.search, questions))):
        return False
    # Nothing else may be meant.
    return all(
        sum(_comparable(mine, one) for one in known) == 1
        for mine, known in ((claim, all_claims[0]), (other, all_claims[1]))
    )
