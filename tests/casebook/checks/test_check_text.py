"""A document that is not on a disk yet, checked as if it were."""

from __future__ import annotations

import pytest

from casebook.checks import check_library, check_text
from casebook.documents import Kind
from casebook.library import Library, with_text
from tests.conftest import ON, ROOT

FAQ = (ROOT / "faq/faq-arrears-resume.md").read_text(encoding="utf-8")


def _codes(library: Library, text: str, path: str | None = None) -> list[tuple[str, str]]:
    found = check_text(library, Kind.FAQ, text, path, ON)
    return [(problem.path, problem.code) for problem in found]


def test_an_unchanged_document_has_nothing_new(library: Library) -> None:
    assert _codes(library, FAQ) == []


def test_the_library_stays_as_it_was(library: Library) -> None:
    before = dict(library.inputs)
    assert _codes(library, FAQ.replace("[充值成功", "[见](faq-none)[充值成功")) == [
        ("faq/faq-arrears-resume.md", "broken-link")
    ]
    assert library.inputs == before
    assert library.sources["faq-arrears-resume"].document.answer in FAQ


PATHS = {
    "id: faq-arrears-resume": "faq/faq-arrears-resume.md",
    "id: faq-brand-new": "faq/faq-brand-new.md",
    "id: FAQ 新": "faq/faq-draft.md",
    "owner: x": "faq/faq-draft.md",
}


@pytest.mark.parametrize(("line", "path"), PATHS.items(), ids=PATHS)
def test_where_the_file_would_be(library: Library, line: str, path: str) -> None:
    changed, found = with_text(library, Kind.FAQ, FAQ.replace("id: faq-arrears-resume", line))
    assert found == path
    assert path in changed.inputs


def test_only_the_document_itself_is_reported(library: Library) -> None:
    # Without the article that others cite, they have problems; its author is told of his own.
    policy = (ROOT / "policies/policy-words.md").read_text(encoding="utf-8")
    shorter = policy[: policy.index("## 第四条")]
    assert [p.path for p in check_text(library, Kind.POLICY, shorter, on=ON)] == []
    changed, _ = with_text(library, Kind.POLICY, shorter)
    assert {p.code for p in check_library(changed, ON)} >= {"unknown-citation", "broken-link"}


def test_an_id_that_another_file_has(library: Library) -> None:
    assert _codes(library, FAQ, "faq/copy.md") == [("faq/copy.md", "duplicate-id")]


def test_a_text_that_cannot_be_read(library: Library) -> None:
    assert _codes(library, "hello") == [("faq/faq-draft.md", "front-matter-missing")]
