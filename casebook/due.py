"""What is to be looked at: reviews that are due, what has ended or ends soon; most read first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from icalendar import Alarm, Calendar, Event, Timezone

from casebook.digests import bytes_digest
from casebook.documents import Document, Standing
from casebook.errors import CasebookError
from casebook.library import View
from casebook.validation import nearest

ALARM_BEFORE = timedelta(days=7)


class UnknownOwner(CasebookError):
    """Nobody of that name answers for any document."""


class Occasion(StrEnum):
    """Why a document is to be looked at, most urgent first."""

    OVERDUE = "overdue"
    ENDED = "ended"
    SOON = "soon"
    ENDING = "ending"

    @property
    def label(self) -> str:
        """Its Chinese name."""
        return {
            "overdue": "复核已过期",
            "ended": "已失效，归档或续期",
            "soon": "即将到期复核",
            "ending": "即将失效",
        }[self.value]

    @property
    def event(self) -> str:
        """What happens on the day: the same before and after it."""
        return "失效" if self in (Occasion.ENDING, Occasion.ENDED) else "复核"


# An event stays the same when its day has passed.
_UID = {
    Occasion.OVERDUE: "review",
    Occasion.ENDED: "end",
    Occasion.SOON: "review",
    Occasion.ENDING: "end",
}
# The rule that a document waives when it is kept after its end on purpose.
_KEPT = "ended"


@dataclass(frozen=True)
class Due:
    """A document that is to be looked at.

    Attributes:
        document: as the widest audience sees it.
        occasion: why.
        day: the day of its review, or the last day it holds.
        days: how many days until then; negative when it is past.
        reads: how often it was chosen.
    """

    document: Document
    occasion: Occasion
    day: date
    days: int
    reads: int


def due(view: View, within: int, reads: Mapping[str, int], owner: str | None = None) -> list[Due]:
    """What is to be looked at.

    Args:
        view: the widest audience's; others know of no review dates.
        within: how many days ahead count as soon.
        reads: how often each document was chosen, by its id.
        owner: only what they answer for.

    Returns:
        What is overdue, what has ended, what is due soon, what ends soon; in each the most read
        first. What ended and was superseded, or is kept on purpose, is nobody's business.

    Raises:
        UnknownOwner: nobody of that name answers for anything.
    """
    owners = sorted({document.owner for document in view.documents})
    if owner is not None and owner not in owners:
        guess = nearest(owner, owners)
        advice = f"是不是“{guess}”？" if guess else ""
        raise UnknownOwner(f"没有负责人“{owner}”；{advice}有：{'、'.join(owners)}。")
    last = view.on + timedelta(days=within)
    settled = set(_settled(view))
    found = (
        Due(document, occasion, day, (day - view.on).days, reads.get(document.id, 0))
        for document in view.documents
        if owner in (None, document.owner) and document.id not in settled
        for occasion, day in _occasions(document, view.on, last)
    )
    order = list(Occasion)
    return sorted(found, key=lambda d: (order.index(d.occasion), -d.reads, d.day, d.document.id))


def _settled(view: View) -> Iterable[str]:
    """What has ended and needs nobody's decision any more."""
    for document in view.documents:
        if document.standing(view.on) is not Standing.ENDED:
            continue
        kept = any(one.rule == _KEPT for one in document.waivers)
        newer = view.replacing(document.id)
        if kept or any(one.standing(view.on) is Standing.CURRENT for one in newer):
            yield document.id


def _occasions(document: Document, on: date, last: date) -> Iterable[tuple[Occasion, date]]:
    review, end = document.review_by, document.effective_until_or_none
    if end and end < on:
        yield Occasion.ENDED, end
        return
    if review and review < on:
        yield Occasion.OVERDUE, review
    elif review and review <= last:
        yield Occasion.SOON, review
    if end and end <= last:
        yield Occasion.ENDING, end


def as_text(found: Sequence[Due], view: View, within: int) -> str:
    """For a terminal: a group an occasion, two lines a document.

    Args:
        found: what to list.
        view: where it is from.
        within: how many days ahead were looked at.
    """
    lines = []
    for occasion in Occasion:
        group = [one for one in found if one.occasion is occasion]
        if group:
            lines.append(f"{occasion.label}：{len(group)} 篇")
        for one in group:
            document = one.document
            lines += [
                f"  {one.day}  {document.kind.label}  {document.id}  {document.title}",
                f"      {_when(one)}；{document.owner}；点开 {one.reads} 次",
            ]
    last = view.on + timedelta(days=within)
    return "\n".join(lines) or f"到 {last} 为止，没有要复核的，也没有失效的。"


def as_json(found: Sequence[Due], view: View) -> str:
    """For programs."""
    value = {
        "on": str(view.on),
        "due": [
            {
                "id": one.document.id,
                "title": one.document.title,
                "kind": one.document.kind.value,
                "owner": one.document.owner,
                "audience": one.document.audience,
                "occasion": one.occasion.value,
                "day": str(one.day),
                "days": one.days,
                "reads": one.reads,
            }
            for one in found
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=2)


def as_calendar(found: Sequence[Due], view: View, now: datetime | None = None) -> bytes:
    """As iCalendar (RFC 5545): a whole-day event each, with an alarm a week before.

    An event keeps its UID when its day moves, so a calendar that is read again moves it, too.

    Args:
        found: what to list.
        view: where it is from.
        now: the time to write as that of making; the real one when none is given.
    """
    settings = view.settings.library
    calendar = Calendar()
    calendar.add("prodid", "-//casebook//casebook due//ZH")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", f"{settings.title} 复核日历")
    # The same entry of two companies is two events.
    place = bytes_digest(settings.company.encode())[:12]
    for one in found:
        calendar.add_component(_event(one, place, now or datetime.now(UTC)))
    if not found:
        # A calendar must hold something.
        year = timedelta(days=365)
        zone = Timezone.from_tzid(
            settings.timezone, first_date=view.on - year, last_date=view.on + year
        )
        calendar.add_component(zone)
    return bytes(calendar.to_ical())


def _event(one: Due, place: str, now: datetime) -> Event:
    document = one.document
    what = f"{one.occasion.event}：{document.title}"
    event = Event()
    event.add("uid", f"{document.id}.{_UID[one.occasion]}@{place}.casebook")
    event.add("dtstamp", now)
    event.add("dtstart", one.day)
    event.add("summary", what)
    event.add(
        "description",
        f"{document.kind.label} {document.id}\n负责：{document.owner}\n点开 {one.reads} 次",
    )
    event.add("categories", [document.kind.label])
    event.add("transp", "TRANSPARENT")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", what)
    alarm.add("trigger", -ALARM_BEFORE)
    event.add_component(alarm)
    return event


def _when(one: Due) -> str:
    if one.occasion is Occasion.ENDED:
        return f"失效 {-one.days} 天"
    if one.days < 0:
        return f"过期 {-one.days} 天"
    return f"还有 {one.days} 天" if one.days else "就是今天"
