"""Questions as files: JSON Lines for programs, CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import tzinfo
from typing import BinaryIO

from casebook.exporting.sheet import guarded
from search.journal.records import REASONS, SURFACES, Question

COLUMNS = (
    "编号",
    "时间",
    "从哪里问",
    "问题",
    "找到几篇",
    "全含的几篇",
    "统一答复",
    "前几条结果",
    "毫秒",
    "备用索引",
    "打开",
    "复制",
    "有用",
    "没用",
    "没用的原因",
    "报告缺答复",
)
_USED = ("opened", "copied")


def write_jsonl(questions: Iterable[Question], file: BinaryIO) -> int:
    """Writes one JSON object a line, times in UTC.

    Args:
        questions: what to write.
        file: where to, open for bytes.

    Returns:
        How many there were.
    """
    count = 0
    for question in questions:
        line = json.dumps(asdict(question), ensure_ascii=False, default=lambda at: at.isoformat())
        file.write(f"{line}\n".encode())
        count += 1
    return count


def write_csv(questions: Iterable[Question], file: BinaryIO, zone: tzinfo) -> int:
    """Writes a table that Excel opens as it is, and in which nothing is taken for a formula.

    Args:
        questions: what to write.
        file: where to, open for bytes.
        zone: in which times are given.

    Returns:
        How many there were.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    count = 0
    for question in questions:
        writer.writerow([guarded(str(value)) for value in _cells(question, zone)])
        count += 1
    text.detach()
    return count


def write_asked(questions: Iterable[Question], file: BinaryIO) -> int:
    """Writes for how many questions each document was the answer, or was opened or copied.

    Args:
        questions: what to count.
        file: where to, open for bytes: JSON as ``casebook site --asked`` reads it.

    Returns:
        How many questions there were.
    """
    counts: Counter[str] = Counter()
    count = 0
    for question in questions:
        used = {event.document for event in question.events if event.kind in _USED}
        counts.update(used | ({question.answer} if question.answer else set()))
        count += 1
    file.write(json.dumps(dict(counts.most_common()), indent=2).encode() + b"\n")
    return count


def _cells(question: Question, zone: tzinfo) -> tuple[object, ...]:
    bad = [event for event in question.events if event.helpful is False]
    return (
        question.id,
        f"{question.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        SURFACES[question.surface],
        question.text,
        question.total,
        question.complete,
        question.answer or "",
        " ".join(question.hits),
        question.took_ms,
        "是" if question.degraded else "",
        _documents(question, "opened"),
        _documents(question, "copied"),
        " ".join(event.document for event in question.events if event.helpful),
        " ".join(event.document for event in bad),
        "、".join(REASONS[event.reason] for event in bad if event.reason),
        "是" if any(event.kind == "missing" for event in question.events) else "",
    )


def _documents(question: Question, kind: str) -> str:
    """The documents with which something was done, each once."""
    return " ".join(dict.fromkeys(e.document for e in question.events if e.kind == kind))
