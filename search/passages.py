"""A View → passages: the unit that is ranked.

A passage is one question of a FAQ entry, one section of a case or one article of a policy.
Results are documents, each shown with its best passage.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from casebook.documents import Case, Document, Faq, Policy
from casebook.library import View
from casebook.markup import plain_text


@dataclass(frozen=True)
class Passage:
    """A piece of a document that can be found.

    Attributes:
        id: the document's id, a slash and the piece's name; unique in a view.
        document: the document's id.
        anchor: where on the document's page it stands; empty for the top.
        heading: its own question or heading.
        body: its text.
        names: what its whole document is called: title, similar questions, tags, articles.
        keywords: what it can be filtered by, as lists of terms by name.
    """

    id: str
    document: str
    anchor: str
    heading: str
    body: str
    names: str = ""
    keywords: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Everything that it is found by."""
        return f"{self.names}\n{self.heading}\n{self.body}"


def passages(view: View) -> Iterator[Passage]:
    """All passages of a view, document by document."""
    for document in view.documents:
        keywords = _keywords(document)
        names = _names(document)
        for name, anchor, heading, body in _pieces(document):
            yield Passage(
                f"{document.id}/{name}", document.id, anchor, heading, body, names, keywords
            )


def _pieces(document: Document) -> Iterator[tuple[str, str, str, str]]:
    """Name, anchor, heading and body of each passage."""
    if isinstance(document, Faq):
        answer = document.section("answer")
        yield "question", "", document.title, plain_text(answer.html) if answer else ""
        for number, question in enumerate(document.similar, 1):
            yield f"similar-{number}", "", question, ""
        for section in document.sections:
            if section.key != "answer":
                yield section.key, section.anchor, section.heading, plain_text(section.html)
        return
    for section in document.sections:
        yield section.key, section.anchor, section.heading, plain_text(section.html)


def _names(document: Document) -> str:
    """What a document is called; part of each of its passages, so that context counts."""
    names = [document.title, *document.tags]
    if isinstance(document, Faq):
        names += document.similar
    if isinstance(document, Policy):
        names += [section.heading for section in document.sections]
    return "\n".join(names)


def _keywords(document: Document) -> dict[str, tuple[str, ...]]:
    keywords: dict[str, tuple[str, ...]] = {"kind": (document.kind.value,)}
    if document.subject:
        parent = document.subject.partition("/")[0]
        keywords["category"] = tuple(dict.fromkeys((parent, document.subject)))
    if isinstance(document, Case):
        keywords["level"] = (document.level,)
        keywords["customer_type"] = document.customer_types
    return keywords
