"""``casebook check``: which problems it shows, what it mends, what it need not look at twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner, Result

from casebook.checks import results
from casebook.cli import main
from casebook.documents import Kind
from casebook.guide import model_text
from tests.conftest import Write

FAQ = "faq/faq-arrears-resume.md"
CASE = "cases/case-broadband-three-visits.md"
RULE = "policies/policy-service-spec.md"


def _check(library: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["check", "--library", str(library), *words])


def _codes(library: Path, *words: str) -> list[tuple[str, str]]:
    shown = _check(library, "--format", "json", *words)
    return [(problem["path"], problem["code"]) for problem in json.loads(shown.stdout)]


def _git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=测试", "-c", "user.email=t@example.com")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def _other(name: str) -> str:
    """An entry that is asked for with words of its own."""
    text = model_text(Kind.FAQ).replace("id: faq-arrears-resume", f"id: faq-{name}")
    first = "欠费停机后多久能恢复？"
    others = ("交了话费什么时候能用", "刚充完钱手机还是停着", "缴完费还打不出电话")
    for number, asked in enumerate((first, *others)):
        text = text.replace(asked, f"{name} 号线路第 {number} 次{'月账季表'[number] * 6}")
    return text


@pytest.fixture
def library(small: Path, write: Write) -> Path:
    """A library whose entry rests on an article of its policy."""
    write(Kind.FAQ, "faq-arrears-resume", {})
    rule = model_text(Kind.POLICY).split("## 5W1H")[0].replace("rank: 预案", "rank: 公司规定")
    rule = rule.replace("policy-plan-outage", "policy-service-spec")
    rule = rule.replace("audience: agent", "audience: dealer")
    (small / RULE).write_text(rule + "## 要点四 复机时限\n\n缴清后两小时内恢复。\n", "utf-8")
    return small


@pytest.fixture
def repository(library: Path) -> Path:
    """The same library with one commit, and one entry with a problem that is not new."""
    old = _other("old").replace("不需要另外申请复机。", "见[旧](faq-gone)。")
    (library / "faq/faq-old.md").write_text(old, encoding="utf-8")
    (library / ".gitignore").write_text("build/\n", encoding="utf-8")
    _git(library, "init", "-q", "-b", "main")
    _git(library, "add", ".")
    _git(library, "commit", "-q", "-m", "first")
    return library


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_clean_library(library: Path) -> None:
    shown = _check(library)
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert "检查了 2 个文件：0 个错误" in shown.stderr


def test_since_shows_changed_files_only(repository: Path) -> None:
    assert _codes(repository) == [("faq/faq-old.md", "broken-link")]
    assert _codes(repository, "--since", "HEAD") == []
    _replace(repository / FAQ, "不需要另外申请复机。", "见[新](faq-none)。")
    assert _codes(repository, "--since", "HEAD") == [(FAQ, "broken-link")]
    _git(repository, "commit", "-qam", "second")
    assert _codes(repository, "--since", "HEAD") == []
    assert _codes(repository, "--since", "HEAD~1") == [(FAQ, "broken-link")]


def test_since_shows_what_a_change_broke_elsewhere(repository: Path) -> None:
    _replace(repository / RULE, "## 要点四", "## 要点五")
    assert _codes(repository, "--since", "HEAD") == [
        (FAQ, "unknown-citation"),
        ("faq/faq-old.md", "unknown-citation"),
        ("faq/faq-old.md", "broken-link"),
    ]
    _git(repository, "checkout", "-q", ".")
    (repository / RULE).unlink()
    broken = [path for path, code in _codes(repository, "--since", "HEAD") if "citation" in code]
    assert broken == [FAQ, "faq/faq-old.md"]


def test_since_looks_at_everything_when_settings_changed(repository: Path) -> None:
    _replace(repository / "casebook.toml", '"充值与欠费"]', '"充值"]')
    assert _codes(repository, "--since", "HEAD") == _codes(repository)
    assert (FAQ, "unknown-term") in _codes(repository, "--since", "HEAD")


@pytest.mark.parametrize("revision", ["nowhere", "-x", ""])
def test_since_an_unknown_revision(repository: Path, revision: str) -> None:
    shown = _check(repository, f"--since={revision}")
    assert shown.exit_code == 2
    assert "Traceback" not in shown.output


def test_since_outside_of_git(library: Path) -> None:
    assert _check(library, "--since", "HEAD").exit_code == 2


def test_fix_mends_what_is_certain_and_leaves_the_rest(library: Path) -> None:
    text = model_text(Kind.FAQ).replace("1. 在 App", "按下面办：\n1. 在 App")
    text = text.replace("不需要另外申请复机。", "见[新](faq-none)。")
    (library / FAQ).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    shown = _check(library, "--fix", "--format", "json")
    assert [problem["code"] for problem in json.loads(shown.stdout)] == ["broken-link"]
    assert shown.exit_code == 1
    assert f"改好了 {FAQ}" in shown.stderr
    assert (library / FAQ).read_bytes().decode() == text.replace("：\n1. 在", "：\n\n1. 在")


def test_fix_of_one_file_leaves_others(library: Path) -> None:
    for name in ("a", "b"):
        raw = _other(name).replace("\n", "\r\n").encode()
        (library / f"faq/faq-{name}.md").write_bytes(raw)
    assert _check(library, "--fix", str(library / "faq/faq-a.md")).exit_code == 0
    assert b"\r" not in (library / "faq/faq-a.md").read_bytes()
    assert b"\r" in (library / "faq/faq-b.md").read_bytes()


def test_without_fix_nothing_is_written(library: Path) -> None:
    raw = model_text(Kind.FAQ).replace("\n", "\r\n").encode()
    (library / FAQ).write_bytes(raw)
    assert (FAQ, "carriage-return") in _codes(library)
    assert (library / FAQ).read_bytes() == raw


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The libraries that checks have loaded."""
    from casebook.cli import checking

    loaded: list[Path] = []
    load = checking.load
    monkeypatch.setattr(checking, "load", lambda root: (loaded.append(root), load(root))[1])
    return loaded


CHANGES = {
    "text": lambda root: _replace(root / FAQ, "不需要另外申请", "无须另外申请"),
    "settings": lambda root: _replace(root / "casebook.toml", "due_soon = 30", "due_soon = 31"),
    "new file": lambda root: (root / "faq/new.md").write_text("x", encoding="utf-8"),
    "stray file": lambda root: (root / "faq/a.docx").write_bytes(b"x"),
    "file gone": lambda root: (root / FAQ).unlink(),
    "results damaged": lambda root: (root / results.RESULTS_FILE).write_text("{", "utf-8"),
    "results of others": lambda root: (root / results.RESULTS_FILE).write_text("[]", "utf-8"),
}


def test_nothing_is_loaded_when_nothing_changed(library: Path, loads: list[Path]) -> None:
    _replace(library / FAQ, "不需要另外申请复机。", "见[新](faq-none)。")
    first, second = _check(library), _check(library)
    assert len(loads) == 1
    assert (first.exit_code, first.output) == (second.exit_code, second.output)
    assert first.exit_code == 1


@pytest.mark.parametrize("change", CHANGES)
def test_all_is_looked_at_again_after_a_change(
    change: str, library: Path, loads: list[Path]
) -> None:
    before = _check(library).output
    CHANGES[change](library)
    after = _check(library).output
    assert len(loads) == 2
    if change == "stray file":
        assert "not-markdown" in after
        assert before != after


def test_another_day_is_another_check(
    library: Path, loads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from casebook.cli import checking

    found = []
    for day in (date(2027, 6, 1), date(2027, 6, 2)):
        monkeypatch.setattr(checking, "today", lambda _, day=day: day)
        found.append((FAQ, "overdue-review") in _codes(library))
    assert found == [False, True]
    assert len(loads) == 2


def test_reports_for_hosts_name_files_as_the_repository_does(library: Path, tmp_path: Path) -> None:
    top = tmp_path / "top"
    shutil.move(library, top / "知识 库")
    _git(top, "init", "-q", "-b", "main")
    place = top / "知识 库"
    _replace(place / FAQ, "不需要另外申请复机。", "见[新](faq-none)。")
    quality = json.loads(_check(place, "--format", "gitlab").stdout)
    assert [one["location"]["path"] for one in quality] == [f"知识 库/{FAQ}"]
    assert f"file=知识 库/{FAQ}," in _check(place, "--format", "github").stdout
    (run,) = json.loads(_check(place, "--format", "sarif").stdout)["runs"]
    found = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert found == f"{quote('知识 库')}/{FAQ}"
    assert _codes(place) == [(FAQ, "broken-link")]


def test_the_summary_counts_what_was_asked_about(repository: Path) -> None:
    assert "检查了 3 个文件" in _check(repository).stderr
    assert "检查了 1 个文件" in _check(repository, str(repository / FAQ)).stderr
    assert "检查了 0 个文件" in _check(repository, "--since", "HEAD").stderr


@pytest.mark.parametrize("form", ["text", "json", "github", "gitlab", "sarif"])
def test_a_name_that_is_no_text(library: Path, form: str) -> None:
    (library / os.fsdecode(b"faq/\xff.md")).write_bytes(b"x")
    done = subprocess.run(
        [sys.executable, "-c", "from casebook.cli import main; main()", "check", "--format", form],
        cwd=library,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (1, False)
    assert b"front-matter-missing" in done.stdout
