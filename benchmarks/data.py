"""The files of a data folder → sets of entries, queries and questions; nothing is guessed.

A line that cannot be used ends the run with its file and number: a benchmark that passes over
lines measures something else than it says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The kind of the queries that no file gives a kind.
QUERIES = "queries"
_FAQ = re.compile(r"faq-(.+)\.jsonl")


class DataError(Exception):
    """Data that cannot be used: what was found where, and what is expected."""


@dataclass(frozen=True)
class FaqEntry:
    """A question with other wordings of it.

    Attributes:
        id: its name in the data.
        question: the question.
        similar: other wordings; may be empty.
    """

    id: str
    question: str
    similar: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """A query that has an answer.

    Attributes:
        text: as somebody typed it.
        ids: the entries of which any is right.
        kind: how it was typed.
        audience: who asks; empty for the narrowest audience.
    """

    text: str
    ids: frozenset[str]
    kind: str = QUERIES
    audience: str = ""


@dataclass(frozen=True)
class DataSet:
    """Entries, and queries that they answer.

    Attributes:
        name: the part of the file names that differs.
        entries: what is indexed.
        queries: what is asked.
    """

    name: str
    entries: tuple[FaqEntry, ...]
    queries: tuple[Asked, ...]


def read_sets(folder: Path) -> list[DataSet]:
    """Every set of a data folder, by name.

    Raises:
        DataError: the folder holds no set, or a line cannot be used.
    """
    found = sorted((m[1], file) for file in _files(folder) if (m := _FAQ.fullmatch(file.name)))
    if not found:
        raise DataError(f"{folder} holds no faq-*.jsonl; expected at least one, as faq-dev.jsonl")
    return [_read_set(folder, name, file) for name, file in found]


def read_questions(folder: Path) -> list[str]:
    """The questions of all ``questions-*.txt``, each once; empty when there is no such file."""
    files = sorted(file for file in _files(folder) if re.fullmatch(r"questions-.+\.txt", file.name))
    return list(dict.fromkeys(line for file in files for _, line in _lines(file)))


def read_rows(file: Path) -> list[dict[str, str]]:
    """The rows of a TSV file by the names of its first line.

    Raises:
        DataError: a line has another number of columns than the first.
    """
    rows = [(number, line.split("\t")) for number, line in _lines(file)]
    head = rows[0][1] if rows else []
    for number, row in rows:
        if len(row) != len(head):
            raise _unusable(file, number, f"{len(row)} columns", f"{len(head)}, as in line 1")
    return [dict(zip(head, row, strict=True)) for _, row in rows[1:]]


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; DATA must name the folder with the data files")
    return [file for file in folder.iterdir() if file.is_file()]


def _read_set(folder: Path, name: str, faq: Path) -> DataSet:
    entries = tuple(_entries(faq))
    known = {entry.id for entry in entries}
    if len(known) != len(entries):
        ids = [entry.id for entry in entries]
        twice = next(one for one in ids if ids.count(one) > 1)
        raise DataError(f"{faq.name}: id {twice!r} stands there twice; each entry needs its own")
    plain = folder / f"queries-{name}.tsv"
    hard = folder / f"queries-{name}-hard.tsv"
    queries = [*_queries(plain, known, ("query", "id")), *_queries(hard, known, _HARD)]
    return DataSet(name, entries, tuple(queries))


_HARD = ("kind", "query", "id")


def _entries(file: Path) -> Iterator[FaqEntry]:
    expected = '{"id": text, "question": text, "similar": [text, …]}'
    for number, line in _lines(file):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise _unusable(file, number, f"no JSON ({error})", expected) from None
        if not _is_entry(row):
            raise _unusable(file, number, line[:80], expected)
        yield FaqEntry(row["id"], row["question"], tuple(row.get("similar", ())))


def _is_entry(row: Any) -> bool:
    if not isinstance(row, dict) or not isinstance(row.get("similar", []), list):
        return False
    texts = [row.get("id"), row.get("question"), *row.get("similar", [])]
    return all(isinstance(text, str) and text.strip() for text in texts)


def _queries(file: Path, known: Collection[str], columns: tuple[str, ...]) -> Iterator[Asked]:
    """The queries of a file; none when there is no such file."""
    for number, line in _lines(file) if file.is_file() else ():
        cells = line.split("\t")
        if len(cells) != len(columns) or not all(cell.strip() for cell in cells):
            raise _unusable(file, number, repr(line[:80]), " TAB ".join(columns))
        *kind, text, name = cells
        if name not in known:
            raise _unusable(file, number, f"id {name!r}", "the id of an entry of its set")
        yield Asked(text, frozenset((name,)), *kind)


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file that are not blank, with their numbers."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read: {error}; expected a text file in UTF-8") from None
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line.removesuffix("\r")


def _unusable(file: Path, number: int, found: str, expected: str) -> DataError:
    return DataError(f"{file.name}:{number}: found {found}; expected {expected}")
