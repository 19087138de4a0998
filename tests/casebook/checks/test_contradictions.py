"""What answers claim, and which claims contradict each other."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.checks.claims import claims
from casebook.checks.contradicting_answers import contradictions
from casebook.checks.questions import hold_together
from casebook.library import Library

PAIRS = Path(__file__).parent / "contradictions.tsv"
ON = date(2026, 11, 22)
QUANTITIES = [
    ("一般 30 分钟恢复。", [("time", 30, "usual")]),
    ("最长不超过两小时。", [("time", 120, "most")]),
    ("两个半小时以后生效。", [("time", 150, "")]),
    ("半小时内回电。", [("time", 30, "")]),
    ("三个工作日内装好。", [("workdays", 3, "")]),
    ("满 72 小时就不退。", [("time", 72 * 60, "from")]),
    ("协议期 24 个月。", [("months", 24, "")]),
    ("一年内保修。", [("months", 12, "")]),
    ("就是 2 块 5。", [("money", 2.5, "")]),
    ("就是 141 元 6 角。", [("money", 141.6, "")]),
    ("10 块钱 5 个 G。", [("money", 10, "")]),
    ("最低 100 元。", [("money", 100, "least")]),
    ("再乘百分之三十。", [("share", 30, "")]),
    ("按千分之三算。", [("share", 0.3, "")]),
    ("打八折。", [("discount", 8, "")]),
    ("送 1.5 GB 流量。", [("data", 1.5, "")]),
    ("28 元一天。", [("money", 28, "")]),
]
NO_QUANTITY = [
    "每月 3 号出账单。",
    "9 月 30 日之前都行。",
    "2027 年 2 月 28 日结束。",
    "4G 手机也能用。",
    "5G 信号不好。",
    "年满 60 周岁就行。",
    "一块儿清一清。",
    "比方说欠 60 元，第 40 天来交，就是 1 块 8。",
    "请拨 12321 举报。",
]  # fmt: skip
VERDICTS = [
    ("可以退。", "may", 1),
    ("能退，有多少退多少。", "may", 1),
    ("不能退。", "may", 0),
    ("抱歉，不可以换。", "may", 0),
    ("不用换手机，4G 也行。", "must", 0),
    ("要还的，光猫是借给您的。", "must", 1),
    ("不会影响。", "will", 0),
    ("有的，孝心版。", "has", 1),
    ("不收，一个价。", "free", 1),
    ("可以换，不收费。", "free", 1),
    ("要收 5 元手续费。", "free", 0),
    ("可以移，一次收 100 元。", "free", 0),
]
NO_VERDICT = [
    "您说一声就行。",
    "合约没到期不能转。",
    "如果欠费就不能办。",
    "登记核查以后给您结果。可以的话请您在线等。",
]


@pytest.mark.parametrize(("answer", "expected"), QUANTITIES)
def test_amounts_and_times(answer: str, expected: list[tuple[str, float, str]]) -> None:
    measured = ("time", "workdays", "months", "money", "share", "discount", "data")
    found = [one for one in claims(answer) if one.kind in measured]
    assert [(one.kind, one.value, one.bound) for one in found] == expected
    assert all(answer[one.start :].startswith(tuple("0123456789半一两二三八百千")) for one in found)


@pytest.mark.parametrize("answer", NO_QUANTITY)
def test_neither_amount_nor_time(answer: str) -> None:
    assert [one for one in claims(answer) if one.kind not in ("may", "must", "free")] == []


@pytest.mark.parametrize(("answer", "kind", "value"), VERDICTS)
def test_whether_it_is_so(answer: str, kind: str, value: int) -> None:
    assert (kind, value) in [(one.kind, one.value) for one in claims(answer)]


@pytest.mark.parametrize("answer", NO_VERDICT)
def test_not_whether_it_is_so(answer: str) -> None:
    assert claims(answer) == ()


def _pairs() -> list[dict[str, str]]:
    with PAIRS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("pair", _pairs(), ids=lambda pair: pair["answer"])
def test_pair(pair: dict[str, str]) -> None:
    answers = pair["answer"], pair["other_answer"]
    questions = pair["question"], pair["other_question"]
    there = list(contradictions(*answers, questions))
    back = list(contradictions(*answers[::-1], questions[::-1]))
    assert bool(there) is bool(back) is (pair["verdict"] == "contradict")


@given(
    st.text(
        "3两半十百分之千元块角0个小时天工作日月年内G.，。最长一般不可以收费免能要会有没",
        max_size=40,
    )
)
def test_no_answer_contradicts_itself(answer: str) -> None:
    assert list(contradictions(answer, answer, ("怎么收费", "怎么收费"))) == []
    for claim in claims(answer):
        assert 0 <= claim.start < len(answer)


DAYS = [
    ("2026-01-01", None, "2026-06-01", None, True),
    ("2026-01-01", "2026-11-22", "2026-06-01", None, True),
    ("2026-01-01", "2026-11-21", "2026-06-01", None, False),
    ("2026-01-01", "2026-12-31", "2027-01-01", None, False),
    ("2027-01-01", None, "2026-01-01", "2027-01-01", True),
]


@pytest.mark.parametrize(("start", "end", "other_start", "other_end", "expected"), DAYS)
def test_a_common_day(
    start: str,
    end: str | None,
    other_start: str,
    other_end: str | None,
    expected: bool,
    library: Library,
) -> None:
    entry = library.sources["faq-arrears-resume"].document

    def holding(first: str, last: str | None) -> object:
        days = {"effective_from": date.fromisoformat(first)}
        days["effective_until"] = date.fromisoformat(last) if last else None
        return entry.model_copy(update=days)

    one, other = holding(start, end), holding(other_start, other_end)
    assert hold_together(one, other, ON) is hold_together(other, one, ON) is expected
