"""Postal addresses, told by their structure: place, road and number, building, unit, room."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.personal_data.kinds import Candidate, PersonalKind

_HAN = "[\u4e00-\u9fa5]"
_N = "[0-9一二三四五六七八九十百零〇]"
_REACH = 60
# An address always has one of these; everything else is looked for around it.
_ANCHOR = re.compile(
    rf"{_N} ?(?:号|栋|幢|座|弄|单元|室|组|房)|[A-Za-z] ?[座栋幢]|[0-9]-[0-9]{{1,2}}-[0-9]{{3,4}}"
)
_BREAK = re.compile(r"[\n,;。:|?!()\"“”、]")
_PROVINCE = re.compile(
    "北京|上海|天津|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川"
    "|贵州|云南|陕西|甘肃|青海|内蒙古|广西|西藏|宁夏|新疆"
)
_ADMIN = re.compile(
    rf"{_HAN}{{2}}(?:省|自治[区州县]|市|新区|开发区|街道|镇|乡|县)"
    rf"|(?<![小园社地景库专])(?<={_HAN})区(?=[\u4e00-\u9fa5 ])"
)
_ROAD = re.compile(
    rf"{_HAN}(?:大道|大街|路|街|巷|胡同|道|里|村|庄|屯|条|弄)(?:[东西南北中]{{0,2}}(?:[一二三四五六七八九十]?段)?)"
    rf" ?{_N}{{1,5}}(?:-[0-9]{{1,4}})? ?(?:弄|号)(?!线|楼)"
)
_LANE = re.compile(rf"{_HAN}(?:路|街|道) ?{_N}{{1,5}} ?弄")
_COMPOUND = re.compile(
    rf"{_HAN}(?:小区|花园|花苑|家园|公寓|大厦|广场|公馆|社区|新村|新城|国际|中心|名都|苑|园|城|府|湾|郡|轩|庭|居|村|里|庄)"
    rf"(?=[一二三四五六七八九十东西南北]?[期区]? ?(?:{_N}|[A-Za-z])|[东西南北][区苑院])"
)
_BUILDING = re.compile(rf"(?:{_N}{{1,4}}|[A-Za-z][0-9]{{0,2}}) ?(?:号楼|号院|栋|幢|座)")
_UNIT = re.compile(rf"(?:{_N}{{1,3}}|[A-Za-z甲乙丙丁]) ?单元")
_ROOM = re.compile(rf"{_N}{{1,5}} ?(?:室|房(?!间|子)|户(?!口))|{_N}{{1,3}} ?[楼层] ?[0-9]{{3,4}}")
_BARE_ROOM = re.compile(r"(?:楼|栋|幢|座|单元|元|号|弄|梯|层) ?-?[0-9]{3,4}(?![0-9年元])")
_DASHED = re.compile(r"(?<![0-9-])[0-9]{1,3}-(?:[0-9]{1,2}-)?[0-9]{3,4}(?![0-9-])")
_VILLAGE = re.compile(rf"{_HAN}(?:村|屯|寨|坪|湾) ?(?:{_N}{{1,3}}|[东西南北]) ?(?:组|社|队|号)")
_CONTEXT = re.compile(
    r"住址|地址|家住|住在|现住|居住|户籍|寄到|寄往|送到|送货|收货|快递到|上门|搬到|搬进|安装在|装机|家在|家是"
)
_OFFICE = re.compile(
    r"营业厅|门店|网点|专营店|旗舰店|(?:公司|办公|注册|营业|门店|单位|网点|法院|办事处)(?:的)?地址|派出所|法院|消协|仲裁"
)
_MASK = re.compile(r"某|[*#＊]{1,}|[xX]{2,}|[〇○]{2,}")
_LEAD = re.compile(
    r".*(?:住址|地址|家住|住在|现住|居住|户籍|所在地|寄到|寄往|送到|送货|收货|快递到|上门|搬到|搬进|安装|位于|家在|客户|用户|我家"
    r"|[是为在到至往去住寄送从由])"
)
# A name of a place that is more than this is a sentence.
_LONGEST_NAME = 9


def find_addresses(text: str) -> Iterator[Candidate]:
    """All addresses in a text that name a house or a room.

    Args:
        text: folded text.
    """
    done = 0
    for anchor in _ANCHOR.finditer(text):
        if anchor.start() < done:
            continue
        start, end = _segment(text, anchor.start(), anchor.end(), done)
        done = end
        span = _address(text[start:end])
        if not span:
            continue
        first, last, proven = start + span[0], start + span[1], span[2]
        told = proven or _CONTEXT.search(text[max(0, start - 12) : first])
        if told and not _of_an_office(text, first, last):
            yield Candidate(PersonalKind.ADDRESS, first, last)


def _segment(text: str, start: int, end: int, floor: int) -> tuple[int, int]:
    """The part of the sentence around an anchor."""
    first = max(floor, start - _REACH)
    for stop in _BREAK.finditer(text, first, start):
        first = stop.end()
    following = _BREAK.search(text, end, end + _REACH)
    return first, following.start() if following else min(len(text), end + _REACH)


def _address(segment: str) -> tuple[int, int, bool] | None:
    """Where the address in a segment is, and whether its structure alone proves it."""
    roads = [*_ROAD.finditer(segment), *_LANE.finditer(segment), *_VILLAGE.finditer(segment)]
    houses = list(_BUILDING.finditer(segment))
    units = list(_UNIT.finditer(segment))
    rooms = [*_ROOM.finditer(segment), *_BARE_ROOM.finditer(segment)]
    places = [*_PROVINCE.finditer(segment), *_ADMIN.finditer(segment)]
    compounds = list(_COMPOUND.finditer(segment))
    # 阳光花园3-2-501: building, unit and room in one.
    dashed = list(_DASHED.finditer(segment)) if compounds else []
    rooms += dashed
    details = sum(map(bool, (roads, houses, units, rooms)))
    if not details:
        return None
    named = [*roads, *places, *compounds]
    last = max(match.end() for match in (*roads, *houses, *units, *rooms))
    first = min(match.start() for match in (*named, *houses, *units, *rooms))
    first = _name_start(segment, first, bool(named))
    if last <= first or _MASK.search(segment, first, last + 2):
        return None
    proven = (
        (bool(roads) and (bool(places) or details > 1))
        or (bool(compounds or places) and bool(houses or units) and details > 1)
        or (bool(compounds) and bool(places or dashed))
        or details > 2  # noqa: PLR2004
    )
    return first, last, proven


def _name_start(segment: str, first: int, named: bool) -> int:
    """The beginning of the name that a part of an address ends with: ``家住|建国路88号``."""
    if not named or _PROVINCE.match(segment, first):
        return first
    begin = max(0, first - _LONGEST_NAME)
    head = segment[begin:first]
    lead = _LEAD.match(head)
    begin += lead.end() if lead else 0
    spaces = segment.rfind(" ", begin, first)
    return spaces + 1 if spaces >= 0 else begin


def _of_an_office(text: str, start: int, end: int) -> bool:
    return _OFFICE.search(text[max(0, start - 12) : end + 10]) is not None
