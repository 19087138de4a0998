"""Analyses that see one side only."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_at
from casebook.checks.prose import prose
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "one-sided-analysis",
    "评析写一个不同的看法，并且认真对待。",
    "只有一面的评析没有人信；反对的理由不写出来，同事心里照样有。",
    Example(
        Kind.CASE,
        "也要为坐席说一句：系统没有把历史工单放在眼前。"
        "也有同事认为，每通都翻旧单会拖长排队；所以只在一周内第二次报障时翻。\n",
        "系统应当把历史工单放在眼前。\n",
    ),
    severity=Severity.WARNING,
    topic=Topic.STRUCTURE,
    since="0.2",
)
_OTHER_SIDE = re.compile(
    "也[要应该](?:看|想|承认|替|为|说|听|提)|也有(?:人|同事|一面|道理|意见|委屈|难|不|过|可|另|她|他|反)|反过来|反之|另一[面方种层]|另外一面|不过|但|可是|然而|只是|虽然|尽管|固然|诚然|"
    "替.{1,12}[说想]|为.{1,12}说一?句|(?<!没)有人|有的?同事|公道|公平|公正地|不同(?:意见|看法|的声音|观点)|"
    "反[面对方]|难处|苦衷|保留意见|顾虑|代价|委屈|担心|未必|并非|不全|换个角度|也许|争[得论议]|"
    "不[能好]全?说|风险|不足|可议|没有定论|要提防|留余地|不敢说|原本|本来"
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for an analysis without a counter-view."""
    section = source.document.section("analysis")
    if section and not _OTHER_SIDE.search(prose(section.text)):
        hint = "写一个不同的看法，如“也有同事认为，先退费会让人觉得闹了才给”，再说你怎么看。"
        yield problem_at(RULE, source, section, 0, "评析只有一面之词。", hint)
