"""Entries → a library of Markdown files → a published index, by the product's own way.

What the data do not have is filled with what holds no word, so that nothing is found by it: a FAQ
entry must have an answer and a procedure. Similar questions and policies are not demanded.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.data import FaqEntry
from benchmarks.progress import counter, say
from casebook.documents import Kind
from casebook.library import Library, View, load_library
from casebook.settings import SETTINGS_FILE
from casebook.staging import software_fingerprint
from search.engines import get_engine
from search.generations import current_manifest, publish
from search.service import ServiceConfig

CHECKOUT = Path(__file__).parent.parent
WORK = Path("build") / "bench"
# Figures do not depend on the day they are made: all documents hold on this one.
ON = date(2026, 11, 22)
# Text without a word.
NOTHING = "……"
_DEMANDS = "\n[faq]\nsimilar = 0\npolicies = 0\n"
_IN_A_FOLDER = 1000
_FAQ = """---
id: {id}
title: {title}
audience: {audience}
owner: {nothing}
subject: {subject}
similar: [{similar}]
effective_from: 2026-01-01
approved_on: 2026-11-01
review_by: 2027-11-01
policies: []
---

## 统一答复

{answer}

## 办理方式

{nothing}

## 设计思路

{nothing}

## 禁用说法

{nothing}
"""


@dataclass(frozen=True)
class Made:
    """A library made from entries.

    Attributes:
        root: its folder.
        ids: the id in the library of each entry's id.
    """

    root: Path
    ids: Mapping[str, str]


def make_library(root: Path, entries: Iterable[FaqEntry]) -> Made:
    """Writes a library of FAQ entries, and removes what it held before.

    Files that would not change are left as they are; reading them again is quick.

    Args:
        root: its folder; made when it is not there.
        entries: each becomes a document.
    """
    root.mkdir(parents=True, exist_ok=True)
    settings = (CHECKOUT / SETTINGS_FILE).read_text(encoding="utf-8")
    write_if_changed(root / SETTINGS_FILE, settings + _DEMANDS)
    ids = {}
    files = set()
    for place, entry in enumerate(entries):
        name = f"faq-{place:07d}"
        file = root / Kind.FAQ.folder / f"{place // _IN_A_FOLDER:04d}" / f"{name}.md"
        write_if_changed(file, faq_text(name, entry))
        ids[entry.id] = name
        files.add(file)
    for file in root.glob("*/*/*.md"):
        if file not in files:
            file.unlink()
    return Made(root, ids)


def faq_text(name: str, entry: FaqEntry, answer: str = NOTHING) -> str:
    """An entry as a Markdown file.

    Args:
        name: the document's id.
        entry: its questions.
        answer: its answer, as Markdown.
    """
    return _FAQ.format(
        id=name,
        title=quoted(entry.question),
        similar=", ".join(map(quoted, entry.similar)),
        answer=answer,
        audience="dealer",
        subject="资费",
        nothing=NOTHING,
    )


def quoted(text: str) -> str:
    """A text as a YAML scalar, whatever is in it."""
    safe = (c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08X}" for c in text)
    return f'"{"".join(safe)}"'


def write_if_changed(file: Path, text: str) -> None:
    """Writes a file, unless it holds this text already."""
    data = text.encode("utf-8", "replace")
    if not file.is_file() or file.read_bytes() != data:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def load(root: Path) -> Library:
    """Reads a library; files that the reader refuses are named."""
    library = load_library(root, progress=counter(f"{root.name}: reading files"))
    for problem in library.problems:
        say(f"{root.name}: refused {problem.path}:{problem.line}: {problem.message}")
    return library


def published(view: View, source: str, engine: str, root: Path) -> ServiceConfig:
    """Publishes an index of a view, unless it is there already; what asks it is configured so.

    Args:
        view: what it holds.
        source: the fingerprint of the view's library.
        engine: the engine's name.
        root: where indexes are kept; each engine and audience has its own folder there.
    """
    folder = root / engine / view.audience.id
    mark = f"{source} {software_fingerprint()}"
    manifest = current_manifest(folder)
    if manifest is None or manifest.source != mark:
        say(f"{root.parent.name}: {engine}: indexing {len(view.documents):,} documents ...")
        # From nothing, so that figures do not depend on what was indexed before.
        shutil.rmtree(folder, ignore_errors=True)
        publish(view, folder, get_engine(engine), mark)
    return ServiceConfig(
        audience=view.audience.id,
        internal=view.internal,
        title="benchmark",
        index=folder,
        site=None,
        today=_today,
    )


def _today() -> date:
    return ON
