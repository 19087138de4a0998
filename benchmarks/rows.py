"""A row of figures, as JSON and in tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks import pages

# The kinds of the rows about answers.
ANSWERED = "answered"
FALSE_ANSWERS = "false-answers"
HEADS = ("engine", "kind", "n", "hit1", "hit3", "hit10", "mrr10", "p50_ms", "p95_ms", "share")


@dataclass(frozen=True)
class Row:
    """The figures of one engine on one kind of query.

    Attributes:
        engine: the engine.
        kind: how the queries were typed.
        n: how many there were.
        hit1: the share whose right entry came first; of the rows about answers, the share that got
            a right answer.
        hit3: the share whose right entry was among the first three.
        hit10: likewise, ten.
        mrr10: mean of 1 / place.
        p50_ms: milliseconds of the median request.
        p95_ms: milliseconds that 95 % of the requests did not exceed.
        share: of the rows about answers: the share of questions that got one.
    """

    engine: str
    kind: str
    n: int
    hit1: float | None
    hit3: float | None
    hit10: float | None
    mrr10: float | None
    p50_ms: float
    p95_ms: float
    share: float | None = None

    def as_json(self) -> str:
        """The row as an object; ``share`` only where it means something."""
        values = {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(self).items()
            if name != "share" or value is not None
        }
        return json.dumps(values, ensure_ascii=False)


def table(name: str, rows: Sequence[Row]) -> str:
    """The rows of a set for a terminal."""
    cells = [HEADS, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join([f"set {name}", *(_line(line, widths) for line in cells)])


def markdown(name: str, rows: Sequence[Row]) -> str:
    """The rows of a set for the docs."""
    return f"### Set {name}\n\n{pages.table(HEADS, map(_cells, rows))}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    texts = [cell.ljust(width) for cell, width in zip(cells[:2], widths[:2], strict=True)]
    numbers = [cell.rjust(width) for cell, width in zip(cells[2:], widths[2:], strict=True)]
    return "  ".join([*texts, *numbers]).rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    shares = (row.hit1, row.hit3, row.hit10, row.mrr10)
    return (
        row.engine,
        row.kind,
        str(row.n),
        *("" if value is None else f"{value:.4f}" for value in shares),
        f"{row.p50_ms:.1f}",
        f"{row.p95_ms:.1f}",
        "" if row.share is None else f"{row.share:.4f}",
    )
