"""What mends itself: every fix takes its fault away, changes nothing else, and is made once."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from casebook.checks import (
    CHECKS,
    currency_sign,
    full_width_character,
    half_width_punctuation,
    list_without_blank_line,
    repeated_punctuation,
    space_in_sentence,
    straight_quotes,
    traditional_character,
)
from casebook.checks.context import Context
from casebook.checks.fixing import fixed_text
from casebook.cli import main
from casebook.documents import Faq, Kind, Section
from casebook.guide import model_text
from casebook.library import Source
from casebook.problems import Problem

HERE = Path(__file__).parent
# No fixable rule asks the library anything.
CONTEXT = cast(Context, None)
_TO_SIMPLIFIED = str.maketrans("後來電話沒開機們裡個號說麼著乾", "后来电话没开机们里个号说麼著乾")


def _without(characters: str) -> Callable[[str], str]:
    return lambda text: re.sub(f"[{re.escape(characters)}]", "", text)


def _ascii(text: str) -> str:
    wide = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
    return text.translate(wide)


# Of each rule that mends itself, what stays the same whatever it mends.
KEPT: dict[ModuleType, Callable[[str], str]] = {
    currency_sign: _without("¥￥RMBCNY 元"),
    full_width_character: _ascii,
    half_width_punctuation: _without(",;:?!.() ，；：？！。（）"),
    list_without_blank_line: _without("\n>"),
    repeated_punctuation: _without("，、；：。….·"),
    space_in_sentence: _without(" "),
    straight_quotes: _without("\"'“”‘’"),
    traditional_character: lambda text: text.translate(_TO_SIMPLIFIED),
}
FRAGMENTS = st.sampled_from(
    [
        *"客户甲说流量后来电话没开机３Ａ９ab5G ,.;:?!()（），。；：？！、…\"'“”‘’¥￥·|",
        *"後來電話沒開機們裡個號說麼著乾",
        "\n",
        "\n\n",
        "\n- ",
        "\n1. ",
        "\n> ",
        "  ",
        "，，",
        "。。",
        "...",
        "……",
        "——",
        "`a,b`",
        "```\n",
        "[账单](faq-bill-check)",
        "https://example.com/a,b",
        "¥10",
        "RMB 10元",
        "1,000",
        "8:30",
        "**",
        "### ",
        "| a | 乙 |\n",
    ]
)
TEXTS = st.lists(FRAGMENTS, min_size=1, max_size=40).map("".join)


def _source(text: str) -> Source:
    """A document with the text as its only section; no fault in it can hide in another place."""
    section = Section(key="rationale", heading="设计思路", audience="agent", text=text)
    document = Faq.model_construct(id="faq-a", title="标题", sections=(section,), similar=())
    return Source("faq/a.md", document, {"rationale.text": 1}, ())


def _found(text: str, modules: tuple[ModuleType, ...]) -> list[Problem]:
    source = _source(text)
    return [problem for module in modules for problem in module.check(source, CONTEXT)]


def _mended(text: str, *modules: ModuleType) -> str:
    """The text after as many rounds as the command makes."""
    for _ in range(3):
        text = fixed_text(text, _found(text, modules))
    return text


def test_all_rules_that_mend_are_tested_here() -> None:
    fixable = {
        module
        for module in CHECKS
        if re.search(r"\bChange\(|\bEdit\(", Path(str(module.__file__)).read_text("utf-8"))
    }
    assert fixable == set(KEPT)


@pytest.mark.parametrize("module", KEPT, ids=lambda module: module.RULE.code)
@given(text=TEXTS)
def test_fix_takes_the_fault_away_and_changes_nothing_else(module: ModuleType, text: str) -> None:
    mended = _mended(text, module)
    assert [p for p in _found(mended, (module,)) if p.fix] == []
    assert _mended(mended, module) == mended
    kept = KEPT[module]
    assert kept(mended) == kept(text)


@given(text=TEXTS)
def test_all_fixes_together_come_to_rest(text: str) -> None:
    mended = _mended(text, *KEPT)
    assert _mended(mended, *KEPT) == mended
    assert [p for p in _found(mended, tuple(KEPT)) if p.fix] == []


MENDED = [
    ("甲,乙;丙:丁?戊!", "甲，乙；丙：丁？戊！"),
    ("办好了.", "办好了。"),
    ("关了. 夜班", "关了。夜班"),
    ("App,然后", "App，然后"),
    ("费用:10 元", "费用：10 元"),
    ("见(注)", "见（注）"),
    ("真的???", "真的？？？"),
    ("**甲**,乙", "**甲**，乙"),
    ("１００元，５％", "100元，5%"),
    ("好。。走", "好。走"),
    ("等等。。。", "等等……"),
    ("等等...", "等等……"),
    ('他说"好"，又说"行"', "他说“好”，又说“行”"),
    ("叫'副卡'的", "叫‘副卡’的"),
    ("月底， 清零 。", "月底，清零。"),
    ("请 看 这 里：没有", "请看这里：没有"),
    ("¥59/月", "59 元/月"),
    ("价格￥30 元", "价格 30 元"),
    ("价格 ￥30 元", "价格 30 元"),
    ("每月RMB 30", "每月 30 元"),
    ("不限量,,到月底", "不限量，到月底"),
    ("注意::到月底", "注意：到月底"),
    ("RMB 1,000元", "1,000 元"),
    ("客戶後來", "客户后来"),
    ('客户甲:"没订,真没订!"', "客户甲：“没订，真没订！”"),
    ("按下面办：\n- 一,二", "按下面办：\n\n- 一，二"),
]


@pytest.mark.parametrize(("text", "mended"), MENDED)
def test_mended(text: str, mended: str) -> None:
    assert _mended(text, *KEPT) == mended


LEFT = [
    "App 5.2.1 以上，1,000 元，8:30-20:00。",
    "https://example.com/a,b?c=1;d=2",
    "命令 `buy --size 5G,now`。",
    "[账单](faq-bill-check '标题,说明')",
    "“宽带 断网”",
    "不要了 怎么取消",
    "### 第三条 范围",
    "甲.乙",
    "甲..乙",
    "完了..",
    '7.9"的屏幕和 8.1"的屏幕',
    "don't 说 \"甲",
    '"abc" 和 "def"',
    "著名的乾坤瞭望",
    "¥5万",
    "……——",
    "第 3 天 10:20　光功率正常",
    "```\n甲,乙\n```",
]


@pytest.mark.parametrize("text", LEFT)
def test_left_as_it_is(text: str) -> None:
    assert _mended(text, *KEPT) == text


@pytest.fixture
def pasted(small: Path) -> Path:
    """A library with the case that somebody pasted from a chat window."""
    text = (HERE / "documents" / "bad-vas-pasted.md").read_text(encoding="utf-8")
    text = re.sub(r" *<!-- expect: .* -->$", "", text, flags=re.MULTILINE)
    (small / "cases" / "case-bad-vas-pasted.md").write_text(text, encoding="utf-8")
    return small


def test_command_mends_a_pasted_case_and_is_done(pasted: Path) -> None:
    file = pasted / "cases" / "case-bad-vas-pasted.md"
    before = file.read_text(encoding="utf-8")
    CliRunner().invoke(main, ["check", "--fix", "--library", str(pasted)])
    once = file.read_text(encoding="utf-8")
    result = CliRunner().invoke(main, ["check", "--fix", "--library", str(pasted)])
    assert once != before
    assert file.read_text(encoding="utf-8") == once
    body = once.split("---\n", 2)[2]
    assert "客户甲：“我没订过这个东西，你们怎么乱扣钱？？？”" in body
    assert "退费 90 元，业务当场退订。" in body
    assert not re.search(r'[",;!?¥￥]', body)
    # What stands in front matter, and what somebody must decide, is still named.
    assert "half-width-punctuation" in result.output
    assert "mixed-numerals" in result.output


def test_command_leaves_the_model_documents_alone(small: Path) -> None:
    for kind in Kind:
        (small / kind.folder / "a.md").write_text(model_text(kind), encoding="utf-8")
    CliRunner().invoke(main, ["check", "--fix", "--library", str(small)])
    for kind in Kind:
        text = (small / kind.folder / "a.md").read_text(encoding="utf-8")
        assert text == model_text(kind)
