"""The Markdown files of a library → what each of them gave.

A file is opened only when it may have changed since it was last read, and read and rendered only
when its bytes did.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from casebook import reading_rules as rules
from casebook.cache import CACHE_FILE, ReadingCache
from casebook.digests import bytes_digest, file_digest
from casebook.documents import Document, Kind
from casebook.image_metadata import image_metadata
from casebook.markup import Renderer
from casebook.problems import Problem
from casebook.reading import Reading, read_bytes
from casebook.rendered import MANY, Given, kind_of, read_many, read_rendered
from casebook.settings import GLOSSARY_FILE, SETTINGS_FILE, WITHDRAWN_FILE, Settings

Progress = Callable[[int, int], None]
# The coarsest clock that a file system may have: a file that was changed within one tick of being
# read can change again and look the same.
_TICK = 2_000_000_000
_IMAGES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".heic", ".gif", ".bmp"}


@dataclass(frozen=True)
class Source:
    """A document and where it came from.

    Attributes:
        path: the file, relative to the library.
        document: what it holds.
        lines: where things stand in the file, as in :class:`casebook.reading.Reading`.
        targets: what the document points to, as in :class:`casebook.reading.Reading`.
        shown: what the last view made of the document, and what was missing then; by the audiences
            that it could read and whether it was internal.
    """

    path: str
    document: Document
    lines: Mapping[str, int]
    targets: tuple[str, ...]
    shown: dict[tuple[Set[str], bool], tuple[Set[str], Document]] = field(
        default_factory=dict, repr=False, compare=False
    )


@dataclass(frozen=True)
class Input:
    """One file and what it gave.

    Attributes:
        path: the file, relative to the library.
        stamp: what the file system said of it; empty when that cannot vouch for the bytes.
        digest: of its bytes; empty when they cannot be read.
        source: the document, None when the file gave none.
        problems: what is wrong with it.
    """

    path: str
    stamp: str
    digest: str
    source: Source | None
    problems: tuple[Problem, ...]


def read_inputs(
    root: Path,
    settings: Settings,
    previous: Mapping[str, Input],
    progress: Progress | None = None,
) -> tuple[dict[str, Input], list[Problem]]:
    """Reads and renders the files of a library.

    Args:
        root: the library's folder.
        settings: its settings.
        previous: what its files gave before, by path, with the same settings.
        progress: called with files done and files in all.

    Returns:
        What each file gave, by path; what is wrong with files and folders that cannot be read.
    """
    problems: list[Problem] = []
    started = time.time_ns()
    paths = list(_paths(root, problems))
    problems += [found for stray in problems for found in _told_by_image(root, stray.path)]
    with ReadingCache(root / CACHE_FILE, settings) as cache:
        reader = _Reader(root, settings, cache, started)
        looked = {path: reader.look_at(path, previous.get(path)) for path in paths}
        inputs = {path: one for path, one in looked.items() if isinstance(one, Input)}
        new = [one for one in looked.values() if isinstance(one, _New)]
        for one in reader.read(new):
            inputs[one.path] = one
            if progress:
                progress(len(inputs), len(paths))
        cache.keep_only({(one.path, one.digest) for one in inputs.values()})
    return {path: inputs[path] for path in paths}, problems


def read_one(raw: bytes, path: str, kind: Kind, settings: Settings) -> Input:
    """Reads and renders one file that need not be on a disk.

    Args:
        raw: its bytes.
        path: its name in problems, relative to the library.
        kind: what it must be.
        settings: the library's settings.
    """
    with Renderer() as renderer:
        reading, _ = read_rendered(raw, path, kind, settings, renderer)
    return _input(path, "", bytes_digest(raw), reading)


def fingerprint(root: Path) -> str:
    """A digest of every input file of a library: names and bytes, links not followed."""
    digests = {path: file_digest(root / path) for path in _paths(root, [])}
    return fingerprint_of(settings_digests(root) | digests)


def stray_files(root: Path) -> dict[str, str]:
    """What lies among the documents and is none: the digest of each, by path."""
    strays: list[Problem] = []
    for _ in _paths(root, strays):
        pass
    return {stray.path: file_digest(root / stray.path) for stray in strays}


def fingerprint_of(digests: Mapping[str, str]) -> str:
    """As :func:`fingerprint`, where all files have been read already.

    Args:
        digests: by path, settings first, then documents in the order that they are read in.
    """
    lines = (f"{path}\0{digest}\n" for path, digest in digests.items() if digest)
    return bytes_digest(os.fsencode("".join(lines)))


def settings_digests(root: Path) -> dict[str, str]:
    """The digests of the files of a library that are no documents."""
    names = (SETTINGS_FILE, GLOSSARY_FILE, WITHDRAWN_FILE)
    return {name: file_digest(root / name) for name in names}


@dataclass(frozen=True)
class _New:
    """A file that must be read and rendered."""

    path: str
    stamp: str
    digest: str
    raw: bytes


class _Reader:
    """Reads files, each with as little work as gives the same."""

    def __init__(self, root: Path, settings: Settings, cache: ReadingCache, started: int) -> None:
        self._root = root
        self._settings = settings
        self._cache = cache
        self._started = started

    def look_at(self, path: str, before: Input | None) -> Input | _New:
        """What a file gives, as far as that is known."""
        stamp = _stamp(f"{self._root}/{path}", self._started)
        if before and stamp and before.stamp == stamp:
            return before
        file = self._root / path
        raw = read_bytes(file, path)
        if isinstance(raw, Problem):
            # What kept it from being read may go away and leave no mark on the file.
            too_large = raw.code == rules.TOO_LARGE.code
            return Input(path, "", file_digest(file) if too_large else "", None, (raw,))
        digest = bytes_digest(raw)
        if before and before.digest == digest:
            return replace(before, stamp=stamp)
        reading = self._cache.get(path, kind_of(path), digest)
        if reading is None:
            return _New(path, stamp, digest, raw)
        return _input(path, stamp, digest, reading)

    def read(self, new: Sequence[_New]) -> Iterator[Input]:
        """What files give that are not known, in any order."""
        left = {one.path: one for one in new}
        for path, reading, certain in self._readings(new):
            one = left.pop(path)
            if certain:
                self._cache.put(path, one.digest, reading)
            yield _input(path, one.stamp, one.digest, reading)
        # Where a process that read some of them died, they are read here.
        rest = list(left.values())
        for start in range(0, len(rest), MANY - 1):
            yield from self.read(rest[start : start + MANY - 1])

    def _readings(self, new: Sequence[_New]) -> Iterator[Given]:
        if len(new) >= MANY:
            yield from read_many({one.path: one.raw for one in new}, self._settings)
            return
        with Renderer() as renderer:
            for one in new:
                kind = kind_of(one.path)
                yield one.path, *read_rendered(one.raw, one.path, kind, self._settings, renderer)


def _input(path: str, stamp: str, digest: str, reading: Reading) -> Input:
    return Input(path, stamp, digest, _source(path, reading), reading.problems)


def _source(path: str, reading: Reading) -> Source | None:
    if reading.document is None:
        return None
    return Source(path, reading.document, reading.lines, reading.targets)


def _paths(root: Path, problems: list[Problem]) -> Iterator[str]:
    """The Markdown files of a library in the order that they are read in; follows no link."""
    for kind in Kind:
        top = root / kind.folder
        if top.is_symlink():
            problems.append(_link(root, top))
            continue
        for folder, folders, names in os.walk(top, followlinks=False):
            folders[:] = _subfolders(root, Path(folder), folders, problems)
            place = Path(folder).relative_to(root).as_posix()
            for name in sorted(names):
                if name.startswith("."):
                    continue
                if name.endswith(".md"):
                    yield f"{place}/{name}"
                else:
                    message = f"“{name}”不是 .md 文件，不会发布。"
                    hint = "内容写成 Markdown；别的文件放到文件夹外面。"
                    problems.append(rules.NOT_MARKDOWN.problem(f"{place}/{name}", 1, message, hint))


def _told_by_image(root: Path, path: str) -> Iterator[Problem]:
    """What an image among the documents tells of whoever took it."""
    file = root / path
    if file.suffix.lower() not in _IMAGES or not stat.S_ISREG(file.lstat().st_mode):
        return
    if told := image_metadata(file):
        message = f"图片里还带着：{'、'.join(told)}。"
        hint = "从 git 里去掉它；确实要用的，另存时去掉元数据。"
        yield rules.IMAGE_METADATA.problem(path, 1, message, hint)


def _subfolders(
    root: Path, folder: Path, names: Iterable[str], problems: list[Problem]
) -> list[str]:
    """The folders to go into, in order."""
    entered = []
    for name in sorted(names):
        if name.startswith("."):
            continue
        if (folder / name).is_symlink():
            problems.append(_link(root, folder / name))
        else:
            entered.append(name)
    return entered


def _link(root: Path, path: Path) -> Problem:
    name = path.relative_to(root).as_posix()
    return rules.SYMLINK.problem(
        name, 1, f"这个文件夹是指向“{path.readlink()}”的符号链接。", "放真正的文件夹，不要用链接。"
    )


def _stamp(file: str, started: int) -> str:
    """What the file system says of a file; empty when the file may change and keep it.

    The time of the last change of state cannot be set, so it shows what keeps size and time: files
    that changed names, files that were copied with their times, files that may no longer be read.

    Args:
        file: where it is.
        started: when the library began to be read.
    """
    try:
        info = os.lstat(file)
    except OSError:
        return ""
    if max(info.st_mtime_ns, info.st_ctime_ns) >= started - _TICK:
        return ""
    return f"{info.st_ino} {info.st_size} {info.st_mtime_ns} {info.st_ctime_ns}"
