"""What a run gave: percentiles of each kind of request, and whether the run is valid."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.load.generator import Outcome
from benchmarks.load.plan import HEALTH, KINDS, SUGGEST, Request
from benchmarks.metrics import percentile
from benchmarks.pages import table

ALL = "all"
# Those that a service with too much to do told to come back.
REFUSED = "refused (503)"
BUSY = 503
HEADS = ("phase", "kind", "n", "p50 ms", "p95 ms", "p99 ms", "max ms", "errors")
# What the service is to hold, in milliseconds.
_USUAL = {ALL: {50: 20.0, 95: 50.0, 99: 150.0}, SUGGEST: {95: 50.0}}
TARGETS: dict[str, dict[str, dict[int, float]]] = {
    "steady": _USUAL,
    "publishing": _USUAL,
    "overload": {REFUSED: {99: 50.0}, HEALTH: {100: 100.0}},
}
# A generator that sends later than so has measured itself.
LAG_P99 = 5.0
_FINE = (200, 204, 304)
_Row = tuple[Request, float, int]


@dataclass(frozen=True)
class Times:
    """How long requests of a kind took.

    Attributes:
        kind: of the requests; ``ALL`` for all of them.
        n: how many were sent.
        percentiles: milliseconds, by percent; 100 is the longest.
        errors: those without a good answer, by status; 0 lost, -1 too late to wait for.
    """

    kind: str
    n: int
    percentiles: dict[int, float]
    errors: dict[int, int]


@dataclass(frozen=True)
class Phase:
    """A part of a run.

    Attributes:
        name: what it measured.
        seconds: how long it was.
        times: by kind, all together first.
        lag: milliseconds that 99 % of the requests were not sent later than they were due.
        longest_lag: of any request.
        again: requests that were sent again on another connection.
        connections: how many were opened.
        processor: seconds of processor time that the service used.
        memory: megabytes of the service at the end.
    """

    name: str
    seconds: float
    times: tuple[Times, ...]
    lag: float
    longest_lag: float
    again: int
    connections: int
    processor: float
    memory: float

    @property
    def valid(self) -> bool:
        """Whether the generator kept the rate."""
        return self.lag <= LAG_P99

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Its rows of a table."""
        for one in self.times:
            values = [f"{one.percentiles[p]:.1f}" for p in (50, 95, 99, 100)]
            yield self.name, one.kind, f"{one.n:,}", *values, _errors(one)

    def said(self) -> str:
        """What no row holds, in a line."""
        rate = self.times[0].n / self.seconds
        valid = "" if self.valid else "; INVALID: the generator lagged, repeat on a quiet machine"
        return (
            f"{self.name}: {rate:.0f} requests/s for {self.seconds:g} s on {self.connections}"
            f" connections; {self.processor / self.seconds:.2f} processors, "
            f"{self.processor / self.times[0].n * 1000:.2f} ms each; {self.memory:.0f} MB; "
            f"sent again {self.again}; generator late p99 {self.lag:.1f}, "
            f"most {self.longest_lag:.0f} ms{valid}"
        )

    def misses(self) -> Iterator[str]:
        """The targets that it missed."""
        targets = TARGETS.get(self.name, {})
        for one in self.times:
            for percent, most in targets.get(one.kind, {}).items():
                if one.percentiles[percent] > most:
                    found = one.percentiles[percent]
                    yield f"{self.name}, {one.kind}: p{percent} {found:.1f} ms, at most {most:g}"
        refused = {BUSY} if REFUSED in targets else set()
        if self.times[0].errors.keys() - refused:
            yield f"{self.name}: {_errors(self.times[0])} errors, expected none"


def phase(
    name: str,
    seconds: float,
    plan: Sequence[Request],
    outcome: Outcome,
    processor: float,
    memory: float,
) -> Phase:
    """The figures of a part of a run.

    Args:
        name: what it measured.
        seconds: how long requests were sent.
        plan: what was sent.
        outcome: what came of it.
        processor: seconds of processor time of the service.
        memory: megabytes of it.
    """
    rows = list(zip(plan, outcome.took, outcome.status, strict=True))
    kinds = [ALL, *(kind for kind in KINDS if any(one.kind == kind for one in plan))]
    return Phase(
        name=name,
        seconds=seconds,
        times=tuple(_times(kind, rows) for kind in [*kinds, *_refused(rows)]),
        lag=percentile(outcome.lag, 99),
        longest_lag=max(outcome.lag),
        again=outcome.again,
        connections=outcome.connections,
        processor=processor,
        memory=memory,
    )


def markdown(phases: Iterable[Phase]) -> str:
    """The phases as a table for the docs, and what was said of each."""
    kept = list(phases)
    rows = [row for one in kept for row in one.rows()]
    return "\n".join([table(HEADS, rows), "", *(one.said() for one in kept)])


def save(file: Path, one: Phase) -> None:
    """Keeps a phase, so that a run that was broken off can go on."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(asdict(one)), encoding="utf-8")


def saved(file: Path) -> Phase:
    """A phase that was kept."""
    values = json.loads(file.read_text(encoding="utf-8"))
    times = tuple(
        Times(
            one["kind"],
            one["n"],
            {int(percent): value for percent, value in one["percentiles"].items()},
            {int(status): times for status, times in one["errors"].items()},
        )
        for one in values.pop("times")
    )
    return Phase(times=times, **values)


def _refused(rows: Iterable[_Row]) -> list[str]:
    return [REFUSED] if any(status == BUSY for _, _, status in rows) else []


def _times(kind: str, rows: Iterable[_Row]) -> Times:
    mine = [
        (took, status)
        for one, took, status in rows
        if kind in (ALL, one.kind) or (kind == REFUSED and status == BUSY)
    ]
    took = [one for one, _ in mine]
    return Times(
        kind=kind,
        n=len(mine),
        percentiles={percent: percentile(took, percent) for percent in (50, 95, 99, 100)},
        errors=dict(Counter(status for _, status in mine if status not in _FINE)),
    )


def _errors(one: Times) -> str:
    return ", ".join(f"{times} × {status}" for status, times in one.errors.items()) or "0"
