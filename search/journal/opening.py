"""Opening the journal's file: made, brought up to date, set aside when it is damaged."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from casebook.errors import SearchError, reason
from casebook.files import alone, private_file

# What is deleted is overwritten, and the file gives back the room.
_SETTINGS = (
    "PRAGMA auto_vacuum = INCREMENTAL",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA secure_delete = ON",
)
# What makes each version out of the one before it.
_MIGRATIONS: list[tuple[str, ...]] = [
    (
        """CREATE TABLE questions (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, visit TEXT,
            surface TEXT NOT NULL, text TEXT NOT NULL, total INTEGER NOT NULL,
            complete INTEGER NOT NULL, answer TEXT, hits TEXT NOT NULL, took_ms REAL NOT NULL,
            degraded INTEGER NOT NULL
        )""",
        "CREATE INDEX questions_at ON questions (at, number)",
        "CREATE INDEX questions_visit ON questions (visit) WHERE visit IS NOT NULL",
        """CREATE TABLE events (
            question TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,
            document TEXT NOT NULL, helpful INTEGER, reason TEXT,
            PRIMARY KEY (question, at, kind, document)
        ) WITHOUT ROWID""",
        "CREATE INDEX events_at ON events (at)",
        "CREATE TABLE counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    ),
]
# Seconds that a writer waits for others.
_PATIENCE = 5.0

log = logging.getLogger(__name__)


def connect(file: Path) -> sqlite3.Connection:
    """Opens the file to write; makes it or brings it up to date, and sets a damaged one aside.

    Raises:
        SearchError: a newer version of the program made it.
        sqlite3.Error: it cannot be used.
        OSError: its folder cannot be made or written.
    """
    with _alone(file):
        try:
            return _open(file)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            _set_aside(file)
            return _open(file)


def set_aside(file: Path, inode: int) -> None:
    """Gives a damaged file another name, unless another process has done so.

    Args:
        file: where it is.
        inode: which file was damaged.

    Raises:
        OSError: the folder cannot be written.
    """
    with _alone(file):
        if inode_of(file) == inode:
            _set_aside(file)


def remove_aside(file: Path, before: float) -> None:
    """Removes what was set aside before a time: damaged or not, it holds questions.

    Args:
        file: the file in whose place others were set aside.
        before: seconds since 1970.
    """
    for old in file.parent.glob(f"{file.name}.damaged-*"):
        if old.stat().st_mtime < before:
            old.unlink(missing_ok=True)


def is_damage(error: Exception) -> bool:
    """Whether an error says that the file itself is damaged, or no such file at all."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def inode_of(file: Path) -> int:
    """Which file a path leads to at the moment; 0 when there is none."""
    try:
        return file.stat().st_ino
    except FileNotFoundError:
        return 0


def _alone(file: Path) -> AbstractContextManager[None]:
    busy = SearchError(f"别的进程正在打开检索日志 {file}，等了 {_PATIENCE:.0f} 秒。")
    lock = file.with_name(f"{file.name}.lock")
    private_file(lock)
    return alone(lock, busy, _PATIENCE)


def _set_aside(file: Path) -> None:
    name = f"{file.name}.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    for part in ("-wal", "-shm", ""):
        beside = file.with_name(file.name + part)
        if beside.exists():
            beside.rename(file.with_name(name + part))
    log.error("检索日志 %s 坏了，改名为 %s，另开新的", file, name)


def _open(file: Path) -> sqlite3.Connection:
    private_file(file)
    database = sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)
    try:
        version = _version(database, file)
        for setting in _SETTINGS:
            database.execute(setting).fetchall()
        if version < len(_MIGRATIONS):
            _migrate(database, version)
    except BaseException:
        database.close()
        raise
    return database


def open_to_read(file: Path) -> sqlite3.Connection:
    """Opens the file only to read.

    Raises:
        SearchError: it is not there, is damaged, or a newer version of the program made it.
    """
    if not file.is_file():
        raise SearchError(f"没有检索日志 {file}；服务回答过问题以后才有。")
    try:
        database = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", _PATIENCE, uri=True)
        try:
            _version(database, file)
        except BaseException:
            database.close()
            raise
    except sqlite3.Error as error:
        raise SearchError(f"读不了检索日志 {file}（{reason(error)}）。") from None
    return database


def _migrate(database: sqlite3.Connection, version: int) -> None:
    with step(database):
        for number, statements in enumerate(_MIGRATIONS[version:], version + 1):
            for statement in statements:
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {number}")


def _version(database: sqlite3.Connection, file: Path) -> int:
    version = int(database.execute("PRAGMA user_version").fetchone()[0])
    if version > len(_MIGRATIONS):
        raise SearchError(
            f"检索日志 {file} 是第 {version} 版，这个程序只认到第 {len(_MIGRATIONS)} 版；"
            "请升级 casebook，或把文件移到别处。"
        )
    return version


@contextmanager
def step(database: sqlite3.Connection) -> Iterator[None]:
    """A transaction that writes: others wait for its end, never in its middle."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise
