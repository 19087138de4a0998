"""Shelves of the sample library, and of a library with canaries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from search.assistants.shelf import Shelf
from search.service import Service, ServiceConfig
from tests.search.conftest import ON, IndexRoot

SITE = "https://kb.example"
NewShelf = Callable[..., Shelf]


def config(audience: str, index: Path, **more: object) -> ServiceConfig:
    return ServiceConfig(
        audience=audience,
        internal=audience == "agent",
        title="测试知识库",
        index=index,
        site=None,
        today=lambda: ON,
        **more,
    )


@pytest.fixture(scope="module")
def shelf_of(index_root: IndexRoot) -> Iterator[NewShelf]:
    """The shelf of an audience."""
    with ExitStack() as stack:

        def new(audience: str, index: Path | None = None, **more: object) -> Shelf:
            told = config(audience, index or index_root(audience), **more)
            return Shelf(stack.enter_context(closing(Service(told))), SITE)

        yield new
