"""How well personal data are found, on lines that are made for it.

Prints a table, or with ``--json`` an object a line. Ends with 0 when the figures are reached, 1
when one is missed.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from random import Random

import click

from benchmarks.personal_data.figures import missed, rows, speed
from benchmarks.personal_data.sentences import clean_line, lines
from benchmarks.progress import say

_ROOT = Path(__file__).parents[2]
_HEADS = ("kind", "expected", "recall", "precision", "false_finds")


@click.command()
@click.option("--seed", type=int, default=1, help="Another seed, other lines.")
@click.option("--lines", "number", type=click.IntRange(100), default=10_000, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="One object a line instead of a table.")
@click.option("--misses", type=click.IntRange(0), default=0, help="Shows so many misses.")
def main(seed: int, number: int, as_json: bool, misses: int) -> None:
    """Measures how well personal data are found."""
    mixed = list(lines(Random(seed), number))  # noqa: S311
    clean = [clean_line(Random(f"{seed}-{place}")) for place in range(number)]  # noqa: S311
    found, wrong = rows(mixed, clean)
    for line in wrong[:misses]:
        say(line)
    files = (
        file for folder in ("cases", "faq", "policies") for file in (_ROOT / folder).rglob("*.md")
    )
    prose = speed("\n".join(file.read_text(encoding="utf-8") for file in sorted(files)) or "。")
    hard = speed("\n".join(line.text for line in clean))
    if as_json:
        for row in found:
            click.echo(json.dumps(asdict(row)))
        click.echo(
            json.dumps({"library_mb_s": round(prose, 1), "clean_lines_mb_s": round(hard, 1)})
        )
    else:
        click.echo("  ".join([_HEADS[0].ljust(14), *(head.rjust(11) for head in _HEADS[1:])]))
        for row in found:
            cells = (
                f"{row.expected}",
                f"{row.recall:.4f}",
                f"{row.precision:.4f}",
                f"{row.false_finds}",
            )
            click.echo("  ".join([row.kind.ljust(14), *(cell.rjust(11) for cell in cells)]))
        click.echo(f"the sample library {prose:.1f} MB/s, the clean lines {hard:.1f} MB/s")
    problems = missed(found)
    for problem in problems:
        say(f"MISSED {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
