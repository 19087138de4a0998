"""A generation is published by one step, checked before it is used, and replaced without a gap."""

from __future__ import annotations

import fcntl
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
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from casebook.errors import IndexMissing, SearchError
from casebook.library import View
from casebook.settings import Term
from search import generations
from search.analysis import Analyzer, WeightedTerm
from search.engines import ENGINES, get_engine
from search.engines.base import Query
from search.generations import Generation, Live, Manifest, current_manifest, open_current, publish

MEMORY = get_engine("memory")


def published(view: View, root: Path, engine: str = "memory", source: str = "source") -> Manifest:
    return publish(view, root, get_engine(engine), source)


def folder_of(root: Path, manifest: Manifest) -> Path:
    return root / "generations" / manifest.name


def names(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "generations").iterdir())


def consistent(generation: Generation) -> bool:
    """Whether manifest, store and index are of one build."""
    manifest = generation.manifest
    terms = tuple(WeightedTerm(word, 1.0) for word in ("客户", "的", "办", "费"))
    found = generation.index.search(Query(terms, {"heading": 2.0, "body": 1.0}, limit=1000))
    passages = generation.store.passages([name for name, _ in found.hits])
    return (
        generation.store.count() == manifest.documents
        and generation.index.count() == manifest.passages
        and len(passages) == found.total > 0
    )


@pytest.fixture
def one_analyzer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same analyzer for every generation: making one takes longer than all the rest."""
    analyzer = Analyzer()

    def the_same(_: Iterable[Term]) -> Analyzer:
        return analyzer

    monkeypatch.setattr(generations, "Analyzer", the_same)


@pytest.mark.usefixtures("one_analyzer")
class TestPublishing:
    @pytest.mark.parametrize("engine", ENGINES)
    def test_what_was_published_opens(self, few: View, tmp_path: Path, engine: str) -> None:
        manifest = published(few, tmp_path, engine)
        generation = open_current(tmp_path, "dealer")
        assert generation.manifest == manifest == current_manifest(tmp_path)
        assert consistent(generation)
        assert set(generation.store.documents([d.id for d in few.documents])) == {
            document.id for document in few.documents
        }
        generation.close()

    def test_the_manifest_says_what_it_holds(self, few: View, tmp_path: Path) -> None:
        manifest = published(few, tmp_path, source="abc")
        folder = folder_of(tmp_path, manifest)
        files = {
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
        }
        assert set(manifest.files) == files - {"manifest.json"}
        assert {"documents.sqlite", "engine/entries.jsonl"} == set(manifest.files)
        assert (manifest.audience, manifest.on) == ("dealer", "2026-11-22")
        assert (manifest.engine, manifest.source) == ("memory", "abc")
        assert (manifest.format, manifest.documents) == (generations.FORMAT, 4)
        assert manifest.passages > manifest.documents
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
        (folder_of(tmp_path, published(few, tmp_path)) / "documents.sqlite").unlink()
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

    def test_what_a_killed_build_left_is_removed(self, few: View, tmp_path: Path) -> None:
        first = published(few, tmp_path).name
        junk = tmp_path / "generations" / ".new-20200101T000000000000Z" / "engine"
        junk.mkdir(parents=True)
        (junk / "half").write_text("half")
        second = published(few, tmp_path).name
        assert names(tmp_path) == [first, second]

    def test_a_failed_build_changes_nothing(
        self, few: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = published(few, tmp_path).name

        def fail(*_: object) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(MEMORY.__class__, "build", fail)
        with pytest.raises(SearchError) as caught:
            published(few, tmp_path)
        assert str(caught.value) == (
            f"索引写不进 {tmp_path / 'generations'}：No space left on device。检查磁盘空间和权限。"
        )
        assert names(tmp_path) == [first]
        assert (tmp_path / "current").read_text() == first

    def test_an_index_that_cannot_be_read_back_is_not_published(
        self, few: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = published(few, tmp_path).name
        original = MEMORY.__class__.build

        def lossy(engine: object, folder: Path, entries: object) -> int:
            return original(engine, folder, entries) + 1  # type: ignore[arg-type]

        monkeypatch.setattr(MEMORY.__class__, "build", lossy)
        with pytest.raises(SearchError, match="条数和清单不符"):
            published(few, tmp_path)
        assert names(tmp_path) == [first]

    def test_a_folder_that_cannot_be_made_is_a_clear_error(self, few: View, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(SearchError, match="写不进"):
            published(few, tmp_path / "file" / "dealer")


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


@pytest.fixture(scope="module", params=list(ENGINES))
def pair(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    few: View,
    more: View,
) -> tuple[Path, Manifest, Manifest]:
    """Two published generations of one engine."""
    root = tmp_path_factory.mktemp(f"pair-{request.param}")
    return root, published(few, root, request.param), published(more, root, request.param)


@pytest.mark.usefixtures("one_analyzer")
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
            ("format", 2),
            ("format", "1"),
            ("audience", "agent"),
            ("engine", "lucene"),
            ("engine", "../memory"),
            ("engine", 7),
            ("documents", 999),
            ("passages", 0),
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
        file.write_text(json.dumps(json.loads(file.read_text()) | {key: value}))
        generation = open_current(root, "dealer")
        assert generation.manifest == before
        generation.close()

    def test_files_of_another_generation_are_found(
        self, pair: tuple[Path, Manifest, Manifest], tmp_path: Path
    ) -> None:
        source, before, newest = pair
        root = tmp_path / "index"
        shutil.copytree(source, root)
        store = "documents.sqlite"
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

    def test_with_none_left_the_message_lists_the_reasons(
        self, pair: tuple[Path, Manifest, Manifest], tmp_path: Path
    ) -> None:
        source, before, newest = pair
        root = tmp_path / "index"
        shutil.copytree(source, root)
        for manifest in (before, newest):
            (folder_of(root, manifest) / "documents.sqlite").unlink()
        with pytest.raises(IndexMissing) as caught:
            open_current(root, "dealer")
        assert str(caught.value) == (
            "没有受众“dealer”可用的索引"
            f"（{newest.name}：文件 documents.sqlite 和清单不符；"
            f"{before.name}：文件 documents.sqlite 和清单不符）。先运行 casebook index。"
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


# Takes the lock and keeps it; or forks children that publish until they are killed, and names them.
_WRITER = """
    import os, pickle, sys
    from pathlib import Path
    from search import generations
    from search.analysis import Analyzer
    from search.engines import get_engine

    root, views = Path(sys.argv[1]), pickle.loads(Path(sys.argv[2]).read_bytes())
    if not views:
        with generations._writing(root):
            print(os.getpid(), flush=True)
            sys.stdin.read()
    analyzer = Analyzer()
    generations.Analyzer = lambda terms: analyzer
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


@pytest.mark.usefixtures("one_analyzer")
class TestLock:
    def test_a_held_lock_is_a_clear_error(
        self, few: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(generations, "_LOCK_SECONDS", 0.3)
        published(few, tmp_path)
        with (tmp_path / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            started = time.monotonic()
            with pytest.raises(SearchError) as caught:
                published(few, tmp_path)
        assert str(caught.value) == f"另一个程序正在 {tmp_path} 生成索引；等它结束再试。"
        assert 0.3 <= time.monotonic() - started < 2

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
        monkeypatch.setattr(generations, "_LOCK_SECONDS", 0.2)
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
        self, few: View, more: View, tmp_path: Path, one_analyzer: None
    ) -> None:
        root = tmp_path / "index"
        published(few, root)
        started = time.monotonic()
        published(more, root)
        once = time.monotonic() - started
        right = {len(view.documents) for view in (few, more)}
        chosen = random.Random(11)
        seen, junk = set(), 0
        with _writer(root, tmp_path, few, more) as writers:
            # On a busy machine a build takes longer than the first did: wait longer until some end.
            rounds, patience = 0, 2 * once
            while rounds < 25 or (rounds < 80 and (len(seen) <= 3 or not junk)):
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
                generation.close()
        assert len(seen) > 3
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
        needed = [*manifest.files, "manifest.json", "engine", "."]
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


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class TestLive:
    @pytest.fixture(autouse=True)
    def _look_always(self, monkeypatch: pytest.MonkeyPatch, one_analyzer: None) -> None:
        monkeypatch.setattr(generations, "_LOOK_EVERY", 0)

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
        self, live: Live, more: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(generations, "_LOOK_EVERY", 60)
        published(more, tmp_path)
        with live.generation() as generation:
            assert generation.manifest.documents == 4
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
            old.store.count()
        live.close()

    @pytest.mark.parametrize("file", ["manifest.json", "documents.sqlite"])
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

    def test_no_index_left_keeps_the_one_in_memory(self, live: Live, tmp_path: Path) -> None:
        shutil.rmtree(tmp_path / "generations")
        (tmp_path / "current").write_text("gone")
        for _ in range(3):
            with live.generation() as generation:
                assert generation.store.count() == 4
        live.close()

    @pytest.mark.parametrize("engine", ENGINES)
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

    @pytest.mark.parametrize("engine", ENGINES)
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
            generations._point(tmp_path, kept[number % 2])
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
        original = open_current

        def slow(root: Path, audience: str) -> Generation:
            opening.set()
            go_on.wait(10)
            return original(root, audience)

        monkeypatch.setattr(generations, "open_current", slow)
        mover = threading.Thread(target=lambda: live.generation().__enter__().release())
        mover.start()
        assert opening.wait(10)
        started = time.monotonic()
        with live.generation() as generation:
            assert generation.manifest == first
        assert time.monotonic() - started < 1
        go_on.set()
        mover.join(10)
        with live.generation() as generation:
            assert generation.manifest == newest
        live.close()

    def test_closing_lets_the_last_user_finish(self, live: Live) -> None:
        with live.generation() as generation:
            live.close()
            assert consistent(generation)
        with pytest.raises(SearchError):
            generation.store.count()


def test_a_generation_of_a_newer_layout_is_refused(
    few: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generations, "FORMAT", 2)
    published(few, tmp_path)
    monkeypatch.setattr(generations, "FORMAT", 1)
    with pytest.raises(IndexMissing, match="索引的格式是 2，这个版本只认识 1"):
        open_current(tmp_path, "dealer")
