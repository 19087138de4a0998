"""Checked by mypy only: whatever publishes takes a View and cannot be handed a Library.

Each ignored error must be there; mypy reports an ignore that is not needed.
"""

from pathlib import Path

from casebook.library import Library, View
from casebook.pages import view_pages
from casebook.publishing import build_site, stage
from casebook.sweep import canaries
from search.engines.base import Engine
from search.generations import publish
from search.passages import findables


def right(view: View, engine: Engine, folder: Path) -> None:
    view_pages(view)
    findables(view)
    stage(view, view, folder)
    build_site(view, view, folder, folder)
    publish(view, folder, engine, "")
    canaries(view, view)


def wrong(library: Library, view: View, engine: Engine, folder: Path) -> None:
    view_pages(library)  # type: ignore[arg-type]
    findables(library)  # type: ignore[arg-type]
    stage(library, view, folder)  # type: ignore[arg-type]
    build_site(library, view, folder, folder)  # type: ignore[arg-type]
    publish(library, folder, engine, "")  # type: ignore[arg-type]
    canaries(library, view)  # type: ignore[arg-type]
