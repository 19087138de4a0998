"""From a push to git until the service's answer has it: whole processes, a real repository.

    python -m benchmarks.publishing --documents 10000 --repeat 5

An author pushes to a bare repository and tells the service by ``POST /api/reload``, as a git host
does; ``casebook watch --pull`` builds for all audiences, ``casebook serve`` answers. Measured is
the time from the end of the push until the answer has changed. Then that of ``casebook rollback``.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from benchmarks.metrics import percentile
from benchmarks.progress import say
from benchmarks.speed.building import copy_sample
from casebook.settings import GLOSSARY_FILE, SETTINGS_FILE

_FOLDER = Path("build") / "bench" / "publishing"
_AUDIENCE = "dealer"
_ANSWER = "## 统一答复\n\n"
_PATIENCE = 900.0
_LOOK_EVERY = 0.2
_LIMIT = 60.0


@dataclass(frozen=True)
class Pushed:
    """What a push is found by.

    Attributes:
        path: where the service is asked.
        is_there: whether its answer has it.
    """

    path: str
    is_there: Callable[[Any], bool]


class Author:
    """Somebody with a clone of the library.

    Args:
        root: the clone.
        files: FAQ entries that may be changed.
    """

    def __init__(self, root: Path, files: list[Path]) -> None:
        self._root = root
        self._files = [file for file in files if _is_changeable(file.read_text(encoding="utf-8"))]

    def change(self, count: int) -> Pushed:
        """Changes so many documents."""
        word = _word()
        for _ in range(count):
            file = self._files.pop()
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace(_ANSWER, f"{_ANSWER}{word}。", 1), encoding="utf-8")
        return _finding(word, count)

    def add(self) -> Pushed:
        """Adds a document."""
        word = _word()
        text = self._files[-1].read_text(encoding="utf-8").replace(_ANSWER, f"{_ANSWER}{word}。", 1)
        file = self._root / "faq" / f"faq-{word}.md"
        changed = re.sub(r"^id: .+$", f"id: faq-{word}", text, count=1, flags=re.MULTILINE)
        file.write_text(changed, encoding="utf-8")
        return _finding(word, 1)

    def withdraw(self) -> Pushed:
        """Removes a document."""
        file = self._files.pop()
        found = re.search(r"^id: (.+)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        file.unlink()
        name = found[1] if found else file.stem
        return Pushed(f"/api/documents/{name}", lambda answer: answer is None)

    def name(self) -> Pushed:
        """Adds a word to the glossary: all text is cut anew."""
        word = _word()
        with (self._root / GLOSSARY_FILE).open("a", encoding="utf-8") as file:
            file.write(f'\n[[terms]]\nterm = "{word}"\naudience = "dealer"\nfinds = ["流量"]\n')
        return Pushed(f"/api/search?q={word}", lambda answer: bool(answer and answer["hits"]))

    def set(self, generation: str) -> Pushed:
        """Changes a setting: all documents are read anew.

        Args:
            generation: the one that is served until then.
        """
        file = self._root / SETTINGS_FILE
        text = file.read_text(encoding="utf-8")
        shortest = 500 + time.time_ns() % 90
        changed = re.sub(r"^case_shortest = .*\n", "", text, flags=re.MULTILINE)
        changed = changed.replace("[check]\n", f"[check]\ncase_shortest = {shortest}\n", 1)
        if changed == text:
            changed = f"{text}\n[check]\ncase_shortest = {shortest}\n"
        file.write_text(changed, encoding="utf-8")
        return Pushed(
            "/healthz", lambda answer: bool(answer and answer["generation"] != generation)
        )

    def push(self) -> None:
        """Commits everything and pushes it."""
        _git(self._root, "add", "-A")
        _git(self._root, "commit", "-q", "-m", "change")
        _git(self._root, "push", "-q", "origin", "main")


def _is_changeable(text: str) -> bool:
    """Whether readers find it, today as well as tomorrow."""
    readable = f"\naudience: {_AUDIENCE}\n" in text and "\neffective_until:" not in text
    return readable and _ANSWER in text


def _word() -> str:
    return f"zq{time.time_ns()}"


def _finding(word: str, count: int) -> Pushed:
    def is_there(answer: Any) -> bool:
        return bool(answer) and int(answer["complete"]) >= count

    return Pushed(f"/api/search?q={quote(word)}", is_there)


def _git(root: Path, *words: str) -> None:
    person = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "gc.auto=0")
    subprocess.run(["git", "-C", str(root), *person, *words], check=True)  # noqa: S607


class Service:
    """The running service, as clients see it."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}"

    def get(self, path: str) -> Any:
        """What it answers; None where it has no such thing, or does not answer at all."""
        try:
            with urllib.request.urlopen(f"{self._address}{path}", timeout=10) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            error.close()
            return None
        except OSError:
            return None

    def reload(self) -> None:
        """Asks it to look for what is new."""
        asked = urllib.request.Request(f"{self._address}/api/reload", method="POST")  # noqa: S310
        urllib.request.urlopen(asked, timeout=10).close()  # noqa: S310

    def generation(self) -> str:
        """The generation that it serves."""
        return str(self.get("/healthz")["generation"])

    def wait(self, pushed: Pushed) -> float:
        """Waits until an answer has it; how long that took."""
        began = time.perf_counter()
        path = quote(pushed.path, safe="/?=&%")
        while not pushed.is_there(self.get(path)):
            if time.perf_counter() - began > _PATIENCE:
                raise TimeoutError(f"{path} never came")
            time.sleep(_LOOK_EVERY)
        return time.perf_counter() - began


@contextmanager
def _running(*words: str, log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        command = [sys.executable, "-m", "casebook", *words]
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def _prepare(documents: int) -> tuple[Path, Path, list[Path]]:
    """An author's clone, the one that is published from, and the FAQ entries of the first."""
    shutil.rmtree(_FOLDER, ignore_errors=True)
    author, bare, root = (_FOLDER.absolute() / name for name in ("author", "bare.git", "library"))
    author.mkdir(parents=True)
    say(f"writing {documents:,} documents ...")
    files = copy_sample(author, documents)
    _git(author, "init", "-q", "-b", "main")
    _git(author, "add", "-A")
    _git(author, "commit", "-q", "-m", "first")
    _git(_FOLDER, "clone", "-q", "--bare", str(author), str(bare))
    _git(author, "remote", "add", "origin", str(bare))
    _git(_FOLDER, "clone", "-q", str(bare), str(root))
    return author, root, files


def _measure(author: Author, service: Service, repeat: int) -> Iterator[tuple[str, list[float]]]:
    kinds: tuple[tuple[str, Callable[[], Pushed], int], ...] = (
        ("one document changed", lambda: author.change(1), repeat),
        ("ten documents changed", lambda: author.change(10), repeat),
        ("one document added", author.add, repeat),
        ("one document withdrawn", author.withdraw, max(1, repeat // 2)),
        ("a word of the glossary added", author.name, max(1, repeat // 2)),
        ("a setting changed", lambda: author.set(service.generation()), max(1, repeat // 2)),
    )
    for name, make, times in kinds:
        taken = []
        for _ in range(times):
            pushed = make()
            author.push()
            service.reload()
            taken.append(service.wait(pushed))
            _wait_until_done(service)
        say(f"{name}: {', '.join(f'{one:.1f}' for one in taken)} s")
        yield name, taken


def _wait_until_done(service: Service) -> None:
    """Waits for the other audiences: no push is measured with the rest of the one before."""
    head = ""
    while True:
        state = service.get("/api/reload")
        if state and not state["requested"] and state["last"] and state["last"]["ended"] == head:
            return
        head = state["last"]["ended"] if state and state["last"] else ""
        time.sleep(2.0)


def _roll_back(service: Service, root: Path) -> float:
    """Seconds from the start of ``casebook rollback`` until the service serves the one before."""
    served = service.generation()
    began = time.perf_counter()
    command = [sys.executable, "-m", "casebook", "rollback", "--library", str(root)]
    subprocess.run(command, check=True, capture_output=True)
    service.wait(Pushed("/healthz", lambda answer: bool(answer) and answer["generation"] < served))
    return time.perf_counter() - began


def _table(figures: list[tuple[str, list[float]]]) -> str:
    lines = ["| push | n | median, s | 95 %, s | longest, s |", "|---|--:|--:|--:|--:|"]
    for name, taken in figures:
        numbers = (percentile(taken, 50), percentile(taken, 95), max(taken))
        lines.append(f"| {name} | {len(taken)} | {' | '.join(f'{one:.1f}' for one in numbers)} |")
    return "\n".join(lines)


@click.command()
@click.option("--documents", default=10_000, show_default=True)
@click.option("--repeat", default=5, show_default=True, help="Pushes of each kind.")
def main(documents: int, repeat: int) -> None:
    """Measures, and ends with 1 when more than one push in twenty took longer than a minute."""
    root, published, files = _prepare(documents)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    library = ("--library", str(published))
    say("the first build ...")
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "casebook", "index", *library], check=True)
    say(f"from nothing: {time.perf_counter() - began:.1f} s")
    service = Service(port)
    with (
        _running("watch", "--pull", "--every", "0", *library, log=_FOLDER / "watch.log"),
        _running(
            *("serve", "--audience", _AUDIENCE, "--port", str(port), *library),
            log=_FOLDER / "serve.log",
        ),
    ):
        service.wait(Pushed("/healthz", lambda answer: answer is not None))
        service.wait(Pushed("/api/reload", lambda answer: bool(answer and answer["watched"])))
        _wait_until_done(service)
        figures = list(_measure(Author(root, files), service, repeat))
        figures.append(("casebook rollback", [_roll_back(service, published)]))
    click.echo(_table(figures))
    pushes = [one for _, taken in figures[:-1] for one in taken]
    sys.exit(percentile(pushes, 95) > _LIMIT)


if __name__ == "__main__":
    main()
