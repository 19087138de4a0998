"""Writing a file as a whole or not at all, for its owner alone, and one program at a time."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from casebook.errors import CasebookError, PublishError, reason

_LOOK_AGAIN = 0.05
_PRIVATE_FOLDER, _PRIVATE_FILE, _ANY_FILE = 0o700, 0o600, 0o666


def private_folder(folder: Path) -> None:
    """Makes a folder that only its owner may look into; one that is there stays as it is.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)


def private_file(file: Path) -> None:
    """Makes a file, with its folder, that only its owner may read; one that is there stays.

    What SQLite keeps beside a database has the database's own mode.

    Raises:
        OSError: it cannot be made or opened, or it is a link.
    """
    private_folder(file.parent)
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, _PRIVATE_FILE))


@contextmanager
def replacing(path: Path, *, private: bool = False) -> Iterator[BinaryIO]:
    """Opens a new file that takes the place of ``path`` when the block has ended well.

    Whoever reads ``path`` meanwhile gets what was there before; after an error nothing has changed.

    Args:
        path: what to write; its folder is made when it is not there.
        private: whether only its owner may read it, and a folder that is made for it.

    Raises:
        PublishError: it cannot be written there.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        if private:
            private_folder(path.parent)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
        mode = _PRIVATE_FILE if private else _ANY_FILE
        opened = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(opened, "wb") as file:
            yield file
        fresh.replace(path)
    except OSError as error:
        raise PublishError(
            f"写不了“{path}”（{reason(error)}）；检查文件夹和权限、文件是不是正打开着，"
            "或换一个地方。"
        ) from None
    finally:
        with suppress(OSError):
            fresh.unlink()


def sync(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def alone(lock: Path, busy: CasebookError, seconds: float) -> Iterator[None]:
    """Lets one program at a time into a block; who dies in it lets the next one in.

    Args:
        lock: a file in a folder that is there; it is made, and stays.
        busy: raised when another program is in the block and does not leave it.
        seconds: how long to wait for it.
    """
    with lock.open("w") as file:
        until = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise busy from None
                time.sleep(_LOOK_AGAIN)
        yield
