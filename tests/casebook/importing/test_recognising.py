"""What an entry is, and what its parts are, from the names in it."""

from __future__ import annotations

import pytest

from casebook.documents import Kind
from casebook.importing.blocks import Block, Entry, Span, from_lines
from casebook.importing.drafts import Draft
from casebook.importing.recognising import recognise
from casebook.importing.values import parse, parse_subject
from casebook.settings import Settings


def drafts(text: str, settings: Settings, fallback: Kind | None = None) -> list[Draft]:
    """The drafts of a text; lines that begin with # are headings."""
    blocks = []
    for line in from_lines(text):
        mark, _, words = line.text.partition(" ")
        level = len(mark) if set(mark) == {"#"} else 0
        blocks.append(Block("heading", (Span(words),), level) if level else line)
    return recognise(Entry(blocks=tuple(blocks)), settings, fallback)


def texts(draft: Draft) -> dict[str, list[str]]:
    return {key: [block.text for block in blocks] for key, blocks in draft.sections.items()}


KINDS = {
    "two sections of a case": ("背景\n二月。\n结果\n装好。", Kind.CASE),
    "an answer": ("怎么查\n答复：发短信。", Kind.FAQ),
    "two articles": ("办法\n第一条 甲。\n第二条 乙。", Kind.POLICY),
    "a plan": ("断网预案\n情形\n断网。\n流程\n先报告。\n控制点\n打勾。", Kind.POLICY),
    "a case that cites articles": (
        "背景\n第一条 说过。\n细节\n查了。\n结果\n第二条 有。\n评析\n好。",
        Kind.CASE,
    ),
    "one name is too few": ("情况说明\n背景\n二月。", None),
    "nothing": ("几句话。", None),
}


@pytest.mark.parametrize("name", KINDS)
def test_the_kind_is_told_from_the_names(name: str, settings: Settings) -> None:
    text, kind = KINDS[name]
    (draft,) = drafts(text, settings)
    assert (draft.kind, draft.plan) == (kind, name == "a plan")


def test_a_policy_by_articles(settings: Settings) -> None:
    (draft,) = drafts(
        "# 装机办法\n文号：远汐〔2026〕1号\n第一章 总则\n第一条 为了装得快，制定本办法。\n"
        "第 2 条 范围\n全部门店。\n第三条：按时上门。\n第三条之一 可以改期。\n第二条 又是二。\n"
        "附则\n第四条 本办法自2026年5月1日起施行。",
        settings,
    )
    assert draft.title == "装机办法"
    assert draft.keys == {"number": "远汐〔2026〕1号", "effective_from": "2026-05-01"}
    assert texts(draft) == {
        "第一条": ["为了装得快，制定本办法。"],
        "第2条 范围": ["全部门店。"],
        "第三条": ["按时上门。", "第三条之一 可以改期。"],
        "第二条": ["又是二。"],
        "第四条": ["本办法自2026年5月1日起施行。"],
    }
    assert [block.text for block in draft.extra] == ["第一章 总则", "附则"]


def test_an_article_that_comes_twice_is_named(settings: Settings) -> None:
    (draft,) = drafts("办法\n第一条 甲。\n第二条 乙。\n第一条 丙。\n还有。", settings)
    assert draft.notes == ["第一条出现了两次，第二次的放进附注"]
    assert [block.text for block in draft.extra] == ["第一条 丙。", "还有。"]


def test_a_dialogue_in_a_case_is_no_list_of_questions(settings: Settings) -> None:
    (draft,) = drafts("背景\n二月。\n细节\n问：怎么还没来？\n答：路上。\n结果\n装好。", settings)
    assert texts(draft)["details"] == ["问：怎么还没来？", "答：路上。"]


QUESTIONS = {
    "问 and 答": "问：怎么查？\n答：发短信。\n问：怎么改？\n答：打热线。",
    "numbers": "问题1：怎么查？\n答案1：发短信。\n问题2：怎么改？\n答案2：打热线。",
    "letters": "Q1：怎么查？\nA1：发短信。\nQ2：怎么改？\nA2：打热线。",
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_lists_of_questions(name: str, settings: Settings) -> None:
    first, second = drafts(QUESTIONS[name], settings)
    assert (first.title, texts(first)) == ("怎么查？", {"answer": ["发短信。"]})
    assert (second.title, texts(second)) == ("怎么改？", {"answer": ["打热线。"]})


def test_a_second_text_of_one_section_keeps_its_name(settings: Settings) -> None:
    (draft,) = drafts("# 背景\n二月。\n# 事情起因\n改约。\n# 结果\n装好。", settings)
    assert texts(draft)["background"] == ["二月。", "事情起因", "改约。"]


def test_a_heading_beside_the_sections_ends_the_last_one(settings: Settings) -> None:
    (draft,) = drafts(
        "# 案例\n## 背景\n二月。\n### 天气\n雪。\n## 结果\n装好。\n## 附件\n录音。", settings
    )
    assert texts(draft) == {"background": ["二月。", "天气", "雪。"], "outcome": ["装好。"]}
    assert [block.text for block in draft.extra] == ["附件", "录音。"]


def test_headings_may_name_keys(settings: Settings) -> None:
    (draft,) = drafts("# 背景\n二月。\n# 结果\n装好。\n# 典型性\n改约的投诉。", settings)
    assert draft.keys == {"typicality": "改约的投诉。"}


def test_several_values_in_a_line(settings: Settings) -> None:
    (draft,) = drafts(
        "标题\n编 写 人：质检组  受理渠道：热线；级别：投诉\n背景\n甲。\n结果\n渠道：乙。", settings
    )
    assert draft.keys == {"author": "质检组", "channel": "热线", "level": "投诉"}
    # Inside a section such a line is text.
    assert texts(draft)["outcome"] == ["渠道：乙。"]


VALUES = {
    ("happened", "2026年3月5日"): "2026-03",
    ("happened", "2026.3"): "2026-03",
    ("happened", "去年春天"): None,
    ("happened", "2026年13月"): None,
    ("written", "2026/3/5 10:00"): "2026-03-05",
    ("written", "20260305"): "2026-03-05",
    ("written", "２０２６年３月５日"): "2026-03-05",
    ("written", "2026年2月30日"): None,
    ("written", "2026-03-05 至 2026-04-05"): None,
    ("effective_until", "9999-12-31"): "",
    ("effective_until", "长期有效"): "",
    ("effective_until", "2027-01-01"): "2027-01-01",
    ("level", "投诉"): "投诉",
    ("level", "一级"): None,
    ("level", "□建议 □抱怨 ☑投诉 □危机"): "投诉",
    ("level", "□建议 □抱怨 □投诉 □危机"): None,
    ("needs", "√解决问题 □发泄情绪 √获得补偿"): ["解决问题", "获得补偿"],
    ("channel", "热线电话"): "热线",
    ("needs", "解决问题、获得补偿"): ["解决问题", "获得补偿"],
    ("needs", "解决问题、发朋友圈"): ["解决问题"],
    ("author", "王小明"): None,
    ("author", "热线班长"): "热线班长",
    ("tags", "停机、保号；副卡"): ["停机", "保号", "副卡"],
    ("owner", "资费 产品组"): "资费 产品组",
    ("owner", "长" * 201): None,
}


@pytest.mark.parametrize(("key", "text"), VALUES)
def test_values(key: str, text: str, settings: Settings) -> None:
    assert parse(key, text, settings).value == VALUES[key, text]


def test_what_was_taken_for_another_term_is_said(settings: Settings) -> None:
    assert parse("channel", "热线电话", settings).note == (
        "渠道：分类里没有“热线电话”，取了最近的“热线”"
    )
    assert parse_subject("宽带/装移机", settings.taxonomy).note == (
        "业务分类：分类里没有“宽带/装移机”，取了最近的“宽带/装机”"
    )
    assert parse("needs", "解决问题、发朋友圈", settings).rest == "发朋友圈"
