"""JSON Schemas and snippets: what editors offer is what reading takes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from jsonschema import Draft7Validator, FormatChecker

from casebook.documents import FILL, MODELS, Kind, Policy
from casebook.frontmatter import read_front_matter
from casebook.guide import model_text
from casebook.library import Library
from casebook.problems import Problem, Severity, as_text
from casebook.reading import read_document
from casebook.schemas import front_matter_schema
from casebook.settings import FaqSettings, Settings
from casebook.snippets import snippet_file
from tests.casebook.test_cli import casebook


class Yaml12(yaml.SafeLoader):
    """YAML as editors read it: dates are text."""

    yaml_implicit_resolvers: ClassVar = {
        first: [one for one in resolvers if not one[0].endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def as_editors_read(text: str) -> Any:
    return yaml.load(text.split("---\n")[1], Loader=Yaml12)


def faults(text: str, kind: Kind, settings: Settings) -> list[str]:
    schema = front_matter_schema(kind, settings)
    checked = Draft7Validator(schema, format_checker=FormatChecker())
    return [error.json_path for error in checked.iter_errors(as_editors_read(text))]


@pytest.mark.parametrize("kind", Kind)
def test_a_schema_is_one_and_explains_every_key(kind: Kind, settings: Settings) -> None:
    schema = front_matter_schema(kind, settings)
    Draft7Validator.check_schema(schema)
    assert set(schema["properties"]) == set(MODELS[kind].model_fields) - set(MODELS[kind].derived)
    for key, value in schema["properties"].items():
        assert re.search(r"[\u4e00-\u9fff]", value["title"]), key
        assert re.search(r"[\u4e00-\u9fff]", value["description"]), key
    assert "taxonomy" not in json.dumps(schema)


def test_every_document_of_the_sample_library_keeps_its_schema(
    root: Path, library: Library
) -> None:
    checkers = {
        kind: Draft7Validator(
            front_matter_schema(kind, library.settings), format_checker=FormatChecker()
        )
        for kind in Kind
    }
    for source in library.sources.values():
        text = (root / source.path).read_text(encoding="utf-8")
        checker = checkers[source.document.kind]
        # As editors read it, and as this library does: every scalar is text.
        for values in (as_editors_read(text), read_front_matter(text).values):
            assert [error.message for error in checker.iter_errors(values)] == [], source.path


BAD = [
    (Kind.FAQ, "id: faq-arrears-resume", "id: FAQ_1", "$.id"),
    (Kind.FAQ, "id: faq-arrears-resume", "id: case-arrears", "$.id"),
    (Kind.FAQ, "id: faq-arrears-resume", f"id: faq-{'a' * 61}", "$.id"),
    (Kind.FAQ, "audience: dealer", "audience: everyone", "$.audience"),
    (Kind.FAQ, "audience: dealer\n", "", "$"),
    (Kind.FAQ, "audience: dealer", "audience: dealer\nexpires: 2027-01-01", "$"),
    (Kind.FAQ, "owner: 资费产品组", "owner:", "$.owner"),
    (Kind.FAQ, "owner: 资费产品组", f"owner: {'组' * 201}", "$.owner"),
    (Kind.FAQ, "owner: 资费产品组", "owner:\n  - 资费产品组", "$.owner"),
    (Kind.FAQ, "subject: 资费/充值与欠费", "subject: 资费/充值和欠费", "$.subject"),
    (Kind.FAQ, "  - 缴完费还打不出电话\n", "", "$.similar"),
    (Kind.FAQ, "effective_from: 2026-01-01", "effective_from: 2026/1/1", "$.effective_from"),
    (Kind.FAQ, "effective_from: 2026-01-01", "effective_from: 2026-02-30", "$.effective_from"),
    (Kind.FAQ, "  - policy-service-spec#p4", "  - 《电信服务规范》", "$.policies[0]"),
    (Kind.FAQ, "  - policy-service-spec#p4", "  - policy-x#", "$.policies[0]"),
    (Kind.FAQ, "policies:\n", "waivers: 豁免\npolicies:\n", "$.waivers"),
    (Kind.CASE, "channel: 热线", "channel: 传真", "$.channel"),
    (Kind.CASE, "happened: 2026-04", "happened: 2026-13", "$.happened"),
    (Kind.CASE, "purpose: ", "目的: ", "$"),
    (Kind.POLICY, "rank: 预案", "rank: 通知", "$.rank"),
    (Kind.POLICY, "rank: 预案", "rank: 预案\nsupersedes:\n  - faq-x", "$.supersedes[0]"),
]


@pytest.mark.parametrize(
    ("kind", "old", "new", "place"), BAD, ids=[f"{one[3]} {one[2][:24]!r}" for one in BAD]
)
def test_what_the_schema_refuses_reading_refuses_too(
    kind: Kind, old: str, new: str, place: str, settings: Settings
) -> None:
    good = model_text(kind)
    assert faults(good, kind, settings) == []
    assert good.count(old) == 1
    bad = good.replace(old, new)
    assert place in faults(bad, kind, settings)
    reading = read_document(bad.encode(), "x.md", kind, settings)
    assert reading.document is None


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        (Kind.CASE, "channel: 热线", "channel: 12345"),
        (Kind.CASE, "channel: 热线", 'channel: "12345"'),
        (Kind.FAQ, "owner: 资费产品组", "owner: 10086"),
        (Kind.FAQ, "owner: 资费产品组", "owner: yes"),
        (Kind.FAQ, "  - 缴完费还打不出电话", "  - 10010"),
        (Kind.FAQ, "policies:\n", "tags: []\npolicies:\n"),
        (Kind.FAQ, "policies:\n", "effective_until: 2026-02-28\npolicies:\n"),
        (Kind.FAQ, "policies:\n", "waivers:\n  - review-due-soon 已排在下周\npolicies:\n"),
    ],
)
def test_what_reading_takes_the_schema_takes_too(
    kind: Kind, old: str, new: str, settings: Settings
) -> None:
    good = model_text(kind)
    assert good.count(old) == 1
    text = good.replace(old, new)
    reading = read_document(text.encode(), "x.md", kind, settings)
    assert reading.document, reading.problems
    assert faults(text, kind, settings) == []


def test_dates_are_refused_by_editors_that_know_no_formats(settings: Settings) -> None:
    date = front_matter_schema(Kind.FAQ, settings)["properties"]["effective_from"]
    validator = Draft7Validator(date)
    assert validator.is_valid("2026-01-31")
    for wrong in ("2026/1/1", "2026-13-01", "2026-01-32", "明天"):
        assert not validator.is_valid(wrong), wrong


def test_a_library_that_asks_for_less_says_so_in_its_schema(settings: Settings) -> None:
    less = settings.model_copy(update={"faq": FaqSettings(similar=0, policies=0)})
    text = model_text(Kind.FAQ)
    start, end = text.index("similar:"), text.index("effective_from:")
    text = text[:start] + "similar: []\n" + text[end:]
    assert faults(text, Kind.FAQ, settings) == ["$.similar"]
    assert faults(text, Kind.FAQ, less) == []


def test_the_command_prints_one_schema_or_writes_all(small: Path, settings: Settings) -> None:
    printed = casebook("schema", "case", cwd=small)
    assert json.loads(printed.stdout) == front_matter_schema(Kind.CASE, settings)
    written = casebook("schema", "--out", "elsewhere", cwd=small)
    assert written.stdout.split() == [f"elsewhere/{kind}.schema.json" for kind in Kind]
    for kind in Kind:
        file = small / "elsewhere" / f"{kind}.schema.json"
        assert json.loads(file.read_text(encoding="utf-8")) == front_matter_schema(kind, settings)


def test_the_snippets_are_those_of_today(root: Path, settings: Settings) -> None:
    file = root / ".vscode" / "casebook.code-snippets"
    assert json.loads(file.read_text(encoding="utf-8")) == snippet_file(settings), (
        "run `make editors`"
    )


def expanded(body: list[str]) -> str:
    """A snippet as the editor writes it when every stop is passed over."""
    text = "\n".join(body)
    for pattern, value in (
        (r"\$\{TM_FILENAME_BASE\}", "KIND-x"),
        (r"\$\{CURRENT_YEAR\}", "2026"),
        (r"\$\{CURRENT_\w+\}", "11"),
        (r"\$\{\d+\|((?:[^,|\\]|\\.)*)[^}]*\|\}", r"\1"),
        (r"\$\{\d+:((?:[^}\\]|\\.)*)\}", r"\1"),
        (r"\$\d+", ""),
        (r"\\([\\$}])", r"\1"),
    ):
        text = re.sub(pattern, value, text)
    return text


@pytest.mark.parametrize("kind", Kind)
def test_a_snippet_gives_a_document_that_only_has_to_be_filled_in(
    kind: Kind, settings: Settings
) -> None:
    text = expanded(snippet_file(settings)[f"新的{kind.label}"]["body"]).replace("KIND", kind.value)
    specs = MODELS[kind].spec or (Policy.plan_spec[:0])
    headings = [line[3:] for line in text.split("\n") if line.startswith("## ")]
    assert headings == [spec.heading for spec in specs] or kind is Kind.POLICY
    assert FILL in text
    assert "approved_on: " + FILL in text
    filled = text.replace("review_by: " + FILL + "复核日期", "review_by: 2027-11-11")
    filled = filled.replace("approved_on: " + FILL + "核准日期", "approved_on: 2026-11-11")
    filled = filled.replace(FILL + "发生月份", "2026-10").replace(FILL + "依据", "policy-x#3")
    filled = filled.replace(FILL, "写好了")
    if kind is Kind.FAQ:
        filled = filled.replace("effective_from", "  - 二\n  - 三\neffective_from")
    reading = read_document(filled.encode(), "x.md", kind, settings)
    assert reading.document, (filled, reading.problems)


def test_short_snippets_write_what_the_library_reads(settings: Settings) -> None:
    snippets = snippet_file(settings)
    short = {one["prefix"]: expanded(one["body"]) for one in snippets.values()}
    assert short["cite"] == "[第三条](policy-编号#3)"
    assert short["faqlink"] == "[标题](faq-编号)"
    assert short["article"] == "## 第一条 标题\n\n"
    assert short["restricted"] == "## 第一条 标题 {audience=dealer}\n\n"


def without_comments(file: Path) -> Any:
    text = file.read_text(encoding="utf-8")
    return json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))


def test_the_editor_is_told_of_schemas_that_are_made(root: Path) -> None:
    told = without_comments(root / ".vscode" / "settings.json")["yaml.schemas"]
    assert list(told) == [f"./build/schemas/{kind}.schema.json" for kind in Kind]
    assert without_comments(root / ".vscode" / "extensions.json")["recommendations"]


def test_the_editor_finds_the_problems_of_the_check(root: Path) -> None:
    (check, *_) = without_comments(root / ".vscode" / "tasks.json")["tasks"]
    shown = {}
    for severity in Severity:
        problem = Problem(
            *("faq/套 餐.md", 4, 7, "invalid-audience", "没有受众“x”。", "写 dealer。"), severity
        )
        first, second = as_text([problem]).split("\n")
        for matcher in check["problemMatcher"]:
            pattern, hint = matcher["pattern"]
            match = re.search(pattern["regexp"], first)
            if match:
                shown[severity] = matcher["severity"]
                keys = ("file", "line", "column", "code", "message")
                assert [match[pattern[name]] for name in keys] == [
                    *("faq/套 餐.md", "4", "7", "invalid-audience", "没有受众“x”。")
                ]
                more = re.search(hint["regexp"], second)
                assert more
                assert more[hint["message"]] == "写 dealer。"
    assert shown == {
        Severity.ERROR: "error",
        Severity.WARNING: "warning",
        Severity.NOTE: "info",
    }
