"""The documents that are there already, also the unfinished ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from casebook.documents import Kind
from casebook.frontmatter import FrontMatterError, read_front_matter
from casebook.reading import MAX_FILE


class Existing:
    """Finds documents by their title or id.

    Args:
        root: the library's folder.
        title_key: gives a title as two of them are compared.

    Attributes:
        ids: those that are taken, and the names of the files.
    """

    def __init__(self, root: Path, title_key: Callable[[str], str]) -> None:
        self.ids: set[str] = set()
        self._root = root
        self._title_key = title_key
        self._by_title: dict[tuple[Kind, str], list[str]] = defaultdict(list)
        self._by_id: dict[str, str] = {}
        for kind, path, name, title in _documents(root):
            self.ids |= {name, Path(path).stem}
            self._by_title[kind, title_key(title)].append(path)
            self._by_id.setdefault(name, path)

    def of(self, kind: Kind, title: str, name: object) -> list[str]:
        """The files of a kind that have this title; else the one with this id."""
        found = self._by_title.get((kind, self._title_key(title)), [])
        if not found and isinstance(name, str) and name.startswith(f"{kind.value}-"):
            found = [self._by_id[name]] if name in self._by_id else []
        return found

    def text(self, path: str) -> str:
        """The text of one of them; empty where it cannot be read."""
        return _text(self._root / path)


def _documents(root: Path) -> Iterator[tuple[Kind, str, str, str]]:
    """Kind, file, id and title of each."""
    for kind in Kind:
        for file in sorted((root / kind.folder).rglob("*.md")):
            try:
                values = read_front_matter(_text(file)).values
            except FrontMatterError:
                values = {}
            path = file.relative_to(root).as_posix()
            yield kind, path, str(values.get("id", file.stem)), str(values.get("title", ""))


def _text(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            return opened.read(MAX_FILE)
    except (OSError, UnicodeDecodeError):
        return ""
