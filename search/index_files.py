"""The files of an audience's index folder: manifests, checksums, the pointer, names in order.

build/index/<audience>/
    generations/<name>/     manifest.json, store/, engine/
    current                 the name of the published generation, replaced atomically
    taken-back              what the library was when somebody went back to the one before
    lock, turn              held by whoever builds, and by whoever is next

A name is the time of the build, or comes right after the newest where the clock went back.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from casebook.errors import IndexMissing, SearchError
from casebook.files import alone, sync

FORMAT = 3
GENERATIONS = "generations"
MANIFEST = "manifest.json"
STORE = "store"
ENGINE = "engine"
# What a generation is called while it is built.
UNFINISHED = ".new-"
_POINTER = "current"
_TAKEN_BACK = "taken-back"
_SEAL = "seal"
_NAME = "%Y%m%dT%H%M%S%fZ"
_TICK = timedelta(microseconds=1)
_LOCK_SECONDS = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Manifest:
    """What a generation says of itself.

    Attributes:
        format: the version of this layout.
        name: the generation's name.
        audience: whose view it holds.
        on: the day of the view, ISO.
        engine: the engine that built it.
        source: the fingerprint of what it was made from.
        words: the fingerprint of the words and the code that cut its text.
        documents: how many documents it holds.
        passages: how many passages it holds.
        files: SHA-256 of each file, by its path in the generation.
    """

    format: int
    name: str
    audience: str
    on: str
    engine: str
    source: str
    words: str
    documents: int
    passages: int
    files: dict[str, str]


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Writes a generation's manifest, with a checksum of its own."""
    sealed = {**vars(manifest), _SEAL: _seal(vars(manifest))}
    (folder / MANIFEST).write_text(json.dumps(sealed, indent=1), encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Reads a generation's manifest.

    Raises:
        SearchError: it cannot be read, is of another format or was changed.
    """
    try:
        data: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise SearchError(f"索引的格式是 {data['format']}，这个版本只认识 {FORMAT}")
        if data.pop(_SEAL, "") != _seal(data):
            raise SearchError("清单和它自己的校验值不符")
        manifest = Manifest(**data)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise SearchError(f"清单读不了：{error}") from None
    if not isinstance(manifest.files, dict):
        raise SearchError("清单里没有文件的校验值")
    return manifest


def _seal(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def verify(folder: Path, manifest: Manifest) -> None:
    """Every file is the one that the manifest names, and there is no other.

    Raises:
        SearchError: a file is damaged, missing or too many.
    """
    try:
        files = {path.relative_to(folder).as_posix(): path for path in files_of(folder)}
        del files[MANIFEST]
        digests = digests_of(list(files.values()))
        for name in sorted(files.keys() | manifest.files.keys()):
            if name not in files or digests[files[name]] != manifest.files.get(name):
                raise SearchError(f"文件 {name} 和清单不符")
    except OSError as error:
        raise SearchError(f"文件读不了：{error}") from None


def layers_of(folder: Path) -> list[Path]:
    """The layers of a generation's store, the lowest first."""
    return sorted((folder / STORE).glob("*.sqlite"))


def files_of(folder: Path) -> list[Path]:
    """All files in a folder and below, in order."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


@dataclass(frozen=True)
class _File:
    """A file as it is on the disk; under another name it is the same file."""

    device: int
    inode: int
    size: int
    changed: int
    path: Path = field(compare=False)


def digests_of(paths: Sequence[Path]) -> dict[Path, str]:
    """The SHA-256 of each file; large ones side by side."""

    def digest(path: Path) -> str:
        found = path.stat()
        return _digest(_File(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, path))

    with ThreadPoolExecutor() as pool:
        return dict(zip(paths, pool.map(digest, paths), strict=True))


@lru_cache(maxsize=4096)
def _digest(file: _File) -> str:
    """Files that generations share are read once by a process, not once a generation."""
    with file.path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def part_files(fresh: Path, base: Path, spares: Iterable[Path]) -> None:
    """Gives a new generation files of its own where it took over those of the one before.

    Damage to one file must not take both, the newest and the one that stands in for it. What both
    hold mostly lies in an older generation too, which is about to go: its file is used. The rest,
    which is what the one before had added, is copied.

    Args:
        fresh: the new generation's folder.
        base: that of the one before.
        spares: those of older ones.

    Raises:
        SearchError: a file was damaged while it was copied.
    """
    theirs = {path.stat().st_ino for path in files_of(base)}
    older = dict(_by_digest(spares, theirs))
    taken = [path for path in files_of(fresh) if path.stat().st_ino in theirs]
    for path, digest in digests_of(taken).items():
        own = path.with_name(f".{path.name}.own")
        if digest in older:
            os.link(older[digest], own)
        else:
            shutil.copyfile(path, own)
        if digests_of([own])[own] != digest:
            raise SearchError(f"{path.name} 复制以后和原来的不一样；检查磁盘。")
        own.replace(path)


def _by_digest(folders: Iterable[Path], besides: set[int]) -> Iterator[tuple[str, Path]]:
    """The intact files of generations by their digests, without certain inodes."""
    for folder in folders:
        with suppress(SearchError, OSError):
            paths = [folder / name for name in read_manifest(folder).files]
            for path, digest in digests_of(paths).items():
                if path.stat().st_ino not in besides:
                    yield digest, path


def make_folder(folder: Path) -> None:
    """Makes a folder, with those above it, so that it survives a power cut."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for made in reversed(missing):
        sync(made.parent)


def point(root: Path, name: str) -> None:
    """The one step that publishes: a complete file takes the place of another."""
    fresh = root / f".{_POINTER}.new"
    fresh.write_text(name, encoding="utf-8")
    sync(fresh)
    fresh.replace(root / _POINTER)
    sync(root)


def current_name(root: Path) -> str:
    """The name of the published generation.

    Raises:
        IndexMissing: none was published.
        SearchError: the pointer is damaged.
    """
    try:
        name = (root / _POINTER).read_text(encoding="utf-8").strip()
    except OSError:
        raise IndexMissing(f"{root} 里没有 {_POINTER}") from None
    except ValueError:
        name = ""
    if _time_of(name) is None:
        raise SearchError(f"{root / _POINTER} 的内容不对")
    return name


def standing_names(root: Path) -> list[str]:
    """The published generation's name, then those that can stand in for it, newest first."""
    names = all_names(root)
    try:
        current = current_name(root)
    except SearchError as error:
        if names:
            log.error("%s", error)
        current = ""
    if current in names:
        return [current, *(name for name in names if name < current)]
    if current:
        log.error("%s 指向的 %s 不在", root / _POINTER, current)
    return [name for name in names if name < current] or names


def all_names(root: Path) -> list[str]:
    """The names of all complete generations, newest first."""
    folder = root / GENERATIONS
    if not folder.is_dir():
        return []
    return sorted((path.name for path in folder.iterdir() if _time_of(path.name)), reverse=True)


def next_name(root: Path) -> str:
    """A name that comes after all others, whatever the clock says."""
    now = datetime.now(UTC)
    if names := all_names(root):
        now = max(now, (_time_of(names[0]) or now) + _TICK)
    return now.strftime(_NAME)


def _time_of(name: str) -> datetime | None:
    try:
        return datetime.strptime(name, _NAME).replace(tzinfo=UTC)
    except ValueError:
        return None


def note_taken_back(root: Path, content: str) -> None:
    """Notes what the library was when a generation was taken back."""
    (root / _TAKEN_BACK).write_text(content, encoding="utf-8")


def taken_back(root: Path) -> str:
    """What the library was when a generation was taken back; empty where none was."""
    with suppress(OSError, ValueError):
        return (root / _TAKEN_BACK).read_text(encoding="utf-8")
    return ""


def forget_taken_back(root: Path) -> None:
    """Notes that something was published since."""
    (root / _TAKEN_BACK).unlink(missing_ok=True)


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """One writer at a time, in turn: who ends and begins again waits behind who waits already.

    Raises:
        SearchError: another program builds for longer than one waits.
    """
    busy = SearchError(f"另一个程序正在 {root} 生成索引；等它结束再试。")
    with ExitStack() as held:
        with alone(root / "turn", busy, _LOCK_SECONDS):
            held.enter_context(alone(root / "lock", busy, _LOCK_SECONDS))
        yield
