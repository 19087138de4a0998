"""What rests on what, for people: text for a terminal, Markdown for a pull request, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from casebook.comments import cell, code, masked_path, reach_lines, recheck_lines
from casebook.documents import Document
from casebook.impact import Dependent
from casebook.settings import Settings
from casebook.touched import Touch, Touched

# A comment on GitHub holds 65,536 characters, and other reports may stand in the same one.
MAX_COMMENT = 50_000
MAX_ROWS = 30
_MAX_PLACES = 3
PENDING, DONE = "待复核", "已一并修改"


class Report:
    """What is to be said of some things and of what rests on them.

    Args:
        things: the things, in order.
        settings: the library's settings.
        touch: the change that they come from, where there is one.
    """

    def __init__(
        self, things: Sequence[Touched], settings: Settings, touch: Touch | None = None
    ) -> None:
        self._things = things
        self._settings = settings
        self._touch = touch

    def as_text(self) -> str:
        """For a terminal."""
        parts = [self._text_block(thing) for thing in self._things if thing.dependents]
        first = self._first(markdown=False)
        return "\n\n".join([*first, *parts, *self._quiet(str, str), *self._ending()])

    def as_markdown(self) -> str:
        """A comment for a pull request; short when nothing rests on anything, never too long."""
        first = self._first(markdown=True)
        parts = ["### 修改影响" if self._touch else "### 谁依据它", *first, *self._summary()]
        parts += [self._table(thing) for thing in self._things if thing.dependents]
        parts += self._quiet(code, cell)
        parts += [cell(line) for line in self._unread()]
        return _bounded(parts)

    def as_json(self) -> str:
        """For programs."""
        value: dict[str, Any] = {"things": [self._thing(thing) for thing in self._things]}
        if self._touch:
            value |= {
                "pending": self._touch.pending,
                "unread": self._touch.unread,
                "readers": [asdict(one) for one in self._touch.reaches],
                "recheck": self._touch.recheck,
            }
        return json.dumps(value, ensure_ascii=False, indent=2)

    def _ending(self) -> list[str]:
        return [*self._summary(), *self._unread()]

    def _first(self, *, markdown: bool) -> list[str]:
        """What a reviewer must not miss: who reads more now, and what all documents keep to."""
        if self._touch is None:
            return []
        lines = reach_lines(self._touch.reaches, markdown=markdown)
        return [*lines, *recheck_lines(self._touch.recheck)]

    def _summary(self) -> list[str]:
        """One line on how much rests on the change; none where there is more to say than that."""
        if self._touch is None:
            return []
        dependents = {one.document.id for thing in self._things for one in thing.dependents}
        if not self._things:
            more = self._touch.reaches or self._touch.recheck
            return [] if more else ["这次修改没有动到别的文档会依据的内容。"]
        if not dependents:
            return [f"改了 {len(self._things)} 处，没有别的文档依据它们。"]
        pending = self._touch.pending
        return [
            f"改了 {len(self._things)} 处，{len(dependents)} 篇文档依据它们："
            f"{pending} 篇{PENDING}，{len(dependents) - pending} 篇{DONE}。"
        ]

    def _quiet(self, name: Callable[[str], str], text: Callable[[str], str]) -> list[str]:
        """One line for all that nothing rests on.

        Args:
            name: how a name is written.
            text: how other text is written.
        """
        quiet = [thing for thing in self._things if not thing.dependents]
        if not quiet:
            return []
        named = "、".join(f"{name(thing.name)}{text(_note(thing))}" for thing in quiet[:MAX_ROWS])
        more = f"等 {len(quiet)} 处" if len(quiet) > MAX_ROWS else ""
        return [f"没有别的文档依据：{named}{more}。"]

    def _unread(self) -> list[str]:
        if self._touch is None or not self._touch.unread:
            return []
        files = "、".join(map(masked_path, self._touch.unread))
        return [f"有错误、没有比较的文件：{files}；先运行 casebook check。"]

    def _text_block(self, thing: Touched) -> str:
        head = f"{thing.name}  {thing.title}{_note(thing)}"
        rows = (self._text_row(one) for one in thing.dependents)
        return "\n".join([head, f"依据它的有 {len(thing.dependents)} 篇：", *rows])

    def _text_row(self, one: Dependent) -> str:
        document = one.document
        facts = (self._state(one), _ways(one), document.owner, self._readers(document), _due(one))
        detail = "；".join(fact for fact in facts if fact)
        return f"  {document.kind.label}  {document.id}  {document.title}\n      {detail}"

    def _table(self, thing: Touched) -> str:
        rows = sorted(thing.dependents, key=lambda one: (self._state(one) == DONE, bool(one.via)))
        head = [
            f"#### {code(thing.name)} {cell(thing.title)}{cell(_note(thing))}",
            "",
            "| 状态 | 文档 | 怎么依据 | 负责 | 受众 | 复核日期 |",
            "|---|---|---|---|---|---|",
        ]
        more = len(rows) - MAX_ROWS
        tail = [f"\n其余 {more} 篇没有列出；运行 casebook impact 看全部。"] if more > 0 else []
        return "\n".join([*head, *(self._row(one) for one in rows[:MAX_ROWS]), *tail])

    def _row(self, one: Dependent) -> str:
        document = one.document
        site = self._settings.widest.url.rstrip("/")
        title = cell(document.title)
        shown = f"[{title}](<{site}/{one.link}>)" if site else title
        cells = (
            self._state(one) or "—",
            f"{document.kind.label} {shown} {code(document.id)}",
            cell(_ways(one)),
            cell(document.owner),
            cell(self._readers(document)),
            str(document.review_by or "—"),
        )
        return f"| {' | '.join(cells)} |"

    def _thing(self, thing: Touched) -> dict[str, Any]:
        return {
            "name": thing.name,
            "title": thing.title,
            "what": thing.what,
            "dependents": [self._dependent(one) for one in thing.dependents],
        }

    def _dependent(self, one: Dependent) -> dict[str, Any]:
        document = one.document
        return {
            "id": document.id,
            "title": document.title,
            "kind": document.kind.value,
            "owner": document.owner,
            "audience": document.audience,
            "public": document.audience == self._settings.narrowest.id,
            "review_by": str(document.review_by) if document.review_by else None,
            "path": one.source.path,
            "link": one.link,
            "via": one.via,
            "places": [
                {"way": p.way.value, "where": p.where, "section": p.key, "whole": p.whole}
                for p in one.places
            ],
            "state": self._state(one) or None,
        }

    def _state(self, one: Dependent) -> str:
        if self._touch is None:
            return ""
        return DONE if self._touch.done(one) else PENDING

    def _readers(self, document: Document) -> str:
        level = self._settings.level(document.audience)
        return "、".join(audience.name for audience in self._settings.audiences[level:])


def _note(thing: Touched) -> str:
    return f"（{thing.what}）" if thing.what else ""


def _ways(one: Dependent) -> str:
    shown = "、".join(str(place) for place in one.places[:_MAX_PLACES])
    more = f"等 {len(one.places)} 处" if len(one.places) > _MAX_PLACES else ""
    return f"{shown}{more}{f'，经 {one.via}' if one.via else ''}"


def _due(one: Dependent) -> str:
    return f"{one.document.review_by} 前复核" if one.document.review_by else ""


def _bounded(parts: Sequence[str]) -> str:
    """Parts one below the other, as many as a comment holds."""
    kept, size = list[str](), 0
    for number, part in enumerate(parts):
        size += len(part) + 2
        if size > MAX_COMMENT:
            kept.append(f"其余 {len(parts) - number} 处没有列出；运行 casebook impact 看全部。")
            break
        kept.append(part)
    return "\n\n".join(kept)
