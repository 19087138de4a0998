"""A whole run on a small data folder: rows, floors, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from benchmarks import relevance
from benchmarks.data import Asked, DataError, FaqEntry, read_sets
from benchmarks.floors import FLOORS, SAMPLE_FLOOR, floors_missed
from benchmarks.libraries import WORK, load, make_library, quoted
from benchmarks.relevance import main, sample_sizes, sampled
from benchmarks.rows import Row, markdown, table
from benchmarks.tasks import data_task, sample_task
from casebook.frontmatter import read_front_matter
from tests.benchmarks.conftest import WriteData

KEYS = ["engine", "kind", "n", "hit1", "hit3", "hit10", "mrr10", "p50_ms", "p95_ms"]


def run(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(folder), "--engines", "memory", *options])


def rows_of(result: Result) -> dict[tuple[str, str], dict[str, Any]]:
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    return {(row["engine"], row["kind"]): row for row in rows}


def row(kind: str, hit1: float, hit3: float, engine: str = "memory", **more: Any) -> Row:
    return Row(engine, kind, 10, hit1, hit3, 1.0, 1.0, 1.0, 1.0, **more)


def missed(rows: list[Row]) -> list[str]:
    return floors_missed("dev", rows, sample=False)


def test_a_good_run_gives_a_row_a_kind_and_ends_with_0(write_data: WriteData) -> None:
    folder = write_data(
        {
            "queries-dev-hard.tsv": "traditional\t信用卡丟了如何掛失\tb\nnew\t高铁改签\tc\n",
            "questions-other.txt": "阳台漏水找谁修理\n信用卡丢了怎么挂失？\n",
        }
    )
    result = run(folder, "--json")
    rows = rows_of(result)
    assert result.exit_code == 0, result.stderr
    assert list(rows) == [
        ("bm25", "queries"),
        ("bm25", "traditional"),
        ("bm25", "new"),
        ("memory", "queries"),
        ("memory", "traditional"),
        ("memory", "new"),
        ("memory", "answered"),
        ("memory", "false-answers"),
    ]
    found = rows["memory", "queries"]
    assert list(found) == KEYS
    assert (found["n"], found["hit1"], found["mrr10"]) == (3, 1.0, 1.0)
    assert 0 < found["p50_ms"] <= found["p95_ms"]
    assert list(rows["memory", "answered"]) == [*KEYS, "share"]
    assert rows["memory", "answered"]["share"] == rows["memory", "answered"]["hit1"] == 1.0
    # A question that stands in the set is not one without an answer.
    assert rows["memory", "false-answers"]["n"] == 1
    assert rows["memory", "false-answers"]["share"] == 0.0
    assert rows["memory", "false-answers"]["hit1"] is None


def test_a_missed_floor_ends_with_1_and_is_named(write_data: WriteData) -> None:
    result = run(write_data({"queries-dev-hard.tsv": "plain\t阳台漏水找谁修理\tb\n"}))
    assert result.exit_code == 1
    assert "FLOOR MISSED dev memory plain: hit@1 0.0000 < 0.8500" in result.stderr
    assert "FLOOR MISSED dev memory plain: hit@3 0.0000 < 0.9840" in result.stderr
    assert result.stdout.startswith("set dev\nengine  kind")


def test_figures_go_into_the_docs_when_asked(
    write_data: WriteData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- begin relevance -->\n<!-- end relevance -->\n", encoding="utf-8")
    monkeypatch.setattr(relevance, "PAGE", page)
    run(write_data(), "--publish")
    assert "| memory | queries | 3 | 1.0000 |" in page.read_text(encoding="utf-8")


def test_misses_are_shown(write_data: WriteData) -> None:
    folder = write_data({"queries-dev-hard.tsv": "plain\t信用卡丢了\ta\n"})
    assert "place -: 信用卡丢了 -> faq-0000000" in run(folder, "--misses", "1").stderr


def test_what_the_service_refuses_is_counted_and_said(write_data: WriteData) -> None:
    result = run(write_data({"queries-dev-hard.tsv": f"plain\t{'信' * 201}\tb\n"}))
    assert "1 requests got 400 QueryRefused; they count as nothing found" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "nowhere"], "bench-relevance: nowhere is no folder"),
        (["--engines", "lucene"], "没有检索引擎“lucene”"),
        (["--sample", "0"], "SAMPLE has '0'; expected a number above 0, or ENGINE:NUMBER"),
    ],
)
def test_what_cannot_run_ends_with_2(
    write_data: WriteData, options: list[str], message: str
) -> None:
    result = run(write_data(), *options)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_sample_is_taken_of_each_kind(write_data: WriteData) -> None:
    rows = rows_of(run(write_data(), "--json", "--sample", "2"))
    assert rows["memory", "queries"]["n"] == 2
    assert rows["bm25", "queries"]["n"] == 3


def test_samples_are_spread_evenly_and_differ_by_engine() -> None:
    queries = [Asked(str(n), frozenset()) for n in range(10)]
    assert [one.text for one in sampled(queries, 3)] == ["0", "3", "6"]
    assert sampled(queries, None) == sampled(queries, 20) == queries
    assert sample_sizes(["a", "b"], "") == {"a": None, "b": None}
    assert sample_sizes(["a", "b"], "9,b:3") == {"a": 9, "b": 3}
    with pytest.raises(DataError, match="SAMPLE has 'c:3'"):
        sample_sizes(["a", "b"], "c:3")


def test_every_kind_is_held_to_its_floor() -> None:
    for kind, (hit1, hit3) in FLOORS.items():
        assert missed([row(kind, hit1, hit3)]) == []
        assert len(missed([row(kind, hit1 - 0.001, hit3 - 0.001)])) == 2


def test_queries_must_not_fall_behind_plain_bm25() -> None:
    plain = row("queries", 0.8, 0.9, "bm25")
    assert missed([plain, row("queries", 0.8, 0.9)]) == []
    assert missed([plain, row("queries", 0.79, 0.9)]) == [
        "dev memory queries: hit@1 0.7900 < 0.8000"
    ]


def test_the_sample_library_has_floors_of_its_own() -> None:
    rows = [row("queries", *SAMPLE_FLOOR), row("pinyin", 0.0, 0.0)]
    assert floors_missed("sample", rows, sample=True) == []
    assert len(floors_missed("sample", [row("queries", 0.919, 0.979)], sample=True)) == 2


def test_answers_have_floors() -> None:
    good = [row("answered", 1.0, 1.0, share=0.9), row("false-answers", 0.0, 0.0, share=0.02)]
    assert missed(good) == []
    bad = [row("answered", 1.0, 1.0, share=0.89), row("false-answers", 0.0, 0.0, share=0.021)]
    assert missed(bad) == [
        "dev memory answered: share 0.8900 < 0.9000",
        "dev memory false-answers: share 0.0210 > 0.0200",
    ]


def test_the_table_stands_in_columns() -> None:
    lines = table("dev", [row("plain", 0.5, 0.75), row("answered", 0.5, 0.0, share=1.0)]).split(
        "\n"
    )
    assert lines[:3] == [
        "set dev",
        "engine  kind       n    hit1    hit3   hit10   mrr10  p50_ms  p95_ms   share",
        "memory  plain     10  0.5000  0.7500  1.0000  1.0000     1.0     1.0",
    ]
    assert lines[3].endswith("1.0000")


def test_the_docs_get_the_same_rows() -> None:
    lines = markdown("dev", [row("plain", 0.5, 0.75)]).split("\n")
    assert lines[0] == "### Set dev"
    assert lines[-1].startswith("| memory | plain | 10 | 0.5000 | 0.7500 |")


def test_the_sample_library_is_asked_what_was_judged(root: Path) -> None:
    task = sample_task()
    rows = (root / "tests/search/judgements.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert task.sample
    assert len(task.queries) == 2 * len(rows)
    assert all(name.startswith("faq-") for one in task.answerable for name in one.ids)
    assert task.unanswerable
    assert {one.audience for one in task.queries} == {"dealer", "agent"}


@pytest.mark.parametrize(
    "text",
    [
        'a: "b" #c',
        "'单引号'",
        "\\反斜\\n",
        "- [表]",
        "&锚 *名 !标",
        "% @ `",
        "😀",
        "\u2028",
        "\t",
        "\x7f",
    ],
)
def test_any_question_is_written_so_that_it_is_read_again(text: str) -> None:
    values = read_front_matter(f"---\ntitle: {quoted(text)}\n---\n").values
    assert values == {"title": text}


def test_what_the_reader_refuses_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = [FaqEntry("a", "好问题", ()), FaqEntry("b", "长" * 201, ())]
    library = load(make_library(tmp_path / "set", entries).root)
    assert list(library.sources) == ["faq-0000000"]
    assert "set: refused faq/0000/faq-0000001.md:3: " in capsys.readouterr().err


def test_a_library_holds_nothing_of_the_one_before(tmp_path: Path) -> None:
    make_library(tmp_path, [FaqEntry("a", "一", ()), FaqEntry("b", "二", ())])
    made = make_library(tmp_path, [FaqEntry("b", "二", ("三",))])
    (source,) = load(tmp_path).sources.values()
    assert (made.ids, source.document.title) == ({"b": "faq-0000000"}, "二")


def test_ids_of_the_data_become_ids_of_the_library(write_data: WriteData) -> None:
    (found,) = read_sets(write_data())
    task = data_task(found, ["没有答案", "信用卡丢了怎么挂失？"])
    assert [one.ids for one in task.queries] == [frozenset((f"faq-000000{n}",)) for n in range(3)]
    assert [one.text for one in task.unanswerable] == ["没有答案"]
    assert task.root == WORK / "dev" / "index"
