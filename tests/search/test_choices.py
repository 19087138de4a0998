"""Counting what is chosen: many threads and processes, and files that cannot be used."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from search import choices
from search.choices import Choices

COUNT = """
import sys
from pathlib import Path
from search.choices import Choices

counting = Choices(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    counting.add(f"faq-{number % 3}")
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "choices" / "dealer.sqlite"


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another program keeps the file for itself."""
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.rollback()


def test_in_memory_it_counts_and_keeps_nothing() -> None:
    counting = Choices()
    assert counting.times().get("faq-a", 0) == 0
    counting.add("faq-a")
    counting.add("faq-a")
    assert dict(counting.times()) == {"faq-a": 2}
    assert dict(Choices().times()) == {}


def test_counts_are_there_after_a_restart(file: Path) -> None:
    assert dict(Choices(file).times()) == {}
    assert not file.exists()
    for name in ("faq-a", "faq-b", "faq-a"):
        Choices(file).add(name)
    assert dict(Choices(file).times()) == {"faq-a": 2, "faq-b": 1}


def test_what_is_counted_here_is_seen_at_once(file: Path) -> None:
    counting = Choices(file)
    assert dict(counting.times()) == {}
    counting.add("faq-a")
    assert dict(counting.times()) == {"faq-a": 1}


def test_what_others_count_is_seen_after_a_while(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Choices(file)
    counting.add("faq-a")
    assert dict(counting.times()) == {"faq-a": 1}
    Choices(file).add("faq-a")
    assert dict(counting.times()) == {"faq-a": 1}
    monkeypatch.setattr(choices, "_FRESH", 0.0)
    assert dict(counting.times()) == {"faq-a": 2}


def test_nothing_but_ids_and_numbers_is_kept(file: Path) -> None:
    Choices(file).add("faq-a")
    with closing(sqlite3.connect(file)) as database:
        tables = database.execute("SELECT sql FROM sqlite_schema").fetchall()
        rows = database.execute("SELECT * FROM choices").fetchall()
    assert len(tables) == 1
    assert rows == [("faq-a", 1)]


def test_many_threads_lose_nothing(file: Path) -> None:
    counting = Choices(file)

    def count() -> None:
        for number in range(40):
            counting.add(f"faq-{number % 4}")

    threads = [threading.Thread(target=count) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wanted = {f"faq-{number}": 50 for number in range(4)}
    assert dict(counting.times()) == wanted
    assert dict(Choices(file).times()) == wanted


def test_two_processes_lose_nothing(file: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", COUNT, str(file), "90"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")
    assert dict(Choices(file).times()) == {f"faq-{number}": 60 for number in range(3)}


def test_a_folder_that_cannot_be_made(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    counting = Choices(tmp_path / "file" / "dealer.sqlite")
    assert dict(counting.times()) == {}
    counting.add("faq-a")
    assert dict(counting.times()) == {"faq-a": 1}
    assert "选择次数写不进" in caplog.text


def test_a_file_that_is_a_folder(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    file.mkdir(parents=True)
    counting = Choices(file)
    counting.add("faq-a")
    assert dict(counting.times()) == {"faq-a": 1}
    assert str(file) in caplog.text


@pytest.mark.parametrize("content", [b"x" * 5000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file(file: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    counting = Choices(file)
    assert dict(counting.times()) == {}
    assert f"选择次数读不了 {file}" in caplog.text
    counting.add("faq-a")
    counting.add("faq-a")
    assert dict(counting.times()) == {"faq-a": 2}
    assert f"选择次数写不进 {file}" in caplog.text
    assert file.read_bytes() == content
    file.unlink()
    counting.add("faq-a")
    assert dict(Choices(file).times()) == {"faq-a": 3}


def test_a_locked_file_holds_nobody_up_and_loses_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Choices(file).add("faq-a")
    monkeypatch.setattr(choices, "_WAIT_TO_WRITE", 0.2)
    counting = Choices(file)
    with locked(file):
        assert dict(counting.times()) == {}
        counting.add("faq-a")
        counting.add("faq-b")
        assert dict(counting.times()) == {"faq-a": 1, "faq-b": 1}
    counting.add("faq-b")
    assert dict(Choices(file).times()) == {"faq-a": 2, "faq-b": 2}


def test_while_one_waits_for_the_file_others_go_on(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Choices(file).add("faq-a")
    monkeypatch.setattr(choices, "_WAIT_TO_WRITE", 30.0)
    counting = Choices(file)
    waiting = threading.Thread(target=counting.add, args=("faq-a",))
    with locked(file):
        waiting.start()
        until = time.monotonic() + 10
        while not counting._writing.locked() and time.monotonic() < until:
            time.sleep(0.01)
        for _ in range(20):
            counting.add("faq-b")
        assert waiting.is_alive()
    waiting.join(60)
    assert dict(Choices(file).times()) == {"faq-a": 2, "faq-b": 20}
