"""A View → a staged copy → a static site, proved to hold nothing of other audiences.

The stage is a folder of its own for each audience: canonical pages made from the View, with
bodies that are already clean HTML, and a configuration. MkDocs builds that folder; it never reads
a file that an author wrote. A site is built aside, swept, and only then takes its place.
"""

from __future__ import annotations

import html
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from casebook.digests import package_files, software_digest
from casebook.documents import Kind
from casebook.errors import LeakError, PublishError
from casebook.guide import guide_navigation, guide_pages
from casebook.library import View, load_library
from casebook.pages import navigation, view_pages
from casebook.problems import Problem
from casebook.settings import GLOSSARY_FILE, SETTINGS_FILE
from casebook.sweep import canaries, sweep

PAGES = "pages"
_ASSETS = ("case-search.js", "case-search.css")


@dataclass(frozen=True)
class Stage:
    """A staged copy of one audience's site.

    Attributes:
        folder: holds ``mkdocs.yml`` and ``pages/``.
        name: the site's name, escaped: the builder's templates do not escape.
        nav: the navigation, as the theme shows it.
        canaries: what the built site must not hold anywhere.
    """

    folder: Path
    name: str
    nav: list[Any]
    canaries: frozenset[str]

    @property
    def pages(self) -> Path:
        """The folder that the site builder reads."""
        return self.folder / PAGES


def stage(view: View, widest: View, folder: Path) -> Stage:
    """Writes a view's pages and configuration.

    Files that would not change are left as they are, so that a watching builder stays quiet.

    Args:
        view: what to stage.
        widest: the widest audience's view of the same library on the same day.
        folder: the audience's stage; files in it that belong to no page are removed.
    """
    pages = [*view_pages(view), *guide_pages(view)]
    texts = {f"{PAGES}/{page.file}": page.text() for page in pages}
    for name in _ASSETS:
        source = resources.files("search") / "static" / name
        texts[f"{PAGES}/assets/{name}"] = source.read_text(encoding="utf-8")
    nav = [vars(entry) for entry in (*navigation(view), *guide_navigation(view))]
    texts["mkdocs.yml"] = json.dumps(
        _configuration(view, folder, nav), ensure_ascii=False, indent=1
    )
    for name, text in texts.items():
        _write(folder / name, text)
    for file in sorted(folder.rglob("*"), reverse=True):
        if file.is_dir():
            if not any(file.iterdir()):
                file.rmdir()
        elif file.relative_to(folder).as_posix() not in texts:
            file.unlink()
    return Stage(folder, html.escape(view.audience.title), nav, frozenset(canaries(widest, view)))


@dataclass(frozen=True)
class Prepared:
    """What a builder that was started by hand is to build.

    Attributes:
        stage: the staged copy.
        problems: what is wrong with the files that are not in it.
        inputs: the files and folders that it was made from.
    """

    stage: Stage
    problems: tuple[Problem, ...]
    inputs: tuple[Path, ...]


def stage_for_builder(config_file: Path, options: Mapping[str, Any]) -> Prepared:
    """Stages what a builder that was started by hand is about to build.

    Args:
        config_file: its configuration, in the library's folder unless ``options`` say otherwise.
        options: ``extra.casebook`` of that configuration: ``library`` and ``audience``, both
            optional; the narrowest audience is the default.
    """
    root = (config_file.parent / str(options.get("library", "."))).resolve()
    library = load_library(root)
    view = library.view(options.get("audience"))
    widest = library.view(library.settings.widest.id, view.on)
    staged = stage(view, widest, root / "build" / "stage" / view.audience.id)
    inputs = (root / name for name in (SETTINGS_FILE, GLOSSARY_FILE, *(k.folder for k in Kind)))
    return Prepared(staged, library.problems, tuple(path for path in inputs if path.exists()))


def build_site(view: View, widest: View, stage_folder: Path, out: Path) -> int:
    """Stages, builds and sweeps the site of one audience, then puts it in its place.

    Args:
        view: what the site shows.
        widest: the widest audience's view of the same library on the same day.
        stage_folder: the audience's stage.
        out: the site's folder; replaced as a whole.

    Returns:
        How many files the site has.

    Raises:
        PublishError: ``out`` must not be written to, or the builder failed.
        LeakError: the built site held something that its audience must not see.
    """
    refuse_tracked(out)
    staged = stage(view, widest, stage_folder)
    fresh = out.with_name(f".{out.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        _run_builder(staged, fresh)
        prove(fresh, staged)
        _replace(fresh, out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return sum(1 for path in out.rglob("*") if path.is_file())


def prove(site: Path, staged: Stage) -> None:
    """Sweeps a built site for what its audience must not see.

    Raises:
        LeakError: something of it is there.
    """
    leaks = sweep(site, staged.canaries)
    if leaks:
        raise LeakError([str(leak) for leak in leaks])


def refuse_tracked(folder: Path) -> None:
    """Refuses a folder that holds files which git tracks: a build would delete them.

    Raises:
        PublishError: git tracks something in it, or it holds a library.
    """
    existing = folder
    while not existing.is_dir():
        existing = existing.parent
    try:
        found = subprocess.run(
            ["git", "-C", str(existing), "ls-files", "--", str(folder.absolute())],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return
    tracked = found.stdout.split("\n")[0]
    if found.returncode == 0 and tracked:
        raise PublishError(
            f"“{folder}”里有 git 管理的文件（如 {tracked}），生成站点会把它们删掉。"
            "请用 --out 指定别的文件夹，例如 build/site。"
        )
    if (folder / "casebook.toml").exists():
        raise PublishError(
            f"“{folder}”是一个知识库，不能当作站点的输出文件夹。请用 --out 指定别处。"
        )


def preview_configuration(library: Path, audience: str, folder: Path) -> Path:
    """Writes the configuration of a live preview, which stages anew before each build.

    Returns:
        The configuration file.
    """
    sources = site_sources()
    configuration = {
        "INHERIT": _relative(sources / "mkdocs.yml", folder),
        "site_dir": "site",
        "docs_dir": _relative(sources / "site" / "pages", folder),
        "theme": {"custom_dir": _relative(sources / "site" / "theme", folder)},
        "hooks": [_relative(sources / "site" / "hooks.py", folder)],
        "extra": {"casebook": {"library": _relative(library, folder), "audience": audience}},
    }
    file = folder / "mkdocs.yml"
    _write(file, json.dumps(configuration, ensure_ascii=False, indent=1))
    return file


def site_sources() -> Path:
    """The folder with ``mkdocs.yml`` and ``site/``: the checkout, or in the installed package."""
    package = Path(__file__).parent
    checkout = package.parent
    return checkout if (checkout / "site" / "theme").is_dir() else package / "_site"


def software_fingerprint() -> str:
    """Changes whenever the code or the site's sources do."""
    sources = site_sources()
    files = [sources / "mkdocs.yml", *(sources / "site").rglob("*")]
    for package in ("casebook", "search"):
        files += package_files(package)
    return software_digest(files)


def _configuration(view: View, folder: Path, nav: list[Any]) -> dict[str, Any]:
    sources = site_sources()
    return {
        "INHERIT": _relative(sources / "mkdocs.yml", folder),
        "site_name": html.escape(view.audience.title),
        "site_url": view.audience.url,
        "docs_dir": PAGES,
        "site_dir": "site",
        "theme": {"custom_dir": _relative(sources / "site" / "theme", folder)},
        "hooks": [],
        "extra": {"search_service": view.settings.search.service, "nav": nav},
    }


def _run_builder(staged: Stage, out: Path) -> None:
    # Not --quiet: warnings that are silenced do not count for --strict.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    done = subprocess.run(
        [*command, "-f", str(staged.folder / "mkdocs.yml"), "-d", str(out.absolute())],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "true", "DISABLE_MKDOCS_2_WARNING": "true"},
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        said = "\n".join(line for line in lines if not line.startswith(("INFO", "DEBUG")))
        raise PublishError(f"MkDocs 没有生成站点：\n{said}")


def _replace(fresh: Path, out: Path) -> None:
    """Puts a new folder in the place of an old one."""
    old = out.with_name(f".{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    fresh.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode()
    if not file.is_file() or file.read_bytes() != data:
        file.write_bytes(data)


def _relative(path: Path, start: Path) -> str:
    return Path(os.path.relpath(path.absolute(), start.absolute())).as_posix()
