"""A report on a period: the sums, how they move, and the rows of every list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, timedelta, tzinfo
from itertools import chain

from search.insights import lists
from search.insights.counts import Period, Sums
from search.insights.digest import Digest
from search.insights.documents import Documents
from search.insights.lists import MOST, Material
from search.insights.rows import KINDS, Report, Row, Totals
from search.insights.wordings import Wordings
from search.journal.records import Question
from search.store import Store

_LISTS: dict[str, Callable[[Material], list[Row]]] = {
    "not_found": lists.not_found,
    "growing": lists.growing,
    "first_seen": lists.first_seen,
    "not_opened": lists.not_opened,
    "bad_ratings": lists.bad_ratings,
    "unverified": lists.unverified,
    "ending": lists.ending,
}


def report(
    questions: Iterable[Question],
    store: Store,
    days: int,
    on: date,
    *,
    audience: str = "",
    zone: tzinfo = UTC,
) -> Report:
    """What an audience's questions teach; for a journal that is read once.

    Args:
        questions: all that are kept, the oldest first: those before the period, too, for what is
            compared and what is new.
        store: the documents of the audience's index.
        days: how many days the period has.
        on: its last day.
        audience: whose journal it is.
        zone: where days begin and end.
    """
    wordings = Wordings(store.terms)
    digest = Digest(None, wordings, zone)
    try:
        for _ in digest.add(questions, on):
            pass
        return summary(digest, store, wordings, days, on, audience)
    finally:
        digest.close()


def summary(
    digest: Digest, store: Store, wordings: Wordings, days: int, on: date, audience: str
) -> Report:
    """What a journal teaches that is added up already; arguments as for :func:`report`."""
    period = Period(on - timedelta(days=days - 1), on)
    daily = digest.sums(period)
    totals = _together(daily.values())
    documents = Documents(store, on)
    material = Material(audience, period, digest, documents, wordings, totals.questions)
    kept_since = digest.first_day()
    knows_before = kept_since is not None and kept_since <= period.before.since
    found = {kind: _LISTS[kind](material) for kind in KINDS}
    shown = {kind: tuple(rows[:MOST]) for kind, rows in found.items()}
    if not knows_before:
        shown = {
            kind: tuple(replace(row, before=None) for row in rows) for kind, rows in shown.items()
        }
    named = chain.from_iterable(row.documents for rows in shown.values() for row in rows)
    dates = (period.since + timedelta(days=place) for place in range(days))
    return Report(
        audience=audience,
        on=on,
        days=days,
        kept_since=kept_since,
        totals=totals,
        before=_together(digest.sums(period.before).values()) if knows_before else None,
        daily=tuple((day, daily[day].totals() if day in daily else Totals()) for day in dates),
        shares=_shares(material, knows_before=knows_before),
        lists=shown,
        more={kind: len(found[kind]) - len(shown[kind]) for kind in KINDS},
        titles={one.id: one.title for one in documents.known(dict.fromkeys(named))},
    )


def _together(sums: Iterable[Sums]) -> Totals:
    found = Sums()
    for one in sums:
        found.update(one)
    return found.totals()


def _shares(
    material: Material, *, knows_before: bool
) -> dict[str, tuple[tuple[str, int, int | None], ...]]:
    """Questions by dimension and name, in the period and in the one before."""
    now = lists.groups(material, material.period)
    before = lists.groups(material, material.period.before)
    found: dict[str, list[tuple[str, int, int]]] = {name: [] for name in lists.DIMENSIONS}
    for dimension, value in now.keys() | before.keys():
        counts = lists.count(now, (dimension, value)), lists.count(before, (dimension, value))
        found[dimension].append((value, *counts))
    return {
        dimension: tuple(
            (name, count, before if knows_before else None)
            for name, count, before in sorted(rows, key=lambda row: (-row[1], -row[2], row[0]))
        )
        for dimension, rows in found.items()
    }
