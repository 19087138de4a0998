"""Git repositories that tests build: fixed people and times, no settings of the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from casebook.documents import Kind
from casebook.guide import model_text
from tests.conftest import ROOT

NAME = "faq-arrears-resume"
EMAIL = "secret@example.com"
ANSWER = "一般半小时内恢复，最长不超过两小时"
# The model entry as if it were older, so that no test depends on the day it runs.
FAQ = (
    model_text(Kind.FAQ)
    .replace("effective_from: 2026-01-01", "effective_from: 2024-01-01")
    .replace("approved_on: 2026-06-01", "approved_on: 2024-01-01")
)


def faq(name: str = NAME, **changes: str) -> str:
    """The model entry under an id, with lines of its front matter replaced or added."""
    text = FAQ.replace(f"id: {NAME}", f"id: {name}")
    for key, value in changes.items():
        lines = [line for line in text.split("\n") if not line.startswith(f"{key}: ")]
        text = "\n".join([lines[0], f"{key}: {value}", *lines[1:]])
    return text


class Repo:
    """A repository with a library in it.

    Args:
        folder: where to make it.
        inside: the library's folder in it.
    """

    def __init__(self, folder: Path, inside: str = "") -> None:
        self.folder = folder
        self.root = folder / inside if inside else folder
        self.root.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        shutil.copy(ROOT / "casebook.toml", self.root)

    def git(
        self,
        *words: str,
        at: str = "2024-01-01T12:00:00+08:00",
        by: str = "甲",
        host: bool = False,
    ) -> str:
        """Runs git as somebody, at a time; or as GitHub for somebody, who then is the author."""
        committer, email = ("GitHub", "noreply@github.com") if host else (by, EMAIL)
        people = {
            "GIT_AUTHOR_NAME": by,
            "GIT_AUTHOR_EMAIL": EMAIL,
            "GIT_AUTHOR_DATE": at,
            "GIT_COMMITTER_NAME": committer,
            "GIT_COMMITTER_EMAIL": email,
            "GIT_COMMITTER_DATE": at,
        }
        machine = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *words],
            cwd=self.folder,
            env=machine | people | {"GIT_CONFIG_NOSYSTEM": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def write(self, path: str, text: str) -> Path:
        """Writes a file of the library."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def commit(
        self, message: str = "改", at: str = "2024-01-01T12:00:00+08:00", by: str = "甲"
    ) -> str:
        """Commits everything; gives the commit's name."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, at=at, by=by)
        return self.git("rev-parse", "HEAD")

    def merge(self, branch: str, at: str, by: str = "合并者", message: str = "合并") -> str:
        """Merges a branch with a merge commit."""
        self.git("merge", "-q", "--no-ff", "-m", message, branch, at=at, by=by)
        return self.git("rev-parse", "HEAD")
