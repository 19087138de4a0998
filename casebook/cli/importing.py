"""The command that brings in what exists."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from casebook.cli.common import Command, library_option, padded, say
from casebook.cli.importing_report import as_json as report_json
from casebook.cli.importing_report import next_steps, report, summary
from casebook.settings import Settings, load_settings

if TYPE_CHECKING:
    from casebook.documents import Kind


@click.command(name="import", cls=Command)
@click.argument("files", nargs=-1, metavar="FILE…", type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="写入文件；不写这个选项就只看结果，什么都不写。")
@click.option("--mask", is_flag=True, help="把个人信息换成掩码，如 139****0000。")
@click.option(
    "--kind", metavar="K", default="", help="认不出种类时当作哪一种：case、faq 或 policy。"
)
@click.option(
    "--audience", metavar="A", help="受众；不写就是最宽的那个：导入的内容还没有人为更多的人审过。"
)
@click.option("--owner", metavar="O", default="", help="负责的组；来源里没有时用它。")
@click.option("--subject", metavar="S", default="", help="业务分类；来源里没有时用它。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON，有每一处对应关系。")
@library_option
@click.pass_context
def import_(
    ctx: click.Context,
    files: tuple[Path, ...],
    write: bool,
    mask: bool,
    kind: str,
    audience: str | None,
    owner: str,
    subject: str,
    as_json: bool,
    root: Path,
) -> None:
    """导入已有的资料：Word、Excel、CSV、PDF、网页，phpMyFAQ 和 BookStack 的导出，机器人知识表。

    先说出什么会变成什么、缺什么、什么没有位置、哪里有个人信息；加 --write 才写入。
    已有的文件不会改，同一份资料导入两次不会重复。
    全部妥当返回 0，有要处理的返回 1，无法导入返回 2。

    例：
    casebook import 投诉案例/*.docx 机器人知识.xlsx
    casebook import 机器人知识.xlsx --owner 资费产品组 --mask --write
    """
    from casebook.importing.planning import Options, make_plan, write_plan

    _named(files)
    settings = load_settings(root)
    options = Options(_kind(kind), audience, owner, _subject(subject, settings), mask)
    plan = make_plan(root, settings, files, options, _progress())
    written = write_plan(root, plan) if write else []
    if as_json:
        click.echo(json.dumps(report_json(plan, written=write), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(report(plan)))
    say(summary(plan, len(written), write=write))
    if written:
        say("\n".join(["接下来：", *next_steps(plan, root)]))
    if len(plan.unreadable) == len(files):
        ctx.exit(2)
    ctx.exit(0 if plan.clean else 1)


def _named(files: tuple[Path, ...]) -> None:
    """Asks for at least one file."""
    from casebook.importing.limits import OptionRefused

    if not files:
        raise OptionRefused("没有写要导入的文件；例：casebook import 机器人知识.xlsx。")


def _kind(name: str) -> Kind | None:
    """A kind by its id."""
    from casebook.documents import Kind
    from casebook.importing.limits import OptionRefused

    known = {kind.value: kind for kind in Kind}
    if name and name not in known:
        shown = "、".join(f"{kind.value}（{kind.label}）" for kind in Kind)
        raise OptionRefused(f"--kind：没有种类“{name}”；可选：{shown}。")
    return known.get(name)


def _subject(path: str, settings: Settings) -> str:
    """A subject that the taxonomy has."""
    from casebook.importing.limits import OptionRefused

    known = settings.taxonomy.subject_paths
    if path and path not in known:
        raise OptionRefused(f"--subject：分类里没有“{path}”；可选：{'、'.join(known)}。")
    return path


def _progress() -> Any:
    """Tells which file is read, on a terminal."""
    shown = sys.stderr.isatty()

    def progress(done: int, total: int, name: str) -> None:
        if shown and total > 1:
            text = f"读取 {done}/{total} {name}"
            click.echo(f"\r{padded(text, 70)}", err=True, nl=done == total)

    return progress
