"""Why the system refused something is said in Chinese."""

from __future__ import annotations

import errno
import re
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from casebook.cli import main
from casebook.errors import reason


@pytest.mark.parametrize("name", ["EACCES", "ENOSPC", "ENOENT", "EISDIR", "EADDRINUSE"])
def test_usual_reasons_are_chinese(name: str) -> None:
    said = reason(OSError(getattr(errno, name), "in English"))
    assert re.fullmatch("[\u4e00-\u9fff]+", said)


def test_an_unusual_reason_is_the_systems_own() -> None:
    assert reason(OSError(errno.EXDEV, "Invalid cross-device link")) == "Invalid cross-device link"
    assert reason(OSError("just words")) == "just words"


def _refusal(work: Callable[[], object]) -> sqlite3.Error:
    with pytest.raises(sqlite3.Error) as refused:
        work()
    return refused.value


def test_what_databases_refuse_is_said_in_chinese(tmp_path: Path) -> None:
    """Faults as SQLite itself raises them."""
    (tmp_path / "text").write_bytes(b"no database, but as long as one must be" * 40)
    with (
        closing(sqlite3.connect(tmp_path / "held")) as holder,
        closing(sqlite3.connect(tmp_path / "held", timeout=0)) as other,
        closing(sqlite3.connect(f"{(tmp_path / 'held').as_uri()}?mode=ro", uri=True)) as reader,
        closing(sqlite3.connect(tmp_path / "text")) as text,
    ):
        holder.execute("CREATE TABLE a (b)")
        readonly = _refusal(lambda: reader.execute("INSERT INTO a VALUES (1)"))
        holder.execute("BEGIN EXCLUSIVE")
        busy = _refusal(lambda: other.execute("BEGIN IMMEDIATE"))
        no_database = _refusal(lambda: text.execute("SELECT * FROM a"))
    missing = _refusal(lambda: sqlite3.connect(tmp_path / "no" / "file"))
    assert [reason(one) for one in (readonly, busy, no_database, missing)] == [
        "磁盘是只读的，或者没有权限",
        "别的程序一直占着它",
        "不是数据库，或者已经损坏",
        "打不开，可能没有权限",
    ]
    assert reason(sqlite3.ProgrammingError("closed")) == "closed"


def test_a_port_that_is_taken_is_said_in_chinese(small: Path) -> None:
    assert CliRunner().invoke(main, ["index", "--library", str(small)]).exit_code == 0
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = CliRunner().invoke(main, ["serve", "--port", str(port), "--library", str(small)])
    assert done.exit_code == 2
    assert f"不能监听 127.0.0.1:{port}（已经有程序在用）；换一个 --port。" in done.stderr
