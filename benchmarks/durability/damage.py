"""Damages what is published, in every way; it must be found, and the one before must serve."""

from __future__ import annotations

import faulthandler
import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.durability.samples import AUDIENCE, fault_of, in_child, views
from casebook.errors import SearchError
from search import generations
from search.analysis import WeightedTerm
from search.engines import get_engine
from search.engines.base import Query
from search.generations import Generation, Live, open_current, publish
from search.index_files import GENERATIONS, MANIFEST, Manifest, files_of, point

_SECONDS = 2.0
_WORDS = ("客户", "的", "办", "费", "流量", "套餐", "宽带", "停机")


@dataclass
class Damaged:
    """What came of damage.

    Attributes:
        kinds: how many there were of each kind.
        served: how often the generation before served, whole.
        others: what else there was, and how often; there should be nothing.
        slowest: the longest time until it served, in seconds.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    served: int = 0
    others: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0


def damage_all(folder: Path, engine: str, count: int, seed: int = 1) -> Damaged:
    """Damages a published index so many times, each time another copy of it.

    Every other time a service is running that is to move over to it.

    Args:
        folder: an empty folder.
        engine: the engine's name.
        count: how many times.
        seed: of what is damaged and how.
    """
    source = folder / "source"
    before = publish(views()[0], source, get_engine(engine), "")
    newest = publish(views()[1], source, get_engine(engine), "")
    chosen = random.Random(seed)  # noqa: S311  (repeatable)
    done = Damaged()
    kinds = list(_kinds(before, newest))
    for number in range(count):
        root = folder / "copy"
        shutil.copytree(source, root)
        name, damage = kinds[number % len(kinds)]
        done.kinds[name] += 1
        serve = _in_running if number // len(kinds) % 2 else _at_start
        allowed = {before.name, newest.name} if name == "pointer" else {before.name}

        def work(root: Path = root, damage: _Damage = damage, serve: _Serve = serve) -> str:
            return serve(root, damage, chosen, before.name, newest.name)

        answer = in_child(work)
        chosen.random()  # what the child chose from is chosen by us too
        served, _, seconds = answer.partition(" ")
        if served in allowed and float(seconds) <= _SECONDS:
            done.served += 1
            done.slowest = max(done.slowest, float(seconds))
        else:
            done.others[f"{name}: {answer}"] += 1
        shutil.rmtree(root)
    return done


_Damage = Callable[[Path, random.Random], None]
_Serve = Callable[[Path, _Damage, random.Random, str, str], str]


def _at_start(root: Path, damage: _Damage, chosen: random.Random, _: str, __: str) -> str:
    """The service is started on what is damaged."""
    damage(root, chosen)
    began = time.monotonic()
    with closing(open_current(root, AUDIENCE)) as generation:
        fault = fault_of(generation)
        return fault or f"{generation.manifest.name} {time.monotonic() - began:.3f}"


def _in_running(
    root: Path, damage: _Damage, chosen: random.Random, before: str, newest: str
) -> str:
    """The service runs on the one before, and is to move over to what is damaged."""
    generations._LOOK_EVERY = 0
    point(root, before)
    live = Live(root, AUDIENCE)
    point(root, newest)
    damage(root, chosen)
    began = time.monotonic()
    with live.generation() as generation:
        fault = fault_of(generation)
        found = fault or f"{generation.manifest.name} {time.monotonic() - began:.3f}"
    live.close()
    return found


def _kinds(before: Manifest, newest: Manifest) -> Iterator[tuple[str, _Damage]]:
    """Each way to damage, for each file of the newest generation, its manifest and the pointer."""
    files = [*newest.files, MANIFEST]
    for name in files:
        path = Path(GENERATIONS, newest.name, name)
        for kind, change in _CHANGES.items():
            yield kind, _changing(path, change)
        yield "flip", _changing(path, _flip)
        other = files[(files.index(name) + 1) % len(files)]
        yield "swap", _swapping(path, Path(GENERATIONS, newest.name, other))
        if name in before.files and before.files[name] != newest.files.get(name):
            yield "older", _replacing(path, Path(GENERATIONS, before.name, name))
    manifest = Path(GENERATIONS, newest.name, MANIFEST)
    yield "older", _replacing(manifest, Path(GENERATIONS, before.name, MANIFEST))
    for change in _CHANGES.values():
        yield "pointer", _changing(Path("current"), change)


def _flip(data: bytes, chosen: random.Random) -> bytes | None:
    if not data:
        return None
    place = chosen.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << chosen.randrange(8)]) + data[place + 1 :]


_CHANGES: dict[str, Callable[[bytes, random.Random], bytes | None]] = {
    "truncate": lambda data, chosen: data[: chosen.randrange(len(data))] if data else None,
    "flip": _flip,
    "delete": lambda *_: None,
    "empty": lambda data, _: b"" if data else None,
    "append": lambda data, _: data + b"\0",
    "zeros": lambda data, _: bytes(len(data)) if data else None,
}


def _changing(
    path: Path, change: Callable[[bytes, random.Random], bytes | None]
) -> Callable[[Path, random.Random], None]:
    def damage(root: Path, chosen: random.Random) -> None:
        data = change((root / path).read_bytes(), chosen)
        if data is None:
            (root / path).unlink()
        else:
            (root / path).write_bytes(data)

    return damage


def _swapping(one: Path, other: Path) -> _Damage:
    def damage(root: Path, _: random.Random) -> None:
        aside = root / "aside"
        if (root / one).read_bytes() == (root / other).read_bytes():
            (root / one).unlink()
            return
        (root / one).rename(aside)
        (root / other).rename(root / one)
        aside.rename(root / other)

    return damage


def _replacing(path: Path, by: Path) -> _Damage:
    def damage(root: Path, _: random.Random) -> None:
        shutil.copyfile(root / by, root / path)

    return damage


def damage_open(folder: Path, engine: str, count: int, seed: int = 1) -> dict[str, Counter[str]]:
    """Damages files under a service that has them open; what its answers are then.

    Args:
        folder: an empty folder.
        engine: the engine's name.
        count: how many times each kind.
        seed: of what is damaged.

    Returns:
        By kind, how often it answered the same, otherwise, with an error, or died.
    """
    source = folder / "source"
    publish(views()[1], source, get_engine(engine), "")
    chosen = random.Random(seed)  # noqa: S311  (repeatable)
    found: dict[str, Counter[str]] = {"flip": Counter(), "truncate": Counter()}
    for kind, answers in found.items():
        for number in range(count):
            root = folder / "copy"
            shutil.copytree(source, root)
            files = [one for one in files_of(root / GENERATIONS) if one.stat().st_size]
            file, place = files[number % len(files)], chosen.random()

            def work(
                root: Path = root, file: Path = file, place: float = place, kind: str = kind
            ) -> str:
                return _while_open(root, file, place, kind)

            answers[in_child(work)] += 1
            shutil.rmtree(root)
    return found


def _while_open(root: Path, file: Path, place: float, kind: str) -> str:
    # That the process may end is what is looked at, and nothing to write a trace of.
    faulthandler.disable()
    with closing(open_current(root, AUDIENCE)) as generation:
        before = _answers(generation)
        where = int(place * file.stat().st_size)
        with file.open("r+b") as opened:
            if kind == "truncate":
                os.ftruncate(opened.fileno(), where)
            else:
                opened.seek(where)
                byte = opened.read(1)[0]
                opened.seek(where)
                opened.write(bytes([byte ^ 0x10]))
        try:
            return "same" if _answers(generation) == before else "other"
        except SearchError:
            return "error"


def _answers(generation: Generation) -> list[object]:
    found: list[object] = []
    for word in _WORDS:
        terms = tuple(WeightedTerm(name, word, 1.0) for name in ("text", "names"))
        hits = generation.index.search(Query(terms, limit=50))
        found += [hits, generation.store.passages([number for number, _ in hits])]
    found.append(generation.store.documents(list(generation.store.alive)))
    return found
