"""The pages: the search page (whole, or only its results), and the built site."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    redirect,
    render_template,
    request,
    url_for,
)
from markupsafe import Markup
from werkzeug.security import safe_join
from werkzeug.wrappers import Response as BaseResponse

from casebook.documents import Kind, Standing
from search.journal.records import REASONS
from search.parameters import Origin, read_origin, read_request
from search.searcher import MAX_DEPTH, Request, Results
from search.service import Service, service

blueprint = Blueprint("web", __name__)
FACETS = {"kind": "种类", "category": "业务", "level": "级别", "customer_type": "客户类型"}
# What an explanation calls the fields and the factors.
FIELDS = {"names": "名称", "text": "正文", "sound": "读音", "initials": "首字母"}
FACTORS = {kind.value: kind.label for kind in Kind} | {"overdue": "过了复核日期", "old": "核准已久"}


@dataclass(frozen=True)
class Choice:
    """A filter as a link: what it is called, how many results it holds, where it leads."""

    label: str
    count: int
    url: str


@dataclass(frozen=True)
class Filters:
    """The filters of a result: those in force, which can be taken away, and those on offer."""

    chosen: tuple[Choice, ...]
    offered: dict[str, tuple[Choice, ...]]


@blueprint.app_context_processor
def _shared() -> dict[str, Any]:
    """What every page needs for its header, error pages too."""
    return {"site": _has_site(service())}


@blueprint.get("/")
def page() -> str:
    """The search page; with ``q`` it holds the results."""
    return render_template("page.html", **_context(read_request(), read_origin("page")))


@blueprint.get("/results")
def results() -> str:
    """Only the results, for the search box to put under itself."""
    return render_template("results.html", **_context(read_request(), read_origin("page")))


def _context(asked: Request, origin: Origin) -> dict[str, Any]:
    """What the templates show."""
    running = service()
    found = running.search(asked, *origin) if asked.text.strip() else None
    return {
        "title": running.config.title,
        "internal": running.config.internal,
        "asked": asked,
        "results": found,
        "notices": found.notices if found else running.notices.running(),
        "pages": _pages(found) if found else 0,
        "depth": MAX_DEPTH,
        "examples": running.config.examples,
        "filters": _filters(found) if found else None,
        "facet_names": FACETS,
        "field_names": FIELDS,
        "factor_names": FACTORS,
        "Standing": Standing,
        "today": running.config.today(),
        "markup": Markup,
        "reasons": REASONS,
        "address": partial(_address, question=found.question if found else ""),
    }


def _address(asked: Request, question: str = "", **changes: Any) -> str:
    """The page's address for a request with some parts changed; None takes a filter away.

    Args:
        asked: the request.
        question: its id in the journal: what only looks at it again is no new question.
        changes: new values by name.
    """
    size = asked.size if asked.size != Request.size else None
    explain = int(asked.explain)
    kept = {"q": asked.text, **asked.filters, "size": size, "explain": explain}
    if "q" not in changes:
        kept["question"] = question
    values: dict[str, Any] = {**kept, **changes}
    chosen = {name: value for name, value in values.items() if value}
    return url_for("web.page", **chosen)


def _pages(found: Results) -> int:
    """How many pages may be asked for; the last one must not go beyond the depth."""
    size = found.request.size
    return min(-(-found.total // size), MAX_DEPTH // size)


def _filters(found: Results) -> Filters:
    asked = found.request
    chosen = tuple(
        Choice(
            f"{FACETS[name]}：{_label(value)}",
            found.total,
            _address(
                asked, found.question, **{name: tuple(other for other in values if other != value)}
            ),
        )
        for name, values in asked.filters.items()
        for value in values
    )
    offered = {name: _offered(found, name) for name in FACETS}
    return Filters(chosen, {name: choices for name, choices in offered.items() if choices})


def _offered(found: Results, name: str) -> tuple[Choice, ...]:
    """The values of one filter that would narrow the results; of subjects one level at a time."""
    asked = found.request
    chosen = asked.filters.get(name, ())
    if chosen and name != "category":
        # Another value would widen the results, so what is counted here would not be found.
        return ()
    return tuple(
        Choice(_label(value), count, _address(asked, found.question, **{name: value}))
        for value, count in found.facets.get(name, ())
        if count < found.total
        and value not in chosen
        and (name != "category" or value.rpartition("/")[0] in (chosen or ("",)))
    )


def _label(value: str) -> str:
    kinds = {kind.value: kind.label for kind in Kind}
    return kinds.get(value, value.replace("/", " / "))


def _has_site(running: Service) -> bool:
    return running.config.site is not None and running.config.site.is_dir()


@blueprint.get("/site/", defaults={"path": "index.html"})
@blueprint.get("/site/<path:path>")
def site(path: str) -> BaseResponse:
    """A file of the built site."""
    root = service().config.site
    found = _file_of(root, path) if root else None
    if root is None or found is None:
        abort(404)
    if found.is_dir():
        if not path.endswith("/"):
            return redirect(f"{request.path}/", 308)
        found = found / "index.html"
    if not found.is_file():
        return _missing(root)
    kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
    response = Response(found.read_bytes(), mimetype=kind)
    response.add_etag()
    # Asked for each time, sent again only when it has changed: a poor line is spared, and what was
    # withdrawn is gone at once. Never kept by a cache that several people share.
    response.headers["Cache-Control"] = "private, no-cache"
    return response.make_conditional(request)


def _file_of(root: Path, path: str) -> Path | None:
    """Where a path of the site leads; None when that is not in the site, a link's target too."""
    target = safe_join(str(root), path)
    if target is None or "\0" in target:
        return None
    found = Path(target)
    try:
        inside = found.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # too long, or a link to itself
        return None
    return found if inside else None


def _missing(root: Path) -> Response:
    page = root / "404.html"
    if not page.is_file():
        abort(404)
    return Response(page.read_bytes(), 404, mimetype="text/html")
