"""Proposals as patches: a similar question for an entry, a synonym for the glossary.

A patch is made from the file as it is now and changes one line of it, so that formatting, comments
and line ends stay. It is offered only when the project's own check finds nothing new in the file.
"""

from __future__ import annotations

import difflib
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casebook.documents import Kind
from casebook.errors import CasebookError, SettingsError
from casebook.frontmatter import FrontMatter, FrontMatterError, read_front_matter
from casebook.library import Library
from casebook.personal_data import find_personal_data
from casebook.problems import Problem, Severity
from casebook.settings import GLOSSARY_FILE, SETTINGS_FILE, load_settings
from casebook.toml_files import read_toml

# What checks a whole file: its kind, its text, where it is.
Check = Callable[[Kind, str, str], Sequence[Problem]]
_LONGEST = 100
# What YAML takes as text without quotes, whatever stands beside it.
_PLAIN = re.compile(r"[^\W_][^:#\[\]{},&*!|>'\"%@`\\]*")
_BOM = "\ufeff"


class PatchRefused(CasebookError):
    """A proposal that the check would refuse, or that somebody must write by hand."""


@dataclass(frozen=True)
class Patch:
    """A proposal.

    Attributes:
        name: of its file.
        path: what it changes, relative to the library.
        text: the unified diff; ``git apply`` takes it in the library's repository.
        line: what is added.
    """

    name: str
    path: str
    text: str
    line: str


def entry_path(library: Library, name: str) -> str:
    """The file of an entry that may get a similar question, relative to the library.

    Raises:
        PatchRefused: there is none, or it is no FAQ entry.
    """
    source = library.sources.get(name)
    if source is None:
        raise PatchRefused(f"知识库里没有 {name[:60]}；它可能刚被改名或撤下了。")
    kind = source.document.kind
    if kind is not Kind.FAQ:
        raise PatchRefused(
            f"{name} 是{kind.label}，不是{Kind.FAQ.label}；只有{Kind.FAQ.label}有相似问。"
        )
    return source.path


def similar_patch(root: Path, path: str, question: str, check: Check) -> Patch:
    """Proposes a similar question for an entry.

    Args:
        root: the library's folder.
        path: the entry's file, relative to it.
        question: how customers ask.
        check: the project's check of a file.

    Raises:
        PatchRefused: the entry has it already, the check finds something, or the entry is written
            in a way that only people can change.
    """
    wording = _one_line(question)
    old = _read(root / path)
    front = _front(old)
    known = [*front.values.get("similar", ()), str(front.values.get("title", ""))]
    if wording in known:
        raise PatchRefused(f"{path} 已经有“{wording}”。")
    new, line = _with_similar(old, front, wording)
    _check_similar(_front(new), front, wording, path)
    _refuse_new(check(Kind.FAQ, _plain(old), path), check(Kind.FAQ, _plain(new), path))
    return Patch(f"{Path(path).stem}.patch", path, diff(root, path, old, new), line)


def synonym_patch(root: Path, term: str, synonym: str) -> Patch:
    """Proposes a synonym for a word of the glossary.

    Args:
        root: the library's folder.
        term: the word, as the glossary has it.
        synonym: what customers call it.

    Raises:
        PatchRefused: there is no such word, the glossary has the synonym already, or it would not
            be read any more.
    """
    word = _one_line(synonym)
    if not (root / GLOSSARY_FILE).is_file():
        raise PatchRefused("知识库里没有 glossary.toml；先建一个，写上这个词。")
    old = _read(root / GLOSSARY_FILE)
    tables = read_toml(root / GLOSSARY_FILE).values.get("terms", [])
    for known in tables:
        if word in (known["term"], *known.get("synonyms", ()), *known.get("finds", ())):
            raise PatchRefused(f"词汇表里已经有“{word}”，在“{known['term']}”那一条。")
    places = [place for place, known in enumerate(tables) if known["term"] == term]
    if not places:
        names = "、".join(known["term"] for known in tables[:20])
        raise PatchRefused(f"词汇表里没有“{term[:40]}”；词汇表里有 {names} 等。")
    new, line = _with_synonym(old, places[0], word)
    _check_glossary(root, new, places[0], tables, word)
    return Patch("glossary.patch", GLOSSARY_FILE, diff(root, GLOSSARY_FILE, old, new), line)


def diff(root: Path, path: str, old: str, new: str) -> str:
    """A unified diff as git writes it, for the repository that holds the library."""
    name = f"{_below_repository(root)}{path}"
    lines = difflib.unified_diff(_lines(old), _lines(new), f"a/{name}", f"b/{name}")
    shown = "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
    return f"diff --git a/{name} b/{name}\n{shown}"


def _below_repository(root: Path) -> str:
    """Where the library is in its repository, with a slash; empty at its top or without one."""
    here = root.resolve()
    for folder in (here, *here.parents):
        if (folder / ".git").exists():
            below = here.relative_to(folder).as_posix()
            return "" if below == "." else f"{below}/"
    return ""


def _read(file: Path) -> str:
    """A file with its line ends and its byte order mark.

    Raises:
        PatchRefused: it is not there any more, or no text.
    """
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        raise PatchRefused(f"读不了 {file.name}；它可能刚被改名或撤下了。") from None


def _lines(text: str) -> list[str]:
    """The lines as git counts them: only a line feed ends one."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _plain(text: str) -> str:
    return text.removeprefix(_BOM).replace("\r\n", "\n")


def _one_line(text: str) -> str:
    """A wording as it may stand in a file.

    Raises:
        PatchRefused: it is empty, too long, or names a person.
    """
    flat = " ".join(text.split())
    if not flat or len(flat) > _LONGEST or not flat.isprintable():
        raise PatchRefused(f"写一句话，最多 {_LONGEST} 个字。")
    for found in find_personal_data(flat):
        if found.certain:
            raise PatchRefused(f"里面有{found.kind.label}：{found.shown}；删掉它。")
    return flat


def _front(text: str) -> FrontMatter:
    try:
        return read_front_matter(_plain(text))
    except FrontMatterError as error:
        raise PatchRefused(f"这一篇的信息块读不了：{error.message}{error.hint}") from None


def _quoted(text: str) -> str:
    """A text as YAML and TOML both take it, without quotes where YAML needs none."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _with_similar(text: str, front: FrontMatter, wording: str) -> tuple[str, str]:
    """A file with one more similar question, and the line that is added or changed."""
    item = wording if _PLAIN.fullmatch(wording) else _quoted(wording)
    lines = _lines(text)
    listed = len(front.values.get("similar", ()))
    if ("similar",) not in front.lines:
        return _inserted(lines, front.body_line - 2, f"similar:\n  - {item}")
    key = front.lines["similar",] - 1
    if listed == 0 or re.match(r"similar:\s*\[", lines[key]):
        return _in_brackets(lines, key, _quoted(wording))
    last = front.lines["similar", listed - 1] - 1
    dash = re.match(r"\s*-\s+", lines[last])
    if dash is None:
        raise PatchRefused("这一篇的相似问不是一行一条，要人来加。")
    after = last + 1
    # A long question may go on in the next lines, further to the right.
    while len(lines[after]) - len(lines[after].lstrip()) > len(dash[0].rstrip()) - 1:
        after += 1
    return _inserted(lines, after, f"{dash[0]}{item}")


def _with_synonym(text: str, place: int, word: str) -> tuple[str, str]:
    """The glossary with one more synonym of the term at a place."""
    lines = _lines(text)
    heads = [n for n, line in enumerate(lines) if re.match(r"\s*\[\[\s*terms\s*\]\]", line)]
    if place >= len(heads):
        raise PatchRefused("词汇表不是 [[terms]] 的写法，要人来加。")
    ends = [n for n in range(heads[place] + 1, len(lines)) if re.match(r"\s*\[", lines[n])]
    part = range(heads[place] + 1, ends[0] if ends else len(lines))
    for number in part:
        if re.match(r"\s*synonyms\s*=", lines[number]):
            return _in_brackets(lines, number, _quoted(word))
    keys = [n for n in part if re.match(r"\s*(term|audience|definition)\s*=", lines[n])]
    return _inserted(lines, keys[-1] + 1, f"synonyms = [{_quoted(word)}]")


def _in_brackets(lines: list[str], number: int, item: str) -> tuple[str, str]:
    """The lines with one more item in a list that stands on one line."""
    found = re.fullmatch(r"([^\[]*\[)([^\[\]]*)(\].*\s*)", lines[number], re.DOTALL)
    if found is None:
        raise PatchRefused("列表不在一行里，要人来加。")
    head, items, tail = found.groups()
    kept = items.rstrip()
    comma = "" if not kept else " " if kept.endswith(",") else ", "
    changed = f"{head}{kept}{comma}{item}{tail}"
    return "".join((*lines[:number], changed, *lines[number + 1 :])), changed.strip()


def _inserted(lines: list[str], number: int, added: str) -> tuple[str, str]:
    """The lines with one more, which ends as the one before it does."""
    before = lines[number - 1]
    end = "\r\n" if before.endswith("\r\n") else "\n"
    if not before.endswith("\n"):
        before = f"{before}{end}"
    new = "".join(f"{line}{end}" for line in added.split("\n"))
    return "".join((*lines[: number - 1], before, new, *lines[number:])), added.strip()


def _check_similar(new: FrontMatter, old: FrontMatter, wording: str, path: str) -> None:
    """Makes sure that nothing but the wording was added."""
    wanted = {**old.values, "similar": [*old.values.get("similar", ()), wording]}
    if new.values != wanted or new.body != old.body:
        raise PatchRefused(f"{path} 的写法特别，要人来加这一句。")


def _check_glossary(root: Path, text: str, place: int, tables: list[Any], word: str) -> None:
    """Reads the settings with the new glossary.

    Raises:
        PatchRefused: they cannot be read, or something else has changed.
    """
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(root / SETTINGS_FILE, folder)
        file = Path(folder) / GLOSSARY_FILE
        file.write_bytes(text.encode())
        try:
            load_settings(Path(folder))
            found = read_toml(file).values["terms"]
        except SettingsError as error:
            raise PatchRefused(f"加上以后词汇表有问题：{error.problems[0].message}") from None
    own = tables[place]
    changed = {**own, "synonyms": [*own.get("synonyms", ()), word]}
    if found != [*tables[:place], changed, *tables[place + 1 :]]:
        raise PatchRefused("词汇表的写法特别，要人来加这个词。")


def _refuse_new(before: Sequence[Problem], after: Sequence[Problem]) -> None:
    """Refuses what the check finds only with the change.

    Raises:
        PatchRefused: it says so in the rule's words.
    """
    known = {(one.code, one.message) for one in before}
    for one in after:
        if one.severity is not Severity.NOTE and (one.code, one.message) not in known:
            raise PatchRefused(f"检查不让加：{one.message}{one.hint}（{one.code}）")
