"""Small views to publish, and whether what is published is one of them and nothing else."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.libraries import CHECKOUT, ON
from casebook.library import View, load_library
from search import building, generations
from search.analysis import Analyzer, WeightedTerm
from search.building import fingerprint
from search.engines.base import Query
from search.generations import Generation

AUDIENCE = "dealer"
_TERMS = tuple(WeightedTerm("text", word, 1.0) for word in ("客户", "的", "办", "费"))


@cache
def views() -> tuple[View, ...]:
    """Three views: one of twelve documents, one with another document more, one of seven others.

    The second is made out of the first, the others from nothing.
    """
    view = load_library(CHECKOUT).view(AUDIENCE, ON)
    parts = (view.documents[:12], view.documents[:13], view.documents[20:27])
    return tuple(replace(view, documents=part) for part in parts)


def hasten() -> None:
    """Makes small builds quick, for this process: one analyzer for all, and no look at the code."""
    analyzer = Analyzer()

    def the_same(*_: object) -> Analyzer:
        return analyzer

    for module in (building, generations):
        setattr(module, "Analyzer", the_same)  # noqa: B010  (mypy refuses the assignment)
    setattr(building, "software_digest", lambda _: "same")  # noqa: B010


def fault_of(generation: Generation) -> str:
    """What is wrong with a generation: it must hold one of the views, whole; empty where all is."""
    store, manifest = generation.store, generation.manifest
    marks = {name: mark for name, (_, mark) in store.fingerprints().items()}
    wanted = [{one.id: fingerprint(one, view) for one in view.documents} for view in views()]
    if marks not in wanted:
        return "the store holds none of the views"
    if len(marks) != manifest.documents:
        return "the manifest is of another view"
    found = [number for number, _ in generation.index.search(Query(_TERMS, limit=1000))]
    if not found or not set(store.owners(found)) <= set(store.alive):
        return "the engine finds passages of other documents"
    if len(store.passages(found)) != len(found) or generation.index.count() != manifest.passages:
        return "engine and store do not hold the same passages"
    return ""


def in_child(work: Callable[[], str]) -> str:
    """Does something in a process of its own, which may die of it.

    Args:
        work: gives what came of it, in a few words.

    Returns:
        That, or the signal that ended it.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _answer(writing, work)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    return f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else text


def _answer(writing: int, work: Callable[[], str]) -> None:
    try:
        os.write(writing, work().encode())
    except BaseException as error:  # noqa: BLE001  (whatever it is, it is what came of it)
        traceback.print_exc(file=sys.stderr)
        os.write(writing, f"raised {type(error).__name__}".encode())
    finally:
        os._exit(0)


def set_phase(note: Callable[[str], None]) -> None:
    """Has this process say which phase of publishing it is in.

    Args:
        note: is told ``build``, ``sync``, ``swap`` or ``prune``; empty between two builds.
    """

    def noting(module: Any, name: str, phase: str) -> None:
        original = getattr(module, name)

        def noted(*given: Any, **named: Any) -> Any:
            note(phase)
            return original(*given, **named)

        setattr(module, name, noted)

    noting(generations, "_remove_junk", "build")
    noting(building, "write_manifest", "sync")
    noting(Path, "rename", "swap")
    noting(generations, "_prune", "prune")
