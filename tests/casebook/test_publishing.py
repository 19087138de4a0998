"""A view is staged, built and put in its place; nothing else is read, written or deleted."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from urllib.request import urlopen

import pytest

from casebook.documents import Kind
from casebook.errors import PublishError
from casebook.guide import model_text
from casebook.library import View, load_library
from casebook.publishing import build_site, preview_configuration, refuse_tracked, stage

ON = date(2026, 11, 22)
PUBLIC = "faq/faq-arrears-resume/index.html"
CASE = "cases/case-broadband-three-visits/index.html"


@pytest.fixture
def models(small: Path, write) -> Path:
    """A library with the model documents: a public entry, an agents' case and plan."""
    for kind in Kind:
        write(kind, "a", {})
    return small


def agents(library: Path) -> View:
    return load_library(library).view("agent", ON)


def files(folder: Path) -> dict[str, int]:
    """The files of a folder and when they were written."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file()
    }


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@x.example"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


def mkdocs(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """MkDocs as somebody starts it by hand in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "true", "DISABLE_MKDOCS_2_WARNING": "true"},
    )


# ---- the stage ------------------------------------------------------------------------------


def test_staging_again_writes_nothing(models: Path, tmp_path: Path):
    view = agents(models)
    stage(view, view, tmp_path / "stage")
    before = files(tmp_path / "stage")
    stage(view, view, tmp_path / "stage")
    assert files(tmp_path / "stage") == before


def test_a_change_writes_only_what_it_changes(models: Path, tmp_path: Path):
    view = agents(models)
    stage(view, view, tmp_path / "stage")
    before = files(tmp_path / "stage")
    case = models / "cases" / "a.md"
    case.write_text(case.read_text(encoding="utf-8").replace("减免", "免去"), encoding="utf-8")
    view = agents(models)
    stage(view, view, tmp_path / "stage")
    changed = {name for name, when in files(tmp_path / "stage").items() if before[name] != when}
    assert changed == {"pages/cases/case-broadband-three-visits.md"}


def test_what_went_from_the_library_goes_from_the_stage(models: Path, tmp_path: Path):
    view = agents(models)
    folder = tmp_path / "stage"
    stage(view, view, folder)
    assert (folder / "pages" / "cases" / "case-broadband-three-visits.md").is_file()
    (folder / "pages" / "left").mkdir()
    (folder / "pages" / "left" / "over.md").write_text("x", encoding="utf-8")
    (models / "cases" / "a.md").unlink()
    view = agents(models)
    stage(view, view, folder)
    assert not (folder / "pages" / "cases").exists()
    assert not (folder / "pages" / "left").exists()


def test_a_stage_holds_pages_assets_and_a_configuration(models: Path, tmp_path: Path):
    view = agents(models)
    staged = stage(view, view, tmp_path / "stage")
    assert {path.name for path in staged.folder.iterdir()} == {"mkdocs.yml", "pages"}
    others = {name for name in files(staged.pages) if not name.endswith(".md")}
    assert others == {"assets/case-search.js", "assets/case-search.css"}
    configuration = json.loads((staged.folder / "mkdocs.yml").read_text(encoding="utf-8"))
    assert configuration["docs_dir"] == "pages"
    assert configuration["hooks"] == []


def test_the_builder_reads_no_authors_file(models: Path, tmp_path: Path):
    marker = "zqmarkerxk"
    for file in models.rglob("*.md"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("---\nid:", f"---\n# {marker}\nid:", 1), encoding="utf-8")
        assert marker in file.read_text(encoding="utf-8")
    (models / "faq" / f"{marker}.md").write_text("# x\n", encoding="utf-8")
    library = load_library(models)
    view = library.view("agent", ON)
    assert len(view.documents) == 3
    build_site(view, view, tmp_path / "stage", tmp_path / "site")
    for folder in (tmp_path / "stage", tmp_path / "site"):
        for name in files(folder):
            assert marker not in name
            assert marker.encode() not in (folder / name).read_bytes(), name


# ---- the site -------------------------------------------------------------------------------


def test_the_site_takes_the_place_of_the_old_one_as_a_whole(models: Path, tmp_path: Path):
    view = agents(models)
    out = tmp_path / "out" / "site"
    count = build_site(view, view, tmp_path / "stage", out)
    assert count == len(files(out))
    (out / "old.html").write_text("x", encoding="utf-8")
    (models / "cases" / "a.md").unlink()
    view = agents(models)
    build_site(view, view, tmp_path / "stage", out)
    assert not (out / "old.html").exists()
    assert not (out / CASE).exists()
    assert (out / PUBLIC).is_file()
    assert [path.name for path in out.parent.iterdir()] == ["site"]


def test_a_failed_build_leaves_the_old_site(models: Path, tmp_path: Path, monkeypatch):
    view = agents(models)
    out = tmp_path / "out" / "site"
    build_site(view, view, tmp_path / "stage", out)
    before = files(out)

    def with_broken_link(*words):
        staged = stage(*words)
        (staged.pages / "index.md").write_text("# x\n\n[x](gone.md)\n", encoding="utf-8")
        return staged

    monkeypatch.setattr("casebook.publishing.stage", with_broken_link)
    with pytest.raises(PublishError, match=r"MkDocs 没有生成站点：\n(.|\n)*gone\.md"):
        build_site(view, view, tmp_path / "stage", out)
    assert files(out) == before
    assert [path.name for path in out.parent.iterdir()] == ["site"]


def test_tracked_folders_are_refused(models: Path, tmp_path: Path):
    git(models, "init")
    (models / "docs" / "deep").mkdir(parents=True)
    (models / "docs" / "deep" / "a.txt").write_text("x", encoding="utf-8")
    git(models, "add", "-A")
    for folder in (models / "docs", models / "docs" / "deep", models / "cases", models):
        with pytest.raises(PublishError, match="里有 git 管理的文件"):
            refuse_tracked(folder)
    refuse_tracked(models / "build" / "site" / "agent")
    (models / "docs" / "new").mkdir()
    refuse_tracked(models / "docs" / "new")
    refuse_tracked(tmp_path / "fresh")


def test_a_library_is_refused_without_git_too(models: Path):
    with pytest.raises(PublishError, match="是一个知识库"):
        refuse_tracked(models)


def test_a_relative_folder_is_looked_up_where_the_command_runs(models: Path, monkeypatch):
    git(models, "init")
    git(models, "add", "-A")
    monkeypatch.chdir(models)
    with pytest.raises(PublishError, match="里有 git 管理的文件"):
        refuse_tracked(Path("cases"))
    refuse_tracked(Path("build/site"))


def test_building_into_a_tracked_folder_deletes_nothing(models: Path, tmp_path: Path):
    git(models, "init")
    git(models, "add", "-A")
    before = files(models / "cases")
    view = agents(models)
    with pytest.raises(PublishError):
        build_site(view, view, tmp_path / "stage", models / "cases")
    assert files(models / "cases") == before


# ---- MkDocs started by hand -----------------------------------------------------------------


@pytest.fixture
def checkout(models: Path, root: Path) -> Path:
    """A library with the checkout's own mkdocs.yml and site/."""
    shutil.copy(root / "mkdocs.yml", models)
    shutil.copytree(root / "site", models / "site")
    return models


def test_mkdocs_builds_the_narrowest_audiences_site(checkout: Path):
    done = mkdocs(checkout, "build", "--strict")
    assert done.returncode == 0, done.stderr
    site = checkout / "build" / "site" / "dealer"
    page = (site / PUBLIC).read_text(encoding="utf-8")
    assert "系统会自动为您复机" in page
    assert "设计思路" not in page
    assert not (site / "cases").exists()
    assert not (site / "guide").exists()
    assert not (site / "README").exists()
    assert "远汐通信 服务问答" in page


def test_mkdocs_strict_fails_on_a_bad_file(checkout: Path):
    bad = model_text(Kind.FAQ).replace("id: faq-arrears-resume", "id: faq-bad")
    bad = bad.replace("owner: 资费产品组\n", "")
    (checkout / "faq" / "bad.md").write_text(bad, encoding="utf-8")
    done = mkdocs(checkout, "build", "--strict")
    assert done.returncode == 1
    assert "faq/bad.md:2" in done.stderr
    assert "owner" in done.stderr
    done = mkdocs(checkout, "build")
    assert done.returncode == 0, "without --strict the good files are published"
    site = checkout / "build" / "site" / "dealer"
    assert (site / PUBLIC).is_file()
    assert not (site / "faq" / "faq-bad").exists()


def test_mkdocs_refuses_a_tracked_folder_and_deletes_nothing(checkout: Path):
    git(checkout, "init")
    git(checkout, "add", "-A")
    before = files(checkout / "cases")
    done = mkdocs(checkout, "build", "-d", "cases")
    assert done.returncode == 1
    assert "里有 git 管理的文件" in done.stderr
    assert "Traceback" not in done.stderr
    assert files(checkout / "cases") == before


def test_mkdocs_refuses_broken_settings_in_words(checkout: Path):
    (checkout / "casebook.toml").write_text("[library\n", encoding="utf-8")
    done = mkdocs(checkout, "build")
    assert done.returncode == 1
    assert "casebook.toml" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("audience", "sees_cases"), [("agent", True), ("dealer", False)])
def test_the_preview_shows_an_audiences_view(models: Path, audience: str, sees_cases: bool):
    folder = models / "build" / "preview" / audience
    file = preview_configuration(models, audience, folder)
    done = mkdocs(models, "build", "--strict", "-f", str(file))
    assert done.returncode == 0, done.stderr
    assert (folder / "site" / PUBLIC).is_file()
    assert (folder / "site" / CASE).is_file() == sees_cases


def test_the_preview_follows_every_save(models: Path, tmp_path: Path):
    file = preview_configuration(models, "agent", models / "build" / "preview" / "agent")
    port = free_port()
    words = ["serve", "--livereload", "-f", str(file), "-a", f"127.0.0.1:{port}"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mkdocs", *words], stdout=log, stderr=log, cwd=models
        )
    address = f"http://127.0.0.1:{port}/cases/case-broadband-three-visits/"
    try:
        wait_for_text(address, "减免三天月费")
        case = models / "cases" / "a.md"
        text = case.read_text(encoding="utf-8").replace("减免三天月费", "减免九天月费")
        case.write_text(text, encoding="utf-8")
        wait_for_text(address, "减免九天月费")
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_text(address: str, text: str) -> None:
    found = ""
    for _ in range(150):
        with contextlib.suppress(OSError), urlopen(address, timeout=10) as response:
            found = response.read().decode()
        if text in found:
            return
        time.sleep(0.2)
    pytest.fail(f"{address} does not show {text}: {found[:200]}")
