"""Documents that a change takes away from their readers without saying where to go now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import PurePosixPath

from casebook.documents import Document, Kind, Standing
from casebook.library import Library
from casebook.problems import Problem, Severity
from casebook.reading import read_document
from casebook.rules import Rule, Topic
from casebook.settings import WITHDRAWN_FILE

RULE = Rule(
    "missing-withdrawal",
    "删掉、改了编号或者收窄受众的文档，在 withdrawn.toml 里有一条（只在 check --since 时查）。",
    "门店收藏的、印在单子上的网址会变成“找不到”；有这一条，它会说现在看哪一篇。",
    severity=Severity.WARNING,
    topic=Topic.LINKS,
    since="0.2",
)


def check_since(library: Library, before: Mapping[str, bytes], on: date) -> Iterator[Problem]:
    """Yields a problem for each document that some readers have lost and no entry names.

    Args:
        library: the library as it is now.
        before: what stood in the files that were changed or are gone, by path.
        on: the day on which they are gone.
    """
    there = _there(library)
    for path, document in _documents(library, before):
        # What held for nobody yet had no readers.
        if document.standing(on) is Standing.UPCOMING or _named(library, document):
            continue
        source = library.sources.get(document.id)
        hint = _hint(document, on)
        if source is None and document.id not in there:
            yield RULE.problem(path, 1, f"{document.id} 没有了，旧网址会打不开。", hint)
        elif source and not library.settings.may_read(document.audience, source.document.audience):
            reader = library.settings.audience(document.audience).name
            message = f"{document.id} 不再给{reader}看，{reader}的旧网址会打不开。"
            yield RULE.problem(source.path, source.lines.get("audience", 1), message, hint)


def _hint(document: Document, on: date) -> str:
    return (
        f'在 {WITHDRAWN_FILE} 里加：[[withdrawn]]，下面写 id = "{document.id}"，'
        f'audience = "{document.audience}"，on = {on}；有新的一篇就写 replaced_by = ["…"]。'
    )


def _documents(library: Library, before: Mapping[str, bytes]) -> Iterator[tuple[str, Document]]:
    """The documents that stood in files; what could not be read was never published."""
    kinds = {kind.folder: kind for kind in Kind}
    for path, raw in before.items():
        kind = kinds.get(path.partition("/")[0])
        reading = read_document(raw, path, kind, library.settings) if kind else None
        if reading and reading.document:
            yield path, reading.document


def _named(library: Library, document: Document) -> bool:
    """Whether an entry speaks to all who could read a document."""
    return any(
        entry.id == document.id and library.settings.may_read(document.audience, entry.audience)
        for entry in library.withdrawn
    )


def _there(library: Library) -> set[str]:
    """The ids that files give themselves or promise by their names, whatever is wrong with them."""
    inputs = library.inputs.values()
    found = {one.source.document.id for one in inputs if one.source}
    return found | {PurePosixPath(one.path).stem for one in inputs if one.source is None}
