"""What is news, for whom, on which day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from casebook.documents import Kind, Withdrawal
from casebook.library import View, load_library
from casebook.news import (
    NewsItem,
    NewsKind,
    Week,
    advice_of,
    caution_of,
    changed_on,
    gone_words,
    news_of,
)
from tests.casebook.repositories import faq

ON = date(2026, 6, 17)
WHOLE_YEAR = (date(2026, 1, 1), date(2026, 12, 31))
DOCUMENTS = {
    # Approved long after it began: its text is a later one.
    "faq-revised": {"effective_from": "2026-01-01", "approved_on": "2026-06-10"},
    "faq-new": {"effective_from": "2026-06-05", "approved_on": "2026-06-11"},
    "faq-same-day": {"effective_from": "2026-06-12", "approved_on": "2026-06-12"},
    "faq-announced": {"effective_from": "2026-06-15", "approved_on": "2026-06-01"},
    "faq-upcoming": {"effective_from": "2026-07-01", "approved_on": "2026-06-13"},
    "faq-ending": {
        "effective_from": "2026-01-01",
        "approved_on": "2026-05-02",
        "effective_until": "2026-06-20",
    },
    "faq-one-day": {
        "effective_from": "2026-06-14",
        "approved_on": "2026-06-14",
        "effective_until": "2026-06-14",
    },
}
# For dealers an entry begins when it comes into force; agents see it from its approval.
EXPECTED = {
    "agent": [
        ("2026-07-01", "in_force", "faq-upcoming"),
        ("2026-06-20", "ends", "faq-ending"),
        ("2026-06-15", "in_force", "faq-announced"),
        ("2026-06-14", "ends", "faq-one-day"),
        ("2026-06-13", "new", "faq-upcoming"),
        ("2026-06-12", "new", "faq-same-day"),
        ("2026-06-11", "new", "faq-new"),
        ("2026-06-10", "revised", "faq-revised"),
        ("2026-06-01", "new", "faq-announced"),
        ("2026-05-02", "revised", "faq-ending"),
    ],
    "dealer": [
        ("2026-06-20", "ends", "faq-ending"),
        ("2026-06-15", "new", "faq-announced"),
        ("2026-06-12", "new", "faq-same-day"),
        ("2026-06-11", "new", "faq-new"),
        ("2026-06-10", "revised", "faq-revised"),
        ("2026-05-02", "revised", "faq-ending"),
    ],
}


def view_of(small: Path, audience: str) -> View:
    for name, changes in DOCUMENTS.items():
        (small / "faq" / f"{name}.md").write_text(faq(name, **changes), encoding="utf-8")
    library = load_library(small)
    assert not library.problems
    return library.view(audience, ON)


def brief(found: tuple[NewsItem, ...]) -> list[tuple[str, str, str]]:
    return [(str(item.on), item.kind.value, item.id) for item in found]


@pytest.mark.parametrize("audience", EXPECTED)
def test_news_of_each_audience(small: Path, audience: str) -> None:
    """Withdrawals of what ended are told by ``withdrawn`` and not looked at here."""
    view = replace(view_of(small, audience), withdrawn=())
    assert brief(news_of(view, *WHOLE_YEAR)) == EXPECTED[audience]


def test_first_and_last_day_belong_to_the_period(small: Path) -> None:
    view = replace(view_of(small, "agent"), withdrawn=())
    found = news_of(view, date(2026, 6, 11), date(2026, 6, 12))
    assert brief(found) == [
        ("2026-06-12", "new", "faq-same-day"),
        ("2026-06-11", "new", "faq-new"),
    ]
    assert news_of(view, date(2026, 6, 16), date(2026, 6, 16)) == ()


def test_what_was_withdrawn_has_no_title_and_names_only_what_may_be_read(small: Path) -> None:
    gone = Withdrawal("faq-old", Kind.FAQ, ON, "资费/流量", ("faq-new", "faq-secret"))
    view = replace(view_of(small, "dealer"), withdrawn=(gone,))
    (item,) = news_of(view, ON, ON)
    assert item == NewsItem(
        on=ON,
        kind=NewsKind.WITHDRAWN,
        document_kind=Kind.FAQ,
        id="faq-old",
        subject="资费/流量",
        replaced_by=("faq-new",),
        seen_on=ON,
    )
    assert (item.title, item.badge, item.path) == ("", None, "faq/faq-old/")


@pytest.mark.parametrize(
    ("gone", "headline", "words"),
    [
        (
            Withdrawal("faq-old", Kind.FAQ, ON, "资费/流量"),
            "资费/流量 里的一条（编号 faq-old）",
            "资费/流量 里的一条（编号 faq-old）已于 2026-06-17 撤下",
        ),
        (
            Withdrawal("case-old", Kind.CASE, ON),
            "编号 case-old 的案例",
            "编号 case-old 的案例已于 2026-06-17 撤下",
        ),
    ],
)
def test_what_was_withdrawn_is_told_by_its_subject(
    small: Path, gone: Withdrawal, headline: str, words: str
) -> None:
    (item,) = news_of(replace(view_of(small, "dealer"), withdrawn=(gone,)), ON, ON)
    assert (item.headline, gone_words(gone)) == (headline, words)


def test_what_can_be_read_is_told_by_its_title(small: Path) -> None:
    view = replace(view_of(small, "dealer"), withdrawn=())
    for item in news_of(view, *WHOLE_YEAR):
        document = view.get(item.id)
        assert document
        assert item.headline == document.title


@pytest.mark.parametrize(
    ("on", "label"),
    [
        (date(2026, 6, 19), "将到期"),
        (date(2026, 6, 20), "今天到期"),
        (date(2026, 6, 21), "已到期"),
    ],
)
def test_what_ends_says_how_near_that_is(small: Path, on: date, label: str) -> None:
    view_of(small, "agent")
    view = load_library(small).view("agent", on)
    labels = {item.label for item in news_of(view, *WHOLE_YEAR) if item.id == "faq-ending"}
    assert label in labels
    assert labels == {label, "更新"}


@pytest.mark.parametrize(
    ("audience", "subject", "advice"),
    [
        ("dealer", "资费/流量", "在站点里查“资费/流量”，查不到就打客服热线。"),
        ("dealer", "", "在站点里重新查找，查不到就打客服热线。"),
        # Those of the widest audience are the hotline.
        ("agent", "资费/流量", "在站点里查“资费/流量”，不要凭记忆答。"),
    ],
)
def test_where_to_look_when_nothing_replaces_it(
    small: Path, audience: str, subject: str, advice: str
) -> None:
    assert advice_of(subject, view_of(small, audience)) == advice


def test_every_kind_has_words() -> None:
    labels = [kind.label for kind in NewsKind]
    assert len(set(labels)) == len(labels)
    assert not any(label.isascii() for label in labels)


@pytest.mark.parametrize(
    ("day", "name", "label"),
    [
        (date(2026, 11, 22), "2026-W47", "11 月 16 日至 22 日（2026 年第 47 周）"),
        (date(2026, 11, 23), "2026-W48", "11 月 23 日至 29 日（2026 年第 48 周）"),
        # The year of a week is that of its Thursday.
        (date(2027, 1, 1), "2026-W53", "12 月 28 日至 1 月 3 日（2026 年第 53 周）"),
        (date(2025, 12, 29), "2026-W01", "12 月 29 日至 1 月 4 日（2026 年第 1 周）"),
    ],
)
def test_weeks_are_those_of_iso_8601(day: date, name: str, label: str) -> None:
    week = Week.of(day)
    assert (week.name, week.label) == (name, label)
    assert week.monday <= day <= week.sunday
    assert week.monday.isoweekday() == 1


@pytest.mark.parametrize(
    ("name", "day", "caution"),
    [
        ("faq-new", "2026-06-11", ""),
        ("faq-announced", "2026-06-15", ""),
        ("faq-upcoming", "2026-06-13", "未生效：2026-07-01 起才能照此答复。"),
        ("faq-one-day", "2026-06-14", "已失效：2026-06-14 是最后一天，不能再照此答复。"),
    ],
)
def test_when_it_changed_and_what_must_be_said_first(
    small: Path, name: str, day: str, caution: str
) -> None:
    view = view_of(small, "agent")
    document = view.get(name)
    assert document
    assert str(changed_on(document, view)) == day
    assert caution_of(document, view.on) == caution


def test_the_order_does_not_depend_on_that_of_the_files(library_views: list[View]) -> None:
    for view in library_views:
        shuffled = replace(view, documents=tuple(reversed(view.documents)))
        assert news_of(shuffled, *WHOLE_YEAR) == news_of(view, *WHOLE_YEAR)


@pytest.fixture
def library_views(dealer_view: View, agent_view: View) -> list[View]:
    return [dealer_view, agent_view]
