"""A generation is published by one step, checked before it is used, and replaced without a gap."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from casebook.documents import Kind
from casebook.errors import IndexMissing, SearchError
from casebook.library import View, load_library
from casebook.settings import Term
from search import building, generations, index_files
from search.analysis import Analyzer, WeightedTerm
from search.engines import EMBEDDED, get_engine
from search.engines.base import Engine, Query
from search.generations import (
    Generation,
    Live,
    current_manifest,
    open_current,
    open_generation,
    publish,
    roll_back,
)
from search.index_files import Manifest
from search.searcher import MAX_CHARACTERS, MAX_SIZE, Request, Searcher
from tests.search.conftest import ON

MEMORY = get_engine("memory")


def published(view: View, root: Path, engine: str = "memory", source: str = "source") -> Manifest:
    return publish(view, root, get_engine(engine), source)


def _texts(folder: Path) -> str:
    """Everything that stands in a folder's files, as far as it is text."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return "".join(file.read_bytes().decode("utf-8", "replace") for file in files)


def folder_of(root: Path, manifest: Manifest) -> Path:
    return root / "generations" / manifest.name


def names(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "generations").iterdir())


def consistent(generation: Generation) -> bool:
    """Whether manifest, store and index are of one build."""
    manifest = generation.manifest
    store = generation.store
    terms = tuple(WeightedTerm("text", word, 1.0) for word in ("客户", "的", "办", "费"))
    found = [number for number, _ in generation.index.search(Query(terms, limit=1000))]
    return (
        store.count() == len(store.documents(store.alive)) == manifest.documents
        and generation.index.count() == manifest.passages
        and len(store.passages(found)) == len(found) > 0
        and set(store.owners(found)) <= set(store.alive)
    )


class TestPublishing:
    @pytest.mark.parametrize("engine", EMBEDDED)
    def test_what_was_published_opens(self, few: View, tmp_path: Path, engine: str) -> None:
        manifest = published(few, tmp_path, engine)
        generation = open_current(tmp_path, "dealer")
        assert generation.manifest == manifest == current_manifest(tmp_path)
        assert consistent(generation)
        known = generation.store.fingerprints()
        assert set(known) == {document.id for document in few.documents}
        held = generation.store.documents([number for number, _ in known.values()])
        assert {held[number].id for number in held} == set(known)
        generation.close()

    def test_the_manifest_says_what_it_holds(self, few: View, tmp_path: Path) -> None:
        manifest = published(few, tmp_path, source="abc")
        folder = folder_of(tmp_path, manifest)
        files = {
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
        }
        assert set(manifest.files) == files - {"manifest.json"}
        assert {"store/000.sqlite", "engine/entries.jsonl"} == set(manifest.files)
        assert (manifest.audience, manifest.on) == ("dealer", "2026-11-22")
        assert (manifest.engine, manifest.source) == ("memory", "abc")
        assert (manifest.format, manifest.documents) == (index_files.FORMAT, 4)
        assert manifest.passages > manifest.documents
        assert manifest.words == building._words(few)
        for name, digest in manifest.files.items():
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
        assert (tmp_path / "current").read_text() == manifest.name

    def test_another_audience_is_refused(self, few: View, tmp_path: Path) -> None:
        published(few, tmp_path)
        with pytest.raises(IndexMissing, match="索引是受众“dealer”的，不是“agent”的"):
            open_current(tmp_path, "agent")
        with pytest.raises(IndexMissing):
            Live(tmp_path, "agent")

    def test_of_another_audience_not_even_the_one_before_serves(
        self, few: View, agent_view: View, tmp_path: Path
    ) -> None:
        published(replace(agent_view, documents=agent_view.documents[:2]), tmp_path)
        published(few, tmp_path)
        (folder_of(tmp_path, published(few, tmp_path)) / "store" / "000.sqlite").unlink()
        published_before = open_current(tmp_path, "dealer")
        assert published_before.manifest.audience == "dealer"
        published_before.close()

    def test_without_an_index_the_message_says_what_to_do(self, tmp_path: Path) -> None:
        for root in (tmp_path, tmp_path / "missing"):
            with pytest.raises(IndexMissing) as caught:
                open_current(root, "dealer")
            assert str(caught.value) == "没有受众“dealer”可用的索引。先运行 casebook index。"
            assert current_manifest(root) is None

    def test_exactly_the_one_before_is_kept(self, few: View, tmp_path: Path) -> None:
        kept = [published(few, tmp_path).name for _ in range(5)]
        assert names(tmp_path) == kept[-2:]

    def test_an_old_one_that_cannot_be_removed_is_named(
        self,
        few: View,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        kept = [published(few, tmp_path).name for _ in range(2)]

        def refused(folder: Path) -> None:
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))

        monkeypatch.setattr(generations.shutil, "rmtree", refused)
        kept.append(published(few, tmp_path).name)
        assert names(tmp_path) == kept
        (line,) = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
        assert line.startswith(f"旧索引 {tmp_path / 'generations' / kept[0]} 删不掉（没有权限）")
        assert "chown" in line

    def test_what_a_killed_build_left_is_removed(self, few: View, tmp_path: Path) -> None:
        first = published(few, tmp_path).name
        junk = tmp_path / "generations" / ".new-20200101T000000000000Z" / "engine"
        junk.mkdir(parents=True)
        (junk / "half").write_text("half")
        second = published(few, tmp_path).name
        assert names(tmp_path) == [first, second]

    @pytest.mark.parametrize("how", ["build", "update"])
    def test_a_failed_build_changes_nothing(
        self, few: View, more: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
    ) -> None:
        first = published(few, tmp_path).name

        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(MEMORY.__class__, how, fail)
        with pytest.raises(SearchError) as caught:
            published({"build": more, "update": few}[how], tmp_path)
        assert str(caught.value) == (
            f"索引写不进 {tmp_path / 'generations'}：磁盘满了。检查磁盘空间和权限。"
        )
        assert names(tmp_path) == [first]
        assert (tmp_path / "current").read_text() == first

    @pytest.mark.parametrize("how", ["build", "update"])
    def test_an_index_that_cannot_be_read_back_is_not_published(
        self, few: View, more: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
    ) -> None:
        first = published(few, tmp_path).name
        original = getattr(MEMORY.__class__, how)

        def lossy(engine: Engine, *given: Any) -> None:
            *others, entries = given
            if how == "update":
                others[2] = [0]
            original(engine, *others, list(entries)[1:])

        monkeypatch.setattr(MEMORY.__class__, how, lossy)
        with pytest.raises(SearchError, match="条数和清单不符"):
            published({"build": more, "update": few}[how], tmp_path)
        assert names(tmp_path) == [first]

    def test_a_folder_that_cannot_be_made_is_a_clear_error(self, few: View, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(SearchError, match="写不进"):
            published(few, tmp_path / "file" / "dealer")


@pytest.fixture(autouse=True)
def _software_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading all of the software at every build takes longer than building four documents."""

    def names_digest(files: Iterable[Path]) -> str:
        return hashlib.sha256("".join(sorted(map(str, files))).encode()).hexdigest()

    monkeypatch.setattr(building, "software_digest", names_digest)


def _flip(file: Path, chosen: random.Random) -> None:
    content = bytearray(file.read_bytes())
    content[chosen.randrange(len(content))] ^= 1 << chosen.randrange(8)
    file.write_bytes(content)


def _cut(file: Path, chosen: random.Random) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: chosen.randrange(len(content))])


def _empty(file: Path, _: random.Random) -> None:
    file.write_bytes(b"")


def _grow(file: Path, _: random.Random) -> None:
    file.write_bytes(file.read_bytes() + b"\0")


def _delete(file: Path, _: random.Random) -> None:
    file.unlink()


def _to_folder(file: Path, _: random.Random) -> None:
    file.unlink()
    file.mkdir()


DAMAGE = (*[_flip] * 8, *[_cut] * 4, _empty, _grow, _delete, _to_folder)


@pytest.fixture(scope="module", params=list(EMBEDDED))
def pair(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    few: View,
    more: View,
) -> tuple[Path, Manifest, Manifest]:
    """Two published generations of one engine."""
    root = tmp_path_factory.mktemp(f"pair-{request.param}")
    return root, published(few, root, request.param), published(more, root, request.param)


class TestDamage:
    @pytest.mark.parametrize("number", range(len(DAMAGE)))
    def test_damage_to_any_file_is_found_and_the_one_before_serves(
        self, pair: tuple[Path, Manifest, Manifest], tmp_path: Path, number: int
    ) -> None:
        source, before, newest = pair
        for place, name in enumerate(newest.files):
            if not (folder_of(source, newest) / name).stat().st_size:
                continue
            root = tmp_path / str(place)
            shutil.copytree(source, root)
            DAMAGE[number](folder_of(root, newest) / name, random.Random(number))
            generation = open_current(root, "dealer")
            assert generation.manifest == before, name
            assert consistent(generation)
            generation.close()

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{",
            "null",
            "[]",
            "1",
            "{}",
            '{"format": 1}',
            "\0\0\0",
            "漫游",
            '{"audience": "dealer"}',
        ],
    )
    def test_a_damaged_manifest_is_found(
        self, pair: tuple[Path, Manifest, Manifest], tmp_path: Path, text: str
    ) -> None:
        source, before, newest = pair
        root = tmp_path / "index"
        shutil.copytree(source, root)
        (folder_of(root, newest) / "manifest.json").write_text(text)
        generation = open_current(root, "dealer")
        assert generation.manifest == before
        generation.close()

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("format", index_files.FORMAT + 1),
            ("format", index_files.FORMAT - 1),
            ("format", str(index_files.FORMAT)),
            ("audience", "agent"),
            ("engine", "lucene"),
            ("engine", "../memory"),
            ("engine", 7),
            ("documents", 999),
            ("passages", 0),
            ("name", "20200101T000000000000Z"),
            ("files", {"missing": "0"}),
            ("files", {"../../current": "0"}),
            ("files", None),
            ("files", []),
            ("files", {}),
            ("surplus", 1),
        ],
    )
    def test_a_manifest_that_does_not_fit_is_found(
        self, pair: tuple[Path, Manifest, Manifest], tmp_path: Path, key: str, value: object
    ) -> None:
        source, before, newest = pair
        root = tmp_path / "index"
        shutil.copytree(source, root)
        file = folder_of(root, newest) / "manifest.json"
        data = json.loads(file.read_text()) | {key: value}
        for seal in (data.pop("seal"), index_files._seal(data)):
            file.write_text(json.dumps(data | {"seal": seal}))
            with closing(open_current(root, "dealer")) as generation:
                assert generation.manifest == before
        file.write_text(json.dumps(data))
        generation = open_current(root, "dealer")
        assert generation.manifest == before
        generation.close()

    def test_files_of_another_generation_are_found(
        self, pair: tuple[Path, Manifest, Manifest], tmp_path: Path
    ) -> None:
        source, before, newest = pair
        root = tmp_path / "index"
        shutil.copytree(source, root)
        store = "store/000.sqlite"
        shutil.copy(folder_of(root, before) / store, folder_of(root, newest) / store)
        generation = open_current(root, "dealer")
        assert generation.manifest == before
        generation.close()

    def test_a_missing_generation_gives_the_one_before(
        self, pair: tuple[Path, Manifest, Manifest], tmp_path: Path
    ) -> None:
        source, before, newest = pair
        root = tmp_path / "index"
        shutil.copytree(source, root)
        shutil.rmtree(folder_of(root, newest))
        generation = open_current(root, "dealer")
        assert generation.manifest == before
        generation.close()

    @pytest.mark.parametrize(
        "pointer",
        [
            b"",
            b"\n",
            b"\0" * 20,
            b"\xff\xfe",
            b"../x",
            b"..",
            b".",
            b"/etc",
            b"nothing-of-that-name",
            b"x" * 5000,
            "漫游".encode(),
        ],
    )
    def test_a_damaged_pointer_never_stops_the_service(
        self, pair: tuple[Path, Manifest, Manifest], tmp_path: Path, pointer: bytes
    ) -> None:
        source, before, newest = pair
        root = tmp_path / "index"
        shutil.copytree(source, root)
        (root / "current").write_bytes(pointer)
        generation = open_current(root, "dealer")
        assert generation.manifest in (before, newest)
        assert consistent(generation)
        generation.close()
        assert current_manifest(root) in (None, before, newest)

    def test_a_lost_pointer_never_stops_the_service(
        self, pair: tuple[Path, Manifest, Manifest], tmp_path: Path
    ) -> None:
        source, _, newest = pair
        root = tmp_path / "index"
        shutil.copytree(source, root)
        (root / "current").unlink()
        with closing(open_current(root, "dealer")) as generation:
            assert generation.manifest == newest

    def test_with_none_left_the_message_lists_the_reasons(
        self, pair: tuple[Path, Manifest, Manifest], tmp_path: Path
    ) -> None:
        source, before, newest = pair
        root = tmp_path / "index"
        shutil.copytree(source, root)
        for manifest in (before, newest):
            (folder_of(root, manifest) / "store" / "000.sqlite").unlink()
        with pytest.raises(IndexMissing) as caught:
            open_current(root, "dealer")
        assert str(caught.value) == (
            "没有受众“dealer”可用的索引"
            f"（{newest.name}：文件 store/000.sqlite 和清单不符；"
            f"{before.name}：文件 store/000.sqlite 和清单不符）。先运行 casebook index。"
        )

    def test_publishing_mends_all_damage(
        self, pair: tuple[Path, Manifest, Manifest], tmp_path: Path, few: View
    ) -> None:
        source, before, newest = pair
        root = tmp_path / "index"
        shutil.copytree(source, root)
        for manifest in (before, newest):
            (folder_of(root, manifest) / "manifest.json").write_text("")
        (root / "current").write_text("../x")
        mended = published(few, root, newest.engine)
        generation = open_current(root, "dealer")
        assert generation.manifest == mended
        generation.close()


def _inodes(folder: Path, manifest: Manifest) -> dict[str, int]:
    return {name: (folder / name).stat().st_ino for name in manifest.files}


def _changed(view: View, place: int = 0, **changes: object) -> View:
    """A view in which one document is another."""
    documents = list(view.documents)
    document = documents[place]
    mark = hashlib.sha256(repr((document.digest, changes)).encode()).hexdigest()
    documents[place] = document.model_copy(update={**changes, "digest": mark})
    return replace(view, documents=tuple(documents))


@pytest.fixture(scope="module")
def some(dealer_view: View) -> View:
    """A dealers' view of forty FAQ entries, which do not name each other: changes stay small."""
    return replace(dealer_view, documents=tuple(dealer_view.of(Kind.FAQ)[:40]))


class TestIncremental:
    """A generation is made from the one before where that saves work, and only there."""

    @staticmethod
    def layers(root: Path) -> int:
        with closing(open_current(root, "dealer")) as generation:
            assert consistent(generation)
            return generation.store.layers()

    @pytest.mark.parametrize("engine", EMBEDDED)
    def test_one_changed_document_adds_small_files_and_takes_over_the_others(
        self, some: View, tmp_path: Path, engine: str
    ) -> None:
        old = published(some, tmp_path, engine)
        new = published(_changed(some, title="改过的标题"), tmp_path, engine)
        assert set(new.files) > {"store/000.sqlite", "store/001.sqlite"}
        same = {name for name in new.files if new.files[name] == old.files.get(name)}
        assert "store/000.sqlite" in same
        if engine == "tantivy":
            suffixes = {".store", ".pos", ".idx", ".term", ".fast", ".fieldnorm"}
            assert {Path(name).suffix for name in same} >= suffixes
        assert not same & {"engine/meta.json", "engine/.managed.json"}
        assert (new.documents, new.words) == (old.documents, old.words)
        with closing(open_current(tmp_path, "dealer")) as generation:
            assert consistent(generation)
            number = generation.store.number(some.documents[0].id)
            assert number is not None
            assert generation.store.documents([number])[number].title == "改过的标题"
            assert generation.index.search(Query((WeightedTerm("names", "改过", 1.0),)))

    @pytest.mark.parametrize("engine", EMBEDDED)
    def test_no_two_that_stand_in_for_each_other_share_a_file(
        self, some: View, tmp_path: Path, engine: str
    ) -> None:
        """What is taken over lies in two files, which take turns: a third is never made."""
        seen: list[set[int]] = []
        for number in range(5):
            made = published(_changed(some, number, title="改"), tmp_path, engine)
            inodes = _inodes(folder_of(tmp_path, made), made)
            assert not seen or not seen[-1] & set(inodes.values())
            if number > 1:
                assert inodes["store/000.sqlite"] in seen[-2]
            seen.append(set(inodes.values()))
        assert self.layers(tmp_path) == 5

    @pytest.mark.parametrize("engine", EMBEDDED)
    def test_the_one_before_stays_as_it_was_and_serves_when_the_new_is_damaged(
        self, some: View, tmp_path: Path, engine: str
    ) -> None:
        old = published(some, tmp_path, engine)
        folder = folder_of(tmp_path, old)
        before = {name: (folder / name).read_bytes() for name in old.files}
        new = published(_changed(some, title="改过的标题"), tmp_path, engine)
        assert {name: (folder / name).read_bytes() for name in old.files} == before
        (folder_of(tmp_path, new) / "store" / "001.sqlite").write_bytes(b"")
        with closing(open_current(tmp_path, "dealer")) as generation:
            assert generation.manifest == old
            assert consistent(generation)
            assert not generation.index.search(Query((WeightedTerm("names", "改过", 1.0),)))

    @pytest.mark.parametrize("engine", EMBEDDED)
    def test_pruning_does_not_harm_the_newer_ones(
        self, some: View, tmp_path: Path, engine: str
    ) -> None:
        made = [published(some, tmp_path, engine)]
        for number in range(4):
            made.append(published(_changed(some, number, title="改"), tmp_path, engine))
            assert names(tmp_path) == [manifest.name for manifest in made[-2:]]
            assert self.layers(tmp_path) == number + 2
            for manifest in made[-2:]:
                folder = folder_of(tmp_path, manifest)
                for name, digest in manifest.files.items():
                    assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest

    def test_nothing_changed_is_a_layer_of_nothing(self, some: View, tmp_path: Path) -> None:
        published(some, tmp_path)
        published(replace(some, on=some.on + timedelta(days=1)), tmp_path)
        with closing(open_current(tmp_path, "dealer")) as generation:
            assert generation.store.layers() == 2
            assert generation.store.first_numbers()[0] == generation.store.count() == 40
            assert generation.manifest.on == "2026-11-23"

    def test_the_ranking_of_the_newest_counts(self, some: View, tmp_path: Path) -> None:
        published(some, tmp_path)
        counts = some.settings.search.ranking.model_copy(update={"names": 7.5})
        search = some.settings.search.model_copy(update={"ranking": counts})
        changed = replace(some, settings=some.settings.model_copy(update={"search": search}))
        published(changed, tmp_path)
        with closing(open_current(tmp_path, "dealer")) as generation:
            assert generation.store.layers() == 2
            assert generation.store.ranking.names == 7.5

    def test_too_much_changed_is_built_anew(self, some: View, tmp_path: Path) -> None:
        def of(number: int) -> View:
            """As many documents fewer at the beginning, for readers who may know of them."""
            return replace(some, documents=some.documents[number:], internal=True)

        allowed = int(building.MAX_REPLACED * 40)
        for removed, layers in ((allowed, 2), (allowed + 1, 1)):
            root = tmp_path / str(removed)
            published(some, root)
            published(of(removed), root)
            assert self.layers(root) == layers

    def test_what_was_withdrawn_from_other_readers_is_in_no_file(
        self, some: View, tmp_path: Path
    ) -> None:
        first, *rest = some.documents
        secret = first.sections[0].html[10:30]
        less = first.model_copy(update={"sections": first.sections[1:], "digest": "less"})
        for documents in (tuple(rest), (less, *rest)):
            root = tmp_path / str(len(documents))
            published(some, root)
            folder = folder_of(root, published(some, root))
            assert self.layers(root) == 2
            assert secret in _texts(folder)
            changed = published(replace(some, documents=documents), root)
            assert self.layers(root) == 1
            assert secret not in _texts(folder_of(root, changed))

    def test_after_many_layers_it_is_built_anew(
        self, some: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(building, "MAX_LAYERS", 3)
        found = []
        for _ in range(8):
            published(some, tmp_path)
            found.append(self.layers(tmp_path))
        assert found == [1, 2, 3, 1, 2, 3, 1, 2]

    def test_with_other_words_it_is_built_anew(
        self, few: View, some: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        published(some, tmp_path)
        terms = (
            *some.settings.glossary.terms,
            Term.model_construct(term="新词", audience="dealer"),
        )
        glossary = some.settings.glossary.model_copy(update={"terms": terms})
        other = replace(some, settings=some.settings.model_copy(update={"glossary": glossary}))
        published(other, tmp_path)
        assert self.layers(tmp_path) == 1
        published(other, tmp_path)
        assert self.layers(tmp_path) == 2

    @pytest.mark.parametrize("package", ["casebook", "search"])
    def test_with_other_software_it_is_built_anew(
        self, some: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
    ) -> None:
        published(some, tmp_path / "index")
        (tmp_path / "new.py").write_text("NEW = 1\n")
        original = building.package_files

        def one_more(name: str) -> Iterator[Path]:
            yield from original(name)
            if name == package:
                yield tmp_path / "new.py"

        monkeypatch.setattr(building, "package_files", one_more)
        published(some, tmp_path / "index")
        assert self.layers(tmp_path / "index") == 1
        published(some, tmp_path / "index")
        assert self.layers(tmp_path / "index") == 2

    def test_by_another_engine_it_is_built_anew(self, some: View, tmp_path: Path) -> None:
        for engine in (*EMBEDDED, *EMBEDDED):
            published(some, tmp_path, engine)
            assert self.layers(tmp_path) == 1

    def test_of_another_audience_it_is_built_anew(
        self, some: View, agent_view: View, tmp_path: Path
    ) -> None:
        published(replace(some, audience=agent_view.audience), tmp_path)
        published(some, tmp_path)
        assert self.layers(tmp_path) == 1

    @pytest.mark.parametrize("engine", EMBEDDED)
    @pytest.mark.parametrize("damage", [_flip, _cut, _delete])
    def test_what_is_damaged_is_not_carried_on(
        self,
        some: View,
        tmp_path: Path,
        engine: str,
        damage: Callable[[Path, random.Random], None],
    ) -> None:
        before = published(some, tmp_path, engine)
        manifest = published(some, tmp_path, engine)
        folder = folder_of(tmp_path, manifest)
        damage(folder / "store" / "000.sqlite", random.Random(1))
        with closing(open_current(tmp_path, "dealer")) as generation:
            assert generation.manifest == before
        published(some, tmp_path, engine)
        assert self.layers(tmp_path) == 1
        for name in published(some, tmp_path, engine).files:
            root = tmp_path / "copies" / name.replace("/", "-")
            shutil.copytree(tmp_path / "generations", root / "generations")
            shutil.copy(tmp_path / "current", root)
            current = current_manifest(root)
            assert current is not None
            file = folder_of(root, current) / name
            if file.stat().st_size:
                damage(file, random.Random(2))
                published(some, root, engine)
                assert self.layers(root) == 1, name

    def test_the_one_before_a_damaged_one_is_kept(self, some: View, tmp_path: Path) -> None:
        intact = published(some, tmp_path)
        damaged = published(_changed(some, title="改过"), tmp_path)
        (folder_of(tmp_path, damaged) / "store" / "000.sqlite").write_bytes(b"")
        newest = published(some, tmp_path)
        assert names(tmp_path) == [intact.name, newest.name]

    def test_a_copy_that_differs_is_not_published(
        self, some: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = published(some, tmp_path)

        def careless(source: Path, target: Path) -> None:
            target.write_bytes(source.read_bytes()[:-1] + b"?")

        monkeypatch.setattr(shutil, "copyfile", careless)
        with pytest.raises(SearchError, match=r"复制以后和原来的不一样；检查磁盘。"):
            published(_changed(some, title="改过"), tmp_path)
        assert names(tmp_path) == [first.name]

    def test_what_it_takes_over_is_read_once(
        self, some: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(2):
            published(_changed(some, number, title="改"), tmp_path)
        read: list[str] = []
        original = hashlib.file_digest

        def record(file: Any, name: str) -> Any:
            read.append(Path(file.name).name)
            return original(file, name)

        monkeypatch.setattr(hashlib, "file_digest", record)
        published(_changed(some, 2, title="改"), tmp_path)
        assert "000.sqlite" not in read
        assert read.count("002.sqlite") == 1


class TestOrderOfNames:
    """Names are times, but the order in which generations were made counts."""

    @pytest.mark.parametrize("hours", [-5000, -3, -1 / 3600 / 1000, 0, 3, 5000])
    def test_a_clock_that_jumps_changes_no_order(
        self, few: View, more: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: float
    ) -> None:
        made = [published(few, tmp_path), published(more, tmp_path)]
        then = datetime.now(UTC) + timedelta(hours=hours)

        class Jumped(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:
                return then

        monkeypatch.setattr(index_files, "datetime", Jumped)
        live = Live(tmp_path, "dealer")
        monkeypatch.setattr(generations, "_LOOK_EVERY", 0)
        for view in (few, more, few):
            made.append(published(view, tmp_path))
            assert names(tmp_path) == [manifest.name for manifest in made[-2:]]
            live._look_at = 0.0
            with live.generation() as generation:
                assert generation.manifest == made[-1]
        live.close()
        (folder_of(tmp_path, made[-1]) / "manifest.json").write_bytes(b"")
        with closing(open_current(tmp_path, "dealer")) as generation:
            assert generation.manifest == made[-2]
        assert len({manifest.name for manifest in made}) == 5

    def test_folders_of_others_are_left_alone(self, few: View, tmp_path: Path) -> None:
        others = ["backup", "lost+found", "99999999T000000000000Z", "20261122"]
        for name in others:
            (tmp_path / "generations" / name).mkdir(parents=True)
        made = [published(few, tmp_path).name for _ in range(3)]
        assert names(tmp_path) == sorted([*others, *made[-2:]])
        with closing(open_current(tmp_path, "dealer")) as generation:
            assert generation.manifest.name == made[-1]

    def test_what_was_never_published_is_removed(self, few: View, tmp_path: Path) -> None:
        first = published(few, tmp_path).name
        second = published(few, tmp_path).name
        (tmp_path / "current").write_text(first)
        with closing(open_current(tmp_path, "dealer")) as generation:
            assert generation.manifest.name == first
        third = published(few, tmp_path).name
        assert names(tmp_path) == [first, third]
        assert third > second or second not in names(tmp_path)


class TestRollBack:
    def test_one_step_back_and_forward_again(self, few: View, more: View, tmp_path: Path) -> None:
        good, bad = published(few, tmp_path), published(more, tmp_path)
        assert roll_back(tmp_path, "dealer", "content") == good
        assert index_files.taken_back(tmp_path) == "content"
        with closing(open_current(tmp_path, "dealer")) as generation:
            assert generation.manifest == good
        mended = published(more, tmp_path)
        assert index_files.taken_back(tmp_path) == ""
        assert names(tmp_path) == [good.name, mended.name]
        assert mended.name != bad.name

    def test_what_was_taken_back_never_stands_in(
        self, few: View, more: View, tmp_path: Path
    ) -> None:
        good = published(few, tmp_path)
        published(more, tmp_path)
        roll_back(tmp_path, "dealer", "content")
        assert names(tmp_path) == [good.name]
        (tmp_path / "current").unlink()
        with closing(open_current(tmp_path, "dealer")) as generation:
            assert generation.manifest == good
        (folder_of(tmp_path, good) / "manifest.json").write_bytes(b"")
        with pytest.raises(IndexMissing):
            open_current(tmp_path, "dealer")

    def test_there_must_be_one_before(self, few: View, tmp_path: Path) -> None:
        with pytest.raises(IndexMissing, match=r"没有受众“dealer”的索引。先运行 casebook index。"):
            roll_back(tmp_path / "missing", "dealer", "content")
        first = published(few, tmp_path)
        for _ in range(2):
            with pytest.raises(SearchError) as caught:
                roll_back(tmp_path, "dealer", "content")
        assert str(caught.value) == (
            "受众“dealer”没有更早的一代可以退回。改好内容再运行 casebook index。"
        )
        assert index_files.taken_back(tmp_path) == ""
        assert current_manifest(tmp_path) == first

    def test_a_damaged_one_is_not_gone_back_to(self, few: View, more: View, tmp_path: Path) -> None:
        before, newest = published(few, tmp_path), published(more, tmp_path)
        (folder_of(tmp_path, before) / "store" / "000.sqlite").write_bytes(b"")
        with pytest.raises(SearchError, match="没有更早的一代"):
            roll_back(tmp_path, "dealer", "content")
        assert current_manifest(tmp_path) == newest


class _Edited:
    """A small library on the disk that changes at random, as authors change it."""

    FILES = ("faq/*.md", "policies/*.md", "cases/*.md")
    SWAPS = (
        ("宽带", "宽带网络"),
        ("流量", "国内流量"),
        ("短信", "彩信"),
        ("套餐", "cloudpc套餐"),
        ("营业厅", "营业网点"),
        ("audience: dealer", "audience: agent"),
        ("audience: agent", "audience: dealer"),
        ("effective_from: 2026", "effective_from: 2028"),
        ("effective_from: 2025", "effective_from: 2024"),
        ("similar:\n", "similar:\n  - 我家的无线老是掉线\n"),
        ("tags:\n", "tags:\n  - 蓝牙\n"),
        ("## 第", "## 新第"),
        ("title: ", "title: 关于"),
        ("owner: ", "owner: 新"),
        ("（faq-", "（case-"),
    )

    def __init__(self, source: Path, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        folder.mkdir()
        for name in ("casebook.toml", "glossary.toml"):
            shutil.copy(source / name, folder)
        for pattern in self.FILES:
            files = sorted(source.glob(pattern))
            for file in self.random.sample(files, min(12, len(files))):
                (folder / file.parent.name).mkdir(exist_ok=True)
                shutil.copy(file, folder / file.parent.name)
        self.texts = {path: path.read_text(encoding="utf-8") for path in self.files()}

    def files(self) -> list[Path]:
        return sorted(path for pattern in self.FILES for path in self.folder.glob(pattern))

    def view(self, audience: str) -> View:
        return load_library(self.folder).view(audience, ON)

    def edit(self) -> None:
        """Changes, removes or brings back one file."""
        choice = self.random.random()
        gone = sorted(set(self.texts) - set(self.files()))
        if choice < 0.25 and gone:
            path = self.random.choice(gone)
            path.write_text(self.texts[path], encoding="utf-8")
        elif choice < 0.5:
            self.random.choice(self.files()).unlink()
        else:
            path = self.random.choice(self.files())
            text = path.read_text(encoding="utf-8")
            old, new = self.random.choice([swap for swap in self.SWAPS if swap[0] in text])
            path.write_text(text.replace(old, new), encoding="utf-8")


QUERIES = """
    宽带断了怎么办 流量 套餐 短信 彩信 营业网点 cloudpc 无线掉线 蓝牙 taocan kuandai kdgz tc
    cloudpc套餐 宽代 韬餐 携号转网 欠费停机多久恢复 怎么投诉 退费 发票 关于 liuliang 国内流量
""".split()


def _described(generation: Generation) -> dict[str, object]:
    """All that a store says, by names that do not depend on numbers."""
    store = generation.store
    known = store.fingerprints()
    ids = {number: name for name, (number, _) in known.items()}
    layers = store._layers
    terms = sorted({row[0] for one in layers for row in one.rows("SELECT term FROM postings")})
    sounds = sorted({row[0] for one in layers for row in one.rows("SELECT sound FROM words")})
    passages = store.passages(range(store.first_numbers()[1]))
    owners = dict(zip(passages, store.owners(list(passages)), strict=True))

    def named(numbers: Iterable[int]) -> set[str]:
        return {ids[number] for number in numbers}

    return {
        "marks": {name: mark for name, (_, mark) in known.items()},
        "documents": {one.id: one for one in store.documents(list(ids)).values()},
        "cards": {c.id: replace(c, number=0) for c in store.cards(list(ids)).values()},
        "passages": sorted(
            (ids[owners[number]], passage.name, passage.anchor, passage.heading, passage.body)
            for number, passage in passages.items()
            if owners[number] in store.alive
        ),
        "facets": {
            (name, value): named(held)
            for name, values in store.facets.items()
            for value, held in values.items()
            if held
        },
        "current": [named(store.current(ON + timedelta(n))) for n in (0, -400, 999)],
        "latin": store.latin(),
        "sounding": store.sounding(sounds),
        "holding": {term: named(held) for term, held in store.holding(terms).items()},
        "terms": store.terms,
        "ranking": store.ranking,
        "counts": (store.count(), generation.index.count(), generation.manifest.documents),
    }


def _same_results(one: Generation, other: Generation, text: str) -> None:
    """The same is found, counted, shown and proposed, and the best is the best.

    Only the engine in memory scores the same to the digit: the others go on counting what was
    removed when they weigh how rare a term is.
    """
    request = Request(text[:MAX_CHARACTERS], size=MAX_SIZE)
    found, anew = (Searcher(g, ON, internal=False).search(request) for g in (one, other))
    assert (found.total, found.complete) == (anew.total, anew.complete)
    assert (found.facets, found.correction) == (anew.facets, anew.correction)
    ids, expected = ([hit.document.id for hit in results.hits] for results in (found, anew))
    hits = {hit.document.id: hit for hit in anew.hits}
    assert len(ids) == len(expected)
    if one.manifest.engine == "memory":
        assert ids == expected
        assert [hit.score for hit in found.hits] == pytest.approx([h.score for h in anew.hits])
    if ids:
        assert hits[ids[0]].score > 0.75 * anew.hits[0].score
        assert {*ids[:3]} <= {*expected[:10]}
    for hit in found.hits:
        if hit.document.id in hits:
            again = hits[hit.document.id]
            assert hit.document == again.document
            assert (hit.missing, hit.synonyms) == (again.missing, again.synonyms)


class TestRebuildAndCompare:
    @pytest.mark.parametrize(("engine", "seed"), [("memory", 1), ("tantivy", 2), ("whoosh", 1)])
    def test_a_series_of_edits_gives_what_a_new_build_gives(
        self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, seed: int
    ) -> None:
        monkeypatch.setattr(building, "MAX_LAYERS", 5)
        monkeypatch.setattr(building, "MAX_REPLACED", 0.5)
        library = _Edited(root, tmp_path / "library", seed)
        audience = ("dealer", "agent")[seed % 2]
        index = tmp_path / "index"
        layers = []
        for number in range(7):
            view = library.view(audience)
            published(view, index, engine)
            published(view, tmp_path / f"new-{number}", engine)
            with (
                closing(open_current(index, audience)) as one,
                closing(open_current(tmp_path / f"new-{number}", audience)) as anew,
            ):
                layers.append(one.store.layers())
                assert anew.store.layers() == 1
                found, expected = _described(one), _described(anew)
                for name, value in expected.items():
                    assert found[name] == value, name
                titles = [document.title for document in view.documents[number::9]]
                for text in (*QUERIES[number % 3 :: 3], *titles):
                    _same_results(one, anew, text)
            for _ in range(library.random.choice((1, 1, 2))):
                library.edit()
        assert max(layers) > 3
        assert layers.count(1) < 5


# Takes the lock and keeps it; or forks children that publish until they are killed, and names them.
_WRITER = """
    import os, pickle, sys
    from pathlib import Path
    from search import building, generations, index_files
    from search.analysis import Analyzer
    from search.engines import get_engine

    root, views = Path(sys.argv[1]), pickle.loads(Path(sys.argv[2]).read_bytes())
    if not views:
        with index_files.writing(root):
            print(os.getpid(), flush=True)
            sys.stdin.read()
    analyzer = Analyzer()
    building.Analyzer = generations.Analyzer = lambda *_: analyzer
    while True:
        child = os.fork()
        while not child:
            for view in views:
                generations.publish(view, root, get_engine("memory"), "source")
        print(child, flush=True)
        os.waitpid(child, 0)
        sys.stdin.readline()
"""


@contextmanager
def _writer(root: Path, folder: Path, *views: View) -> Iterator[Iterator[int]]:
    """A program that writes; gives the numbers of the processes to kill."""
    file = folder / "views"
    file.write_bytes(pickle.dumps(views))
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_WRITER), str(root), str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
    ) as started:
        try:
            yield _numbers(started)
        finally:
            os.killpg(started.pid, signal.SIGKILL)


def _wait_for_end(process: int) -> None:
    while Path(f"/proc/{process}").exists():
        time.sleep(0.005)


def _numbers(started: subprocess.Popen[str]) -> Iterator[int]:
    """The number of each child; the next child begins when its number is asked for."""
    assert started.stdin is not None
    assert started.stdout is not None
    for line in started.stdout:
        yield int(line)
        with suppress(BrokenPipeError):
            started.stdin.write("\n")
            started.stdin.flush()


class TestLock:
    def test_a_held_lock_is_a_clear_error(
        self, few: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(index_files, "_LOCK_SECONDS", 0.3)
        published(few, tmp_path)
        with (tmp_path / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            started = time.monotonic()
            with pytest.raises(SearchError) as caught:
                published(few, tmp_path)
        assert str(caught.value) == f"另一个程序正在 {tmp_path} 生成索引；等它结束再试。"
        assert time.monotonic() - started >= 0.3

    def test_who_waits_gets_its_turn(self, few: View, tmp_path: Path) -> None:
        (tmp_path / "lock").touch()
        with (tmp_path / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            waiting = threading.Thread(target=published, args=(few, tmp_path))
            waiting.start()
            time.sleep(0.3)
            assert current_manifest(tmp_path) is None
        waiting.join(10)
        assert current_manifest(tmp_path) is not None

    def test_a_dead_holder_lets_go_at_once(
        self, few: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(index_files, "_LOCK_SECONDS", 0.2)
        with _writer(tmp_path, tmp_path) as holders:
            holder = next(holders)
            with pytest.raises(SearchError, match="另一个程序正在"):
                published(few, tmp_path)
            os.kill(holder, signal.SIGKILL)
            assert next(holders, None) is None
            published(few, tmp_path)

    def test_two_writers_take_turns(self, few: View, more: View, tmp_path: Path) -> None:
        failures: list[Exception] = []

        def work(view: View) -> None:
            try:
                for _ in range(5):
                    published(view, tmp_path)
            except SearchError as error:
                failures.append(error)

        writers = [threading.Thread(target=work, args=(view,)) for view in (few, more)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(30)
        assert not failures
        generation = open_current(tmp_path, "dealer")
        assert consistent(generation)
        generation.close()
        assert len(names(tmp_path)) == 2


class TestKilled:
    def test_a_kill_at_any_moment_leaves_the_old_or_the_new(
        self, few: View, more: View, dealer_view: View, tmp_path: Path
    ) -> None:
        root = tmp_path / "index"
        published(few, root)
        started = time.monotonic()
        published(more, root)
        once = time.monotonic() - started
        # One is built anew; the next is the same and one document more.
        views = [replace(dealer_view, documents=dealer_view.documents[:n]) for n in (12, 13)]
        right = {len(view.documents) for view in (*views, more)}
        chosen = random.Random(11)
        seen, junk, updated = set(), 0, 0
        with _writer(root, tmp_path, *views, more) as writers:
            # On a busy machine a build takes longer than the first did: wait longer until some end.
            rounds, patience = 0, 2 * once
            while rounds < 25 or (rounds < 80 and (len(seen) <= 3 or not junk or not updated)):
                rounds += 1
                patience *= 1.1 if len(seen) <= 3 else 1
                writer = next(writers)
                time.sleep(chosen.uniform(0, patience))
                os.kill(writer, signal.SIGKILL)
                _wait_for_end(writer)
                junk += any(name.startswith(".") for name in names(root))
                generation = open_current(root, "dealer")
                assert generation.manifest.documents in right
                assert generation.manifest.name == (root / "current").read_text()
                assert consistent(generation)
                seen.add(generation.manifest.name)
                updated += generation.store.layers() > 1
                generation.close()
        assert len(seen) > 3
        assert updated, "no generation was made out of another"
        assert junk, "no build was killed half-way; the moments do not fit this machine"
        published(few, root)
        assert len(names(root)) == 2
        assert not any(name.startswith(".") for name in names(root))


class TestOrder:
    def test_everything_is_on_disk_before_the_pointer_moves(
        self, few: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        events: list[tuple[str, Path]] = []
        sync, replace_file, rename = os.fsync, Path.replace, Path.rename

        def record_sync(descriptor: int) -> None:
            events.append(("sync", Path(f"/proc/self/fd/{descriptor}").readlink()))
            sync(descriptor)

        def record_replace(path: Path, target: Path) -> Path:
            events.append(("point", Path(target)))
            return replace_file(path, target)

        def record_rename(path: Path, target: Path) -> Path:
            events.append(("rename", path))
            return rename(path, target)

        monkeypatch.setattr(os, "fsync", record_sync)
        monkeypatch.setattr(Path, "replace", record_replace)
        monkeypatch.setattr(Path, "rename", record_rename)
        manifest = published(few, tmp_path)

        named = events.index(("rename", tmp_path / "generations" / f".new-{manifest.name}"))
        moved = events.index(("point", tmp_path / "current"))
        fresh = tmp_path / "generations" / f".new-{manifest.name}"
        needed = [*manifest.files, "manifest.json", "engine", "store", "."]
        for path in [fresh / name for name in needed]:
            assert ("sync", path) in events[:named], path
        assert named < moved
        assert ("sync", tmp_path / "generations") in events[named:moved]
        assert ("sync", tmp_path / ".current.new") in events[:moved]
        assert ("sync", tmp_path) in events[moved:]

    def test_the_folders_on_the_way_are_on_disk_too(
        self, few: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        synced: set[Path] = set()
        sync = os.fsync

        def record(descriptor: int) -> None:
            synced.add(Path(f"/proc/self/fd/{descriptor}").readlink())
            sync(descriptor)

        monkeypatch.setattr(os, "fsync", record)
        published(few, tmp_path / "new" / "dealer")
        assert tmp_path / "new" / "dealer" in synced
        assert tmp_path / "new" / "dealer" / "generations" in synced


def _with_other(view: View, change: str) -> View:
    """A view with other words, another ranking, or another word with Latin letters in it."""
    settings = view.settings
    if change == "glossary":
        terms = settings.glossary.terms[:-1]
        glossary = settings.glossary.model_copy(update={"terms": terms})
        return replace(view, settings=settings.model_copy(update={"glossary": glossary}))
    if change == "ranking":
        ranking = settings.search.ranking.model_copy(update={"names": 7.5})
        search = settings.search.model_copy(update={"ranking": ranking})
        return replace(view, settings=settings.model_copy(update={"search": search}))
    return _changed(view, title={"latin": "怎么用 qwertz", "title": "换了一个题目"}[change])


class TestAnalyzer:
    """It is made anew where it would be another, and only there: that takes long."""

    @pytest.mark.parametrize(
        ("change", "taken_over"),
        [("title", True), ("latin", False), ("glossary", False), ("ranking", False)],
    )
    def test_one_that_would_be_the_same_is_taken_over(
        self,
        few: View,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        change: str,
        taken_over: bool,
    ) -> None:
        monkeypatch.setattr(generations, "_LOOK_EVERY", 0)
        monkeypatch.setattr(generations, "Analyzer", Analyzer)  # a new one each time
        published(few, tmp_path)
        with closing(Live(tmp_path, "dealer")) as live:
            with live.generation() as before:
                pass
            second = published(_with_other(few, change), tmp_path)
            with live.generation() as after:
                assert after.manifest == second
                assert (after.analyzer is before.analyzer) is taken_over
                assert (after.glossary is before.glossary) is taken_over
                with closing(open_current(tmp_path, "dealer")) as anew:
                    assert after.glossary == anew.glossary
                    for text in ("qwertz", "宽带办理", "话费余额"):
                        assert after.analyzer.query(text) == anew.analyzer.query(text)


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class TestLive:
    @pytest.fixture(autouse=True)
    def _look_always(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(generations, "_LOOK_EVERY", 0)
        monkeypatch.setattr(generations, "_RETRY_EVERY", 0)

    @pytest.fixture
    def live(self, few: View, tmp_path: Path) -> Live:
        published(few, tmp_path)
        return Live(tmp_path, "dealer")

    def test_a_new_generation_is_followed(self, live: Live, more: View, tmp_path: Path) -> None:
        with live.generation() as generation:
            assert generation.manifest.documents == 4
        newest = published(more, tmp_path)
        with live.generation() as generation:
            assert generation.manifest == newest
        live.close()

    def test_it_is_not_looked_for_at_every_request(
        self,
        live: Live,
        few: View,
        more: View,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(generations, "_LOOK_EVERY", 60)
        for view in (few, more):
            with live.generation() as generation:
                assert generation.manifest.documents == 4
            published(view, tmp_path)
        live.close()

    def test_who_began_with_the_old_one_ends_with_it(
        self, live: Live, more: View, tmp_path: Path
    ) -> None:
        with live.generation() as old:
            published(more, tmp_path)
            with live.generation() as new:
                assert new.manifest != old.manifest
            assert consistent(old)
        with pytest.raises(SearchError):
            old.store.fingerprints()
        live.close()

    @pytest.mark.parametrize("file", ["manifest.json", "store/000.sqlite"])
    def test_a_damaged_new_one_leaves_the_old_in_use(
        self, live: Live, few: View, more: View, tmp_path: Path, file: str
    ) -> None:
        first = current_manifest(tmp_path)
        newest = published(more, tmp_path)
        (folder_of(tmp_path, newest) / file).write_bytes(b"")
        with live.generation() as generation:
            assert generation.manifest == first
            assert consistent(generation)
        mended = published(few, tmp_path)
        with live.generation() as generation:
            assert generation.manifest == mended
        live.close()

    def test_what_cannot_be_opened_yet_is_tried_again(
        self, live: Live, more: View, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """As when another machine copies the pointer first, or files ran out for a moment."""
        first = current_manifest(tmp_path)
        newest = published(more, tmp_path)
        away = tmp_path / "away"
        (folder_of(tmp_path, newest) / "store").rename(away)
        for _ in range(3):
            with live.generation() as generation:
                assert generation.manifest == first
        assert sum("继续使用旧索引" in record.message for record in caplog.records) == 1
        away.rename(folder_of(tmp_path, newest) / "store")
        with live.generation() as generation:
            assert generation.manifest == newest
        live.close()

    def test_who_began_with_the_one_before_moves_when_the_newest_is_whole(
        self, few: View, more: View, tmp_path: Path
    ) -> None:
        before, newest = published(few, tmp_path), published(more, tmp_path)
        away = tmp_path / "away"
        (folder_of(tmp_path, newest) / "engine").rename(away)
        live = Live(tmp_path, "dealer")
        with live.generation() as generation:
            assert generation.manifest == before
        away.rename(folder_of(tmp_path, newest) / "engine")
        with live.generation() as generation:
            assert generation.manifest == newest
        live.close()

    def test_no_index_left_keeps_the_one_in_memory(self, live: Live, tmp_path: Path) -> None:
        shutil.rmtree(tmp_path / "generations")
        (tmp_path / "current").write_text("gone")
        for _ in range(3):
            with live.generation() as generation:
                assert generation.store.count() == 4
        live.close()

    @pytest.mark.parametrize("engine", EMBEDDED)
    def test_readers_see_no_gap_during_thirty_publishes(
        self, few: View, more: View, tmp_path: Path, engine: str
    ) -> None:
        published(few, tmp_path, engine)
        live = Live(tmp_path, "dealer")
        done = threading.Event()
        failures: list[str] = []
        seen: list[str] = []

        def read() -> None:
            while not done.is_set():
                try:
                    with live.generation() as generation:
                        if not consistent(generation):
                            failures.append(generation.manifest.name)
                        seen.append(generation.manifest.name)
                except Exception as error:  # noqa: BLE001
                    failures.append(repr(error))
                time.sleep(0.05)

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for number in range(30):
            published((few, more)[number % 2], tmp_path, engine)
        done.set()
        for reader in readers:
            reader.join(20)
        live.close()
        assert not failures
        assert len(set(seen)) > 5

    @pytest.mark.parametrize("engine", EMBEDDED)
    def test_a_hundred_swaps_leave_no_file_open(
        self, few: View, tmp_path: Path, engine: str
    ) -> None:
        kept = [published(few, tmp_path, engine).name for _ in range(2)]
        live = Live(tmp_path, "dealer")
        with live.generation():
            pass
        before, threads = _open_files(), threading.active_count()
        used = set()
        for number in range(100):
            index_files.point(tmp_path, kept[number % 2])
            with live.generation() as generation:
                used.add(generation.manifest.name)
        assert used == set(kept)
        assert _open_files() <= before + 2
        assert threading.active_count() <= threads
        live.close()

    def test_nobody_waits_while_a_new_one_is_opened(
        self, live: Live, more: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = current_manifest(tmp_path)
        newest = published(more, tmp_path)
        opening, go_on = threading.Event(), threading.Event()
        original = open_generation

        def slow(*given: Any) -> Generation:
            opening.set()
            go_on.wait(60)
            return original(*given)

        monkeypatch.setattr(generations, "open_generation", slow)
        mover = threading.Thread(target=lambda: live.generation().__enter__().release())
        mover.start()
        assert opening.wait(10)
        with live.generation() as generation:
            assert generation.manifest == first
        assert mover.is_alive()
        go_on.set()
        mover.join(60)
        with live.generation() as generation:
            assert generation.manifest == newest
        live.close()

    def test_closing_lets_the_last_user_finish(self, live: Live) -> None:
        with live.generation() as generation:
            live.close()
            assert consistent(generation)
        with pytest.raises(SearchError):
            generation.store.fingerprints()


def test_a_generation_of_a_newer_layout_is_refused(
    few: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = index_files.FORMAT
    for module in (building, index_files):
        monkeypatch.setattr(module, "FORMAT", known + 1)
    published(few, tmp_path)
    for module in (building, index_files):
        monkeypatch.setattr(module, "FORMAT", known)
    with pytest.raises(IndexMissing, match=f"索引的格式是 {known + 1}，这个版本只认识 {known}"):
        open_current(tmp_path, "dealer")
