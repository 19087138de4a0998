"""Addresses of subjects: ASCII names made from their pinyin."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from pypinyin import lazy_pinyin

from casebook.documents import Document
from casebook.library import View

_NOT_ASCII = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=64)
def slugs(names: tuple[str, ...]) -> Mapping[str, str]:
    """Names → their pinyin in ASCII, as a part of an address.

    Those that sound alike are numbered, and none is a number: that is the address of a long
    list's further page.
    """
    found: dict[str, str] = {}
    taken: Counter[str] = Counter()
    for name in names:
        slug = _NOT_ASCII.sub("-", "-".join(lazy_pinyin(name)).lower()).strip("-") or "x"
        slug = f"n-{slug}" if slug.isdecimal() else slug
        taken[slug] += 1
        found[name] = slug if taken[slug] == 1 else f"{slug}--{taken[slug]}"
    return found


def subject_slug(view: View, subject: str) -> str:
    """The ASCII name of a subject's page, from its first part."""
    return slugs(tuple(view.settings.taxonomy.subjects))[subject.partition("/")[0]]


def subject_anchor(view: View, subject: str) -> str:
    """The anchor of a subject on the page of its first part."""
    return f"s-{slugs(view.settings.taxonomy.subject_paths)[subject]}"


def subject_path(view: View, subject: str) -> str:
    """The address of a subject's own page, of the first or the second level."""
    parent, _, child = subject.partition("/")
    page = f"subjects/{subject_slug(view, parent)}/"
    return f"{page}{slugs(view.settings.taxonomy.subjects[parent])[child]}/" if child else page


def first_level(document: Document) -> str:
    """A document's subject without its second part."""
    return (document.subject or "").partition("/")[0]
