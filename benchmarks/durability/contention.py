"""Two processes that publish to one folder, and a third that sits on the lock now and then."""

from __future__ import annotations

import os
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.durability.samples import AUDIENCE, fault_of, in_child, views
from casebook.errors import SearchError
from search.engines import get_engine
from search.generations import open_current, publish
from search.index_files import all_names, writing

_HELD = 0.3


@dataclass
class Contended:
    """What came of it.

    Attributes:
        published: how many generations were published, each under a name of its own.
        busy: how often somebody was told that another program builds.
        faults: what else there was, by what it was.
        looks: how often it was looked at meanwhile.
    """

    published: int
    busy: int
    faults: Counter[str]
    looks: int


def contend(root: Path, engine: str, count: int) -> Contended:
    """Two processes publish so many generations together, as fast as they can.

    Args:
        root: an index folder that is not there yet.
        engine: the engine's name.
        count: how many, both together.
    """
    publish(views()[0], root, get_engine(engine), "")
    writers = [_start(root, engine, place, count // 2) for place in range(2)]
    faults: Counter[str] = Counter()
    looks = 0
    while not all((root / f"done-{writer}").exists() for writer in writers):
        # Being told to come back is no fault; who publishes counts how often that is.
        with suppress(SearchError), writing(root):
            time.sleep(_HELD if looks % 20 == 0 else 0)
        looks += 1
        faults[_look(root)] += 1
        time.sleep(0.05)
    for writer in writers:
        os.waitpid(writer, 0)
    told = [(root / f"done-{writer}").read_text().splitlines() for writer in writers]
    names = [name for lines in told for name in lines if name != "busy"]
    if len(set(names)) < len(names):
        faults["two of one name"] += 1
    faults["not two generations at the end"] += len(all_names(root)) != 2  # noqa: PLR2004
    return Contended(
        published=len(set(names)),
        busy=sum(lines.count("busy") for lines in told),
        faults=+Counter({fault: times for fault, times in faults.items() if fault}),
        looks=looks,
    )


def _look(root: Path) -> str:
    def work() -> str:
        with closing(open_current(root, AUDIENCE)) as generation:
            return fault_of(generation)

    return in_child(work)


def _start(root: Path, engine: str, place: int, count: int) -> int:
    child = os.fork()
    if child:
        return child
    lines = []
    try:
        for number in range(count):
            try:
                view = views()[(number + place) % 2]
                lines.append(publish(view, root, get_engine(engine), "").name)
            except SearchError:
                lines.append("busy")
        part = root / f"part-{os.getpid()}"
        part.write_text("\n".join(lines))
        part.rename(root / f"done-{os.getpid()}")
    finally:
        os._exit(0)
