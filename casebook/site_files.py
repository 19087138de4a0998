"""A file that a site holds besides its pages: data, feeds, the offline copy."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class SiteFile:
    """A file of a site.

    Attributes:
        path: its address under the site's root, with forward slashes.
        content: its bytes; the same View gives the same bytes.
    """

    path: str
    content: bytes


def json_file(path: str, value: object) -> SiteFile:
    """A value as a JSON file in UTF-8: compact, its keys in the order that they have."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return SiteFile(path, text.encode())
