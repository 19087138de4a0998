"""The commands for a library's repository: who reviews, what editors offer, what changed."""

from __future__ import annotations

import json
from pathlib import Path

import click

from casebook.cli.common import Command, library_option, load, say
from casebook.documents import Kind


@click.command(cls=Command)
@click.option("--check", "compare", is_flag=True, help="不写，只看它是不是最新的；不是就返回 1。")
@library_option
@click.pass_context
def codeowners(ctx: click.Context, compare: bool, root: Path) -> None:
    """按 casebook.toml 的 [reviewers] 写 CODEOWNERS：合并请求自动找到该审的人。

    写在仓库最上层的 .github 和 .gitlab 里，两家各读各的；知识库也可以是仓库里的一个文件夹。

    例：
    casebook codeowners
    casebook codeowners --check
    """
    from casebook.codeowners import CODEOWNERS, code_owners, refuse_foreign
    from casebook.files import replacing
    from casebook.revisions import place_in_repository

    library = load(root)
    place = place_in_repository(root)
    text = code_owners(library, place).encode()
    if library.problems:
        say("有文件读不了，看不出它的业务分类，归文件夹的人审；用 casebook check 看是哪些。")
    top = root.resolve().parents[place.count("/") - 1] if place else root
    files = [top / name for name in CODEOWNERS]
    refuse_foreign(files, place)
    stale = [file for file in files if not file.is_file() or file.read_bytes() != text]
    if not stale:
        say("CODEOWNERS 是最新的。")
    elif compare:
        say("CODEOWNERS 不是最新的；运行 casebook codeowners，和修改一起提交。")
        ctx.exit(1)
    for file in stale:
        with replacing(file) as out:
            out.write(text)
        click.echo(file)


@click.command(cls=Command)
@click.argument("kind", required=False, type=click.Choice([kind.value for kind in Kind]))
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    show_default="build/schemas",
    help="三种都写成文件，写到这个文件夹。",
)
@click.option(
    "--snippets",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="改为把 VS Code 的代码片段写到这个文件。",
)
@library_option
def schema(kind: str | None, out: Path | None, snippets: Path | None, root: Path) -> None:
    """写出信息块的 JSON Schema：带本库的分类，编辑器照着提示和检查。

    只要一种就写上它，结果直接输出。

    例：
    casebook schema
    casebook schema case
    casebook schema --snippets .vscode/casebook.code-snippets
    """
    from casebook.schemas import front_matter_schema
    from casebook.settings import load_settings
    from casebook.snippets import snippet_file

    settings = load_settings(root)
    if snippets:
        _write(snippets, snippet_file(settings))
    elif kind:
        click.echo(_json(front_matter_schema(Kind(kind), settings)))
    else:
        folder = out or root / "build" / "schemas"
        for one in Kind:
            _write(folder / f"{one.value}.schema.json", front_matter_schema(one, settings))


def _write(file: Path, value: object) -> None:
    from casebook.files import replacing

    with replacing(file) as out:
        out.write(_json(value).encode() + b"\n")
    click.echo(file)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


@click.command(cls=Command)
@click.option("--since", metavar="REV", required=True, help="和哪一版比，例如 origin/main。")
@library_option
def changed(since: str, root: Path) -> None:
    """列出从某一版以来改了哪些文档、各在哪一页，用 Markdown 写给审核的人。

    例：
    casebook changed --since origin/main
    """
    from casebook.review import changed_pages

    click.echo(changed_pages(root, load(root), since))
