"""Progress on standard error: a line that counts on a terminal, a few lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
# Seconds between two signs of life, on a terminal and in a log.
_OFTEN, _SELDOM = 0.2, 15.0


def say(message: str) -> None:
    """A line for people."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def counter(label: str) -> Callable[[int, int], None]:
    """A callback for ``done, total`` that shows how far something is."""
    terminal = sys.stderr.isatty()
    shown = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown < (_OFTEN if terminal else _SELDOM) and (done < total or not terminal):
            return
        shown = now
        end = "\n" if done == total or not terminal else ""
        sys.stderr.write(f"{chr(13) if terminal else ''}{label} {done:,}/{total:,}{end}")
        sys.stderr.flush()

    return show


def counted(label: str, items: Sequence[T]) -> Iterator[T]:
    """The items, while it is shown how many of them are done."""
    return counted_of(label, items, len(items))


def counted_of(label: str, items: Iterable[T], total: int) -> Iterator[T]:
    """As :func:`counted`, for items that do not know their number."""
    show = counter(label)
    for done, item in enumerate(items, 1):
        yield item
        show(done, total)
