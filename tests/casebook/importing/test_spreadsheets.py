"""Sheets of bot platforms, in every encoding and layout that they come in."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from casebook.documents import Kind
from casebook.importing.encodings import decode
from casebook.importing.limits import Unreadable
from tests.casebook.importing.conftest import SOURCES, Made, Planner, front, only, section

HEAD = "标准问,相似问,答案\n"
ROW = "怎么查话费,查话费|话费查询|还剩多少钱,发短信查询。\n"

Sheet = Callable[[str], Path]


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    def write(text: str) -> Path:
        file = tmp_path / "表.csv"
        file.write_text(text, encoding="utf-8")
        return file

    return write


@pytest.mark.parametrize("name", ["bot.xlsx", "bot.xls", "bot.csv"])
def test_a_bot_sheet_becomes_an_entry_a_question(name: str, made: Made, plan: Planner) -> None:
    found = plan(SOURCES / name if name == "bot.csv" else made(name))
    first, second, third = found.documents
    assert [one.place for one in found.documents] == ["第 4–5 行", "第 6 行", "第 7 行"]
    assert {one.kind for one in found.documents} == {Kind.FAQ}
    text = first.text
    assert first.title == "流量用完了怎么办？"
    assert "similar:\n  - 流量没了\n  - 没流量了\n  - 流量用光了\n  - 流量超了\n" in text
    assert "tags:\n  - 流量\n  - 套餐\n" in text
    assert front(text, "subject") == "subject: 资费/流量"
    assert front(text, "effective_from") == "effective_from: 2026-01-01"
    assert "effective_until" not in text
    assert section(text, "统一答复") == "可以买加油包：\n\n- 发短信\n- 打开 App"
    assert front(second.text, "effective_from") == "effective_from: 2026-02-01"
    assert front(second.text, "effective_until") == "effective_until: 2026-12-31"
    assert second.extra == ("状态：停用",)
    assert "similar" in third.missing
    assert list(found.left_out.values()) == [
        [
            "第 1 行：知识导入模板（请勿修改表头）",
            "第 3 行是填写说明：必填 选填 必填，不超过50字 多个用|分隔 必填",
        ]
    ]


def test_comments_of_a_workbook_go_to_the_report(made: Made, plan: Planner, tmp_path: Path) -> None:
    file = tmp_path / "表.xlsx"
    file.write_bytes(made("bot.xlsx").read_bytes())
    with zipfile.ZipFile(file, "a") as package:
        package.writestr(
            "xl/comments1.xml",
            "<comments><commentList><comment><text><r><t>口径</t></r><r><t>要改</t></r></text>"
            "</comment></commentList></comments>",
        )
    assert plan(file).left_out["表.xlsx"][-1] == "批注：口径要改"


SIMILAR = {
    "bars": "查话费|话费查询|还剩多少钱",
    "full-width bars": "查话费｜话费查询｜还剩多少钱",
    "semicolons": "查话费;话费查询；还剩多少钱",
    "hashes": "查话费##话费查询#还剩多少钱",
    "lines": '"查话费\n话费查询\n还剩多少钱"',
    "numbered lines": '"1、查话费\n2、话费查询\n3. 还剩多少钱"',
}


@pytest.mark.parametrize("name", SIMILAR)
def test_similar_questions_of_one_cell_are_separated(
    name: str, sheet: Sheet, plan: Planner
) -> None:
    file = sheet(f"{HEAD}怎么查话费,{SIMILAR[name]},发短信查询。\n")
    assert "similar:\n  - 查话费\n  - 话费查询\n  - 还剩多少钱\n" in only(plan(file)).text


def test_no_report_can_command_a_terminal(sheet: Sheet, plan: Planner) -> None:
    file = sheet(f"模板\x1b[31m\n{HEAD}怎么查\x1b]0;x\x07话费,,发短信查询。\n")
    found = plan(file)
    told = [only(found).title, only(found).text, *found.left_out["表.csv"]]
    assert not any(character in text for text in told for character in "\x1b\x07")


LAYOUTS = {
    "several columns": "问题,相似问1,相似问2,相似问3,回答\n"
    "怎么查话费,查话费,话费查询,还剩多少钱,发短信查询。\n",
    "several rows": "知识标题,扩展问,机器人答案\n"
    "怎么查话费,查话费,发短信查询。\n,话费查询,\n,还剩多少钱,\n",
    "repeated titles": f"{HEAD}怎么查话费,查话费,发短信查询。\n怎么查话费,话费查询,发短信查询。\n"
    "怎么查话费,还剩多少钱,\n",
    "other order": "答案,标准问题（必填）,相似问法（选填）\n"
    "发短信查询。,怎么查话费,查话费|话费查询|还剩多少钱\n",
    "tabs": (HEAD + ROW).replace(",", "\t"),
    "semicolons": (HEAD + ROW).replace(",", ";"),
    "blank lines": f"\n{HEAD}\n{ROW}\n",
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_of_sheets(name: str, sheet: Sheet, plan: Planner) -> None:
    document = only(plan(sheet(LAYOUTS[name])))
    assert document.title == "怎么查话费"
    assert "similar:\n  - 查话费\n  - 话费查询\n  - 还剩多少钱\n" in document.text
    assert section(document.text, "统一答复") == "发短信查询。"
    assert document.extra == ()


SUBJECTS = {
    "资费/流量": "资费/流量",
    "资费 >> 流量": "资费/流量",
    "全部知识/资费/流量": "资费/流量",
    "流量": "资费/流量",
    "资费-流量包": "资费/流量",
    "资费": "资费",
}


@pytest.mark.parametrize("path", SUBJECTS)
def test_paths_of_subjects(path: str, sheet: Sheet, plan: Planner) -> None:
    document = only(plan(sheet(f"分类,{HEAD}{path},{ROW}")))
    assert front(document.text, "subject").startswith(f"subject: {SUBJECTS[path]}")


def test_a_subject_that_is_like_none_is_left_to_the_author(sheet: Sheet, plan: Planner) -> None:
    file = sheet(f"分类,{HEAD}内部测试QA,{ROW}")
    document = only(plan(file))
    assert "subject" in document.missing
    assert document.extra == ("分类：内部测试QA",)
    assert front(only(plan(file, subject="发票/开票")).text, "subject") == "subject: 发票/开票"


def test_what_a_column_has_no_place_for_goes_to_the_appendix(sheet: Sheet, plan: Planner) -> None:
    file = sheet("标准问,答案,命中次数,\n怎么查话费,发短信查询。,812,备用\n")
    document = only(plan(file))
    assert document.extra == ("命中次数：812", "第 4 列：备用")
    assert document.text.endswith("### 附注\n\n命中次数：812\n\n第 4 列：备用\n")


def test_the_address_of_a_link_in_an_answer_is_kept(sheet: Sheet, plan: Planner) -> None:
    file = sheet(
        '标准问,答案\n怎么查话费,"<p>看<a href=""https://example.com/"">网厅</a>或'
        '<a href=""/faq/7"">帮助</a></p>"\n'
    )
    document = only(plan(file))
    assert section(document.text, "统一答复") == "看网厅或帮助（https://example.com/）"
    assert document.extra == ("链接“帮助”指向 /faq/7",)


def test_two_answers_to_one_question_are_both_kept_and_named(sheet: Sheet, plan: Planner) -> None:
    file = sheet(
        f"{HEAD}{ROW}怎么查话费,查余额,看 App 首页。\n"
        "怎么查话费,查话费|话费查询|还剩多少钱,发短信查询。\n"
    )
    first, second, third = plan(file).documents
    assert section(second.text, "统一答复") == "看 App 首页。"
    assert second.file == "faq/faq-zen-me-cha-hua-fei-2.md"
    assert second.notes == ("标题与第 2 行相同，内容不同；合成一篇，或改标题",)
    assert (first.status.value, third.status.value) == ("new", "present")


def test_a_register_of_cases_becomes_a_case_a_row(sheet: Sheet, plan: Planner) -> None:
    file = sheet("案例标题,背景,经过,处理结果,点评\n三次改约,二月。,改了三次。,装好了。,要早说。\n")
    document = only(plan(file))
    assert document.kind is Kind.CASE
    assert section(document.text, "细节") == "改了三次。"


def test_what_this_library_exports_comes_back(sheet: Sheet, plan: Planner) -> None:
    file = sheet(
        "分类,标准问,相似问,答案,编号\n资费/流量,怎么查流量,查流量|流量查询|还有多少流量,发短信。,faq-data-check\n"
    )
    assert only(plan(file)).file == "faq/faq-data-check.md"


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk", "gb2312"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_certain_encodings_are_read(encoding: str, tmp_path: Path, plan: Planner) -> None:
    file = tmp_path / "表.csv"
    file.write_bytes((HEAD + ROW).encode(encoding))
    assert only(plan(file)).title == "怎么查话费"


@pytest.mark.parametrize(
    "raw",
    [
        "標準問,相似問,答案\n怎麼查話費,查話費,發簡訊查詢。\n".encode("big5"),
        "標準質問、類似質問、回答\nどうやって確認しますか\n".encode("shift_jis"),
        "question,answer\ncafé à la crème,déjà vu\n".encode("latin-1"),
        "вопрос,ответ\nкак проверить,позвоните\n".encode("cp1251"),
        (HEAD + ROW).encode("gb18030")[:-3] + b"\xff\n",
        bytes(range(128, 256)) * 4,
    ],
    ids=["big5", "shift_jis", "latin-1", "cp1251", "broken", "bytes"],
)
def test_uncertain_encodings_are_refused(raw: bytes) -> None:
    with pytest.raises(Unreadable, match="编码认不准"):
        decode(raw, "CSV")
