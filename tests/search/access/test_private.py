"""What a service learns is for its own user only, however it came to be there."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from casebook.cli import main
from casebook.files import private_file, replacing
from casebook.watching import Desk, Outcome, now
from search.access.rights import Right
from search.insights.tasks import Tasks, Wanted
from search.service import EXTENSION
from tests.search.access.conftest import NewApp, bearer, new_token

HANG = 60


@pytest.fixture(autouse=True)
def _lax() -> Iterator[None]:
    """Most accounts let others read what they write, unless it says otherwise."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def readable(folder: Path) -> dict[str, str]:
    """What in a state folder others may read, with its mode."""
    modes = {path: path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*"))}
    return {str(path): oct(mode) for path, mode in modes.items() if mode & 0o077}


def test_after_a_service_has_kept_all_that_it_keeps(new_app: NewApp, tmp_path: Path) -> None:
    state = tmp_path / "state" / "agent"
    app = new_app("token", "agent", state=state, rate=1000)
    assert readable(state) == {}
    client = app.test_client()
    known = bearer(new_token(app, *Right))
    question = client.get("/api/search?q=漫游", headers=known).get_json()["question"]
    event = {"question": question, "kind": "missing"}
    assert client.post("/api/events", json=event, headers=known).status_code == 204
    assert client.get("/api/search?q=x", headers=bearer(known["Authorization"])).status_code == 401
    ends = time.strftime("%Y-%m-%d %H:%M", time.localtime(time.time() + 86_400))
    notice = {"title": "断网", "text": "正在抢修。", "words": ["断网"], "ends": ends}
    assert client.post("/api/notices", json=notice, headers=known).status_code == 201
    (state / "notices.json").write_text("damaged", encoding="utf-8")
    assert client.post("/api/notices", json=notice, headers=known).status_code == 201
    wanted = Wanted(("row",), "unanswered", "agent", "光猫红灯", (), "客服组")
    Tasks(state / "tasks.sqlite").open(wanted, date.today())
    desk = Desk(state)
    with desk.watching():
        assert client.post("/api/reload", headers=known).status_code == 202
    desk.tell(Outcome(now(), 0.1, "", "", 4, 0))
    ends_at = time.monotonic() + HANG
    while client.get("/insights/", headers=known).status_code == 202:
        assert time.monotonic() < ends_at
        time.sleep(0.05)
    assert app.extensions[EXTENSION].journal.flush()
    assert {file.name for file in state.iterdir()} >= {
        *("access.key", "access.sqlite", "audit.log", "rates.sqlite", "journal.sqlite"),
        "tasks.sqlite",
        *("notices.json", "insights-agent.sqlite", "reload.json", "reload-request"),
        *("watcher.lock", ".in-use.lock", "journal.sqlite-wal", ".notices.json.lock"),
    }
    assert readable(state) == {}


@pytest.mark.parametrize(
    ("words", "file"),
    [
        (("token", "create", "--audience", "agent", "--name", "x"), "access.sqlite"),
        (
            (*("notice", "add", "断网", "--text", "正在抢修。", "--words", "断网"), "--until"),
            "notices.json",
        ),
    ],
)
def test_whichever_command_comes_first(small: Path, words: tuple[str, ...], file: str) -> None:
    if words[-1] == "--until":
        ends = time.strftime("%Y-%m-%d %H:%M", time.localtime(time.time() + 86_400))
        words = (*words, ends)
    done = CliRunner().invoke(main, [*words, "--library", str(small)])
    state = small / "build" / "state" / "agent"
    assert (state / file).exists(), done.output
    assert readable(state) == {}


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    (tmp_path / "here").symlink_to(tmp_path / "there")
    with pytest.raises(OSError, match="here"):
        private_file(tmp_path / "here")


def test_only_what_is_private_is_kept_from_others(tmp_path: Path) -> None:
    for private, mode in ((True, 0o600), (False, 0o644)):
        file = tmp_path / str(private) / "file"
        with replacing(file, private=private) as stream:
            stream.write(b"x")
        assert file.stat().st_mode & 0o777 == mode
        assert file.parent.stat().st_mode & 0o777 == (0o700 if private else 0o755)
