"""Loading a library again: only what changed is read, and the result is that of a full load."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from casebook import inputs, markup
from casebook.documents import Kind
from casebook.guide import model_text
from casebook.inputs import Source
from casebook.library import Library, fingerprint, load_library
from casebook.markup import Renderer
from casebook.problems import Problem
from casebook.reading import MAX_FILE, read_bytes
from casebook.reading_rules import UNREADABLE

ON = date(2026, 11, 22)
Write = Callable[[Kind, str, dict[str, str]], Path]


@pytest.fixture(scope="module")
def child() -> Iterator[Renderer]:
    with Renderer() as renderer:
        yield renderer


@pytest.fixture
def one_child(child: Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every load renders in the same child: to start one takes longer than all the rest."""

    class Shared(Renderer):
        def render_all(self, texts: Sequence[str]) -> list[str]:
            return child.render_all(texts)

    monkeypatch.setattr(inputs, "Renderer", Shared)


@pytest.fixture
def fine_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was written before a load need not be read again by the next."""
    monkeypatch.setattr(inputs, "_TICK", 0)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that loads open."""
    paths: list[str] = []

    def recording(file: Path, path: str) -> bytes | Problem:
        paths.append(path)
        return read_bytes(file, path)

    monkeypatch.setattr(inputs, "read_bytes", recording)
    return paths


@pytest.fixture
def rendered(one_child: None, child: Renderer, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that loads render."""
    texts: list[str] = []
    render_all = child.render_all

    def recording(given: Sequence[str]) -> list[str]:
        texts.extend(given)
        return render_all(given)

    monkeypatch.setattr(child, "render_all", recording)
    return texts


def _facts(library: Library) -> tuple[object, ...]:
    """All that a library says."""
    views = [library.view(audience.id, ON) for audience in library.settings.audiences]
    return (
        library.settings,
        list(library.sources.items()),
        library.problems,
        library.files,
        library.fingerprint,
        [(view.documents, view.settings) for view in views],
    )


class _Author:
    """Edits a library at random, in every way that a folder of files can change."""

    def __init__(self, root: Path, seed: int) -> None:
        self._root = root
        self._random = random.Random(seed)
        self._count = 0

    def edit(self) -> str:
        edits = [
            self._add, self._add, self._change, self._change_quietly, self._break, self._delete,
            self._rename, self._swap, self._copy, self._link, self._grow, self._touch,
            self._change_settings, self._change_glossary, self._link_folder,
        ]  # fmt: skip
        edit = self._random.choice(edits)
        edit()
        return edit.__name__

    def _files(self) -> list[Path]:
        found = (f for kind in Kind for f in (self._root / kind.folder).rglob("*.md"))
        return sorted(file for file in found if not file.is_symlink())

    def _some(self) -> Path:
        files = self._files()
        if not files:
            self._add()
            files = self._files()
        return self._random.choice(files)

    def _new(self, kind: Kind) -> Path:
        self._count += 1
        folder = self._root / kind.folder / self._random.choice(("", "deep", "deep/er"))
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{self._count}.md"

    def _add(self) -> None:
        kind = self._random.choice(list(Kind))
        text = model_text(kind)
        number = self._random.randrange(4)
        first = text.split("\nid: ")[1].split("\n")[0]
        text = text.replace(f"id: {first}", f"id: {first}-{number}")
        other = self._random.choice(("faq-arrears-resume", "policy-plan-outage"))
        target = f"{other}-{self._random.randrange(4)}"
        self._new(kind).write_text(text + f"\n见[那篇]({target})。\n", encoding="utf-8")

    def _change(self) -> None:
        with self._some().open("a", encoding="utf-8") as file:
            file.write(f"\n改过 {self._random.random()}\n")

    def _change_quietly(self) -> None:
        """Other words, with the size and the time of the old ones."""
        file = self._some()
        before = file.stat()
        file.write_bytes(file.read_bytes().replace("的".encode(), "地".encode(), 1))
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    def _break(self) -> None:
        file = self._some()
        text = file.read_text(encoding="utf-8")
        was, now = self._random.choice((("audience: ", "audiense: "), ("\n## ", "\n# ")))
        file.write_text(text.replace(now, was) if now in text else text.replace(was, now, 1))

    def _delete(self) -> None:
        self._some().unlink()

    def _rename(self) -> None:
        file = self._some()
        file.rename(file.with_name(f"renamed-{file.name}"))

    def _swap(self) -> None:
        one, two = self._some(), self._some()
        aside = self._root / "aside"
        one.rename(aside)
        if two.exists():
            two.rename(one)
        aside.rename(two)

    def _copy(self) -> None:
        """The same id twice."""
        file = self._some()
        shutil.copy2(file, file.with_name(f"copy-{file.name}"))

    def _link(self) -> None:
        file = self._some()
        aside = self._root / f"aside-{file.name}"
        file.rename(aside)
        file.symlink_to(aside)

    def _grow(self) -> None:
        self._some().write_bytes(b"-" * (MAX_FILE + 1 + self._random.randrange(2)))

    def _touch(self) -> None:
        self._some().touch()

    def _change_settings(self) -> None:
        with (self._root / "casebook.toml").open("a", encoding="utf-8") as file:
            file.write("# 注\n")

    def _change_glossary(self) -> None:
        text = f'[[terms]]\nterm = "词{self._random.randrange(9)}"\naudience = "agent"\n'
        (self._root / "glossary.toml").write_text(text, encoding="utf-8")

    def _link_folder(self) -> None:
        link = self._root / "faq" / "linked"
        if link.is_symlink():
            link.unlink()
        else:
            link.symlink_to(self._root / "policies")


@pytest.mark.parametrize("tick", [0, inputs._TICK], ids=["stamps", "bytes"])
@pytest.mark.parametrize("seed", range(4))
def test_loading_again_gives_what_a_full_load_gives(
    seed: int, tick: int, small: Path, one_child: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "_TICK", tick)
    author = _Author(small, seed)
    library = None
    for _ in range(15):
        done = author.edit()
        library = load_library(small, previous=library)
        shutil.rmtree(small / "build")
        full = load_library(small)
        assert _facts(library) == _facts(full), done
        assert library.fingerprint == fingerprint(small), done


def test_only_the_changed_file_is_opened_and_rendered(
    small: Path, write: Write, fine_clock: None, opened: list[str], rendered: list[str]
) -> None:
    for kind in Kind:
        write(kind, "a", {})
    first = load_library(small)
    assert load_library(small, previous=first).sources == first.sources
    assert opened == [f"{kind.folder}/a.md" for kind in Kind]
    opened.clear()
    rendered.clear()
    write(Kind.FAQ, "a", {"欠费缴清以后": "缴清欠费以后"})
    second = load_library(small, previous=first)
    assert opened == ["faq/a.md"]
    assert len(rendered) == 4
    same = [name for name in second.sources if second.sources[name] is first.sources[name]]
    assert same == ["case-broadband-three-visits", "policy-plan-outage"]


def test_nothing_is_rendered_when_nothing_changed(
    small: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(Kind.FAQ, "a", {})
    first = load_library(small)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a child was started")

    monkeypatch.setattr(markup.subprocess, "Popen", refuse)
    again = load_library(small, previous=first)
    assert again.sources["faq-arrears-resume"] is first.sources["faq-arrears-resume"]


def test_file_that_was_just_written_is_opened_again_until_its_time_is_past(
    small: Path, write: Write, opened: list[str], monkeypatch: pytest.MonkeyPatch, one_child: None
) -> None:
    write(Kind.FAQ, "a", {})
    library = load_library(small)
    library = load_library(small, previous=library)
    assert opened == ["faq/a.md"] * 2
    now = inputs.time.time_ns() + inputs._TICK
    monkeypatch.setattr(inputs.time, "time_ns", lambda: now)
    library = load_library(small, previous=library)
    assert opened == ["faq/a.md"] * 3
    load_library(small, previous=library)
    assert opened == ["faq/a.md"] * 3


@pytest.mark.parametrize("name", ["casebook.toml", "glossary.toml"])
def test_other_settings_read_every_file_again(
    name: str, small: Path, write: Write, fine_clock: None, opened: list[str], one_child: None
) -> None:
    write(Kind.FAQ, "a", {})
    (small / "glossary.toml").write_text("", encoding="utf-8")
    first = load_library(small)
    file = small / name
    text = file.read_text(encoding="utf-8").replace("欠费", "欠款")
    if name == "glossary.toml":
        text = '[[terms]]\nterm = "套餐"\naudience = "dealer"\n'
    file.write_text(text.replace('title = "', 'title = "新', 1), encoding="utf-8")
    load_library(small, previous=first)
    assert opened == ["faq/a.md"] * 2


def test_file_that_could_not_be_read_is_tried_again(
    small: Path, write: Write, fine_clock: None, monkeypatch: pytest.MonkeyPatch, one_child: None
) -> None:
    write(Kind.FAQ, "a", {})

    failure = UNREADABLE.problem("faq/a.md", 1, "读不了：打开的文件太多。", "再试一次。")
    with monkeypatch.context() as patch:
        patch.setattr(inputs, "read_bytes", lambda file, path: failure)
        first = load_library(small)
    assert first.problems == (failure,)
    assert list(load_library(small, previous=first).sources) == ["faq-arrears-resume"]


def test_views_of_one_document_are_made_once(
    small: Path, write: Write, fine_clock: None, one_child: None
) -> None:
    write(Kind.FAQ, "a", {})
    first = load_library(small)
    again = load_library(small, previous=first)
    for audience in ("dealer", "agent"):
        one, two = first.view(audience, ON), again.view(audience, ON)
        assert one.documents[0] is two.documents[0]


def test_what_a_view_made_is_not_shown_to_other_readers(
    small: Path, write: Write, one_child: None
) -> None:
    """Not even where a reader of the same name may see more by other settings."""
    write(Kind.FAQ, "a", {})
    library = load_library(small)
    dealer, agent = library.settings.audiences
    boss = agent.model_copy(update={"id": "boss"})
    for audiences, reader, sections in (
        ((agent, dealer, boss), "dealer", 4),
        ((dealer, agent, boss), "dealer", 2),
        ((agent, dealer), "dealer", 4),
        ((dealer, agent), "dealer", 2),
        ((dealer, agent), "agent", 4),
    ):
        settings = library.settings.model_copy(update={"audiences": audiences})
        (document,) = replace(library, settings=settings).view(reader, ON).documents
        assert len(document.sections) == sections


def test_source_knows_all_it_points_to(small: Path, write: Write, one_child: None) -> None:
    link = "见[甲](policy-a#3)、[乙](faq-b)、[丙](https://example.com)、[丁[[[]]]](faq-c)。"
    write(Kind.CASE, "a", {"## 背景\n": f"## 背景\n\n{link}\n"})
    source = load_library(small).sources["case-broadband-three-visits"]
    assert isinstance(source, Source)
    assert source.targets == (
        "faq-b",
        "faq-broadband-fault",
        "faq-c",
        "policy-a#3",
        "policy-handling-norm#7",
    )


@pytest.fixture
def eight(small: Path, write: Write) -> Path:
    """A library of eight files, one of them wrong."""
    for number in range(8):
        write(Kind.FAQ, f"faq-{number}", {"id: faq-arrears-resume": f"id: faq-{number}"})
    write(Kind.FAQ, "faq-3", {"id: faq-arrears-resume": "id: wrong"})
    return small


def test_several_processes_read_as_one_does(eight: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = _facts(load_library(eight))
    shutil.rmtree(eight / "build")
    monkeypatch.setattr(inputs, "MANY", 2)
    done: list[tuple[int, int]] = []
    together = load_library(eight, progress=lambda *counts: done.append(counts))
    assert _facts(together) == alone
    assert done == [(number, 8) for number in range(1, 9)]


def test_what_a_dying_process_leaves_is_read_by_the_parent(
    eight: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = _facts(load_library(eight))
    shutil.rmtree(eight / "build")
    monkeypatch.setattr(inputs, "MANY", 2)
    monkeypatch.setattr("casebook.children.sys.executable", "/bin/false")
    monkeypatch.setattr("casebook.rendered.os.cpu_count", lambda: 3)
    with monkeypatch.context() as patch:
        patch.setattr(inputs, "Renderer", _Plain)
        assert _facts(load_library(eight))[3:5] == alone[3:5]


class _Plain:
    """Renders nothing; a real one cannot start where processes die."""

    def __enter__(self) -> _Plain:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def render_all(self, texts: Sequence[str]) -> list[str]:
        return list(texts)
