"""A library as it was in a commit: its settings, its files by the ids they hold, its documents."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from casebook.documents import Kind
from casebook.frontmatter import FrontMatterError, read_front_matter
from casebook.library import Library, load_library
from casebook.revisions import Repository
from casebook.settings import (
    GLOSSARY_FILE,
    SETTINGS_FILE,
    WITHDRAWN_FILE,
    Settings,
    load_settings,
)

FOLDERS = tuple(kind.folder for kind in Kind)
_SETTINGS = (SETTINGS_FILE, GLOSSARY_FILE, WITHDRAWN_FILE)
_ID = re.compile(r"^id:[ \t]*[\"']?([a-z0-9-]+)", re.MULTILINE)


def is_document(path: str) -> bool:
    """Whether a file counts as a document of the library, by its path in it."""
    folder, *rest = path.split("/")
    return (
        folder in FOLDERS
        and bool(rest)
        and path.endswith(".md")
        and not any(part.startswith(".") for part in rest)
    )


def written_id(raw: bytes) -> str | None:
    """The id that a file gives itself, whatever else is wrong with it; None when it gives none."""
    text = raw.decode(errors="replace").removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        value = read_front_matter(text).values.get("id")
    except FrontMatterError:
        block = text.removeprefix("---\n").partition("\n---")[0] if text[:4] == "---\n" else ""
        found = _ID.search(block)
        return found[1] if found else None
    return value if isinstance(value, str) else None


def may_hold(raw: bytes, names: Collection[str]) -> bool:
    """Whether a file may give itself one of some ids; saves reading those that cannot."""
    # An id in double quotes may be written with escapes.
    return b"\\" in raw or any(name.encode() in raw for name in names)


def holders(contents: Mapping[str, bytes], names: Collection[str]) -> list[str]:
    """The files that give themselves one of some ids.

    Args:
        contents: files by path.
        names: the ids.
    """
    return [
        path for path, raw in contents.items() if may_hold(raw, names) and written_id(raw) in names
    ]


def past_settings(repository: Repository, commit: str) -> Settings:
    """The settings of a commit.

    Raises:
        SettingsError: today's reader cannot use them.
    """
    with _folder(_files(repository, commit, _SETTINGS)) as root:
        return load_settings(root)


def past_documents(repository: Repository, commit: str) -> dict[str, bytes]:
    """The documents' files of a commit, by path."""
    files = _files(repository, commit, FOLDERS)
    return {path: raw for path, raw in files.items() if is_document(path)}


def past_library(
    repository: Repository, commit: str, contents: Mapping[str, bytes], names: Collection[str]
) -> Library:
    """The part of a commit's library that decides what it shows of some documents.

    That is all files with their ids, and with the ids of what they point to.

    Args:
        repository: the library's.
        commit: its full name.
        contents: its documents' files, by path.
        names: the documents' ids.

    Raises:
        SettingsError: today's reader cannot use its settings.
    """
    wanted = set(names)
    for path in holders(contents, names):
        wanted.update(_ids_in(contents[path]))
    kept = {path: contents[path] for path in holders(contents, wanted)}
    with _folder(_files(repository, commit, _SETTINGS) | kept) as root:
        return load_library(root)


def _files(repository: Repository, commit: str, paths: Collection[str]) -> dict[str, bytes]:
    blobs = repository.files(commit, paths)
    contents = dict(repository.contents(blobs.values()))
    return {path: contents[blob] for path, blob in blobs.items()}


def _ids_in(raw: bytes) -> set[str]:
    """Every id that a file may point to."""
    text = raw.decode(errors="replace")
    # Quoted values may be written with escapes.
    with suppress(FrontMatterError):
        text += str(read_front_matter(text).values)
    return set(re.findall(r"(?:case|faq|policy)(?:-[a-z0-9]+)+", text))


@contextmanager
def _folder(files: Mapping[str, bytes]) -> Iterator[Path]:
    """A folder that holds some files for as long as it is needed; nobody else can read it."""
    with tempfile.TemporaryDirectory(prefix="casebook-") as name:
        root = Path(name)
        for path, raw in files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(raw)
        yield root
