"""The cache saves reading and rendering, and never changes what a library holds."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from casebook import cache, inputs
from casebook.cache import CACHE_FILE, ReadingCache
from casebook.digests import bytes_digest
from casebook.documents import Kind
from casebook.errors import RenderError
from casebook.guide import model_text
from casebook.library import Library, load_library
from casebook.markup import Renderer
from casebook.problems import Problem, Severity
from casebook.reading import Reading, read_document
from casebook.settings import Settings

Write = Callable[[Kind, str, dict[str, str]], Path]


@pytest.fixture
def three(small: Path, write: Write) -> Path:
    """A library with a document of each kind."""
    for kind in Kind:
        write(kind, "a", {})
    return small


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that loads render; each becomes itself."""
    texts: list[str] = []

    def render_all(_: Renderer, given: list[str]) -> list[str]:
        texts.extend(given)
        return [f"<p>{text}</p>" for text in given]

    monkeypatch.setattr(inputs.Renderer, "render_all", render_all)
    return texts


def _facts(library: Library) -> tuple[Any, ...]:
    sources = library.sources.values()
    written = [source.document.model_dump_json(exclude_unset=True) for source in sources]
    return library.sources, written, library.problems, library.files, library.fingerprint


def _rows(root: Path) -> list[str]:
    database = sqlite3.connect(root / CACHE_FILE)
    try:
        return sorted(p.decode() for (p,) in database.execute("SELECT path FROM readings"))
    finally:
        database.close()


ALL = ["cases/a.md", "faq/a.md", "policies/a.md"]


def test_second_process_renders_nothing_and_has_the_same(three: Path, rendered: list[str]) -> None:
    first = load_library(three)
    assert rendered
    rendered.clear()
    again = load_library(three)
    assert rendered == []
    assert _facts(again) == _facts(first)
    assert _rows(three) == ALL


def test_files_with_problems_are_kept_too(small: Path, write: Write, rendered: list[str]) -> None:
    write(Kind.FAQ, "a", {"audience: dealer": "audience: boss"})
    first = load_library(small)
    assert first.problems
    assert load_library(small).problems == first.problems
    assert _rows(small) == ["faq/a.md"]


def test_other_bytes_miss(three: Path, write: Write, rendered: list[str]) -> None:
    load_library(three)
    rendered.clear()
    write(Kind.FAQ, "a", {"欠费缴清以后": "缴清欠费以后"})
    assert "缴清欠费以后" in load_library(three).sources["faq-arrears-resume"].document.answer
    assert len(rendered) == 4


def test_a_moved_file_misses(three: Path, rendered: list[str]) -> None:
    """Its problems name its path."""
    load_library(three)
    rendered.clear()
    (three / "faq" / "a.md").rename(three / "faq" / "b.md")
    load_library(three)
    assert len(rendered) == 4
    assert _rows(three) == ["cases/a.md", "faq/b.md", "policies/a.md"]


def test_other_settings_miss(three: Path, rendered: list[str]) -> None:
    load_library(three)
    count = len(rendered)
    (three / "glossary.toml").write_text('[[terms]]\nterm = "词"\naudience = "agent"\n')
    load_library(three)
    assert len(rendered) == 2 * count


def test_other_software_misses(
    three: Path, rendered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    load_library(three)
    count = len(rendered)
    monkeypatch.setattr(cache, "_software", lambda: "another version")
    load_library(three)
    assert len(rendered) == 2 * count
    assert _rows(three) == ALL


def test_software_is_casebooks_code_and_what_it_reads_and_renders_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.py").write_text("1")
    (tmp_path / "a.md").write_text("1")
    monkeypatch.setattr(cache, "package_files", lambda _: tmp_path.rglob("*"))

    def software() -> str:
        cache._software.cache_clear()
        return cache._software()

    try:
        first = software()
        (tmp_path / "a.md").write_text("2")
        assert software() == first
        (tmp_path / "a.py").write_text("2")
        second = software()
        assert second != first
        monkeypatch.setattr(cache, "version", lambda name: f"{name}-0")
        assert "pymdown-extensions-0" in software() != second
    finally:
        cache._software.cache_clear()


def test_readings_that_were_not_used_are_removed(three: Path, rendered: list[str]) -> None:
    library = load_library(three)
    (three / "faq" / "a.md").unlink()
    library = load_library(three, previous=library)
    assert _rows(three) == ["cases/a.md", "policies/a.md"]
    (three / "policies" / "a.md").rename(three / "a.md")
    (three / "policies" / "a.md").symlink_to(three / "a.md")
    load_library(three, previous=library)
    assert _rows(three) == ["cases/a.md"]


def test_what_did_not_render_is_tried_again(
    three: Path, rendered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Renderer, texts: list[str]) -> list[str]:
        raise RenderError("排版超过 2 秒")

    with monkeypatch.context() as patch:
        patch.setattr(inputs.Renderer, "render_all", fail)
        assert load_library(three).sources == {}
    assert len(load_library(three).sources) == 3


def _flipped(file: Path) -> None:
    """One letter of a text is another; SQLite does not see it."""
    database = sqlite3.connect(file)
    found = database.execute("SELECT value FROM readings WHERE path = ?", (b"faq/a.md",))
    value = found.fetchone()[0]
    changed = value.replace("两小时".encode(), "三小时".encode())
    assert changed != value
    database.execute("UPDATE readings SET value = ? WHERE path = ?", (changed, b"faq/a.md"))
    database.commit()
    database.close()


def _other_table(file: Path) -> None:
    file.unlink()
    database = sqlite3.connect(file)
    database.execute("CREATE TABLE readings (name TEXT)")
    database.commit()
    database.close()


def _other_rows(file: Path) -> None:
    """Paths and digests that are no text."""
    database = sqlite3.connect(file)
    database.execute("UPDATE readings SET digest = CAST(x'ff' AS TEXT), value = 7, seal = x'00'")
    database.commit()
    database.close()


DAMAGE: dict[str, Callable[[Path], object]] = {
    "no database": lambda file: file.write_bytes(b"\x00garbage" * 999),
    "empty": lambda file: file.write_bytes(b""),
    "cut off": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "pages overwritten": lambda file: file.write_bytes(
        file.read_bytes()[:4096].ljust(file.stat().st_size, b"\xff")
    ),
    "journal left over": lambda file: file.with_name(f"{file.name}-journal").write_bytes(b"x" * 99),
    "flipped": _flipped,
    "other table": _other_table,
    "other rows": _other_rows,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_cache_is_rebuilt(damage: str, three: Path, rendered: list[str]) -> None:
    first = load_library(three)
    DAMAGE[damage](three / CACHE_FILE)
    assert _facts(load_library(three)) == _facts(first)
    # By now it is whole again, or it will be after one more load.
    load_library(three)
    rendered.clear()
    assert _facts(load_library(three)) == _facts(first)
    assert rendered == []


@pytest.mark.parametrize("place", ["build", "build/cache", CACHE_FILE.as_posix() + "/x"])
def test_place_that_cannot_be_written_is_no_error(
    place: str, three: Path, rendered: list[str]
) -> None:
    (three / place).parent.mkdir(parents=True, exist_ok=True)
    (three / place).write_text("in the way", encoding="utf-8")
    first = load_library(three)
    assert len(first.sources) == 3
    assert _facts(load_library(three)) == _facts(first)
    assert (three / place).read_text(encoding="utf-8") == "in the way"


def test_read_only_cache_is_read(
    three: Path, write: Write, rendered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    load_library(three)
    connect = sqlite3.connect

    def read_only(file: Path, **options: Any) -> sqlite3.Connection:
        return connect(f"file:{file}?mode=ro", uri=True, **options)

    monkeypatch.setattr(cache.sqlite3, "connect", read_only)
    rendered.clear()
    assert len(load_library(three).sources) == 3
    assert rendered == []
    write(Kind.FAQ, "a", {"欠费缴清以后": "缴清欠费以后"})
    assert "缴清欠费以后" in load_library(three).sources["faq-arrears-resume"].document.answer
    assert _rows(three) == ALL


def test_locked_cache_is_no_error(
    three: Path, rendered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_library(three)
    monkeypatch.setattr(cache, "_LOCK_SECONDS", 0.05)
    other = sqlite3.connect(three / CACHE_FILE, isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        assert _facts(load_library(three)) == _facts(first)
    finally:
        other.close()
    assert _rows(three) == ALL


def test_processes_may_load_at_once(three: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from casebook.library import load_library\n"
        "for _ in range(3): library = load_library(Path(sys.argv[1]))\n"
        "print(len(library.sources), library.fingerprint)"
    )
    command = [sys.executable, "-c", code, str(three)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = {process.communicate(timeout=60)[0] for process in running}
    assert [process.returncode for process in running] == [0] * 4
    assert said == {f"3 {load_library(three).fingerprint}\n"}
    assert _rows(three) == ALL


def test_reading_comes_back_as_it_was(tmp_path: Path, settings: Settings) -> None:
    problem = Problem("faq/a.md", 3, 1, "some-rule", "甲。\n", "乙\ud800。", Severity.WARNING)
    reading = Reading(None, (problem,), {"id": 2, "policies.0": 7}, ("faq-a", "policy-b#3"))
    for many in (1, cache._ROWS_AT_ONCE + 1):
        with ReadingCache(tmp_path / "a.sqlite", settings) as kept:
            for number in range(many):
                kept.put(f"faq/{number}.md", "digest", reading)
        with ReadingCache(tmp_path / "a.sqlite", settings) as kept:
            found = [kept.get(f"faq/{number}.md", Kind.FAQ, "digest") for number in range(many)]
            assert found == [reading] * many
            assert kept.get("faq/0.md", Kind.FAQ, "other") is None
            assert found[0]
            assert isinstance(found[0].problems[0].severity, Severity)


def test_document_that_does_not_come_back_is_read_anew(tmp_path: Path, settings: Settings) -> None:
    text = model_text(Kind.FAQ).encode()
    document = read_document(text, "faq/a.md", Kind.FAQ, settings).document
    assert document
    odd = Reading(document.model_copy(update={"title": ""}), ())
    with ReadingCache(tmp_path / "a.sqlite", settings) as kept:
        kept.put("faq/a.md", "digest", odd)
        kept.put("faq/b.md", "digest", Reading(document, ()))
    with ReadingCache(tmp_path / "a.sqlite", settings) as kept:
        assert kept.get("faq/a.md", Kind.FAQ, "digest") is None
        assert kept.get("faq/b.md", Kind.FAQ, "digest") == Reading(document, ())


def test_nothing_in_the_cache_is_code(three: Path) -> None:
    load_library(three)
    database = sqlite3.connect(three / CACHE_FILE)
    for path, value, seal in database.execute("SELECT path, value, seal FROM readings"):
        document, rest = value.split(b"\n")
        assert json.loads(document)["sections"]
        assert list(json.loads(rest)) == ["lines", "targets", "problems"]
        assert path.decode() in ALL
        assert len(seal) == len(bytes_digest(b""))
    database.close()
