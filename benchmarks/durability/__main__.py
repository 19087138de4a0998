"""Runs ``python -m benchmarks.durability``; see docs/durability.md."""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from benchmarks.durability.contention import contend
from benchmarks.durability.damage import damage_all, damage_open
from benchmarks.durability.handles import handles_left
from benchmarks.durability.kills import kill_writers
from benchmarks.durability.power import cut_power
from benchmarks.durability.samples import hasten, in_child
from benchmarks.progress import say
from search.engines import EMBEDDED


@click.command()
@click.option("--engine", "engines", multiple=True, type=click.Choice(list(EMBEDDED)))
@click.option("--kills", default=0, help="Writers to kill.")
@click.option("--damage", default=0, help="Damaged copies of an index.")
@click.option("--open-damage", default=0, help="Damaged files that are open, of each kind.")
@click.option("--cuts", default=0, help="Power cuts, as strace and a model of a disk give them.")
@click.option("--contended", default=0, help="Generations that two processes publish together.")
@click.option("--reloads", default=0, help="Reloads, each with a query.")
@click.option("--seed", default=1, show_default=True)
def main(
    engines: tuple[str, ...],
    kills: int,
    damage: int,
    open_damage: int,
    cuts: int,
    contended: int,
    reloads: int,
    seed: int,
) -> None:
    """Kills, damages, cuts the power and contends, as often as told, and says what came of it.

    Ends with 1 when anything did that must not be.
    """
    logging.disable()
    hasten()
    failed = False
    for engine in engines or tuple(EMBEDDED):
        if kills:
            killed = kill_writers(_folder("kills"), engine, kills, seed)
            say(f"{engine}: {killed}")
            failed |= bool(killed.unopenable or killed.mixed or killed.locked or killed.left)
        if damage:
            damaged = damage_all(_made("damage"), engine, damage, seed)
            say(f"{engine}: {damaged}")
            failed |= damaged.served < damage
        if open_damage:
            say(f"{engine}: while open: {damage_open(_made('open'), engine, open_damage, seed)}")
        if cuts:
            cut = cut_power(_made("power"), engine, cuts, seed=seed)
            say(f"{engine}: {cut}")
            failed |= bool(cut.lost) or not set(cut.found) <= {"old", "new"}
            control = cut_power(_made("power"), engine, cuts, believes=False, seed=seed)
            say(f"{engine}: on a disk that never syncs: {control}")
            failed |= not control.lost
        if contended:
            found = contend(_folder("contended"), engine, contended)
            say(f"{engine}: {found}")
            failed |= bool(found.faults) or found.published + found.busy < contended
        if reloads:
            answer = in_child(_leaking(engine, reloads))
            say(f"{engine}: after {reloads:,} reloads, more files and threads: {answer}")
    sys.exit(failed)


def _leaking(engine: str, reloads: int) -> Callable[[], str]:
    return lambda: str(handles_left(_folder("reloads"), engine, reloads))


def _folder(name: str) -> Path:
    """A folder that is not there, inside one that is removed at the next run."""
    return _made(name) / "index"


def _made(name: str) -> Path:
    folder = Path(tempfile.gettempdir(), "casebook-durability", name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


main()
