"""A View → JSON Lines: everything that an audience may see, one document a line.

``docs/exporting.md`` describes every field. A change that could break a reader raises ``FORMAT``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from casebook.documents import Document
from casebook.fields import shown_fields
from casebook.library import View

FORMAT = 1
# Line ends to some readers, though not to JSON; they can only stand inside of strings.
_LINE_ENDS = {ord(character): f"\\u{ord(character):04x}" for character in "\x85\u2028\u2029"}


def json_lines(view: View) -> Iterator[str]:
    """Each document of a view as a line of JSON without its line end, in the order of ids."""
    for document in view.documents:
        text = json.dumps(record(document, view), ensure_ascii=False, separators=(",", ":"))
        yield text.translate(_LINE_ENDS)


def record(document: Document, view: View) -> dict[str, Any]:
    """What an audience may see of a document, as plain values in a fixed order.

    Args:
        document: one of the view's.
        view: decides whether what only the widest audience may know has a key at all.
    """
    return {
        "format": FORMAT,
        "kind": document.kind.value,
        **shown_fields(document, view),
        "standing": document.standing(view.on).value,
        "standing_on": view.on.isoformat(),
        "sections": [section.model_dump(mode="json") for section in document.sections],
    }
