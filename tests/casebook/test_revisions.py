"""Reading git: what changed, what a file was, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from casebook.revisions import Changes, GitError, Repository, changed_paths, file_at
from tests.casebook.repositories import Repo

STRANGE = 'faq/宽带 "装机"\n第二行\t.md'


@pytest.fixture(params=["", "知识库/内容"], ids=["at the root", "in a subfolder"])
def repo(request: pytest.FixtureRequest, tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "repo", request.param)
    for name in ("kept", "changed", "moved", "deleted", "edited"):
        made.write(f"faq/{name}.md", f"{name} 的内容，长到能看出是改名\n" * 5)
    (made.folder / "outside.md").write_text("外面\n", encoding="utf-8")
    made.commit()
    return made


def test_what_changed_since_the_branches_parted(repo: Repo) -> None:
    repo.git("switch", "-q", "-c", "draft")
    repo.write("faq/changed.md", "新\n")
    (repo.root / "faq/moved.md").rename(repo.root / "faq/改名.md")
    (repo.root / "faq/deleted.md").unlink()
    repo.write(STRANGE, "x\n")
    (repo.folder / "outside.md").write_text("也改了\n", encoding="utf-8")
    repo.commit()
    repo.git("switch", "-q", "main")
    repo.write("faq/kept.md", "主线上改的，不算\n")
    repo.commit()
    repo.git("switch", "-q", "draft")
    repo.write("faq/edited.md", "没有提交\n")
    repo.write("faq/untracked.md", "没有加进来\n")
    repo.write("build/x.md", "忽略\n")
    repo.write(".gitignore", "build/\n")
    outside = set() if repo.root != repo.folder else {"outside.md"}
    assert changed_paths(repo.root, "main") == Changes(
        changed=frozenset(
            {"faq/changed.md", "faq/改名.md", STRANGE, "faq/edited.md", "faq/untracked.md"}
            | {".gitignore"}
            | outside
        ),
        deleted=frozenset({"faq/moved.md", "faq/deleted.md"}),
    )


def test_a_file_that_left_the_index_but_not_the_folder_is_not_deleted(repo: Repo) -> None:
    repo.git("rm", "-q", "--cached", str(repo.root / "faq/kept.md"))
    assert changed_paths(repo.root, "main") == Changes(frozenset({"faq/kept.md"}), frozenset())


def test_what_is_again_as_it_was_has_not_changed(repo: Repo) -> None:
    text = (repo.root / "faq/kept.md").read_text(encoding="utf-8")
    repo.git("tag", "before")
    repo.write("faq/kept.md", "改了\n")
    repo.commit()
    repo.write("faq/kept.md", text)
    (repo.root / "faq/edited.md").chmod(0o755)
    assert changed_paths(repo.root, "before").changed == {"faq/edited.md"}


def test_a_file_as_it_was(repo: Repo) -> None:
    repo.write(STRANGE, "以前\n")
    (repo.root / "faq/link.md").symlink_to("kept.md")
    repo.git("tag", "old", repo.commit())
    repo.write(STRANGE, "现在\n")
    assert file_at(repo.root, "old", STRANGE) == "以前\n".encode()
    for path in ("faq/none.md", "faq", "faq/link.md", "../outside.md", "/etc/passwd", "", "."):
        assert file_at(repo.root, "old", path) is None, path


@pytest.mark.parametrize("revision", ["--all", "-n1", "^main", "", " ", "HEAD\nmain", "main\0"])
def test_what_is_no_revision_is_refused(repo: Repo, revision: str) -> None:
    with pytest.raises(GitError, match="不是版本；写分支、标签或提交号，例如 origin/main。"):
        changed_paths(repo.root, revision)


@pytest.mark.parametrize("revision", ["origin/main", "main..main", "HEAD:faq", "main main"])
def test_an_unknown_revision_is_named(repo: Repo, revision: str) -> None:
    with pytest.raises(GitError) as error:
        changed_paths(repo.root, revision)
    assert str(error.value) == f"仓库里没有版本“{revision}”；检查写法，或先 git fetch。"


def test_branches_without_a_common_start_are_refused(repo: Repo) -> None:
    repo.git("switch", "-q", "--orphan", "other")
    repo.write("faq/other.md", "别的\n")
    repo.commit()
    with pytest.raises(GitError, match="“main”和现在的版本没有共同的历史；换一个版本。"):
        changed_paths(repo.root, "main")


def test_a_folder_in_no_repository(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="不在 git 的工作区里"):
        changed_paths(tmp_path, "main")


def test_a_bare_repository(tmp_path: Path, repo: Repo) -> None:
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare"))
    with pytest.raises(GitError, match="不在 git 的工作区里"):
        Repository(tmp_path / "bare")


def test_a_repository_without_commits(tmp_path: Path) -> None:
    empty = Repo(tmp_path / "empty")
    with pytest.raises(GitError, match="这个仓库里还没有提交；先提交一次。"):
        Repository(empty.root).commits()


def test_without_git(repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="找不到 git；先安装 git，再运行一次。"):
        changed_paths(repo.root, "main")


def test_a_shallow_clone_is_named(repo: Repo, tmp_path: Path) -> None:
    repo.commit()
    inside = repo.root.relative_to(repo.folder)
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.folder}", str(tmp_path / "clone"))
    shallow = tmp_path / "clone" / inside
    with pytest.raises(GitError, match="历史不完整；这是浅克隆，先运行 git fetch --unshallow"):
        Repository(shallow).commits()
    with pytest.raises(GitError, match="没有版本“HEAD~1”；这是浅克隆"):
        changed_paths(shallow, "HEAD~1")
    assert changed_paths(shallow, "HEAD") == Changes(frozenset(), frozenset())


def test_a_file_that_the_repository_lost_is_named(repo: Repo) -> None:
    with pytest.raises(GitError, match=r"仓库里缺少 0{40} 的内容；运行 git fsck 检查。"):
        dict(Repository(repo.root).contents(["0" * 40]))


def _external(repo: Repo, script: Path) -> None:
    repo.git("config", "diff.external", str(script))


def _conversion(repo: Repo, script: Path) -> None:
    repo.git("config", "diff.x.textconv", str(script))
    repo.git("config", "diff.x.command", str(script))
    repo.write(".gitattributes", "*.md diff=x\n")


def _monitor(repo: Repo, script: Path) -> None:
    repo.git("config", "core.fsmonitor", str(script))


def _pager(repo: Repo, script: Path) -> None:
    repo.git("config", "core.pager", str(script))
    repo.git("config", "pager.log", "true")
    repo.git("config", "pager.diff", "true")


@pytest.mark.parametrize("prepare", [_external, _conversion, _monitor, _pager])
def test_no_program_of_the_repository_is_run(
    repo: Repo, prepare: Callable[[Repo, Path], None], tmp_path: Path
) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n", encoding="utf-8")
    script.chmod(0o755)
    repo.write("faq/kept.md", "改了\n")
    prepare(repo, script)
    assert "faq/kept.md" in changed_paths(repo.root, "main").changed
    assert list(Repository(repo.root).file_changes(["faq"]))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "setting",
    (
        "log.showRoot=false diff.renames=copies diff.relative=true color.ui=always "
        "log.follow=true log.diffMerges=off log.showSignature=true core.quotePath=true"
    ).split(),
)
def test_settings_of_the_repository_change_nothing(repo: Repo, setting: str) -> None:
    (repo.root / "faq/moved.md").rename(repo.root / STRANGE)
    repo.commit()

    def read() -> object:
        repository = Repository(repo.root)
        return list(repository.file_changes(["faq"])), repository.commits()

    before = read()
    repo.git("config", *setting.split("="))
    assert read() == before


def test_the_environment_of_a_hook_names_no_other_repository(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = Repo(tmp_path / "other")
    other.commit()
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "none"))
    assert changed_paths(repo.root, "main") == Changes(frozenset(), frozenset())


def test_reading_leaves_the_index_alone(repo: Repo) -> None:
    index = repo.folder / ".git" / "index"
    # Looks changed and is not: git would note that in the index.
    os.utime(repo.root / "faq/kept.md", (1_000_000_000, 1_000_000_000))
    before = index.read_bytes(), index.stat().st_mtime_ns
    assert changed_paths(repo.root, "main") == Changes(frozenset(), frozenset())
    assert (index.read_bytes(), index.stat().st_mtime_ns) == before


def test_what_a_commit_says(repo: Repo) -> None:
    message = "改\n\nReviewed-by: 李 <l@example.com>\nreviewed-by: 王\nApproved-by: 张"
    sha = repo.commit(message, at="2024-03-01T23:30:00-05:00", by="赵 | “甲”")
    (newest, *rest) = Repository(repo.root).commits().values()
    assert (newest.sha, newest.author, newest.by_host) == (sha, "赵 | “甲”", False)
    assert newest.landed.isoformat() == "2024-03-02T04:30:00+00:00"
    assert newest.parents == (rest[0].sha,)
    assert rest[0].parents == ()
    assert newest.signed == {
        "Approved-by": ("张",),
        "Reviewed-by": ("李 <l@example.com>", "王"),
    }


def test_a_merge_is_what_it_brought_to_the_main_line(repo: Repo) -> None:
    first = repo.git("rev-parse", "HEAD")
    repo.git("switch", "-q", "-c", "draft")
    repo.write("faq/kept.md", "一\n")
    repo.commit()
    repo.write("faq/kept.md", "二\n")
    repo.commit()
    repo.git("switch", "-q", "main")
    merge = repo.merge("draft", "2024-02-01T00:00:00+08:00")
    blob = repo.git("hash-object", str(repo.root / "faq/kept.md"))
    found = dict(Repository(repo.root).file_changes(["faq"]))
    assert list(found) == [merge, first]
    assert [(one.path, one.blob) for one in found[merge]] == [("faq/kept.md", blob)]
    assert len(found[first]) == 5


REFUSALS = {
    "fatal: detected dubious ownership in repository at '/srv/库'\nTo add an exception …": (
        "仓库属于另一个用户，git 不肯读。确认信得过它，运行"
        " git config --global --add safe.directory '/srv/库'。"
    ),
    "fatal: failed to open '/srv/.git': Permission denied": (
        "没有读仓库的权限；检查文件夹的主人和权限。"
    ),
    "error: bad signature 0x0\nfatal: index file corrupt": (
        "git 的索引坏了；删掉 .git/index，再运行 git reset。"
    ),
    "fatal: bad config line 1 in file .git/config": (
        "git 的设置写错了；运行 git config --list 看是哪一行。"
    ),
    "fatal: Expected git repo version <= 1, found 2": "git 太旧，读不了这个仓库；升级 git。",
    "error: object file .git/objects/ab is empty\nfatal: loose object ab is corrupt": (
        "仓库里有内容坏了或缺了；运行 git fsck 检查，或者重新克隆。"
    ),
    "fatal: bad object HEAD": "仓库里有内容坏了或缺了；运行 git fsck 检查，或者重新克隆。",
    "fatal: something new\nsecond line": (
        "git 读不了这个仓库；在知识库里运行 git status，按它说的改好。"
        "git 的原话：fatal: something new"
    ),
}


@pytest.mark.parametrize(("said", "message"), REFUSALS.items(), ids=list(REFUSALS.values()))
def test_what_git_refuses_is_said_in_chinese(
    said: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "said").write_text(said, encoding="utf-8")
    program = tmp_path / "git"
    program.write_text(f"#!/bin/sh\ncat '{tmp_path}/said' >&2\nexit 128\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(GitError) as raised:
        Repository(tmp_path)
    assert str(raised.value) == message


def test_a_real_repository_that_is_broken_is_named_in_chinese(repo: Repo) -> None:
    (repo.folder / ".git" / "index").write_bytes(b"broken")
    with pytest.raises(GitError, match="git 的索引坏了"):
        changed_paths(repo.root, "main")
