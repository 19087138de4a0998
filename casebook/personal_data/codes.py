"""Codes with letters: e-mail addresses, plates, chat accounts, passports and permits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casebook.personal_data.kinds import Candidate, PersonalKind
from casebook.personal_data.surroundings import lines_with, names_a_thing, outside_web_addresses

_AT = re.compile(
    r"(?:@|[\[(] ?(?:at|AT|At) ?[\])]|艾特) ?"
    r"(?P<domain>(?:[A-Za-z0-9-]{1,63}(?:[.。]| ?[\[(] ?(?:dot|DOT|Dot|点) ?[\])] ?)){1,4}"
    r"[A-Za-z]{2,12})(?![A-Za-z0-9])"
)
_DOT = re.compile(r"。| ?[\[(] ?(?:dot|点) ?[\])] ?", re.I)
_USER = re.compile(r"(?<![A-Za-z0-9._%+*-])[A-Za-z0-9_][A-Za-z0-9._%+-]{0,63}$")
_LONGEST_USER = 70
_SAMPLE_DOMAIN = re.compile(
    r"(?:.*\.)?(?:example(?:\.[a-z]{2,3}){0,2}|test|invalid|localhost|local)", re.I
)
_FILE_ENDING = re.compile(r".*\.(?:png|jpe?g|gif|svg|webp|css|js|ts|html?|md|py|json|git)", re.I)
# Mailboxes of an office, not of a person.
_OFFICE = frozenset(
    "git root info admin kefu service services support contact help hotline noreply no-reply"
    " no_reply donotreply postmaster webmaster customer-service customerservice".split()
)
_MASK = re.compile(r"[xX]{3,}")

_PROVINCE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
# Case is written out: a pattern that ignores it is searched ten times slower.
_PLATE = re.compile(
    rf"[{_PROVINCE}] ?[A-HJ-NP-Z][ ·.-]{{0,2}}"
    r"(?:(?P<new>[A-HJK][ ·.-]?[A-HJ-NP-Z0-9][0-9]{4}|[0-9]{5}[A-HJK])"
    r"|(?P<old>(?:[ ·-]?[A-HJ-NP-Z0-9]){5})"
    r"|(?P<tail>[A-HJ-NP-Z0-9]{4}[挂学警港澳领]))(?![A-Za-z0-9*])",
    re.I,
)
_PLATE_WORDS = re.compile(r"车牌|牌照|号牌|车辆|车号|车主|轿车|货车|车\b|plate", re.I)
# 北京、更新…: the character before makes a word of what looks like a province.
_WORD_WITH = {
    "京": "北南东燕",
    "津": "天",
    "川": "四银汶",
    "苏": "江复",
    "宁": "南辽西济",
    "新": "更最全刷翻重创革",
    "云": "阿里白青乌",
    "贵": "珍宝昂",
    "青": "年",
    "吉": "",
    "黑": "",
    "藏": "西收",
    "蒙": "内",
    "甘": "不",
}

_CHAT_STRONG = (
    r"微 ?信(?:账号|帐号|号码?|ID|名|同号|联系(?:方式)?)|[微薇威]信?号|薇信|威信"
    r"|加(?:我|个|一下|下|您|你)*的?(?:微信|薇信|[vV]信?|QQ|扣扣|企鹅)号?"
    r"|\+ ?[vV](?:信|x)?(?![A-Za-z])|[vV]信号?"
    r"|(?<![A-Za-z])(?:vx|wx|wechat|weixin)(?![A-Za-z])(?:号|ID|id)?"
    r"|QQ(?:账号|帐号|号码?|群号?)|扣扣(?:号|群)?号?|企鹅号|[qQ]群?号|[qQ]群|加群|群号|加[qQ](?![A-Za-z])"
)
_CHAT = re.compile(
    rf"(?:(?P<strong>{_CHAT_STRONG})|(?P<weak>微 ?信|(?<![A-Za-z])QQ))"
    r"(?P<gap>,?[ :=是为叫(\[【「“\"|`*>-]{0,5}(?:号?[:是为] ?)?)"
    r"(?P<account>[A-Za-z][A-Za-z0-9_-]{4,19}|[1-9][0-9]{4,11})(?![A-Za-z0-9_@-]|\.[0-9a-zA-Z]|[*%])",
    re.I,
)
_CHAT_SIGNS = re.compile(
    r"[微薇威扣企qQvVwW加群](?: ?[信扣鹅号群qQxXeE]|(?<=[我个下您你的加+ ][vV])|(?<=加[qQ]))"
)
_SERVICE = re.compile(r"100(?:86|10|00|01|50|99)|12[0-9]{3}|9[56][0-9]{3}|1[12][0-9]|400[0-9]{7}")
_DAY = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])")
_UNIT_AFTER = re.compile(r" ?(?:元|版|年|月|次|条|个|人|万|亿|MB|GB|天|分|秒|名|位|家|款|级)", re.I)
_NOT_ACCOUNT = re.compile(
    r"(?:android|windows|iphone|harmony|macos|linux|ipad|version|beta|h5|pc|app).*|[xX]+", re.I
)
# A sign that is the middle of a longer code: 91QQ1234567.
_IN_TOKEN = re.compile("[A-Za-z0-9]{2}")
_QQ = re.compile("[qQ扣鹅]")
_SHORTEST_ID = 6

_PERMIT_WORDS = r"护照|通行证|回乡证|台胞证|居留证|居留许可|旅行证|军官证|士兵证|passport"
_PERMIT_SIGNS = re.compile(f"{_PERMIT_WORDS}|Passport|PASSPORT")
_PERMIT = re.compile(
    rf"(?:{_PERMIT_WORDS})(?P<gap>[^\nA-Za-z0-9。;]{{0,12}}(?:No\.?|ID)?[^\nA-Za-z0-9。;]{{0,3}})"
    r"(?P<number>[A-Z]{1,3}[ -]?[0-9]{7,12}|[A-Z]{2}[0-9]{6}|[0-9]{8,10})"
    r"(?![A-Za-z0-9*]|[-.][0-9])",
    re.I,
)
_PERMIT_AFTER = re.compile(
    rf"(?<![A-Za-z0-9-])(?P<number>[A-Z]{{1,2}}[0-9]{{7,10}})"
    rf"(?=[ (,:|]{{0,3}}(?:是|为)?(?:本人|他|她|客户|我)?的?"
    rf"(?:因私|普通|港澳|台湾|往来){{0,2}}(?:{_PERMIT_WORDS}))",
    re.I,
)


def find_codes(text: str) -> Iterator[Candidate]:
    """All codes in a text that are somebody's.

    Args:
        text: folded text.
    """
    yield from outside_web_addresses(text, _all_codes(text))


def _all_codes(text: str) -> Iterator[Candidate]:
    yield from _emails(text)
    yield from _plates(text)
    for start, end in lines_with(_CHAT_SIGNS, text):
        for match in _CHAT.finditer(text, start, end):
            if _is_account(text, match):
                yield Candidate(PersonalKind.CHAT_ACCOUNT, *match.span("account"))
    for start, end in lines_with(_PERMIT_SIGNS, text):
        for match in (
            *_PERMIT.finditer(text, start, end),
            *_PERMIT_AFTER.finditer(text, start, end),
        ):
            if not _DAY.fullmatch(match["number"]):
                yield Candidate(PersonalKind.PASSPORT, *match.span("number"))


def _emails(text: str) -> Iterator[Candidate]:
    for match in _AT.finditer(text):
        begin = max(0, match.start() - _LONGEST_USER)
        user = _USER.search(text[begin : match.start()].removesuffix(" "))
        if user and _is_somebodys(user[0], _DOT.sub(".", match["domain"])):
            yield Candidate(PersonalKind.EMAIL, begin + user.start(), match.end())


def _is_somebodys(user: str, domain: str) -> bool:
    if _SAMPLE_DOMAIN.fullmatch(domain) or _FILE_ENDING.fullmatch(domain):
        return False
    return user.lower() not in _OFFICE and not _MASK.search(user)


def _plates(text: str) -> Iterator[Candidate]:
    for match in _PLATE.finditer(text):
        code = match["new"] or match["old"] or match["tail"]
        start = match.start()
        told = _PLATE_WORDS.search(text[max(0, start - 10) : start])
        part_of_word = start > 0 and text[start - 1] in _WORD_WITH.get(text[start], "")
        if not any(character.isdigit() for character in code) or _MASK.search(code):
            continue
        if told or not (part_of_word or _UNIT_AFTER.match(text, match.end())):
            yield Candidate(PersonalKind.PLATE, start, match.end())


def _is_account(text: str, match: re.Match[str]) -> bool:
    account, strong = match["account"], bool(match["strong"])
    if _IN_TOKEN.search(text[max(0, match.start() - 1) : match.start() + 1]):
        return False
    if account.isdigit():
        if names_a_thing(text, match.start("account")) or _UNIT_AFTER.match(text, match.end()):
            return False
        return not _SERVICE.fullmatch(account) and (strong or not _DAY.fullmatch(account))
    # QQ numbers have no letters.
    if _QQ.search(text, match.start(), match.start("gap")) or _MASK.search(account):
        return False
    if _NOT_ACCOUNT.fullmatch(account):
        return False
    long, plain = len(account) >= _SHORTEST_ID, account.isalpha()
    return (long or not plain) if strong else (long and not plain)
