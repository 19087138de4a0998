"""What the check says of a text that somebody is writing; nothing of it is kept."""

from __future__ import annotations

import threading
from pathlib import Path, PurePosixPath

from casebook.authoring import free_id
from casebook.checks import check_text
from casebook.documents import Kind
from casebook.library import Library, View, load_library
from casebook.problems import Problem
from search.alike import Finder


class Drafts:
    """The library as it is on the disk, for those who write.

    Args:
        root: the library's folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._library: Library | None = None
        self._finder: Finder | None = None
        self._lock = threading.Lock()

    def library(self) -> Library:
        """The library; read on first use, later only what has changed.

        Raises:
            SettingsError: its settings cannot be used.
        """
        with self._lock:
            library = load_library(self.root, previous=self._library)
            if self._library is None or library.fingerprint != self._library.fingerprint:
                self._finder = None
            self._library = library
            return library

    def finder(self) -> Finder:
        """Finds the documents of the library that are asked for with the same words.

        Raises:
            SettingsError: the library's settings cannot be used.
        """
        library = self.library()
        with self._lock:
            if self._finder is None:
                self._finder = Finder(library)
            return self._finder

    def view(self) -> View:
        """What those who write may see: everything."""
        library = self.library()
        return library.view(library.settings.widest.id)

    def check(self, kind: Kind, text: str, path: str | None) -> list[Problem]:
        """Everything that is wrong with a text.

        Args:
            kind: what it must be.
            text: the whole file.
            path: where it lies or would lie in the library, if that is known.
        """
        return check_text(self.library(), kind, text, path, alike=self.finder())

    def new_id(self, kind: Kind, title: str) -> str:
        """An id that neither a document nor a file has, from a title's sound."""
        library = self.library()
        taken = {*library.sources, *(PurePosixPath(path).stem for path in library.inputs)}
        return free_id(kind, title, taken.__contains__)
