"""The bytes of a text file → text, where its encoding is certain."""

from __future__ import annotations

import codecs
import re
import unicodedata

from casebook.importing.limits import Unreadable

# Of Chinese text that is not misread, nearly all characters are among the 3,755 common ones.
_COMMON_SHARE = 0.9
_LEAST = 2
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(raw: bytes, what: str) -> str:
    """Text from bytes: UTF-8, UTF-16 with its mark, or GB18030 beyond doubt; LF line ends.

    Args:
        raw: the whole file.
        what: what the file is, for the message.

    Raises:
        Unreadable: the encoding is not certain.
    """
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")
    try:
        return _lines(raw.decode(encoding))
    except UnicodeDecodeError:
        pass
    text = _gb18030(raw)
    if text is None:
        raise Unreadable(
            f"这个 {what} 的编码认不准，不是 UTF-8，也不能确定是 GB18030（GBK）；"
            "用记事本或 Excel 打开，文字显示正常后另存为 UTF-8，再导入。"
        )
    return _lines(text)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")


def _gb18030(raw: bytes) -> str | None:
    """The text when the bytes can be nothing else than Chinese in GB18030."""
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return None
    wide = [c for c in text if ord(c) > 0x7F]  # noqa: PLR2004  (the end of ASCII)
    words = [c for c in wide if "\u4e00" <= c <= "\u9fff"]
    others = [c for c in wide if not ("\u4e00" <= c <= "\u9fff") and not _punctuation(c)]
    common = sum(_common(c) for c in words)
    if len(words) < _LEAST or common < _COMMON_SHARE * len(words):
        return None
    return text if len(others) <= (1 - _COMMON_SHARE) * len(wide) else None


def _punctuation(character: str) -> bool:
    return unicodedata.category(character)[0] in "PSZN" or bool(
        re.match("[Ａ-Ｚａ-ｚ０-９]", character)
    )


def _common(character: str) -> bool:
    """Whether a character is on the first level of GB 2312."""
    try:
        first = character.encode("gb2312")[0]
    except UnicodeEncodeError:
        return False
    return 0xB0 <= first <= 0xD7  # noqa: PLR2004  (the rows of the first level)
