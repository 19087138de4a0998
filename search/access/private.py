"""Files of the state folder that only the service's own user may read."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from casebook.errors import SearchError
from casebook.files import private_file, private_folder

_AGAIN = 0.01
KEY_BYTES = 32


def append_line(file: Path, line: str) -> None:
    """Adds a line to a file; lines of several processes never mix.

    Args:
        file: made, with its folder, where it is not there; opened each time, so it may be moved
            away.
        line: without its end.

    Raises:
        OSError: it cannot be written.
    """
    private_file(file)
    opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
    try:
        os.write(opened, f"{line}\n".encode())
    finally:
        os.close(opened)


def key_of(file: Path) -> bytes:
    """The secret key in a file, made at random by whoever needs it first.

    Raises:
        SearchError: it is no key, or others may read it.
        OSError: it cannot be read or made.
    """
    if not file.exists():
        private_folder(file.parent)
        # Written aside and linked: of several processes one's key stands, and never half of it.
        handle, aside = tempfile.mkstemp(dir=file.parent)
        try:
            with os.fdopen(handle, "wb") as made:
                made.write(secrets.token_bytes(KEY_BYTES))
                made.flush()
                os.fsync(made.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(aside, file)
        finally:
            Path(aside).unlink()
    if file.stat().st_mode & 0o077:
        raise SearchError(f"别人也能读密钥文件“{file}”；用 chmod 600 改过来，或者删掉它重新启动。")
    key = file.read_bytes()
    if len(key) < KEY_BYTES:
        raise SearchError(f"密钥文件“{file}”不完整；删掉它重新启动，所有人要重新登录。")
    return key


class Database:
    """A small SQLite file that several threads and processes use.

    Args:
        file: made when it is used first, readable for its owner only; None keeps all in memory.
        schema: the tables, made where they are not there.
        wait: seconds to wait for another process.
        pragmas: what else is set when it is opened.
    """

    def __init__(self, file: Path | None, schema: str, wait: float, pragmas: str = "") -> None:
        self._file = file
        self._schema = schema
        self._wait = wait
        self._pragmas = pragmas
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None

    def run(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Runs one statement, in a transaction of its own.

        Returns:
            The rows that it gives.

        Raises:
            sqlite3.Error: the file cannot be used.
            OSError: it cannot be made.
        """
        with self._lock:
            return self._current().execute(statement, values).fetchall()

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            if self._database:
                self._database.close()
                self._database = None

    def _current(self) -> sqlite3.Connection:
        """The open file; another one when it was replaced, as by a backup."""
        if self._database and (self._file is None or self._identity(self._file) == self._opened):
            return self._database
        if self._database:
            self._database.close()
            self._database = None
        if self._file:
            private_file(self._file)
        opened = sqlite3.connect(
            self._file or ":memory:",
            timeout=self._wait,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            self._prepare(opened)
        except BaseException:
            opened.close()
            raise
        self._database = opened
        self._opened = self._identity(self._file) if self._file else None
        return opened

    def _prepare(self, opened: sqlite3.Connection) -> None:
        """Makes the tables; several processes may do so at once.

        Where one of them changes how the file is journalled, SQLite does not wait for it by itself.
        """
        until = time.monotonic() + self._wait
        while True:
            try:
                opened.executescript(self._pragmas)
                opened.executescript(self._schema)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(_AGAIN)
            else:
                return

    @staticmethod
    def _identity(file: Path) -> tuple[int, int] | None:
        try:
            found = file.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino
