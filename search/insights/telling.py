"""Bad ratings, missing answers and late tasks as items that webhooks are told, beside the news.

Each is told once: a bad answer until it is approved anew, a question that is not found for good, a
task for each day on which it was due. What happened once makes no noise. Times are counted, not
people: the journal does not know who asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from urllib.parse import quote

from casebook.addresses import document_path, site_url
from casebook.digests import bytes_digest
from casebook.documents import Document
from casebook.library import View
from casebook.notify.messages import Item
from casebook.settings import WebhookSettings
from search.insights.rows import Report, Row
from search.insights.tasks import Task
from search.insights.words import REASONS

# The days that are looked at, and how much must have happened in them.
DAYS = 7
LEAST_BAD = 2
LEAST_ASKED = 3
_EXAMPLES = 3
_DIGEST = 16
# Told once, whatever becomes of it.
_FOR_GOOD = "1"


def work_items(
    webhook: WebhookSettings,
    view: View,
    reports: Sequence[Report],
    tasks: Sequence[Task],
    address: str,
    told: Callable[[Item], bool],
) -> list[Item]:
    """What a webhook is to be told of, what is wrong before what is missing.

    Args:
        webhook: which events, subjects and teams it wants.
        view: of the widest audience, whose webhook it must be.
        reports: one for each audience whose journal is here, over ``DAYS``.
        tasks: all that are open.
        address: the service's, with a slash; empty where it is not known.
        told: whether an item was told already.
    """
    found = (
        *_bad(reports, view),
        *_missing(reports, address, told),
        *_late(tasks, view.on, address),
    )
    return [item for item in found if _wants(webhook, item, view) and not told(item)]


def _bad(reports: Iterable[Report], view: View) -> Iterable[Item]:
    for report in reports:
        for row in report.lists["bad_ratings"]:
            document = view.get(row.documents[0])
            if document and (bad := _since_approved(row, document)) >= LEAST_BAD:
                yield _bad_item(row, document, bad, view)


def _since_approved(row: Row, document: Document) -> int:
    """How many of the bad ratings are of the text as it stands."""
    approved = document.approved_on.isoformat()
    return sum(times for day, times in row.details["by_day"].items() if day >= approved)


def _bad_item(row: Row, document: Document, bad: int, view: View) -> Item:
    said = [f"{REASONS[reason]} {times} 次" for reason, times in row.details["reasons"].items()]
    url = site_url(view, document_path(document)) if view.audience.url else ""
    anew = f"；其中 {document.approved_on} 重新核准以后 {bad} 次" if bad < row.count else ""
    lines = [f"{DAYS} 天里 {row.count} 次评价没用：{'，'.join(said)}{anew}。", _asked(row)]
    return Item(
        key=f"bad:{row.audience}:{document.id}",
        digest=_digest(document.approved_on.isoformat()),
        label="评价没用",
        title=document.title,
        url=url,
        lines=(*filter(None, lines), f"请{document.owner}看一遍，改好重新核准。"),
        data=_data("bad_rating", "评价没用", row, document.id, document.title, url),
    )


def _missing(
    reports: Iterable[Report], address: str, told: Callable[[Item], bool]
) -> Iterable[Item]:
    for report in reports:
        for row in report.lists["not_found"]:
            if row.count < LEAST_ASKED:
                continue
            item = _missing_item(row, address)
            # Under another wording it may have been told already.
            names = [replace(item, key=f"missing:{name}") for name in row.ids]
            if not any(map(told, names)):
                yield item


def _missing_item(row: Row, address: str) -> Item:
    page = f"insights/not_found?audience={quote(row.audience)}&days={DAYS}#{row.id}"
    url = f"{address}{page}" if address else ""
    return Item(
        key=f"missing:{row.id}",
        digest=_FOR_GOOD,
        label="没有答案",
        title=row.title,
        url=url,
        lines=(f"{DAYS} 天里问了 {row.count} 次。", f"请{row.owner}：{row.advice}"),
        data=_data("missing", "没有答案", row, row.id, row.title, url),
    )


def _late(tasks: Iterable[Task], on: date, address: str) -> Iterable[Item]:
    for task in tasks:
        if task.late(on):
            title = task.question or "、".join(task.documents)
            url = f"{address}tasks/#task-{task.id}" if address else ""
            yield Item(
                key=f"task:{task.id}",
                digest=_digest(task.due.isoformat()),
                label="待办过期",
                title=title,
                url=url,
                lines=(f"{task.owner} · {task.due} 到期，过了 {(on - task.due).days} 天。",),
                data={
                    "id": f"task-{task.id}",
                    "event": "task_due",
                    "label": "待办过期",
                    "title": title,
                    "url": url or None,
                    "owner": task.owner,
                    "due": task.due.isoformat(),
                    "documents": list(task.documents),
                },
            )


def _asked(row: Row) -> str:
    asked = "、".join(f"“{text}”" for text in row.examples[:_EXAMPLES])
    return f"问的是{asked}。" if asked else ""


def _data(event: str, label: str, row: Row, name: str, title: str, url: str) -> dict[str, object]:
    return {
        "id": name,
        "event": event,
        "label": label,
        "title": title,
        "url": url or None,
        "owner": row.owner,
        "audience": row.audience,
        "count": row.count,
        "examples": list(row.examples),
        "documents": list(row.documents),
    }


def _wants(webhook: WebhookSettings, item: Item, view: View) -> bool:
    """Whether it is one of the webhook's events, and about one of its teams and subjects."""
    if item.data["event"] not in webhook.events:
        return False
    if webhook.owners and item.data["owner"] not in webhook.owners:
        return False
    if not webhook.subjects:
        return True
    names = item.data["documents"]
    found = [view.get(str(name)) for name in names] if isinstance(names, list) else []
    subjects = [document.subject for document in found if document and document.subject]
    return any(
        f"{subject}/".startswith(f"{wanted}/")
        for subject in subjects
        for wanted in webhook.subjects
    )


def _digest(text: str) -> str:
    return bytes_digest(text.encode())[:_DIGEST]
