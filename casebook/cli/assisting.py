"""The command that lets assistants ask."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from casebook.cli.common import Command, audience_option, library_option, say
from casebook.cli.searching import cannot_listen, service_config
from casebook.errors import EngineMissing
from casebook.settings import load_settings


@click.command(cls=Command)
@audience_option
@click.option("--http", is_flag=True, help="用 HTTP 提供；不写就用标准输入输出，由助手自己启动。")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="监听的地址；默认只有本机能访问。"
)
@click.option(
    "--port", default=8002, show_default=True, type=click.IntRange(1, 65535), help="端口。"
)
@library_option
def mcp(audience: str | None, http: bool, host: str, port: int, root: Path) -> None:
    """助手接口（MCP）：让智能助手检索、取统一口径和条文。只读，只给核准的原话，不生成内容。

    例：
    casebook mcp --audience agent
    casebook mcp --audience agent --http
    """
    try:
        from search.assistants.http import serve_http
        from search.assistants.server import make_server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types", "starlette"):
            raise
        raise EngineMissing(
            "casebook mcp 需要 Python 库 mcp，还没有安装；运行 pip install 'casebook[mcp]'。"
        ) from None
    from search import logs
    from search.assistants.shelf import Shelf
    from search.service import Service

    settings = load_settings(root)
    reader = settings.audience(audience)
    service = Service(service_config(root, settings, reader, host))
    try:
        server = make_server(Shelf(service, reader.url), reader.title, reader.name)
        with logs.structured("text" if sys.stderr.isatty() else "json", reader.id):
            if http:
                address = f"http://{host}:{port}/mcp"
                began = f"{reader.name}的助手接口在 {address} ，按 Ctrl+C 停止。"
                serve_http(server, service.config, host, port, lambda: say(began))
            else:
                server.run("stdio")
    except OSError as error:
        raise cannot_listen(host, port, error) from None
    finally:
        service.close()
