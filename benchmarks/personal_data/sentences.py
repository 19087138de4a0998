"""Lines with personal data, and clean lines that look as if they had some."""

from __future__ import annotations

import tomllib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.personal_data.values import (
    VALUES,
    bank_card,
    cut,
    digits,
    id_card,
    name,
    plate,
)
from casebook.personal_data import PersonalKind

_DATA = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
CARRIERS: dict[PersonalKind, list[str]] = {
    PersonalKind(kind): texts for kind, texts in _DATA["carriers"].items()
}
_BEFORE: list[str] = _DATA["before"]
_AFTER: list[str] = _DATA["after"]
_PROSE: list[str] = _DATA["prose"]


@dataclass(frozen=True)
class Line:
    """A line and what is in it.

    Attributes:
        text: the line.
        expected: kind, start and end of all personal data in it.
    """

    text: str
    expected: tuple[tuple[PersonalKind, int, int], ...]


def personal_line(random: Random, kind: PersonalKind) -> Line:
    """A line with one value of a kind."""
    value = VALUES[kind](random)
    # Values that need their own words mark the value itself.
    if "\0" not in value:
        value = f"\0{value}\0"
    text = random.choice(_BEFORE) + random.choice(CARRIERS[kind]).format(value)
    before, inside, after = (text + random.choice(_AFTER)).split("\0")
    start = len(before)
    return Line(before + inside + after, ((kind, start, start + len(inside)),))


def clean_line(random: Random) -> Line:
    """A line without personal data; most of them hold something like it."""
    text = random.choice(_CLEAN)(random)
    return Line(random.choice(_BEFORE) + text + random.choice(_AFTER), ())


def lines(random: Random, number: int) -> Iterator[Line]:
    """Half personal, half clean, all kinds alike.

    Args:
        random: the source of chance.
        number: how many lines.
    """
    kinds = list(PersonalKind)
    for place in range(number):
        if place % 2:
            yield clean_line(random)
        else:
            yield personal_line(random, kinds[place // 2 % len(kinds)])


def _order(random: Random) -> str:
    label: str = random.choice(_DATA["numbered"])
    joined = random.choice(["", "：", " ", "是", ": "])
    return label + joined + digits(random, random.choice((8, *range(10, 21))))


def _stamp(random: Random) -> str:
    day = f"2026{random.randint(1, 12):02}{random.randint(1, 28):02}"
    return day + digits(random, random.choice((6, 8, 10, 12)))


def _date(random: Random) -> str:
    year, month, day = random.randint(2019, 2026), random.randint(1, 12), random.randint(1, 28)
    return random.choice(
        [
            f"{year}-{month:02}-{day:02} 10:{day:02}:00",
            f"{year}年{month}月{day}日",
            f"{year}/{month}/{day}",
            f"{year}.{month:02}.{day:02}-{year + 1}.{month:02}.{day:02}",
            f"{year}{month:02}{day:02}",
        ]
    )


def _hidden(random: Random) -> str:
    number = random.choice("135 138 139 186 199".split()) + digits(random, 8)
    card = "6222" + digits(random, 12)
    return random.choice(
        [
            f"手机号{number[:3]}****{number[7:]}",
            f"电话 {number[:3]}xxxx{number[7:]}",
            f"号码{number[:3]}＊＊＊＊{number[7:]}",
            f"卡号 {card[:4]} **** **** {card[-4:]}",
            f"尾号 {number[-4:]} 的卡",
            f"身份证 {random.choice((110105, 440305))}********{digits(random, 4)}",
            f"邮箱 z***{digits(random, 2)}@qq.com",
            "邮箱 ***@example.com，仅作示例",
            f"发到 test{digits(random, 2)}@example.com",
            f"姓名：{name(random)[0]}**",
            f"客户{name(random)[0]}某来电",
            f"车牌粤B***{digits(random, 2)}",
            f"联系人：{name(random)[0]}先生",
            f"手机：{number[:7]}****",
            "微信号 w****8",
            "护照 E*******1",
            "地址：某市某区某路**号",
        ]
    )


def _part(random: Random) -> str:
    letters = "".join(random.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=2))
    number = mobile_digits(random)
    return random.choice(
        [
            f"料号 {letters}{number}",
            f"订单 {letters}-{number}",
            f"{letters}{digits(random, 13)}CN",
            f"快递 SF{digits(random, 13)}",
            f"YT{digits(random, 13)} 已签收",
            f"文件 img_{number}.jpg",
            f"型号 {letters}-{digits(random, 4)}-{digits(random, 4)}",
            f"{number}{letters} 批次",
            f"sha {digits(random, 8)}a{digits(random, 8)}f",
            f"JD{digits(random, 12)}",
        ]
    )


def mobile_digits(random: Random) -> str:
    """Eleven digits that would be a mobile number if they stood alone."""
    return f"1{random.choice('3456789')}{digits(random, 9)}"


def _machine(random: Random) -> str:
    return random.choice(
        [
            f"ICCID 8986{digits(random, 16)}",
            f"IMEI：86{digits(random, 13)}",
            f"IMSI 46000{digits(random, 10)}",
            f"https://example.com/item/{mobile_digits(random)}?t={digits(random, 10)}",
            f"IP 192.168.{random.randint(0, 255)}.{random.randint(1, 254)}",
            f"版本 {random.randint(1, 9)}.{random.randint(0, 20)}.{digits(random, 4)}",
            f"MAC 00:1A:2B:{digits(random, 2)}:4D:5E",
            f"统一社会信用代码 91{digits(random, 6)}MA{digits(random, 8)}",
            f"时间戳 17{digits(random, 11)}",
            f"光猫 SN {digits(random, 12)}",
            f"坐标 {digits(random, 2)}.{digits(random, 6)},113.{digits(random, 6)}",
            f"端口号 106{digits(random, 9)}",
        ]
    )


def _service(random: Random) -> str:
    return random.choice(
        [
            f"客服 400-{digits(random, 3)}-{digits(random, 4)}",
            f"拨打 400{digits(random, 7)}",
            f"800 {digits(random, 3)} {digits(random, 4)}",
            f"请拨打 95{digits(random, 3)}",
            f"热线 96{digits(random, 3)}",
            "打 10086、10010、10000 都一样",
            "电话 12345 随时可以打",
            "12381 发来的短信",
            f"验证码 {digits(random, 6)}",
            f"短信来自 1069{digits(random, 10)}",
            "电话：110、119、120",
        ]
    )


def _money(random: Random) -> str:
    return random.choice(
        [
            f"合计 {digits(random, 5)}.{digits(random, 2)} 元",
            f"金额￥{random.randint(1, 9)},{digits(random, 3)},{digits(random, 3)}.00",
            f"上年营收 1{random.choice('3579')}{digits(random, 9)} 元",
            f"流量 {digits(random, 11)} 字节",
            f"共 1{random.choice('358')}{digits(random, 3)} 件，{digits(random, 2)} 万次",
            f"话费 {digits(random, 3)} 元，余额 -{digits(random, 2)}.{digits(random, 2)} 元",
        ]
    )


def _document(random: Random) -> str:
    return random.choice(
        [
            f"远汐客服〔2026〕{random.randint(1, 99)}号",
            f"case-2026-{digits(random, 6)}",
            f"（2026）粤0305民初{digits(random, 5)}号",
            f"GB/T {digits(random, 5)}-2019",
            f"第{digits(random, 2)}条第{random.randint(1, 9)}款",
            f"工信部令第{digits(random, 2)}号",
            f"编号：2026-{digits(random, 4)}-{digits(random, 4)}",
            f"[工单](case-{digits(random, 8)})",
            f"地铁{random.randint(1, 18)}号线{random.randint(1, 9)}号口",
            f"{random.randint(1, 12)} 月 {random.randint(1, 28)} 号上午",
            f"{random.choice('ABC')}座大堂集合",
        ]
    )


def _wrong_check(random: Random) -> str:
    """An identity card or a bank card whose check digit is wrong: a number, but nobody's."""
    if random.random() < 0.5:  # noqa: PLR2004
        number = ""
        while len(number) != 18:  # noqa: PLR2004
            number = "".join(filter(str.isalnum, id_card(random).upper()))
            number = number if number.isascii() else ""
        last = random.choice([digit for digit in "0123456789" if digit != number[-1]])
        return f"校验不通过：{number[:-1]}{last}"
    number = ""
    while not (number.isascii() and number.isdigit()):
        number = bank_card(random)
    return f"校验不通过：{number[:-1]}{(int(number[-1]) + random.randint(1, 9)) % 10}"


def _embedded(random: Random) -> str:
    number = "".join(filter(str.isalnum, plate(random)))
    return random.choice(
        [
            f"物料 {digits(random, 4)}-{mobile_digits(random)}",
            f"条码 69{digits(random, 11)}",
            f"交易单号 4200{digits(random, 24)}",
            f"支付宝流水 {_stamp(random)}2200{digits(random, 8)}",
            cut(digits(random, 24), (4,) * 5, " "),
            f"x{mobile_digits(random)}y",
            f"编码{number[1:]}AB",
            f"任务 {digits(random, 8)}-{digits(random, 4)}-{digits(random, 4)}",
            f"UUID {uuid.UUID(int=random.getrandbits(128), version=4)}",
        ]
    )


def _prose(random: Random) -> str:
    return random.choice(_PROSE)


_CLEAN: tuple[Callable[[Random], str], ...] = (
    _order,
    _stamp,
    _date,
    _hidden,
    _part,
    _machine,
    _service,
    _money,
    _document,
    _wrong_check,
    _embedded,
    _prose,
    _prose,
    _prose,
)
