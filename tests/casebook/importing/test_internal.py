"""What is written for colleagues is never read to customers."""

from __future__ import annotations

from pathlib import Path

import pytest

from casebook.documents import FILL, Kind
from tests.casebook.importing.conftest import Planner, only, section

NOTE = "内部：底线是退一个月，不要告诉客户"
SOURCES = {
    "a column": ("表.csv", f"问题,答案,备注\n退一赔三怎么办,,{NOTE}\n"),
    "any column": ("表.csv", f"问题,答案,处理心得\n退一赔三怎么办,,{NOTE}\n"),
    "a column of answers for colleagues": (
        "表.csv",
        f"问题,相似问,答案（内部）\n退一赔三怎么办,,{NOTE}\n",
    ),
    "a sheet without a column of answers": ("表.csv", f"问题,处理心得\n退一赔三怎么办,{NOTE}\n"),
    "a line behind the title": ("问.txt", f"退一赔三怎么办\n备注：{NOTE}\n1. 再说\n"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_what_has_a_name_of_its_own_is_no_answer(name: str, tmp_path: Path, plan: Planner) -> None:
    file = tmp_path / SOURCES[name][0]
    file.write_text(SOURCES[name][1], encoding="utf-8")
    document = only(plan(file, kind=Kind.FAQ))
    assert section(document.text, "统一答复").startswith(FILL)
    assert "统一答复" in document.missing
    assert "底线" in section(document.text, "禁用说法")


ANSWERED = {
    "a list of questions": f"问：退一赔三怎么办\n答：按实际损失退。\n备注：{NOTE}\n1. 底线\n",
    "a text of parts": f"退一赔三怎么办\n答复：按实际损失退。\n备注：{NOTE}\n1. 底线\n",
}


@pytest.mark.parametrize("name", ANSWERED)
def test_a_remark_ends_the_answer(name: str, tmp_path: Path, plan: Planner) -> None:
    file = tmp_path / "问.txt"
    file.write_text(ANSWERED[name], encoding="utf-8")
    document = only(plan(file))
    assert section(document.text, "统一答复") == "按实际损失退。"
    assert document.extra == (f"备注：{NOTE}", "底线")


def test_only_text_without_a_name_becomes_the_answer(tmp_path: Path, plan: Planner) -> None:
    file = tmp_path / "问.txt"
    file.write_text("退一赔三怎么办\n渠道：热线\n按实际损失退。\n", encoding="utf-8")
    document = only(plan(file, kind=Kind.FAQ))
    assert section(document.text, "统一答复") == "按实际损失退。"
    assert document.extra == ("渠道：热线",)
