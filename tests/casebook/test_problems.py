"""Problems are plain data: ordered in one step, shown in another."""

from __future__ import annotations

import json
import random

import pytest

from casebook.problems import (
    RENDERERS,
    Problem,
    Severity,
    as_github,
    as_json,
    as_text,
    has_errors,
    sort_problems,
    summary,
)

ERROR = Problem("faq/a.md", 3, 1, "wrong-type", "错了。", "这样写。")
WARNING = Problem("faq/a.md", 12, 2, "placeholder", "没填。", "填上。", Severity.WARNING)


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
    [([], False), ([WARNING], False), ([ERROR], True), ([WARNING, ERROR], True)],
)
def test_only_errors_count_as_errors(problems: list[Problem], errors: bool) -> None:
    assert has_errors(iter(problems)) is errors


@pytest.mark.parametrize(
    ("problems", "line"),
    [
        ([], "检查了 3 个文件：0 个错误，0 个提醒。"),
        ([ERROR, ERROR, WARNING], "检查了 3 个文件：2 个错误，1 个提醒。"),
        ([WARNING], "检查了 3 个文件：0 个错误，1 个提醒。"),
    ],
)
def test_summary_counts(problems: list[Problem], line: str) -> None:
    assert summary(iter(problems), 3) == line


def test_as_text() -> None:
    assert as_text([ERROR, WARNING]) == (
        "faq/a.md:3:1: 错误 [wrong-type] 错了。\n    → 这样写。\n"
        "faq/a.md:12:2: 提醒 [placeholder] 没填。\n    → 填上。"
    )


def test_as_json() -> None:
    shown = as_json([WARNING])
    assert "没填。" in shown
    assert json.loads(shown) == [
        {
            "path": "faq/a.md",
            "line": 12,
            "column": 2,
            "code": "placeholder",
            "message": "没填。",
            "hint": "填上。",
            "severity": "warning",
        }
    ]


def test_as_github() -> None:
    assert as_github([ERROR, WARNING]) == (
        "::error file=faq/a.md,line=3,col=1,title=wrong-type::错了。 → 这样写。\n"
        "::warning file=faq/a.md,line=12,col=2,title=placeholder::没填。 → 填上。"
    )


def test_as_github_escapes_what_would_end_a_command() -> None:
    problem = Problem("a,b:c%.md", 1, 1, "x", "50%\r\n::error::假, 的: 行", "h")
    assert as_github([problem]) == (
        "::error file=a%2Cb%3Ac%25.md,line=1,col=1,title=x::50%25%0D%0A::error::假, 的: 行 → h"
    )


@pytest.mark.parametrize(("name", "empty"), [("text", ""), ("github", ""), ("json", "[]")])
def test_nothing_found_is_shown_as_nothing(name: str, empty: str) -> None:
    assert RENDERERS[name]([]) == empty


def test_every_renderer_shows_every_problem() -> None:
    for render in RENDERERS.values():
        shown = render([ERROR, WARNING])
        assert shown == render(iter([ERROR, WARNING]))
        for problem in (ERROR, WARNING):
            assert problem.code in shown
            assert problem.message in shown
            assert problem.hint in shown
