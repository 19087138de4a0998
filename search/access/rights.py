"""Rights, roles and readers; and which right an address of the service demands.

Whoever writes a view names its right with :func:`needs`. A view that names none demands ``READ``;
only what is marked with :func:`public` is there for everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from flask import g

View = TypeVar("View", bound=Callable[..., Any])


class Right(StrEnum):
    """Something that a reader may do."""

    READ = "read"
    EDIT = "edit"
    ANALYSE = "analyse"
    RELOAD = "reload"
    METRICS = "metrics"


# What only the widest audience's service is for.
_WIDEST_ONLY = frozenset({Right.EDIT, Right.ANALYSE})
# What people may do in each role; tokens name their rights themselves.
ROLES = {
    "reader": frozenset({Right.READ}),
    "editor": frozenset({Right.READ, Right.EDIT, Right.ANALYSE}),
    "analyst": frozenset({Right.READ, Right.ANALYSE}),
}


@dataclass(frozen=True)
class Reader:
    """Who asks.

    Attributes:
        name: a person's or token's name, for the audit log and the rate limit; never journalled.
        rights: what they may do.
        way: how they came in: one of ``casebook.service_settings.SIGN_INS``.
    """

    name: str
    rights: frozenset[Right]
    way: str


# Whoever has shown nothing.
NOBODY = Reader("", frozenset(), "")
# Whoever sits at the machine, where the service listens on loopback only.
LOCAL = Reader("local", frozenset(Right), "loopback")


def given(*, internal: bool) -> frozenset[Right]:
    """The rights that a service gives anybody at all.

    Args:
        internal: whether it is the widest audience's.
    """
    return frozenset(Right) - (frozenset() if internal else _WIDEST_ONLY)


def needs(right: Right) -> Callable[[View], View]:
    """Marks a view with the right that it demands."""

    def mark(view: View) -> View:
        view.right = right  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """Marks a view as there for everybody: it must hold nothing of the library."""
    view.right = None  # type: ignore[attr-defined]
    return view


def reader() -> Reader:
    """Who sent the request that is being answered; nobody until they were let in."""
    found: Reader = g.get("reader", NOBODY)
    return found


def account() -> str:
    """Their name as it is kept with what they did, and shown."""
    who = reader()
    return "本机" if who.way == LOCAL.way else who.name


def may(right: Right) -> bool:
    """Whether they have a right: for what a page shows, never instead of :func:`needs`."""
    return right in reader().rights
