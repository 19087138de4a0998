"""What is published survives kills, damage, power cuts and other writers; here in small numbers.

``python -m benchmarks.durability`` does the same as often as it is told.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.durability.contention import contend
from benchmarks.durability.damage import damage_all, damage_open
from benchmarks.durability.handles import handles_left
from benchmarks.durability.kills import PHASES, kill_writers
from benchmarks.durability.power import Step, cut_power, record
from benchmarks.durability.samples import hasten, in_child, views
from search.engines import EMBEDDED, get_engine
from search.generations import publish

needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")


def apart(work: Callable[[], object]) -> str:
    """Does it in a process of its own: it forks, and it changes what builds do."""

    def hastened() -> str:
        hasten()
        return repr(work())

    views()
    return in_child(hastened)


@pytest.mark.parametrize("engine", EMBEDDED)
def test_a_kill_in_any_phase_leaves_the_old_or_the_new(tmp_path: Path, engine: str) -> None:
    def work() -> object:
        done = kill_writers(tmp_path / "index", engine, 12)
        wrong = (done.unopenable, done.mixed, done.locked, done.left)
        return (
            sorted(done.phases) and wrong,
            done.junk > 0,
            set(done.phases) <= {*PHASES, "between"},
        )

    assert apart(work) == "((0, 0, 0, 0), True, True)"


@pytest.mark.parametrize("engine", EMBEDDED)
def test_damage_of_every_kind_is_found_and_the_one_before_serves(
    tmp_path: Path, engine: str
) -> None:
    def work() -> object:
        done = damage_all(tmp_path, engine, 20, seed=2)
        return done.served, dict(done.others)

    assert apart(work) == "(20, {})"


def test_damage_to_open_files_of_python_engines_kills_nobody(tmp_path: Path) -> None:
    def work() -> object:
        return sorted(
            damage_open(tmp_path, "memory", 6)["flip"] - Counter(same=6, other=6, error=6)
        )

    assert apart(work) == "[]"


@needs_strace
@pytest.mark.parametrize("engine", EMBEDDED)
def test_after_a_power_cut_there_is_the_old_or_the_new(tmp_path: Path, engine: str) -> None:
    def work() -> object:
        done = cut_power(tmp_path, engine, 16)
        return done.lost, sorted(done.found)

    assert apart(work) == "(0, ['new', 'old'])"


@needs_strace
def test_on_a_disk_that_never_syncs_what_was_published_is_lost(tmp_path: Path) -> None:
    """So the model would find a sync that is missing."""
    assert int(apart(lambda: cut_power(tmp_path, "memory", 10, believes=False).lost)) > 0


@needs_strace
@pytest.mark.parametrize("engine", EMBEDDED)
def test_the_system_is_asked_to_sync_before_the_swap(tmp_path: Path, engine: str) -> None:
    root = tmp_path / "index"
    publish(views()[0], root, get_engine(engine), "")
    steps = record(root, engine, 1)
    name = (root / "current").read_text()
    fresh = root / "generations" / f".new-{name}"
    final = root / "generations" / name
    named = steps.index(Step("rename", str(fresh), str(final)))
    swapped = steps.index(Step("rename", str(root / ".current.new"), str(root / "current")))
    assert named < swapped
    files = [path for path in final.rglob("*") if path.is_file()]
    for path in (*files, *(one for one in (final, *final.rglob("*")) if one.is_dir())):
        there = str(fresh / path.relative_to(final))
        touched = [
            place
            for place, step in enumerate(steps[:named])
            if step.call == "write" and step.path == there
        ]
        assert Step("sync", there) in steps[max(touched, default=0) : named], there
    assert Step("sync", str(root / "generations")) in steps[named:swapped]
    assert Step("sync", str(root / ".current.new")) in steps[:swapped]
    assert Step("sync", str(root)) in steps[swapped:]
    first_removed = (
        next(
            place
            for place, step in enumerate(steps)
            if step.call == "remove" and "/generations/2" in step.path
        )
        if any(s.call == "remove" and "/generations/2" in s.path for s in steps)
        else len(steps)
    )
    assert steps.index(Step("sync", str(root)), swapped) < first_removed


def test_two_writers_and_a_held_lock_lose_nothing(tmp_path: Path) -> None:
    def work() -> object:
        done = contend(tmp_path / "index", "memory", 12)
        return done.published, done.busy, dict(done.faults)

    assert apart(work) == "(12, 0, {})"


@pytest.mark.parametrize("engine", EMBEDDED)
def test_reloads_leave_no_file_and_no_thread(tmp_path: Path, engine: str) -> None:
    files, threads = eval(apart(lambda: handles_left(tmp_path / "index", engine, 40)))
    assert files <= 2
    assert threads <= 2


def test_the_command_says_when_something_is_wrong() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.durability", "--engine", "memory", "--damage", "2"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, "served=2" in done.stderr) == (0, True)
