"""The JSON API: translates HTTP to the searcher and back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, render_template

from search.access.rights import Right, may, public
from search.events import read_event
from search.notices import Notice
from search.openapi import specification
from search.parameters import ORIGIN, read_origin, read_question, read_request
from search.searcher import Explanation, Hit, Request, Results
from search.service import service
from search.store import Stored

blueprint = Blueprint("api", __name__)


@blueprint.get("/api/search")
def search() -> Response:
    """Documents that match."""
    return jsonify(results_json(service().search(read_request(), *read_origin("api"))))


@blueprint.get("/api/answer")
def answer() -> Response:
    """The unified answer, if one fits."""
    question = read_question(*ORIGIN)
    asked = Request(question, {"kind": ("faq",)})
    results = service().search(asked, *read_origin("api"))
    found = results.answer
    return jsonify(
        query=question,
        question=results.question or None,
        found=found is not None,
        answer=document_json(found) if found else None,
        notices=[notice_json(notice) for notice in results.notices],
        message=None if found else "没有合适的统一口径；请看检索结果，或转知识管理员。",
    )


@blueprint.get("/api/suggest")
def suggest() -> Response:
    """What somebody may be typing."""
    typed = read_question()
    return jsonify(
        query=typed,
        suggestions=[
            {
                "text": one.text,
                "text_html": one.html,
                "kind": one.kind,
                "id": one.document,
                "title": one.title,
            }
            for one in service().suggest(typed)
        ],
    )


@blueprint.post("/api/chosen/<document_id>")
def chosen(document_id: str) -> tuple[str, int]:
    """Counts that a suggestion was chosen, so that it comes sooner next time."""
    if not service().choose(document_id):
        abort(404)
    return "", 204


@blueprint.post("/api/events")
def events() -> tuple[str, int]:
    """Notes what somebody did with what was found."""
    if not service().note(read_event()):
        abort(404)
    return "", 204


@blueprint.get("/api/documents/<document_id>")
def document(document_id: str) -> Response:
    """One document, as far as this audience may see it."""
    with service().searcher() as searcher:
        found = searcher.document(document_id)
    if found is None:
        abort(404)
    return jsonify(document_json(found))


@blueprint.get("/healthz")
@public
def healthz() -> Response:
    """Whether the service can answer; and from what, for who may know how it runs."""
    with service().live.generation() as generation:
        manifest = generation.manifest
        if not may(Right.METRICS):
            return jsonify(status="ok")
        return jsonify(
            status="ok",
            audience=manifest.audience,
            generation=manifest.name,
            engine=manifest.engine,
            documents=manifest.documents,
            passages=manifest.passages,
        )


@blueprint.get("/api/openapi.json")
def openapi() -> Response:
    """The description of this API."""
    config = service().config
    return jsonify(specification(config.title, writing=config.writing))


@blueprint.get("/api/")
def documentation() -> str:
    """The description of this API, for people."""
    config = service().config
    description = specification(config.title, writing=config.writing)
    return render_template("api.html", title=config.title, api=description)


def results_json(results: Results) -> dict[str, Any]:
    """Results as the API gives them."""
    return {
        "query": results.request.text,
        "page": results.request.page,
        "size": results.request.size,
        "total": results.total,
        "complete": results.complete,
        "more": results.more,
        "did_you_mean": results.correction,
        "took_ms": round(results.took_ms, 1),
        "degraded": results.degraded,
        "question": results.question or None,
        "notices": [notice_json(notice) for notice in results.notices],
        "answer": document_json(results.answer) if results.answer else None,
        "hits": [hit_json(hit) for hit in results.hits],
        "facets": {
            name: [{"value": value, "count": count} for value, count in values]
            for name, values in results.facets.items()
        },
    }


def hit_json(hit: Hit) -> dict[str, Any]:
    """One result as the API gives it."""
    document = hit.document
    explained = {"explanation": explanation_json(hit.explanation)} if hit.explanation else {}
    anchor = f"#{hit.passage.anchor}" if hit.passage.anchor else ""
    return {
        "id": document.id,
        "kind": document.kind.value,
        "title": document.title,
        "title_html": hit.title,
        "snippet_html": hit.snippet,
        "subject": document.subject,
        "owner": document.owner,
        "standing": hit.standing.value,
        "approved_on": document.approved_on.isoformat(),
        "effective_from": _iso(document.effective_from),
        "effective_until": _iso(document.effective_until),
        "url": f"/site/{document.url}{anchor}",
        "score": round(hit.score, 4),
        "complete": hit.complete,
        "missing": list(hit.missing),
        "synonyms": [{"typed": typed, "found": found} for typed, found in hit.synonyms],
        **explained,
    }


def notice_json(notice: Notice) -> dict[str, Any]:
    """An incident as the API gives it."""
    return {
        "id": notice.id,
        "title": notice.title,
        "text": notice.text,
        "starts": notice.starts.isoformat(),
        "ends": notice.ends.isoformat(),
        "by": notice.by,
    }


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """How a score came about, as the API gives it."""
    return {
        "parts": {
            "terms": round(explanation.terms, 4),
            "likeness": round(explanation.likeness, 4),
            "coverage": round(explanation.coverage, 4),
            "asked": round(explanation.asked, 4),
        },
        "factors": dict(explanation.factors),
        "terms": [
            {
                "field": one.term.field,
                "term": one.term.text,
                "shown": one.shown,
                "reason": one.term.reason,
                "weight": round(one.term.weight, 4),
                "score": round(one.score, 4),
            }
            for one in explanation.matched or ()
        ],
    }


def document_json(document: Stored) -> dict[str, Any]:
    """A document as the API gives it."""
    return {
        "id": document.id,
        "kind": document.kind.value,
        "title": document.title,
        "owner": document.owner,
        "subject": document.subject,
        "approved_on": document.approved_on.isoformat(),
        "review_by": _iso(document.review_by),
        "effective_from": _iso(document.effective_from),
        "effective_until": _iso(document.effective_until),
        "url": f"/site/{document.url}",
        "facts": document.facts,
        "sections": [
            {"key": s.key, "heading": s.heading, "html": s.html, "text": s.text}
            for s in document.sections
        ],
        "references": [
            {"id": r.id, "title": r.title, "url": f"/site/{r.url}"} for r in document.references
        ],
        "cited_by": [
            {"id": r.id, "title": r.title, "url": f"/site/{r.url}"} for r in document.cited_by
        ],
    }


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None
