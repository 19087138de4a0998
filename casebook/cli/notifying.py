"""The command that tells robots and programs what is new."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from casebook.cli.common import Command, finish, library_option, load, say

if TYPE_CHECKING:
    from casebook.notify import Delivery, Plan


def _day(ctx: click.Context, parameter: click.Parameter, value: str | None) -> date | None:
    if value is None:
        return None
    with suppress(ValueError):
        if str(date.fromisoformat(value)) == value:
            return date.fromisoformat(value)
    raise click.BadParameter(f"“{value}”不是日期；写成 2026-03-01。")


@click.command(cls=Command)
@click.option("--audience", metavar="A", help="只推给这个受众的；不写就是全部。")
@click.option(
    "--to", "name", metavar="NAME", help="只推这一个：casebook.toml 里 [[notify]] 的 name。"
)
@click.option(
    "--since",
    metavar="DATE",
    callback=_day,
    help="从哪一天起的更新；不写就是最近 30 天里没有推过的，第一次只推最近 7 天的。",
)
@click.option("--dry-run", is_flag=True, help="只显示要发的内容，不发，也不记。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
@library_option
@click.pass_context
def notify(
    ctx: click.Context,
    audience: str | None,
    name: str | None,
    since: date | None,
    dry_run: bool,
    as_json: bool,
    root: Path,
) -> None:
    """推送：把新增、更新和撤下的知识发到企业微信、钉钉、飞书的群机器人，或者自己的程序。

    发给谁写在 casebook.toml 的 [[notify]] 里，地址和密钥放在环境变量里。
    发过的不再发，没有发成的下次接着发。有一条没有发成，就返回 1。

    例：
    casebook notify --dry-run
    casebook notify --to dealers-wecom
    """
    from casebook.notify import (
        Record,
        Sender,
        address_of,
        chosen_webhooks,
        deliver,
        plan,
        record_file,
    )
    from casebook.settings import load_settings

    settings = load_settings(root)
    webhooks = chosen_webhooks(settings, audience, name)
    # Before anything is sent: a wrong address of one must not stop the run in its middle.
    addresses = {} if dry_run else {one.name: address_of(one, os.environ) for one in webhooks}
    library = load(root)
    plans = []
    for webhook in webhooks:
        view = library.view(webhook.audience or None)
        record = Record(record_file(root, webhook))
        plans.append((plan(view, webhook, record, since), record))
        if not view.audience.url:
            say(f"受众 {view.audience.id} 没有写 url，消息里没有链接；在 casebook.toml 里写上。")
    if dry_run:
        _show([planned for planned, _ in plans], as_json)
        finish(ctx, library.problems)
        return
    done = []
    with Sender() as sender:
        for planned, record in plans:
            done.append(deliver(planned, addresses[planned.webhook.name], record, sender))
            _tell(done[-1])
    if as_json:
        click.echo(_json([_result(one) for one in done]))
    finish(ctx, library.problems)
    if any(one.reason for one in done):
        ctx.exit(1)


def _tell(done: Delivery) -> None:
    """Says what became of a webhook's messages."""
    planned = done.plan
    where = f"推送 {planned.webhook.name}（{planned.form.label}）"
    if planned.first:
        say(f"{where}：第一次，从 {planned.since} 起，更早的不再推。")
    total = len(planned.portions)
    if done.reason:
        say(f"{where}：{total} 条消息发成 {done.delivered} 条，没有发完：{done.reason}。")
    elif total:
        say(f"{where}：{len(planned.items)} 项更新，{total} 条消息，已发。")
    else:
        say(f"{where}：没有新的。")


def _show(plans: list[Plan], as_json: bool) -> None:
    """Prints what would be sent, its secret parts left out."""
    if as_json:
        click.echo(_json([{**_summary(one), "payloads": _payloads(one)} for one in plans]))
        return
    for planned in plans:
        webhook = planned.webhook
        click.echo(
            f"推送 {webhook.name}（{planned.form.label}，{_host(webhook.url_env)}）："
            f"{len(planned.items)} 项更新，{len(planned.portions)} 条消息，从 {planned.since} 起"
        )
        for payload in _payloads(planned):
            click.echo(_json(payload))


def _payloads(planned: Plan) -> list[dict[str, Any]]:
    """The payloads as they would be sent, with what is signed by a secret masked."""
    masked = planned.form.masked if planned.webhook.secret_env else dict
    return [masked(portion.payload) for portion in planned.portions]


def _host(variable: str) -> str:
    """Where a webhook is, as far as it may be shown."""
    value = os.environ.get(variable, "").strip()
    if not value:
        return f"环境变量 {variable} 没有设置"
    with suppress(ValueError):
        if host := urlsplit(value).hostname:
            return f"{host}/…"
    return f"环境变量 {variable} 里不是网址"


def _result(done: Delivery) -> dict[str, Any]:
    return {**_summary(done.plan), "delivered": done.delivered, "reason": done.reason or None}


def _summary(planned: Plan) -> dict[str, Any]:
    return {
        "name": planned.webhook.name,
        "format": planned.webhook.format,
        "since": str(planned.since),
        "first": planned.first,
        "messages": len(planned.portions),
        "items": [{"id": item.data["id"], "event": item.data["event"]} for item in planned.items],
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
