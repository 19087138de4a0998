"""A document of a View → what its page says, as JSON for programs.

``docs/site-data.md`` describes every key. A change that could break a reader raises ``FORMAT``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from casebook.addresses import FROM_DOCUMENT, document_path, linked_html, site_url
from casebook.documents import Case, Citation, Document, Faq, Policy, Section, Withdrawal
from casebook.fields import OWN, shown_fields
from casebook.library import View
from casebook.markup import plain_text
from casebook.trust import WITHDRAWN, trust_of

FORMAT = 1
# A policy may be cited by thousands; the page has them all.
MOST_CITING = 50
# Said elsewhere in the data, or, the similar questions, made for searching and shown nowhere.
_NO_FACTS = {"similar", "effective_from", "effective_until", "faq", "supersedes", "replaced_by"}

Values = dict[str, object]


def document_data(document: Document, view: View) -> Values:
    """What the page of a document says.

    It does not tell on which day it was made: it changes only when the page does.

    Args:
        document: one of the view's.
        view: whose site it is.

    Returns:
        Plain values for JSON; a key without anything to say is left out.
    """
    return {
        "format": FORMAT,
        "status": "published",
        "id": document.id,
        "kind": document.kind.value,
        "title": document.title,
        "url": site_url(view, document_path(document), FROM_DOCUMENT),
        "language": view.settings.library.language,
        **_filled(subject=document.subject, tags=list(document.tags)),
        "standing": document.standing(view.on).value,
        "trust": trust_of(document, view).data(),
        **_filled(facts=_facts(document, view)),
        **_answer(document, view),
        "sections": [
            _section(section, document, view)
            for section in document.sections
            if not _is_answer(section, document)
        ],
        **_relations(document, view),
    }


def gone_data(withdrawal: Withdrawal, view: View) -> Values:
    """What the page of something withdrawn says: that it is gone, since when, where to go now.

    Args:
        withdrawal: one of the view's.
        view: whose site it is.
    """
    new = (document for name in withdrawal.replaced_by if (document := view.get(name)))
    return {
        "format": FORMAT,
        "status": "withdrawn",
        "id": withdrawal.id,
        "kind": withdrawal.kind.value,
        "url": site_url(view, withdrawal.kind.address(withdrawal.id), FROM_DOCUMENT),
        "language": view.settings.library.language,
        "trust": dict(WITHDRAWN),
        "withdrawn_on": withdrawal.on.isoformat(),
        **_filled(subject=withdrawal.subject),
        "replaced_by": _references(new, view),
    }


def answer_html(faq: Faq, view: View) -> str:
    """A unified answer as clean HTML; its links lead to pages of the site."""
    section = faq.section("answer")
    return linked_html(section.html, view) if section else ""


def answer_text(faq: Faq) -> str:
    """A unified answer as it is spoken: plain text, one line a paragraph."""
    section = faq.section("answer")
    return plain_text(section.html) if section else ""


def _is_answer(section: Section, document: Document) -> bool:
    return isinstance(document, Faq) and section.key == "answer"


def _answer(document: Document, view: View) -> Values:
    if not isinstance(document, Faq):
        return {}
    return {"answer_text": answer_text(document), "answer_html": answer_html(document, view)}


def _section(section: Section, document: Document, view: View) -> Values:
    values: Values = {
        "key": section.key,
        "heading": section.heading,
        "anchor": section.anchor,
        "text": plain_text(section.html),
    }
    # As the page marks it: not to be said to customers.
    internal = view.internal and section.audience != document.audience
    return values | ({"internal": True} if internal else {})


def _facts(document: Document, view: View) -> Values:
    """The facts that only one kind of document has."""
    fields = shown_fields(document, view)
    names = (name for name in OWN[document.kind] if name not in _NO_FACTS)
    return {name: fields[name] for name in names if fields.get(name)}


def _relations(document: Document, view: View) -> Values:
    citing = view.citing(document.id)
    entries = document.faq if isinstance(document, Case) else ()
    older = document.supersedes if isinstance(document, Policy) else ()
    return {
        "rests_on": list(_rests_on(document.policies, view)),
        **_filled(
            answers=_references(filter(None, map(view.get, entries)), view),
            cited_by=_references(citing[:MOST_CITING], view),
            cited_by_count=len(citing),
            supersedes=_references(filter(None, map(view.get, older)), view),
            replaced_by=_references(view.replacing(document.id), view),
        ),
    }


def _rests_on(citations: Iterable[Citation], view: View) -> Iterator[Values]:
    for citation in citations:
        policy = view.get(citation.policy)
        if policy is None:
            continue
        article = policy.section(citation.article) if citation.article else None
        named = {"article": article.key, "heading": article.heading} if article else {}
        yield _reference(policy, view, citation.article) | named


def _references(documents: Iterable[Document], view: View) -> list[Values]:
    return [_reference(document, view) for document in documents]


def _reference(document: Document, view: View, article: str | None = None) -> Values:
    return {
        "id": document.id,
        "kind": document.kind.value,
        "title": document.title,
        "url": site_url(view, document_path(document, article), FROM_DOCUMENT),
    }


def _filled(**values: object) -> Values:
    """The values that say something."""
    return {name: value for name, value in values.items() if value}
