"""Figures, and what they were measured on."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("casebook", "tantivy", "whoosh-reloaded", "bm25s", "numpy", "flask", "granian")


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes:
        part: the part of the benchmark.
        subject: what was measured.
        name: which figure of it.
        unit: what it is counted in.
        value: the number.
        passages: how many passages there were.
        n: how many single measurements it comes from.
    """

    part: str
    subject: str
    name: str
    unit: str
    value: float
    passages: int
    n: int = 1


@dataclass(frozen=True)
class Report:
    """Everything that a run found.

    Attributes:
        machine: where it ran.
        versions: of what was measured.
        data: what it was measured with.
        day: when.
        figures: the numbers.
    """

    machine: str
    versions: str
    data: str
    day: str
    figures: tuple[Figure, ...]

    def save(self, file: Path) -> None:
        """Writes it as JSON."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1), encoding="utf-8")


def new_report(data: str, figures: Iterable[Figure]) -> Report:
    """A report of figures that were measured here and now."""
    return Report(machine(), versions(), data, datetime.now(UTC).date().isoformat(), tuple(figures))


def read_report(file: Path) -> Report:
    """A report that was saved."""
    values = json.loads(file.read_text(encoding="utf-8"))
    figures = tuple(Figure(**figure) for figure in values.pop("figures"))
    return Report(**values, figures=figures)


def machine() -> str:
    """Processor, cores, memory and system, as far as they can be known."""
    parts = [_processor(), f"{os.cpu_count()} cores"]
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
        parts.append(f"{memory:.0f} GiB memory")
    return ", ".join([*parts, f"{platform.system()} {platform.release()}"])


def versions() -> str:
    """Python, SQLite and the packages that decide how fast things are."""
    found = [f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}"]
    return ", ".join([*found, *(f"{name} {version(name)}" for name in _PACKAGES)])


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def value_of(figures: Sequence[Figure], part: str, subject: str, name: str, passages: int) -> float:
    """The value of one figure; not a number when it was not measured."""
    key = (part, subject, name, passages)
    found = (f.value for f in figures if (f.part, f.subject, f.name, f.passages) == key)
    return next(found, float("nan"))
