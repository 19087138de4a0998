"""Index generations: built aside, verified, published by one step; the last good one stays.

    build/index/<audience>/
        generations/<name>/     manifest.json, documents.sqlite, engine/
        current                 the name of the published generation, replaced atomically
        lock                    held by whoever builds

A generation never changes after it was published. Its manifest names its audience and the
checksum of each file; a reader verifies them before it opens anything, and takes the generation
before when the newest is damaged.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from casebook.errors import IndexMissing, SearchError
from casebook.library import View
from search.analysis import Analyzer
from search.engines import get_engine
from search.engines.base import Engine, Entry, Index
from search.passages import Passage, passages
from search.store import Store, write_store

FORMAT = 1
KEPT = 2
_MANIFEST = "manifest.json"
_STORE = "documents.sqlite"
_ENGINE = "engine"
_LOOK_EVERY = 0.5
_LOCK_SECONDS = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Manifest:
    """What a generation says of itself.

    Attributes:
        format: the version of this layout.
        name: the generation's name.
        audience: whose view it holds.
        on: the day of the view, ISO.
        engine: the engine that built it.
        source: the fingerprint of what it was made from.
        documents: how many documents it holds.
        passages: how many passages it holds.
        files: SHA-256 of each file, by its path in the generation.
    """

    format: int
    name: str
    audience: str
    on: str
    engine: str
    source: str
    documents: int
    passages: int
    files: dict[str, str]


class Generation:
    """An open generation: the engine's index, the store and the analyzer they were made with."""

    def __init__(self, manifest: Manifest, index: Index, store: Store) -> None:
        self.manifest = manifest
        self.index = index
        self.store = store
        self.analyzer = Analyzer(store.terms)
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


def publish(view: View, root: Path, engine: Engine, source: str) -> Manifest:
    """Builds a generation of a view and publishes it.

    Args:
        view: what it is to hold.
        root: the audience's index folder; made when it is not there.
        engine: builds the index.
        source: the fingerprint to record.

    Raises:
        SearchError: it cannot be built, or somebody else is building.
    """
    folder = root / "generations"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _writing(root):
            for junk in folder.glob(".new-*"):
                shutil.rmtree(junk)
            manifest = _add(folder, view, engine, source)
            _point(root, manifest.name)
            _prune(folder, manifest.name)
            return manifest
    except OSError as error:
        raise SearchError(f"索引写不进 {folder}：{error.strerror}。检查磁盘空间和权限。") from error


def current_manifest(root: Path) -> Manifest | None:
    """The published generation's manifest; None when there is none that can be read."""
    try:
        return _manifest(root / "generations" / _current(root))
    except SearchError:
        return None


def open_current(root: Path, audience: str) -> Generation:
    """Opens the published generation, or the one before it when that is damaged.

    Args:
        root: the audience's index folder.
        audience: whose generation it must be.

    Raises:
        IndexMissing: no generation of this audience can be opened.
    """
    published = _pointer(root)
    reasons = []
    for name in _names(root):
        try:
            return _open(root / "generations" / name, audience)
        except SearchError as error:
            log.error("索引 %s 不能用：%s", name, error)
            reasons.append(f"{name}：{error}")
    if published != _pointer(root):
        # What was looked at has been replaced and removed meanwhile.
        return open_current(root, audience)
    detail = f"（{'；'.join(reasons)}）" if reasons else ""
    raise IndexMissing(f"没有受众“{audience}”可用的索引{detail}。先运行 casebook index。")


class Live:
    """The published generation, followed as new ones are published.

    Args:
        root: the audience's index folder.
        audience: whose generations they must be.

    Raises:
        IndexMissing: there is none to begin with.
    """

    def __init__(self, root: Path, audience: str) -> None:
        self._root = root
        self._audience = audience
        # One for who moves over, which takes a while; one for the generation in use.
        self._moving = threading.Lock()
        self._lock = threading.Lock()
        self._looked = time.monotonic()
        self._pointer = _pointer(root)
        self._generation = open_current(root, audience)

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
        self._generation.retire()

    def _follow(self) -> None:
        """Moves over to a new generation; whoever comes meanwhile goes on with the old."""
        now = time.monotonic()
        if now - self._looked < _LOOK_EVERY or not self._moving.acquire(blocking=False):
            return
        try:
            self._looked = now
            pointer = _pointer(self._root)
            if pointer == self._pointer:
                return
            self._pointer = pointer
            self._move(open_current(self._root, self._audience))
        except IndexMissing as error:
            log.error("继续使用旧索引：%s", error)
        finally:
            self._moving.release()

    def _move(self, new: Generation) -> None:
        with self._lock:
            old, self._generation = self._generation, new
        old.retire()
        log.info("换到索引 %s", new.manifest.name)


def _add(folder: Path, view: View, engine: Engine, source: str) -> Manifest:
    """Builds a generation aside, reads it back, and gives it its place."""
    name = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    fresh = folder / f".new-{name}"
    try:
        manifest = _build(fresh, name, view, engine, source)
        _open(fresh, view.audience.id).close()
        fresh.rename(folder / name)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    _sync(folder)
    return manifest


def _build(fresh: Path, name: str, view: View, engine: Engine, source: str) -> Manifest:
    (fresh / _ENGINE).mkdir(parents=True)
    rows = list(passages(view))
    analyzer = Analyzer(view.settings.glossary.terms)
    entries = [_entry(row, analyzer) for row in rows]
    count = engine.build(fresh / _ENGINE, entries)
    write_store(fresh / _STORE, view, rows, analyzer.normalize, _frequencies(rows, entries))
    files = sorted(path for path in fresh.rglob("*") if path.is_file())
    manifest = Manifest(
        format=FORMAT,
        name=name,
        audience=view.audience.id,
        on=view.on.isoformat(),
        engine=engine.name,
        source=source,
        documents=len(view.documents),
        passages=count,
        files={path.relative_to(fresh).as_posix(): _digest(path) for path in files},
    )
    (fresh / _MANIFEST).write_text(json.dumps(vars(manifest), indent=1), encoding="utf-8")
    for path in [*files, fresh / _MANIFEST, fresh / _ENGINE, fresh]:
        _sync(path)
    return manifest


def _entry(passage: Passage, analyzer: Analyzer) -> Entry:
    text = f"{passage.heading}\n{passage.body}"
    terms = {"heading": analyzer.terms(passage.names), "body": analyzer.terms(text)}
    return Entry(passage.id, terms, passage.keywords)


def _frequencies(rows: list[Passage], entries: list[Entry]) -> Counter[str]:
    """In how many documents each term stands."""
    held: dict[str, set[str]] = defaultdict(set)
    for row, entry in zip(rows, entries, strict=True):
        held[row.document].update(*entry.terms.values())
    return Counter(term for terms in held.values() for term in terms)


def _open(folder: Path, audience: str) -> Generation:
    manifest = _manifest(folder)
    if manifest.audience != audience:
        raise SearchError(f"索引是受众“{manifest.audience}”的，不是“{audience}”的")
    _verify(folder, manifest)
    index = get_engine(manifest.engine).open(folder / _ENGINE)
    try:
        store = Store(folder / _STORE)
    except SearchError:
        index.close()
        raise
    generation = Generation(manifest, index, store)
    if (index.count(), store.count()) != (manifest.passages, manifest.documents):
        generation.close()
        raise SearchError("索引里的条数和清单不符")
    return generation


def _manifest(folder: Path) -> Manifest:
    try:
        data: dict[str, Any] = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        manifest = Manifest(**data)
    except (OSError, ValueError, TypeError) as error:
        raise SearchError(f"清单读不了：{error}") from None
    if not isinstance(manifest.files, dict):
        raise SearchError("清单里没有文件的校验值")
    if manifest.format != FORMAT:
        raise SearchError(f"索引的格式是 {manifest.format}，这个版本只认识 {FORMAT}")
    return manifest


def _verify(folder: Path, manifest: Manifest) -> None:
    """Every file is the one that the manifest names, and there is no other."""
    try:
        files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
        del files[_MANIFEST]
        for name in sorted(files.keys() | manifest.files.keys()):
            if name not in files or _digest(files[name]) != manifest.files.get(name):
                raise SearchError(f"文件 {name} 和清单不符")
    except OSError as error:
        raise SearchError(f"文件读不了：{error}") from None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _point(root: Path, name: str) -> None:
    """The one step that publishes: a complete file takes the place of another."""
    fresh = root / ".current.new"
    fresh.write_text(name, encoding="utf-8")
    _sync(fresh)
    fresh.replace(root / "current")
    _sync(root)


def _pointer(root: Path) -> tuple[int, int] | None:
    try:
        info = (root / "current").stat()
    except OSError:
        return None
    return info.st_ino, info.st_mtime_ns


def _current(root: Path) -> str:
    try:
        name = (root / "current").read_text(encoding="utf-8").strip()
    except OSError:
        raise IndexMissing(f"{root} 里还没有索引") from None
    except ValueError:
        name = ""
    if not name or "/" in name or name.startswith("."):
        raise SearchError(f"{root / 'current'} 的内容不对")
    return name


def _names(root: Path) -> list[str]:
    """The published generation's name, then those that can stand in for it, newest first."""
    try:
        current = _current(root)
    except IndexMissing:
        return []
    except SearchError as error:
        log.error("%s", error)
        current = ""
    names = _generations(root / "generations")
    older = [name for name in names if name < current]
    return [current, *older] if current in names else older or names


def _generations(folder: Path) -> list[str]:
    """The names of all complete generations, newest first."""
    if not folder.is_dir():
        return []
    names = (path.name for path in folder.iterdir())
    return sorted((name for name in names if not name.startswith(".")), reverse=True)


def _prune(folder: Path, current: str) -> None:
    for name in [name for name in _generations(folder) if name <= current][KEPT:]:
        shutil.rmtree(folder / name, ignore_errors=True)


@contextmanager
def _writing(root: Path) -> Iterator[None]:
    """One writer at a time; a dead one lets go by itself."""
    with (root / "lock").open("w") as file:
        until = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise SearchError(f"另一个程序正在 {root} 生成索引；等它结束再试。") from None
                time.sleep(0.05)
        yield
