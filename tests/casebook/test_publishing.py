"""A view is staged, built and put in its place; nothing else is read, written or deleted.

A build makes what changed: whatever happened before, the site is that of a build from nothing.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from casebook.cli import main
from casebook.documents import Kind
from casebook.errors import PublishError
from casebook.guide import model_text
from casebook.library import View, load_library
from casebook.new_site import NewSite
from casebook.publishing import build_site, refuse_taken, stage
from casebook.staging import preview_configuration, write_pages
from tests.casebook.plain_builder import PlainBuilder

ON = date(2026, 11, 22)
PUBLIC = "faq/faq-arrears-resume/index.html"
CASE = "cases/case-broadband-three-visits/index.html"
PUBLIC_PAGE, CASE_PAGE = (name.removesuffix("index.html") for name in (PUBLIC, CASE))


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
    assert changed == {"pages/cases/case-broadband-three-visits/index.md"}


def test_what_went_from_the_library_goes_from_the_stage(models: Path, tmp_path: Path):
    view = agents(models)
    folder = tmp_path / "stage"
    stage(view, view, folder)
    assert (folder / "pages" / "cases" / "case-broadband-three-visits" / "index.md").is_file()
    (folder / "pages" / "left").mkdir()
    (folder / "pages" / "left" / "over.md").write_text("x", encoding="utf-8")
    (models / "cases" / "a.md").unlink()
    view = agents(models)
    stage(view, view, folder)
    assert not (folder / "pages" / "cases").exists()
    assert not (folder / "pages" / "left").exists()


def test_a_builder_gets_pages_and_a_configuration(models: Path, tmp_path: Path):
    view = agents(models)
    build_site(view, view, tmp_path / "stage", tmp_path / "site")
    assert {Path(name).suffix for name in files(tmp_path / "stage" / "pages")} == {".md"}
    configuration = json.loads((tmp_path / "stage" / "mkdocs.yml").read_text(encoding="utf-8"))
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
    built = build_site(view, view, tmp_path / "stage", out)
    assert built.files == len(files(out))
    assert built.kept == 0
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

    def with_broken_link(folder, pages):
        write_pages(folder, pages)
        (folder / "pages" / "index.md").write_text("# x\n\n[x](gone.md)\n", encoding="utf-8")

    monkeypatch.setattr("casebook.publishing.write_pages", with_broken_link)
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
            refuse_taken(folder)
    refuse_taken(models / "build" / "site" / "agent")
    (models / "docs" / "new").mkdir()
    refuse_taken(models / "docs" / "new")
    refuse_taken(tmp_path / "fresh")


def test_a_library_is_refused_without_git_too(models: Path):
    with pytest.raises(PublishError, match="是一个知识库"):
        refuse_taken(models)


def test_a_relative_folder_is_looked_up_where_the_command_runs(models: Path, monkeypatch):
    git(models, "init")
    git(models, "add", "-A")
    monkeypatch.chdir(models)
    with pytest.raises(PublishError, match="里有 git 管理的文件"):
        refuse_taken(Path("cases"))
    refuse_taken(Path("build/site"))


def test_building_into_a_tracked_folder_deletes_nothing(models: Path, tmp_path: Path):
    git(models, "init")
    git(models, "add", "-A")
    before = files(models / "cases")
    view = agents(models)
    with pytest.raises(PublishError):
        build_site(view, view, tmp_path / "stage", models / "cases")
    assert files(models / "cases") == before


# ---- what a build makes, and what it keeps ----------------------------------------------------


@dataclass
class Built:
    """A library and its agents' site."""

    library: Path
    stage: Path
    out: Path

    def build(self, builder: PlainBuilder | None = None, on: date = ON, **more: object) -> set[str]:
        """Builds the site; the pages that the builder was asked for."""
        builder = builder or PlainBuilder()
        view = load_library(self.library).view("agent", on)
        build_site(view, view, self.stage, self.out, builder=builder, **more)  # type: ignore[arg-type]
        return builder.asked[0]

    def anew(self, folder: Path) -> dict[str, bytes]:
        """What a build from nothing gives."""
        view = load_library(self.library).view("agent", ON)
        build_site(view, view, folder / "stage", folder / "site", builder=PlainBuilder())
        return contents(folder / "site")

    def edit(self, old: str, new: str) -> None:
        """Changes the case."""
        case = self.library / "cases" / "a.md"
        text = case.read_text(encoding="utf-8")
        assert text.count(old) == 1
        case.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def site(models: Path, tmp_path: Path) -> Built:
    built = Built(models, tmp_path / "stage", tmp_path / "out" / "site")
    built.build()
    return built


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in files(folder)}


def test_nothing_but_the_first_page_is_built_again(site: Built):
    before = files(site.out)
    assert site.build() == {""}
    assert files(site.out) == before


def test_a_change_builds_what_it_touches(site: Built):
    site.edit("减免三天月费", "减免九天月费")
    assert site.build() == {"", CASE_PAGE}
    site.edit("title: 师傅来了三趟", "title: 师傅来了四趟")
    asked = site.build()
    assert asked >= {"", CASE_PAGE, "cases/"}
    assert PUBLIC_PAGE not in asked
    assert "glossary/" not in asked


def test_kept_files_are_the_old_ones_and_changed_files_are_new(site: Built, tmp_path: Path):
    witness = {}
    for name in (CASE, PUBLIC):
        witness[name] = tmp_path / name.replace("/", "-")
        os.link(site.out / name, witness[name])
    before = {name: file.read_bytes() for name, file in witness.items()}
    site.edit("减免三天月费", "减免九天月费")
    site.build()
    assert witness[PUBLIC].samefile(site.out / PUBLIC)
    assert "减免九天月费" in (site.out / CASE).read_text(encoding="utf-8")
    assert {name: file.read_bytes() for name, file in witness.items()} == before


def test_a_file_system_without_links(site: Built, tmp_path: Path, monkeypatch):
    def refused(*_: object) -> None:
        raise OSError(1, "no links here")

    monkeypatch.setattr("os.link", refused)
    site.edit("减免三天月费", "减免九天月费")
    assert site.build() == {"", CASE_PAGE}
    assert contents(site.out) == site.anew(tmp_path / "other")
    assert site.build() == {""}


@pytest.mark.parametrize("name", [PUBLIC, PUBLIC.replace("html", "json"), "feed.xml"])
@pytest.mark.parametrize("harm", ["gone", "changed", "changed in place"])
def test_what_somebody_harmed_is_made_again(site: Built, name: str, harm: str):
    before = contents(site.out)
    site.build()
    # In place it is the spare's file, too.
    assert (site.out / name).samefile(site.stage / "spare" / name)
    if harm != "changed in place":
        (site.out / name).unlink()
    if harm != "gone":
        (site.out / name).write_text("x", encoding="utf-8")
    asked = site.build()
    assert (PUBLIC_PAGE in asked) == (name == PUBLIC)
    assert contents(site.out) == before


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", '{"format": 1}', '{"format": 1, "pages": 3}']
)
def test_a_lost_or_damaged_manifest_costs_time_only(site: Built, text: str | None):
    before = contents(site.out)
    memory = site.stage / "manifest.json"
    assert memory.is_file()
    memory.unlink()
    if text is not None:
        memory.write_text(text, encoding="utf-8")
    assert PUBLIC_PAGE in site.build()
    assert contents(site.out) == before


def test_other_software_builds_everything(site: Built, monkeypatch):
    everything = {name.removesuffix("index.html") for name in files(site.out) if "html" in name}
    everything.remove("404.html")
    assert site.build(PlainBuilder("2")) == everything
    assert site.build(PlainBuilder("2")) == {""}
    assert site.build(PlainBuilder("2"), anew=True) == everything
    monkeypatch.setattr("casebook.publishing.software_fingerprint", lambda: "other")
    assert site.build(PlainBuilder("2")) == everything


def test_another_navigation_builds_everything(site: Built):
    (site.library / "cases" / "a.md").unlink()
    assert PUBLIC_PAGE in site.build()
    assert '"cases/"' not in (site.out / "404.html").read_text(encoding="utf-8")


def test_what_was_asked_changes_the_pages_that_say_so(site: Built):
    everything = site.build(asked={"faq-arrears-resume": 12})
    assert CASE_PAGE in everything, "the navigation leads to what is asked most"
    asked = site.build(asked={"faq-arrears-resume": 13})
    assert CASE_PAGE not in asked
    assert "asked/" in asked
    assert site.build(asked={"faq-arrears-resume": 13}) == {""}


def test_a_builder_that_forgets_a_page_is_not_believed(site: Built):
    class Forgetful(PlainBuilder):
        def build(self, folder, configuration):
            super().build(folder, configuration)
            (folder / "site" / CASE).unlink()

    site.edit("减免三天月费", "减免九天月费")
    before = contents(site.out)
    with pytest.raises(PublishError, match=r"plain 少生成了 1 页，如 cases/case-broadband"):
        site.build(Forgetful())
    assert contents(site.out) == before


def test_what_is_written_over_a_kept_file_counts_as_new(tmp_path: Path):
    """What counts as kept is not swept again."""
    out = tmp_path / "site"
    with NewSite(out, {}, tmp_path / "spare") as first:
        first.write("a/b.txt", b"old")
        first.publish()
    with NewSite(out, first.files, tmp_path / "spare") as second:
        second.keep("a/b.txt")
        second.write("moved/b.txt", b"old")
        assert second.kept == {"a/b.txt", "moved/b.txt"}
        second.write("a/b.txt", b"new")
        assert second.kept == {"moved/b.txt"}
        assert (out / "a" / "b.txt").read_bytes() == b"old"
        assert (second.folder / "a" / "b.txt").read_bytes() == b"new"


def test_what_builders_add_of_their_own_accord_is_left_out(site: Built):
    assert b"the builder's own" not in (site.out / "sitemap.xml").read_bytes()


class _Killed(BaseException):
    """The machine went off."""


# Where a build can be killed; whether the site still stands at its place then.
KILLED = {
    "casebook.publishing.write_pages": True,
    "casebook.publishing.outlet_files": True,
    "casebook.publishing.sweep": True,
    "casebook.new_site.NewSite.complete": True,
    "casebook.new_site.NewSite.publish": True,
    "casebook.new_site.NewSite.write": True,
    "casebook.new_site.put_in_place": False,
    "casebook.publishing.Manifest.save": True,
}


@pytest.mark.parametrize("where", list(KILLED))
def test_a_killed_build_harms_nothing(site: Built, where: str, tmp_path: Path, monkeypatch):
    def killed(*_: object, **__: object) -> None:
        raise _Killed

    before = contents(site.out)
    site.edit("减免三天月费", "减免九天月费")
    with monkeypatch.context() as dying:
        dying.setattr(where, killed)
        # Who is killed tidies nothing.
        dying.setattr("casebook.new_site.NewSite.__exit__", lambda self, *error: None)
        with pytest.raises(_Killed):
            site.build()
    after = site.anew(tmp_path / "other")
    assert site.out.exists() == KILLED[where]
    if site.out.exists():
        assert contents(site.out) in (before, after)
    site.build()
    assert contents(site.out) == after
    assert [path.name for path in site.out.parent.iterdir()] == ["site"]


def _count_steps(monkeypatch, deadly: int) -> list[tuple[str, str]]:
    """Lets a build do so many steps on the disk, and no more: what it did, and to which path."""
    done: list[tuple[str, str]] = []

    def counted(name: str, step):
        def counting(*words: object, **more: object) -> object:
            if len(done) == deadly:
                raise _Killed
            done.append((name, str(words[1] if name == "link" else words[0])))
            return step(*words, **more)

        return counting

    for name in ("link", "unlink", "mkdir", "rmdir", "rename", "replace"):
        monkeypatch.setattr(os, name, counted(name, getattr(os, name)))
    monkeypatch.setattr(Path, "write_bytes", counted("write", Path.write_bytes))
    return done


# Many steps are alike, a file after the other: some of them are tried. Odd, for texts alternate.
_STRIDE = 7


@pytest.mark.parametrize("spare", [True, False])
def test_a_build_can_be_killed_at_any_step(site: Built, spare: bool, tmp_path: Path, monkeypatch):
    texts = ("减免三天月费", "减免九天月费")
    wanted = [site.anew(tmp_path / "0")]
    site.edit(*texts)
    site.build()
    wanted.append(site.anew(tmp_path / "1"))
    step, killed, names = 0, True, set[str]()
    while killed:
        old, new = (step + 1) % 2, step % 2
        site.edit(texts[old], texts[new])
        if not spare:
            shutil.rmtree(site.stage / "spare")
        with monkeypatch.context() as dying:
            done = _count_steps(dying, step)
            dying.setattr("casebook.new_site.NewSite.__exit__", lambda self, *error: None)
            try:
                site.build()
                killed = False
            except _Killed:
                names.update(name for name, _ in done)
        if site.out.exists():
            assert contents(site.out) in wanted, done
        site.build()
        assert contents(site.out) == wanted[new], done
        assert [path.name for path in site.out.parent.iterdir()] == ["site"]
        step += _STRIDE
    assert names >= {"unlink", "rename", "write"}
    assert spare or "link" in names


# ---- the spare ----------------------------------------------------------------------------------


@pytest.fixture
def spare(site: Built) -> Path:
    """The spare folder of a site that was built twice."""
    site.build()
    return site.stage / "spare"


def folders(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_dir()}


def test_what_is_in_the_spare_is_not_made_again(site: Built, spare: Path, monkeypatch):
    before = {*files(spare), *folders(spare)}
    site.edit("减免三天月费", "减免九天月费")
    with monkeypatch.context() as watched:
        done = _count_steps(watched, -1)
        site.build()
    new = site.out.with_name(".site.new")
    made = {Path(path) for name, path in done if name in {"link", "mkdir"}}
    assert not {new / name for name in before} & made
    assert PUBLIC in files(spare)


def test_the_spare_holds_only_what_the_site_holds(site: Built, spare: Path):
    (site.out / "by-hand.html").write_text("x", encoding="utf-8")
    site.edit("减免三天月费", "减免九天月费")
    site.build()
    assert PUBLIC in files(spare)
    assert CASE not in files(spare)
    for name in files(spare):
        assert (spare / name).samefile(site.out / name), name


def _damage_same_size(spare: Path) -> None:
    data = (spare / PUBLIC).read_bytes()
    (spare / PUBLIC).unlink()
    (spare / PUBLIC).write_bytes(data[:-2] + b"zz")


def _link_a_folder(spare: Path) -> None:
    shutil.copytree(spare / "faq", spare.parent / "elsewhere")
    shutil.rmtree(spare / "faq")
    (spare / "faq").symlink_to(spare.parent / "elsewhere")


def _link_the_spare(spare: Path) -> None:
    spare.rename(spare.parent / "elsewhere")
    spare.symlink_to(spare.parent / "elsewhere")


def _add_leftovers(spare: Path) -> None:
    (spare / "faq" / "left" / "over").mkdir(parents=True)
    (spare / "faq" / "left" / "index.html").write_text("left", encoding="utf-8")
    (spare / "faq" / "index.html.bak").write_text("left", encoding="utf-8")


def _be_a_file(spare: Path) -> None:
    shutil.rmtree(spare)
    spare.write_text("x", encoding="utf-8")


HARMS = {
    "leftovers": _add_leftovers,
    "an empty folder": lambda spare: (spare / "empty" / "folder").mkdir(parents=True),
    "a damaged file of the same size": _damage_same_size,
    "a lost file": lambda spare: (spare / PUBLIC).unlink(),
    "lost folders": lambda spare: shutil.rmtree(spare / "faq"),
    "a folder that is a link": _link_a_folder,
    "a spare that is a link": _link_the_spare,
    "a spare that is a file": _be_a_file,
    "no spare": shutil.rmtree,
}


@pytest.mark.parametrize("harm", list(HARMS))
def test_whatever_is_in_the_spare_the_site_is_right(
    site: Built, spare: Path, harm: str, tmp_path: Path
):
    HARMS[harm](spare)
    elsewhere = spare.parent / "elsewhere"
    linked = contents(elsewhere) if elsewhere.exists() else {}
    site.edit("减免三天月费", "减免九天月费")
    assert site.build() == {"", CASE_PAGE}
    assert contents(site.out) == site.anew(tmp_path / "other")
    assert folders(site.out) == folders(tmp_path / "other" / "site")
    assert not site.out.is_symlink()
    assert linked == (contents(elsewhere) if elsewhere.exists() else {})


def test_what_went_leaves_no_folder(site: Built, spare: Path):
    assert (spare / CASE).is_file()
    (site.library / "cases" / "a.md").unlink()
    site.build()
    site.build()
    assert not (spare / "cases").exists()
    assert not (site.out / "cases").exists()


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no second file system")
def test_a_site_on_another_file_system_has_no_spare(site: Built, tmp_path: Path):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        site.out = Path(other) / "site"
        site.build()
        site.edit("减免三天月费", "减免九天月费")
        assert site.build() == {"", CASE_PAGE}
        assert contents(site.out) == site.anew(tmp_path / "other")
        assert [path.name for path in Path(other).iterdir()] == ["site"]
        assert not (site.stage / "spare").exists()


@pytest.mark.parametrize("below", ["a file", "a system's folder"])
def test_a_folder_that_cannot_be_written_is_told(site: Built, below: str, tmp_path: Path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    site.out = {"a file": tmp_path / "file" / "site", "a system's folder": Path("/proc/site")}[
        below
    ]
    with pytest.raises(PublishError, match=r"没有生成：“.*”用不了（.*--out") as told:
        site.build()
    assert str(site.out) in str(told.value)


# ---- one at a time ------------------------------------------------------------------------------


def casebook_site(library: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "casebook", "site", "--library", str(library)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_two_builds_at_once_are_one_after_the_other(models: Path):
    started = [casebook_site(models) for _ in range(2)]
    said = sorted(process.communicate()[0] for process in started)
    assert [process.returncode for process in started] == [0, 0], said
    assert sum("没有变化" in text for text in said) == 1, said
    assert (models / "build" / "site" / "agent" / CASE).is_file()


def test_a_build_that_goes_on_is_told(models: Path, monkeypatch):
    monkeypatch.setattr("casebook.cli.publishing._WAIT", 0.1)
    (models / "build" / "stage").mkdir(parents=True)
    holding = (
        "import fcntl, sys\n"
        "file = open(sys.argv[1], 'w')\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    lock = models / "build" / "stage" / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", holding, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        assert other.stdin
        assert other.stdout.readline() == b"held\n"
        done = CliRunner().invoke(main, ["site", "--library", str(models)])
        assert done.exit_code == 2
        assert "另一个 casebook site 正在生成" in done.output
        other.kill()
    # Who died holds nothing.
    done = CliRunner().invoke(main, ["site", "--library", str(models), "--audience", "dealer"])
    assert done.exit_code == 0, done.output
    assert gc.isenabled()


def test_a_library_that_cannot_be_written_is_told(models: Path):
    (models / "build").write_text("x", encoding="utf-8")
    done = CliRunner().invoke(main, ["site", "--library", str(models)])
    assert done.exit_code == 2
    assert "写不了" in done.output


# ---- any sequence of changes --------------------------------------------------------------------

_NAMES = ("a", "b", "c", "d")
_DAYS = (ON, date(2026, 12, 1), date(2027, 2, 1))


def _entry(name: str) -> str:
    text = model_text(Kind.FAQ).replace("id: faq-arrears-resume", f"id: faq-entry-{name}")
    return text.replace("title: 欠费停机后多久", f"title: 第{name}种欠费停机后多久")


def _change(library: Path, what: str, name: str, number: int) -> None:
    """One change of a library; what is to be changed is added where it is not there."""
    file = library / "faq" / f"{name}.md"
    if what == "glossary":
        (library / "glossary.toml").write_text(
            f'[[terms]]\nterm = "复机"\naudience = "dealer"\ndefinition = "恢复使用{number}"\n',
            encoding="utf-8",
        )
        return
    if what == "delete":
        file.unlink(missing_ok=True)
        return
    if not file.exists():
        file.write_text(_entry(name), encoding="utf-8")
        return
    if what == "add":
        return
    text = file.read_text(encoding="utf-8")
    patterns = {
        "answer": (r"欠费缴清[^以]*以后", f"欠费缴清{number}以后"),
        "title": (r"(?m)^title: 第.*?种", f"title: 第{name}{number}种"),
        "audience": (r"(?m)^audience: .*", f"audience: {('dealer', 'agent')[number % 2]}"),
        "approved": (r"(?m)^approved_on: .*", f"approved_on: 2026-{number % 9 + 1:02}-03"),
        "until": (
            r"(?m)^effective_from: .*(\neffective_until: .*)?",
            f"effective_from: 2026-01-01\neffective_until: 2026-{number % 3 + 10}-28",
        ),
        "tag": (r"(?m)^(tags:\n  - .*\n)?policies:", f"tags:\n  - 标签{number % 3}\npolicies:"),
    }
    file.write_text(re.sub(patterns[what][0], patterns[what][1], text), encoding="utf-8")


CHANGES = st.tuples(
    st.sampled_from(
        ["answer", "title", "audience", "approved", "until", "tag", "delete", "add", "glossary"]
    ),
    st.sampled_from(_NAMES),
    st.integers(0, 20),
    st.sampled_from(_DAYS),
    st.dictionaries(st.sampled_from([f"faq-entry-{name}" for name in _NAMES]), st.integers(1, 9)),
)


@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
@given(st.lists(CHANGES, min_size=3, max_size=6))
def test_a_site_is_what_a_build_from_nothing_gives(models: Path, tmp_path_factory, changes) -> None:
    folder = tmp_path_factory.mktemp("changes")
    root = folder / "library"
    shutil.copytree(models, root)
    for name in _NAMES[:3]:
        _change(root, "add", name, 0)
    first = ("add", "a", 0, ON, {})
    for number, (what, name, value, day, asked) in enumerate([first, *changes]):
        _change(root, what, name, value)
        library = load_library(root)
        for audience in ("dealer", "agent"):
            view, widest = library.view(audience, day), library.view("agent", day)
            ours = folder / audience / "site"
            others = folder / f"{audience}-{number}" / "site"
            for out in (ours, others):
                build_site(
                    view,
                    widest,
                    out.with_name("stage"),
                    out,
                    asked=asked,
                    builder=PlainBuilder(),
                )
            assert contents(ours) == contents(others), (what, name, value, day, asked)


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
        process.wait(60)


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


def run_site(library: Path, *more: str) -> Result:
    done = CliRunner().invoke(main, ["site", "--library", str(library), *more])
    assert not done.exception or isinstance(done.exception, SystemExit), done.exception
    return done


def test_each_output_folder_is_current_or_not_by_itself(models: Path, tmp_path: Path):
    one, two = ("--out", str(tmp_path / "one")), ("--out", str(tmp_path / "two"))
    for out in (one, two):
        assert "没有变化" not in run_site(models, *out).output
    case = models / "cases" / "a.md"
    case.write_text(case.read_text("utf-8").replace("减免三天", "减免九天"), encoding="utf-8")
    run_site(models, *one)
    assert "没有变化" not in run_site(models, *two).output
    page = (tmp_path / "two" / "agent" / CASE).read_text("utf-8")
    assert "减免九天" in page
    assert "没有变化" in run_site(models, *two).output


def test_a_site_that_was_tampered_with_is_not_current(models: Path):
    run_site(models)
    agents = models / "build" / "site" / "agent"
    for harm in ((agents / CASE).unlink, lambda: (agents / CASE).write_text("x")):
        harm()
        assert "没有变化，" in run_site(models, "--audience", "dealer").output
        assert "没有变化" not in run_site(models, "--audience", "agent").output
        assert "减免三天" in (agents / CASE).read_text("utf-8")


@pytest.mark.parametrize("place", ["faq", "cases/sub", "build/stage"])
def test_content_is_no_output_folder(models: Path, place: str):
    done = run_site(models, "--out", str(models / place))
    assert done.exit_code == 2
    assert "知识库自己的文件" in done.output


def test_files_of_others_are_not_deleted(models: Path, tmp_path: Path):
    thesis = tmp_path / "desk" / "dealer" / "thesis.doc"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("years of work", encoding="utf-8")
    done = run_site(models, "--audience", "dealer", "--out", str(tmp_path / "desk"))
    assert done.exit_code == 2
    assert "里有别的文件" in done.output
    assert thesis.read_text("utf-8") == "years of work"


def test_an_address_that_no_longer_answers_is_told(models: Path):
    run_site(models)
    (models / "cases" / "a.md").unlink()
    done = run_site(models, "--audience", "agent")
    assert "1 个原来的网址打不开了，如 cases/case-broadband-three-visits/" in done.output


def test_mkdocs_leaves_no_site_that_leaks(checkout: Path):
    wide, narrow = (load_library(checkout).view(name) for name in ("agent", "dealer"))
    hidden = next(one.title for one in wide.documents if narrow.get(one.id) is None)
    script = checkout / "site" / "theme" / "assets" / "casebook.js"
    script.write_text(f"{script.read_text('utf-8')}// {hidden}", encoding="utf-8")
    done = mkdocs(checkout, "build")
    assert done.returncode != 0
    assert "泄漏检查" in done.stderr
    assert not (checkout / "build" / "site" / "dealer").exists()


def test_mkdocs_by_hand_is_told_what_casebook_tells(checkout: Path):
    settings = checkout / "casebook.toml"
    text = settings.read_text("utf-8").replace(
        'engine = "auto"', 'engine = "auto"\nservice = "/kb/"'
    )
    settings.write_text(text.replace('language = "zh-CN"', 'language = "zh"'), encoding="utf-8")
    assert mkdocs(checkout, "build").returncode == 0
    home = (checkout / "build" / "site" / "dealer" / "index.html").read_text("utf-8")
    assert 'service="/kb/"' in home
    assert '<html lang="zh">' in home
    assert 'rel="canonical"' in home
    assert "offline.js" in home
