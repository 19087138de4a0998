"""An entry → a Draft: its kind, its keys, its sections, and what has no place among them."""

from __future__ import annotations

import re

from casebook.documents import MAX_LINE, MODELS, Kind, Policy
from casebook.importing.blocks import (
    Block,
    Entry,
    Span,
    cleaned,
    from_lines,
    lost_links,
    paragraph,
    shifted,
)
from casebook.importing.drafts import Draft
from casebook.importing.kinds import article, kind_of, questions
from casebook.importing.labels import form_rows, is_form, label_of, pairs
from casebook.importing.values import find_date, parse, parse_subject, split_similar
from casebook.importing.vocabulary import (
    REMARK,
    SIGNATURES,
    Meaning,
    meaning,
    numbering,
    plan_section,
)
from casebook.settings import Settings

_CHAPTER = re.compile(r"第\s*[0-9零一二三四五六七八九十百]+\s*[章节编](?:\s|$)|附\s*则$")
_IN_FORCE = re.compile(r"自([^，。；]{6,20}?)起(?:施行|执行|实施|生效)")
_TITLE_LENGTH = 60
_ARTICLE_TITLE = 30
_ENDED = re.compile("停用|失效|下线|禁用|作废|已关闭|未启用|否|未生效|草稿|待审")
# Where a text goes that no label divides.
MAIN_SECTION = {Kind.CASE: "details", Kind.FAQ: "answer", Kind.POLICY: "要点一"}


def main_heading(kind: Kind) -> str:
    """The heading of the section that a document of a kind is read for; empty for policies."""
    return next((s.heading for s in MODELS[kind].spec if s.key == MAIN_SECTION[kind]), "")


def recognise(entry: Entry, settings: Settings, fallback: Kind | None) -> list[Draft]:
    """The drafts of an entry: one, or one a question where it holds questions and answers.

    Args:
        entry: what a converter gave.
        settings: the taxonomy.
        fallback: the kind where it cannot be told.
    """
    return [
        _Recogniser(one, kind_of(one) or ("", fallback or _usual(one)), settings).read()
        for one in questions(cleaned(entry))
    ]


def _usual(entry: Entry) -> Kind | None:
    """What an entry is where neither its names nor the user tell."""
    return Kind.FAQ if entry.page else None


class _Recogniser:
    """Goes through an entry once and fills a draft."""

    def __init__(self, entry: Entry, kind: tuple[str, Kind | None], settings: Settings) -> None:
        self.entry = entry
        self.settings = settings
        self.draft = Draft(entry.place, kind[1], bool(kind[0]), entry.title)
        self.kind = kind[1]
        # Where text goes now: a section's key, ``=key`` for a key, empty for no place.
        self.current = "answer" if entry.faq else ""
        self.started = entry.faq
        # The title is only the first line of the text.
        self.guessed = False
        # Text that no name divides: neither a value nor below a name.
        self.free: list[Block] = []
        self.kept: list[Block] = []
        self.subjects: list[tuple[str, str]] = []
        # How the headings of the sections look: their level, and the form of their number.
        self.levels: set[int] = set()
        self.numbers: set[str] = set()

    def read(self) -> Draft:
        """The draft."""
        draft = self.draft
        for name, value in self.entry.fields:
            self._field(name, value)
        for block in self.entry.blocks:
            if self.kind is Kind.POLICY and not draft.plan:
                self._policy_block(block)
            else:
                self._block(block)
        self._end_key()
        self._finish_subject()
        self._finish_title()
        if not any(draft.sections.values()) and self.kind:
            self._undivided(self.kind)
        if self.kind is Kind.POLICY:
            self._in_force()
        aside = (*self.entry.aside, *lost_links(self.entry.blocks))
        draft.extra += [paragraph(text) for text in aside]
        return draft

    def _block(self, block: Block) -> None:
        if block.kind == "table" and is_form(block):
            self._form(block)
            return
        label = label_of(block)
        known = self._meaning(label[0]) if label else None
        if label and known and self._opens(block, label, known):
            self._open(block, label, known)
        elif self._pairs(block):
            return
        elif not self.started and not self.current.startswith("="):
            self._before(block)
        elif self._leaves(block):
            self._end_key()
            self.current = ""
            self.draft.notes.append(f"“{_short(block.text)}”不是规定的段落，放进附注")
            self.draft.extra.append(block)
        else:
            self._add(block)

    def _meaning(self, label: str) -> Meaning | None:
        if self.draft.plan:
            section = plan_section(label)
            return Meaning(Kind.POLICY, section) if section else meaning(label, self.kind)
        return meaning(label, self.kind)

    def _opens(self, block: Block, label: tuple[str, int], known: Meaning) -> bool:
        """Whether a name opens its part here, or is only a word of the text."""
        name, rest = label
        whole = rest >= len(block.text)
        marked = block.kind == "heading" or block.bold or bool(numbering(name))
        if known.key == REMARK:
            return marked or not whole
        if known.section:
            return marked or not self.draft.sections.get(known.section)
        if known.key in ("title", "status"):
            return False
        return whole and marked

    def _open(self, block: Block, label: tuple[str, int], known: Meaning) -> None:
        name, rest = label
        self._end_key()
        self.started = True
        if block.kind == "heading":
            self.levels.add(block.level)
        self.numbers |= {numbering(name)} - {""}
        if known.key == REMARK:
            # What is written for colleagues is never part of what customers hear.
            self.current = ""
            self.draft.extra.append(block)
            return
        self.current = known.section or f"={known.key}"
        self.label = name
        if known.section:
            self._into(name, known.section)
        if rest < len(block.text):
            self._add(shifted(block, rest))

    def _into(self, name: str, section: str) -> None:
        """Text of that name goes on into a section; a second name stays as a small heading."""
        self.draft.placed.append((name, self._heading(section)))
        if self.draft.sections.setdefault(section, []):
            self.draft.sections[section].append(Block("heading", (Span(name),), 6))

    def _heading(self, section: str) -> str:
        specs = Policy.plan_spec if self.draft.plan else MODELS[self.kind].spec if self.kind else ()
        return next((spec.heading for spec in specs if spec.key == section), section)

    def _add(self, block: Block) -> None:
        if self.current.startswith("="):
            self.kept.append(block)
        elif self.current:
            self.draft.sections.setdefault(self.current, []).append(block)
        else:
            self.draft.extra.append(block)

    def _end_key(self) -> None:
        """The text below a heading that names a key was its value."""
        if self.current.startswith("="):
            value = "\n".join(block.text for block in self.kept)
            if value:
                self._field(self.label, value)
            self.kept, self.current = [], ""

    def _leaves(self, block: Block) -> bool:
        """Whether a heading stands beside those of the sections, and so ends the last one."""
        if block.kind == "heading":
            return bool(self.levels) and block.level <= min(self.levels)
        form = numbering(block.text)
        return bool(form) and form in self.numbers and len(block.text) <= _ARTICLE_TITLE

    def _before(self, block: Block) -> None:
        """Text before the first section: the title, or nothing that has a place."""
        text = " ".join(block.text.split())
        if text == self.draft.title:
            return
        titled = block.kind in ("heading", "paragraph") and len(text) <= _TITLE_LENGTH
        if titled and not self.draft.title and not self.draft.extra:
            self.draft.title, self.guessed = text, True
        else:
            self._free(block)

    def _free(self, block: Block) -> None:
        self.free.append(block)
        self.draft.extra.append(block)

    def _form(self, block: Block) -> None:
        for label, value in form_rows(block):
            if label:
                self._field(label, value)
                continue
            for part in from_lines(value):
                self._block(part)

    def _pairs(self, block: Block) -> bool:
        """Takes the values of a line that is nothing but names and values."""
        if block.kind not in ("paragraph", "item", "heading"):
            return False
        found = pairs(block.text)
        inside = self.started and not self.current.startswith("=")
        if not found or (inside and any(key not in SIGNATURES for _, _, key in found)):
            return False
        for name, value, _ in found:
            self._field(name, value)
        return True

    def _field(self, name: str, value: str) -> None:
        """A name with its value: a section, a key, or nothing that has a place."""
        known = self._meaning(name)
        if not value.strip():
            return
        if known and known.section:
            self.started, self.current = True, known.section
            self._into(name, known.section)
            self.draft.sections[known.section] += _content(value)
        elif known and known.key == "title":
            self._title_field(name, value)
        elif known and known.key == "subject" and self.kind is not None:
            self.subjects.append((name, value))
        elif known and known.key == "similar" and self.kind is Kind.FAQ:
            self._similar(name, value)
        elif known and known.key == "status":
            self._status(name, value)
        elif known and self.kind and known.key in MODELS[self.kind].model_fields:
            self._key(name, known.key, value)
        else:
            self._no_place(name, value, known)

    def _no_place(self, name: str, value: str, known: Meaning | None) -> None:
        content = _content(value)
        if known and known.key == "author":
            self.draft.names.append(value.strip())
        if len(content) == 1 and content[0].kind == "paragraph":
            blocks = [paragraph(f"{name}：{content[0].text}")]
        else:
            blocks = [paragraph(f"{name}："), *content]
        self.draft.extra += blocks
        if any(name == column for column, _ in self.entry.fields):
            self.draft.columns.setdefault(name, []).extend(blocks)

    def _title_field(self, name: str, value: str) -> None:
        words = " ".join(value.split())
        if not self.draft.title or self.guessed:
            if self.guessed and self.draft.title != words:
                self.draft.extra.insert(0, paragraph(self.draft.title))
            self.draft.title, self.guessed = words, False
            self.draft.placed.append((name, "title"))
        elif words != self.draft.title:
            self._no_place(name, value, None)

    def _similar(self, name: str, value: str) -> None:
        known = self.draft.keys.setdefault("similar", [])
        asked = [one for one in split_similar(value) if one != self.draft.title]
        long = [one for one in asked if len(one) > MAX_LINE]
        if isinstance(known, list):
            known += [one for one in asked if one not in known and one not in long]
        for one in long:
            self._no_place(name, one, None)
        self.draft.placed.append((name, "similar"))

    def _status(self, name: str, value: str) -> None:
        self.draft.placed.append((f"{name}：{value}", "没有对应的键"))
        if _ENDED.search(value):
            self.draft.keys.setdefault("effective_until", "")
            self.draft.notes.append(
                f"来源的{name}是“{value}”：不再用就写失效日期，还没用就先不要写入"
            )
            self._no_place(name, value, None)

    def _key(self, name: str, key: str, value: str) -> None:
        parsed = parse(key, value, self.settings)
        if parsed.note:
            self.draft.notes.append(parsed.note)
        if parsed.value is None or key in self.draft.keys:
            self._no_place(name, value, Meaning(key=key))
            return
        if parsed.value:
            self.draft.keys[key] = parsed.value
        elif key == "effective_until":
            self.draft.endless = True
        if parsed.rest:
            self._no_place(name, parsed.rest, None)
        shown = parsed.value if isinstance(parsed.value, str) else "、".join(parsed.value)
        self.draft.placed.append((f"{name}：{value}", f"{key}: {shown}"))

    def _finish_subject(self) -> None:
        if not self.subjects:
            return
        names = "、".join(name for name, _ in self.subjects)
        text = "/".join(value for _, value in self.subjects)
        parsed = parse_subject(text, self.settings.taxonomy)
        if parsed.note:
            self.draft.notes.append(parsed.note)
        if isinstance(parsed.value, str):
            self.draft.keys["subject"] = parsed.value
            self.draft.placed.append((f"{names}：{text}", f"subject: {parsed.value}"))
        else:
            for name, value in self.subjects:
                self._no_place(name, value, None)

    def _finish_title(self) -> None:
        draft = self.draft
        theme = draft.sections.get("theme", [])
        if not draft.title and len(theme) == 1 and len(theme[0].text) <= _TITLE_LENGTH:
            draft.title = " ".join(theme[0].text.split())
        if len(draft.title) > MAX_LINE:
            draft.extra.insert(0, paragraph(f"原来的标题：{draft.title}"))
            draft.notes.append(f"标题超过 {MAX_LINE} 字，截短了，全文在附注里")
            draft.title = draft.title[:MAX_LINE]

    def _undivided(self, kind: Kind) -> None:
        """No name divides the text: all of it goes into the section that holds most.

        What stands under a name, or in a table alone, does not: it may not be for customers.
        """
        draft = self.draft
        section = "situation" if draft.plan else MAIN_SECTION[kind]
        if any(block.kind != "table" for block in self.free):
            moved = {id(block) for block in self.free}
            draft.extra = [block for block in draft.extra if id(block) not in moved]
            draft.sections[section] = self.free
            draft.notes.append(f"没有认出段落，全文放在“{self._heading(section)}”里")

    def _policy_block(self, block: Block) -> None:
        match = article(block)
        heading = f"第{match[1]}条" if match else ""
        if match and not any(key.split(" ")[0] == heading for key in self.draft.sections):
            self.started = True
            self._open_article(block, heading, match[2].strip())
        elif match:
            self.draft.notes.append(f"{heading}出现了两次，第二次的放进附注")
            self.current = ""
            self.draft.extra.append(block)
        elif _CHAPTER.match(block.text):
            self._free(block)
        elif not self.started:
            self._block(block)
        else:
            self._add(block)

    def _open_article(self, block: Block, heading: str, rest: str) -> None:
        short = len(rest) <= _ARTICLE_TITLE and not re.search(r"[。；：，,;:]", rest)
        if rest and (block.kind == "heading" or block.bold or short):
            self.current = f"{heading} {' '.join(rest.split())}"
            self.draft.sections[self.current] = []
            return
        self.current = heading
        self.draft.sections[heading] = []
        if rest:
            at = re.match(r"第\s*\S+?\s*条[\s:：、.]*", block.text)
            self._add(shifted(block, at.end() if at else 0))

    def _in_force(self) -> None:
        """When a policy says since when it holds."""
        text = "".join(block.text for blocks in self.draft.sections.values() for block in blocks)
        found = {find_date(match[1]) for match in _IN_FORCE.finditer(text)} - {None}
        if len(found) == 1 and "effective_from" not in self.draft.keys:
            day = str(found.pop())
            self.draft.keys["effective_from"] = day
            self.draft.placed.append(("正文里的施行日期", f"effective_from: {day}"))


def _content(value: str) -> list[Block]:
    return list(from_lines(value))


def _short(text: str) -> str:
    return text if len(text) <= _ARTICLE_TITLE else f"{text[:_ARTICLE_TITLE]}…"
