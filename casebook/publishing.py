"""A View → a static site, proved to hold nothing of other audiences.

Pages are staged and built (:mod:`casebook.staging`, :mod:`casebook.builders`), what else a site
holds is added (:mod:`casebook.outlets`), all of it is swept (:mod:`casebook.sweep`), and only then
the site takes its place. A build makes the pages that changed and keeps the others: a builder
needs nothing of one page to build another.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casebook.builders import BUILT, Builder, get_builder
from casebook.digests import bytes_digest, file_digest
from casebook.documents import Kind
from casebook.errors import LeakError, PublishError, reason
from casebook.library import View, load_library
from casebook.manifest import Manifest, PageRecord, digests_of, load_manifest, text_digest
from casebook.new_site import NewSite
from casebook.offline import WORKER
from casebook.outlets import Made, outlet_files, page_data
from casebook.pages import Draft, Page
from casebook.problems import Problem
from casebook.settings import GLOSSARY_FILE, SETTINGS_FILE, WITHDRAWN_FILE
from casebook.site_files import SiteFile
from casebook.staging import (
    configuration,
    drafts,
    software_fingerprint,
    write_pages,
)
from casebook.sweep import canaries, sweep

Say = Callable[[str], None]
MANIFEST = "manifest.json"
_CACHE = "cache"
_SPARE = "spare"


@dataclass(frozen=True)
class BuiltSite:
    """What a build did.

    Attributes:
        files: how many files the site has.
        built: how many pages were built.
        kept: how many pages are those of the site before.
    """

    files: int
    built: int
    kept: int


def build_site(
    view: View,
    widest: View,
    stage_folder: Path,
    out: Path,
    *,
    asked: Mapping[str, int] | None = None,
    builder: Builder | None = None,
    anew: bool = False,
    say: Say = lambda message: None,
) -> BuiltSite:
    """Builds the pages of one audience that changed, sweeps the site and puts it in its place.

    Args:
        view: what the site shows.
        widest: the widest audience's view of the same library on the same day.
        stage_folder: the audience's stage, and what is remembered of its site.
        out: the site's folder; replaced as a whole.
        asked: how often documents were what people looked for, by id.
        builder: what makes the pages; MkDocs where none is given.
        anew: build every page.
        say: told what is being done.

    Raises:
        PublishError: ``out`` cannot or must not be written to, or the builder failed.
        LeakError: the built site held something that its audience must not see.
    """
    refuse_taken(out)
    builder = builder or get_builder("mkdocs")
    options = configuration(view, stage_folder, asked)
    making = _making(builder, options)
    memory = stage_folder / MANIFEST
    known = Manifest() if anew else load_manifest(memory, making, out)
    with _explained(out), NewSite(out, known.files, stage_folder / _SPARE) as site:
        pages = _Pages(known, site)
        write_pages(stage_folder, pages.changed(drafts(view, asked or {})))
        say(f"正在生成 {len(pages.built)} 页（{builder.name}），保留 {pages.kept} 页 …")
        _build(builder, stage_folder, options, site, pages.built)
        _add_outlets(view, tuple(pages.records), stage_folder / _CACHE, site)
        site.complete()
        say(f"正在检查 {len(site.files)} 个文件里有没有别的受众的内容 …")
        wanted = canaries(widest, view)
        _prove(site, wanted, known)
        site.publish()
        Manifest(making, pages.records, site.files, digests_of(wanted)).save(memory)
    return BuiltSite(len(site.files), len(pages.built), pages.kept)


@contextmanager
def _explained(out: Path) -> Iterator[None]:
    """Tells what the system refused, and that nothing was lost."""
    try:
        yield
    except OSError as error:
        raise PublishError(
            f"站点“{out}”没有生成：“{error.filename or out}”用不了（{reason(error)}）。"
            "原来的站点还在；检查磁盘空间和权限，或者用 --out 指定别的文件夹。"
        ) from error


class _Pages:
    """Tells the pages that must be built from those that the site has already.

    Args:
        known: what is known of the old site.
        site: gets the pages that are kept, and the data of all.
    """

    def __init__(self, known: Manifest, site: NewSite) -> None:
        self.records: dict[str, PageRecord] = {}
        self.built: list[str] = []
        self._known = known
        self._site = site

    @property
    def kept(self) -> int:
        """How many pages are not built."""
        return len(self.records) - len(self.built)

    def changed(self, all_drafts: Iterator[Draft]) -> Iterator[Page]:
        """The pages to build, made one at a time: a large library's do not fit into memory."""
        for draft in all_drafts:
            old = self._known.pages.get(draft.path)
            # Builders demand a first page, and it is nearly always another one.
            if old and draft.path and draft.key == old.key != "" and self._is_whole(draft, old):
                self._keep(draft.path, old)
                continue
            page = draft.make()
            if self._must_be_built(page, draft.key, old):
                self.built.append(page.path)
                yield page

    def _is_whole(self, draft: Draft, old: PageRecord) -> bool:
        files = self._known.files
        return _html(draft.path) in files and (not old.data or _data(draft.path) in files)

    def _keep(self, path: str, record: PageRecord) -> None:
        self._site.keep(_html(path))
        if record.data:
            self._site.keep(_data(path))
        self.records[path] = record

    def _must_be_built(self, page: Page, key: str, old: PageRecord | None) -> bool:
        """Takes over what can be; the text of a page may be the same though its key is not."""
        text = text_digest(page.text())
        self.records[page.path] = PageRecord(key, text, bool(page.data))
        for file in page_data(page):
            self._site.write(file.path, file.content)
        same = page.path and old and old.text == text and _html(page.path) in self._known.files
        if same:
            self._site.keep(_html(page.path))
        return not same


def _html(path: str) -> str:
    return f"{path}index.html"


def _data(path: str) -> str:
    return f"{path}index.json"


def _making(builder: Builder, options: Mapping[str, Any]) -> str:
    """Changes whenever the same pages would give another site."""
    made_by = f"{software_fingerprint()} {builder.name} {builder.version()}"
    return bytes_digest(f"{made_by} {json.dumps(options)}".encode())


def _build(
    builder: Builder,
    stage_folder: Path,
    options: Mapping[str, Any],
    site: NewSite,
    pages: list[str],
) -> None:
    """Has the staged pages built beside the site and moves them into it."""
    side = stage_folder / BUILT
    shutil.rmtree(side, ignore_errors=True)
    try:
        builder.build(stage_folder, options)
        for file in sorted(path for path in side.rglob("*") if path.is_file()):
            name = file.relative_to(side).as_posix()
            if name not in builder.extras:
                site.take(name, file)
    finally:
        shutil.rmtree(side, ignore_errors=True)
    missing = [path for path in pages if _html(path) not in site.files]
    if missing:
        raise PublishError(
            f"{builder.name} 少生成了 {len(missing)} 页，如 {missing[0]}；"
            f"要生成的文件在“{stage_folder}”。"
        )


def _add_outlets(view: View, pages: tuple[str, ...], cache: Path, site: NewSite) -> None:
    def digests() -> dict[str, str]:
        return {path: record.digest for path, record in site.files.items()}

    for file in outlet_files(Made(view, pages, cache, digests)):
        site.write(file.path, file.content)


def _prove(site: NewSite, wanted: set[str], known: Manifest) -> None:
    """Sweeps the new site; what was swept before is looked at for what is new only."""
    new = {word for word in wanted if text_digest(word) not in known.swept}
    _refuse_leaks([str(leak) for leak in sweep(site.folder, wanted, clean=site.kept, new=new)])


def _refuse_leaks(leaks: list[str]) -> None:
    if leaks:
        raise LeakError(leaks)


# ---- a builder that is started by hand -----------------------------------------------------------


@dataclass(frozen=True)
class Stage:
    """A staged copy of one audience's whole site.

    Attributes:
        folder: the builder's pages are in ``pages/`` of it.
        options: what a builder is told besides the pages.
        view: what the site shows.
        paths: the address of every page.
        data: what stands beside the pages.
        canaries: what the built site must not hold anywhere.
    """

    folder: Path
    options: Mapping[str, Any]
    view: View
    paths: tuple[str, ...]
    data: tuple[SiteFile, ...]
    canaries: frozenset[str]

    @property
    def pages(self) -> Path:
        """The folder that the site builder reads."""
        return self.folder / "pages"


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


def stage(view: View, widest: View, folder: Path) -> Stage:
    """Writes all pages of a view.

    Args:
        view: what to stage.
        widest: the widest audience's view of the same library on the same day.
        folder: the audience's stage; files in it that belong to no page are removed.
    """
    pages = [draft.make() for draft in drafts(view, {})]
    write_pages(folder, pages)
    return Stage(
        folder=folder,
        options=configuration(view, folder),
        view=view,
        paths=tuple(page.path for page in pages),
        data=tuple(file for page in pages for file in page_data(page)),
        canaries=frozenset(canaries(widest, view)),
    )


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
    staged = stage(view, widest, root / "build" / "preview" / "stage" / view.audience.id)
    names = (SETTINGS_FILE, GLOSSARY_FILE, WITHDRAWN_FILE, *(k.folder for k in Kind))
    inputs = (root / name for name in names)
    return Prepared(staged, library.problems, tuple(path for path in inputs if path.exists()))


def complete(site: Path, staged: Stage) -> None:
    """Adds to a built site what the builder does not make, and sweeps it.

    Raises:
        LeakError: it held something that its audience must not see; it is removed.
    """
    for name in get_builder("mkdocs").extras:
        (site / name).unlink(missing_ok=True)
    for file in (*staged.data, *outlet_files(_made(site, staged))):
        target = site / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
    leaks = sweep(site, staged.canaries)
    if leaks:
        shutil.rmtree(site)
    _refuse_leaks([str(leak) for leak in leaks])


def _made(site: Path, staged: Stage) -> Made:
    def digests() -> dict[str, str]:
        files = (path for path in site.rglob("*") if path.is_file())
        return {path.relative_to(site).as_posix(): file_digest(path) for path in files}

    return Made(staged.view, staged.paths, staged.folder / _CACHE, digests)


def refuse_taken(folder: Path) -> None:
    """Refuses a folder with files that are no site's: a build would delete them.

    Raises:
        PublishError: git tracks something in it, it holds a library, or other files.
    """
    if tracked := _tracked(folder):
        raise PublishError(
            f"“{folder}”里有 git 管理的文件（如 {tracked}），生成站点会把它们删掉。"
            "请用 --out 指定别的文件夹，例如 build/site。"
        )
    if (folder / SETTINGS_FILE).exists():
        raise PublishError(
            f"“{folder}”是一个知识库，不能当作站点的输出文件夹。请用 --out 指定别处。"
        )
    if folder.is_dir() and any(folder.iterdir()) and not (folder / WORKER).is_file():
        raise PublishError(
            f"“{folder}”里有别的文件，不是以前生成的站点；生成站点会把它们删掉。"
            "请清空它，或者用 --out 指定别的文件夹。"
        )


def _tracked(folder: Path) -> str:
    """A file in a folder that git tracks; empty where there is none, or no git."""
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
        return ""
    return found.stdout.split("\n")[0] if found.returncode == 0 else ""
