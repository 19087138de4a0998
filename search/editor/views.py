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
from casebook.errors import QueryRefused
from casebook.problems import Problem, has_errors
from casebook.reading import MAX_FILE
from search.access.rights import Right, may, needs
from search.editor import package
from search.editor.backends import hosts
from search.editor.checker import Checker
from search.editor.drafts import Drafts
from search.editor.forms import configuration
from search.service import EXTENSION as SERVICE
from search.service import service

EXTENSION = "casebook-drafts"
CHECKER = "casebook-checker"
# A text of the greatest size, written as JSON may write it: six bytes for each of its own.
MAX_CHECK = 6 * MAX_FILE + 64 * 1024
_PATH = re.compile(r"([a-z]+)(/[^/\\\x00-\x1f]+)*/[^/\\\x00-\x1f]+\.md")
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
        app.extensions[CHECKER] = checker = Checker(config.library)
        app.extensions[SERVICE].ended.append(checker.close)
        app.register_blueprint(blueprint)


def body_limit(asked: Request) -> int | None:
    """How large the body of a request to the editor may be; None for other requests."""
    return MAX_CHECK if asked.endpoint == "editor.check" else None


def _drafts() -> Drafts:
    found: Drafts = current_app.extensions[EXTENSION]
    return found


def _checker() -> Checker:
    found: Checker = current_app.extensions[CHECKER]
    return found


def _folder() -> Path:
    return package.folder_of(_drafts().root)


@blueprint.app_context_processor
def _shared() -> dict[str, Any]:
    """Every page of a service that has the editor leads to it."""
    return {"writing": may(Right.EDIT)}


@blueprint.get("/write/")
@needs(Right.EDIT)
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
@needs(Right.EDIT)
def cms(version: str, name: str) -> Response:
    """A file of the CMS; its address changes with its version, so it is kept."""
    if version != package.VERSION:
        abort(404)
    response = send_from_directory(_folder().absolute(), name, max_age=31_536_000)
    response.cache_control.immutable = True
    return response


@blueprint.get("/write/forms.json")
@needs(Right.EDIT)
def forms() -> Response:
    """The forms."""
    _checker().warm_up()
    view = _drafts().view()
    return jsonify(configuration(view, view.settings.editor, service().config.today()))


@blueprint.get("/api/new-id")
@needs(Right.EDIT)
def new_id() -> Response:
    """An id for a new document."""
    kind = _kind(request.args.get("kind", ""))
    title = " ".join(request.args.get("title", "").split())[:MAX_LINE]
    return jsonify(id=_drafts().new_id(kind, title))


@blueprint.post("/api/check")
@needs(Right.EDIT)
def check() -> Response:
    """What is wrong with a text; it is neither kept nor logged."""
    problems = _checker().check(*_draft())
    return jsonify(
        ok=not has_errors(problems), problems=[_problem_json(problem) for problem in problems]
    )


def _draft() -> tuple[Kind, str, str | None]:
    """The body of a check.

    Raises:
        QueryRefused: it is not what the API describes.
    """
    try:
        body = request.get_json(silent=True)
    except RecursionError:
        body = None
    if not isinstance(body, dict):
        raise QueryRefused('请求要是 JSON：{"kind": "case", "text": "整个文件"}。')
    if unknown := sorted(body.keys() - {"kind", "text", "path"}):
        raise QueryRefused(f"没有参数 {unknown[0][:40]}；可用：kind、text、path。")
    text, path = body.get("text"), body.get("path")
    if not isinstance(text, str) or not _is_text(text):
        raise QueryRefused("text 写整个文件的文字。")
    kind = _kind(body.get("kind"))
    if path is not None and not (isinstance(path, str) and _is_path(path, kind)):
        raise QueryRefused(f"path 写文件在知识库里的位置，如 {kind.folder}/{kind.value}-x.md。")
    return kind, text, path


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


def _is_path(path: str, kind: Kind) -> bool:
    match = _PATH.fullmatch(path)
    return match is not None and match[1] == kind.folder and ".." not in path.split("/")


def _problem_json(problem: Problem) -> dict[str, Any]:
    return {
        "line": problem.line,
        "column": problem.column,
        "code": problem.code,
        "severity": problem.severity.value,
        "message": problem.message,
        "hint": problem.hint,
    }
