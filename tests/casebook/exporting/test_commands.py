"""Exit codes of the exports, and that a file is written as a whole or not at all."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from casebook.documents import Kind
from casebook.guide import model_text

Export = Callable[..., subprocess.CompletedProcess[str]]
PDF = ("pdf", "--subject", "资费")

EXIT_CODES = [
    pytest.param(["jsonl"], "good", 0, id="jsonl of a clean library"),
    pytest.param(["jsonl"], "bad", 1, id="jsonl with a bad file"),
    pytest.param(["jsonl", "--audience", "bob"], "good", 2, id="jsonl for nobody"),
    pytest.param(["jsonl", "--out", "casebook.toml/x"], "good", 2, id="jsonl below a file"),
    pytest.param(["sheet", "--out", "x.xlsx"], "good", 0, id="sheet of a clean library"),
    pytest.param(["sheet", "--out", "x.csv"], "bad", 1, id="sheet with a bad file"),
    pytest.param(["sheet"], "good", 2, id="sheet to nowhere"),
    pytest.param(["sheet", "--out", "x.xls"], "good", 2, id="sheet of an unknown form"),
    pytest.param([*PDF], "good", 0, id="pdf of a clean library"),
    pytest.param([*PDF], "bad", 1, id="pdf with a bad file"),
    pytest.param(["pdf", "--subject", "宽带"], "good", 2, id="pdf of what dealers have not"),
    pytest.param(["pdf"], "good", 2, id="pdf without a subject"),
    pytest.param([*PDF, "--out", "x.html"], "good", 2, id="pdf of an unknown form"),
    pytest.param(["poem"], "good", 2, id="an unknown export"),
]


@pytest.fixture
def bad(good: Path) -> Path:
    """The same library with one more file, which is bad."""
    text = model_text(Kind.FAQ).replace("id: faq-arrears-resume", "id: faq-bad")
    (good / "faq" / "bad.md").write_text(
        text.replace("audience: dealer", "audience: everyone"), encoding="utf-8"
    )
    return good


@pytest.mark.parametrize(("words", "library", "code"), EXIT_CODES)
def test_exit_codes(
    words: list[str], library: str, code: int, export: Export, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(library)
    before = {path for path in folder.rglob("*") if "build" not in path.parts}
    done = export(*words, cwd=folder)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    if code == 1:
        assert "faq/bad.md:4" in done.stderr
        assert "faq-bad" not in done.stdout
    made = {path.name for path in folder.rglob("*") if "build" not in path.parts} - {
        path.name for path in before
    }
    assert made == ({words[2]} if words[0] == "sheet" and code < 2 else set())


@pytest.mark.parametrize("command", ["jsonl", "sheet", "pdf"])
def test_help_explains_with_an_example(command: str, export: Export, small: Path) -> None:
    done = export(command, "--help", cwd=small)
    assert done.returncode == 0
    assert f"casebook export {command}" in done.stdout.split("例：")[1]
    assert "--library" in done.stdout


def test_the_narrowest_audience_is_the_default(good: Path, export: Export) -> None:
    assert "禁用说法" not in export("jsonl", cwd=good).stdout
    assert "禁用说法" in export("jsonl", "--audience", "agent", cwd=good).stdout


def test_what_was_there_stays_when_writing_fails(
    good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from casebook.cli import main

    def half(_: object, file: io.BufferedWriter) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("casebook.exporting.sheet.write_csv", half)
    file = good / "x.csv"
    file.write_text("before", encoding="utf-8")
    done = CliRunner().invoke(main, ["export", "sheet", "--out", str(file), "--library", str(good)])
    assert done.exit_code == 2
    assert "磁盘满了" in done.output
    assert file.read_text(encoding="utf-8") == "before"
    assert not list(good.glob(".*.new"))
