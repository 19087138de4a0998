"""Which documents are about which product: the names of the glossary, found in what they say."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from casebook.documents import Document, Faq
from casebook.library import View
from casebook.pages.subjects import slugs
from casebook.settings import Term

# What more than one in so many documents name is no way to find one of them; but few are a list.
_SHARE, _FEW = 3, 10


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
    """The products of a view that documents name, but not most of them, in the glossary's order."""
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
    most = max(_FEW, len(view.documents) // _SHARE)
    return tuple(
        Product(term, tuple(about[term.term]), tuple(naming[term.term]))
        for term in terms
        if 0 < len(about[term.term]) + len(naming[term.term]) <= most
    )


def headline(document: Document) -> str:
    """What a document says that it is about: title, similar questions, tags; one a line."""
    similar = document.similar if isinstance(document, Faq) else ()
    return "\n".join((document.title, *similar, *document.tags))


def product_path(product: Product, view: View) -> str:
    """The address of a product's page."""
    names = tuple(term.term for term in view.settings.glossary.terms if term.product)
    return f"products/{slugs(names)[product.term.term]}/"
