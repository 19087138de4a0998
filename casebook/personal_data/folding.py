"""Text → the same text in one spelling, with the way back to the original's offsets.

Full-width, circled and other Unicode digits and letters become ASCII, all kinds of spaces, dashes
and middle dots become one each, and characters that nobody sees are taken out. Only these change
offsets: every other character is replaced by exactly one.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_INVISIBLE = re.compile(
    "[\u00ad\u0300-\u036f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u20d0-\u20f0\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2500\u2501\u30fc\ufe58\ufe63\uff0d\uff70"
_DOTS = "\u2022\u2024\u2027\u2219\u22c5\u30fb\uff65\u25cf"
_OTHERS = {"\u3000": " ", "×": "x", "丨": "|", "︰": ":", "．": ".", "｡": ".", "➕": "+"}
_USUAL = [(wide, chr(ord(wide) - 0xFEE0)) for wide in "，：；（）！？～"] + [("—", "-"), ("×", "x")]
_UNUSUAL = re.compile("[^\x00-\x7f·、。“”‘’《》〈〉【】「」〔〕…→￥\u4e00-\u9fff]")
# Where letters and digits stand in another dress: circled, superscript, full-width, mathematical.
_DRESSED = (
    range(0x00B2, 0x00BA),
    range(0x2070, 0x208F),
    range(0x2460, 0x24EB),
    range(0x24F5, 0x2500),
    range(0x2776, 0x2794),
    range(0x2F00, 0x2FE0),
    range(0xFF01, 0xFFEF),
    range(0x1D400, 0x1D800),
)


@dataclass(frozen=True)
class Folded:
    """Folded text.

    Attributes:
        text: the text to search.
        offsets: for each character its offset in the original; None when they are the same.
    """

    text: str
    offsets: Sequence[int] | None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The original's offsets of a span that is not empty."""
        if self.offsets is None:
            return start, end
        return self.offsets[start], self.offsets[end - 1] + 1


def fold(text: str) -> Folded:
    """Folds a text.

    Args:
        text: any text.
    """
    offsets = None
    if _INVISIBLE.search(text):
        offsets = [place for place, character in enumerate(text) if not _hidden(character)]
        text = "".join([text[place] for place in offsets])
    # Translating costs a look-up a character; the usual punctuation goes faster, and mostly is all.
    for dressed, plain in _USUAL:
        text = text.replace(dressed, plain)
    return Folded(text.translate(_table()) if _UNUSUAL.search(text) else text, offsets)


@functools.lru_cache(maxsize=4096)
def _hidden(character: str) -> bool:
    return _INVISIBLE.match(character) is not None


@functools.cache
def _table() -> dict[int, str]:
    table = {}
    for code in (code for dressed in _DRESSED for code in dressed):
        plain = unicodedata.normalize("NFKC", chr(code))
        value = unicodedata.digit(chr(code), None)
        if value is not None:
            plain = str(value)
        if len(plain) == 1 and plain != chr(code):
            table[code] = plain
    # Digits of other scripts, Arabic-Indic for one.
    for code in range(0x660, 0xABFA):
        if unicodedata.category(chr(code)) == "Nd":
            table[code] = str(unicodedata.digit(chr(code)))
    table |= {ord(space): " " for space in _SPACES}
    table |= {ord(dash): "-" for dash in _DASHES}
    table |= {ord(dot): "·" for dot in _DOTS}
    return table | {ord(character): plain for character, plain in _OTHERS.items()}
