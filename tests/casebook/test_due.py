"""What is to be reviewed, in which order, and as a calendar."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from icalendar import Calendar

from casebook.documents import Kind
from casebook.due import Due, Occasion, UnknownOwner, as_calendar, as_json, as_text, due
from casebook.guide import model_text
from casebook.library import View, load_library
from tests.casebook.repositories import faq

ON = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 2, 3, 4, tzinfo=UTC)
DOCUMENTS = {
    "faq-late": {"review_by": "2026-05-31"},
    "faq-later": {"review_by": "2026-04-01"},
    "faq-today": {"review_by": "2026-06-01", "owner": "宽带运维组"},
    "faq-soon": {"review_by": "2026-07-01"},
    "faq-not-yet": {"review_by": "2026-07-02"},
    "faq-ending": {"review_by": "2027-01-01", "effective_until": "2026-06-01"},
    "faq-both": {"review_by": "2026-05-01", "effective_until": "2026-07-01"},
    "faq-ended": {"review_by": "2026-05-01", "effective_until": "2026-05-31"},
    "faq-upcoming": {"review_by": "2026-06-30", "effective_from": "2026-06-15"},
}


@pytest.fixture
def view(small: Path) -> View:
    for name, changes in DOCUMENTS.items():
        (small / "faq" / f"{name}.md").write_text(faq(name, **changes), encoding="utf-8")
    library = load_library(small)
    assert not library.problems
    return library.view("agent", ON)


def brief(found: list[Due]) -> list[tuple[str, str, int]]:
    return [(one.document.id, one.occasion.value, one.days) for one in found]


def test_what_is_due_in_the_order_of_its_urgency(view: View) -> None:
    assert brief(due(view, 30, {})) == [
        ("faq-later", "overdue", -61),
        ("faq-both", "overdue", -31),
        ("faq-late", "overdue", -1),
        ("faq-ended", "ended", -1),
        ("faq-today", "soon", 0),
        ("faq-upcoming", "soon", 29),
        ("faq-soon", "soon", 30),
        ("faq-ending", "ending", 0),
        ("faq-both", "ending", 30),
    ]


def test_what_is_read_most_comes_first(view: View) -> None:
    reads = {"faq-soon": 5, "faq-late": 7, "faq-both": 1, "faq-unknown": 99}
    found = due(view, 30, reads)
    assert [(one.document.id, one.reads) for one in found] == [
        ("faq-late", 7),
        ("faq-both", 1),
        ("faq-later", 0),
        ("faq-ended", 0),
        ("faq-soon", 5),
        ("faq-today", 0),
        ("faq-upcoming", 0),
        ("faq-both", 1),
        ("faq-ending", 0),
    ]


@pytest.mark.parametrize(("within", "soon"), [(0, {"faq-today", "faq-ending"}), (31, None)])
def test_how_far_ahead_is_asked(view: View, within: int, soon: set[str] | None) -> None:
    past = (Occasion.OVERDUE, Occasion.ENDED)
    found = {d.document.id for d in due(view, within, {}) if d.occasion not in past}
    assert found == (
        soon or {"faq-today", "faq-upcoming", "faq-soon", "faq-not-yet", "faq-ending", "faq-both"}
    )


def test_one_owner(view: View) -> None:
    assert brief(due(view, 30, {}, "宽带运维组")) == [("faq-today", "soon", 0)]
    with pytest.raises(UnknownOwner) as error:
        due(view, 30, {}, "宽带组")
    assert (
        str(error.value) == "没有负责人“宽带组”；是不是“宽带运维组”？有：宽带运维组、资费产品组。"
    )


def test_as_text(view: View) -> None:
    found = [one for one in due(view, 0, {"faq-late": 3}) if one.document.id != "faq-both"]
    assert as_text(found, view, 0) == "\n".join(
        (
            "复核已过期：2 篇",
            "  2026-05-31  统一口径  faq-late  欠费停机后多久能恢复？",
            "      过期 1 天；资费产品组；点开 3 次",
            "  2026-04-01  统一口径  faq-later  欠费停机后多久能恢复？",
            "      过期 61 天；资费产品组；点开 0 次",
            "已失效，归档或续期：1 篇",
            "  2026-05-31  统一口径  faq-ended  欠费停机后多久能恢复？",
            "      失效 1 天；资费产品组；点开 0 次",
            "即将到期复核：1 篇",
            "  2026-06-01  统一口径  faq-today  欠费停机后多久能恢复？",
            "      就是今天；宽带运维组；点开 0 次",
            "即将失效：1 篇",
            "  2026-06-01  统一口径  faq-ending  欠费停机后多久能恢复？",
            "      就是今天；资费产品组；点开 0 次",
        )
    )
    assert as_text([], view, 3) == "到 2026-06-04 为止，没有要复核的，也没有失效的。"


def test_what_ended_and_is_settled_is_nobody_s_business(small: Path) -> None:
    """A document that waives the rule, and a policy that another one took the place of."""
    kept = faq("faq-kept", effective_until="2026-05-31", waivers="[ended 客户还会来问]")
    (small / "faq" / "kept.md").write_text(kept, encoding="utf-8")
    plan = model_text(Kind.POLICY).replace("effective_from: 2026-01-01", "effective_from: {}\n{}")
    for name, lines in {
        "policy-old": ("2025-01-01", "effective_until: 2026-05-31"),
        "policy-gone": ("2025-01-01", "effective_until: 2026-05-30"),
        "policy-new": ("2026-01-01", "supersedes:\n  - policy-old"),
    }.items():
        text = plan.format(*lines).replace("policy-plan-outage", name)
        (small / "policies" / f"{name}.md").write_text(text, encoding="utf-8")
    library = load_library(small)
    assert not library.problems
    assert brief(due(library.view("agent", ON), 0, {})) == [("policy-gone", "ended", -2)]


def test_as_json(view: View) -> None:
    found = due(view, 30, {"faq-late": 3}, "资费产品组")
    value = json.loads(as_json(found, view))
    assert value["on"] == "2026-06-01"
    assert len(value["due"]) == len(found)
    assert value["due"][0] == {
        "id": "faq-late",
        "title": "欠费停机后多久能恢复？",
        "kind": "faq",
        "owner": "资费产品组",
        "audience": "dealer",
        "occasion": "overdue",
        "day": "2026-05-31",
        "days": -1,
        "reads": 3,
    }


# The calendar


def test_the_calendar_read_back(view: View) -> None:
    found = due(view, 30, {"faq-late": 3})
    calendar = Calendar.from_ical(as_calendar(found, view, NOW))
    assert calendar["VERSION"] == "2.0"
    assert calendar["PRODID"]
    assert calendar["X-WR-CALNAME"] == "远汐通信 客服知识与案例库 复核日历"
    assert not calendar.errors
    assert len(calendar.events) == len(found)
    for event, one in zip(calendar.events, found, strict=True):
        assert not event.errors
        assert event["DTSTART"].params["VALUE"] == "DATE"
        assert event.decoded("DTSTART") == one.day
        assert event.decoded("DTSTAMP") == NOW
        assert str(event["SUMMARY"]) == f"{one.occasion.event}：{one.document.title}"
        (alarm,) = event.walk("VALARM")
        assert alarm["ACTION"] == "DISPLAY"
        assert alarm["DESCRIPTION"]
        assert alarm.decoded("TRIGGER") == timedelta(days=-7)
    first = calendar.events[0]
    assert str(first["DESCRIPTION"]) == "统一口径 faq-late\n负责：资费产品组\n点开 3 次"


def test_events_keep_their_names_when_days_move_and_pass(small: Path) -> None:
    uids = []
    for on, review in (("2026-04-01", "2026-05-01"), ("2026-06-01", "2026-05-31")):
        text = faq("faq-x", review_by=review, effective_until="2026-06-15")
        (small / "faq" / "faq-x.md").write_text(text, encoding="utf-8")
        view = load_library(small).view("agent", date.fromisoformat(on))
        calendar = Calendar.from_ical(as_calendar(due(view, 100, {}), view, NOW))
        uids.append({str(event["UID"]) for event in calendar.events})
    assert uids[0] == uids[1]
    assert len(uids[0]) == 2
    ended = load_library(small).view("agent", date(2026, 7, 1))
    (event,) = Calendar.from_ical(as_calendar(due(ended, 0, {}), ended, NOW)).events
    assert str(event["UID"]) in uids[0]
    assert str(event["SUMMARY"]).startswith("失效：")
    assert all(re.fullmatch(r"faq-x\.(review|end)@[0-9a-f]{12}\.casebook", uid) for uid in uids[0])


def test_libraries_of_two_companies_do_not_share_events(small: Path) -> None:
    uids = set()
    for company in ("远汐通信", "近汐通信"):
        settings = (small / "casebook.toml").read_text(encoding="utf-8")
        (small / "casebook.toml").write_text(
            re.sub('company = ".*"', f'company = "{company}"', settings), encoding="utf-8"
        )
        (small / "faq" / "a.md").write_text(faq(review_by="2026-06-02"), encoding="utf-8")
        view = load_library(small).view("agent", ON)
        calendar = Calendar.from_ical(as_calendar(due(view, 9, {}), view, NOW))
        uids.update(str(event["UID"]) for event in calendar.events)
    assert len(uids) == 2


@pytest.mark.parametrize(
    "title",
    ["长" * 200, "逗号,分号;反斜杠\\引号'", "a" * 199 + "字", "😀" * 150, "混合 mixed " * 15],
)
def test_lines_are_folded_as_the_standard_asks(small: Path, title: str) -> None:
    quoted = json.dumps(title, ensure_ascii=False)
    text = faq(title=quoted, review_by="2026-06-02")
    (small / "faq" / "a.md").write_text(text, encoding="utf-8")
    view = load_library(small).view("agent", ON)
    raw = as_calendar(due(view, 9, {}), view, NOW)
    assert raw.endswith(b"\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    for line in raw.split(b"\r\n"):
        assert len(line) <= 75
        # A character is never cut in two, though the standard would allow it.
        line.decode()
    (event,) = Calendar.from_ical(raw).events
    assert str(event["SUMMARY"]) == f"复核：{title}"


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "UTC"])
def test_a_calendar_of_nothing_still_holds_something(small: Path, zone: str) -> None:
    settings = (small / "casebook.toml").read_text(encoding="utf-8")
    (small / "casebook.toml").write_text(settings.replace("Asia/Shanghai", zone), encoding="utf-8")
    view = load_library(small).view("agent", ON)
    calendar = Calendar.from_ical(as_calendar([], view, NOW))
    assert [part.name for part in calendar.subcomponents] == ["VTIMEZONE"]
    assert not calendar.events
