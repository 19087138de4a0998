"""The first page: what is asked most, ways to look, what is new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from casebook.addresses import site_url
from casebook.documents import Document, Kind
from casebook.news import NewsItem
from casebook.pages.asked import ASKED, asked_rows
from casebook.pages.browse import SUBJECTS, counted_ways, subject_tiles, tiles_html
from casebook.pages.cards import CARDS
from casebook.pages.listing import item_data, rows_html
from casebook.pages.page import Page, chinese_day, dated, described, heading, linked
from casebook.pages.site import Site
from casebook.pages.weekly import NEWS, ending, news_rows, this_week
from casebook.structured import site_markup

_NEWEST, _NEWS, _ASKED = 8, 6, 6


def home_page(site: Site) -> Page:
    """The first page of a site: first what a person at the counter needs."""
    view = site.view
    counts = Counter(document.kind for document in view.documents)
    news = this_week(site)[:_NEWS]
    newest = site.rows(_newest(site, news))
    parts = [
        f'<p class="cb-lead">{_lead(site)}</p>',
        counted_ways(site) if counts else "",
        *_asked(site),
        *_subjects(site),
        *_news(site, news),
        heading(2, "最近核准", "newest") if newest else "",
        rows_html(newest, ""),
        site_markup(view),
    ]
    return Page(
        "",
        view.audience.title,
        "\n\n".join(part for part in parts if part),
        described(view.audience.title, view.settings.taxonomy.subjects),
        toc=False,
        kind="home",
        data={
            "title": view.audience.title,
            "url": site_url(view),
            "on": view.on.isoformat(),
            "counts": {kind.value: counts[kind] for kind in Kind},
            "news": [item_data(row, view, "") for row in news_rows(news, site, with_days=True)],
            "asked": [item_data(row, view, "") for row in asked_rows(site, _ASKED)],
            "items": [item_data(row, view, "") for row in newest],
        },
    )


def _lead(site: Site) -> str:
    day = site.view.on
    known = site.view.documents
    return dated(f"内容更新到 {day.year} 年 {chinese_day(day)}") if known else "还没有内容。"


def _subjects(site: Site) -> Iterator[str]:
    """The subjects; nothing where nobody has named any."""
    tiles = tiles_html(subject_tiles(site), "")
    if tiles:
        yield heading(2, SUBJECTS[0], "subjects")
        if Kind.FAQ in site.kinds:
            cards = f"站柜台用的：每类业务一张{linked(*CARDS)}，打印出来照着念。"
            yield f'<p class="cb-more">{cards}</p>'
        yield tiles


def _newest(site: Site, news: Iterable[NewsItem]) -> list[Document]:
    """The latest that the news above does not name already."""
    shown = {item.id for item in news}
    return [document for document in site.newest if document.id not in shown][:_NEWEST]


def _news(site: Site, shown: tuple[NewsItem, ...]) -> Iterator[str]:
    """What changed in the last seven days, in short."""
    if not (site.view.documents or site.news):
        return
    count, soon = len(this_week(site)), ending(site)
    yield heading(2, NEWS[0], "news")
    rows = news_rows(shown, site, with_days=True)
    yield rows_html(rows, "", style="cb-news") or "<p>这七天没有变化。</p>"
    more = [linked(f"七天内的全部 {count} 项", NEWS[1])] if count > len(shown) else []
    if soon:
        more.append(linked(f"{len(soon)} 篇七天内到期", f"{NEWS[1]}#ending"))
    if site.news:
        more.append(linked("以前的变化", f"{NEWS[1]}#weeks"))
    yield "" if not more else f'<p class="cb-more">{"，".join(more)}</p>'


def _asked(site: Site) -> Iterator[str]:
    """What is asked most, in short; nothing where nobody counted."""
    rows = asked_rows(site, _ASKED)
    if rows:
        yield heading(2, ASKED[0], "asked")
        yield rows_html(rows, "", style="cb-asked")
        left = len(site.most_asked) > len(rows)
        yield f'<p class="cb-more">{linked(f"全部 {len(site.most_asked)} 篇", ASKED[1])}</p>' * left
