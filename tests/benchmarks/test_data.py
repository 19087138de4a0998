"""Data files are read line by line, and what cannot be used is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.data import Asked, DataError, read_questions, read_rows, read_sets
from tests.benchmarks.conftest import QUERIES, WriteData


def test_a_set_has_its_entries_and_queries(write_data: WriteData) -> None:
    folder = write_data({"queries-dev-hard.tsv": "pinyin\tgaoqianzheng\tc\n\n"})
    (found,) = read_sets(folder)
    assert found.name == "dev"
    assert [entry.id for entry in found.entries] == ["a", "b", "c"]
    assert found.entries[0].similar == ("初婚证明在哪里办",)
    assert found.queries[:-1] == tuple(Asked(q, frozenset((i,))) for q, i in QUERIES.items())
    assert found.queries[-1] == Asked("gaoqianzheng", frozenset("c"), "pinyin")


def test_sets_are_told_apart_by_their_names(write_data: WriteData) -> None:
    folder = write_data({"faq-test.jsonl": '{"id": "x", "question": "问"}\n'})
    assert [(one.name, len(one.queries)) for one in read_sets(folder)] == [("dev", 3), ("test", 0)]


def test_files_may_be_missing(write_data: WriteData) -> None:
    folder = write_data()
    (folder / "queries-dev.tsv").unlink()
    assert read_sets(folder)[0].queries == ()
    assert read_questions(folder) == []


def test_questions_of_all_files_come_once(write_data: WriteData) -> None:
    folder = write_data({"questions-b.txt": "乙\n甲\n", "questions-a.txt": "甲\n\n丙\n"})
    assert read_questions(folder) == ["甲", "丙", "乙"]


def test_a_folder_without_a_set_is_named(tmp_path: Path) -> None:
    expected = f"{tmp_path} holds no faq-*.jsonl; expected at least one, as faq-dev.jsonl"
    with pytest.raises(DataError) as caught:
        read_sets(tmp_path)
    assert str(caught.value) == expected
    with pytest.raises(DataError, match="is no folder; DATA must name the folder"):
        read_sets(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("queries-dev.tsv", "好\ta\n只有问题\n", ":2: found '只有问题'; expected query TAB id"),
        ("queries-dev.tsv", "好\tz\n", ":1: found id 'z'; expected the id of an entry"),
        ("queries-dev-hard.tsv", "好\ta\n", ":1: found '好\\ta'; expected kind TAB query TAB id"),
        ("faq-dev.jsonl", "\n{\n", ":2: found no JSON"),
        ("faq-dev.jsonl", '{"id": "a"}', ':1: found {"id": "a"}; expected {"id": text'),
        ("faq-dev.jsonl", '{"id": "a", "question": "问", "similar": "答"}', ":1: found"),
        ("faq-dev.jsonl", '{"id": "a", "question": " "}', ":1: found"),
        ("faq-dev.jsonl", '{"id": "a", "question": "问"}\n' * 2, ": id 'a' stands there twice"),
    ],
)
def test_a_bad_line_is_named(write_data: WriteData, name: str, text: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read_sets(write_data({name: text}))
    assert str(caught.value).startswith(name + message)


def test_a_file_in_another_encoding_is_named(write_data: WriteData) -> None:
    folder = write_data()
    (folder / "questions-x.txt").write_bytes("问题".encode("gbk"))
    with pytest.raises(DataError, match=r"questions-x\.txt cannot be read: .*UTF-8"):
        read_questions(folder)


def test_rows_have_the_names_of_the_first_line(tmp_path: Path) -> None:
    file = tmp_path / "rows.tsv"
    file.write_text("query\taudience\n问\tdealer\n", encoding="utf-8")
    assert read_rows(file) == [{"query": "问", "audience": "dealer"}]
    file.write_text("query\taudience\n问\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"rows\.tsv:2: found 1 columns; expected 2, as in line 1"):
        read_rows(file)
