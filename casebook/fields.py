"""What of a document's front matter an audience may have as data, by the names of the fields.

The names are written out, so that no field is published before somebody has thought of it.
"""

from __future__ import annotations

from typing import Any

from casebook.documents import Document, Kind
from casebook.library import View

SHARED = "id title audience owner approved_on review_by subject tags policies digest".split()
OWN = {
    Kind.CASE: (
        "author level customer_types reason manner needs channel method happened written"
        " purpose typicality timeliness feasibility faq".split()
    ),
    Kind.FAQ: "similar effective_from effective_until replaced_by".split(),
    Kind.POLICY: (
        "rank issuer number effective_from effective_until supersedes replaced_by".split()
    ),
}


def shown_fields(document: Document, view: View) -> dict[str, Any]:
    """The fields of a document as plain values, in a fixed order.

    Args:
        document: one of the view's.
        view: decides whether what only the widest audience may know has a key at all.
    """
    unseen = () if view.internal else document.internal
    names = [name for name in (*SHARED, *OWN[document.kind]) if name not in unseen]
    fields = document.model_dump(mode="json", include={*names})
    return {name: fields[name] for name in names}
