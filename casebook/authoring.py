"""New documents from their templates: the right sections, proposed dates, an id that is free.

What an author answered stands in its place; what is open says so, and the check names it. Nobody
has approved what is only begun, so the day of its approval is always open.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from pypinyin import lazy_pinyin

from casebook.documents import FILL, MAX_ID, MAX_LINE, MODELS, Kind, Policy, SectionSpec
from casebook.errors import PublishError, reason
from casebook.library import today
from casebook.personal_data import PersonalData, find_personal_data
from casebook.settings import Settings, Taxonomy

_SYLLABLES = 8
# What YAML takes as it stands: no colon, no quotes, no mark that means something at its place.
_PLAIN = re.compile(r"[（“]?[^\W_][\w /.、，。！？“”（）-]*(?:(?<! )#\w+)?")
# What is left of a number that somebody masked.
_STARRED = re.compile(r"[0-9]*\*[0-9*]*")
_UNSEEN = ("Cc", "Cf", "Cn", "Co", "Cs")

Answers = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True)
class _Key:
    """A key of the front matter as a template has it.

    Attributes:
        name: the key.
        value: what is written where nobody answered.
        note: a remark behind it, until somebody answers.
    """

    name: str
    value: str | tuple[str, ...]
    note: str = ""


def clean(text: str) -> str:
    """Text as one line: nothing that cannot be seen, single spaces."""
    seen = (c for c in text if c.isspace() or unicodedata.category(c) not in _UNSEEN)
    return " ".join("".join(seen).split())


def checked_title(title: str) -> str:
    """A title as one clean line.

    Raises:
        PublishError: it is empty or too long.
    """
    words = clean(title)
    if not words or len(words) > MAX_LINE:
        raise PublishError(f"标题有 {len(words)} 个字；写 1 到 {MAX_LINE} 个字。")
    return words


def personal_data(text: str, settings: Settings) -> list[PersonalData]:
    """The personal data in what somebody wrote, without what the library allows."""
    return find_personal_data(text, [one.value for one in settings.check.allowed])


def named(found: Iterable[PersonalData]) -> str:
    """Finds as a message names them: each with its kind, masked."""
    return "、".join(f"{one.kind.label} {one.shown}" for one in found)


def impersonal(text: str) -> str:
    """A text without personal data, masked or not: for names of files and commits, which stay."""
    parts, place = [], 0
    for find in find_personal_data(text):
        parts += [text[place : find.start], " "]
        place = find.end
    return " ".join(_STARRED.sub(" ", "".join([*parts, text[place:]])).split())


def new_document(
    root: Path, kind: Kind, title: str, settings: Settings, answers: Answers | None = None
) -> Path:
    """Writes a new document's file.

    Args:
        root: the library's folder.
        kind: what to write.
        title: its title; for a FAQ entry the standard question.
        settings: the library's settings.
        answers: what the author answered, by key.

    Returns:
        The new file.

    Raises:
        PublishError: the title is empty or too long, or the file cannot be written.
    """
    words = checked_title(title)
    folder = root / kind.folder
    name = free_id(kind, words, lambda name: any(folder.rglob(f"{name}.md")))
    file = folder / f"{name}.md"
    write_new(file, template(kind, name, words, settings, today(settings), answers))
    return file


def write_new(file: Path, text: str) -> None:
    """Writes a file that is not there yet, in a folder that may not be.

    Raises:
        PublishError: it is there, or it cannot be written.
    """
    try:
        file.parent.mkdir(exist_ok=True)
        with file.open("x", encoding="utf-8", newline="\n") as opened:
            opened.write(text)
    except OSError as error:
        raise PublishError(f"写不了 {file}：{reason(error)}。检查文件夹的权限。") from None


def template(
    kind: Kind,
    name: str,
    title: str,
    settings: Settings,
    on: date,
    answers: Answers | None = None,
    sections: Iterable[str] = (),
) -> str:
    """A new document's text.

    Args:
        kind: what it is.
        name: its id.
        title: its title.
        settings: give the taxonomy's terms and the review period.
        on: the day to write as today.
        answers: what the author answered, by key; a question that was left open is marked as such.
        sections: its sections where they are written, each with its heading; else the template's.
    """
    lines = [f"id: {name}", f"title: {json.dumps(title, ensure_ascii=False)}"]
    given = answers or {}
    keys = list(_keys(kind, settings, on))
    asked = {key.name for key in keys}
    keys += [_Key(name, value) for name, value in given.items() if name not in asked]
    for key in keys:
        lines += _lines(key, given)
    plan = kind is Kind.POLICY and given.get("rank") == Policy.PLAN
    specs = Policy.plan_spec if plan else _specs(kind)
    body = "\n".join(sections or (_section(spec) for spec in specs))
    return "---\n" + "\n".join(lines) + f"\n---\n\n{body}"


def proposals(kind: Kind, settings: Settings, on: date) -> dict[str, str]:
    """What a template writes for keys that an author may leave as they are, by key.

    Args:
        kind: what is written.
        settings: give the audiences, the company and the review period.
        on: the day to write as today.
    """
    return {
        key.name: key.value
        for key in _keys(kind, settings, on)
        if isinstance(key.value, str) and key.value and FILL not in key.value
    }


def _keys(kind: Kind, settings: Settings, on: date) -> Iterator[_Key]:
    """The keys behind id and title, in the order of the file."""
    review = on + timedelta(days=getattr(settings.review, kind.value))
    audience = settings.narrowest if kind is Kind.FAQ else settings.widest
    yield _Key("audience", audience.id)
    yield _Key("owner", FILL)
    if kind is Kind.POLICY:
        yield _Key("rank", FILL)
        yield _Key("issuer", settings.library.company)
        yield _Key("number", "")
    else:
        yield _Key("subject", FILL, "从 casebook.toml 里选")
    if kind is Kind.CASE:
        yield from _case_keys(settings.taxonomy, on)
    elif kind is Kind.FAQ:
        wanted = range(1, max(1, settings.faq.similar) + 1)
        yield _Key("similar", tuple(f"{FILL}客户的另一种说法 {n}" for n in wanted))
    if kind is not Kind.CASE:
        yield _Key("effective_from", str(on))
    yield _Key("approved_on", FILL, "核准的人填：核准那一天，如 2026-03-01")
    yield _Key("review_by", str(review))
    if kind is Kind.POLICY:
        yield _Key("supersedes", ())
    example = () if kind is Kind.POLICY else (f"policy-{kind.value}-rests-on",)
    yield _Key("policies", example, f"{FILL}依据的政策，如 policy-x#3")
    if kind is Kind.CASE:
        yield _Key("faq", ())


def _case_keys(taxonomy: Taxonomy, on: date) -> Iterator[_Key]:
    yield _Key("author", f"{FILL}岗位，不写姓名")
    yield _Key("level", FILL, "、".join(taxonomy.levels))
    yield _Key("customer_types", (FILL,), "、".join(taxonomy.customer_types))
    yield _Key("reason", FILL, "、".join(taxonomy.reasons))
    yield _Key("manner", FILL, "、".join(taxonomy.manners))
    yield _Key("needs", (FILL,), "、".join(taxonomy.needs))
    yield _Key("channel", FILL, "、".join(taxonomy.channels))
    yield _Key("method", FILL, "、".join(taxonomy.methods))
    yield _Key("happened", FILL, "年-月，如 2026-03")
    yield _Key("written", str(on))
    yield _Key("purpose", f"{FILL}读完以后会做什么")
    yield _Key("typicality", f"{FILL}代表哪一类问题")
    yield _Key("timeliness", f"{FILL}为什么现在要写")
    yield _Key("feasibility", f"{FILL}明天就能用上什么")


def _lines(key: _Key, answers: Answers) -> Iterator[str]:
    """A key's lines: what was answered, what a template proposes, or that it is open."""
    given = answers.get(key.name)
    value, note = given or key.value, "" if given else key.note
    if isinstance(value, tuple) and isinstance(key.value, tuple):
        # A list with too few answers keeps the places of the others.
        value = (*value, *(one for one in key.value[len(value) :] if FILL in one))
    remark = f"  # {note}" if note else ""
    if isinstance(value, str):
        yield from [f"{key.name}: {_scalar(value)}{remark}"] if value else []
    elif value:
        yield from (f"{key.name}:", *(f"  - {_scalar(one)}{remark}" for one in value))


def _scalar(text: str) -> str:
    """Text as YAML, as it stands where that means the same."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _specs(kind: Kind) -> tuple[SectionSpec, ...]:
    if kind is not Kind.POLICY:
        return MODELS[kind].spec
    return (SectionSpec(key="1", heading="第一条 标题", help="这一条规定什么；一线怎么用。"),)


def _section(spec: SectionSpec) -> str:
    return f"## {spec.heading}\n\n{FILL}{spec.help}\n"


def free_id(kind: Kind, title: str, taken: Callable[[str], bool]) -> str:
    """An id from the title's sound that is not taken; nothing in it names a person.

    Args:
        kind: what it is for.
        title: gives the sound.
        taken: whether an id is.
    """
    sound = " ".join(lazy_pinyin(impersonal(title))).lower()
    syllables = [part for part in re.split(r"[^a-z0-9]+", sound) if part]
    stem = "-".join([kind.value, *(syllables or ["new"])[:_SYLLABLES]])[: MAX_ID - 4].rstrip("-")
    name, number = stem, 2
    while taken(name):
        name, number = f"{stem}-{number}", number + 1
    return name
