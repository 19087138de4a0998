"""A small library with one entry, and the outside programs that read what was exported."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from casebook.documents import Kind
from casebook.guide import model_text

Export = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def good(small: Path) -> Path:
    """A library of a FAQ entry, the policy that it rests on, and an agents' case."""
    rule = model_text(Kind.POLICY).replace("id: policy-plan-outage", "id: policy-service-spec")
    rule = rule.replace("audience: agent", "audience: dealer").replace(
        "rank: 预案", "rank: 部门规章"
    )
    rule = rule[: rule.index("## 5W1H")] + "## 要点四 停机与恢复\n\n缴清以后恢复服务。\n"
    (small / "policies" / "policy-service-spec.md").write_text(rule, encoding="utf-8")
    for kind in (Kind.FAQ, Kind.CASE):
        (small / kind.folder / "model.md").write_text(model_text(kind), encoding="utf-8")
    return small


@pytest.fixture
def export() -> Export:
    """Runs ``casebook export`` in a fresh process."""

    def run(
        *words: str, cwd: Path, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from casebook.cli import main; main()", "export"]
        return subprocess.run(
            [*command, *words],
            cwd=cwd,
            env=env,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def pdf_text() -> Callable[..., str]:
    """The text of a PDF as Poppler reads it, of all pages or of one."""
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")

    def read(file: Path, page: int | None = None) -> str:
        pages = ["-f", str(page), "-l", str(page)] if page else []
        done = subprocess.run([program, *pages, str(file), "-"], capture_output=True, check=True)
        return done.stdout.decode()

    return read
