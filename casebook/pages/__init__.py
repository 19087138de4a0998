"""A View → the pages of its site, as canonical Markdown.

Headings are Markdown (they make the table of contents); everything else is HTML that has been
cleaned already, so that the site builder interprets nothing that an author wrote. Titles are
escaped here because the builder's templates do not escape.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

from pypinyin import lazy_pinyin

from casebook.documents import Case, Document, Faq, Kind, Policy, Section, Standing
from casebook.library import View
from casebook.markup import link_documents, plain_text

_MARKDOWN = re.compile(r"[\\`*_{}\[\]#|~^=<>&\"']")
_NOT_ASCII = re.compile(r"[^a-z0-9]+")
_DESCRIPTION = 120
# How many documents of one subject a kind's index shows; the subject's page has them all.
_SHOWN = 30
_EMPTY = "<p>还没有内容。</p>"


@dataclass(frozen=True)
class Page:
    """A page of the site.

    Attributes:
        path: its address under the site's root: empty for the first page, else ending in ``/``.
        title: as plain text.
        body: canonical Markdown, without the title.
        description: one plain sentence for search engines; may be empty.
        toc: whether the page has a table of contents.
        trail: where the page stands, as HTML above the title; may be empty.
        kind: what sort of page it is; the theme may lay it out differently.
        section: the address of the navigation's entry that it belongs to.
        data: what the page says, for programs: the JSON beside it.
    """

    path: str
    title: str
    body: str
    description: str = ""
    toc: bool = True
    trail: str = ""
    kind: str = "list"
    section: str = ""
    data: Mapping[str, object] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """Its staged file.

        Every page is the index of a folder of its own, so that links relative to the file and to
        the page are the same: builders that rewrite links have nothing to do.
        """
        return f"{self.path}index.md"

    def text(self) -> str:
        """The whole file."""
        meta = {
            "title": html.escape(self.title),
            "description": html.escape(self.description),
            "cb": {"kind": self.kind, "section": self.section, "toc": self.toc},
        }
        front = json.dumps(meta, ensure_ascii=False)
        parts = (f"---\n{front}\n---", self.trail, _heading(1, self.title, "top"), self.body)
        return "\n\n".join(part for part in parts if part) + "\n"


@dataclass(frozen=True)
class Draft:
    """A page that is made when it is needed.

    Attributes:
        path: as the page's.
        key: changes whenever the page would; empty for a page that is to be made every time.
        make: makes it.
    """

    path: str
    key: str
    make: Callable[[], Page]


@dataclass(frozen=True)
class NavEntry:
    """A line of the navigation: what it says, and the address under the site's root."""

    title: str
    path: str


def page_url(document: Document, anchor: str = "") -> str:
    """A document's page, relative to the site's root."""
    return f"{document.kind.folder}/{document.id}/{'#' + anchor if anchor else ''}"


def markdown_text(text: str) -> str:
    """Plain text as Markdown that means just that text.

    Character references, because builders do not agree on what a backslash escapes.
    """
    return _MARKDOWN.sub(lambda match: f"&#{ord(match[0])};", text)


def _heading(level: int, text: str, anchor: str) -> str:
    return f"{'#' * level} {markdown_text(text)} {{#{anchor}}}"


def subject_slug(view: View, subject: str) -> str:
    """The ASCII name of a subject's page, from its first part."""
    return _slugs(tuple(view.settings.taxonomy.subjects))[subject.partition("/")[0]]


def subject_anchor(view: View, subject: str) -> str:
    """The anchor of a subject on its page."""
    return f"s-{_slugs(view.settings.taxonomy.subject_paths)[subject]}"


@lru_cache(maxsize=64)
def _slugs(names: tuple[str, ...]) -> Mapping[str, str]:
    """Names → their pinyin in ASCII; those that sound alike are numbered."""
    slugs: dict[str, str] = {}
    taken: Counter[str] = Counter()
    for name in names:
        slug = _NOT_ASCII.sub("-", "-".join(lazy_pinyin(name)).lower()).strip("-") or "x"
        taken[slug] += 1
        slugs[name] = slug if taken[slug] == 1 else f"{slug}--{taken[slug]}"
    return slugs


def view_pages(view: View) -> Iterator[Page]:
    """All pages made from a view: documents, and the indexes that lead to them."""
    yield _home(view)
    yield _subjects(view)
    for subject in view.settings.taxonomy.subjects:
        yield _subject(view, subject)
    for kind in _kinds(view):
        yield _kind(view, kind)
    if view.of(Kind.CASE):
        yield _levels(view)
    if view.settings.glossary.terms:
        yield _glossary(view)
    for document in view.documents:
        yield _document(document, view)


def navigation(view: View) -> tuple[NavEntry, ...]:
    """Index pages only, so that no page grows with the library."""
    entries = [
        NavEntry("首页", ""),
        NavEntry("按业务", "subjects/"),
        *(NavEntry(kind.label, f"{kind.folder}/") for kind in _kinds(view)),
    ]
    if view.of(Kind.CASE):
        entries.append(NavEntry("案例按级别", "levels/"))
    if view.settings.glossary.terms:
        entries.append(NavEntry("术语", "glossary/"))
    return tuple(entries)


def _kinds(view: View) -> list[Kind]:
    """The kinds that the view holds, in the order of reading."""
    return [kind for kind in (Kind.FAQ, Kind.CASE, Kind.POLICY) if view.of(kind)]


# ---- documents ------------------------------------------------------------------------------


def _document(document: Document, view: View) -> Page:
    answer = document.section("answer")
    parts = [_notice(document, view)]
    if isinstance(document, Faq) and answer:
        parts.append(_answer(answer, document, view))
    parts.append(_facts(document, view))
    parts += [_section(s, document, view) for s in document.sections if s is not answer]
    parts += [
        _rests_on(document, view),
        _superseded(document, view),
        _cited_by(document, view),
        _selection(document, view),
    ]
    first = answer or document.sections[0]
    return Page(
        path=page_url(document),
        kind=document.kind.value,
        section=f"{document.kind.folder}/",
        title=document.title,
        body="\n\n".join(part for part in parts if part),
        description=plain_text(first.html).replace("\n", " ")[:_DESCRIPTION],
        toc=not isinstance(document, Faq),
        trail=_document_trail(document, view),
    )


def _document_trail(document: Document, view: View) -> str:
    links = [("首页", "../../"), (document.kind.label, "../")]
    if document.subject:
        parent, _, child = document.subject.partition("/")
        page = f"../../subjects/{subject_slug(view, parent)}/"
        links.append((parent, page))
        if child:
            links.append((child, f"{page}#{subject_anchor(view, document.subject)}"))
    return _trail(*links)


def _trail(*links: tuple[str, str]) -> str:
    """Where a page stands; the builder has no breadcrumbs for pages outside the navigation."""
    shown = " › ".join(f'<a href="{url}">{_esc(text)}</a>' for text, url in links)
    return f'<nav class="cb-trail" aria-label="位置">{shown}</nav>'


def _notice(document: Document, view: View) -> str:
    """A bar above a document that does not hold."""
    standing = document.standing(view.on)
    if standing is Standing.CURRENT:
        return ""
    when = (
        f"{document.effective_from_or_none} 起生效"
        if standing is Standing.UPCOMING
        else f"{document.effective_until_or_none} 已失效"
    )
    return (
        f'<div class="cb-notice cb-notice--{standing.value}" role="note">'
        f"<strong>{standing.label}</strong>"
        f" {when}，不能照此答复。最后核准 {document.approved_on}，问 {_esc(document.owner)}。</div>"
    )


def _answer(section: Section, faq: Faq, view: View) -> str:
    """The unified answer; one that does not hold looks different and cannot be copied."""
    current = faq.standing(view.on) is Standing.CURRENT
    kind = "cb-answer" if current else "cb-answer cb-answer--past"
    button = '<button class="cb-copy" type="button" aria-live="polite" hidden>复制答复</button>'
    return (
        f'<section class="{kind}" aria-label="{_esc(section.heading)}" id="{section.anchor}">'
        f'<div class="cb-answer__text">{_html(section, view)}</div>'
        f"{button if current else ''}</section>"
    )


def _section(section: Section, document: Document, view: View) -> str:
    internal = view.internal and section.audience != document.audience
    mark = f'<p class="cb-only">仅{_esc(view.audience.name)}，不对客户说</p>' if internal else ""
    cited = _article_cited(section, document, view)
    kind = "cb-section cb-section--internal" if internal else "cb-section"
    return (
        f"{_heading(2, section.heading, section.anchor)}\n\n"
        f'<div class="{kind}">{mark}\n{_html(section, view)}\n{cited}</div>'
    )


def _article_cited(section: Section, document: Document, view: View) -> str:
    """Who cites one article of a policy."""
    if not isinstance(document, Policy):
        return ""
    citing = view.citing(document.id, section.key)
    if not citing:
        return ""
    links = "".join(f"<li>{_link(other)}</li>" for other in citing)
    summary = f"<summary>被 {len(citing)} 篇引用</summary>"
    return f'<details class="cb-cited">{summary}<ul>{links}</ul></details>'


def _facts(document: Document, view: View) -> str:
    """The card of a document's facts."""
    rows = [*kind_facts(document), ("负责", document.owner), ("核准", str(document.approved_on))]
    if document.effective_from_or_none:
        until = document.effective_until_or_none or "长期"
        rows.append(("有效", f"{document.effective_from_or_none} 至 {until}"))
    if view.internal:
        rows.append(("复核", review_state(document, view.on, view.settings.review.due_soon)))
    if document.tags:
        rows.append(("标签", "、".join(document.tags)))
    rows.append(("编号", document.id))
    cells = "".join(f"<div><dt>{_esc(k)}</dt><dd>{_esc(v)}</dd></div>" for k, v in rows)
    return f'<dl class="cb-facts">{cells}</dl>'


def kind_facts(document: Document) -> list[tuple[str, str]]:
    """The facts that only one kind of document has, with their Chinese names, in order."""
    if isinstance(document, Case):
        author = [("编写", document.author)] if document.author else []
        return [
            ("级别", document.level),
            ("客户类型", "、".join(document.customer_types)),
            ("性质", f"{document.reason} · {document.manner}"),
            ("诉求", "、".join(document.needs)),
            ("渠道", document.channel),
            ("分析方法", document.method),
            ("发生", document.happened),
            *author,
        ]
    if isinstance(document, Policy):
        number = [("文号", document.number)] if document.number else []
        return [("效力", document.rank), ("制定机关", document.issuer), *number]
    return []


def review_state(document: Document, on: date, due_soon: int) -> str:
    """A document's review state on a day, in words.

    Args:
        document: with its review date.
        on: the day.
        due_soon: how many days before its date a review counts as near.
    """
    if document.review_by is None:
        return "未定"
    if on > document.review_by:
        return f"{document.review_by} 已过期，待复核"
    if on + timedelta(days=due_soon) >= document.review_by:
        return f"{document.review_by} 前，即将到期"
    return f"{document.review_by} 前"


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
    rows = "".join(f"<div><dt>{k}</dt><dd>{_esc(v)}</dd></div>" for k, v in reasons.items())
    return f'<details class="cb-selection"><summary>为什么选它</summary><dl>{rows}</dl></details>'


def _rests_on(document: Document, view: View) -> str:
    items = []
    for citation in document.policies:
        policy = view.get(citation.policy)
        if policy is None:
            continue
        section = policy.section(citation.article) if citation.article else None
        items.append(_link(policy, section))
    names = document.faq if isinstance(document, Case) else ()
    items += [_link(entry) for name in names if (entry := view.get(name))]
    return _related("依据与口径", "rests-on", items)


def _superseded(document: Document, view: View) -> str:
    """What a policy takes the place of, and what took its place."""
    if not isinstance(document, Policy):
        return ""
    older = [_link(policy) for name in document.supersedes if (policy := view.get(name))]
    newer = [
        _link(policy)
        for policy in view.of(Kind.POLICY)
        if isinstance(policy, Policy) and document.id in policy.supersedes
    ]
    parts = (_related("取代了", "supersedes", older), _related("已被取代", "superseded-by", newer))
    return "\n\n".join(part for part in parts if part)


def _cited_by(document: Document, view: View) -> str:
    return _related("引用本篇", "cited-by", [_link(other) for other in view.citing(document.id)])


def _related(heading: str, anchor: str, items: list[str]) -> str:
    if not items:
        return ""
    rows = "".join(f"<li>{item}</li>" for item in items)
    return f'{_heading(2, heading, anchor)}\n\n<ul class="cb-related">{rows}</ul>'


def _link(document: Document, section: Section | None = None) -> str:
    """A link from one document's page to another's."""
    title = f"{document.title} {section.heading}" if section else document.title
    url = f"../../{page_url(document, section.anchor if section else '')}"
    return f'<span class="cb-kind">{document.kind.label}</span> <a href="{url}">{_esc(title)}</a>'


def _html(section: Section, view: View) -> str:
    """A section's HTML with links to the pages of this site."""

    def address(name: str, article: str | None) -> str | None:
        target = view.get(name)
        if target is None:
            return None
        found = target.section(article) if article else None
        return f"../../{page_url(target, found.anchor if found else '')}"

    return link_documents(section.html, address)


# ---- indexes --------------------------------------------------------------------------------


def _home(view: View) -> Page:
    newest = _newest_first(view.documents)[:12]
    counts = "，".join(
        f'<a href="{kind.folder}/">{kind.label} {len(view.of(kind))} 篇</a>'
        for kind in _kinds(view)
    )
    body = (
        f'<p class="cb-lead">{counts or "还没有内容"}。按 {view.on} 有效的内容生成。</p>',
        _heading(2, "按业务找", "subjects"),
        _tiles(view, "subjects/"),
        _heading(2, "最近核准", "newest"),
        _list(newest, view, ""),
    )
    return Page("", view.audience.title, "\n\n".join(body), toc=False, kind="home")


def _subjects(view: View) -> Page:
    trail = _trail(("首页", "../"))
    return Page(
        "subjects/", "全部业务", _tiles(view, ""), toc=False, trail=trail, section="subjects/"
    )


def _tiles(view: View, up: str) -> str:
    counts = Counter(_subject_of(document) for document in view.documents)
    tiles = "".join(
        f'<li><a href="{up}{subject_slug(view, subject)}/">{_esc(subject)}</a>'
        f'<span class="cb-count">{counts[subject]} 篇</span>'
        f"<span>{_esc('、'.join(children))}</span></li>"
        for subject, children in view.settings.taxonomy.subjects.items()
    )
    return f'<ul class="cb-tiles">{tiles}</ul>'


def _subject(view: View, subject: str) -> Page:
    parts = []
    paths = (subject, *(f"{subject}/{c}" for c in view.settings.taxonomy.subjects[subject]))
    for path in paths:
        found = _newest_first(document for document in view.documents if document.subject == path)
        if found:
            heading = _heading(2, path.partition("/")[2] or path, subject_anchor(view, path))
            parts.append(f"{heading}\n\n{_list(found, view, '../../')}")
    return Page(
        f"subjects/{subject_slug(view, subject)}/",
        subject,
        "\n\n".join(parts) or _EMPTY,
        section="subjects/",
        trail=_trail(("首页", "../../"), ("全部业务", "../")),
    )


def _kind(view: View, kind: Kind) -> Page:
    """All documents of a kind by subject, policies by authority; newest first within."""
    taxonomy = view.settings.taxonomy
    names = taxonomy.ranks if kind is Kind.POLICY else tuple(taxonomy.subjects)
    groups: dict[str, list[Document]] = {name: [] for name in names}
    for document in view.of(kind):
        group = document.rank if isinstance(document, Policy) else _subject_of(document)
        groups.setdefault(group, []).append(document)
    parts = []
    for number, (name, found) in enumerate(groups.items(), 1):
        if not found:
            continue
        listed = _list(found[:_SHOWN], view, "../", show_kind=False)
        parts.append(f"{_heading(2, name, f'group-{number}')}\n\n{listed}")
        if len(found) > _SHOWN and kind is not Kind.POLICY:
            url = f"../subjects/{subject_slug(view, name)}/"
            parts.append(f'<p class="cb-more"><a href="{url}">全部 {len(found)} 篇</a></p>')
    body = "\n\n".join(parts) or _EMPTY
    path = f"{kind.folder}/"
    return Page(path, kind.label, body, trail=_trail(("首页", "../")), section=path)


def _subject_of(document: Document) -> str:
    """A document's subject without its second part."""
    return (document.subject or "").partition("/")[0]


def _levels(view: View) -> Page:
    parts = []
    for number, level in enumerate(view.settings.taxonomy.levels, 1):
        cases = [d for d in view.of(Kind.CASE) if isinstance(d, Case) and d.level == level]
        listed = _list(cases, view, "../", show_kind=False) or "<p>还没有这一级的案例。</p>"
        parts.append(f"{_heading(2, level, f'level-{number}')}\n\n{listed}")
    trail = _trail(("首页", "../"), ("案例", "../cases/"))
    return Page(
        "levels/", "案例按级别", "\n\n".join(parts) or _EMPTY, trail=trail, section="levels/"
    )


def _glossary(view: View) -> Page:
    rows = "".join(
        f"<div><dt>{_esc(term.term)}</dt><dd>{_esc(term.definition)}"
        + (
            f' <span class="cb-also">也说：{_esc("、".join(term.synonyms))}</span>'
            if term.synonyms
            else ""
        )
        + "</dd></div>"
        for term in sorted(view.settings.glossary.terms, key=lambda term: lazy_pinyin(term.term))
    )
    body = f'<dl class="cb-glossary">{rows}</dl>'
    return Page(
        "glossary/", "术语", body, toc=False, trail=_trail(("首页", "../")), section="glossary/"
    )


def _newest_first(documents: Iterable[Document]) -> list[Document]:
    return sorted(documents, key=lambda d: (-d.approved_on.toordinal(), d.id))


def _list(documents: Iterable[Document], view: View, up: str, *, show_kind: bool = True) -> str:
    """A list of documents on an index page; ``up`` leads to the site's root."""
    rows = "".join(_row(document, view, up, show_kind) for document in documents)
    kind = "cb-list" if show_kind else "cb-list cb-list--plain"
    return f'<ul class="{kind}">{rows}</ul>' if rows else ""


def _row(document: Document, view: View, up: str, show_kind: bool) -> str:
    kind = f'<span class="cb-kind">{document.kind.label}</span>' if show_kind else ""
    standing = document.standing(view.on)
    state = (
        f' <span class="cb-state cb-state--{standing.value}">{standing.label}</span>'
        if standing is not Standing.CURRENT
        else ""
    )
    url = f"{up}{page_url(document)}"
    return (
        f'<li>{kind}<span class="cb-list__title"><a href="{url}">{_esc(document.title)}</a>'
        f'{state}</span><span class="cb-list__owner">{_esc(document.owner)}</span>'
        f'<time class="cb-list__date">{document.approved_on}</time></li>'
    )


def _esc(text: str) -> str:
    return html.escape(text)
