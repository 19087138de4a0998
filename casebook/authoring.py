"""New documents from their templates: the right sections, today's dates, an id that is free."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from pypinyin import lazy_pinyin

from casebook.documents import FILL, MAX_ID, MAX_LINE, MODELS, Kind, SectionSpec
from casebook.errors import PublishError
from casebook.library import today
from casebook.settings import Settings

_SYLLABLES = 8


def new_document(root: Path, kind: Kind, title: str, settings: Settings) -> Path:
    """Writes a new document's file.

    Args:
        root: the library's folder.
        kind: what to write.
        title: its title; for a FAQ entry the standard question.
        settings: the library's settings.

    Returns:
        The new file.

    Raises:
        PublishError: the title is empty or too long, or the file cannot be written.
    """
    words = " ".join(title.split())
    if not words or len(words) > MAX_LINE:
        raise PublishError(f"标题有 {len(words)} 个字；写 1 到 {MAX_LINE} 个字。")
    folder = root / kind.folder
    name = _free_id(folder, kind, words)
    file = folder / f"{name}.md"
    try:
        folder.mkdir(exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(template(kind, name, words, settings, today(settings)))
    except OSError as error:
        raise PublishError(f"写不了 {file}：{error.strerror}。检查文件夹的权限。") from None
    return file


def template(kind: Kind, name: str, title: str, settings: Settings, on: date) -> str:
    """A new document's text.

    Args:
        kind: what it is.
        name: its id.
        title: its title.
        settings: give the taxonomy's terms and the review period.
        on: the day to write as today.
    """
    review = on + timedelta(days=getattr(settings.review, kind.value))
    common = [
        f"id: {name}",
        f"title: {json.dumps(title, ensure_ascii=False)}",
        f"audience: {settings.narrowest.id if kind is Kind.FAQ else settings.widest.id}",
        f"owner: {FILL}",
    ]
    dates = [f"approved_on: {on}", f"review_by: {review}"]
    lines = [*common, *_own_keys(kind, settings, on), *dates, *_links(kind)]
    sections = "\n".join(_section(spec) for spec in _specs(kind))
    return "---\n" + "\n".join(lines) + f"\n---\n\n{sections}"


def _own_keys(kind: Kind, settings: Settings, on: date) -> Iterator[str]:
    taxonomy = settings.taxonomy
    if kind is Kind.POLICY:
        yield from (f"rank: {FILL}", f"issuer: {settings.library.company}", f"effective_from: {on}")
        return
    yield f"subject: {taxonomy.subject_paths[0]}  # 从 casebook.toml 里选"
    if kind is Kind.FAQ:
        yield from ("similar:", *(f"  - {FILL}客户的另一种说法 {n}" for n in (1, 2, 3)))
        yield f"effective_from: {on}"
        return
    yield f"author: {FILL}岗位，不写姓名"
    yield f"level: {taxonomy.levels[-2]}  # {'、'.join(taxonomy.levels)}"
    yield from ("customer_types:", f"  - {taxonomy.customer_types[0]}")
    yield f"reason: {taxonomy.reasons[0]}  # {'、'.join(taxonomy.reasons)}"
    yield f"manner: {taxonomy.manners[0]}  # {'、'.join(taxonomy.manners)}"
    yield from ("needs:", f"  - {taxonomy.needs[1]}")
    yield f"channel: {taxonomy.channels[0]}  # {'、'.join(taxonomy.channels)}"
    yield f"method: {taxonomy.methods[0]}  # {'、'.join(taxonomy.methods)}"
    yield f"happened: {on:%Y-%m}"
    yield f"written: {on}"
    yield f"purpose: {FILL}读完以后会做什么"
    yield f"typicality: {FILL}代表哪一类问题"
    yield f"timeliness: {FILL}为什么现在要写"
    yield f"feasibility: {FILL}明天就能用上什么"


def _links(kind: Kind) -> Iterator[str]:
    if kind is not Kind.POLICY:
        yield from (
            "policies:",
            f"  - policy-{kind.value}-rests-on  # {FILL}依据的政策，如 policy-x#3",
        )


def _specs(kind: Kind) -> tuple[SectionSpec, ...]:
    if kind is not Kind.POLICY:
        return MODELS[kind].spec
    return (SectionSpec(key="1", heading="第一条 标题", help="这一条规定什么；一线怎么用。"),)


def _section(spec: SectionSpec) -> str:
    return f"## {spec.heading}\n\n{FILL}{spec.help}\n"


def _free_id(folder: Path, kind: Kind, title: str) -> str:
    """An id from the title's sound that no file of the folder has."""
    syllables = [
        part for part in re.split(r"[^a-z0-9]+", " ".join(lazy_pinyin(title)).lower()) if part
    ]
    stem = "-".join([kind.value, *(syllables or ["new"])[:_SYLLABLES]])[: MAX_ID - 4].rstrip("-")
    name, number = stem, 2
    while any(folder.rglob(f"{name}.md")):
        name, number = f"{stem}-{number}", number + 1
    return name
