"""Numbers: mobiles, landlines, identity cards and bank cards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import phonenumbers
from stdnum import luhn, numdb
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from casebook.personal_data.kinds import Candidate, PersonalKind
from casebook.personal_data.surroundings import (
    lines_with,
    names_a_thing,
    near,
    outside_web_addresses,
    stands_alone,
)

_CENTURY = 1900
_LAST_YEAR = 2099
_S = r"[ .·-]{1,3}"
# What else people put between the groups of a mobile, whatever for.
_ODD = "_/()"
_ODD_S = rf"[ .·{_ODD}-]{{1,3}}"
_BEGIN = r"(?<![0-9])"
_END = r"(?![0-9])"
# Seven digits or more that are not just a date: only such lines are looked at.
_LONG = re.compile(
    r"[0-9](?<![0-9][0-9])(?!(?<=[12])(?:9|0)[0-9]{2}[-./][0-9]{1,2}[-./][0-9]{1,2}(?![0-9]))"
    rf"(?:(?:{_ODD_S})?[0-9]){{6}}"
)
_PREFIX = rf"(?:\(?\+?(?:00)?86\)?(?:{_S})?|0)?"
_MOBILE = re.compile(
    rf"{_BEGIN}{_PREFIX}(?P<core>1(?:{_ODD_S})?[3-9](?:(?:{_ODD_S})?[0-9]){{9}}){_END}"
)
_ID_18 = re.compile(rf"{_BEGIN}[1-8](?:(?:{_S})?[0-9]){{16}}(?:{_S})?[0-9xX](?![0-9a-zA-Z])")
_ID_15 = re.compile(rf"{_BEGIN}[1-8](?:(?:{_S})?[0-9]){{14}}{_END}")
_CARD = re.compile(rf"{_BEGIN}[2-9](?:(?:{_S})?[0-9]){{12,18}}{_END}")
_EXTENSION = r"(?: ?(?:转|分机号?|ext\.?|#|-) ?:? ?[0-9]{1,6}(?![0-9]))?"
_LANDLINE = re.compile(
    rf"(?<![0-9A-Za-z_])(?P<open>\(?)(?:(?P<abroad>\(?(?:\+|00)86\)?)(?:{_S})?)?\(?"
    rf"(?P<area>0?(?:10|2[0-9]|[3-9][0-9]{{2}}))(?P<close>\))?(?P<gap>[ .·-]{{0,3}})"
    rf"(?P<local>[1-9](?:(?:{_S})?[0-9]){{6,7}}){_END}{_EXTENSION}",
    re.I,
)
_LOCAL = re.compile(
    rf"(?:座机|固话|固定电话|宅电|家庭电话|家里电话|办公电话|单位电话|传真|电话)"
    rf"(?:号码|号)?[ :是为(|*]{{0,4}}"
    rf"(?P<local>[2-8][0-9]{{2,3}}(?:{_S})?[0-9]{{4}}){_END}{_EXTENSION}",
    re.I,
)

_SPOKEN = {
    character: str(value)
    for value, characters in enumerate(
        ("零〇○", "一幺壹", "二两贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
    )
    for character in characters
}
_ANY = f"[0-9{''.join(_SPOKEN)}]"
_SPOKEN_MOBILE = re.compile(
    rf"(?<!{_ANY})[1一幺壹](?:[ ,、-]?{_ANY}){{10}}(?![0-9{''.join(_SPOKEN)}十百千万亿点])"
)
_MOBILE_DIGITS = re.compile(r"1[3-9][0-9]{9}")
_PROVINCES = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65"
    " 71 81 82 83".split()
)
_ISSUER = re.compile(r"62[0-9]{14,17}|(?:4|5[1-5]|35)[0-9]{14,15}(?<=^[0-9]{16})|3[47][0-9]{13}")
# 898 begins the number of a SIM card.
_CARD_LENGTH = re.compile(r"(?!898)[0-9]{13,19}")
_UNIONPAY = re.compile(r"62[0-9]{14,17}")
_ID_WORDS = re.compile(r"身份|证件|实名|证号|居民证|\bID\b|公民|sfz", re.I)
_CARD_WORDS = re.compile(
    r"银行|信用卡|储蓄卡|借记卡|贷记卡|工资卡|公务卡|卡号|账号|账户|帐号|帐户|银联|开户行|打款|转账|汇款|收款|退款"
    r"|退到|打到|转到|付到|扣款|张卡|的卡|卡[里上内]|还款|刷卡|取款|邮储|[工农中建交招]行|绑卡|绑定|visa|master",
    re.I,
)
_NOT_CARD_WORDS = re.compile(r"充值卡|SIM|UIM|流量卡|电话卡|ICCID|卡密|IMEI|IMSI|串号|会员卡", re.I)
_PHONE_WORDS = re.compile(
    r"手机|电话|号码|联系|致电|拨打|来电|回电|回访|机主|座机|固话|传真|宅电|tel|phone|mobile|fax",
    re.I,
)
_CHAIN_BEFORE = re.compile(r"(?<![0-9])[0-9]{4}[ .·-]{1,3}$")
_CHAIN_AFTER = re.compile(r"[ .·-]{1,3}(?!(?:19|20)[0-9]{2}[-./年])[0-9]{4}(?![0-9])")
_TEN_BACK = (12, 0)


def find_numbers(text: str) -> Iterator[Candidate]:
    """All numbers in a text that are somebody's.

    Args:
        text: folded text.
    """
    yield from outside_web_addresses(text, _written_numbers(text))
    for match in _SPOKEN_MOBILE.finditer(text):
        digits = "".join(_SPOKEN.get(character, character) for character in match[0])
        # Without a spoken digit the other patterns have decided already.
        if not match[0].isascii() and _MOBILE_DIGITS.fullmatch(_digits(digits)):
            yield Candidate(PersonalKind.MOBILE, *match.span())


def _written_numbers(text: str) -> Iterator[Candidate]:
    for start, end in lines_with(_LONG, text):
        for find in (_id_cards, _bank_cards, _mobiles, _landlines):
            yield from find(text, start, end)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9xX]", "", text)


def _groups(text: str) -> list[int]:
    return [len(group) for group in re.findall(r"[0-9xX]+", text)]


def _mobiles(text: str, begin: int, stop: int) -> Iterator[Candidate]:
    end = -1
    for match in _MOBILE.finditer(text, begin, stop):
        start = _prefix_start(text, match)
        if _is_mobile(text, match, start, end):
            end = match.end()
            yield Candidate(PersonalKind.MOBILE, start, end)


def _prefix_start(text: str, match: re.Match[str]) -> int:
    """Where a number with its country code begins; a bracket that is not closed is left out."""
    start = match.start()
    prefix = text[start : match.start("core")]
    return start + 1 if prefix.startswith("(") and ")" not in prefix else start


def _is_mobile(text: str, match: re.Match[str], start: int, previous_end: int) -> bool:
    end = match.end()
    if not stands_alone(text, start, end) or names_a_thing(text, start):
        return False
    groups = _groups(match["core"])
    # A number that begins with 01 is mostly something else.
    if text[start] == "0" and text[start + 1] == "1":
        return near(_PHONE_WORDS, text, start, end, (12, 6))
    if len(groups) == 1:
        return True
    if any(sign in match["core"] for sign in _ODD) and not _oddly_grouped(text, match, groups):
        return False
    if _in_chain(text, start, end, previous_end):
        return False
    evenly = min(groups) > 2 or max(groups) == 1  # noqa: PLR2004
    return evenly or near(_PHONE_WORDS, text, start, end, (12, 4))


def _oddly_grouped(text: str, match: re.Match[str], groups: list[int]) -> bool:
    """Whether 139/1234/5678 is one number, and not a piece of a path or of a longer code."""
    around = text[match.start() - 1 : match.start()] + text[match.end() : match.end() + 1]
    return groups in ([3, 4, 4], [3, 8]) and not set(around) & {"_", "/"}


def _in_chain(text: str, start: int, end: int, previous_end: int = -1) -> bool:
    """Whether a number in groups is a piece of a longer one: ``5058 0391 6711 4873 9943``."""
    before = _CHAIN_BEFORE.search(text[max(0, start - 8) : start])
    if before and start - previous_end > len("  -"):
        return True
    return _CHAIN_AFTER.match(text[end : end + 9]) is not None


def _id_cards(text: str, begin: int, stop: int) -> Iterator[Candidate]:
    for match in _ID_18.finditer(text, begin, stop):
        if _is_id(_digits(match[0])) and stands_alone(text, *match.span()):
            yield Candidate(PersonalKind.ID_CARD, *match.span())
    for match in _ID_15.finditer(text, begin, stop):
        if _is_old_id(text, match) and stands_alone(text, *match.span()):
            yield Candidate(PersonalKind.ID_CARD, *match.span())


def _is_id(digits: str) -> bool:
    return _looks_like_id(digits) and ric.calc_check_digit(digits) == digits[-1].upper()


def _looks_like_id(digits: str) -> bool:
    if digits[:2] not in _PROVINCES or len(digits) != 18:  # noqa: PLR2004
        return False
    try:
        return _CENTURY <= ric.get_birth_date(digits).year <= _LAST_YEAR
    except ValidationError:
        return False


def _is_old_id(text: str, match: re.Match[str]) -> bool:
    """The old form has no check digit: a word must say what it is, or its district must exist."""
    digits = _digits(match[0])
    born = f"{digits[:6]}19{digits[6:]}X"
    try:
        ric.get_birth_date(born)
    except ValidationError:
        return False
    if digits[:2] not in _PROVINCES or names_a_thing(text, match.start()):
        return False
    if near(_ID_WORDS, text, *match.span(), (14, 8)):
        return True
    district = numdb.get("cn/loc").info(digits[:6])
    if not any("county" in facts for _, facts in district):
        return False
    return not near(_NOT_CARD_WORDS, text, *match.span(), (10, 0))


def _bank_cards(text: str, begin: int, stop: int) -> Iterator[Candidate]:
    for match in _CARD.finditer(text, begin, stop):
        span = _card_span(text, match)
        if span and stands_alone(text, *span) and not names_a_thing(text, span[0]):
            yield Candidate(PersonalKind.BANK_CARD, *span)


def _card_span(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    """The longest stretch of whole groups that is a card number."""
    groups = [
        (match.start() + group.start(), match.start() + group.end())
        for group in re.finditer("[0-9]+", match[0])
    ]
    for first, (start, _) in enumerate(groups):
        for last in range(len(groups) - 1, first - 1, -1):
            stretch = [stop - begin for begin, stop in groups[first : last + 1]]
            if _grouped_evenly(stretch) and _is_card(text, start, groups[last][1]):
                return start, groups[last][1]
    return None


def _grouped_evenly(groups: list[int]) -> bool:
    """Whether people write so: groups of three or more, the last one as it comes; or all single."""
    return min(groups[:-1], default=4) > 2 or max(groups) == 1  # noqa: PLR2004


def _is_card(text: str, start: int, end: int) -> bool:
    digits = _digits(text[start:end])
    groups = _groups(text[start:end])
    if not (_CARD_LENGTH.fullmatch(digits) and luhn.is_valid(digits)):
        return False
    if near(_NOT_CARD_WORDS, text, start, end, (10, 4)):
        return False
    if near(_CARD_WORDS, text, start, end, (14, 8)):
        return True
    if _in_chain(text, start, end):
        return False
    if _UNIONPAY.fullmatch(digits) and groups[0] in {1, 4, 6, len(digits)}:
        return not _looks_like_id(digits)
    return groups == [4, 4, 4, 4] and _ISSUER.fullmatch(digits) is not None


def _landlines(text: str, begin: int, stop: int) -> Iterator[Candidate]:
    for match in _LANDLINE.finditer(text, begin, stop):
        if _is_landline(text, match):
            start = match.start() + (bool(match["open"]) and not match["close"])
            yield Candidate(PersonalKind.LANDLINE, start, match.end())
    for match in _LOCAL.finditer(text, begin, stop):
        digits = _digits(match["local"])
        if not digits.startswith(("400", "800")) and not _is_day(digits):
            start, end = match.start("local"), match.end()
            if stands_alone(text, start, end) and not names_a_thing(text, start):
                yield Candidate(PersonalKind.LANDLINE, start, end)


def _is_landline(text: str, match: re.Match[str]) -> bool:
    start, end = match.span()
    apart = bool(match["gap"] or match["close"])
    groups = ([7], [8], [3, 4], [4, 4]) if apart else ([7], [8])
    if match["area"].lstrip("0") in {"400", "800"} or _groups(match["local"]) not in groups:
        return False
    if not stands_alone(text, start, end) or _in_chain(text, start, end):
        return False
    told = near(_PHONE_WORDS, text, start, end, _TEN_BACK)
    if not match["area"].startswith("0"):
        return bool(match["abroad"]) or (told and apart)
    if apart or told:
        return not names_a_thing(text, start)
    number = phonenumbers.parse(match["area"] + _digits(match["local"]), "CN")
    return phonenumbers.is_valid_number(number) and not names_a_thing(text, start)


def _is_day(digits: str) -> bool:
    """Whether eight digits are a date, as 20260812."""
    try:
        return date.fromisoformat(digits).year > _CENTURY
    except ValueError:
        return False
