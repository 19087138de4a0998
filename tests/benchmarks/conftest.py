"""What the tests of the benchmarks share: a data folder, and a place of its own for each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

ENTRIES = [
    {"id": "a", "question": "初婚未育情况证明怎么开？", "similar": ["初婚证明在哪里办"]},
    {"id": "b", "question": "信用卡丢了怎么挂失？", "similar": []},
    {"id": "c", "question": "高铁票能不能改签到第二天", "similar": []},
]
QUERIES = {"开初婚未育证明怎么弄": "a", "信用卡丢了如何挂失": "b", "高铁票可以改签到第二天吗": "c"}

WriteData = Callable[..., Path]


@pytest.fixture
def write_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteData:
    """Writes a data folder of one set, ``dev``, with further files or other texts."""
    monkeypatch.chdir(tmp_path)

    def write(files: dict[str, str] | None = None) -> Path:
        folder = tmp_path / "data"
        folder.mkdir()
        lines = (json.dumps(entry, ensure_ascii=False) + "\n" for entry in ENTRIES)
        texts = {
            "faq-dev.jsonl": "".join(lines),
            "queries-dev.tsv": "".join(f"{text}\t{name}\n" for text, name in QUERIES.items()),
            **(files or {}),
        }
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        return folder

    return write
