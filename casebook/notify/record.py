"""What a webhook was told, kept in ``build/notify/<name>.json``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from casebook.errors import PathError, reason
from casebook.files import replacing
from casebook.notify.messages import Item

_VERSION = 1


class Record:
    """What a webhook was told: digests by the keys of the items. No titles, texts or addresses.

    Args:
        file: where it is kept.

    Raises:
        PathError: the file is there and cannot be used.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        found = _read(file)
        self.is_new = found is None
        self._told: dict[str, list[str]] = found or {}

    def knows(self, item: Item) -> bool:
        """Whether an item was told, as it is now."""
        return item.digest in self._told.get(item.key, ())

    def add(self, items: Iterable[Item]) -> None:
        """Notes items as told and writes the file, as a whole or not at all.

        Raises:
            PublishError: it cannot be written.
        """
        for item in items:
            known = self._told.setdefault(item.key, [])
            if item.digest not in known:
                known.append(item.digest)
        value = {"version": _VERSION, "told": dict(sorted(self._told.items()))}
        with replacing(self._file) as stream:
            stream.write(json.dumps(value, indent=1).encode() + b"\n")


def _read(file: Path) -> dict[str, list[str]] | None:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PathError(f"读不了“{file}”（{reason(error)}）；检查权限。") from None
    except ValueError:
        raise _unusable(file) from None
    told = value.get("told") if isinstance(value, dict) else None
    if not isinstance(told, dict) or value.get("version") != _VERSION:
        raise _unusable(file)
    if not all(isinstance(digests, list) for digests in told.values()):
        raise _unusable(file)
    return {str(key): [str(digest) for digest in digests] for key, digests in told.items()}


def _unusable(file: Path) -> PathError:
    return PathError(
        f"“{file}”不是推送的记录；删掉它就重新记，那样会再发最近 7 天的，或者从备份里恢复。"
    )
