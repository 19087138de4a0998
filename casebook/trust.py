"""How far a document can be trusted on a day: one badge for people, the same in the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from casebook.documents import Document, Standing
from casebook.library import View


class Badge(StrEnum):
    """What a reader is told first. The words for data are in English, those for people Chinese."""

    VERIFIED = "verified"
    DUE = "due"
    OVERDUE = "overdue"
    UPCOMING = "upcoming"
    ENDED = "ended"

    @property
    def label(self) -> str:
        """Its Chinese words."""
        return {
            "verified": "已核准",
            "due": "即将复核",
            "overdue": "待复核",
            "upcoming": "未生效",
            "ended": "已失效",
        }[self.value]


# The same of what is gone: nobody answers for it any more, so there is nothing else to say.
WITHDRAWN: Mapping[str, str] = {"badge": "withdrawn", "badge_label": "已撤下"}


@dataclass(frozen=True)
class Trust:
    """How far to trust a document.

    Attributes:
        badge: in one word.
        verified_on: when its text was last approved.
        verified_by: the team that answers for it; a role, never a person.
        valid_from: the first day it holds; None when it holds from the start.
        valid_until: the last day it holds; None when it holds until further notice.
        review_by: when it must be looked at again; None where the audience is not told.
        rests_on: the ids of the policies and articles that it rests on, as far as they are shown.
    """

    badge: Badge
    verified_on: date
    verified_by: str
    valid_from: date | None
    valid_until: date | None
    review_by: date | None
    rests_on: tuple[str, ...]

    def data(self) -> dict[str, object]:
        """The same for JSON; what is not known is left out."""
        values: dict[str, object] = {
            "badge": self.badge.value,
            "badge_label": self.badge.label,
            "verified_on": self.verified_on.isoformat(),
            "verified_by": self.verified_by,
        }
        for name in ("valid_from", "valid_until", "review_by"):
            day = getattr(self, name)
            if day:
                values[name] = day.isoformat()
        return values | {"rests_on": list(self.rests_on)}


def trust_of(document: Document, view: View) -> Trust:
    """How far a document of a view can be trusted on the view's day.

    Ended or not yet in force comes before anything about reviews, and an overdue review before a
    near one. Views that do not show review dates know no review states.
    """
    return Trust(
        badge=_badge(document, view),
        verified_on=document.approved_on,
        verified_by=document.owner,
        valid_from=document.effective_from_or_none,
        valid_until=document.effective_until_or_none,
        review_by=document.review_by,
        rests_on=tuple(map(str, document.policies)),
    )


def _badge(document: Document, view: View) -> Badge:
    standing = document.standing(view.on)
    if standing is Standing.ENDED:
        return Badge.ENDED
    if standing is Standing.UPCOMING:
        return Badge.UPCOMING
    if document.review_by is None:
        return Badge.VERIFIED
    if view.on > document.review_by:
        return Badge.OVERDUE
    near = timedelta(days=view.settings.review.due_soon)
    return Badge.DUE if view.on + near >= document.review_by else Badge.VERIFIED
