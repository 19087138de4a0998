"""The editor's page and files, the check of a draft, the id of a new one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Request,
    Response,
    abort,
    current_app,
    jsonify,
    make_response,
    render_template,
    request,
    send_from_directory,
)

from casebook.documents import MAX_LINE, Kind
from casebook.errors import QueryRefused, SearchTimeout
from casebook.problems import Problem, has_errors
from casebook.reading import MAX_FILE
from search.editor import package
from search.editor.backends import hosts
from search.editor.drafts import Drafts
from search.editor.forms import configuration
from search.parameters import is_from_here
from search.service import EXTENSION as SERVICE
from search.service import SLOW_SECONDS, service

EXTENSION = "casebook-drafts"
# A text of the greatest size, with what JSON adds to it.
MAX_CHECK = MAX_FILE + 64 * 1024
_PATH = re.compile(r"(cases|faq|policies)(/[^/\\\x00-\x1f]+)*/[^/\\\x00-\x1f]+\.md")
# The CMS styles by script, shows pictures from memory, and signs in by a window of the git host.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src {connect}; "
    "frame-src 'self'; form-action 'self'; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'none'"
)

blueprint = Blueprint(
    "editor",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/write/static",
)


def register(app: Flask) -> None:
    """Gives an application the editor, where it serves those who write.

    Args:
        app: an application whose service is set.
    """
    config = app.extensions[SERVICE].config
    if config.writing:
        app.extensions[EXTENSION] = Drafts(config.library)
        app.register_blueprint(blueprint)


def body_limit(asked: Request) -> int | None:
    """How large the body of a request to the editor may be; None for other requests."""
    return MAX_CHECK if asked.endpoint == "editor.check" else None


def _drafts() -> Drafts:
    found: Drafts = current_app.extensions[EXTENSION]
    return found


def _folder() -> Path:
    return package.folder_of(_drafts().root)


@blueprint.app_context_processor
def _shared() -> dict[str, Any]:
    """Every page of a service that has the editor leads to it."""
    return {"writing": True}


@blueprint.get("/write/")
def page() -> Response:
    """The editor."""
    settings = _drafts().library().settings
    installed = package.is_installed(_folder())
    response = make_response(
        render_template(
            "write.html",
            title=service().config.title,
            installed=installed,
            script=f"/write/cms/{package.VERSION}/{package.SCRIPT}",
        ),
        200 if installed else 503,
    )
    connect = " ".join(("'self'", *hosts(settings.editor)))
    response.policy = _POLICY.format(connect=connect)  # type: ignore[attr-defined]
    response.opener_policy = "same-origin-allow-popups"  # type: ignore[attr-defined]
    return response


@blueprint.get("/write/cms/<version>/<name>")
def cms(version: str, name: str) -> Response:
    """A file of the CMS; its address changes with its version, so it is kept."""
    if version != package.VERSION:
        abort(404)
    response = send_from_directory(_folder().absolute(), name, max_age=31_536_000)
    response.cache_control.immutable = True
    return response


@blueprint.get("/write/forms.json")
def forms() -> Response:
    """The forms."""
    view = _drafts().view()
    return jsonify(configuration(view, view.settings.editor, service().config.today()))


@blueprint.get("/api/new-id")
def new_id() -> Response:
    """An id for a new document."""
    kind = _kind(request.args.get("kind", ""))
    title = " ".join(request.args.get("title", "").split())[:MAX_LINE]
    return jsonify(id=_drafts().new_id(kind, title))


@blueprint.post("/api/check")
def check() -> Response:
    """What is wrong with a text; it is neither kept nor logged."""
    config, drafts = service().config, _drafts()
    if not is_from_here(config.hosts, config.origins):
        abort(403)
    kind, text, path = _draft()
    try:
        problems = service().slow.run(lambda: drafts.check(kind, text, path))
    except SearchTimeout:
        raise SearchTimeout(f"检查超过 {SLOW_SECONDS:g} 秒，稍等再试；可以先存草稿。") from None
    return jsonify(
        ok=not has_errors(problems), problems=[_problem_json(problem) for problem in problems]
    )


def _draft() -> tuple[Kind, str, str | None]:
    """The body of a check.

    Raises:
        QueryRefused: it is not what the API describes.
    """
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise QueryRefused('请求要是 JSON：{"kind": "case", "text": "整个文件"}。')
    if unknown := sorted(body.keys() - {"kind", "text", "path"}):
        raise QueryRefused(f"没有参数 {unknown[0][:40]}；可用：kind、text、path。")
    text, path = body.get("text"), body.get("path")
    if not isinstance(text, str) or not _is_text(text):
        raise QueryRefused("text 写整个文件的文字。")
    if path is not None and not (isinstance(path, str) and _is_path(path)):
        raise QueryRefused("path 写文件在知识库里的位置，如 cases/case-x.md。")
    return _kind(body.get("kind")), text, path


def _kind(value: object) -> Kind:
    known = [kind.value for kind in Kind]
    if value not in known:
        raise QueryRefused(f"kind 写 {'、'.join(known)} 里的一个，收到的是“{str(value)[:20]}”。")
    return Kind(value)


def _is_text(text: str) -> bool:
    """Whether text can be written to a file at all; JSON can hold half a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_path(path: str) -> bool:
    return bool(_PATH.fullmatch(path)) and ".." not in path.split("/")


def _problem_json(problem: Problem) -> dict[str, Any]:
    return {
        "line": problem.line,
        "column": problem.column,
        "code": problem.code,
        "severity": problem.severity.value,
        "message": problem.message,
        "hint": problem.hint,
    }
