"""A report → a section of docs/benchmarks.md and a chart. As a program: those of the last run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from benchmarks.pages import IMAGES, PAGE, replace_section, table
from benchmarks.speed import building, queries, service
from benchmarks.speed.corpus import FOLDER
from benchmarks.speed.figures import Figure, Report, read_report, value_of
from benchmarks.speed.rivals import RIVALS

GROWTH = "speed-growth.svg"
_SYSTEMS = (
    queries.ANALYSIS,
    queries.OURS,
    queries.WHOLE,
    *(rival.name for rival in RIVALS),
    queries.WHOOSH,
)
_PANELS = ("median", "95th percentile")
_EMPTY = "–"
_THOUSAND = 1000


def section(report: Report) -> str:
    """The report as Markdown."""
    parts = [
        f"Measured {report.day} on {report.machine}; {report.versions}. Questions: {report.data}.",
        _queries(report.figures),
        _sounds(report.figures),
        _service(report.figures),
        _builds(report.figures),
    ]
    return "\n\n".join(part for part in parts if part)


def draw(report: Report, folder: Path) -> list[Path]:
    """Draws how the time of a query grows with the number of passages."""
    measured = [f for f in report.figures if f.part in (queries.PART, queries.WHOOSH)]
    if not measured:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    # The same figures give the same file, and text stays text.
    mpl.rcParams.update({"svg.hashsalt": "casebook", "svg.fonttype": "none"})
    drawing = Drawing(figsize=(12, 5), layout="constrained")
    panels = drawing.subplots(1, 2, sharey=True)
    for axes, name, title in zip(panels, ("p50", "p95"), _PANELS, strict=True):
        _draw_panel(axes, [figure for figure in measured if figure.name == name])
        axes.set_title(title)
    panels[0].set_ylabel("milliseconds a query")
    drawing.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper")
    file = folder / GROWTH
    drawing.savefig(file, metadata={"Date": None})
    return [file]


def _label(name: str) -> str:
    return "whoosh, whole search" if name == queries.WHOOSH else name


def _draw_panel(axes: Axes, figures: Sequence[Figure]) -> None:
    for name in _SYSTEMS:
        line = sorted((f.passages, f.value) for f in figures if f.subject == name)
        if line:
            axes.plot(*zip(*line, strict=True), marker="o", markersize=4, label=_label(name))
    axes.set(xscale="log", yscale="log", xlabel="passages")
    axes.grid(visible=True, alpha=0.3)


def _queries(figures: Sequence[Figure]) -> str:
    measured = [f for f in figures if f.part in (queries.PART, queries.WHOOSH)]
    sizes = sorted({f.passages for f in measured if f.part == queries.PART})
    if not sizes:
        return ""
    rows = [
        [name, *(_pair(figures, queries.PART, name, size) for size in sizes)]
        for name in _SYSTEMS[:-1]
    ]
    parts = [
        "### A query, by number of passages",
        "Milliseconds, median / 95th percentile.",
        table(["", *(f"{size:,}" for size in sizes)], rows),
        f"![Time of a query by number of passages](images/{GROWTH})",
        _whoosh(figures),
    ]
    return "\n\n".join(part for part in parts if part)


def _whoosh(figures: Sequence[Figure]) -> str:
    sizes = sorted({f.passages for f in figures if f.part == queries.WHOOSH})
    if not sizes:
        return ""
    rows = [
        [
            _label(queries.WHOOSH),
            *(_pair(figures, queries.WHOOSH, queries.WHOOSH, s) for s in sizes),
        ]
    ]
    return table(["", *(f"{size:,}" for size in sizes)], rows)


def _sounds(figures: Sequence[Figure]) -> str:
    measured = [f for f in figures if f.part == queries.SOUNDS]
    if not measured:
        return ""
    size = measured[0].passages
    names = ("p50", "p95", "index")
    found = {
        subject: [value_of(figures, queries.SOUNDS, subject, name, size) for name in names]
        for subject in (queries.WITH_SOUNDS, queries.WORDS_ONLY)
    }
    rows = [[subject, *map(_number, values)] for subject, values in found.items()]
    ratios = [a / b for a, b in zip(*found.values(), strict=True)]
    rows.append(["ratio", *(f"{ratio:.2f}" for ratio in ratios)])
    return "\n\n".join(
        [
            f"### Pinyin and homophones, {size:,} passages",
            table(["engine alone", "p50 ms", "p95 ms", "index MB"], rows),
        ]
    )


def _service(figures: Sequence[Figure]) -> str:
    measured = [f for f in figures if f.part in (service.START, service.REQUESTS, service.ARRIVALS)]
    if not measured:
        return ""
    size = measured[0].passages
    names = ("p50", "p95", "p99", "rate", "errors")
    subjects = dict.fromkeys((f.part, f.subject) for f in measured if f.part != service.START)
    rows = [
        [subject, *(_number(value_of(figures, part, subject, name, size)) for name in names)]
        for part, subject in subjects
    ]
    start = value_of(figures, service.START, "first answer", "after", size)
    memory = value_of(figures, service.START, "server", "memory", size)
    return "\n\n".join(
        [
            f"### The service over HTTP, {size:,} passages",
            table(["", "p50 ms", "p95 ms", "p99 ms", "requests/s", "errors"], rows),
            f"First answer {start:.2f} s after the process started; {memory:,.0f} MB in memory,"
            f" {service.WORKERS} processes together.",
        ]
    )


def _builds(figures: Sequence[Figure]) -> str:
    rows = [
        [f"index, {f.subject}, {f.passages:,} passages", f"{f.value:,.0f} passages/s"]
        for f in figures
        if f.part == building.BUILD
    ]
    rows += [
        [f"{f.subject}, {f.passages:,} documents: {f.name} after", f"{f.value:.2f} s"]
        for f in figures
        if f.part == building.CHANGE
    ]
    return "\n\n".join(["### Building", table(["", ""], rows)]) if rows else ""


def _pair(figures: Sequence[Figure], part: str, subject: str, size: int) -> str:
    values = [value_of(figures, part, subject, name, size) for name in ("p50", "p95")]
    return " / ".join(map(_number, values))


def _number(value: float) -> str:
    if value != value:  # noqa: PLR0124  (not a number: it was not measured)
        return _EMPTY
    return f"{value:,.0f}" if value >= _THOUSAND or value == int(value) else f"{value:.3g}"


def publish_report(report: Report) -> None:
    """Writes the report into the docs."""
    replace_section(PAGE, "speed", section(report))
    draw(report, IMAGES)


if __name__ == "__main__":
    publish_report(read_report(FOLDER / "report.json"))
