"""What is told, before it takes the form of any platform: messages of items.

Nothing here knows of news, of robots or of sending, so that other things can be told the same way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

# Characters that Markdown or a platform's own tags give a meaning, and what looks like them. The
# platforms know no way to escape them. Of @ they make mentions, of & the characters left out here.
_LOOKALIKES = str.maketrans("<>[]*_`~|\\@&", "＜＞［］＊＿｀～｜＼＠＆")
# What their programs make a link of without any mark: an address, and the name of a host.
_SCHEME = re.compile(r":(?=//)")
_HOST = re.compile(r"(?<=[\w-])\.(?=[^\W\d_]{2})")
_HEADING = re.compile(r"^#+")
_SENTENCE = re.compile(r"[^。！？]*[。！？]*[”’」』）]*")


@dataclass(frozen=True)
class Link:
    """Where to go, the words to click on, and those that stand before them."""

    text: str
    url: str
    lead: str = ""


@dataclass(frozen=True)
class Item:
    """One thing that is told.

    Attributes:
        key: its name in the record of what was told.
        digest: changes when it is to be told anew.
        label: what happened, in a word.
        title: what it happened to.
        url: its page; empty where there is none.
        lines: a few plain sentences.
        links: where to go besides.
        data: the same for programs.
    """

    key: str
    digest: str
    label: str
    title: str
    url: str = ""
    lines: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    data: Mapping[str, object] = field(default_factory=dict)

    def brief(self) -> Item:
        """The same in the fewest words."""
        return replace(self, lines=(), links=())


@dataclass(frozen=True)
class Message:
    """What is sent at once.

    Attributes:
        title: one line.
        items: at least one.
        more: what did not fit and where it stands; None when all of it is here.
        data: what programs need to know of the whole.
    """

    title: str
    items: tuple[Item, ...]
    more: Link | None = None
    data: Mapping[str, object] = field(default_factory=dict)


def plain(text: str) -> str:
    """A text on one line in which no platform finds a mark, a tag, a mention or an address."""
    flat = " ".join(text.split()).translate(_LOOKALIKES)
    flat = _HOST.sub("．", _SCHEME.sub("：", flat))
    return _HEADING.sub(lambda found: "＃" * len(found[0]), flat)


def first_sentences(text: str, limit: int) -> str:
    """The first sentences of a text, at least one, cut where even that is too long.

    Args:
        text: plain text.
        limit: the most characters.
    """
    flat = " ".join(text.split())
    kept = ""
    for sentence in _SENTENCE.findall(flat):
        if kept and len(kept) + len(sentence) > limit:
            break
        kept += sentence
    return kept if len(kept) <= limit else f"{kept[: limit - 1]}…"
