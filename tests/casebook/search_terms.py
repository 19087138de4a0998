"""The terms of a text, as the index of a site holds them."""

from __future__ import annotations

from casebook.static_search import _terms


def text_terms(text: str) -> list[int]:
    """The terms of a text, each as often as it stands there."""
    return [int(term) for term in _terms([text])[0]]
