"""The command that tells robots and programs what is new."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

import click

from casebook.cli.common import (
    Command,
    day_given,
    finish,
    index_folder,
    library_option,
    load,
    say,
    state_folder,
)
from casebook.errors import CasebookError
from casebook.library import today

if TYPE_CHECKING:
    from casebook.library import Library, View
    from casebook.notify import Delivery, Others, Plan
    from casebook.settings import Settings, WebhookSettings
    from search.insights.rows import Report


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

    events 里写了 bad_rating、missing、task_due 的，还告诉哪篇被评没用、什么没有答案、哪件待办过期。
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
    others = _work(root, library, webhooks)
    done = []
    if dry_run:
        done = [_planned(views[one.audience], one, root, since, others(one)) for one in webhooks]
        _show(done, as_json)
    else:
        with Sender() as sender:
            for one in webhooks:
                view, file = views[one.audience], record_file(root, one)
                address = addresses[one.name]
                done.append(tell(view, one, address, file, sender, since, others(one)))
                _tell(done[-1])
        if as_json:
            click.echo(_json([_result(one) for one in done]))
    finish(ctx, library.problems)
    if any(one.reason for one in done):
        ctx.exit(1)


def _planned(
    view: View, webhook: WebhookSettings, root: Path, since: date | None, others: Others
) -> Delivery:
    """What a webhook would be told, or why that cannot be known."""
    from casebook.notify import Delivery, Record, plan, record_file

    try:
        record = Record(record_file(root, webhook))
        return Delivery(webhook, plan(view, webhook, record, since, others))
    except CasebookError as error:
        return Delivery(webhook, None, reason=str(error).rstrip("。"))


def _work(
    root: Path, library: Library, webhooks: list[WebhookSettings]
) -> Callable[[WebhookSettings], Others]:
    """What webhooks are told of ratings, missing answers and tasks, besides the news.

    The journals are read only where a webhook wants to know of them.
    """
    from casebook.settings import WORK_EVENTS
    from search.insights.tasks import FILE, OPEN, Tasks
    from search.insights.telling import work_items

    settings = library.settings
    if not any(event in WORK_EVENTS for one in webhooks for event in one.events):
        return lambda _: lambda _: ()
    view = library.view(settings.widest.id)
    reports = list(_reports(root, settings))
    tasks = Tasks(state_folder(root, settings, settings.widest) / FILE).all(OPEN)
    url = view.audience.url
    address = f"{urljoin(url, settings.search.service).rstrip('/')}/" if url else ""
    return lambda webhook: (
        lambda record: work_items(webhook, view, reports, tasks, address, record.knows)
    )


def _reports(root: Path, settings: Settings) -> Iterator[Report]:
    """What the journals of this machine say of the last days, audience by audience."""
    from search.engines import get_engine
    from search.generations import open_current
    from search.insights.report import report
    from search.insights.telling import DAYS
    from search.journal.journal import Journal
    from search.journal.records import FILE

    zone = ZoneInfo(settings.library.timezone)
    on = today(settings)
    engine_of = partial(get_engine, cluster=settings.opensearch)
    for reader in settings.audiences:
        file = state_folder(root, settings, reader) / FILE
        if not file.is_file():
            continue
        with (
            closing(open_current(index_folder(root, reader), reader.id, engine_of)) as generation,
            closing(Journal(file, settings.journal.days)) as journal,
        ):
            since = datetime.now(UTC) - timedelta(days=2 * DAYS)
            questions = journal.questions(since)
            yield report(questions, generation.store, DAYS, on, audience=reader.id, zone=zone)


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
