"""Measures speed; see README.md. Ends with 0, or with 2 when it could not run."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from benchmarks.data import DataError
from benchmarks.progress import say
from benchmarks.speed.building import build_figures, change_figures
from benchmarks.speed.corpus import FOLDER, PASSAGES, Corpus, read_corpus
from benchmarks.speed.figures import Figure, new_report
from benchmarks.speed.queries import query_figures, sound_figures, whoosh_figures
from benchmarks.speed.report import draw, publish_report, section
from benchmarks.speed.service import service_figures
from casebook.errors import CasebookError

SIZES = (1_000, 10_000, 100_000, 1_000_000)
# The size of what is measured at one size only, and of the library in which a document changes.
_USUAL = 100_000
_CHANGED_DOCUMENTS = 10_000

Part = Callable[[Corpus, list[int]], Iterator[Figure]]


def parts() -> dict[str, Part]:
    """What can be measured, by name."""
    return {
        "queries": query_figures,
        "whoosh": lambda corpus, sizes: whoosh_figures(corpus, sizes[-1]),
        "sounds": lambda corpus, sizes: sound_figures(corpus, _usual(sizes)),
        "service": lambda corpus, sizes: service_figures(corpus, _usual(sizes)),
        "build": lambda corpus, sizes: build_figures(corpus, _usual(sizes)),
        "change": lambda _, sizes: change_figures(min(_CHANGED_DOCUMENTS, sizes[-1])),
    }


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder with questions-*.txt; without it the sample library's questions are taken.",
)
@click.option("--sizes", default=",".join(map(str, SIZES)), show_default=True, help="Passages.")
@click.option("--queries", default=200, show_default=True, type=click.IntRange(1))
@click.option("--parts", "chosen", default=",".join(parts()), show_default=True)
@click.option("--publish", is_flag=True, help="Writes the figures into docs/ as well.")
def main(data: Path | None, sizes: str, queries: int, chosen: str, publish: bool) -> None:
    """Measures how fast the search is."""
    try:
        wanted = _sizes(sizes)
        measured = _chosen(chosen)
        corpus = read_corpus(data, wanted[-1], queries)
    except (DataError, CasebookError) as error:
        say(f"bench-speed: {error}")
        sys.exit(2)
    figures: list[Figure] = []
    done = [_measure(name, part, figures, corpus, wanted) for name, part in measured.items()]
    report = new_report(corpus.name, figures)
    report.save(FOLDER / "report.json")
    (FOLDER / "report.md").write_text(section(report) + "\n", encoding="utf-8")
    draw(report, FOLDER)
    click.echo(section(report))
    say(f"also in {FOLDER}: report.json, report.md and the charts")
    if publish and all(done):
        publish_report(report)
    sys.exit(0 if all(done) else 2)


def _measure(
    name: str, part: Part, figures: list[Figure], corpus: Corpus, sizes: list[int]
) -> bool:
    """Adds the figures of a part; whether it ran to its end."""
    try:
        figures.extend(part(corpus, sizes))
    except (DataError, CasebookError) as error:
        say(f"bench-speed: {name} could not be measured: {error}")
        return False
    return True


def _usual(sizes: list[int]) -> int:
    """The usual size, or the largest below it."""
    return max((size for size in sizes if size <= _USUAL), default=sizes[0])


def _sizes(text: str) -> list[int]:
    numbers = text.split(",")
    if not all(number.isdecimal() and int(number) >= PASSAGES for number in numbers):
        raise DataError(f"SIZES is {text!r}; expected numbers of passages, as 1000,10000")
    return sorted({int(number) for number in numbers})


def _chosen(text: str) -> dict[str, Part]:
    known = parts()
    names = text.split(",")
    if unknown := [name for name in names if name not in known]:
        raise DataError(f"PARTS has {unknown[0]!r}; expected some of {', '.join(known)}")
    return {name: known[name] for name in names}


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    main()
