"""The commands about API tokens."""

from __future__ import annotations

import getpass
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from casebook.cli.common import (
    Command,
    Group,
    audience_option,
    library_option,
    padded,
    say,
    state_folder,
)
from casebook.cli.common import columns as width_of
from casebook.errors import SearchError, reason
from casebook.settings import Settings, load_settings

if TYPE_CHECKING:
    from search.access.audit import Audit
    from search.access.tokens import Token, Tokens

_LONGEST_NAME = 60


@click.group(cls=Group)
def token() -> None:
    """接口的令牌：建立、列出、作废。"""


@token.command(cls=Command)
@audience_option
@click.option(
    "--name", required=True, metavar="N", help="用在哪里，如“座席桌面”；审计日志里看得到。"
)
@click.option(
    "--rights",
    default="read",
    show_default=True,
    metavar="R,…",
    help="权限，用逗号分开：read 阅读、edit 写作、analyse 看洞察、reload 换索引、"
    "metrics 看运行指标。",
)
@click.option(
    "--days",
    default=90,
    show_default=True,
    type=click.IntRange(1, 730),
    help="几天后到期。",
)
@library_option
def create(audience: str | None, name: str, rights: str, days: int, root: Path) -> None:
    """建一个令牌，写在标准输出上；只显示这一次，以后谁也查不出来。

    例：
    casebook token create --audience agent --name 座席桌面 --rights read --days 90
    """
    from search.access.rights import Right

    known = [right.value for right in Right]
    wanted = [one.strip() for one in rights.split(",") if one.strip()]
    unknown = [one for one in wanted if one not in known]
    if unknown or not wanted:
        found = f"没有权限“{unknown[0]}”" if unknown else "没有写权限"
        raise SearchError(f"{found}；--rights 写 {'、'.join(known)} 里的，用逗号分开。")
    if not name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise SearchError(f"--name 写这个令牌用在哪里，1 到 {_LONGEST_NAME} 个字，不换行。")
    _check_given(load_settings(root), audience, wanted)
    with _opened(root, audience) as (tokens, audit, title):
        text, made = tokens.create(name.strip(), map(Right, wanted), days)
        audit.note("token_created", _user(), "cli", detail=f"{made.name} ({made.id}) {rights}")
    click.echo(text)
    say(
        f"令牌 {made.id} 只显示这一次，{made.expires:%Y-%m-%d} 到期；只用在{title}的服务上，"
        "放在请求头 Authorization: Bearer 里。"
    )


@token.command(name="list", cls=Command)
@audience_option
@library_option
def list_(audience: str | None, root: Path) -> None:
    """列出令牌：编号、权限、到期日、最近一次用的日子；不含令牌本身。

    例：
    casebook token list --audience agent
    """
    with _opened(root, audience) as (tokens, _, title):
        found = tokens.all()
    if not found:
        say(f"{title}的服务没有令牌。")
        return
    rows = [("编号", "名字", "权限", "建立", "到期", "最近使用", "状态"), *map(_row, found)]
    widths = [max(width_of(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        line = "  ".join(padded(cell, width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())


@token.command(cls=Command)
@click.argument("token_id", metavar="编号")
@audience_option
@library_option
def revoke(token_id: str, audience: str | None, root: Path) -> None:
    """作废一个令牌：正在运行的服务马上不再接受它。

    例：
    casebook token revoke 3f9c1a7b20de --audience agent
    """
    with _opened(root, audience) as (tokens, audit, title):
        try:
            revoked = tokens.revoke(token_id)
        except KeyError:
            raise SearchError(
                f"{title}的服务没有编号是“{token_id[:40]}”的令牌；用 casebook token list 查，"
                "别的受众要写 --audience。"
            ) from None
        audit.note("token_revoked", _user(), "cli", detail=f"{revoked.name} ({revoked.id})")
    say(f"令牌 {revoked.id}（{revoked.name}）已经作废。")


@contextmanager
def _opened(root: Path, audience: str | None) -> Iterator[tuple[Tokens, Audit, str]]:
    """An audience's tokens, its audit log, and what the audience is called."""
    from search.access import audit, tokens

    settings = load_settings(root)
    reader = settings.audience(audience)
    folder = state_folder(root, settings, reader)
    opened = tokens.Tokens(folder / tokens.FILE, reader.id)
    try:
        yield opened, audit.Audit(folder / audit.FILE, reader.id), reader.name
    except sqlite3.Error as error:
        raise SearchError(f"令牌的文件“{folder / tokens.FILE}”用不了（{error}）。") from None
    except OSError as error:
        raise SearchError(
            f"“{folder}”里的令牌用不了（{reason(error)}）；用运行服务的用户来运行这条命令："
            "runuser -u casebook -- casebook token …"
        ) from None
    finally:
        opened.close()


def _check_given(settings: Settings, audience: str | None, wanted: list[str]) -> None:
    """Refuses rights that an audience's service gives nobody.

    Raises:
        SearchError: there is one among those that are wanted.
    """
    from search.access.rights import given

    reader = settings.audience(audience)
    allowed = given(internal=reader == settings.widest)
    refused = [right for right in wanted if right not in allowed]
    if refused:
        raise SearchError(
            f"{reader.name}的服务不给权限“{refused[0]}”：写作和看洞察只在{settings.widest.name}的服务上；"
            f"去掉它，或者写 --audience {settings.widest.id}。"
        )


def _row(one: Token) -> tuple[str, ...]:
    from search.access.tokens import is_over

    state = "作废" if one.revoked else "到期" if is_over(one) else "有效"
    used = f"{one.used:%Y-%m-%d}" if one.used else "没有用过"
    rights = ",".join(sorted(one.rights))
    return (
        one.id,
        one.name,
        rights,
        f"{one.created:%Y-%m-%d}",
        f"{one.expires:%Y-%m-%d}",
        used,
        state,
    )


def _user() -> str:
    """Who runs the command, as the system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
