"""The command: the same figures as the page, without the service."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from casebook.cli import main
from casebook.library import View
from search.engines import get_engine
from search.engines.base import Engine
from search.insights.data import report_data
from search.insights.report import report
from search.insights.rows import KINDS
from tests.search.conftest import ON, IndexRoot, OpenGeneration
from tests.search.insights.calls import ZONE, CallCentre, topics_of, write_journal


@pytest.fixture
def home(
    tmp_path: Path,
    root: Path,
    dealer_view: View,
    index_root: IndexRoot,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A library's folder with the dealers' index and journal, and no documents."""
    shutil.copy(root / "casebook.toml", tmp_path)
    shutil.copy(root / "glossary.toml", tmp_path)
    shutil.copytree(index_root("dealer", "memory"), tmp_path / "build" / "index" / "dealer")
    calls = CallCentre(topics_of(dealer_view, ON), a_day=30)
    journal = tmp_path / "build" / "state" / "dealer" / "journal.sqlite"
    write_journal(journal, calls.questions(60, ON))
    monkeypatch.setattr(sys.modules["casebook.cli.insights"], "today", lambda _: ON)
    return tmp_path


def run(home: Path, *arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["insights", "--library", str(home), *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_json_holds_what_the_page_shows(
    home: Path, sample: OpenGeneration, dealer_view: View
) -> None:
    code, out, _ = run(home, "--json", "--days", "7")
    assert code == 0
    found = json.loads(out)
    questions = CallCentre(topics_of(dealer_view, ON), a_day=30).questions(60, ON)
    page = report(questions, sample("dealer").store, 7, ON, audience="dealer", zone=ZONE)
    assert found["lists"].keys() == set(KINDS)
    for kind in KINDS:
        rows = found["lists"][kind]["rows"]
        assert [row["id"] for row in rows] == [row.id for row in page.lists[kind]]
        assert [row["count"] for row in rows] == [row.count for row in page.lists[kind]]
    assert found["totals"]["questions"] == page.totals.questions
    assert found["since"] == str(ON - timedelta(days=6))
    assert len(found["daily"]) == 7
    assert report_data(page)["totals"] == found["totals"]


def test_text_is_a_table_for_each_list(home: Path) -> None:
    code, out, _ = run(home)
    assert code == 0
    assert out.startswith("代理商的提问，2026-10-26 到 2026-11-22，和前 28 天比\n")
    assert "儿童手表能不能办副卡" in out
    for title in ("没有找到（", "正在变多（", "快要失效（"):
        assert title in out
    head = next(line for line in out.splitlines() if line.lstrip().startswith("次数"))
    assert "前一期" in head and "占比" in head


def test_what_is_not_known_of_the_period_before_is_no_zero(home: Path) -> None:
    code, out, _ = run(home, "--json", "--days", "90")
    found = json.loads(out)
    assert (code, found["before"]) == (0, None)
    assert {row["before"] for kind in KINDS for row in found["lists"][kind]["rows"]} == {None}
    assert {one["before"] for rows in found["shares"].values() for one in rows} == {None}
    text = run(home, "--days", "90")[1]
    assert "（前一期 —）" in text
    assert "天比" not in text


def test_an_index_of_a_cluster_is_asked_of_the_configured_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = home / "casebook.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(f'{text}\n[opensearch]\nhosts = ["https://search.example:9200"]\n')
    asked: list[object] = []

    def engine(name: str, cluster: object = None) -> Engine:
        asked.append(cluster)
        return get_engine(name)

    monkeypatch.setattr("search.engines.get_engine", engine)
    assert run(home)[0] == 0
    assert asked and None not in asked


def test_without_a_journal_it_cannot_run_and_says_why(home: Path) -> None:
    shutil.rmtree(home / "build" / "state")
    code, out, error = run(home)
    assert (code, out) == (2, "")
    assert "没有代理商的检索日志" in error
    assert "[service]" in error


def test_without_an_index_it_cannot_run(home: Path) -> None:
    shutil.rmtree(home / "build" / "index")
    code, _, error = run(home)
    assert code == 2
    assert "casebook index" in error


@pytest.mark.parametrize("days", ["0", "367", "x"])
def test_a_period_must_be_one(home: Path, days: str) -> None:
    assert run(home, "--days", days)[0] == 2


def test_nothing_is_written(home: Path) -> None:
    before = sorted(path for path in home.rglob("*") if "journal.sqlite-" not in path.name)
    assert run(home, "--json")[0] == 0
    assert sorted(p for p in home.rglob("*") if "journal.sqlite-" not in p.name) == before
