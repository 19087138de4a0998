"""The pages of the library's words: one, or with many words one for each first letter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from pypinyin import lazy_pinyin

from casebook.addresses import site_url
from casebook.pages.page import (
    EMPTY,
    HOME,
    Crumb,
    Page,
    described,
    escaped,
    heading,
    linked,
    root_from,
    trail,
)
from casebook.pages.site import Site
from casebook.settings import Term

GLOSSARY: Crumb = ("术语", "glossary/")
# With more words than these, each letter has a page of its own.
MOST = 300
_OTHERS = "其他"


def glossary_pages(site: Site) -> Iterator[Page]:
    """The words that the view's audience may see, by their sound."""
    title, path = GLOSSARY
    terms = site.view.settings.glossary.terms
    groups = _by_letter(terms)
    if len(terms) <= MOST:
        body = "\n\n".join(
            f"{heading(2, letter, _anchor(letter))}\n\n{_words(found)}"
            for letter, found in groups.items()
        )
        everything = [term for found in groups.values() for term in found]
        yield _page(site, path, title, f"{_letters(groups, '')}\n\n{body or EMPTY}", everything)
        return
    yield _page(site, path, title, _letters(groups, "/"), (), groups)
    for letter, found in groups.items():
        yield _page(site, f"{path}{_slug(letter)}/", f"{title}：{letter}", _words(found), found)


def _by_letter(terms: Iterable[Term]) -> Mapping[str, list[Term]]:
    """Words by the first letter of their sound; those that begin with other signs come last."""
    groups: dict[str, list[Term]] = defaultdict(list)
    for term in sorted(terms, key=lambda term: lazy_pinyin(term.term)):
        first = lazy_pinyin(term.term)[0][:1].upper()
        groups[first if first.isascii() and first.isalpha() else _OTHERS].append(term)
    return dict(sorted(groups.items(), key=lambda group: (group[0] == _OTHERS, group[0])))


def _slug(letter: str) -> str:
    return "others" if letter == _OTHERS else letter.lower()


def _anchor(letter: str) -> str:
    return f"letter-{_slug(letter)}"


def _letters(groups: Iterable[str], end: str) -> str:
    """The way to each letter; its anchor leads on from here where it has a page of its own.

    Args:
        groups: the letters.
        end: what ends the address of a letter's page; empty where all are on this page.
    """
    items = "".join(
        f'<li id="{_anchor(letter)}">{linked(letter, _slug(letter) + end)}</li>'
        if end
        else f"<li>{linked(letter, f'#{_anchor(letter)}')}</li>"
        for letter in groups
    )
    return (
        f'<nav class="cb-browse" aria-label="按拼音首字母"><ul>{items}</ul></nav>' if items else ""
    )


def _words(terms: Iterable[Term]) -> str:
    return f'<dl class="cb-glossary">{"".join(map(_word, terms))}</dl>'


def _word(term: Term) -> str:
    also = f' <span class="cb-also">也说：{escaped("、".join(term.synonyms))}</span>'
    return (
        f"<div><dt>{escaped(term.term)}</dt><dd>{escaped(term.definition)}"
        f"{also if term.synonyms else ''}</dd></div>"
    )


def _page(
    site: Site, path: str, title: str, body: str, terms: Iterable[Term], has: Iterable[str] = ()
) -> Page:
    listed = tuple(terms)
    main = path == GLOSSARY[1]
    return Page(
        path,
        title,
        body,
        described(title, has or (term.term for term in listed)),
        toc=False,
        trail=trail(path, *((HOME,) if main else (HOME, GLOSSARY))),
        kind="glossary",
        section=GLOSSARY[1],
        data={
            "title": title,
            "url": site_url(site.view, path, root_from(path)),
            "terms": [
                {
                    "term": term.term,
                    "definition": term.definition,
                    "synonyms": list(term.synonyms),
                    "product": term.product,
                }
                for term in listed
            ],
        },
    )
