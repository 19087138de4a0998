"""What a document said on a day, and who approved it, in real repositories."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from casebook.errors import UnknownAudience
from casebook.frontmatter import MAX_FRONT_MATTER
from casebook.history import NO_ANSWER, Answer, History, Version
from casebook.past import is_document, written_id
from casebook.revisions import GitError
from casebook.settings import load_settings
from tests.casebook.repositories import ANSWER, FAQ, NAME, Repo, faq

NOON = "T12:00:00+08:00"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo", "内容")


def history(repo: Repo, name: str = NAME) -> History:
    return History(repo.root, name, load_settings(repo.root))


def answer(repo: Repo, on: str, audience: str | None = None, name: str = NAME) -> Answer:
    return history(repo, name).answer(date.fromisoformat(on), audience)


def said(repo: Repo, on: str, audience: str | None = None) -> str | None:
    """The unified answer's first line on a day."""
    document = answer(repo, on, audience).document
    section = document.section("answer") if document else None
    return section.text.splitlines()[0] if section else None


def told(text: str) -> str:
    """The model entry with another answer."""
    return FAQ.replace(
        "欠费缴清以后，系统会自动为您复机，一般半小时内恢复，最长不超过两小时。", text
    )


def events(versions: list[Version]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(f"{one.landed:%m-%d}", one.event, one.paths) for one in versions]


# Who sees what, when


def test_the_answer_of_a_day_is_that_of_the_last_commit_of_that_day(repo: Repo) -> None:
    for day, text in (("02-01", "一"), ("02-05", "二"), ("02-05", "三"), ("02-09", "四")):
        repo.write(f"faq/{NAME}.md", told(text))
        repo.commit(at=f"2024-{day}{NOON}")
    days = ("2024-01-31", "2024-02-01", "2024-02-04", "2024-02-05", "2024-02-08", "2024-02-09")
    assert [said(repo, day) for day in days] == [None, "一", "一", "三", "三", "四"]


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2024-02-01T23:59:59+08:00", "2024-02-01"),
        ("2024-02-02T00:00:00+08:00", "2024-02-02"),
        ("2024-02-01T16:00:00+00:00", "2024-02-02"),
        ("2024-02-01T10:59:59-05:00", "2024-02-01"),
    ],
)
def test_a_day_ends_at_midnight_where_the_library_is(repo: Repo, at: str, day: str) -> None:
    repo.write(f"faq/{NAME}.md", FAQ)
    repo.commit(at=at)
    assert said(repo, day) is not None
    before = date.fromisoformat(day).toordinal() - 1
    assert said(repo, str(date.fromordinal(before))) is None


def test_each_audience_gets_what_it_could_see(repo: Repo) -> None:
    repo.write(f"faq/{NAME}.md", FAQ)
    repo.commit()
    narrow, wide = answer(repo, "2024-02-01"), answer(repo, "2024-02-01", "agent")
    assert narrow.document
    assert wide.document
    assert narrow.audience.id == "dealer"
    assert [s.key for s in narrow.document.sections] == ["answer", "procedure"]
    assert narrow.document.review_by is None
    assert [s.key for s in wide.document.sections] == [
        "answer",
        "procedure",
        "rationale",
        "forbidden",
    ]
    assert str(wide.document.review_by) == "2027-06-01"
    with pytest.raises(UnknownAudience):
        answer(repo, "2024-02-01", "nobody")


def test_links_show_only_what_the_audience_could_follow(repo: Repo) -> None:
    linked = told("见[公开](faq-open)、[内部](faq-inner)、[没有](faq-none)。")
    repo.write(f"faq/{NAME}.md", linked)
    repo.write("faq/其他/a.md", faq("faq-open"))
    repo.write("faq/b.md", faq("faq-inner", audience="agent"))
    repo.commit()
    assert said(repo, "2024-02-01") == "见[公开](faq-open)、内部、没有。"
    assert said(repo, "2024-02-01", "agent") == "见[公开](faq-open)、[内部](faq-inner)、没有。"


def test_the_settings_are_those_of_the_day(repo: Repo) -> None:
    repo.write(f"faq/{NAME}.md", FAQ)
    repo.commit(at=f"2024-02-01{NOON}")
    settings = (repo.root / "casebook.toml").read_text(encoding="utf-8")
    repo.write("casebook.toml", settings.replace("充值与欠费", "欠费"))
    repo.write(f"faq/{NAME}.md", FAQ.replace("资费/充值与欠费", "资费/欠费"))
    repo.commit(at=f"2024-03-01{NOON}")
    for day, subject in (("2024-02-01", "资费/充值与欠费"), ("2024-03-01", "资费/欠费")):
        document = answer(repo, day).document
        assert document
        assert document.subject == subject


def test_a_library_may_be_the_whole_repository(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo")
    repo.write(f"faq/{NAME}.md", FAQ)
    repo.commit()
    assert said(repo, "2024-01-01") is not None


# Followed by its id


def test_a_renamed_and_edited_file_is_the_same_document(repo: Repo) -> None:
    repo.write("faq/旧 名.md", told("旧"))
    repo.commit(at=f"2024-02-01{NOON}")
    (repo.root / "faq/旧 名.md").unlink()
    repo.write("faq/资费/新名.md", faq(title="完全另一个题目").replace("欠费", "换了很多字"))
    repo.commit(at=f"2024-02-02{NOON}")
    (repo.root / "faq/资费/新名.md").rename(repo.root / "faq/最后.md")
    repo.commit(at=f"2024-02-03{NOON}")
    versions = history(repo).versions()
    assert events(versions) == [
        ("02-03", "移动", ("faq/最后.md",)),
        ("02-02", "移动并修改", ("faq/资费/新名.md",)),
        ("02-01", "新增", ("faq/旧 名.md",)),
    ]
    assert said(repo, "2024-02-01") == "旧"
    assert said(repo, "2024-02-02") == said(repo, "2024-02-03") != "旧"


def test_two_files_that_change_places_are_told_apart(repo: Repo) -> None:
    repo.write("faq/a.md", told("甲"))
    repo.write("faq/b.md", faq("faq-other"))
    repo.commit(at=f"2024-02-01{NOON}")
    repo.write("faq/b.md", told("甲"))
    repo.write("faq/a.md", faq("faq-other"))
    repo.commit(at=f"2024-02-02{NOON}")
    assert events(history(repo).versions()) == [
        ("02-02", "移动", ("faq/b.md",)),
        ("02-01", "新增", ("faq/a.md",)),
    ]
    assert said(repo, "2024-02-02") == "甲"


def test_a_file_that_takes_another_id_is_another_document(repo: Repo) -> None:
    repo.write("faq/a.md", FAQ)
    repo.commit(at=f"2024-02-01{NOON}")
    repo.write("faq/a.md", faq("faq-other"))
    repo.commit(at=f"2024-02-02{NOON}")
    assert events(history(repo).versions())[0] == ("02-02", "删除", ())
    assert events(history(repo, "faq-other").versions()) == [("02-02", "新增", ("faq/a.md",))]


def test_a_document_that_was_deleted_and_came_back(repo: Repo) -> None:
    file = repo.write(f"faq/{NAME}.md", told("先"))
    repo.commit(at=f"2024-02-01{NOON}")
    file.unlink()
    repo.commit(at=f"2024-02-03{NOON}", by="删除者")
    repo.write("faq/again.md", told("后"))
    repo.commit(at=f"2024-02-05{NOON}")
    assert [event for _, event, _ in events(history(repo).versions())] == ["恢复", "删除", "新增"]
    assert [said(repo, f"2024-02-0{day}") for day in (2, 4, 6)] == ["先", None, "后"]
    assert (
        answer(repo, "2024-02-04", "agent").reason
        == "已于 2024-02-03 删除（没有核准记录，提交人 删除者）。"
    )


def test_ids_are_read_as_the_reader_reads_them(repo: Repo) -> None:
    quoted = FAQ.replace(f"id: {NAME}", r'id: "faq-arrears\x2dresume"')
    repo.write("faq/quoted.md", quoted)
    repo.write(
        "faq/words.md", faq("faq-other").replace("## 统一答复", f"## 统一答复\n\nid: {NAME}")
    )
    repo.write("README.md", FAQ)
    repo.write("faq/.hidden.md", quoted)
    repo.write("faq/notes.txt", quoted)
    (repo.root / "faq/link.md").symlink_to("quoted.md")
    repo.commit()
    (version,) = history(repo).versions()
    assert version.paths == ("faq/quoted.md",)
    assert said(repo, "2024-02-01") is not None


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (FAQ.encode(), NAME),
        (FAQ.replace("\n", "\r\n").encode(), NAME),
        (b"\xef\xbb\xbf" + FAQ.encode(), NAME),
        (FAQ.encode("gbk"), NAME),
        (FAQ.replace("owner:", "owner: [").encode(), NAME),
        (f"---\nid: {NAME}\nid: {NAME}\n---\n".encode(), NAME),
        (f"---\nid: {NAME}\n{'x' * MAX_FRONT_MATTER}\n---\n".encode(), NAME),
        (f"---\nid: [{NAME}]\n---\n".encode(), None),
        (f"没有信息块\nid: {NAME}\n".encode(), None),
        (f"---\ntitle: [\n---\nid: {NAME}\n".encode(), None),
        (b"", None),
        (b"\xff\xfe\0", None),
    ],
)
def test_a_faulty_file_still_has_its_id(raw: bytes, name: str | None) -> None:
    assert written_id(raw) == name


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("faq/a.md", True),
        ("policies/x/y/a.md", True),
        ("a.md", False),
        ("faq", False),
        ("faq/a.txt", False),
        ("faq/.git/a.md", False),
        ("docs/a.md", False),
        ("other/faq/a.md", False),
    ],
)
def test_which_files_are_documents(path: str, counts: bool) -> None:
    assert is_document(path) is counts


# The main line


def test_what_was_merged_counts_from_its_merge_on(repo: Repo) -> None:
    repo.write(f"faq/{NAME}.md", told("先"))
    repo.commit(at=f"2024-02-01{NOON}")
    repo.git("switch", "-q", "-c", "draft")
    repo.write(f"faq/{NAME}.md", told("草稿"))
    repo.commit(at=f"2024-02-02{NOON}", by="作者")
    repo.git("switch", "-q", "main")
    repo.merge("draft", f"2024-02-05{NOON}")
    assert [said(repo, f"2024-02-0{day}") for day in (1, 2, 4, 5)] == ["先", "先", "先", "草稿"]
    newest = history(repo).versions()[0]
    assert (newest.commit, newest.event) == (repo.git("rev-parse", "HEAD"), "修改")
    assert str(newest.changed) == "修改：统一答复"


def test_a_squashed_merge_is_one_version(repo: Repo) -> None:
    repo.write(f"faq/{NAME}.md", told("先"))
    repo.commit(at=f"2024-02-01{NOON}")
    repo.git("switch", "-q", "-c", "draft")
    for text in ("二", "三"):
        repo.write(f"faq/{NAME}.md", told(text))
        repo.commit(at=f"2024-02-02{NOON}")
    repo.git("switch", "-q", "main")
    repo.git("merge", "-q", "--squash", "draft")
    repo.commit(at=f"2024-02-03{NOON}", by="合并者")
    assert [said(repo, f"2024-02-0{day}") for day in (2, 3)] == ["先", "三"]
    assert str(history(repo).versions()[0].approval) == "没有核准记录，提交人 合并者"


def test_versions_say_what_changed(repo: Repo) -> None:
    repo.write(f"faq/{NAME}.md", FAQ)
    repo.commit(at=f"2024-02-01{NOON}")
    changed = faq(title="改了题目", effective_until="2024-12-31").replace(
        "一般半小时", "一般一小时"
    )
    changed = changed[: changed.index("## 禁用说法")] + "## 补充说明 {audience=agent}\n\n话\n"
    repo.write(f"faq/{NAME}.md", changed)
    repo.commit(at=f"2024-02-02{NOON}")
    changed = changed.replace("## 办理方式", "## 办理方式 {audience=agent}")
    repo.write(f"faq/{NAME}.md", changed)
    repo.commit(at=f"2024-02-03{NOON}")
    repo.write(f"faq/{NAME}.md", "读不了的\n")
    repo.write("faq/elsewhere.md", f"---\nid: {NAME}\ntitle: [\n---\n")
    repo.commit(at=f"2024-02-04{NOON}")
    assert [str(version.changed) for version in history(repo).versions()] == [
        "新增：全文；删除：effective_until、title、id、audience、owner、subject、similar、"
        "effective_from、approved_on、review_by、policies、统一答复、办理方式、设计思路、补充说明",
        "修改：办理方式",
        "新增：effective_until、补充说明；修改：title、统一答复；删除：禁用说法",
        "",
    ]


@pytest.mark.parametrize(
    ("message", "merged", "approval"),
    [
        ("改", "改", "合并者（合并人）"),
        ("改", "改\n\nReviewed-by: 王 <w@example.com>", "王（Reviewed-by）"),
        ("改\n\nApproved-by: 张三", "改\n\nReviewed-by: 王", "张三（Approved-by）"),
        (
            "改\n\nApproved-by: 张 <a@b.example>\nApproved-by: 李 l@b.example",
            "改\n\nApproved-by: 张 <z@b.example>",
            "张、李（Approved-by）",
        ),
        ("改\n\nApproved-by: <only@mail.example>", "改", "未署名（Approved-by）"),
        ("改\n\nReviewed-by: @wang\x1b[31m", "改", "@wang [31m（Reviewed-by）"),
        ("Approved-by: 只是正文里的话\n\n还有一段", "改", "合并者（合并人）"),
    ],
)
def test_who_approved_a_merge(repo: Repo, message: str, merged: str, approval: str) -> None:
    repo.commit()
    repo.git("switch", "-q", "-c", "draft")
    repo.write(f"faq/{NAME}.md", FAQ)
    repo.commit(merged, by="作者")
    repo.commit("又一个")
    repo.git("switch", "-q", "main")
    repo.merge("draft", f"2024-02-05{NOON}", message=message)
    (version,) = history(repo).versions()
    assert str(version.approval) == approval


def test_who_approved_what_was_merged_before_is_not_asked_again(repo: Repo) -> None:
    repo.commit("旧\n\nApproved-by: 老王")
    repo.git("switch", "-q", "-c", "draft")
    repo.write(f"faq/{NAME}.md", FAQ)
    repo.commit()
    repo.git("switch", "-q", "main")
    repo.merge("draft", f"2024-02-05{NOON}", by="合并者 m@example.com")
    (version,) = history(repo).versions()
    assert str(version.approval) == "合并者（合并人）"


def test_the_author_of_what_the_host_committed_is_named(repo: Repo) -> None:
    repo.write(f"faq/{NAME}.md", FAQ)
    repo.commit()
    repo.git("commit", "-q", "--amend", "--reset-author", "--no-edit", by="作者", host=True)
    (version,) = history(repo).versions()
    assert str(version.approval) == "没有核准记录，提交人 作者"


# Why there was none


WHY = [
    pytest.param({}, {}, "2023-12-31", "到 2023-12-31 为止，主线上还没有提交。", id="no commit"),
    pytest.param({}, {}, "2024-01-15", "那天还没有写；2024-02-01 才有第一版。", id="not written"),
    pytest.param(
        {"effective_from": "2024-06-01"},
        {},
        "2024-05-31",
        "尚未生效，2024-06-01 起才有效。",
        id="not in force",
    ),
    pytest.param(
        {"effective_until": "2024-06-01"},
        {},
        "2024-06-02",
        "已失效，有效到 2024-06-01。",
        id="ended",
    ),
    pytest.param(
        {"owner": "[坏"},
        {},
        "2024-03-01",
        "那天的文件有错误，没有发布：\n  faq/a.md:2 [yaml-syntax]",
        id="a faulty file",
    ),
    pytest.param(
        {},
        {"faq/b.md": FAQ},
        "2024-03-01",
        f"那天的文件有错误，没有发布：\n  faq/a.md:2 [duplicate-id] 编号 {NAME} 也在 faq/b.md 里。",
        id="an id twice",
    ),
    pytest.param(
        {},
        {"casebook.toml": "[library"},
        "2024-03-01",
        "那天的设置，现在的程序读不了（casebook.toml:1: invalid-settings",
        id="settings of another time",
    ),
]


@pytest.mark.parametrize(("changes", "files", "on", "reason"), WHY)
def test_why_there_was_no_answer(
    repo: Repo, changes: dict[str, str], files: dict[str, str], on: str, reason: str
) -> None:
    settings = load_settings(repo.root)
    repo.commit()
    repo.write("faq/a.md", faq(**changes))
    for path, text in files.items():
        repo.write(path, text)
    repo.commit(at=f"2024-02-01{NOON}")
    found = History(repo.root, NAME, settings)
    day = date.fromisoformat(on)
    wide, narrow = found.answer(day, "agent"), found.answer(day)
    assert wide.document is None
    assert wide.reason.startswith(reason)
    unread = "设置" in reason or "错误" in reason
    assert bool(wide.raw) is unread
    assert (ANSWER in wide.raw) is unread
    assert narrow.document is narrow.version is None
    assert narrow.raw == ""
    held = "生效" in reason or "失效" in reason
    assert narrow.reason == (f"{NO_ANSWER}：{reason}" if held else f"{NO_ANSWER}。")


def test_a_narrow_audience_cannot_tell_what_is_hidden_from_what_is_not_there(repo: Repo) -> None:
    today = load_settings(repo.root)
    hidden = {
        "faq-inner": faq("faq-inner", audience="agent"),
        "faq-future": faq("faq-future", effective_from="2999-01-01"),
        "faq-ended-inner": faq("faq-ended-inner", audience="agent", effective_until="2024-01-02"),
        "faq-broken": faq("faq-broken", audience="everyone"),
    }
    parts = faq("faq-sections", effective_until="2024-01-02").split("\n## ")
    marked = [part.replace("\n", " {audience=agent}\n", 1) for part in parts[1:]]
    hidden["faq-sections"] = "\n## ".join([parts[0], *marked])
    for name, text in hidden.items():
        repo.write(f"faq/{name}.md", text)
    repo.commit()
    on = date(2024, 2, 1)
    answers = {
        name: History(repo.root, name, today).answer(on, "dealer")
        for name in (*hidden, "faq-nothing")
    }
    nothing = answers["faq-nothing"]
    assert nothing.reason == "对该受众没有有效的答复。"
    assert set(map(str, answers.values())) == {str(nothing)}
    for name in hidden:
        assert History(repo.root, name, today).answer(on, "agent").reason != nothing.reason


def test_an_audience_that_there_was_not_yet(repo: Repo) -> None:
    settings = repo.root / "casebook.toml"
    now = settings.read_text(encoding="utf-8")
    start = now.index('[[audiences]]\nid = "agent"')
    then = (
        now[:start].replace('id = "dealer"', 'id = "staff"') + now[now.index("# A document must") :]
    )
    settings.write_text(then, encoding="utf-8")
    repo.write(f"faq/{NAME}.md", faq(audience="staff"))
    repo.commit(at=f"2024-02-01{NOON}")
    settings.write_text(now, encoding="utf-8")
    repo.commit(at=f"2024-03-01{NOON}")
    assert answer(repo, "2024-02-01").reason == f"{NO_ANSWER}。"
    wide = answer(repo, "2024-02-01", "agent")
    assert wide.reason == "那天的设置里没有受众“agent”，只能给出当时的原文。"
    assert ANSWER in wide.raw


def test_who_is_widest_today_does_not_read_what_was_for_wider_ones(repo: Repo) -> None:
    settings = repo.root / "casebook.toml"
    now = settings.read_text(encoding="utf-8")
    third = '[[audiences]]\nid = "expert"\nname = "专家"\ntitle = "x"\n\n# A document must'
    settings.write_text(now.replace("# A document must", third), encoding="utf-8")
    repo.write(f"faq/{NAME}.md", faq(owner="[坏"))
    repo.commit(at=f"2024-02-01{NOON}")
    settings.write_text(now, encoding="utf-8")
    found = answer(repo, "2024-02-01", "agent")
    assert "yaml-syntax" in found.reason
    assert found.raw == ""


def test_a_shallow_clone_has_no_history(repo: Repo, tmp_path: Path) -> None:
    repo.write(f"faq/{NAME}.md", FAQ)
    repo.commit()
    repo.commit()
    inside = repo.root.relative_to(repo.folder)
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.folder}", str(tmp_path / "clone"))
    settings = load_settings(repo.root)
    with pytest.raises(GitError, match="历史不完整"):
        History(tmp_path / "clone" / inside, NAME, settings)
