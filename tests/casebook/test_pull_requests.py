"""The pull-request kit: what CI runs, what it may do, and what a reviewer gets."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from casebook.documents import Kind
from casebook.guide import model_text
from tests.casebook.test_cli import CASEBOOK, good  # noqa: F401 - a fixture

# What CI runs beside targets of the Makefile: it sets up, and shows what was made.
SET_UP = {
    "touch -c .venv/.ready",
    ".ci/run",
    'sudo env "PATH=$PATH" .ci/run',
    'cat build/review/review.md >>"$GITHUB_STEP_SUMMARY"',
    "cat build/review/review.md",
}
PERMISSIONS = {
    "code": {"contents": "read"},
    "content": {"contents": "read"},
    "review": {"contents": "read"},
    "comment": {"pull-requests": "write"},
    "scan": {"security-events": "write"},
}
PERSONAL = "姓名、号码、住址、账号、订单号或工单号"


def read_yaml(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def workflow(root: Path) -> Any:
    return read_yaml(root / ".github" / "workflows" / "check.yml")


@pytest.fixture(scope="module")
def pipeline(root: Path) -> Any:
    return read_yaml(root / ".gitlab-ci.yml")


@pytest.fixture(scope="module")
def targets(root: Path) -> set[str]:
    text = (root / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^\.PHONY: (\S+)$", text, re.MULTILINE))


def steps(workflow: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, job in workflow["jobs"].items():
        for step in job["steps"]:
            yield name, step


def commands(workflow: Any, pipeline: Any) -> Iterator[tuple[str, str]]:
    """Every line that either of the two runs."""
    for _, step in steps(workflow):
        for line in step.get("run", "").splitlines():
            yield "github", line
    for job in pipeline.values():
        for part in ("before_script", "script", "after_script"):
            for line in job.get(part, ()):
                yield "gitlab", line


def made(line: str) -> str | None:
    """The target that a line makes, None when it makes none."""
    match = re.fullmatch(r"make ([a-z-]+)( [A-Z]+=\w+)*", line)
    return match[1] if match else None


def test_ci_has_no_command_that_is_not_in_the_makefile(
    workflow: Any, pipeline: Any, targets: set[str]
) -> None:
    for _, line in commands(workflow, pipeline):
        assert line in SET_UP or made(line) in targets, line


def test_both_hosts_run_the_same(workflow: Any, pipeline: Any) -> None:
    run: dict[str, set[str]] = {"github": set(), "gitlab": set()}
    for host, line in commands(workflow, pipeline):
        run[host].add(made(line) or ("check" if ".ci/run" in line else ""))
    assert run["github"] - {""} == run["gitlab"] - {""}
    assert {"check", "content", "publish", "bench-relevance", "review"} <= run["github"]


def test_every_action_is_pinned_by_commit_and_says_its_version(root: Path, workflow: Any) -> None:
    text = (root / ".github" / "workflows" / "check.yml").read_text(encoding="utf-8")
    used = re.findall(r"uses: (\S+)(.*)", text)
    assert len(used) == sum("uses" in step for _, step in steps(workflow))
    for action, comment in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action
    assert len({action.partition("@")[0] for action, _ in used}) == len(set(used))


def test_each_job_may_do_what_it_must_and_no_more(workflow: Any) -> None:
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == PERMISSIONS
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 45
        if "write" not in PERMISSIONS[name].values():
            continue
        # It runs nothing of the change, and not for forks.
        assert "head.repo.full_name == github.repository" in job["if"]
        for step in job["steps"]:
            assert "run" not in step
            assert not step["uses"].startswith("actions/checkout@")


def test_nothing_starts_with_rights_from_a_stranger_s_change(root: Path, workflow: Any) -> None:
    # YAML 1.1 reads the key "on" as true.
    assert set(workflow[True]) == {"pull_request", "push"}
    assert workflow[True]["push"] == {"branches": ["main"]}
    assert workflow["concurrency"]["cancel-in-progress"]
    text = (root / ".github" / "workflows" / "check.yml").read_text(encoding="utf-8")
    assert "secrets." not in text
    for _, step in steps(workflow):
        assert "${{" not in step.get("run", ""), "a name could hold a command"
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_a_restored_environment_is_the_one_that_its_key_names(workflow: Any) -> None:
    for name, step in steps(workflow):
        if step.get("with", {}).get("path") == ".venv":
            key = step["with"]["key"]
            assert "requirements.lock" in key
            assert "python-version" in key
            assert "restore-keys" not in step["with"], name


def test_gitlab_gets_its_report_from_what_the_review_writes(root: Path, pipeline: Any) -> None:
    recipe = (root / "Makefile").read_text(encoding="utf-8")
    report = pipeline["review"]["artifacts"]["reports"]["codequality"]
    assert f">{report}" in recipe
    assert pipeline["default"]["interruptible"]
    assert pipeline["default"]["timeout"]
    assert [rule["variables"]["SINCE"] for rule in pipeline["review"]["rules"]] == [
        "$CI_MERGE_REQUEST_DIFF_BASE_SHA",
        "HEAD",
    ]


def git(where: Path, *words: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    subprocess.run(["git", *who, *words], cwd=where, check=True, capture_output=True)


def make(where: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the Makefile with this environment instead of one of its own."""
    return subprocess.run(
        ["make", *words, f"BIN={where / 'bin'}", "READY="],
        cwd=where,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def equip(folder: Path, makefile: str) -> None:
    """Makes a library a repository with a Makefile and the command that it calls."""
    (folder / "Makefile").write_text(makefile, encoding="utf-8")
    (folder / "bin").mkdir()
    command = folder / "bin" / "casebook"
    command.write_text(f'#!/bin/sh\nexec {shlex.join(CASEBOOK)} "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    (folder / ".gitignore").write_text("bin/\nbuild/\n", encoding="utf-8")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "all")
    git(folder, "switch", "-qc", "change")


@pytest.fixture
def repository(root: Path, tmp_path: Path) -> Path:
    """The sample library in a repository of its own, on a branch."""
    folder = tmp_path / "repository"
    for name in ("cases", "faq", "policies"):
        shutil.copytree(root / name, folder / name)
    for name in ("casebook.toml", "glossary.toml"):
        shutil.copy(root / name, folder)
    equip(folder, (root / "Makefile").read_text(encoding="utf-8"))
    return folder


def test_a_reviewer_gets_problems_impact_and_pages(repository: Path, workflow: Any) -> None:
    rule = repository / "policies" / "policy-handling-norm.md"
    text = rule.read_text(encoding="utf-8")
    start = text.index("## 第二条")
    rule.write_text(text[:start] + text[start:].replace("。", "，请照办。", 1), encoding="utf-8")
    bad = model_text(Kind.FAQ).replace("id: faq-arrears-resume", "id: faq-新")
    (repository / "faq" / "faq-new.md").write_text(bad, encoding="utf-8")
    (repository / "cases" / "case-wrong-topup.md").unlink()
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "change")
    git(repository, "switch", "-q", "main")
    git(repository, "merge", "-q", "--no-ff", "-m", "merge", "change")

    # As on GitHub: what is checked out is the merge.
    done = make(repository, "review", SINCE=workflow["jobs"]["review"]["env"]["SINCE"])
    assert done.returncode == 0, done.stderr
    written = repository / "build" / "review"
    shown = (written / "review.md").read_text(encoding="utf-8")
    assert "| `policies/policy-handling-norm.md` | 修改 | 投诉处理规范" in shown
    assert "`policies/policy-handling-norm/`" in shown
    assert "| `faq/faq-new.md` | 新增 | 有错误，没有成页 | — | — |" in shown
    assert "| `cases/case-wrong-topup.md` | 删除 |" in shown
    assert "policy-handling-norm#2" in shown
    assert "CODEOWNERS 不是最新的" in shown
    quality = json.loads((written / "problems.gitlab.json").read_text(encoding="utf-8"))
    assert "faq/faq-new.md" in {problem["location"]["path"] for problem in quality}
    sarif = json.loads((written / "problems.sarif").read_text(encoding="utf-8"))
    assert sarif["version"] == "2.1.0"

    done = make(repository, "content", "FORMAT=github")
    assert done.returncode == 2
    assert "::error file=faq/faq-new.md,line=2,col=1,title=invalid-id::" in done.stdout


def test_a_review_needs_something_to_compare_with(root: Path, good: Path) -> None:  # noqa: F811
    equip(good, (root / "Makefile").read_text(encoding="utf-8"))
    done = make(good, "review", SINCE="main")
    assert done.returncode == 0, done.stderr
    shown = (good / "build" / "review" / "review.md").read_text(encoding="utf-8")
    assert "没有改动文档。" in shown
    done = make(good, "review", SINCE="origin/nowhere")
    assert done.returncode == 2
    assert "仓库里没有版本“origin/nowhere”" in done.stderr


def docs_makefile(root: Path) -> str:
    text = (root / "docs" / "pull-requests.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```make\n(.*?)```", text, re.DOTALL)
    return block


def recipes(makefile: str) -> dict[str, str]:
    """Each target with its recipe."""
    found = re.findall(r"^([a-z-]+): [^\n]*\n((?:\t[^\n]*\n)+)", makefile, re.MULTILINE)
    return dict(found)


def test_the_makefile_for_other_libraries_does_the_same(root: Path) -> None:
    own = recipes((root / "Makefile").read_text(encoding="utf-8"))
    shown = recipes(docs_makefile(root))
    assert set(shown) == {"content", "publish", "review", "editors"}
    for target, recipe in shown.items():
        assert recipe == own[target], target


def test_a_library_of_one_s_own_is_published_by_that_makefile(root: Path, good: Path) -> None:  # noqa: F811
    equip(good, docs_makefile(root))
    done = make(good, "publish")
    assert done.returncode == 0, done.stderr
    assert (good / "build" / "site" / "agent" / "index.html").is_file()
    assert (good / "build" / "index" / "dealer").exists()


@pytest.fixture(scope="module")
def forms(root: Path) -> dict[str, Any]:
    files = sorted((root / ".github" / "ISSUE_TEMPLATE").glob("[0-9]*.yml"))
    return {form["name"]: form for form in map(read_yaml, files)}


def test_the_forms_ask_what_is_needed(forms: dict[str, Any]) -> None:
    assert list(forms) == ["要写成案例的投诉", "没有找到的答案", "答案有错"]
    for name, form in forms.items():
        assert form["body"][0]["type"] == "markdown"
        assert "不写任何个人信息" in form["body"][0]["attributes"]["value"]
        (consent,) = form["body"][-1]["attributes"]["options"]
        assert consent["required"], name
        assert PERSONAL in consent["label"]
    labels = {part["attributes"].get("label") for part in forms["要写成案例的投诉"]["body"]}
    assert {"目的性", "典型性", "时效性", "可行性"} <= labels


def test_gitlab_s_issue_templates_ask_the_same(root: Path, forms: dict[str, Any]) -> None:
    for name, form in forms.items():
        file = root / ".gitlab" / "issue_templates" / f"{name}.md"
        text = file.read_text(encoding="utf-8")
        assert "不写任何个人信息" in text
        headings = [
            line[3:].removesuffix("（必填）") for line in text.split("\n") if line[:3] == "## "
        ]
        asked = [part["attributes"] for part in form["body"] if part["type"] != "markdown"]
        assert headings == [part["label"] for part in asked if part["label"] in headings]
        assert len(headings) == len(asked)


def test_the_pull_request_template_asks_what_the_writing_norm_asks(root: Path) -> None:
    text = (root / ".github" / "pull_request_template.md").read_text(encoding="utf-8")
    other = root / ".gitlab" / "merge_request_templates" / "Default.md"
    assert other.read_text(encoding="utf-8") == text
    # The hosts close what a pull request names on English words alone.
    assert re.search(r"\bCloses #12\b", text)
    assert not re.search(r"关闭 ?#", text)
    norm = (root / "policies" / "policy-case-writing.md").read_text(encoding="utf-8")
    for words in (
        "600 至 1500 字",
        "标题写出冲突",
        "至少四句",
        "讨论题",
        "一个不同的看法",
        "24 小时",
    ):
        assert words in text, words
        assert words in norm, words
    for word in ("目的性", "典型性", "时效性", "可行性", "不写任何个人信息"):
        assert word in text


def test_the_hooks_of_this_checkout_are_those_that_others_use(root: Path) -> None:
    offered = {hook["id"]: hook for hook in read_yaml(root / ".pre-commit-hooks.yaml")}
    (repo,) = read_yaml(root / ".pre-commit-config.yaml")["repos"]
    for hook in repo["hooks"]:
        other = offered.pop(hook["id"])
        assert hook["entry"] == f".venv/bin/{other['entry']}"
        for key in ("name", "files", "pass_filenames", "require_serial"):
            assert hook.get(key) == other.get(key)
    assert not offered


@pytest.mark.parametrize(
    ("path", "checked"),
    [
        ("faq/faq-x.md", True),
        ("cases/2026/case-x.md", True),
        ("docs/faq/faq-x.md", False),
        ("faq/notes.txt", False),
        ("README.md", False),
    ],
)
def test_the_hook_looks_at_documents(path: str, checked: bool, root: Path) -> None:
    check, _ = read_yaml(root / ".pre-commit-hooks.yaml")
    assert bool(re.search(check["files"], path)) is checked


def test_the_hook_stops_what_is_wrong(root: Path, good: Path) -> None:  # noqa: F811
    check, owners = read_yaml(root / ".pre-commit-hooks.yaml")
    assert [check["entry"], owners["entry"]] == ["casebook check", "casebook codeowners"]

    def run(hook: dict[str, Any], *files: str) -> int:
        words = [*CASEBOOK, *hook["entry"].split()[1:], *files]
        return subprocess.run(words, cwd=good, capture_output=True, check=False).returncode

    file = good / "faq" / "faq-arrears-resume.md"
    assert run(check, "faq/faq-arrears-resume.md") == 0
    file.write_text(model_text(Kind.FAQ).replace("dealer", "everyone"), encoding="utf-8")
    assert run(check, "faq/faq-arrears-resume.md") == 1
    assert run(owners) == 0
    assert (good / ".github" / "CODEOWNERS").is_file()


def test_python_of_ci_is_one_that_the_project_takes(workflow: Any, pipeline: Any) -> None:
    versions = {
        step["with"]["python-version"]
        for _, step in steps(workflow)
        if step.get("uses", "").startswith("actions/setup-python@")
    }
    assert versions == {"3.11"}
    assert pipeline["default"]["image"].startswith("python:3.11")
    assert sys.version_info >= (3, 11)
