"""A page's key changes whenever the page would, and else stays."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from casebook.digests import bytes_digest
from casebook.documents import Case, Citation, Document, Faq, Kind, Policy, Withdrawal
from casebook.library import View, load_library
from casebook.pages import Draft, view_drafts
from tests.conftest import ON

ENTRY = "faq-arrears-resume"
CASE = "case-arrears-hospital"
POLICY = "policy-service-spec"
Change = Callable[[View], View]


def drafts(view: View, asked: Mapping[str, int] | None = None) -> dict[str, Draft]:
    found = list(view_drafts(view, asked))
    by_path = {draft.path: draft for draft in found}
    assert len(by_path) == len(found)
    return by_path


def content(draft: Draft) -> str:
    page = draft.make()
    assert page.path == draft.path
    return page.text() + json.dumps(page.data, ensure_ascii=False)


def edited(view: View, name: str, **changes: object) -> View:
    """The view with one document as if its file had been changed."""

    def edit(document: Document) -> Document:
        if document.id != name:
            return document
        digest = bytes_digest(repr((document.digest, changes)).encode())
        return document.model_copy(update={**changes, "digest": digest})

    assert view.get(name)
    return replace(view, documents=tuple(map(edit, view.documents)))


def without(view: View, name: str) -> View:
    return replace(view, documents=tuple(d for d in view.documents if d.id != name))


def with_settings(view: View, part: str, **changes: object) -> View:
    table = getattr(view.settings, part).model_copy(update=changes)
    return replace(view, settings=view.settings.model_copy(update={part: table}))


def new_answer(view: View) -> View:
    entry = view.get(ENTRY)
    assert isinstance(entry, Faq)
    sections = tuple(
        section.model_copy(update={"text": "新的答复。", "html": "<p>新的答复。</p>"})
        if section.key == "answer"
        else section
        for section in entry.sections
    )
    return edited(view, ENTRY, sections=sections)


def new_heading(view: View) -> View:
    policy = view.get(POLICY)
    assert policy
    sections = tuple(
        section.model_copy(update={"heading": f"{section.heading}（新）"})
        for section in policy.sections
    )
    return edited(view, POLICY, sections=sections)


def renamed_subject(view: View) -> View:
    subjects = dict(view.settings.taxonomy.subjects)
    subjects = {f"{name}二" if name == "资费" else name: kept for name, kept in subjects.items()}
    documents = tuple(
        document.model_copy(update={"subject": document.subject.replace("资费/", "资费二/", 1)})
        if (document.subject or "").startswith("资费/")
        else document
        for document in view.documents
    )
    return with_settings(replace(view, documents=documents), "taxonomy", subjects=subjects)


def no_products(view: View) -> View:
    terms = tuple(
        term.model_copy(update={"product": False}) for term in view.settings.glossary.terms
    )
    return with_settings(view, "glossary", terms=terms)


# What changes, and a page that must notice.
CHANGES: list[tuple[str, Change, str]] = [
    ("title", lambda v: edited(v, ENTRY, title="新标题"), f"faq/{ENTRY}/"),
    ("title, in lists", lambda v: edited(v, ENTRY, title="新标题"), "faq/"),
    ("title, where it is linked", lambda v: edited(v, ENTRY, title="新标题"), f"cases/{CASE}/"),
    ("title, where it rests on", lambda v: edited(v, ENTRY, title="新标题"), f"policies/{POLICY}/"),
    ("policy's title", lambda v: edited(v, POLICY, title="新名称"), f"faq/{ENTRY}/"),
    ("article's heading", new_heading, f"faq/{ENTRY}/"),
    ("owner", lambda v: edited(v, ENTRY, owner="新班组"), "subjects/zi-fei/"),
    ("answer", new_answer, f"faq/{ENTRY}/"),
    ("answer, on the card", new_answer, "cards/zi-fei/"),
    ("approval", lambda v: edited(v, ENTRY, approved_on=ON), "news/"),
    ("approval, on the first page", lambda v: edited(v, ENTRY, approved_on=ON), ""),
    ("review", lambda v: edited(v, ENTRY, review_by=ON), f"faq/{ENTRY}/"),
    ("end", lambda v: edited(v, ENTRY, effective_until=ON), "news/"),
    ("end, over", lambda v: edited(v, ENTRY, effective_until=date(2026, 10, 13)), "faq/"),
    ("end, near", lambda v: edited(v, ENTRY, effective_until=ON), f"faq/{ENTRY}/"),
    ("end, near, in lists", lambda v: edited(v, ENTRY, effective_until=ON), "faq/"),
    ("subject", lambda v: edited(v, ENTRY, subject="资费/流量"), "subjects/zi-fei/liu-liang/"),
    ("subject, above", lambda v: edited(v, ENTRY, subject="宽带/故障"), "subjects/"),
    ("tags", lambda v: edited(v, ENTRY, tags=("新标签",)), f"faq/{ENTRY}/"),
    (
        "no longer resting on",
        lambda v: edited(v, ENTRY, policies=(Citation(policy="policy-telecom-regulation"),)),
        f"policies/{POLICY}/",
    ),
    (
        "how many rest on",
        lambda v: edited(v, ENTRY, policies=(Citation(policy="policy-telecom-regulation"),)),
        "policies/cited/",
    ),
    ("case's entries", lambda v: edited(v, CASE, faq=()), f"faq/{ENTRY}/"),
    ("level", lambda v: edited(v, CASE, level="危机"), "levels/"),
    ("customers", lambda v: edited(v, CASE, customer_types=("正义感",)), "customers/zheng-yi-gan/"),
    ("rank", lambda v: edited(v, POLICY, rank="公司规定"), "policies/"),
    (
        "superseded",
        lambda v: edited(v, "policy-mnp-rules", supersedes=(POLICY,)),
        f"policies/{POLICY}/",
    ),
    ("replaced", lambda v: edited(v, ENTRY, replaced_by=("faq-topup-delay",)), f"faq/{ENTRY}/"),
    ("new product", lambda v: edited(v, ENTRY, title="流量包停机"), "products/liu-liang-bao/"),
    ("removed", lambda v: without(v, ENTRY), "faq/"),
    ("removed, where it was near", lambda v: without(v, ENTRY), "faq/faq-arrears-cancel/"),
    ("day", lambda v: replace(v, on=v.on + timedelta(days=1)), "news/"),
    ("day, reviews", lambda v: replace(v, on=v.on + timedelta(days=400)), f"faq/{ENTRY}/"),
    (
        "withdrawn",
        lambda v: replace(
            without(v, ENTRY),
            withdrawn=(Withdrawal(ENTRY, Kind.FAQ, ON, "资费/流量", ("faq-topup-delay",)),),
        ),
        f"faq/{ENTRY}/",
    ),
    (
        "site's name",
        lambda v: replace(v, audience=v.audience.model_copy(update={"title": "新名字"})),
        "",
    ),
    (
        "audience's name",
        lambda v: replace(v, audience=v.audience.model_copy(update={"name": "新坐席"})),
        f"faq/{ENTRY}/",
    ),
    (
        "site's address",
        lambda v: replace(v, audience=v.audience.model_copy(update={"url": "https://a.example/"})),
        "faq/",
    ),
    ("reviews soon", lambda v: with_settings(v, "review", due_soon=365), f"faq/{ENTRY}/"),
    ("no products", no_products, "faq/faq-plan-senior/"),
    ("a subject's name", renamed_subject, f"faq/{ENTRY}/"),
    ("no words", lambda v: with_settings(v, "glossary", terms=()), "glossary/"),
]


@pytest.fixture(scope="module")
def before(agent_view: View) -> dict[str, tuple[str, str]]:
    """The key and the content of every page of the agents' site."""
    return {path: (draft.key, content(draft)) for path, draft in drafts(agent_view).items()}


@pytest.mark.parametrize(
    ("change", "noticed"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES]
)
def test_the_key_changes_with_the_page(
    agent_view: View, before: dict[str, tuple[str, str]], change: Change, noticed: str
):
    after = drafts(change(agent_view))
    different = {
        path
        for path, draft in after.items()
        if path not in before or content(draft) != before[path][1]
    }
    assert noticed in different
    missed = {path for path in different if path in before and after[path].key == before[path][0]}
    assert missed == set()


@pytest.mark.parametrize("asked", [{ENTRY: 3}, {ENTRY: 3, "faq-gone": 9}])
def test_counts_of_questions_are_noticed(
    agent_view: View, before: dict[str, tuple[str, str]], asked: dict[str, int]
):
    after = drafts(agent_view, asked)
    different = {p for p, d in after.items() if p not in before or content(d) != before[p][1]}
    assert {"", "asked/", "cards/zi-fei/"} <= different
    assert not [p for p in different if p in before and after[p].key == before[p][0]]


def test_equal_views_have_equal_keys(root: Path, agent_view: View, dealer_view: View):
    again = load_library(root)
    for view in (agent_view, dealer_view):
        other = again.view(view.audience.id, view.on)
        assert other is not view
        first, second = drafts(view), drafts(other)
        assert [(p, d.key) for p, d in first.items()] == [(p, d.key) for p, d in second.items()]
        assert all(draft.key for draft in first.values())


def test_few_pages_change_with_one_text(agent_view: View, before: dict[str, tuple[str, str]]):
    after = drafts(new_answer(agent_view))
    changed = {path for path, draft in after.items() if draft.key != before[path][0]}
    # A shorter answer leaves room for a question more, which the page above the cards counts.
    assert changed - {"cards/"} == {f"faq/{ENTRY}/", "cards/zi-fei/"}


def test_few_pages_change_with_a_new_document(agent_view: View, before: dict[str, tuple[str, str]]):
    entry = agent_view.get(ENTRY)
    assert entry
    values: dict[str, Any] = {"id": "faq-new", "title": "一件新事", "digest": "new", "policies": ()}
    new = entry.model_copy(update=values)
    documents = tuple(sorted((*agent_view.documents, new), key=lambda d: d.id))
    after = drafts(replace(agent_view, documents=documents))
    changed = {
        path for path, draft in after.items() if path not in before or draft.key != before[path][0]
    }
    assert "faq/faq-new/" in changed
    documents_changed = {path for path in changed if path.count("-") and path.count("/") == 2}
    assert len(documents_changed) < len(agent_view.documents) / 4
    assert len(changed) < len(after) / 4


def test_kinds_of_documents_are_what_this_asks_for(agent_view: View):
    assert isinstance(agent_view.get(ENTRY), Faq)
    case, policy = agent_view.get(CASE), agent_view.get(POLICY)
    assert isinstance(case, Case)
    assert ENTRY in case.faq
    assert isinstance(policy, Policy)
