"""Follows a library's files: sees when they change and when they are whole, and pulls new ones.

The service never builds and never writes the library. It leaves a request in its audience's state
folder; whoever watches finds it there, and leaves what came of it:

    <state>/<audience>/
        reload-request      somebody asks to look for what is new
        reload.json         what came of the last time
        watcher.lock        held as long as somebody watches
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from watchfiles import watch

from casebook.documents import Kind
from casebook.errors import PublishError, SettingsError
from casebook.files import alone, private_file, replacing
from casebook.library import today
from casebook.settings import GLOSSARY_FILE, SETTINGS_FILE, WITHDRAWN_FILE, load_settings

# The steps that can fail.
PULL, INDEX, SITE = "pull", "index", "site"
_SETTLED = 1.0
# A lock that git left when it was killed must not stop everything.
_GIT_SECONDS = 30.0
_PULL_SECONDS = 120.0
# Long enough for somebody who only looks whether anybody watches.
_LOCK_SECONDS = 0.5
# What names another repository, as hooks do.
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY")
# It logs every change, in English; what is done is said in Chinese.
logging.getLogger("watchfiles").setLevel(logging.WARNING)
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


@dataclass(frozen=True)
class Outcome:
    """What came of looking for something new.

    Attributes:
        ended: when, ISO.
        seconds: how long it took.
        failed: the first step that failed; empty when all is well.
        commit: what the library was, where it is in git; else empty.
        documents: how many this audience's index holds now.
        problems: how many problems were found; what has one is not published.
    """

    ended: str
    seconds: float
    failed: str
    commit: str
    documents: int
    problems: int


class Desk:
    """Where the service of an audience and whoever watches the library meet.

    Args:
        folder: the audience's state folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._request = folder / "reload-request"
        self._outcome = folder / "reload.json"
        self._lock = folder / "watcher.lock"

    def ask(self) -> None:
        """Asks to look for what is new.

        Raises:
            PublishError: it cannot be written there.
        """
        with replacing(self._request, private=True) as file:
            file.write(now().encode())

    def asked(self) -> str:
        """When it was asked for what nobody has taken up yet, ISO; empty where nothing is."""
        with suppress(OSError, ValueError):
            return self._request.read_text(encoding="utf-8")
        return ""

    def take_up(self) -> bool:
        """Takes up a request; whether there was one."""
        try:
            self._request.unlink()
        except OSError:
            return False
        return True

    def tell(self, outcome: Outcome) -> None:
        """Leaves what came of it.

        Raises:
            PublishError: it cannot be written there.
        """
        with replacing(self._outcome, private=True) as file:
            file.write(json.dumps(asdict(outcome)).encode())

    def told(self) -> Outcome | None:
        """What came of the last time."""
        try:
            return Outcome(**json.loads(self._outcome.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def is_watched(self) -> bool:
        """Whether somebody watches; who died does not."""
        try:
            with self._lock.open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def watching(self) -> AbstractContextManager[None]:
        """Says, as long as the block lasts, that somebody watches.

        Raises:
            PublishError: somebody else does, or the folder cannot be written.
        """
        busy = PublishError("另一个 casebook watch 正在看着这个知识库；一台机器上运行一个就够了。")
        try:
            private_file(self._lock)
        except OSError as error:
            raise PublishError(f"写不了“{self._folder}”（{error.strerror}）；检查权限。") from None
        return alone(self._lock, busy, _LOCK_SECONDS)


def now() -> str:
    """The time, ISO, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def files_mark(root: Path) -> str:
    """Changes whenever a file of the library does; nothing is opened."""
    digest = hashlib.blake2b(digest_size=16)
    for name in (SETTINGS_FILE, GLOSSARY_FILE, WITHDRAWN_FILE):
        digest.update(_stamp(root / name))
    for kind in Kind:
        for folder, folders, names in os.walk(root / kind.folder):
            folders.sort()
            for name in sorted(names):
                digest.update(_stamp(Path(folder, name)))
    return digest.hexdigest()


def _stamp(file: Path) -> bytes:
    try:
        found = file.lstat()
    except OSError:
        return b"\n"
    return os.fsencode(f"{file}\0{found.st_ino}\0{found.st_size}\0{found.st_mtime_ns}\n")


def pull(root: Path) -> None:
    """Fetches what was pushed, and nothing but forward.

    Raises:
        PublishError: git refuses, or does not end.
    """
    try:
        done = _git(root, "pull", "--ff-only", "--quiet")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PublishError(f"git pull 没有完成：{_CREDENTIALS.sub('', str(error))}") from None
    if done.returncode:
        said = _CREDENTIALS.sub("", " ".join(done.stderr.split()))[:500]
        raise PublishError(
            f"git pull 没有成功：{said}。"
            "原来的内容照常提供；这个文件夹只用来发布，不要在里面改文件，也要能读到远程仓库。"
        )


def commit_of(root: Path) -> str:
    """The commit that a library's folder is at; empty where it is not in git."""
    with suppress(OSError, subprocess.TimeoutExpired):
        return _git(root, "rev-parse", "--verify", "--quiet", "HEAD").stdout.strip()
    return ""


def _git(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    surroundings = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    return subprocess.run(
        ["git", "-C", str(root), *words],  # noqa: S607  (wherever git is installed)
        env=surroundings | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_PULL_SECONDS,
        check=False,
    )


@dataclass(frozen=True)
class Pace:
    """How often whoever watches does what, in seconds.

    Attributes:
        look: how often all files are looked at, even where the system reports no change.
        pull: how often git is asked for what is new; 0 only when somebody wants it.
        again: after how long a build that failed is tried again.
    """

    look: float = 10.0
    pull: float = 0.0
    again: float = 60.0


class Watcher:
    """Looks, pulls and has everything built, until it is stopped.

    Args:
        root: the library's folder.
        desks: where services leave requests; each is told what came of it.
        build: builds what is new and tells the desks; gives the step that failed, or nothing.
        pulls: whether git is asked for what is new.
        pace: how often.
        say: says in Chinese what is done.
        stop: ends it when set.
    """

    def __init__(
        self,
        root: Path,
        desks: Sequence[Desk],
        build: Callable[[], str],
        *,
        pulls: bool,
        pace: Pace,
        say: Callable[[str], None],
        stop: threading.Event,
    ) -> None:
        self._root = root
        self._desks = desks
        self._build = build
        self._pulls = pulls
        self._pace = pace
        self._say = say
        self._stop = stop
        self._built = ""
        self._day = ""
        self._refused = ""
        self._next_look = self._next_pull = 0.0
        self._try_again = float("inf")

    def run(self) -> None:
        """Watches until it is stopped.

        Raises:
            PublishError: another program watches already.
        """
        with ExitStack() as held:
            for desk in self._desks:
                held.enter_context(desk.watching())
            self._say(f"正在看着“{self._root}”，有变化就发布，按 Ctrl+C 停止。")
            for changed in self._ticks():
                self._turn(changed=changed)

    def _ticks(self) -> Iterator[bool]:
        """About every second, and when a file has changed: whether one has."""
        folders = [self._root / kind.folder for kind in Kind if (self._root / kind.folder).is_dir()]
        yield True
        try:
            if folders:
                for changes in watch(
                    *folders,
                    watch_filter=None,
                    debounce=1000,
                    rust_timeout=1000,
                    yield_on_timeout=True,
                    stop_event=self._stop,
                ):
                    yield bool(changes)
        except (OSError, RuntimeError) as error:
            self._say(f"系统不报告文件的变化（{error}），改为每 {self._pace.look:g} 秒看一遍。")
        while not self._stop.wait(1.0):
            yield False

    def _turn(self, *, changed: bool) -> None:
        asked = sum(desk.take_up() for desk in self._desks) > 0
        began = time.monotonic()
        failed = ""
        if self._pulls and (asked or self._pull_is_due()):
            failed = self._pull()
            changed = True
        if not (asked or changed or began >= min(self._next_look, self._try_again)):
            return
        self._next_look = began + self._pace.look
        built = self._build_what_changed()
        if failed or (asked and not built):
            self._tell(failed, time.monotonic() - began)

    def _pull_is_due(self) -> bool:
        return bool(self._pace.pull) and time.monotonic() >= self._next_pull

    def _pull(self) -> str:
        self._next_pull = time.monotonic() + self._pace.pull
        try:
            pull(self._root)
        except PublishError as error:
            if str(error) != self._refused:
                self._say(str(error))
            self._refused = str(error)
            return PULL
        self._refused = ""
        return ""

    def _build_what_changed(self) -> bool:
        mark = self._mark()
        if mark == self._built and time.monotonic() < self._try_again:
            return False
        self._built = mark = self._settled(mark)
        if self._stop.is_set():
            return False
        failed = self._build()
        self._try_again = time.monotonic() + self._pace.again if failed else float("inf")
        return True

    def _mark(self) -> str:
        """Changes whenever a build could give something else: with files, and at midnight."""
        with suppress(SettingsError):
            self._day = str(today(load_settings(self._root)))
        return f"{files_mark(self._root)} {self._day}"

    def _settled(self, mark: str) -> str:
        """Waits until nothing changes any more: git and people write one file after another."""
        until = time.monotonic() + _GIT_SECONDS
        while not self._stop.wait(_SETTLED):
            before, mark = mark, self._mark()
            if mark == before and (not self._git_writes() or time.monotonic() >= until):
                break
        return mark

    def _git_writes(self) -> bool:
        with suppress(OSError, subprocess.TimeoutExpired):
            lock = _git(self._root, "rev-parse", "--git-path", "index.lock").stdout.strip()
            return bool(lock) and (self._root / lock).exists()
        return False

    def _tell(self, failed: str, seconds: float) -> None:
        """Tells that nothing was built, with what is known from the time before."""
        commit = commit_of(self._root)
        for desk in self._desks:
            last = desk.told()
            documents, problems = (last.documents, last.problems) if last else (0, 0)
            failed = failed or (last.failed if last and last.failed != PULL else "")
            with said(self._say):
                desk.tell(Outcome(now(), round(seconds, 1), failed, commit, documents, problems))


@contextmanager
def said(say: Callable[[str], None]) -> Iterator[None]:
    """Says what cannot be written, and goes on."""
    try:
        yield
    except PublishError as error:
        say(str(error))
