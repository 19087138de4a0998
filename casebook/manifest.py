"""What a site was made of, so that the next build makes only what is new.

The manifest saves time and nothing else: one that is damaged, or that another version wrote, is
as good as none, and a file that is not as the manifest says is made again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from casebook.digests import bytes_digest

_FORMAT = 1
# Half of a SHA-256 in hexadecimal tells millions of texts apart.
_DIGITS = 32


class PageRecord(NamedTuple):
    """A page as it was made last.

    Attributes:
        key: of the draft that it was made from.
        text: the digest of what the builder was given.
        data: whether there is JSON beside it.
    """

    key: str
    text: str
    data: bool


class FileRecord(NamedTuple):
    """A file of a site.

    Attributes:
        digest: of its bytes.
        size: in bytes.
        written: when, in nanoseconds; as long as it stays, the bytes do.
    """

    digest: str
    size: int
    written: int

    def matches(self, found: os.stat_result) -> bool:
        """Whether a file is still the one that was recorded."""
        return (found.st_size, found.st_mtime_ns) == (self.size, self.written)


@dataclass(frozen=True)
class Manifest:
    """What a site was made of.

    Attributes:
        making: changes whenever the same content would give another site: software, settings.
        pages: by their address.
        files: every file, by its address.
        swept: digests of everything that no file of the site holds.
    """

    making: str = ""
    pages: Mapping[str, PageRecord] = field(default_factory=dict)
    files: Mapping[str, FileRecord] = field(default_factory=dict)
    swept: frozenset[str] = frozenset()

    def save(self, file: Path) -> None:
        """Writes it in one step."""
        value = {
            "format": _FORMAT,
            "making": self.making,
            "pages": self.pages,
            "files": self.files,
            "swept": sorted(self.swept),
        }
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(value, separators=(",", ":")), encoding="utf-8")
        fresh.replace(file)


def load_manifest(file: Path, making: str, site: Path) -> Manifest:
    """What is known of a site that stands as it was built.

    Args:
        file: the manifest.
        making: what the next site is made by; what was made otherwise is not known.
        site: its folder. Files of it that are not as the manifest says are not known.
    """
    try:
        value = json.loads(file.read_bytes())
        if (value["format"], value["making"]) != (_FORMAT, making):
            return Manifest()
        known = _manifest(value)
    except (OSError, ValueError, KeyError, TypeError):
        return Manifest()
    whole = {path: one for path, one in known.files.items() if _stands(site, path, one)}
    return Manifest(known.making, known.pages, whole, known.swept)


def stands_whole(file: Path, site: Path) -> bool:
    """Whether every file that a manifest names stands in the site as it was built."""
    try:
        files = json.loads(file.read_bytes())["files"]
        return all(_stands(site, path, FileRecord(*record)) for path, record in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def text_digest(text: str) -> str:
    """A digest that tells texts apart and does not give them away."""
    return bytes_digest(text.encode())[:_DIGITS]


def digests_of(texts: Iterable[str]) -> frozenset[str]:
    """The digests of texts."""
    return frozenset(map(text_digest, texts))


def _manifest(value: Mapping[str, Any]) -> Manifest:
    return Manifest(
        value["making"],
        {path: PageRecord(*record) for path, record in value["pages"].items()},
        {path: FileRecord(*record) for path, record in value["files"].items()},
        frozenset(value["swept"]),
    )


def _stands(site: Path, path: str, record: FileRecord) -> bool:
    try:
        return record.matches(os.lstat(f"{site}/{path}"))
    except OSError:
        return False
