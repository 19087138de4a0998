"""Checked by mypy only: whatever publishes takes a View and cannot be handed a Library.

Each ignored error must be there; mypy reports an ignore that is not needed.
"""

from pathlib import Path
from typing import BinaryIO

from casebook.exporting.booklet import booklet
from casebook.exporting.records import json_lines
from casebook.exporting.sheet import write_csv, write_xlsx
from casebook.library import Library, View
from casebook.outlets import Made, outlet_files
from casebook.pages import view_pages
from casebook.publishing import build_site, stage
from casebook.staging import configuration, drafts
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
    drafts(view, {})
    configuration(view, folder)
    outlet_files(Made(view, (), folder, dict))


def right_exports(view: View, file: BinaryIO) -> None:
    json_lines(view)
    write_csv(view, file)
    write_xlsx(view, file)
    booklet(view, "资费")


def wrong(library: Library, view: View, engine: Engine, folder: Path) -> None:
    view_pages(library)  # type: ignore[arg-type]
    findables(library)  # type: ignore[arg-type]
    stage(library, view, folder)  # type: ignore[arg-type]
    build_site(library, view, folder, folder)  # type: ignore[arg-type]
    publish(library, folder, engine, "")  # type: ignore[arg-type]
    canaries(library, view)  # type: ignore[arg-type]
    drafts(library, {})  # type: ignore[arg-type]
    configuration(library, folder)  # type: ignore[arg-type]
    outlet_files(Made(library, (), folder, dict))  # type: ignore[arg-type]


def wrong_exports(library: Library, file: BinaryIO) -> None:
    json_lines(library)  # type: ignore[arg-type]
    write_csv(library, file)  # type: ignore[arg-type]
    write_xlsx(library, file)  # type: ignore[arg-type]
    booklet(library, "资费")  # type: ignore[arg-type]
