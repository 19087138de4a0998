"""How text sounds: every Chinese character as its syllable, so that homophones are the same.

A syllable (pinyin without tone) is one character of Unicode's private use area, so a text's sound
is a string of the same length as its characters and can be cut, compared and matched as a string.
The codes are in the order of the syllables' spelling: all that begin alike stand side by side.
Latin letters and digits sound as they are written; everything else is silent.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from pypinyin import lazy_pinyin
from pypinyin.constants import PINYIN_DICT

_FIRST_CODE = 0xE000
_VOWELS = frozenset("aeiouv")
# Other readings that people type and the reading in context does not give. Only characters that
# this field's words hold: the rest would find more wrong than right.
_OTHER_READINGS = {
    "重": "zhong chong",
    "行": "xing hang",
    "长": "chang zhang",
    "调": "tiao diao",
    "还": "hai huan",
    "传": "chuan zhuan",
    "卡": "ka qia",
    "率": "lv shuai",
    "便": "bian pian",
    "差": "cha chai",
    "单": "dan shan",
    "降": "jiang xiang",
    "模": "mo mu",
    "朝": "chao zhao",
    "会": "hui kuai",
    "称": "cheng chen",
    "弹": "dan tan",
    "给": "gei ji",
    "系": "xi ji",
    "解": "jie xie",
    "省": "sheng xing",
    "校": "xiao jiao",
    "薄": "bao bo",
    "乐": "le yue",
    "强": "qiang jiang",
    "划": "hua huai",
    "壳": "ke qiao",
    "血": "xue xie",
    "露": "lu lou",
    "绿": "lv lu",
    "女": "nv nu",
    "旅": "lv lu",
}


def _spelling(reading: str) -> str:
    """A reading of the dictionary as people type it: without tone, ü as v."""
    parts = unicodedata.normalize("NFD", reading).replace("u\u0308", "v")
    return "".join(c for c in parts if not unicodedata.combining(c))


def _syllables() -> list[str]:
    """Every syllable that a character can have, in the order of spelling."""
    found = {_spelling(one) for readings in PINYIN_DICT.values() for one in readings.split(",")}
    return sorted(one for one in found if one.isascii() and _VOWELS & set(one))


SYLLABLES = _syllables()
CODES = {syllable: chr(_FIRST_CODE + place) for place, syllable in enumerate(SYLLABLES)}
SPELLINGS = {code: syllable for syllable, code in CODES.items()}
_INITIALS = {ord(code): syllable[0].upper() for code, syllable in SPELLINGS.items()}
_LONGEST = max(map(len, SYLLABLES))
# How people begin a syllable when they type only its first letters.
_BEGINNINGS = frozenset({syllable[0] for syllable in SYLLABLES} | {"zh", "ch", "sh"})
# What a parse costs: one a whole syllable, more where letters are left out.
_SYLLABLE_COST = 1.0
_PART_COST = 1.3
_BEGINNING_COST = 1.6
_PARSES = 6
# How much more than the best another parse may cost; more where letters are left out already.
_SLACK = 1.0
_PART_SLACK = 1.7
_SHORT_RUN = 4


@dataclass(frozen=True)
class Element:
    """One syllable, letter or digit of what somebody typed.

    Attributes:
        codes: the characters of a sound that it may stand for, one after the other.
        initial: its first letter, as in a sound's initials.
        whole: whether all of it was typed.
    """

    codes: str
    initial: str
    whole: bool = True


def is_han(character: str) -> bool:
    """Whether it is a Chinese character."""
    return "\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U0003ffff"


@lru_cache(maxsize=1 << 16)
def word_sound(word: str) -> str:
    """The sound of a word in normal form; readings follow from the word, as in 银行 and 行程."""
    found = []
    for part in lazy_pinyin(word, errors=lambda rest: f"\0{rest}"):
        if part[0] == "\0":
            found += [c for c in part[1:] if c.isalnum() and not is_han(c)]
        else:
            found.append(CODES.get(part, ""))
    return "".join(found)


def variants(sound: str, text: str) -> list[str]:
    """A text's sound and, where a character has another reading in use, the sound with that.

    Args:
        sound: the text's sound.
        text: the text, in normal form.
    """
    audible = [c for c in text if c.isalnum()]
    if len(audible) != len(sound):
        return [sound]
    others = [
        f"{sound[:place]}{CODES[reading]}{sound[place + 1 :]}"
        for place, character in enumerate(audible)
        for reading in _OTHER_READINGS.get(character, "").split()
        if CODES[reading] != sound[place]
    ]
    return [sound, *others]


def spoken(sound: str) -> str:
    """Only the syllables of a sound: people leave digits and letters out when they type pinyin."""
    return "".join(c for c in sound if c in SPELLINGS)


def initials(sound: str) -> str:
    """The first letters of a sound, in capitals, letters and digits between them as they are."""
    return sound.translate(_INITIALS).upper()


def spelling(sound: str) -> str:
    """A sound as pinyin, syllables apart, for people."""
    return " ".join(SPELLINGS.get(c, c) for c in sound)


def literal(character: str) -> Element:
    """A letter, a digit or a syllable's code as an element."""
    return Element(character, initials(character))


@lru_cache(maxsize=1 << 12)
def parses(letters: str) -> tuple[tuple[Element, ...], ...]:
    """What a run of letters may mean as pinyin, whole, in first letters or in both; best first.

    Args:
        letters: ``a`` to ``z`` only.

    Returns:
        At most six readings; none when it cannot be pinyin.
    """
    best: dict[int, list[tuple[float, tuple[Element, ...]]]] = {0: [(0.0, ())]}
    for start in range(len(letters)):
        for cost, elements in best.get(start, ()):
            for end, more, element in _steps(letters, start):
                best.setdefault(end, []).append((cost + more, (*elements, element)))
        for end in range(start + 1, min(start + _LONGEST, len(letters)) + 1):
            if end in best:
                best[end] = sorted(best[end], key=_cost)[:_PARSES]
    ranked = sorted(best.get(len(letters), ()), key=_cost)
    partial = bool(ranked) and not all(one.whole for one in ranked[0][1])
    slack = _PART_SLACK if partial else _SLACK
    found = [elements for cost, elements in ranked if cost <= ranked[0][0] + slack]
    if partial or len(letters) <= _SHORT_RUN:
        # Among first letters some make a syllable by chance: me in 什么的.
        first_letters = tuple(_beginning(letter) for letter in letters)
        found = [*found[: _PARSES - 1], first_letters]
    return tuple(parse for parse in dict.fromkeys(found) if all(one.codes for one in parse))


def _cost(parse: tuple[float, tuple[Element, ...]]) -> float:
    return parse[0]


def _steps(letters: str, start: int) -> list[tuple[int, float, Element]]:
    """The elements that may begin at a place: where each ends and what it costs."""
    found = []
    for end in range(start + 1, min(start + _LONGEST, len(letters)) + 1):
        part = letters[start:end]
        # A single letter is a beginning, also where it is a syllable: a may be 啊 and 安.
        if part in CODES and len(part) > 1:
            found.append((end, _SYLLABLE_COST, literal(CODES[part])))
        elif part in _BEGINNINGS:
            found.append((end, _BEGINNING_COST, _beginning(part)))
        elif end == len(letters) and (element := _beginning(part)).codes:
            found.append((end, _PART_COST, element))
    return found


@lru_cache(maxsize=1 << 10)
def _beginning(letters: str) -> Element:
    """Any syllable that begins with these letters; no codes when none does."""
    codes = "".join(code for syllable, code in CODES.items() if syllable.startswith(letters))
    return Element(codes, letters[0].upper(), whole=False)
