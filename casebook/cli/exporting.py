"""The commands that export: JSON Lines, the bot platforms' table, a booklet to print."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from casebook.cli.common import Command, Group, audience_option, finish, library_option, load, say
from casebook.errors import PathError
from casebook.library import Library, View

_STDOUT = Path("-")


@click.group(cls=Group)
def export() -> None:
    """把一个受众能看的内容导出：给程序的 jsonl，给机器人平台的 sheet，给打印机的 pdf。"""


def _out_option(help_text: str, *, required: bool = False) -> Callable[..., Callable[..., None]]:
    kind = click.Path(path_type=Path, dir_okay=False)
    return click.option("--out", type=kind, required=required, metavar="FILE", help=help_text)


@export.command(cls=Command)
@audience_option
@_out_option("写到这个文件；不写或写 - 就是标准输出。")
@library_option
@click.pass_context
def jsonl(ctx: click.Context, audience: str | None, out: Path | None, root: Path) -> None:
    """导出 JSON Lines：一行一篇文档，这个受众能看的全部内容。

    例：
    casebook export jsonl > dealer.jsonl
    casebook export jsonl --audience agent --out agent.jsonl
    """
    from casebook.exporting.records import json_lines
    from casebook.files import replacing

    library, view = _view(root, audience)
    lines = (f"{line}\n".encode() for line in json_lines(view))
    if out is None or out == _STDOUT:
        for line in lines:
            click.echo(line, nl=False)
    else:
        with replacing(out) as file:
            file.writelines(lines)
        _done(view, f"{len(view.documents)} 篇文档", out)
    finish(ctx, library.problems)


@export.command(cls=Command)
@audience_option
@_out_option("写到这个文件，以 .xlsx 或 .csv 结尾。", required=True)
@library_option
@click.pass_context
def sheet(ctx: click.Context, audience: str | None, out: Path, root: Path) -> None:
    """导出机器人平台的问答表：今天有效的统一口径，一行一条。

    例：
    casebook export sheet --out dealer.xlsx
    casebook export sheet --audience agent --out agent.csv
    """
    from casebook.exporting.sheet import MAX_CELL, write_csv, write_xlsx
    from casebook.files import replacing

    writers = {".xlsx": write_xlsx, ".csv": write_csv}
    _demand(out, tuple(writers))
    library, view = _view(root, audience)
    with replacing(out) as file:
        written, too_long = writers[out.suffix.lower()](view, file)
    _done(view, f"{written} 条统一口径", out)
    for name in too_long:
        say(f"{name} 没有导出：有一格超过 {MAX_CELL} 个字，Excel 放不下；拆成几条再导出。")
    finish(ctx, library.problems)
    ctx.exit(1 if too_long else 0)


@export.command(cls=Command)
@click.option("--subject", required=True, metavar="S", help="业务分类，上级包括它的下级。")
@audience_option
@_out_option("写到这个文件，以 .pdf 结尾；不写就在 build/export/ 里。")
@library_option
@click.pass_context
def pdf(
    ctx: click.Context, subject: str, audience: str | None, out: Path | None, root: Path
) -> None:
    """导出一类业务的小册子，可以打印：答复用大字，附办理方式、案例和依据。

    例：
    casebook export pdf --subject 资费/充值与欠费
    casebook export pdf --subject 宽带 --audience agent --out 宽带.pdf
    """
    from casebook.exporting.booklet import booklet
    from casebook.exporting.printing import print_pdf
    from casebook.files import replacing

    if out:
        _demand(out, (".pdf",))
    library, view = _view(root, audience)
    page = booklet(view, subject)
    name = f"{subject.replace('/', '-')}.pdf"
    target = out or root / "build" / "export" / view.audience.id / name
    say(f"小册子 {view.audience.id}：{page.documents} 篇，正在排版 …")
    made = print_pdf(page.html)
    with replacing(target) as file:
        file.write(made)
    _done(view, f"{page.documents} 篇文档", target)
    finish(ctx, library.problems)


def _view(root: Path, audience: str | None) -> tuple[Library, View]:
    """The library, and what the audience may see of it: the narrowest unless one is named."""
    library = load(root)
    return library, library.view(audience)


def _demand(out: Path, suffixes: tuple[str, ...]) -> None:
    if out.suffix.lower() not in suffixes:
        raise PathError(
            f"看不出“{out}”是哪种文件；--out 的文件名要以 {' 或 '.join(suffixes)} 结尾。"
        )


def _done(view: View, what: str, out: Path) -> None:
    say(f"导出 {view.audience.id}：{what}，{out}")
