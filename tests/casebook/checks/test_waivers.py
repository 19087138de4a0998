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
    ("one-way-link@细则 顺带提到", [("unknown-waiver", ""),
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


TWICE = [
    ("one-way-link@结果 顺带提到", "one-way-link@结果 顺带提到", ["background"]),
    ("one-way-link@结果 顺带提到", "one-way-link@outcome 另一个理由", ["background"]),
    ("one-way-link 顺带提到", "one-way-link@结果 顺带提到", []),
    ("one-way-link 顺带提到", "one-way-link 顺带提到", []),
]


@pytest.mark.parametrize(("first", "second", "left"), TWICE)
def test_a_waiver_of_what_is_waived_already_is_unused(
    library: Library, first: str, second: str, left: list[str]
) -> None:
    found = _found(library, first, second)
    assert sorted(found) == sorted(
        [("unused-waiver", ""), *(("one-way-link", section) for section in left)]
    )


MESSAGES = {
    "one-way-link@procedure 顺带提到": (
        "没有段落“办理方式”。",
        "写 主题、背景、细节、结果、评析，或不写段落。",
    ),
    "one-way-link@细则 顺带提到": (
        "没有段落“细则”。",
        "写 主题、背景、细节、结果、评析，或不写段落。",
    ),
    "one-way-link@theme 顺带提到": (
        "段落“主题”里没有 one-way-link 的问题。",
        "去掉这一条豁免。",
    ),
}


@pytest.mark.parametrize(("waiver", "said"), MESSAGES.items(), ids=list(MESSAGES))
def test_a_section_is_called_by_its_heading(
    library: Library, waiver: str, said: tuple[str, str]
) -> None:
    text = CASE.replace("faq:\n", f"waivers:\n  - {waiver}\nfaq:\n", 1)
    (problem,) = (
        one for one in check_text(library, Kind.CASE, text, on=ON) if "waiver" in one.code
    )
    assert (problem.message, problem.hint) == said


def test_the_second_of_two_alike_is_the_unused_one(library: Library) -> None:
    line = "  - one-way-link 顺带提到\n"
    text = CASE.replace("faq:\n", f"waivers:\n{line}{line}faq:\n", 1)
    (problem,) = check_text(library, Kind.CASE, text, on=ON)
    waivers = text[: text.index(line)].count("\n") + 1
    assert (problem.line, problem.message) == (
        waivers + 1,
        "one-way-link 的问题，上面的豁免已经免了。",
    )


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
