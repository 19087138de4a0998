"""Analyses that judge people in stock phrases."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.checks.context import Context
from casebook.checks.places import problem_at
from casebook.checks.prose import shortened, unquoted
from casebook.documents import Kind
from casebook.library import Source
from casebook.problems import Problem, Severity
from casebook.rules import Example, Rule, Topic

RULE = Rule(
    "praise-or-blame",
    "评析说做法的得失，不说人的好坏，不用套话。",
    "停在“责任心不强”的评析等于没有分析：换一个人，同样的流程还会出同样的事。",
    Example(
        Kind.CASE,
        "去掉其中任何一环，第二次就能派对人。",
        "去掉其中任何一环，第二次就能派对人。前两位坐席责任心不强，教训深刻。",
    ),
    severity=Severity.WARNING,
    topic=Topic.STRUCTURE,
    since="0.2",
)
_JUDGED = "责任心|责任感|责任意识|服务意识|服务态度|业务能力|业务水平|业务素质|大局意识|敬业精神"
_STOCK = re.compile(
    r"教训(?:十分|极其|非常|极为|是)?深刻|深刻(?:的)?教训|引以为(?:戒|鉴)|敲响了?警钟|举一反三|"
    r"(?:值得|供)[^，。\n]{0,8}(?:学习|借鉴|表扬|推广|点赞)|榜样|树立了?[^，。\n]{0,8}形象|"
    rf"(?:{_JUDGED})[^，。、\n]{{0,4}}(?:不强|不够|[较太]?差|淡薄|欠缺|缺失|缺乏|薄弱|低下|不足)|"
    rf"(?:缺乏|缺少|没有)[^，。\n]{{0,3}}(?:{_JUDGED})|"
    r"不负责任|工作(?:不认真|马虎|懈怠)|素质(?:太|较|很)?[低差]|态度(?:十分|极其|非常)?恶劣|"
    r"充分(?:体现|展现|展示|彰显)|坚持原则|顶住压力|占便宜|胡搅蛮缠|发扬[^，。\n]{0,6}精神|"
    r"后果不堪设想|政治站位|责任担当|新局面|贡献[^，。\n]{0,6}力量|"
    r"(?:给予|提出)[^，。\n]{0,6}(?:表扬|批评)|严肃(?:处理|批评|追责)|可圈可点"
)


def check(source: Source, context: Context) -> Iterator[Problem]:
    """Yields a problem for each paragraph with stock phrases of praise or blame."""
    section = source.document.section("analysis")
    if section is None:
        return
    start = 0
    for line in unquoted(section.text).split("\n"):
        found = list(_STOCK.finditer(line))
        if found:
            phrases = "”“".join(shortened(match[0], 12) for match in found[:3])
            message = f"“{phrases}”是评人的套话。"
            hint = "写做法的得失：哪一步、差了什么、为什么会这样做；再往前问一层流程和系统。"
            yield problem_at(RULE, source, section, start + found[0].start(), message, hint)
        start += len(line) + 1
