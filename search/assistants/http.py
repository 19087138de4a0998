"""The MCP server over HTTP, behind the service's own gate."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from dataclasses import replace

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp

from casebook.service_settings import OidcSettings
from search.access.gate import Gate
from search.access.listening import check_listening
from search.assistants.admission import Admission
from search.listener import IDLE_SECONDS, most_connections, own_address, tell_when_listening
from search.service import ServiceConfig

MAX_BODY = 64 * 1024


def for_programs(config: ServiceConfig) -> ServiceConfig:
    """The same, but where people sign in, programs show tokens: they have no cookie."""
    access = config.access
    if access.sign_in not in ("oidc", "proxy"):
        return config
    tokens = {"sign_in": "token", "oidc": OidcSettings()}
    return replace(config, access=access.model_copy(update=tokens))


def http_app(server: MCPServer, config: ServiceConfig, gate: Gate) -> ASGIApp:
    """The application that answers at ``/mcp``: every request for itself, nothing is kept.

    Args:
        server: the audience's server.
        config: whose host names it answers to.
        gate: knows who may ask.
    """
    hosts = [name for host in config.hosts for name in (host, f"{host}:*")]
    app = server.streamable_http_app(
        json_response=True,
        stateless_http=True,
        max_request_body_size=MAX_BODY,
        transport_security=TransportSecuritySettings(
            allowed_hosts=hosts, allowed_origins=list(config.access.origins)
        ),
    )
    return Admission(app, config, gate)


def serve_http(
    server: MCPServer, config: ServiceConfig, host: str, port: int, began: Callable[[], None]
) -> None:
    """Serves until it is stopped.

    Args:
        server: the audience's server.
        config: who may ask.
        host: the address to listen on.
        port: the port to listen on.
        began: called once it listens.

    Raises:
        OSError: the address cannot be listened on.
        SearchError: others would reach there what is for this machine only.
    """
    config = for_programs(config)
    check_listening(config, host)
    logging.getLogger("_granian").setLevel(logging.ERROR)
    gate = Gate(config)
    try:
        with own_address(host, port) as address:
            tell_when_listening(began, address, port)
            asyncio.run(_serve(http_app(server, config, gate), address, port))
    finally:
        gate.close()


async def _serve(app: ASGIApp, address: str, port: int) -> None:
    served = Server(
        app,
        address=address,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        backpressure=most_connections(),
        http1_settings=HTTP1Settings(header_read_timeout=IDLE_SECONDS * 1000),
        log_enabled=False,
    )
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, served.stop)
    await served.serve()
