"""The command that tells robots and programs what is new."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from casebook.cli.common import Command, day_given, finish, library_option, load, say
from casebook.errors import CasebookError

if TYPE_CHECKING:
    from casebook.library import View
    from casebook.notify import Delivery, Plan
    from casebook.settings import WebhookSettings


@click.command(cls=Command)
@click.option("--audience", metavar="A", help="只推给这个受众的；不写就是全部。")
@click.option(
    "--to", "name", metavar="NAME", help="只推这一个：casebook.toml 里 [[notify]] 的 name。"
)
@click.option(
    "--since",
    metavar="DATE",
    callback=day_given,
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
    发过的不再发，没有发成的下次接着发。一处没有发成，别处照发，最后返回 1。

    例：
    casebook notify --dry-run
    casebook notify --to dealers-wecom
    """
    from casebook.notify import Sender, address_of, chosen_webhooks, record_file, tell
    from casebook.settings import load_settings

    settings = load_settings(root)
    webhooks = chosen_webhooks(settings, audience, name)
    # Before anything is sent: a wrong address of one must not stop the run in its middle.
    addresses = {} if dry_run else {one.name: address_of(one, os.environ) for one in webhooks}
    library = load(root)
    views = {
        name: library.view(name or None) for name in dict.fromkeys(w.audience for w in webhooks)
    }
    for view in views.values():
        if not view.audience.url:
            say(f"受众 {view.audience.id} 没有写 url，消息里没有链接；在 casebook.toml 里写上。")
    done = []
    if dry_run:
        done = [_planned(views[one.audience], one, root, since) for one in webhooks]
        _show(done, as_json)
    else:
        with Sender() as sender:
            for one in webhooks:
                view, file = views[one.audience], record_file(root, one)
                done.append(tell(view, one, addresses[one.name], file, sender, since))
                _tell(done[-1])
        if as_json:
            click.echo(_json([_result(one) for one in done]))
    finish(ctx, library.problems)
    if any(one.reason for one in done):
        ctx.exit(1)


def _planned(view: View, webhook: WebhookSettings, root: Path, since: date | None) -> Delivery:
    """What a webhook would be told, or why that cannot be known."""
    from casebook.notify import Delivery, Record, plan, record_file

    try:
        return Delivery(webhook, plan(view, webhook, Record(record_file(root, webhook)), since))
    except CasebookError as error:
        return Delivery(webhook, None, reason=str(error).rstrip("。"))


def _tell(done: Delivery) -> None:
    """Says what became of a webhook's messages."""
    from casebook.notify.formats import FORMATS

    planned = done.plan
    where = f"推送 {done.webhook.name}（{FORMATS[done.webhook.format].label}）"
    if planned is None:
        say(f"{where}：没有发：{done.reason}。")
        return
    if planned.first and (done.delivered or not done.reason):
        say(f"{where}：第一次，从 {planned.since} 起，更早的不再推。")
    total = len(planned.portions)
    if done.reason:
        say(f"{where}：{total} 条消息发成 {done.delivered} 条，没有发完：{done.reason}。")
    elif total:
        say(f"{where}：{len(planned.items)} 项更新，{total} 条消息，已发。")
    else:
        say(f"{where}：没有新的。")


def _show(found: list[Delivery], as_json: bool) -> None:
    """Prints what would be sent, its secret parts left out."""
    if as_json:
        click.echo(_json([{**_result(one), "payloads": _payloads(one.plan)} for one in found]))
    for one in found:
        if one.plan is None:
            _tell(one)
        elif not as_json:
            planned, host = one.plan, _host(one.webhook.url_env)
            click.echo(
                f"推送 {one.webhook.name}（{planned.form.label}，{host}）："
                f"{len(planned.items)} 项更新，{len(planned.portions)} 条消息，"
                f"从 {planned.since} 起"
            )
            for payload in _payloads(planned):
                click.echo(_json(payload))


def _payloads(planned: Plan | None) -> list[dict[str, Any]]:
    """The payloads as they would be sent, with what is signed by a secret masked."""
    if planned is None:
        return []
    masked = planned.form.masked if planned.webhook.secret_env else dict
    return [masked(portion.payload) for portion in planned.portions]


def _host(variable: str) -> str:
    """Where a webhook is, as far as it may be shown."""
    from casebook.notify.addresses import AddressRefused, read_address

    value = os.environ.get(variable, "").strip()
    if not value:
        return f"环境变量 {variable} 没有设置"
    try:
        return str(read_address(variable, value))
    except AddressRefused:
        return f"环境变量 {variable} 里不是能用的地址"


def _result(done: Delivery) -> dict[str, Any]:
    planned = done.plan
    items = planned.items if planned else ()
    return {
        "name": done.webhook.name,
        "format": done.webhook.format,
        "since": str(planned.since) if planned else None,
        "first": planned.first if planned else None,
        "messages": len(planned.portions) if planned else None,
        "items": [{"id": item.data["id"], "event": item.data["event"]} for item in items],
        "delivered": done.delivered,
        "reason": done.reason or None,
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
