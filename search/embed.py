"""The search box for somebody else's page: an agent's desktop, a CRM.

Their page has one script and one element; the element shows a frame from here. So their styles and
scripts do not reach the answers, and sign-in works as it does on the search page. Only origins of
the settings may frame it.
"""

from __future__ import annotations

from flask import Blueprint, Flask, Response, make_response, render_template

from search.access.rights import Right, may, public
from search.service import service

_FRAMED = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors {ancestors}"
)
_FRAMING = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "frame-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)

blueprint = Blueprint("embed", __name__)


def register(app: Flask) -> None:
    """Gives an application the box for other pages."""
    app.register_blueprint(blueprint)


@blueprint.get("/embed")
@public
def frame() -> Response:
    """What the element shows: a box and nothing found yet, so nothing of the library."""
    origins = service().config.access.origins
    page = render_template(
        "embed.html",
        title=service().config.title,
        origins=" ".join(origins),
        known=may(Right.READ),
    )
    response = make_response(page)
    ancestors = " ".join(("'self'", *origins))
    response.policy = _FRAMED.format(ancestors=ancestors)  # type: ignore[attr-defined]
    response.framed = True  # type: ignore[attr-defined]
    return response


@blueprint.get("/embed/example")
def example() -> Response:
    """A page of somebody else's, to copy from."""
    response = make_response(render_template("embed-example.html", title=service().config.title))
    response.policy = _FRAMING  # type: ignore[attr-defined]
    return response
