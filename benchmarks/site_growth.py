"""How a site grows: the time of a build, what one change costs, the bytes of a page.

The library is that of ``benchmarks.check``, built for all its audiences by ``casebook site``; the
peer is Material for MkDocs as it comes, with its own navigation and search, given the widest
audience's pages ready-made: it reads no library, sweeps nothing and writes no feeds. Material grows
with the square of the library and is left out where that takes too long. What counts is the time of
the processors, which other work on the machine hardly touches; the clock is told besides.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.check import make_documents
from benchmarks.libraries import CHECKOUT, WORK
from benchmarks.progress import say
from casebook.library import load_library
from casebook.pages import view_drafts
from casebook.staging import write_pages

OURS, MATERIAL = "casebook", "material"
FULL = "everything"
_CONFIGURATION = {
    "site_name": "benchmark",
    "docs_dir": "pages",
    "theme": {"name": "material", "language": "zh", "font": False},
    "plugins": ["search"],
    "markdown_extensions": ["attr_list", "tables"],
}
_QUIET = {"NO_MKDOCS_2_WARNING": "true", "DISABLE_MKDOCS_2_WARNING": "true"}
_BUILT = re.compile(r"生成 (\d+) 页，保留 (\d+) 页，共")


@dataclass(frozen=True)
class Row:
    """One build.

    Attributes:
        site: whose builder.
        what: what was built: everything, or what one change touches.
        documents: in the library.
        built: how many pages were built, of all audiences.
        kept: how many were not.
        seconds: of processor time, all processes together.
        clock: seconds by the clock.
        share: the processor time as a share of that of everything.
        peak_mb: the memory of the largest process.
        mean_page: bytes of HTML.
        largest_page: bytes of HTML.
    """

    site: str
    what: str
    documents: int
    built: int
    kept: int
    seconds: float
    clock: float
    share: float
    peak_mb: int
    mean_page: int
    largest_page: int


@dataclass(frozen=True)
class _Run:
    seconds: float
    clock: float
    peak_mb: int
    said: str


def measure(root: Path, size: int, *, material: bool) -> Iterator[Row]:
    """The figures of one size, one after the other.

    Args:
        root: a folder for the library; what it held before is removed.
        size: how many documents.
        material: whether Material builds them, too.
    """
    say(f"making a library of {size:,} documents ...")
    make_documents(root, size)
    command = [sys.executable, "-m", "casebook", "site", "--library", str(root)]
    site = root / "build" / "site"
    full = 0.0
    for what, change in CHANGES.items():
        change(root)
        run = _run(command)
        full = full or run.seconds
        built = [(int(made), int(kept)) for made, kept in _BUILT.findall(run.said)]
        counts = (sum(made for made, _ in built), sum(kept for _, kept in built))
        yield _row(OURS, what, size, counts, run, run.seconds / full, site)
    if material:
        yield _material(root, size)


def _material(root: Path, size: int) -> Row:
    folder = root / "build" / MATERIAL
    view = load_library(root).view("agent")
    write_pages(folder, (draft.make() for draft in view_drafts(view)))
    file = folder / "mkdocs.yml"
    file.write_text(json.dumps(_CONFIGURATION), encoding="utf-8")
    run = _run([sys.executable, "-m", "mkdocs", "build", "--quiet", "-f", str(file)])
    pages = sum(1 for _ in (folder / "pages").rglob("*.md"))
    return _row(MATERIAL, FULL, size, (pages, 0), run, 1.0, folder / "site")


# ---- changes --------------------------------------------------------------------------------


def _entry(root: Path) -> Path:
    return sorted(root.glob("faq/*.md"))[7]


def _edit(root: Path, old: str, new: str) -> None:
    file = _entry(root)
    text = file.read_text(encoding="utf-8")
    file.write_text(re.sub(old, new, text, count=1, flags=re.MULTILINE), encoding="utf-8")


def _add(root: Path) -> None:
    text = _entry(root).read_text(encoding="utf-8")
    text = re.sub(r"^id: .*", "id: faq-one-more", text, flags=re.MULTILINE)
    text = re.sub(r"^title: (\"?)", r"title: \1另外一条：", text, flags=re.MULTILINE)
    (root / "faq" / "one-more.md").write_text(text, encoding="utf-8")


# In this order: the first builds everything, the second has no spare folder yet, what is withdrawn
# was added before.
CHANGES: Mapping[str, Callable[[Path], None]] = {
    FULL: lambda root: shutil.rmtree(root / "build", ignore_errors=True),
    "first change": lambda root: _edit(root, r"^## 统一答复\n", "## 统一答复\n\n先加一句话。\n"),
    "answer changed": lambda root: _edit(root, r"^## 统一答复\n", "## 统一答复\n\n加了一句话。\n"),
    "title changed": lambda root: _edit(root, r"^title: (\"?)", r"title: \1新的"),
    "document added": _add,
    "document withdrawn": lambda root: (root / "faq" / "one-more.md").unlink(),
}


# ---- measuring ------------------------------------------------------------------------------


def _run(command: Sequence[str]) -> _Run:
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=CHECKOUT,
        env={**os.environ, **_QUIET},
    )
    said = ""
    if process.stdout:
        with process.stdout:
            said = process.stdout.read()
    # This process's own children are in it, and those of no other.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException(said)
    seconds = usage.ru_utime + usage.ru_stime
    run = _Run(seconds, time.perf_counter() - started, usage.ru_maxrss // 1024, said)
    say(f"{run.seconds:.1f} s of processors, {run.clock:.1f} s by the clock, {run.peak_mb} MB")
    return run


def _row(
    site: str,
    what: str,
    documents: int,
    pages: tuple[int, int],
    run: _Run,
    share: float,
    folder: Path,
) -> Row:
    sizes = [file.stat().st_size for file in folder.rglob("index.html")]
    return Row(
        site=site,
        what=what,
        documents=documents,
        built=pages[0],
        kept=pages[1],
        seconds=round(run.seconds, 2),
        clock=round(run.clock, 2),
        share=round(share, 4),
        peak_mb=run.peak_mb,
        mean_page=sum(sizes) // len(sizes),
        largest_page=max(sizes),
    )


def draw(rows: Sequence[Row], file: Path) -> None:
    """Draws how builds and pages grow with the library."""
    # The same figures give the same file, and text stays text.
    mpl.rcParams.update({"svg.hashsalt": "casebook", "svg.fonttype": "none"})
    drawing = Figure(figsize=(12, 6), layout="constrained")
    times, sizes = drawing.subplots(1, 2)
    for label in dict.fromkeys((row.site, row.what) for row in rows):
        line = [row for row in rows if (row.site, row.what) == label]
        documents = [row.documents for row in line]
        times.plot(documents, [row.seconds for row in line], marker="o", label=" · ".join(label))
        if label[1] == FULL:
            means = [row.mean_page / 1000 for row in line]
            largest = [row.largest_page / 1000 for row in line]
            sizes.plot(documents, means, marker="o", label=f"{label[0]} · mean")
            sizes.plot(documents, largest, marker="s", label=f"{label[0]} · largest")
    for axes, title in ((times, "a build, seconds of processor time"), (sizes, "a page, kB")):
        axes.set(title=title, xlabel="documents", xscale="log", yscale="log")
        axes.grid(visible=True, alpha=0.3)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)
    file.parent.mkdir(parents=True, exist_ok=True)
    drawing.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)


@click.command()
@click.option("--sizes", default="200,1000,3000,10000", show_default=True, help="Documents.")
@click.option("--material-up-to", default=1000, show_default=True, help="Documents.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="A picture.")
@click.option("--json", "as_json", is_flag=True, help="One object a line instead of a table.")
def main(sizes: str, material_up_to: int, plot: Path | None, as_json: bool) -> None:
    """How a site grows, beside Material for MkDocs as it comes."""
    rows = []
    for size in map(int, sizes.split(",")):
        root = CHECKOUT / WORK / "site-growth" / str(size)
        for row in measure(root, size, material=size <= material_up_to):
            rows.append(row)
            click.echo(json.dumps(asdict(row), ensure_ascii=False) if as_json else _line(row))
    if plot:
        draw(rows, plot)


def _line(row: Row) -> str:
    return (
        f"{row.site:10}{row.what:20}{row.documents:8,}{row.built:8,} built{row.kept:8,} kept"
        f"{row.seconds:9.2f} s{row.share:8.1%}{row.peak_mb:7,} MB"
        f"{row.mean_page:9,} B{row.largest_page:11,} B"
    )


if __name__ == "__main__":
    main()
