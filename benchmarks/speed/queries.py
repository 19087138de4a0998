"""Milliseconds of a query against the number of passages, ours beside other ways."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.libraries import ON
from benchmarks.metrics import percentile
from benchmarks.progress import counted, say
from benchmarks.speed.corpus import FOLDER, Corpus
from benchmarks.speed.figures import Figure
from benchmarks.speed.rivals import (
    RIVALS,
    Rival,
    Tee,
    WithoutSounds,
    emptied,
    engine_query,
)
from casebook.library import View
from search.analysis import Analyzer, Question
from search.engines import get_engine
from search.engines.base import Engine
from search.engines.tantivy import TantivyEngine
from search.generations import Generation, open_current, publish
from search.passages import findables
from search.searcher import Request, Searcher

PART = "queries"
SOUNDS = "sounds"
WHOOSH = "whoosh"
OURS = "casebook, tantivy"
WHOLE = "casebook, whole search"
WITH_SOUNDS = "with sounds"
WORDS_ONLY = "words only"
ANALYSIS = "casebook, analysis alone"
# Queries asked before the clock counts.
_WARM_UP = 20
# Whoosh is right for libraries for which 95 % of the searches take no longer.
BEARABLE_MS = 50.0
_SMALLEST = 500

# What is asked with a text and with what the analyzer made of it.
Ask = Callable[[str, Question], object]


@dataclass(frozen=True)
class _Timed:
    """Milliseconds of each query, by what was asked."""

    took: Mapping[str, list[float]]

    def figures(self, part: str, passages: int) -> Iterator[Figure]:
        for name, took in self.took.items():
            for percent in (50, 95):
                value = percentile(took, percent)
                yield Figure(part, name, f"p{percent}", "ms", value, passages, len(took))


def query_figures(corpus: Corpus, sizes: Sequence[int]) -> Iterator[Figure]:
    """Query times at each size: ours, the whole search, and the rivals."""
    for size in sizes:
        say(f"queries: indexing {size:,} passages in {1 + len(RIVALS)} ways ...")
        view = corpus.first(size)
        folder = emptied(FOLDER / "queries")
        rivals = [rival(emptied(folder / rival.__name__)) for rival in RIVALS]
        with closing(_generation(view, folder, Tee(rivals, _texts(view)))) as generation:
            yield from _ask_all(corpus, generation, rivals).figures(PART, size)
        for rival in rivals:
            rival.close()


def sound_figures(corpus: Corpus, size: int) -> Iterator[Figure]:
    """What it costs to find homophones, pinyin and first letters: with and without."""
    view = corpus.first(size)
    folder = emptied(FOLDER / "sounds")
    say(f"sounds: indexing {size:,} passages with and without sounds ...")
    with (
        closing(_generation(view, folder / "with", TantivyEngine())) as full,
        closing(_generation(view, folder / "without", WithoutSounds())) as words,
    ):
        asks = {
            WITH_SOUNDS: _asking_engine(full),
            WORDS_ONLY: _asking_engine(words, sounds=False),
        }
        yield from _timed(corpus.queries, full.analyzer, asks).figures(SOUNDS, size)
    for name, part in ((WITH_SOUNDS, "with"), (WORDS_ONLY, "without")):
        files = (folder / part).glob("generations/*/engine/*")
        value = sum(file.stat().st_size for file in files) / 1e6
        yield Figure(SOUNDS, name, "index", "MB", value, size)


def whoosh_figures(corpus: Corpus, largest: int) -> Iterator[Figure]:
    """Whole searches with Whoosh, up to the size at which they take too long."""
    size = _SMALLEST
    while size <= largest:
        say(f"whoosh: indexing {size:,} passages ...")
        view = corpus.first(size)
        folder = emptied(FOLDER / "whoosh")
        with closing(_generation(view, folder, get_engine("whoosh"))) as generation:
            asks = {WHOOSH: _asking_searcher(generation)}
            timed = _timed(corpus.queries, generation.analyzer, asks)
        yield from timed.figures(WHOOSH, size)
        if percentile(timed.took[WHOOSH], 95) > BEARABLE_MS:
            return
        size *= 2


def _generation(view: View, folder: Path, engine: Engine) -> Generation:
    publish(view, folder, engine, "benchmark")
    return open_current(folder, view.audience.id)


def _texts(view: View) -> Iterator[str]:
    """Of each passage the text that it is found by, in the order of the entries."""
    for found in findables(view):
        for passage in found.passages:
            yield "\n".join((*found.questions, passage.heading, passage.body))


def _ask_all(corpus: Corpus, generation: Generation, rivals: Sequence[Rival]) -> _Timed:
    asks = {
        ANALYSIS: lambda text, _: generation.analyzer.query(text),
        OURS: _asking_engine(generation),
        WHOLE: _asking_searcher(generation),
    }
    asks |= {rival.name: _asking_rival(rival) for rival in rivals}
    return _timed(corpus.queries, generation.analyzer, asks)


def _asking_engine(generation: Generation, *, sounds: bool = True) -> Ask:
    return lambda _, question: generation.index.search(engine_query(question, sounds=sounds))


def _asking_searcher(generation: Generation) -> Ask:
    searcher = Searcher(generation, ON, internal=False, clock=_patient_clock)
    return lambda text, _: searcher.search(Request(text))


def _asking_rival(rival: Rival) -> Ask:
    return lambda _, question: rival.search(question)


def _timed(queries: Sequence[str], analyzer: Analyzer, asks: Mapping[str, Ask]) -> _Timed:
    """Asks everybody query by query, so that whatever disturbs the machine disturbs all."""
    prepared = [(text, analyzer.query(text)) for text in queries]
    took: dict[str, list[float]] = {name: [] for name in asks}
    for text, question in prepared[:_WARM_UP]:
        for ask in asks.values():
            ask(text, question)
    for text, question in counted("asking", prepared):
        for name, ask in asks.items():
            started = time.perf_counter()
            ask(text, question)
            took[name].append((time.perf_counter() - started) * 1000)
    return _Timed(took)


def _patient_clock() -> float:
    """A clock that runs ahead: speed is measured without the time limit."""
    return time.monotonic() + 3600
