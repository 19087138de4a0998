"""Kills whoever publishes, at any moment of it; what is published must be whole all the same."""

from __future__ import annotations

import mmap
import os
import random
import signal
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.durability.samples import AUDIENCE, fault_of, set_phase, views
from casebook.errors import SearchError
from search.engines import get_engine
from search.generations import open_current, publish
from search.index_files import UNFINISHED, all_names, current_name, writing

PHASES = ("build", "sync", "swap", "prune")
_LOCK_SECONDS = 1.0
# Kills after which somebody builds to the end, and must remove what is left of them.
_BUILDS_EVERY = 20
# When nobody comes to a phase for so long, something is wrong.
_PATIENCE = 60.0


@dataclass
class Killed:
    """What came of killing.

    Attributes:
        phases: how many kills hit each phase.
        unopenable: after how many nothing could be opened.
        mixed: after how many what was opened was not one of the views.
        locked: after how many the lock was not free within a second.
        junk: after how many there was an unfinished generation.
        left: how often a build left one of an earlier kill.
        updated: how many of those opened had been made out of others.
    """

    phases: Counter[str] = field(default_factory=Counter)
    unopenable: int = 0
    mixed: int = 0
    locked: int = 0
    junk: int = 0
    left: int = 0
    updated: int = 0


def kill_writers(root: Path, engine: str, count: int, seed: int = 1) -> Killed:
    """Kills so many writers, in each phase as many.

    Args:
        root: an index folder that is not there yet.
        engine: the engine's name.
        count: how many.
        seed: of the moments.
    """
    chosen = random.Random(seed)  # noqa: S311  (repeatable)
    done = Killed()
    publish(views()[0], root, get_engine(engine), "")
    longest = dict.fromkeys(PHASES, 0.005)
    with mmap.mmap(-1, 1) as phase:
        for number in range(count):
            done.phases[
                _kill(root, engine, PHASES[number % len(PHASES)], phase, chosen, longest)
            ] += 1
            done.junk += bool(_unfinished(root))
            _look(root, done)
            if number % _BUILDS_EVERY == 0:
                publish(views()[number // _BUILDS_EVERY % 3], root, get_engine(engine), "")
                done.left += bool(_unfinished(root)) or len(all_names(root)) > 2  # noqa: PLR2004
    return done


def _kill(
    root: Path,
    engine: str,
    wanted: str,
    phase: mmap.mmap,
    chosen: random.Random,
    longest: dict[str, float],
) -> str:
    """Kills a writer somewhere in a phase, or a little later; in which one it was."""
    phase[0] = 0
    child = os.fork()
    if not child:
        _write(root, engine, phase)
    code = PHASES.index(wanted) + 1
    until = time.monotonic() + _PATIENCE
    # Past the first build, so that there is something to prune and to build upon.
    for _ in range(chosen.randrange(3) + 1):
        while phase[0] != code:
            _wait(until)
        began = time.perf_counter()
        left = chosen.uniform(0, longest[wanted])
        while phase[0] == code and time.perf_counter() - began < left:
            time.sleep(0.0002)
        if phase[0] != code:
            longest[wanted] = max(0.002, 0.9 * (time.perf_counter() - began))
            continue
        longest[wanted] *= 1.1
        break
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return PHASES[phase[0] - 1] if phase[0] else "between"


def _wait(until: float) -> None:
    if time.monotonic() > until:
        raise TimeoutError("the writer does not come to the phase that it is to be killed in")
    time.sleep(0.0002)


def _write(root: Path, engine: str, phase: mmap.mmap) -> None:
    """Publishes one view after another until it is killed."""

    def note(name: str) -> None:
        phase[0] = PHASES.index(name) + 1

    set_phase(note)
    try:
        while True:
            for view in views():
                publish(view, root, get_engine(engine), "")
    finally:
        os._exit(1)


def _look(root: Path, done: Killed) -> None:
    began = time.monotonic()
    with writing(root):
        done.locked += time.monotonic() - began > _LOCK_SECONDS
    try:
        with closing(open_current(root, AUDIENCE)) as generation:
            wrong = fault_of(generation) or generation.manifest.name != current_name(root)
            done.mixed += bool(wrong)
            done.updated += generation.store.layers() > 1
    except SearchError:
        done.unopenable += 1


def _unfinished(root: Path) -> list[Path]:
    return list((root / "generations").glob(f"{UNFINISHED}*"))
