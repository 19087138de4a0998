"""A View → an index that a browser searches by itself, where no service answers.

The files under ``find/``: ``index.json`` says which version is in force; everything else lies under
that version's name and never changes, so that no page mixes two of them. Terms are numbers, and a
browser fetches only the shards that hold the terms of a query (``static-search.js`` reads them).

- ``index.json``: version, how many documents, documents in a chunk, the first term of each shard
  (each as what it is above the one before), whether there is a table of traditional characters.
- ``{version}/t{n}.bin``: shard ``n``. Varints (7 bits a byte, the lowest first): how many terms;
  for each term its number (above the one before), how many documents hold it, how many bytes its
  postings take; then the postings: for each document its number (above the one before) times
  ``LEVELS``, plus how much the term says about it.
- ``{version}/d{n}.json``: a chunk of documents, to show them and to compare their questions.
- ``{version}/hant.json``: traditional characters and the simplified ones for them, pair by pair.
- ``{version}/pinyin.json``: the syllables, and for each the usual characters that sound so.

Terms: pairs of neighbouring characters, single characters, and words of Latin letters and digits;
what stands for a term in the glossary counts as the term. Names are found by their sound as well:
pairs of syllables, and three first letters in a row, each with a space that no word has (each
character has its most usual reading). Other wordings of a question are there as their characters
in order only: readers search by them and never see them.
"""

from __future__ import annotations

import functools
import html
import itertools
import json
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import opencc
from ahocorasick_rs import AhoCorasick, MatchKind
from pypinyin.pinyin_dict import pinyin_dict

from casebook.addresses import document_path
from casebook.digests import bytes_digest, package_files, software_digest
from casebook.documents import Case, Document, Faq, Policy
from casebook.library import View
from casebook.settings import Glossary
from casebook.site_files import SiteFile, json_file

FOLDER = "find"
INDEX = f"{FOLDER}/index.json"
CACHE_FILE = "static-search.npz"
# How finely it is kept what a term says about a document.
LEVELS = 8
# Words of letters and digits are numbered from here on; below are pairs of characters.
WORDS = 0xE0000000
LONGEST_WORD = 32
# Documents in a chunk: a query shows some ten, each mostly in a chunk of its own. A small library
# is one chunk, which is there before anybody has typed anything.
_CHUNK = 8
_SMALL = 200
# A query asks for some ten shards: small ones, but not many thousands of them.
_SHARD_BYTES = 4096
_MOST_SHARDS = 2000
# Of a term that many documents hold only those are kept about which it says most.
_MOST_POSTINGS = 400
_TEXT = 96
_BATCH = 512
_MAX_ARTICLES = 40

# BM25F: what a term counts in a name, in the text; how long these are; when more is no more.
_NAMES, _BODY, _SYNONYM = 6.0, 1.0, 0.7
_NAMES_LENGTH, _BODY_LENGTH = 80.0, 800.0
_NAMES_B, _BODY_B = 0.2, 0.6
_K1 = 3.0

_TAG = re.compile("<[^>]*>")
# Not letters here: Latin with marks, Greek, Cyrillic, kana, Han, Hangul, halves of pairs.
_LETTERS = (
    (0xC0, 0x24F),
    (0x370, 0x52F),
    (0x3005, 0x3007),
    (0x3041, 0x30FF),
    (0x3400, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0xD800, 0xDFFF),
)
_HIDDEN = (0xAD, *range(0x200B, 0x2010), 0x2060, 0xFEFF)
_DROP = 1
_FULL_WIDTH = 0xFEE0
_BMP = 0xFFFF
_BASE = np.uint32(31)
_TONES = re.compile("[\u0300-\u036f]")

_Array = np.ndarray[Any, np.dtype[Any]]


def search_files(view: View, cache: Path | None = None) -> Iterator[SiteFile]:
    """The index of a view's site.

    Args:
        view: what it holds.
        cache: a folder that keeps the terms of each document, for the next time; what is in it is
            for this view's audience alone. A file there that is damaged counts as none.

    Yields:
        The files; ``INDEX`` is the last.
    """
    terms, documents, levels = _postings(view, cache)
    shards, firsts = _shards(terms, documents, levels)
    texts = {f"t{place}.bin": shard for place, shard in enumerate(shards)}
    records = [_record(document) for document in view.documents]
    chunk = _SMALL if len(records) <= _SMALL else _CHUNK
    for place in range(0, len(records), chunk):
        name = f"d{place // chunk}.json"
        texts[name] = json_file(name, records[place : place + chunk]).content
    pairs = _traditional_pairs(terms)
    texts["hant.json"] = json_file("hant.json", pairs).content
    texts["pinyin.json"] = json_file("pinyin.json", _characters()).content
    version = _version(texts)
    for name, content in texts.items():
        yield SiteFile(f"{FOLDER}/{version}/{name}", content)
    yield json_file(
        INDEX,
        {
            "version": version,
            "documents": len(records),
            "chunk": chunk,
            "shards": np.diff(firsts, prepend=0).tolist(),
        },
    )


def _version(files: Mapping[str, bytes]) -> str:
    named = ((name, bytes_digest(content)) for name, content in files.items())
    return bytes_digest(json.dumps(sorted(named)).encode())[:16]


# Documents to texts


@dataclass(frozen=True)
class _Texts:
    """What is searched of a document: its names and its text, each with what they stand for."""

    names: str
    body: str
    names_too: str
    body_too: str


def _texts(document: Document, glossary: _Synonyms) -> _Texts:
    names = "\n".join((document.title, *_other_names(document), *document.tags))
    body = _TAG.sub("\n", "\n".join([f"{one.heading}\n{one.html}" for one in document.sections]))
    if "&" in body:
        body = html.unescape(body)
    return _Texts(names, body, glossary.of(names), glossary.of(body))


def _other_names(document: Document) -> Sequence[str]:
    if isinstance(document, Faq):
        return document.similar
    if isinstance(document, Policy):
        return [section.heading for section in document.sections[:_MAX_ARTICLES]]
    return ()


def _record(document: Document) -> dict[str, object]:
    """What a result shows of a document, and what its questions are compared by."""
    similar = document.similar if isinstance(document, Faq) else ()
    shown = {
        "path": document_path(document),
        "kind": document.kind.value,
        "title": document.title,
        "similar": ["".join(sorted(folded(text))) for text in similar],
        "text": _start(document),
        "subject": document.subject,
        "level": document.level if isinstance(document, Case) else None,
        "from": document.effective_from_or_none,
        "until": document.effective_until_or_none,
        "approved": document.approved_on,
        "owner": document.owner,
    }
    return {key: _plain(value) for key, value in shown.items() if value}


def _plain(value: object) -> object:
    return value if isinstance(value, (str, list)) else str(value)


def _start(document: Document) -> str:
    """The beginning of its first section: the answer, the theme, the first article."""
    rendered = document.sections[0].html[: 4 * _TEXT] if document.sections else ""
    text = html.unescape(_TAG.sub(" ", rendered.rpartition("<")[0] or rendered))
    flat = " ".join(text.split())
    return flat if len(flat) <= _TEXT else f"{flat[: _TEXT - 1]}…"


class _Synonyms:
    """The glossary's words in a text → the words by which somebody may look for it."""

    def __init__(self, glossary: Glossary) -> None:
        found_by: dict[str, set[str]] = {}
        for term in glossary.terms:
            names = {name.lower() for name in (term.term, *term.synonyms)}
            for held in (*names, *(name.lower() for name in term.finds)):
                found_by.setdefault(held, set()).update(names - {held})
        self._words = sorted(found_by)
        self._others = ["\n".join(sorted(found_by[word])) for word in self._words]
        # Of words that overlap the longest counts: 转网码 is one word, not 转网 and a character.
        self._finder = AhoCorasick(self._words, matchkind=MatchKind.LeftmostLongest)

    def of(self, text: str) -> str:
        """The other words, each once."""
        if not self._words:
            return ""
        found = {match[0] for match in self._finder.find_matches_as_indexes(text.lower())}
        return "\n".join([self._others[place] for place in sorted(found)])


# Texts to terms


@functools.cache
def _simplified() -> dict[int, int]:
    """Traditional characters and the simplified ones for them, where one stands for one."""
    characters = [chr(code) for code in range(0x3400, 0xA000)]
    found = opencc.OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return {
        ord(one): ord(other)
        for one, other in zip(characters, found, strict=True)
        if one != other and len(other) == 1 and ord(other) <= _BMP
    }


@functools.cache
def _folding() -> _Array:
    """For each UTF-16 unit what it counts as: 0 parts terms, 1 is passed over."""
    fold = np.zeros(1 << 16, np.uint16)
    for first, last in _LETTERS:
        fold[first : last + 1] = np.arange(first, last + 1)
    for character in "abcdefghijklmnopqrstuvwxyz0123456789":
        for form in (character, character.upper()):
            fold[ord(form)] = fold[ord(form) + _FULL_WIDTH] = ord(character)
    for one, other in _simplified().items():
        fold[one] = other
    fold[list(_HIDDEN)] = _DROP
    return fold


class _Letters(dict[int, int | None]):
    """For ``str.translate``: letters and digits in one form, nothing else."""

    def __missing__(self, code: int) -> int | None:
        kept = int(_folding()[code]) if code < len(_folding()) else code
        self[code] = kept if kept > _DROP else None
        return self[code]


_LETTERS_ONLY = _Letters()


def folded(text: str) -> str:
    """The letters and digits of a text in one form, nothing else."""
    return text.translate(_LETTERS_ONLY)


def _letters(texts: Sequence[str]) -> tuple[_Array, _Array]:
    """The letters of texts, 0 for everything else, and for each the number of its text."""
    units = [text.encode("utf-16-le", "surrogatepass") + b"\0\0" for text in texts]
    sizes = [len(one) // 2 for one in units]
    owners = np.repeat(np.arange(len(texts), dtype=np.uint16), sizes)
    letters = _folding()[np.frombuffer(b"".join(units), np.uint16)]
    seen = letters != _DROP
    return letters[seen].astype(np.uint32), owners[seen]


def _terms(texts: Sequence[str]) -> tuple[_Array, _Array]:
    """The terms of texts, and for each term the number of its text."""
    letters, owners = _letters(texts)
    ascii_ = (letters > _DROP) & (letters < 0x80)  # noqa: PLR2004
    single = letters >= 0x80  # noqa: PLR2004
    paired = single[:-1] & single[1:]
    pairs = (letters[:-1][paired] << 16) | letters[1:][paired]
    words, starts = _words(letters, ascii_)
    found = (
        (pairs, owners[:-1][paired]),
        (letters[single] << 16, owners[single]),
        (words, owners[starts]),
    )
    return (
        np.concatenate([terms for terms, _ in found]),
        np.concatenate([holders for _, holders in found]),
    )


def _words(letters: _Array, ascii_: _Array) -> tuple[_Array, _Array]:
    """The numbers of words of letters and digits, and where they begin."""
    edges = np.diff(ascii_.astype(np.int8), prepend=0, append=0)
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    sizes = np.minimum(ends - starts, LONGEST_WORD)
    hashes = np.zeros(len(starts), np.uint32)
    for place in range(sizes.max(initial=0)):
        on = sizes > place
        hashes[on] = hashes[on] * _BASE + letters[starts[on] + place]
    return _numbered(hashes), starts


def _numbered(hashes: _Array) -> _Array:
    return np.uint32(WORDS) | (hashes & np.uint32(0xFFFFFFFF - WORDS))


def _hash(text: str) -> int:
    """The hash of a word: each letter is added to 31 times what is before it, in 32 bits."""
    value = 0
    for letter in text:
        value = (value * int(_BASE) + ord(letter)) & 0xFFFFFFFF
    return value


@dataclass(frozen=True)
class _Sounds:
    """How characters sound.

    Attributes:
        syllables: without tones, as they are typed.
        of: for each character the number of its syllable; 0 for none.
        first: for each syllable the hash of it and a space.
        second: for each syllable its hash.
        power: for each syllable what the hash of what stands before it is multiplied by.
        initial: for each syllable its first letter.
    """

    syllables: tuple[str, ...]
    of: _Array
    first: _Array
    second: _Array
    power: _Array
    initial: _Array


@functools.cache
def _sounds() -> _Sounds:
    read = {code: _toneless(readings) for code, readings in pinyin_dict.items() if code <= _BMP}
    syllables = sorted({one for one in read.values() if one.isascii() and one.isalpha()})
    numbers = {one: number for number, one in enumerate(syllables, 1)}
    of = np.zeros(1 << 16, np.uint16)
    for code, syllable in read.items():
        of[code] = numbers.get(syllable, 0)
    known = ["", *syllables]
    return _Sounds(
        tuple(syllables),
        of,
        np.array([_hash(f"{one} ") for one in known], np.uint32),
        np.array([_hash(one) for one in known], np.uint32),
        np.array([pow(int(_BASE), len(one), 1 << 32) for one in known], np.uint32),
        np.array([ord(one[0]) if one else 0 for one in known], np.uint32),
    )


@functools.cache
def _characters() -> dict[str, str]:
    """For each syllable the usual characters that sound so, those of GB 2312's first level."""
    sounds = _sounds()
    found = dict.fromkeys(sounds.syllables, "")
    for high, low in itertools.product(range(0xB0, 0xD8), range(0xA1, 0xFF)):
        character = bytes((high, low)).decode("gb2312", "ignore")
        syllable = sounds.of[ord(character)] if character else 0
        if syllable:
            found[sounds.syllables[syllable - 1]] += character
    return found


def _toneless(readings: str) -> str:
    """The most usual of a character's readings, without its tone: lǜ,lù → lv."""
    parts = unicodedata.normalize("NFD", readings.partition(",")[0])
    return _TONES.sub("", parts.replace("u\u0308", "v"))


def _sound_terms(texts: Sequence[str]) -> tuple[_Array, _Array]:
    """The pairs of syllables and the triples of first letters, with the numbers of their texts."""
    letters, owners = _letters(texts)
    sounds = _sounds()
    heard = sounds.of[letters]
    paired = (heard[:-1] > 0) & (heard[1:] > 0)
    one, two = heard[:-1][paired], heard[1:][paired]
    pairs = sounds.first[one] * sounds.power[two] + sounds.second[two]
    in_row = paired[:-1] & paired[1:]
    triples = np.full(int(in_row.sum()), ord(" "), np.uint32)
    for place in range(3):
        end = len(heard) - 2 + place
        triples = triples * _BASE + sounds.initial[heard[place:end][in_row]]
    return (
        _numbered(np.concatenate((pairs, triples))),
        np.concatenate((owners[:-1][paired], owners[:-2][in_row])),
    )


# Terms to postings


@dataclass(frozen=True)
class _Held:
    """What documents hold, one after the other.

    Attributes:
        counts: of each document, how many terms.
        terms: their numbers.
        levels: how much each says about its document.
    """

    counts: _Array
    terms: _Array
    levels: _Array


def _postings(view: View, cache: Path | None) -> tuple[_Array, _Array, _Array]:
    """Terms, documents and levels; the terms of a document stand together."""
    file = cache / CACHE_FILE if cache else None
    mark = _software_mark(view.settings.glossary) if file else ""
    known, held = _read(file, mark)
    new = [one for one in view.documents if one.digest not in known]
    held = _joined([held, *_analysed(new, _Synonyms(view.settings.glossary))])
    places = known | {one.digest: len(known) + place for place, one in enumerate(new)}
    held = _chosen(held, [places[document.digest] for document in view.documents])
    if file and (new or len(known) != len(view.documents)):
        _write(file, mark, view.documents, held)
    documents = np.repeat(np.arange(len(held.counts), dtype=np.uint32), held.counts)
    return held.terms, documents, held.levels


def _analysed(documents: Sequence[Document], synonyms: _Synonyms) -> Iterator[_Held]:
    for start in range(0, len(documents), _BATCH):
        texts = [_texts(document, synonyms) for document in documents[start : start + _BATCH]]
        names = _weighed([one.names for one in texts], _NAMES, _NAMES_LENGTH, _NAMES_B)
        sound = _weighed(
            [one.names for one in texts], _NAMES, _NAMES_LENGTH, _NAMES_B, _sound_terms
        )
        too = _weighed([one.names_too for one in texts], _NAMES * _SYNONYM, _NAMES_LENGTH, 0)
        body = _weighed([one.body for one in texts], _BODY, _BODY_LENGTH, _BODY_B)
        body_too = _weighed([one.body_too for one in texts], _BODY * _SYNONYM, _BODY_LENGTH, 0)
        yield _levelled([names, sound, too, body, body_too], len(texts))


def _weighed(
    texts: Sequence[str],
    weight: float,
    usual: float,
    b: float,
    cut: Callable[[Sequence[str]], tuple[_Array, _Array]] = _terms,
) -> tuple[_Array, _Array]:
    """Document and term as one number, with how much it counts there for its frequency."""
    terms, owners = cut(texts)
    keys, counts = np.unique(owners.astype(np.uint64) << np.uint64(32) | terms, return_counts=True)
    sizes = np.array([len(text) for text in texts], np.float32)
    norms = weight / (1 - b + b * sizes / usual)
    return keys, counts * norms[keys >> np.uint64(32)]


def _levelled(fields: Sequence[tuple[_Array, _Array]], documents: int) -> _Held:
    keys = np.concatenate([keys for keys, _ in fields])
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    weights = np.concatenate([weights for _, weights in fields])[order]
    first = np.flatnonzero(np.diff(keys, prepend=np.uint64(0xFFFFFFFFFFFFFFFF)))
    sums = np.add.reduceat(weights, first) if len(first) else weights
    levels = np.minimum(LEVELS * sums / (sums + _K1), LEVELS - 1).astype(np.uint8)
    owners = (keys[first] >> np.uint64(32)).astype(np.int64)
    terms = (keys[first] & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    return _Held(np.bincount(owners, minlength=documents), terms, levels)


def _joined(parts: Sequence[_Held]) -> _Held:
    return _Held(
        np.concatenate([one.counts for one in parts]),
        np.concatenate([one.terms for one in parts]),
        np.concatenate([one.levels for one in parts]),
    )


def _chosen(held: _Held, places: Sequence[int]) -> _Held:
    """The documents at these places, in this order."""
    if places == list(range(len(held.counts))):
        return held
    chosen = np.array(places, np.int64)
    counts = held.counts[chosen]
    starts = (np.cumsum(held.counts) - held.counts)[chosen]
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    at = np.repeat(starts, counts) + offsets
    return _Held(counts, held.terms[at], held.levels[at])


# Postings to shards


def _shards(terms: _Array, documents: _Array, levels: _Array) -> tuple[list[bytes], _Array]:
    """The shards, and the first term of each."""
    if not len(terms):
        return [], terms
    codes, holders, kept_terms, kept = _pruned(terms, documents, levels)
    starts = _starts(kept_terms)
    # Number times LEVELS plus level, above the number before it.
    before = np.concatenate((kept[:1] * 0, kept[:-1] & ~np.uint32(LEVELS - 1)))
    before[starts] = 0
    postings, sizes = _varints(kept - before)
    bytes_of = np.add.reduceat(sizes, starts)
    # A term's own numbers take some four bytes.
    total = np.cumsum(bytes_of + 4)
    shard = total // max(_SHARD_BYTES, int(total[-1]) // _MOST_SHARDS)
    first = _starts(shard)
    steps = np.diff(codes, prepend=0)
    steps[first] = codes[first]
    heads, head_sizes = _varints(np.stack((steps, holders, bytes_of), axis=1).ravel())
    parts = (
        _cut(*_varints(np.diff(first, append=len(codes))), np.arange(len(first))),
        _cut(heads, head_sizes, first * 3),
        _cut(postings, bytes_of, first),
    )
    return list(map(b"".join, zip(*parts, strict=True))), codes[first]


def _cut(data: _Array, sizes: _Array, places: _Array) -> Iterator[bytes]:
    """Pieces of what numbers of these sizes make up, each beginning with the one at a place."""
    whole = data.tobytes()
    begins = [*(np.cumsum(sizes) - sizes)[places].tolist(), len(whole)]
    return (whole[start:end] for start, end in itertools.pairwise(begins))


def _pruned(
    terms: _Array, documents: _Array, levels: _Array
) -> tuple[_Array, _Array, _Array, _Array]:
    """The postings that are kept, by term and document.

    Returns:
        The terms; how many documents hold each; of each posting that is kept its term, and its
        document times ``LEVELS`` plus its level.
    """
    key, high, low = _keys(len(terms))
    high[:] = terms
    low[:] = documents * np.uint32(LEVELS) + levels
    key.sort()
    terms, postings = high.copy(), low.copy()
    starts = _starts(terms)
    holders = np.diff(starts, append=len(terms))
    said_less = np.uint8(LEVELS - 1) - (postings % np.uint32(LEVELS)).astype(np.uint8)
    chosen = np.ones(len(terms), np.bool_)
    for start, number in zip(starts.tolist(), holders.tolist(), strict=True):
        if number > _MOST_POSTINGS:
            order = np.argsort(said_less[start : start + number], kind="stable")
            chosen[start + order[_MOST_POSTINGS:]] = False
    return terms[starts].astype(np.int64), holders, terms[chosen], postings[chosen]


def _keys(size: int) -> tuple[_Array, _Array, _Array]:
    """Numbers of 64 bits to sort, and their upper and lower halves."""
    keys = np.zeros(size, "<u8")
    halves = keys.view("<u4")
    return keys, halves[1::2], halves[0::2]


def _starts(values: _Array) -> _Array:
    """Where in sorted numbers another one begins."""
    return np.flatnonzero(np.concatenate((values[:1] == values[:1], values[1:] != values[:-1])))


def _varints(values: _Array) -> tuple[_Array, _Array]:
    """Numbers below 2³⁵ as bytes, and how many bytes each takes."""
    sizes = np.ones(len(values), np.int64)
    for bits in (7, 14, 21, 28):
        sizes += values >= 1 << bits
    starts = np.cumsum(sizes) - sizes
    out = np.zeros(int(sizes.sum()), np.uint8)
    out[starts] = (values & 0x7F) | (sizes > 1) * 0x80
    for place in range(1, int(sizes.max(initial=0))):
        on = np.flatnonzero(sizes > place)
        more = (sizes[on] > place + 1) * 0x80
        out[starts[on] + place] = ((values[on] >> (7 * place)) & 0x7F) | more
    return out, sizes


def _traditional_pairs(terms: _Array) -> str:
    """Traditional characters of which the library holds the simplified ones, pair by pair."""
    held = np.zeros(1 << 16, np.bool_)
    held[terms >> np.uint32(16)] = True
    return "".join(chr(one) + chr(other) for one, other in _simplified().items() if held[other])


# What is kept for the next time


def _software_mark(glossary: Glossary) -> str:
    code = software_digest(file for file in package_files("casebook") if file.suffix == ".py")
    return bytes_digest(f"{code}{np.__version__}{glossary.model_dump_json()}".encode())


def _read(file: Path | None, mark: str) -> tuple[dict[str, int], _Held]:
    """The places of known documents by their digests, and what they hold."""
    nothing = _Held(np.zeros(0, np.int64), np.zeros(0, np.uint32), np.zeros(0, np.uint8))
    if file is None:
        return {}, nothing
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            held = _Held(kept["counts"], kept["terms"], kept["levels"])
            digests = kept["digests"].tolist()
            whole = kept["mark"].tolist() == mark and _fits(held, digests)
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile):
        return {}, nothing
    if not whole:
        return {}, nothing
    return {digest: place for place, digest in enumerate(digests)}, held


def _fits(held: _Held, digests: Sequence[str]) -> bool:
    total = int(held.counts.sum())
    return len(held.terms) == len(held.levels) == total and len(held.counts) == len(set(digests))


def _write(file: Path, mark: str, documents: Iterable[Document], held: _Held) -> None:
    """Keeps what documents hold; where that fails it is found anew the next time."""
    aside = file.with_suffix(".new")
    digests = np.array([document.digest for document in documents])
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as stream:
            np.savez(
                stream,
                mark=np.array(mark),
                digests=digests,
                counts=held.counts,
                terms=held.terms,
                levels=held.levels,
            )
        aside.replace(file)
    except OSError:
        aside.unlink(missing_ok=True)
