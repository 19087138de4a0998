"""Facts that an answer states: amounts and times, and whether something is so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass

from casebook.checks.prose import prose
from casebook.documents import chinese_number


@dataclass(frozen=True)
class Claim:
    """A fact that an answer states.

    Attributes:
        kind: what is measured, as ``money`` or ``time``; or what is granted or denied.
        value: how much, in the kind's unit; 1 or 0 where something is so or not.
        start: where it begins in the answer, from 0.
        text: the words.
        bound: whether it is the ``most``, the ``least``, what is ``usual``, or from where on
            something else holds; empty when nothing is said.
        about: what the words around it are about: pairs of characters for amounts and times, single
            ones for the rest; empty where they say nothing.
    """

    kind: str
    value: float
    start: int
    text: str
    bound: str = ""
    about: Set[str] = frozenset()


_NUMBER = r"(?P<n>\d+(?:\.\d+)?|[一二两三四五六七八九十百]{1,5}|半)"
# Unit, kind, times how much of the kind's own unit.
_UNITS: tuple[tuple[str, str, float], ...] = (
    (r"[%％]", "share", 1),
    (r"折", "discount", 1),
    (r"(?:元|块)(?:钱)?(?!\s*\d\s*[角毛])", "money", 1),
    (r"[角毛](?:钱)?", "money", 0.1),
    (r"分钟", "time", 1),
    (r"个?(?:小时|钟头)", "time", 60),
    (r"天|个?自然日|日(?=之?[内后]|以[内后])", "time", 24 * 60),
    (r"个?(?:星期|礼拜)|周(?![岁年末])", "time", 7 * 24 * 60),
    (r"个?工作日", "workdays", 1),
    (r"个月", "months", 1),
    (r"年(?=之?[内后]|以[内后]|[期，。])", "months", 12),
    (r"兆", "speed", 1),
    (r"个?\s*M[Bb]?(?![A-Za-z])", "data", 1 / 1024),
    (r"个?\s*G[Bb]?(?![A-Za-z])", "data", 1),
)
_QUANTITY = re.compile(
    r"(?P<per>百分之|千分之)?\s*(?:" + _NUMBER + r"\s*)"
    r"(?:(?P<cents>[元块]\s*(?P<tenths>\d)(?:\s*[角毛]|(?=[，。；、的？！]|$)))|"
    + "|".join(f"(?P<u{place}>{unit})" for place, (unit, _, _) in enumerate(_UNITS))
    + r"|(?P<half>个半(?:小时|钟头)))"
    r"|(?P<of>百分之|千分之)\s*(?P<m>\d+(?:\.\d+)?|[一二两三四五六七八九十]{1,3})"
)
_MOST_YEARS = 30
_GENERATION = re.compile(r"[2-6]\s?G")
# What stands right before the time that a price is for: 28 元一天, 每超一天.
_PRICED = re.compile(r"(?:[元块钱费/]|每超?|按|不足)\s*$")
_EXAMPLE = re.compile(r"比方|比如|例如|譬如|举个例|好比|假如")
_SENTENCE = re.compile(r"[^。！？；!?;\n]+")
_CLAUSE = re.compile(r"[^，,：:]+")
_BOUNDS = (
    ("from", re.compile(r"(?:满|超[过出]?|过了?|不足|不到|没到|达到?|够|第|头)\s*$"), None),
    (
        "most",
        re.compile(r"(?:最[长多迟晚高慢]|不会?[超多][过于]|至多|顶多|封顶)\D{0,6}$"),
        re.compile(r"\s*封顶"),
    ),
    (
        "least",
        re.compile(r"(?:最[少低]|至少|不[少低]于|起码)\D{0,6}$"),
        re.compile(r"\s*(?:起|以上)"),
    ),
    ("usual", re.compile(r"(?:一般|通常|多[数半]|大[约概]|正常)\D{0,8}$"), re.compile(r"\s*左右")),
)
# Words that stand beside any fact.
_COMMON = re.compile(
    r"一般|通常|最[长多迟晚高慢少低快]|不会?超过|不会多于|不少于|以[内后]|之[内后]|左右|大[约概]|封顶|至[少多]|起码"
    r"|现在|可以|需要|我们|您们?|你们?|我|统一|全国|总共|一共|系统|自动|马上|当场|准确|每|只要"
    r"|一[个下次张份笔]|这[个笔边]?|那[个笔边]?|[的了会能给请再都也在内后是要就按把和跟到算共只还先而且得让由从往约]"
)
_HAN = re.compile(r"[\u4e00-\u9fff]+")


def claims(answer: str) -> list[Claim]:
    """The facts that an answer states: amounts and times in their order, then what is so.

    Args:
        answer: an answer, as Markdown.
    """
    text = prose(answer)
    return [*_quantities(text), *_verdicts(text)]


def _quantities(text: str) -> Iterator[Claim]:
    for sentence in _SENTENCE.finditer(text):
        example = _EXAMPLE.search(sentence[0])
        clauses = list(_CLAUSE.finditer(sentence[0]))
        for place, clause in enumerate(clauses):
            for match in _QUANTITY.finditer(clause[0]):
                start = clause.start() + match.start()
                if example and start > example.start():
                    return_early = True
                    break
                measured = _measured(clause[0], match)
                if measured:
                    before, after = clause[0][: match.start()], clause[0][match.end() :]
                    yield Claim(
                        *measured,
                        sentence.start() + start,
                        clause[0].strip(" \0"),
                        _bound(before, after),
                        _around([one[0] for one in clauses], place),
                    )
