"""Charts of a report as pictures that need no script and no other file.

Each is drawn twice, for wide and for narrow screens, and follows the reader's light or dark scheme.
What a chart shows stands in a table beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

import pygal  # type: ignore[import-untyped]
from pygal.style import Style  # type: ignore[import-untyped]

from search.insights.rows import Report

# Width, height, and how large the letters are, of a chart on a screen: one that takes the whole
# width, one that takes half of it, one on a phone.
_SIZES = {"whole": (1240, 280, 13), "half": (600, 260, 13), "narrow": (340, 240, 12)}
# So many names fit below one another; fewer make a lower chart, not thicker bars.
_NAMES = 8
_AXIS, _ROW = 52, 44
# An axis of counts has so many steps at most.
_STEPS = 5
# Days that get a label.
_LABELS = {"whole": 14, "half": 7, "narrow": 4}
_FONT = "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
# In the colours of the pages' style sheet: light, dark.
_INK = ("#17211f", "#e4ebe9")
_SOFT = ("#4f5e5b", "#a5b3b0")
_LINE = ("#d8dedc", "#303e3b")
_COLOURS = {
    "good": ("#0f6b66", "#63c7bc"),
    "bad": ("#c2410c", "#f2a57f"),
    "now": ("#0f6b66", "#63c7bc"),
    "before": ("#a9b7b4", "#51635f"),
}


@dataclass(frozen=True)
class Chart:
    """A chart.

    Attributes:
        title: what it shows.
        wide: the picture for wide screens, as an address.
        narrow: the one for narrow screens.
        legend: what its colours mean, each after its name in the style sheet.
        heads: the heads of the table that says the same.
        rows: its rows.
    """

    title: str
    wide: str
    narrow: str
    legend: tuple[tuple[str, str], ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def charts(report: Report) -> tuple[Chart, ...]:
    """The charts of a report that has questions."""
    weeks = list(_weeks(report))
    is_rated = any(good + bad for _, good, bad in weeks)
    found = (
        _daily(report),
        # Alone in its line it takes all of it.
        _subjects(report, "half" if is_rated else "whole"),
        _ratings(report, weeks) if is_rated else None,
    )
    return tuple(filter(None, found))


def _daily(report: Report) -> Chart:
    days = [_short(day) for day, _ in report.daily]
    found = [(day, t.questions - t.not_found, t.not_found) for day, t in report.daily]

    legend = (("good", "找到了"), ("bad", "没找到"))

    def draw(size: str) -> pygal.StackedBar:
        most = max(rest + missed for _, rest, missed in found)
        chart = _plain(pygal.StackedBar, size, legend, most, spacing=2)
        chart.x_labels = days
        chart.x_labels_major = _some(days, _LABELS[size])
        chart.show_minor_x_labels = False
        chart.add("找到了", [count for _, count, _ in found])
        chart.add("没找到", [count for _, _, count in found])
        return chart

    rows = tuple(
        (str(day), str(rest + missed), str(missed), _percent(missed, rest + missed))
        for day, rest, missed in found
    )
    return _chart(
        "每天的提问，其中没找到的", "whole", draw, legend, ("日期", "提问", "没找到", "占比"), rows
    )


def _subjects(report: Report, size: str) -> Chart | None:
    top = [row for row in report.shares["subject"] if "/" not in row[0]][:_NAMES]
    if not top:
        return None

    compared = report.before is not None
    legend = (("now", "本期"), ("before", "前一期"))[: 1 + compared]

    def draw(size: str) -> pygal.HorizontalBar:
        # Room for Chinese names, which are reckoned narrower than they are.
        most = max(max(now, before or 0) for _, now, before in top)
        height = min(_SIZES[size][1], _AXIS + _ROW * len(top))
        more = {"height": height, "spacing": 8, "margin_left": 36}
        chart = _plain(pygal.HorizontalBar, size, legend, most, **more)
        shown = top[::-1]
        chart.x_labels = [name for name, _, _ in shown]
        chart.add("本期", [now for _, now, _ in shown])
        if compared:
            chart.add("前一期", [before for _, _, before in shown])
        return chart

    rows = tuple(
        (name, str(now), "—", "—")
        if before is None
        else (name, str(now), str(before), _percent(now - before, before, sign="+"))
        for name, now, before in top
    )
    title = "各业务的提问，与前一期比" if compared else "各业务的提问"
    return _chart(title, size, draw, legend, ("业务", "本期", "前一期", "增减"), rows)


def _ratings(report: Report, weeks: Sequence[tuple[str, int, int]]) -> Chart:
    legend = (("good", "有用"), ("bad", "没用"))

    def draw(size: str) -> pygal.StackedBar:
        most = max(good + bad for _, good, bad in weeks)
        chart = _plain(pygal.StackedBar, size, legend, most, spacing=10)
        chart.x_labels = [name for name, _, _ in weeks]
        chart.x_labels_major = _some([name for name, _, _ in weeks], _LABELS[size])
        chart.show_minor_x_labels = False
        chart.add("有用", [good for _, good, _ in weeks])
        chart.add("没用", [bad for _, _, bad in weeks])
        return chart

    rows = tuple(
        (name, str(good), str(bad), _percent(bad, good + bad)) for name, good, bad in weeks
    )
    step = "每天" if len(weeks) == len(report.daily) else "每 7 天"
    heads = ("日期" if step == "每天" else "从哪天起", "有用", "没用", "没用的占比")
    return _chart(f"{step}的评价", "half", draw, legend, heads, rows)


def _weeks(report: Report) -> Iterable[tuple[str, int, int]]:
    """Ratings by day, or by week where there are many days; the last week is whole."""
    step = 1 if len(report.daily) <= 7 else 7  # noqa: PLR2004  (a week)
    for end in range(len(report.daily) % step or step, len(report.daily) + 1, step):
        part = report.daily[max(0, end - step) : end]
        yield _short(part[0][0]), sum(t.good for _, t in part), sum(t.bad for _, t in part)


def _chart(
    title: str,
    size: str,
    draw: Callable[[str], pygal.Graph],
    legend: tuple[tuple[str, str], ...],
    heads: tuple[str, ...],
    rows: tuple[tuple[str, ...], ...],
) -> Chart:
    wide, narrow = _address(draw(size)), _address(draw("narrow"))
    return Chart(title, wide, narrow, legend, heads, rows)


def _plain(
    kind: type[pygal.Graph], size: str, legend: Sequence[tuple[str, str]], most: int, **more: object
) -> pygal.Graph:
    """An empty chart in the colours of the pages; its legend stands beside it.

    Args:
        kind: what it is.
        size: one of ``_SIZES``.
        legend: what its colours mean.
        most: the greatest value.
        more: what it has of its own.
    """
    width, height, letters = _SIZES[size]
    ink, soft, line = _INK[0], _SOFT[0], _LINE[0]
    colours = [_COLOURS[name] for name, _ in legend]
    style = Style(
        background="transparent",
        plot_background="transparent",
        foreground=soft,
        foreground_strong=ink,
        foreground_subtle=line,
        guide_stroke_color=line,
        major_guide_stroke_color=line,
        guide_stroke_dasharray="0",
        major_guide_stroke_dasharray="0",
        colors=tuple(light for light, _ in colours),
        opacity="1",
        transition="0s",
        font_family=_FONT,
        label_font_size=letters,
        major_label_font_size=letters,
        value_font_size=letters,
        no_data_font_size=letters,
    )
    return kind(
        width=width,
        style=style,
        css=("file://style.css", "file://graph.css", f"inline:{_dark(colours)}"),
        js=(),
        disable_xml_declaration=True,
        show_legend=False,
        show_y_guides=True,
        truncate_label=-1,
        x_label_rotation=0,
        value_formatter="{:,.0f}".format,
        y_labels=_steps(most),
        margin=4,
        # The last label stands half beyond what it names.
        margin_right=24,
        pretty_print=False,
        **{"height": height, **more},
    )


def _dark(colours: Sequence[tuple[str, str]]) -> str:
    """The same chart where the reader's scheme is dark."""
    series = "".join(
        f".color-{place}{{fill:{dark}!important;stroke:{dark}!important}}"
        for place, (_, dark) in enumerate(colours)
    )
    return (
        "@media (prefers-color-scheme: dark){"
        f"text{{fill:{_SOFT[1]}!important}}text.major{{fill:{_INK[1]}!important}}"
        f".axis .line,.axis .guide.line{{stroke:{_LINE[1]}!important}}{series}}}"
    )


def _address(chart: pygal.Graph) -> str:
    """The picture as an address that holds it."""
    return "data:image/svg+xml," + quote(chart.render(is_unicode=True), safe=":/=;()'!*-._~")


def _steps(most: int) -> list[int]:
    """Whole, round numbers from 0 to the greatest value or beyond it, six at most."""
    rough = max(1, -(-most // _STEPS))
    power = 10 ** (len(str(rough)) - 1)
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough)
    return list(range(0, max(most, 1) + step, step))


def _short(day: date) -> str:
    return f"{day.month}/{day.day}"


def _some(names: Sequence[str], most: int) -> Sequence[str]:
    """Some of many labels, the last of them among these."""
    step = -(-len(names) // most)
    return names[::-step]


def _percent(part: int, whole: int, sign: str = "") -> str:
    return f"{part / whole:{sign}.1%}" if whole else "—"
