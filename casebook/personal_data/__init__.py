"""Personal data in Chinese text: found with its place, shown only in masked form.

Certain kinds prove themselves: by a check digit, a structure or a word next to them. Addresses and
names cannot; they only warn. What is found, what passes and what cannot be found stands in
``docs/personal-data.md``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from casebook.personal_data.addresses import find_addresses
from casebook.personal_data.codes import find_codes
from casebook.personal_data.folding import Folded, fold
from casebook.personal_data.kinds import Candidate, PersonalData, PersonalKind, masked
from casebook.personal_data.names import find_names
from casebook.personal_data.numbers import find_numbers

__all__ = ["PersonalData", "PersonalKind", "find_personal_data", "mask_personal_data"]

# Where two finds overlap, the one that proves more wins.
_PRIORITY = {
    kind: place
    for place, kind in enumerate(
        (
            PersonalKind.EMAIL,
            PersonalKind.ID_CARD,
            PersonalKind.BANK_CARD,
            PersonalKind.MOBILE,
            PersonalKind.LANDLINE,
            PersonalKind.PASSPORT,
            PersonalKind.PLATE,
            PersonalKind.CHAT_ACCOUNT,
            PersonalKind.ADDRESS,
            PersonalKind.NAME,
        )
    )
}
_SEPARATORS = re.compile(r"[\s.·()/_-]+")


def find_personal_data(text: str, allowed: Collection[str] = ()) -> list[PersonalData]:
    """Looks for personal data.

    Args:
        text: any text, Markdown too.
        allowed: values that may stand there, such as the company's own numbers; spelling, spaces
            and separators do not matter.

    Returns:
        The finds in order; they do not overlap, and their offsets are those of the text given.
    """
    folded = fold(text)
    permitted = {_bare(fold(value).text) for value in allowed}
    return [
        _found(folded, candidate)
        for candidate in _without_overlaps(folded.text, _candidates(folded.text))
        if _bare(folded.text[candidate.start : candidate.end]) not in permitted
    ]


def mask_personal_data(text: str, allowed: Collection[str] = ()) -> str:
    """A text with every find replaced by its masked form.

    Args:
        text: any text.
        allowed: as for :func:`find_personal_data`.
    """
    parts, place = [], 0
    for find in find_personal_data(text, allowed):
        parts += [text[place : find.start], find.shown]
        place = find.end
    return "".join([*parts, text[place:]])


def _candidates(text: str) -> Iterator[Candidate]:
    numbers = list(find_numbers(text))
    yield from numbers
    yield from find_codes(text)
    yield from find_addresses(text)
    yield from find_names(text, numbers)


def _without_overlaps(text: str, candidates: Iterable[Candidate]) -> list[Candidate]:
    kept: list[Candidate] = []
    taken = bytearray()
    for candidate in sorted(candidates, key=lambda found: (_PRIORITY[found.kind], found.start)):
        taken = taken or bytearray(len(text))
        start, end = candidate.start, candidate.end
        if taken.find(1, start, end) < 0:
            taken[start:end] = b"\1" * (end - start)
            kept.append(candidate)
    return sorted(kept, key=lambda found: found.start)


def _found(folded: Folded, candidate: Candidate) -> PersonalData:
    start, end = folded.original(candidate.start, candidate.end)
    shown = masked(candidate.kind, folded.text[candidate.start : candidate.end])
    return PersonalData(candidate.kind, start, end, shown)


def _bare(value: str) -> str:
    return _SEPARATORS.sub("", value).casefold().removeprefix("+86")
