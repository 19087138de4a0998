"""Markdown → clean HTML: the child process of :class:`casebook.markup.Renderer`.

It is started as a file and imports nothing of casebook, so that it answers within a tenth of a
second. Raw HTML is text to it, and what it returns has passed nh3's allow-list.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from xml.etree.ElementTree import Element

import markdown
import nh3
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

_TAGS = set(
    "a blockquote br code del em h3 h4 h5 h6 hr li ol p pre strong"
    " table tbody td th thead tr ul".split()
)
# Where a link may lead: other addresses would depend on the page that shows the text.
_LINK = re.compile(
    r"(?i:https?|mailto|tel):.+|(?:case|faq|policy)(?:-[a-z0-9]+)+(?:#[a-z0-9]+)?", re.DOTALL
)
_ITEM = re.compile(r"(?:[-*+]|\d+\.) ")
# Where the patterns begin that are left; two spaces at the end of a line break it.
_MARK = re.compile(r"[`\\\[*_&]|  \n")
_REFUSED = (
    "autolink",
    "automail",
    "image_link",
    "image_reference",
    "reference",
    "short_image_ref",
    "short_reference",
)
_TASK = re.compile(r"(<li>(?:\s*<p>)?)\[([ xX])\] ")


def _markdown() -> markdown.Markdown:
    """Python-Markdown as this library writes it: no raw HTML, no code by indentation."""
    parser = markdown.Markdown(extensions=["tables", "fenced_code", "sane_lists"], tab_length=2)
    parser.preprocessors.deregister("html_block")
    parser.inlinePatterns.deregister("html")
    parser.parser.blockprocessors.deregister("code")
    # What reading refuses need not be looked for.
    for name in _REFUSED:
        parser.inlinePatterns.deregister(name)
    for name in ("reference", "setextheader"):
        parser.parser.blockprocessors.deregister(name)
    parser.treeprocessors.register(_PlainTexts(parser), "plain", 25)
    return parser


class _PlainTexts(Treeprocessor):
    """Keeps texts without any mark from being searched for marks: most of them have none."""

    def run(self, root: Element) -> None:
        """Marks the texts of a document's blocks as done."""
        for element in root.iter():
            if element.text and not _MARK.search(element.text):
                element.text = AtomicString(element.text)


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


class UnguardedRenderer:
    """Renders Markdown in this process: for processes that may be ended when a text is too hard."""

    # What hard texts end with where they do not run on and on.
    FAULTS = (RecursionError, MemoryError, ValueError, LookupError, AttributeError)

    def __init__(self) -> None:
        self._parser = _markdown()

    def render(self, text: str) -> str:
        """Renders one text.

        Raises:
            FAULTS: the text is too hard.
        """
        return _clean(self._parser.reset().convert(_even_lists(text)))

    def render_all(self, texts: Sequence[str]) -> list[str]:
        """Renders several texts."""
        return [self.render(text) for text in texts]


def limit_memory(size: int) -> None:
    """Limits this process's address space, in bytes."""
    try:
        import resource  # noqa: PLC0415  (not on Windows, where the time limit still holds)
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _serve(memory: int) -> None:
    """The child: one JSON line in, one JSON line out."""
    renderer = UnguardedRenderer()
    limit_memory(memory)
    for line in sys.stdin.buffer:
        answer: dict[str, str | list[str]]
        try:
            answer = {"html": renderer.render_all(json.loads(line)["texts"])}
        except UnguardedRenderer.FAULTS as error:
            answer = {"error": type(error).__name__}
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
