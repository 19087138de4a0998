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
        files: how many files were read.
        problems: everything that was found, in order.
    """

    files: int
    problems: Sequence[Problem]


def known_or_new(root: Path, on: date, check: Callable[[], Results]) -> Results:
    """The results of a library's check, from the last one where nothing has changed since.

    Args:
        root: the library's folder.
        on: the day for which it is checked.
        check: does the work.
    """
    key = _key(root, on)
    known = _read(root / RESULTS_FILE, key)
    if known:
        return known
    results = check()
    # A file that changed meanwhile must not be taken for one that was checked.
    if _key(root, on) == key:
        _write(root / RESULTS_FILE, key, results)
    return results


def _key(root: Path, on: date) -> str:
    strays = (f"{path}\0{digest}\n" for path, digest in stray_files(root).items())
    parts = (fingerprint(root), *strays, on.isoformat(), _software())
    return bytes_digest(os.fsencode("\0".join(parts)))


@functools.cache
def _software() -> str:
    code = (file for name in ("casebook", "search") for file in package_files(name))
    packages = sorted(f"{one.name} {one.version}" for one in distributions())
    return " ".join((software_digest(code), *packages))


def _read(file: Path, key: str) -> Results | None:
    try:
        kept = json.loads(file.read_bytes())
        if kept["key"] != key:
            return None
        return Results(kept["files"], [problem_from(values) for values in kept["problems"]])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(file: Path, key: str, results: Results) -> None:
    problems = [asdict(problem) for problem in results.problems]
    text = json.dumps({"key": key, "files": results.files, "problems": problems})
    with contextlib.suppress(PublishError), replacing(file) as out:
        out.write(text.encode())
