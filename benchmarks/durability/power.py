"""Cuts the power while an index is published, on the worst disk that the rules of POSIX allow.

What a publishing process asks of the system is recorded by strace. A model of a disk replays the
record up to the cut and forgets what it may forget: of a file that was not synced since it was
last written to, all, a half, or nothing is there, or zeros are; a name that was given, changed or
removed since its folder was last synced is there as it was or as it is, each by chance.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.durability.samples import AUDIENCE, fault_of, hasten, views
from casebook.errors import SearchError
from search.engines import get_engine
from search.generations import open_current, publish
from search.index_files import GENERATIONS

_CALLS = (
    "openat,open,creat,write,pwrite64,writev,pwritev,ftruncate,fallocate,sendfile,copy_file_range,"
    "fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir"
)
_WRITES = ("write", "pwrite64", "writev", "pwritev", "ftruncate", "fallocate")
_COPIES = ("sendfile", "copy_file_range")
_LINE = re.compile(r"^(?P<call>\w+)\((?P<given>.*)\)\s+= (?P<result>\d+)(?:<(?P<path>[^>]*)>)?")
_NAMED = re.compile(r'(?:(?:AT_FDCWD|\d+)<(?P<folder>[^>]*)>, )?"(?P<name>[^"]*)"')
_OPEN = re.compile(r"\d+<(?P<path>[^>]*)>")


@dataclass(frozen=True)
class Step:
    """Something that was asked of the system: a call, and the one or two paths that it is about."""

    call: str
    path: str
    other: str = ""


@dataclass(eq=False)
class File:
    """A file of the model.

    Attributes:
        content: what it holds at the end of the record; None where that is not known.
        synced: whether it was synced since it was last written to.
    """

    content: bytes | None = None
    synced: bool = False


@dataclass(eq=False)
class Folder:
    """A folder of the model.

    Attributes:
        names: what is in it.
        durable: what was in it when it was last synced.
        since: what has changed since, each a change of some names.
    """

    names: dict[str, File | Folder] = field(default_factory=dict)
    durable: dict[str, File | Folder] = field(default_factory=dict)
    since: list[dict[str, File | Folder | None]] = field(default_factory=list)

    def change(self, change: dict[str, File | Folder | None]) -> None:
        """Gives, changes or (by None) removes names, all of them or none."""
        _apply(self.names, change)
        self.since.append(change)

    def sync(self) -> None:
        """Makes all changes durable."""
        self.durable, self.since = dict(self.names), []


def _apply(names: dict[str, File | Folder], change: dict[str, File | Folder | None]) -> None:
    for name, node in change.items():
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


class Disk:
    """A disk with one folder on it, as it was before the record.

    Args:
        root: the folder's path.
        before: a copy of the folder as it was.
        believes: whether syncing does anything; without, nothing is durable.
    """

    def __init__(self, root: Path, before: Path, *, believes: bool = True) -> None:
        self._root = root
        self._believes = believes
        self.top = _durable(before)
        self.created: list[File] = []

    def replay(self, steps: list[Step]) -> None:
        """Does what the record says."""
        for step in steps:
            self._do(step)

    def contents(self) -> dict[int, bytes]:
        """What the files hold that were created, by their order: of a disk at the end."""
        paths = {id(node): path for path, node in _paths(self.top, self._root)}
        return {
            place: paths[id(file)].read_bytes()
            for place, file in enumerate(self.created)
            if id(file) in paths
        }

    def _node(self, path: Path) -> File | Folder | None:
        node: File | Folder | None = self.top
        for part in path.relative_to(self._root).parts:
            if not isinstance(node, Folder):
                return None
            node = node.names.get(part)
        return node

    def _place(self, path: str) -> tuple[Folder, str]:
        folder = self._node(Path(path).parent)
        if folder is None or isinstance(folder, File):
            raise LookupError(f"the record names {path}, of which the model knows nothing")
        return folder, Path(path).name

    def _do(self, step: Step) -> None:
        node = self._node(Path(step.path))
        if step.call == "write" and isinstance(node, File):
            node.synced = False
        elif step.call == "sync" and self._believes:
            if isinstance(node, Folder):
                node.sync()
            elif node:
                node.synced = True
        elif step.call in _NAMING:
            _NAMING[step.call](self, step, node)

    def _create(self, step: Step, node: File | Folder | None) -> None:
        if node is None:
            folder, name = self._place(step.path)
            folder.change({name: File()})
            self.created.append(folder.names[name])  # type: ignore[arg-type]

    def _mkdir(self, step: Step, _: File | Folder | None) -> None:
        folder, name = self._place(step.path)
        folder.change({name: Folder()})

    def _remove(self, step: Step, _: File | Folder | None) -> None:
        folder, name = self._place(step.path)
        folder.change({name: None})

    def _link(self, step: Step, node: File | Folder | None) -> None:
        folder, name = self._place(step.other)
        folder.change({name: node})

    def _rename(self, step: Step, node: File | Folder | None) -> None:
        source, name = self._place(step.path)
        target, other = self._place(step.other)
        if source is target:
            source.change({name: None, other: node})
        else:
            target.change({other: node})
            source.change({name: None})


_NAMING = {
    "create": Disk._create,
    "mkdir": Disk._mkdir,
    "remove": Disk._remove,
    "link": Disk._link,
    "rename": Disk._rename,
}


def _durable(path: Path) -> Folder:
    names: dict[str, File | Folder] = {
        one.name: _durable(one) if one.is_dir() else File(one.read_bytes(), synced=True)
        for one in sorted(path.iterdir())
    }
    return Folder(names, dict(names))


def _paths(folder: Folder, path: Path) -> Iterator[tuple[Path, File]]:
    for name, node in folder.names.items():
        if isinstance(node, Folder):
            yield from _paths(node, path / name)
        else:
            yield path / name, node


def write_after_cut(node: Folder, path: Path, chosen: random.Random) -> None:
    """Writes what a disk may hold after the power was cut."""
    path.mkdir()
    names = dict(node.durable)
    for change in node.since:
        if chosen.random() < 0.5:  # noqa: PLR2004
            _apply(names, change)
    for name, one in names.items():
        if isinstance(one, Folder):
            write_after_cut(one, path / name, chosen)
        else:
            (path / name).write_bytes(_left(one, chosen))


def _left(file: File, chosen: random.Random) -> bytes:
    content = file.content or b""
    if file.synced and file.content is not None:
        return content
    return chosen.choice((b"", content[: len(content) // 2], bytes(len(content)), content))


_PUBLISHER = """
import sys
from pathlib import Path
from benchmarks.durability.power import publish_once
publish_once(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
"""


def publish_once(root: Path, engine: str, view: int) -> None:
    """Publishes one of the views; the process under strace does this."""
    hasten()
    chosen = views()[view]
    # What comes before is nothing to record.
    (root / "begin").touch()
    publish(chosen, root, get_engine(engine), "")
    (root / "begin").unlink()


def record(root: Path, engine: str, view: int) -> list[Step]:
    """Publishes under strace, and gives what was asked of the system below the index folder.

    Raises:
        FileNotFoundError: there is no strace.
        CalledProcessError: it does not work here.
    """
    log = root.with_suffix(".strace")
    subprocess.run(
        [
            *("strace", "-f", "-qq", "-y", "-s", "0", "-e", f"trace={_CALLS}", "-o", str(log)),
            *(sys.executable, "-c", _PUBLISHER, str(root), engine, str(view)),
        ],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return list(_steps(log.read_text(encoding="utf-8", errors="replace"), root))


def _steps(text: str, root: Path) -> Iterator[Step]:
    begun = False
    for line in _whole_lines(text):
        found = _LINE.match(line)
        if not found:
            continue
        for step in _step(found):
            if not step.path.startswith(f"{root}/") and step.path != str(root):
                continue
            if Path(step.path) == root / "begin":
                if begun and step.call == "remove":
                    return
                begun = True
            elif begun:
                yield step


def _whole_lines(text: str) -> Iterator[str]:
    """The lines of all threads; a call that another one interrupted is put together again."""
    waiting: dict[str, str] = {}
    for line in text.splitlines():
        process, _, rest = line.partition(" ")
        rest = rest.lstrip()
        if rest.endswith("<unfinished ...>"):
            waiting[process] = rest.removesuffix("<unfinished ...>").rstrip()
        elif resumed := re.match(r"<\.\.\. \w+ resumed>(.*)", rest):
            yield waiting.pop(process, "") + resumed.group(1)
        else:
            yield rest


def _step(found: re.Match[str]) -> Iterator[Step]:
    call, given = found["call"], found["given"]
    named = [str(Path(one["folder"] or "/", one["name"])) for one in _NAMED.finditer(given)]
    opened = [one["path"] for one in _OPEN.finditer(given)]
    if call in ("openat", "open", "creat"):
        if call == "creat" or "O_CREAT" in given:
            yield Step("create", found["path"])
        if call == "creat" or "O_TRUNC" in given:
            yield Step("write", found["path"])
    elif call in _WRITES:
        yield Step("write", opened[0])
    elif call in _COPIES:
        yield Step("write", opened[0] if call == "sendfile" else opened[1])
    elif call in ("fsync", "fdatasync"):
        yield Step("sync", opened[0])
    elif call.startswith("rename"):
        yield Step("rename", *named)
    elif call.startswith("link"):
        yield Step("link", *named)
    elif call.startswith("mkdir"):
        yield Step("mkdir", named[0])
    else:
        yield Step("remove", named[0])


@dataclass
class Cut:
    """What came of cutting the power.

    Attributes:
        steps: how many steps were recorded.
        found: how often the old generation opened, the new one, or neither.
        lost: how often a generation was lost whose publishing had ended.
    """

    steps: int = 0
    found: Counter[str] = field(default_factory=Counter)
    lost: int = 0


def cut_power(
    folder: Path, engine: str, count: int, *, believes: bool = True, seed: int = 1
) -> Cut:
    """Cuts the power so many times while a generation is made, now out of another, now anew.

    Args:
        folder: an empty folder.
        engine: the engine's name.
        count: how many times.
        believes: whether the disk syncs; without, the model must find generations lost.
        seed: of the moments and of what is forgotten.
    """
    chosen = random.Random(seed)  # noqa: S311  (repeatable)
    done = Cut()
    for place, view in enumerate((1, 2)):
        root, before = folder / f"index-{place}", folder / f"before-{place}"
        old = [publish(views()[number], root, get_engine(engine), "").name for number in (2, 0)][-1]
        shutil.copytree(root, before)
        steps = record(root, engine, view)
        done.steps += len(steps)
        new = (root / "current").read_text()
        whole = Disk(root, before)
        whole.replay(steps)
        contents = whole.contents()
        for number in range(count // 2):
            # The moments around the swap are few among all.
            least = _first_rename(steps) if number % 2 else 0
            cut = len(steps) if number == 0 else chosen.randrange(least, len(steps) + 1)
            disk = Disk(root, before, believes=believes)
            disk.replay(steps[:cut])
            written = _written_after(root, before, steps, cut)
            for order, file in enumerate(disk.created):
                file.content = contents.get(order)
                file.synced &= order not in written
            left = folder / "left"
            write_after_cut(disk.top, left, chosen)
            what = _opened(left, {old: "old", new: "new"})
            done.found[what] += 1
            done.lost += cut == len(steps) and what != "new"
            shutil.rmtree(left)
    return done


def _first_rename(steps: list[Step]) -> int:
    """The step that gives the generation its name."""
    return next(
        place
        for place, step in enumerate(steps)
        if step.call == "rename" and Path(step.path).parent.name == GENERATIONS
    )


def _written_after(root: Path, before: Path, steps: list[Step], cut: int) -> set[int]:
    """The files created before the cut that are written to again: what they held is not known."""
    disk = Disk(root, before)
    disk.replay(steps[:cut])
    synced = [file.synced for file in disk.created]
    for file in disk.created:
        file.synced = True
    disk.replay([step for step in steps[cut:] if step.call != "sync"])
    return {place for place, was in enumerate(synced) if was and not disk.created[place].synced}


def _opened(root: Path, names: dict[str, str]) -> str:
    try:
        with closing(open_current(root, AUDIENCE)) as generation:
            return fault_of(generation) or names.get(generation.manifest.name, "another")
    except SearchError:
        return "neither"
