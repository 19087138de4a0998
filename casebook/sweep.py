"""The proof that nothing leaked: what an audience must not see is looked for in what it gets.

The canaries are the hidden content itself: everything that the widest view says (ids, titles and
all other words of front matter, sentences, words of the glossary and of the settings) and the
narrower one does not say anywhere. Every file is read as bytes and looked at in each form in which
text can hide: compressed, escaped for JSON, for HTML and for addresses, in base64. Long ones are
looked for across tags and white space as well.

What it cannot see, and what proves it instead:

- Words that say too little to stand for something hidden: fewer than three characters, or seven
  where all are ASCII; numbers and dates; short words that the software says itself; a hidden word
  that stands in something public as well. Short ones are not found across a tag or a line's end.
- What stands in no View, as the reason for a withdrawal: nothing that publishes ever gets it.
- The shards of the search index (``find/*/t*.bin``), where terms are numbers.

For all of these, ``tests/casebook/test_leaks.py`` builds the narrow site again from a library out
of which everything hidden was taken, and asks for the same bytes.
"""

from __future__ import annotations

import base64
import binascii
import functools
import gzip
import html
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import ahocorasick_rs
from pydantic import BaseModel

from casebook.digests import package_files
from casebook.documents import ID_PATTERN, Citation, Document, Section
from casebook.library import View

# Shorter ones are looked for as they are written: across tags two other words may make them.
_LONG = 10
_SHORTEST, _SHORTEST_ASCII = 3, 7
# What a document says elsewhere, and what nobody wrote.
_NO_WORDS = {"sections", "digest"}
_OWN_SUFFIXES = {".py", ".js", ".css", ".html", ".svg"}
_SENTENCE_END = re.compile(r"[。！？；\n]")
_JSON_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/])|[bfnrt])')
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
# A tag, also with > in its attributes; where its quotes do not match, up to the next >.
_TAG = re.compile(r"""</?[a-zA-Z!?](?:[^<>"']*+(?:"[^"]*+"|'[^']*+'))*+[^<>"']*+>|<[^<>]*+>""")
_ADDRESS = re.compile(r'href="([a-z]+:[^"]+)"')
_BLOCK_END = re.compile(r"</(?:p|li|h[3-6]|blockquote|pre|tr|td|th)>|<br>|<hr>")
# What no text holds once its white space is gone.
_APART = "\n"


@dataclass(frozen=True, order=True)
class Leak:
    """A canary in a file."""

    path: str
    canary: str

    def __str__(self) -> str:
        shown = self.canary if len(self.canary) <= 24 else f"{self.canary[:24]}…"  # noqa: PLR2004
        return f"{self.path} 里有“{shown}”"


def canaries(wide: View, narrow: View) -> set[str]:
    """What stands in a wide view and nowhere in a narrow one.

    Args:
        wide: the widest audience's view.
        narrow: the view whose site or index is to be swept.
    """
    marks = {}
    for mark in set(_marks(wide, narrow)):
        for part in _SENTENCE_END.split(mark):
            if _tells(word := _collapse(part)):
                marks[word if len(word) >= _LONG else _trimmed(part)] = word
    if not marks:
        return set()
    said = _Words(marks.values()).found(_APART.join(map(_collapse, _texts(narrow))))
    hidden = {mark for mark, word in marks.items() if word not in said}
    short = {mark for mark in hidden if len(marks[mark]) < _LONG}
    return hidden - _Words(short).found(_own_words())


def sweep(
    folder: Path,
    wanted: Iterable[str],
    *,
    clean: Set[str] = frozenset(),
    new: Iterable[str] = (),
) -> list[Leak]:
    """Looks for canaries in every file of a folder, and in the files' names.

    Args:
        folder: every file in it is read, whatever it is.
        wanted: the canaries.
        clean: files that were swept for all of them but the new ones, by their paths in the
            folder; they have not changed since then.
        new: those of the canaries that ``clean`` was not swept for.

    Returns:
        Each canary that was found, once a file.
    """
    every, fresh = _Finder(wanted), _Finder(new)
    leaks: set[Leak] = set()
    for name in sorted(_files(folder)) if every else ():
        found = every.find([name])
        finder = fresh if name in clean else every
        if finder:
            found |= finder.find(_forms((folder / name).read_bytes()))
        leaks.update(Leak(name, canary) for canary in found)
    return sorted(leaks)


class _Finder:
    """Finds any of many canaries at once.

    Args:
        canaries: long ones are found across tags, and whatever white space they hold.
    """

    def __init__(self, canaries: Iterable[str]) -> None:
        words = {_trimmed(word) for word in canaries}
        self._long = _Words(filter(_is_long, words))
        self._short = _Words(word for word in words if not _is_long(word))

    def __bool__(self) -> bool:
        return bool(self._long) or bool(self._short)

    def find(self, forms: Iterable[str]) -> set[str]:
        """The canaries that any form of a text holds."""
        written = {plain for form in forms for plain in (form, html.unescape(form))}
        bare = {_collapse(text) for form in written for text in (form, *_unmarked(form))}
        return self._short.found(_APART.join(written)) | self._long.found(_APART.join(bare))


class _Words:
    """Finds any of many words at once, as they are."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = sorted({*words} - {""})
        self._automaton = ahocorasick_rs.AhoCorasick(self._words, store_patterns=False)

    def __bool__(self) -> bool:
        return bool(self._words)

    def found(self, text: str) -> set[str]:
        """Those that a text holds."""
        if not self._words:
            return set()
        found = self._automaton.find_matches_as_indexes(text, overlapping=True)
        return {self._words[index] for index, _, _ in found}


def _files(folder: Path) -> Iterator[str]:
    for where, _, names in os.walk(folder):
        below = Path(where).relative_to(folder).as_posix()
        yield from (name if below == "." else f"{below}/{name}" for name in names)


# ---- what is looked for -------------------------------------------------------------------------


def _marks(wide: View, narrow: View) -> Iterator[str]:
    """What may be hidden; sentences are not parted yet."""
    for document in wide.documents:
        kept = narrow.get(document.id)
        shown = vars(kept) if kept else {}
        for name, value in vars(document).items():
            if name not in _NO_WORDS and value != shown.get(name):
                yield from _strings(value)
        visible = {section.key for section in kept.sections} if kept else set()
        for section in document.sections:
            if section.key not in visible:
                yield from _words_in(section)
    yield from {*_strings(wide.settings)} - {*_strings(narrow.settings)}
    yield from (withdrawn.id for withdrawn in wide.withdrawn)


def _texts(view: View) -> Iterator[str]:
    """Everything that a view says."""
    for document in view.documents:
        yield from _words_of(document)
    # What was withdrawn keeps its address, which tells where to go now.
    yield from (withdrawn.id for withdrawn in view.withdrawn)
    yield from _strings(view.settings)
    yield from view.settings.taxonomy.subject_paths


def _words_of(document: Document) -> Iterator[str]:
    for name, value in vars(document).items():
        if name not in _NO_WORDS:
            yield from _strings(value)
    # The search index has the characters of these in order.
    yield from ("".join(sorted(text)) for text in getattr(document, "similar", ()))
    for section in document.sections:
        yield from _words_in(section)


def _words_in(section: Section) -> Iterator[str]:
    yield section.heading
    yield _plain(section.html)
    yield from map(html.unescape, _ADDRESS.findall(section.html))


def _strings(value: object) -> Iterator[str]:
    """Every text that a value holds, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Citation):
        yield from (str(value), value.policy)
    elif isinstance(value, BaseModel):
        yield from _strings(tuple(vars(value).values()))
    elif isinstance(value, Mapping):
        yield from _strings((*value.keys(), *value.values()))
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from _strings(one)


def _tells(word: str) -> bool:
    """Whether a text without its white space is long enough to stand for itself alone."""
    least = _SHORTEST_ASCII if word.isascii() else _SHORTEST
    if len(word) >= least and any(map(str.isalpha, word)):
        return True
    return ID_PATTERN.fullmatch(word) is not None


@functools.cache
def _own_words() -> str:
    """What the software says itself: its labels and messages stand in every audience's site."""
    package = Path(__file__).parent
    theme = package.parent / "site" / "theme"
    files = [*package_files("casebook"), *package_files("search"), *theme.rglob("*")]
    return _APART.join(
        file.read_text(encoding="utf-8") for file in files if file.suffix in _OWN_SUFFIXES
    )


def _plain(rendered: str) -> str:
    """The text of clean HTML, as :func:`casebook.markup.plain_text` gives it, in less time."""
    return html.unescape(_without_tags(_BLOCK_END.sub("\n", rendered)))


# ---- where it is looked for ---------------------------------------------------------------------


def _forms(raw: bytes) -> Iterator[str]:
    """The texts that a file's bytes can be read as."""
    for data in _inflated(raw):
        text = data.decode("utf-8", errors="ignore")
        yield from {text, *_unescaped(text), _debased(text)}


def _unescaped(text: str) -> Iterator[str]:
    """What a text means where it is JSON, or part of an address."""
    if "\\" in text:
        yield _JSON_ESCAPE.sub(_character, text)
    if "%" in text:
        yield unquote(text, errors="ignore")


def _character(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else match[2] or " "


def _unmarked(text: str) -> Iterator[str]:
    """What a text means where it is HTML, or HTML inside of XML."""
    if "<" in text:
        yield html.unescape(_without_tags(text))
    if "&" in text:
        plain = html.unescape(text)
        yield plain
        if "<" in plain:
            yield html.unescape(_without_tags(plain))


def _without_tags(text: str) -> str:
    return _TAG.sub("", text) if "<" in text else text


def _inflated(raw: bytes) -> Iterator[bytes]:
    yield raw
    if raw[:2] == b"\x1f\x8b":
        try:
            yield gzip.decompress(raw)
        except (OSError, EOFError, zlib.error):
            return


def _debased(text: str) -> str:
    """What a text's parts in base64 hold."""
    return _APART.join(_decoded(match[0]) for match in _BASE64.finditer(text))


def _decoded(text: str) -> str:
    try:
        bare = text.rstrip("=")
        padded = bare + "=" * (-len(bare) % 4)
        return base64.b64decode(padded, altchars=b"-_").decode("utf-8", errors="ignore")
    except (binascii.Error, ValueError):
        return ""


def _collapse(text: str) -> str:
    return "".join(text.split())


def _is_long(text: str) -> bool:
    return len(_collapse(text)) >= _LONG


def _trimmed(text: str) -> str:
    """A canary as it is looked for."""
    return _collapse(text) if _is_long(text) else " ".join(text.split())
