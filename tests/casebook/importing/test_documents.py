"""Word and PDF as LibreOffice writes them → documents, with everything in its place."""

from __future__ import annotations

from pathlib import Path

from casebook.documents import Kind
from tests.casebook.importing.conftest import Made, Planner, front, only, section


def test_a_form_in_word_becomes_a_case(made: Made, plan: Planner) -> None:
    document = only(plan(made("form.docx")))
    text = document.text
    assert (document.kind, document.title) == (Kind.CASE, "宽带装机三次改约")
    assert document.file == "cases/case-kuan-dai-zhuang-ji-san-ci-gai-yue.md"
    assert front(text, "channel") == "channel: 热线"
    assert front(text, "level") == "level: 投诉"
    assert front(text, "happened") == "happened: 2026-03"
    assert front(text, "written") == "written: 2026-03-20"
    assert front(text, "author") == "author: 装维班班长"
    assert front(text, "subject") == "subject: 宽带/装机"
    assert front(text, "audience") == "audience: agent"
    assert section(text, "细节") == (
        "第一次：师傅临时改约，没有打电话。\n\n第二次：客户请假在家，又等了半天。"
    )
    assert section(text, "评析").startswith(
        "1. 改约为什么没有通知客户？\n2. 一线怎样提前发现产能不足？\n\n### 附注\n"
    )
    assert document.extra == (
        "客户投诉案例登记表",
        "投诉编号：TS-2026-0188",
        "客户诉求：尽快装好，并赔礼道歉",
        "附件：录音一份",
    )
    assert "主题" in document.missing
    assert "owner" in document.missing
    assert "业务分类：分类里没有“宽带装移机”，取了最近的“宽带/装机”" in document.notes


def test_headings_lists_and_tables_of_word_are_kept(made: Made, plan: Planner) -> None:
    document = only(plan(made("headings.docx")))
    text = document.text
    assert document.title == "一张账单，三个答案"
    assert section(text, "主题") == "同一个问题说法不同，客户就会**升级**。"
    assert "[公告](https://example.com/a%28b%29)" in section(text, "背景")
    assert section(text, "细节") == "\n".join(
        [
            "他先后问了三处：",
            "",
            "1. 热线说是流量超出；",
            "2. 门店说是合约费；",
            "3. 网页上写着“其他费用”。",
            "",
            "| 渠道 | 说法 |",
            "| --- | --- |",
            "| 热线 | 流量 |",
            "| 门店 | 合约\\|费 |",
            "",
            "### 客户的反应",
            "",
            "客户说：“〈b〉到底谁说了算？” 〔audience“=”dealer〕",
            "",
            "\\# 不是标题",
            "",
            "\\- 也不是列表",
        ]
    )
    assert section(text, "评析").startswith(
        "- 口径为什么会不一致？\n  - 系统\n  - 培训\n- 谁来统一？\n\n### 附注\n\n#### 六、附件\n"
    )
    assert any(one.startswith("图片没有导入，共 1 张") for one in document.extra)
    assert ("五、讨论与评析", "评析") in document.placed


def test_lines_that_name_their_parts(made: Made, plan: Planner) -> None:
    document = only(plan(made("lines.docx")))
    text = document.text
    assert document.title == "替人挨的骂"
    assert section(text, "背景") == ("代理商门店把别家的故障说成我们的。\n\n客户丙隔天打来热线。")
    assert section(text, "细节") == "坐席先道歉，再查线路。"
    assert section(text, "结果") == "客户接受解释，没有再投诉。"
    assert section(text, "评析").startswith("先听完，再分清是谁的责任。\n\n### 附注\n")
    assert front(text, "written") == "written: 2026-06-01"
    # A person's name is no post: it stands in the appendix, and the report says so.
    assert front(text, "author") == "author: （待填）岗位，不写姓名"
    assert document.extra == ("编写人：李**",)
    assert text.endswith("### 附注\n\n编写人：李某某\n")


def test_questions_and_answers_become_an_entry_each(made: Made, plan: Planner) -> None:
    first, second = plan(made("questions.docx")).documents
    assert (first.kind, first.title) == (Kind.FAQ, "副卡可以单独停机吗？")
    assert section(first.text, "统一答复") == "可以，主卡号码的本人来办。\n\n带上身份证。"
    assert section(second.text, "统一答复") == "停机保号每月五元。"
    assert first.extra == ("门店常见问答",)


def test_a_pdf_becomes_a_policy_by_articles(made: Made, plan: Planner) -> None:
    document = only(plan(made("rules.pdf")))
    text = document.text
    assert (document.kind, document.title) == (Kind.POLICY, "远汐通信 宽带装机服务管理办法")
    assert front(text, "number") == 'number: "远汐客〔2026〕12号"'
    assert front(text, "effective_from") == "effective_from: 2026-05-01"
    # The lines of the page are one paragraph again.
    assert section(text, "第一条").endswith("各单位应当遵照执行，不得自行变通处理。")
    assert "\n" not in section(text, "第一条")
    assert section(text, "第二条 适用范围") == "本办法适用于全部营业厅和合作门店。"
    assert section(text, "第三条").split("\n\n")[1:] == [
        "（一）城区，三个工作日；",
        "（二）农村，五个工作日。",
    ]
    assert document.extra == ("第一章 总则", "第二章 时限")
    assert document.missing == ("owner", "rank", "issuer")


def test_the_headings_of_a_pdf_are_told_by_their_size(made: Made, plan: Planner) -> None:
    document = only(plan(made("headings.pdf")))
    assert document.title == "一张账单，三个答案"
    assert section(document.text, "结果") == "退费 28 元，三处统一了说法。"
    assert "#### 六、附件" in document.text
    assert "图片没有导入，共 1 张" in document.extra


def test_tables_lists_and_links_of_a_pdf(made: Made, plan: Planner) -> None:
    document = only(plan(made("table.pdf")))
    answer, table = section(document.text, "统一答复").split("\n\n", 1)
    assert answer.endswith("一级到三级分别由不同的人来跟进，按表行事。")
    assert table == "\n".join(
        [
            "| 级别 | 跟进人 | 时限 |",
            "| --- | --- | --- |",
            "| 一级 | 班长 | 一天 |",
            "| 二级 | 主管 | 两天 |",
        ]
    )
    assert section(document.text, "办理方式") == "1. 先安抚\n2. 再查询\n3. 给结论"
    assert document.extra == ("链接“服务公告”指向 https://example.com/rules?id=3",)


def test_headers_and_footers_are_no_text_of_a_document(made: Made, plan: Planner) -> None:
    found = plan(made("pages.pdf"))
    document = only(found)
    assert section(document.text, "统一答复") == "本人来办。"
    assert section(document.text, "办理方式").endswith("热线也可以。")
    assert "内部资料" not in document.text
    (words,) = found.left_out["pages.pdf"]
    assert words == "页眉、页脚和页码：远汐通信 内部资料、第1页、第2页、第3页"
    # Word has them once; they stand in the appendix.
    word = only(plan(made("pages.docx")))
    assert "原件。" in word.text
    assert "页眉页脚：远汐通信 内部资料" in word.extra


def test_comments_and_shapes_of_word_are_kept(made: Made, plan: Planner) -> None:
    document = only(plan(made("beside.docx")))
    assert section(document.text, "统一答复") == "本人来办。"
    assert "框里的话" in document.text
    assert document.extra == ("批注：这句要改", "图形里的文字：图形里的话")


def test_a_second_import_finds_everything_there(made: Made, plan: Planner, small: Path) -> None:
    from casebook.importing.planning import write_plan

    files = [made(name) for name in ("form.docx", "questions.docx", "rules.pdf", "bot.xlsx")]
    written = write_plan(small, plan(*files))
    before = {file: file.read_bytes() for file in written}
    again = plan(*files)
    assert {one.status.value for one in again.documents} == {"present"}
    assert {one.file for one in again.documents} == {
        file.relative_to(small).as_posix() for file in written
    }
    assert write_plan(small, again) == []
    assert {file: file.read_bytes() for file in small.rglob("*.md")} == before
