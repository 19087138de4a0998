"""A report as JSON, for programs; docs/insights.md says what each value is."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from search.insights.rows import KINDS, Report, Row, Totals


def as_json(report: Report) -> str:
    """A report for programs."""
    return json.dumps(report_data(report), ensure_ascii=False, indent=2, default=_text)


def report_data(report: Report) -> dict[str, Any]:
    """A report as plain values; days and times are still such."""
    return {
        "audience": report.audience,
        "since": report.daily[0][0],
        "until": report.on,
        "days": report.days,
        "kept_since": report.kept_since,
        "totals": _totals(report.totals),
        "before": _totals(report.before) if report.before else None,
        "daily": [{"day": day, **_totals(totals)} for day, totals in report.daily],
        "shares": {
            dimension: [
                {"name": name, "count": count, "before": before} for name, count, before in rows
            ]
            for dimension, rows in report.shares.items()
        },
        "lists": {
            kind: {"rows": [_row(row, report) for row in report.lists[kind]], "more": more}
            for kind in KINDS
            for more in (report.more[kind],)
        },
    }


def _totals(totals: Totals) -> dict[str, Any]:
    shares = {name: round(totals.share(name), 4) for name in ("answered", "not_found")}
    return asdict(totals) | {f"{name}_share": share for name, share in shares.items()}


def _row(row: Row, report: Report) -> dict[str, Any]:
    values = {
        name: value for name, value in asdict(row).items() if name not in ("keys", "audience")
    }
    documents = [{"id": name, "title": report.titles[name]} for name in row.documents]
    return {"id": row.id, **values, "share": round(row.share, 4), "documents": documents}


def _text(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
