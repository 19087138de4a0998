"""The command that brings in what exists."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from casebook.cli.common import Command, columns, library_option, padded, say
from casebook.settings import load_settings

if TYPE_CHECKING:
    from casebook.importing import Plan, Planned

_EXCERPT = 60
_LISTED = 12


@click.command(name="import", cls=Command)
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="写入文件；不写这个选项就只看结果，什么都不写。")
@click.option("--mask", is_flag=True, help="把个人信息换成掩码，如 139****0000。")
@click.option(
    "--kind", type=click.Choice(["case", "faq", "policy"]), help="认不出种类时当作哪一种。"
)
@click.option(
    "--audience", metavar="A", help="受众；不写就是最宽的那个：导入的内容还没有人为代理商审过。"
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
    kind: str | None,
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
    from casebook.documents import Kind
    from casebook.importing import Options, make_plan, write_plan

    settings = load_settings(root)
    options = Options(
        Kind(kind) if kind else None, audience, owner, _subject(subject, settings), mask
    )
    plan = make_plan(root, settings, files, options, _progress())
    written = write_plan(root, plan) if write else []
    if as_json:
        click.echo(json.dumps(_json(plan, written=write), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(_report(plan)))
    say(_summary(plan, len(written), write=write))
    if len(plan.unreadable) == len(files):
        ctx.exit(2)
    ctx.exit(0 if plan.clean else 1)


def _subject(path: str, settings: Any) -> str:
    """A subject that the taxonomy has."""
    known = settings.taxonomy.subject_paths
    if path and path not in known:
        raise click.BadParameter(
            f"分类里没有“{path}”；可选：{'、'.join(known)}。", param_hint="--subject"
        )
    return path


def _progress() -> Any:
    """Tells which file is read, on a terminal."""
    shown = sys.stderr.isatty()

    def progress(done: int, total: int, name: str) -> None:
        if shown and total > 1:
            text = f"读取 {done}/{total} {name}"
            click.echo(f"\r{padded(text, 70)}", err=True, nl=done == total)

    return progress


def _json(plan: Plan, *, written: bool) -> dict[str, Any]:
    """The report for programs."""
    return {
        "written": written,
        "documents": [
            {
                "source": one.source,
                "place": one.place,
                "status": one.status.value,
                "kind": one.kind.value if one.kind else None,
                "id": one.id,
                "title": one.title,
                "file": one.file,
                "missing": one.missing,
                "extra": one.extra,
                "personal": [vars(found) for found in one.personal],
                "placed": [{"source": name, "became": into} for name, into in one.placed],
                "notes": one.notes,
            }
            for one in plan.documents
        ],
        "left_out": plan.left_out,
        "unreadable": plan.unreadable,
    }


def _report(plan: Plan) -> Iterator[str]:
    """The report for people, source by source."""
    sources = dict.fromkeys(one.source for one in plan.documents)
    for source in sources:
        documents = [one for one in plan.documents if one.source == source]
        yield from _source(source, documents)
        yield from (f"  没有导入：{_short(text)}" for text in plan.left_out.get(source, ()))
        yield ""
    for source, reason in plan.unreadable.items():
        yield f"{source}：读不了。{reason}"


def _source(source: str, documents: Sequence[Planned]) -> Iterator[str]:
    """A source's documents as a table, with what is to be done about each."""
    yield f"{source}："
    rows = [_row(one) for one in documents]
    widths = [max(columns(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    details = [_details(one) for one in documents]
    count = Counter(line for lines in details for line in dict.fromkeys(lines))
    common = [line for line, times in count.items() if times > 1]
    for row, lines in zip(rows, details, strict=True):
        cells = [padded(cell, width) for cell, width in zip(row, widths, strict=False)]
        yield ("  " + "  ".join([*cells, row[-1]])).rstrip()
        yield from (f"      {line}" for line in lines if line not in common)
    for line in common:
        which = "每一篇" if count[line] == len(documents) else f"其中 {count[line]} 篇"
        yield f"  {which}{line}"


def _row(one: Planned) -> list[str]:
    kind = one.kind.label if one.kind else "？"
    return [one.place, one.status.label, kind, one.file or "—", one.title]


def _details(one: Planned) -> list[str]:
    """What a person must look at."""
    lines = []
    if one.missing:
        lines.append(f"待填：{'、'.join(one.missing)}")
    if one.extra:
        more = f"等 {len(one.extra)} 处" if len(one.extra) > 1 else ""
        where = "放进附注" if one.file else "没有导入"
        lines.append(f"没有位置：“{_short(one.extra[0])}”{more}，{where}")
    if one.personal:
        found = [f"{find.label} {find.shown}（第 {find.line} 行）" for find in one.personal]
        more = f" 等 {len(found)} 处" if len(found) > _LISTED else ""
        lines.append(f"个人信息：{'、'.join(found[:_LISTED])}{more}")
    renamed = [f"{name}→{into}" for name, into in one.placed if _renamed(name, into)]
    if renamed:
        lines.append(f"对应：{'、'.join(map(_short, renamed))}")
    lines += [f"注意：{_short(note)}" for note in dict.fromkeys(one.notes)]
    return lines


def _renamed(name: str, into: str) -> bool:
    """Whether a name of the source is worth telling: a section under another name."""
    return not into.isascii() and "：" not in name and not name.strip(" ：:】").endswith(into)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT else f"{line[:_EXCERPT]}…"


def _summary(plan: Plan, written: int, *, write: bool) -> str:
    count = Counter(one.status.value for one in plan.documents)
    parts = [f"写入了 {written} 篇" if write else f"可以写入 {count['new']} 篇"]
    if count["present"]:
        parts.append(f"{count['present']} 篇已经有了")
    if count["unknown"]:
        parts.append(f"{count['unknown']} 处认不出种类")
    if count["failed"]:
        parts.append(f"{count['failed']} 篇不能写")
    if plan.unreadable:
        parts.append(f"{len(plan.unreadable)} 个文件读不了")
    if write:
        after = "填好“（待填）”的地方，再运行 casebook check。" if written else ""
    else:
        after = "这次没有写任何文件；看过以后加 --write 写入。" if count["new"] else ""
    return "，".join(parts) + "。" + after
