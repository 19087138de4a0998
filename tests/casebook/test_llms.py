"""llms.txt: its form, what it names, how large it may get."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import markdown
import pytest
from markdown_it import MarkdownIt

from casebook.documents import Faq, Standing
from casebook.library import View
from casebook.llms import MOST_FULL, MOST_NAMED, llms_files
from casebook.markup import plain_text
from casebook.pages import view_pages
from casebook.sweep import canaries

COMMONMARK = MarkdownIt("commonmark").enable(["strikethrough", "table"])
LINK = re.compile(r"^- \[((?:\\.|[^\[\]\\])+)\]\((\S+)\)：.+$", re.MULTILINE)


def files(view: View) -> dict[str, str]:
    return {one.path: one.content.decode() for one in llms_files(view)}


def many(view: View, count: int) -> View:
    """A view of as many FAQ entries, of all subjects in turn."""
    subjects = view.settings.taxonomy.subject_paths
    entry = next(one for one in view.documents if isinstance(one, Faq))
    return replace(
        view,
        documents=tuple(
            entry.model_copy(update={"id": f"faq-n{n}", "subject": subjects[n % len(subjects)]})
            for n in range(count)
        ),
    )


@pytest.fixture(params=["dealer", "agent"])
def view(request: pytest.FixtureRequest, dealer_view: View, agent_view: View) -> View:
    return dealer_view if request.param == "dealer" else agent_view


def test_it_has_the_form_of_llmstxt_org(view: View) -> None:
    """A heading; a quotation; text without headings; sections of links."""
    text = files(view)["llms.txt"]
    lines = text.splitlines()
    assert lines[0] == f"# {view.audience.title}"
    assert lines[2].startswith("> ")
    assert [line for line in lines if line.startswith("# ")] == lines[:1]
    first = text.index("\n## ")
    assert "](" not in text[:first]
    for part in re.split(r"\n## .+\n", text[first:])[1:]:
        assert all(LINK.fullmatch(line) for line in part.splitlines() if line)


def test_it_names_each_document_that_holds_once(view: View) -> None:
    holding = [one for one in view.documents if one.standing(view.on) is Standing.CURRENT]
    site = view.audience.url
    named = [url for _, url in LINK.findall(files(view)["llms.txt"])]
    expected = {f"{site}{one.kind.folder}/{one.id}/index.json" for one in holding}
    assert sorted(named) == sorted([*expected, f"{site}llms-full.txt"])


def test_the_full_text_is_every_answer_that_holds_and_no_more(view: View) -> None:
    text = files(view)["llms-full.txt"]
    entries = [one for one in view.documents if isinstance(one, Faq)]
    text = shown(markdown.markdown(text))
    for entry in entries:
        holds = entry.standing(view.on) is Standing.CURRENT
        answer = entry.section("answer")
        assert answer
        assert (f"\n{entry.title}\n" in text) is holds
        assert (plain_text(answer.html) in text) is holds
        assert not any(
            plain_text(one.html) in text for one in entry.sections if one.key != "answer"
        )


@pytest.mark.parametrize(
    ("count", "named", "full"),
    [
        (MOST_NAMED, True, True),
        (MOST_NAMED + 1, False, True),
        (MOST_FULL, False, True),
        (MOST_FULL + 1, False, False),
        (0, True, False),
    ],
)
def test_both_are_bounded(count: int, named: bool, full: bool, dealer_view: View) -> None:
    made = files(many(dealer_view, count))
    assert ("llms-full.txt" in made) is full
    assert ("llms-full.txt" in made["llms.txt"]) is full
    links = [url for _, url in LINK.findall(made["llms.txt"])]
    entries = [url for url in links if url.endswith("index.json")]
    assert len(entries) == (count if named else 0)
    if not named:
        assert len(links) <= len(dealer_view.settings.taxonomy.subjects) + 2


def test_the_subjects_that_a_large_library_names_have_pages(dealer_view: View) -> None:
    view = many(dealer_view, MOST_NAMED + 1)
    pages = {page.path for page in view_pages(view)}
    links = [url for _, url in LINK.findall(files(view)["llms.txt"])]
    subjects = [url.removeprefix(view.audience.url) for url in links if "subjects/" in url]
    assert len(subjects) == len(view.settings.taxonomy.subjects)
    assert set(subjects) <= pages


def test_a_title_cannot_end_its_link(dealer_view: View) -> None:
    view = many(dealer_view, 1)
    named = view.documents[0].model_copy(update={"title": "甲](http://x/)[乙\n# 丙"})
    text = files(replace(view, documents=(named,)))["llms.txt"]
    assert "[甲\\](http://x/)\\[乙 \\# 丙](" in text


MARKUP = "</h2><script>&lt; *甲* __乙__ `丙` ~~丁~~ ![戊](x) <http://x.example/> *#06# a_b_c"


def shown(markup: str) -> str:
    """The text that a reader sees, of every paragraph and heading."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


def test_markdown_shows_titles_and_answers_as_they_are(dealer_view: View) -> None:
    view = many(dealer_view, 1)
    answer = f"<p>{html.escape(MARKUP)}</p><p>1. 甲</p><p>- 乙</p><p># 丙</p>"
    entry = view.documents[0]
    sections = tuple(
        one.model_copy(update={"html": answer}) if one.key == "answer" else one
        for one in entry.sections
    )
    named = entry.model_copy(update={"title": MARKUP, "sections": sections})
    made = files(replace(view, documents=(named,)))
    for text in made.values():
        for render in (markdown.markdown, COMMONMARK.render):
            rendered = render(text)
            assert MARKUP in shown(rendered)
            assert not re.search("<(script|em|strong|code|img|del|s|li><p|ol)[ >]", rendered)
    full = shown(markdown.markdown(made["llms-full.txt"]))
    assert "1. 甲\n- 乙\n# 丙" in full


def test_an_address_ends_before_what_follows(dealer_view: View) -> None:
    lines = [line for line in files(dealer_view)["llms-full.txt"].split("\n") if "（核准" in line]
    assert lines
    assert all(re.match(r"https?://[!-~]+ （核准", line) for line in lines)


def test_dealers_are_told_nothing_hidden(agent_view: View, dealer_view: View) -> None:
    made = files(dealer_view)
    assert made == files(dealer_view)
    shown = "".join("".join(made.values()).split())
    assert {word for word in canaries(agent_view, dealer_view) if word in shown} == set()
