"""Problems are plain data: found, ordered, counted."""

from __future__ import annotations

import random

import pytest

from casebook.problems import Problem, Severity, as_text, has_errors, sort_problems, summary

ERROR = Problem("faq/a.md", 3, 1, "wrong-type", "错了。", "这样写。")
WARNING = Problem("faq/a.md", 12, 2, "placeholder", "没填。", "填上。", Severity.WARNING)
NOTE = Problem("faq/a.md", 13, 1, "quoted", "照录。", "看看。", Severity.NOTE)


def test_sorted_by_path_line_column_and_code_each_once() -> None:
    ordered = [
        Problem(path, line, column, code, "m", "h")
        for path in ("cases/b.md", "faq/a.md")
        for line in (2, 10)
        for column in (1, 3)
        for code in ("a-code", "b-code")
    ]
    mixed = ordered * 2
    random.Random(7).shuffle(mixed)
    assert sort_problems(mixed) == ordered


def test_problem_says_where_and_what() -> None:
    assert str(ERROR) == "faq/a.md:3: wrong-type 错了。 这样写。"


@pytest.mark.parametrize(
    ("problems", "errors"),
    [([], False), ([WARNING, NOTE], False), ([ERROR], True), ([WARNING, ERROR], True)],
)
def test_only_errors_count_as_errors(problems: list[Problem], errors: bool) -> None:
    assert has_errors(iter(problems)) is errors


@pytest.mark.parametrize(
    ("problems", "line"),
    [
        ([], "检查了 3 个文件：0 个错误，0 个提醒。"),
        ([ERROR, ERROR, WARNING], "检查了 3 个文件：2 个错误，1 个提醒。"),
        ([WARNING], "检查了 3 个文件：0 个错误，1 个提醒。"),
        ([WARNING, NOTE], "检查了 3 个文件：0 个错误，1 个提醒，1 个备注。"),
    ],
)
def test_summary_counts(problems: list[Problem], line: str) -> None:
    assert summary(iter(problems), 3) == line


def test_as_text() -> None:
    assert as_text([ERROR, WARNING]) == (
        "faq/a.md:3:1: 错误 [wrong-type] 错了。\n    → 这样写。\n"
        "faq/a.md:12:2: 提醒 [placeholder] 没填。\n    → 填上。"
    )
