"""Whoever watches a library publishes what changed, once it is whole, and never falls over it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from casebook import watching
from casebook.cli import main
from casebook.cli import watching as cli
from casebook.documents import Kind
from casebook.errors import PublishError
from casebook.watching import Desk, Outcome, Pace, Watcher, commit_of, files_mark, now, pull
from tests.casebook.test_cli import CASEBOOK
from tests.conftest import Write

PATIENCE = 60.0


def wait_for(what: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)


def git(folder: Path, *words: str) -> str:
    person = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    return subprocess.run(
        ["git", "-C", str(folder), *person, *words], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def clones(small: Path, tmp_path: Path) -> tuple[Path, Path]:
    """An author's clone, and the one that is published from."""
    (small / "faq" / ".gitkeep").touch()
    git(small, "init", "-q", "-b", "main")
    git(small, "add", "-A")
    git(small, "commit", "-qm", "first")
    bare = tmp_path / "remote.git"
    git(tmp_path, "clone", "-q", "--bare", str(small), str(bare))
    git(small, "remote", "add", "origin", str(bare))
    git(small, "fetch", "-q")
    git(small, "branch", "-q", "-u", "origin/main")
    git(tmp_path, "clone", "-q", str(bare), str(tmp_path / "published"))
    return small, tmp_path / "published"


class TestDesk:
    def test_a_request_is_taken_up_once(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path / "state")
        assert (desk.asked(), desk.take_up()) == ("", False)
        desk.ask()
        desk.ask()
        assert desk.asked().startswith("20")
        assert [desk.take_up(), desk.take_up(), desk.asked()] == [True, False, ""]

    def test_what_was_told_is_read_back(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path / "state")
        assert desk.told() is None
        outcome = Outcome(now(), 1.5, "", "abc", 7, 2)
        desk.tell(outcome)
        assert desk.told() == outcome
        for damaged in ("", "{", "[]", "{}", '{"ended": 1}'):
            (tmp_path / "state" / "reload.json").write_text(damaged)
            assert desk.told() is None

    def test_somebody_watches_as_long_as_they_live(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path / "state")
        assert not desk.is_watched()
        with desk.watching():
            assert desk.is_watched()
        assert not desk.is_watched()

    def test_only_one_watches(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path / "state")
        with desk.watching():
            with pytest.raises(PublishError) as caught, desk.watching():
                pass
            assert str(caught.value) == (
                "另一个 casebook watch 正在看着这个知识库；一台机器上运行一个就够了。"
            )


class TestMark:
    @pytest.mark.parametrize(
        "change",
        [
            lambda root: (root / "faq" / "b.md").write_text("b"),
            lambda root: (root / "faq" / "a.md").unlink(),
            lambda root: (root / "faq" / "a.md").write_text("longer"),
            lambda root: (root / "faq" / "a.md").rename(root / "cases" / "a.md"),
            lambda root: (root / "glossary.toml").write_text(""),
            lambda root: (root / "casebook.toml").write_text("x"),
            lambda root: (root / "withdrawn.toml").write_text(""),
            lambda root: os.utime(root / "faq" / "a.md", (1, 1)),
        ],
    )
    def test_every_change_of_a_file_is_seen(
        self, small: Path, change: Callable[[Path], object]
    ) -> None:
        (small / "faq" / "a.md").write_text("a")
        before = files_mark(small)
        assert files_mark(small) == before
        change(small)
        assert files_mark(small) != before

    def test_what_is_made_of_them_is_not(self, small: Path) -> None:
        before = files_mark(small)
        (small / "build").mkdir()
        (small / "build" / "x").write_text("x")
        (small / "README.md").write_text("x")
        assert files_mark(small) == before


class TestPull:
    def test_it_goes_forward(self, clones: tuple[Path, Path]) -> None:
        author, published = clones
        (author / "faq" / "a.md").write_text("a")
        git(author, "add", "-A")
        git(author, "commit", "-qm", "second")
        git(author, "push", "-q", "origin", "main")
        pull(published)
        assert (published / "faq" / "a.md").read_text() == "a"
        assert commit_of(published) == git(author, "rev-parse", "HEAD")

    def test_it_says_why_not_and_hides_what_is_secret(
        self, clones: tuple[Path, Path], tmp_path: Path
    ) -> None:
        _, published = clones
        git(published, "remote", "set-url", "origin", "http://me:secret@127.0.0.1:1/x.git")
        with pytest.raises(PublishError, match="git pull 没有成功") as caught:
            pull(published)
        assert "secret" not in str(caught.value)
        with pytest.raises(PublishError, match="git pull 没有成功"):
            pull(tmp_path)
        assert commit_of(tmp_path) == ""

    def test_another_repository_in_the_environment_is_not_meant(
        self, clones: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        author, published = clones
        monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
        pull(published)
        monkeypatch.delenv("GIT_DIR")
        assert commit_of(published) == git(author, "rev-parse", "HEAD")


class Builds:
    """Counts builds; each notes what the library's files were when it began."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.seen: list[str] = []
        self.go_on = threading.Event()
        self.go_on.set()
        self.fail = 0

    def __call__(self) -> str:
        self.seen.append(files_mark(self.root))
        self.go_on.wait(PATIENCE)
        self.fail -= 1
        return "index" if self.fail >= 0 else ""


@contextmanager
def watched(
    root: Path, builds: Builds, pace: Pace | None = None, *, pulls: bool = False
) -> Iterator[Desk]:
    desk = Desk(root / "build" / "state" / "dealer")
    stop = threading.Event()
    said: list[str] = []
    watcher = Watcher(
        root,
        [desk],
        builds,
        pulls=pulls,
        pace=pace or Pace(look=0.5, again=0.5),
        say=said.append,
        stop=stop,
    )
    thread = threading.Thread(target=watcher.run)
    thread.start()
    try:
        wait_for(lambda: builds.seen)
        yield desk
    finally:
        builds.go_on.set()
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.fixture(autouse=True)
def _settles_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_SETTLED", 0.2)


class TestWatcher:
    def test_a_change_is_built_once_and_nothing_is_built_without(self, small: Path) -> None:
        builds = Builds(small)
        with watched(small, builds):
            for name in "abc":
                (small / "faq" / f"{name}.md").write_text(name)
            wait_for(lambda: builds.seen[-1] == files_mark(small))
            count = len(builds.seen)
            time.sleep(1.5)
            assert len(builds.seen) == count
        assert count <= 3

    def test_what_comes_while_it_builds_is_one_more_build(self, small: Path) -> None:
        builds = Builds(small)
        with watched(small, builds):
            builds.go_on.clear()
            (small / "faq" / "a.md").write_text("a")
            wait_for(lambda: len(builds.seen) == 2)
            for number in range(5):
                (small / "faq" / f"{number}.md").write_text("x")
            builds.go_on.set()
            wait_for(lambda: builds.seen[-1] == files_mark(small))
            time.sleep(1.0)
            assert len(builds.seen) == 3

    def test_while_git_writes_it_waits(self, clones: tuple[Path, Path]) -> None:
        _, root = clones
        builds = Builds(root)
        with watched(root, builds):
            (root / ".git" / "index.lock").touch()
            (root / "faq" / "a.md").write_text("a")
            time.sleep(1.5)
            assert len(builds.seen) == 1
            (root / ".git" / "index.lock").unlink()
            wait_for(lambda: len(builds.seen) == 2)

    def test_a_build_that_failed_is_tried_again(self, small: Path) -> None:
        builds = Builds(small)
        builds.fail = 2
        with watched(small, builds):
            wait_for(lambda: len(builds.seen) == 3)
            time.sleep(1.5)
            assert len(builds.seen) == 3

    def test_midnight_is_a_change(self, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        builds = Builds(small)
        with watched(small, builds):
            monkeypatch.setattr(watching, "today", lambda _: "2030-01-01")
            wait_for(lambda: len(builds.seen) == 2)

    def test_broken_settings_are_built_too_and_stop_nothing(self, small: Path) -> None:
        """The build says what is wrong with them."""
        builds = Builds(small)
        text = (small / "casebook.toml").read_text()
        with watched(small, builds):
            (small / "casebook.toml").write_text("[")
            wait_for(lambda: builds.seen[-1] == files_mark(small))
            (small / "casebook.toml").write_text(text)
            wait_for(lambda: builds.seen[-1] == files_mark(small))

    def test_without_reports_of_the_system_it_looks_itself(
        self, small: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object, **__: object) -> Iterator[object]:
            raise OSError(28, "inotify watch limit reached")

        monkeypatch.setattr(watching, "watch", refuse)
        builds = Builds(small)
        with watched(small, builds):
            (small / "faq" / "a.md").write_text("a")
            wait_for(lambda: len(builds.seen) == 2)

    def test_a_request_pulls_and_is_answered(self, clones: tuple[Path, Path]) -> None:
        author, root = clones
        builds = Builds(root)
        with watched(root, builds, pulls=True) as desk:
            desk.ask()
            wait_for(desk.told)
            told = desk.told()
            assert told is not None
            assert (told.failed, told.commit) == ("", commit_of(author))
            assert len(builds.seen) == 1
            (author / "faq" / "a.md").write_text("a")
            git(author, "add", "-A")
            git(author, "commit", "-qm", "second")
            git(author, "push", "-q", "origin", "main")
            time.sleep(1.5)
            assert len(builds.seen) == 1
            desk.ask()
            wait_for(lambda: len(builds.seen) == 2)
            git(root, "remote", "set-url", "origin", "/nowhere")
            desk.ask()
            wait_for(lambda: desk.told() and desk.told().failed == "pull")

    def test_it_pulls_by_itself(self, clones: tuple[Path, Path]) -> None:
        author, root = clones
        builds = Builds(root)
        with watched(root, builds, Pace(look=60, pull=0.5), pulls=True):
            (author / "faq" / "a.md").write_text("a")
            git(author, "add", "-A")
            git(author, "commit", "-qm", "second")
            git(author, "push", "-q", "origin", "main")
            wait_for(lambda: len(builds.seen) == 2)
            assert (root / "faq" / "a.md").exists()


@contextmanager
def running(*words: str, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*CASEBOOK, *words], cwd=cwd, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as started:
        try:
            yield started
        finally:
            os.killpg(started.pid, signal.SIGTERM)
            started.communicate(timeout=PATIENCE)


class TestCommand:
    def test_documents_are_published_as_they_come_and_bad_ones_are_named(
        self, clones: tuple[Path, Path], write: Write
    ) -> None:
        author, root = clones
        desk = Desk(root / "build" / "state" / "dealer")
        with running("watch", "--pull", "--every", "1", cwd=root):
            wait_for(desk.told)
            write(Kind.FAQ, "faq-arrears-resume", {"audience: dealer": "audience: nobody"})
            git(author, "add", "-A")
            git(author, "commit", "-qm", "second")
            git(author, "push", "-q", "origin", "main")
            wait_for(lambda: desk.told().commit == commit_of(author))
            told = desk.told()
            assert told is not None
            assert (told.failed, told.documents) == ("", 0)
            assert told.problems > 0
            assert desk.is_watched()
        assert not desk.is_watched()

    def test_a_second_one_is_refused_and_claims_nothing(self, small: Path) -> None:
        with Desk(small / "build" / "state" / "dealer").watching():
            done = subprocess.run(
                [*CASEBOOK, "watch"], cwd=small, capture_output=True, text=True, check=False
            )
        assert (done.returncode, done.stderr + done.stdout) == (
            2,
            "casebook: 另一个 casebook watch 正在看着这个知识库；一台机器上运行一个就够了。\n",
        )

    def test_a_build_that_does_not_end_is_ended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cli, "_ENDING_SECONDS", 0.1)
        deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True)"
        with subprocess.Popen(
            [sys.executable, "-c", f"{deaf}; signal.pause()"], stdout=subprocess.PIPE
        ) as child:
            assert child.stdout
            child.stdout.readline()
            cli._end(child)
            assert child.wait(PATIENCE) == -signal.SIGKILL

    def test_once_tells_what_failed(self, small: Path) -> None:
        done = subprocess.run(
            [*CASEBOOK, "watch", "--once", "--pull"],
            cwd=small,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert "git pull 没有成功" in done.stderr
        told = Desk(small / "build" / "state" / "dealer").told()
        assert told is not None
        assert (told.failed, told.documents, told.problems) == ("pull", 0, 0)

    def test_what_was_taken_back_stays_until_something_changes(
        self, small: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(small)

        def casebook(*words: str) -> str:
            return CliRunner().invoke(main, words).output

        pointer = small / "build" / "index" / "dealer" / "current"
        casebook("index")
        first = pointer.read_text()
        (small / "glossary.toml").write_text("")
        casebook("index")
        second = pointer.read_text()
        assert f"索引 dealer：退回到 {first}，0 篇" in casebook("rollback")
        assert pointer.read_text() == first != second
        for words in (("index",), ("watch", "--once")):
            assert "索引 dealer：已经退回上一代，内容没有新的变化" in casebook(*words)
            assert pointer.read_text() == first
        assert "没有更早的一代可以退回" in casebook("rollback", "--audience", "dealer")
        (small / "withdrawn.toml").write_text("")
        casebook("watch", "--once")
        third = pointer.read_text()
        assert third not in (first, second)
        casebook("rollback", "--audience", "dealer")
        assert pointer.read_text() == first
        casebook("index", "--audience", "dealer", "--force")
        assert pointer.read_text() not in (first, second, third)
