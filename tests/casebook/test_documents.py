"""Articles by number, and the days on which a document holds."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from casebook.documents import (
    MODELS,
    Case,
    Citation,
    Faq,
    Kind,
    Policy,
    Section,
    Standing,
    article_key,
    chinese_number,
)
from casebook.guide import model_text
from casebook.reading import read_document
from casebook.settings import Settings

KEYS = {
    "第一条": "1",
    "第十条": "10",
    "第十一条 期限": "11",
    "第二十条": "20",
    "第二十三条 期限": "23",
    "第一百条": "100",
    "第一百零五条": "105",
    "第一百〇五条": "105",
    "第一百一十条": "110",
    "第五百八十四条 损失赔偿": "584",
    "第一千条": "1000",
    "第一千零一条": "1001",
    "第一千零三十四条": "1034",
    "第一千二百六十条": "1260",
    "两千条": None,
    "第两千两百条": "2200",
    "第九千九百九十九条": "9999",
    "第7条": "7",
    "第55条 期限": "55",
    "第1260条": "1260",
    "第一条\u3000期限": "1",
    "要点一": "p1",
    "要点三 复机": "p3",
    "要点十二": "p12",
    "要点4": "p4",
    "": None,
    "期限": None,
    "第条": None,
    "要点": None,
    "要点三条": None,
    "第要点三条": None,
    "第三": None,
    "三条": None,
    "第三条期限": None,
    "第三条之一": None,
    " 第三条": None,
    "第 三 条": None,
    "第三、四条": None,
    "第零条": None,
    "第二三条": None,
    "第一〇五条": None,
    "第一百五条": None,
    "第一百五": None,
    "第一百零十条": None,
    "第一百零五十条": None,
    "第一百零条": None,
    "第一千三十条": None,
    "第一千零三百条": None,
    "第十百条": None,
    "第百条": None,
    "第一百百条": None,
    "第零五条": None,
    "第一万条": None,
    "第十五万条": None,
    "第五５条": None,
    "第１２条": None,
    "第1十条": None,
    "第12345条": None,
    "第" + "9" * 5000 + "条": None,
    "第-1条": None,
    "第1.5条": None,
    "第叁条": None,
    "第廿条": None,
}


@pytest.mark.parametrize(("heading", "key"), KEYS.items(), ids=[k[:12] or "empty" for k in KEYS])
def test_article_key(heading: str, key: str | None) -> None:
    assert article_key(heading) == key


def _written(number: int) -> str:
    """A number as laws write it."""
    text, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if not digit:
            gap = bool(text)
            continue
        text += ("零" if gap else "") + "零一二三四五六七八九"[digit] + name
        gap = False
    return text.removeprefix("一") if 10 <= number < 20 else text


def test_every_number_is_read_back() -> None:
    wrong = [n for n in range(1, 10_000) if chinese_number(_written(n)) != n]
    assert wrong == []


@examples(max_examples=500, deadline=None)
@given(st.text("零〇一二两三四五六七八九十百千", max_size=8))
def test_what_is_read_is_what_would_be_written(text: str) -> None:
    number = chinese_number(text)
    if number is not None:
        usual = text.replace("〇", "零").replace("两", "二")
        assert usual in (_written(number), "一" + _written(number))


@examples(max_examples=300, deadline=None)
@given(st.text(max_size=12))
def test_article_key_never_raises(text: str) -> None:
    for heading in (text, f"第{text}条", f"要点{text}"):
        key = article_key(heading)
        assert key is None or key.removeprefix("p").isdecimal()


START, END = date(2026, 1, 1), date(2026, 6, 30)
DAY = timedelta(days=1)


def _faq(start: date, end: date | None) -> Faq:
    changes: dict[str, object] = {"effective_from": start, "effective_until": end}
    return Faq.model_construct(**changes)


@pytest.mark.parametrize(
    ("end", "on", "standing"),
    [
        (END, START - DAY, Standing.UPCOMING),
        (END, START, Standing.CURRENT),
        (END, END, Standing.CURRENT),
        (END, END + DAY, Standing.ENDED),
        (None, START - DAY, Standing.UPCOMING),
        (None, START, Standing.CURRENT),
        (None, date.max, Standing.CURRENT),
        (START, START, Standing.CURRENT),
        (START, START + DAY, Standing.ENDED),
    ],
)
def test_first_and_last_day_are_inside(end: date | None, on: date, standing: Standing) -> None:
    assert _faq(START, end).standing(on) is standing


def test_cases_have_no_dates_and_always_hold() -> None:
    assert Case.model_construct().standing(date.min) is Standing.CURRENT
    assert Case.model_construct().standing(date.max) is Standing.CURRENT


def test_labels_are_what_readers_see() -> None:
    assert [standing.label for standing in Standing] == ["现行有效", "未生效", "已失效"]
    assert [(kind.folder, kind.label) for kind in Kind] == [
        ("cases", "案例"),
        ("faq", "统一口径"),
        ("policies", "政策依据"),
    ]


@pytest.mark.parametrize(("key", "anchor"), [("55", "a55"), ("p1", "p1"), ("answer", "answer")])
def test_anchor(key: str, anchor: str) -> None:
    assert Section(key=key, heading="x", audience="agent", text="x").anchor == anchor


@pytest.mark.parametrize("text", ["policy-a", "policy-a#3", "policy-a-b#p12"])
def test_citation_is_written_as_it_was_read(text: str) -> None:
    policy, _, article = text.partition("#")
    assert str(Citation(policy=policy, article=article or None)) == text


def test_every_kind_has_its_model() -> None:
    assert {kind: model.kind for kind, model in MODELS.items()} == {kind: kind for kind in Kind}


def test_only_rationale_and_forbidden_words_are_restricted() -> None:
    restricted = [
        spec.key
        for specs in (Case.spec, Faq.spec, Policy.spec, Policy.plan_spec)
        for spec in specs
        if spec.restricted
    ]
    assert restricted == ["rationale", "forbidden"]


def test_documents_cannot_be_changed(settings: Settings) -> None:
    document = read_document(model_text(Kind.FAQ).encode(), "a.md", Kind.FAQ, settings).document
    assert isinstance(document, Faq)
    assert document.answer.startswith("欠费缴清以后")
    with pytest.raises(ValueError, match="frozen"):
        document.audience = "dealer"  # type: ignore[misc]


@pytest.mark.parametrize("kind", Kind)
def test_digest_is_not_for_authors_to_write(kind: Kind, settings: Settings) -> None:
    assert "digest" not in MODELS[kind].model_json_schema()["properties"]
    text = model_text(kind).replace("\nowner:", "\ndigests: x\nowner:")
    (problem,) = read_document(text.encode(), "a.md", kind, settings).problems
    assert problem.message == "不认识的键 digests。"
    assert problem.hint.startswith("可用的键：id、title")
    assert "digest" not in problem.hint


@pytest.mark.parametrize("kind", Kind)
def test_document_comes_back_from_its_json(kind: Kind, settings: Settings) -> None:
    document = read_document(model_text(kind).encode(), "a.md", kind, settings).document
    assert document
    assert MODELS[kind].model_validate_json(document.model_dump_json()) == document
    assert document.model_copy(update={"title": "别的"}).digest == document.digest
