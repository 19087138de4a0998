"""What a document said and who approved it, from git's main line: all versions, or on one day.

A document is followed by the id in its file, never by its path. Only the main line counts, the
first parents of HEAD: what was merged counts from its merge on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from casebook.documents import Document, Standing
from casebook.errors import SettingsError
from casebook.frontmatter import FrontMatterError, read_front_matter
from casebook.library import Library, today
from casebook.past import (
    FOLDERS,
    is_document,
    may_hold,
    past_documents,
    past_library,
    written_id,
)
from casebook.revisions import Commit, Repository
from casebook.settings import Audience, Settings

NO_ANSWER = "对该受众没有有效的答复"
_HEADING = re.compile(r"^## +(.+?)(?:\s+\{audience=[^{}]*\})?\s*$", re.MULTILINE)
# How it is known who let through what nobody is recorded to have approved.
_COMMITTED = "提交人"
_ADDRESS = re.compile(r"<[^<>]*>|\S+@\S+")


@dataclass(frozen=True)
class Approval:
    """Who let a version through.

    Attributes:
        names: of people, without e-mail addresses.
        how: what that is known from.
    """

    names: tuple[str, ...]
    how: str

    @property
    def recorded(self) -> bool:
        """Whether somebody approved or merged it, and did not only commit it."""
        return self.how != _COMMITTED

    def __str__(self) -> str:
        names = "、".join(self.names) or "未署名"
        return f"{names}（{self.how}）" if self.recorded else f"没有核准记录，{self.how} {names}"


@dataclass(frozen=True)
class Changed:
    """How a version differs from the one before it: names of keys and headings of sections."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = {"新增": self.added, "修改": self.changed, "删除": self.removed}
        return "；".join(f"{word}：{'、'.join(names)}" for word, names in parts.items() if names)


@dataclass(frozen=True)
class Version:
    """A state of a document on the main line.

    Attributes:
        commit: the commit that brought it.
        landed: when, in the library's time zone.
        approval: who let it through.
        event: 新增, 修改, 移动, 删除 or 恢复.
        paths: its file; none when it was deleted, more when several give themselves its id.
        changed: how it differs from the version before.
    """

    commit: str
    landed: datetime
    approval: Approval
    event: str
    paths: tuple[str, ...]
    changed: Changed


@dataclass(frozen=True)
class Answer:
    """What a document said to an audience on a day.

    Attributes:
        on: the day.
        audience: who asked.
        document: as the audience could see it; None when there was nothing valid.
        reason: why there was nothing.
        commit: the main line's last commit of that day; None when it had none yet.
        version: where the document came from; None when there was nothing to tell.
        raw: the file's text where today's reader refuses it; for the widest audience only.
    """

    on: date
    audience: Audience
    document: Document | None = None
    reason: str = ""
    commit: Commit | None = None
    version: Version | None = None
    raw: str = ""


class History:
    """The history of one document.

    Args:
        root: the library's folder.
        name: the document's id.
        settings: the library's settings of today.

    Raises:
        GitError: the history cannot be read.
    """

    def __init__(self, root: Path, name: str, settings: Settings) -> None:
        self.name = name
        self.repository = Repository(root)
        self._settings = settings
        self._zone = ZoneInfo(settings.library.timezone)
        self._commits = self.repository.commits()
        self._line = list(_main_line(self._commits))
        self._states = list(self._follow())

    def versions(self) -> list[Version]:
        """Its versions, newest first."""
        brought = self._brought()
        blobs = {blob for _, state in self._states for blob in state.values()}
        contents = dict(self.repository.contents(blobs))
        found: list[Version] = []
        for (_, before), (sha, state) in pairwise([("", {}), *self._states]):
            commit = self._commits[sha]
            old = [contents[blob] for blob in before.values()]
            new = [contents[blob] for blob in state.values()]
            found.append(
                Version(
                    commit=sha,
                    landed=commit.landed.astimezone(self._zone),
                    approval=_approval(commit, brought[sha]),
                    event=_event(before, state, returned=bool(found)),
                    paths=tuple(sorted(state)),
                    changed=_changed(old[0], new[0]) if old and new else Changed(),
                )
            )
        return found[::-1]

    def answer(self, on: date, audience: str | None = None) -> Answer:
        """What the document said to an audience on a day.

        Args:
            on: the day, in the library's time zone.
            audience: the reader's; the narrowest when none is named.

        Raises:
            UnknownAudience: today's settings name no such audience.
        """
        reader = self._settings.audience(audience)
        commit = next((c for c in self._line if self._day(c) <= on), None)
        if commit is None:
            return self._nothing(on, reader, None, f"到 {on} 为止，主线上还没有提交。")
        version = self._version_at(commit)
        if version is None or not version.paths:
            return self._nothing(on, reader, commit, self._absence(version), version)
        return self._said(on, reader, commit, version)

    def _said(self, on: date, reader: Audience, commit: Commit, version: Version) -> Answer:
        contents = past_documents(self.repository, commit.sha)
        raw = "\n".join(contents[path].decode(errors="replace") for path in version.paths)
        try:
            library = past_library(self.repository, commit.sha, contents, [self.name])
        except SettingsError as error:
            reason = f"那天的设置，现在的程序读不了（{error}），只能给出当时的原文。"
            return self._nothing(on, reader, commit, reason, version, raw)
        if reader.id not in [known.id for known in library.settings.audiences]:
            reason = f"那天的设置里没有受众“{reader.id}”，只能给出当时的原文。"
            return self._nothing(on, reader, commit, reason, version, raw)
        if reader != self._settings.widest or reader.id != library.settings.widest.id:
            raw = ""
        source = library.sources.get(self.name)
        if source is None:
            return self._nothing(on, reader, commit, _faults(library, version), version, raw)
        shown = library.view(reader.id, on).get(self.name)
        if shown is not None and shown.standing(on) is Standing.CURRENT:
            return Answer(on, reader, shown, "", commit, version)
        reason = _invalid(source.document, on)
        if reader != self._settings.widest and self._public(library, reader, on):
            return Answer(on, reader, None, f"{NO_ANSWER}：{reason}", commit)
        return self._nothing(on, reader, commit, reason, version)

    def _public(self, library: Library, reader: Audience, on: date) -> bool:
        """Whether a reader may know why a document did not hold: on a day it did, they saw it."""
        document = library.sources[self.name].document
        standing = document.standing(on)
        day = document.effective_until_or_none
        if standing is Standing.UPCOMING:
            day = document.effective_from_or_none
        return (
            standing is not Standing.CURRENT
            and day is not None
            and day <= today(self._settings)
            and library.view(reader.id, day).get(self.name) is not None
        )

    def _nothing(
        self,
        on: date,
        reader: Audience,
        commit: Commit | None,
        reason: str,
        version: Version | None = None,
        raw: str = "",
    ) -> Answer:
        """No answer, and why; nobody but the widest audience is told more than that."""
        if reader != self._settings.widest:
            return Answer(on, reader, None, f"{NO_ANSWER}。", commit)
        return Answer(on, reader, None, reason, commit, version, raw)

    def _absence(self, version: Version | None) -> str:
        if version is not None:
            return f"已于 {version.landed:%Y-%m-%d} 删除（{version.approval}）。"
        if self._states:
            first = self._commits[self._states[0][0]]
            return f"那天还没有写；{self._day(first)} 才有第一版。"
        return f"主线上从来没有编号是 {self.name} 的文档。"

    def _version_at(self, commit: Commit) -> Version | None:
        places = {one.sha: place for place, one in enumerate(self._line)}
        limit = places[commit.sha]
        return next((v for v in self.versions() if places[v.commit] >= limit), None)

    def _day(self, commit: Commit) -> date:
        return commit.landed.astimezone(self._zone).date()

    def _follow(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Each commit that changed the document, oldest first, and its files' contents by path."""
        steps = list(self.repository.file_changes(FOLDERS))[::-1]
        blobs = {
            change.blob
            for _, changes in steps
            for change in changes
            if change.blob and is_document(change.path)
        }
        own = {
            blob
            for blob, raw in self.repository.contents(blobs)
            if may_hold(raw, [self.name]) and written_id(raw) == self.name
        }
        state: dict[str, str] = {}
        for sha, changes in steps:
            before = dict(state)
            for change in changes:
                if change.blob in own and is_document(change.path):
                    state[change.path] = change.blob or ""
                else:
                    state.pop(change.path, None)
            if state != before:
                yield sha, dict(state)

    def _brought(self) -> dict[str, list[Commit]]:
        """What each commit of the main line brought to it: itself and what it merged."""
        seen: set[str] = set()
        brought = {}
        for commit in reversed(self._line):
            found, waiting = list[Commit](), [commit.sha]
            while waiting:
                sha = waiting.pop()
                if sha not in seen and sha in self._commits:
                    seen.add(sha)
                    found.append(self._commits[sha])
                    waiting += self._commits[sha].parents
            brought[commit.sha] = found
        return brought


def _main_line(commits: Mapping[str, Commit]) -> Iterator[Commit]:
    """First parents, newest first."""
    sha = next(iter(commits))
    while commit := commits.get(sha):
        yield commit
        if not commit.parents:
            return
        sha = commit.parents[0]


def _approval(commit: Commit, brought: list[Commit]) -> Approval:
    """Who approved what a commit of the main line brought.

    Args:
        commit: the commit.
        brought: it and what it merged.
    """
    for key in commit.signed:
        said = [name for one in brought for name in one.signed[key]]
        if said:
            return Approval(_people(said), key)
    if len(commit.parents) > 1:
        return Approval(_people([commit.author]), "合并人")
    person = commit.author if commit.by_host else commit.committer
    return Approval(_people([person]), _COMMITTED)


def printable(text: str) -> str:
    """Text of any time without what would steer a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def _people(said: Iterable[str]) -> tuple[str, ...]:
    """Names, each once, without e-mail addresses."""
    names = (" ".join(_ADDRESS.sub(" ", printable(name)).split()) for name in said)
    return tuple(dict.fromkeys(name for name in names if name))


def _event(before: Mapping[str, str], after: Mapping[str, str], *, returned: bool) -> str:
    if not after:
        return "删除"
    if not before:
        return "恢复" if returned else "新增"
    moved = set(before) != set(after)
    if sorted(before.values()) == sorted(after.values()):
        return "移动"
    return "移动并修改" if moved else "修改"


def _changed(before: bytes, after: bytes) -> Changed:
    old, new = _parts(before), _parts(after)
    return Changed(
        added=tuple(name for name in new if name not in old),
        changed=tuple(name for name in new if name in old and new[name] != old[name]),
        removed=tuple(name for name in old if name not in new),
    )


def _parts(raw: bytes) -> dict[str, object]:
    """The keys and sections of a file of any time; the whole text where it has neither."""
    text = raw.decode(errors="replace").removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        front = read_front_matter(text)
    except FrontMatterError:
        return {"全文": text}
    starts = list(_HEADING.finditer(front.body))
    ends = [start.start() for start in starts[1:]] + [len(front.body)]
    sections = {
        start[1]: front.body[start.start() : end].strip()
        for start, end in zip(starts, ends, strict=True)
    }
    return {**front.values, **sections}


def _faults(library: Library, version: Version) -> str:
    problems = [problem for problem in library.problems if problem.path in version.paths]
    named = "".join(f"\n  {p.path}:{p.line} [{p.code}] {p.message}" for p in problems)
    return f"那天的文件有错误，没有发布：{named}"


def _invalid(document: Document, on: date) -> str:
    if document.standing(on) is Standing.UPCOMING:
        return f"尚未生效，{document.effective_from_or_none} 起才有效。"
    return f"已失效，有效到 {document.effective_until_or_none}。"
