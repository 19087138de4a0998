"""The commands that begin documents."""

from __future__ import annotations

from pathlib import Path

import click

from casebook.cli.common import Command, library_option
from casebook.settings import load_settings


@click.command(cls=Command)
@click.argument("kind", type=click.Choice(["case", "faq", "policy"]))
@click.argument("title")
@library_option
def new(kind: str, title: str, root: Path) -> None:
    """写一篇新文档：按模板生成，段落和日期都已写好。

    例：
    casebook new faq 副卡可以单独停机吗？
    """
    from casebook.authoring import new_document
    from casebook.documents import Kind

    file = new_document(root, Kind(kind), title, load_settings(root))
    click.echo(file)
    click.echo("写好“（待填）”的地方，再运行 casebook check。", err=True)
