"""A Draft → the text of a file that this library's reader accepts, word for word the source's."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from casebook import authoring
from casebook import reading_rules as rules
from casebook.documents import FILL, MODELS, Kind, Policy, SectionSpec
from casebook.importing.blocks import Block, paragraph, to_markdown
from casebook.importing.drafts import Draft
from casebook.importing.titles import title_of
from casebook.importing.values import Value
from casebook.problems import Severity
from casebook.reading import read_document
from casebook.settings import Settings

APPENDIX = "附注"
_ROUNDS = 4
# What similar questions may take of the front matter, in bytes.
_SIMILAR_BYTES = 8 * 1024
_MENDED = {
    rule.code
    for rule in (rules.MALFORMED_HEADING, rules.RAW_HTML, rules.IMAGE, rules.REFERENCE_LINK)
}
# What no author should find in a file that an import wrote: then it is not written.
_BROKEN = _MENDED | {
    rule.code
    for rule in (
        rules.TOO_LARGE,
        rules.LARGE_FRONT_MATTER,
        rules.YAML_SYNTAX,
        rules.CONTROL_CHARACTER,
        rules.UNKNOWN_SECTION,
        rules.DUPLICATE_SECTION,
        rules.EMPTY_SECTION,
        rules.INVALID_ARTICLE,
        rules.TEXT_BEFORE_SECTIONS,
    )
}
# What the report names in its own way.
_TOLD = {rules.PLACEHOLDER.code, rules.PERSONAL_DATA.code}
# Where a template proposes a value that an import must not take for granted.
_ASKED: dict[Kind, dict[str, str]] = {
    Kind.CASE: {"written": "哪天编写"},
    Kind.FAQ: {},
    Kind.POLICY: {"issuer": "谁发布的", "effective_from": "哪天起执行"},
}
_ENDS = "哪天失效；还有效就删掉这一行"
_ATTRIBUTE = re.compile(r"(audience)(\s*)([=:＝：﹕])", re.IGNORECASE)
_TAG = re.compile(r"<([^<>]*)>")
# What begins an item, a quotation or a row of a table.
_MARKS = re.compile(r"(?:\s*(?:>|\||[-*+]|\d+\.)(?:\s+|$))+|\|\s*")
_BRACKETS = str.maketrans({"<": "〈", "＜": "〈", "{": "〔", "}": "〕", "｛": "〔", "｝": "〕"})


@dataclass(frozen=True)
class Defaults:
    """What an import says for all documents.

    Attributes:
        audience: who may read them.
        owner: who answers for them; empty when nobody was named.
        subject: where the source names none; empty when none was given.
        today: the day to write as today.
    """

    audience: str
    owner: str
    subject: str
    today: date


@dataclass(frozen=True)
class Written:
    """A document's text.

    Attributes:
        text: the whole file.
        missing: keys and headings that somebody must fill in.
        broken: why the reader cannot take it at all.
        faults: what else the check will say, beside what is missing and personal data.
    """

    text: str
    missing: tuple[str, ...]
    broken: tuple[str, ...]
    faults: tuple[str, ...]


def write(
    draft: Draft,
    name: str,
    settings: Settings,
    defaults: Defaults,
    mask: Callable[[str], str] = lambda text: text,
) -> Written:
    """A draft as a file.

    Args:
        draft: what was recognised; its kind is known.
        name: the document's id.
        settings: the library's settings.
        defaults: what the import says for all documents.
        mask: what personal data becomes.
    """
    kind = draft.kind or Kind.CASE
    answers, over = _answers(draft, kind, settings, defaults)
    extra = [*draft.extra, *over]
    # A title of nothing but marks names nothing.
    title = authoring.clean(draft.title) or f"{FILL}标题"
    sections = list(_sections(draft, kind, extra, settings, defaults))
    text = authoring.template(kind, name, title, settings, defaults.today, answers, sections)
    text = _accepted(mask(text), kind, settings)
    errors = [
        problem
        for problem in read_document(text.encode(), "", kind, settings).problems
        if problem.severity is Severity.ERROR and problem.code not in _TOLD
    ]
    said = [(problem.code in _BROKEN, f"{problem.message}{problem.hint}") for problem in errors]
    return Written(
        text,
        tuple(_missing(text)),
        tuple(words for broken, words in said if broken),
        tuple(words for broken, words in said if not broken and FILL not in words),
    )


def _answers(
    draft: Draft, kind: Kind, settings: Settings, defaults: Defaults
) -> tuple[dict[str, str | tuple[str, ...]], list[Block]]:
    """The keys as a template takes them, and similar questions that found no room."""
    keys: dict[str, Value] = {key: f"{FILL}{hint}" for key, hint in _ASKED[kind].items()}
    keys["approved_on"] = str(defaults.today)
    if kind is Kind.POLICY:
        keys["rank"] = FILL + "、".join(settings.taxonomy.ranks)
    elif defaults.subject:
        keys["subject"] = defaults.subject
    if defaults.owner:
        keys["owner"] = defaults.owner
    if draft.plan:
        keys["rank"] = Policy.PLAN
    keys |= {key: value for key, value in draft.keys.items() if key != "id"}
    keys["audience"] = defaults.audience
    if keys.get("effective_until") == "":
        keys["effective_until"] = FILL + _ENDS
    over: list[Block] = []
    if isinstance(similar := keys.get("similar"), list):
        keys["similar"], rest = _fitting(similar)
        over = [paragraph(f"相似问：{one}") for one in rest]
    return {key: _answer(value) for key, value in keys.items() if value}, over


def _answer(value: Value) -> str | tuple[str, ...]:
    if isinstance(value, str):
        return authoring.clean(value)
    return tuple(filter(None, map(authoring.clean, value)))


def _fitting(questions: list[str]) -> tuple[list[str], list[str]]:
    size, number = 0, 0
    for number, question in enumerate(questions):
        size += len(question.encode()) + 8
        if size > _SIMILAR_BYTES:
            return questions[:number], questions[number:]
    return questions, []


def _sections(
    draft: Draft, kind: Kind, extra: list[Block], settings: Settings, defaults: Defaults
) -> Iterator[str]:
    """Each section with its heading; what has no place ends the last one."""
    parts = list(_parts(draft, kind))
    for number, (spec, text) in enumerate(parts, 1):
        body, mark = text or FILL + spec.help, ""
        if number == len(parts) and extra:
            body += f"\n\n### {APPENDIX}\n\n{to_markdown(extra, top=4)}"
            if not spec.restricted and defaults.audience != settings.widest.id:
                mark = f" {{audience={settings.widest.id}}}"
        yield f"## {spec.heading}{mark}\n\n{body}\n"


def _parts(draft: Draft, kind: Kind) -> Iterator[tuple[SectionSpec, str]]:
    specs = Policy.plan_spec if draft.plan else MODELS[kind].spec
    for spec in specs:
        yield spec, to_markdown(draft.sections.get(spec.key, []))
    if specs:
        return
    for heading, blocks in draft.sections.items() or [("第一条", [])]:
        plain = _ATTRIBUTE.sub(r"\1“\3”", authoring.clean(heading)).translate(_BRACKETS)
        yield SectionSpec(key="", heading=plain, help="这一条规定什么。"), to_markdown(blocks)


def _accepted(text: str, kind: Kind, settings: Settings) -> str:
    """The text with lines changed that the reader would take for something else."""
    for turn in range(_ROUNDS):
        reading = read_document(text.encode(), "", kind, settings)
        wrong = {problem.line for problem in reading.problems if problem.code in _MENDED}
        if not wrong:
            break
        lines = text.split("\n")
        for number in wrong:
            lines[number - 1] = _defused(lines[number - 1], turn)
        text = "\n".join(lines)
    return text


def _defused(line: str, turn: int) -> str:
    """A line that begins no section, holds no HTML and names no audience; its words stay."""
    plain = line if turn == 0 else _bare(line)
    plain = _ATTRIBUTE.sub(r"\1“\3”", _TAG.sub(r"〈\1〉", plain))
    plain = plain.translate(_BRACKETS).replace("![", "!\\[")
    if plain != line and turn == 0:
        return plain
    heading = re.match(r"#{3,}\s+(.*)", plain)
    if heading:
        return f"原文：{heading[1]}"
    marks = _MARKS.match(plain)
    at = marks.end() if marks else 0
    return f"{plain[:at]}原文：{plain[at:]}"


def _bare(line: str) -> str:
    """A line in usual letters, without marks above or below them."""
    plain = unicodedata.normalize("NFKC", line)
    return "".join(c for c in plain if unicodedata.category(c) != "Mn" and c not in "\u115f\u1160")


def _missing(text: str) -> Iterator[str]:
    """Keys and headings below which something is to be filled in."""
    front, _, body = text.removeprefix("---\n").partition("\n---\n")
    key = ""
    found: dict[str, None] = {}
    for line in front.split("\n"):
        if named := re.match(r"([a-z_]+):", line):
            key = named[1]
        if FILL in line:
            found[key] = None
    for line in body.split("\n"):
        if line.startswith("## "):
            key = line[3:].split(" {")[0]
        if FILL in line:
            found[key] = None
    yield from found


def place_of(text: str, at: int) -> str:
    """The heading or the title of the key where a character of a document stands.

    Args:
        text: the whole document.
        at: the character.
    """
    before = text[: text.find("\n", at)].split("\n")
    in_body = at > text.find("\n---\n")
    for line in reversed(before):
        if in_body and line.startswith(("## ", f"### {APPENDIX}")):
            return line.lstrip("# ").split(" {")[0]
        if not in_body and (key := re.match(r"([a-z_]+):", line)):
            return title_of(key[1])
    return ""
