"""The command that says what the journal of the searches teaches."""

from __future__ import annotations

from contextlib import closing
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from casebook.cli.common import (
    Command,
    audience_option,
    columns,
    index_folder,
    library_option,
    padded,
    state_folder,
)
from casebook.errors import SearchError
from casebook.library import today
from casebook.settings import load_settings

if TYPE_CHECKING:
    from search.insights.rows import Report, Row, Totals
    from search.insights.tables import Column


@click.command(cls=Command)
@audience_option
@click.option(
    "--days",
    default=28,
    show_default=True,
    type=click.IntRange(1, 366),
    help="到今天为止多少天，和前面同样多天比；写 7 的倍数，每个星期几就一样多。",
)
@click.option("--json", "as_data", is_flag=True, help="输出 JSON，含每一行的编号。")
@library_option
def insights(audience: str | None, days: int, as_data: bool, root: Path) -> None:
    """洞察：没找到的、变多的、第一次问的、没人看的、评价没用的、该核准的、快失效的。

    和服务的洞察页是同样的数；从检索日志里数，不用服务在运行。

    例：
    casebook insights --audience agent --days 7
    """
    from search.engines import get_engine
    from search.generations import open_current
    from search.insights.data import as_json
    from search.insights.report import report
    from search.journal.journal import Journal
    from search.journal.records import FILE

    settings = load_settings(root)
    reader = settings.audience(audience)
    file = state_folder(root, settings, reader) / FILE
    if not file.is_file():
        raise SearchError(
            f"没有{reader.name}的检索日志（{file}）；服务开着、有人问过以后才有。"
            "日志在别的机器上的，拷到这里，或在 casebook.toml 的 [service] 里改 state。"
        )
    zone = ZoneInfo(settings.library.timezone)
    engine_of = partial(get_engine, cluster=settings.opensearch)
    with (
        closing(open_current(index_folder(root, reader), reader.id, engine_of)) as generation,
        closing(Journal(file, settings.journal.days)) as journal,
    ):
        found = report(
            journal.questions(),
            generation.store,
            days,
            today(settings),
            audience=reader.id,
            zone=zone,
        )
    click.echo(as_json(found) if as_data else _text(found, reader.name, zone))


def _text(report: Report, name: str, zone: tzinfo) -> str:
    """A report for a terminal."""
    from search.insights.rows import KINDS
    from search.insights.words import LISTS

    first = report.daily[0][0]
    compared = f"，和前 {report.days} 天比" if report.before else ""
    lines = [f"{name}的提问，{first} 到 {report.on}{compared}", ""]
    if report.kept_since is None:
        return "\n".join([*lines, "日志是空的：还没有人问过。"])
    lines += [*_sums(report), ""]
    for kind in KINDS:
        rows = report.lists[kind]
        more = f"，只列前 {len(rows)} 行" if report.more[kind] else ""
        lines.append(f"{LISTS[kind].title}（{len(rows) + report.more[kind]} 行{more}）")
        lines += _table(kind, rows, zone) or [f"  {LISTS[kind].none}"]
        lines.append("")
    return "\n".join(lines).rstrip()


def _sums(report: Report) -> list[str]:
    """The sums of the period, each beside that of the period before."""
    heads = ("提问", "有统一答复", "没找到", "评价", "95% 在")
    figures = zip(heads, _figures(report.totals), _figures(report.before), strict=True)
    return [f"{padded(head, 12)}{now}（前一期 {before}）" for head, now, before in figures]


def _figures(totals: Totals | None) -> tuple[str, ...]:
    """The sums of a period for people; dashes where not all of it is kept."""
    from search.insights.tables import percent

    if totals is None:
        return ("—",) * 5
    return (
        f"{totals.questions:,}",
        percent(totals.share("answered")),
        percent(totals.share("not_found")),
        f"有用 {totals.good:,}，没用 {totals.bad:,}",
        _milliseconds(totals.p95_ms),
    )


def _milliseconds(value: int | None) -> str:
    return "—" if value is None else f"{value} 毫秒内"


def _table(kind: str, rows: tuple[Row, ...], zone: tzinfo) -> list[str]:
    """Rows for a terminal: the figures in columns, what they are about last."""
    from search.insights.tables import COLUMNS

    if not rows:
        return []
    shown = COLUMNS[kind]
    cells = [[column.head for column in shown]]
    cells += [[column.cell(row, zone) for column in shown] for row in rows]
    widths = [max(columns(line[place]) for line in cells) for place in range(len(shown))]
    about = ["", *(f"{row.title}（{row.owner}）" for row in rows)]
    return [
        "  " + "  ".join([*map(_aligned, line, widths, shown), text]).rstrip()
        for line, text in zip(cells, about, strict=True)
    ]


def _aligned(text: str, width: int, column: Column) -> str:
    """A cell of a table: numbers end where those above them do."""
    filled = padded(text, width)
    return " " * (len(filled) - len(text)) + text if column.numeric else filled
