"""Snippets hold escaped text and marks, nothing else, whatever the text and the words are."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.analysis import Analyzer
from search.snippets import LENGTH, snippet

ANALYZER = Analyzer()
HOSTILE = st.sampled_from(
    ["<", ">", "&", '"', "'", "<mark>", "</mark>", "&lt;", "&amp;", "<b>", "…", "ﬁ", "İ", "𠀀", " "]
)
TEXTS = st.lists(st.one_of(HOSTILE, st.text(max_size=8)), max_size=40).map("".join)
WORDS = st.lists(st.one_of(HOSTILE, st.text(max_size=4)), max_size=5)


def shown(text: str) -> str:
    """What a reader sees of a snippet."""
    return html.unescape(text.replace("<mark>", "").replace("</mark>", ""))


def marks(text: str) -> list[str]:
    return [html.unescape(one) for one in re.findall(r"<mark>(.*?)</mark>", text, re.DOTALL)]


def plain(text: str, words: list[str], length: int = LENGTH) -> str:
    return snippet(text, words, lambda one: one.lower(), length)


@given(text=TEXTS, words=WORDS, length=st.integers(1, 120))
@settings(max_examples=300, deadline=None)
def test_a_snippet_is_a_piece_of_the_text_with_marks_only(
    text: str, words: list[str], length: int
) -> None:
    made = snippet(text, words, ANALYZER.normalize, length)
    flat = " ".join(text.split())
    bare = re.sub(r"<mark>[^<>]*</mark>", lambda found: found[0][6:-7], made)
    assert "<" not in bare
    assert ">" not in bare
    assert not re.search(r"&(?!(?:lt|gt|amp|quot|#x27);)", bare)
    visible = shown(made)
    if len(flat) <= length:
        assert visible == flat
        return
    cut = [visible]
    cut += [visible.removeprefix("…"), visible.removesuffix("…")]
    cut.append(visible.removeprefix("…").removesuffix("…"))
    assert any(one in flat and len(one) <= length for one in cut)


@given(text=TEXTS, words=WORDS)
@settings(max_examples=200, deadline=None)
def test_marks_hold_only_what_was_looked_for(text: str, words: list[str]) -> None:
    letters = {ANALYZER.normalize(c) for word in words for c in word} | {""}
    for one in marks(plain(text, [word.lower() for word in words])):
        assert (
            one.lower() in "".join(words).lower()
            or {c.lower() for c in one} <= {c.lower() for word in words for c in word} | letters
        )


@pytest.mark.parametrize(
    ("text", "words", "made"),
    [
        ("宽带断了", ["宽带"], "<mark>宽带</mark>断了"),
        ("宽带断了", ["宽带", "断"], "<mark>宽带断</mark>了"),
        ("宽带 宽带", ["宽带"], "<mark>宽带</mark> <mark>宽带</mark>"),
        ("a<b>c", ["b"], "a&lt;<mark>b</mark>&gt;c"),
        ("&lt;", ["lt"], "&amp;<mark>lt</mark>;"),
        ("a&b", ["&"], "a<mark>&amp;</mark>b"),
        ("<mark>x</mark>", ["x"], "&lt;mark&gt;<mark>x</mark>&lt;/mark&gt;"),
        ("<script>", ["<script>"], "<mark>&lt;script&gt;</mark>"),
        ("宽带", [], "宽带"),
        ("宽带", [""], "宽带"),
        ("宽带", ["漫游"], "宽带"),
        ("", ["漫游"], ""),
        ("多\n行\t文 字", ["行 文"], "多 <mark>行 文</mark> 字"),
    ],
)
def test_what_is_marked(text: str, words: list[str], made: str) -> None:
    assert plain(text, words) == made


@pytest.mark.parametrize(
    ("text", "words", "marked"),
    [
        ("寬帶斷了", ["宽带"], ["寬帶"]),
        ("ＥＳＩＭ卡", ["esim"], ["ＥＳＩＭ"]),
        ("eSIM", ["esim"], ["eSIM"]),
        ("宽\u200b带", ["宽带"], ["宽\u200b带"]),
        ("ﬁle", ["file"], ["ﬁle"]),
        ("5㎡", ["m2"], ["㎡"]),
        ("国際漫遊", ["漫游"], ["漫遊"]),
    ],
)
def test_marks_find_what_is_written_differently(
    text: str, words: list[str], marked: list[str]
) -> None:
    made = snippet(text, words, ANALYZER.normalize)
    assert [one.replace("\u200b", "") for one in marks(made)] == [
        one.replace("\u200b", "") for one in marked
    ] or "".join(marks(made)) == "".join(marked).replace("\u200b", "")


@pytest.mark.parametrize("place", [0, 50, 500, 900, 996])
def test_a_long_text_is_cut_around_the_word(place: int) -> None:
    text = "字" * place + "漫游" + "字" * (998 - place)
    made = plain(text, ["漫游"])
    assert "<mark>漫游</mark>" in made
    assert len(shown(made).strip("…")) == LENGTH
    assert made.startswith("…") == (place > 16)
    assert made.endswith("…") == (place - LENGTH // 6 + LENGTH < 1000)


def test_the_part_with_most_of_the_words_is_shown() -> None:
    text = "漫游" + "字" * 300 + "漫游套餐流量" + "字" * 300
    assert "<mark>漫游套餐流量</mark>" in plain(text, ["漫游", "套餐", "流量"])


def test_a_text_of_a_hundred_thousand_characters_is_quick() -> None:
    assert len(shown(plain("漫游" * 50_000, ["漫", "游", "漫游"]))) <= LENGTH + 2
