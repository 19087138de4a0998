"""The benchmark of duplicates: what counts as found, and that every size is measured."""

from __future__ import annotations

from click.testing import CliRunner

from benchmarks.alike import main as measure
from benchmarks.alike import quality, speed
from benchmarks.data import Asked, DataSet, FaqEntry
from tests.benchmarks.conftest import WriteData

DATA = DataSet(
    "small",
    (
        FaqEntry("a", "流量包怎么买", ("想加几个流量",)),
        FaqEntry("b", "余额能退吗", ()),
        FaqEntry("c", "余额能退不", ()),
    ),
    (
        Asked("流量包怎么买呢", frozenset("a")),
        Asked("余额能不能退", frozenset("b")),
        Asked("彩铃怎么退订", frozenset("c")),
        Asked("liuliangbao", frozenset("a"), "pinyin"),
    ),
)


def test_recall_and_precision() -> None:
    rows = {row.least: row for row in quality(DATA)}
    # The second query asks what two entries ask, and one of them is labelled.
    assert (rows[0.6].named, rows[0.6].recall, rows[0.6].precision) == (3, 2 / 3, 2 / 3)
    assert (rows[0.9].named, rows[0.9].recall, rows[0.9].precision) == (2, 1 / 3, 1 / 2)
    assert rows[1.0].named == 0


def test_questions_are_numbered_when_there_are_too_few() -> None:
    took = speed(["流量包怎么买", "余额能退吗"], 400)
    assert (took.documents, took.questions) == (400, 228 * 5)


def test_tables_of_a_data_folder(write_data: WriteData) -> None:
    done = CliRunner().invoke(measure, ["--data", str(write_data()), "--sizes", "400"])
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == "dev: 3 queries, 3 entries"
    assert lines[1].split() == ["likeness", "named", "recall", "precision"]
    assert lines[-1].split()[:2] == ["400", "1140"]
