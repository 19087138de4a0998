"""What a build costs: everything from nothing, and one changed document until it is found."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.data import DataError
from benchmarks.libraries import CHECKOUT, ON
from benchmarks.metrics import percentile
from benchmarks.progress import counter, say
from benchmarks.speed.corpus import FOLDER, Corpus
from benchmarks.speed.figures import Figure
from casebook.documents import Kind
from casebook.library import Library, load_library
from casebook.settings import GLOSSARY_FILE, SETTINGS_FILE
from search.engines import get_engine
from search.generations import Live, publish
from search.searcher import Request, Searcher

BUILD = "build"
CHANGE = "change"
FROM_NOTHING = "everything from nothing"
ONE_CHANGED = "one document changed"
# Whoosh is for small libraries; what it takes for a large one tells nothing.
_MOST = {"tantivy": 100_000, "whoosh": 10_000}
_CHANGES = 5
_FOUND_SECONDS = 60.0
_ANSWER = "## 统一答复\n"


def build_figures(corpus: Corpus, size: int) -> Iterator[Figure]:
    """Passages a second, from a view to a published index."""
    for engine, most in _MOST.items():
        passages = min(size, most)
        say(f"build: {engine}, {passages:,} passages ...")
        folder = FOLDER / "build"
        shutil.rmtree(folder, ignore_errors=True)
        began = time.perf_counter()
        publish(corpus.first(passages), folder, get_engine(engine), "")
        speed = passages / (time.perf_counter() - began)
        yield Figure(BUILD, engine, "speed", "passages/s", speed, passages)


def change_figures(documents: int) -> Iterator[Figure]:
    """Seconds from a changed file to its being found, and those of building everything.

    The documents are copies of the sample library's: their size decides what reading them costs.

    Args:
        documents: how many there are.
    """
    root = FOLDER / "change"
    shutil.rmtree(root, ignore_errors=True)
    say(f"change: writing {documents:,} documents ...")
    copies = copy_sample(root, documents)
    began = time.perf_counter()
    library = load_library(root, progress=counter("change: reading files"))
    yield Figure(CHANGE, FROM_NOTHING, "read", "s", time.perf_counter() - began, documents)
    _publish(library, root)
    yield Figure(CHANGE, FROM_NOTHING, "published", "s", time.perf_counter() - began, documents)
    # As in a process that has been running: every file has been looked at since it was written.
    library = load_library(root, previous=library)
    took = []
    with closing(Live(root / "index", library.settings.widest.id)) as live:
        for turn in range(_CHANGES):
            say(f"change: {turn + 1} of {_CHANGES} ...")
            library, seconds = _change(root, library, live, copies[turn])
            took.append(seconds)
    for name, values in zip(("read", "published", "found"), zip(*took, strict=True), strict=True):
        yield Figure(CHANGE, ONE_CHANGED, name, "s", percentile(values, 50), documents, _CHANGES)


def copy_sample(root: Path, documents: int) -> list[Path]:
    """Writes a library of the sample library's documents and of numbered copies of its FAQ entries.

    Args:
        root: its folder; does not exist.
        documents: how many it has in all.

    Returns:
        The files of the FAQ entries.
    """
    for kind in Kind:
        shutil.copytree(CHECKOUT / kind.folder, root / kind.folder)
    for name in (SETTINGS_FILE, GLOSSARY_FILE):
        shutil.copy(CHECKOUT / name, root)
    originals = sorted((root / Kind.FAQ.folder).rglob("*.md"))
    files = list(originals)
    missing = documents - sum(len(list((root / kind.folder).rglob("*.md"))) for kind in Kind)
    for place in range(missing):
        turn, which = divmod(place, len(originals))
        original = originals[which]
        text = original.read_text(encoding="utf-8")
        text = re.sub(r"^id: (.+)$", rf"id: \1-{turn}", text, count=1, flags=re.MULTILINE)
        file = root / Kind.FAQ.folder / f"{turn:04d}" / f"{original.stem}-{turn}.md"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        files.append(file)
    return files


def _change(
    root: Path, library: Library, live: Live, file: Path
) -> tuple[Library, tuple[float, float, float]]:
    """Changes a document; the library then, and seconds until it was read, published and found."""
    word = f"zq{time.time_ns()}"
    text = file.read_text(encoding="utf-8").replace(_ANSWER, f"{_ANSWER}{word}。", 1)
    began = time.perf_counter()
    file.write_text(text, encoding="utf-8")
    library = load_library(root, previous=library)
    read = time.perf_counter() - began
    _publish(library, root)
    published = time.perf_counter() - began
    _wait_until_found(live, word)
    return library, (read, published, time.perf_counter() - began)


def _publish(library: Library, root: Path) -> None:
    view = library.view(library.settings.widest.id, on=ON)
    publish(view, root / "index", get_engine("tantivy"), "")


def _wait_until_found(live: Live, word: str) -> None:
    until = time.monotonic() + _FOUND_SECONDS
    while time.monotonic() < until:
        with live.generation() as generation:
            if Searcher(generation, ON, internal=True).search(Request(word)).hits:
                return
        time.sleep(0.005)
    raise DataError(f"{word} was published and not found within {_FOUND_SECONDS:g} s")
