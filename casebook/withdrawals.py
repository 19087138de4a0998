"""``withdrawn.toml`` → what is gone for good: entries that were deleted, renamed or narrowed.

A document that has ended says itself where to go now (``replaced_by``); one that is not there any
more cannot. So that no address ever breaks, this file names each, and who could read it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError

from casebook.documents import ID_PATTERN, MAX_ID, Day, Kind, TermOf
from casebook.errors import SettingsError
from casebook.problems import Problem
from casebook.settings import WITHDRAWN_FILE, Settings
from casebook.tables import Table
from casebook.toml_files import TomlFile, read_toml
from casebook.validation import Matching, explain


def _known_audience(value: str, info: ValidationInfo) -> str:
    known = [audience.id for audience in info.context["settings"].audiences] if info.context else []
    if known and value not in known:
        raise PydanticCustomError(
            "invalid-audience",
            "没有受众“{found}”",
            {"found": value, "hint": "写 " + " 或 ".join(known)},
        )
    return value


Id = Annotated[
    str,
    Field(max_length=MAX_ID),
    Matching(ID_PATTERN.pattern, "写文档的编号，如 faq-old-plan：都是小写"),
]


class _Entry(Table):
    id: Id
    audience: Annotated[str, AfterValidator(_known_audience)]
    on: Day
    replaced_by: tuple[Id, ...] = ()
    subject: Annotated[str, TermOf("subject_paths")] | None = None
    reason: str = ""


class _File(Table):
    withdrawn: tuple[_Entry, ...] = ()


@dataclass(frozen=True)
class Withdrawn:
    """An entry of the file.

    Attributes:
        id: of what is gone.
        audience: the narrowest audience that could read it.
        on: the first day on which it was gone.
        replaced_by: the ids of what holds instead.
        subject: a path of the taxonomy; empty where nobody wrote it.
        reason: why, for the library's own people; never published.
        line: where the entry begins in the file.
    """

    id: str
    audience: str
    on: date
    replaced_by: tuple[str, ...] = ()
    subject: str = ""
    reason: str = ""
    line: int = 1

    @property
    def kind(self) -> Kind:
        """What it was; its id says it."""
        return Kind(self.id.partition("-")[0])


def load_withdrawn(root: Path, settings: Settings) -> tuple[Withdrawn, ...]:
    """Reads what a library has withdrawn.

    Args:
        root: the library's folder; there need not be a file.
        settings: give the audiences and subjects.

    Raises:
        SettingsError: the file is wrong; it names every fault.
    """
    file = root / WITHDRAWN_FILE
    if not file.exists():
        return ()
    read = read_toml(file)
    try:
        found = _File.model_validate(read.values, context={"settings": settings, "kind": None})
    except ValidationError as error:
        faults = explain(error, _File, toml=True)
        raise SettingsError(
            [read.problem(fault.location, fault.message, fault.hint) for fault in faults]
        ) from None
    if twice := list(_twice(read, found.withdrawn)):
        raise SettingsError(twice)
    return tuple(
        Withdrawn(
            id=entry.id,
            audience=entry.audience,
            on=entry.on,
            replaced_by=entry.replaced_by,
            subject=entry.subject or "",
            reason=entry.reason,
            line=read.line_of(("withdrawn", number)),
        )
        for number, entry in enumerate(found.withdrawn)
    )


def _twice(read: TomlFile, entries: tuple[_Entry, ...]) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for number, entry in enumerate(entries):
        if (entry.id, entry.audience) in seen:
            message = f"{entry.id} 对 {entry.audience} 写了两次。"
            location = ("withdrawn", number, "id")
            yield read.problem(location, message, "只留一条，日期写最早的。")
        seen.add((entry.id, entry.audience))


def document_addresses(site: Path) -> set[str]:
    """The addresses of a built site that must never break: of documents, and of what is gone.

    One that the next site does not have leads nowhere: its file has an error now, or it went and
    no entry says where to go.

    Args:
        site: its folder; there need not be one.
    """
    return {
        kind.address(page.parent.name)
        for kind in Kind
        for page in site.glob(f"{kind.folder}/*/index.json")
    }


def where_now(
    name: str, following: Mapping[str, Collection[str]], good: Collection[str]
) -> tuple[str, ...]:
    """Where readers of something that is gone go now, through everything gone between.

    Args:
        name: the id of what is gone.
        following: by id, what holds instead, as people wrote it; circles end.
        good: the ids that readers can open and that hold.

    Returns:
        Ids in the order that people wrote them in, each once.
    """
    found: dict[str, None] = {}
    seen, waiting = {name}, [*following.get(name, ())]
    while waiting:
        next_name = waiting.pop(0)
        if next_name in seen:
            continue
        seen.add(next_name)
        if next_name in good:
            found[next_name] = None
        else:
            waiting[:0] = following.get(next_name, ())
    return tuple(found)
