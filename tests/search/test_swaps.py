"""Generations are published under a running service: no read fails, is empty, or mixes two."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.load.library import Loaded
from benchmarks.load.plan import Document
from benchmarks.load.readers import MARKS, Read
from benchmarks.load.running import Service
from benchmarks.load.swaps import swap
from casebook.library import View
from tests.search.serving import running

SWAPS = 24
# A process opens and ends some by itself; one that kept one for each generation had many more.
FILES = 4
# The server ends idle threads after half a minute only: a busy machine has it start more.
THREADS = SWAPS // 2


@pytest.fixture
def loaded(few: View, tmp_path: Path) -> Loaded:
    documents = tuple(Document(one.id, one.kind.address(one.id)) for one in few.documents)
    one = Loaded(tmp_path, few, (), documents, "few")
    one.publish()
    return one


def test_no_read_fails_is_empty_or_mixed(loaded: Loaded, tmp_path: Path) -> None:
    """Two workers, eight readers over HTTP; at the end each worker has the newest, and no more."""
    with running(loaded.index, tmp_path / "log", workers=2, waiting=32) as server:
        service = Service(server.process, server.port, 0.0)
        outcome = swap(loaded, service, SWAPS, 0.0, lambda _: None, rest=2.0)
    read = outcome.read
    assert (read.failed, read.empty, read.mixed) == ({}, 0, 0)
    # The readers have seen the generations change, each of them several times.
    assert read.reads > SWAPS
    assert read.changes >= 2 * 8
    assert outcome.newest
    assert outcome.files <= FILES
    assert outcome.threads <= THREADS


def test_marks_are_told_apart(loaded: Loaded) -> None:
    """What counts as mixed and as empty, counted by the readers' own code."""
    from threading import Event

    from benchmarks.load.readers import Reader, Reading

    reader = Reader(Reading(1, ("/",), 1), 0, Event())
    texts = iter([f"一{MARKS[0]}", f"{MARKS[1]}二", f"{MARKS[0]}{MARKS[1]}", "没有"])
    reader._get = lambda _: (200, next(texts))  # type: ignore[method-assign]
    for _ in range(4):
        reader._look("/")
    reader._get = lambda _: (503, MARKS[0])  # type: ignore[method-assign]
    reader._look("/")
    assert reader.read == Read(reads=5, failed={"503": 1}, empty=1, mixed=1, changes=2)
