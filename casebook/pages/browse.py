"""The ways to find a document: by subject, kind, level, customer, product, policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from casebook.addresses import site_url
from casebook.documents import Document, Kind, Policy
from casebook.page_data import MOST_CITING
from casebook.pages.documents import cited_path
from casebook.pages.facts import shows_customer_types
from casebook.pages.listing import ROWS, Group, Listing
from casebook.pages.page import (
    EMPTY,
    HOME,
    Crumb,
    Page,
    described,
    escaped,
    heading,
    linked,
    page_url,
    root_from,
    trail,
)
from casebook.pages.products import Product, product_path
from casebook.pages.site import Site
from casebook.pages.subjects import first_level, slugs, subject_anchor, subject_path

SUBJECTS: Crumb = ("按业务", "subjects/")
PRODUCTS: Crumb = ("按产品", "products/")
CUSTOMERS: Crumb = ("按客户类型", "customers/")
LEVELS: Crumb = ("按级别", "levels/")
RESTS_ON: Crumb = ("按依据", "policies/cited/")
# How many documents of a part are named where all of them are too many, and how few at least.
_SOME, _FEW = 10, 3


def ways(site: Site) -> tuple[Crumb, ...]:
    """The ways to look that lead anywhere."""
    found = [SUBJECTS, *((kind.label, f"{kind.folder}/") for kind in site.kinds)]
    if site.products:
        found.append(PRODUCTS)
    if _has_customers(site):
        found.append(CUSTOMERS)
    if site.cases:
        found.append(LEVELS)
    if site.policies:
        found.append(RESTS_ON)
    return tuple(found)


def ways_html(site: Site, path: str) -> str:
    """The same as links on a page that leads nowhere itself, under a heading."""
    return f"{heading(2, '还可以这样找', 'ways')}\n\n{_ways_nav(ways(site), root_from(path))}"


def counted_ways(site: Site) -> str:
    """The same on the first page, which shows the subjects itself, with how much there is."""
    counts = Counter(f"{document.kind.folder}/" for document in site.view.documents)
    return _ways_nav((way for way in ways(site) if way != SUBJECTS), "", counts)


def _ways_nav(found: Iterable[Crumb], up: str, counts: Mapping[str, int] | None = None) -> str:
    items = []
    for text, target in found:
        count = (counts or {}).get(target)
        said = f' <span class="cb-count">{count} 篇</span>' if count else ""
        items.append(f"<li>{linked(text, up + target)}{said}</li>")
    return f'<nav class="cb-browse" aria-label="找法"><ul>{"".join(items)}</ul></nav>'


def overviews(site: Site) -> Iterator[Page]:
    """The pages that lead to lists: subjects, products, types of customers."""
    yield overview(SUBJECTS, subject_tiles(site), site)
    if site.products:
        yield overview(PRODUCTS, _product_tiles(site), site)
    if _has_customers(site):
        yield overview(CUSTOMERS, _customer_tiles(site), site)


def listings(site: Site) -> Iterator[Listing]:
    """All lists of a view's documents."""
    for subject, children in site.view.settings.taxonomy.subjects.items():
        yield _subject(site, subject, children)
        for child in children:
            yield _child(site, subject, child)
    for kind in site.kinds:
        yield _kind(site, kind)
    if site.cases:
        yield _levels(site)
    if _has_customers(site):
        yield from _customers(site)
    for product in site.products:
        yield _product(site, product)
    if site.policies:
        yield _resting(site)
    yield from _citing(site)


class Tile(NamedTuple):
    """A way on: what it says, its address under the site's root, how much is there, a note."""

    text: str
    path: str
    documents: int
    note: str = ""


def tiles_html(tiles: Iterable[Tile], path: str, unit: str = "篇") -> str:
    """Tiles on a page; empty where there are none.

    Args:
        tiles: the ways on.
        path: of the page.
        unit: what is counted.
    """
    up = root_from(path)
    items = "".join(
        f"<li>{linked(tile.text, up + tile.path)}"
        f'<span class="cb-count">{tile.documents} {unit}</span>'
        f"{f'<span>{escaped(tile.note)}</span>' if tile.note else ''}</li>"
        for tile in tiles
    )
    return f'<ul class="cb-tiles">{items}</ul>' if items else ""


def overview(at: Crumb, tiles: list[Tile], site: Site, unit: str = "篇", lead: str = "") -> Page:
    """A page of tiles that lead on.

    Args:
        at: its title and its address.
        tiles: the ways on.
        site: whose page.
        unit: what the tiles count.
        lead: HTML above them.
    """
    title, path = at
    up = root_from(path)
    body = tiles_html(tiles, path, unit) or EMPTY
    return Page(
        path,
        title,
        f"{lead}\n\n{body}" if lead else body,
        described(title, (tile.text for tile in tiles)),
        toc=False,
        trail=trail(path, HOME),
        kind="overview",
        section=path,
        data={
            "title": title,
            "url": site_url(site.view, path, up),
            "items": [
                {
                    "title": tile.text,
                    "url": site_url(site.view, tile.path, up),
                    "count": tile.documents,
                }
                for tile in tiles
            ],
            "next": None,
        },
    )


# ---- subjects -------------------------------------------------------------------------------


def subject_tiles(site: Site) -> list[Tile]:
    """The subjects, each with how many documents it has."""
    counts = Counter(map(first_level, site.view.documents))
    return [
        Tile(subject, subject_path(site.view, subject), counts[subject], "、".join(children))
        for subject, children in site.view.settings.taxonomy.subjects.items()
    ]


def _subject(site: Site, subject: str, children: tuple[str, ...]) -> Listing:
    """A subject with all it has, or, where that is much, some of each part and the way on."""
    paths = [f"{subject}/{child}" for child in children]
    many = sum(len(site.by_subject.get(path, ())) for path in (subject, *paths)) > ROWS
    own = [_subject_group(site, subject, ROWS**3)]
    some = min(_SOME, max(_FEW, ROWS // (len(paths) or 1))) if many else ROWS
    parts = [_subject_group(site, path, some) for path in paths]
    groups = (*parts, *own) if many else (*own, *parts)
    path = subject_path(site.view, subject)
    return Listing(
        path,
        subject,
        tuple(group for group in groups if group.rows),
        (HOME, SUBJECTS),
        SUBJECTS[1],
        feed=path,
    )


def _subject_group(site: Site, subject: str, most: int) -> Group:
    found = site.by_subject.get(subject, [])
    parent, _, child = subject.partition("/")
    more = (
        (f"全部 {len(found)} 篇", subject_path(site.view, subject)) if len(found) > most else None
    )
    anchor = subject_anchor(site.view, subject)
    return Group(child or parent, anchor, site.rows(found[:most]), more)


def _child(site: Site, subject: str, child: str) -> Listing:
    found = site.by_subject.get(f"{subject}/{child}", [])
    return Listing(
        subject_path(site.view, f"{subject}/{child}"),
        child,
        _one_group(site, found),
        (HOME, SUBJECTS, (subject, subject_path(site.view, subject))),
        SUBJECTS[1],
    )


# ---- kinds, levels, customers ---------------------------------------------------------------


def _kind(site: Site, kind: Kind) -> Listing:
    """All documents of a kind by subject, policies by authority; newest first within."""
    taxonomy = site.view.settings.taxonomy
    names = taxonomy.ranks if kind is Kind.POLICY else tuple(taxonomy.subjects)
    groups: dict[str, list[Document]] = {name: [] for name in names}
    for document in site.newest:
        if document.kind is kind:
            name = document.rank if isinstance(document, Policy) else first_level(document)
            groups.setdefault(name, []).append(document)
    return Listing(
        f"{kind.folder}/",
        kind.label,
        tuple(
            Group(name, f"group-{number}", site.rows(found))
            for number, (name, found) in enumerate(groups.items(), 1)
            if found
        ),
        (HOME,),
        f"{kind.folder}/",
        show_kind=False,
    )


def _levels(site: Site) -> Listing:
    return Listing(
        LEVELS[1],
        LEVELS[0],
        tuple(
            Group(level, f"level-{number}", site.rows(c for c in site.cases if c.level == level))
            for number, level in enumerate(site.view.settings.taxonomy.levels, 1)
        ),
        (HOME, (Kind.CASE.label, f"{Kind.CASE.folder}/")),
        LEVELS[1],
        show_kind=False,
    )


def _has_customers(site: Site) -> bool:
    return bool(site.cases) and shows_customer_types(site.view)


def _customer_path(site: Site, name: str) -> str:
    return f"{CUSTOMERS[1]}{slugs(site.view.settings.taxonomy.customer_types)[name]}/"


def _customer_tiles(site: Site) -> list[Tile]:
    counts = Counter(name for case in site.cases for name in case.customer_types)
    return [
        Tile(name, _customer_path(site, name), counts[name])
        for name in site.view.settings.taxonomy.customer_types
    ]


def _customers(site: Site) -> Iterator[Listing]:
    for name in site.view.settings.taxonomy.customer_types:
        found = [case for case in site.cases if name in case.customer_types]
        yield Listing(
            _customer_path(site, name),
            f"{name}的客户",
            _one_group(site, found),
            (HOME, CUSTOMERS),
            CUSTOMERS[1],
            show_kind=False,
        )


# ---- products -------------------------------------------------------------------------------


def _product_tiles(site: Site) -> list[Tile]:
    return [
        Tile(
            product.term.term,
            product_path(product, site.view),
            len(product.about) + len(product.naming),
            product.term.definition,
        )
        for product in site.products
    ]


def _product(site: Site, product: Product) -> Listing:
    term = product.term
    also = f'<span class="cb-also">也说：{escaped("、".join(term.synonyms))}</span>'
    lead = f"{escaped(term.definition)} {also if term.synonyms else ''}".strip()
    groups = (("专门讲它的", "about", product.about), ("提到它的", "naming", product.naming))
    return Listing(
        product_path(product, site.view),
        term.term,
        tuple(
            Group(heading, anchor, site.rows(found)) for heading, anchor, found in groups if found
        ),
        (HOME, PRODUCTS),
        PRODUCTS[1],
        lead=f'<p class="cb-lead">{lead}</p>' if lead else "",
    )


# ---- policies -------------------------------------------------------------------------------


def _resting(site: Site) -> Listing:
    """The policies that something rests on, the most cited first."""
    rows = []
    for policy in site.policies:
        kinds = Counter(document.kind for document in site.view.citing(policy.id))
        if kinds:
            note = "，".join(
                f"{kind.label} {kinds[kind]} 篇"
                for kind in (Kind.FAQ, Kind.CASE, Kind.POLICY)
                if kinds[kind]
            )
            row = site.row(policy)._replace(path=page_url(policy, "cited-by"), note=note)
            rows.append((-kinds.total(), policy.id, row))
    return Listing(
        RESTS_ON[1],
        RESTS_ON[0],
        (Group("", "", tuple(row for *_, row in sorted(rows))),) if rows else (),
        (HOME, (Kind.POLICY.label, f"{Kind.POLICY.folder}/")),
        RESTS_ON[1],
        lead='<p class="cb-lead">被引用最多的在前面。点进去，每一条下面写着谁引用它。</p>',
        show_kind=False,
        style="cb-list--notes",
    )


def _citing(site: Site) -> Iterator[Listing]:
    """All that cite a document, of those that many cite."""
    for document in site.view.documents:
        citing = site.view.citing(document.id)
        if len(citing) > MOST_CITING:
            yield Listing(
                cited_path(document),
                f"引用“{document.title}”的",
                _one_group(site, citing),
                (
                    HOME,
                    (document.kind.label, f"{document.kind.folder}/"),
                    (document.title, page_url(document)),
                ),
                f"{document.kind.folder}/",
            )


def _one_group(site: Site, documents: Iterable[Document]) -> tuple[Group, ...]:
    rows = site.rows(documents)
    return (Group("", "", rows),) if rows else ()
