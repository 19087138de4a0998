"""Digests of what things are made from: bytes, files, software."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path


def bytes_digest(data: bytes) -> str:
    """SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def file_digest(file: Path) -> str:
    """SHA-256 of a file's bytes; empty where no regular file can be read. Follows no link."""
    try:
        if not stat.S_ISREG(os.lstat(file).st_mode):
            return ""
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def software_digest(files: Iterable[Path]) -> str:
    """Changes whenever one of the files does; compiled code is left out."""
    digest = hashlib.sha256()
    for file in sorted(path for path in files if path.is_file() and path.suffix != ".pyc"):
        data = file.read_bytes()
        digest.update(f"{file.name}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def package_files(package: str) -> Iterator[Path]:
    """Everything inside a package."""
    return Path(str(resources.files(package))).rglob("*")
