"""Dealers are answered nothing that only agents may read, whatever is asked and whenever."""

from __future__ import annotations

import pytest

from benchmarks.crossings import EMBEDDED, crossings
from casebook.library import Library


@pytest.mark.parametrize("engine", EMBEDDED)
def test_nothing_crosses_while_both_ask_and_generations_change(
    engine: str, library: Library
) -> None:
    found = crossings(library, engine, 80)
    assert found.found == ()
    assert found.answered > 40
    assert found.swaps >= 2
    # The same words are there for agents to see, or the sweep would prove nothing.
    assert found.control > 15


def test_what_crosses_is_found(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dealers' services that were given the agents' documents."""
    from casebook.library import View

    view_of = Library.view

    def all_the_same(self: Library, audience: str | None = None, on=None) -> View:
        from dataclasses import replace

        seen = view_of(self, "agent", on)
        return seen if audience == "agent" else replace(seen, audience=self.settings.narrowest)

    from benchmarks import crossings as module

    real = module.canaries
    monkeypatch.setattr(
        module, "canaries", lambda *_: real(view_of(library, "agent"), view_of(library))
    )
    monkeypatch.setattr(Library, "view", all_the_same)
    assert module.crossings(library, "memory", 60).found
