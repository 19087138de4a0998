"""What counts as personal data, and how a find is shown without telling it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

# How many characters stay visible at the front and at the end: enough to find the place again.
_VISIBLE = {
    "mobile": (3, 4),
    "landline": (3, 0),
    "id-card": (3, 2),
    "bank-card": (4, 2),
    "plate": (2, 0),
    "name": (1, 0),
    "passport": (1, 1),
    "chat-account": (1, 1),
    "address": (2, 0),
}
_MOST_STARS = 8
_MOBILE = 11
_SEPARATOR = re.compile(r"[ ().·+,、/_-]")


class PersonalKind(StrEnum):
    """The kinds of personal data that are looked for."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    ID_CARD = "id-card"
    BANK_CARD = "bank-card"
    EMAIL = "email"
    PLATE = "plate"
    CHAT_ACCOUNT = "chat-account"
    ADDRESS = "address"
    NAME = "name"
    PASSPORT = "passport"

    @property
    def label(self) -> str:
        """Its Chinese name."""
        return {
            "mobile": "手机号码",
            "landline": "固定电话",
            "id-card": "身份证号码",
            "bank-card": "银行卡号",
            "email": "电子邮箱",
            "plate": "车牌号码",
            "chat-account": "微信或 QQ 号",
            "address": "住址",
            "name": "姓名",
            "passport": "护照或通行证号码",
        }[self.value]


@dataclass(frozen=True)
class PersonalData:
    """One find.

    Attributes:
        kind: what it is.
        start: where it begins in the text.
        end: where it ends, exclusive.
        shown: the masked form; the full value is kept nowhere.
    """

    kind: PersonalKind
    start: int
    end: int
    shown: str

    @property
    def certain(self) -> bool:
        """Whether its form proves it. Addresses and names have no check digit: they only warn."""
        return self.kind not in {PersonalKind.ADDRESS, PersonalKind.NAME}


_NUMERIC = frozenset(
    {PersonalKind.MOBILE, PersonalKind.LANDLINE, PersonalKind.ID_CARD, PersonalKind.BANK_CARD}
)


@dataclass(frozen=True)
class Candidate:
    """A find in folded text; offsets are those of the folded text."""

    kind: PersonalKind
    start: int
    end: int


def masked(kind: PersonalKind, value: str) -> str:
    """A value with its middle taken out.

    Args:
        kind: what it is.
        value: the full value.
    """
    if kind is PersonalKind.EMAIL:
        return f"{value[0]}***@{value.rpartition('@')[2]}" if "@" in value else f"{value[0]}***"
    head, tail = _VISIBLE[kind.value]
    if kind in _NUMERIC:
        value = _SEPARATOR.sub("", value)
    if kind is PersonalKind.MOBILE:
        value = value[-_MOBILE:]
    hidden = len(value) - head - tail
    if hidden < 1:
        head, tail, hidden = 1, 0, len(value) - 1
    stars = "*" * max(1, min(hidden, _MOST_STARS))
    return f"{value[:head]}{stars}{value[len(value) - tail :]}"
