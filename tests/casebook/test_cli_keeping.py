"""The commands that keep knowledge true: what they print and how they end."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from icalendar import Calendar

from casebook.cli import main
from casebook.library import today
from casebook.settings import load_settings
from search.choices import Choices
from tests.casebook.repositories import ANSWER, EMAIL, NAME, Repo, faq
from tests.casebook.test_impact import GLOSSARY, policy, resting


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "repo", "内容")
    made.write("glossary.toml", GLOSSARY.format(definition="卡"))
    made.write("policies/policy-a.md", policy())
    made.write(f"faq/{NAME}.md", resting(NAME, "policy-a#1"))
    made.commit(f"改\n\nApproved-by: 张三 <{EMAIL}>", at="2024-02-01T12:00:00+08:00")
    made.write(f"faq/{NAME}.md", resting(NAME, "policy-a#1", "套餐改了。"))
    made.commit(at="2024-03-01T09:30:00+08:00", by="李四")
    (made.root / f"faq/{NAME}.md").rename(made.root / "faq/改名.md")
    made.commit(at="2024-03-02T09:30:00+08:00", by="李四")
    made.write("faq/inner.md", faq("faq-inner", audience="agent", effective_until="2024-02-01"))
    made.write("faq/bad.md", faq("faq-bad", audience="everyone"))
    made.commit(at="2024-03-03T09:30:00+08:00", by="李四")
    return made


def casebook(repo: Repo, *words: str) -> Result:
    command, *rest = words
    result = CliRunner().invoke(main, [command, "--library", str(repo.root), *rest])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert EMAIL not in result.output
    return result


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["impact", "policy-a#1"], 0),
        (["impact", "--term", "套餐"], 0),
        (["impact", "--since", "HEAD~1", "--format", "markdown"], 0),
        (["impact"], 2),
        (["impact", NAME, "--since", "HEAD"], 2),
        (["impact", "policy-b"], 2),
        (["impact", "--term", "没有的词"], 2),
        (["impact", "--since", "-x"], 2),
        (["impact", NAME, "--format", "html"], 2),
        (["due"], 0),
        (["due", "--within", "3650"], 0),
        (["due", "--within", "-1"], 2),
        (["due", "--owner", "没有的组"], 2),
        (["history", NAME], 0),
        (["history", "faq-inner", "--format", "json"], 0),
        (["history", NAME, "--on", "2024-02-01"], 0),
        (["history", NAME, "--on", "2024-01-31"], 1),
        (["history", NAME, "--on", "2024-01-31", "--audience", "agent"], 1),
        (["history", "faq-inner", "--on", "2024-04-01"], 1),
        (["history", "faq-none", "--on", "2024-04-01"], 1),
        (["history", "faq-none", "--on", "2024-04-01", "--audience", "agent"], 2),
        (["history", "faq-none"], 2),
        (["history", NAME, "--audience", "agent"], 2),
        (["history", NAME, "--on", "2024-02-01", "--audience", "bob"], 2),
        (["history", NAME, "--on", "2024-02-30"], 2),
        (["history", NAME, "--on", "20240201"], 2),
        (["history", NAME, "--on", "9999-12-31"], 2),
    ],
)
def test_exit_codes(repo: Repo, words: list[str], code: int) -> None:
    assert casebook(repo, *words).exit_code == code


@pytest.mark.parametrize("words", [["impact", "--since", "HEAD"], ["history", NAME]])
def test_outside_of_a_repository(small: Path, words: list[str]) -> None:
    result = CliRunner().invoke(main, [words[0], "--library", str(small), *words[1:]])
    assert result.exit_code == 2
    assert "不在 git 的工作区里" in result.stderr


# impact


def test_impact_of_an_article(repo: Repo) -> None:
    assert casebook(repo, "impact", "policy-a#1").stdout == (
        "policy-a#1  规定 第一条 甲\n"
        "依据它的有 1 篇：\n"
        f"  统一口径  {NAME}  欠费停机后多久能恢复？\n"
        "      引用；资费产品组；代理商、坐席；2027-06-01 前复核\n"
    )


def test_impact_of_what_nothing_rests_on(repo: Repo) -> None:
    assert casebook(repo, "impact", "policy-a#2").stdout == "没有别的文档依据：policy-a#2。\n"


def test_impact_of_a_word_names_its_synonyms(repo: Repo) -> None:
    out = casebook(repo, "impact", "--term", "资费包").stdout
    assert out.startswith("套餐  词汇表“套餐”，也叫资费包\n依据它的有 1 篇：\n")
    assert "用词（统一答复）" in out


def test_impact_of_a_change(repo: Repo) -> None:
    repo.write("policies/policy-a.md", policy(one="改了。"))
    out = casebook(repo, "impact", "--since", "HEAD").stdout
    assert "policy-a#1  规定 第一条 甲（条文修改）" in out
    assert "待复核；引用；" in out
    assert out.endswith("改了 1 处，1 篇文档依据它们：1 篇待复核，0 篇已一并修改。\n")
    value = json.loads(casebook(repo, "impact", "--since", "HEAD", "--format", "json").stdout)
    assert (value["pending"], value["unread"]) == (1, [])


def test_impact_in_json_of_a_document_tells_of_no_change(repo: Repo) -> None:
    value = json.loads(casebook(repo, "impact", "policy-a", "--format", "json").stdout)
    assert list(value) == ["things"]
    assert [one["state"] for one in value["things"][0]["dependents"]] == [None]


def test_impact_names_the_nearest_id(repo: Repo) -> None:
    result = casebook(repo, "impact", "policy-aa")
    assert result.stderr == "casebook: 知识库里没有“policy-aa”；是不是“policy-a”？\n"


# due


def test_due_counts_what_all_audiences_chose(repo: Repo) -> None:
    late = str(date.today() - timedelta(days=3))
    for name in ("faq-one", "faq-two"):
        text = faq(name, review_by=late, approved_on="2020-01-01")
        repo.write(f"faq/{name}.md", text)
    for audience in ("dealer", "agent"):
        choices = Choices(repo.root / "build" / "choices" / f"{audience}.sqlite")
        choices.add("faq-two")
    result = casebook(repo, "due")
    assert result.exit_code == 0
    names = re.findall(r"(faq-\S+)", result.stdout)
    assert names == ["faq-two", "faq-one", "faq-inner"]
    assert "资费产品组；点开 2 次" in result.stdout


def test_due_as_a_calendar_comes_byte_for_byte(repo: Repo) -> None:
    soon = str(date.today() + timedelta(days=20))
    repo.write("faq/soon.md", faq("faq-soon", review_by=soon))
    raw = casebook(repo, "due", "--within", "25", "--format", "ics").stdout_bytes
    assert raw.startswith(b"BEGIN:VCALENDAR\r\n")
    assert raw.endswith(b"END:VCALENDAR\r\n")
    assert [str(event.decoded("DTSTART")) for event in Calendar.from_ical(raw).events] == [
        "2024-02-01",
        soon,
    ]


def test_due_takes_the_days_of_the_settings(repo: Repo) -> None:
    settings = (repo.root / "casebook.toml").read_text(encoding="utf-8")
    soon = str(date.today() + timedelta(days=20))
    repo.write("faq/soon.md", faq("faq-soon", review_by=soon))
    repo.write("casebook.toml", settings.replace("due_soon = 30", "due_soon = 10"))
    assert "faq-soon" not in casebook(repo, "due").stdout
    assert "faq-soon" in casebook(repo, "due", "--within", "20").stdout


def test_due_says_until_when_nothing_is_due(repo: Repo) -> None:
    (repo.root / "faq/inner.md").unlink()
    last = today(load_settings(repo.root)) + timedelta(days=3)
    out = casebook(repo, "due", "--within", "3", "--owner", "法务与合规组").stdout
    assert out == f"到 {last} 为止，没有要复核的，也没有失效的。\n"


# history


def test_history_lists_versions(repo: Repo) -> None:
    out = casebook(repo, "history", NAME).stdout
    commits = re.findall(r"  ([0-9a-f]{7})  ", out)
    assert out == (
        f"{NAME}：3 个版本，新的在前（主线 main）\n\n"
        f"2024-03-02 09:30  {commits[0]}  移动  没有核准记录，提交人 李四\n"
        "    faq/改名.md\n"
        f"2024-03-01 09:30  {commits[1]}  修改  没有核准记录，提交人 李四\n"
        "    修改：统一答复\n"
        f"2024-02-01 12:00  {commits[2]}  新增  张三（Approved-by）\n"
        f"    faq/{NAME}.md\n"
    )
    value = json.loads(casebook(repo, "history", NAME, "--format", "json").stdout)
    assert [one["event"] for one in value] == ["移动", "修改", "新增"]
    assert value[1] == {
        "commit": repo.git("rev-parse", "HEAD~2"),
        "landed": "2024-03-01T09:30:00+08:00",
        "approved_by": [],
        "approved_how": None,
        "committed_by": ["李四"],
        "event": "修改",
        "paths": [f"faq/{NAME}.md"],
        "added": [],
        "changed": ["统一答复"],
        "removed": [],
    }


def test_history_on_a_day(repo: Repo) -> None:
    out = casebook(repo, "history", NAME, "--on", "2024-02-15").stdout
    assert out.startswith(
        f"{NAME}，2024-02-15，代理商（dealer）\n\n# 欠费停机后多久能恢复？\n\n## 统一答复\n\n答。\n"
    )
    assert ANSWER in out
    assert "设计思路" not in out
    assert re.search(
        r"\n核准：张三（Approved-by），2024-02-01 12:00 进入主线（[0-9a-f]{7}）\n$", out
    )
    late = casebook(repo, "history", NAME, "--on", "2024-03-05").stdout
    assert "\n没有核准记录，提交人 李四，2024-03-02 09:30 进入主线" in late
    assert "核准：" not in late
    wide = casebook(repo, "history", NAME, "--on", "2024-02-15", "--audience", "agent").stdout
    assert "## 设计思路" in wide


def test_history_on_a_day_in_json(repo: Repo) -> None:
    words = ("history", NAME, "--on", "2024-03-05", "--format", "json")
    value = json.loads(casebook(repo, *words).stdout)
    sections = value.pop("sections")
    assert [one["key"] for one in sections] == ["answer", "procedure"]
    assert sections[0]["heading"] == "统一答复"
    assert sections[0]["text"].startswith("套餐改了。")
    assert value.pop("version") == {
        "commit": repo.git("rev-parse", "HEAD~1"),
        "landed": "2024-03-02T09:30:00+08:00",
        "approved_by": [],
        "approved_how": None,
        "committed_by": ["李四"],
    }
    document = value.pop("document")
    assert document["id"] == NAME
    assert document["policies"] == []
    assert not {"review_by", "digest", "sections"} & set(document)
    assert value == {
        "id": NAME,
        "on": "2024-03-05",
        "audience": "dealer",
        "answered": True,
        "reason": None,
        "as_of": repo.git("rev-parse", "HEAD"),
    }


def test_a_narrow_audience_hears_the_same_of_all_that_is_not_for_it(repo: Repo) -> None:
    outputs = set()
    for name in ("faq-inner", "faq-bad", "faq-none"):
        for output in ("text", "json"):
            words = ("history", name, "--on", "2024-04-01", "--format", output)
            outputs.add(casebook(repo, *words).output.replace(name, "faq-x"))
    text, value = sorted(outputs, key=len)
    assert text == "faq-x，2024-04-01，代理商（dealer）\n对该受众没有有效的答复。\n"
    assert json.loads(value)["reason"] == "对该受众没有有效的答复。"
    assert not json.loads(value)["answered"]


def test_a_file_that_cannot_be_read_is_shown_as_it_was(repo: Repo) -> None:
    repo.write("faq/bad.md", faq("faq-bad", audience="everyone") + "\x07响\n")
    repo.commit(at="2024-03-04T09:30:00+08:00")
    words = ("history", "faq-bad", "--on", "2024-04-01", "--audience", "agent")
    result = casebook(repo, *words)
    assert result.exit_code == 1
    assert "那天的文件有错误，没有发布：\n  faq/bad.md:" in result.stdout
    assert "当时的原文：\n\n---\naudience: everyone\n" in result.stdout
    assert "\x07" not in result.stdout
    assert ANSWER in json.loads(casebook(repo, *words, "--format", "json").stdout)["raw"]


def test_history_of_what_is_not_committed_yet(repo: Repo) -> None:
    repo.write("faq/new.md", faq("faq-new"))
    result = casebook(repo, "history", "faq-new")
    assert result.stderr.endswith("“faq-new”还没有提交到主线；提交、合并以后才有历史。\n")
    result = casebook(repo, "history", "faq-inne")
    assert result.stderr.endswith("知识库里没有“faq-inne”；是不是“faq-inner”？\n")
