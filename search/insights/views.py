"""The pages of the insights: all lists in short, and each list in full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    make_response,
    render_template,
    request,
    url_for,
)

from casebook.documents import Kind
from casebook.errors import QueryRefused
from casebook.settings import load_settings
from search.access.rights import Right, needs
from search.insights.making import Made
from search.insights.reporter import EXTENSION, Reporter, StillAdding, reporter
from search.insights.rows import KINDS
from search.insights.tables import COLUMNS
from search.insights.words import LISTS, NOTES, REASONS
from search.journal.records import SURFACES
from search.service import EXTENSION as SERVICE
from search.service import service

# The periods on offer, in days; the first is shown when none is chosen.
PERIODS = (28, 7, 90)
NAMES = "casebook-audience-names"
# Rows of each list on the page that shows all lists.
_SHORT = 8
# Seconds after which a page that is not ready is asked for again.
AGAIN = 3

blueprint = Blueprint("insights", __name__)


@dataclass(frozen=True)
class Asked:
    """What somebody wants to see.

    Attributes:
        audience: whose questions.
        days: of how many days.
    """

    audience: str
    days: int

    @property
    def address(self) -> dict[str, Any]:
        """The same in an address."""
        return {"audience": self.audience, "days": self.days}


def register(app: Flask) -> None:
    """Gives an application the insights.

    Args:
        app: an application whose service is set.
    """
    running = app.extensions[SERVICE]
    library = running.config.library
    names = load_settings(library).audiences if library and running.config.internal else ()
    app.extensions[NAMES] = {one.id: one.name for one in names}
    app.extensions[EXTENSION] = made = Reporter(running)
    running.ended.append(made.close)
    running.journal.when_pruned(made.clean)
    app.register_blueprint(blueprint)


@blueprint.get("/insights/")
@needs(Right.ANALYSE)
def page() -> Response:
    """All lists, the first rows of each."""
    return _page("insights.html", short=_SHORT)


@blueprint.get("/insights/<kind>")
@needs(Right.ANALYSE)
def one_list(kind: str) -> Response:
    """A list in full."""
    if kind not in KINDS:
        abort(404)
    return _page("insights-list.html", kind=kind)


def _page(template: str, **values: Any) -> Response:
    asked = _asked()
    running = service()
    zone = ZoneInfo(running.config.timezone)
    made: Made | None = None
    waiting = ""
    try:
        made = reporter().report(asked.audience, asked.days)
    except StillAdding as error:
        waiting = str(error)
    response = make_response(
        render_template(
            template,
            title=running.config.title,
            asked=asked,
            audiences=_audiences(),
            periods=sorted(PERIODS),
            report=made.report if made else None,
            charts=made.charts if made else (),
            made_at=made.at.astimezone(zone) if made else None,
            waiting=waiting,
            kept=running.config.journal_days if running.config.state else 0,
            lists=LISTS,
            kinds=KINDS,
            notes=NOTES,
            reasons=REASONS,
            surfaces=SURFACES,
            columns=COLUMNS,
            zone=zone,
            address=lambda **other: url_for(
                request.endpoint or "", **(request.view_args or {}), **(asked.address | other)
            ),
            document_page=_document_page,
            **values,
        ),
        202 if waiting else 200,
    )
    if waiting:
        response.headers["Refresh"] = str(AGAIN)
    return response


def _asked() -> Asked:
    """What the address asks for.

    Raises:
        QueryRefused: it is nothing that can be had.
    """
    audiences = reporter().audiences
    audience = request.args.get("audience", audiences[0])
    days = request.args.get("days", str(PERIODS[0]))
    if days not in map(str, PERIODS):
        raise QueryRefused(f"days 写 {'、'.join(map(str, sorted(PERIODS)))} 里的一个。")
    if audience not in audiences:
        # Whether there is such an audience is nothing that a narrower one may know.
        abort(404)
    return Asked(audience, int(days))


def _audiences() -> dict[str, str]:
    """The names of the audiences that can be chosen, by id."""
    names = current_app.extensions[NAMES]
    return {one: names.get(one, one) for one in reporter().audiences}


def _document_page(name: str) -> str:
    """The page of a document on the site that the service serves."""
    return f"/site/{Kind(name.partition('-')[0]).address(name)}"
