"""A View and the addresses of its pages → ``sitemap.xml`` and ``robots.txt``.

The protocol is https://www.sitemaps.org/protocol.html (absolute addresses, at most 50,000 a file),
``robots.txt`` that of RFC 9309. Crawlers read ``robots.txt`` at the root of a host only: that of a
site in a folder is there to be copied. It keeps nobody out; who may read a site is for the server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from xml.sax.saxutils import escape

from casebook.addresses import document_path, site_url
from casebook.library import View
from casebook.site_files import SiteFile

# Small files are read at once; 10,000 addresses are about 1.5 MB.
IN_ONE = 10_000
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"

Pages = Iterable[tuple[str, date | None]]


def sitemap_files(view: View, pages: Pages) -> Iterator[SiteFile]:
    """The files that tell crawlers of a site's pages.

    Args:
        view: whose site. Only where the settings give its address is there a sitemap.
        pages: the addresses of its pages under the site's root, and when each was last changed;
            None for a document's page stands for the day on which it was approved. Pages of what
            was withdrawn are left out.

    Yields:
        ``sitemap.xml``, which names further files where there are many pages; ``robots.txt``,
        which lets crawlers into the site of the narrowest audience only.
    """
    rules = ["User-agent: *", "Allow: /" if view.public else "Disallow: /"]
    if view.audience.url:
        yield from _sitemaps(view, pages)
        if view.public:
            rules.append(f"Sitemap: {site_url(view, 'sitemap.xml')}")
    yield SiteFile("robots.txt", ("\n".join(rules) + "\n").encode())


def _sitemaps(view: View, pages: Pages) -> Iterator[SiteFile]:
    approved = {document_path(document): document.approved_on for document in view.documents}
    gone = {one.kind.address(one.id) for one in view.withdrawn}
    entries = [
        _entry("url", site_url(view, path), changed or approved.get(path))
        for path, changed in pages
        if path not in gone
    ]
    if len(entries) <= IN_ONE:
        yield _file("sitemap.xml", "urlset", entries)
        return
    names: list[str] = []
    for start in range(0, len(entries), IN_ONE):
        names.append(f"sitemap-{len(names) + 1}.xml")
        yield _file(names[-1], "urlset", entries[start : start + IN_ONE])
    parts = [_entry("sitemap", site_url(view, name), None) for name in names]
    yield _file("sitemap.xml", "sitemapindex", parts)


def _entry(element: str, address: str, changed: date | None) -> str:
    when = f"<lastmod>{changed.isoformat()}</lastmod>" if changed else ""
    return f"<{element}><loc>{escape(address)}</loc>{when}</{element}>"


def _file(path: str, element: str, entries: Sequence[str]) -> SiteFile:
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<{element} xmlns="{_NAMESPACE}">'
    return SiteFile(path, "\n".join([head, *entries, f"</{element}>"]).encode() + b"\n")
