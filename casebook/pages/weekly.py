"""What changed: the last seven days, what ends soon, and the weeks before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby

from casebook.news import NewsItem, NewsKind, Week
from casebook.pages.listing import Group, Listing
from casebook.pages.page import HOME, Crumb, chinese_day, dated, linked, root_from
from casebook.pages.site import Row, Site

NEWS: Crumb = ("最近变化", "news/")
_DAYS = timedelta(days=6)
# The current week and the four before it are in sight.
_WEEKS = 5
_WEEKDAYS = "一二三四五六日"


def this_week(site: Site) -> tuple[NewsItem, ...]:
    """What changed in the seven days up to the view's day."""
    day = site.view.on
    return tuple(
        item for item in site.news if day - _DAYS <= item.on <= day and not _soon(item, day)
    )


def ending(site: Site) -> tuple[NewsItem, ...]:
    """What holds today and no longer after the next seven days, the first to end first."""
    return tuple(item for item in reversed(site.news) if _soon(item, site.view.on))


def news_rows(items: Iterable[NewsItem], site: Site, *, with_days: bool = False) -> tuple[Row, ...]:
    """News as lists show them.

    Args:
        items: the news.
        site: whose pages.
        with_days: whether rows say their day, which no heading above them does.
    """
    rows = ((item, _row(item, site)) for item in items)
    if not with_days:
        return tuple(row for _, row in rows)
    return tuple(row._replace(note=chinese_day(item.on)) for item, row in rows)


def news_listings(site: Site) -> Iterator[Listing]:
    """The page of the last days, and one for each week of a year in which something changed."""
    weeks: dict[Week, list[NewsItem]] = defaultdict(list)
    current = Week.of(site.view.on)
    for item in site.news:
        week = Week.of(item.on)
        if week <= current:
            weeks[week].append(item)
    yield _latest(site, list(weeks))
    for week, items in weeks.items():
        yield Listing(
            _path(week),
            week.label,
            tuple(_days(items, site)),
            (HOME, NEWS),
            NEWS[1],
            kind="news",
            style="cb-news",
        )


def _latest(site: Site, weeks: list[Week]) -> Listing:
    latest = this_week(site)
    quiet = "" if latest or not site.view.documents else "这七天没有变化。"
    groups = list(_days(latest, site)) if latest else _before(site)
    soon = news_rows(ending(site), site)
    if soon:
        groups.append(Group("七天内到期", "ending", soon))
    if weeks:
        groups.append(Group("按周看", "weeks", (), note=_weeks(weeks)))
    day = site.view.on
    return Listing(
        NEWS[1],
        NEWS[0],
        tuple(groups),
        (HOME,),
        NEWS[1],
        lead=f'<p class="cb-lead">{dated(_seven_days(day))}。{quiet}</p>',
        kind="news",
        style="cb-news",
        data=(("since", str(day - _DAYS)), ("until", str(day))),
    )


def _before(site: Site) -> list[Group]:
    """The latest week in which something changed, where the last days were quiet."""
    day = site.view.on
    past = [item for item in site.news if item.on <= day and not _soon(item, day)]
    if not past:
        return []
    week = Week.of(past[0].on)
    latest = (item for item in past if Week.of(item.on) == week)
    rows = news_rows(latest, site, with_days=True)
    return [Group(f"最近有变化的一周：{week.label}", "latest", rows)]


def _weeks(weeks: list[Week]) -> str:
    """The way to the pages of weeks, the latest in sight."""
    up = root_from(NEWS[1])
    items = [f"<li>{linked(week.label, up + _path(week))}</li>" for week in weeks]
    latest = f'<ul class="cb-related">{"".join(items[:_WEEKS])}</ul>'
    if len(items) <= _WEEKS:
        return latest
    earlier = f"<ul>{''.join(items[_WEEKS:])}</ul>"
    return f'{latest}\n<details class="cb-cited"><summary>更早的</summary>{earlier}</details>'


def _path(week: Week) -> str:
    return f"{NEWS[1]}{week.name.lower()}/"


def _days(items: Iterable[NewsItem], site: Site) -> Iterator[Group]:
    for day, found in groupby(items, key=lambda item: item.on):
        yield Group(_day(day), f"d-{day}", news_rows(found, site))


def _day(day: date) -> str:
    return f"{chinese_day(day)}（周{_WEEKDAYS[day.weekday()]}）"


def _seven_days(day: date) -> str:
    """``最近七天：11 月 20 日到 26 日``."""
    first = day - _DAYS
    last = f"{day.day} 日" if first.month == day.month else chinese_day(day)
    return f"最近七天：{chinese_day(first)}到 {last}"


def _soon(item: NewsItem, day: date) -> bool:
    return item.kind is NewsKind.ENDS and item.on >= day


def _row(item: NewsItem, site: Site) -> Row:
    document = site.view.get(item.id)
    if document is None or item.kind is NewsKind.WITHDRAWN:
        instead = site.links(item.replaced_by)
        return Row(
            id=item.id,
            kind=item.document_kind.value,
            label=item.document_kind.label,
            # Nobody knows its title any more.
            title=item.headline,
            path=item.path,
            standing=item.kind.value,
            standing_label=item.label,
            owner="",
            approved_on="",
            badge="",
            instead=tuple((link.title, link.path) for link in instead),
        )
    row = site.row(document)
    last = f"最后一天 {chinese_day(item.on)}" if item.kind is NewsKind.ENDS else row.note
    # A second date would be taken for the day of the news.
    return row._replace(
        standing=item.kind.value, standing_label=item.label, note=last, approved_on=""
    )
