"""Incident notices over HTTP: the page with its form, and the API."""

from __future__ import annotations

import os
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Flask, Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from casebook.errors import CasebookError
from casebook.settings import load_settings
from search.access.rights import Right, account, may, needs
from search.api import notice_json
from search.notices.board import Board, Draft, Place, phrases
from search.notices.notice import Notice, NoticeRefused, NoticesDamaged
from search.service import ServiceConfig, service

_FIELDS = ("id", "title", "text", "starts", "ends", "words", "subjects", "audience", "by")
_LISTS = ("words", "subjects")

blueprint = Blueprint("notices", __name__)


def register(app: Flask) -> None:
    """Gives an application the notices' page and API."""
    app.jinja_env.filters["clock"] = clock
    app.register_blueprint(blueprint)


def clock(moment: datetime, today: date) -> str:
    """A time as people say it: without the day when that is today."""
    time = f"{moment:%H:%M}"
    return time if moment.date() == today else f"{moment.month} 月 {moment.day} 日 {time}"


def board_of(config: ServiceConfig) -> Board:
    """Where a service sets notices.

    In its own folder, and in those of audiences that see less, as far as it may write them. Only
    the widest audience's service knows of others.

    Args:
        config: of a service that keeps something.
    """
    if config.state is None:
        abort(404)
    if config.library is None:
        own = Place(config.audience, config.audience, config.state, config.internal)
        return Board((own,), config.timezone)
    settings = load_settings(config.library)
    own = Place(
        config.audience, settings.audience(config.audience).name, config.state, config.internal
    )
    narrower = [
        Place(audience.id, audience.name, folder, False)
        for audience in settings.audiences[: settings.level(config.audience)]
        if os.access(folder := config.state.parent / audience.id, os.W_OK | os.X_OK)
    ]
    return Board(
        (*narrower, own),
        config.timezone,
        settings.taxonomy.subject_paths,
        [one.value for one in settings.check.allowed],
    )


@blueprint.get("/notices/")
def page() -> str:
    """The notices that are running; for editors also the others, and the form."""
    return _page()


@blueprint.post("/notices/")
@needs(Right.EDIT)
def add() -> BaseResponse | tuple[str, int]:
    """Sets a notice from the form."""
    return _change(lambda board: board.add(_draft(board, _form()), account()))


@blueprint.post("/notices/<notice_id>/end")
@needs(Right.EDIT)
def end(notice_id: str) -> BaseResponse | tuple[str, int]:
    """Ends a notice from the page."""
    return _change(lambda board: board.end(notice_id, account()))


@blueprint.post("/notices/<notice_id>/extend")
@needs(Right.EDIT)
def extend(notice_id: str) -> BaseResponse | tuple[str, int]:
    """Gives a notice another end from the page."""
    return _change(
        lambda board: board.extend(notice_id, board.moment(request.form.get("ends", "")), account())
    )


@blueprint.get("/api/notices")
def api_list() -> Response:
    """The notices that are running."""
    return jsonify(notices=[notice_json(one) for one in service().notices.running()])


@blueprint.post("/api/notices")
@needs(Right.EDIT)
def api_add() -> tuple[Response, int]:
    """Sets a notice."""
    board = _board()
    notice = board.add(_draft(board, _json()), account())
    return jsonify(notice_json(notice)), 201


@blueprint.post("/api/notices/<notice_id>/end")
@needs(Right.EDIT)
def api_end(notice_id: str) -> Response:
    """Ends a notice."""
    return jsonify(notice_json(_board().end(notice_id, account())))


@blueprint.post("/api/notices/<notice_id>/extend")
@needs(Right.EDIT)
def api_extend(notice_id: str) -> Response:
    """Gives a notice another end."""
    board = _board()
    ends = board.moment(str(_json().get("ends", "")))
    return jsonify(notice_json(board.extend(notice_id, ends, account())))


def _board() -> Board:
    return board_of(service().config)


def _change(change: Any) -> BaseResponse | tuple[str, int]:
    """Does what a form asks for, and shows the page; what was typed stays when it is refused."""
    try:
        change(_board())
    except CasebookError as error:
        return _page(str(error), request.form), 400
    return redirect("/notices/", 303)


def _page(message: str = "", typed: Any = None) -> str:
    config = service().config
    shown: dict[str, Any] = {"running": service().notices.running()}
    if may(Right.EDIT) and config.state is not None:
        shown |= _desk(board_of(config))
        message = message or shown["message"]
    values = {
        "title": config.title,
        "today": config.today(),
        "typed": typed or {},
    }
    return render_template("notices.html", **{**shown, **values, "message": message})


def _desk(board: Board) -> dict[str, Any]:
    """What only editors see of the page."""
    try:
        known, message = board.all(), ""
    except NoticesDamaged as error:
        known, message = list(service().notices.running()), str(error)
    now = board.now()
    by_state: dict[str, list[Notice]] = {"running": [], "upcoming": [], "ended": []}
    for one in known:
        by_state[one.state(now)].append(one)
    return {
        **by_state,
        "message": message,
        "editing": True,
        "audiences": [(place.audience, place.name) for place in board.places[::-1]],
        "soonest": f"{now:%Y-%m-%dT%H:%M}",
    }


def _form() -> dict[str, Any]:
    values: dict[str, Any] = {name: request.form.get(name, "") for name in _FIELDS}
    for name in _LISTS:
        values[name] = phrases(values[name])
    return values


def _json() -> dict[str, Any]:
    """The body of an API request.

    Raises:
        NoticeRefused: it is not what the API describes.
    """
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise NoticeRefused("请求要是 JSON 对象；接口说明在 /api/。")
    for name, value in body.items():
        if name not in _FIELDS:
            raise NoticeRefused(f"没有参数 {name[:40]}；可用：{'、'.join(_FIELDS)}。")
        texts = value if name in _LISTS and isinstance(value, list) else [value]
        if not all(isinstance(text, str) for text in texts) or (name in _LISTS) != (texts is value):
            raise NoticeRefused(f"{name} 写{'文字的列表' if name in _LISTS else '文字'}。")
    return body


def _draft(board: Board, values: dict[str, Any]) -> Draft:
    starts = values.get("starts", "")
    return Draft(
        title=values.get("title", ""),
        text=values.get("text", ""),
        ends=board.moment(values.get("ends", "")),
        starts=board.moment(starts) if starts else None,
        words=tuple(values.get("words", ())),
        subjects=tuple(values.get("subjects", ())),
        audience=values.get("audience", ""),
        by=values.get("by", ""),
        id=values.get("id", ""),
    )
