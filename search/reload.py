"""``/api/reload``: asks whoever watches the library to look for what is new, and tells the outcome.

The service itself builds nothing and does not write the library: all that it leaves is a request
in its state folder.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Flask, Response, jsonify

from casebook.watching import Desk
from search.access.rights import Right, needs
from search.index_files import taken_back
from search.service import service

_NOBODY_WATCHES = (
    "没有程序在看着知识库，发布不了新内容。"
    "在放知识库的机器上运行 casebook watch --pull，或者直接运行 casebook index。"
)

blueprint = Blueprint("reload", __name__)


def register(app: Flask) -> None:
    """Gives an application the address that asks for what is new."""
    app.register_blueprint(blueprint)


@blueprint.post("/api/reload")
@needs(Right.RELOAD)
def ask() -> tuple[Response, int]:
    """Asks to look for what is new."""
    desk = _desk()
    if desk is None or not desk.is_watched():
        error = {"code": "NobodyWatches", "message": _NOBODY_WATCHES}
        return jsonify(status=503, errors=[error]), 503
    desk.ask()
    return jsonify(_state(desk)), 202


@blueprint.get("/api/reload")
@needs(Right.RELOAD)
def outcome() -> Response:
    """What came of it the last time, and whether somebody watches."""
    return jsonify(_state(_desk()))


def _desk() -> Desk | None:
    folder = service().config.state
    return Desk(folder) if folder else None


def _state(desk: Desk | None) -> dict[str, Any]:
    told = desk.told() if desk else None
    return {
        "watched": desk is not None and desk.is_watched(),
        "requested": (desk.asked() if desk else "") or None,
        "taken_back": bool(taken_back(service().config.index)),
        "last": {**asdict(told), "ok": not told.failed} if told else None,
    }
