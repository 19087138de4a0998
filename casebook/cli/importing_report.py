"""What an import found, as its user reads it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casebook.cli.common import columns, padded

if TYPE_CHECKING:
    from casebook.importing.planning import Plan, Planned

_EXCERPT = 60
_LISTED = 12
_ALL = "加 --json 看全部"
# What only people who know the answer's grounds can fill in.
_LAST = {"owner", "policies"}


def as_json(plan: Plan, *, written: bool) -> dict[str, Any]:
    """The report for programs."""
    return {
        "written": written,
        "documents": [
            {
                "source": one.source,
                "place": one.place,
                "status": one.status.value,
                "kind": one.kind.value if one.kind else None,
                "id": one.id,
                "title": one.title,
                "file": one.file,
                "missing": one.missing,
                "extra": one.extra,
                "columns": one.columns,
                "personal": [vars(found) for found in one.personal],
                "placed": [{"source": name, "became": into} for name, into in one.placed],
                "notes": one.notes,
                "differences": [vars(found) for found in one.differences],
            }
            for one in plan.documents
        ],
        "left_out": plan.left_out,
        "unreadable": plan.unreadable,
    }


def report(plan: Plan) -> Iterator[str]:
    """The report for people, source by source."""
    for source in dict.fromkeys(one.source for one in plan.documents):
        yield f"{source}："
        documents = [one for one in plan.documents if one.source == source]
        yield from _table(documents)
        yield from _columns(documents)
        yield from (f"  没有导入：{_short(text)}" for text in plan.left_out.get(source, ()))
        yield ""
    for source, reason in plan.unreadable.items():
        yield f"{source}：读不了。{reason}"


def _table(documents: Sequence[Planned]) -> Iterator[str]:
    """A source's documents, with what is to be done about each; what many share comes once."""
    rows = [_row(one) for one in documents]
    widths = [max(columns(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    having: dict[str, list[Planned]] = defaultdict(list)
    for one in documents:
        for line in dict.fromkeys(_shared(one)):
            having[line].append(one)
    for row, one in zip(rows, documents, strict=True):
        cells = [padded(cell, width) for cell, width in zip(row, widths, strict=False)]
        yield ("  " + "  ".join([*cells, row[-1]])).rstrip()
        own = [line for line in dict.fromkeys(_shared(one)) if len(having[line]) == 1]
        yield from (f"      {line}" for line in (*own, *_own(one)))
    for line, those in having.items():
        if len(those) > 1:
            yield f"  {_which(those, documents, '篇')}{line}"


def _columns(documents: Sequence[Planned]) -> Iterator[str]:
    """The columns that have no place, each once."""
    having: dict[str, list[Planned]] = defaultdict(list)
    for one in documents:
        for name in one.columns:
            having[name].append(one)
    rows = all(one.place.endswith("行") for one in documents)
    for name, those in having.items():
        what, unit = ("列", "行") if rows else ("", "篇")
        where = "放进附注" if any(one.file for one in those) else "没有导入"
        yield f"  {what}“{name}”没有位置，{len(those)} {unit}都{where}"


def _which(those: Sequence[Planned], documents: Sequence[Planned], unit: str) -> str:
    """Which documents of a source are meant."""
    if len(those) == len(documents):
        return f"每一{unit}"
    places = [one.place for one in those if one.place]
    if len(places) == len(those) <= _LISTED:
        return f"{'、'.join(places)}"
    return f"其中 {len(those)} {unit}"


def _row(one: Planned) -> list[str]:
    kind = one.kind.label if one.kind else "？"
    return [one.place, one.status.label, kind, one.file or "—", one.title]


def _shared(one: Planned) -> Iterator[str]:
    """What a person must do, in words that other documents may share."""
    from casebook.importing.titles import title_of

    if one.missing:
        yield f"待填：{'、'.join(map(title_of, one.missing))}"
    renamed = [f"{name}→{into}" for name, into in one.placed if _renamed(name, into)]
    if renamed:
        yield f"对应：{'、'.join(map(_short, renamed))}"
    yield from (f"注意：{_short(note)}" for note in one.notes)


def _own(one: Planned) -> Iterator[str]:
    """What is said of this document alone."""
    if one.loose:
        where = "放进附注" if one.file else "没有导入"
        yield f"没有位置，{where}：{_listed([f'“{_short(text)}”' for text in one.loose])}"
    if one.personal:
        found = [f"{find.label} {find.shown}（{find.where}）" for find in one.personal]
        yield f"个人信息：{_listed(found)}"
    for differs in one.differences:
        said = f"“{differs.there}”" if differs.there else "没有"
        yield f"{differs.where}不同：文档里{said}，来源里“{differs.here}”"
    if one.differences:
        yield f"文档没有改；来源是对的，就照它改 {one.file}"


def _listed(found: Sequence[str]) -> str:
    """Things in a line; where there are many, the first, and how to see the others."""
    more = f" 等 {len(found)} 处，{_ALL}" if len(found) > _LISTED else ""
    return "、".join(found[:_LISTED]) + more


def _renamed(name: str, into: str) -> bool:
    """Whether a name of the source is worth telling: a section under another name."""
    return not into.isascii() and "：" not in name and not name.strip(" ：:】").endswith(into)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT else f"{line[:_EXCERPT]}…"


def summary(plan: Plan, written: int, *, write: bool) -> str:
    """How many documents became what, in a line."""
    count: dict[str, int] = defaultdict(int)
    for one in plan.documents:
        count[one.status.value] += 1
    parts = [f"写入了 {written} 篇" if write else f"可以写入 {count['new']} 篇"]
    if count["present"]:
        parts.append(f"{count['present']} 篇已经有了")
    if count["changed"]:
        parts.append(f"{count['changed']} 篇内容不同，没有改")
    if count["unknown"]:
        parts.append(f"{count['unknown']} 处认不出种类")
    if count["failed"]:
        parts.append(f"{count['failed']} 篇不能写")
    if plan.unreadable:
        parts.append(f"{len(plan.unreadable)} 个文件读不了")
    after = "" if write or not count["new"] else "这次没有写任何文件；看过以后加 --write 写入。"
    return "，".join(parts) + "。" + after


def next_steps(plan: Plan, root: Path) -> Iterator[str]:
    """What to do with the documents that were written, the most urgent and the easiest first."""
    from casebook.importing.recognising import main_heading

    groups: dict[str, list[Planned]] = {
        "有个人信息：先换成掩码": [],
        "只差负责人和依据：填上就能发布": [],
        "有正文，还差几项：逐项填好": [],
        "没有正文：找到答复或经过再写，没有就删掉": [],
    }
    personal, nearly, some, empty = groups.values()
    for one in plan.new:
        missing = set(one.missing)
        if one.personal:
            personal.append(one)
        elif missing <= _LAST:
            nearly.append(one)
        elif one.kind and main_heading(one.kind) in missing:
            empty.append(one)
        else:
            some.append(one)
    library = "" if root == Path() else f" --library {root}"
    number = 0
    for what, documents in groups.items():
        if documents:
            number += 1
            check = f"casebook check{library} {documents[0].file}"
            yield f"  {number}. {len(documents)} 篇{what}。先看 {check}"
