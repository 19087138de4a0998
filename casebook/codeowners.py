"""Who reviews which file, as a CODEOWNERS file that GitHub and GitLab read alike.

In both the last line that fits a file decides: first what holds for everything, then the folders,
then single files. A file is named by its exact path from the repository's root.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from casebook.documents import Kind
from casebook.errors import CasebookError
from casebook.library import Library
from casebook.settings import Handles, Reviewers

# Where each host looks for it; one does not look where the other does.
CODEOWNERS = (".github/CODEOWNERS", ".gitlab/CODEOWNERS")
_HEAD = """\
# 谁审哪个文件。由 casebook codeowners 按 casebook.toml 的 [reviewers] 生成，不要手改。
# 最后一行符合的算数：先是全部，再是文件夹，最后是单个文件。
"""
# What stands for something else in a pattern of either host, or cannot be escaped in both.
_SPECIAL = re.compile(r"[*?\[\]!#\\]")


class NoReviewers(CasebookError):
    """The settings name nobody who reviews."""


class ForeignOwners(CasebookError):
    """The repository has a CODEOWNERS file that this library did not write."""


def _head(place: str) -> str:
    """How the file of a library begins: by that it is known as its own.

    Args:
        place: the library's folder in its repository, as ``docs/library/``; empty at the top.
    """
    return _HEAD + (f"# 知识库在 {place}。\n" if place else "")


def code_owners(library: Library, place: str = "") -> str:
    """The text of a library's CODEOWNERS file.

    Args:
        library: its settings name the reviewers.
        place: its folder in its repository, as ``docs/library/``; empty at the top.

    Raises:
        NoReviewers: the settings name none.
    """
    reviewers = library.settings.reviewers
    if reviewers == Reviewers():
        raise NoReviewers("casebook.toml 里没有 [reviewers]；写上谁审什么，再运行一次。")
    parts = [_head(place), "\n".join(_general(reviewers, place)) + "\n"]
    files = _files(library, place)
    subjects = (path for path in library.settings.taxonomy.subject_paths if path in files)
    parts += ["\n".join([f"# {subject}", *files[subject], ""]) for subject in subjects]
    return "\n".join(parts)


def refuse_foreign(files: Iterable[Path], place: str) -> None:
    """Sees to it that a library inside a repository takes no file from its neighbours.

    Args:
        files: where its CODEOWNERS are to be written.
        place: as for :func:`code_owners`; at the top all files are the library's own.

    Raises:
        ForeignOwners: one of them is there and was not written by this library.
    """
    head = _head(place).encode()
    for file in files if place else ():
        if file.is_file() and not file.read_bytes().startswith(head):
            raise ForeignOwners(
                f"{file} 不是这个知识库写的，里面可能有别人的规则，没有动它。"
                f"把它挪开再运行；或者手工把知识库 {place} 的几行加进去。"
            )


def _general(reviewers: Reviewers, place: str) -> Iterator[str]:
    """What holds for everything, and for a folder: new files are not named one by one yet."""
    if reviewers.default:
        yield _line(f"/{_pattern(place)}" if place else "*", reviewers.default)
    for kind in Kind:
        if handles := reviewers.kinds.get(kind.value):
            yield _line(f"/{_pattern(place)}{kind.folder}/", handles)


def _files(library: Library, place: str) -> dict[str, list[str]]:
    """The lines of the files whose subject has reviewers of its own, by subject."""
    reviewers = library.settings.reviewers
    lines: dict[str, list[str]] = defaultdict(list)
    for source in sorted(library.sources.values(), key=lambda source: source.path):
        document = source.document
        by_subject = _of_subject(reviewers, document.subject or "")
        if document.subject and by_subject:
            both = (*by_subject, *reviewers.kinds.get(document.kind.value, ()))
            path = "/" + _pattern(f"{place}{source.path}")
            lines[document.subject].append(_line(path, tuple(dict.fromkeys(both))))
    return lines


def _of_subject(reviewers: Reviewers, subject: str) -> Handles:
    """Who reviews a subject: those of its own path, or of the one above it."""
    own = reviewers.subjects.get(subject)
    return own if own is not None else reviewers.subjects.get(subject.partition("/")[0], ())


def _pattern(path: str) -> str:
    """A path as a pattern for just that path; ``?`` is any one character on both hosts."""
    return _SPECIAL.sub("?", path).replace(" ", r"\ ")


def _line(pattern: str, handles: Handles) -> str:
    return f"{pattern} {' '.join(handles)}"
