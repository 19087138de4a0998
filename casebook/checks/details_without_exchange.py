"""Details in which nobody speaks, or only one side does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_at
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "details-without-exchange",
    "细节里有双方的原话，至少四句。",
    "冲突多半是一句话引起、一句话转过来的；“态度不好”学不到，原话才学得到。",
    Example(
        Kind.CASE,
        "> 坐席A：“前两次断线，都是下雨以后，您这会儿外面在下吗？”\n>\n"
        "> 客户甲：“在下。总算有人往前看了一眼。”",
        "坐席A耐心询问了当时的天气情况，客户甲如实作答，情绪有所缓和。",
    ),
    severity=Severity.WARNING,
    topic=Topic.STRUCTURE,
    waiver="没有通话、没有见面的案例，如批量差错的排查。",
    since="0.2",
)
_LEAST = 4
# How far before a quotation its speaker is looked for.
_NEAR = 16
_SPOKEN = re.compile(
    r"(?P<block>[> ]*+)[*-]*+(?P<speaker>[^：:“「，。\n]{1,12}?)(?: ?\d{1,2}[:：]\d{2}){0,2}+"
    r"\**+[：:](?!\d)\**+\s*+(?P<words>\S)"
)
_QUOTE = re.compile(r"[“「](?P<words>[^“”「」\n]++)[”」]?")
_CUSTOMER = re.compile(r"客户|用户|机主|家属|乘客|商户|先生|女士|大爷|大妈|老人|业主|居民|投诉人")
_STAFF = re.compile(r"坐席|班长|客服|热线|店[员长主]|经理|师傅|柜员|营业员|专员|组长|值班|我|本人")
_LABEL = re.compile(r"[甲乙丙丁A-Za-z问答]|.{0,4}(?:客户|坐席|班长|客服|店员|师傅|经理).{0,2}")
_SAYS = re.compile(r"[，。？！?!…]|[吗呢吧啊了的]$|您|你")


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for details with fewer than four quoted lines, or with those of one side."""
    section = source.document.section("details")
    if section is None:
        return
    spoken = list(_speakers(section.text))
    if len(spoken) < _LEAST:
        found = f"只有 {len(spoken)} 句原话" if spoken else "一句原话也没有"
        message = f"细节里{found}。"
    elif len(set(spoken)) == 1 and spoken[0]:
        message = f"{len(spoken)} 句原话都是{spoken[0]}说的。"
    else:
        return
    hint = "听录音补上双方的原话，写成“客户甲：……”“坐席A：……”，起冲突和转过来的两句不能少。"
    yield problem_at(RULE, source, section, 0, message, hint)


def _speakers(text: str) -> Iterator[str]:
    """Who says each quoted line: 客户, 工作人员, or nothing where that is not certain."""
    for line in text.split("\n"):
        spoken = _SPOKEN.match(line)
        if spoken and (
            spoken["block"] or spoken["words"] in '“「"' or _LABEL.fullmatch(spoken["speaker"])
        ):
            yield _side(spoken["speaker"])
            continue
        for quote in _QUOTE.finditer(line):
            if len(quote["words"]) >= _LEAST and _SAYS.search(quote["words"]):
                before = line[max(quote.start() - _NEAR, 0) : quote.start()]
                yield _side(before.rpartition("。")[2])


def _side(words: str) -> str:
    customer, staff = _CUSTOMER.search(words), _STAFF.search(words)
    if bool(customer) == bool(staff):
        return ""
    return "客户" if customer else "工作人员"
