"""Refuses searches while there is no place for them, before anything else is done.

When more is asked than a machine can answer, each refusal takes from those who are answered. So it
comes before it is looked up who somebody is and how often they have asked.
"""

from __future__ import annotations

from flask import Flask, request

from search.budget import Busy
from search.service import service

# What takes a place, by endpoint, and whether it is a suggestion.
TAKES = {
    "web.page": False,
    "web.results": False,
    "api.search": False,
    "api.answer": False,
    "api.suggest": True,
}


def register(app: Flask) -> None:
    """Lets an application refuse early; called before it is asked who may in."""
    app.before_request(_refuse)


def _refuse() -> None:
    """Refuses a search for which there is no place now; an empty one takes none."""
    suggesting = TAKES.get(request.endpoint or "")
    if suggesting is None or request.method == "OPTIONS" or not request.args.get("q", "").strip():
        return
    running = service()
    try:
        running.budget.check()
    except Busy:
        running.metrics.busy(suggesting=suggesting)
        raise
