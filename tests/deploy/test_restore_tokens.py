"""A restore brings nothing back to life: revoked tokens stay revoked, ended sign-ins ended."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from casebook.cli import main
from search.access.rights import Right
from search.access.tokens import FILE, TokenRefused, Tokens
from search.journal.opening import connect
from search.journal.records import FILE as JOURNAL

HINT = "原来的状态里没有"


def run(library: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--library", str(library)])


def opened(library: Path) -> Tokens:
    return Tokens(library / "build" / "state" / "agent" / FILE, "agent")


def made(library: Path, name: str) -> tuple[str, str]:
    """A new token: its text and its id."""
    with closing(opened(library)) as tokens:
        text, token = tokens.create(name, [Right.READ], 90)
    return text, token.id


def backed_up(library: Path, name: str) -> Path:
    out = library.parent / f"{name}.zip"
    done = run(library, "backup", "--audience", "agent", "--out", str(out))
    assert done.exit_code == 0, done.stderr
    return out


def restored(library: Path, backup: Path) -> str:
    """Restores a backup; gives what is said of it."""
    done = run(library, "restore", str(backup), "--audience", "agent")
    assert done.exit_code == 0, done.stderr
    return done.stderr


def refused(library: Path, text: str) -> str:
    """Why a token does not hold; empty when it does."""
    with closing(opened(library)) as tokens:
        try:
            tokens.check(text)
        except TokenRefused as refusal:
            return refusal.reason
    return ""


def revoke(library: Path, token_id: str) -> None:
    done = run(library, "token", "revoke", token_id, "--audience", "agent")
    assert done.exit_code == 0, done.stderr


def test_a_revoked_token_stays_revoked(small: Path) -> None:
    (leaked, leaked_id), (good, _) = made(small, "leaked"), made(small, "good")
    backup = backed_up(small, "one")
    revoke(small, leaked_id)
    said = restored(small, backup)
    assert (refused(small, leaked), refused(small, good)) == ("revoked", "")
    assert HINT not in said
    file = small / "build" / "state" / "agent" / FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_so_it_does_by_way_of_a_backup_that_did_not_know_it(small: Path) -> None:
    made(small, "first")
    before = backed_up(small, "before")
    leaked, leaked_id = made(small, "leaked")
    after = backed_up(small, "after")
    revoke(small, leaked_id)
    restored(small, before)
    assert refused(small, leaked) == "revoked"
    restored(small, after)
    assert refused(small, leaked) == "revoked"


def test_and_of_one_that_had_no_tokens(small: Path) -> None:
    state = small / "build" / "state" / "agent"
    state.mkdir(parents=True)
    (state / "notices.json").write_text("[]", encoding="utf-8")
    empty = backed_up(small, "empty")
    leaked, leaked_id = made(small, "leaked")
    revoke(small, leaked_id)
    assert HINT not in restored(small, empty)
    assert refused(small, leaked) == "revoked"


def test_the_first_day_of_revocation_is_kept(small: Path) -> None:
    _, token_id = made(small, "leaked")
    revoke(small, token_id)
    backup = backed_up(small, "one")
    file = small / "build" / "state" / "agent" / FILE
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE tokens SET revoked = revoked + 1000")
    with closing(sqlite3.connect(file)) as database:
        ((later,),) = database.execute("SELECT revoked FROM tokens")
    restored(small, backup)
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT revoked FROM tokens").fetchall() == [(later - 1000,)]


def test_an_ended_sign_in_stays_ended(small: Path) -> None:
    with closing(opened(small)) as tokens:
        assert tokens.spend("before", 3600)
        backup = backed_up(small, "one")
        assert tokens.spend("after", 3600)
    restored(small, backup)
    with closing(opened(small)) as tokens:
        assert tokens.is_spent("before") and tokens.is_spent("after")


def test_the_drill_on_another_machine(small: Path, tmp_path: Path) -> None:
    made(small, "good")
    connect(small / "build" / "state" / "agent" / JOURNAL).close()
    backup = backed_up(small, "one")
    other = tmp_path / "other"
    shutil.copytree(small, other, ignore=shutil.ignore_patterns("build"))
    assert HINT in restored(other, backup)
    for words in (["index"], ["insights", "--audience", "agent"]):
        done = run(other, *words)
        assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize("there", ["nothing", "another", "damaged", "no database"])
def test_what_the_state_that_is_replaced_cannot_know_is_said(small: Path, there: str) -> None:
    (good, good_id), (_, old_id) = made(small, "good"), made(small, "old")
    revoke(small, old_id)
    backup = backed_up(small, "one")
    state = small / "build" / "state" / "agent"
    shutil.rmtree(state)
    if there == "another":
        made(small, "of this machine")
    elif there == "damaged":
        state.mkdir()
        (state / FILE).write_bytes(b"SQLite format 3\0" + b"x" * 4096)
    elif there == "no database":
        (state / FILE).mkdir(parents=True)
    said = restored(small, backup)
    assert refused(small, good) == ""
    assert f"agent 的 good（{good_id}）" in said and HINT in said
    assert old_id not in said
    assert "casebook token revoke" in said


def test_a_file_that_is_no_list_of_tokens_is_refused_before_anything_changes(small: Path) -> None:
    _, token_id = made(small, "leaked")
    backup = backed_up(small, "one")
    state = small / "build" / "state" / "agent"
    with closing(sqlite3.connect(state / FILE)) as database, database:
        database.execute("DROP TABLE tokens")
        database.execute("CREATE TABLE tokens (id TEXT)")
    bad = backed_up(small, "bad")
    restored(small, backup)
    revoke(small, token_id)
    before = (state / FILE).read_bytes()
    done = run(small, "restore", str(bad), "--audience", "agent")
    assert done.exit_code == 2
    assert "不是完整的备份" in done.stderr
    assert (state / FILE).read_bytes() == before
