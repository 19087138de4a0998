"""Who may ask over HTTP: the service's own gate, before the protocol reads anything."""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Iterable
from typing import Any

import anyio.to_thread
from flask import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.sansio.utils import host_is_trusted

from search.access.gate import Gate
from search.access.proxies import Proxies
from search.access.refusals import NotAllowed, NotSignedIn, TooOften, WrongHost
from search.access.rights import NOBODY, Reader, Right
from search.service import ServiceConfig

# A browser's cookie and a proxy's word are for people; an assistant of theirs shows a token.
_WAYS = ("loopback", "open", "token")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_HOW = "要有令牌才能用：把它放在请求头 Authorization: Bearer 里；令牌找管理员要。"

log = logging.getLogger(__name__)


class Admission:
    """Lets requests through to an application, or refuses them as the service does.

    Args:
        app: the application.
        config: whose it is, and which proxies stand in front.
        gate: knows who asks.
    """

    def __init__(self, app: ASGIApp, config: ServiceConfig, gate: Gate) -> None:
        self._app = app
        self._config = config
        self._gate = gate
        running = config.running
        self._proxies = Proxies(_nothing, running.proxies, running.proxy_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        try:
            await anyio.to_thread.run_sync(self._admit, scope)
            await self._app(scope, receive, answer.send)
        except HTTPException as refused:
            await _refuse(refused, answer.send)
        finally:
            answer.note(scope["method"])

    def _admit(self, scope: Scope) -> None:
        """Refuses a request that may not ask.

        Raises:
            HTTPException: why not.
        """
        environ = _environ(scope)
        host = environ.get("HTTP_HOST", "")
        if not host_is_trusted(host, self._config.hosts):
            raise WrongHost(host)
        self._proxies(environ, lambda *_: lambda _: None)
        request = Request(environ)
        try:
            who = self._gate.reader(request)
        except NotSignedIn:
            self._count(NOBODY, request)
            raise
        self._count(who, request)
        if who is NOBODY or who.way not in _WAYS:
            raise NotSignedIn(_HOW)
        if Right.READ not in who.rights:
            raise NotAllowed(Right.READ, who.name, who.way, self._config.audience)
        if scope["method"] != "POST":
            # With GET the protocol opens a stream that never ends; nothing is ever sent on ours.
            raise MethodNotAllowed(["POST"])

    def _count(self, who: Reader, request: Request) -> None:
        seconds = self._gate.wait(who, request.remote_addr or "")
        if seconds:
            raise TooOften(self._gate.rates.rate, seconds)


class _Answer:
    """An answer on its way: gets the headers of every answer, and a line in the log."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._began = time.monotonic()
        self._id = secrets.token_hex(8)
        self._status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            MutableHeaders(scope=message).update({**_HEADERS, "X-Request-ID": self._id})
        await self._send(message)

    def note(self, method: str) -> None:
        """Says what came of a request, and nothing of what was asked."""
        log.info(
            "%s /mcp %s",
            method,
            self._status,
            extra={
                "request": self._id,
                "method": method,
                "route": "/mcp",
                "status": self._status,
                "ms": round((time.monotonic() - self._began) * 1000, 1),
            },
        )


def _nothing(_: Any, __: Any) -> Iterable[bytes]:
    return ()


def _environ(scope: Scope) -> dict[str, Any]:
    """A request as WSGI describes it, without a body (PEP 3333)."""
    host, port = scope.get("server") or ("", 0)
    client = scope.get("client") or ("", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host or "",
        "SERVER_PORT": str(port or 0),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": client[0],
        "wsgi.url_scheme": scope["scheme"],
    }
    for name, value in scope["headers"]:
        # WSGI could not tell it from one that a proxy wrote with a dash.
        if b"_" in name:
            continue
        key = f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


async def _refuse(refused: HTTPException, send: Send) -> None:
    status = refused.code or 500
    message = getattr(refused, "message", refused.name)
    name = refused.name.replace(" ", "")
    body = {"status": status, "errors": [{"code": name, "message": message}]}
    headers = [("Content-Type", "application/json; charset=utf-8")]
    headers += [(k, v) for k, v in refused.get_headers() if k.lower() != "content-type"]
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(k.lower().encode(), v.encode()) for k, v in headers],
        }
    )
    content = json.dumps(body, ensure_ascii=False).encode()
    await send({"type": "http.response.body", "body": content})
