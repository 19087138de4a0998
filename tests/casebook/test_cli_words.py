"""Whoever calls a command wrongly, or asks for help, reads Chinese."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from casebook.cli import main
from casebook.cli.words import translated

# What only those who write commands can bring about, what no Unix shows, and names of kinds of
# value that stand as placeholders in capitals.
NEVER_SHOWN = {
    "Arguments take exactly one parameter declaration, got {length}: {decls}.",
    "Boolean option {decl!r} cannot use the same flag for true/false.",
    "Choice({choices})",
    "Could not determine name for option with declarations {decls!r}",
    "DeprecationWarning: The command {name!r} is deprecated.{extra_message}",
    "DeprecationWarning: The {param_type} {name!r} is deprecated.{extra_message}",
    "Invalid start character for option ({option})",
    "Name '{name}' defined twice",
    "No options defined but a name was passed ({name}). Did you mean to declare an argument"
    " instead? Did you mean to pass '--{name}'?",
    "Unknown color {colour!r}",
    "Unknown standard stream '{name}'",
    "Windows error: {error}",
    "d",
    "directory",
    "file",
    "path",
    "{editor}: Editing failed",
    "{editor}: Editing failed: {e}",
}
WRONG = [
    "",
    "chek",
    "--fx",
    "check --fx",
    "check --fix=3",
    "check --format",
    "check --format xml",
    "check nowhere.md",
    "check --library README.md",
    "new",
    "new poem 题目",
    "new faq 一 二",
    "new faq 一 二 三",
    "new faq",
    "search",
    "search 一 --kind poem",
    "serve --port 99999999",
    "serve --port x",
    "serve --workers 0",
    "due --within -1",
    "due --within many",
    "due --format pdf",
    "history",
    "history x --on yesterday",
    "impact",
    "import",
    "editor --from docs",
    "export",
    "export foo",
    "export sheet",
    "-x",
]
ENGLISH = re.compile(r"\b[A-Za-z][a-z]+ [a-z]+ [a-z]+|Usage|Error|Option|Missing|Invalid|No such")
CALL = re.compile(r"casebook( [a-z]+)+")
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff”][.,:!?](?!\w)|'")


def _sentences() -> set[str]:
    """Everything that click looks up."""
    found = set()
    for file in Path(click.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("_", "ngettext"):
                words = [one.value for one in node.args if isinstance(one, ast.Constant)]
                found |= {word for word in words if isinstance(word, str)}
    return found


def test_every_sentence_of_click_is_in_the_table() -> None:
    sentences = _sentences()
    assert len(sentences) > 50
    assert {one for one in sentences if translated(one) == one} - NEVER_SHOWN == set()


@pytest.mark.parametrize("sentence", sorted(_sentences() - NEVER_SHOWN))
def test_a_translation_asks_for_nothing_that_click_does_not_give(sentence: str) -> None:
    names = re.compile(r"\{(\w+)")
    assert set(names.findall(translated(sentence))) <= set(names.findall(sentence))


@pytest.mark.parametrize("words", WRONG)
def test_a_wrong_call_is_answered_in_chinese(
    words: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    done = CliRunner().invoke(main, words.split(), prog_name="casebook")
    assert done.exit_code == 2
    assert done.stdout == "" or words in ("", "export")
    assert re.search(r"[\u4e00-\u9fff]", done.output)
    if words not in ("", "export"):
        assert not ENGLISH.search(CALL.sub("", done.stderr)), done.stderr
        assert not HALF_WIDTH.search(done.stderr), done.stderr


def _commands(group: click.Group, name: str = "") -> list[str]:
    found = [name]
    for word, command in group.commands.items():
        path = f"{name} {word}".strip()
        found += _commands(command, path) if isinstance(command, click.Group) else [path]
    return found


@pytest.mark.parametrize("command", _commands(main))
def test_help_is_chinese(command: str) -> None:
    help_text = CliRunner().invoke(main, [*command.split(), "--help"], prog_name="casebook").output
    assert help_text.startswith(f"用法：casebook {command}".rstrip())
    assert re.search(r"^选项：$", help_text, re.MULTILINE)
    assert not re.search(r"Usage|Options|OPTIONS|ARGS|Commands|Show |default:|RANGE", help_text)


def test_an_interruption_is_told_in_chinese() -> None:
    @main.command("interrupted-for-a-test")
    def interrupted() -> None:
        raise click.Abort

    try:
        done = CliRunner().invoke(main, ["interrupted-for-a-test"])
    finally:
        del main.commands["interrupted-for-a-test"]
    assert done.stderr == "停下了。\n"


def test_what_is_wrong_is_said_in_full(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    done = CliRunner().invoke(main, ["check", "--format", "xml"], prog_name="casebook")
    assert done.stderr == (
        "用法：casebook check [选项] [PATHS]…\n用 casebook check --help 看说明。\n\n"
        "错误：“--format”的值不对：没有“xml”，可选：“text”、“json”、“github”、“gitlab”、“sarif”。\n"
    )
