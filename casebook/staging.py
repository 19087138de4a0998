"""A View → the staged copy that a builder reads: canonical pages and a configuration.

Bodies are clean HTML already; a builder never reads a file that an author wrote.
"""

from __future__ import annotations

import html
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from casebook.builders import CONFIGURATION, PAGES
from casebook.digests import package_files, software_digest
from casebook.guide import guide_navigation, guide_pages
from casebook.library import View
from casebook.offline import keeps_copy
from casebook.pages import Draft, Page, navigation, view_drafts
from casebook.pages.page import finished


def drafts(view: View, asked: Mapping[str, int]) -> Iterator[Draft]:
    """Every page of a view's site, to be made where it is needed.

    Args:
        view: what the site shows.
        asked: how often documents were what people looked for, by id.
    """
    yield from view_drafts(view, asked)
    yield from map(finished, guide_pages(view))


def configuration(
    view: View, folder: Path, asked: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """What a builder is told besides the pages.

    Args:
        view: what the site shows.
        folder: where the staged copy is.
        asked: how often documents were what people looked for, by id.
    """
    sources = site_sources()
    nav = [*navigation(view, asked), *guide_navigation(view)]
    return {
        "INHERIT": relative(sources / CONFIGURATION, folder),
        "site_name": site_name(view),
        "site_url": view.audience.url,
        "theme": {"custom_dir": relative(sources / "site" / "theme", folder)},
        "hooks": [],
        "extra": {
            "search_service": view.settings.search.service,
            "nav": [vars(entry) for entry in nav],
            "language": view.settings.library.language,
            "offline": keeps_copy(view),
        },
    }


def site_name(view: View) -> str:
    """The site's name, escaped: the builder's templates do not escape."""
    return html.escape(view.audience.title)


def write_pages(folder: Path, pages: Iterable[Page]) -> None:
    """Writes the pages that a builder is to build, and removes all others.

    Files that would not change are left as they are, so that a watching builder stays quiet.

    Args:
        folder: the stage.
        pages: what is to be in it.
    """
    root = folder / PAGES
    wanted = set()
    for page in pages:
        file = root / page.file
        wanted.add(file)
        write_if_changed(file, page.text())
    for file in sorted(root.rglob("*"), reverse=True):
        if file.is_dir():
            if not any(file.iterdir()):
                file.rmdir()
        elif file not in wanted:
            file.unlink()


def write_if_changed(file: Path, text: str) -> None:
    """Writes a file, unless it holds this text already."""
    data = text.encode()
    if not file.is_file() or file.read_bytes() != data:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def preview_configuration(library: Path, audience: str, folder: Path) -> Path:
    """Writes the configuration of a live preview, which stages anew before each build.

    Returns:
        The configuration file.
    """
    sources = site_sources()
    keys = {
        "INHERIT": relative(sources / CONFIGURATION, folder),
        "site_dir": "site",
        "docs_dir": relative(sources / "site" / "pages", folder),
        "theme": {"custom_dir": relative(sources / "site" / "theme", folder)},
        "hooks": [relative(sources / "site" / "hooks.py", folder)],
        "extra": {"casebook": {"library": relative(library, folder), "audience": audience}},
    }
    file = folder / CONFIGURATION
    write_if_changed(file, json.dumps(keys, ensure_ascii=False, indent=1))
    return file


def site_sources() -> Path:
    """The folder with ``mkdocs.yml`` and ``site/``: the checkout, or in the installed package."""
    package = Path(__file__).parent
    checkout = package.parent
    return checkout if (checkout / "site" / "theme").is_dir() else package / "_site"


def software_fingerprint() -> str:
    """Changes whenever the code or the site's sources do."""
    sources = site_sources()
    files = [sources / CONFIGURATION, *(sources / "site").rglob("*")]
    for package in ("casebook", "search"):
        files += package_files(package)
    return software_digest(files)


def relative(path: Path, start: Path) -> str:
    """A path as seen from a folder."""
    return Path(os.path.relpath(path.absolute(), start.absolute())).as_posix()
