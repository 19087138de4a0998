"""A page of a View → what it says in the words of schema.org, as JSON-LD within the page.

Only the narrowest audience's site has it: the other sites are for the company's own people, and
nothing that reads such markup gets there. What does not hold is not marked up either.

Sources: https://schema.org/FAQPage, /Question, /Answer, /Article, /BreadcrumbList, /WebSite, and
the properties that Google asks for, https://developers.google.com/search/docs/appearance/
structured-data/faqpage, /article, /breadcrumb (its FAQ results are for few sites; the markup is for
whatever program reads the page).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

from casebook.addresses import FROM_DOCUMENT, document_path, site_url
from casebook.documents import Case, Document, Faq, Policy, Standing
from casebook.library import View
from casebook.page_data import Values, answer_html
from casebook.trust import trust_of

# Longer headlines are cut by those who show them.
_HEADLINE = 110
# No text can end the script element or open a comment in it; the same JSON without these marks.
_ESCAPED = {ord(mark): f"\\u{ord(mark):04x}" for mark in "<>&\u2028\u2029"}


def document_markup(document: Document, view: View, above: Sequence[tuple[str, str]]) -> str:
    """The markup of a document's page: FAQPage for a FAQ entry, else Article; and the way to it.

    Args:
        document: one of the view's.
        view: whose site it is.
        above: the pages above it as the page itself shows them: title, and path under the root.

    Returns:
        A script element that no browser runs; empty where the page has no markup.
    """
    if not view.public or document.standing(view.on) is not Standing.CURRENT:
        return ""
    page = _faq_page(document, view) if isinstance(document, Faq) else _article(document, view)
    return _script([page, _breadcrumbs(view, (*above, (document.title, document_path(document))))])


def site_markup(view: View) -> str:
    """The markup of the first page; empty where the site has no markup."""
    if not view.public:
        return ""
    return _script([_site(view) | {"publisher": _company(view), **_language(view)}])


def _faq_page(faq: Faq, view: View) -> Values:
    answer = {"@type": "Answer", "text": answer_html(faq, view)}
    question = {"@type": "Question", "name": faq.title, "acceptedAnswer": answer}
    return {"@type": "FAQPage", "name": faq.title, **_about(faq, view), "mainEntity": [question]}


def _article(document: Document, view: View) -> Values:
    # A law is not the company's work; whoever issued it is its author. Never a person.
    issuer = document.issuer if isinstance(document, Policy) else None
    author = {"@type": "Organization", "name": issuer} if issuer else _company(view)
    published = document.written if isinstance(document, Case) else document.effective_from_or_none
    return {
        "@type": "Article",
        "headline": document.title[:_HEADLINE],
        "articleSection": document.subject or document.kind.label,
        "author": author,
        **_published(published, document),
        **_about(document, view),
    }


def _published(day: date | None, document: Document) -> Values:
    """When it was first out; left out where that would be after its last change."""
    known = day is not None and day <= document.approved_on
    return {"datePublished": day.isoformat()} if day and known else {}


def _about(document: Document, view: View) -> Values:
    """What the markup of every document says."""
    url = site_url(view, document_path(document), FROM_DOCUMENT)
    until = trust_of(document, view).valid_until
    subject = {"about": {"@type": "Thing", "name": document.subject}} if document.subject else {}
    return {
        "@id": url,
        "url": url,
        **_language(view),
        "dateModified": document.approved_on.isoformat(),
        **({"expires": until.isoformat()} if until else {}),
        **subject,
        **({"keywords": list(document.tags)} if document.tags else {}),
        "publisher": _company(view),
        "isPartOf": _site(view, FROM_DOCUMENT),
        # The same page for programs, as JSON.
        "encoding": {
            "@type": "MediaObject",
            "contentUrl": f"{url}index.json" if view.audience.url else "index.json",
            "encodingFormat": "application/json",
        },
    }


def _breadcrumbs(view: View, steps: Sequence[tuple[str, str]]) -> Values:
    items = [
        {
            "@type": "ListItem",
            "position": position,
            "name": name,
            "item": site_url(view, path, FROM_DOCUMENT),
        }
        for position, (name, path) in enumerate(steps, 1)
    ]
    return {"@type": "BreadcrumbList", "itemListElement": items}


def _site(view: View, root: str = "") -> Values:
    return {"@type": "WebSite", "name": view.audience.title, "url": site_url(view, "", root)}


def _company(view: View) -> Values:
    return {"@type": "Organization", "name": view.settings.library.company}


def _language(view: View) -> Values:
    return {"inLanguage": view.settings.library.language}


def _script(things: list[Values]) -> str:
    value = {"@context": "https://schema.org", "@graph": things}
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPED)
    return f'<script type="application/ld+json">{text}</script>'
