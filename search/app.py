"""The Flask application: one audience's search page, API and site.

``create_app`` takes everything it needs; nothing is read from the environment or at import. An
application serves one audience from that audience's index, so there is no filter to forget.
"""

from __future__ import annotations

import logging

from flask import Flask, Response, abort, jsonify, render_template, request
from flask_compress import Compress
from werkzeug.exceptions import HTTPException

from casebook.errors import (
    CasebookError,
    IndexMissing,
    PublishError,
    QueryRefused,
    SearchTimeout,
)
from search import api, bodies, embed, notice_views, observing, overload, reload, web
from search.access import enforcement as access
from search.budget import Busy
from search.editor import views as editor
from search.insights import task_views as tasks
from search.insights import views as insights
from search.insights.tasks import TaskRefused
from search.notices.notice import NoticeRefused
from search.service import EXTENSION, Service, ServiceConfig, service

MAX_BODY = 64 * 1024
RETRY_SECONDS = 3
# How long style and scripts may be kept, by proxies too; after an update pages are whole again.
STATIC_SECONDS = 60
# What the browsers of call centres and shops understand, through any proxy.
_COMPRESSION = {
    "COMPRESS_ALGORITHM": ["gzip"],
    "COMPRESS_MIMETYPES": [
        "text/html",
        "text/css",
        "text/javascript",
        "text/plain",
        "application/json",
        "application/manifest+json",
        "application/octet-stream",  # the site's own search index
        "application/xml",
        "image/svg+xml",
    ],
    "COMPRESS_STREAMS": False,
}
_STATUS: tuple[tuple[type[CasebookError], int], ...] = (
    (QueryRefused, 400),
    (NoticeRefused, 400),
    (TaskRefused, 400),
    (SearchTimeout, 503),
    (IndexMissing, 503),
    (PublishError, 503),
)
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "manifest-src 'self'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)

log = logging.getLogger(__name__)


def create_app(config: ServiceConfig) -> Flask:
    """The application of one audience.

    Raises:
        IndexMissing: no index has been published for it.
        SearchError: the settings of access are not complete.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.config["TRUSTED_HOSTS"] = list(config.hosts)
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = STATIC_SECONDS
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.extensions[EXTENSION] = Service(config)
    observing.register(app)
    overload.register(app, _refused)
    access.register(app)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(web.blueprint)
    editor.register(app)
    embed.register(app)
    reload.register(app)
    notice_views.register(app)
    insights.register(app)
    tasks.register(app)
    app.before_request(_limit_body)
    bodies.register(app)
    app.after_request(_headers)
    app.config.update(_COMPRESSION)
    Compress(app)
    app.register_error_handler(CasebookError, _casebook_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)
    return app


def _limit_body() -> None:
    """Refuses a large body even where nobody would read it."""
    request.max_content_length = editor.body_limit(request) or MAX_BODY
    if (request.content_length or 0) > request.max_content_length:
        abort(413)


def _headers(response: Response) -> Response:
    """The headers that every response carries, errors too."""
    response.headers["Content-Security-Policy"] = getattr(response, "policy", _CSP)
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Our own forms must say where they stand; nobody else learns where somebody came from.
    response.headers["Referrer-Policy"] = "same-origin"
    if not getattr(response, "framed", False):
        response.headers["X-Frame-Options"] = "DENY"
    response.headers["Cross-Origin-Opener-Policy"] = getattr(
        response, "opener_policy", "same-origin"
    )
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _casebook_error(error: CasebookError) -> tuple[Response, int]:
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    if isinstance(error, QueryRefused):
        service().metrics.refused()
    if status == 500:  # noqa: PLR2004
        return _unexpected(error)
    response, _ = _error(status, type(error).__name__, str(error))
    if status == 503:  # noqa: PLR2004
        response.retry_after = RETRY_SECONDS
    return response, status


def _refused(error: Busy) -> Response:
    """The whole answer to who finds no place."""
    response, status = _casebook_error(error)
    response.status_code = status
    return _headers(response)


def _http_error(error: HTTPException) -> tuple[Response, int]:
    status = error.code or 500
    words = {
        400: "请求不完整或写法不对。",
        403: "您不能做这一步。",
        404: "没有这个页面，或者您看不到它。",
        405: f"这个地址不接受 {request.method[:20]}；用 {'、'.join(_methods(error))}。",
        413: f"请求超过 {request.max_content_length} 字节；缩短内容，或者分几次发。",
    }
    message = getattr(error, "message", None) or words.get(status, error.name)
    response, _ = _error(status, error.name.replace(" ", ""), message)
    for name, value in error.get_headers():
        if name != "Content-Type":
            response.headers.add(name, value)
    return response, status


def _methods(error: HTTPException) -> list[str]:
    """What an address takes, where the error is about that."""
    return sorted({*(getattr(error, "valid_methods", None) or ())} - {"HEAD", "OPTIONS"})


def _unexpected(error: Exception) -> tuple[Response, int]:
    """Logs the trace under an id; the caller learns the id and nothing else."""
    number = observing.request_id()
    log.error("意外错误", exc_info=error, extra={"request": number})
    return _error(500, "InternalError", f"服务出错了，编号 {number}；请把编号告诉管理员。")


def _error(status: int, code: str, message: str) -> tuple[Response, int]:
    """One shape for every error: JSON for the API, a page for people."""
    # It may quote what came in, which need not be text that can be sent.
    message = message.encode(errors="replace").decode()
    if request.path.startswith("/api/") or request.path == "/healthz":
        return jsonify(status=status, errors=[{"code": code, "message": message}]), status
    page = render_template("error.html", title=service().config.title, message=message)
    return Response(page, mimetype="text/html"), status
