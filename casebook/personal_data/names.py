"""Personal names, told by what stands around them: 姓名、联系人、先生, or a number next to them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from enum import IntEnum

from casebook.personal_data.kinds import Candidate, PersonalKind
from casebook.personal_data.surnames import (
    COMMON,
    COMPOUND,
    DOUBTFUL,
    GIVEN,
    NOT_NAMES,
    POPULAR,
    TITLES,
)
from casebook.personal_data.surroundings import lines_with


class Trust(IntEnum):
    """How far the words around a name can be trusted.

    客户 may be followed by anything, 联系人 is mostly followed by a name, 联系人是 and 我叫 always.
    After 联系人： stands nothing else, so there a word is a name, too.
    """

    WORD = 1
    LABEL = 2
    CLEAR = 3
    ALONE = 4


_HAN = "[\u4e00-\u9fa5]"
# Labels after which a name is expected, and words after which one may follow.
_STRONG = tuple(
    "姓名 名字 联系人 收件人 收货人 寄件人 发件人 持卡人 投保人 申请人 投诉人 报障人 报修人"
    " 来电人 经办人 代办人 办理人 委托人 受托人 签收人 开户人 当事人 举报人 法定代表人"
    " 法人代表 负责人 机主 户主 户名 戶名 业主 车主 乘客 患者 客户名称 客户名 用户名称 实名"
    " 真名 本名 签名 签字 署名 紧急联系人 被保险人 接收人 承租人 监护人".split()
)
_WEAK = tuple(
    "客户 用户 顾客 叫 叫做 我是 他是 她是 名字是 这是 找 本人 我爸 我妈 父亲 母亲 妻子 丈夫"
    " 老公 老婆 儿子 女儿 同事 朋友 爱人 旅客 邻居 房东 租客 坐席 客服 话务员 工程师 装维"
    " 师傅 班长 店长 经理 店员 代理商 由 与 和 给 向 联系 通知 回访 登记为 登记在 过户到".split()
)
_CALLED = ("我叫", "他叫", "她叫", "本人叫")
_ENDS = "".join({label[-1] for label in _STRONG + _WEAK})
_BEGINS = "".join(COMMON | {name[0] for name in COMPOUND})
_GAP = r" ?(?:的?(?:姓名|名字))?(?:[是为叫填写]{1,2})? ?[:=|\"“「【(*`_-]{0,3} ?"
_AFTER_LABEL = re.compile(rf"[{_ENDS}](?P<gap>{_GAP})(?=[{_BEGINS}]{_HAN})")
_PLAIN_GAP = re.compile(r"[ 的]*")
_PARTED = re.compile("[:=|]")
_DOT = re.compile(f"{_HAN}·{_HAN}")
# 阿依古丽·买买提
_WITH_DOT = re.compile(
    rf"(?:{'|'.join(_STRONG)}|我叫)[是为叫]? ?[:|]? ?"
    rf"(?P<name>{_HAN}{{2,6}}·{_HAN}{{2,6}})(?!{_HAN}|·)"
)
_TITLES = {
    **dict.fromkeys(("先生", "女士", "小姐"), Trust.LABEL),
    **dict.fromkeys(("同志", "大爷", "阿姨", "老师", "师傅"), Trust.WORD),
}
_TITLE = re.compile("|".join(_TITLES))
_TITLE_WORDS = tuple(TITLES)
_ALL_HAN = re.compile(f"{_HAN}+")
_FOLLOWING = re.compile(
    rf"(?!{_HAN})|来电|来访|来信|来函|反映|反应|反馈|投诉|表示|要求|咨询|申请|申诉|办理|手机|电话|号码|身份证|证件|联系|微信|地址|家住|住在|住址|性别"
    r"|于\d|于今|于昨|于本|在[^线]|已|说|称|的|先生|女士|小姐|同志|本人|名下|拨打|致电|打来|打电话|今天|昨天|明天|昨日|今日|前天|是|不|没|从"
    r"|对|向|与|和|及|你|您|我|这边|刚|又|再|到|去|把|被|给|就|也|要|想|有|报|因|因为|认为|质疑|询问|表达|同意|拒绝|签|收|男|女|年|现|曾|提|邮箱|车牌"
    r"|老师|师傅|负责|处理|跟进|回访|接待|接听|受理|登记|出生|生于|户籍|购买|订购|开通|取消|退订|充值|缴费|欠费|多次|再次|第|则|且|并|随后|当场|等"
)
# 张某、李甲: not a name, as the writer meant it.
_MASK = re.compile(r".[某甲乙丙丁]$|某")
_NEXT_TO_NUMBER_BEFORE = re.compile(rf"(?<!{_HAN})({_HAN}{{2,4}})[ |,:()/\t*-]{{0,4}}$")
_NEXT_TO_NUMBER_AFTER = re.compile(rf"[ |,:()/\t*-]{{0,4}}({_HAN}{{2,4}})(?!{_HAN})")
_NUMBERS = frozenset(
    {PersonalKind.MOBILE, PersonalKind.LANDLINE, PersonalKind.ID_CARD, PersonalKind.BANK_CARD}
)
_SHORT = 2
# How often a word stands in the dictionary's corpus, at least, to be no name.
_USUAL = 150
_NO_GIVEN_NAME = frozenset((tag,) for tag in "t d a ad v vn c p r m u f".split())


def find_names(text: str, numbers: Sequence[Candidate]) -> Iterator[Candidate]:
    """All names in a text that their surroundings give away.

    Args:
        text: folded text.
        numbers: what was found already; a name that stands next to a number is one.
    """
    for match in _AFTER_LABEL.finditer(text):
        trust = _trust(text, match)
        end = _name_end(text, match.end(), trust) if trust else 0
        if end:
            yield Candidate(PersonalKind.NAME, match.end(), end)
    for begin, stop in lines_with(_DOT, text):
        for match in _WITH_DOT.finditer(text, begin, stop):
            yield Candidate(PersonalKind.NAME, *match.span("name"))
    for match in _TITLE.finditer(text):
        start = _name_start(text, match.start(), _TITLES[match[0]])
        if start is not None:
            yield Candidate(PersonalKind.NAME, start, match.start())
    for number in numbers:
        if number.kind in _NUMBERS:
            yield from _beside(text, number)


def _trust(text: str, match: re.Match[str]) -> Trust | None:
    """How far what precedes can be trusted; None when there is no label."""
    begin, end, gap = max(0, match.start() - 6), match.start() + 1, match["gap"]
    if text.endswith(_STRONG, begin, end) or "名" in gap:
        if _PLAIN_GAP.fullmatch(gap):
            return Trust.LABEL
        return Trust.ALONE if _PARTED.search(gap) else Trust.CLEAR
    if text.endswith(_CALLED, begin, end):
        return Trust.CLEAR
    return Trust.WORD if text.endswith(_WEAK, begin, end) else None


def _lengths(text: str, start: int) -> tuple[int, ...]:
    if text[start : start + 2] in COMPOUND:
        return (4, 3)
    return (3, 2) if text[start : start + 1] in COMMON else ()


def _name_end(text: str, start: int, trust: Trust) -> int:
    """Where the name that begins here ends; 0 when there is none."""
    for length in _lengths(text, start):
        end = start + length
        name = text[start:end]
        if len(name) < length or not _FOLLOWING.match(text, end):
            continue
        apart = not "\u4e00" <= text[end : end + 1] <= "\u9fa5"
        if _is_name(name, trust if apart else min(trust, Trust.LABEL)):
            return end
    return 0


def _name_start(text: str, end: int, trust: Trust) -> int | None:
    """Where the name before a title begins; None when there is only a surname, or none."""
    for length in (4, 3):
        name = text[max(0, end - length) : end]
        if name[:2] in COMPOUND and len(name) == length and _is_name(name, trust):
            return end - length
    for length in (3, 2):
        start = end - length
        name = text[max(0, start) : end]
        # 安排|王先生: what looks like a given name is the surname. 关于|明先生: likewise.
        if len(name) < length or (name[-1] in COMMON and name[-1] not in GIVEN):
            continue
        if name[0] in COMMON and _is_name(name, trust):
            joined = name[0] in DOUBTFUL and start > 0 and _is_word(text[start - 1 : start + 1])
            return None if joined else start
    return None


def _is_name(name: str, trust: Trust) -> bool:
    if _MASK.search(name) or name.endswith(_TITLE_WORDS) or not _ALL_HAN.fullmatch(name):
        return False
    if name[1:] in POPULAR:
        return True
    if name[:2] in NOT_NAMES or name[1:3] in TITLES:
        return False
    compound = name[:2] in COMPOUND
    given = GIVEN.issuperset(name[2:] if compound else name[1:])
    if not given and trust < Trust.CLEAR:
        return False
    if compound or (given and trust is Trust.ALONE):
        return True
    return not _is_word(name) and (trust >= Trust.CLEAR or _is_likely(name, trust))


def _is_likely(name: str, trust: Trust) -> bool:
    """Whether a surname that begins words, and characters of given names, make a name."""
    if name[0] not in DOUBTFUL:
        return True
    if len(name) == _SHORT:
        return trust is Trust.LABEL or _tags(name, hmm=True) == ("nr",)
    # 于|明天: a day, an adverb or a verb is no given name.
    return not _is_word(name[:2]) and _tags(name[1:]) not in _NO_GIVEN_NAME


def _is_word(text: str) -> bool:
    """Whether the dictionary has all of it as a usual word that is not a name."""
    import rjieba  # noqa: PLC0415  # loads a dictionary, which few texts need

    tags = _tags(text)
    return len(tags) == 1 and tags[0] != "nr" and rjieba.suggest_freq(text) >= _USUAL


@functools.lru_cache(maxsize=4096)
def _tags(text: str, *, hmm: bool = False) -> tuple[str, ...]:
    import rjieba  # noqa: PLC0415

    return tuple(tag[:2] for _, tag in rjieba.tag(text, hmm=hmm))


def _beside(text: str, number: Candidate) -> Iterator[Candidate]:
    begin = max(0, number.start - 12)
    before = _NEXT_TO_NUMBER_BEFORE.search(text[begin : number.start])
    if before and _is_whole_name(before[1]):
        yield Candidate(PersonalKind.NAME, begin + before.start(1), begin + before.end(1))
    after = _NEXT_TO_NUMBER_AFTER.match(text, number.end)
    if after and _is_whole_name(after[1]):
        yield Candidate(PersonalKind.NAME, *after.span(1))


def _is_whole_name(name: str) -> bool:
    return len(name) in _lengths(name, 0) and _is_name(name, Trust.LABEL)
