"""What stands around a candidate: is it a value of its own, or a piece of something longer?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from casebook.personal_data.kinds import Candidate

_NEAR = 24
# Letters that may touch a number without making one word of it.
_TOUCHING = re.compile(
    r"(?<![A-Za-z])(?:tel|phone|mobile|mob|cell|qq|wx|vx|wechat|(?<=[加+])v|id|fax|sfz)[-.]?$",
    re.I,
)
_JOINED_BEFORE = re.compile(
    r"(?:[A-Za-z_]|[A-Za-z0-9_][-.]|[A-Za-z_][A-Za-z0-9_]{0,8}[/\\]|[$¥￥€£] ?)$"
)
_LIST_NUMBER = re.compile(r"(?:^|\s)\d{1,2}\.$")
_JOINED_AFTER = re.compile(
    r"[A-Za-z_%]|[-.][A-Za-z0-9_]| ?(?:元|块钱|万|亿|次(?!日)|个(?!人)|条|[KMGTkmgt][Bb]|字节"
    r"|分钟|秒|毫秒|美元|美金|人民币)"
)
_CHAT_AFTER = re.compile(r"(?:v|wx|vx|wechat|qq)[信同号(]", re.I)
# Numbers that name a thing, not a person. The label must touch the number.
_LABEL = re.compile(
    r"(?:(?:订单|工单|运单|快递|物流|包裹|派件|流水|合同|发票|票据|凭证|交易|商户|受理单|单据|序列|型号|货号|料号"
    r"|(?<!证)件号|部件|零件|配件|商品|产品|物料|资产|批次|批号|案件|案例|文件|档案|公文|端口|版本|条形|编|单|取件|验证|校验|串)"
    r"(?:流水)?(?:号码|编号|单号|代码|条码|码|号|ID)|(?<!证)编号|料号|(?<!证)件号|单号|条码|条形码|流水|文号|案号|型号|货号|IMEI|ICCID"
    r"|IMSI|MEID|\bSN|S/N|MAC|SKU|UPC|EAN|时间戳|信用代码|订单|运单"
    r"|工单(?=[ #]{0,2}(?:No|[A-Za-z]|$)))"
    r"(?:\([^()\n]{0,8}\))?[ :#是为=\"“|`*(.-]{0,4}(?:[A-Za-z]{1,4}[-.]?)? ?$",
    re.I,
)
_URL = re.compile(r"(?:https?|ftp)://[!#-&(-+\--:=?-~]+|\bwww\.[!#-&(-+\--:=?-~]+", re.A)
_PARAMETER = re.compile(r"[?&](?:mobile|phone|tel|mob|sj|shouji)=(?:%2B86|86)?$", re.I)


def stands_alone(text: str, start: int, end: int) -> bool:
    """Whether a number is not embedded in a longer token, an amount or a masked form.

    Args:
        text: folded text.
        start: where the number begins.
        end: where it ends.
    """
    before = text[max(0, start - _NEAR) : start]
    after = text[end : end + 8]
    if _JOINED_BEFORE.search(before) and not (
        _TOUCHING.search(before) or _LIST_NUMBER.search(before)
    ):
        return False
    if after[:1] == "*" and before[-1:] != "*":
        return False
    return not _JOINED_AFTER.match(after) or _CHAT_AFTER.match(after) is not None


def names_a_thing(text: str, start: int) -> bool:
    """Whether the label right before a number says order, courier, part number or the like."""
    return _LABEL.search(text[max(0, start - _NEAR) : start]) is not None


def near(words: re.Pattern[str], text: str, start: int, end: int, reach: tuple[int, int]) -> bool:
    """Whether a word stands within so many characters before or after, on the same line.

    Args:
        words: the words.
        text: folded text.
        start: where the candidate begins.
        end: where it ends.
        reach: characters before and after.
    """
    before = text[max(0, start - reach[0]) : start].rpartition("\n")[2]
    after = text[end : end + reach[1]].partition("\n")[0]
    return words.search(before) is not None or words.search(after) is not None


def lines_with(signs: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    """The spans of the lines that hold a sign, so that costly patterns see few lines.

    Args:
        signs: what to look for; it does not match line ends.
        text: folded text.
    """
    place = 0
    while found := signs.search(text, place):
        end = text.find("\n", found.end())
        place = len(text) if end < 0 else end
        yield text.rfind("\n", 0, found.start()) + 1, place


def outside_web_addresses(text: str, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """Leaves out what is part of a web address, save the value of a parameter as ``mobile=``.

    Args:
        text: folded text.
        candidates: finds in it.
    """
    web = bytearray()
    for candidate in candidates:
        web = web or _web_addresses(text)
        start = candidate.start
        if not web[start] or _PARAMETER.search(text[max(0, start - _NEAR) : start]):
            yield candidate


def _web_addresses(text: str) -> bytearray:
    """For each character, whether it is part of a web address."""
    inside = bytearray(len(text))
    for match in _URL.finditer(text):
        inside[match.start() : match.end()] = b"\1" * (match.end() - match.start())
    return inside
