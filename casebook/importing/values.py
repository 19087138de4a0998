"""What others write as a date, a term or a list → what a key of the front matter may hold."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from casebook.documents import ID_PATTERN, MAX_LINE
from casebook.importing.titles import title_of
from casebook.settings import Settings, Taxonomy
from casebook.validation import nearest

Value = str | list[str]
_DATE = re.compile(
    r"(?<!\d)(\d{4})\s*(?:[-/.年]\s*(\d{1,2})\s*(?:[-/.月]\s*(\d{1,2})\s*日?|月)?|(\d{2})(\d{2}))(?!\d)"
)
_DAYS = ("written", "approved_on", "review_by", "effective_from", "effective_until")
_TERMS = {
    "channel": "channels",
    "level": "levels",
    "reason": "reasons",
    "manner": "manners",
    "method": "methods",
    "rank": "ranks",
}
_TERM_LISTS = {"customer_types": "customer_types", "needs": "needs"}
_CITED = ("policies", "faq", "supersedes", "replaced_by")
_CITATION = re.compile(rf"(?:{ID_PATTERN.pattern})(?:#[a-z0-9]+)?")
_FOREVER = re.compile(r"永久.*|长期.*|一直.*|无|不限|[-—]+|(?:2099|2[1-9]\d\d|[3-9]\d{3}).*")
_SEPARATORS = re.compile(r"[、,，;；/|\s]+")
_TAGS = re.compile(r"[、,，;；|\n]+|\s{2,}")
# Boxes of a form: ticked, and open.
_TICKED = re.compile(r"[☑☒√✓✔■]\s*([^\s☐□☑☒√✓✔■]+)")
_BOX = re.compile("[☐□☑☒√✓✔■]")
_SIMILAR = re.compile(r"[\n|｜;；#]+")
_PATH = re.compile(r"\s*(?:>>|>|/|\\|→|»|::|——|--|\|)\s*")
# What an author's line may name: a post or a team, never a person.
_POST = re.compile("班长|组|岗|专员|主管|坐席|经理|质检|培训|部|中心|科|室|处|员$|师$")


@dataclass(frozen=True)
class Parsed:
    """What became of a value.

    Attributes:
        value: for the key; None when none could be made with certainty.
        note: what a person should look at; empty when nothing.
        rest: parts that the value does not hold.
    """

    value: Value | None
    note: str = ""
    rest: str = ""


def parse(key: str, text: str, settings: Settings) -> Parsed:
    """A value of a key.

    Args:
        key: the key of the front matter.
        text: as the source writes it.
        settings: the taxonomy.
    """
    words = " ".join(unicodedata.normalize("NFKC", text).split())
    if key == "id":
        return Parsed(words if ID_PATTERN.fullmatch(words) else None)
    if key in _DAYS or key == "happened":
        return _parse_date(key, words)
    if (key in _TERMS or key in _TERM_LISTS) and _BOX.search(words):
        words = "、".join(_TICKED.findall(words))
        if not words:
            return Parsed(None, f"{title_of(key)}：没有勾选")
    if key in _TERMS:
        known = getattr(settings.taxonomy, _TERMS[key])
        return _parse_term(key, words, known)
    if key in _TERM_LISTS:
        return _parse_terms(key, words, getattr(settings.taxonomy, _TERM_LISTS[key]))
    return _parse_words(key, text)


def _parse_words(key: str, text: str) -> Parsed:
    if key == "tags":
        parts = [part for part in _TAGS.split(text.strip()) if part.strip()]
        return Parsed([" ".join(part.split()) for part in parts])
    words = " ".join(text.split())
    if key in _CITED:
        cited = _SEPARATORS.split(words)
        return Parsed(cited if all(map(_CITATION.fullmatch, cited)) else None)
    if key == "author" and not _POST.search(words):
        return Parsed(None, f"{title_of(key)}写岗位，不写姓名；原来写的在附注里")
    if len(words) > MAX_LINE:
        return Parsed(None, f"{title_of(key)}超过 {MAX_LINE} 字")
    return Parsed(words)


def find_date(text: str) -> date | None:
    """The only day that a text names, as years are written in Chinese or with signs."""
    found = {_as_date(match) for match in _DATE.finditer(unicodedata.normalize("NFKC", text))}
    return found.pop() if len(found) == 1 else None


def _as_date(match: re.Match[str]) -> date | None:
    year, month, day = match[1], match[2] or match[4], match[3] or match[5]
    try:
        return date(int(year), int(month or 0), int(day or 0))
    except ValueError:
        return None


def _parse_date(key: str, words: str) -> Parsed:
    if key == "effective_until" and _FOREVER.fullmatch(words):
        return Parsed("")
    match = _DATE.search(words)
    if match and key == "happened":
        month = match[2] or match[4] or ""
        if month and 1 <= int(month) <= 12:  # noqa: PLR2004  (the months of a year)
            return Parsed(f"{match[1]}-{int(month):02d}")
    day = find_date(words)
    if day is None:
        return Parsed(None, f"{title_of(key)}认不出日期")
    return Parsed(f"{day:%Y-%m}" if key == "happened" else day.isoformat())


def _parse_term(key: str, words: str, known: tuple[str, ...]) -> Parsed:
    if words in known:
        return Parsed(words)
    guess = nearest(words, known)
    if guess:
        return Parsed(guess, f"{title_of(key)}：分类里没有“{words}”，取了最近的“{guess}”")
    return Parsed(None, f"{title_of(key)}：分类里没有“{words}”")


def _parse_terms(key: str, words: str, known: tuple[str, ...]) -> Parsed:
    parts = [part for part in _SEPARATORS.split(words) if part]
    parsed = [_parse_term(key, part, known) for part in parts]
    values = [one.value for one in parsed if isinstance(one.value, str)]
    notes = "；".join(one.note for one in parsed if one.note)
    rest = "、".join(part for part, one in zip(parts, parsed, strict=True) if one.value is None)
    return Parsed(list(dict.fromkeys(values)) or None, notes, rest if values else "")


def parse_subject(text: str, taxonomy: Taxonomy) -> Parsed:
    """A path of subjects, whatever signs it is written with and whatever stands before it."""
    paths = taxonomy.subject_paths
    parts = [part for part in _PATH.split(unicodedata.normalize("NFKC", text).strip()) if part]
    for start in range(len(parts)):
        for end in range(len(parts), start, -1):
            path = "/".join(parts[start:end])
            if path in paths:
                return _subject_below(text, path, parts[end:], paths)
    leaves = [path for path in paths if parts and path.split("/")[-1] == parts[-1]]
    if len(leaves) == 1:
        return Parsed(leaves[0], f"业务分类：“{text}”取了“{leaves[0]}”")
    guess = nearest("/".join(parts), paths)
    if guess:
        return Parsed(guess, f"业务分类：分类里没有“{text}”，取了最近的“{guess}”")
    return Parsed(None, f"业务分类：分类里没有“{text}”")


def _subject_below(text: str, path: str, rest: list[str], paths: tuple[str, ...]) -> Parsed:
    """A path, or the one below it that is most like the rest of what was written."""
    if not rest:
        exact = text.strip() == path
        return Parsed(path, "" if exact else f"业务分类：“{text}”取了“{path}”")
    below = {one.removeprefix(f"{path}/"): one for one in paths if one.startswith(f"{path}/")}
    guess = nearest(rest[0], below)
    found = below[guess] if guess else path
    return Parsed(found, f"业务分类：分类里没有“{text}”，取了最近的“{found}”")


def split_similar(text: str) -> list[str]:
    """The similar questions of a cell, however they are separated."""
    parts = (" ".join(part.split()) for part in _SIMILAR.split(text))
    return [re.sub(r"^(?:\d{1,2}[、.．)）]|[-•●·])\s*", "", part) for part in parts if part]
