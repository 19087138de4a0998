"""A View → its feeds: Atom (RFC 4287) and JSON Feed 1.1, for all of it and for each subject.

What was withdrawn stays in the feeds as a tombstone (RFC 6721) that tells where to go now, so that
a reader's copy is deleted with a reason. The feeds hold no time of making: they change when an
entry does. Links are absolute where the settings give the site an address (``url`` of its
audience); without one they lead from the feed's own place.
"""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from casebook.addresses import document_path, linked_html, site_url
from casebook.documents import Document, Withdrawal
from casebook.library import View
from casebook.markup import plain_text
from casebook.news import advice_of, caution_of, changed_on, gone_words, opening_of
from casebook.pages import subject_slug
from casebook.site_files import SiteFile, json_file
from casebook.trust import trust_of

LIMIT = 50
ATOM = "http://www.w3.org/2005/Atom"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
# Where the names of entries come from; it must never change, or readers see everything anew.
_NAMES = uuid.UUID("6b0f0f0e-7c0d-5c55-9d7c-2c8f7a3d41be")
# The scheme of the categories that are not subjects.
_BADGES = "urn:casebook:badge"
_KINDS = "urn:casebook:kind"
_FIRST_DAY = date(1970, 1, 1)
# XML 1.0 has no way to write these.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Feed:
    """What a feed holds, before it is written in one of the formats.

    Attributes:
        view: what it is made from.
        path: the folder of its files under the site's root; empty for the site's own.
        title: for people.
        documents: the newest first.
        withdrawn: what is gone, the latest first.
    """

    view: View
    path: str
    title: str
    documents: tuple[Document, ...]
    withdrawn: tuple[Withdrawal, ...]

    def url(self, path: str) -> str:
        """The address of something under the site's root."""
        return site_url(self.view, path, "../" * self.path.count("/"))

    def page(self, document: Document) -> str:
        """The address of a document's page."""
        return self.url(document_path(document))

    def gone_page(self, gone: Withdrawal) -> str:
        """The address of what was withdrawn, where it says where to go now."""
        return self.url(gone.kind.address(gone.id))

    def moment(self, day: date) -> str:
        """The start of a day where the library's people are, as RFC 3339 writes it."""
        zone = ZoneInfo(self.view.settings.library.timezone)
        return datetime.combine(day, time(), zone).isoformat()

    def name(self, what: str) -> str:
        """A name that stays when the site moves or is built by other software."""
        company = self.view.settings.library.company
        return uuid.uuid5(_NAMES, f"{company}/{self.view.audience.id}/{what}").urn

    def content(self, document: Document) -> str:
        """What a document says first, as HTML; whether it does not hold stands before."""
        caution = caution_of(document, self.view.on)
        warning = f"<p><strong>{html.escape(caution)}</strong></p>" if caution else ""
        root = "../" * self.path.count("/")
        return warning + linked_html(opening_of(document).html, self.view, root)


def feed_files(view: View) -> Iterator[SiteFile]:
    """``feed.xml`` and ``feed.json`` of a site, and the same in the folder of each subject."""
    for feed in _feeds(view):
        yield SiteFile(f"{feed.path}feed.xml", _atom(feed))
        yield json_file(f"{feed.path}feed.json", _json(feed))


def _feeds(view: View) -> Iterator[Feed]:
    documents = sorted(view.documents, key=lambda d: (-changed_on(d, view).toordinal(), d.id))
    gone = tuple(one for one in view.withdrawn if not view.get(one.id))
    yield Feed(view, "", view.audience.title, tuple(documents[:LIMIT]), gone[:LIMIT])
    for subject in view.settings.taxonomy.subjects:
        own = [document for document in documents if _within(document.subject, subject)]
        own_gone = [one for one in gone if _within(one.subject, subject)]
        yield Feed(
            view,
            f"subjects/{subject_slug(view, subject)}/",
            f"{view.audience.title} · {subject}",
            tuple(own[:LIMIT]),
            tuple(own_gone[:LIMIT]),
        )


def _within(subject: str | None, parent: str) -> bool:
    return (subject or "").partition("/")[0] == parent


# ---- Atom -----------------------------------------------------------------------------------


def _atom(feed: Feed) -> bytes:
    root = ET.Element(
        "feed",
        {"xmlns": ATOM, "xmlns:at": TOMBSTONES, "xml:lang": feed.view.settings.library.language},
    )
    _add(root, "id", feed.name(f"feed/{feed.path}"))
    _add(root, "title", feed.title)
    _add(root, "updated", feed.moment(_latest(feed)))
    _add(_add(root, "author"), "name", feed.view.settings.library.company)
    _add(
        root, "link", rel="self", type="application/atom+xml", href=feed.url(f"{feed.path}feed.xml")
    )
    _add(root, "link", rel="alternate", type="text/html", href=feed.url(feed.path))
    # The grammar of RFC 4287 wants extensions before the entries.
    for withdrawal in feed.withdrawn:
        _tombstone(root, withdrawal, feed)
    for document in feed.documents:
        _entry(root, document, feed)
    ET.indent(root)
    return (
        b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, "unicode").encode() + b"\n"
    )


def _entry(root: ET.Element, document: Document, feed: Feed) -> None:
    trust = trust_of(document, feed.view)
    entry = _add(root, "entry")
    _add(entry, "id", feed.name(document.id))
    _add(entry, "title", document.title)
    _add(entry, "updated", feed.moment(changed_on(document, feed.view)))
    _add(_add(entry, "author"), "name", document.owner)
    _add(entry, "link", rel="alternate", type="text/html", href=feed.page(document))
    if document.subject:
        _add(entry, "category", term=document.subject)
    kind = document.kind
    _add(entry, "category", scheme=_KINDS, term=kind.value, label=kind.label)
    _add(entry, "category", scheme=_BADGES, term=trust.badge.value, label=trust.badge.label)
    _add(entry, "summary", _summary(document, feed))
    _add(entry, "content", feed.content(document), type="html")


def _tombstone(root: ET.Element, gone: Withdrawal, feed: Feed) -> None:
    when = feed.moment(gone.on)
    entry = _add(root, "at:deleted-entry", ref=feed.name(gone.id), when=when)
    _add(entry, "at:comment", _where_now(gone, feed))
    _add(entry, "link", rel="alternate", type="text/html", href=feed.gone_page(gone))
    for document in _replacements(gone, feed):
        href = feed.page(document)
        _add(entry, "link", rel="related", type="text/html", href=href, title=document.title)


def _add(parent: ET.Element, tag: str, text: str = "", **attributes: str) -> ET.Element:
    """Adds an element; characters that XML cannot hold are left out."""
    clean = {name: _NOT_XML.sub("", value) for name, value in attributes.items()}
    child = ET.SubElement(parent, tag, clean)
    child.text = _NOT_XML.sub("", text) or None
    return child


# ---- JSON Feed ------------------------------------------------------------------------------


def _json(feed: Feed) -> dict[str, object]:
    dated = [
        (changed_on(document, feed.view), _item(document, feed)) for document in feed.documents
    ]
    dated += [(gone.on, _gone_item(gone, feed)) for gone in feed.withdrawn]
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.url(feed.path),
        "feed_url": feed.url(f"{feed.path}feed.json"),
        "language": feed.view.settings.library.language,
        "authors": [{"name": feed.view.settings.library.company}],
        "items": [item for _, item in sorted(dated, key=lambda one: one[0], reverse=True)],
    }


def _item(document: Document, feed: Feed) -> dict[str, object]:
    return {
        "id": feed.name(document.id),
        "url": feed.page(document),
        "title": document.title,
        "summary": _summary(document, feed),
        "content_html": feed.content(document),
        "date_modified": feed.moment(changed_on(document, feed.view)),
        "authors": [{"name": document.owner}],
        "tags": [document.subject] if document.subject else [],
        "_casebook": {
            "id": document.id,
            "kind": document.kind.value,
            "withdrawn": False,
            **trust_of(document, feed.view).data(),
        },
    }


def _gone_item(gone: Withdrawal, feed: Feed) -> dict[str, object]:
    return {
        "id": feed.name(gone.id),
        "url": feed.gone_page(gone),
        "content_text": _where_now(gone, feed),
        "date_modified": feed.moment(gone.on),
        "tags": [gone.subject] if gone.subject else [],
        "_casebook": {
            "id": gone.id,
            "kind": gone.kind.value,
            "withdrawn": True,
            "withdrawn_on": gone.on.isoformat(),
            "replaced_by": [
                {"id": one.id, "title": one.title, "url": feed.page(one)}
                for one in _replacements(gone, feed)
            ],
        },
    }


# ---- what both formats say ------------------------------------------------------------------


def _summary(document: Document, feed: Feed) -> str:
    text = plain_text(opening_of(document).html)
    return f"{caution_of(document, feed.view.on)}{text}"


def _where_now(gone: Withdrawal, feed: Feed) -> str:
    titles = "、".join(f"《{document.title}》" for document in _replacements(gone, feed))
    if titles:
        return f"{gone_words(gone)}，请改看{titles}。"
    return (
        f"{gone_words(gone)}，请不要再照它答复；没有直接代替它的，"
        f"{advice_of(gone.subject, feed.view)}"
    )


def _replacements(gone: Withdrawal, feed: Feed) -> list[Document]:
    found = (feed.view.get(name) for name in gone.replaced_by)
    return [document for document in found if document]


def _latest(feed: Feed) -> date:
    """The last day on which anything in a feed changed; no feed is older than that."""
    days = [changed_on(document, feed.view) for document in feed.documents]
    return max([*days, *(gone.on for gone in feed.withdrawn)], default=_FIRST_DAY)
