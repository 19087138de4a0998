"""Facts that an answer states: amounts and times, and whether something is so."""

from __future__ import annotations

import functools
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
        grade: the grade that it is for, as 500 兆; empty where the sentence names none.
    """

    kind: str
    value: float
    start: int
    text: str
    bound: str = ""
    about: Set[str] = frozenset()
    grade: str = ""


_N = r"(\d+(?:\.\d+)?|[一二两三四五六七八九十百]{1,5}|半)"
# What is measured, how it is written, and how much of the kind's unit one is.
_QUANTITIES: tuple[tuple[str, re.Pattern[str], float], ...] = tuple(
    (kind, re.compile(pattern.replace("N", _N)), unit)
    for kind, pattern, unit in (
        ("share", r"百分之\s*N", 1),
        ("share", r"千分之\s*N", 0.1),
        ("share", r"N\s*[%％]", 1),
        ("discount", r"N\s*折", 1),
        ("money", r"N\s*(?:元|块(?!儿))钱?(?:\s*(\d)(?:\s*[角毛]|(?=[，。；、？！]|$)))?", 1),
        ("money", r"(?<![元块\d])(?<![元块]\s)N\s*[角毛]钱?", 0.1),
        ("time", r"N\s*分钟", 1),
        ("time", r"N\s*(?:个(半)?)?(?:小时|钟头)", 60),
        ("time", r"N\s*(?:天|个?自然日|日(?=之?[内后]|以[内后]))", 24 * 60),
        ("time", r"N\s*(?:个?(?:星期|礼拜)|周(?![岁年末]))", 7 * 24 * 60),
        ("workdays", r"N\s*个?工作日", 1),
        ("months", r"N\s*个月", 1),
        ("months", r"(?<![\d])N\s*年(?=之?[内后]|以[内后]|[期，。]|$)", 12),
        ("data", r"N\s*个?\s*MB?(?![A-Za-z])", 1 / 1024),
        ("data", r"N\s*个?\s*GB?(?![A-Za-z])", 1),
    )
)
_MOST_YEARS = 30 * 12
_GRADE = re.compile(r"\d+\s*(?:兆|元(?=档|那档|一档|的套餐))")
_GENERATION = re.compile(r"[2-6]\s?G$")
# What stands right before the time that a price is for: 28 元一天, 每超一天.
_PRICED = re.compile(r"(?:[元块钱费/]|每超?|按|不足)\s*$")
_EXAMPLE = re.compile(r"比方|比如|例如|譬如|举个例|好比|假如")
_SENTENCE = re.compile(r"[^。！？；!?;\n]+")
_CLAUSE = re.compile(r"[^，,：:]+")
_BOUNDS = (
    (
        "from",
        re.compile(
            r"(?:满|(?<!不)(?<!不会)超[过出]?|(?<!超)过了?|不足|不到|没到|达到?|够|第|头)\s*$"
        ),
        None,
    ),
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
# Different words for what is done in a time, or paid.
_SAME_WORDS = (
    (re.compile(r"回复|回话|回电|回音|结果"), "答复"),
    (re.compile(r"复机|开机|恢复使用|重新开通"), "恢复"),
    (re.compile(r"修复|修完|抢通"), "修好"),
    (re.compile(r"装完|装上|安装完"), "装好"),
    (re.compile(r"月租费?|每个?月|一个月"), "月费"),
    (re.compile(r"服务费|工本费"), "手续费"),
)
_HAN = re.compile(r"[\u4e00-\u9fff]+")


@functools.lru_cache(maxsize=1024)
def claims(answer: str) -> tuple[Claim, ...]:
    """The facts that an answer states: amounts and times in their order, then what is so.

    Args:
        answer: an answer, as Markdown.
    """
    text = prose(answer)
    return (*_quantities(text), *_verdicts(text))


def _quantities(text: str) -> Iterator[Claim]:
    for sentence in _SENTENCE.finditer(text):
        example = _EXAMPLE.search(sentence[0])
        end = example.start() if example else len(sentence[0])
        grade = "".join(_GRADE.findall(sentence[0])).replace(" ", "")
        clauses = list(_CLAUSE.finditer(sentence[0], 0, end))
        for place, clause in enumerate(clauses):
            for kind, value, start, stop in _measured(clause[0]):
                yield Claim(
                    kind,
                    value,
                    sentence.start() + clause.start() + start,
                    clause[0].strip(" \0"),
                    _bound(clause[0][:start], clause[0][stop:]),
                    _around([one[0] for one in clauses], place),
                    grade,
                )


def _measured(clause: str) -> Iterator[tuple[str, float, int, int]]:
    """Kind, value, begin and end of the amounts and times in a part of a sentence."""
    for kind, pattern, unit in _QUANTITIES:
        for match in pattern.finditer(clause):
            number = _number(match[1])
            if number is None or _is_other(kind, clause, match):
                continue
            more = match[2] if match.re.groups > 1 else None
            extra = 0.5 if more == "半" else int(more) / 10 if more else 0
            yield kind, round((number + extra) * unit, 4), match.start(), match.end()


def _is_other(kind: str, clause: str, match: re.Match[str]) -> bool:
    """Whether it only looks like an amount or a time: a network, a year, what a price is for."""
    if kind == "data" and _GENERATION.match(match[0]) and "流量" not in clause[match.end() :][:3]:
        return True
    return kind in ("time", "months", "data") and bool(_PRICED.search(clause[: match.start()]))


def _number(text: str) -> float | None:
    if text == "半":
        return 0.5
    if text == "两":
        return 2
    return chinese_number(text) if not text[0].isdigit() else float(text)


def _bound(before: str, after: str) -> str:
    for bound, leading, trailing in _BOUNDS:
        if leading.search(before) or (trailing and trailing.match(after)):
            return bound
    return ""


def _around(clauses: list[str], place: int) -> Set[str]:
    """What the words around a fact are about: those of its part of the sentence, or before it."""
    for clause in reversed(clauses[: place + 1]):
        about = _pairs(clause)
        if about:
            return about
    return frozenset()


def _pairs(clause: str) -> Set[str]:
    for _, pattern, _ in _QUANTITIES:
        clause = pattern.sub(" ", clause)
    for words, word in _SAME_WORDS:
        clause = words.sub(word, clause)
    runs = _HAN.findall(_COMMON.sub(" ", clause))
    return {run[place : place + 2] for run in runs for place in range(max(1, len(run) - 1))}


_GRANTS: tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (kind, re.compile(denied), re.compile(granted))
    for kind, denied, granted in (
        (
            "may",
            r"不可以|不能|不行|没法|无法|[\u4e00-\u9fff]不了|不支持|不允许|不得|不予",
            r"可以|(?<!不)能(?![够力])|支持|允许|行(?=[，。！的]|$)",
        ),
        (
            "must",
            r"不需要|不用|不必|无需|用不着|不一定要|不要求",
            r"需要|必须|得(?=[本先带去要交])|^要",
        ),
        ("will", r"不会", r"会(?!员|议)"),
        ("has", r"没有", r"^有"),
    )
)
_FREE = re.compile(
    r"不(?:另|额外|再)?(?:收(?!到|回)|要钱|花钱)|免费|免收|不用(?:付|交|花|掏)|不产生费用|(?<!\d)0\s*元"
)
_COSTS = re.compile(
    r"(?<!不)要(?:收|付|交|缴|掏)|(?<![不另额再])收费(?!标准)|(?<!不)收取|需(?:要)?(?:付|交|缴|支付)|得(?:付|交|缴|掏)"
    r"|(?<!不)收[^，。]{0,6}?\d+\s*[元块]|(?:手续|工本|服务|上门|安装|开通|移机)费[^，。不免]{0,3}\d+\s*[元块]"
)
# What holds only then says nothing of the rest.
_CONDITION = re.compile(
    r"如果|要是|的话|除非|只有|除了|以外|没|未|期[内间]|之前|以前|到期|有的地方|部分|头\s*\d|满|超过"
)
_POLITE = re.compile(r"^(?:您好|你好|抱歉|很抱歉|不好意思|对不起|是的|请放心|您放心)[，,。！]\s*")
_MOST_CLAUSE = 24


def _verdicts(text: str) -> Iterator[Claim]:
    """Whether something is so, as the first sentence says."""
    polite = _POLITE.match(text)
    start = polite.end() if polite else 0
    sentence = _SENTENCE.match(text, start)
    if not sentence:
        return
    clause = re.split(r"[，,：:]", sentence[0], maxsplit=1)[0]
    if len(clause) <= _MOST_CLAUSE and not _CONDITION.search(clause.replace("没有", "", 1)):
        for kind, denied, granted in _GRANTS:
            no, yes = denied.search(clause), granted.search(clause)
            found = no or yes
            if found:
                # 改不了: what cannot be done stands before.
                place = found.start() if found[0].endswith("不了") else found.end()
                said = _COMMON.sub("", clause[place:].replace("不了", ""))
                about = frozenset("".join(_HAN.findall(said)))
                # 您说一声就行 grants nothing.
                if about or _HAN.sub("", clause) or found.start() == 0:
                    yield Claim(kind, 0 if no else 1, start, clause, "", about)
                break
    free, costs = _FREE.search(sentence[0]), _COSTS.search(sentence[0])
    found = free or costs
    if found and not (free and costs) and not _CONDITION.search(sentence[0][: found.end()]):
        words = next(one[0] for one in _CLAUSE.finditer(sentence[0]) if one.end() > found.start())
        yield Claim("free", 1 if free else 0, start + found.start(), words.strip(), "")
