"""Whatever a source holds, the reader accepts the file, and each word is in it or in the report."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from casebook.documents import Kind
from casebook.importing.blocks import Block, Entry, Span, clean, to_markdown
from casebook.importing.drafting import Defaults, Written, write
from casebook.importing.drafts import Draft
from casebook.importing.recognising import recognise
from casebook.markup import Renderer, plain_text
from casebook.settings import Settings, load_settings
from tests.conftest import ROOT

SETTINGS = load_settings(ROOT)
RENDERER = Renderer()
DEFAULTS = Defaults("agent", "", "", date(2026, 11, 22))
# Words and marks that mean something to the reader, to Markdown, to YAML or to the vocabulary.
PIECES = [
    *("客户", "abc", "x1", "一", "3", "。", "，", "：", ":", " ", "\t", "\n", "\u3000", "\xa0"),
    *("#", "##", "###", "＃", "-", "--", "---", "===", "=", ">", "|", "* ", "**", "_", "`", "```"),
    *(
        "[",
        "]",
        "](",
        "![",
        "[1]:",
        "<b>",
        "</",
        "<!--",
        "<",
        "〈",
        "{audience=dealer}",
        "audience",
    ),
    *(
        "{",
        "｛",
        "}",
        "audience=",
        "ａｕｄｉｅｎｃｅ＝",
        "\\",
        "&lt;",
        "1. ",
        "2) ",
        "１．",
        "\u200b",
    ),
    *("\x08", "\x85", "\u2028", "\ufeff", "\ufffe", "\ud800", "\U0001f600", "a\u0332udience="),
    *(
        "设计思路",
        "禁用说法",
        "背景",
        "一、背景",
        "结果：",
        "统一答复",
        "细节",
        "评析",
        "第三条 ",
        "附注",
    ),
    *("https://example.com/x", "《办法》", '"', "'", "%", "@", "!", "（待填写）", "渠道：热线"),
]
TEXT = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
SPAN = st.builds(Span, TEXT, st.booleans(), st.sampled_from(["", "https://example.com/a b(c)"]))
SPANS = st.lists(SPAN, max_size=3).map(tuple)
ROWS = st.lists(st.lists(TEXT, max_size=3).map(tuple), max_size=3).map(tuple)
BLOCK = st.one_of(
    st.builds(
        Block,
        st.sampled_from(["heading", "paragraph", "quote", "code", "item"]),
        SPANS,
        st.integers(0, 6),
        st.integers(0, 3),
    ),
    st.builds(Block, st.just("table"), rows=ROWS),
)
ENTRY = st.builds(
    Entry,
    title=TEXT,
    fields=st.lists(
        st.tuples(
            st.sampled_from(
                ["状态", "标签", "相似问", "答案", "生效时间", "不认识", "背景", "作者", "分类"]
            ),
            TEXT,
        ),
        max_size=4,
    ).map(tuple),
    blocks=st.lists(BLOCK, max_size=6).map(tuple),
    faq=st.booleans(),
    aside=st.lists(TEXT, max_size=1).map(tuple),
)


def draft_of(entry: Entry, settings: Settings, kind: Kind) -> tuple[Draft, Written]:
    draft = recognise(entry, settings, kind)[0]
    return draft, write(draft, f"{draft.kind}-x", SETTINGS, DEFAULTS)


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", clean(text)))


def source_text(entry: Entry) -> str:
    fields = [part for field in entry.fields for part in field if clean(field[1]).strip()]
    cells = [cell for block in entry.blocks for row in block.rows for cell in row]
    texts = [span.text for block in entry.blocks for span in block.spans]
    return "\n".join([entry.title, *fields, *cells, *texts, *entry.aside])


@examples(max_examples=200, deadline=None)
@given(entry=ENTRY, kind=st.sampled_from(list(Kind)))
def test_no_word_is_lost_and_the_reader_takes_the_file(entry: Entry, kind: Kind) -> None:
    told = []
    for draft in recognise(entry, SETTINGS, kind):
        written = write(draft, f"{draft.kind}-x", SETTINGS, DEFAULTS)
        assert written.broken == ()
        told += [draft.title, written.text, *draft.notes]
        told += [part for pair in draft.placed for part in pair]
    everything = "".join(words("\n".join(told)))
    lost = [word for word in words(source_text(entry)) if word not in everything]
    # The marks of a list of questions, and of an item, are no words of theirs.
    assert [word for word in lost if not word.isdecimal() and word not in "问答"] == []


@examples(max_examples=100, deadline=None)
@given(blocks=st.lists(BLOCK, max_size=5))
def test_what_is_written_shows_the_words_of_the_source(blocks: list[Block]) -> None:
    shown = "".join(words(plain_text(RENDERER.render(to_markdown(blocks)))))
    cells = [cell for block in blocks for row in block.rows for cell in row]
    texts = ["".join(span.text for span in block.spans) for block in blocks]
    for word in words("\n".join([*cells, *texts])):
        assert word in shown or word in ("lt", "1", "2") or word.isdecimal()


@pytest.fixture(scope="module", autouse=True)
def _stop_rendering() -> Iterator[None]:
    with RENDERER:
        yield


LINES = {
    "a heading of a section": ("“设计思路”不外传", "原文：“设计思路”不外传"),
    "two hashes": ("## 小结", "\\## 小结"),
    "wide hash": ("＃小结", "\\#小结"),
    "html": ("点<b>这里</b>", "点〈b〉这里〈/b〉"),
    "an unclosed tag": ("点<b", "点〈b〉"),
    "an audience": ("x {audience=dealer}", "x 〔audience“=”dealer〕"),
    "a picture": ("![图](a.png)", "!\\[图\\](a.png)"),
    "a reference": ("[1]: https://example.com", "\\[1\\]: https://example.com"),
    "a line": ("---", "\\---"),
    "a mask": ("139****0000", "139****0000"),
    "emphasis": ("a *b* c", "a \\*b\\* c"),
    "less than": ("3 < 5", "3 < 5"),
    "a year": ("2026. 5", "2026\\. 5"),
    "control characters": ("a\x08b\u200bc", "a bc"),
}


@pytest.mark.parametrize("name", LINES)
def test_lines_that_mean_something_are_written_as_text(name: str, settings: Settings) -> None:
    line, expected = LINES[name]
    entry = Entry(title="问", blocks=(Block("paragraph", (Span(line),)),), faq=True)
    _, written = draft_of(entry, settings, Kind.FAQ)
    assert written.text.split("## 统一答复\n\n")[1].split("\n\n## ")[0] == expected
    assert written.broken == ()


def test_the_appendix_stands_where_fewest_may_read(settings: Settings) -> None:
    for kind, heading in ((Kind.FAQ, "## 禁用说法\n"), (Kind.CASE, "## 评析 {audience=agent}\n")):
        draft = Draft("", kind, title="题", extra=[Block("paragraph", (Span("别的话"),))])
        written = write(draft, f"{kind.value}-x", settings, replace(DEFAULTS, audience="dealer"))
        tail = written.text.split(heading)[1]
        assert tail.endswith("\n\n### 附注\n\n别的话\n")
        assert written.broken == ()


def test_too_many_similar_questions_go_on_in_the_appendix(settings: Settings) -> None:
    asked = [f"第 {number} 种很长很长很长很长很长的说法" for number in range(500)]
    draft = Draft("", Kind.FAQ, title="题", keys={"similar": asked})
    written = write(draft, "faq-x", settings, DEFAULTS)
    assert written.broken == ()
    assert all(one in written.text for one in asked)


def test_what_is_missing_is_named_as_the_check_names_it(settings: Settings) -> None:
    written = write(Draft("", Kind.FAQ, title="题"), "faq-x", settings, DEFAULTS)
    assert written.missing == (
        *("owner", "subject", "similar", "policies"),
        *("统一答复", "办理方式", "设计思路", "禁用说法"),
    )
    assert "audience: agent\n" in written.text
