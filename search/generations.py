"""Index generations: built aside, verified, published by one step; the last good one stays.

    build/index/<audience>/
        generations/<name>/     manifest.json, store/, engine/
        current                 the name of the published generation, replaced atomically
        lock                    held by whoever builds

A generation never changes after it was published. Its manifest names its audience and the
checksum of each file; a reader verifies them before it opens anything, and takes the generation
before when the newest is damaged.

Where only a few documents changed, a generation takes over the files of the one before, under
second names, and adds what is new: a small layer of the store and a small segment of the engine.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from casebook.digests import package_files, software_digest
from casebook.documents import Document
from casebook.errors import IndexMissing, SearchError, reason
from casebook.files import alone
from casebook.library import View
from search.analysis import Analyzer
from search.engines import get_engine
from search.engines.base import Engine, Entry, Index, link_files
from search.passages import findable
from search.sound import is_han, word_sound
from search.store import LayerWriter, Row, Store, references, stored

FORMAT = 2
KEPT = 2
# With more layers, or more than this share of documents replaced, everything is built anew: what
# was replaced still counts in how rare a term is.
MAX_LAYERS = 12
MAX_REPLACED = 0.2
# What decides how text is cut, beside this project's own code.
_CUTTERS = ("rjieba", "opencc", "pypinyin")
_MANIFEST = "manifest.json"
_STORE = "store"
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
        words: the fingerprint of the words and the code that cut its text.
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
    words: str
    documents: int
    passages: int
    files: dict[str, str]


@dataclass(frozen=True)
class GlossaryName:
    """A name of the glossary: as it is written, in normal form, and how it sounds."""

    name: str
    normal: str
    sound: str


class Generation:
    """An open generation: the engine's index, the store and the analyzer they were made with."""

    def __init__(self, manifest: Manifest, index: Index, store: Store) -> None:
        self.manifest = manifest
        self.index = index
        self.store = store
        self.analyzer = Analyzer(store.terms, store.ranking, store.latin())
        self.glossary = tuple(
            GlossaryName(name, self.analyzer.normalize(name), self.analyzer.sound(name))
            for term in store.terms
            for name in (term.term, *term.synonyms)
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
    folder = root / "generations"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _writing(root):
            for junk in folder.glob(".new-*"):
                shutil.rmtree(junk)
            manifest = _add(folder, view, engine, source, anew=anew)
            _point(root, manifest.name)
            _prune(folder, manifest.name)
            return manifest
    except OSError as error:
        raise SearchError(f"索引写不进 {folder}：{reason(error)}。检查磁盘空间和权限。") from error


def current_manifest(root: Path) -> Manifest | None:
    """The published generation's manifest; None when there is none, or its files are damaged."""
    try:
        folder = root / "generations" / _current(root)
        manifest = _manifest(folder)
        _verify(folder, manifest)
    except SearchError:
        return None
    return manifest


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


def _add(folder: Path, view: View, engine: Engine, source: str, *, anew: bool) -> Manifest:
    """Builds a generation aside, reads it back, and gives it its place."""
    name = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    fresh = folder / f".new-{name}"
    try:
        manifest = _build(fresh, name, view, engine, source, anew=anew)
        _open(fresh, view.audience.id).close()
        fresh.rename(folder / name)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    _sync(folder)
    return manifest


def _build(
    fresh: Path, name: str, view: View, engine: Engine, source: str, *, anew: bool
) -> Manifest:
    """Writes a generation, out of the published one where that saves work."""
    for part in (_ENGINE, _STORE):
        (fresh / part).mkdir(parents=True)
    words = _words(view)
    old = None if anew else _base(fresh.parent, view, engine, words)
    try:
        _write(fresh, view, engine, old)
    finally:
        if old:
            old.close()
    return _describe(fresh, name, view, engine, source, words)


def _words(view: View) -> str:
    """A digest of all that decides how text is cut; with another, everything is built anew."""
    files = (*package_files("casebook"), *package_files("search"))
    digest = hashlib.sha256(software_digest(files).encode())
    for cutter in _CUTTERS:
        digest.update(version(cutter).encode())
    for term in view.settings.glossary.terms:
        digest.update(term.model_dump_json().encode())
    return digest.hexdigest()


class _Base:
    """A published generation that a new one takes over, but for what changed.

    Attributes:
        folder: where it is.
        store: its documents, open.
        changed: documents that are new or different.
        removed: the numbers of those that are gone or different.
        withdrawn: whether a document or a section of one is gone.
    """

    def __init__(self, folder: Path, view: View) -> None:
        self.folder = folder
        self.store = Store(_layers(folder))
        known = self.store.fingerprints()
        self.changed = [
            (document, mark)
            for document in view.documents
            if (mark := fingerprint(document, view)) != known.get(document.id, (0, ""))[1]
        ]
        changed = {document.id for document, _ in self.changed}
        gone = [name for name in known if view.get(name) is None]
        self.removed = [known[name][0] for name in gone] + [
            known[name][0] for name in changed if name in known
        ]
        self.withdrawn = bool(gone) or self._lost_sections(view, known)

    def _lost_sections(self, view: View, known: Mapping[str, tuple[int, str]]) -> bool:
        """Whether a changed document has no longer every section that it had."""
        numbers = {known[d.id][0]: d for d, _ in self.changed if d.id in known}
        return any(
            {section.key for section in old.sections}
            - {section.key for section in numbers[number].sections}
            for number, old in self.store.documents(list(numbers)).items()
        )

    @property
    def replaced(self) -> float:
        """The share of documents that would be there and no longer count."""
        documents = self.store.count() or 1
        return (self.store.first_numbers()[0] - documents + len(self.removed)) / documents

    def close(self) -> None:
        self.store.close()


def _base(folder: Path, view: View, engine: Engine, words: str) -> _Base | None:
    """The published generation, if a new one can be made from it at less cost."""
    if _pointer(folder.parent) is None:
        return None
    try:
        base = folder / _current(folder.parent)
        manifest = _manifest(base)
        same = (manifest.audience, manifest.engine, manifest.words)
        if same != (view.audience.id, engine.name, words):
            return None
        _verify(base, manifest)
        if len(_layers(base)) >= MAX_LAYERS:
            return None
        found = _Base(base, view)
    except SearchError as error:
        log.warning("索引从头生成：%s", error)
        return None
    # What was withdrawn from other readers must not stay in files that are handed to them.
    withdrawn = found.withdrawn and not view.internal
    many = len(found.changed) > MAX_REPLACED * (found.store.count() or 1)
    if not withdrawn and not many and found.replaced <= MAX_REPLACED:
        return found
    found.close()
    return None


def _write(fresh: Path, view: View, engine: Engine, old: _Base | None) -> None:
    settings = view.settings
    analyzer = Analyzer(settings.glossary.terms, settings.search.ranking)
    first = old.store.first_numbers() if old else (0, 0)
    layer = fresh / _STORE / f"{old.store.layers() if old else 0:03d}.sqlite"
    writer = LayerWriter(layer, *first)
    if old:
        link_files(old.folder / _STORE, fresh / _STORE)
        entries = _entries(old.changed, view, analyzer, writer, first)
        engine.update(old.folder / _ENGINE, fresh / _ENGINE, old.removed, entries)
    else:
        marked = ((document, fingerprint(document, view)) for document in view.documents)
        engine.build(fresh / _ENGINE, _entries(marked, view, analyzer, writer, first))
    removed = old.removed if old else ()
    writer.finish(settings.glossary.terms, settings.search.ranking, removed)


def _entries(
    marked: Iterable[tuple[Document, str]],
    view: View,
    analyzer: Analyzer,
    writer: LayerWriter,
    first: tuple[int, int],
) -> Iterator[Entry]:
    """The entries of documents; on the way each document is written to the store."""
    number, passage = first
    for document, mark in marked:
        found = findable(document)
        names = analyzer.named((*found.questions, *found.tags))
        terms: set[str] = set().union(*names.values())
        for place, piece in enumerate(found.passages):
            text = analyzer.terms(piece.body)
            if piece.heading != document.title:
                text += analyzer.terms(piece.heading)
            terms.update(text)
            # How a document is called sounds the same in all its passages: once is enough.
            fields = names if place == 0 else {"names": names["names"]}
            yield Entry(passage + place, number, {**fields, "text": text}, found.keywords)
        writer.add(
            Row(
                number=number,
                fingerprint=mark,
                findable=found,
                record=stored(document, view, found.keywords),
                sounds=tuple("\t".join(analyzer.sounds(q)) for q in found.questions),
                first_passage=passage,
                terms=frozenset(terms),
                words=frozenset(_spoken(terms)),
            )
        )
        number, passage = number + 1, passage + len(found.passages)


def _spoken(terms: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The Chinese words among some terms, each after its sound."""
    for term in terms:
        if len(term) > 1 and all(map(is_han, term)):
            yield word_sound(term), term


def fingerprint(document: Document, view: View) -> str:
    """Changes whenever anything that a generation holds of a document does."""
    digest = hashlib.blake2b(document.digest.encode(), digest_size=16)
    for reference in references(document, view):
        digest.update(f"\0{reference.title}\0{reference.url}".encode())
    for other in view.citing(document.id):
        digest.update(f"\0{other.id}\0{other.title}".encode())
    return digest.hexdigest()


def _describe(
    fresh: Path, name: str, view: View, engine: Engine, source: str, words: str
) -> Manifest:
    files = sorted(path for path in fresh.rglob("*") if path.is_file())
    digests = _digests(files)
    manifest = Manifest(
        format=FORMAT,
        name=name,
        audience=view.audience.id,
        on=view.on.isoformat(),
        engine=engine.name,
        source=source,
        words=words,
        documents=len(view.documents),
        passages=sum(len(document.sections) for document in view.documents),
        files={path.relative_to(fresh).as_posix(): digests[path] for path in files},
    )
    (fresh / _MANIFEST).write_text(json.dumps(vars(manifest), indent=1), encoding="utf-8")
    for path in [*files, fresh / _MANIFEST, fresh / _ENGINE, fresh / _STORE, fresh]:
        _sync(path)
    return manifest


def _layers(folder: Path) -> list[Path]:
    return sorted((folder / _STORE).glob("*.sqlite"))


def _open(folder: Path, audience: str) -> Generation:
    manifest = _manifest(folder)
    if manifest.audience != audience:
        raise SearchError(f"索引是受众“{manifest.audience}”的，不是“{audience}”的")
    _verify(folder, manifest)
    index = get_engine(manifest.engine).open(folder / _ENGINE)
    try:
        store = Store(_layers(folder))
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
        digests = _digests(list(files.values()))
        for name in sorted(files.keys() | manifest.files.keys()):
            if name not in files or digests[files[name]] != manifest.files.get(name):
                raise SearchError(f"文件 {name} 和清单不符")
    except OSError as error:
        raise SearchError(f"文件读不了：{error}") from None


@dataclass(frozen=True)
class _File:
    """A file as it is on the disk; under another name it is the same file."""

    device: int
    inode: int
    size: int
    changed: int
    path: Path = field(compare=False)


def _digests(paths: Sequence[Path]) -> dict[Path, str]:
    """The SHA-256 of each file; large ones side by side."""

    def digest(path: Path) -> str:
        found = path.stat()
        return _digest(_File(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, path))

    with ThreadPoolExecutor() as pool:
        return dict(zip(paths, pool.map(digest, paths), strict=True))


@lru_cache(maxsize=4096)
def _digest(file: _File) -> str:
    """Files that generations share are read once by a process, not once a generation."""
    with file.path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


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


def _writing(root: Path) -> AbstractContextManager[None]:
    """One writer at a time."""
    busy = SearchError(f"另一个程序正在 {root} 生成索引；等它结束再试。")
    return alone(root / "lock", busy, _LOCK_SECONDS)
