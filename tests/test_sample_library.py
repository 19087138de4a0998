"""The sample library is what the README says: large enough, complete, clean."""

from __future__ import annotations

import re

import pytest

from casebook.checks import BY_CODE, check_library
from casebook.documents import Case, Document, Faq, Kind, Policy
from casebook.library import Library
from casebook.problems import Severity, as_text
from casebook.rules import Topic

HAN = re.compile(r"[\u4e00-\u9fff]")
# A quotation, or a line of a chat that begins with who writes.
SPOKEN = re.compile(r"“|^> ?[^：\n]{1,12}：|^> ?[^：\n]{1,8} \d\d:\d\d：", re.MULTILINE)
# Numbers that could be a person's: mobiles, identity cards, bank cards, unless masked.
PERSONAL = re.compile(r"(?<![0-9A-Za-z])(?:1[3-9]\d{9}|\d{17}[0-9Xx]|\d{16,19})(?![0-9A-Za-z])")


def of(library: Library, model: type[Document]) -> list[Document]:
    return [s.document for s in library.sources.values() if isinstance(s.document, model)]


def test_it_passes_its_own_checks(library: Library) -> None:
    # What is due comes and goes with the days; a note asks for nothing.
    problems = [
        p
        for p in check_library(library)
        if BY_CODE[p.code].topic is not Topic.FRESHNESS and p.severity is not Severity.NOTE
    ]
    assert not problems, as_text(problems)


@pytest.mark.parametrize(("model", "least"), [(Faq, 60), (Case, 30), (Policy, 18)])
def test_it_is_large_enough(model: type[Document], least: int, library: Library) -> None:
    assert len(of(library, model)) >= least


def test_every_entry_has_three_similar_questions_that_no_other_has(library: Library) -> None:
    seen: dict[str, str] = {}
    for entry in of(library, Faq):
        assert isinstance(entry, Faq)
        assert len(set(entry.similar)) >= 3
        for question in (entry.title, *entry.similar):
            assert seen.setdefault(question, entry.id) == entry.id, question


def test_an_answer_can_be_spoken_in_one_breath(library: Library) -> None:
    for entry in of(library, Faq):
        assert isinstance(entry, Faq)
        assert 60 <= len(entry.answer) <= 220, entry.id
        assert not re.search(r"[|`#\[\]]|^[-*\d]", entry.answer, re.MULTILINE), entry.id


def test_cases_cover_every_level_customer_type_and_subject(library: Library) -> None:
    cases = [case for case in of(library, Case) if isinstance(case, Case)]
    taxonomy = library.settings.taxonomy
    assert {case.level for case in cases} == set(taxonomy.levels)
    assert {kind for case in cases for kind in case.customer_types} == set(taxonomy.customer_types)
    assert {case.subject.partition("/")[0] for case in cases} == set(taxonomy.subjects)
    assert {case.method for case in cases} == set(taxonomy.methods)


def test_a_case_tells_what_was_said_and_what_is_to_be_learned(library: Library) -> None:
    for case in of(library, Case):
        assert isinstance(case, Case)
        body = "".join(section.text for section in case.sections)
        assert 600 <= len(HAN.findall(body)) <= 1500, case.id
        details, analysis = case.section("details"), case.section("analysis")
        assert details and analysis
        assert len(SPOKEN.findall(details.text)) >= 4, case.id
        assert case.method in analysis.text, case.id
        assert "？" in analysis.text, case.id


def test_everything_cites_what_it_rests_on(library: Library) -> None:
    for document in (*of(library, Case), *of(library, Faq)):
        assert document.policies, document.id
    for case in of(library, Case):
        assert isinstance(case, Case)
        assert case.faq, case.id


def test_there_are_plans_with_all_their_parts(library: Library) -> None:
    policies = [policy for policy in of(library, Policy) if isinstance(policy, Policy)]
    plans = [policy for policy in policies if policy.rank == Policy.PLAN]
    assert len(plans) >= 4
    for plan in plans:
        assert [section.key for section in plan.sections] == [s.key for s in Policy.plan_spec]
        situation = plan.section("situation")
        assert situation
        assert all(
            word in situation.text for word in ("何事", "何因", "何时", "何地", "何人", "如何")
        )


def test_the_glossary_is_large_and_says_each_name_once(library: Library) -> None:
    terms = library.settings.glossary.terms
    assert len(terms) >= 150
    names = [name for term in terms for name in (term.term, *term.synonyms)]
    assert len(names) == len(set(names))
    assert all(term.definition for term in terms)


def test_no_document_holds_a_number_that_could_be_a_persons(library: Library) -> None:
    for source in library.sources.values():
        found = PERSONAL.search(source.document.model_dump_json(exclude={"sections"}))
        assert not found, source.path
        for section in source.document.sections:
            assert not PERSONAL.search(section.text), f"{source.path} {section.heading}"


def test_every_kind_is_filed_in_its_folder_under_its_id(library: Library) -> None:
    for source in library.sources.values():
        kind = Kind(source.document.id.partition("-")[0])
        assert source.path == f"{kind.folder}/{source.document.id}.md"
