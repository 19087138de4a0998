"""A section's text as readers take it: without code, addresses and marks, at its own places."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

# Stands for what no reader reads, so that places in the text stay the same.
BLANK = "\0"
HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_UNREAD = re.compile(
    r"^ *(?P<fence>```|~~~)[^\n]*+\n(?:(?! *(?P=fence)).*+\n)*+(?: *(?P=fence).*+)?"
    r"|`[^`\n]++`"
    r"|(?<=\])\([^()\n]*+(?:\([^()\n]*+\)[^()\n]*+)*+\)"
    r"|(?:https?://|mailto:)[\w\-.~:/?#@!$&'*+,;=%]++"
    r"|(?<![\w.+-])[\w.+-]++@[\w-]++\.[\w.-]++"
    r"|^(?:[ >]++|[-*+] (?:\[[ xX]\] )?|\d++\. |#{3,6} )++"
    r"|\*\*|__",
    re.MULTILINE | re.ASCII,
)
_COUNTED = re.compile(rf"[{HAN}]|[A-Za-z0-9]++(?:[.,:][0-9]++)*+")
_SENTENCE = re.compile(r"[^。！？；!?;\n|]++")
_QUOTED = re.compile(r"[“「]([^“”「」\n]*+)[”」]")


@functools.lru_cache(maxsize=32)
def prose(text: str) -> str:
    """A text with ``BLANK`` for each character of code, addresses and Markdown's marks."""
    return _UNREAD.sub(_blanked, text)


def _blanked(match: re.Match[str]) -> str:
    return "\n".join(BLANK * len(line) for line in match[0].split("\n"))


@functools.lru_cache(maxsize=32)
def length(text: str) -> int:
    """How long a text is, in 字: a character, or a run of letters or digits; no punctuation."""
    return len(_COUNTED.findall(prose(text)))


@functools.lru_cache(maxsize=32)
def unquoted(text: str) -> str:
    """The prose of a text with ``BLANK`` for what stands in quotation marks."""
    return _QUOTED.sub(lambda match: BLANK * len(match[0]), prose(text))


@dataclass(frozen=True)
class Sentence:
    """A part of a text between full stops, semicolons, line ends and borders of cells.

    Attributes:
        start: where it begins in the text, from 0.
        text: its prose.
    """

    start: int
    text: str

    @property
    def length(self) -> int:
        """How long it is, in 字."""
        return len(_COUNTED.findall(self.text))


def sentences(text: str, longer_than: int = 0) -> Iterator[Sentence]:
    """The sentences of a text that have more than so many characters and say something."""
    for match in _SENTENCE.finditer(prose(text)):
        if match.end() - match.start() <= longer_than:
            continue
        lead = len(match[0]) - len(match[0].lstrip(" \0”’」）"))
        if lead < len(match[0]):
            yield Sentence(match.start() + lead, match[0][lead:])


def shortened(text: str, most: int = 20) -> str:
    """A text as messages quote it: one line of at most so many characters."""
    line = " ".join(text.replace(BLANK, "").split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
