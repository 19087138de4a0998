"""The MCP server over HTTP, behind the service's own gate."""

from __future__ import annotations

import socket
from collections.abc import Callable

from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp

from search.access.gate import Gate
from search.access.listening import check_listening
from search.assistants.admission import Admission
from search.service import ServiceConfig

MAX_BODY = 64 * 1024


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
            allowed_hosts=hosts, allowed_origins=list(config.origins)
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
    import uvicorn  # noqa: PLC0415  (only a running server needs it)

    check_listening(config, host)
    gate = Gate(config)
    told = uvicorn.Config(
        http_app(server, config, gate),
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    try:
        with socket.create_server((host, port)) as listener:
            began()
            uvicorn.Server(told).run([listener])
    finally:
        gate.close()
