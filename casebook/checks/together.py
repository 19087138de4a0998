"""The check of a large library in several processes.

Rules that look for documents like the one before them need all questions at hand; they run here.
All others run in further processes meanwhile, which get the library from here.
"""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

from casebook.checks import check_library, found_by
from casebook.checks.context import FindAlike
from casebook.children import child, give, results, take_task
from casebook.library import Library
from casebook.problems import Problem

# Starting other processes takes longer than checking fewer files than these.
MANY = 1000
_AT_ONCE = 100


def check_together(
    library: Library, on: date, finder: Callable[[Library], FindAlike]
) -> list[Problem]:
    """As :func:`casebook.checks.check_library`.

    Args:
        library: the library.
        on: the day for which reviews are due.
        finder: makes what finds documents that are asked for with the same words.
    """
    if library.files < MANY:
        return check_library(library, on, finder(library))
    names = list(library.sources)
    shares = os.cpu_count() or 1
    # Of the inputs only those count that gave no document.
    broken = {path: one for path, one in library.inputs.items() if one.source is None}
    task = (replace(library, inputs=broken), on)
    with contextlib.ExitStack() as stack:
        children = [
            stack.enter_context(child(__name__, (*task, names[number::shares])))
            for number in range(shares)
        ]
        # What a child gives is taken at once: it waits while a pipe is full.
        taking = stack.enter_context(ThreadPoolExecutor(shares))
        taken = [taking.submit(list, results(running)) for running in children]
        found = found_by(library, on, library.sources, compares=True, alike=finder(library))
        left = set(library.sources)
        for given in (one for future in taken for one in future.result()):
            left -= given.keys()
            for name, problems in given.items():
                found[name] += problems
    # What a child that has died has not looked at.
    for name, problems in found_by(library, on, left, compares=False).items():
        found[name] += problems
    return check_library(library, on, found=found)


def _serve(library: Library, on: date, names: Sequence[str]) -> Iterator[dict[str, list[Problem]]]:
    # Documents hold no cycles, and looking for some among ever more of them takes its time.
    gc.disable()
    for start in range(0, len(names), _AT_ONCE):
        yield found_by(library, on, names[start : start + _AT_ONCE], compares=False)


if __name__ == "__main__":
    give(_serve(*take_task()))
