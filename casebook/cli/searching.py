"""The commands that ask the index: once, or as a service."""

from __future__ import annotations

import errno
import json
import socket
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from casebook.cli.common import (
    Command,
    audience_option,
    choices_file,
    index_folder,
    library_option,
    padded,
    say,
    state_folder,
)
from casebook.errors import SearchError, reason
from casebook.library import today
from casebook.settings import Audience, Settings, load_settings

if TYPE_CHECKING:
    from search.searcher import Results
    from search.service import ServiceConfig

_NO_SITE = "站点还没有生成；casebook site --audience {} 生成它，服务不用重新启动。"


@click.command(cls=Command)
@click.argument("query")
@audience_option
@click.option("--kind", type=click.Choice(["case", "faq", "policy"]), help="只找这一种。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON，与接口相同。")
@library_option
def search(query: str, audience: str | None, kind: str | None, as_json: bool, root: Path) -> None:
    """检索：与服务给出的结果相同。

    例：
    casebook search 欠费停机多久能恢复
    """
    from search.api import results_json
    from search.engines import get_engine
    from search.generations import open_current
    from search.notices import Notices
    from search.notices.notice import FILE as NOTICES
    from search.searcher import Request, Searcher

    settings = load_settings(root)
    reader = settings.audience(audience)
    engine_of = partial(get_engine, cluster=settings.opensearch)
    generation = open_current(index_folder(root, reader), reader.id, engine_of)
    try:
        searcher = Searcher(generation, today(settings), internal=reader == settings.widest)
        results = searcher.search(Request(query, {"kind": (kind,)} if kind else {}))
        notices = Notices(state_folder(root, settings, reader) / NOTICES)
        results = replace(
            results,
            notices=notices.matching(results.asked, results.subject, generation.analyzer),
        )
    finally:
        generation.close()
    if as_json:
        click.echo(json.dumps(results_json(results), ensure_ascii=False, indent=2))
    else:
        click.echo(_table(results))


@click.command(cls=Command)
@audience_option
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="监听的地址；默认只有本机能访问。"
)
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="端口。"
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="用几个进程回答；人多时设成处理器的核数。",
)
@click.option(
    "--log",
    "form",
    type=click.Choice(["json", "text"]),
    help="日志的格式；不写时，在终端里是 text，其余是 json。",
)
@library_option
def serve(
    audience: str | None, host: str, port: int, workers: int, form: str | None, root: Path
) -> None:
    """检索服务：检索页、接口和站点。

    例：
    casebook serve --audience agent
    """
    from search import logs
    from search.access.listening import check_listening
    from search.metrics import counted_together
    from search.server import serve as run

    settings = load_settings(root)
    reader = settings.audience(audience)
    config = service_config(root, settings, reader, host)
    check_listening(config, host)
    try:
        shown = form or ("text" if sys.stderr.isatty() else "json")
        with logs.structured(shown, reader.id), counted_together():
            again = partial(_config_again, root, reader, host)
            run(config, host, port, workers, again, lambda: say(_began(config, reader, host, port)))
    except OSError as error:
        raise cannot_listen(host, port, error) from None


def cannot_listen(host: str, port: int, error: OSError) -> SearchError:
    """Says why an address cannot be listened on, and which option to change."""
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return SearchError(
            f"不能监听 {host}:{port}：这台机器没有“{host}”这个地址；换一个 --host，如 127.0.0.1。"
        )
    return SearchError(f"不能监听 {host}:{port}（{reason(error)}）；换一个 --port。")


def _began(config: ServiceConfig, reader: Audience, host: str, port: int) -> str:
    """What stands where, and who may use it."""
    from search.access.listening import described

    built = config.site is not None and config.site.is_dir()
    what, lines = ("检索页和站点", []) if built else ("检索页", [_NO_SITE.format(reader.id)])
    # Names are looked at to tell whom a request was sent to, and no IPv6 address is one.
    name = "localhost" if host == "::1" else host
    place = f"{reader.name}的{what}在 http://{name}:{port}/ ，按 Ctrl+C 停止。"
    return "\n".join([place, *lines, described(config)])


def _config_again(root: Path, reader: Audience, host: str) -> ServiceConfig:
    """What the service of an audience is told by the settings as they are now."""
    settings = load_settings(root)
    return service_config(root, settings, settings.audience(reader.id), host)


def service_config(root: Path, settings: Settings, reader: Audience, host: str) -> ServiceConfig:
    """What the service of an audience is told.

    Args:
        root: the library's folder.
        settings: its settings.
        reader: the audience.
        host: the address that it listens on.
    """
    from search.service import ServiceConfig

    return ServiceConfig(
        audience=reader.id,
        internal=reader == settings.widest,
        title=reader.title,
        index=index_folder(root, reader),
        site=root / "build" / "site" / reader.id,
        today=lambda: today(settings),
        hosts=tuple(dict.fromkeys(("127.0.0.1", "localhost", host, *settings.search.hosts))),
        examples=settings.search.examples,
        choices=choices_file(root, reader),
        library=root if reader == settings.widest else None,
        state=state_folder(root, settings, reader),
        access=settings.access_of(reader.id),
        running=settings.service,
        journal_days=settings.journal.days,
        timezone=settings.library.timezone,
        cluster=settings.opensearch,
    )


def _table(results: Results) -> str:
    """Results for a terminal: the answer, then a line a document."""
    lines = []
    for notice in results.notices:
        lines += [f"故障公告 · {notice.title}（到 {notice.ends:%m-%d %H:%M}）", "", notice.text, ""]
    if results.answer:
        answer = results.answer
        text = next((s.text for s in answer.sections if s.key == "answer"), "")
        lines += [f"统一答复 · {answer.title}", "", text, ""]
    if results.correction:
        lines += [f"您是不是要找：{results.correction}", ""]
    if not results.hits:
        lines.append("没有找到。换个说法，或少写几个词。")
    elif not results.complete:
        lines.append("没有一篇同时含有所有词，下面是含有其中一部分的。")
    for number, hit in enumerate(results.hits, 1):
        state = "" if hit.standing.value == "current" else f"【{hit.standing.label}】"
        kind = padded(hit.document.kind.label, 8)
        lines.append(
            f"{number:>2}  {kind}  {padded(hit.document.id, 30)}  {state}{hit.document.title}"
        )
    if results.total > len(results.hits):
        lines.append(f"共 {results.total} 篇，只列前 {len(results.hits)} 篇。")
    return "\n".join(lines)
