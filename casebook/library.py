"""All files → a Library; a Library → what one audience may see on a day: a View.

``Library.view`` is the only code that knows who may see what. Whatever publishes takes a View and
cannot be handed a Library; a View holds no trace of what it leaves out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic_core import to_json

from casebook import reading_rules as rules
from casebook.digests import bytes_digest
from casebook.documents import (
    ID_PATTERN,
    Case,
    Document,
    Faq,
    Kind,
    Policy,
    Section,
    Standing,
    Withdrawal,
)
from casebook.inputs import (
    Input,
    Progress,
    Source,
    fingerprint,
    fingerprint_of,
    read_inputs,
    read_one,
    settings_digests,
)
from casebook.markup import DOCUMENT_LINK, MARKDOWN_LINK, link_target
from casebook.problems import Problem, sort_problems
from casebook.settings import (
    Audience,
    CheckSettings,
    EditorSettings,
    Reviewers,
    Settings,
    Taxonomy,
    load_settings,
)
from casebook.withdrawals import Withdrawn, load_withdrawn, where_now

__all__ = [
    "MARKDOWN_LINK",
    "Library",
    "Source",
    "View",
    "fingerprint",
    "load_library",
    "today",
    "with_text",
]

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Library:
    """Everything that people wrote, with ids resolved.

    Attributes:
        settings: audiences, taxonomy, words.
        sources: every good document by id.
        problems: what is wrong with the files that gave no document.
        files: how many files were read.
        fingerprint: changes whenever any input file does.
        inputs: every file by its path, for the next load.
        withdrawn: what is gone, as ``withdrawn.toml`` names it.
    """

    settings: Settings
    sources: Mapping[str, Source]
    problems: tuple[Problem, ...]
    files: int
    fingerprint: str
    inputs: Mapping[str, Input] = field(default_factory=dict, repr=False, compare=False)
    withdrawn: tuple[Withdrawn, ...] = ()

    def view(self, audience: str | None = None, on: date | None = None) -> View:
        """What an audience may see on a day.

        Args:
            audience: its id; the narrowest when none is named.
            on: the day; today in the library's time zone when none is given.

        Raises:
            UnknownAudience: the settings name no such audience.
        """
        reader = self.settings.audience(audience)
        day = on or today(self.settings)
        internal = reader == self.settings.widest
        level = self.settings.level(reader.id)
        readable = frozenset(one.id for one in self.settings.audiences[: level + 1])
        kept = {
            name: sections
            for name, source in self.sources.items()
            if (sections := _visible(source.document, readable, internal, day))
        }
        held = set(kept)
        held.update(f"{name}#{s.key}" for name, sections in kept.items() for s in sections)
        documents = []
        for name, sections in kept.items():
            source = self.sources[name]
            missing = _NOTHING if held.issuperset(source.targets) else {*source.targets} - held
            shown = source.shown.get((readable, internal))
            if shown is None or shown[0] != missing:
                shown = missing, _redacted(source.document, sections, missing, internal)
                source.shown[readable, internal] = shown
            documents.append(shown[1])
        settings = _public_settings(self.settings, reader, documents)
        gone = _withdrawn(self, {document.id for document in documents}, readable, day)
        subjects = settings.taxonomy.subject_paths
        return View(
            audience=reader,
            on=day,
            internal=internal,
            public=reader == self.settings.narrowest,
            settings=settings,
            documents=tuple(sorted(documents, key=lambda document: document.id)),
            withdrawn=tuple(
                replace(one, subject=one.subject if one.subject in subjects else "")
                for one in sorted(gone, key=lambda one: (-one.on.toordinal(), one.id))
            ),
        )

    @cached_property
    def following(self) -> Mapping[str, Sequence[str]]:
        """The ids of what takes a document's place once it is gone, by its id, as written."""
        documents = [source.document for source in self.sources.values()]
        following: dict[str, list[str]] = defaultdict(list)
        for document in documents:
            if isinstance(document, Faq | Policy) and document.replaced_by:
                following[document.id] += document.replaced_by
        for name, newer in _superseded_by(documents).items():
            following[name] += newer
        for entry in self.withdrawn:
            following[entry.id] += entry.replaced_by
        return dict(following)


@dataclass(frozen=True)
class View:
    """What one audience may see on one day, and nothing else.

    Only :meth:`Library.view` makes one.

    Attributes:
        audience: whose it is.
        on: the day it was made for.
        internal: whether it is the widest audience's, which sees review states and what ended.
        settings: names and terms, without other audiences' words.
        documents: in the order of their ids, without what the audience must not see.
        withdrawn: what the audience could once see and no longer can, the latest first.
        public: whether it is the narrowest audience's, which may be anybody.
    """

    audience: Audience
    on: date
    internal: bool
    settings: Settings
    documents: tuple[Document, ...]
    withdrawn: tuple[Withdrawal, ...] = ()
    public: bool = False

    def get(self, document_id: str) -> Document | None:
        """The document of that id, None when this audience has none such."""
        return self._by_id.get(document_id)

    @cached_property
    def _by_id(self) -> Mapping[str, Document]:
        return {document.id: document for document in self.documents}

    @cached_property
    def _cited_by(self) -> Mapping[str, list[Document]]:
        return _cited_by(self.documents)

    def of(self, kind: Kind) -> list[Document]:
        """The documents of one kind, newest approval first."""
        found = [document for document in self.documents if document.kind is kind]
        return sorted(found, key=lambda d: (-d.approved_on.toordinal(), d.id))

    def citing(self, document_id: str, article: str | None = None) -> list[Document]:
        """The documents that cite a policy (or one article of it) or link to a FAQ entry."""
        return self._cited_by.get(f"{document_id}#{article}" if article else document_id, [])

    def replacing(self, document_id: str) -> list[Document]:
        """The documents that a document says it is replaced by, and policies that supersede it."""
        found = self.get(document_id)
        named = found.replaced_by if isinstance(found, Faq | Policy) else ()
        names = dict.fromkeys((*named, *self._superseded_by.get(document_id, ())))
        return [document for name in names if (document := self.get(name))]

    @cached_property
    def _superseded_by(self) -> Mapping[str, list[str]]:
        return _superseded_by(self.documents)


def today(settings: Settings) -> date:
    """The day it is where the library's people are."""
    return datetime.now(ZoneInfo(settings.library.timezone)).date()


def load_library(
    root: Path,
    settings: Settings | None = None,
    progress: Progress | None = None,
    previous: Library | None = None,
) -> Library:
    """Reads and renders every document of a library, as far as they are not known.

    What files gave is kept in ``build/cache`` under the library's folder, for the next process.

    Args:
        root: the folder with ``casebook.toml``, ``cases/``, ``faq/`` and ``policies/``.
        settings: its settings, when they have been read already.
        progress: called with files done and files in all.
        previous: the library as it was loaded before; files that have not changed since then are
            not opened, unless the settings have changed.

    Raises:
        SettingsError: the settings cannot be used.
    """
    # Before the settings are read: should they change meanwhile, the next load tells.
    digests = settings_digests(root)
    settings = settings or load_settings(root)
    known = previous.inputs if previous and previous.settings == settings else {}
    withdrawn = load_withdrawn(root, settings)
    inputs, problems = read_inputs(root, settings, known, progress)
    digests.update((path, one.digest) for path, one in inputs.items())
    return _library(settings, withdrawn, inputs, problems, fingerprint_of(digests))


def with_text(
    library: Library, kind: Kind, text: str, path: str | None = None
) -> tuple[Library, str]:
    """A library as it would be with one file changed or added; nothing is written.

    Args:
        library: the library as it is.
        kind: what the file holds.
        text: the whole file.
        path: where it is or will be, relative to the library. When none is given, that is where
            the document of the same id is, or a new file named after its id.

    Returns:
        The library, and where the file is in it.
    """
    path = path or _path_of(library, kind, text)
    one = read_one(text.encode(), path, kind, library.settings)
    inputs = {**library.inputs, path: one}
    return _library(library.settings, library.withdrawn, inputs, [], ""), path


def _library(
    settings: Settings,
    withdrawn: tuple[Withdrawn, ...],
    inputs: Mapping[str, Input],
    problems: list[Problem],
    fingerprint: str,
) -> Library:
    found: dict[str, list[Source]] = defaultdict(list)
    for one in inputs.values():
        if one.source is None:
            problems += one.problems
        else:
            found[one.source.document.id].append(one.source)
    return Library(
        settings=settings,
        sources={name: same[0] for name, same in sorted(found.items()) if len(same) == 1},
        problems=tuple(sort_problems((*problems, *_duplicates(found)))),
        files=len(inputs),
        fingerprint=fingerprint,
        inputs=inputs,
        withdrawn=withdrawn,
    )


def _path_of(library: Library, kind: Kind, text: str) -> str:
    found = re.search(r"^id: *(\S+) *$", text, re.MULTILINE)
    name = found[1] if found and ID_PATTERN.fullmatch(found[1]) else f"{kind.value}-draft"
    source = library.sources.get(name)
    return source.path if source else f"{kind.folder}/{name}.md"


def _duplicates(found: Mapping[str, list[Source]]) -> Iterator[Problem]:
    for name, same in found.items():
        for source in same if len(same) > 1 else ():
            others = "、".join(other.path for other in same if other is not source)
            yield rules.DUPLICATE_ID.problem(
                source.path,
                source.lines.get("id", 1),
                f"编号 {name} 也在 {others} 里。",
                "给新写的那一篇换一个编号。",
            )


def _withdrawn(
    library: Library, held: Set[str], readable: Collection[str], day: date
) -> Iterator[Withdrawal]:
    """What a reader could read once and cannot now; each address that would lead nowhere.

    Args:
        library: everything.
        held: the ids that the reader's view holds.
        readable: the audiences whose documents the reader may see.
        day: the view's.
    """
    gone: dict[str, Withdrawal] = {}
    for one in library.withdrawn:
        known = gone.get(one.id)
        if one.id in held or one.audience not in readable or one.on > day:
            continue
        # Of several entries, made as fewer and fewer could read it, the reader's own is the last.
        if known is None or known.on < one.on:
            gone[one.id] = Withdrawal(one.id, one.kind, one.on, one.subject)
    for name, source in library.sources.items():
        document = source.document
        until = document.effective_until_or_none
        if name in held or document.audience not in readable or until is None or day <= until:
            continue
        subject = document.subject or ""
        gone[name] = Withdrawal(name, document.kind, until + timedelta(days=1), subject)
    ended = {n for n in held if library.sources[n].document.standing(day) is Standing.ENDED}
    for name, withdrawal in gone.items():
        now = where_now(name, library.following, held - ended)
        now = now or where_now(name, library.following, held)
        yield replace(withdrawal, replaced_by=now)


def _visible(
    document: Document, readable: Collection[str], internal: bool, day: date
) -> tuple[Section, ...]:
    """The sections that a reader may see; none when the document is not for them.

    Args:
        document: as it was written.
        readable: the audiences whose documents and sections the reader may see.
        internal: whether the reader sees what does not hold.
        day: for which it must hold otherwise.
    """
    if document.audience not in readable:
        return ()
    if not internal and document.standing(day) is not Standing.CURRENT:
        return ()
    sections = tuple(section for section in document.sections if section.audience in readable)
    return document.sections if len(sections) == len(document.sections) else sections


def _redacted(
    document: Document,
    sections: tuple[Section, ...],
    missing: Set[str],
    internal: bool,
) -> Document:
    """A document as a view shows it; the same object when nothing has to be taken out.

    Args:
        document: as it was written.
        sections: those that the reader may see.
        missing: what the document points to and the view does not hold.
        internal: whether the reader sees what only the widest audience may know.
    """
    shown: dict[str, object] = {
        "policies": tuple(c for c in document.policies if str(c) not in missing),
        "sections": tuple(_without_links(section, missing) for section in sections),
    }
    if isinstance(document, Case):
        shown["faq"] = tuple(name for name in document.faq if name not in missing)
    if isinstance(document, Policy):
        shown["supersedes"] = tuple(n for n in document.supersedes if n not in missing)
    if isinstance(document, Faq | Policy):
        shown["replaced_by"] = tuple(n for n in document.replaced_by if n not in missing)
    if not internal:
        shown |= {"waivers": (), **dict.fromkeys(document.internal)}
    changes = {name: value for name, value in shown.items() if value != getattr(document, name)}
    if internal and not changes:
        return document
    # The file's digest would tell of every change to what is not shown.
    values = {**vars(document), **changes, "digest": ""}
    return document.model_copy(update={**changes, "digest": bytes_digest(to_json(values))})


def _without_links(section: Section, missing: Set[str]) -> Section:
    """A section without links to what is missing; their text stays."""
    if not missing:
        return section

    def replace(match: re.Match[str]) -> str:
        return match["label"] if link_target(match) in missing else match[0]

    text = MARKDOWN_LINK.sub(replace, section.text)
    html = DOCUMENT_LINK.sub(replace, section.html)
    if (text, html) == (section.text, section.html):
        return section
    return section.model_copy(update={"text": text, "html": html})


def _public_settings(
    settings: Settings, reader: Audience, documents: Iterable[Document]
) -> Settings:
    """The settings without words, audiences and taxonomy terms that the reader does not meet."""
    if reader == settings.widest:
        return settings
    terms = tuple(
        term for term in settings.glossary.terms if settings.may_read(reader.id, term.audience)
    )
    return settings.model_copy(
        update={
            "audiences": (reader,),
            "glossary": settings.glossary.model_copy(update={"terms": terms}),
            "taxonomy": _used_taxonomy(settings.taxonomy, list(documents)),
            "reviewers": Reviewers(),
            "check": CheckSettings(),
            "editor": EditorSettings(),
            "notify": (),
        }
    )


def _used_taxonomy(taxonomy: Taxonomy, documents: list[Document]) -> Taxonomy:
    """A taxonomy with no other terms than those that documents use."""
    used: set[str] = set()
    for document in documents:
        for name, value in vars(document).items():
            if isinstance(value, str):
                used.add(value)
            elif isinstance(value, tuple) and name not in ("sections", "policies"):
                used.update(value)
    lists = {
        name: tuple(term for term in getattr(taxonomy, name) if term in used)
        for name in type(taxonomy).model_fields
        if name != "subjects"
    }
    subjects = {
        parent: tuple(child for child in children if f"{parent}/{child}" in used)
        for parent, children in taxonomy.subjects.items()
        if parent in used or any(f"{parent}/{child}" in used for child in children)
    }
    return taxonomy.model_copy(update={**lists, "subjects": subjects})


def _superseded_by(documents: Iterable[Document]) -> dict[str, list[str]]:
    """The policies that take the place of a policy, by the old one's id."""
    newer: dict[str, list[str]] = defaultdict(list)
    for document in documents:
        for name in document.supersedes if isinstance(document, Policy) else ():
            newer[name].append(document.id)
    return newer


def _cited_by(documents: Iterable[Document]) -> dict[str, list[Document]]:
    cited: dict[str, dict[str, Document]] = defaultdict(dict)
    for document in documents:
        for citation in document.policies:
            cited[citation.policy][document.id] = document
            cited[str(citation)][document.id] = document
        for name in document.faq if isinstance(document, Case) else ():
            cited[name][document.id] = document
    return {key: list(found.values()) for key, found in cited.items()}
