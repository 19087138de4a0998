"""Markdown → clean HTML, in a child process that can be killed.

Some short inputs keep Python-Markdown busy for minutes or overflow its stack (nested brackets,
long runs of backticks), so no text of an author is rendered in this process. The child gets two
seconds and a fixed amount of memory for each text; raw HTML is text to it, and what it returns
has passed nh3's allow-list.
"""

from __future__ import annotations

import contextlib
import html
import json
import re
import selectors
import subprocess
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import markdown
import nh3

from casebook.errors import RenderError

SECONDS = 2.0
START_SECONDS = 30.0
MEMORY = 256 * 1024 * 1024
DOCUMENT_LINK = re.compile(
    r'<a href="(?P<id>(?:case|faq|policy)(?:-[a-z0-9]+)+)(?:#(?P<article>[a-z0-9]+))?"[^>]*>'
    r"(?P<label>.*?)</a>",
    re.DOTALL,
)
_TAGS = set(
    "a blockquote br code del em h3 h4 h5 h6 hr li ol p pre strong"
    " table tbody td th thead tr ul".split()
)
# Where a link may lead: other addresses would depend on the page that shows the text.
_LINK = re.compile(
    r"(?i:https?|mailto|tel):.+|(?:case|faq|policy)(?:-[a-z0-9]+)+(?:#[a-z0-9]+)?", re.DOTALL
)
_BLOCK_END = re.compile(r"</(?:p|li|h[3-6]|blockquote|pre|tr|td|th)>|<br>|<hr>")
_ITEM = re.compile(r"(?:[-*+]|\d+\.) ")
_TASK = re.compile(r"(<li>(?:\s*<p>)?)\[([ xX])\] ")


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
        child = self._running()
        try:
            answer = self._ask(child, {"text": text}, self._seconds)
        except RenderError:
            self._stop()
            raise
        if "error" in answer:
            self._stop()
            raise RenderError(f"排版失败（{answer['error']}）")
        return str(answer["html"])

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._pending = b""
            self._child = subprocess.Popen(
                [sys.executable, "-m", "casebook.markup", str(self._memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            self._ask(self._child, {"text": ""}, START_SECONDS)
        return self._child

    def _ask(
        self, child: subprocess.Popen[bytes], question: dict[str, str], seconds: float
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


def _markdown() -> markdown.Markdown:
    """Python-Markdown as this library writes it: no raw HTML, no code by indentation."""
    parser = markdown.Markdown(extensions=["tables", "fenced_code", "sane_lists"], tab_length=2)
    parser.preprocessors.deregister("html_block")
    parser.inlinePatterns.deregister("html")
    parser.parser.blockprocessors.deregister("code")
    return parser


def _even_lists(text: str) -> str:
    """A text whose nested lists are indented by two spaces a level, however it was written."""
    lines: list[str] = []
    levels: list[int] = []
    fenced = False
    for line in text.split("\n"):
        bare = line.lstrip(" ")
        indent = len(line) - len(bare)
        item = _ITEM.match(bare)
        if bare.startswith("```"):
            fenced = not fenced
        if fenced or not bare or not (item or (levels and indent)):
            # Text at the margin ends a list only after an empty line.
            if bare and not indent and not fenced and not (lines and lines[-1].strip()):
                levels = []
            lines.append(line)
            continue
        while levels and indent < levels[-1] + (0 if item else 1):
            levels.pop()
        if item and (not levels or indent > levels[-1] + 1):
            levels.append(indent)
        lines.append("  " * (len(levels) - bool(item)) + bare)
    return "\n".join(lines)


def _clean(rendered: str) -> str:
    cleaned = nh3.clean(
        rendered,
        attribute_filter=lambda tag, name, value: (
            None if name == "href" and not _LINK.fullmatch(value) else value
        ),
        tags=_TAGS,
        attributes={"*": set(), "a": {"href"}, "th": {"align"}, "td": {"align"}, "ol": {"start"}},
        url_schemes={"https", "http", "mailto", "tel"},
        link_rel="noopener noreferrer",
    )
    return _TASK.sub(lambda m: f"{m[1]}{'☐' if m[2] == ' ' else '☑'} ", cleaned)


def _limit_memory(size: int) -> None:
    try:
        import resource  # noqa: PLC0415  (not on Windows, where the time limit still holds)
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _serve(memory: int) -> None:
    """The child: one JSON line in, one JSON line out."""
    parser = _markdown()
    _limit_memory(memory)
    for line in sys.stdin.buffer:
        try:
            answer = {"html": _clean(parser.reset().convert(_even_lists(json.loads(line)["text"])))}
        except (RecursionError, MemoryError, ValueError, LookupError, AttributeError) as error:
            answer = {"error": type(error).__name__}
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
