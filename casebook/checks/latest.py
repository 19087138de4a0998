"""What several rules ask of the same document, one after the other."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import TypeVar

from casebook.library import Source

T = TypeVar("T")


def kept_for_latest(
    function: Callable[[Source], Iterable[T]],
) -> Callable[[Source], tuple[T, ...]]:
    """Keeps what a function gives for the document that it was called with last."""
    latest: tuple[Source, tuple[T, ...]] | None = None

    @functools.wraps(function)
    def wrapper(source: Source) -> tuple[T, ...]:
        nonlocal latest
        known = latest
        if known is None or known[0] is not source:
            latest = known = source, tuple(function(source))
        return known[1]

    return wrapper
