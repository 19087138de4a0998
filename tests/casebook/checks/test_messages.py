"""What rules say is true of libraries with other audiences, and reads well."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from casebook.checks import RULES, check_library, check_text
from casebook.checks.context import Alike
from casebook.documents import MODELS, Kind
from casebook.guide import guide_pages, model_text
from casebook.library import Library, Source, load_library
from tests.conftest import ON, Write

AUDIENCES = """
[[audiences]]
id = "public"
name = "公众"
title = "问答"

[[audiences]]
id = "shop"
name = "店员"
title = "店员问答"

[[audiences]]
id = "expert"
name = "专家"
title = "案例库"
"""


@pytest.fixture
def three(small: Path) -> Path:
    """A library with three audiences that have other names."""
    file = small / "casebook.toml"
    text = file.read_text(encoding="utf-8")
    start, end = text.index("[[audiences]]"), text.index("# A document must")
    file.write_text(f"{text[:start]}{AUDIENCES}\n{text[end:]}", encoding="utf-8")
    return small


@pytest.mark.parametrize(("audience", "name"), [("shop", "店员"), ("expert", "专家")])
def test_a_hidden_link_names_who_may_follow_it(
    audience: str, name: str, three: Path, write: Write
) -> None:
    changes = {"audience: agent": f"audience: {audience}"}
    write(Kind.POLICY, "policy-plan-outage", changes)
    changes = {"audience: dealer": "audience: public"}
    changes["不需要另外申请复机。"] = "见[预案](policy-plan-outage#situation)。"
    write(Kind.FAQ, "faq-arrears-resume", changes)
    found = check_library(load_library(three), ON)
    (problem,) = (one for one in found if one.code == "hidden-link")
    assert problem.message == "公众打不开 policy-plan-outage#situation。"
    assert problem.hint == (
        f"去掉链接，或把这句话移到{name}才能看的段落（标题后写 {{audience={audience}}}）。"
    )


def test_the_guide_names_the_widest_audience(three: Path) -> None:
    pages = {page.path: page for page in guide_pages(load_library(three).view("expert", ON))}
    writing = pages["guide/writing/"]
    assert "仅专家" in writing.text()
    assert not re.search("只给坐席|仅坐席|代理商", writing.text())


def test_what_goes_wrong_is_said_without_names_of_audiences() -> None:
    said = [model.spec for model in MODELS.values()]
    text = repr(said) + "".join(rule.summary + rule.reason for rule in RULES)
    assert not re.search("代理商|[只仅]给?坐席", text)


@pytest.mark.parametrize(
    ("others", "named"),
    [
        (1, "faq-0"),
        (3, "faq-0、faq-1、faq-2"),
        (4, "faq-0、faq-1、faq-2 等 4 篇"),
        (12, "faq-0、faq-1、faq-2 等 12 篇"),
    ],
)
def test_a_question_in_many_entries_names_three(others: int, named: str, library: Library) -> None:
    known = library.sources["faq-arrears-resume"]

    def alike(source: Source) -> list[Alike]:
        title = source.document.title
        return [
            Alike(
                Source(f"faq/{n}.md", known.document.model_copy(update={"id": f"faq-{n}"}), {}, ()),
                title,
                title,
                1.0,
            )
            for n in range(others)
        ]

    text = model_text(Kind.FAQ)
    found = check_text(library, Kind.FAQ, text, on=ON, alike=alike)
    (problem,) = (one for one in found if one.code == "duplicate-question")
    assert problem.message == f"“{known.document.title}”在 {named} 里也有。"


def test_an_id_stands_apart_from_the_words_around_it(three: Path, write: Write) -> None:
    new = {
        "id: policy-plan-outage": "id: policy-newer",
        "audience: agent": "audience: public\nsupersedes:\n  - policy-plan-outage",
    }
    write(Kind.POLICY, "policy-newer", new)
    write(Kind.POLICY, "policy-plan-outage", {"audience: agent": "audience: public"})
    changes = {"audience: dealer": "audience: public", "service-spec#p4": "plan-outage"}
    write(Kind.FAQ, "faq-arrears-resume", changes)
    found = check_library(load_library(three), ON)
    (problem,) = (one for one in found if one.code == "outdated-citation")
    assert problem.hint == "核对 policy-newer 的相应条款，改引它。"


def test_a_word_gets_no_advice_that_is_about_another(library: Library) -> None:
    hints = {}
    for word in ("必须", "规定"):
        text = model_text(Kind.FAQ).replace("一般半小时内恢复", f"{word}半小时内恢复")
        found = check_text(library, Kind.FAQ, text, on=ON)
        hints[word] = next(one.hint for one in found if one.code == "avoided-word")
    assert "“您必须本人来”" in hints["必须"]
    assert hints["必须"].endswith("”。")
    assert hints["规定"] == "《服务用语规范》第三条：换一种说法。"
