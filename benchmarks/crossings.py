"""Audience crossings: what dealers are answered while agents ask the same, by the thousand.

Both audiences' services run in one process and are asked in turn by several threads; new
generations are published meanwhile, some services are fresh, some have no time at all. Everything
that the agents' view says and the dealers' view does not is looked for in every answer to dealers.

    python -m benchmarks.crossings --requests 10000
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import ahocorasick_rs
from flask import Flask

from benchmarks.progress import counter, say
from casebook.library import Library, View, load_library
from casebook.sweep import canaries
from search.app import create_app
from search.budget import Budget
from search.engines import get_engine
from search.generations import publish
from search.service import EXTENSION, Service, ServiceConfig

EMBEDDED = ("memory", "tantivy", "whoosh")
PATHS = ("/api/search", "/api/suggest", "/api/answer", "/results", "/")
OTHERS = ("/api/notices", "/notices/", "/embed", "/api/openapi.json", "/api/", "/healthz")
THREADS = 8
_NO_TIME = 0.000_001


@dataclass(frozen=True)
class Crossings:
    """What was found.

    Attributes:
        engine: which engine answered.
        requests: how many were sent to dealers' services.
        answered: how many of them got an answer.
        swaps: how many generations were published meanwhile.
        found: the address and the hidden text of each crossing.
        control: in how many answers to agents hidden text was found.
    """

    engine: str
    requests: int
    answered: int
    swaps: int
    found: tuple[tuple[str, str], ...]
    control: int


class _Sweep:
    """Looks for what is hidden; what was asked does not count as an answer."""

    def __init__(self, wide: View, narrow: View) -> None:
        self._words = sorted(canaries(wide, narrow))
        self._automaton = ahocorasick_rs.AhoCorasick(self._words)

    def find(self, body: str, asked: str) -> str | None:
        text = body
        if body.startswith("{"):
            values: dict[str, Any] = json.loads(body)
            values.pop("query", None)
            values.pop("errors", None)
            text = json.dumps(values, ensure_ascii=False)
        for index in self._automaton.find_matches_as_indexes(text):
            word = self._words[index[0]]
            if word not in asked:
                return word
        return None


def crossings(library: Library, engine: str, requests: int, seed: int = 1) -> Crossings:
    """Asks both audiences' services and looks for what is hidden from dealers.

    Args:
        library: the library.
        engine: the engine of both.
        requests: how many requests dealers send; agents send as many.
        seed: of the order in which things are asked.
    """
    wide, narrow = library.view(library.settings.widest.id), library.view()
    sweep = _Sweep(wide, narrow)
    asked = _asked(wide, narrow, requests, seed)
    swaps = 0
    show = counter(engine)
    done = threading.Event()

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for view in (wide, narrow):
            publish(view, folder / view.audience.id, get_engine(engine), "")
        agents = stack.enter_context(_Apps(folder, wide))
        dealers = stack.enter_context(_Apps(folder, narrow))

        def swap() -> None:
            nonlocal swaps
            while not done.wait(0.05):
                for view in (wide, narrow):
                    publish(view, folder / view.audience.id, get_engine(engine), "", anew=True)
                    swaps += 1

        publisher = threading.Thread(target=swap)
        publisher.start()
        try:
            with ThreadPoolExecutor(THREADS) as pool:
                answers = list(
                    pool.map(
                        lambda one: _answers(one, agents, dealers, sweep, show, requests),
                        enumerate(asked, 1),
                    )
                )
        finally:
            done.set()
            publisher.join()
    return Crossings(
        engine,
        requests,
        sum(answered for answered, _, _ in answers),
        swaps,
        tuple((path, word) for (_, word, _), path in zip(answers, asked, strict=True) if word),
        sum(control for _, _, control in answers),
    )


class _Apps:
    """The applications of an audience: a usual one, one without time, and a fresh one at times."""

    def __init__(self, folder: Path, view: View) -> None:
        audience = view.audience
        self._config = ServiceConfig(
            audience=audience.id,
            internal=audience == view.settings.widest,
            title=audience.title,
            index=folder / audience.id,
            site=None,
            today=lambda: view.on,
        )
        self._usual, self._hasty = self._new(), self._new()
        running: Service = self._hasty.extensions[EXTENSION]
        running.budget.close()
        running.budget = Budget(_NO_TIME)

    def _new(self) -> Flask:
        return create_app(self._config)

    def get(self, number: int, path: str) -> tuple[int, str]:
        """What an application answers: every seventh has no time, every fiftieth is fresh."""
        if number % 50 == 0:
            app = self._new()
            with closing(app.extensions[EXTENSION]):
                return self._ask(app, path)
        return self._ask(self._hasty if number % 7 == 0 else self._usual, path)

    def _ask(self, app: Flask, path: str) -> tuple[int, str]:
        with app.test_client().get(path) as response:
            return response.status_code, response.get_data(as_text=True)

    def __enter__(self) -> _Apps:
        return self

    def __exit__(self, *_: object) -> None:
        for app in (self._usual, self._hasty):
            app.extensions[EXTENSION].close()


def _asked(wide: View, narrow: View, number: int, seed: int) -> list[str]:
    """Addresses: questions and ids of both audiences, what is hidden among them."""
    chosen = random.Random(seed)  # noqa: S311
    hidden = [one for one in wide.documents if narrow.get(one.id) is None]
    names = [one.title for one in (*wide.documents, *hidden)]
    words = [name[start : start + 4] for name in names for start in (0, 3)]
    ids = [f"/api/documents/{one.id}" for one in wide.documents]
    return [
        chosen.choice((*ids, *OTHERS))
        if chosen.random() < 0.1  # noqa: PLR2004
        else f"{chosen.choice(PATHS)}?q={quote(chosen.choice((*names, *words)))}"
        for _ in range(number)
    ]


def _answers(
    numbered: tuple[int, str], agents: _Apps, dealers: _Apps, sweep: _Sweep, show: Any, total: int
) -> tuple[bool, str | None, bool]:
    """Whether dealers got an answer, what was hidden in it, and whether agents' held any."""
    number, path = numbered
    asked = unquote(path)
    _, inner = agents.get(number, path)
    status, outer = dealers.get(number, path)
    show(number, total)
    return status == 200, sweep.find(outer, asked), sweep.find(inner, asked) is not None  # noqa: PLR2004


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a line an engine; 1 when something hidden was answered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path, default=Path())
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--engines", default=",".join(EMBEDDED))
    parser.add_argument("--seed", type=int, default=date.today().toordinal())
    chosen = parser.parse_args(arguments)
    library = load_library(chosen.library)
    found = 0
    for engine in chosen.engines.split(","):
        one = crossings(library, engine, chosen.requests, chosen.seed)
        found += len(one.found)
        sys.stdout.write(
            f"{engine}: {one.requests:,} requests, {one.answered:,} answered, {one.swaps:,} swaps,"
            f" {len(one.found)} crossings; hidden text in {one.control:,} answers to agents\n"
        )
        for path, word in one.found[:5]:
            say(f"  {path}: {word}")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
