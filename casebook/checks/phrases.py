"""What the library's own articles say about words: read from lists, sentences and tables.

What each form looks like is told in docs/checks-wording.md, for those who write the articles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from casebook.library import MARKDOWN_LINK

_ITEM = re.compile(r" {0,3}(?:[-*+]|\d+[.、]) +(?P<text>.*)")
_QUOTED = re.compile(r"[“「]([^“”「」\n]+)[”」]")
_QUOTES = r"(?P<quotes>(?:[“「][^“”「」\n]++[”」][、，和或]?)++)"
_STARTS = re.compile(_QUOTES)
_INSTEAD = re.compile(
    r"(?<![不别没])(?:改[说成问用为]|换成|说|问|称)[：:]?[“「](?P<instead>[^“”「」\n]++)[”」]"
)
_AVOID = re.compile(
    rf"(?:不单独使用|不单独说|少用|少说|不用|不说|不讲){_QUOTES}(?=(?P<rest>.{{0,200}}))"
)
# One of the words, and what is said instead: no help to whoever wrote another.
_EXAMPLE = re.compile(r"(?:如|例如|比如)?[“「](?P<before>[^”」]++)[”」](?:改|换)")
_NEEDS_TIME = re.compile(r"[^。]*?(?:跟|带|有|写|说)[^。]{0,4}(?:时间|钟点|日期|时限)")
_NOT_CALLED = re.compile(rf"不(?:写成|说成|叫作|叫做|叫|称作|称为){_QUOTES}")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_CONFIRMED = re.compile(r"确认|批准|审批|核准|同意|授权")
_END = "。！？；，、… "
_SHOWN = 60


class Use(StrEnum):
    """How an article wants a phrase to be used."""

    FORBIDDEN = "never said to customers"
    AVOIDED = "not said to customers where there are other words"
    TIMED = "not without a time"
    RESERVED = "only once somebody has confirmed it"
    GOODWILL = "only for what is not owed"


@dataclass(frozen=True)
class Phrase:
    """A phrase and what an article says about it.

    Attributes:
        text: as the article writes it.
        use: how it may be used.
        advice: what to say or do instead, from the article; may be empty.
        origin: the article, as people call it.
        about: for a reserved phrase, the word of the table that it stands for.
    """

    text: str
    use: Use
    advice: str
    origin: str
    about: str = ""


def items(text: str) -> Iterator[tuple[int, str]]:
    """The items of a text's lists, each with the number of its line, from 0."""
    for number, line in enumerate(text.split("\n")):
        if match := _ITEM.match(line):
            yield number, match["text"].strip()


def listed(text: str, origin: str) -> tuple[list[Phrase], list[int]]:
    """The phrases of a list of what is never said, and the lines of items that show none.

    An item begins with the phrase in quotation marks (or with several); then comes why, or after
    改说 what to say instead.
    """
    phrases: list[Phrase] = []
    silent: list[int] = []
    for number, item in items(text):
        start = _STARTS.match(item)
        if not start:
            silent.append(number)
            continue
        rest = item[start.end() :]
        instead = _INSTEAD.search(rest)
        advice = _ended(f"改说：“{instead['instead']}”") if instead else _shortened(rest)
        phrases += (Phrase(p, Use.FORBIDDEN, advice, origin) for p in _phrases(start))
    return phrases, silent


def avoided(text: str, origin: str) -> list[Phrase]:
    """The words after 不说, 少用 or 不单独使用; those that a time makes right where it says so."""
    phrases = []
    for match in _AVOID.finditer(text):
        use = Use.TIMED if _NEEDS_TIME.match(match["rest"]) else Use.AVOIDED
        advice = _shortened(match["rest"])
        example = _EXAMPLE.match(advice)
        phrases += [
            Phrase(p, use, advice if not example or p in example["before"] else "", origin)
            for p in _phrases(match)
        ]
    return phrases


def reserved(text: str, origin: str) -> list[Phrase]:
    """The words of a table that somebody has to confirm first, and other words for the same.

    The table has a column whose heading holds 说法 or 词 and one whose heading holds 谁; a column
    whose heading holds 指 or 意 says what the word means. Other words for the same are those that a
    sentence with 不说 names together with it.
    """
    phrases = []
    for row in _rows(text):
        words, who = _cell(row, "说法", "词"), _cell(row, "谁", "权限")
        if not words or not _CONFIRMED.search(who):
            continue
        meaning = _cell(row, "指", "意", "含义")
        for word in re.split(r"[、/，]", words):
            advice = f"“{word}”指的是：{meaning or '见原文'}；谁能说：{who}。"
            phrases += [
                Phrase(name, Use.RESERVED, advice, origin, word)
                for name in dict.fromkeys((word, *_companions(text, word)))
            ]
    return phrases


def owed(text: str, origin: str) -> tuple[list[Phrase], list[Phrase]]:
    """What customers are owed, by the bold words of a list's items, and what it is not called."""
    things = [
        Phrase(thing.strip(), Use.GOODWILL, _shortened(item.partition("：")[2]), origin)
        for _, item in items(text)
        for bold in _BOLD.findall(item)
        for thing in bold.split("、")
    ]
    names = [
        Phrase(name, Use.GOODWILL, "", origin)
        for match in _NOT_CALLED.finditer(text)
        for name in _phrases(match)
    ]
    return things, names


def _phrases(match: re.Match[str]) -> list[str]:
    return [phrase.strip(_END) for phrase in _QUOTED.findall(match["quotes"])]


def _companions(text: str, word: str) -> Iterator[str]:
    for match in _AVOID.finditer(text):
        named = _phrases(match)
        if word in named:
            yield from named


def _rows(text: str) -> Iterator[dict[str, str]]:
    """The rows of the tables in a text, each by the headings of its columns."""
    headings: list[str] = []
    for line in text.split("\n"):
        if not line.startswith("|"):
            headings = []
            continue
        cells = [cell.strip().replace("*", "") for cell in line.strip("| ").split("|")]
        if not headings:
            headings = cells
        elif not set(cells[0]) <= set(":- "):
            yield dict(zip(headings, cells, strict=False))


def _cell(row: dict[str, str], *marks: str) -> str:
    return next((row[head] for mark in marks for head in row if mark in head), "")


def _shortened(text: str) -> str:
    """The start of an article's words, by whole sentences as far as there is room."""
    plain = MARKDOWN_LINK.sub(r"\g<label>", text).replace("*", "").strip(_END + "：—")
    if len(plain) > _SHOWN:
        cut = plain.rfind("。", 0, _SHOWN)
        plain = plain[:cut] if cut > 0 else f"{plain[:_SHOWN]}…"
    return _ended(plain)


def _ended(text: str) -> str:
    """A text that ends as a sentence does; what is quoted may bring the end with it."""
    return f"{text}。" if text and text.rstrip("”」")[-1:] not in ("。", "！", "？", "…") else text
