"""CODEOWNERS: every file finds its reviewers, on GitHub and on GitLab."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from casebook.codeowners import CODEOWNERS, NoReviewers, code_owners
from casebook.documents import Kind
from casebook.errors import SettingsError
from casebook.guide import model_text
from casebook.library import Library, load_library
from casebook.settings import Reviewers, load_settings
from tests.casebook.repositories import Repo
from tests.casebook.test_cli import casebook

REVIEWERS = """
[reviewers]
default = ["@our/all"]

[reviewers.subjects]
"资费" = ["@our/tariff"]
"资费/流量" = ["@our/data", "lead@example.com"]
"网络" = []

[reviewers.kinds]
case = ["@our/quality"]
"""
OWNERS = [
    ("faq/plain.md", Kind.FAQ, "资费/套餐变更", "@our/tariff"),
    ("faq/deep/er/most.md", Kind.FAQ, "资费/流量", "@our/data lead@example.com"),
    ("faq/别 名 #1.md", Kind.FAQ, "资费", "@our/tariff"),
    ("faq/[a] * {b}!.md", Kind.FAQ, "资费/流量", "@our/data lead@example.com"),
    ("faq/宽带.md", Kind.FAQ, "宽带/故障", "@our/all"),
    ("faq/nobody.md", Kind.FAQ, "网络/信号", "@our/all"),
    ("cases/tariff.md", Kind.CASE, "资费/计费争议", "@our/tariff @our/quality"),
    ("cases/other.md", Kind.CASE, "宽带/故障", "@our/quality"),
    ("policies/x.md", Kind.POLICY, "", "@our/all"),
]


@pytest.fixture
def reviewed(small: Path) -> Path:
    """A library with files of any name, and reviewers."""
    settings = small / "casebook.toml"
    text = settings.read_text(encoding="utf-8")
    start, end = text.index("[reviewers]"), text.index("[taxonomy]")
    settings.write_text(f"{text[:start]}\n{REVIEWERS}\n{text[end:]}", encoding="utf-8")
    for number, (path, kind, subject, _) in enumerate(OWNERS):
        file = small / path
        file.parent.mkdir(parents=True, exist_ok=True)
        text = re.sub(r"^id: .*$", f"id: {kind}-{number}", model_text(kind), flags=re.MULTILINE)
        text = re.sub(r"^subject: .*$", f"subject: {subject}", text, flags=re.MULTILINE)
        file.write_text(text, encoding="utf-8")
    return small


def owners_of(path: str, text: str) -> str:
    """Who owns a path: of the lines that fit, the last."""
    found = ""
    for line in text.split("\n"):
        pattern, handles = re.fullmatch(r"((?:[^\s\\]|\\.)*)(?: (.*))?", line).groups()
        if pattern and not pattern.startswith("#") and matches(pattern, path):
            found = handles
    return found


def matches(pattern: str, path: str) -> bool:
    """What both hosts' documentation says of the few marks that are used."""
    if pattern == "*":
        return True
    assert pattern.startswith("/")
    assert not re.search(r"[\[\]!#*]", pattern), "not alike on both hosts"
    plain = re.sub(r"\\(.)", r"\1", pattern[1:])
    if pattern.endswith("/"):
        return path.startswith(plain)
    return bool(re.fullmatch(re.escape(plain).replace(r"\?", "[^/]"), path))


@pytest.mark.parametrize(("path", "_kind", "_subject", "owners"), OWNERS)
def test_every_file_finds_its_reviewers(
    path: str, _kind: Kind, _subject: str, owners: str, reviewed: Path
) -> None:
    library = load_library(reviewed)
    assert not library.problems
    text = code_owners(library)
    assert owners_of(path, text) == owners
    assert owners_of("casebook.toml", text) == "@our/all"
    assert owners_of("cases/new.md", text) == "@our/quality"


def test_the_file_begins_with_what_holds_for_all_and_is_grouped(reviewed: Path) -> None:
    lines = code_owners(load_library(reviewed)).split("\n")
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[:2] == ["* @our/all", "/cases/ @our/quality"]
    subjects = [line[2:] for line in lines if line.startswith("# ")][2:]
    assert subjects == ["资费", "资费/计费争议", "资费/套餐变更", "资费/流量"]
    assert lines == code_owners(load_library(reviewed)).split("\n")


def test_the_sample_library_s_files_all_have_reviewers(library: Library) -> None:
    text = code_owners(library)
    for source in library.sources.values():
        document, reviewers = source.document, library.settings.reviewers
        owners = owners_of(source.path, text).split()
        assert owners, source.path
        assert set(reviewers.kinds.get(document.kind.value, ())) <= set(owners)
        if document.subject and document.subject.startswith("资费"):
            assert "@yuanxi/tariff" in owners


def test_the_command_writes_and_compares(reviewed: Path) -> None:
    assert casebook("codeowners", "--check", cwd=reviewed).returncode == 1
    written = casebook("codeowners", cwd=reviewed)
    assert (written.returncode, written.stdout) == (0, "\n".join((*CODEOWNERS, "")))
    assert casebook("codeowners", "--check", cwd=reviewed).returncode == 0
    again = casebook("codeowners", cwd=reviewed)
    assert (again.stdout, again.stderr) == ("", "CODEOWNERS 是最新的。\n")
    github, gitlab = (reviewed / name for name in CODEOWNERS)
    assert github.read_bytes() == gitlab.read_bytes()
    gitlab.unlink()
    assert casebook("codeowners", "--check", cwd=reviewed).returncode == 1
    assert casebook("codeowners", cwd=reviewed).stdout == f"{CODEOWNERS[1]}\n"
    (reviewed / "faq" / "plain.md").unlink()
    stale = casebook("codeowners", "--check", cwd=reviewed)
    assert stale.returncode == 1
    assert "运行 casebook codeowners" in stale.stderr


def test_a_library_in_a_folder_is_named_where_the_hosts_look(
    reviewed: Path, tmp_path: Path
) -> None:
    repo = Repo(tmp_path / "repo", "知识 库/正文")
    shutil.copytree(reviewed, repo.root, dirs_exist_ok=True)
    written = casebook("codeowners", cwd=repo.root)
    assert written.returncode == 0, written.stderr
    files = [repo.folder / name for name in CODEOWNERS]
    assert written.stdout.split() == "\n".join(map(str, files)).split()
    assert not (repo.root / ".github").exists()
    text = files[0].read_text(encoding="utf-8")
    for path, _, _, owners in OWNERS:
        assert owners_of(f"知识 库/正文/{path}", text) == owners
    assert owners_of("知识 库/正文/cases/new.md", text) == "@our/quality"
    assert owners_of("知识 库/正文/casebook.toml", text) == "@our/all"
    assert owners_of("README.md", text) == ""
    assert casebook("codeowners", "--check", cwd=repo.root).returncode == 0
    files[1].write_text("* @neighbours\n", encoding="utf-8")
    refused = casebook("codeowners", cwd=repo.root)
    assert refused.returncode == 2
    assert "不是这个知识库写的" in refused.stderr
    assert files[1].read_text(encoding="utf-8") == "* @neighbours\n"


def test_without_reviewers_there_is_nothing_to_write(reviewed: Path) -> None:
    library = load_library(reviewed)
    nobody = library.settings.model_copy(update={"reviewers": Reviewers()})
    with pytest.raises(NoReviewers, match=r"没有 \[reviewers\]"):
        code_owners(Library(nobody, library.sources, (), 0, ""))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"资费" = ["@our/tariff"]',
            '"资废" = ["@our/tariff"]',
            "reviewers.subjects 里的“资废”不是分类里的词。 是不是“资费”？",
        ),
        (
            'case = ["@our',
            'cases = ["@our',
            "reviewers.kinds 里的“cases”不是分类里的词。 是不是“case”？",
        ),
        ('["@our/all"]', '["all of us"]', "default：“all of us”不合要求"),
        ('["@our/all"]', '["@our/all @evil"]', "default：“@our/all @evil”不合要求"),
        ('["@our/all"]', '"@our/all"', "default 的值是 “@our/all”，类型不对"),
    ],
)
def test_reviewers_that_cannot_be_are_named(
    old: str, new: str, message: str, reviewed: Path
) -> None:
    file = reviewed / "casebook.toml"
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(reviewed)
    assert message in str(caught.value)


def test_nobody_outside_learns_who_reviews(reviewed: Path) -> None:
    library = load_library(reviewed)
    assert library.view("dealer").settings.reviewers == Reviewers()
    assert library.view("agent").settings.reviewers == library.settings.reviewers
