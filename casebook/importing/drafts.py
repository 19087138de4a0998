"""What recognising makes of an entry, before it is a text."""

from __future__ import annotations

from dataclasses import dataclass, field

from casebook.documents import Kind
from casebook.importing.blocks import Block
from casebook.importing.values import Value


@dataclass
class Draft:
    """What an entry gives for one document.

    Attributes:
        place: where the entry stands in its file.
        kind: of the document; None when it cannot be told.
        plan: it is a contingency plan, a policy by parts.
        title: what it is called.
        keys: values of the front matter.
        endless: the source says that it holds without an end.
        sections: blocks by the section's key; of a policy by articles, by the heading.
        extra: what has no place.
        columns: what of it stands in columns, by the column's name.
        placed: what the source calls a thing, and what it became.
        notes: what a person should look at.
        names: labels and names of people, to be masked like other personal data.
    """

    place: str
    kind: Kind | None = None
    plan: bool = False
    title: str = ""
    keys: dict[str, Value] = field(default_factory=dict)
    endless: bool = False
    sections: dict[str, list[Block]] = field(default_factory=dict)
    extra: list[Block] = field(default_factory=list)
    columns: dict[str, list[Block]] = field(default_factory=dict)
    placed: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
