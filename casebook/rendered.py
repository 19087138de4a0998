"""A file's bytes → a document with its sections rendered; many files in several processes."""

from __future__ import annotations

import contextlib
import gc
import os
import queue
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from casebook import reading_rules as rules
from casebook.children import child, give, results, take_task
from casebook.documents import Case, Document, Faq, Kind, Policy, Section
from casebook.errors import RenderError
from casebook.markup import DOCUMENT_LINK, MARKDOWN_LINK, Renderer, link_target
from casebook.problems import Problem
from casebook.reading import Reading, read_document
from casebook.rendering import UnguardedRenderer, limit_memory
from casebook.settings import Settings

# Starting other processes takes longer than reading fewer files than these.
MANY = 200
_AT_ONCE = 20

# Long past any sane chunk: a text keeps its process busy, which is ended.
_STALLED_SECONDS = 10.0
_CHILD_MEMORY = 2 * 1024 * 1024 * 1024

AnyRenderer = Renderer | UnguardedRenderer
Given = tuple[str, Reading, bool]


def kind_of(path: str) -> Kind:
    """What a library's file holds, by the folder that it is in."""
    return next(kind for kind in Kind if kind.folder == path.partition("/")[0])


def read_rendered(
    raw: bytes, path: str, kind: Kind, settings: Settings, renderer: AnyRenderer
) -> tuple[Reading, bool]:
    """What a file gives, its sections rendered.

    Args:
        raw: its bytes.
        path: its name in problems, relative to the library.
        kind: what it must be.
        settings: the library's settings.
        renderer: renders its sections.

    Returns:
        The reading, and whether the same bytes would give the same again.
    """
    reading = read_document(raw, path, kind, settings)
    if reading.document is None:
        return reading, True
    try:
        sections = tuple(_rendered(reading.document.sections, reading, path, renderer))
    except _Unrenderable as error:
        # Another time it may do: how long rendering takes depends on the machine.
        return Reading(None, (*reading.problems, error.problem), reading.lines), False
    document = reading.document.model_copy(update={"sections": sections})
    return replace(reading, document=document, targets=_targets(document)), True


def _rendered(
    sections: Sequence[Section], reading: Reading, path: str, renderer: AnyRenderer
) -> Iterator[Section]:
    try:
        texts = renderer.render_all([section.text for section in sections])
    except RenderError:
        # One of them is to blame, or all together took too long.
        texts = [_rendered_alone(section, reading, path, renderer) for section in sections]
    for section, html in zip(sections, texts, strict=True):
        yield section.model_copy(update={"html": html})


def _rendered_alone(section: Section, reading: Reading, path: str, renderer: AnyRenderer) -> str:
    try:
        return renderer.render(section.text)
    except RenderError as error:
        line = reading.lines.get(section.key, 1)
        message = f"段落“{section.heading}”排不出来：{error}。"
        hint = "拆短，或去掉成串的括号、反引号、星号。"
        raise _Unrenderable(rules.UNRENDERABLE.problem(path, line, message, hint)) from None


class _Unrenderable(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def _targets(document: Document) -> tuple[str, ...]:
    """All that a document points to, cited or linked: ids, or articles as ``policy-x#3``."""
    targets = {str(citation) for citation in document.policies}
    if isinstance(document, Case):
        targets.update(document.faq)
    if isinstance(document, Policy):
        targets.update(document.supersedes)
    if isinstance(document, Faq | Policy):
        targets.update(document.replaced_by)
    for section in document.sections:
        links = (*MARKDOWN_LINK.finditer(section.text), *DOCUMENT_LINK.finditer(section.html))
        targets.update(link_target(link) for link in links)
    return tuple(sorted(targets))


def read_many(files: Mapping[str, bytes], settings: Settings) -> Iterator[Given]:
    """Reads and renders many files at once, in as many processes as there are cores.

    Args:
        files: their bytes, by path relative to the library.
        settings: the library's settings.

    Yields:
        The path of a file, its reading, and whether the same bytes would give the same again.
        What is too hard for a process, and what it has not given when it stalls or dies, is left
        out: that is for a :class:`casebook.markup.Renderer`.
    """
    found: queue.SimpleQueue[list[Given] | None] = queue.SimpleQueue()
    items = list(files.items())
    running = os.cpu_count() or 1
    with contextlib.ExitStack() as stack:
        readers = [
            stack.enter_context(child(__name__, (items[number::running], settings)))
            for number in range(running)
        ]
        for reader in readers:
            threading.Thread(target=_pass_on, args=(reader, found), daemon=True).start()
        while running:
            try:
                given = found.get(timeout=_STALLED_SECONDS)
            except queue.Empty:
                for reader in readers:
                    reader.kill()
                continue
            running -= given is None
            yield from given or ()


def _pass_on(reader: subprocess.Popen[bytes], found: queue.SimpleQueue[list[Given] | None]) -> None:
    """Puts what a child gives into a queue, then None, also when it dies."""
    for given in results(reader):
        found.put(given)
    found.put(None)


def _read_all(files: Sequence[tuple[str, bytes]], settings: Settings) -> Iterator[list[Given]]:
    # Documents hold no cycles, and looking for some among ever more of them takes its time.
    gc.disable()
    limit_memory(_CHILD_MEMORY)
    renderer = UnguardedRenderer()
    for start in range(0, len(files), _AT_ONCE):
        given: list[Given] = []
        for path, raw in files[start : start + _AT_ONCE]:
            with contextlib.suppress(*UnguardedRenderer.FAULTS):
                given.append((path, *read_rendered(raw, path, kind_of(path), settings, renderer)))
        yield given


if __name__ == "__main__":
    give(_read_all(*take_task()))
