"""The command that checks."""

from __future__ import annotations

from pathlib import Path

import click

from casebook.cli.common import Command, covers, inside, library_option, load
from casebook.problems import RENDERERS, has_errors, summary


@click.command(cls=Command)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "output",
    type=click.Choice(sorted(RENDERERS)),
    default="text",
    show_default=True,
    help="输出的格式。",
)
@library_option
@click.pass_context
def check(ctx: click.Context, paths: tuple[Path, ...], output: str, root: Path) -> None:
    """检查文档：说出哪个文件哪一行有什么问题，该怎么写。

    没有问题返回 0，有问题返回 1，无法检查返回 2。

    例：
    casebook check
    casebook check faq/faq-arrears-resume.md --format github
    """
    from casebook.checks import check_library

    wanted = [inside(root, path) for path in paths]
    library = load(root)
    problems = [
        problem
        for problem in check_library(library)
        if not wanted or any(covers(path, problem.path) for path in wanted)
    ]
    rendered = RENDERERS[output](problems)
    if rendered:
        click.echo(rendered)
    click.echo(summary(problems, library.files), err=True)
    ctx.exit(1 if has_errors(problems) else 0)
