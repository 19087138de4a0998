"""Whatever is wrong with an audience, the text is never public and somebody is told."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from casebook.documents import Kind
from casebook.guide import model_text
from casebook.library import Library, View, load_library

ON = date(2026, 11, 22)
FAQ = model_text(Kind.FAQ)
POLICY = (
    model_text(Kind.POLICY)
    .split("## 5W1H", maxsplit=1)[0]
    .replace("audience: agent", "audience: dealer")
    .replace("rank: 预案", "rank: 公司规定")
    + "## 第一条 公开的标准\n\n当日答复。\n\n"
    + "## 第二条 赔付上限 {audience=agent}\n\n至多三个月月费。\n"
)


@dataclass(frozen=True)
class Variant:
    """A change to a good document that leaves open who may see it."""

    name: str
    old: str
    new: str
    kind: Kind = Kind.FAQ
    before: str = ""
    encoding: str = "utf-8"

    def write(self, folder: Path, number: int) -> None:
        text = FAQ if self.kind is Kind.FAQ else POLICY
        assert text.count(self.old) == 1, self.name
        text = text.replace(self.old, self.new)
        for name in ("faq-arrears-resume", "policy-plan-outage"):
            text = text.replace(name, f"{self.kind.value}-{self.mark(number)}")
        # The mark stands in every visible part: title, public text, restricted text.
        for place in ("欠费停机后", "大面积", "欠费缴清以后", "客户这时", "没有期限", "至多三个月"):
            text = text.replace(place, self.mark(number) + place)
        file = folder / self.kind.folder / f"{self.mark(number)}.md"
        file.write_bytes((self.before + text).encode(self.encoding))

    @staticmethod
    def mark(number: int) -> str:
        return f"canary{number:03d}x"


def _audience(name: str, new: str) -> Variant:
    return Variant(name, "audience: dealer\n", new)


def _rationale(name: str, new: str) -> Variant:
    """A heading that leaves the rationale in the section before it, which dealers read."""
    return Variant(name, "## 设计思路\n", new)


def _hint(name: str, new: str) -> Variant:
    """A rationale under a look-alike heading inside a public section; the real one follows."""
    return Variant(name, "## 设计思路\n", f"{new}\n\n客户这时最着急。\n\n## 设计思路\n")


def _article(name: str, new: str) -> Variant:
    return Variant(name, "## 第二条 赔付上限 {audience=agent}", new, Kind.POLICY)


VARIANTS = (
    _audience("missing", ""),
    _audience("empty", "audience:\n"),
    _audience("only spaces", "audience:   \n"),
    _audience("empty quotes", 'audience: ""\n'),
    _audience("quoted space", 'audience: " "\n'),
    _audience("null", "audience: null\n"),
    _audience("tilde", "audience: ~\n"),
    _audience("true", "audience: true\n"),
    _audience("number", "audience: 0\n"),
    _audience("unknown", "audience: public\n"),
    _audience("chinese", "audience: 代理商\n"),
    _audience("capital", "audience: Dealer\n"),
    _audience("all capitals", "audience: DEALER\n"),
    _audience("plural", "audience: dealers\n"),
    _audience("quoted trailing space", 'audience: "dealer "\n'),
    _audience("quoted leading space", 'audience: " dealer"\n'),
    _audience("quoted line end", 'audience: "dealer\\n"\n'),
    _audience("folded with line end", "audience: >\n  dealer\n"),
    _audience("literal with line end", "audience: |\n  dealer\n"),
    _audience("two words", "audience: dealer agent\n"),
    _audience("two with comma", "audience: dealer, agent\n"),
    _audience("full stop", "audience: dealer.\n"),
    _audience("flow list", "audience: [dealer]\n"),
    _audience("flow list of both", "audience: [dealer, agent]\n"),
    _audience("block list", "audience:\n  - dealer\n"),
    _audience("table", "audience:\n  name: dealer\n"),
    _audience("flow table", "audience: {name: dealer}\n"),
    _audience("unclosed quote", 'audience: "dealer\n'),
    _audience("quotes inside", "audience: '\"dealer\"'\n"),
    _audience("chinese quotes", "audience: “dealer”\n"),
    _audience("full-width letters", "audience: ｄｅａｌｅｒ\n"),
    _audience("full-width colon", "audience： dealer\n"),
    _audience("no space after colon", "audience:dealer\n"),
    _audience("cyrillic letter", "audience: dеaler\n"),
    _audience("zero-width space", "audience: deal\u200ber\n"),
    _audience("zero-width at the end", "audience: dealer\u200b\n"),
    _audience("byte order mark inside", "audience: \ufeffdealer\n"),
    _audience("no-break space", "audience: dealer\u00a0\n"),
    _audience("ideographic space", "audience: dealer\u3000\n"),
    _audience("soft hyphen", "audience: dea\u00adler\n"),
    _audience("right-to-left mark", "audience: \u202edealer\n"),
    _audience("next line character", "audience: dealer\u0085\n"),
    _audience("line separator", "audience: dealer\u2028\n"),
    _audience("backspace", "audience: dealer\x08\n"),
    _audience("comment without space", "audience: dealer# agent\n"),
    _audience("commented out", "# audience: dealer\n"),
    _audience("tab before value", "audience:\tdealer\n"),
    _audience("tab after value", "audience: dealer\t\n"),
    _audience("capital key", "Audience: dealer\n"),
    _audience("misspelt key", "audiance: dealer\n"),
    _audience("key with zero width", "audience\u200b: dealer\n"),
    _audience("indented key", "  audience: dealer\n"),
    _audience("nested key", "access:\n  audience: dealer\n"),
    _audience("quoted key twice", "audience: agent\n\"audience\": dealer\n"),
    _audience("twice, wide last", "audience: agent\naudience: dealer\n"),
    _audience("twice, wide first", "audience: dealer\naudience: agent\n"),
    _audience("twice, the same", "audience: dealer\naudience: dealer\n"),
    _audience("merge key", "<<: {audience: dealer}\n"),
    _audience("alias", "x: &a dealer\naudience: *a\n"),
    _audience("anchor", "audience: &a dealer\n"),
    _audience("string tag", "audience: !!str dealer\n"),
    _audience("own tag", "audience: !x dealer\n"),
    _audience("crlf", "audience: dealer\r\n"),
    _audience("lone cr", "audience: dealer\r"),
    _audience("second document with spaces", "audience: dealer\n--- \naudience: agent\n"),
    _audience("second document inline", "audience: dealer\n--- {audience: agent}\n"),
    _audience("second document after dots", "audience: dealer\n...\naudience: agent\n"),
    Variant("byte order mark", "---\nid", "---\nid", before="\ufeff"),
    Variant("blank first line", "---\nid", "---\nid", before="\n"),
    Variant("space before the block", "---\nid", "---\nid", before=" "),
    Variant("utf-16", "---\nid", "---\nid", encoding="utf-16"),
    Variant("gb18030", "---\nid", "---\nid", encoding="gb18030"),
    Variant("four dashes", "---\nid", "----\nid"),
    Variant("space after the dashes", "---\nid", "--- \nid"),
    Variant("dots instead of dashes", "#p4\n---\n", "#p4\n...\n"),
    Variant("block not closed", "#p4\n---\n", "#p4\n"),
    Variant("second document at the end", "#p4\n---\n", "#p4\n--- \naudience: agent\n---\n"),
    Variant("after dots at the end", "#p4\n---\n", "#p4\n...\naudience: agent\n---\n"),
    Variant("block closed with spaces", "#p4\n---\n", "#p4\n--- \n"),
    _rationale("section missing", ""),
    _rationale("no space", "##设计思路\n"),
    _rationale("indented", " ## 设计思路\n"),
    _rationale("indented four", "    ## 设计思路\n"),
    _rationale("ideographic space before", "\u3000## 设计思路\n"),
    _rationale("ideographic space after", "##\u3000设计思路\n"),
    _rationale("no-break space after", "##\u00a0设计思路\n"),
    _rationale("tab after", "##\t设计思路\n"),
    _rationale("full-width marks", "＃＃ 设计思路\n"),
    _rationale("small marks", "﹟﹟ 设计思路\n"),
    _rationale("zero width before", "\u200b## 设计思路\n"),
    _rationale("zero width between", "#\u200b# 设计思路\n"),
    _rationale("level one", "# 设计思路\n"),
    _rationale("level three", "### 设计思路\n"),
    _rationale("setext", "设计思路\n--------\n"),
    _rationale("setext level one", "设计思路\n========\n"),
    _rationale("quoted", "> ## 设计思路\n"),
    _rationale("bold", "**设计思路**\n"),
    _rationale("html", "<h2>设计思路</h2>\n"),
    _rationale("comment before", "<!-- x --> ## 设计思路\n"),
    _rationale("zero width in the words", "## 设计\u200b思路\n"),
    _rationale("other character", "## 设计思絡\n"),
    _rationale("colon after", "## 设计思路：\n"),
    _rationale("closing marks", "## 设计思路 ##\n"),
    _rationale("for everyone", "## 设计思路 {audience=dealer}\n"),
    _rationale("colon in braces", "## 设计思路 {audience: agent}\n"),
    _rationale("unknown in braces", "## 设计思路 {audience=boss}\n"),
    _rationale("nothing in braces", "## 设计思路 {audience=}\n"),
    _rationale("space in braces", "## 设计思路 {audience = agent}\n"),
    _rationale("quotes in braces", '## 设计思路 {audience="agent"}\n'),
    _rationale("class in braces", "## 设计思路 {.agent}\n"),
    _rationale("braces not closed", "## 设计思路 {audience=agent\n"),
    _rationale("full-width braces", "## 设计思路｛audience=agent｝\n"),
    _hint("look-alike: indented", " ## 设计思路"),
    _hint("look-alike: no space", "##设计思路"),
    _hint("look-alike: full-width marks", "＃＃ 设计思路"),
    _hint("look-alike: music sharps", "♯♯ 设计思路"),
    _hint("look-alike: level three", "### 设计思路"),
    _hint("look-alike: level three with note", "### 设计思路（内部）"),
    _hint("look-alike: level six", "###### 设计思路 ######"),
    _hint("look-alike: bold", "**设计思路**"),
    _hint("look-alike: bold with colon", "**设计思路：**"),
    _hint("look-alike: quoted", "> ## 设计思路"),
    _hint("look-alike: in a list", "- ## 设计思路"),
    _hint("look-alike: in a numbered list", "1. ## 设计思路"),
    _hint("look-alike: quoted, any words", "> # 内部说明"),
    _hint("look-alike: in a list, any words", "* ## 内部说明"),
    _hint("look-alike: brackets", "【设计思路】"),
    _hint("look-alike: label", "设计思路：先说时间。"),
    _hint("look-alike: in a table", "| 设计思路 |"),
    _hint("look-alike: filler before", "\u3164设计思路"),
    _hint("look-alike: bare words", "设计思路"),
    _hint("look-alike: setext", "设计思路\n---"),
    _hint("look-alike: setext in a quote", "> 设计思路\n> ---"),
    _hint("look-alike: audience on level three", "### 说明 {audience=agent}"),
    _hint("look-alike: audience on a line", "{audience=agent}"),
    _hint("look-alike: audience in full width", "### 说明 ｛ａｕｄｉｅｎｃｅ＝ａｇｅｎｔ｝"),
    _article("article: colon", "## 第二条 赔付上限 {audience: agent}"),
    _article("article: no braces", "## 第二条 赔付上限 audience=agent"),
    _article("article: round brackets", "## 第二条 赔付上限 (audience=agent)"),
    _article("article: capital key", "## 第二条 赔付上限 {Audience=agent}"),
    _article("article: capital value", "## 第二条 赔付上限 {audience=Agent}"),
    _article("article: space inside", "## 第二条 赔付上限 {audience=agent }"),
    _article("article: space at the sign", "## 第二条 赔付上限 {audience = agent}"),
    _article("article: no space before", "## 第二条 赔付上限{audience=agent}"),
    _article("article: not closed", "## 第二条 赔付上限 {audience=agent"),
    _article("article: not opened", "## 第二条 赔付上限 audience=agent}"),
    _article("article: full-width braces", "## 第二条 赔付上限 ｛audience=agent｝"),
    _article("article: full-width brace not closed", "## 第二条 赔付上限 ｛agent"),
    _article("article: full-width brace not opened", "## 第二条 赔付上限 agent｝"),
    _article("article: full-width sign", "## 第二条 赔付上限 {audience＝agent}"),
    _article("article: full-width letters", "## 第二条 赔付上限 {ａｕｄｉｅｎｃｅ=agent}"),
    _article("article: zero width in key", "## 第二条 赔付上限 {audi\u200bence=agent}"),
    _article("article: before the title", "## 第二条 {audience=agent} 赔付上限"),
    _article("article: twice", "## 第二条 赔付上限 {audience=agent} {audience=dealer}"),
    _article("article: twice, reversed", "## 第二条 赔付上限 {audience=dealer} {audience=agent}"),
    _article("article: a dot after", "## 第二条 赔付上限 {audience=agent}。"),
    _article("article: class", "## 第二条 赔付上限 {.agent}"),
    _article("article: attribute list", "## 第二条 赔付上限 {: audience=agent }"),
    _article("article: other key", "## 第二条 赔付上限 {for=agent}"),
    _article("article: two values", "## 第二条 赔付上限 {audience=dealer,agent}"),
    _article("article: misspelt key", "## 第二条 赔付上限 {audiance=agent}"),
)  # fmt: skip

# As good as the model documents: these must stay published, or the tests above prove nothing.
GOOD = (
    _audience("plain", "audience: dealer\n"),
    _audience("double quotes", 'audience: "dealer"\n'),
    _audience("single quotes", "audience: 'dealer'\n"),
    _audience("spaces after", "audience: dealer   \n"),
    _audience("comment after", "audience: dealer # 给所有人\n"),
    _audience("comment line", "# 给所有人\naudience: dealer\n"),
    _rationale("audience named", "## 设计思路 {audience=agent}\n"),
    _rationale("spaces after heading", "## 设计思路  \n"),
    _hint("own small heading", "### 说明"),
    _hint("the words in a sentence", "设计思路另有说明。"),
    _article("article", "## 第二条 赔付上限 {audience=agent}"),
)


def _names(variants: tuple[Variant, ...]) -> list[str]:
    return [variant.name for variant in variants]


def _library(root: Path, folder: Path, variants: tuple[Variant, ...]) -> Library:
    shutil.copy(root / "casebook.toml", folder)
    for kind in Kind:
        (folder / kind.folder).mkdir()
    for number, variant in enumerate(variants):
        variant.write(folder, number)
    return load_library(folder)


def _dump(view: View) -> str:
    """Everything a view holds, settings too."""
    documents = [document.model_dump(mode="json") for document in view.documents]
    settings = view.settings.model_dump(mode="json")
    return json.dumps([documents, settings], ensure_ascii=False)


@pytest.fixture(scope="module")
def bad(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Library:
    return _library(root, tmp_path_factory.mktemp("bad"), VARIANTS)


@pytest.fixture(scope="module")
def good(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Library:
    return _library(root, tmp_path_factory.mktemp("good"), GOOD)


def test_names_differ() -> None:
    names = _names(VARIANTS + GOOD)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("number", range(len(VARIANTS)), ids=_names(VARIANTS))
def test_never_public_and_reported(bad: Library, number: int) -> None:
    mark, kind = Variant.mark(number), VARIANTS[number].kind
    assert mark not in _dump(bad.view("dealer", ON))
    assert f"{kind.value}-{mark}" not in bad.sources
    assert [p for p in bad.problems if p.path == f"{kind.folder}/{mark}.md"]


@pytest.mark.parametrize("number", range(len(GOOD)), ids=_names(GOOD))
def test_good_ones_are_published_without_their_restricted_text(good: Library, number: int) -> None:
    mark, variant = Variant.mark(number), GOOD[number]
    path = f"{variant.kind.folder}/{mark}.md"
    assert [p for p in good.problems if p.path == path] == []
    dealer = good.view("dealer", ON).get(f"{variant.kind.value}-{mark}")
    agent = good.view("agent", ON).get(f"{variant.kind.value}-{mark}")
    assert dealer
    assert agent
    assert mark in dealer.title
    restricted = [section.key for section in agent.sections if section.audience == "agent"]
    assert restricted == (["2"] if variant.kind is Kind.POLICY else ["rationale", "forbidden"])
    assert [s.key for s in dealer.sections] == (
        ["1"] if variant.kind is Kind.POLICY else ["answer", "procedure"]
    )
    hidden = "至多三个月" if variant.kind is Kind.POLICY else "没有期限"
    assert mark + hidden in _dump(good.view("agent", ON))
    assert mark + hidden not in _dump(good.view("dealer", ON))


def test_no_audience_named_means_the_narrowest(good: Library) -> None:
    assert good.view(on=ON).audience.id == "dealer"
    assert _dump(good.view(on=ON)) == _dump(good.view("dealer", ON))
