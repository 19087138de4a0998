"""A View → a booklet of one subject, as HTML that is made to be printed.

Every document that the audience may read on the view's day is in it: FAQ entries with the answer
large, then cases, each with what it rests on. ``casebook.exporting.printing`` makes the PDF.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources

from casebook.documents import Case, Document, Faq, Kind, Section, Standing
from casebook.errors import PublishError
from casebook.library import View
from casebook.markup import link_documents
from casebook.pages import kind_facts
from casebook.validation import nearest


@dataclass(frozen=True)
class Booklet:
    """A booklet that can be printed.

    Attributes:
        html: a whole page with its style; it needs no other file.
        documents: how many documents are in it.
    """

    html: str
    documents: int


@dataclass(frozen=True)
class _Entry:
    """A document and its number in the booklet."""

    number: int
    document: Document


def booklet(view: View, subject: str) -> Booklet:
    """The booklet of a subject.

    Args:
        view: whose; nothing else is in it.
        subject: a path of the taxonomy; a parent includes its children.

    Raises:
        PublishError: this audience has nothing to read under the subject.
    """
    chapters = _chapters(view, subject)
    if not chapters:
        raise PublishError(_nothing(view, subject))
    entries = [entry for part in chapters.values() for entry in part]
    shown = {entry.document.id for entry in entries}
    style = (resources.files("casebook.exporting") / "booklet.css").read_text(encoding="utf-8")
    body = (
        _cover(view, subject, [entry.document for entry in entries]),
        _contents(chapters),
        *(_chapter(name, part, view, shown) for name, part in chapters.items()),
    )
    page = (
        f'<!doctype html><html lang="{_esc(view.settings.library.language)}"><head>'
        f'<meta charset="utf-8"><title>{_esc(f"{subject} · {view.audience.title}")}</title>'
        f'<meta name="author" content="{_esc(view.settings.library.company)}">'
        f'<meta name="dcterms.created" content="{view.on}"><style>{style}</style></head>'
        f"<body>{''.join(body)}</body></html>"
    )
    return Booklet(page, len(entries))


def _chapters(view: View, subject: str) -> dict[str, list[_Entry]]:
    """What the booklet holds by subject: entries before cases, numbered through."""
    chapters: dict[str, list[_Entry]] = {}
    number = 0
    for path in view.settings.taxonomy.subject_paths:
        if path != subject and not path.startswith(f"{subject}/"):
            continue
        for document in _current(view, path):
            number += 1
            chapters.setdefault(path, []).append(_Entry(number, document))
    return chapters


def _current(view: View, path: str) -> list[Document]:
    found = [
        document
        for document in view.documents
        if document.subject == path
        and isinstance(document, Faq | Case)
        and document.standing(view.on) is Standing.CURRENT
    ]
    return sorted(found, key=lambda document: (document.kind is Kind.CASE, document.id))


def _nothing(view: View, subject: str) -> str:
    paths = [path for path in view.settings.taxonomy.subject_paths if _chapters(view, path)]
    guess = nearest(subject, paths)
    hint = f"是不是“{guess}”？" if guess else ""
    parents = "、".join(path for path in paths if "/" not in path)
    known = f"可选：{parents}，或它们的下级。" if paths else "先写统一口径，再导出。"
    return f"业务分类“{subject}”下面没有{view.audience.name}能看的有效内容。{hint}{known}"


# ---- the parts, in the order of the pages ---------------------------------------------------


def _cover(view: View, subject: str, documents: Sequence[Document]) -> str:
    counts = (
        (kind.label, sum(document.kind is kind for document in documents))
        for kind in (Kind.FAQ, Kind.CASE)
    )
    counted = "，".join(f"{label} {count} 篇" for label, count in counts if count)
    inner = (
        f'<p class="inner">内部资料，只给{_esc(view.audience.name)}使用，不交给客户和外部渠道。</p>'
        if view.internal
        else ""
    )
    made = f"{view.on} 生成，之后以知识库为准"
    return (
        f'<section class="cover"><p class="book" title="{made}">{_esc(view.audience.title)}</p>'
        f"<h1>{_esc(subject.replace('/', ' / '))}</h1>"
        f"<p>{_esc(view.audience.name)}适用</p><p>截至 {view.on} 有效</p>"
        f'<p class="count">{counted}</p>{inner}'
        f'<div class="foot"><p class="company">{_esc(view.settings.library.company)}</p>'
        f'<p class="made">{made}</p></div></section>'
    )


def _contents(chapters: dict[str, list[_Entry]]) -> str:
    parts = []
    for name, entries in chapters.items():
        rows = "".join(
            f'<li><span class="number">{entry.number}</span>'
            f'<a href="#{entry.document.id}">{_esc(entry.document.title)}</a></li>'
            for entry in entries
        )
        parts.append(f"<h3>{_esc(name.replace('/', ' / '))}</h3><ul>{rows}</ul>")
    return f'<nav class="contents"><h2>目录</h2>{"".join(parts)}</nav>'


def _chapter(name: str, entries: Iterable[_Entry], view: View, shown: set[str]) -> str:
    parts = "".join(_entry(entry, view, shown) for entry in entries)
    return f'<section class="chapter"><h2>{_esc(name.replace("/", " / "))}</h2>{parts}</section>'


def _entry(entry: _Entry, view: View, shown: set[str]) -> str:
    document = entry.document
    restricted = view.internal and document.audience != view.settings.narrowest.id
    kind = "案例" if document.kind is Kind.CASE else ""
    marks = (kind, f"仅{view.audience.name}" if restricted else "")
    only = "".join(f' <span class="only">{_esc(mark)}</span>' for mark in marks if mark)
    title = _esc(document.title)
    sections = "".join(_section(s, document, view, shown) for s in document.sections)
    below = _rests_on(document, view, shown) + _facts(document)
    return (
        f'<article class="entry" id="{document.id}"><h3 title="{title}">'
        f'<span class="number">{entry.number}</span>{title}{only}</h3>'
        f"{_case_facts(document)}{sections}{below}</article>"
    )


def _section(section: Section, document: Document, view: View, shown: set[str]) -> str:
    text = _linked(section, shown)
    inner = view.internal and section.audience != document.audience
    if section.key == "answer" and not inner:
        return f'<div class="answer">{text}</div>'
    # Headings inside of a section stand below the section's own.
    for level in (4, 3):
        text = text.replace(f"<h{level}>", f"<h{level + 2}>").replace(
            f"</h{level}>", f"</h{level + 2}>"
        )
    if inner:
        return (
            f'<div class="part inner-part"><h4>{_esc(section.heading)} '
            f"<small>仅{_esc(view.audience.name)}，不对客户说</small></h4>{text}</div>"
        )
    return f'<div class="part"><h4>{_esc(section.heading)}</h4>{text}</div>'


def _linked(section: Section, shown: set[str]) -> str:
    """A section's HTML whose links lead to pages of the booklet or name their address."""
    text = section.html.replace('<a href="http', '<a class="web" href="http')
    linked = link_documents(text, lambda name, _: f"#{name}" if name in shown else None)
    return linked.replace('<a href="#', '<a class="see" href="#')


def _rests_on(document: Document, view: View, shown: set[str]) -> str:
    items = []
    for citation in document.policies:
        policy = view.get(citation.policy)
        if policy is None:
            continue
        article = policy.section(citation.article) if citation.article else None
        ended = policy.standing(view.on)
        state = "" if ended is Standing.CURRENT else f"（{ended.label}）"
        heading = f" {article.heading}" if article else ""
        items.append(f"<li>《{_esc(policy.title)}》{_esc(heading)}{state}</li>")
    names = document.faq if isinstance(document, Case) else ()
    for entry in filter(None, map(view.get, names)):
        title = _esc(entry.title)
        link = f'<a class="see" href="#{entry.id}">{title}</a>' if entry.id in shown else title
        items.append(f"<li>{entry.kind.label} {link}</li>")
    rows = "".join(items)
    return f'<div class="part rests-on"><h4>依据与口径</h4><ul>{rows}</ul></div>' if items else ""


def _case_facts(document: Document) -> str:
    return _row(kind_facts(document)) if isinstance(document, Case) else ""


def _facts(document: Document) -> str:
    rows = [("编号", document.id), ("负责", document.owner), ("核准", str(document.approved_on))]
    if document.effective_from_or_none:
        until = document.effective_until_or_none or "长期"
        rows.append(("有效", f"{document.effective_from_or_none} 至 {until}"))
    return _row(rows)


def _row(facts: Iterable[tuple[str, str]]) -> str:
    shown = "".join(f"<span>{_esc(name)} {_esc(value)}</span> " for name, value in facts)
    return f'<p class="facts">{shown}</p>'


def _esc(text: str) -> str:
    return html.escape(text)
