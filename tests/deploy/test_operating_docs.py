"""The operator's pages name every setting and option with its default, and no other."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest
from pydantic import BaseModel

from casebook import state
from casebook.cli import main
from casebook.settings import Settings
from casebook.tables import Table
from search import index_files
from search.journal import opening

PAGES = ("operating.md", "operating.zh-CN.md")
# What is about content, not about running; README.md has it.
CONTENT = {"review", "faq", "check", "reviewers", "taxonomy", "glossary"}
HEADINGS = {
    "audiences": "[[audiences]]",
    "notify": "[[notify]]",
    "access": "[access.<audience>]",
}
COMMANDS = ("serve", "watch", "mcp", "backup", "restore", "rollback")


def models() -> dict[str, type[BaseModel]]:
    """The tables of the settings that matter for running, by their headings."""
    found: dict[str, type[BaseModel]] = {}
    for name, field in Settings.model_fields.items():
        if name in CONTENT:
            continue
        (model,) = [
            one
            for one in (field.annotation, *getattr(field.annotation, "__args__", ()))
            if isinstance(one, type) and issubclass(one, Table)
        ]
        found[HEADINGS.get(name, f"[{name}]")] = model
    access = found["[access.<audience>]"]
    for name in ("oidc", "proxy"):
        found[f"[access.<audience>.{name}]"] = type(access.model_fields[name].default)
    return found


def section(text: str, heading: str) -> list[list[str]]:
    """The rows of the table below a heading."""
    assert text.count(f"\n#### `{heading}`\n") == 1, heading
    below = text.split(f"\n#### `{heading}`\n")[1]
    rows = re.match(r"\n((?:\|.*\n)+)", below)
    assert rows, heading
    cells = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows[1].splitlines()
    ]
    return cells[2:]


def shown(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(shown, value))}]"
    return "none" if value is None else json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("heading", models())
def test_each_setting_has_its_default(page: str, heading: str, root: Path) -> None:
    rows = section((root / "docs" / page).read_text(encoding="utf-8"), heading)
    fields = models()[heading].model_fields
    assert [row[0] for row in rows] == [f"`{name}`" for name in fields]
    for row, field in zip(rows, fields.values(), strict=True):
        if field.is_required():
            assert row[1] in ("required", "必填")
        elif isinstance(field.default, Table):
            assert row[1] == "—"
        else:
            assert row[1] == f"`{shown(field.default)}`", row
        assert row[2], f"{row[0]} has no reason"


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_has_its_default(page: str, name: str, root: Path) -> None:
    rows = section((root / "docs" / page).read_text(encoding="utf-8"), f"casebook {name}")
    options = [one for one in main.commands[name].params if isinstance(one, click.Option)]
    assert [row[0] for row in rows] == [f"`{one.opts[0]}`" for one in options]
    for row, option in zip(rows, options, strict=True):
        told = option.default
        plain = isinstance(told, (int, str)) and not isinstance(told, bool)
        assert row[1] == (f"`{told}`" if plain else "—"), row


@pytest.mark.parametrize("page", PAGES)
def test_each_variable_is_named(page: str, root: Path) -> None:
    text = (root / "docs" / page).read_text(encoding="utf-8")
    named = {"CASEBOOK_TOKEN", "TMPDIR", "PROMETHEUS_MULTIPROC_DIR"}
    for model in models().values():
        named |= {name for name in model.model_fields if name.endswith("_env")}
    read = set()
    for folder in ("casebook", "search"):
        for file in (root / folder).rglob("*.py"):
            source = file.read_text(encoding="utf-8")
            read |= set(re.findall(r'os\.environ(?:\.get\(|\[)"([A-Z_]+)"', source))
    for name in named | read:
        assert f"`{name}`" in text, name


@pytest.mark.parametrize("page", [*PAGES, "upgrading.md"])
def test_links_and_files_that_are_named_exist(page: str, root: Path) -> None:
    text = (root / "docs" / page).read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#:]+)\)", prose):
        assert (root / "docs" / target).is_file(), target
    for target in re.findall(r"\bdeploy/[\w./-]+", text):
        assert (root / target.rstrip(".")).exists(), target
    for unit in re.findall(r"\bcasebook-(?:[a-z]+)(?:@)?(?:\.timer)?\b", text):
        found = list((root / "deploy" / "systemd").glob(f"{unit}*"))
        assert found or unit.startswith("casebook-0"), unit
    for command in re.findall(r"(?:bin/|^|`|(?<!-n)\s)casebook ([a-z]+)\b", text, re.MULTILINE):
        assert command in main.commands, command


def test_both_pages_have_the_same_parts(root: Path) -> None:
    parts = []
    for page in PAGES:
        text = (root / "docs" / page).read_text(encoding="utf-8")
        code = re.findall(r"```\w+\n", text)
        parts.append((re.findall(r"^(#+) ", text, re.MULTILINE), code))
    assert parts[0] == parts[1]


def test_the_versions_of_what_is_kept(root: Path) -> None:
    text = (root / "docs" / "upgrading.md").read_text(encoding="utf-8")
    for what, number in (
        ("index", index_files.FORMAT),
        ("journal", len(opening._MIGRATIONS)),
        ("backup", state.FORMAT),
    ):
        (row,) = [line for line in text.splitlines() if line.startswith(f"| {what}")]
        assert f"; {number} now |" in row
