"""Writing a file as a whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from casebook.errors import PublishError, reason


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
