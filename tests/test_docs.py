"""The docs name everything there is: commands, options, settings, endpoints, rules."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from pathlib import Path

import click
import pytest
from flask import Flask

from casebook.checks import RULES
from casebook.cli import main
from casebook.guide import guide_pages
from casebook.library import View
from casebook.settings import Settings, Term
from search.engines import ENGINES
from search.openapi import specification

README = "README.md"
CHINESE = "README.zh-CN.md"


@pytest.fixture(scope="module")
def readme(root: Path) -> str:
    return (root / README).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", sorted(main.commands))
def test_the_readme_names_each_command_with_its_options(
    command: str, root: Path, readme: str
) -> None:
    (row,) = [line for line in readme.splitlines() if line.startswith(f"| `casebook {command}")]
    found = main.commands[command]
    parts = [found, *found.commands.values()] if isinstance(found, click.Group) else [found]
    for parameter in (parameter for part in parts for parameter in part.params):
        if isinstance(parameter, click.Option) and parameter.name != "root":
            assert f"[{parameter.opts[0]}" in row, parameter.opts
    assert f"`casebook {command}" in (root / CHINESE).read_text(encoding="utf-8")


def test_the_readme_names_each_setting(readme: str) -> None:
    part = readme[readme.index("### Settings") : readme.index("## How it is built")]
    for name, table in Settings.model_fields.items():
        assert name in part
        for place, model in re.findall(
            r"(casebook\.(?:service_)?settings)\.(\w+)", str(table.annotation)
        ):
            module = import_module(place)
            for key in getattr(module, model).model_fields:
                if key != "terms":
                    assert f"`{key}`" in part, f"{name}.{key}"
    for key in Term.model_fields:
        assert f"`{key}`" in part
    for engine in ENGINES:
        assert f"`{engine}`" in part


def test_pictures_and_links_of_the_docs_exist(root: Path) -> None:
    for name in (README, CHINESE, "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"):
        text = (root / name).read_text(encoding="utf-8")
        prose = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)#:]+)\)", prose):
            assert (root / target).is_file(), f"{name} → {target}"


def test_the_rule_page_has_every_rule(agent_view: View) -> None:
    (page,) = [page for page in guide_pages(agent_view) if page.path == "guide/rules/"]
    for rule in RULES:
        assert f"{{#{rule.code}}}" in page.body


def test_the_api_description_has_every_endpoint() -> None:
    from search import api, notice_views, reload

    app = Flask(__name__)
    for module in (api, notice_views, reload):
        app.register_blueprint(module.blueprint)
    described = {re.sub(r"\{\w+\}", "<>", path) for path in specification("x")["paths"]}
    served = {re.sub(r"<[^>]+>", "<>", rule.rule) for rule in app.url_map.iter_rules()}
    wanted = {path for path in served if path.startswith("/api/") or path == "/healthz"}
    # The description itself, as JSON and as a page.
    assert wanted - {"/api/openapi.json", "/api/"} == described


def test_every_target_of_the_makefile_explains_itself(root: Path) -> None:
    text = (root / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^\.PHONY: (\S+)$", text, re.MULTILINE):
        assert re.search(rf"^{target}:.*## \S", text, re.MULTILINE), target


def test_ci_runs_what_make_check_runs(root: Path) -> None:
    assert "make check" in (root / ".ci" / "run").read_text(encoding="utf-8")


def test_the_lock_has_a_hash_for_every_dependency(root: Path) -> None:
    lock = (root / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^([a-z0-9-]+)==\S+.*\\$", lock, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[a-z0-9]", lock, re.MULTILINE))
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = project["project"]["dependencies"] + [
        one for group in project["dependency-groups"].values() for one in group
    ]
    names = {re.split(r"[<>=;\[ ]", entry)[0].lower() for entry in wanted}
    assert names <= set(pins), names - set(pins)
