"""The JSON beside a page: what the page says, to whom it says it, and nothing of the day."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from casebook.documents import Case, Citation, Faq, Policy
from casebook.library import View
from casebook.markup import plain_text
from casebook.page_data import MOST_CITING, document_data, gone_data
from casebook.sweep import canaries
from casebook.trust import trust_of
from tests.conftest import ON

LINK = re.compile(r'href="([^"]*)"')


@pytest.fixture(params=["dealer", "agent"])
def view(request: pytest.FixtureRequest, dealer_view: View, agent_view: View) -> View:
    return dealer_view if request.param == "dealer" else agent_view


@pytest.fixture(scope="module")
def schema(root: Path) -> Any:
    return json.loads((root / "docs" / "site-data.schema.json").read_text(encoding="utf-8"))


def all_data(view: View) -> list[dict[str, Any]]:
    return [
        *(document_data(document, view) for document in view.documents),
        *(gone_data(one, view) for one in view.withdrawn),
    ]


def addresses(value: Any) -> Iterator[str]:
    """Every address that data names, in HTML, too."""
    if isinstance(value, list):
        for one in value:
            yield from addresses(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key == "url":
                yield one
            elif key == "answer_html":
                yield from LINK.findall(one)
            else:
                yield from addresses(one)


def test_all_data_keep_to_the_schema(view: View, schema: Any) -> None:
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    values = all_data(view)
    assert {value["status"] for value in values} == {"published", "withdrawn"}
    for value in values:
        assert [error.message for error in validator.iter_errors(value)] == []


def test_the_page_describes_every_key_and_no_other(schema: Any, root: Path) -> None:
    text = (root / "docs" / "site-data.md").read_text(encoding="utf-8")
    part = text[text.index("## The JSON beside a page") : text.index("## schema.org")]
    kinds = schema["$defs"]
    keys = {
        key
        for name in ("published", "withdrawn", "trust", "facts", "section", "reference")
        for key in kinds[name]["properties"]
    }
    rows = re.findall(r"^\|.*\|$", part, re.MULTILINE)
    described = set(re.findall(r"`([a-z_]+)`", "\n".join(rows) + part))
    assert keys <= described
    named = {key for row in rows for key in re.findall(r"`([a-z_]+)`", row.split("|")[1])}
    assert named - {"trust"} <= keys


def test_the_badge_stands_at_one_place(view: View) -> None:
    for document in view.documents:
        assert document_data(document, view)["trust"] == trust_of(document, view).data()
    for one in view.withdrawn:
        trust = {"badge": "withdrawn", "badge_label": "已撤下"}
        assert gone_data(one, view)["trust"] == trust


def test_an_answer_is_there_as_it_is_spoken_and_as_html(view: View) -> None:
    for document in view.documents:
        data = document_data(document, view)
        assert ("answer_text" in data) is isinstance(document, Faq)
        if isinstance(document, Faq):
            answer = document.section("answer")
            assert answer
            assert data["answer_text"] == plain_text(answer.html)
            assert plain_text(str(data["answer_html"])) == data["answer_text"]
        keys = [section.key for section in document.sections]
        assert [one["key"] for one in data["sections"]] == [key for key in keys if key != "answer"]


def test_every_address_is_that_of_a_page_and_of_a_section(view: View) -> None:
    known = {f"{one.kind.folder}/{one.id}/" for one in (*view.documents, *view.withdrawn)}
    known |= {
        f"{one.kind.folder}/{one.id}/#{section.anchor}"
        for one in view.documents
        for section in one.sections
    }
    found = [url for value in all_data(view) for url in addresses(value)]
    assert len(found) > len(view.documents)
    for url in found:
        if not url.startswith(("tel:", "mailto:")) and view.audience.url in url:
            assert url.removeprefix(view.audience.url) in known


def test_without_an_address_of_the_site_addresses_are_relative(dealer_view: View) -> None:
    audience = dealer_view.audience.model_copy(update={"url": ""})
    view = replace(dealer_view, audience=audience)
    relative = [url for value in all_data(view) for url in addresses(value)]
    absolute = [url for value in all_data(dealer_view) for url in addresses(value)]
    site = dealer_view.audience.url
    assert relative == [url.replace(site, "../../") for url in absolute]


def test_the_badge_is_the_page_s(view: View) -> None:
    for document in view.documents:
        assert document_data(document, view)["trust"] == trust_of(document, view).data()


def test_data_change_with_what_they_say_and_not_with_the_day(agent_view: View) -> None:
    later = replace(agent_view, on=ON + timedelta(days=1))
    for document in agent_view.documents:
        same_trust = trust_of(document, later) == trust_of(document, agent_view)
        same = document_data(document, later) == document_data(document, agent_view)
        assert same is same_trust


# ---- who is told what -----------------------------------------------------------------------


def test_dealers_get_nothing_that_is_hidden_from_them(agent_view: View, dealer_view: View) -> None:
    text = "".join(json.dumps(all_data(dealer_view), ensure_ascii=False).split())
    gone = {one.id for one in dealer_view.withdrawn}
    hidden = canaries(agent_view, dealer_view)
    assert {word for word in hidden - gone if word in text} == set()
    wide = "".join(json.dumps(all_data(agent_view), ensure_ascii=False).split())
    assert {word for word in hidden if word in wide}


def test_dealers_data_have_no_key_for_what_they_must_not_know(
    agent_view: View, dealer_view: View
) -> None:
    keys = {
        view.audience.id: {
            key
            for document in view.documents
            for part in (document_data(document, view), document_data(document, view)["trust"])
            for key in (*part, *part.get("facts", ()))
        }
        for view in (agent_view, dealer_view)
    }
    hidden = {"review_by", *Case.internal}
    assert hidden <= keys["agent"]
    assert keys["dealer"].isdisjoint(hidden)
    for found in keys.values():
        assert found.isdisjoint({"audience", "waivers", "digest", "similar", "owner"})


def test_what_is_not_for_customers_is_marked_for_agents_only(
    agent_view: View, dealer_view: View
) -> None:
    entry = next(one for one in dealer_view.documents if isinstance(one, Faq))
    marked = {}
    for view in (agent_view, dealer_view):
        document = view.get(entry.id)
        assert document
        sections = document_data(document, view)["sections"]
        marked[view.audience.id] = [one["key"] for one in sections if "internal" in one]
    assert marked == {"agent": ["rationale", "forbidden"], "dealer": []}


# ---- relations ------------------------------------------------------------------------------


def test_relations_are_those_of_the_view(agent_view: View) -> None:
    for document in agent_view.documents:
        data = document_data(document, agent_view)
        cited = [
            "#".join(filter(None, (one["id"], one.get("article")))) for one in data["rests_on"]
        ]
        assert cited == [str(one) for one in document.policies]
        citing = [one.id for one in agent_view.citing(document.id)]
        assert [one["id"] for one in data.get("cited_by", [])] == citing[:MOST_CITING]
        assert data.get("cited_by_count", 0) == len(citing)
        if isinstance(document, Case):
            assert [one["id"] for one in data.get("answers", [])] == list(document.faq)


def test_a_policy_that_thousands_cite_names_some_and_says_how_many(dealer_view: View) -> None:
    policy = next(one for one in dealer_view.documents if isinstance(one, Policy))
    entry = next(one for one in dealer_view.documents if isinstance(one, Faq))
    cited = (Citation(policy=policy.id),)
    citing = [
        entry.model_copy(update={"policies": cited, "id": f"faq-n{number}"})
        for number in range(MOST_CITING + 7)
    ]
    view = replace(dealer_view, documents=(policy, *citing))
    data = document_data(policy, view)
    assert len(data["cited_by"]) == MOST_CITING
    assert data["cited_by_count"] == MOST_CITING + 7


def test_an_ended_entry_says_what_holds_now(agent_view: View) -> None:
    ended = next(one for one in agent_view.documents if agent_view.replacing(one.id))
    data = document_data(ended, agent_view)
    assert data["standing"] == data["trust"]["badge"] == "ended"
    assert [one["id"] for one in data["replaced_by"]] == list(ended.replaced_by)
