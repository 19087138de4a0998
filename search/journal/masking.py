"""A question without personal data: what is kept of what was typed.

``casebook.personal_data`` finds finished values. A question may be half typed: seven digits are the
beginning of a telephone number. So every long number goes, too, unless it is one that the library
itself names or a service number. In place of a value stands what it was, and nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from casebook.personal_data import PersonalKind, find_personal_data
from casebook.personal_data.folding import fold

_NUMBER = "号码"
_SPOKEN = "零〇○一幺二两三四五六七八九"
_GAP = r"[ .·,_/()-]{1,3}"
# So many digits in a row, or so many in groups, may be part of a number that names somebody.
_LONG = 5
_LONG_IN_GROUPS = 7
_NUMBERS = re.compile(
    rf"[0-9A-Za-z]*[0-9][0-9A-Za-z]*(?:{_GAP}[0-9]+)*[A-Za-z]?|[{_SPOKEN}]{{{_LONG},}}"
)
# Groups with other signs between them, which also stand between times, amounts and years.
_APART = re.compile(r"(?<![0-9])[0-9]{1,4}(?: ?[:*~+|;'’。…、]{1,3} ?[0-9]{1,4})+(?![0-9])")
_GROUP = re.compile(r"[0-9]+")
_TIME_OF_DAY = re.compile(r"(?<![0-9:])(?:[01]?[0-9]|2[0-4]):[0-5][0-9](?::[0-5][0-9])?(?![0-9:])")
_AMOUNT_OR_YEAR = re.compile(r"[0-9]{1,3}|[1-9]000|20[0-9]{2}")
_DIGITS = re.compile(r"[0-9]")
_ROW = re.compile(rf"[0-9]{{{_LONG}}}")
# Numbers of services and of equipment at home, which are asked about.
_PUBLIC = re.compile(
    r"1[02][0-9]{3}|9[56][0-9]{3,4}|106[0-9]{2,5}"
    r"|[48]00(?:[ -]?[0-9]){7}|(?:192[.]168|10[.][0-9]{1,3})[.][0-9]{1,3}[.][0-9]{1,3}"
)
# The beginnings of other values, which are no finds yet.
_BEGUN = (
    (PersonalKind.EMAIL, re.compile(r"([\w.+-]+ ?@[\w. -]*)", re.ASCII)),
    (
        PersonalKind.PLATE,
        re.compile(
            r"([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼] ?"
            r"[A-Za-z](?=[·A-Za-z ]*[0-9])[·A-Za-z0-9 ]{2,})"
        ),
    ),
    (
        PersonalKind.CHAT_ACCOUNT,
        re.compile(
            r"(?:微信号|微信是|微信:|加微信?|vx|qq号?|扣扣号?)[ :是为]*([a-z][a-z0-9_-]{2,})", re.I
        ),
    ),
)


def masked_question(text: str, is_known: Callable[[str], bool] = lambda number: False) -> str:
    """A question with personal data, and what may become some, replaced by its kind.

    Args:
        text: what was typed.
        is_known: whether the library itself names a number, which may stand then.
    """
    spans = sorted(_spans(text, is_known), key=lambda span: (span[0], span[2] == _NUMBER))
    parts, place = [], 0
    for start, end, label in spans:
        if start >= place:
            parts += [text[place:start], f"〔{label}〕"]
        place = max(place, end)
    return "".join([*parts, text[place:]])


def _spans(text: str, is_known: Callable[[str], bool]) -> Iterator[tuple[int, int, str]]:
    for find in find_personal_data(text):
        yield find.start, find.end, find.kind.label
    folded = fold(text)
    for found in _NUMBERS.finditer(folded.text):
        if _is_long(found[0]) and not _PUBLIC.fullmatch(found[0]) and not is_known(found[0]):
            yield *folded.original(*found.span()), _NUMBER
    for found in _APART.finditer(folded.text):
        if _is_apart(found[0]) and not is_known(found[0]):
            yield *folded.original(*found.span()), _NUMBER
    for kind, pattern in _BEGUN:
        for found in pattern.finditer(folded.text):
            yield *folded.original(*found.span(1)), kind.label


def _is_long(number: str) -> bool:
    digits = len(_DIGITS.findall(number))
    return not digits or digits >= _LONG_IN_GROUPS or _ROW.search(number) is not None


def _is_apart(text: str) -> bool:
    """Whether groups of digits are long together, and not all of them usual where they stand."""
    groups = _GROUP.findall(_TIME_OF_DAY.sub("", text))
    return sum(map(len, groups)) >= _LONG_IN_GROUPS and not all(
        map(_AMOUNT_OR_YEAR.fullmatch, groups)
    )
