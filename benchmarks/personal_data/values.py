"""Invented values of each kind, in the many ways in which people write them.

Written without the finder's patterns at hand: the digits come from the published structure of each
number, the spellings from chats, work orders, forms and transcripts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from casebook.personal_data import PersonalKind

DIGITS = "0123456789"
_DATA: dict[str, list[Any]] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
)
_PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_SPOKEN = "零一二三四五六七八九"

Value = Callable[[Random], str]


def digits(random: Random, number: int) -> str:
    """So many random digits."""
    return "".join(random.choices(DIGITS, k=number))


def luhn_digit(payload: str) -> str:
    """The check digit of a card number."""
    total = 0
    for place, digit in enumerate(reversed(payload)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004
    return str(-total % 10)


def cut(value: str, sizes: tuple[int, ...], separator: str) -> str:
    """A number in groups; what is left over makes the last one."""
    groups, place = [], 0
    for size in sizes:
        groups.append(value[place : place + size])
        place += size
    groups.append(value[place:])
    return separator.join(group for group in groups if group)


def wide(value: str) -> str:
    """ASCII as full-width characters."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in value)


def _styled(random: Random, plain: str, ways: list[Callable[[], str]]) -> str:
    """Half of the values as they are, the other half in one of the other ways."""
    return plain if random.random() < 0.5 else random.choice(ways)()  # noqa: PLR2004


def mobile(random: Random) -> str:
    """A mobile number."""
    plain = random.choice(_DATA["mobiles"]) + digits(random, 8)
    return _styled(
        random,
        plain,
        [
            lambda: cut(plain, (3, 4), " "),
            lambda: cut(plain, (3, 4), "-"),
            lambda: cut(plain, (3, 4), "."),
            lambda: cut(plain, (3, 4), "·"),
            lambda: cut(plain, (3, 4), "　"),
            lambda: cut(plain, (3, 4), "－"),
            lambda: cut(plain, (3,), " "),
            lambda: cut(plain, (4, 4), " "),
            lambda: cut(plain, (3, 4), "\u200b"),
            lambda: " ".join(plain),
            lambda: wide(plain),
            lambda: wide(cut(plain, (3, 4), "-")),
            lambda: "+86" + plain,
            lambda: "+86 " + cut(plain, (3, 4), " "),
            lambda: "+86-" + plain,
            lambda: "0086" + plain,
            lambda: "（+86）" + plain,
            lambda: "86-" + cut(plain, (3, 4), "-"),
            lambda: "".join(_SPOKEN[int(digit)] for digit in plain),
            lambda: "".join("零幺二三四五六七八九"[int(digit)] for digit in plain),
        ],
    )


def landline(random: Random) -> str:
    """A landline with its area code."""
    area = random.choice(_DATA["areas"])
    # Numbers of seven digits are dialled with the longer codes only.
    local = random.choice("2345678") + digits(random, random.choice((6, 7)) if area[3:] else 7)
    half = len(local) - 4
    ways = [
        f"{area}-{local}",
        f"{area} {local}",
        f"({area}){local}",
        f"（{area}）{local}",
        f"{area}—{local}",
        f"{area}-{local[:half]} {local[half:]}",
        f"({area}) {local[:half]}-{local[half:]}",
        f"+86-{area[1:]}-{local}",
        wide(f"{area}-{local}"),
        f"+86 {area[1:]} {local[:half]} {local[half:]}",
    ]
    number = random.choice(ways)
    return number + random.choice(["", "", "", "转801", "-8012", " 转 6", "转分机 302"])


def id_card(random: Random) -> str:
    """An identity card's number: 18 digits, sometimes the old 15."""
    district = random.choice(_DATA["districts"])
    month, day = f"{random.randint(1, 12):02}", f"{random.randint(1, 28):02}"
    if random.random() < 0.06:  # noqa: PLR2004
        return f"{district}{random.randint(40, 84)}{month}{day}{digits(random, 3)}"
    body = f"{district}{random.randint(1945, 2012)}{month}{day}{digits(random, 3)}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    check = "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]
    plain = body + check
    return _styled(
        random,
        plain,
        [
            lambda: cut(plain, (6, 8), " "),
            lambda: cut(plain, (6, 8), "-"),
            lambda: cut(plain, (6, 4, 4), " "),
            plain.lower,
            lambda: wide(plain),
            lambda: cut(plain, (3, 3, 4, 4), " "),
            lambda: cut(plain, (6, 8), "\u2009"),
        ],
    )


def bank_card(random: Random) -> str:
    """A bank card's number with its check digit."""
    prefix, length = random.choice(_DATA["cards"])
    body = prefix + digits(random, length - len(prefix) - 1)
    plain = body + luhn_digit(body)
    return _styled(
        random,
        plain,
        [
            lambda: cut(plain, (4, 4, 4, 4), " "),
            lambda: cut(plain, (4, 4, 4, 4), "-"),
            lambda: cut(plain, (6,), " "),
            lambda: wide(plain),
            lambda: cut(plain, (4, 4, 4, 4), "　"),
        ],
    )


def email(random: Random) -> str:
    """A mail address."""
    first, second = random.choice(_DATA["pinyin"]), random.choice(_DATA["pinyin"])
    number = digits(random, random.randint(1, 4))
    user = random.choice(
        [
            f"{first}{second}{number}",
            f"{first}.{second}",
            f"{first}_{second}{number}",
            digits(random, 9),
            f"{first}-{second}",
            f"{first}{number}",
        ]
    )
    plain = f"{user}@{random.choice(_DATA['hosts'])}"
    return _styled(
        random,
        plain,
        [
            lambda: wide(plain),
            lambda: plain.replace("@", "＠"),
            plain.upper,
            lambda: plain.replace("@", " @ "),
        ],
    )


def plate(random: Random) -> str:
    """A car's plate, of the old or the new-energy form."""
    head = random.choice(_PROVINCES) + random.choice(_PLATE_LETTERS)
    if random.random() < 0.35:  # noqa: PLR2004
        tail = random.choice("DF") + random.choice(DIGITS + "ABC") + digits(random, 4)
    else:
        tail = "".join(random.choice(DIGITS * 3 + _PLATE_LETTERS) for _ in range(4))
        tail += random.choice(DIGITS)
    return head + random.choice(["", "", "", "·", " ", "-", "•"]) + tail


def chat_account(random: Random) -> str:
    """An account of a messenger, with the words that make it one."""
    user = random.choice(_DATA["pinyin"]) + random.choice(["_", "-", "", "2"]) + digits(random, 4)
    number = random.choice("123456789") + digits(random, random.randint(5, 9))
    before, account = random.choice(
        [
            ("微信号：", user),
            ("微信号是", user),
            ("加我微信", user),
            ("我的微信是 ", user),
            ("微信: ", user),
            ("加V：", user),
            ("加v ", user),
            ("VX:", user),
            ("vx ", user),
            ("wx：", user),
            ("加一下微信 ", user),
            ("微信号wxid_", digits(random, 8) + "ab"),
            ("薇信：", user),
            ("QQ：", number),
            ("QQ号", number),
            ("qq ", number),
            ("QQ是", number),
            ("QQ群 ", number),
            ("扣扣", number),
            ("加QQ ", number),
            ("我QQ号码是", number),
        ]
    )
    return f"{before}\0{account}\0"


def permit(random: Random) -> str:
    """A passport's or a travel permit's number, with the word that makes it one."""
    before, number = random.choice(
        [
            ("护照号", "E" + digits(random, 8)),
            ("护照号码：", "G" + digits(random, 8)),
            ("护照 ", "EA" + digits(random, 7)),
            ("护照号码是", "EJ" + digits(random, 7)),
            ("港澳通行证：", "C" + digits(random, 8)),
            ("港澳通行证号码", "CA" + digits(random, 7)),
            ("往来台湾通行证 ", "L" + digits(random, 8)),
            ("台湾通行证号：", "T" + digits(random, 8)),
            ("回乡证号", "H" + digits(random, 8)),
            ("台胞证：", digits(random, 8).replace("2", "0", 1)),
            ("护照（因私）", "E" + digits(random, 8)),
        ]
    )
    return f"{before}\0{number}\0"


def name(random: Random) -> str:
    """A person's name."""
    return f"{random.choice(_DATA['family'])}{random.choice(_DATA['given'])}"


def address(random: Random) -> str:
    """A postal address down to the door."""
    city, district = random.choice(_DATA["cities"])
    road, home = random.choice(_DATA["roads"]), random.choice(_DATA["homes"])
    number, building, unit = random.randint(1, 600), random.randint(1, 30), random.randint(1, 4)
    room = random.randint(1, 30) * 100 + random.randint(1, 8)
    return random.choice(
        [
            f"{city}{district}{road}{number}号{home}{building}号楼{unit}单元{room}室",
            f"{city}{district}{road}{number}号{building}栋{room}",
            f"{city}{district}{home}{building}幢{unit}单元{room}",
            f"{district}{road}{number}号{home}{building}栋{room}室",
            f"{city}{district}{road}{number}号",
            f"{city}{district}{road}{number}号院{building}号楼{room}",
            f"{home}{building}号楼{unit}单元{room}",
            f"{city} {district} {road} {number} 号 {building} 栋 {room} 室",
            f"{city}{district}{home}{building}座{room}室",
        ]
    )


VALUES: dict[PersonalKind, Value] = {
    PersonalKind.MOBILE: mobile,
    PersonalKind.LANDLINE: landline,
    PersonalKind.ID_CARD: id_card,
    PersonalKind.BANK_CARD: bank_card,
    PersonalKind.EMAIL: email,
    PersonalKind.PLATE: plate,
    PersonalKind.CHAT_ACCOUNT: chat_account,
    PersonalKind.PASSPORT: permit,
    PersonalKind.ADDRESS: address,
    PersonalKind.NAME: name,
}
