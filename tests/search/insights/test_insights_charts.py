"""Charts: whole numbers along their axes, the whole width where one stands alone."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from urllib.parse import unquote

import pytest

from casebook.library import View
from search.insights.charts import Chart, charts
from search.insights.report import report
from search.insights.rows import Report
from tests.search.conftest import ON, OpenGeneration
from tests.search.insights.calls import ZONE, CallCentre, topics_of


def drawn(sample: OpenGeneration, view: View, a_day: int, *, rated: bool = True) -> Report:
    questions = CallCentre(topics_of(view, ON), a_day=a_day).questions(30, ON)
    kept = (
        one if rated else replace(one, events=tuple(e for e in one.events if e.kind != "rated"))
        for one in questions
    )
    return report(kept, sample("agent").store, 28, ON, audience="agent", zone=ZONE)


def counts(chart: Chart) -> list[int]:
    """The labels of the axis that counts; the other one has names and days."""
    labels = re.findall(r"<text[^>]*>([^<]+)</text>", unquote(chart.wide))
    return [int(one.replace(",", "")) for one in labels if one.replace(",", "").isdecimal()]


@pytest.mark.parametrize("a_day", [1, 3, 14, 300])
def test_an_axis_counts_in_whole_steps(
    sample: OpenGeneration, agent_view: View, a_day: int
) -> None:
    found = charts(drawn(sample, agent_view, a_day))
    for chart in found:
        labels = counts(chart)
        steps = {after - before for before, after in pairwise(labels)}
        assert labels[0] == 0
        assert len(labels) <= 7
        assert len(steps) == 1
        assert steps.pop() >= 1


def test_without_ratings_the_subjects_take_the_whole_width(
    sample: OpenGeneration, agent_view: View
) -> None:
    daily, subjects = charts(drawn(sample, agent_view, 40, rated=False))
    width = re.compile('viewBox="0 0 (\\d+) ')
    wide = [width.search(unquote(one.wide)) for one in (daily, subjects)]
    assert all(wide) and wide[0][1] == wide[1][1]  # type: ignore[index]


def test_few_subjects_make_a_lower_chart(sample: OpenGeneration, agent_view: View) -> None:
    found = drawn(sample, agent_view, 300)
    rows = [row for row in found.shares["subject"] if "/" not in row[0]]
    heights = [
        _height(replace(found, shares={**found.shares, "subject": rows[:n]})) for n in (1, 3)
    ]
    assert heights[0] < heights[1] < _height(found)


def _height(one: Report) -> int:
    (subjects,) = (chart for chart in charts(one) if "业务" in chart.title)
    size = re.search(r'viewBox="0 0 \d+ (\d+)"', unquote(subjects.wide))
    assert size
    return int(size[1])
