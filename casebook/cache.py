"""What reading and rendering gave, kept on disk for the next process.

The cache saves time and nothing else: one that is damaged, locked or cannot be written is as good
as none, and what it holds is taken only for the same bytes, settings and software.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import ValidationError

from casebook.digests import bytes_digest, package_files, software_digest
from casebook.documents import MODELS, Kind
from casebook.problems import Edit, Problem, Severity
from casebook.reading import Reading
from casebook.settings import Settings

CACHE_FILE = Path("build") / "cache" / "documents.sqlite"
# What casebook's own code does not show, and decides what a file gives.
_PACKAGES = ("markdown", "nh3", "pydantic", "pymdown-extensions", "python-frontmatter", "pyyaml")
_TABLE = (
    "CREATE TABLE IF NOT EXISTS readings"
    " (path BLOB PRIMARY KEY, digest TEXT, version TEXT, value BLOB, seal TEXT)"
)
_GET = "SELECT value, seal FROM readings WHERE path = ? AND digest = ? AND version = ?"
# Not our file, or not whole: a table of another shape is SQLITE_ERROR.
_DAMAGE = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_LOCK_SECONDS = 2.0
_ROWS_AT_ONCE = 1000

_Row = tuple[bytes, str, str, bytes, str]


class ReadingCache:
    """What the files of one library gave, by path and digest. Use it as a context manager.

    Args:
        file: where it is kept; made when it is not there.
        settings: the settings that the files are read with.
    """

    def __init__(self, file: Path, settings: Settings) -> None:
        self._file = file
        self._version = bytes_digest(f"{settings.model_dump_json()}{_software()}".encode())
        self._new: list[_Row] = []
        self._database: sqlite3.Connection | None = None
        with self._forgiving():
            self._database = _open(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._write()
        self._close()

    def get(self, path: str, kind: Kind, digest: str) -> Reading | None:
        """What a file gave, its sections rendered; None when that is not known.

        Args:
            path: the file, relative to the library.
            kind: what its folder holds.
            digest: of its bytes.
        """
        key = (os.fsencode(path), digest, self._version)
        row = None
        with self._forgiving():
            if self._database:
                row = self._database.execute(_GET, key).fetchone()
        # SQLite does not notice a flipped bit inside a value.
        if row is None or row[1] != _seal(*key, row[0]):
            return None
        # A document that its own JSON does not give back is read anew.
        with contextlib.suppress(ValidationError):
            return _from_json(row[0], kind)
        return None

    def put(self, path: str, digest: str, reading: Reading) -> None:
        """Keeps what a file gave."""
        key = (os.fsencode(path), digest, self._version)
        value = _as_json(reading)
        self._new.append((*key, value, _seal(*key, value)))
        if len(self._new) >= _ROWS_AT_ONCE:
            self._write()

    def keep_only(self, used: set[tuple[str, str]]) -> None:
        """Removes all but the readings of these paths with these digests."""
        self._write()
        wanted = {(os.fsencode(path), digest, self._version) for path, digest in used}
        with self._forgiving():
            if self._database:
                held = self._database.execute("SELECT path, digest, version FROM readings")
                unused = [row[:1] for row in held if row not in wanted]
                self._change("DELETE FROM readings WHERE path = ?", unused)

    def _write(self) -> None:
        new, self._new = self._new, []
        with self._forgiving():
            self._change("REPLACE INTO readings VALUES (?, ?, ?, ?, ?)", new)

    def _change(self, statement: str, rows: list[_Row] | list[tuple[bytes]]) -> None:
        if self._database and rows:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany(statement, rows)
            self._database.execute("COMMIT")

    @contextlib.contextmanager
    def _forgiving(self) -> Iterator[None]:
        """Goes on without a cache when it fails, with a new one when it was damaged."""
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            self._close()
            # An error without a code is text that cannot be decoded.
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
            if isinstance(error, sqlite3.Error) and code & 0xFF in _DAMAGE:
                with contextlib.suppress(OSError, sqlite3.Error):
                    self._file.unlink(missing_ok=True)
                    self._database = _open(self._file)

    def _close(self) -> None:
        if self._database:
            self._database.close()
            self._database = None


def _open(file: Path) -> sqlite3.Connection:
    file.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(file, timeout=_LOCK_SECONDS, isolation_level=None)
    try:
        database.execute(_TABLE)
    except sqlite3.Error:
        database.close()
        raise
    return database


@functools.cache
def _software() -> str:
    """The code that reads and renders, as it was when this process first loaded a library."""
    code = software_digest(file for file in package_files("casebook") if file.suffix == ".py")
    return " ".join((code, sys.version, *(f"{name} {version(name)}" for name in _PACKAGES)))


def _seal(path: bytes, digest: str, version: str, value: bytes) -> str:
    return bytes_digest(path + f"\0{digest}\0{version}\0".encode() + value)


def _as_json(reading: Reading) -> bytes:
    """Two lines of JSON: the document (or nothing), and the rest."""
    document = reading.document.model_dump_json(exclude_unset=True) if reading.document else ""
    problems = [asdict(problem) for problem in reading.problems]
    rest = json.dumps({"lines": reading.lines, "targets": reading.targets, "problems": problems})
    return f"{document}\n{rest}".encode()


def _from_json(value: bytes, kind: Kind) -> Reading:
    # Validating JSON is faster than building the models from what json.loads gives.
    document, _, rest = value.partition(b"\n")
    more = json.loads(rest)
    return Reading(
        document=MODELS[kind].model_validate_json(document) if document else None,
        problems=tuple(problem_from(values) for values in more["problems"]),
        lines=more["lines"],
        targets=tuple(more["targets"]),
    )


def problem_from(values: dict[str, Any]) -> Problem:
    """A problem from what ``dataclasses.asdict`` made of it."""
    fix = tuple(Edit(**edit) for edit in values["fix"])
    return Problem(**values | {"severity": Severity(values["severity"]), "fix": fix})
