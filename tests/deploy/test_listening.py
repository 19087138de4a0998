"""Where a service cannot listen, it says what is wrong: the address or the port."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from casebook.cli import main


@pytest.fixture
def open_library(small: Path) -> Path:
    """An index that everybody may ask, so that any address may be listened on."""
    with (small / "casebook.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[access.dealer]\nsign_in = "open"\n')
    done = CliRunner().invoke(main, ["index", "--library", str(small)])
    assert done.exit_code == 0, done.stderr
    return small


@pytest.mark.parametrize("command", [["serve"], ["mcp", "--http"]])
@pytest.mark.parametrize("host", ["300.1.1.1", "192.0.2.1", "a..b"])
def test_an_address_that_is_none_of_ours(open_library: Path, command: list[str], host: str) -> None:
    words = [*command, "--host", host, "--port", "18556", "--library", str(open_library)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    last = done.stderr.splitlines()[-1]
    assert last.endswith(
        f"不能监听 {host}:18556：这台机器没有“{host}”这个地址；换一个 --host，如 127.0.0.1。"
    )
