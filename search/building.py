"""A generation's files: a view, through the engine and the store, to a folder with a manifest."""

from __future__ import annotations

import hashlib
import logging
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from casebook.digests import package_files, software_digest
from casebook.documents import Document
from casebook.errors import IndexMissing, SearchError
from casebook.files import sync
from casebook.library import View
from search.analysis import Analyzer
from search.engines.base import Engine, Entry, link_files
from search.index_files import (
    ENGINE,
    FORMAT,
    GENERATIONS,
    MANIFEST,
    STORE,
    UNFINISHED,
    Manifest,
    all_names,
    current_name,
    digests_of,
    files_of,
    layers_of,
    part_files,
    read_manifest,
    verify,
    write_manifest,
)
from search.passages import findable
from search.sound import is_han, word_sound
from search.store import LayerWriter, Row, Store, references, stored

# With more layers, or more than this share of documents replaced, everything is built anew: what
# was replaced still counts in how rare a term is.
MAX_LAYERS = 12
MAX_REPLACED = 0.2
# What decides how text is cut, beside this project's own code.
_CUTTERS = ("rjieba", "opencc", "pypinyin")

log = logging.getLogger(__name__)


def build_generation(
    root: Path, fresh: Path, view: View, engine: Engine, source: str, *, anew: bool
) -> Manifest:
    """Writes a generation, out of the published one where that saves work.

    Args:
        root: the audience's index folder.
        fresh: where it is written; not there yet.
        view: what it is to hold.
        engine: builds the index.
        source: the fingerprint to record.
        anew: whether to build all of it.

    Raises:
        SearchError: it cannot be built.
        OSError: the system refuses.
        sqlite3.Error: likewise.
    """
    for part in (ENGINE, STORE):
        (fresh / part).mkdir(parents=True)
    engine = engine.labelled(view.audience.id, fresh.name.removeprefix(UNFINISHED))
    words = _words(view)
    old = None if anew else _base(root, view, engine, words)
    try:
        _write(fresh, view, engine, old)
    finally:
        if old:
            old.close()
    if old:
        spares = (root / GENERATIONS / name for name in all_names(root))
        part_files(fresh, old.folder, [spare for spare in spares if spare != old.folder])
    return _describe(fresh, view, engine, source, words)


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
        self.store = Store(layers_of(folder))
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


def _base(root: Path, view: View, engine: Engine, words: str) -> _Base | None:
    """The published generation, if a new one can be made from it at less cost."""
    try:
        base = root / GENERATIONS / current_name(root)
        manifest = read_manifest(base)
        same = (manifest.audience, manifest.engine, manifest.words)
        if same != (view.audience.id, engine.name, words) or not engine.is_whole(base / ENGINE):
            return None
        verify(base, manifest)
        if len(layers_of(base)) >= MAX_LAYERS:
            return None
        found = _Base(base, view)
    except IndexMissing:
        return None
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
    layer = fresh / STORE / f"{old.store.layers() if old else 0:03d}.sqlite"
    with closing(LayerWriter(layer, *first)) as writer:
        if old:
            link_files(old.folder / STORE, fresh / STORE)
            entries = _entries(old.changed, view, analyzer, writer, first)
            engine.update(old.folder / ENGINE, fresh / ENGINE, old.removed, entries)
        else:
            marked = ((document, fingerprint(document, view)) for document in view.documents)
            engine.build(fresh / ENGINE, _entries(marked, view, analyzer, writer, first))
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
    for other in view.replacing(document.id):
        digest.update(f"\0>{other.id}".encode())
    return digest.hexdigest()


def _describe(fresh: Path, view: View, engine: Engine, source: str, words: str) -> Manifest:
    files = files_of(fresh)
    digests = digests_of(files)
    manifest = Manifest(
        format=FORMAT,
        name=fresh.name.removeprefix(UNFINISHED),
        audience=view.audience.id,
        on=view.on.isoformat(),
        engine=engine.name,
        source=source,
        words=words,
        documents=len(view.documents),
        passages=sum(len(document.sections) for document in view.documents),
        files={path.relative_to(fresh).as_posix(): digests[path] for path in files},
    )
    write_manifest(fresh, manifest)
    # Engines make files that nobody but whoever builds may read; the service may be another user.
    mode = stat.S_IMODE((fresh / MANIFEST).stat().st_mode)
    for path in files:
        path.chmod(mode)
    for path in [*files, fresh / MANIFEST, fresh / ENGINE, fresh / STORE, fresh]:
        sync(path)
    return manifest
