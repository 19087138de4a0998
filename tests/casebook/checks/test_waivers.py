"""What a document waives, and what it cannot."""

from __future__ import annotations

import re

import pytest

from casebook.checks import check_text
from casebook.documents import Kind
from casebook.guide import model_text
from casebook.library import Library
from tests.conftest import ON

# Three cases of one fault that may be waived: one in the front matter's place, two in sections.
CASE = model_text(Kind.CASE).replace("减免三天月费", "见[复机](faq-arrears-resume)，减免三天月费")
CASE = CASE.replace("四月的一个周末", "见[复机](faq-arrears-resume)，四月的一个周末")


def _found(library: Library, *waivers: str) -> list[tuple[str, str]]:
    front = "waivers:\n" + "".join(f"  - {waiver}\n" for waiver in waivers) if waivers else ""
    text = re.sub(r"^faq:", f"{front}faq:", CASE, count=1, flags=re.MULTILINE)
    problems = check_text(library, Kind.CASE, text, on=ON)
    return [(problem.code, problem.section) for problem in problems]


def test_without_a_waiver_both_are_found(library: Library) -> None:
    assert _found(library) == [("one-way-link", "background"), ("one-way-link", "outcome")]


WAIVED = [
    ("one-way-link 顺带提到", []),
    ("one-way-link@结果 顺带提到", [("one-way-link", "background")]),
    ("one-way-link@outcome 顺带提到", [("one-way-link", "background")]),
    ("one-way-link@主题 顺带提到", [("unused-waiver", ""), ("one-way-link", "background"),
                                    ("one-way-link", "outcome")]),
    ("orphan 刚写好", [("unused-waiver", ""), ("one-way-link", "background"),
                       ("one-way-link", "outcome")]),
    ("one-way-link@细则 顺带提到", [("unknown-waiver", ""), ("unused-waiver", ""),
                                    ("one-way-link", "background"), ("one-way-link", "outcome")]),
    ("hidden-link 大家都知道", [("unknown-waiver", ""), ("one-way-link", "background"),
                                ("one-way-link", "outcome")]),
    ("one-way-links 写错了", [("unknown-waiver", ""), ("one-way-link", "background"),
                              ("one-way-link", "outcome")]),
]  # fmt: skip


@pytest.mark.parametrize(("waiver", "left"), WAIVED, ids=[one for one, _ in WAIVED])
def test_waiver(library: Library, waiver: str, left: list[tuple[str, str]]) -> None:
    assert sorted(_found(library, waiver)) == sorted(left)


def test_two_waivers_cover_two_places(library: Library) -> None:
    waivers = ("one-way-link@结果 顺带提到", "one-way-link@背景 顺带提到")
    assert _found(library, *waivers) == []


@pytest.mark.parametrize("written", ["one-way-link", "one-way-link@结果", "顺带提到", "A-b 理由"])
def test_a_waiver_without_rule_or_reason_is_refused(library: Library, written: str) -> None:
    text = CASE.replace("faq:\n", f"waivers:\n  - {written}\nfaq:\n", 1)
    (problem,) = check_text(library, Kind.CASE, text, on=ON)
    assert problem.code == "invalid-value"
    assert problem.hint == "写成“规则名 理由”，或“规则名@段落 理由”。"


def test_readers_never_see_waivers(library: Library) -> None:
    source = library.sources["faq-arrears-resume"]
    written = source.document.model_copy(update={"waivers": ("canary",)})
    changed = library.sources | {written.id: type(source)(source.path, written, {}, ())}
    view = type(library)(library.settings, changed, (), 0, "").view("dealer", ON)
    shown = view.get(written.id)
    assert shown is not None
    assert shown.waivers == ()
