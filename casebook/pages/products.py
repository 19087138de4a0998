"""Which documents are about which product: the names of the glossary, found in what they say."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from casebook.documents import Document, Faq
from casebook.library import View
from casebook.pages.subjects import slugs
from casebook.settings import Term


@dataclass(frozen=True)
class Product:
    """A product or brand, and the documents that speak of it.

    Attributes:
        term: its entry in the glossary.
        about: the documents whose title, similar questions or tags name it.
        naming: the other documents whose text does.
    """

    term: Term
    about: tuple[Document, ...]
    naming: tuple[Document, ...]


def products_of(view: View) -> tuple[Product, ...]:
    """The products of a view that any document names, in the glossary's order."""
    terms = [term for term in view.settings.glossary.terms if term.product]
    by_word = {word: term for term in terms for word in (term.term, *term.synonyms)}
    if not by_word:
        return ()
    # The longest name first: what is called 畅享套餐 is not 畅享 and something else.
    words = re.compile("|".join(map(re.escape, sorted(by_word, key=len, reverse=True))))
    about: dict[str, list[Document]] = defaultdict(list)
    naming: dict[str, list[Document]] = defaultdict(list)
    for document in view.documents:
        first = {by_word[word].term for word in words.findall(headline(document))}
        text = "\n".join(section.text for section in document.sections)
        for name in {by_word[word].term for word in words.findall(text)} - first:
            naming[name].append(document)
        for name in first:
            about[name].append(document)
    return tuple(
        Product(term, tuple(about[term.term]), tuple(naming[term.term]))
        for term in terms
        if about[term.term] or naming[term.term]
    )


def headline(document: Document) -> str:
    """What a document says that it is about: title, similar questions, tags; one a line."""
    similar = document.similar if isinstance(document, Faq) else ()
    return "\n".join((document.title, *similar, *document.tags))


def product_path(product: Product, view: View) -> str:
    """The address of a product's page."""
    names = tuple(term.term for term in view.settings.glossary.terms if term.product)
    return f"products/{slugs(names)[product.term.term]}/"
