"""OpenSearch beside Tantivy: the same passages, terms and questions, in one run."""

from __future__ import annotations

import gc
import json
import logging
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks.cluster.nodes import NoCluster, Nodes
from benchmarks.data import DataError
from benchmarks.libraries import ON, WORK
from benchmarks.metrics import percentile
from benchmarks.pages import PAGE, replace_section, table
from benchmarks.progress import counted, say
from benchmarks.speed.corpus import Corpus, read_corpus
from benchmarks.speed.figures import machine, versions
from benchmarks.speed.rivals import engine_query
from casebook.errors import CasebookError
from casebook.service_settings import OpenSearchSettings
from search.engines import CLUSTER, get_engine
from search.generations import Generation, open_current, publish
from search.searcher import Request, Searcher

_FOLDER = WORK / "cluster"
_NODES = 3
_CLIENTS = (1, 8)
_TANTIVY = "tantivy"
# Queries asked before the clock counts: a node becomes faster for a while.
_WARM_UP = 1000
_MB = 1e6


@dataclass(frozen=True)
class Built:
    """What an engine made of the passages.

    Attributes:
        engine: its name.
        seconds: from the view to the published generation.
        ours: seconds of processor time of this process meanwhile.
        nodes: likewise, of the nodes.
        folder: megabytes of the generation's folder that belong to the engine.
        cluster: megabytes in the cluster, without copies; 0 without a cluster.
        copies: likewise, with them.
    """

    engine: str
    seconds: float
    ours: float
    nodes: float
    folder: float
    cluster: float
    copies: float


@dataclass(frozen=True)
class Asked:
    """What a closed loop of queries took.

    Attributes:
        engine: who answered.
        what: the engine alone, or the whole search.
        clients: how many asked at once, in threads of one process.
        n: how many queries.
        p50: milliseconds.
        p95: milliseconds.
        p99: milliseconds.
        rate: queries a second.
        ours: milliseconds of processor time of this process, a query.
        nodes: likewise, of all nodes together.
        degraded: how many the substitute answered.
    """

    engine: str
    what: str
    clients: int
    n: int
    p50: float
    p95: float
    p99: float
    rate: float
    ours: float
    nodes: float
    degraded: int


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="Folder with questions-*.txt.")
@click.option("--passages", default=20_000, show_default=True, type=click.IntRange(1000))
@click.option("--queries", default=2000, show_default=True, type=click.IntRange(1))
@click.option("--shards", default=1, show_default=True, type=click.IntRange(1))
@click.option("--replicas", default=1, show_default=True, type=click.IntRange(0, 2))
@click.option("--heap", default="1g", show_default=True, help="Of each of the three nodes.")
@click.option("--publish", "published", is_flag=True, help="Writes the figures into docs/ as well.")
def main(
    data: Path | None,
    passages: int,
    queries: int,
    shards: int,
    replicas: int,
    heap: str,
    published: bool,
) -> None:
    """Measures what a cluster of three nodes on this machine takes, beside Tantivy."""
    try:
        corpus = read_corpus(data, passages, queries)
        # What was read stays: looking through it for garbage would be measured as well.
        gc.collect()
        gc.freeze()
        with TemporaryDirectory(prefix="casebook-nodes-") as folder:
            started = time.perf_counter()
            with Nodes(Path(folder), _NODES, heap, options=()) as nodes:
                say(f"cluster: {_NODES} nodes after {time.perf_counter() - started:.1f} s")
                settings = nodes.settings(
                    prefix="bench", shards=shards, replicas=replicas, timeout_ms=10_000
                )
                report = _report(corpus, passages, nodes, settings, heap)
    except (DataError, NoCluster, CasebookError) as error:
        say(f"bench-cluster: {error}")
        sys.exit(2)
    click.echo(report)
    (_FOLDER / "report.md").write_text(report + "\n", encoding="utf-8")
    if published:
        replace_section(PAGE, "cluster", report)


def _report(
    corpus: Corpus, passages: int, nodes: Nodes, settings: OpenSearchSettings, heap: str
) -> str:
    view = corpus.first(passages)
    built: list[Built] = []
    asked: list[Asked] = []
    for name in (_TANTIVY, CLUSTER):
        say(f"{name}: indexing {passages:,} passages ...")
        built.append(_build(corpus, passages, name, nodes, settings))
    engine_of = partial(get_engine, cluster=settings)
    for name in (_TANTIVY, CLUSTER):
        root = _FOLDER / name / view.audience.id
        with closing(open_current(root, view.audience.id, engine_of)) as generation:
            for clients in _CLIENTS:
                asked += _ask_all(corpus, generation, name, clients, nodes)
    memory = [size / _MB for size in nodes.memory()]
    figures = {"built": list(map(asdict, built)), "asked": list(map(asdict, asked))}
    (_FOLDER / "report.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    head = (
        f"Measured {time.strftime('%Y-%m-%d')} on {machine()}; {versions()}. "
        f"Questions: {corpus.name}. "
        f"{passages:,} passages; {_NODES} nodes on the same machine, heap {heap} each, "
        f"{settings.shards} shards, {settings.replicas} copies; "
        f"memory of the nodes in the end: {', '.join(f'{size:,.0f}' for size in memory)} MB."
    )
    return "\n\n".join((head, _built_table(built), _asked_table(asked)))


def _build(
    corpus: Corpus, passages: int, name: str, nodes: Nodes, settings: OpenSearchSettings
) -> Built:
    view = corpus.first(passages)
    root = _FOLDER / name / view.audience.id
    shutil.rmtree(root, ignore_errors=True)
    ours, theirs, began = time.process_time(), nodes.processor_seconds(), time.perf_counter()
    made = publish(view, root, get_engine(name, settings), "benchmark")
    seconds = time.perf_counter() - began
    files = (root / "generations" / made.name / "engine").rglob("*")
    cluster = copies = 0.0
    if name == CLUSTER:
        (row,) = nodes.ask(f"/_cat/indices/{settings.prefix}-*?format=json&bytes=b")
        cluster, copies = float(row["pri.store.size"]) / _MB, float(row["store.size"]) / _MB
    return Built(
        name,
        seconds,
        time.process_time() - ours,
        nodes.processor_seconds() - theirs,
        sum(file.stat().st_size for file in files if file.is_file()) / _MB,
        cluster,
        copies,
    )


# Does one query; whether a substitute answered it.
Ask = Callable[[str], bool]


def _ask_all(
    corpus: Corpus, generation: Generation, name: str, clients: int, nodes: Nodes
) -> Iterator[Asked]:
    """The engine alone, then whole searches."""
    prepared = {text: generation.analyzer.query(text) for text in corpus.queries}
    searcher = Searcher(generation, ON, internal=False, clock=_patient_clock)

    def engine_alone(text: str) -> bool:
        query = engine_query(prepared[text])
        generation.index.search(query)
        return query.answered.degraded

    def whole_search(text: str) -> bool:
        return searcher.search(Request(text)).degraded

    for what, ask in (("engine alone", engine_alone), ("whole search", whole_search)):
        yield _closed_loop(corpus.queries, name, what, ask, clients, nodes)


def _closed_loop(
    queries: Sequence[str], name: str, what: str, ask: Ask, clients: int, nodes: Nodes
) -> Asked:
    for text in islice(queries, _WARM_UP):
        ask(text)
    took: list[float] = []
    label = f"{name}: {what}, {clients} clients"

    def timed(text: str) -> bool:
        started = time.perf_counter()
        degraded = ask(text)
        took.append((time.perf_counter() - started) * 1000)
        return degraded

    ours, theirs, began = time.process_time(), nodes.processor_seconds(), time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        degraded = sum(pool.map(timed, counted(label, queries)))
    seconds = time.perf_counter() - began
    return Asked(
        engine=name,
        what=what,
        clients=clients,
        n=len(took),
        p50=percentile(took, 50),
        p95=percentile(took, 95),
        p99=percentile(took, 99),
        rate=len(took) / seconds,
        ours=(time.process_time() - ours) * 1000 / len(took),
        nodes=(nodes.processor_seconds() - theirs) * 1000 / len(took),
        degraded=degraded,
    )


def _patient_clock() -> float:
    """A clock that runs ahead: speed is measured without the time limit."""
    return time.monotonic() + 3600


def _built_table(built: Sequence[Built]) -> str:
    heads = ["build", "s", "processor s, ours", "nodes", "MB, folder", "cluster", "with copies"]
    rows = [
        [
            one.engine,
            f"{one.seconds:,.1f}",
            f"{one.ours:,.1f}",
            f"{one.nodes:,.1f}",
            f"{one.folder:,.1f}",
            f"{one.cluster:,.1f}" if one.cluster else "–",
            f"{one.copies:,.1f}" if one.copies else "–",
        ]
        for one in built
    ]
    return table(heads, rows)


def _asked_table(asked: Sequence[Asked]) -> str:
    heads = [
        *("query", "clients", "p50 ms", "p95 ms", "p99 ms", "queries/s"),
        *("processor ms, ours", "nodes", "degraded"),
    ]
    rows = [
        [
            f"{one.engine}, {one.what}",
            str(one.clients),
            *(f"{value:.2f}" for value in (one.p50, one.p95, one.p99)),
            f"{one.rate:,.0f}",
            f"{one.ours:.2f}",
            f"{one.nodes:.2f}",
            str(one.degraded),
        ]
        for one in asked
    ]
    return table(heads, rows)


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    main()
