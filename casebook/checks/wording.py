"""Everything that a library's articles say about words, and where its documents use them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from casebook.checks import phrases
from casebook.checks.folding import Matcher, fold
from casebook.checks.phrases import Phrase, Use
from casebook.checks.speech import Role, role_at
from casebook.documents import Faq, Policy, Section
from casebook.library import Library, Source
from casebook.settings import SETTINGS_FILE


@dataclass(frozen=True)
class Found:
    """A phrase in a document.

    Attributes:
        phrase: the phrase.
        section: where it is used.
        start: its first character in the section's text.
        end: behind its last character.
        role: what the place is: said to customers, quoted, the author's own.
    """

    phrase: Phrase
    section: Section
    start: int
    end: int
    role: Role

    @property
    def text(self) -> str:
        """The words as the document has them."""
        return self.section.text[self.start : self.end]

    @property
    def is_outcome(self) -> bool:
        """Whether a case's author tells with it how the case ended."""
        return self.role is Role.OWN and self.section.key == "outcome"

    @property
    def around(self) -> tuple[str, str]:
        """What stands before it and after it in its sentence."""
        text = self.section.text
        start = max(text.rfind(mark, 0, self.start) for mark in _SENTENCE) + 1
        ends = (text.find(mark, self.end) for mark in _SENTENCE)
        end = min((place for place in ends if place >= 0), default=len(text))
        return text[start : self.start], text[self.end : end]


@dataclass(frozen=True)
class Fault:
    """An article that the settings name and that gives nothing to check with.

    Attributes:
        path: the policy's file; the settings' where there is no such policy.
        line: in that file.
        key: the setting that names it.
        article: as the settings write it.
        reason: what is wrong, in Chinese.
    """

    path: str
    line: int
    key: str
    article: str
    reason: str


# In one section: who repeats a word more often than that need not read of each time.
_MOST = 200
_SENTENCE = "。！？；\n”“"
# What each setting's articles must give, in words for those who write them.
_FORMS = {
    "forbidden": "禁语：列表的每一项以“引号里的话”开头",
    "avoided": "要避免的词：写成“不说”“少用”或“不单独使用”，后面紧接引号里的词",
    "reserved": "要确认才能说的词：表格要有“说法”和“谁能说”两列，后一列写明由谁确认",
    "owed": "客户应得的款项：列表里加粗的词，以及“不写成”后面引号里的词",
}


@dataclass
class Wording:
    """What a library's articles say about words.

    Attributes:
        library: the library; the settings' ``check.wording`` names the articles.
        faults: what is wrong with those articles.
        things: what customers are owed.
    """

    library: Library
    faults: list[Fault] = field(default_factory=list)
    things: list[Phrase] = field(default_factory=list)
    _latest: tuple[Source, list[Found]] | None = None
    _entries: dict[str, Matcher[Sequence[tuple[Source, Phrase]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._phrases = [phrase for key in _FORMS for phrase in self._read_all(key)]
        self._matcher = Matcher((phrase.text, phrase) for phrase in self._phrases)
        self._lists = set(self.library.settings.check.wording.forbidden)

    def found(self, source: Source, *uses: Use) -> Iterator[Found]:
        """The phrases of some uses in a document, in order."""
        # The rules ask for the same document one after the other.
        if self._latest is None or self._latest[0] is not source:
            self._latest = source, list(self._find(source))
        return (found for found in self._latest[1] if found.phrase.use in uses)

    def forbidden_by_entries(
        self, source: Source, section: Section
    ) -> Iterator[tuple[int, int, Sequence[tuple[Source, Phrase]]]]:
        """What a section says that entries of the same subject forbid: start, end, who forbids."""
        subject = source.document.subject or ""
        if subject not in self._entries:
            self._entries[subject] = self._matcher_of(subject)
        yield from self._entries[subject].find(section.text)

    def is_founded(self, source: Source, word: str) -> bool:
        """Whether a document rests on an article that somebody else made and that has a word."""
        for citation in source.document.policies:
            policy = self.library.sources.get(citation.policy)
            rule = policy.document if policy else None
            if not isinstance(rule, Policy) or rule.issuer == self.library.settings.library.company:
                continue
            cited = (s for s in rule.sections if citation.article in (None, s.key))
            if any(word in s.text for s in cited):
                return True
        return False

    def _find(self, source: Source) -> Iterator[Found]:
        document = source.document
        for section in document.sections:
            for start, end, phrase in islice(self._matcher.find(section.text), _MOST):
                listed = f"{document.id}#{section.key}" in self._lists
                role = role_at(document, section, start, listed)
                yield Found(phrase, section, start, end, role)

    def _matcher_of(self, subject: str) -> Matcher[Sequence[tuple[Source, Phrase]]]:
        by_text: dict[str, list[tuple[Source, Phrase]]] = defaultdict(list)
        for source in self._by_subject.get(subject, ()):
            if section := source.document.section("forbidden"):
                for phrase in phrases.listed(section.text, source.document.title)[0]:
                    by_text[fold(phrase.text)].append((source, phrase))
        return Matcher(by_text.items())

    @cached_property
    def _by_subject(self) -> Mapping[str, list[Source]]:
        entries: dict[str, list[Source]] = defaultdict(list)
        for source in self.library.sources.values():
            if isinstance(source.document, Faq):
                entries[source.document.subject].append(source)
        return entries

    def _read_all(self, key: str) -> Iterator[Phrase]:
        for article in getattr(self.library.settings.check.wording, key):
            yield from self._read(key, article)

    def _read(self, key: str, article: str) -> list[Phrase]:
        """The phrases of an article that the settings name; what is wrong with it is a fault."""
        name, _, section_key = article.partition("#")
        source = self.library.sources.get(name)
        section = source.document.section(section_key) if source else None
        if source is None or section is None:
            reason = f"没有{'这一条' if source else '这篇政策，或者它有错误'}"
            self.faults.append(Fault(SETTINGS_FILE, 1, key, article, reason))
            return []
        origin = f"《{source.document.title}》{section.heading.split()[0]}"
        found, first = self._phrases_of(key, section, origin)
        line = source.lines.get(f"{section.key}.text", 1)
        if not found:
            reason = f"读不出{_FORMS[key]}"
            self.faults.append(Fault(source.path, line, key, article, reason))
        for number in first:
            reason = "这一项不是以引号里的话开头"
            self.faults.append(Fault(source.path, line + number, key, article, reason))
        return found

    def _phrases_of(
        self, key: str, section: Section, origin: str
    ) -> tuple[list[Phrase], list[int]]:
        """The phrases of an article, and the lines of items that could not be read."""
        if key == "forbidden":
            return phrases.listed(section.text, origin)
        if key == "owed":
            things, names = phrases.owed(section.text, origin)
            self.things += things
            return names if things else [], []
        read = phrases.avoided if key == "avoided" else phrases.reserved
        return read(section.text, origin), []
