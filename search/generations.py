"""Index generations: built aside, verified, published by one step; the last good one stays.

A generation never changes after it was published. Its manifest names its audience and the
checksum of each file; a reader verifies them before it opens anything, and takes the generation
before when the newest is damaged.

Where only a few documents changed, a generation takes over the files of the one before and adds
what is new: a small layer of the store and a small segment of the engine. Two generations that can
stand in for each other share no file on the disk; see :func:`search.index_files.part_files`.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from casebook.errors import IndexMissing, SearchError, reason
from casebook.files import sync
from casebook.library import View
from casebook.settings import Term
from search.analysis import Analyzer
from search.building import build_generation
from search.engines import EngineOf, get_engine
from search.engines.base import Engine, Index
from search.index_files import (
    ENGINE,
    GENERATIONS,
    UNFINISHED,
    Manifest,
    all_names,
    current_name,
    forget_taken_back,
    layers_of,
    make_folder,
    next_name,
    note_taken_back,
    point,
    read_manifest,
    standing_names,
    verify,
    writing,
)
from search.store import Store

_LOOK_EVERY = 0.5
# A generation that cannot be opened may still be on its way here, or the fault may pass.
_RETRY_EVERY = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GlossaryName:
    """A name of the glossary: as it is written, in normal form, and how it sounds."""

    name: str
    normal: str
    sound: str


class Generation:
    """An open generation: the engine's index, the store and the analyzer they were made with.

    Args:
        manifest: what it says of itself.
        index: of the engine.
        store: the documents.
        before: the generation in use. An analyzer takes long to make and much memory; one that
            would be the same is taken over.
    """

    def __init__(
        self, manifest: Manifest, index: Index, store: Store, before: Generation | None = None
    ) -> None:
        self.manifest = manifest
        self.index = index
        self.store = store
        self._analyzed = store.terms, store.ranking, store.latin()
        same = before if before and before._analyzed == self._analyzed else None
        self.analyzer: Analyzer = same.analyzer if same else Analyzer(*self._analyzed)
        self.glossary: tuple[GlossaryName, ...] = (
            same.glossary if same else _glossary_names(store.terms, self.analyzer)
        )
        self._lock = threading.Lock()
        self._users = 0
        self._retired = False

    def acquire(self) -> None:
        """Counts a user in."""
        with self._lock:
            self._users += 1

    def release(self) -> None:
        """Counts a user out; the last one of a retired generation closes it."""
        with self._lock:
            self._users -= 1
            done = self._retired and self._users == 0
        if done:
            self.close()

    def retire(self) -> None:
        """Closes it as soon as nobody uses it."""
        with self._lock:
            self._retired = True
            done = self._users == 0
        if done:
            self.close()

    def close(self) -> None:
        """Closes its files."""
        self.index.close()
        self.store.close()


def publish(view: View, root: Path, engine: Engine, source: str, *, anew: bool = False) -> Manifest:
    """Builds a generation of a view and publishes it.

    Args:
        view: what it is to hold.
        root: the audience's index folder; made when it is not there.
        engine: builds the index.
        source: the fingerprint to record.
        anew: whether to build all of it, even where little changed.

    Raises:
        SearchError: it cannot be built, or somebody else is building.
    """
    with _said_when_refused(root):
        make_folder(root / GENERATIONS)
        with writing(root):
            _remove_junk(root, engine)
            manifest = _add(root, view, engine, source, anew=anew)
            point(root, manifest.name)
            forget_taken_back(root)
            _tell(engine, root / GENERATIONS / manifest.name)
            _prune(root, view.audience.id, engine)
            return manifest


def roll_back(
    root: Path, audience: str, content: str, engine_of: EngineOf = get_engine
) -> Manifest:
    """Publishes the generation before the published one again, and removes that one.

    Args:
        root: the audience's index folder.
        audience: whose generations they must be.
        content: what the library is now; as long as it is that, nothing else should be published.
        engine_of: as for :func:`open_generation`.

    Returns:
        What is published now.

    Raises:
        SearchError: there is none before it, or somebody is building.
    """
    with _said_when_refused(root):
        if not root.is_dir():
            raise IndexMissing(f"没有受众“{audience}”的索引。先运行 casebook index。")
        with writing(root):
            for name in standing_names(root)[1:]:
                try:
                    generation = open_generation(root / GENERATIONS / name, audience, engine_of)
                except SearchError as error:
                    log.error("索引 %s 不能用：%s", name, error)
                    continue
                generation.close()
                note_taken_back(root, content)
                point(root, name)
                engine = engine_of(generation.manifest.engine)
                _tell(engine, root / GENERATIONS / name)
                _remove_junk(root, engine)
                return generation.manifest
    raise SearchError(f"受众“{audience}”没有更早的一代可以退回。改好内容再运行 casebook index。")


def current_manifest(root: Path, engine: Engine | None = None) -> Manifest | None:
    """The published generation's manifest; None when there is none, or it is damaged.

    Args:
        root: the audience's index folder.
        engine: asked whether what it holds of the generation elsewhere is whole; None asks nobody.
    """
    try:
        folder = root / GENERATIONS / current_name(root)
        manifest = read_manifest(folder)
        verify(folder, manifest)
    except SearchError:
        return None
    return manifest if engine is None or engine.is_whole(folder / ENGINE) else None


def open_current(root: Path, audience: str, engine_of: EngineOf = get_engine) -> Generation:
    """Opens the published generation, or the one before it when that is damaged.

    Args:
        root: the audience's index folder.
        audience: whose generation it must be.
        engine_of: as for :func:`open_generation`.

    Raises:
        IndexMissing: no generation of this audience can be opened.
    """
    published = _pointed(root)
    reasons = []
    for name in standing_names(root):
        try:
            return open_generation(root / GENERATIONS / name, audience, engine_of)
        except SearchError as error:
            log.error("索引 %s 不能用：%s", name, error)
            reasons.append(f"{name}：{error}")
    if published != _pointed(root):
        # What was looked at has been replaced and removed meanwhile.
        return open_current(root, audience, engine_of)
    detail = f"（{'；'.join(reasons)}）" if reasons else ""
    raise IndexMissing(f"没有受众“{audience}”可用的索引{detail}。先运行 casebook index。")


def open_generation(
    folder: Path,
    audience: str,
    engine_of: EngineOf = get_engine,
    before: Generation | None = None,
) -> Generation:
    """Verifies and opens a generation.

    Args:
        folder: where it is.
        audience: whose it must be.
        engine_of: gives the engine of a name.
        before: the one in use, which it takes over from what both have alike.

    Raises:
        SearchError: it is damaged, or another audience's.
    """
    manifest = read_manifest(folder)
    if manifest.audience != audience:
        raise SearchError(f"索引是受众“{manifest.audience}”的，不是“{audience}”的")
    if manifest.name != folder.name.removeprefix(UNFINISHED):
        raise SearchError(f"清单是 {manifest.name} 的")
    verify(folder, manifest)
    with ExitStack() as opened:
        index = opened.enter_context(engine_of(manifest.engine).open(folder / ENGINE))
        store = opened.enter_context(closing(Store(layers_of(folder))))
        if (index.count(), store.count()) != (manifest.passages, manifest.documents):
            raise SearchError("索引里的条数和清单不符")
        generation = Generation(manifest, index, store, before)
        opened.pop_all()
    return generation


class Live:
    """The published generation, followed as new ones are published.

    One that cannot be opened leaves in use what was in use, and is tried again.

    Args:
        root: the audience's index folder.
        audience: whose generations they must be.
        engine_of: as for :func:`open_generation`.

    Attributes:
        aside: whether a new generation is opened in a thread of its own, so that nobody's request
            takes the time for it.

    Raises:
        IndexMissing: there is none to begin with.
    """

    def __init__(self, root: Path, audience: str, engine_of: EngineOf = get_engine) -> None:
        self.aside = False
        self._root = root
        self._audience = audience
        self._engine_of = engine_of
        # One for who moves over, which takes a while; one for the generation in use.
        self._moving = threading.Lock()
        self._lock = threading.Lock()
        self._look_at = time.monotonic() + _LOOK_EVERY
        self._refused = ""
        self._generation = open_current(root, audience, engine_of)

    @contextmanager
    def generation(self) -> Iterator[Generation]:
        """The generation to answer one request from."""
        self._follow()
        with self._lock:
            generation = self._generation
            generation.acquire()
        try:
            yield generation
        finally:
            generation.release()

    def close(self) -> None:
        """Closes the generation when its last user is done."""
        with self._moving:
            self._generation.retire()

    def _follow(self) -> None:
        """Moves over to a new generation; whoever comes meanwhile goes on with the old."""
        if time.monotonic() < self._look_at or not self._moving.acquire(blocking=False):
            return
        if not self.aside:
            self._look()
            return
        try:
            threading.Thread(target=self._look, daemon=True).start()
        except RuntimeError as error:  # the system gives no more threads
            log.error("继续使用旧索引：线程开不起来（%s）", error)
            self._look_at = time.monotonic() + _RETRY_EVERY
            self._moving.release()

    def _look(self) -> None:
        try:
            self._look_at = time.monotonic() + _LOOK_EVERY
            name = _pointed(self._root)
            if name and name != self._generation.manifest.name:
                self._try(name)
        finally:
            self._moving.release()

    def _try(self, name: str) -> None:
        try:
            folder = self._root / GENERATIONS / name
            before = self._generation
            self._move(open_generation(folder, self._audience, self._engine_of, before))
        except (SearchError, OSError, RuntimeError, MemoryError) as error:
            if name == _pointed(self._root):
                self._look_at = time.monotonic() + _RETRY_EVERY
            if (refused := f"{name}：{error}") != self._refused:
                log.error("继续使用旧索引：%s", refused)
                self._refused = refused

    def _move(self, new: Generation) -> None:
        with self._lock:
            old, self._generation = self._generation, new
        old.retire()
        log.info("换到索引 %s", new.manifest.name)


def _glossary_names(terms: Iterable[Term], analyzer: Analyzer) -> tuple[GlossaryName, ...]:
    return tuple(
        GlossaryName(name, analyzer.normalize(name), analyzer.sound(name))
        for term in terms
        for name in (term.term, *term.synonyms)
    )


def _pointed(root: Path) -> str:
    """The name of the published generation; empty where there is none to be read."""
    try:
        return current_name(root)
    except SearchError:
        return ""


@contextmanager
def _said_when_refused(root: Path) -> Iterator[None]:
    """Turns what the system refuses into an error that says so."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise SearchError(
            f"索引写不进 {root / GENERATIONS}：{reason(error)}。检查磁盘空间和权限。"
        ) from None


def _tell(engine: Engine, folder: Path) -> None:
    """Tells an engine that readers get this generation; readers do not wait for that."""
    try:
        engine.published(folder / ENGINE)
    except SearchError as error:
        log.warning("索引 %s 已发布，引擎那边没有记上：%s", folder.name, error)


def _remove(engine: Engine, folder: Path) -> None:
    """Removes a generation; what its engine holds of it elsewhere comes first."""
    try:
        engine.remove(folder / ENGINE)
    except SearchError as error:
        log.warning("索引 %s 先留着：%s", folder.name, error)
        return
    shutil.rmtree(folder)


def _remove_junk(root: Path, engine: Engine) -> None:
    """Removes what killed builds left, and generations that were never published or taken back."""
    folder = root / GENERATIONS
    for junk in folder.glob(f"{UNFINISHED}*"):
        _remove(engine, junk)
    names = all_names(root)
    current = _pointed(root)
    if current in names:
        for name in names[: names.index(current)]:
            _remove(engine, folder / name)


def _prune(root: Path, audience: str, engine: Engine) -> None:
    """Keeps the published generation, and one that can stand in for it."""
    published, *others = standing_names(root)
    kept = {published, next((one for one in others if _is_intact(root, one, audience)), "")}
    for name in all_names(root):
        folder = root / GENERATIONS / name
        if name not in kept:
            try:
                _remove(engine, folder)
            except OSError as error:
                log.warning(
                    "旧索引 %s 删不掉（%s），一直占着磁盘；"
                    "用别的用户运行过 casebook 的，用 chown 改回服务的用户。",
                    folder,
                    reason(error),
                )


def _is_intact(root: Path, name: str, audience: str) -> bool:
    folder = root / GENERATIONS / name
    try:
        manifest = read_manifest(folder)
        verify(folder, manifest)
    except SearchError:
        return False
    return manifest.audience == audience


def _add(root: Path, view: View, engine: Engine, source: str, *, anew: bool) -> Manifest:
    """Builds a generation aside, reads it back, and gives it its place."""
    name = next_name(root)
    folder = root / GENERATIONS
    fresh = folder / f"{UNFINISHED}{name}"
    try:
        manifest = build_generation(root, fresh, view, engine, source, anew=anew)
        open_generation(fresh, view.audience.id, lambda _: engine).close()
        fresh.rename(folder / name)
    finally:
        with suppress(OSError):
            _remove(engine, fresh)
    sync(folder)
    return manifest
