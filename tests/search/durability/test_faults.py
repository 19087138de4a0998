"""Full and read-only disks, no files, no permission: search goes on, publishing says why."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.durability.samples import in_child
from casebook.errors import SearchError
from casebook.library import View
from search import building, generations
from search.analysis import WeightedTerm
from search.engines import EMBEDDED, get_engine
from search.engines.base import Query
from search.generations import Live, current_manifest, open_current, publish

QUERY = Query((WeightedTerm("text", "客户", 1.0),), limit=10)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "software_digest", lambda _: "same")
    monkeypatch.setattr(generations, "_LOOK_EVERY", 0)
    monkeypatch.setattr(generations, "_RETRY_EVERY", 0)


@pytest.fixture
def views(dealer_view: View) -> tuple[View, View]:
    """Twelve documents, and the same with one more."""
    return tuple(replace(dealer_view, documents=dealer_view.documents[:n]) for n in (12, 13))


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[Callable[..., None]]:
    """A disk of that size; gives what mounts it again with other options."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("only root may mount a disk")

    def again(options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)

    try:
        yield again
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def answers(live: Live, documents: int) -> None:
    with live.generation() as generation:
        assert generation.manifest.documents == documents
        found = [number for number, _ in generation.index.search(QUERY)]
        assert found
        assert len(generation.store.passages(found)) == len(found)


# Whoosh leaves its files to the garbage collector when it fails.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("engine", EMBEDDED)
def test_a_full_disk(tmp_path: Path, views: tuple[View, View], engine: str) -> None:
    few, more = views
    with mounted(tmp_path / "disk", "64m") as again:
        root = tmp_path / "disk" / "index"
        first = publish(few, root, get_engine(engine), "")
        live = Live(root, "dealer")
        free = shutil.disk_usage(root).free
        # From nothing left at all to almost enough.
        for left in (0, 4096, 16_384, 65_536):
            filler = tmp_path / "disk" / "filler"
            filler.write_bytes(bytes(free - left))
            for view in (more, few):
                with pytest.raises(SearchError, match="磁盘满了"):
                    publish(view, root, get_engine(engine), "", anew=view is few)
                assert current_manifest(root) == first
                answers(live, 12)
            assert [p.name for p in (root / "generations").iterdir()] == [first.name]
            filler.unlink()
        publish(more, root, get_engine(engine), "")
        answers(live, 13)
        live.close()
        del again


@pytest.mark.parametrize("engine", EMBEDDED)
def test_a_disk_that_turns_read_only(tmp_path: Path, views: tuple[View, View], engine: str) -> None:
    few, more = views
    with mounted(tmp_path / "disk", "64m") as again:
        root = tmp_path / "disk" / "index"
        first = publish(few, root, get_engine(engine), "")
        live = Live(root, "dealer")
        again("ro")
        with pytest.raises(SearchError, match="磁盘是只读的"):
            publish(more, root, get_engine(engine), "")
        answers(live, 12)
        # A service can be started on it, too.
        with closing(open_current(root, "dealer")) as generation:
            assert generation.manifest == first
        again("rw")
        publish(more, root, get_engine(engine), "")
        answers(live, 13)
        live.close()


@pytest.mark.parametrize("engine", EMBEDDED)
def test_without_files_left(tmp_path: Path, views: tuple[View, View], engine: str) -> None:
    few, more = views
    root = tmp_path / "index"
    publish(few, root, get_engine(engine), "")

    def work() -> str:
        live = Live(root, "dealer")
        answers(live, 12)
        limit = len(list(Path("/proc/self/fd").iterdir()))
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        publish(more, root, get_engine(engine), "")
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
        held = []
        try:
            while True:
                held.append(os.open("/dev/null", os.O_RDONLY))
        except OSError as error:
            assert error.errno == errno.EMFILE
        for _ in range(3):
            answers(live, 12)
        with pytest.raises(SearchError) as caught:
            publish(few, root, get_engine(engine), "")
        refused = str(caught.value)
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        answers(live, 13)
        publish(few, root, get_engine(engine), "")
        answers(live, 12)
        live.close()
        return refused

    assert "打开的文件太多" in in_child(work)


@pytest.mark.parametrize("engine", EMBEDDED)
def test_without_permission(tmp_path: Path, views: tuple[View, View], engine: str) -> None:
    few, more = views
    root = tmp_path / "index"
    publish(few, root, get_engine(engine), "")
    with closing(Live(root, "dealer")) as live:
        # Whatever Python loads for this is loaded: others may not be able to read it.
        answers(live, 12)
    for path in (tmp_path, *tmp_path.parents):
        mode = path.stat().st_mode
        if not mode & 0o001:
            path.chmod(mode | 0o011)

    def work() -> str:
        if os.getuid() == 0:
            os.setgroups([])
            os.setuid(65534)
        else:
            (root / "generations").chmod(0o555)
        live = Live(root, "dealer")
        answers(live, 12)
        with pytest.raises(SearchError) as caught:
            publish(more, root, get_engine(engine), "")
        answers(live, 12)
        live.close()
        return str(caught.value)

    answer = in_child(work)
    (root / "generations").chmod(0o755)
    assert "没有权限。检查磁盘空间和权限。" in answer
    assert publish(more, root, get_engine(engine), "").documents == 13
