"""Asks the site's own index: the script that browsers run, run by Node on files in a folder."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from casebook.site_files import SiteFile

_SCRIPT = Path(__file__).with_name("site_search.mjs")


class NodeMissing(Exception):
    """There is no Node to run the script."""


@dataclass(frozen=True)
class Found:
    """What a query found.

    Attributes:
        paths: the addresses of the results, best first.
        current: of each, whether it holds.
        answer: the address of the entry that is given as the answer, if there is one.
        fit: how well that entry fits.
        total: how many were found.
        requests: how many files were fetched.
        bytes: of these files, as a server sends them that compresses.
        took: milliseconds.
    """

    paths: list[str]
    current: list[bool]
    answer: str | None
    fit: float | None
    total: int
    requests: int
    bytes: int
    took: float

    @property
    def ids(self) -> list[str]:
        """The ids of the results, best first."""
        return [path.split("/")[1] for path in self.paths]

    @property
    def answer_id(self) -> str | None:
        """The id of the entry that is given as the answer."""
        return self.answer.split("/")[1] if self.answer else None


def write_files(files: Iterable[SiteFile], folder: Path) -> None:
    """Writes files of a site under a folder."""
    for file in files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)


def found(find: Path, queries: Sequence[str], day: date, *, kept: bool = False) -> list[Found]:
    """What queries find.

    Args:
        find: the folder with ``index.json``.
        queries: what is asked.
        day: on which it is asked.
        kept: whether one visit asks them all, and fetches no file twice.
    """
    asked = {"queries": list(queries), "day": day.isoformat(), "kept": kept}
    return [Found(**row) for row in _run(asked, "search", str(find))]


def script_terms(
    texts: Sequence[str], pairs: str = "", syllables: Sequence[str] = ()
) -> list[list[int]]:
    """The terms that the script makes of texts.

    Args:
        texts: the texts.
        pairs: traditional characters, each followed by the simplified one for it.
        syllables: those of pinyin; where they are given, the texts are letters that are read so.
    """
    asked = {"texts": list(texts), "pairs": pairs, "syllables": list(syllables)}
    return list(_run(asked, "terms"))


def _run(asked: dict[str, Any], *arguments: str) -> Iterable[Any]:
    node = shutil.which("node")
    if not node:
        raise NodeMissing("no node: install it to run the site's own search")
    done = subprocess.run(
        [node, str(_SCRIPT), *arguments],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    return map(json.loads, done.stdout.splitlines())
