"""A site's folder as it grows beside the one that it is to replace.

What did not change is a second name of the old site's file (a hard link), so that a large site
costs little. No file is ever written through such a name: what changed is a new file.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from casebook.digests import bytes_digest
from casebook.manifest import FileRecord


class NewSite:
    """Collects the files of a site.

    Args:
        out: where the site is to be; it stays as it is until :meth:`publish`.
        known: the files of the old site that stand as they were built.

    Attributes:
        folder: where the new site grows.
        files: what it holds so far.
        kept: which of its files are the old site's.
    """

    def __init__(self, out: Path, known: Mapping[str, FileRecord]) -> None:
        self.folder = out.with_name(f".{out.name}.new")
        self.files: dict[str, FileRecord] = {}
        self.kept: set[str] = set()
        self._out = out
        self._old = out.with_name(f".{out.name}.old")
        self._known = known
        self._folders: set[str] = set()
        self._links = True
        self._recover()
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, path: str, was: str = "") -> None:
        """Takes a file of the old site as it is.

        Args:
            path: its address.
            was: its address in the old site, where that was another.
        """
        was = was or path
        self._make_folder(path)
        self._link(f"{self._out}/{was}", f"{self.folder}/{path}")
        self.files[path] = self._known[was]
        self.kept.add(path)

    def write(self, path: str, content: bytes) -> None:
        """Adds a file, unless the old site has it already."""
        if not self._keep_same(path, digest := bytes_digest(content)):
            self._make_folder(path)
            file = self.folder / path
            # A new file: the name may be taken by one that the old site shares.
            file.unlink(missing_ok=True)
            file.write_bytes(content)
            self._record(path, digest)

    def take(self, path: str, file: Path) -> None:
        """Moves a file here, unless the old site has it already."""
        if not self._keep_same(path, digest := bytes_digest(file.read_bytes())):
            self._make_folder(path)
            shutil.move(file, self.folder / path)
            self._record(path, digest)

    def publish(self) -> None:
        """Puts the new folder in the place of the old one."""
        shutil.rmtree(self._old, ignore_errors=True)
        if self._out.exists():
            self._out.rename(self._old)
        put_in_place(self.folder, self._out)
        shutil.rmtree(self._old, ignore_errors=True)

    def discard(self) -> None:
        """Removes what was not published."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _recover(self) -> None:
        """Puts the old site back, should the last build have been killed between two steps."""
        if not self._out.exists() and self._old.is_dir():
            put_in_place(self._old, self._out)

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

    def _make_folder(self, path: str) -> None:
        """Makes the folders of a file, as far as they are not there yet."""
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            if folder:
                self._make_folder(folder)
            Path(f"{self.folder}/{folder}").mkdir(parents=not folder, exist_ok=True)
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
