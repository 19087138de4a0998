"""The commands that set and end incident notices, here or at a service elsewhere."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from casebook.cli.common import Command, Group, library_option, say, state_folder
from casebook.settings import load_settings

if TYPE_CHECKING:
    from search.notices.board import Board
    from search.notices.notice import Notice

_STATES = {"running": "正在生效", "upcoming": "还没开始", "ended": "已经结束"}

_service_option = click.option(
    "--service",
    "services",
    metavar="URL",
    multiple=True,
    help="发到这个地址的服务（看得最多的受众的），不写本机；可写几次，令牌放在 CASEBOOK_TOKEN 里。",
)


@click.group(cls=Group)
def notice() -> None:
    """故障公告：置顶在问到它的检索结果上面，到点自己消失。"""


@notice.command(cls=Command)
@click.argument("title")
@click.option("--text", required=True, help="对客户怎么说；会照着念。")
@click.option("--until", required=True, metavar="TIME", help="到什么时候，如 2026-11-25 22:00。")
@click.option(
    "--words", default="", help="问到这些词时置顶，用逗号、顿号或分号隔开；有空格的要同时出现。"
)
@click.option(
    "--subject", "subjects", multiple=True, metavar="S", help="问的是这个业务分类时置顶；可写几次。"
)
@click.option("--from", "since", metavar="TIME", help="从什么时候起；不写就是现在。")
@click.option("--audience", metavar="A", help="能看到的最窄的受众；不写就只给看得最多的那个。")
@click.option("--by", default="", metavar="TEAM", help="哪个班组发的，会显示出来。")
@_service_option
@library_option
def add(
    title: str,
    text: str,
    until: str,
    words: str,
    subjects: tuple[str, ...],
    since: str | None,
    audience: str | None,
    by: str,
    services: tuple[str, ...],
    root: Path,
) -> None:
    """发一条公告。

    例：
    casebook notice add 城东断网 --text 正在抢修。 --words 断网,上不了网 --until "2026-11-25 22:00"
    casebook notice add 短信会晚到 --text 不会丢。 --words 短信 --audience dealer --until …
    """
    from search.notices.board import Draft, notice_id, phrases

    values: dict[str, Any] = {
        "title": title,
        "text": text,
        "words": phrases(words),
        "subjects": list(subjects),
        "by": by,
    }
    if services:
        # The same id everywhere, so that one command ends it everywhere.
        values |= {"ends": until, "id": notice_id(datetime.now().astimezone())}
        values |= {name: one for name, one in (("starts", since), ("audience", audience)) if one}
        _post_all(services, "api/notices", values)
        click.echo(values["id"])
        return
    board = _board(root)
    made = board.add(
        Draft(
            title=title,
            text=text,
            ends=board.moment(until),
            starts=board.moment(since) if since else None,
            words=tuple(values["words"]),
            subjects=subjects,
            audience=audience or "",
            by=by,
        )
    )
    seen = board.places[[place.audience for place in board.places].index(made.audience) :]
    say(f"已发布，{_clock(made)} 自己消失；{'、'.join(place.name for place in seen)}看得到。")
    click.echo(made.id)


@notice.command(cls=Command, name="list")
@click.option("--all", "everything", is_flag=True, help="已经结束的也列出来，连同历史。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
@library_option
def list_(everything: bool, as_json: bool, root: Path) -> None:
    """列出公告，最新的在前。

    例：
    casebook notice list
    casebook notice list --all --json
    """
    board = _board(root)
    names = {place.audience: place.name for place in board.places}
    now = board.now()
    found = [one for one in board.all() if everything or one.state(now) != "ended"]
    if as_json:
        click.echo(json.dumps([_json(one, board) for one in found], ensure_ascii=False, indent=2))
        return
    for one in found:
        click.echo(f"{one.id}  {_STATES[one.state(now)]}  {_clock(one)}  {one.title}")
        click.echo(f"    {one.text}")
        shown_to = names.get(one.audience, one.audience)
        click.echo(f"    给{shown_to}；问到 {'、'.join((*one.words, *one.subjects))}")
        for change in one.history if everything else ():
            who = f"（{change.who}）" if change.who else ""
            click.echo(f"    {change.at:%Y-%m-%d %H:%M} {change.what}{who}")
    if not found:
        say("没有公告。" if everything else "现在没有公告；--all 列出已经结束的。")


@notice.command(cls=Command)
@click.argument("name", metavar="ID")
@_service_option
@library_option
def end(name: str, services: tuple[str, ...], root: Path) -> None:
    """马上结束一条公告；它留在 list --all 里备查。

    例：
    casebook notice end 1125-3fa2
    """
    if services:
        _post_all(services, f"api/notices/{name}/end", {})
    else:
        say(f"“{_board(root).end(name).title}”结束了。")


@notice.command(cls=Command)
@click.argument("name", metavar="ID")
@click.option("--until", required=True, metavar="TIME", help="到什么时候，如 2026-11-26 08:00。")
@_service_option
@library_option
def extend(name: str, until: str, services: tuple[str, ...], root: Path) -> None:
    """改一条公告的结束时间；已经结束的重新生效。

    例：
    casebook notice extend 1125-3fa2 --until "2026-11-26 08:00"
    """
    if services:
        _post_all(services, f"api/notices/{name}/extend", {"ends": until})
        return
    board = _board(root)
    say(f"改好了，{_clock(board.extend(name, board.moment(until)))} 自己消失。")


def _board(root: Path) -> Board:
    """Where this library's services on this machine look for notices."""
    from search.notices.board import Board, Place

    settings = load_settings(root)
    places = [
        Place(
            audience.id,
            audience.name,
            state_folder(root, settings, audience),
            audience == settings.widest,
        )
        for audience in settings.audiences
    ]
    return Board(
        places,
        settings.library.timezone,
        settings.taxonomy.subject_paths,
        [one.value for one in settings.check.allowed],
    )


def _post_all(services: tuple[str, ...], path: str, values: Mapping[str, Any]) -> None:
    """Sends the same to several services; those that can be reached get it in any case.

    Raises:
        ServiceRefused: one of them did not take it; it says which, and what the others did.
    """
    from casebook.cli.posting import ServiceRefused, post

    token = os.environ.get("CASEBOOK_TOKEN", "")
    failed = []
    for service in services:
        try:
            post(service, path, values, token)
            say(f"{service}：好了。")
        except ServiceRefused as error:
            failed.append(str(error))
    if failed:
        raise ServiceRefused("\n".join(failed))


def _clock(one: Notice) -> str:
    return f"到 {one.ends:%Y-%m-%d %H:%M}"


def _json(one: Notice, board: Board) -> dict[str, Any]:
    return {
        "id": one.id,
        "state": one.state(board.now()),
        "title": one.title,
        "text": one.text,
        "audience": one.audience,
        "words": list(one.words),
        "subjects": list(one.subjects),
        "starts": one.starts.isoformat(),
        "ends": one.ends.isoformat(),
        "by": one.by,
        "history": [
            {"at": change.at.isoformat(), "what": change.what, "who": change.who}
            for change in one.history
        ],
    }
