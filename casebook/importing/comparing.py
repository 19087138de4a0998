"""What a document that is there says, beside what the source says now."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from casebook.documents import FILL
from casebook.frontmatter import FrontMatterError, read_front_matter
from casebook.importing.drafting import APPENDIX
from casebook.importing.drafts import Draft
from casebook.importing.titles import title_of

# Escapes, emphasis, quotations, tables and the marks of items: how a text is written.
_MARKUP = re.compile(r"^[ \t]*(?:[-+]|\d{1,2}\.)[ \t]|-{3,}|[\s\\*_`#>|~]", re.MULTILINE)
# An author may link what an answer names to other documents.
_LINK = re.compile(r"\[([^\[\]\n]*)\]\((?:case|faq|policy)-[^()\s]*\)")
_SHOWN = 30
_BEFORE = 6
_DAYS = ("effective_from", "effective_until")


@dataclass(frozen=True)
class Difference:
    """One thing that the two do not say alike.

    Attributes:
        where: a heading, or the title of a key.
        there: what the document says, around the first difference; empty when nothing.
        here: what the source says.
    """

    where: str
    there: str
    here: str


def same(one: str, other: str) -> bool:
    """Whether two texts say the same, however they are written."""
    return _normal(one) == _normal(other)


def body_of(text: str) -> str:
    """A document's text without its front matter."""
    return text.partition("\n---\n")[2]


def differences(there: str, here: str, draft: Draft) -> Iterator[Difference]:
    """Where a document says another thing than its source.

    What the source does not say is the author's, and no difference; nor is the appendix.

    Args:
        there: the whole document.
        here: the document that the source would give now.
        draft: what the source says.
    """
    values, given = _values(there), _values(here)
    titles = str(values.get("title", "")), str(given.get("title", ""))
    if _letters(titles[0]) != _letters(titles[1]):
        yield _difference(title_of("title"), *titles)
    parts = {_normal(heading): text for heading, text in _parts(there)}
    for heading, text in _parts(here):
        held = parts.get(_normal(heading), "")
        if not text.startswith(FILL) and not same(held, text):
            yield _difference(heading, held, text)
    yield from _similar(_texts(values.get("similar")), _texts(given.get("similar")))
    for key in _DAYS:
        if key in draft.keys:
            yield from _day(key, str(values.get(key, "")), str(draft.keys[key]))
    if draft.endless and "effective_until" in values:
        yield Difference(title_of("effective_until"), str(values["effective_until"]), "长期有效")


def _similar(held: list[str], asked: list[str]) -> Iterator[Difference]:
    known = {_normal(one) for one in held}
    more = [one for one in asked if FILL not in one and _normal(one) not in known]
    if more:
        yield Difference(title_of("similar"), "", "、".join(more))


def _day(key: str, held: str, said: str) -> Iterator[Difference]:
    """A day; the source may only say that there is one, and the author may still look for it."""
    if said and held != said:
        yield Difference(title_of(key), "" if FILL in held else held, said)
    elif not said and not held:
        yield Difference(title_of(key), "", "停用，没有写哪一天")


def _difference(where: str, held: str, said: str) -> Difference:
    one, other = _plain(held), _plain(said)
    pairs = enumerate(zip(one, other, strict=False))
    at = next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
    return Difference(where, _excerpt(one, at), _excerpt(other, at))


def _excerpt(text: str, at: int) -> str:
    """The words around a place."""
    start = max(0, at - _BEFORE)
    before = "…" if start else ""
    after = "…" if start + _SHOWN < len(text) else ""
    return f"{before}{text[start : start + _SHOWN]}{after}"


def _plain(text: str) -> str:
    """The words of a text in a line."""
    words = _MARKUP.sub(lambda mark: " " if mark[0].isspace() else "", _LINK.sub(r"\1", text))
    return " ".join(words.split())


def _normal(text: str) -> str:
    words = unicodedata.normalize("NFKC", _LINK.sub(r"\1", text))
    return _MARKUP.sub("", words).casefold()


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", _normal(text))


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """The headings of a document's sections, and their texts without the appendix."""
    for part in re.split(r"^## ", body_of(text), flags=re.MULTILINE)[1:]:
        heading, _, words = part.partition("\n")
        yield heading.split(" {")[0].strip(), words.partition(f"### {APPENDIX}")[0].strip()


def _values(text: str) -> dict[str, object]:
    try:
        return read_front_matter(text).values
    except FrontMatterError:
        return {}


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
