"""Whoever reads the log slowly, or not at all, holds up nobody."""

from __future__ import annotations

import errno
import fcntl
import io
import logging
import os
import select
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from casebook.library import View
from search.engines import get_engine
from search.generations import publish
from search.log_handler import LogHandler
from tests.search.serving import running

PIPE = 4096
STRUCTURED = """
from search import logs
lasting = logs.structured("json", "dealer")
lasting.__enter__()
"""


def record(words: str) -> logging.LogRecord:
    return logging.LogRecord("search.x", logging.INFO, __file__, 1, words, (), None)


@pytest.fixture
def pipe() -> Iterator[tuple[int, io.FileIO]]:
    """A pipe that takes a page, and its other end as a stream."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE)
    with os.fdopen(writer, "wb", buffering=0) as stream:
        yield reader, stream
    os.close(reader)


def read(file: int, end: str) -> list[str]:
    """The lines that come until one ends so."""
    text = ""
    while not text.endswith(end + "\n"):
        ready, _, _ = select.select([file], [], [], 30)
        assert ready, text
        text += os.read(file, 65536).decode()
    return text.splitlines()


def test_lines_wait_for_a_reader_and_come_in_their_order(pipe: tuple[int, io.FileIO]) -> None:
    reader, stream = pipe
    said = [f"第 {number} 行 {'长' * (number % 7) * 20}" for number in range(500)]
    with closing(LogHandler(stream)) as handler:
        for words in said:
            handler.handle(record(words))
        assert read(reader, said[-1]) == said


def test_what_is_too_much_is_counted_and_told(pipe: tuple[int, io.FileIO]) -> None:
    reader, stream = pipe
    with closing(LogHandler(stream, most_waiting=10)) as handler:
        for number in range(500):
            handler.handle(record(f"{number:04} {'x' * 1000}"))
        lines = read(reader, " 行")
        handler.handle(record("再来"))
        lines += read(reader, "再来")
    kept = [line[:4] for line in lines if line.endswith("x")]
    assert 10 <= len(kept) < 20
    assert kept == [f"{number:04}" for number in range(len(kept))]
    assert f"日志写得太慢，丢了 {500 - len(kept)} 行" in lines


def test_no_piece_is_longer_than_what_a_pipe_takes_whole() -> None:
    class Pieces(io.StringIO):
        def __init__(self) -> None:
            super().__init__()
            self.go, self.sizes = threading.Event(), []  # type: ignore[var-annotated]

        def write(self, text: str) -> int:
            self.go.wait(30)
            self.sizes.append(len(text.encode()))
            return super().write(text)

    stream = Pieces()
    with closing(LogHandler(stream)) as handler:
        for size in (10, 3000, 1000, 1000, 5000, 10, 4095):
            handler.handle(record("x" * size))
        stream.go.set()
    assert sum(stream.sizes) == len(stream.getvalue()) == 10 + 3000 + 1000 + 1000 + 5000 + 10 + 4102
    assert all(size <= PIPE or size == 5001 for size in stream.sizes)
    assert len(stream.sizes) < 7


def test_a_full_disk_loses_lines_and_says_so_when_there_is_room() -> None:
    class Disk(io.StringIO):
        full = True

        def write(self, text: str) -> int:
            if self.full:
                raise OSError(errno.ENOSPC, "full")
            return super().write(text)

    disk = Disk()
    with closing(LogHandler(disk)) as handler:
        for _ in range(3):
            handler.handle(record("没有地方"))
        handler.flush()
        disk.full = False
        handler.handle(record("又有地方"))
    assert disk.getvalue().splitlines() == ["又有地方", "日志写得太慢，丢了 3 行"]


def test_a_process_that_was_forked_writes_its_own_lines_only(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with file.open("wb") as stream, closing(LogHandler(stream)) as handler:
        handler.handle(record("先"))
        child = os.fork()
        if not child:
            handler.handle(record("子"))
            handler.flush()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        handler.handle(record("后"))
    assert sorted(file.read_text(encoding="utf-8").split()) == ["先", "后", "子"]


def test_what_was_logged_last_is_written_before_a_service_ends(few: View, tmp_path: Path) -> None:
    root, log = tmp_path / "index", tmp_path / "log"
    publish(few, root, get_engine("memory"), "")
    with running(root, log, STRUCTURED, workers=2) as server:
        for _ in range(50):
            server.get("/api/suggest?q=a")
    assert log.read_text(encoding="utf-8").count('"route": "/api/suggest"') == 50


def test_a_service_whose_log_nobody_reads_answers_and_ends(few: View, tmp_path: Path) -> None:
    root, log = tmp_path / "index", tmp_path / "log"
    publish(few, root, get_engine("memory"), "")
    os.mkfifo(log)
    reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, PIPE)
    try:
        with running(root, log, STRUCTURED) as server:
            assert [server.get("/api/suggest?q=a")[0] for _ in range(100)] == [200] * 100
            assert len(os.read(reader, 2 * PIPE)) <= PIPE
        assert server.process.returncode == 0
    finally:
        os.close(reader)
