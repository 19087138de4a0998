"""The commands for what is kept of questions."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from zoneinfo import ZoneInfo

import click

from casebook.cli.common import (
    Command,
    Group,
    audience_option,
    audiences_option,
    chosen_audiences,
    day_given,
    library_option,
    say,
    state_folder,
)
from casebook.errors import PathError, SearchError, reason
from casebook.settings import Audience, Settings, load_settings

if TYPE_CHECKING:
    from search.journal.storage import Status

# Between two steps of removing, services write.
_PAUSE = 0.02
_DAY = 86_400


@click.group(cls=Group)
def journal() -> None:
    """检索日志：问过什么、找到什么、有没有用；不记是谁。"""


@journal.command(cls=Command)
@audience_option
@click.option("--since", metavar="DATE", callback=day_given, help="从这一天起，如 2026-11-01。")
@click.option("--until", metavar="DATE", callback=day_given, help="到这一天为止，含这一天。")
@click.option(
    "--format",
    "output",
    type=click.Choice(["jsonl", "csv", "asked"]),
    default="jsonl",
    show_default=True,
    help="每行一个 JSON；Excel 打得开的表格；每篇帮上几次忙，给 casebook site --asked。",
)
@click.option(
    "--out", metavar="FILE", type=click.Path(path_type=Path), help="写到文件，不写到屏幕。"
)
@library_option
def export(
    audience: str | None,
    since: date | None,
    until: date | None,
    output: str,
    out: Path | None,
    root: Path,
) -> None:
    """导出：一段时间里的问题，连同后来打开、复制、评价了什么。

    例：
    casebook journal export --audience agent --since 2026-11-01 --format csv --out 11月.csv
    """
    from casebook.files import replacing
    from search.journal.exporting import write_asked, write_csv, write_jsonl
    from search.journal.journal import Journal

    if since and until and until < since:
        raise click.UsageError(f"--until {until} 在 --since {since} 以前；把两个日期对调。")
    settings = load_settings(root)
    file = _file(root, settings, settings.audience(audience))
    if not file.is_file():
        raise SearchError(f"没有检索日志 {file}；服务回答过问题以后才有。")
    zone = ZoneInfo(settings.library.timezone)
    questions = Journal(file).questions(
        _midnight(since, zone) if since else None,
        # Nothing is asked after the last day that there is.
        _midnight(until + timedelta(days=1), zone) if until and until < date.max else None,
    )

    def write(to: BinaryIO) -> int:
        if output == "csv":
            return write_csv(questions, to, zone)
        return (write_asked if output == "asked" else write_jsonl)(questions, to)

    if out:
        with replacing(out) as to:
            count = write(to)
        say(f"{count} 个问题 → {out}")
    else:
        write(sys.stdout.buffer)


@journal.command(cls=Command)
@audiences_option
@library_option
def prune(audience: str | None, root: Path) -> None:
    """清理：删掉超过 [journal] days 天的问题，文件里和洞察的汇总里也不留；服务每天自己做一次。

    例：
    casebook journal prune
    """
    from search.journal import storage
    from search.journal.opening import remove_aside

    settings = load_settings(root)
    now = time.time()
    before = now - settings.journal.days * _DAY
    day = datetime.fromtimestamp(before, ZoneInfo(settings.library.timezone)).date()
    for reader in chosen_audiences(settings, audience):
        file = _file(root, settings, reader)
        removed = 0
        if file.is_file():
            with _opened(file) as database:
                for count in storage.prune(database, int(before * 1000), int(now * 1000)):
                    removed += count
                    time.sleep(_PAUSE)
        remove_aside(file, before)
        _forget_sums(root, settings, reader, day)
        say(f"{reader.name}：删掉 {removed} 个超过 {settings.journal.days} 天的问题。")


@journal.command(cls=Command)
@audiences_option
@library_option
def status(audience: str | None, root: Path) -> None:
    """状态：每个受众有多少问题、从哪天到哪天、占多少地方、丢过多少条。

    例：
    casebook journal status
    """
    from search.journal import storage
    from search.journal.opening import open_to_read

    settings = load_settings(root)
    zone = ZoneInfo(settings.library.timezone)
    for reader in chosen_audiences(settings, audience):
        file = _file(root, settings, reader)
        if not file.is_file():
            click.echo(f"{reader.name}：没有检索日志（{file}）。")
            continue
        database = open_to_read(file)
        try:
            found = storage.status(database)
        except sqlite3.Error as error:
            raise SearchError(f"读不了检索日志 {file}（{error}）。") from None
        finally:
            database.close()
        click.echo(_line(reader, file, found, zone))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _line(reader: Audience, file: Path, found: Status, zone: ZoneInfo) -> str:
    span = "还没有问题"
    if found.first and found.last:
        days = [f"{at.astimezone(zone):%Y-%m-%d %H:%M}" for at in (found.first, found.last)]
        span = f"{days[0]} 到 {days[1]}"
    size = sum(part.stat().st_size for part in file.parent.glob(f"{file.name}*"))
    aside = len(list(file.parent.glob(f"{file.name}.damaged-*[0-9]")))
    parts = [
        f"{found.questions} 个问题",
        f"{found.events} 次打开、复制和评价",
        span,
        f"{size / 1_000_000:.1f} MB",
        f"丢过 {found.dropped} 条",
    ]
    if aside:
        parts.append(f"坏了改名的文件 {aside} 个")
    return f"{reader.name}：{'，'.join(parts)}（{file}）。"


def _file(root: Path, settings: Settings, audience: Audience) -> Path:
    from search.journal.records import FILE

    return state_folder(root, settings, audience) / FILE


def _forget_sums(root: Path, settings: Settings, audience: Audience, until: date) -> None:
    """Removes days from the sums of a journal, whichever audience's service keeps them.

    Args:
        root: the library.
        settings: its settings.
        audience: whose journal it is.
        until: the last day to remove: no longer all of it is in the journal.

    Raises:
        SearchError: they cannot be changed.
    """
    from search.insights.digest import forget
    from search.insights.reporter import digest_name

    for keeper in settings.audiences:
        file = state_folder(root, settings, keeper) / digest_name(audience.id)
        try:
            if file.is_file():
                forget(file, until + timedelta(days=1))
        except (sqlite3.Error, OSError) as error:
            raise SearchError(
                f"清理不了 {file}（{reason(error)}）；过一会儿再试，或者把它删掉，会重新生成。"
            ) from None


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    """The file, open to write.

    Raises:
        SearchError: it cannot be used.
        PathError: its folder cannot be written.
    """
    from search.journal.opening import connect

    try:
        database = connect(file)
        try:
            yield database
        finally:
            database.close()
    except sqlite3.Error as error:
        raise SearchError(f"用不了检索日志 {file}（{error}）；过一会儿再试。") from None
    except OSError as error:
        raise PathError(f"写不了检索日志 {file}（{reason(error)}）。") from None
