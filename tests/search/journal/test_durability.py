"""Many processes, locks, kills, full disks: rows that were written stay, and nobody waits."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from search.journal import opening, writer
from search.journal.journal import Journal
from search.journal.writer import Writer
from tests.conftest import ROOT
from tests.search.journal.conftest import HANG, NewJournal, found, locked, rows, until

WORKER = """
import sys
from pathlib import Path
from search.journal.journal import Journal
from tests.search.journal.conftest import found

journal = Journal(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    name = journal.ask(found(f"工位{sys.argv[2]}问{number:04}", "faq-a"), "page", "")
    journal.note(name, "opened", "faq-a")
print("asked", flush=True)
if sys.stdin.readline() == "close\\n":
    journal.close()
    print("closed", journal.waiting, journal.dropped, flush=True)
"""


def start(file: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(file), name, str(count)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def say(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{word}\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_eight_processes_lose_nothing_though_another_holds_the_file(file: Path) -> None:
    workers, each = 8, 1000
    # Begun before the file is there: all of them make it at once.
    running = [start(file, str(name), each) for name in range(workers)]
    for process in running:
        assert hear(process) == "ready"
    for process in running:
        say(process, "go")
    for process in running:
        assert hear(process) == "asked"
    until(file.exists)
    with locked(file):
        time.sleep(2.0)
        for process in running:
            say(process, "close")
        time.sleep(2.0)
    for process in running:
        assert hear(process) == "closed 0 0"
        output, errors = process.communicate(timeout=HANG)
        assert (output, process.returncode) == ("", 0)
        assert "停止时还有" not in errors
    texts = [row[0] for row in rows(file, "SELECT text FROM questions ORDER BY text")]
    assert texts == sorted(f"工位{w}问{n:04}" for w in range(workers) for n in range(each))
    assert rows(file, "SELECT count(*) FROM events") == [(workers * each,)]
    assert rows(file, "PRAGMA integrity_check") == [("ok",)]


def test_what_was_written_outlives_a_kill(file: Path) -> None:
    process = start(file, "1", 300)
    assert hear(process) == "ready"
    say(process, "go")
    assert hear(process) == "asked"
    until(lambda: file.exists() and _count(file) == 300)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=HANG)
    assert _count(file) == 300
    assert rows(file, "PRAGMA integrity_check") == [("ok",)]
    again = start(file, "2", 10)
    assert hear(again) == "ready"
    say(again, "go")
    assert hear(again) == "asked"
    say(again, "close")
    assert hear(again) == "closed 0 0"
    again.communicate(timeout=HANG)
    assert _count(file) == 310


def _count(file: Path) -> int:
    try:
        return int(rows(file, "SELECT count(*) FROM questions")[0][0])
    except sqlite3.OperationalError:
        return 0


def test_a_forked_process_writes_for_itself(new_journal: NewJournal, file: Path) -> None:
    journal = new_journal()
    journal.ask(found("先问"), "page", "")
    journal.flush()
    journal.ask(found("排着队"), "page", "")
    children = []
    for number in range(4):
        child = os.fork()
        if not child:
            journal.ask(found(f"子{number}"), "page", "")
            journal.close()
            os._exit(0)
        children.append(child)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    journal.ask(found("后问"), "page", "")
    journal.close()
    texts = sorted(row[0] for row in rows(file, "SELECT text FROM questions"))
    assert texts == sorted(["先问", "排着队", "后问", *(f"子{number}" for number in range(4))])
    assert rows(file, "PRAGMA integrity_check") == [("ok",)]


def test_a_lock_held_for_long_keeps_rows_in_memory(
    new_journal: NewJournal,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(opening, "_PATIENCE", 0.2)
    journal = new_journal()
    journal.ask(found("先问"), "page", "")
    journal.flush()
    with locked(file):
        for number in range(50):
            assert journal.ask(found(f"问{number}"), "page", "")
        until(lambda: "检索日志写不进" in caplog.text)
        assert journal.waiting == 50
        assert not journal.flush(0.1)
        assert [question.text for question in journal.questions()] == ["先问"]
    assert journal.flush()
    assert (journal.waiting, journal.dropped) == (0, 0)
    assert len(rows(file)) == 51
    assert "又写得进了" in caplog.text


def test_beyond_the_bound_the_oldest_are_dropped_and_counted(
    new_journal: NewJournal,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(opening, "_PATIENCE", 0.1)
    monkeypatch.setattr(writer, "MOST", 10)
    journal = new_journal()
    journal.ask(found("先问"), "page", "")
    journal.flush()
    with locked(file):
        for number in range(25):
            journal.ask(found(f"问{number}"), "page", "")
            until(lambda: journal.waiting <= 10)
        until(lambda: "检索日志写不进" in caplog.text)
        until(lambda: journal.dropped == 15)
    assert journal.flush()
    assert journal.dropped == 15
    assert [row[5] for row in rows(file)] == ["先问", *(f"问{number}" for number in range(15, 25))]
    assert rows(file, "SELECT * FROM counts") == [("dropped", 15)]
    journal.ask(found("再问"), "page", "")
    journal.flush()
    assert rows(file, "SELECT * FROM counts") == [("dropped", 15)]


def test_what_cannot_be_written_at_the_end_is_said(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(opening, "_PATIENCE", 0.1)
    journal = Journal(file)
    journal.ask(found("先问"), "page", "")
    journal.flush()
    with locked(file):
        journal.ask(found("后问"), "page", "")
        journal.close()
    assert "停止时还有 1 条没写进去" in caplog.text


@pytest.mark.parametrize("content", [b"x" * 5000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_set_aside(
    new_journal: NewJournal, file: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    journal = new_journal()
    journal.ask(found("宽带断网"), "page", "")
    assert journal.flush()
    assert [question.text for question in journal.questions()] == ["宽带断网"]
    (aside,) = file.parent.glob("journal.sqlite.damaged-*")
    assert aside.read_bytes() == content
    assert f"检索日志 {file} 坏了，改名为 {aside.name}" in caplog.text


def test_a_file_that_is_damaged_under_way_is_set_aside_once(
    new_journal: NewJournal, file: Path
) -> None:
    workers = [new_journal() for _ in range(3)]
    for number in range(2000):
        workers[0].ask(found(f"问{number}"), "page", "")
    for worker in workers:
        worker.ask(found("先问"), "page", "")
        worker.flush()
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with file.open("r+b") as broken:
        broken.seek(4096)
        broken.write(b"\xff" * (file.stat().st_size - 4096))
    for worker in workers:
        worker.ask(found("后问"), "page", "")
        assert worker.flush(30)
    assert len(list(file.parent.glob("*.damaged-*[0-9]"))) == 1
    assert [question.text for question in workers[0].questions()] == ["后问"] * 3


def test_a_good_file_in_the_place_of_a_damaged_one_stays(journal: Journal, file: Path) -> None:
    journal.ask(found("先问"), "page", "")
    journal.flush()
    opening.set_aside(file, opening.inode_of(file) + 1)
    assert len(rows(file)) == 1
    assert not list(file.parent.glob("*.damaged-*"))


def test_a_file_that_is_taken_away_is_made_again(new_journal: NewJournal, file: Path) -> None:
    journal = new_journal()
    journal.ask(found("先问"), "page", "")
    journal.flush()
    for path in file.parent.iterdir():
        path.unlink()
    file.parent.rmdir()
    journal.ask(found("后问"), "page", "")
    assert journal.flush()
    assert [question.text for question in journal.questions()] == ["后问"]


def test_a_folder_that_cannot_be_made_stops_nobody(
    new_journal: NewJournal, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.parent.parent.mkdir(parents=True)
    file.parent.write_text("", encoding="utf-8")
    journal = new_journal()
    assert journal.ask(found("宽带断网"), "page", "")
    until(lambda: "检索日志写不进" in caplog.text)
    assert list(journal.questions()) == []
    file.parent.unlink()
    assert journal.flush()
    assert [question.text for question in journal.questions()] == ["宽带断网"]


FULL = """
import resource, signal, sys
from pathlib import Path
from search.journal.journal import Journal
from tests.search.journal.conftest import found

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, hard))
journal = Journal(Path(sys.argv[1]))
for number in range(3000):
    journal.ask(found(f"问{number:04}", "faq-a"), "page", "")
print(journal.flush(2), journal.waiting > 0, journal.dropped)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
print(journal.flush(60), journal.waiting, journal.dropped)
journal.close()
"""


def test_on_a_full_disk_rows_wait_for_room(file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert done.stdout.split("\n") == ["False True 0", "True 0 0", ""]
    assert done.stderr.count("检索日志写不进") >= 1
    assert _count(file) == 3000
    assert rows(file, "PRAGMA integrity_check") == [("ok",)]


def test_a_newer_file_is_left_alone(
    new_journal: NewJournal, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.parent.mkdir(parents=True)
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA user_version = 99")
    before = file.read_bytes()
    journal = new_journal()
    journal.ask(found("宽带断网"), "page", "")
    until(lambda: "是第 99 版，这个程序只认到第 1 版" in caplog.text)
    assert file.read_bytes() == before


def test_an_older_file_is_brought_up_to_date(
    new_journal: NewJournal, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = new_journal()
    old.ask(found("旧问"), "page", "")
    old.close()
    newer = [*opening._MIGRATIONS, ("ALTER TABLE questions ADD COLUMN more TEXT",)]
    monkeypatch.setattr(opening, "_MIGRATIONS", newer)
    fresh = [new_journal() for _ in range(2)]
    for journal in fresh:
        journal.ask(found("新问"), "page", "")
    for journal in fresh:
        assert journal.flush()
    assert rows(file, "PRAGMA user_version") == [(2,)]
    assert [row[-1] for row in rows(file)] == [None, None, None]


def test_an_unexpected_fault_does_not_end_the_writing(
    new_journal: NewJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = new_journal()
    faults = iter([RuntimeError("unexpected")])
    whole = Writer._keep_house

    def fail_once(self: Writer, database: sqlite3.Connection) -> None:
        for fault in faults:
            raise fault
        whole(self, database)

    monkeypatch.setattr(Writer, "_keep_house", fail_once)
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    journal.ask(found("先问"), "page", "")
    until(lambda: journal._writer is not None and not journal._writer._thread.is_alive())
    journal.ask(found("后问"), "page", "")
    assert journal.flush()
    assert [question.text for question in journal.questions()] == ["先问", "后问"]


def test_a_system_without_threads_stops_nobody(
    new_journal: NewJournal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    journal = new_journal()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert journal.ask(found("先问"), "page", "")
    assert "线程开不起来" in caplog.text
    journal.ask(found("后问"), "page", "")
    assert journal.flush()
    assert [question.text for question in journal.questions()] == ["先问", "后问"]


def test_however_long_it_lasts_it_is_tried_again(
    new_journal: NewJournal, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    monkeypatch.setattr(writer, "_SHORTEST_REST", 0.0)
    file.mkdir(parents=True)
    journal = new_journal()
    journal.ask(found("宽带断网"), "page", "")
    until(lambda: journal._writer is not None and journal._writer._failures > 1100)
    file.rmdir()
    assert journal.flush()
    assert [question.text for question in journal.questions()] == ["宽带断网"]


def test_logs_hold_no_question(
    new_journal: NewJournal, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    file.mkdir(parents=True)
    journal = new_journal()
    journal.ask(found("某个问题"), "page", "")
    until(lambda: "检索日志写不进" in caplog.text)
    assert "某个问题" not in caplog.text
    file.rmdir()


SERVED = """
import sys
from datetime import date
from pathlib import Path
from search.server import serve
from search.service import ServiceConfig

index, state, port = sys.argv[1:]
serve(ServiceConfig(
    audience="dealer", internal=False, title="测试", index=Path(index), site=None,
    today=lambda: date(2026, 11, 22), state=Path(state),
), "127.0.0.1", int(port), 2)
"""


def test_a_service_that_is_stopped_has_written_everything(
    index_root: Callable[..., Path], file: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    words = [sys.executable, "-c", SERVED, str(index_root("dealer")), str(file.parent), str(port)]
    process = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True)

    def answers() -> bool:
        assert process.poll() is None
        try:
            with urlopen(f"{address}/healthz", timeout=HANG):
                return True
        except OSError:
            return False

    until(answers)
    for number in range(40):
        query = quote(f"宽带断网{number}")
        with urlopen(f"{address}/api/search?q={query}", timeout=HANG) as response:
            assert response.status == 200
    process.terminate()
    _, errors = process.communicate(timeout=HANG)
    assert "停止时还有" not in errors
    assert _count(file) == 40
