"""A second import says what has changed since, and touches nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from casebook.importing.planning import Planned, write_plan
from tests.casebook.importing.conftest import Planner, only

HEAD = "标准问,相似问,答案,生效时间,失效时间,状态\n"
ROW = "怎么销户,注销号码|不用了,去营业厅办，带身份证。,2026-01-01,2026-12-31,启用\n"


@pytest.fixture
def second(tmp_path: Path, plan: Planner, small: Path):  # type: ignore[no-untyped-def]
    """Imports the row, changes what is there, and plans the import of another row."""

    def run(row: str, change: tuple[str, str] = ("", "")) -> Planned:
        file = tmp_path / "表.csv"
        file.write_text(HEAD + ROW, encoding="utf-8")
        (there,) = write_plan(small, plan(file))
        text = there.read_text(encoding="utf-8")
        there.write_text(text.replace(*change) if change[0] else text, encoding="utf-8")
        file.write_text(HEAD + row, encoding="utf-8")
        before = there.read_bytes()
        found = plan(file)
        assert write_plan(small, found) == []
        assert there.read_bytes() == before
        assert found.clean == (only(found).status.value == "present")
        return only(found)

    return run


CHANGED = {
    "an answer": (
        ROW.replace("去营业厅办，", "新规：线上也能办，"),
        [("统一答复", "去营业厅办，带身份证。", "新规：线上也能办，带身份证。")],
    ),
    "a number": (
        ROW.replace("带身份证", "退 5.5 元"),
        [("统一答复", "去营业厅办，带身份证。", "去营业厅办，退 5.5 元。")],
    ),
    "a similar question": (
        ROW.replace("不用了", "不用了|销号"),
        [("相似问", "", "销号")],
    ),
    "a first day": (
        ROW.replace("2026-01-01", "2026-03-01"),
        [("生效日期", "2026-01-01", "2026-03-01")],
    ),
    "a later end": (
        ROW.replace("2026-12-31", "2099-12-31"),
        [("失效日期", "2026-12-31", "长期有效")],
    ),
}


@pytest.mark.parametrize("name", CHANGED)
def test_what_the_source_says_anew_is_named(name: str, second) -> None:  # type: ignore[no-untyped-def]
    row, expected = CHANGED[name]
    document = second(row)
    assert document.status.value == "changed"
    assert [(d.where, d.there, d.here) for d in document.differences] == expected


def test_an_answer_that_is_no_longer_used_is_named(second) -> None:  # type: ignore[no-untyped-def]
    row = ROW.replace("启用", "停用").replace("2026-12-31", "")
    document = second(row, ("effective_until: 2026-12-31\n", ""))
    (found,) = document.differences
    assert (found.where, found.here) == ("失效日期", "停用，没有写哪一天")


SAME = {
    "as it was": (ROW, ("", "")),
    "other spaces and signs": (ROW.replace("，", ",").replace("2026-01-01", "2026/1/1"), ("", "")),
    "a link to another document": (ROW, ("去营业厅办，", "[去营业厅办](faq-shops)，")),
    "as a list": (ROW, ("去营业厅办，", "- 去**营业厅**办，")),
    "an author's question more": (ROW, ("  - 不用了\n", "  - 不用了\n  - 销号\n")),
    "an author's procedure": (ROW, ("（待填）渠道", "营业厅。渠道")),
    "a source that says less": (ROW.replace(",2026-12-31", ","), ("", "")),
    "an appendix that is gone": (ROW, ("### 附注", "### 别的")),
}


@pytest.mark.parametrize("name", SAME)
def test_what_says_the_same_is_there(name: str, second) -> None:  # type: ignore[no-untyped-def]
    row, change = SAME[name]
    if "," in change[0] or name == "other spaces and signs":
        row = row.replace("办,带", "办，带")
    assert second(row, change).status.value == "present"


def test_of_several_the_one_with_the_same_text_is_meant(
    tmp_path: Path, plan: Planner, small: Path
) -> None:
    texts = {
        "一.txt": "三次改约\n背景\n二月。\n结果\n装好。\n评析\n要早说。\n",
        "二.txt": "三次改约\n背景\n三月。\n结果\n装好。\n",
        "三.txt": "三次改约\n背景\n二月。\n结果\n装好。\n",
    }
    files = [tmp_path / name for name in texts]
    for file in files:
        file.write_text(texts[file.name], encoding="utf-8")
    write_plan(small, plan(*files))
    stem = "cases/case-san-ci-gai-yue"
    assert [one.file for one in plan(*files).documents] == [
        f"{stem}.md",
        f"{stem}-2.md",
        f"{stem}-3.md",
    ]


def test_a_document_with_the_id_of_the_source_is_there_whatever_its_title(
    tmp_path: Path, plan: Planner, small: Path
) -> None:
    file = tmp_path / "表.csv"
    file.write_text("编号,标准问,答案\nfaq-end,怎么销户,去营业厅。\n", encoding="utf-8")
    write_plan(small, plan(file))
    file.write_text("编号,标准问,答案\nfaq-end,如何注销,去营业厅。\n", encoding="utf-8")
    document = only(plan(file))
    assert (document.status.value, document.file) == ("changed", "faq/faq-end.md")
    assert [(d.where, d.there, d.here) for d in document.differences] == [
        ("标题", "怎么销户", "如何注销")
    ]
