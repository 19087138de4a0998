"""A View's news → items and messages within a platform's limits."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from casebook.addresses import document_path, site_url
from casebook.digests import bytes_digest
from casebook.documents import Document
from casebook.library import View
from casebook.markup import plain_text
from casebook.news import NewsItem, NewsKind, advice_of, caution_of, news_of, opening_of
from casebook.notify.formats import Format
from casebook.notify.messages import Item, Link, Message, first_sentences
from casebook.settings import WebhookSettings

# A robot that says more at once is not read.
MOST_MESSAGES = 5
_TEXT = 120
_MOST_LINKS = 3
_WIDEST = 99999
_DIGEST = 16


@dataclass(frozen=True)
class Portion:
    """A message, and the items that are told by it, those that only fall under 还有 included."""

    message: Message
    payload: Mapping[str, object]
    tells: tuple[Item, ...]


def news_items(view: View, webhook: WebhookSettings, since: date) -> list[Item]:
    """What a webhook is to be told, most urgent first: what was withdrawn before what is new.

    Args:
        view: of the webhook's audience; nothing else can be told.
        webhook: which subjects, kinds and events it wants.
        since: the first day; the last is the view's.
    """
    wanted = [item for item in news_of(view, since, view.on) if _wants(webhook, item)]
    order = list(NewsKind)
    wanted.sort(key=lambda item: (order.index(item.kind), -item.on.toordinal(), item.id))
    return [_item(item, view) for item in wanted]


def portions(items: list[Item], view: View, form: Format) -> list[Portion]:
    """Items in as few messages as the platform's limit allows, cut only between items.

    Args:
        items: what is to be told.
        view: the audience's.
        form: of the platform.

    Returns:
        At most :data:`MOST_MESSAGES`; the last one tells how many items did not fit and where
        they stand.
    """
    groups = list(_groups(items, view, form))
    shown, rest = groups[:MOST_MESSAGES], groups[MOST_MESSAGES:]
    left = tuple(item for group in rest for item in group)
    made = []
    for number, group in enumerate(shown, 1):
        last = number == len(shown)
        more = _more(len(left), view) if last and left else None
        message = _message(group, view, _part(number, len(shown)), more)
        tells = (*group, *left) if last else tuple(group)
        made.append(Portion(message, form.payload(message), tells))
    return made


def _groups(items: Iterable[Item], view: View, form: Format) -> Iterator[list[Item]]:
    group: list[Item] = []
    for item in items:
        if group and not _fits([*group, item], view, form):
            yield group
            group = []
        group.append(item if group or _fits([item], view, form) else item.brief())
    if group:
        yield group


def _fits(group: list[Item], view: View, form: Format) -> bool:
    """Whether a group fits even with the longest title and what may stand below it."""
    widest = _message(group, view, _part(MOST_MESSAGES, MOST_MESSAGES), _more(_WIDEST, view))
    return form.size(form.payload(widest)) <= form.limit


def _message(group: Iterable[Item], view: View, part: str, more: Link | None) -> Message:
    title = f"知识更新：{view.audience.title}{part}"
    data = {"source": "casebook", "audience": view.audience.id, "on": view.on.isoformat()}
    return Message(title, tuple(group), more, data)


def _part(number: int, count: int) -> str:
    return f"（{number}/{count}）" if count > 1 else ""


def _more(count: int, view: View) -> Link:
    return Link(f"还有 {count} 条，见最近变化", _url(view, "news/"))


def _wants(webhook: WebhookSettings, item: NewsItem) -> bool:
    return (
        item.kind.value in webhook.events
        and (not webhook.kinds or item.document_kind.value in webhook.kinds)
        and (not webhook.subjects or any(_within(item.subject, s) for s in webhook.subjects))
    )


def _within(subject: str, parent: str) -> bool:
    return f"{subject}/".startswith(f"{parent}/")


def _item(news: NewsItem, view: View) -> Item:
    document = view.get(news.id)
    told = [news.kind.value, news.on.isoformat(), *news.replaced_by]
    digest = bytes_digest(json.dumps(told).encode())[:_DIGEST]
    url = _url(view, news.path)
    if document is None:
        return _gone_item(news, view, digest, url)
    text = caution_of(document, view.on) + plain_text(opening_of(document).html)
    shown = first_sentences(text, _TEXT)
    facts = [document.subject or document.kind.label, document.owner, _when(news)]
    return Item(
        key=news.id,
        digest=digest,
        label=news.label,
        title=news.title,
        url=url,
        lines=(shown, " · ".join(facts)),
        data={**_data(news, url), "text": shown},
    )


def _gone_item(news: NewsItem, view: View, digest: str, url: str) -> Item:
    found = [document for name in news.replaced_by if (document := view.get(name))]
    links = tuple(_link(document, view) for document in found[:_MOST_LINKS])
    advice = "不要再照它答复。"
    if not links:
        advice = f"不要再照它答复；没有直接代替它的，{advice_of(news.subject, view)}"
    return Item(
        key=news.id,
        digest=digest,
        label=news.label,
        title=news.headline,
        url=url,
        lines=(advice, f"{news.document_kind.label} · {_when(news)}"),
        links=links,
        data={
            **_data(news, url),
            "replaced_by": [
                {"id": one.id, "title": one.title, "url": _url(view, document_path(one))}
                for one in found
            ],
        },
    )


def _link(document: Document, view: View) -> Link:
    return Link(document.title, _url(view, document_path(document)), "请改看：")


def _when(news: NewsItem) -> str:
    words = {NewsKind.ENDS: "最后一天", NewsKind.IN_FORCE: "起生效"}.get(news.kind, "")
    return f"{news.on}{words and ' '}{words}"


def _data(news: NewsItem, url: str) -> dict[str, object]:
    return {
        "id": news.id,
        "kind": news.document_kind.value,
        "event": news.kind.value,
        "label": news.label,
        "on": news.on.isoformat(),
        "title": news.title or None,
        "subject": news.subject or None,
        "badge": news.badge.value if news.badge else None,
        "url": url or None,
    }


def _url(view: View, path: str) -> str:
    """An absolute address; empty where the settings give the audience's site none."""
    return site_url(view, path) if view.audience.url else ""
