"""Text for comments on pull requests: it means just itself, calls nobody and names nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from casebook.pages import markdown_text
from casebook.personal_data import find_personal_data
from casebook.readers import Reach

# What would call people or other pull requests from a comment.
_SILENT = str.maketrans({"@": "＠", "#": "＃"})
# A number in a file's name that is longer than a date.
_NUMBER = re.compile(r"\d(?:[-_ ]?\d){8,}")
_VISIBLE = 3


def cell(text: str) -> str:
    """Text as Markdown that means just that text, on one line, and calls nobody."""
    return markdown_text(" ".join(text.split()).translate(_SILENT))


def code(name: str) -> str:
    """A name in a code span; words of the glossary may hold anything."""
    plain = " ".join(name.split()).replace("`", "'").replace("|", "｜")
    return f"`{plain}`"


def masked_path(path: str) -> str:
    """A file's path without the numbers and names of people; hyphens part its words."""
    for find in reversed(find_personal_data(re.sub("[-_]", " ", path))):
        path = path[: find.start] + find.shown + path[find.end :]
    return _NUMBER.sub(lambda match: f"{match[0][:_VISIBLE]}****", path)


def reach_lines(found: Iterable[Reach], *, markdown: bool) -> list[str]:
    """Who can read more, said first and plainly, then who can read less.

    Args:
        found: what was found.
        markdown: whether it is for a comment; else for a terminal.
    """
    ordered = sorted(found, key=lambda one: not one.wider)
    return [_marked(one) if markdown else _plain(one) for one in ordered]


def _marked(one: Reach) -> str:
    said = cell(str(one))
    return f"{f'**{said}**' if one.wider else said}（{code(one.name)} {cell(one.title)}）"


def _plain(one: Reach) -> str:
    return f"{'注意：' if one.wider else ''}{one}（{one.name} {one.title}）"


def recheck_lines(changed: Sequence[str]) -> list[str]:
    """What to do when rules that all documents keep were changed; nothing when none were.

    Args:
        changed: what was changed, as people call it.
    """
    if not changed:
        return []
    return [f"{'、'.join(changed)}改了：没有改的文档也可能出错，请跑一遍完整的 casebook check。"]
