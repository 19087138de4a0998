"""The programs that make HTML of a staged copy: each is told a configuration and a folder.

They are interchangeable: our theme is our own, every page is a folder of its own, and what else a
site holds is written by :mod:`casebook.outlets`. So a builder is asked for pages and nothing more;
what it adds by itself (a search index, a sitemap) is left out.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

from casebook.errors import PublishError

CONFIGURATION = "mkdocs.yml"
PAGES = "pages"
# Zensical builds into no other place than below its configuration.
BUILT = "site"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Zensical ends with one where it refuses something; its last line says why.
_TRACE = re.compile(r"^Traceback \(most recent call last\):\n(?: .*\n)+", re.MULTILINE)


class Builder(Protocol):
    """A program that builds a staged copy.

    Attributes:
        name: as it is asked for.
        extras: files that it makes of its own accord and that no site gets.
    """

    name: str
    extras: frozenset[str]

    def version(self) -> str:
        """What would make other HTML of the same pages: its version and those it rests on.

        Raises:
            PublishError: it is not installed.
        """

    def build(self, folder: Path, configuration: Mapping[str, Any]) -> None:
        """Builds every page of a staged copy.

        Args:
            folder: holds ``pages/``; gets the configuration, and the site in ``site/``.
            configuration: MkDocs' keys, without those that say where things are.

        Raises:
            PublishError: it is not installed, or it refused something.
        """


class MkDocs:
    """MkDocs, in a process of its own."""

    name = "mkdocs"
    extras = frozenset({"sitemap.xml", "sitemap.xml.gz"})

    def version(self) -> str:
        """As the contract says."""
        return _versions("mkdocs", "jinja2", "markdown", "pymdown-extensions")

    def build(self, folder: Path, configuration: Mapping[str, Any]) -> None:
        """As the contract says."""
        file = _configure(folder, configuration)
        # Not --quiet: warnings that are silenced do not count for --strict.
        _run("MkDocs", [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(file)])


class Zensical:
    """Zensical, which reads the same configuration and ignores hooks."""

    name = "zensical"
    extras = frozenset({"search.json", "sitemap.xml"})

    def version(self) -> str:
        """As the contract says."""
        try:
            return _versions("zensical", "markdown", "pymdown-extensions")
        except PackageNotFoundError:
            raise PublishError(
                "没有安装 Zensical。请运行 pip install 'casebook[zensical]'，"
                "或者用 --builder mkdocs 生成站点。"
            ) from None

    def build(self, folder: Path, configuration: Mapping[str, Any]) -> None:
        """As the contract says."""
        self.version()
        file = _configure(folder, configuration)
        # Its cache is beside the configuration and knows nothing of the theme.
        shutil.rmtree(folder / ".cache", ignore_errors=True)
        _run("Zensical", [sys.executable, "-m", "zensical", "build", "--strict", "-f", str(file)])


BUILDERS: Mapping[str, Builder] = {one.name: one for one in (MkDocs(), Zensical())}


def get_builder(name: str) -> Builder:
    """The builder of that name.

    Raises:
        PublishError: there is none such.
    """
    if name not in BUILDERS:
        known = "、".join(f"“{one}”" for one in BUILDERS)
        raise PublishError(f"没有生成器“{name}”；可以写 {known}。")
    return BUILDERS[name]


def _configure(folder: Path, configuration: Mapping[str, Any]) -> Path:
    keys = {**configuration, "docs_dir": PAGES, "site_dir": BUILT}
    file = folder / CONFIGURATION
    file.write_text(json.dumps(keys, ensure_ascii=False, indent=1), encoding="utf-8")
    return file


def _run(name: str, command: Sequence[str]) -> None:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "true", "DISABLE_MKDOCS_2_WARNING": "true"},
    )
    if done.returncode:
        said = "\n".join(line for line in _lines(done) if not line.startswith(("INFO", "DEBUG")))
        raise PublishError(
            f"{name} 没有生成站点：\n{said}\n"
            f"原来的站点还在。交给它的文件在“{Path(command[-1]).parent}”，"
            f"可以自己运行看看：{shlex.join(command)}"
        )


def _lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    text = _COLOUR.sub("", done.stderr.strip() or done.stdout)
    return _TRACE.sub("", text).strip().splitlines()


def _versions(*packages: str) -> str:
    return " ".join(f"{name} {version(name)}" for name in packages)
