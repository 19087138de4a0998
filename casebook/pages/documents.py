"""The page of a document, and what of it changes when other documents do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from casebook.digests import bytes_digest
from casebook.documents import Case, Document, Faq, Policy, Section, Standing
from casebook.library import View
from casebook.markup import DOCUMENT_LINK, link_documents, plain_text
from casebook.page_data import MOST_CITING, document_data
from casebook.pages.facts import (
    kind_facts,
    last_day,
    review_state,
    shows_customer_types,
    trust_box,
    until_words,
)
from casebook.pages.page import (
    HOME,
    Crumb,
    Draft,
    Page,
    dated,
    escaped,
    heading,
    linked,
    page_url,
    trail,
)
from casebook.pages.products import product_path
from casebook.pages.site import Link, Site, link_to
from casebook.pages.subjects import subject_path
from casebook.structured import document_markup

_DESCRIPTION = 120
# How many of those that cite one article are named under it.
_CITING_ARTICLE = 20
_UP = "../../"


class Cited(NamedTuple):
    """Who cites a document or one of its articles.

    Attributes:
        article: its key; empty for the document as a whole.
        times: how many do.
        first: those that are named.
    """

    article: str
    times: int
    first: tuple[Link, ...]


@dataclass(frozen=True)
class Around:
    """What a document's page shows of other pages: whatever of it changes without its document.

    Attributes:
        crumbs: the pages above it.
        rests_on: policies, articles and, of a case, FAQ entries.
        supersedes: what a policy takes the place of.
        replaced_by: what holds instead.
        cited_by: who cites it.
        by_article: who cites each article of a policy.
        products: what it is about.
        related: what else to read.
        named: where links in its text lead; empty for those that lead nowhere.
    """

    crumbs: tuple[Crumb, ...]
    rests_on: tuple[Link, ...]
    supersedes: tuple[Link, ...]
    replaced_by: tuple[Link, ...]
    cited_by: Cited
    by_article: tuple[Cited, ...]
    products: tuple[Crumb, ...]
    related: tuple[Link, ...]
    named: tuple[str, ...]


def document_draft(document: Document, site: Site) -> Draft:
    """A document's page, to be made when its key has changed."""
    around = _around(document, site)
    parts = (
        site.stamp,
        document.digest,
        site.trust(document).badge.value,
        _review(document, site.view),
        until_words(document, site.view.on),
        json.dumps(vars(around), ensure_ascii=False),
    )
    key = bytes_digest("\0".join(parts).encode())
    return Draft(page_url(document), key, partial(_document, document, site, around))


def cited_path(document: Document) -> str:
    """The list of all that cite a document, for those that many cite."""
    return f"{page_url(document)}cited/"


def _around(document: Document, site: Site) -> Around:
    view = site.view
    older = document.supersedes if isinstance(document, Policy) else ()
    entries = document.faq if isinstance(document, Case) else ()
    newer = [other.id for other in view.replacing(document.id)]
    citing = [other.id for other in view.citing(document.id)]
    shown = {
        document.id,
        *(citation.policy for citation in document.policies),
        *older,
        *entries,
        *newer,
        *citing,
    }
    return Around(
        crumbs=tuple(_crumbs(document, view)),
        rests_on=(*_citations(document, site), *site.links(entries)),
        supersedes=site.links(older),
        replaced_by=site.links(newer),
        cited_by=Cited("", len(citing), site.links(citing[:MOST_CITING])),
        by_article=tuple(_by_article(document, site)),
        products=tuple(
            (product.term.term, product_path(product, view))
            for product in site.products_named.get(document.id, ())
        ),
        related=site.links(other.id for other in site.related.to(document, shown)),
        named=tuple(_named(document, view)),
    )


def _named(document: Document, view: View) -> Iterator[str]:
    for section in document.sections:
        for match in DOCUMENT_LINK.finditer(section.html):
            yield _address(match["id"], match["article"], view) or ""


def _address(name: str, article: str | None, view: View) -> str | None:
    """Where a link in a text leads, under the site's root; None where the view has no such."""
    target = view.get(name)
    if target is None:
        return None
    found = target.section(article) if article else None
    return page_url(target, found.anchor if found else "")


def _crumbs(document: Document, view: View) -> Iterator[Crumb]:
    yield HOME
    yield document.kind.label, f"{document.kind.folder}/"
    if document.subject:
        parent, _, child = document.subject.partition("/")
        yield parent, subject_path(view, parent)
        if child:
            yield child, subject_path(view, document.subject)


def _citations(document: Document, site: Site) -> Iterator[Link]:
    for citation in document.policies:
        policy = site.view.get(citation.policy)
        section = policy.section(citation.article) if policy and citation.article else None
        link = link_to(policy, section) if policy and section else site.link(citation.policy)
        if link:
            yield link


def _by_article(document: Document, site: Site) -> Iterator[Cited]:
    for section in document.sections if isinstance(document, Policy) else ():
        citing = site.view.citing(document.id, section.key)
        if citing:
            first = site.links(other.id for other in citing[:_CITING_ARTICLE])
            yield Cited(section.key, len(citing), first)


def _review(document: Document, view: View) -> str:
    if not view.internal:
        return ""
    return review_state(document, view.on, view.settings.review.due_soon)


# ---- the page -------------------------------------------------------------------------------


def _document(document: Document, site: Site, around: Around) -> Page:
    view = site.view
    answer = document.section("answer") if isinstance(document, Faq) else None
    rests_on = _rests_on_in_short(document, view)
    until = until_words(document, view.on)
    trust = trust_box(document, site.trust(document), _review(document, view), rests_on, until)
    facts = _facts(document, view, around)
    parts = [
        _notice(document, view, around),
        _opening(_answer(answer, document, view) if answer else "", trust, facts),
        *(_section(s, document, view, around) for s in document.sections if s is not answer),
        _list(_rests_on_title(document), "rests-on", around.rests_on),
        _list("取代了", "supersedes", around.supersedes),
        _list("已被取代", "superseded-by", around.replaced_by),
        _cited_by(document, around),
        _selection(document, view),
        _list("相关内容", "related", around.related),
        document_markup(document, view, around.crumbs),
    ]
    first = answer or document.sections[0]
    return Page(
        path=page_url(document),
        kind=document.kind.value,
        section=f"{document.kind.folder}/",
        title=document.title,
        body="\n\n".join(part for part in parts if part),
        description=_description(first, document, view),
        toc=answer is None,
        trail=trail(page_url(document), *around.crumbs),
        data=document_data(document, view),
    )


def _rests_on_title(document: Document) -> str:
    return "依据与统一口径" if isinstance(document, Case) and document.faq else "依据"


def _description(first: Section, document: Document, view: View) -> str:
    """The start of what a document says; that it does not hold stands before it."""
    standing = document.standing(view.on)
    state = "" if standing is Standing.CURRENT else f"{standing.label}："
    return f"{state}{plain_text(first.html)}".replace("\n", " ")[:_DESCRIPTION].strip()


def _notice(document: Document, view: View, around: Around) -> str:
    """A bar above a document that does not hold."""
    standing = document.standing(view.on)
    if standing is Standing.CURRENT:
        return ""
    when = (
        f"{document.effective_from_or_none} 起生效"
        if standing is Standing.UPCOMING
        else f"{document.effective_until_or_none} 已失效"
    )
    links = "、".join(linked(link.title, _UP + link.path) for link in around.replaced_by)
    return (
        f'<div class="cb-notice cb-notice--{standing.value}" role="note">'
        f"<strong>{standing.label}</strong>"
        f" {dated(when)}，不能照此答复。{f'现在看：{links}。' if links else ''}"
        f"最后核准 <time>{document.approved_on}</time>，问 {escaped(document.owner)}。</div>"
    )


def _opening(answer: str, trust: str, facts: str) -> str:
    """What everybody looks at first: the answer and, beside it, how far to trust it."""
    if not answer:
        return f"{trust}\n\n{facts}"
    return f'<div class="cb-opening">{answer}\n\n{trust}\n\n{facts}</div>'


def _answer(section: Section, document: Document, view: View) -> str:
    """The unified answer; one that does not hold looks different and cannot be copied."""
    current = document.standing(view.on) is Standing.CURRENT
    kind = "cb-answer" if current else "cb-answer cb-answer--past"
    until = last_day(document) if current else ""
    button = '<button class="cb-copy" type="button" aria-live="polite" hidden>复制答复</button>'
    name = f'aria-label="{escaped(section.heading)}" id="{section.anchor}"'
    return (
        f'<section class="{kind}" {name}{until}>'
        f'<div class="cb-answer__text">{section_html(section, view, _UP)}</div>'
        f"{button if current else ''}</section>"
    )


def _section(section: Section, document: Document, view: View, around: Around) -> str:
    internal = view.internal and section.audience != document.audience
    mark = f'<p class="cb-only">仅{escaped(view.audience.name)}，不对客户说</p>' if internal else ""
    cited = _article_cited(section, document, around)
    kind = "cb-section cb-section--internal" if internal else "cb-section"
    return (
        f"{heading(2, section.heading, section.anchor)}\n\n"
        f'<div class="{kind}">{mark}\n{section_html(section, view, _UP)}\n{cited}</div>'
    )


def _article_cited(section: Section, document: Document, around: Around) -> str:
    """Who cites one article of a policy."""
    cited = next((one for one in around.by_article if one.article == section.key), None)
    if cited is None:
        return ""
    links = "".join(f"<li>{_linked(link)}</li>" for link in cited.first)
    # Whoever cites an article cites the document: its list has them all.
    left = cited.times - len(cited.first)
    more = f"<li>另有 {left} 篇，见 {linked('引用本篇', '#cited-by')}</li>" if left else ""
    summary = f"<summary>被 {cited.times} 篇引用</summary>"
    return f'<details class="cb-cited">{summary}<ul>{links}{more}</ul></details>'


def _cited_by(document: Document, around: Around) -> str:
    cited = around.cited_by
    listed = _list("引用本篇", "cited-by", cited.first)
    if cited.times > len(cited.first):
        more = linked(f"全部 {cited.times} 篇", _UP + cited_path(document))
        listed += f'\n\n<p class="cb-more">{more}</p>'
    return listed


def _facts(document: Document, view: View, around: Around) -> str:
    """The card of a document's facts."""
    facts = kind_facts(document, customer_types=shows_customer_types(view))
    rows = [(name, escaped(value)) for name, value in facts]
    if around.products:
        links = "、".join(linked(name, _UP + path) for name, path in around.products)
        rows.append(("产品", links))
    if document.tags:
        rows.append(("标签", escaped("、".join(document.tags))))
    rows.append(("编号", document.id))
    cells = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in rows)
    return f'<dl class="cb-facts">{cells}</dl>'


def _rests_on_in_short(document: Document, view: View) -> str:
    policies = [policy for one in document.policies if (policy := view.get(one.policy))]
    if not policies:
        return ""
    count = f"等 {len(policies)} 条" if len(policies) > 1 else ""
    return linked(policies[0].title + count, "#rests-on")


def _selection(document: Document, view: View) -> str:
    """Why a case was chosen, for those who write and review cases."""
    if not isinstance(document, Case) or not view.internal:
        return ""
    reasons = {
        "目的性": document.purpose,
        "典型性": document.typicality,
        "时效性": document.timeliness,
        "可行性": document.feasibility,
    }
    rows = "".join(f"<div><dt>{k}</dt><dd>{escaped(v)}</dd></div>" for k, v in reasons.items())
    return f'<details class="cb-selection"><summary>为什么选它</summary><dl>{rows}</dl></details>'


def _list(title: str, anchor: str, links: Iterable[Link]) -> str:
    rows = "".join(f"<li>{_linked(link)}</li>" for link in links)
    return f'{heading(2, title, anchor)}\n\n<ul class="cb-related">{rows}</ul>' if rows else ""


def _linked(link: Link) -> str:
    return f'<span class="cb-kind">{link.kind}</span> {linked(link.title, _UP + link.path)}'


def section_html(section: Section, view: View, root: str) -> str:
    """A section's HTML with links to the pages of this site.

    Args:
        section: of a document of the view.
        view: whose site.
        root: the way from the page to the site's root.
    """

    def address(name: str, article: str | None) -> str | None:
        found = _address(name, article, view)
        return None if found is None else root + found

    return link_documents(section.html, address)
