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
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import ahocorasick_rs

from casebook.documents import Document
from casebook.library import View
from casebook.markup import plain_text

MIN_SENTENCE = 10
_SENTENCE_END = re.compile(r"[。！？；\n]")
_JSON_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}")
_SPACE = re.compile(r"\s+")


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
    allowed = _collapse("\n".join(_texts(narrow)))
    return {text for text in map(_collapse, _marks(wide, narrow)) if text and text not in allowed}


def sweep(folder: Path, wanted: Iterable[str]) -> list[Leak]:
    """Looks for canaries in every file of a folder, and in the files' names.

    Returns:
        Each canary that was found, once a file.
    """
    words = sorted({_collapse(word) for word in wanted} - {""})
    if not words:
        return []
    automaton = ahocorasick_rs.AhoCorasick(words)
    leaks: set[Leak] = set()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        for text in (name, *_forms(file.read_bytes(), html_file=file.suffix == ".html")):
            found = automaton.find_matches_as_indexes(_collapse(text), overlapping=True)
            leaks.update(Leak(name, words[index]) for index, _, _ in found)
    return sorted(leaks)


def _marks(wide: View, narrow: View) -> Iterator[str]:
    for document in wide.documents:
        kept = narrow.get(document.id)
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
                yield from _sentences(plain_text(section.html))


def _texts(view: View) -> Iterator[str]:
    """Everything that a view says."""
    for document in view.documents:
        yield from _words_of(document)
    for term in view.settings.glossary.terms:
        yield f"{term.term} {term.definition} {' '.join(term.synonyms)}"
    yield from view.settings.taxonomy.subject_paths


def _words_of(document: Document) -> Iterator[str]:
    yield from (document.id, document.title, document.owner)
    yield from getattr(document, "similar", ())
    for section in document.sections:
        yield section.heading
        yield plain_text(section.html)


def _sentences(text: str) -> Iterator[str]:
    return (part for part in _SENTENCE_END.split(text) if len(part.strip()) >= MIN_SENTENCE)


def _forms(raw: bytes, *, html_file: bool) -> Iterator[str]:
    """The texts that a file's bytes can be read as."""
    for data in _inflated(raw):
        text = data.decode("utf-8", errors="ignore")
        yield text
        yield html.unescape(text)
        yield _JSON_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
        yield unquote(text)
        if html_file:
            yield plain_text(text)
        for match in _BASE64.finditer(data):
            yield _debased(match[0])


def _inflated(raw: bytes) -> Iterator[bytes]:
    yield raw
    if raw[:2] == b"\x1f\x8b":
        try:
            yield gzip.decompress(raw)
        except (OSError, EOFError, zlib.error):
            return


def _debased(text: bytes) -> str:
    try:
        padded = text.rstrip(b"=") + b"=" * (-len(text.rstrip(b"=")) % 4)
        return base64.b64decode(padded, altchars=b"-_").decode("utf-8", errors="ignore")
    except (binascii.Error, ValueError):
        return ""


def _collapse(text: str) -> str:
    return _SPACE.sub("", text)
