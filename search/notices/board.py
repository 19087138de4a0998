"""Setting, extending and ending notices, in the folders of all audiences that may see them.

A notice for dealers is kept in the dealers' folder and in that of every wider audience; one for
agents is never written where the dealers' service could read it.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from casebook.errors import PublishError, reason
from casebook.files import alone, private_file
from casebook.personal_data import find_personal_data
from casebook.validation import nearest
from search.notices.notice import (
    FILE,
    Change,
    Notice,
    NoticeRefused,
    NoticesDamaged,
    log,
    read_notices,
    write_notices,
)

# What is to last longer is no incident: an entry of the library says it.
LONGEST = timedelta(days=31)
_LIMITS = {"title": ("标题", 60), "text": ("正文", 500), "by": ("班组", 40)}
_MOST_WORDS = 20
_LONGEST_WORD = 20
_LOCK_SECONDS = 5.0
_ID = re.compile(r"[a-z0-9-]{1,40}")
_CLOCK = "写成 2026-11-25 22:00"
# What people put between phrases in one line.
_BETWEEN = str.maketrans("，、；;\n\t", ",,,,,,")
# What no file holds, and what no screen shows.
_UNSHOWN = frozenset(("Cs", "Cc"))


@dataclass(frozen=True)
class Place:
    """A folder of what an audience's service learns.

    Attributes:
        audience: the audience's id.
        name: its Chinese name.
        folder: where it is.
        named: whether accounts are kept there; elsewhere only teams are.
    """

    audience: str
    name: str
    folder: Path
    named: bool


@dataclass(frozen=True)
class Draft:
    """A notice as somebody asks for it.

    Attributes:
        title: what is down.
        text: what to tell customers.
        ends: until when.
        starts: from when; None is at once.
        words: phrases of questions.
        subjects: subjects of results.
        audience: the narrowest audience that is to see it; empty for the widest alone.
        by: the team that sets it.
        id: its name; empty makes one.
    """

    title: str
    text: str
    ends: datetime
    starts: datetime | None = None
    words: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    audience: str = ""
    by: str = ""
    id: str = ""


def _now() -> datetime:
    return datetime.now(UTC)


def notice_id(now: datetime) -> str:
    """A new notice's id: its day, and what tells it from others of that day."""
    return f"{now:%m%d}-{secrets.token_hex(2)}"


def phrases(text: str) -> list[str]:
    """The phrases of a line, as people write them one after the other."""
    found = (phrase.strip() for phrase in text.translate(_BETWEEN).split(","))
    return [phrase for phrase in found if phrase]


class Board:
    """Sets, extends and ends notices.

    Args:
        places: where, the narrowest audience first.
        timezone: the library's.
        subjects: those that there are; empty where that is not known.
        allowed: what is no personal data, although it looks like it.
        now: gives the time.
    """

    def __init__(
        self,
        places: Sequence[Place],
        timezone: str,
        subjects: Sequence[str] = (),
        allowed: Sequence[str] = (),
        now: Callable[[], datetime] = _now,
    ) -> None:
        self.places = tuple(places)
        self.zone = ZoneInfo(timezone)
        self._subjects = subjects
        self._allowed = allowed
        self._clock = now

    def all(self) -> list[Notice]:
        """Every notice that the widest audience's folder knows, the newest first.

        Raises:
            NoticesDamaged: the file cannot be read.
        """
        return read_notices(self.places[-1].folder / FILE)[::-1]

    def moment(self, text: str) -> datetime:
        """A time as people write it, in the library's time zone where they name none.

        Raises:
            NoticeRefused: it is none.
        """
        try:
            found = datetime.fromisoformat(text.strip())
            here = found.astimezone(self.zone) if found.tzinfo else found.replace(tzinfo=self.zone)
        except (ValueError, OverflowError):
            raise NoticeRefused(f"“{text[:40]}”不是时间；{_CLOCK}。") from None
        if len(text.strip()) <= len("2026-11-25"):
            raise NoticeRefused(f"“{text[:40]}”没有写几点；{_CLOCK}。")
        return here

    def now(self) -> datetime:
        """The time in the library's time zone, to the second."""
        return self._clock().astimezone(self.zone).replace(microsecond=0)

    def add(self, draft: Draft, who: str = "") -> Notice:
        """Sets a notice; one of the same id is replaced, and ended where it is not to be seen now.

        Args:
            draft: the notice.
            who: the account that sets it.

        Raises:
            NoticeRefused: it is not complete, too long, ends in the past, or names a person; or it
                would replace one for an audience that is none of the places.
            PublishError: it cannot be written.
        """
        now = self.now()
        new = self._checked(draft, now)
        for old in _known(self.places[-1]):
            if old.id == new.id:
                self._check_reach(old)
        self._end_below(new.audience, new.id, who or new.by)
        change = Change(now, f"发布，到 {_shown(new.ends)}", who or new.by)
        for place in self._places_of(new.audience):
            with _changing(place) as notices:
                notices[:] = [one for one in notices if one.id != new.id]
                notices.append(new.changed(self._kept(change, new, place)))
        return new

    def extend(self, notice_id: str, ends: datetime, who: str = "") -> Notice:
        """Gives a notice another end; one that has ended runs again.

        Raises:
            NoticeRefused: there is none of that id, it is for an audience that is none of the
                places, or the end is past or too far.
        """
        now = self.now()
        old = self._get(notice_id)
        ends = ends.astimezone(self.zone)
        self._check_end(max(old.starts, now), ends, now)
        return self._change(old, f"改为到 {_shown(ends)}", who, ends=ends, stopped=False)

    def end(self, notice_id: str, who: str = "") -> Notice:
        """Ends a notice at once; ending it twice changes nothing.

        Raises:
            NoticeRefused: there is none of that id, or it is for an audience that is none of the
                places.
        """
        old = self._get(notice_id)
        now = self.now()
        if old.state(now) == "ended":
            return old
        return self._change(old, "结束", who, ends=max(now, old.starts), stopped=True)

    def _change(self, old: Notice, what: str, who: str, **values: object) -> Notice:
        self._check_reach(old)
        change = Change(self.now(), what, who or old.by)
        for place in self._places_of(old.audience):
            with _changing(place) as notices:
                notices[:] = [
                    one.changed(self._kept(change, one, place), **values)
                    if one.id == old.id
                    else one
                    for one in notices
                ]
        return self._get(old.id)

    def _end_below(self, audience: str, notice_id: str, who: str) -> None:
        """Ends a notice where audiences see it that are narrower than the one it is for now."""
        now = self.now()
        for place in self.places[: -len(self._places_of(audience))]:
            running = (one.id for one in _known(place) if one.state(now) != "ended")
            if notice_id not in running:
                continue
            with _changing(place) as notices:
                notices[:] = [
                    one.changed(
                        self._kept(Change(now, "结束", who), one, place),
                        ends=max(now, one.starts),
                        stopped=True,
                    )
                    if one.id == notice_id
                    else one
                    for one in notices
                ]

    def _get(self, notice_id: str) -> Notice:
        known = self.all()
        for one in known:
            if one.id == notice_id:
                return one
        running = [one.id for one in known if one.state(self.now()) != "ended"]
        advice = f"没有结束的有：{'、'.join(running)}" if running else "现在没有公告"
        raise NoticeRefused(f"没有编号是“{notice_id[:40]}”的公告；{advice}。")

    def _check_reach(self, notice: Notice) -> None:
        """Refuses what would leave a notice as it was where some of those see it whom it is for."""
        if not self._places_of(notice.audience):
            raise NoticeRefused(
                f"“{notice.title}”也是给 {notice.audience} 的，这里写不到他们那里；在写得到的地方"
                f"用 casebook notice 改，编号 {notice.id}。"
            )

    def _places_of(self, audience: str) -> tuple[Place, ...]:
        """Where a notice for an audience is kept; nowhere when that cannot be written from here."""
        names = [place.audience for place in self.places]
        return self.places[names.index(audience) :] if audience in names else ()

    @staticmethod
    def _kept(change: Change, notice: Notice, place: Place) -> Change:
        return change if place.named else replace(change, who=notice.by)

    def _checked(self, draft: Draft, now: datetime) -> Notice:
        texts = {name: " ".join(getattr(draft, name).split()) for name in _LIMITS}
        for name, (label, most) in _LIMITS.items():
            if name != "by" and not texts[name]:
                raise NoticeRefused(f"公告没有{label}；标题写什么坏了，正文写对客户怎么说。")
            if len(texts[name]) > most:
                raise NoticeRefused(f"{label}有 {len(texts[name])} 个字，最多 {most} 个；请缩短。")
        words = _unique(draft.words)
        subjects = _unique(draft.subjects)
        _check_shown({_LIMITS[name][0]: (text,) for name, text in texts.items()})
        _check_shown({"词": words, "业务分类": subjects})
        self._check_matching(words, subjects)
        self._check_persons((*texts.values(), *words))
        audience = self._audience(draft.audience)
        starts = (draft.starts or now).astimezone(self.zone)
        ends = draft.ends.astimezone(self.zone)
        self._check_end(starts, ends, now)
        new_id = draft.id or notice_id(now)
        if not _ID.fullmatch(new_id):
            raise NoticeRefused("编号只用小写字母、数字和连字符，最多 40 个。")
        return Notice(
            id=new_id,
            audience=audience,
            words=words,
            subjects=subjects,
            starts=starts,
            ends=ends,
            title=texts["title"],
            text=texts["text"],
            by=texts["by"],
        )

    def _check_matching(self, words: Sequence[str], subjects: Sequence[str]) -> None:
        if not words and not subjects:
            raise NoticeRefused("没有写问什么时置顶；至少写一个词（如 断网）或一个业务分类。")
        if len(words) > _MOST_WORDS:
            raise NoticeRefused(f"词有 {len(words)} 个，最多 {_MOST_WORDS} 个。")
        for word in words:
            if not 1 < len(word) <= _LONGEST_WORD:
                raise NoticeRefused(f"词“{word[:30]}”要有 2 到 {_LONGEST_WORD} 个字。")
            for part in word.split():
                if not any(map(str.isalnum, part)):
                    raise NoticeRefused(f"词“{part}”里没有字；写客户会说的，如 断网。")
        for subject in subjects:
            if self._subjects and subject not in self._subjects:
                guess = nearest(subject, self._subjects)
                advice = f"是不是“{guess}”？" if guess else f"可选：{'、'.join(self._subjects)}。"
                raise NoticeRefused(f"“{subject[:40]}”不是分类里的词；{advice}")

    def _check_persons(self, texts: Sequence[str]) -> None:
        for text in texts:
            for found in find_personal_data(text, self._allowed):
                if found.certain:
                    raise NoticeRefused(
                        f"公告里有{found.kind.label}：{found.shown}；删掉它，公告会念给所有客户听。"
                    )

    def _audience(self, name: str) -> str:
        names = [place.audience for place in self.places]
        if name and name not in names:
            known = "、".join(f"{place.audience}（{place.name}）" for place in self.places)
            raise NoticeRefused(f"这里发不了给“{name[:40]}”的公告；可选：{known}。")
        return name or names[-1]

    @staticmethod
    def _check_end(starts: datetime, ends: datetime, now: datetime) -> None:
        if ends <= now:
            raise NoticeRefused(f"结束时间 {_shown(ends)} 已经过去，现在是 {_shown(now)}。")
        if ends <= starts:
            raise NoticeRefused(f"结束时间 {_shown(ends)} 不晚于开始时间 {_shown(starts)}。")
        if ends - now > LONGEST:
            raise NoticeRefused(
                f"结束时间 {_shown(ends)} 在 {LONGEST.days} 天以后；"
                "长期的说法写成统一口径，不发公告。"
            )


def _known(place: Place) -> list[Notice]:
    """The notices of a place, none where its file is damaged; nothing is written to find out."""
    try:
        return read_notices(place.folder / FILE)
    except NoticesDamaged as error:
        log.error("%s", error)
        return []


@contextmanager
def _changing(place: Place) -> Iterator[list[Notice]]:
    """The notices of a place, written when the block has ended; one program at a time changes them.

    Raises:
        PublishError: they cannot be written, or another program changes them all the time.
    """
    file = place.folder / FILE
    lock = place.folder / f".{FILE}.lock"
    try:
        private_file(lock)
    except OSError as error:
        raise PublishError(f"写不了“{lock}”（{reason(error)}）；检查文件夹和权限。") from None
    busy = PublishError("另一个程序正在改公告；过几秒再试。")
    with alone(lock, busy, _LOCK_SECONDS):
        try:
            notices = read_notices(file)
        except NoticesDamaged as error:
            # What is down must be told now; the damaged file is kept for whoever mends it.
            log.error("%s", error)
            aside = file.with_name(f"{FILE}.damaged-{secrets.token_hex(3)}")
            file.rename(aside)
            notices = []
        yield notices
        write_notices(file, notices)


def _check_shown(texts: Mapping[str, Sequence[str]]) -> None:
    for name, values in texts.items():
        for sign in "".join(values):
            if unicodedata.category(sign) in _UNSHOWN:
                raise NoticeRefused(f"{name}里有不能显示的字符（U+{ord(sign):04X}）；删掉它再发。")


def _unique(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for value in values if (text := " ".join(value.split()))))


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
