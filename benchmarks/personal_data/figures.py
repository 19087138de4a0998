"""Lines → recall and precision of each kind, false finds on clean lines, and speed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.personal_data.sentences import Line
from casebook.personal_data import PersonalKind, find_personal_data

ALL = "all"
CLEAN = "clean-certain"
_LEAST = 0.99
_MOST_FALSE = 1
_DOCUMENT = 2_000
_DOCUMENTS = 1_000
_MEGABYTE = 1e6


@dataclass(frozen=True)
class Row:
    """The figures of one kind.

    Attributes:
        kind: the kind; ``all``; or ``clean-certain``, the finds of certain kinds on clean lines.
        expected: how many values there were; for clean lines, how many lines.
        recall: the share of values that were found, as this kind.
        precision: the share of finds that were expected.
        false_finds: how many were not.
    """

    kind: str
    expected: int
    recall: float
    precision: float
    false_finds: int


def rows(mixed: Sequence[Line], clean: Sequence[Line]) -> tuple[list[Row], list[str]]:
    """The figures, and a line for each value missed and each find that is wrong.

    Args:
        mixed: lines with and without personal data.
        clean: lines without.
    """
    expected: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    false: Counter[str] = Counter()
    wrong: list[str] = []
    for line in mixed:
        left = [(find.kind, find.start, find.end) for find in find_personal_data(line.text)]
        for kind, start, end in line.expected:
            expected[kind] += 1
            same = [f for f in left if f[0] is kind and f[1] < end and start < f[2]]
            hit[kind] += bool(same)
            left = [find for find in left if find not in same]
            if not same:
                wrong.append(f"missed {kind}: {line.text}")
        for kind, start, end in left:
            false[kind] += 1
            wrong.append(f"false {kind} “{line.text[start:end]}”: {line.text}")
    found = [_row(kind, expected[kind], hit[kind], false[kind]) for kind in PersonalKind]
    found.append(_row(ALL, expected.total(), hit.total(), false.total()))
    certain = 0
    for line in clean:
        for find in find_personal_data(line.text):
            certain += find.certain
            wrong.append(f"false {find.kind} “{line.text[find.start : find.end]}”: {line.text}")
    return [*found, Row(CLEAN, len(clean), 1.0, 1.0 if not certain else 0.0, certain)], wrong


def _row(kind: str, expected: int, hit: int, false: int) -> Row:
    found = hit + false
    return Row(
        kind, expected, hit / expected if expected else 1.0, hit / found if found else 1.0, false
    )


def missed(found: Sequence[Row]) -> list[str]:
    """What is below the figures that are promised."""
    problems = [
        f"{row.kind}: recall {row.recall:.4f}, precision {row.precision:.4f}; at least {_LEAST}"
        for row in found
        if row.kind != CLEAN and min(row.recall, row.precision) < _LEAST
    ]
    problems += [
        f"{row.kind}: {row.false_finds} false finds on {row.expected:,} lines; at most 1 per 10,000"
        for row in found
        if row.kind == CLEAN and row.false_finds > max(_MOST_FALSE, row.expected // 10_000)
    ]
    return problems


def speed(text: str) -> float:
    """Megabytes a second of processor time, on documents of 2,000 characters.

    Args:
        text: what the documents are made of.
    """
    pieces = [text[place : place + _DOCUMENT] for place in range(0, len(text), _DOCUMENT)]
    documents = [pieces[place % len(pieces)] for place in range(_DOCUMENTS)]
    size = sum(len(document.encode()) for document in documents)
    find_personal_data(text)
    start = time.process_time()
    for document in documents:
        find_personal_data(document)
    return size / _MEGABYTE / (time.process_time() - start)
