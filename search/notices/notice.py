"""What a notice is, and the file that an audience's notices are kept in."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from casebook.errors import CasebookError, reason
from casebook.files import replacing

FILE = "notices.json"
_VERSION = 1

log = logging.getLogger(__name__)


class NoticeRefused(CasebookError):
    """A notice cannot be set or changed as it was asked for."""


class NoticesDamaged(CasebookError):
    """A file of notices cannot be read."""


@dataclass(frozen=True)
class Change:
    """What was done to a notice.

    Attributes:
        at: when.
        what: in a few words.
        who: the account or the team; empty where nobody was named.
    """

    at: datetime
    what: str
    who: str


@dataclass(frozen=True)
class Notice:
    """An incident.

    Attributes:
        id: its name in commands and addresses.
        title: what is down, in a few words.
        text: what to tell customers.
        audience: the narrowest audience that sees it.
        words: phrases of a question for which it is pinned; of each all words must be there.
        subjects: subjects of results for which it is pinned, with what is below them.
        starts: from when, with the library's offset from UTC.
        ends: until when, with the library's offset from UTC; then it is gone by itself.
        by: the team that set it.
        stopped: whether somebody ended it; then no clock brings it back.
        history: what was done to it, the first first.
    """

    id: str
    title: str
    text: str
    audience: str
    words: tuple[str, ...]
    subjects: tuple[str, ...]
    starts: datetime
    ends: datetime
    by: str
    stopped: bool = False
    history: tuple[Change, ...] = ()

    def state(self, now: datetime) -> str:
        """``running``, ``upcoming`` or ``ended``."""
        if self.stopped or self.ends <= now:
            return "ended"
        return "running" if self.starts <= now else "upcoming"

    def changed(self, change: Change, **values: Any) -> Notice:
        """The notice after a change."""
        return replace(self, **values, history=(*self.history, change))


def read_notices(file: Path) -> list[Notice]:
    """The notices of a file, in the order in which they were set; none where there is no file.

    Raises:
        NoticesDamaged: the file is there and cannot be read.
    """
    try:
        value = json.loads(file.read_bytes())
        if value["version"] == _VERSION:
            return [_notice(one) for one in value["notices"]]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise NoticesDamaged(f"读不了“{file}”（{reason(error)}）；检查权限。") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise NoticesDamaged(f"“{file}”不是公告的文件；从备份里恢复，或者把它移开。")


def write_notices(file: Path, notices: Iterable[Notice]) -> None:
    """Writes a file of notices, as a whole or not at all.

    Raises:
        PublishError: it cannot be written.
    """
    value = {"version": _VERSION, "notices": [_value(one) for one in notices]}
    with replacing(file, private=True) as stream:
        stream.write(json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n")


def _notice(value: Mapping[str, Any]) -> Notice:
    """A notice as it is kept.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    return Notice(
        id=str(value["id"]),
        title=str(value["title"]),
        text=str(value["text"]),
        audience=str(value["audience"]),
        words=tuple(map(str, value["words"])),
        subjects=tuple(map(str, value["subjects"])),
        starts=_moment(value["starts"]),
        ends=_moment(value["ends"]),
        by=str(value["by"]),
        stopped=value["stopped"] is True,
        history=tuple(
            Change(_moment(one["at"]), str(one["what"]), str(one["who"]))
            for one in value["history"]
        ),
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no offset")
    return moment


def _value(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "title": notice.title,
        "text": notice.text,
        "audience": notice.audience,
        "words": list(notice.words),
        "subjects": list(notice.subjects),
        "starts": notice.starts.isoformat(),
        "ends": notice.ends.isoformat(),
        "by": notice.by,
        "stopped": notice.stopped,
        "history": [
            {"at": one.at.isoformat(), "what": one.what, "who": one.who} for one in notice.history
        ],
    }
