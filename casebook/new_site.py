"""A site's folder as it grows beside the one that it is to replace.

What did not change is a second name of the old site's file (a hard link), so that a large site
costs little. No file is ever written through such a name: what changed is a new file.

To make and to remove ten thousand folders takes longer than to build what changed. So the site
that was replaced is kept as a spare, and the next one grows in it: nearly every name is there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from casebook.digests import bytes_digest
from casebook.manifest import FileRecord


class NewSite:
    """Collects the files of a site.

    Args:
        out: where the site is to be; it stays as it is until :meth:`publish`.
        known: the files of the old site that stand as they were built.
        spare: where the folder that is replaced is kept; it saves time and nothing else.

    Attributes:
        folder: where the new site grows.
        files: what it holds so far.
        kept: which of its files are the old site's.
    """

    def __init__(self, out: Path, known: Mapping[str, FileRecord], spare: Path) -> None:
        self.folder = out.with_name(f".{out.name}.new")
        self.files: dict[str, FileRecord] = {}
        self.kept: set[str] = set()
        self._out = out
        self._old = out.with_name(f".{out.name}.old")
        self._spare = spare
        self._known = known
        self._folders: set[str] = set()
        self._standing: set[str] = set()
        self._links = True

    def __enter__(self) -> NewSite:
        """Begins the new folder."""
        self._recover()
        self._begin()
        return self

    def __exit__(self, *error: object) -> None:
        """Removes what was not published."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, path: str, was: str = "") -> None:
        """Takes a file of the old site as it is.

        Args:
            path: its address.
            was: its address in the old site, where that was another.
        """
        was = was or path
        if was != path or path not in self._standing:
            self._make_folder(path)
            self._link(f"{self._out}/{was}", f"{self.folder}/{path}")
        self.files[path] = self._known[was]
        self.kept.add(path)

    def write(self, path: str, content: bytes) -> None:
        """Adds a file, unless the old site has it already."""
        if not self._keep_same(path, digest := bytes_digest(content)):
            self._make_room(path).write_bytes(content)
            self._record(path, digest)

    def take(self, path: str, file: Path) -> None:
        """Moves a file here, unless the old site has it already."""
        if not self._keep_same(path, digest := bytes_digest(file.read_bytes())):
            shutil.move(file, self._make_room(path))
            self._record(path, digest)

    def complete(self) -> None:
        """Removes what the spare has and the new site has not."""
        for path in self._standing - self.files.keys():
            os.unlink(f"{self.folder}/{path}")  # noqa: PTH108  (as text: there are very many)
        # In this order a folder comes after those in it.
        for folder in sorted(self._folders - _folders_of(self.files), reverse=True):
            os.rmdir(f"{self.folder}/{folder}")  # noqa: PTH106

    def publish(self) -> None:
        """Puts the new folder in the place of the old one, which becomes the spare."""
        if self._out.exists():
            self._out.rename(self._old)
        put_in_place(self.folder, self._out)
        self._keep_spare()

    def _recover(self) -> None:
        """Puts the old site back, should the last build have been killed between two steps."""
        if not self._out.exists() and self._old.is_dir():
            put_in_place(self._old, self._out)

    def _begin(self) -> None:
        """Takes the folder that has most names already, as far as it is like the old site."""
        for left in (self._spare, self._old):
            _move_or_remove(left, self.folder)
        if self.folder.is_symlink() or self.folder.is_file():
            self.folder.unlink()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._standing, self._folders = _clear(self.folder, self._known)

    def _keep_spare(self) -> None:
        """Keeps of the old folder what the new site has, too: nothing that was withdrawn."""
        _move_or_remove(self._old, self._spare)
        if self._spare.is_dir() and not self._spare.is_symlink():
            try:
                _clear(self._spare, self.files)
            except OSError:
                shutil.rmtree(self._spare, ignore_errors=True)

    def _keep_same(self, path: str, digest: str) -> bool:
        known = self._known.get(path)
        # The search index has another folder each time, and most of its files stay the same.
        was = path if known and known.digest == digest else self._paths.get(digest, "")
        if was:
            self.keep(path, was)
        return bool(was)

    @cached_property
    def _paths(self) -> dict[str, str]:
        return {record.digest: path for path, record in self._known.items()}

    def _record(self, path: str, digest: str) -> None:
        found = os.lstat(f"{self.folder}/{path}")
        self.files[path] = FileRecord(digest, found.st_size, found.st_mtime_ns)
        self.kept.discard(path)
        self._standing.discard(path)

    def _make_room(self, path: str) -> Path:
        """A free name for a new file: what is there may be shared with the old site."""
        self._make_folder(path)
        file = self.folder / path
        file.unlink(missing_ok=True)
        return file

    def _make_folder(self, path: str) -> None:
        """Makes the folders of a file, as far as they are not there yet."""
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            self._make_folder(folder)
            os.mkdir(f"{self.folder}/{folder}")  # noqa: PTH102
            self._folders.add(folder)

    def _link(self, old: str, new: str) -> None:
        # Not every file system has links, and some have them for few.
        if self._links:
            try:
                os.link(old, new)
            except FileExistsError:
                os.unlink(new)  # noqa: PTH108  (as text, as the two: there are very many)
                os.link(old, new)
            except OSError:
                self._links = False
        if not self._links:
            shutil.copy2(old, new)


def put_in_place(folder: Path, out: Path) -> None:
    """The one step by which a site is there."""
    folder.rename(out)


def _move_or_remove(folder: Path, to: Path) -> None:
    """Moves a folder to a free name; what cannot be moved there is of no use."""
    with suppress(OSError):
        folder.rename(to)
    shutil.rmtree(folder, ignore_errors=True)


def _clear(root: Path, known: Mapping[str, FileRecord]) -> tuple[set[str], set[str]]:
    """Removes every file that is not as it was recorded.

    Args:
        root: a folder; those in it stay, for files to come.
        known: the files that may stay.

    Returns:
        The files and the folders that are there now.
    """
    files, folders, waiting = set(), {""}, [""]
    while waiting:
        below = waiting.pop()
        with os.scandir(f"{root}/{below}") as entries:
            found = list(entries)
        for entry in found:
            path = below + entry.name
            if entry.is_dir(follow_symlinks=False):
                folders.add(path)
                waiting.append(f"{path}/")
            elif path in known and known[path].matches(entry.stat(follow_symlinks=False)):
                files.add(path)
            else:
                os.unlink(entry.path)  # noqa: PTH108  (as text: there are very many)
    return files, folders


def _folders_of(paths: Iterable[str]) -> set[str]:
    """The folders in which files are, and those in which these are."""
    found = {""}
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found
