"""Where documents point to others: what the checks on links walk over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from casebook.checks.context import Context
from casebook.checks.latest import kept_for_latest
from casebook.checks.places import line_at
from casebook.documents import Case, Citation, Faq, Policy, Section
from casebook.library import MARKDOWN_LINK, Library, Source
from casebook.problems import Problem
from casebook.rules import Rule
from casebook.settings import WITHDRAWN_FILE
from casebook.validation import nearest

_ADDRESS = re.compile(r"\]\(\s*+<?(?P<address>[^\s()<>]*+)")
# Where a link may lead: out of the library, or to a document of it.
_KNOWN = re.compile(
    r"https?://.+|mailto:.+|tel:.+|(?:case|faq|policy)(?:-[a-z0-9]+)+(?:#[a-z0-9]+)?"
)


@dataclass(frozen=True)
class Link:
    """A pointer from one document to another.

    Attributes:
        source: where it stands.
        line: in the source's file.
        target: the document's id, and the article's key if it names one.
        section: the section it stands in; None for front matter.
    """

    source: Source
    line: int
    target: Citation
    section: Section | None = None

    def missing(self, context: Context) -> tuple[str, str]:
        """What is wrong with a link that does not resolve, and what to write instead."""
        name, article = self.target.policy, self.target.article
        found = context.library.sources.get(name)
        if found:
            keys = "、".join(section.key for section in found.document.sections)
            return f"{name} 没有 #{article} 这一条。", f"这一篇有：{keys}。"
        if name in context.unreadable:
            path = context.unreadable[name]
            return f"{name} 现在不能用：{path} 有错误。", "先改好那个文件，链接不用动。"
        if name in context.withdrawn:
            instead = context.instead_of(name, self.source.document.audience)
            hint = f"改指 {' 或 '.join(instead)}。" if instead else "去掉，或者改指别的一篇。"
            return f"{name} 已撤下，见 {WITHDRAWN_FILE}。", hint
        kind = name.partition("-")[0]
        alike = nearest(name, (i for i in context.library.sources if i.startswith(kind)), 75)
        guess = f"是不是 {alike}？" if alike else "改成知识库里有的编号，或者去掉。"
        return f"知识库里没有 {name}。", guess

    def problem(self, rule: Rule, message: str, hint: str) -> Problem:
        """A problem of this link."""
        section = self.section.key if self.section else ""
        return rule.problem(self.source.path, self.line, message, hint, section=section)

    def resolves(self, library: Library) -> bool:
        """Whether the target, with its article, is in the library."""
        found = library.sources.get(self.target.policy)
        if found is None:
            return False
        return (
            self.target.article is None or found.document.section(self.target.article) is not None
        )


@kept_for_latest
def body_links(source: Source) -> Iterator[Link]:
    """The links in a document's text."""
    for section in source.document.sections:
        for match in MARKDOWN_LINK.finditer(section.text):
            target = Citation(policy=match["id"], article=match["article"])
            yield Link(source, line_at(source, section, match.start()), target, section)


def strange_addresses(source: Source) -> Iterator[tuple[int, str]]:
    """Line and address of links in a document's text that lead to nothing known."""
    for section in source.document.sections:
        for match in _ADDRESS.finditer(section.text):
            if not _KNOWN.fullmatch(match["address"]):
                yield line_at(source, section, match.start()), match["address"]


def front_links(source: Source) -> Iterator[Link]:
    """The FAQ entries and policies that front matter names, other than citations."""
    document = source.document
    names: tuple[str, ...] = ()
    key = ""
    if isinstance(document, Case):
        key, names = "faq", document.faq
    elif isinstance(document, Policy):
        key, names = "supersedes", document.supersedes
    for number, name in enumerate(names):
        line = source.lines.get(f"{key}.{number}", 1)
        yield Link(source, line, Citation(policy=name))


def replacements(source: Source) -> Iterator[Link]:
    """What front matter says to read once the document has ended."""
    document = source.document
    names = document.replaced_by if isinstance(document, Faq | Policy) else ()
    for number, name in enumerate(names):
        line = source.lines.get(f"replaced_by.{number}", 1)
        yield Link(source, line, Citation(policy=name))


def citations(source: Source) -> Iterator[Link]:
    """What a document rests on."""
    for number, citation in enumerate(source.document.policies):
        yield Link(source, source.lines.get(f"policies.{number}", 1), citation)
