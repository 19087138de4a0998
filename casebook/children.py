"""Work in other Python processes: each gets its task at once and gives its results bit by bit.

They start anew instead of forking, for a fork would copy other threads' locks, and they import
nothing of the program that starts them.
"""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
from collections.abc import Iterable, Iterator
from typing import Any


@contextlib.contextmanager
def child(module: str, task: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a module of this package as a process that is ended with the block.

    Args:
        module: its name; as a program it calls :func:`take_task` and :func:`give`.
        task: what it works on; it can be pickled.
    """
    with start(module) as process:
        try:
            send(process, task)
            with contextlib.suppress(BrokenPipeError):
                if process.stdin:
                    process.stdin.close()
            yield process
        finally:
            process.kill()


def start(module: str) -> subprocess.Popen[bytes]:
    """Starts a module of the project as a process that takes tasks until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Ctrl+C is for the parent, which ends its children.
        start_new_session=True,
    )


def send(process: subprocess.Popen[bytes], task: Any) -> None:
    """Gives a child a task; one that has died says so by giving nothing back."""
    with contextlib.suppress(BrokenPipeError):
        if process.stdin:
            pickle.dump(task, process.stdin)
            process.stdin.flush()


def results(process: subprocess.Popen[bytes]) -> Iterator[Any]:
    """What a child gives, until it ends or dies."""
    with contextlib.suppress(EOFError, OSError, ValueError, pickle.UnpicklingError):
        while process.stdout:
            yield pickle.load(process.stdout)  # noqa: S301  (from our own child)


def take_task() -> Any:
    """In a child: its task."""
    return pickle.load(sys.stdin.buffer)  # noqa: S301  (from our own parent)


def give(found: Iterable[Any]) -> None:
    """In a child: gives results to its parent, each at once."""
    for one in found:
        pickle.dump(one, sys.stdout.buffer)
        sys.stdout.buffer.flush()
