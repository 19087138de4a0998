"""Lets requests in, or not: one hook before every view, and nothing is allowed that is not said.

What is not marked demands ``READ``; so does an address that leads nowhere, so that nobody can find
out which addresses there are. What :func:`search.access.rights.public` marks, and the files of our
own pages, are there for everybody and hold nothing of the library.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Flask, Response, current_app, g, redirect, request
from werkzeug.exceptions import BadRequest, SecurityError
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Request
from werkzeug.wrappers import Response as BaseResponse

from casebook.errors import SearchError
from search.access import signing
from search.access.gate import EXTENSION, Gate
from search.access.origins import SAFE_METHODS, is_from_browser, is_from_here
from search.access.proxies import Proxies
from search.access.refusals import NotAllowed, NotHere, NotSignedIn, OtherSite, TooOften, WrongHost
from search.access.rights import NOBODY, Reader, Right, may, public, reader
from search.service import EXTENSION as SERVICE
from search.service import service

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# What programs that watch a service ask every few seconds.
PROBES = frozenset({"/healthz", "/metrics"})
_READS = "Access-Control-Allow-Origin"
_YEAR = 31_536_000

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Closes an application to all but those who may use it.

    Args:
        app: an application whose service is set; of its hooks before requests only those that
            observe them, or refuse what there is no place for, may be set.

    Raises:
        SearchError: the settings of access are not complete.
    """
    running = app.extensions[SERVICE]
    config = running.config
    app.extensions[EXTENSION] = gate = Gate(config)
    running.ended.append(gate.close)
    try:
        app.wsgi_app = Proxies(  # type: ignore[method-assign]
            app.wsgi_app, config.running.proxies, config.running.proxy_hosts
        )
    except ValueError as error:
        raise SearchError(f"[service] proxy_hosts 里有的不是地址：{error}。") from None
    if config.access.sign_in != "loopback":
        app.wsgi_app = _Watched(app.wsgi_app, config.hosts[0])  # type: ignore[method-assign]
    public(app.view_functions["static"])
    if gate.provider:
        app.register_blueprint(signing.blueprint)
    app.before_request(_admit)
    app.after_request(_headers)
    app.context_processor(_shared)


class _Watched:
    """Answers whoever watches a service by whatever name they know it: a pod has but an address.

    Args:
        app: the application.
        host: one of its own names.
    """

    def __init__(self, app: WSGIApplication, host: str) -> None:
        self._app = app
        self._host = host

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answers a request."""
        if environ["PATH_INFO"] in PROBES:
            environ["HTTP_HOST"] = self._host
        return self._app(environ, start_response)


def right_of(app: Flask, endpoint: str | None) -> Right | None:
    """The right that an endpoint demands; None where it is there for everybody.

    Args:
        app: whose endpoint it is.
        endpoint: its name; None for an address that leads nowhere.
    """
    view = app.view_functions.get(endpoint or "")
    found: Right | None = getattr(view, "right", Right.READ)
    return found


def _admit() -> BaseResponse | None:
    """Refuses a request, or sends whoever sent it to the sign-in, or lets it through."""
    if isinstance(request.routing_exception, SecurityError):
        raise _wrong_host()
    if isinstance(request.routing_exception, BadRequest):
        raise request.routing_exception
    gate: Gate = current_app.extensions[EXTENSION]
    right = right_of(current_app, request.endpoint)
    signing_in = request.blueprint == signing.blueprint.name
    address = request.remote_addr or ""
    try:
        who = gate.reader(request)
    except NotSignedIn:
        _count(gate, NOBODY, address)
        raise
    if right is not None or signing_in:
        _count(gate, who, address)
    g.reader = who
    _refuse_other_sites(who, right)
    if right is None or right in who.rights:
        return None
    if right not in gate.given and who is not NOBODY:
        raise NotHere(right)
    if who is not NOBODY:
        raise NotAllowed(right, who.name, who.way, service().config.audience)
    if gate.provider and _is_page():
        back = iri_to_uri(request.full_path.removesuffix("?"))
        return redirect(f"/sign-in/?{urlencode({'to': back})}")
    raise NotSignedIn(_how_to_sign_in(gate))


def _wrong_host() -> WrongHost:
    """Tells the operator, too: it is mostly a name that the settings lack."""
    refused = WrongHost(request.environ.get("HTTP_HOST", ""))
    log.warning("拒绝了一个请求：%s", refused.message)
    return refused


def _count(gate: Gate, who: Reader, address: str) -> None:
    seconds = gate.wait(who, address)
    if seconds:
        raise TooOften(gate.rates.rate, seconds)


def _refuse_other_sites(who: Reader, right: Right | None) -> None:
    """Lets only our own pages change anything, and ask for what readers do not see.

    Other sites of the settings get what readers get, and nothing beyond it.
    A token is sent by whoever holds it; what a browser adds by itself, a cookie or what a proxy
    knows, is worth nothing unless the browser also says which page it was.
    """
    changes = request.method not in SAFE_METHODS
    asks = right not in (None, Right.READ) and request.path.startswith("/api/")
    if who.way == "token" or not (changes or asks):
        return
    config = service().config
    exactly = right is not Right.READ
    origins = () if exactly else config.access.origins
    if not is_from_here(request, config.hosts, origins, exactly=exactly) or (
        changes and who.way in ("oidc", "proxy") and not is_from_browser(request)
    ):
        raise OtherSite


def _is_page() -> bool:
    """Whether somebody opens a page, so that another can be shown instead."""
    return (
        request.method == "GET"
        and (request.path == "/api/" or not request.path.startswith("/api/"))
        and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        and request.accept_mimetypes.accept_html
    )


def _how_to_sign_in(gate: Gate) -> str:
    return {
        "token": "要有令牌才能用：把它放在请求头 Authorization: Bearer 里；令牌找管理员要。",
        "proxy": "没有登录，或者不是从登录的那个代理过来的；从平时的网址进来，先登录。",
        "oidc": "还没有登录，或者登录已经到期；重新打开这个页面登录，程序要用令牌。",
    }[gate.access.sign_in]


def _headers(response: Response) -> Response:
    """No shared cache keeps what somebody was let in for; https stays https.

    Pages of other sites of the settings may read what readers may, and nothing beyond it.
    """
    gate: Gate = current_app.extensions[EXTENSION]
    right = right_of(current_app, request.endpoint)
    origins = service().config.access.origins if right in (None, Right.READ) else ()
    own = own_headers(request, origins)
    response.headers.update(own)
    if _READS in own:
        response.vary.add("Origin")
    if right is not None and (
        not response.cache_control.no_store and "Cache-Control" in response.headers
    ):
        response.cache_control.public = False
        response.cache_control.private = True
    if gate.sessions:
        response.vary.add("Cookie")
    return response


def own_headers(asked: Request, origins: Collection[str]) -> dict[str, str]:
    """The headers that depend on how a request came.

    Args:
        asked: the request.
        origins: the other sites whose pages may read the answer.
    """
    headers = {}
    origin = asked.headers.get("Origin", "")
    if origin in origins:
        headers[_READS] = origin
    if asked.is_secure:
        headers["Strict-Transport-Security"] = f"max-age={_YEAR}"
    return headers


def _shared() -> dict[str, Any]:
    """What pages need to show only what somebody may do, and who they are."""
    who = reader()
    return {"may": may, "signed_in": who.name if who.way == "oidc" else ""}
