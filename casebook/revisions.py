"""Git, read only: the one place that runs it.

Nothing that a repository's own settings say changes what is read: no pager, no external diff, no
text conversion, no replaced objects, no followed renames. Paths may have any name.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from casebook.errors import CasebookError

_SETTINGS = (
    "core.fsmonitor=false",
    "diff.autoRefreshIndex=false",
    "log.follow=false",
    "log.showRoot=true",
    "log.showSignature=false",
)
_ENVIRONMENT = {
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LANGUAGE": "",
    "LC_ALL": "C",
}
# What of the caller's git environment is kept; the rest names another repository, as hooks do.
_KEPT = ("GIT_CONFIG", "GIT_EXEC_PATH")
_PLAIN_FILES = ("100644", "100755")
_AT_ONCE = 1000
# Who commits what is merged by a button on GitHub's pages.
_HOST_EMAIL = "noreply@github.com"
_TRAILERS = ("Approved-by", "Reviewed-by")
_FORMAT = "%x00".join(
    (
        "%H %P",
        "%ct",
        "%aN",
        "%cN",
        "%cE",
        *(f"%(trailers:key={key},valueonly,unfold,separator=%x1F)" for key in _TRAILERS),
    )
)
_FIELDS = _FORMAT.count("%x00") + 1
# What git says when it refuses, and what it mostly means; the first that fits counts.
_REFUSALS = (
    (
        r"dubious ownership in repository at '(?P<folder>[^'\n]+)'",
        "仓库属于另一个用户，git 不肯读。确认信得过它，运行"
        " git config --global --add safe.directory '{folder}'。",
    ),
    (r"ermission denied", "没有读仓库的权限；检查文件夹的主人和权限。"),
    (r"index file|bad index", "git 的索引坏了；删掉 .git/index，再运行 git reset。"),
    (r"cannot change to", "知识库的文件夹不在了；检查 --library。"),
    (
        r"bad (?:numeric )?config|config file",
        "git 的设置写错了；运行 git config --list 看是哪一行。",
    ),
    (
        r"repo(?:sitory)? version|repository extension|unknown option|unrecognized|usage: git",
        "git 太旧，读不了这个仓库；升级 git。",
    ),
    (r"promisor|lazy fetch", "克隆不完整；重新克隆，不加 --filter。"),
    (
        r"bad object|bad tree|corrupt|unable to read|could not (?:read|parse)|missing (?:blob|tree)"
        r"|invalid object|is empty",
        "仓库里有内容坏了或缺了；运行 git fsck 检查，或者重新克隆。",
    ),
)


class GitError(CasebookError):
    """The history cannot be read: no git, no repository, no such revision, a shallow clone."""


@dataclass(frozen=True)
class Changes:
    """What differs between a revision and the files as they lie there.

    Attributes:
        changed: files that were added, changed or renamed to, relative to the library.
        deleted: files that were there and are not any more.
    """

    changed: frozenset[str]
    deleted: frozenset[str]


@dataclass(frozen=True)
class Commit:
    """What a commit says of itself.

    Attributes:
        sha: its name.
        parents: theirs, the main line's first.
        landed: when it was committed.
        author: who wrote it.
        committer: who committed it.
        by_host: whether the host of the repository committed it, as GitHub does on its pages.
        signed: who approved or reviewed it, as its trailers say; by the trailer's key.
    """

    sha: str
    parents: tuple[str, ...]
    landed: datetime
    author: str
    committer: str
    by_host: bool
    signed: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class FileChange:
    """What a commit of the main line did to one file.

    Attributes:
        path: relative to the library.
        blob: the name of its new content; None when the file is gone.
    """

    path: str
    blob: str | None


def changed_paths(root: Path, since: str) -> Changes:
    """What changed in a library since it parted from a revision, uncommitted files included.

    Args:
        root: the library's folder.
        since: a revision; compared is its merge base with HEAD.

    Raises:
        GitError: it cannot be told.
    """
    return Repository(root).changes_since(since)


def file_at(root: Path, revision: str, path: str) -> bytes | None:
    """A file of a library as it was in a revision; None when there was no such plain file.

    Args:
        root: the library's folder.
        revision: any name of a commit.
        path: relative to the library.

    Raises:
        GitError: there is no git, no repository or no such revision.
    """
    repository = Repository(root)
    blob = repository.files(repository.commit(revision), [path]).get(path)
    return None if blob is None else dict(repository.contents([blob]))[blob]


def place_in_repository(root: Path) -> str:
    """Where a library's folder is in its repository: ``docs/library/``; empty at the top.

    Empty, too, where there is no git or no repository.
    """
    try:
        return Repository(root).prefix
    except GitError:
        return ""


class Repository:
    """The git repository that a library's folder is in.

    Args:
        root: the library's folder, the repository's own or one inside of it.

    Raises:
        GitError: there is no git, or the folder is in no repository.
    """

    def __init__(self, root: Path) -> None:
        program = shutil.which("git")
        if program is None:
            raise GitError("找不到 git；先安装 git，再运行一次。")
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        self._git = [program, "--no-pager", "--literal-pathspecs", *settings, "-C", str(root)]
        questions = ("--is-inside-work-tree", "--is-shallow-repository", "--show-prefix")
        done = self._try(["rev-parse", *questions])
        if b"not a git repository" in done.stderr or done.stdout.startswith(b"false"):
            raise GitError(
                f"“{root}”不在 git 的工作区里；这个命令要看修改的历史，请在克隆下来的知识库里运行。"
            )
        _, shallow, prefix = self._checked(done).split(b"\n", 2)
        self.shallow = shallow == b"true"
        self.prefix = os.fsdecode(prefix.removesuffix(b"\n"))

    def commit(self, revision: str) -> str:
        """The full name of a commit.

        Args:
            revision: a branch, a tag, a name of a commit.

        Raises:
            GitError: there is none such.
        """
        if revision.startswith(("-", "^")) or not revision.isprintable() or not revision.strip():
            raise GitError(f"“{revision}”不是版本；写分支、标签或提交号，例如 origin/main。")
        wanted = f"{revision}^{{commit}}"
        done = self._try(["rev-parse", "--verify", "--quiet", "--end-of-options", wanted])
        if done.returncode and revision == "HEAD":
            raise GitError("这个仓库里还没有提交；先提交一次。")
        if done.returncode:
            raise GitError(
                f"仓库里没有版本“{revision}”；{self._advice('检查写法，或先 git fetch。')}"
            )
        return done.stdout.decode().strip()

    def branch(self) -> str:
        """The name of the branch that is checked out; empty when there is none."""
        done = self._try(["symbolic-ref", "--quiet", "--short", "HEAD"])
        return os.fsdecode(done.stdout).strip()

    def merge_base(self, revision: str) -> str:
        """Where HEAD and a revision parted.

        Raises:
            GitError: there is no such revision, or the two have nothing in common.
        """
        done = self._try(["merge-base", self.commit(revision), self.commit("HEAD")])
        if done.returncode:
            advice = self._advice("换一个版本。")
            raise GitError(f"“{revision}”和现在的版本没有共同的历史；{advice}")
        return done.stdout.decode().strip()

    def changes_since(self, revision: str) -> Changes:
        """As :func:`changed_paths`."""
        base = self.merge_base(revision)
        plain = ("--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules=all")
        shown = self._run(["diff", "--raw", "-z", "--no-abbrev", "--relative", *plain, base, "--"])
        tokens = _tokens(shown)
        states = dict(zip(tokens[1::2], tokens[::2], strict=True))
        for path in list(self._only_touched(states)):
            del states[path]
        untracked = _tokens(self._run(["ls-files", "-z", "--others", "--exclude-standard"]))
        changed = {path for path, state in states.items() if state[-1] != "D"} | set(untracked)
        return Changes(frozenset(changed), frozenset(states) - changed)

    def _only_touched(self, states: Mapping[str, str]) -> Iterator[str]:
        """The files that look changed and are not; to keep this in mind, git would lock its index.

        Args:
            states: what git says of each file, as ``:100644 100644 OLD NEW M``.
        """
        unsure = {}
        for path, state in states.items():
            before, after, old, new, _ = state[1:].split()
            if before == after and before in _PLAIN_FILES and not new.strip("0"):
                unsure[path] = old
        paths = list(unsure)
        for start in range(0, len(paths), _AT_ONCE):
            part = paths[start : start + _AT_ONCE]
            found = self._run(["hash-object", "--", *part]).decode().split()
            yield from (p for p, blob in zip(part, found, strict=True) if blob == unsure[p])

    def commits(self) -> dict[str, Commit]:
        """Every commit that HEAD holds, by name, newest first.

        Raises:
            GitError: the clone is shallow, or nothing was committed yet.
        """
        if self.shallow:
            raise GitError(f"历史不完整；{self._advice('')}")
        words = ["log", "-z", "--no-color", "--encoding=UTF-8", f"--format={_FORMAT}"]
        fields = self._run([*words, self.commit("HEAD"), "--"]).decode(errors="replace").split("\0")
        records = zip(*[iter(fields)] * _FIELDS, strict=False)
        return {commit.sha: commit for commit in map(_commit, records)}

    def file_changes(self, paths: Iterable[str]) -> Iterator[tuple[str, list[FileChange]]]:
        """What each commit of the main line did to files, newest first.

        Args:
            paths: files or folders, relative to the library.

        Yields:
            A commit that did something to them, and what: for a merge, all that it brought.
        """
        words = ["log", "-z", "--first-parent", "--diff-merges=first-parent", "--raw"]
        words += ["--no-renames", "--no-abbrev", "--no-color", "--no-ext-diff", "--no-textconv"]
        shown = self._run([*words, "--relative", "--format=%H", self.commit("HEAD"), "--", *paths])
        sha, changes = "", list[FileChange]()
        tokens = iter(_tokens(shown))
        for token in tokens:
            state = token.lstrip("\n")
            if state.startswith(":"):
                changes.append(_file_change(state, next(tokens)))
                continue
            if sha:
                yield sha, changes
            sha, changes = state, []
        if sha:
            yield sha, changes

    def files(self, commit: str, paths: Iterable[str]) -> dict[str, str]:
        """The plain files of a commit, by path relative to the library; links are left out.

        Args:
            commit: its full name.
            paths: files or folders, relative to the library.

        Returns:
            The name of each one's content.
        """
        wanted = [f"{self.prefix}{path}" for path in paths if _inside(path)]
        if not wanted:
            return {}
        shown = self._run(["ls-tree", "-r", "-z", "--full-tree", commit, "--", *wanted])
        found = {}
        for entry in _tokens(shown):
            facts, _, path = entry.partition("\t")
            mode, _, blob = facts.split()
            if mode in _PLAIN_FILES and _inside(path):
                found[path.removeprefix(self.prefix)] = blob
        return found

    def contents(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Contents by their names, each once.

        Raises:
            GitError: the repository lacks one.
        """
        wanted = sorted(set(names))
        for start in range(0, len(wanted), _AT_ONCE):
            part = "".join(f"{name}\n" for name in wanted[start : start + _AT_ONCE])
            yield from self._contents(self._run(["cat-file", "--batch"], part.encode()))

    def _contents(self, answer: bytes) -> Iterator[tuple[str, bytes]]:
        place = 0
        while place < len(answer):
            end = answer.index(b"\n", place)
            name, *rest = answer[place:end].decode().split()
            if len(rest) != 2:  # noqa: PLR2004 - its type and size, or "missing"
                raise GitError(f"仓库里缺少 {name} 的内容；{self._advice('运行 git fsck 检查。')}")
            place = end + 1 + int(rest[1])
            yield name, answer[end + 1 : place]
            place += 1

    def _advice(self, otherwise: str) -> str:
        """What to do when something is not there."""
        if self.shallow:
            return "这是浅克隆，先运行 git fetch --unshallow（CI 里把 fetch-depth 设成 0）。"
        return otherwise

    def _run(self, words: list[str], given: bytes = b"") -> bytes:
        return self._checked(self._try(words, given))

    def _try(self, words: list[str], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("GIT_") or name.startswith(_KEPT)
        }
        return subprocess.run(
            [*self._git, *words],
            env=kept | _ENVIRONMENT,
            capture_output=True,
            check=False,
            input=given,
        )

    @staticmethod
    def _checked(done: subprocess.CompletedProcess[bytes]) -> bytes:
        if done.returncode:
            raise GitError(_refusal(done.stderr.decode(errors="replace").strip()))
        return done.stdout


def _refusal(said: str) -> str:
    """What git's words mean and what to do."""
    for sign, advice in _REFUSALS:
        if match := re.search(sign, said):
            return advice.format(**match.groupdict())
    first = said.partition("\n")[0]
    return f"git 读不了这个仓库；在知识库里运行 git status，按它说的改好。git 的原话：{first}"


def _tokens(shown: bytes) -> list[str]:
    """What git wrote with ``-z``."""
    return os.fsdecode(shown).split("\0")[:-1] if shown else []


def _commit(fields: tuple[str, ...]) -> Commit:
    names, landed, author, committer, email, *signed = fields
    sha, *parents = names.split()
    return Commit(
        sha=sha,
        parents=tuple(parents),
        landed=datetime.fromtimestamp(int(landed), UTC),
        author=author,
        committer=committer,
        by_host=email == _HOST_EMAIL,
        signed={
            key: tuple(part for part in said.split("\x1f") if part.strip())
            for key, said in zip(_TRAILERS, signed, strict=True)
        },
    )


def _inside(path: str) -> bool:
    """Whether a path leads to something below the folder that it starts from."""
    place = PurePosixPath(path)
    return bool(place.parts) and not place.is_absolute() and ".." not in place.parts


def _file_change(state: str, path: str) -> FileChange:
    """From a line such as ``:100644 100644 OLD NEW M`` and its path."""
    _, mode, _, blob, _ = state[1:].split()
    return FileChange(path, blob if mode in _PLAIN_FILES else None)
