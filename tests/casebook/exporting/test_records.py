from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from casebook.documents import MODELS, Document, Kind
from casebook.exporting.records import FORMAT, json_lines, record
from casebook.fields import OWN, SHARED
from casebook.library import View

AROUND = ("format", "kind", "standing", "standing_on", "sections")


def test_a_document_made_from_its_line_again_is_the_same(agent_view: View) -> None:
    lines = list(json_lines(agent_view))
    assert len(lines) == len(agent_view.documents) > 100
    for line, document in zip(lines, agent_view.documents, strict=True):
        values = json.loads(line)
        about = {name: values.pop(name) for name in ("format", "kind", "standing", "standing_on")}
        assert about == {
            "format": FORMAT,
            "kind": document.kind,
            "standing": document.standing(agent_view.on),
            "standing_on": "2026-11-22",
        }
        made = MODELS[document.kind].model_validate(values)
        assert made.model_dump(exclude={"waivers"}) == document.model_dump(exclude={"waivers"})


def test_every_field_of_a_document_is_exported_but_what_no_reader_sees() -> None:
    for kind, model in MODELS.items():
        assert set(model.model_fields) - {*SHARED, *OWN[kind]} <= {"sections", "waivers"}


def test_keys_stand_in_the_same_order_in_every_line(agent_view: View) -> None:
    for document in agent_view.documents:
        keys = ["format", "kind", *SHARED, *OWN[document.kind]]
        assert list(record(document, agent_view)) == [*keys, "standing", "standing_on", "sections"]


def test_what_only_agents_may_know_has_no_key_for_dealers(
    agent_view: View, dealer_view: View
) -> None:
    (case, *_) = (one for one in dealer_view.documents if one.kind is Kind.CASE)
    shown = set(record(case, dealer_view))
    assert shown.isdisjoint(case.internal)
    assert set(case.internal) <= set(record(case, agent_view))
    assert "waivers" not in record(case, agent_view)


def _titled(view: View, title: str) -> tuple[View, Document]:
    document = view.documents[0].model_copy(update={"title": title})
    return replace(view, documents=(document,)), document


@pytest.mark.parametrize("mark", ["\n", "\r", "\x0b", "\x85", "\u2028", "\u2029", '"', "\\", "😀"])
def test_no_mark_in_a_text_ends_a_line(mark: str, dealer_view: View) -> None:
    view, document = _titled(dealer_view, f"前{mark}后")
    (line,) = "\n".join(json_lines(view)).splitlines()
    assert json.loads(line)["title"] == document.title


def test_standard_output_and_the_file_hold_the_same(
    good: Path, export: Callable[..., object]
) -> None:
    shown = export("jsonl", cwd=good)
    assert shown.returncode == 0
    assert shown.stderr == ""
    assert export("jsonl", "--out", "-", cwd=good).stdout == shown.stdout
    ids = [json.loads(line)["id"] for line in shown.stdout.splitlines()]
    assert ids == ["faq-arrears-resume", "policy-service-spec"]
    done = export("jsonl", "--out", "made/here.jsonl", "--audience", "dealer", cwd=good)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "导出 dealer：2 篇文档，made/here.jsonl\n"
    assert (good / "made" / "here.jsonl").read_text(encoding="utf-8") == shown.stdout


def test_the_page_describes_each_field(root: Path) -> None:
    page = (root / "docs" / "exporting.md").read_text(encoding="utf-8")
    part = page[page.index("## JSON Lines") : page.index("## ", page.index("## JSON Lines") + 5)]
    rows = re.findall(r"^\|.*\|$", part, re.MULTILINE)
    described = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    fields = {*AROUND, *SHARED, *(name for names in OWN.values() for name in names)}
    assert fields | {"key", "heading", "text", "html"} <= described
