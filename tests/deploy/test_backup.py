"""A backup is whole while services write, and a restore changes everything or nothing."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import sqlite3
import stat
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from casebook import state as states
from casebook.cli import main
from casebook.state import StateError, back_up, in_use, restore
from search.insights.reporter import digest_name
from tests.deploy.serving import HANG, until

fork = multiprocessing.get_context("fork")


def run(library: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--library", str(library)])


@pytest.fixture
def state(small: Path) -> Path:
    """The folder of what the services of a library learned."""
    for audience in ("dealer", "agent"):
        folder = small / "build" / "state" / audience
        (folder / "more").mkdir(parents=True)
        with closing(sqlite3.connect(folder / "journal.sqlite")) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("CREATE TABLE questions (id INTEGER PRIMARY KEY, text TEXT)")
            database.execute("INSERT INTO questions VALUES (1, ?)", (audience,))
            database.commit()
        (folder / "notices.json").write_text('["网络故障"]', encoding="utf-8")
        (folder / "audit.log").write_text('{"at": 1}\n{"at": 2}\n', encoding="utf-8")
        (folder / "more" / "later.jsonl").write_text('{"n": 1}\n{"n": ', encoding="utf-8")
        (folder / "session.key").write_bytes(b"secret" * 10)
        (folder / ".notices.json.7.new").write_text("half", encoding="utf-8")
        # Sums of journals: made again, and large.
        (folder / digest_name("dealer")).write_bytes((folder / "journal.sqlite").read_bytes())
        (folder / digest_name("agent")).write_bytes(b"damaged")
        (folder / "tmpabcdefg").write_bytes(b"secret" * 10)
        damaged = folder / "journal.sqlite.damaged-20261125-201500"
        damaged.write_bytes((folder / "journal.sqlite").read_bytes()[:4096] + b"secret" * 1000)
    return small / "build" / "state"


@pytest.fixture
def kept(state: Path, tmp_path: Path) -> Path:
    """A backup of both audiences."""
    out = tmp_path / "backups" / "one.zip"
    back_up([state / "dealer", state / "agent"], out)
    return out


def everything(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.endswith(("-wal", "-shm", ".lock"))
    }


def rows(file: Path) -> list[Any]:
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return database.execute("SELECT id FROM questions ORDER BY id").fetchall()


class TestBackup:
    def test_everything_but_keys_and_what_is_half_written(self, kept: Path) -> None:
        with zipfile.ZipFile(kept) as archive:
            names = {name for name in archive.namelist() if name.startswith("dealer/")}
            assert names == {
                "dealer/journal.sqlite",
                "dealer/notices.json",
                "dealer/audit.log",
                "dealer/more/later.jsonl",
            }
            assert archive.read("dealer/more/later.jsonl") == b'{"n": 1}\n'
            assert not any(b"secret" in archive.read(name) for name in archive.namelist())

    def test_only_its_owner_may_read_it(self, kept: Path) -> None:
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert [file.name for file in kept.parent.iterdir()] == [kept.name]

    def test_of_one_audience_holds_no_other(self, small: Path, state: Path) -> None:
        out = small / "dealer.zip"
        done = run(small, "backup", "--audience", "dealer", "--out", str(out))
        assert done.exit_code == 0, done.output
        assert "备份了 dealer 的 4 个文件" in done.stderr
        with zipfile.ZipFile(out) as archive:
            assert not any("agent" in name for name in archive.namelist())
            assert b"agent" not in archive.read("manifest.json")

    def test_without_a_place_it_goes_below_build(self, small: Path, state: Path) -> None:
        assert run(small, "backup").exit_code == 0
        (made,) = (small / "build" / "backups").iterdir()
        assert zipfile.is_zipfile(made)

    def test_nothing_to_back_up_is_said(self, small: Path) -> None:
        done = run(small, "backup")
        assert done.exit_code == 2
        assert "没有可以备份的状态" in done.stderr

    def test_a_place_below_a_file_is_refused(self, small: Path, state: Path) -> None:
        done = run(small, "backup", "--out", str(small / "casebook.toml" / "one.zip"))
        assert done.exit_code == 2
        assert "one.zip”（已经有同名的文件）；" in done.stderr

    def test_a_damaged_database_is_named_and_no_backup_is_made(
        self, state: Path, tmp_path: Path
    ) -> None:
        file = state / "dealer" / "journal.sqlite"
        file.write_bytes(file.read_bytes()[:4096] + b"\xff" * 4096)
        with pytest.raises(StateError, match=r"journal\.sqlite"):
            back_up([state / "dealer"], tmp_path / "one.zip")
        assert not (tmp_path / "one.zip").exists()


def _write(folder: Path, number: int, told: Any, ended: Any) -> None:
    """Writes rows, lines and whole files as fast as it can; tells each row that is committed."""
    with closing(sqlite3.connect(folder / "journal.sqlite", timeout=30)) as database:
        row = number * 10_000_000
        while not ended.is_set():
            row += 1
            with database:
                database.execute("INSERT INTO questions VALUES (?, ?)", (row, "问" * 200))
            told[number] = row
            with (folder / "audit.log").open("ab", buffering=0) as log:
                log.write(json.dumps({"at": row, "x": "y" * 300}).encode() + b"\n")
            fresh = folder / f".notices.{number}.new"
            fresh.write_text(json.dumps(["故障"] * (row % 50 + 1)), encoding="utf-8")
            fresh.replace(folder / "notices.json")


@contextmanager
def writers(folder: Path) -> Iterator[Any]:
    """Processes that write while the block lasts; gives the last row that each has committed."""
    told, ended = fork.Array("q", 4), fork.Event()
    started = [fork.Process(target=_write, args=(folder, one, told, ended)) for one in (1, 2, 3)]
    for process in started:
        process.start()
    try:
        until(lambda: all(told[one] for one in (1, 2, 3)), "nobody writes")
        yield told
    finally:
        ended.set()
        for process in started:
            process.join(HANG)
            assert process.exitcode == 0
            process.close()


def test_backups_while_services_write_hold_all_that_was_committed(
    state: Path, tmp_path: Path
) -> None:
    with writers(state / "dealer") as told:
        for number in range(8):
            before = [told[one] for one in (1, 2, 3)]
            out = tmp_path / f"{number}.zip"
            back_up([state / "dealer"], out)
            place = tmp_path / f"restored-{number}"
            restore(out, lambda name, place=place: place / name, [])
            held = {row for (row,) in rows(place / "dealer" / "journal.sqlite")}
            for one, last in zip((1, 2, 3), before, strict=True):
                written = range(one * 10_000_000 + 1, last + 1)
                assert len(written) > 0
                assert held.issuperset(written)
            for line in (place / "dealer" / "audit.log").read_text("utf-8").splitlines():
                json.loads(line)
            json.loads((place / "dealer" / "notices.json").read_bytes())
    assert len(rows(state / "dealer" / "journal.sqlite")) > len(held) > 10


class TestRestore:
    def test_what_was_kept_is_back_and_the_rest_stays_beside(
        self, small: Path, state: Path, kept: Path
    ) -> None:
        dealers, agents = everything(state / "dealer"), everything(state / "agent")
        (state / "dealer" / "notices.json").write_text("[]", encoding="utf-8")
        (state / "dealer" / "new.json").write_text("[]", encoding="utf-8")
        done = run(small, "restore", str(kept), "--audience", "dealer")
        assert done.exit_code == 0, done.output
        assert "恢复了 dealer 的状态。原来的在 " in done.stderr
        (old,) = state.glob("dealer.before-*")
        assert (old / "new.json").is_file()
        restored = everything(state / "dealer")
        assert rows(state / "dealer" / "journal.sqlite") == [(1,)]
        assert restored["notices.json"] == dealers["notices.json"]
        assert "new.json" not in restored
        assert everything(state / "agent") == agents
        modes = {stat.S_IMODE(file.stat().st_mode) for file in (state / "dealer").rglob("*.json")}
        assert modes == {0o600}

    def test_on_a_new_machine(self, small: Path, kept: Path, tmp_path: Path) -> None:
        place = tmp_path / "elsewhere"
        old = restore(kept, lambda name: place / name, [])
        assert old == {"agent": None, "dealer": None} and set(old) == {"agent", "dealer"}
        assert rows(place / "agent" / "journal.sqlite") == [(1,)]

    def test_one_of_an_earlier_version_with_sums_in_it(
        self, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out = tmp_path / "earlier.zip"
        name = digest_name("dealer")
        with monkeypatch.context() as earlier:
            earlier.setattr(states, "_MADE_AGAIN", "none")
            back_up([state / "dealer"], out)
        with zipfile.ZipFile(out) as archive:
            assert f"dealer/{name}" in archive.namelist()
        place = tmp_path / "elsewhere"
        restore(out, lambda audience: place / audience, [])
        assert rows(place / "dealer" / "journal.sqlite") == [(1,)]
        assert rows(place / "dealer" / name) == [(1,)]

    def test_an_audience_that_it_does_not_hold(self, small: Path, state: Path) -> None:
        out = small / "dealer.zip"
        back_up([state / "dealer"], out)
        done = run(small, "restore", str(out), "--audience", "agent")
        assert done.exit_code == 2
        assert "备份里没有受众“agent”的状态；里面有 dealer。" in done.stderr

    def test_not_while_a_service_runs_unless_it_is_forced(
        self, small: Path, state: Path, kept: Path
    ) -> None:
        before = everything(state)
        with _process_that_uses(state / "dealer"):
            done = run(small, "restore", str(kept))
            assert done.exit_code == 2
            assert "“dealer”的服务正在运行" in done.stderr
            assert everything(state) == before
            assert run(small, "restore", str(kept), "--audience", "agent").exit_code == 0
            assert run(small, "restore", str(kept), "--force").exit_code == 0
            # The service has the old folder open, and runs on.
            again = run(small, "restore", str(kept))
            assert again.exit_code == 2
            assert "“dealer”的服务正在运行" in again.stderr
        assert run(small, "restore", str(kept)).exit_code == 0

    def test_a_service_that_was_killed_is_not_running(self, state: Path, kept: Path) -> None:
        with _process_that_uses(state / "dealer") as process:
            process.kill()
            process.join(HANG)
            restore(kept, lambda name: state / name, ["dealer"])


@contextmanager
def _process_that_uses(folder: Path) -> Iterator[Any]:
    ready = fork.Event()

    def use() -> None:
        end = in_use(folder)
        ready.set()
        time.sleep(HANG)
        end()

    process = fork.Process(target=use)
    process.start()
    try:
        assert ready.wait(HANG)
        yield process
    finally:
        process.kill()
        process.join(HANG)
        process.close()


Damage = Callable[[dict[str, bytes]], None]


def _manifest(change: Callable[[Any], None]) -> Damage:
    def damage(files: dict[str, bytes]) -> None:
        told = json.loads(files["manifest.json"])
        change(told)
        files["manifest.json"] = json.dumps(told).encode()

    return damage


def _named(name: str) -> Damage:
    """A file that asks to be put elsewhere, as a hostile backup would."""

    def damage(files: dict[str, bytes]) -> None:
        told = json.loads(files["manifest.json"])
        told["files"][name] = told["files"].pop("dealer/notices.json")
        files[name] = files.pop("dealer/notices.json")
        files["manifest.json"] = json.dumps(told).encode()

    return damage


DAMAGE: dict[str, Damage] = {
    "no manifest": lambda files: files.pop("manifest.json") and None,
    "a manifest of nothing": lambda files: files.update({"manifest.json": b"[]"}),
    "a manifest that is no JSON": lambda files: files.update({"manifest.json": b"\xff"}),
    "a later format": _manifest(lambda told: told.update(format=2)),
    "a file less": lambda files: files.pop("dealer/audit.log") and None,
    "a file more": lambda files: files.update({"dealer/more.json": b"{}"}),
    "another text": lambda files: files.update({"dealer/notices.json": b'["\xe5\xa4\xb1"]'}),
    "a longer text": lambda files: files.update({"dealer/audit.log": b"{}\n" * 100_000}),
    "a size that is no number": _manifest(
        lambda told: told["files"]["dealer/audit.log"].update(bytes="x")
    ),
    "a path out": _named("dealer/../../../outside.json"),
    "an absolute path": _named("/tmp/outside.json"),
    "a hidden file": _named("dealer/.notices.json"),
    "no audience": _named("notices.json"),
    "a backslash": _named("dealer/..\\outside.json"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_backup_changes_nothing(
    name: str, state: Path, kept: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(kept) as archive:
        files = {one: archive.read(one) for one in archive.namelist()}
    DAMAGE[name](files)
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(bad, "w") as archive:
        for one, text in files.items():
            archive.writestr(one, text)
    before = everything(tmp_path)
    with pytest.raises(StateError):
        restore(bad, lambda audience: state / audience, [])
    assert everything(tmp_path) == before


def test_a_backup_with_a_flipped_or_missing_byte_changes_nothing(
    state: Path, kept: Path, tmp_path: Path
) -> None:
    whole = kept.read_bytes()
    before = everything(state)
    dice = random.Random(5)
    refused = 0
    for number in range(120):
        place = dice.randrange(len(whole))
        bit = 1 << dice.randrange(8)
        flipped = whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :]
        bad = tmp_path / "bad.zip"
        bad.write_bytes(flipped if number % 2 else whole[:place])
        fresh = tmp_path / f"fresh-{number}"
        try:
            restore(bad, lambda name, fresh=fresh: fresh / name, [])
        except StateError:
            refused += 1
            assert not fresh.exists() or everything(fresh) == {}
        else:
            # What is not checked is of no use to anybody: dates and attributes in the zip.
            for audience in ("dealer", "agent"):
                assert (fresh / audience / "notices.json").read_bytes() == before[
                    f"{audience}/notices.json"
                ]
    assert refused > 60
    assert everything(state) == before


def test_what_a_restore_leaves_half_done_is_removed(
    state: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(state)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StateError, match="磁盘满了"):
        restore(kept, lambda name: state / name, [])
    assert everything(state) == before
    assert not list(state.glob(".*"))
