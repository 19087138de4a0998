"""Files and threads that stay open after a thousand reloads, each with a query."""

from __future__ import annotations

import threading
from pathlib import Path

from benchmarks.durability.samples import AUDIENCE, views
from search import generations
from search.analysis import WeightedTerm
from search.engines import get_engine
from search.engines.base import Query
from search.generations import Live, publish
from search.index_files import point

_QUERY = Query((WeightedTerm("text", "客户", 1.0),), limit=10)


def handles_left(root: Path, engine: str, reloads: int) -> tuple[int, int]:
    """How many more files and threads there are after so many reloads.

    Args:
        root: an index folder that is not there yet.
        engine: the engine's name.
        reloads: how many.
    """
    names = [publish(view, root, get_engine(engine), "").name for view in views()[:2]]
    generations._LOOK_EVERY = 0
    live = Live(root, AUDIENCE)
    files = threads = 0
    for number in range(reloads + 4):
        if number == 4:  # noqa: PLR2004  (whatever is made once has been made)
            files, threads = _open_files(), threading.active_count()
        point(root, names[number % 2])
        with live.generation() as generation:
            if generation.manifest.name != names[number % 2]:
                raise RuntimeError("the reader did not move over")
            generation.store.passages([n for n, _ in generation.index.search(_QUERY)])
    left = _open_files() - files, threading.active_count() - threads
    live.close()
    return left


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
