"""The benchmark of a site's growth runs and counts."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click
import pytest

from benchmarks.site_growth import CHANGES, FULL, MATERIAL, OURS, Row, _run, draw


def row(site: str, documents: int) -> Row:
    return Row(site, FULL, documents, 9, 0, 1.0, 2.0, 1.0, 90, 1000, 9000)


def test_everything_is_built_first_and_what_is_withdrawn_was_added() -> None:
    names = list(CHANGES)
    assert names[0] == FULL
    assert names.index("document added") < names.index("document withdrawn")


def test_a_run_counts_the_time_of_its_children() -> None:
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
    run = _run([sys.executable, "-c", child])
    assert run.seconds >= 0.3
    assert run.peak_mb > 0
    assert _run([sys.executable, "-c", "print('said')"]).said == "said\n"


def test_a_run_that_fails_is_told() -> None:
    with pytest.raises(click.ClickException, match="no such thing"):
        _run([sys.executable, "-c", "raise SystemExit('no such thing')"])


def test_the_same_figures_give_the_same_picture(tmp_path: Path) -> None:
    rows = [row(site, size) for site in (OURS, MATERIAL) for size in (200, 1000)]
    rows.append(replace(rows[0], what="answer changed", seconds=0.1))
    for name in ("a.svg", "b.svg"):
        draw(rows, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "casebook · answer changed" in text
    assert "material · largest" in text
