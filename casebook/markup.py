"""Markdown → clean HTML, in a child process that can be killed.

Some short inputs keep Python-Markdown busy for minutes or overflow its stack (nested brackets,
long runs of backticks), so no text of an author is rendered in this process. The child gets two
seconds and a fixed amount of memory for each text.
"""

from __future__ import annotations

import contextlib
import html
import json
import re
import selectors
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import nh3

from casebook.errors import RenderError

SECONDS = 2.0
START_SECONDS = 30.0
MEMORY = 256 * 1024 * 1024
_CHILD = Path(__file__).with_name("rendering.py")
# A link to a document in Markdown; its rendered form is DOCUMENT_LINK.
# It takes every form that may name a document, also wrong ones; a text without ends is read once.
MARKDOWN_LINK = re.compile(
    r"\[(?P<label>(?:\\.|[^\[\]\\]++|\[[^\[\]]*+\])*+)\]"
    r"\(\s*+<?(?P<id>(?:case|faq|policy)(?:-[a-z0-9]++)++)"
    r"(?:#(?P<article>[a-z0-9]++))?+"
    r"""(?:"[^"\n]*+"|'[^'\n]*+'|[^()\n])*+\s*+\)"""
)
DOCUMENT_LINK = re.compile(
    r'<a href="(?P<id>(?:case|faq|policy)(?:-[a-z0-9]+)+)(?:#(?P<article>[a-z0-9]+))?"[^>]*>'
    r"(?P<label>.*?)</a>",
    re.DOTALL,
)
_BLOCK_END = re.compile(r"</(?:p|li|h[3-6]|blockquote|pre|tr|td|th)>|<br>|<hr>")


class Renderer:
    """Renders Markdown in a child; one child serves many texts and is replaced when it dies.

    Use it as a context manager.

    Args:
        seconds: the longest that one text may take.
        memory: the child's address space in bytes.
    """

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self._seconds = seconds
        self._memory = memory
        self._child: subprocess.Popen[bytes] | None = None
        self._pending = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def render(self, text: str) -> str:
        """Renders one text.

        Args:
            text: Markdown.

        Returns:
            HTML of an allow-listed kind; links to documents keep their ids.

        Raises:
            RenderError: it took too long, or the child failed on it.
        """
        return self.render_all([text])[0]

    def render_all(self, texts: Sequence[str]) -> list[str]:
        """Renders several texts in the time of one; as :meth:`render`."""
        child = self._running()
        try:
            answer = self._ask(child, {"texts": texts}, self._seconds)
        except RenderError:
            self._stop()
            raise
        if "error" in answer:
            self._stop()
            raise RenderError(f"排版失败（{answer['error']}）")
        return list(answer["html"])

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._pending = b""
            self._child = subprocess.Popen(
                # -P: the modules beside the file are casebook's, not the child's.
                [sys.executable, "-P", str(_CHILD), str(self._memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            self._ask(self._child, {"texts": []}, START_SECONDS)
        return self._child

    def _ask(
        self, child: subprocess.Popen[bytes], question: dict[str, Sequence[str]], seconds: float
    ) -> dict[str, Any]:
        if child.stdin is None or child.stdout is None:
            raise RenderError("排版进程没有启动")
        try:
            child.stdin.write(json.dumps(question).encode() + b"\n")
            child.stdin.flush()
            return dict(json.loads(self._line(child, seconds)))
        except (OSError, ValueError) as error:
            raise RenderError(f"排版进程中断（{error}）") from None

    def _line(self, child: subprocess.Popen[bytes], seconds: float) -> bytes:
        if child.stdout is None:
            raise RenderError("排版进程没有启动")
        with selectors.DefaultSelector() as ready:
            ready.register(child.stdout, selectors.EVENT_READ)
            while b"\n" not in self._pending:
                if not ready.select(seconds):
                    raise RenderError(f"排版超过 {seconds:g} 秒")
                block = child.stdout.read1(1 << 16)  # type: ignore[attr-defined]
                if not block:
                    raise RenderError("排版进程中断（内存或堆栈用完）")
                self._pending += block
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def _stop(self) -> None:
        if self._child is None:
            return
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        self._child = None


def link_target(match: re.Match[str]) -> str:
    """Where a link leads that one of the two patterns found: an id, or ``id#article``."""
    return f"{match['id']}#{match['article']}" if match["article"] else match["id"]


def link_documents(rendered: str, address: Callable[[str, str | None], str | None]) -> str:
    """Replaces links to documents.

    Args:
        rendered: HTML from :meth:`Renderer.render`.
        address: document id and article key → the address to link to, already escaped; None
            leaves only the link's text.
    """

    def replace(match: re.Match[str]) -> str:
        target = address(match["id"], match["article"])
        return f'<a href="{target}">{match["label"]}</a>' if target else match["label"]

    return DOCUMENT_LINK.sub(replace, rendered)


def plain_text(rendered: str) -> str:
    """The text of rendered HTML, one line a block."""
    spaced = _BLOCK_END.sub(lambda match: match[0] + "\n", rendered)
    text = html.unescape(nh3.clean(spaced, tags=set()))
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)
