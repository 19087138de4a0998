"""What rests on a policy, an article, an entry, a case or a word: what to review when it changes.

For the people who keep the library: it takes a Library and is never published.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from ahocorasick_rs import AhoCorasick, MatchKind

from casebook.checks.links import body_links, citations, front_links, replacements
from casebook.documents import Citation, Document, Faq, Kind, Policy
from casebook.errors import CasebookError
from casebook.library import Library, Source
from casebook.pages import page_url
from casebook.settings import Glossary, Term
from casebook.validation import nearest


class UnknownSubject(CasebookError):
    """Something was asked about that the library does not hold."""


class Way(StrEnum):
    """How a document rests on something."""

    CITES = "引用"
    SUPERSEDES = "取代"
    LINKS = "正文链接"
    SENDS = "失效后指向"
    USES = "用词"


@dataclass(frozen=True)
class Place:
    """Where and how a document rests on something.

    Attributes:
        way: how.
        where: the heading of the section, or what else holds it; empty for front matter.
        key: the section's key, empty where it is none.
        anchor: the section's anchor on its page, empty where it is none.
        whole: whether it names the whole policy where an article was asked about.
    """

    way: Way
    where: str = ""
    key: str = ""
    anchor: str = ""
    whole: bool = False

    def __str__(self) -> str:
        notes = [note for note in (self.where, "整篇" if self.whole else "") if note]
        return f"{self.way.value}（{'，'.join(notes)}）" if notes else self.way.value


@dataclass(frozen=True)
class Dependent:
    """A document that rests on what was asked about.

    Attributes:
        source: the document and its file.
        places: where and how, each once.
        via: the document between, when it rests on it only through another.
    """

    source: Source
    places: tuple[Place, ...]
    via: str | None = None

    @property
    def document(self) -> Document:
        """The document."""
        return self.source.document

    @property
    def link(self) -> str:
        """Its page, at the first section that names what was asked about; relative to the site."""
        return page_url(
            self.document, next((place.anchor for place in self.places if place.anchor), "")
        )


@dataclass(frozen=True)
class _Edge:
    source: Source
    target: Citation
    place: Place


class Dependence:
    """Who rests on whom in a library.

    Args:
        library: the library.
    """

    def __init__(self, library: Library) -> None:
        self._sources = library.sources
        self._edges: dict[str, list[_Edge]] = defaultdict(list)
        for source in library.sources.values():
            for edge in _edges(source):
                self._edges[edge.target.policy].append(edge)

    def subject(self, name: str) -> Citation:
        """What ``faq-x`` or ``policy-x#3`` names.

        Raises:
            UnknownSubject: the library holds no such document or article.
        """
        document_id, mark, article = name.partition("#")
        source = self._sources.get(document_id)
        if source is None:
            guess = nearest(document_id, self._sources)
            advice = (
                f"是不是“{guess}”？" if guess else "写文档的编号，例如 policy-service-spec#p4。"
            )
            raise UnknownSubject(f"知识库里没有“{document_id}”；{advice}")
        keys = [section.key for section in source.document.sections]
        if mark and article not in keys:
            guess = nearest(article, keys)
            advice = f"是不是“{document_id}#{guess}”？" if guess else ""
            raise UnknownSubject(
                f"{document_id} 里没有“{article}”；{advice}它有：{'、'.join(keys)}。"
            )
        return Citation(policy=document_id, article=article or None)

    def on(self, subject: Citation) -> list[Dependent]:
        """What rests on a document or a section of it: directly first, then through another.

        Through another means: it cites what itself cites the subject (for an article: that
        article) in its front matter; a case may also link to it in its text. Other links hand
        nothing on, nor do chains of more than one document; else nearly all would rest on all.
        """
        direct = self._direct(subject)
        known = {subject.policy, *(found.document.id for found in direct)}
        indirect: dict[str, Dependent] = {}
        for between in filter(_rests, direct):
            for found in self._direct(Citation(policy=between.document.id)):
                name = found.document.id
                if name not in known and (_rests(found) or found.document.kind is Kind.CASE):
                    one = replace(found, via=between.document.id)
                    indirect.setdefault(name, one)
        return direct + sorted(indirect.values(), key=_order)

    def _direct(self, subject: Citation) -> list[Dependent]:
        places: dict[str, dict[Place, None]] = defaultdict(dict)
        for edge in self._edges.get(subject.policy, ()):
            article = edge.target.article
            whole = subject.article is not None and article is None
            if edge.source.document.id != subject.policy and (
                whole or subject.article in (None, article)
            ):
                shown = replace(edge.place, whole=whole)
                places[edge.source.document.id][shown] = None
        found = (Dependent(self._sources[name], tuple(all_)) for name, all_ in places.items())
        return sorted(found, key=_order)


def find_term(glossary: Glossary, word: str) -> Term:
    """The glossary's term that is a word, or has it as a synonym.

    Raises:
        UnknownSubject: there is none.
    """
    names = {name.lower(): term for term in glossary.terms for name in term_names(term)}
    found = names.get(word.strip().lower())
    if found is None:
        guess = nearest(word, names)
        advice = f"是不是“{guess}”？" if guess else "写 glossary.toml 里的词或同义词。"
        raise UnknownSubject(f"词汇表里没有“{word}”；{advice}")
    return found


def term_names(term: Term) -> tuple[str, ...]:
    """A term and its synonyms."""
    return (term.term, *term.synonyms)


def using(library: Library, names: Iterable[str]) -> list[Dependent]:
    """The documents whose titles, similar questions or sections use one of some words.

    A word inside a longer word of the glossary (套餐 in 畅听套餐) is that word and does not count.

    Args:
        library: the library.
        names: the words.
    """
    wanted = {name.lower() for name in names}
    others = {name.lower() for term in library.settings.glossary.terms for name in term_names(term)}
    words = sorted(wanted | others)
    finder = AhoCorasick(words, matchkind=MatchKind.LeftmostLongest)

    def used(text: str) -> bool:
        lower = text.lower()
        return any(name in lower for name in wanted) and any(
            words[number] in wanted and _whole_word(lower, start, end)
            for number, start, end in finder.find_matches_as_indexes(lower)
        )

    found = (
        Dependent(source, places)
        for source in library.sources.values()
        if (places := tuple(place for text, place in _texts(source.document) if used(text)))
    )
    return sorted(found, key=_order)


def _whole_word(text: str, start: int, end: int) -> bool:
    """Whether a match does not lie inside of a longer Latin word or number."""
    before, after = text[max(start - 1, 0) : start + 1], text[end - 1 : end + 1]
    return not any(len(pair) > 1 and pair.isascii() and pair.isalnum() for pair in (before, after))


def _texts(document: Document) -> Iterator[tuple[str, Place]]:
    yield document.title, Place(Way.USES, "标题")
    if isinstance(document, Faq):
        yield "\n".join(document.similar), Place(Way.USES, "相似问")
    for section in document.sections:
        place = Place(Way.USES, section.heading, section.key, section.anchor)
        yield f"{section.heading}\n{section.text}", place


def _edges(source: Source) -> Iterator[_Edge]:
    for link in citations(source):
        yield _Edge(source, link.target, Place(Way.CITES))
    named = Way.SUPERSEDES if isinstance(source.document, Policy) else Way.CITES
    for link in front_links(source):
        yield _Edge(source, link.target, Place(named))
    for link in replacements(source):
        yield _Edge(source, link.target, Place(Way.SENDS))
    for link in body_links(source):
        section = link.section
        if section:
            place = Place(Way.LINKS, section.heading, section.key, section.anchor)
            yield _Edge(source, link.target, place)


def _rests(dependent: Dependent) -> bool:
    """Whether a document hands a change on to those that rest on it."""
    handed = (place for place in dependent.places if place.way not in (Way.LINKS, Way.SENDS))
    return any(not place.whole for place in handed)


def _order(dependent: Dependent) -> tuple[int, str]:
    return list(Kind).index(dependent.document.kind), dependent.document.id
