"""Why the system refused something is said in Chinese."""

from __future__ import annotations

import errno
import re
import socket
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


def test_a_port_that_is_taken_is_said_in_chinese(small: Path) -> None:
    assert CliRunner().invoke(main, ["index", "--library", str(small)]).exit_code == 0
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = CliRunner().invoke(main, ["serve", "--port", str(port), "--library", str(small)])
    assert done.exit_code == 2
    assert f"不能监听 127.0.0.1:{port}（已经有程序在用）；换一个 --port。" in done.stderr
