"""The first page: what is asked most, ways to look, what is new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from casebook.addresses import site_url
from casebook.documents import Document, Kind
from casebook.news import NewsItem
from casebook.pages.asked import ASKED, asked_rows
from casebook.pages.browse import counted_ways, subject_tiles, tiles_html
from casebook.pages.cards import CARDS
from casebook.pages.listing import item_data, rows_html
from casebook.pages.page import EMPTY, Page, described, heading, linked
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
        heading(2, "按业务找", "subjects"),
        f'<p class="cb-more">{_cards()}</p>' if counts[Kind.FAQ] else "",
        tiles_html(subject_tiles(site), ""),
        *_news(site, news),
        heading(2, "最近核准", "newest"),
        rows_html(newest, "") or EMPTY,
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
            "news": [item_data(row, view, "") for row in news_rows(news, site)],
            "asked": [item_data(row, view, "") for row in asked_rows(site, _ASKED)],
            "items": [item_data(row, view, "") for row in newest],
        },
    )


def _lead(site: Site) -> str:
    return f"{site.view.on} 有效的内容" if site.view.documents else "还没有内容。"


def _cards() -> str:
    return f"站柜台用的：每类业务一张{linked(*CARDS)}，打印出来照着念。"


def _newest(site: Site, news: Iterable[NewsItem]) -> list[Document]:
    """The latest that the news above does not name already."""
    shown = {item.id for item in news}
    return [document for document in site.newest if document.id not in shown][:_NEWEST]


def _news(site: Site, shown: tuple[NewsItem, ...]) -> Iterator[str]:
    """What changed in the last seven days, in short."""
    count, soon = len(this_week(site)), ending(site)
    yield heading(2, NEWS[0], "news")
    yield rows_html(news_rows(shown, site), "", style="cb-news") or "<p>这七天没有变化。</p>"
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
        yield f'<p class="cb-more">{linked("更多", ASKED[1])}</p>'
