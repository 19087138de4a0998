"""The proof that nothing leaked: what an audience must not see is looked for in what it gets.

The canaries are the hidden content itself: ids, titles, authors and sentences that the widest
view has and the narrower one has not. Every file is read as bytes and looked at in each form in
which text can hide: compressed, escaped for JSON, for HTML and for addresses, in base64, and with
its tags taken out.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import html
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import ahocorasick_rs

from casebook.documents import Document
from casebook.library import View

MIN_SENTENCE = 10
_SENTENCE_END = re.compile(r"[。！？；\n]")
_JSON_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/])|[bfnrt])')
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
# A tag, also with > in its attributes; where its quotes do not match, up to the next >.
_TAG = re.compile(r"""</?[a-zA-Z!?](?:[^<>"']*+(?:"[^"]*+"|'[^']*+'))*+[^<>"']*+>|<[^<>]*+>""")
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
    marks = {_collapse(mark) for mark in set(_marks(wide, narrow))} - {""}
    allowed = _Finder(marks).find(_APART.join(map(_collapse, _texts(narrow))))
    return marks - allowed


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
        found = every.find(_collapse(name))
        finder = fresh if name in clean else every
        if finder:
            found |= finder.find(_APART.join(_forms((folder / name).read_bytes())))
        leaks.update(Leak(name, canary) for canary in found)
    return sorted(leaks)


class _Finder:
    """Finds any of many words at once.

    Args:
        words: their white space does not matter.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = sorted({_collapse(word) for word in words} - {""})
        self._automaton = ahocorasick_rs.AhoCorasick(self._words, store_patterns=False)

    def __bool__(self) -> bool:
        return bool(self._words)

    def find(self, text: str) -> set[str]:
        """The words that a text without white space holds."""
        found = self._automaton.find_matches_as_indexes(text, overlapping=True)
        return {self._words[index] for index, _, _ in found}


def _files(folder: Path) -> Iterator[str]:
    for where, _, names in os.walk(folder):
        below = Path(where).relative_to(folder).as_posix()
        yield from (name if below == "." else f"{below}/{name}" for name in names)


# ---- what is looked for -------------------------------------------------------------------------


def _marks(wide: View, narrow: View) -> Iterator[str]:
    for document in wide.documents:
        kept = narrow.get(document.id)
        if kept is document:
            continue
        if kept is None:
            yield document.id
            yield document.title
            yield from getattr(document, "similar", ())
        for name in document.internal:
            value = getattr(document, name, None)
            if isinstance(value, str) and value != getattr(kept, name, None):
                yield value
        visible = {section.key for section in kept.sections} if kept else set()
        for section in document.sections:
            if section.key not in visible:
                yield from _sentences(_plain(section.html))
    yield from _hidden_terms(wide, narrow)


def _hidden_terms(wide: View, narrow: View) -> Iterator[str]:
    shown = {term.term for term in narrow.settings.glossary.terms}
    for term in wide.settings.glossary.terms:
        if term.term not in shown:
            yield from _sentences(term.definition)


def _texts(view: View) -> Iterator[str]:
    """Everything that a view says."""
    for document in view.documents:
        yield from _words_of(document)
    # What was withdrawn keeps its address, which tells where to go now.
    yield from (withdrawn.id for withdrawn in view.withdrawn)
    for term in view.settings.glossary.terms:
        yield f"{term.term} {term.definition} {' '.join(term.synonyms)}"
    yield from view.settings.taxonomy.subject_paths


def _words_of(document: Document) -> Iterator[str]:
    yield from (document.id, document.title, document.owner)
    yield from getattr(document, "similar", ())
    for section in document.sections:
        yield section.heading
        yield _plain(section.html)


def _sentences(text: str) -> Iterator[str]:
    return (part for part in _SENTENCE_END.split(text) if len(part.strip()) >= MIN_SENTENCE)


def _plain(rendered: str) -> str:
    """The text of clean HTML, as :func:`casebook.markup.plain_text` gives it, in less time."""
    return html.unescape(_without_tags(_BLOCK_END.sub("\n", rendered)))


# ---- where it is looked for ---------------------------------------------------------------------


def _forms(raw: bytes) -> Iterator[str]:
    """The texts that a file's bytes can be read as, without white space."""
    for data in _inflated(raw):
        text = data.decode("utf-8", errors="ignore")
        read = {text, *_unescaped(text), _debased(text)}
        for form in read:
            yield from map(_collapse, {form, *_unmarked(form)})


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
