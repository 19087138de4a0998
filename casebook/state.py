"""Backup and restore of what the services learn: journals, tasks, notices, tokens, audit logs.

A backup is one zip file: ``manifest.json``, which names every file with its SHA-256, and the files,
each below its audience's id. It is made while the services write: databases by SQLite's online
backup, each as it was at one moment; lines that are being added are left out. Whatever is in a
state folder is in the backup, but for keys (``*.key``), since who finds a backup must not be able
to sign in as anybody, and insights' sums of journals. Services make new ones; people sign in again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import sqlite3
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from casebook.errors import CasebookError, reason
from casebook.files import private_folder, replacing

FORMAT = 1
_MANIFEST = "manifest.json"
_DATABASE = b"SQLite format 3\0"
_GROWING = (".jsonl", ".log")
_LEFT_OUT = (".key", ".lock")
# What was set aside because it is damaged.
_DAMAGED_NAME = ".damaged-"
# Sums of journals: large, and made again from them.
_MADE_AGAIN = "insights-*.sqlite"
_LOCK = ".in-use.lock"
# What SQLite keeps beside a database while it is open.
_COMPANIONS = ("-wal", "-shm", "-journal")
# What reading a damaged zip file or database ends with.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    sqlite3.Error,
    EOFError,
    RuntimeError,
    ValueError,
    struct.error,
)
_CHUNK = 1024 * 1024
_LARGEST_MANIFEST = 4 * 1024 * 1024

log = logging.getLogger(__name__)


class StateError(CasebookError):
    """What the services learned cannot be backed up or restored."""


@dataclass(frozen=True)
class Kept:
    """A file in a backup.

    Attributes:
        size: its bytes.
        sha256: of its bytes.
    """

    size: int
    sha256: str


@dataclass(frozen=True)
class Backup:
    """What a backup holds.

    Attributes:
        made: when, UTC, ISO.
        files: its files, by audience and path.
    """

    made: str
    files: dict[str, Kept]

    @property
    def audiences(self) -> tuple[str, ...]:
        """Whose state it holds."""
        return tuple(dict.fromkeys(name.partition("/")[0] for name in self.files))


def back_up(folders: Iterable[Path], out: Path) -> Backup:
    """Writes a backup, as a whole or not at all, that only its owner may read.

    Args:
        folders: state folders, each named after its audience; those that are not there are
            passed over.
        out: the file to write.

    Raises:
        StateError: there is nothing to back up, or a file of it is damaged.
        PublishError: the backup cannot be written.
    """
    found = [(folder, file) for folder in folders for file in _files(folder)]
    if not found:
        raise StateError(
            "没有可以备份的状态：服务还没有记下任何东西。检查 --library 和 [service] 的 state。"
        )
    with replacing(out) as file, tempfile.TemporaryDirectory(dir=out.parent) as aside:
        os.fchmod(file.fileno(), 0o600)
        kept = {}
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for folder, source in found:
                name = f"{folder.name}/{source.relative_to(folder).as_posix()}"
                copy = Path(aside) / "copy"
                _copy(source, copy)
                kept[name] = Kept(copy.stat().st_size, _digest(copy))
                archive.write(copy, name)
                copy.unlink()
            made = datetime.now(UTC).isoformat(timespec="seconds")
            archive.writestr(_MANIFEST, _written(made, kept))
        file.flush()
        os.fsync(file.fileno())
    return Backup(made, kept)


def restore(
    file: Path,
    folder_of: Callable[[str], Path],
    audiences: Sequence[str],
    *,
    carry: Callable[[Path, Path], None] | None = None,
    force: bool = False,
) -> dict[str, Path | None]:
    """Puts the state of a backup in the place of what is there.

    Everything is verified before anything is changed. What was there stays beside it.

    Args:
        file: the backup.
        folder_of: gives an audience's state folder.
        audiences: whose state to restore; empty for all that the backup holds.
        carry: takes over from the state that is there (first) into the one that takes its place
            (second) what must not be undone, before it does.
        force: whether to do it although a service is running.

    Returns:
        Where the old state of each audience is now; None where there was none.

    Raises:
        StateError: the file is no whole backup, or a service uses what it would replace.
    """
    try:
        with zipfile.ZipFile(file) as archive, ExitStack() as stack:
            backup = _read(archive)
            chosen = audiences or backup.audiences
            missing = [name for name in chosen if name not in backup.audiences]
            if missing:
                held = "、".join(backup.audiences)
                raise StateError(f"备份里没有受众“{missing[0]}”的状态；里面有 {held}。")
            if not force:
                for name in chosen:
                    stack.enter_context(_unused(folder_of(name)))
            fresh = {name: stack.enter_context(_beside(folder_of(name))) for name in chosen}
            for name, kept in backup.files.items():
                audience, _, path = name.partition("/")
                if audience in fresh:
                    _extract(archive, name, kept, fresh[audience] / path)
            if carry:
                for name, aside in fresh.items():
                    carry(folder_of(name), aside)
            return {name: _exchange(aside, folder_of(name)) for name, aside in fresh.items()}
    except _DAMAGED:
        raise StateError(f"“{file}”不是完整的备份；换一份。") from None
    except OSError as error:
        raise StateError(f"恢复不了（{reason(error)}）；检查“{file}”、磁盘和权限。") from None


def in_use(folder: Path | None) -> Callable[[], None]:
    """Says that a service uses a state folder, for as long as its process lives or until told.

    Args:
        folder: an audience's state folder; None where there is none.

    Returns:
        What ends it.
    """
    if not folder:
        return lambda: None
    try:
        private_folder(folder)
        return _locked(folder, fcntl.LOCK_SH).close
    except OSError as error:
        log.error("状态文件夹 %s 用不了：%s", folder, reason(error))
        return lambda: None


@contextmanager
def _unused(folder: Path) -> Iterator[None]:
    """A block during which no service uses a state folder; one that starts waits for its end."""
    if not folder.is_dir():
        yield
        return
    try:
        held = _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StateError(
            f"“{folder.name}”的服务正在运行；先停掉它再恢复，"
            "或者加 --force（恢复的那一刻它记下的会丢）。"
        ) from None
    with held:
        yield


def _locked(folder: Path, how: int) -> IO[str]:
    """The lock of the folder that has this name now; another may take its place meanwhile."""
    while True:
        file = os.fdopen(os.open(folder / _LOCK, os.O_WRONLY | os.O_CREAT, 0o600), "w")
        try:
            fcntl.flock(file, how)
            if os.path.samestat(os.fstat(file.fileno()), (folder / _LOCK).stat()):
                return file
        except FileNotFoundError:
            pass
        except BaseException:
            file.close()
            raise
        file.close()


def _files(folder: Path) -> list[Path]:
    """What a backup holds of a state folder."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file()
        and not file.is_symlink()
        and file.suffix
        and file.suffix not in _LEFT_OUT
        and _DAMAGED_NAME not in file.name
        and not file.match(_MADE_AGAIN)
        and not file.name.endswith(_COMPANIONS)
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )


def _copy(source: Path, copy: Path) -> None:
    """Copies a file that may be written to meanwhile, as it is at one moment."""
    try:
        with source.open("rb") as opened:
            if opened.read(len(_DATABASE)) == _DATABASE:
                _copy_database(source, copy)
                return
            opened.seek(0)
            text = opened.read()
        if source.suffix in _GROWING:
            text = text[: text.rfind(b"\n") + 1]
        copy.write_bytes(text)
    except OSError as error:
        raise StateError(f"读不了“{source}”（{reason(error)}）；检查权限和磁盘空间。") from None


def _copy_database(source: Path, copy: Path) -> None:
    address = f"{source.resolve().as_uri()}?mode=rw"
    try:
        with (
            closing(sqlite3.connect(address, uri=True, timeout=30)) as opened,
            closing(sqlite3.connect(copy)) as copied,
        ):
            opened.backup(copied)
            # One file alone, which whoever opens it next may read without writing.
            copied.execute("PRAGMA journal_mode=DELETE")
            _check(copied, source)
    except sqlite3.Error as error:
        raise StateError(
            f"“{source}”备份不了（{reason(error)}）；见 docs/operating.zh-CN.md。"
        ) from None


def _check(database: sqlite3.Connection, file: Path) -> None:
    (found,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise StateError(f"“{file}”已经损坏（{found}）；见 docs/operating.zh-CN.md。")


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _written(made: str, kept: dict[str, Kept]) -> str:
    files = {name: {"bytes": one.size, "sha256": one.sha256} for name, one in kept.items()}
    told = {"format": FORMAT, "casebook": version("casebook"), "made": made, "files": files}
    return json.dumps(told, ensure_ascii=False, indent=1)


def _read(archive: zipfile.ZipFile) -> Backup:
    """What a backup says of itself; the names in it are safe to use.

    Raises:
        StateError: it is no backup, or one of a later version.
    """
    try:
        if archive.getinfo(_MANIFEST).file_size > _LARGEST_MANIFEST:
            raise StateError("备份的 manifest.json 太大；这不是 casebook backup 做的。")
        told = json.loads(archive.read(_MANIFEST))
        found, made = told["format"], str(told["made"])
        files = {
            str(name): Kept(int(one["bytes"]), str(one["sha256"]))
            for name, one in told["files"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        raise StateError("文件里没有可用的 manifest.json；这不是 casebook backup 做的。") from None
    if found != FORMAT:
        raise StateError(f"备份的格式是 {found}，这个版本认识 {FORMAT}；用做备份的那个版本恢复。")
    if sorted(archive.namelist()) != sorted([*files, _MANIFEST]):
        raise StateError("备份里的文件和它的清单对不上；换一份。")
    for name in files:
        if not _is_inside(name):
            raise StateError("备份里有不该有的文件名；这不是 casebook backup 做的。")
    return Backup(made, files)


def _is_inside(name: str) -> bool:
    """Whether a name is that of a file below an audience's folder, and of no other place."""
    parts = name.split("/")
    plain = "\\" not in name and name.isprintable()
    return plain and len(parts) > 1 and all(part and part[0] != "." for part in parts)


def _extract(archive: zipfile.ZipFile, name: str, kept: Kept, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as written, archive.open(name) as packed:
        digest = _pour(packed, written, kept.size)
        written.flush()
        os.fsync(written.fileno())
    if digest != kept.sha256:
        raise StateError(f"备份里的“{name}”和它的校验和对不上；换一份。")
    with target.open("rb") as opened:
        is_database = opened.read(len(_DATABASE)) == _DATABASE
    if is_database:
        with closing(sqlite3.connect(target)) as database:
            _check(database, target)


def _pour(source: IO[bytes], target: Any, limit: int) -> str:
    """Copies at most so many bytes; gives their SHA-256."""
    digest = hashlib.sha256()
    while limit > 0 and (chunk := source.read(min(_CHUNK, limit))):
        digest.update(chunk)
        target.write(chunk)
        limit -= len(chunk)
    return digest.hexdigest()


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A new folder beside another, removed when it has not taken its place."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _exchange(fresh: Path, folder: Path) -> Path | None:
    """Puts the new folder in the place of the old one; gives where that is now."""
    _give(fresh, folder if folder.exists() else folder.parent)
    with suppress(FileNotFoundError):
        # A service that runs on holds this lock: the next restore must see that.
        (fresh / _LOCK).hardlink_to(folder / _LOCK)
    old = None
    if folder.exists():
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        old = folder.rename(folder.with_name(f"{folder.name}.before-{stamp}"))
    fresh.rename(folder)
    return old


def _give(fresh: Path, like: Path) -> None:
    """Where root restores, the service's user owns what is restored."""
    if os.geteuid() == 0:
        owner = like.stat()
        for path in (fresh, *fresh.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)
