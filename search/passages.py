"""A View → passages: the unit that is ranked.

A passage is one section of a document: the answer of a FAQ entry, the details of a case, an article
of a policy. Results are documents, each shown with its best passage.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from casebook.documents import Case, Document, Faq, Policy
from casebook.library import View
from casebook.markup import plain_text

# A policy with more articles is called by its first ones only: names stand in every passage.
MAX_ARTICLES = 40
KEYWORDS = ("kind", "category", "level", "customer_type")


@dataclass(frozen=True)
class Passage:
    """A piece of a document that can be found.

    Attributes:
        name: the section's key; unique in its document.
        anchor: where on the document's page it stands; empty for the top.
        heading: its own heading.
        body: its text.
    """

    name: str
    anchor: str
    heading: str
    body: str


@dataclass(frozen=True)
class Findable:
    """A document as it can be found.

    Attributes:
        document: the document.
        questions: what it is called, the title first: a FAQ entry's similar questions, a policy's
            articles.
        tags: further words for it.
        keywords: what it can be filtered by, values by name of ``KEYWORDS``.
        passages: its pieces, at least one.
    """

    document: Document
    questions: tuple[str, ...]
    tags: tuple[str, ...]
    passages: tuple[Passage, ...]
    keywords: dict[str, tuple[str, ...]] = field(default_factory=dict)


def findables(view: View) -> Iterator[Findable]:
    """Every document of a view as it can be found."""
    for document in view.documents:
        yield findable(document)


def findable(document: Document) -> Findable:
    """A document as it can be found."""
    return Findable(
        document,
        (document.title, *_other_questions(document)),
        document.tags,
        tuple(_passages(document)),
        _keywords(document),
    )


def _other_questions(document: Document) -> Iterator[str]:
    if isinstance(document, Faq):
        yield from document.similar
    if isinstance(document, Policy):
        for section in document.sections[:MAX_ARTICLES]:
            # The article's matter without its number: 第三条 首问负责 → 首问负责.
            yield section.heading.partition(" ")[2] or section.heading


def _passages(document: Document) -> Iterator[Passage]:
    for section in document.sections:
        # The answer stands under the question itself, not under the heading 统一答复.
        is_answer = isinstance(document, Faq) and section.key == "answer"
        anchor, heading = ("", document.title) if is_answer else (section.anchor, section.heading)
        yield Passage(section.key, anchor, heading, plain_text(section.html))


def _keywords(document: Document) -> dict[str, tuple[str, ...]]:
    keywords: dict[str, tuple[str, ...]] = {"kind": (document.kind.value,)}
    if document.subject:
        parent = document.subject.partition("/")[0]
        keywords["category"] = tuple(dict.fromkeys((parent, document.subject)))
    if isinstance(document, Case):
        keywords["level"] = (document.level,)
        keywords["customer_type"] = document.customer_types
    return keywords
