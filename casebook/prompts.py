"""Asks an author the right questions before a document is begun.

The questions, their explanations and their choices are those of the JSON Schema, so they are the
library's own. Enter leaves a question open. Nothing is written here: what was answered goes to
:func:`casebook.authoring.new_document`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from pypinyin import Style, lazy_pinyin

from casebook.authoring import proposals
from casebook.documents import Document, Kind, article_key
from casebook.library import View
from casebook.schemas import front_matter_schema
from casebook.settings import Settings
from casebook.talking import Talk, confirmed, free_line, line
from casebook.validation import nearest

T = TypeVar("T")
_SHOWN = 9
_QUESTIONS: Mapping[Kind, tuple[str, ...]] = {
    Kind.CASE: (
        *("subject", "level", "customer_types", "reason", "manner", "needs", "channel", "method"),
        *("happened", "purpose", "typicality", "timeliness", "feasibility"),
        *("owner", "author", "audience", "policies", "faq", "written", "review_by"),
    ),
    Kind.FAQ: (
        *("similar", "subject", "owner", "audience", "policies"),
        *("effective_from", "effective_until", "review_by"),
    ),
    Kind.POLICY: (
        *("rank", "issuer", "number", "owner", "audience"),
        *("effective_from", "effective_until", "supersedes", "policies", "review_by"),
    ),
}
_TITLES = {
    Kind.CASE: "用一句话说出发生了什么；写出冲突，例如“降档办不了？营业厅一句话引来的申诉”",
    Kind.FAQ: "客户会怎样问？写成一句话，这就是标准问",
    Kind.POLICY: "它叫什么？",
}
# What is explained otherwise than in the model, whose words are for those who write files.
_EXPLAINED = {
    "policies": "依据哪一份政策、哪一条：打一个词，从找到的里面选；可以选几个。",
    "faq": "当时该用哪几条统一口径：打一个词，从找到的里面选；没有就回车。",
    "supersedes": "这一份取代哪几份政策：打一个词，从找到的里面选；没有就回车。",
    "similar": "客户的另几种说法，照客户的原话写；只用来检索，不显示。",
    "customer_types": "客户当时的样子，可以不止一种。",
    "needs": "客户真正想要的，可以不止一个。",
    "happened": "只到月，认不出是哪一位客户。",
    "written": "哪一天写成的。",
}
# How a free question ends.
_ENDINGS = {
    "purpose": "读后能够",
    "typicality": "代表哪一类、每月多少件",
    "timeliness": "谁现在用得上",
    "feasibility": "明天就能照做的",
    "author": "岗位，不写姓名",
    "issuer": "发布单位",
    "number": "文号，没有就回车",
}
# Which kind's documents a key names.
_NAMED = {"policies": Kind.POLICY, "supersedes": Kind.POLICY, "faq": Kind.FAQ}


def ask_title(kind: Kind, talk: Talk, settings: Settings) -> str:
    """Asks for a document's title until there is one that names nobody.

    Args:
        kind: what is begun.
        talk: where to ask.
        settings: say which values are no personal data.
    """
    talk.tell(_TITLES[kind])
    while True:
        title = free_line(talk, "标题", settings)
        if title:
            return title
        talk.tell("先要有标题，才有文件名和编号；不想写了就按 Ctrl+C。")


def interview(kind: Kind, view: View, talk: Talk) -> dict[str, str | tuple[str, ...]]:
    """Asks everything else about a document.

    Args:
        kind: what is begun.
        view: the widest audience's, for its terms, its documents and today's date.
        talk: where to ask.

    Returns:
        What was answered, by key of the front matter; what was left open is not in it.
    """
    asked = _Interview(kind, view, talk)
    talk.tell("\n一个一个问；回车跳过，以后在文件里补。不写任何个人信息。")
    answers = {key: asked.answer(key) for key in _QUESTIONS[kind]}
    return {key: value for key, value in answers.items() if value}


class _Interview:
    def __init__(self, kind: Kind, view: View, talk: Talk) -> None:
        self.view = view
        self.talk = talk
        self.keys = front_matter_schema(kind, view.settings)["properties"]
        self.proposals = proposals(kind, view.settings, view.on)

    def answer(self, key: str) -> str | tuple[str, ...]:
        """The answer to one key's question; empty when it was left open."""
        schema = self.keys[key]
        explained = _EXPLAINED.get(key, schema["description"])
        self.talk.tell(f"\n【{schema['title']}】{explained}")
        if key in _NAMED:
            return self._documents(_NAMED[key])
        if schema.get("type") == "array":
            items = schema["items"]
            return self._several(_terms(items)) if "enum" in items else self._lines(schema)
        if key == "subject":
            return self._subject()
        if key == "audience":
            return self._audience()
        if key == "owner":
            return self._owner()
        return self._one(_terms(schema)) if "enum" in schema else self._text(key, schema)

    def _text(self, key: str, schema: Mapping[str, Any]) -> str:
        """One line, a date or a month."""
        proposed = self.proposals.get(key, "")
        if schema.get("format") == "date":
            return self._parsed("日期", as_day, "写成 2026-03-01 这样的年-月-日", proposed)
        if "pattern" in schema:
            return self._parsed("月份", as_month, "写成 2026-03 这样的年-月", proposed)
        return self._free(_ENDINGS.get(key, schema["title"]), proposed)

    def _free(self, question: str, proposed: str = "") -> str:
        return free_line(self.talk, question, self.view.settings, proposed)

    def _one(self, shown: Sequence[str], known: Sequence[str] = ()) -> str:
        """One of the terms: by number, by a part of it, by its sound."""
        self._list(shown)
        while text := line(self.talk, "编号，或打几个字、拼音首字母"):
            found = matching(text, shown, known or shown)
            if len(found) == 1:
                self.talk.tell(f"  → {found[0]}")
                return found[0]
            shown = found or shown
            self._list(shown)
            self.talk.tell("有几个都像，请写编号。" if found else f"没有“{text}”，请再写一次。")
        return ""

    def _several(self, shown: Sequence[str]) -> tuple[str, ...]:
        self._list(shown)
        while text := line(self.talk, "编号，可以写几个，用空格隔开"):
            found = [matching(word, shown, shown) for word in re.split(r"[\s,，、;；]+", text)]
            if all(len(one) == 1 for one in found):
                chosen = tuple(dict.fromkeys(one[0] for one in found))
                self.talk.tell(f"  → {'、'.join(chosen)}")
                return chosen
            self.talk.tell(f"“{text}”里有不认识的，或者像好几个；请写编号。")
        return ()

    def _subject(self) -> str:
        """A subject: of the upper level first, then of the one below it."""
        subjects = self.view.settings.taxonomy.subjects
        chosen = self._one(list(subjects), self.view.settings.taxonomy.subject_paths)
        below = [f"{chosen}/{child}" for child in subjects.get(chosen, ())]
        return (self._one(below) or chosen) if below else chosen

    def _audience(self) -> str:
        audiences = self.view.settings.audiences
        known = [audience.id for audience in audiences]
        self._list([f"{audience.name}（{audience.id}）" for audience in audiences])
        while True:
            text = line(self.talk, "编号或名称", self.proposals["audience"])
            named = (one.id for one in audiences if text in (one.id, one.name))
            picked = next(named, None) or _numbered(text, known)
            if picked:
                return picked
            self.talk.tell(f"没有受众“{text}”；写 {' 或 '.join(known)}，或写编号。")

    def _owner(self) -> str:
        """Who answers for it: one of the library's owners, or a new one that is meant so."""
        known = sorted({document.owner for document in self.view.documents})
        self._list(known)
        question = "编号，或打几个字；新的班组写全名" if known else "班组或岗位"
        while text := self._free(question):
            found = fitting(text, known, known)
            if len(found) == 1:
                self.talk.tell(f"  → {found[0]}")
                return found[0]
            if found:
                self.talk.tell(f"有几个都像：{'、'.join(found)}；请写编号。")
            elif text.isdecimal():
                self.talk.tell(f"没有“{text}”号，请再写一次。")
            elif not known or self._is_new(text, known):
                return text
        return ""

    def _is_new(self, owner: str, known: Sequence[str]) -> bool:
        guess = nearest(owner, known)
        like = f"（和“{guess}”很像）" if guess else ""
        return confirmed(self.talk, f"库里还没有负责人“{owner}”{like}；就用它写 y，回车重选")

    def _lines(self, schema: Mapping[str, Any]) -> tuple[str, ...]:
        found: list[str] = []
        while text := self._free(f"第 {len(found) + 1} 句，空行结束"):
            if text in found:
                self.talk.tell("这一句已经写过了。")
            else:
                found.append(text)
        least = schema["minItems"]
        if len(found) < least:
            self.talk.tell(f"至少要 {least} 句，还差 {least - len(found)} 句，文件里留了空位。")
        return tuple(found)

    def _parsed(
        self, name: str, parse: Callable[[str], str | None], hint: str, proposed: str
    ) -> str:
        while text := line(self.talk, name, proposed):
            if value := parse(text):
                return value
            self.talk.tell(f"“{text}”不是{name}；{hint}。")
        return ""

    def _documents(self, kind: Kind) -> tuple[str, ...]:
        """Ids of documents, each found by a word; for policies with the article."""
        known = self.view.of(kind)
        names = {document.id: document for document in known}
        shown: list[Document] = []
        chosen: list[str] = []
        while text := line(self.talk, "打一个词来找，或写编号；空行结束"):
            picked = names.get(text) or _numbered(text, shown)
            if picked is None:
                shown = self._found(text, known)
                continue
            name = self._article(picked) if kind is Kind.POLICY else picked.id
            chosen.append(name)
            self.talk.tell(f"  → {name}  {picked.title}")
        return tuple(dict.fromkeys(chosen))

    def _found(self, text: str, known: Iterable[Document]) -> list[Document]:
        """Lists what a word finds, as far as a screen holds it; gives what was listed."""
        found = _finding(text, known)
        shown, more = found[:_SHOWN], len(found) - _SHOWN
        self._list([f"{document.id}  {document.title}" for document in shown])
        if not found:
            self.talk.tell(f"没有找到“{text}”；换一个词。")
        elif more > 0:
            self.talk.tell(f"还有 {more} 条，多打几个字。")
        return shown

    def _article(self, policy: Document) -> str:
        """A policy's id, with the article that is meant."""
        keys = {section.key: section.heading for section in policy.sections}
        self.talk.tell("\n".join(f"  {key}: {heading}" for key, heading in keys.items()))
        while text := line(self.talk, "第几条？写冒号前面的；回车就引用整篇"):
            key = text if text in keys else article_key(text)
            if key in keys:
                return f"{policy.id}#{key}"
            self.talk.tell(f"这一篇里没有“{text}”。")
        return policy.id

    def _list(self, shown: Iterable[str]) -> None:
        for number, one in enumerate(shown, 1):
            self.talk.tell(f"  {number:>2}. {one}")


def matching(text: str, shown: Sequence[str], known: Sequence[str]) -> list[str]:
    """What an author can have meant.

    Args:
        text: a number of the list, a part of a term, or how it sounds: syllables or first letters.
        shown: the terms as they were listed, for numbers.
        known: every term that may be named.

    Returns:
        One term when it is certain; several, or none, when it is not.
    """
    if found := fitting(text, shown, known):
        return found
    guess = nearest(text, known)
    return [guess] if guess else []


def fitting(text: str, shown: Sequence[str], known: Sequence[str]) -> list[str]:
    """As :func:`matching`, without what is only like the text."""
    if text in known:
        return [text]
    if numbered := _numbered(text, shown):
        return [numbered]
    for fits in (_written, _sounding):
        if found := [term for term in known if fits(text, term)]:
            return found
    return []


def as_day(text: str) -> str | None:
    """A date as people type it → ``2026-03-01``; None when it is none."""
    match = re.fullmatch(r"(\d{4})\s?[-./年]\s?(\d{1,2})\s?[-./月]\s?(\d{1,2})日?", text, re.ASCII)
    try:
        return str(date(*map(int, match.groups()))) if match else None
    except ValueError:
        return None


def as_month(text: str) -> str | None:
    """A month as people type it → ``2026-03``; None when it is none."""
    match = re.fullmatch(r"(\d{4})\s?[-./年]\s?(0?[1-9]|1[0-2])月?", text, re.ASCII)
    return f"{match[1]}-{int(match[2]):02}" if match else None


def _terms(schema: Mapping[str, Any]) -> list[str]:
    return [term for term in schema["enum"] if isinstance(term, str)]


def _numbered(text: str, shown: Sequence[T]) -> T | None:
    """What has that number in a list; None when the text is none."""
    number = int(text) if text.isdecimal() else 0
    return shown[number - 1] if 1 <= number <= len(shown) else None


def _written(text: str, term: str) -> bool:
    return text in term.rpartition("/")[2]


def _sounding(text: str, term: str) -> bool:
    leaf, typed = term.rpartition("/")[2], text.lower().replace(" ", "")
    initials = "".join(lazy_pinyin(leaf, style=Style.FIRST_LETTER)).lower()
    return initials.startswith(typed) or "".join(lazy_pinyin(leaf)).lower().startswith(typed)


def _finding(text: str, documents: Iterable[Document]) -> list[Document]:
    """The documents that a word finds: first those that are called so."""
    words = text.lower().split()
    found = [
        (not all(word in document.title.lower() for word in words), document)
        for document in documents
        if all(word in _names(document) for word in words)
    ]
    return [document for _, document in sorted(found, key=lambda one: one[0])]


def _names(document: Document) -> str:
    """What a document is called, and what its articles are."""
    headings = (section.heading for section in document.sections)
    similar = getattr(document, "similar", ())
    return "\n".join((document.id, document.title, *document.tags, *similar, *headings)).lower()
