"""What an entry is, told from the names in it: a case, a FAQ entry, a policy, or many questions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from casebook.documents import ID_PATTERN, Kind, article_key
from casebook.importing.blocks import Block, Entry, from_lines, shifted
from casebook.importing.labels import form_rows, label_of
from casebook.importing.vocabulary import meanings, plan_section

_ARTICLE = re.compile(
    r"第\s*([0-9]{1,4}|[零〇一二两三四五六七八九十百千]+)\s*条(?!之)(?:[\s:：、.]+|(?=\S))(.*)",
    re.DOTALL,
)
_QUESTION = re.compile(r"(?:问题?\s*\d{0,3}|Q\s*\d{0,3})\s*[:：、.．]\s*(?=\S)")
_ANSWER = re.compile(r"(?:答案?|答复|A)\s*\d{0,3}\s*[:：、.．]\s*")
_FEW = 2
_PLAN_LEAST = 3


def questions(entry: Entry) -> Iterator[Entry]:
    """The questions of a text that is a list of them: 问：…… 答：…… ."""
    blocks = [line for block in entry.blocks for line in _lines(block)]
    starts = [i for i, block in enumerate(blocks) if _QUESTION.match(block.text)]
    answers = sum(bool(_ANSWER.match(block.text)) for block in blocks)
    known = kind_of(entry)
    # A case may tell what was asked and answered.
    if not starts or answers < len(starts) or (known and known[1] is not Kind.FAQ):
        yield entry
        return
    before = tuple(block.text for block in blocks[: starts[0]])
    ends = [*starts[1:], len(blocks)]
    for number, (start, end) in enumerate(zip(starts, ends, strict=True), 1):
        yield replace(
            entry,
            place=f"{entry.place}第 {number} 问",
            title=_QUESTION.sub("", blocks[start].text, count=1).strip(),
            blocks=tuple(_answer(blocks[start + 1 : end])),
            faq=True,
            aside=(*entry.aside, *before) if number == 1 else (),
        )


def _lines(block: Block) -> Iterator[Block]:
    """The lines of a paragraph that holds a question and its answer."""
    lines = block.text.split("\n")
    if block.kind == "paragraph" and any(_ANSWER.match(line) for line in lines[1:]):
        yield from from_lines(block.text)
    else:
        yield block


def _answer(blocks: list[Block]) -> Iterator[Block]:
    """What follows a question, without the word before the answer."""
    first = True
    for block in blocks:
        match = _ANSWER.match(block.text)
        yield shifted(block, match.end()) if match and first else block
        first = first and not match


def kind_of(entry: Entry) -> tuple[str, Kind] | None:
    """What an entry is, with ``plan`` before it when it is a plan; None when it cannot be told."""
    if entry.faq:
        return "", Kind.FAQ
    if kinds := {value.partition("-")[0] for name, value in entry.fields if _is_id(name, value)}:
        return ("plan" if _is_plan(entry) else ""), Kind(kinds.pop())
    articles = sum(bool(article(block)) for block in entry.blocks)
    labels = list(_labels(entry))
    found = {(m.kind, m.section) for label in labels for m in meanings(label) if m.section}
    case = sum(kind is Kind.CASE for kind, _ in found)
    faq = sum(kind is Kind.FAQ for kind, _ in found)
    plan = len({plan_section(label) for label in labels} - {None})
    if plan >= _PLAN_LEAST and plan > max(case, faq):
        return "plan", Kind.POLICY
    if articles >= _FEW and max(case, faq) <= articles:
        return "", Kind.POLICY
    if case >= _FEW and case >= faq:
        return "", Kind.CASE
    return ("", Kind.FAQ) if (Kind.FAQ, "answer") in found else None


def _is_id(name: str, value: str) -> bool:
    """Whether a field is the id of a document of this library, which tells its kind."""
    known = any(meaning.key == "id" for meaning in meanings(name))
    return known and bool(ID_PATTERN.fullmatch(value))


def _is_plan(entry: Entry) -> bool:
    return len({plan_section(label) for label in _labels(entry)} - {None}) >= _PLAN_LEAST


def _labels(entry: Entry) -> Iterator[str]:
    """Everything in an entry that may be the name of a part."""
    for name, _ in entry.fields:
        yield name
    for block in entry.blocks:
        if block.kind == "table":
            yield from (label for label, _ in form_rows(block) if label)
        elif label := label_of(block):
            yield label[0]


def article(block: Block) -> re.Match[str] | None:
    """The number and the text of an article that a block begins; None when it begins none."""
    if block.kind == "table":
        return None
    text = unicodedata.normalize("NFKC", block.text) if block.kind != "code" else ""
    match = _ARTICLE.match(text)
    return match if match and article_key(f"第{match[1]}条") else None
