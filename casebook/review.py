"""What a reviewer looks at: the documents that a change touches, and their pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from casebook.checks.missing_withdrawal import check_since
from casebook.comments import cell, code, masked_path, reach_lines, recheck_lines
from casebook.documents import Document, Kind
from casebook.library import Library, View, today
from casebook.pages import page_url
from casebook.revisions import Changes, changed_paths, file_at
from casebook.settings import GLOSSARY_FILE, SETTINGS_FILE
from casebook.touched import touched

_FOLDERS = tuple(f"{kind.folder}/" for kind in Kind)


def changed_pages(root: Path, library: Library, since: str) -> str:
    """The changed documents as a Markdown table: what happened to each, and where it is read.

    Args:
        root: the library's folder, in a git repository.
        library: what it holds now.
        since: a revision; compared is where HEAD parted from it.

    Raises:
        GitError: the history cannot be read.
    """
    changes = changed_paths(root, since)
    changed = sorted(path for path in changes.changed if path.startswith(_FOLDERS))
    deleted = sorted(path for path in changes.deleted if path.startswith(_FOLDERS))
    touch = touched(root, library, since)
    lines = ["### 改动的页面", ""]
    for line in reach_lines(touch.reaches, markdown=True) + recheck_lines(touch.recheck):
        lines += [line, ""]
    for line in _missing_lines(root, library, since, changes):
        lines += [line, ""]
    if changes.changed & {SETTINGS_FILE, GLOSSARY_FILE}:
        lines += ["设置或词汇表改了，每一页都可能跟着变。", ""]
    if not changed and not deleted:
        return "\n".join([*lines, "没有改动文档。"])
    views = [library.view(audience.id) for audience in library.settings.audiences]
    names = [f"{view.audience.name}的页面" for view in views]
    lines += [_row(["文件", "改动", "标题", *names]), _row(["---"] * (3 + len(names)))]
    documents = {source.path: source.document for source in library.sources.values()}
    for path in changed:
        state = "新增" if file_at(root, since, path) is None else "修改"
        lines.append(_row([_file(path), state, *_cells(documents, path, views)]))
    lines += [_row([_file(path), "删除", *[""] * (1 + len(names))]) for path in deleted]
    return "\n".join(lines)


def _missing_lines(root: Path, library: Library, since: str, changes: Changes) -> Iterator[str]:
    """What readers lose without being told where to go now."""
    paths = sorted(changes.changed | changes.deleted)
    before = {path: old for path in paths if (old := file_at(root, since, path))}
    for problem in check_since(library, before, today(library.settings)):
        yield f"**{cell(problem.message)}** {cell(problem.hint)}"


def _cells(documents: Mapping[str, Document], path: str, views: list[View]) -> Iterator[str]:
    """A changed file's title and its page in each site."""
    document = documents.get(path)
    yield cell(document.title) if document else "有错误，没有成页"
    for view in views:
        shown = document and view.get(document.id)
        yield code(page_url(shown)) if shown else "—"


def _file(path: str) -> str:
    return code(masked_path(path))


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
