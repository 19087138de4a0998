"""What people call the keys of the front matter."""

from __future__ import annotations

from casebook.documents import MODELS

_TITLES = {
    key: field.title
    for model in MODELS.values()
    for key, field in model.model_fields.items()
    if field.title
}


def title_of(name: str) -> str:
    """The Chinese title of a key; anything else, such as a heading, as it is."""
    return _TITLES.get(name, name)
