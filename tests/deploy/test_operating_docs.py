"""The operator's pages name every setting and option with its default, and no other."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
from pydantic import BaseModel

from casebook import state
from casebook.cli import main
from casebook.settings import Settings, load_settings
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


def commands(text: str) -> list[str]:
    """The commands of a page's blocks, each as one line without its remark."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [line for one in lines if (line := re.sub(r"(^|\s)#.*", "", one).strip())]


@pytest.mark.parametrize("page", [*PAGES, "upgrading.md"])
def test_commands_run_as_the_services_user(page: str, root: Path) -> None:
    text = (root / "docs" / page).read_text(encoding="utf-8")
    names = "|".join(main.commands)
    ours = [one for one in commands(text) if re.search(rf"\bcasebook ({names})\b", one)]
    assert len(ours) >= 3
    for line in ours:
        as_user = re.match(r"runuser -u casebook -- /opt/casebook[\w.-]*/bin/casebook ", line)
        assert as_user or re.match(r"(docker compose|kubectl) ", line), line
    # And how those in the prose are run is said first.
    place = r"root.*runuser -u casebook|runuser -u casebook.*root|service's user, never as root"
    assert re.search(place, text.split("\n## ")[0], re.DOTALL)


@pytest.mark.parametrize("page", [*PAGES, "upgrading.md"])
def test_assistants_services_are_not_forgotten(page: str, root: Path) -> None:
    """They use the same program, state and certificates as the services for people."""
    text = (root / "docs" / page).read_text(encoding="utf-8")
    found = [one for one in commands(text) if re.search(r"systemctl (stop|restart) casebook", one)]
    found += re.findall(r"`(systemctl reload 'casebook.*?)`", text)
    assert found
    for line in found:
        assert "casebook-serve@" in line and "casebook-mcp@" in line, line


@pytest.mark.parametrize("page", PAGES)
def test_the_first_settings_are_whole(page: str, root: Path, tmp_path: Path) -> None:
    text = (root / "docs" / page).read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    library = (root / "casebook.toml").read_text(encoding="utf-8")
    library = re.sub(r"\n\[check\.wording\]\n(?:.+\n)+", "\n", library)
    block = block.replace("[search]\n", "")
    library = library.replace("[search]\n", f"[search]\n{block.partition(chr(10))[0]}\n", 1)
    (tmp_path / "casebook.toml").write_text(
        f"{library}\n{block.partition(chr(10))[2]}", encoding="utf-8"
    )
    access = load_settings(tmp_path).access_of("agent")
    assert (access.sign_in, access.oidc.client_secret_env) == ("oidc", "OIDC_CLIENT_SECRET")
    assert "OIDC_CLIENT_SECRET=" in text


@pytest.mark.parametrize("page", PAGES)
def test_figures_are_those_that_were_measured(page: str, root: Path) -> None:
    text = (root / "docs" / page).read_text(encoding="utf-8")
    measured = (root / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    (memory,) = re.findall(r"; (\d+) MB in memory, 2 processes together", measured)
    (slowest,) = re.findall(r"\| 300 searches/s \| [\d.]+ \| [\d.]+ \| ([\d.]+) \|", measured)
    assert f" {memory} MB" in text and f" {slowest} " in text


@pytest.mark.parametrize("page", ["notify.md", "notify.zh-CN.md"])
@pytest.mark.parametrize(("ended", "told"), [(0, True), (1, True), (2, False)])
def test_the_line_for_cron_tells_what_was_published(
    page: str, ended: int, told: bool, root: Path, tmp_path: Path
) -> None:
    text = (root / "docs" / page).read_text(encoding="utf-8")
    (line,) = re.findall(r"```cron\n(?:\S+ +){5}(.*)\n```", text)
    unit = (root / "deploy" / "systemd" / "casebook-notify.service").read_text(encoding="utf-8")
    (file,) = re.findall(r"^EnvironmentFile=(.*)$", unit, re.MULTILINE)
    assert file in line
    (tmp_path / "env").write_text("ROBOT=https://robot.example.com\n", encoding="utf-8")
    program = tmp_path / "bin" / "casebook"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\n[ "$1" = site ] && exit {ended}\necho "$1 $ROBOT"\n', encoding="utf-8"
    )
    program.chmod(0o755)
    line = line.replace(file, str(tmp_path / "env")).replace("/srv/library", str(tmp_path))
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        env={"PATH": f"{program.parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("notify https://robot.example.com\n" if told else "", "")
