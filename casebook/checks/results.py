"""What the last check of a library gave, kept on disk: the same files need no second look.

Like every cache here it saves time and nothing else: one that is damaged, of other files, of
another day or of other software is as good as none.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import distributions
from pathlib import Path

from casebook.cache import problem_from
from casebook.digests import bytes_digest, package_files, software_digest
from casebook.errors import PublishError
from casebook.files import replacing
from casebook.inputs import fingerprint, stray_files
from casebook.problems import Problem

RESULTS_FILE = Path("build") / "cache" / "check.json"


@dataclass(frozen=True)
class Results:
    """What a check of a whole library gave.

    Attributes:
        fingerprint: of the files that it looked at.
        files: their paths, relative to the library.
        problems: everything that was found, in order.
    """

    fingerprint: str
    files: Sequence[str]
    problems: Sequence[Problem]


def known_or_new(root: Path, on: date, check: Callable[[], Results]) -> Results:
    """The results of a library's check, from the last one where nothing has changed since.

    Args:
        root: the library's folder.
        on: the day for which it is checked.
        check: does the work.
    """
    file = root / RESULTS_FILE
    if file.is_file() and (known := _read(file, root, on)):
        return known
    strays = stray_files(root)
    results = check()
    # A file that came or went meanwhile must not be taken for one that was there.
    if stray_files(root) == strays:
        _write(file, _key(root, results.fingerprint, on), results)
    return results


def _key(root: Path, files: str, on: date) -> str:
    strays = (f"{path}\0{digest}\n" for path, digest in stray_files(root).items())
    parts = (files, *strays, on.isoformat(), _software())
    return bytes_digest(os.fsencode("\0".join(parts)))


@functools.cache
def _software() -> str:
    code = (file for name in ("casebook", "search") for file in package_files(name))
    packages = sorted(f"{one.name} {one.version}" for one in distributions())
    return " ".join((software_digest(code), *packages))


def _read(file: Path, root: Path, on: date) -> Results | None:
    files = fingerprint(root)
    try:
        kept = json.loads(file.read_bytes())
        if kept["key"] != _key(root, files, on):
            return None
        return Results(files, kept["files"], [problem_from(values) for values in kept["problems"]])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(file: Path, key: str, results: Results) -> None:
    problems = [asdict(problem) for problem in results.problems]
    text = json.dumps({"key": key, "files": list(results.files), "problems": problems})
    with contextlib.suppress(PublishError), replacing(file) as out:
        out.write(text.encode())
