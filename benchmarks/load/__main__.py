"""Asks a service as a call centre does; see README.md.

Ends with 1 when a target was missed or the run is not valid, 2 when it could not run.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from benchmarks.data import DataError
from benchmarks.libraries import CHECKOUT
from benchmarks.load import figures, library, plan
from benchmarks.load.generator import Job, Outcome, dump
from benchmarks.load.readers import MARKS
from benchmarks.load.running import Service, casebook_serve, serving
from benchmarks.load.swaps import Swapped, swap
from benchmarks.progress import say
from casebook.errors import CasebookError

COLD_SECONDS = 10.0
PEER_SHARE = 0.2
# How long too much is asked, and how many times as much.
OVERLOAD_SECONDS = 20.0
OVERLOAD = 10.0
# Files and threads that a worker may gain.
MORE = 2
# The documents of the library whose generations are swapped as fast as they are built.
_SWAPPED = 40


@dataclass(frozen=True)
class Run:
    """How a service is asked.

    Attributes:
        loaded: what is served.
        command: what starts the service.
        rate: questions a second.
        seats: who asks.
        seconds: how long each phase is.
        folder: where what was measured is kept.
        resume: whether phases that were measured are not measured again.
    """

    loaded: library.Loaded
    command: Sequence[str]
    rate: float
    seats: int
    seconds: float
    folder: Path
    resume: bool

    def phase(
        self,
        name: str,
        service: Service,
        seconds: float | None = None,
        all_to: str = "",
        times: float = 1.0,
    ) -> figures.Phase:
        """Asks for so long, and keeps what came of it.

        Args:
            name: of the phase.
            service: what is asked.
            seconds: how long; None for as long as the run says.
            all_to: a path that is asked instead of all others.
            times: how many times as much is asked, while somebody watches ``/healthz``.
        """
        file = self.folder / f"{name}.json"
        if self.resume and file.is_file():
            say(f"load: {name}: measured before")
            return figures.saved(file)
        seconds = seconds or self.seconds
        loaded = self.loaded
        requests = plan.make_plan(
            self.rate * times, seconds, self.seats, loaded.questions, loaded.documents, len(name)
        )
        if times > 1:
            requests = plan.watched(requests, seconds)
        say(f"load: {name}: {len(requests):,} requests in {seconds:g} s ...")
        before = service.processor_seconds()
        outcome = _sent(Job(service.port, requests, all_to=all_to))
        used = service.processor_seconds() - before
        found = figures.phase(name, seconds, requests, outcome, used, service.memory())
        figures.save(file, found)
        say(f"load: {found.said()}")
        return found


def steady(run: Run, every: float) -> list[figures.Phase]:
    """A cold start, then a steady load, then the same while generations are published.

    Args:
        run: how the service is asked.
        every: seconds between two generations.
    """
    with serving(run.command, run.folder / "service.log") as service:
        say(f"load: first answer {service.started:.2f} s after the start")
        found = [run.phase("cold", service, min(COLD_SECONDS, run.seconds))]
        found.append(run.phase("steady", service))
        if every:
            with _publishing(run.loaded, every):
                found.append(run.phase("publishing", service))
        # What the server and the machine take by themselves, by the same plan in the same run.
        found.append(run.phase("healthz", service, run.seconds * PEER_SHARE, "/healthz"))
        seconds = min(OVERLOAD_SECONDS, run.seconds)
        found.append(run.phase("overload", service, seconds, times=OVERLOAD))
    return found


def swapped(run: Run, swaps: int) -> tuple[list[figures.Phase], Swapped]:
    """A steady load, then the same while one generation after another is published."""
    found: list[figures.Phase] = []
    with serving(run.command, run.folder / "service.log") as service:
        outcome = swap(
            run.loaded,
            service,
            swaps,
            run.seconds,
            lambda name: found.append(run.phase(name, service)),
        )
    return found, outcome


@contextmanager
def _publishing(loaded: library.Loaded, every: float) -> Iterator[None]:
    stop = threading.Event()

    def publish() -> None:
        # Few documents change at a time, as in a real library.
        views = [library.marked(loaded.view, mark, few=True) for mark in MARKS]
        number = 0
        while not stop.wait(every):
            loaded.publish(views[number % 2])
            number += 1
        say(f"load: published {number} generations")

    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        yield
    finally:
        stop.set()
        publisher.join()


def _sent(job: Job) -> Outcome:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load.generator"],
        input=dump(job).encode(),
        stdout=subprocess.PIPE,
        check=True,
        cwd=CHECKOUT,
    )
    return Outcome(**json.loads(done.stdout))


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="Folder with questions-*.txt.")
@click.option("--documents", default=10_000, show_default=True, help="Of a library from --data.")
@click.option("--seats", default=500, show_default=True, type=click.IntRange(1))
@click.option("--surge", default=4.0, show_default=True, help="Times the busiest hour's questions.")
@click.option("--rate", type=float, help="Requests a second, instead of what the seats send.")
@click.option("--minutes", default=10.0, show_default=True, help="Length of each phase.")
@click.option("--every", default=30.0, show_default=True, help="Seconds between generations.")
@click.option("--swaps", default=0, help="Publish so many generations instead, evenly.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1))
@click.option("--serve", help="Another server's command; {port} and {library} are replaced.")
@click.option("--resume", is_flag=True, help="Takes over the phases that were measured before.")
def main(
    data: Path | None,
    documents: int,
    seats: int,
    surge: float,
    rate: float | None,
    minutes: float,
    every: float,
    swaps: int,
    workers: int,
    serve: str | None,
    resume: bool,
) -> None:
    """Measures the service under load."""
    try:
        loaded = library.repeated(data, documents) if data else library.sample()
        if swaps:
            loaded = library.first(loaded, _SWAPPED)
        each = plan.requests_a_question(loaded.questions)
        asked = rate / each if rate else plan.questions_a_second(seats, surge)
        say(f"load: {asked:.2f} questions/s × {each:.1f} requests = {asked * each:.0f} requests/s")
        command = _command(serve, loaded, workers)
        name = f"{loaded.name}-{asked * each:.0f}-{minutes:g}m-{workers}w"
        folder = library.FOLDER / "runs" / name
        run = Run(loaded, command, asked, seats, minutes * 60, folder, resume)
        done = _measured(run, swaps, every)
    except (DataError, CasebookError) as error:
        say(f"load: {error}")
        sys.exit(2)
    sys.exit(0 if done else 1)


def _measured(run: Run, swaps: int, every: float) -> bool:
    """Measures and writes the figures; whether all is as it should be."""
    problems: list[str] = []
    if swaps:
        phases, outcome = swapped(run, swaps)
        click.echo(json.dumps(asdict(outcome), ensure_ascii=False))
        problems += _swap_problems(outcome)
        ratio = phases[1].times[0].percentiles[99] / phases[0].times[0].percentiles[99]
        click.echo(f"p99 during swaps / before: {ratio:.2f}")
    else:
        phases = steady(run, every)
        own = {one.name: one.times[0].percentiles for one in phases}
        ratios = {p: own["steady"][p] / own["healthz"][p] for p in (50, 95, 99)}
        click.echo(f"steady / healthz: {', '.join(f'p{p} {r:.1f}' for p, r in ratios.items())}")
    click.echo(figures.markdown(phases))
    for one in phases:
        problems += one.misses()
    for problem in problems:
        click.echo(f"missed: {problem}")
    return not problems and all(one.valid for one in phases)


def _swap_problems(outcome: Swapped) -> Iterator[str]:
    read = outcome.read
    bad: dict[str, float] = {"failed": sum(read.failed.values()), "empty": read.empty}
    bad["mixed"] = read.mixed
    for name, number in bad.items():
        if number:
            yield f"{number} {name} reads, expected none"
    if not outcome.newest:
        yield "a worker did not end on the newest generation, or ended"
    for name, number in (("files", outcome.files), ("threads", outcome.threads)):
        if number > MORE:
            yield f"{number} more {name} than before, at most {MORE}"


def _command(serve: str | None, loaded: library.Loaded, workers: int) -> list[str]:
    if serve:
        return shlex.split(serve.replace("{library}", str(loaded.root.resolve())))
    return casebook_serve(loaded.root.resolve(), loaded.view.audience.id, workers)


if __name__ == "__main__":
    main()
