"""``auto`` takes the engine that suits a library's size, and says why."""

from __future__ import annotations

import pytest

from casebook.errors import EngineMissing
from search.engines import AUTO_WHOOSH_MAX, choose_engine


@pytest.mark.parametrize(
    ("wanted", "passages", "engine", "why"),
    [
        ("auto", 0, "whoosh", f"自动：不超过 {AUTO_WHOOSH_MAX} 段"),
        ("auto", AUTO_WHOOSH_MAX, "whoosh", f"自动：不超过 {AUTO_WHOOSH_MAX} 段"),
        ("auto", AUTO_WHOOSH_MAX + 1, "tantivy", f"自动：超过 {AUTO_WHOOSH_MAX} 段"),
        ("memory", AUTO_WHOOSH_MAX + 1, "memory", "按设置"),
        ("whoosh", AUTO_WHOOSH_MAX + 1, "whoosh", "按设置"),
        ("tantivy", 0, "tantivy", "按设置"),
        ("opensearch", 0, "opensearch", "按设置"),
    ],
)
def test_the_engine_that_is_chosen(wanted: str, passages: int, engine: str, why: str) -> None:
    chosen, reason = choose_engine(wanted, passages)
    assert (chosen.name, reason) == (engine, why)


def test_an_unknown_engine_is_named_with_those_that_there_are() -> None:
    with pytest.raises(EngineMissing) as refused:
        choose_engine("lucene", 10)
    known = "auto、memory、tantivy、whoosh、opensearch"
    assert str(refused.value) == (
        f"没有检索引擎“lucene”；casebook.toml 的 [search] engine 可以写：{known}。"
    )
