"""The finder of documents that are asked for with the same words."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Indel

from casebook.checks.context import Alike
from casebook.documents import Kind
from casebook.guide import model_text
from casebook.library import Library, Source, load_library, with_text
from search.alike import MOST, Finder
from search.analysis import Analyzer
from search.likeness import Likeness

Entries = Callable[..., Library]


@pytest.fixture
def entries(small: Path, root: Path) -> Entries:
    """Makes a library of FAQ entries from their titles; similar questions say nothing."""
    shutil.copy(root / "glossary.toml", small)

    def make(*titles: str) -> Library:
        for file in (small / "faq").glob("*.md"):
            file.unlink()
        for number, title in enumerate(titles):
            text = _entry(f"faq-{chr(97 + number)}", title, filling="甲乙丙丁戊己庚辛"[number % 8])
            (small / "faq" / f"{number}.md").write_text(text, encoding="utf-8")
        return load_library(small)

    return make


def _entry(name: str, title: str, filling: str) -> str:
    text = model_text(Kind.FAQ).replace("faq-arrears-resume", name)
    text = text.replace("欠费停机后多久能恢复？", title)
    for number, question in enumerate(
        ("交了话费什么时候能用", "刚充完钱手机还是停着", "缴完费还打不出电话")
    ):
        text = text.replace(question, filling * (9 * number + 9))
    return text


def _pairs(library: Library) -> list[tuple[str, str]]:
    finder = Finder(library)
    return [
        (name, one.source.document.id)
        for name, source in library.sources.items()
        for one in finder(source)
    ]


ALIKE = [
    ("欠费停机后多久能恢复？", "欠费停机多久恢复"),
    ("宽带怎么移机？", "宽带移机怎么办理呢"),
    ("怎么退订增值业务", "增值业务怎么退订"),
    ("携号转网怎么办理", "携转怎么办理"),
    ("套餐月费多少钱", "套餐月租多少钱"),
    ("宽代断网了怎么办", "宽带断网了怎么办"),
    ("欠費停機後多久能恢復", "欠费停机后多久能恢复？"),
    ("余额能不能退", "余额能退吗"),
    ("流量包怎么买", "流量包怎么买，请问"),
]
# Real neighbours in the sample library, and pairs that differ in the word that matters.
DIFFERENT = [
    ("套餐外流量怎么收费？", "国际漫游流量怎么收费？"),
    ("客户要求补偿时怎么答复？", "客户要求调听通话录音怎么答复？"),
    ("怎么退订增值业务？", "没订过的增值业务扣费怎么办？"),
    ("保护性停机怎么解除", "怎么申请停机保号？"),
    ("携号转网转出怎么办理？", "携号转网转入怎么办理？"),
    ("套餐升档什么时候生效", "套餐降档什么时候生效"),
    ("国际漫游怎么开通", "国际漫游怎么取消"),
    ("5G 信号不好怎么办", "宽带信号不好怎么办"),
    ("5G 手机显示什么", "4G 手机显示什么"),
    ("亚洲漫游日包多少钱一天", "欧美漫游日包多少钱一天"),
    ("2026 年新春充值活动怎么参加", "2027 年新春充值活动怎么参加"),
    ("流量用完了能上网吗", "流量用完了为什么不能上网"),
    ("手机停机怎么办", "手机停机收不到验证码怎么办"),
    ("怎么办", "怎么办理"),
    ("套餐怎么升", "套餐怎么省"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_same_question(one: str, other: str, entries: Entries) -> None:
    assert _pairs(entries(one, other)) == [("faq-a", "faq-b"), ("faq-b", "faq-a")]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_another_question(one: str, other: str, entries: Entries) -> None:
    assert _pairs(entries(one, other)) == []


def test_says_which_question_and_how_alike(entries: Entries) -> None:
    library = entries("余额能退吗", "账单在哪里看", "余额能退不能退")
    (found,) = Finder(library)(library.sources["faq-a"])
    assert (found.question, found.other) == ("余额能退吗", "余额能退不能退")
    assert found.likeness == pytest.approx(2 * 4 / (5 + 7))


@given(
    st.text("宽带移机费转网入出多少钱怎么办5g", max_size=12),
    st.text("宽带移机费转网入出多少钱怎么办5g", max_size=12),
)
def test_likeness_is_that_of_the_search(one: str, other: str) -> None:
    analyzer = Analyzer()
    sounds = [analyzer.sound(text) for text in (one, other)]
    likeness = Likeness(analyzer.query(one), 1.0)
    if not analyzer.query(one).patterns and all(sounds):
        bags = ["".join(sorted(sound)) for sound in sounds]
        expected = likeness.best([[sounds[1]]])[1]
        assert Indel.normalized_similarity(*bags) == pytest.approx(expected)


def test_nearest_first(entries: Entries) -> None:
    library = entries("流量包怎么买", "请问流量包怎么买的呢", "流量包怎么买")
    found = Finder(library)(library.sources["faq-a"])
    assert [one.source.document.id for one in found] == ["faq-c", "faq-b"]


def test_few_of_many(entries: Entries) -> None:
    library = entries(*["流量包怎么买"] * 8)
    finder = Finder(library)
    assert [len(finder(source)) for source in library.sources.values()] == [MOST] * 8


def test_a_document_is_not_like_its_former_version(entries: Entries) -> None:
    library = entries("流量包怎么买", "余额能退吗")
    finder = Finder(library)

    def found(text: str, path: str) -> Sequence[Alike]:
        changed, _ = with_text(library, Kind.FAQ, text, path)
        (source,) = (one for one in changed.sources.values() if one.path == path)
        return finder(source)

    assert found(_entry("faq-a", "流量包咋买", "甲"), "faq/0.md") == []
    # Under a new id, too.
    assert found(_entry("faq-new", "流量包咋买", "甲"), "faq/0.md") == []
    assert [
        one.source.document.id for one in found(_entry("faq-x", "余额能退吗", "子"), "faq/x.md")
    ] == ["faq-b"]


def test_a_new_document_is_not_remembered(entries: Entries) -> None:
    library = entries("流量包怎么买", "余额能退吗")
    finder = Finder(library)
    changed, _ = with_text(library, Kind.FAQ, _entry("faq-x", "流量包怎么买", "子"), "faq/x.md")
    assert len(finder(changed.sources["faq-x"])) == 1
    assert finder(library.sources["faq-a"]) == []


RETOLD = [
    (
        "刚转网过来的两位客户收不到银行验证码，其中一位被推回银行",
        "转入客户收不到短信，问四句话多半就知道卡在哪一段；不问就请他找银行，是把刚进门的客户推出去。",
        "客户说转网后收不到验证码，会用四个问题分清原因，替他立单",
        "case-mnp-verification-code",
    ),
    (
        "母亲手机被扣了十四个月视频会员，女儿过年回家才发现",
        "老人的冤枉钱查清能退，更要紧的是那几分钟怎么对她说。",
        "会看订购记录的确认方式，和老人说话时不让她自责",
        "case-elder-vas",
    ),
]


@pytest.mark.parametrize(("title", "theme", "purpose", "name"), RETOLD)
def test_a_case_told_again(
    title: str, theme: str, purpose: str, name: str, library: Library
) -> None:
    found = Finder(library)(_retold(library.sources[name], title, theme, purpose))
    assert [one.source.document.id for one in found] == [name]
    assert found[0].likeness > library.settings.check.case_alike


def _retold(source: Source, title: str, theme: str, purpose: str) -> Source:
    sections = tuple(
        one.model_copy(update={"text": theme}) if one.key == "theme" else one
        for one in source.document.sections
    )
    changes = {"id": "case-again", "title": title, "purpose": purpose, "sections": sections}
    document = source.document.model_copy(update=changes)
    return Source("cases/case-again.md", document, source.lines, source.targets)


def test_nothing_in_the_sample_library_is_told_or_asked_twice(library: Library) -> None:
    assert _pairs(library) == []
