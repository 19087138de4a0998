"""What became readable or changed for an audience, day by day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from casebook.documents import Case, Document, Kind, Section, Standing, Withdrawal
from casebook.library import View
from casebook.trust import Badge, trust_of

# A text that was approved this long after its entry began is a later one than the first.
_FIRST_TEXT = timedelta(days=31)


class NewsKind(StrEnum):
    """What happened. On one day only the first of these is told of a document."""

    WITHDRAWN = "withdrawn"
    ENDS = "ends"
    NEW = "new"
    IN_FORCE = "in_force"
    REVISED = "revised"

    @property
    def label(self) -> str:
        """Its Chinese words."""
        return {
            "withdrawn": "已撤下",
            "ends": "到期",
            "new": "新增",
            "in_force": "开始生效",
            "revised": "更新",
        }[self.value]


@dataclass(frozen=True)
class NewsItem:
    """What happened to one document on one day.

    Attributes:
        on: the day; of what ends, the last day it holds.
        kind: what happened.
        document_kind: what sort of document it is.
        id: the document's.
        title: as the audience may read it; empty for what was withdrawn.
        subject: a path of the taxonomy; empty where there is none.
        badge: how far to trust it now; None for what was withdrawn.
        owner: the team that answers for it; empty for what was withdrawn.
        replaced_by: the ids of what holds instead of what was withdrawn.
        seen_on: the day it is told; where it is known, what ends says how near that is.
    """

    on: date
    kind: NewsKind
    document_kind: Kind
    id: str
    title: str = ""
    subject: str = ""
    badge: Badge | None = None
    owner: str = ""
    replaced_by: tuple[str, ...] = ()
    seen_on: date | None = None

    @property
    def label(self) -> str:
        """What happened, in Chinese words."""
        if self.kind is not NewsKind.ENDS or self.seen_on is None:
            return self.kind.label
        if self.on == self.seen_on:
            return "今天到期"
        return "将到期" if self.on > self.seen_on else "已到期"

    @property
    def headline(self) -> str:
        """What it happened to: the title, or what may be said where no title is known."""
        return self.title or _nameless(self.id, self.document_kind, self.subject)

    @property
    def path(self) -> str:
        """The document's address under the site's root; it stays when the document is gone."""
        return self.document_kind.address(self.id)


@dataclass(frozen=True, order=True)
class Week:
    """A week of ISO 8601.

    Attributes:
        monday: its first day.
    """

    monday: date

    @classmethod
    def of(cls, day: date) -> Week:
        """The week that a day is in; for the current week take the view's day."""
        return cls(day - timedelta(days=day.weekday()))

    @property
    def sunday(self) -> date:
        """Its last day."""
        return self.monday + timedelta(days=6)

    @property
    def name(self) -> str:
        """As ISO 8601 writes it: ``2026-W47``."""
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02}"

    @property
    def label(self) -> str:
        """As people say it: ``11 月 16 日至 22 日（2026 年第 47 周）``."""
        year, number, _ = self.monday.isocalendar()
        first, last = self.monday, self.sunday
        end = f"{last.day} 日" if first.month == last.month else f"{last.month} 月 {last.day} 日"
        return f"{first.month} 月 {first.day} 日至 {end}（{year} 年第 {number} 周）"


def news_of(view: View, since: date, until: date) -> tuple[NewsItem, ...]:
    """What became readable or changed for an audience in a period.

    Args:
        view: what the audience may see.
        since: the first day.
        until: the last day; it may lie ahead of the view's day, for what ends soon.

    Returns:
        The newest first, then by kind and id; one item a document and day.
    """
    items: dict[tuple[str, date], NewsItem] = {}
    for item in _all_news(view):
        if since <= item.on <= until:
            known = items.setdefault((item.id, item.on), item)
            if _order(item) < _order(known):
                items[item.id, item.on] = item
    return tuple(sorted(items.values(), key=lambda i: (-i.on.toordinal(), _order(i), i.id)))


def opening_of(document: Document) -> Section:
    """What a document says first: the answer, the theme of a case, the first article."""
    return document.section("answer") or document.sections[0]


def caution_of(document: Document, on: date) -> str:
    """What has to be said before the text of a document that does not hold on a day.

    Args:
        document: one that may not hold yet, or no longer.
        on: the day.

    Returns:
        A sentence; empty when it holds.
    """
    standing = document.standing(on)
    if standing is Standing.CURRENT:
        return ""
    if standing is Standing.UPCOMING:
        return f"未生效：{document.effective_from_or_none} 起才能照此答复。"
    return f"已失效：{document.effective_until_or_none} 是最后一天，不能再照此答复。"


def gone_words(gone: Withdrawal) -> str:
    """What is told of something withdrawn, whose title nobody knows: ``… 已撤下``."""
    return f"{_nameless(gone.id, gone.kind, gone.subject)}已于 {gone.on} 撤下"


def advice_of(subject: str, view: View) -> str:
    """Where to look instead of what was withdrawn and has no replacement.

    Args:
        subject: its path of the taxonomy; may be empty.
        view: whose readers ask; those of the widest audience are the hotline themselves.
    """
    where = f"在站点里查“{subject}”" if subject else "在站点里重新查找"
    return f"{where}，不要凭记忆答。" if view.internal else f"{where}，查不到就打客服热线。"


def _nameless(name: str, kind: Kind, subject: str) -> str:
    return f"{subject} 里的一条（编号 {name}）" if subject else f"编号 {name} 的{kind.label}"


def changed_on(document: Document, view: View) -> date:
    """The last day on which a document became what it is for those who read it.

    That is when its text was approved or, should that be later and have come, when it came into
    force.
    """
    start = document.effective_from_or_none
    if start and start <= view.on:
        return max(start, document.approved_on)
    return document.approved_on


def _all_news(view: View) -> Iterator[NewsItem]:
    for withdrawal in view.withdrawn:
        yield _withdrawn(withdrawal, view)
    for document in view.documents:
        for kind, day in _events(document, view):
            yield NewsItem(
                on=day,
                kind=kind,
                document_kind=document.kind,
                id=document.id,
                title=document.title,
                subject=document.subject or "",
                badge=trust_of(document, view).badge,
                owner=document.owner,
                seen_on=view.on,
            )


def _withdrawn(withdrawal: Withdrawal, view: View) -> NewsItem:
    return NewsItem(
        on=withdrawal.on,
        kind=NewsKind.WITHDRAWN,
        document_kind=withdrawal.kind,
        id=withdrawal.id,
        subject=withdrawal.subject,
        replaced_by=tuple(name for name in withdrawal.replaced_by if view.get(name)),
        seen_on=view.on,
    )


def _events(document: Document, view: View) -> Iterator[tuple[NewsKind, date]]:
    start, end = document.effective_from_or_none, document.effective_until_or_none
    approved = NewsKind.NEW if _is_first_text(document) else NewsKind.REVISED
    if start and start > document.approved_on and not view.internal:
        # Only the widest audience could read it before it came into force.
        yield NewsKind.NEW, start
    else:
        yield approved, document.approved_on
        if start and start > document.approved_on:
            yield NewsKind.IN_FORCE, start
    if end:
        yield NewsKind.ENDS, end


def _is_first_text(document: Document) -> bool:
    """Whether the text is the entry's first, as far as its dates tell."""
    begun = document.written if isinstance(document, Case) else document.effective_from_or_none
    return begun is not None and document.approved_on - begun <= _FIRST_TEXT


def _order(item: NewsItem) -> int:
    return list(NewsKind).index(item.kind)
