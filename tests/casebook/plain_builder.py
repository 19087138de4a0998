"""A builder for tests of everything around builders: quick, and it tells what it was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from casebook.builders import BUILT, PAGES


class PlainBuilder:
    """Writes the staged text of each page as its HTML, and what builders make besides.

    Attributes:
        asked: the pages of each build, by their addresses.
    """

    name = "plain"
    extras = frozenset({"sitemap.xml"})

    def __init__(self, says: str = "1") -> None:
        self.asked: list[set[str]] = []
        self._says = says

    def version(self) -> str:
        return self._says

    def build(self, folder: Path, configuration: Mapping[str, Any]) -> None:
        pages = folder / PAGES
        out = folder / BUILT
        (out / "assets").mkdir(parents=True)
        (out / "assets" / "look.css").write_text("body {}", encoding="utf-8")
        (out / "sitemap.xml").write_text("the builder's own", encoding="utf-8")
        (out / "404.html").write_text(str(configuration["extra"]), encoding="utf-8")
        self.asked.append(set())
        for file in pages.rglob("*.md"):
            target = out / file.relative_to(pages).with_suffix(".html")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
            path = file.relative_to(pages).as_posix().removesuffix("index.md")
            self.asked[-1].add(path)
