"""The columns of each list: the same figures on the page and in the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from search.insights.rows import Row
from search.insights.words import REASONS
from search.journal.records import SURFACES


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        head: its name.
        note: how it is counted.
        cell: what stands in it for a row, with days and times of a zone.
        numeric: whether it holds numbers.
    """

    head: str
    note: str
    cell: Callable[[Row, tzinfo], str]
    numeric: bool = True


def percent(share: float) -> str:
    """A share for people."""
    return f"{share:.1%}"


def number(count: int | None) -> str:
    """A count for people, as long as it is known."""
    return "—" if count is None else f"{count:,}"


def _times(growth: float | None) -> str:
    return "以前没有" if growth is None else f"{growth:.1f} 倍"


def _moment(at: datetime | None, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%m-%d %H:%M}" if at else "—"


def _or_none(value: object) -> str:
    return "—" if value is None else str(value)


def _many(counts: dict[str, int], names: dict[str, str]) -> str:
    return "、".join(f"{names.get(name, name)} {count}" for name, count in counts.items())


def _count(head: str, note: str) -> tuple[Column, ...]:
    return (
        Column(head, note, lambda row, _: f"{row.count:,}"),
        Column("前一期", "紧挨着之前、同样多天里的次数", lambda row, _: number(row.before)),
    )


_SHARE = Column("占比", "占这段时间全部提问的份额", lambda row, _: percent(row.share))
_LAST = Column("最近", "最近一次是什么时候", lambda row, zone: _moment(row.last, zone))
_ASKED = (
    *_count("次数", "这段时间问了多少次，换了说法的算在一起"),
    _SHARE,
    Column(
        "入口",
        "从哪里问的，各多少次",
        lambda row, _: _many(dict(row.surfaces), SURFACES),
        numeric=False,
    ),
    Column("最早", "这段时间里第一次是什么时候", lambda row, zone: _moment(row.first, zone)),
    _LAST,
)
_USED = (
    *_count("用了", "作为统一答复给出、被打开、被复制的次数"),
    Column(
        "答 / 开 / 复制",
        "作为统一答复给出、被打开、被复制各多少次",
        lambda row, _: " / ".join(f"{row.details[k]:,}" for k in ("answered", "opened", "copied")),
    ),
)
COLUMNS: dict[str, tuple[Column, ...]] = {
    "not_found": _ASKED,
    "not_opened": _ASKED,
    "first_seen": _ASKED,
    "growing": (
        *_count("本期", "这段时间问了多少次"),
        _SHARE,
        Column(
            "前期占比",
            "前一期占全部提问的份额",
            lambda row, _: percent(row.details["share_before"]),
        ),
        Column("变成", "占比是前一期的几倍", lambda row, _: _times(row.details["growth"])),
        Column(
            "至少",
            "除去偶然的波动，占比至少是前一期的几倍",
            lambda row, _: _times(row.details["least_growth"]),
        ),
    ),
    "bad_ratings": (
        *_count("没用", "这段时间有多少次说没用"),
        Column(
            "没用的占比",
            "在“有用”和“没用”里占多少",
            lambda row, _: percent(row.details["bad_share"]),
        ),
        Column(
            "理由",
            "各多少次",
            lambda row, _: _many(row.details["reasons"], REASONS),
            numeric=False,
        ),
        _LAST,
    ),
    "unverified": (
        *_USED,
        Column("核准", "最后核准的日期", lambda row, _: _or_none(row.details["approved_on"])),
        Column("该复核", "最迟哪天要复核", lambda row, _: _or_none(row.details["review_by"])),
    ),
    "ending": (
        *_USED,
        Column("失效", "最后有效的一天", lambda row, _: _or_none(row.details["effective_until"])),
        Column("还有", "还有多少天", lambda row, _: f"{row.details['days']} 天"),
    ),
}
