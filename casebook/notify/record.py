"""What a webhook was told, kept in ``build/notify/<name>.json``; one program at a time keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from casebook.errors import PathError, PublishError, reason
from casebook.files import alone, replacing
from casebook.notify.messages import Item

_VERSION = 1
_LOCK_SECONDS = 10.0


class Record:
    """What a webhook was told: digests by the keys of the items. No titles, texts or addresses.

    Args:
        file: where it is kept.

    Attributes:
        is_new: whether it was never told what is usual to tell; runs that began on a day that
            somebody named do not count.

    Raises:
        PathError: the file is there and cannot be used.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.is_new, self._told = _read(file)

    def knows(self, item: Item) -> bool:
        """Whether an item was told, as it is now."""
        return item.digest in self._told.get(item.key, ())

    def ensure_writable(self) -> None:
        """Writes the file once under another name, so that nothing is sent and cannot be noted.

        Raises:
            PublishError: it cannot be written.
        """
        trial = self._file.with_name(f".{self._file.name}.trial")
        self._write(trial)
        trial.unlink(missing_ok=True)

    def add(self, items: Iterable[Item], *, begun: bool) -> None:
        """Notes items as told and writes the file, as a whole or not at all.

        Args:
            items: which.
            begun: whether it is no longer new.

        Raises:
            PublishError: it cannot be written.
        """
        self.is_new = self.is_new and not begun
        for item in items:
            known = self._told.setdefault(item.key, [])
            if item.digest not in known:
                known.append(item.digest)
        self._write(self._file)

    def _write(self, file: Path) -> None:
        told = dict(sorted(self._told.items()))
        value = {"version": _VERSION, "begun": not self.is_new, "told": told}
        with replacing(file) as stream:
            stream.write(json.dumps(value, indent=1).encode() + b"\n")


@contextmanager
def keeping(file: Path) -> Iterator[Record]:
    """Opens a record that nobody else opens meanwhile: two runs at once would tell all twice.

    Args:
        file: where it is kept.

    Raises:
        PathError: the file is there and cannot be used.
        PublishError: another program has it open, or its folder cannot be written.
    """
    lock = file.with_name(f".{file.name}.lock")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # The lock is opened here as well: whatever is wrong with it is said in words.
        lock.touch()
    except OSError as error:
        raise PublishError(f"写不了“{lock}”（{reason(error)}）；检查文件夹和权限。") from None
    busy = PublishError("另一个 casebook notify 正在推送它；等它结束再运行")
    with alone(lock, busy, _LOCK_SECONDS):
        yield Record(file)


def _read(file: Path) -> tuple[bool, dict[str, list[str]]]:
    """Whether the record is new, and what it says was told."""
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return True, {}
    except OSError as error:
        raise PathError(f"读不了“{file}”（{reason(error)}）；检查权限。") from None
    except ValueError:
        raise _unusable(file) from None
    told = value.get("told") if isinstance(value, dict) else None
    if not isinstance(told, dict) or value.get("version") != _VERSION:
        raise _unusable(file)
    if not all(isinstance(digests, list) for digests in told.values()):
        raise _unusable(file)
    kept = {str(key): [str(digest) for digest in digests] for key, digests in told.items()}
    # Records of old have no such key, and all of them had begun.
    return value.get("begun") is False, kept


def _unusable(file: Path) -> PathError:
    return PathError(
        f"“{file}”不是推送的记录；删掉它就重新记，那样会再发最近 7 天的，或者从备份里恢复。"
    )
