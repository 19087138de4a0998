"""Problems in every form that people and other programs read."""

from __future__ import annotations

import json
import re

import pytest

from casebook.problems import Edit, Problem, Severity
from casebook.reports import RENDERERS, as_github, as_gitlab, as_json, as_sarif

FIX = (Edit(3, 0, "，，", "，"),)
ERROR = Problem("faq/a.md", 3, 1, "wrong-type", "错了。", "这样写。", fix=FIX)
WARNING = Problem("faq/a.md", 12, 2, "orphan", "没填。", "填上。", Severity.WARNING)
NOTE = Problem("faq/a.md", 14, 5, "ends-soon", "快到了。", "看看。", Severity.NOTE, (), "answer")
ALL = [ERROR, WARNING, NOTE]


def test_json_holds_every_fact() -> None:
    shown = as_json([NOTE, ERROR])
    assert "快到了。" in shown
    first, second = json.loads(shown)
    assert first == {
        "path": "faq/a.md",
        "line": 14,
        "column": 5,
        "section": "answer",
        "code": "ends-soon",
        "severity": "note",
        "message": "快到了。",
        "hint": "看看。",
        "fixable": False,
    }
    assert second["fixable"]


def test_github_annotations() -> None:
    assert as_github(ALL) == (
        "::error file=faq/a.md,line=3,col=1,title=wrong-type::错了。 → 这样写。\n"
        "::warning file=faq/a.md,line=12,col=2,title=orphan::没填。 → 填上。\n"
        "::notice file=faq/a.md,line=14,col=5,title=ends-soon::快到了。 → 看看。"
    )


def test_github_escapes_what_would_end_a_command() -> None:
    problem = Problem("a,b:c%.md", 1, 1, "x", "50%\r\n::error::假, 的: 行", "h")
    assert as_github([problem]) == (
        "::error file=a%2Cb%3Ac%25.md,line=1,col=1,title=x::50%25%0D%0A::error::假, 的: 行 → h"
    )


def test_gitlab_code_quality() -> None:
    report = json.loads(as_gitlab(ALL))
    assert [issue["severity"] for issue in report] == ["major", "minor", "info"]
    assert report[1] == {
        "description": "没填。 → 填上。",
        "check_name": "orphan",
        "fingerprint": report[1]["fingerprint"],
        "severity": "minor",
        "location": {"path": "faq/a.md", "lines": {"begin": 12}},
    }
    assert all(re.fullmatch(r"[0-9a-f]{64}", issue["fingerprint"]) for issue in report)


def test_sarif() -> None:
    report = json.loads(as_sarif(ALL))
    assert report["version"] == "2.1.0"
    (run,) = report["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert set(rules) == {"wrong-type", "orphan", "ends-soon"}
    assert rules["orphan"]["defaultConfiguration"] == {"level": "warning"}
    assert [result["level"] for result in run["results"]] == ["error", "warning", "note"]
    place = run["results"][2]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "faq/a.md"},
        "region": {"startLine": 14, "startColumn": 5},
    }


def _fingerprints(problems: list[Problem]) -> list[str]:
    return [issue["fingerprint"] for issue in json.loads(as_gitlab(problems))]


def test_fingerprints_stay_when_lines_move_and_differ_between_equals() -> None:
    lower = Problem("faq/a.md", 30, 1, "wrong-type", "错了。", "这样写。")
    assert _fingerprints([ERROR]) == _fingerprints([lower])
    assert len(set(_fingerprints([ERROR, lower, WARNING]))) == 3


EMPTY = {"text": "", "github": "", "json": "[]", "gitlab": "[]"}


@pytest.mark.parametrize("name", EMPTY)
def test_nothing_found_is_shown_as_nothing(name: str) -> None:
    assert RENDERERS[name]([]) == EMPTY[name]


@pytest.mark.parametrize("name", RENDERERS)
def test_every_form_shows_every_problem(name: str) -> None:
    shown = RENDERERS[name](ALL)
    for problem in ALL:
        assert problem.code in shown
        assert problem.message in shown
        assert problem.hint in shown
