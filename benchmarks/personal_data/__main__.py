"""How well personal data are found, on lines that are made for it.

Prints a table, or with ``--json`` an object a line. Ends with 0 when the figures are reached, 1
when one is missed.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from random import Random

import click

from benchmarks.personal_data.figures import missed, rows, speed
from benchmarks.personal_data.sentences import clean_line, lines
from benchmarks.progress import say

_HEADS = ("kind", "expected", "recall", "precision", "false_finds")


@click.command()
@click.option("--seed", type=int, default=1, help="Another seed, other lines.")
@click.option("--lines", "number", type=click.IntRange(100), default=10_000, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="One object a line instead of a table.")
@click.option("--misses", type=click.IntRange(0), default=0, help="Shows so many misses.")
def main(seed: int, number: int, as_json: bool, misses: int) -> None:
    """Measures how well personal data are found."""
    mixed = list(lines(Random(seed), number))
    clean = [clean_line(Random(f"{seed}-{place}")) for place in range(number)]
    found, wrong = rows(mixed, clean)
    for line in wrong[:misses]:
        say(line)
    rate = speed(clean)
    if as_json:
        for row in found:
            click.echo(json.dumps(asdict(row)))
        click.echo(json.dumps({"mb_per_second": round(rate, 1)}))
    else:
        click.echo("  ".join([_HEADS[0].ljust(14), *(head.rjust(11) for head in _HEADS[1:])]))
        for row in found:
            cells = (f"{row.expected}", f"{row.recall:.4f}", f"{row.precision:.4f}", f"{row.false_finds}")
            click.echo("  ".join([row.kind.ljust(14), *(cell.rjust(11) for cell in cells)]))
        click.echo(f"prose without finds: {rate:.1f} MB/s")
    problems = missed(found)
    for problem in problems:
        say(f"MISSED {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
