"""Writing a file as a whole or not at all, and one program at a time."""

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


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Opens a new file that takes the place of ``path`` when the block has ended well.

    Whoever reads ``path`` meanwhile gets what was there before; after an error nothing has changed.

    Args:
        path: what to write; its folder is made when it is not there.

    Raises:
        PublishError: it cannot be written there.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
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
