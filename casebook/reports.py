"""Problems in the forms that people and other programs read."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from casebook.checks import RULES
from casebook.problems import Problem, Severity, as_text

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_GITHUB = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
# As GitLab's code quality reports name them; "blocker" and "critical" are left to people.
_GITLAB = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTE: "info"}


def as_json(problems: Sequence[Problem]) -> str:
    """Problems as a JSON array."""
    return json.dumps([problem_json(one) for one in problems], ensure_ascii=False, indent=2)


def problem_json(problem: Problem) -> dict[str, Any]:
    """One problem as JSON."""
    return {
        "path": _readable(problem.path),
        "line": problem.line,
        "column": problem.column,
        "section": problem.section,
        "code": problem.code,
        "severity": problem.severity.value,
        "message": problem.message,
        "hint": problem.hint,
        "fixable": bool(problem.fix),
    }


def as_github(problems: Sequence[Problem]) -> str:
    """Problems as GitHub workflow commands, which become annotations.

    The escapes are those of the workflow command format: ``%``, CR and LF in data, and in
    properties also ``:`` and ``,``.
    """
    return "\n".join(
        f"::{_GITHUB[p.severity]} file={_escape(_readable(p.path), ':,')},line={p.line},"
        f"col={p.column},title={_escape(p.code, ':,')}::{_escape(f'{p.message} → {p.hint}')}"
        for p in problems
    )


def as_gitlab(problems: Sequence[Problem]) -> str:
    """Problems as a GitLab code quality report (a subset of Code Climate's format)."""
    return json.dumps(
        [
            {
                "description": f"{p.message} → {p.hint}",
                "check_name": p.code,
                "fingerprint": fingerprint,
                "severity": _GITLAB[p.severity],
                "location": {"path": _readable(p.path), "lines": {"begin": p.line}},
            }
            for p, fingerprint in zip(problems, _fingerprints(problems), strict=True)
        ],
        ensure_ascii=False,
        indent=2,
    )


def as_sarif(problems: Sequence[Problem]) -> str:
    """Problems as SARIF 2.1.0 (OASIS), with the rules that they come from."""
    used = {problem.code for problem in problems}
    rules = [
        {
            "id": rule.code,
            "shortDescription": {"text": rule.summary},
            "fullDescription": {"text": rule.reason},
            "defaultConfiguration": {"level": rule.severity.value},
        }
        for rule in RULES
        if rule.code in used
    ]
    driver = {"name": "casebook", "version": version("casebook"), "rules": rules}
    results = [
        _sarif_result(problem, fingerprint)
        for problem, fingerprint in zip(problems, _fingerprints(problems), strict=True)
    ]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    report = {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(report, ensure_ascii=False, indent=2)


def _sarif_result(problem: Problem, fingerprint: str) -> dict[str, Any]:
    place = {
        "artifactLocation": {"uri": quote(os.fsencode(problem.path))},
        "region": {"startLine": problem.line, "startColumn": problem.column},
    }
    return {
        "ruleId": problem.code,
        "level": problem.severity.value,
        "message": {"text": f"{problem.message} → {problem.hint}"},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"casebook/v1": fingerprint},
    }


def _fingerprints(problems: Sequence[Problem]) -> list[str]:
    """For each problem what stays the same when lines above it come or go."""
    seen: Counter[str] = Counter()
    found = []
    for problem in problems:
        name = f"{problem.path}\0{problem.code}\0{problem.message}"
        found.append(hashlib.sha256(os.fsencode(f"{name}\0{seen[name]}")).hexdigest())
        seen[name] += 1
    return found


def _readable(path: str) -> str:
    """A path as text: of names that are no UTF-8, what can be shown."""
    return os.fsencode(path).decode(errors="replace")


def _escape(text: str, also: str = "") -> str:
    for character in "%\r\n" + also:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


RENDERERS: Mapping[str, Callable[[Sequence[Problem]], str]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
    "gitlab": as_gitlab,
    "sarif": as_sarif,
}
