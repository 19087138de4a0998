"""All files → a Library; a Library → what one audience may see on a day: a View.

``Library.view`` is the only code that knows who may see what. Whatever publishes takes a View and
cannot be handed a Library; a View holds no trace of what it leaves out.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from casebook import reading_rules as rules
from casebook.documents import (
    Case,
    Document,
    Kind,
    Policy,
    Section,
    Standing,
)
from casebook.errors import RenderError
from casebook.markup import DOCUMENT_LINK, Renderer
from casebook.problems import Problem, sort_problems
from casebook.reading import read_file
from casebook.settings import (
    GLOSSARY_FILE,
    SETTINGS_FILE,
    Audience,
    Settings,
    Taxonomy,
    load_settings,
)

Progress = Callable[[int, int], None]
# A link to a document in Markdown; its rendered form is casebook.markup.DOCUMENT_LINK.
# It takes every form that may name a document, also wrong ones; a text without ends is read once.
MARKDOWN_LINK = re.compile(
    r"\[(?P<label>(?:\\.|[^\[\]\\]++|\[[^\[\]]*+\])*+)\]"
    r"\(\s*+<?(?P<id>(?:case|faq|policy)(?:-[a-z0-9]++)++)"
    r"(?:#(?P<article>[a-z0-9]++))?+"
    r"""(?:"[^"\n]*+"|'[^'\n]*+'|[^()\n])*+\s*+\)"""
)


@dataclass(frozen=True)
class Source:
    """A document and where it came from.

    Attributes:
        path: the file, relative to the library.
        document: what it holds.
        lines: where things stand in the file, as in :class:`casebook.reading.Reading`.
    """

    path: str
    document: Document
    lines: Mapping[str, int]


@dataclass(frozen=True)
class Library:
    """Everything that people wrote, with ids resolved.

    Attributes:
        settings: audiences, taxonomy, words.
        sources: every good document by id.
        problems: what is wrong with the files that gave no document.
        files: how many files were read.
        fingerprint: changes whenever any input file does.
    """

    settings: Settings
    sources: Mapping[str, Source]
    problems: tuple[Problem, ...]
    files: int
    fingerprint: str

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
        kept = {
            source.document.id: document
            for source in self.sources.values()
            if (document := _visible(source.document, reader, self.settings, day))
        }
        redactor = _Redactor(kept)
        documents = tuple(redactor.redact(document, internal) for document in kept.values())
        return View(
            audience=reader,
            on=day,
            internal=internal,
            settings=_public_settings(self.settings, reader, documents),
            documents=tuple(sorted(documents, key=lambda document: document.id)),
        )


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
    """

    audience: Audience
    on: date
    internal: bool
    settings: Settings
    documents: tuple[Document, ...]

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


def today(settings: Settings) -> date:
    """The day it is where the library's people are."""
    return datetime.now(ZoneInfo(settings.library.timezone)).date()


def load_library(
    root: Path, settings: Settings | None = None, progress: Progress | None = None
) -> Library:
    """Reads and renders every document of a library.

    Args:
        root: the folder with ``casebook.toml``, ``cases/``, ``faq/`` and ``policies/``.
        settings: its settings, when they have been read already.
        progress: called with files done and files in all.

    Raises:
        SettingsError: the settings cannot be used.
    """
    settings = settings or load_settings(root)
    problems: list[Problem] = []
    found: dict[str, list[Source]] = defaultdict(list)
    files = [(kind, file) for kind in Kind for file in _files(root, kind, problems)]
    with Renderer() as renderer:
        for done, (kind, file) in enumerate(files, 1):
            path = file.relative_to(root).as_posix()
            reading = read_file(file, path, kind, settings)
            problems += reading.problems
            if reading.document:
                source = Source(path, reading.document, reading.lines)
                rendered = _rendered(source, renderer, problems)
                if rendered:
                    found[rendered.document.id].append(rendered)
            if progress:
                progress(done, len(files))
    sources = {name: same[0] for name, same in sorted(found.items()) if len(same) == 1}
    problems += _duplicates(found)
    return Library(settings, sources, tuple(sort_problems(problems)), len(files), fingerprint(root))


def fingerprint(root: Path) -> str:
    """A digest of every input file of a library: names and bytes, links not followed."""
    digest = hashlib.sha256()
    inputs = [root / SETTINGS_FILE, root / GLOSSARY_FILE]
    inputs += [file for kind in Kind for file in _files(root, kind, [])]
    for file in inputs:
        if file.is_file() and not file.is_symlink():
            digest.update(f"{file.relative_to(root).as_posix()}\0{file.stat().st_size}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _files(root: Path, kind: Kind, problems: list[Problem]) -> Iterator[Path]:
    """The Markdown files of one kind, in the order of their paths; links are not followed."""
    top = root / kind.folder
    if top.is_symlink():
        problems.append(_link(root, top))
        return
    for folder, folders, names in os.walk(top, followlinks=False):
        folders.sort()
        for name in list(folders):
            if name.startswith("."):
                folders.remove(name)
            elif (Path(folder) / name).is_symlink():
                folders.remove(name)
                problems.append(_link(root, Path(folder) / name))
        for name in sorted(names):
            if name.startswith("."):
                continue
            if name.endswith(".md"):
                yield Path(folder) / name
            else:
                path = (Path(folder) / name).relative_to(root).as_posix()
                message = f"“{name}”不是 .md 文件，不会发布。"
                hint = "内容写成 Markdown；别的文件放到文件夹外面。"
                problems.append(rules.NOT_MARKDOWN.problem(path, 1, message, hint))


def _link(root: Path, path: Path) -> Problem:
    name = path.relative_to(root).as_posix()
    return rules.SYMLINK.problem(
        name, 1, f"这个文件夹是指向“{path.readlink()}”的符号链接。", "放真正的文件夹，不要用链接。"
    )


def _rendered(source: Source, renderer: Renderer, problems: list[Problem]) -> Source | None:
    sections: list[Section] = []
    for section in source.document.sections:
        try:
            html = renderer.render(section.text)
        except RenderError as error:
            line = source.lines.get(section.key, 1)
            message = f"段落“{section.heading}”排不出来：{error}。"
            hint = "拆短，或去掉成串的括号、反引号、星号。"
            problems.append(rules.UNRENDERABLE.problem(source.path, line, message, hint))
            return None
        sections.append(section.model_copy(update={"html": html}))
    document = source.document.model_copy(update={"sections": tuple(sections)})
    return Source(source.path, document, source.lines)


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


def _visible(
    document: Document, reader: Audience, settings: Settings, day: date
) -> Document | None:
    """The document without the sections that the reader must not see; None when all go."""
    if not settings.may_read(reader.id, document.audience):
        return None
    if reader != settings.widest and document.standing(day) is not Standing.CURRENT:
        return None
    sections = tuple(s for s in document.sections if settings.may_read(reader.id, s.audience))
    return document.model_copy(update={"sections": sections}) if sections else None


class _Redactor:
    """Takes out of documents what points to anything that a view does not hold."""

    def __init__(self, kept: Mapping[str, Document]) -> None:
        self._kept = kept

    def redact(self, document: Document, internal: bool) -> Document:
        changes: dict[str, object] = {
            "policies": tuple(c for c in document.policies if self._holds(c.policy, c.article)),
            "sections": tuple(self._section(section) for section in document.sections),
        }
        if isinstance(document, Case):
            changes["faq"] = tuple(name for name in document.faq if name in self._kept)
        if isinstance(document, Policy):
            changes["supersedes"] = tuple(n for n in document.supersedes if n in self._kept)
        if not internal:
            changes |= dict.fromkeys(document.internal)
        return document.model_copy(update=changes)

    def _holds(self, document_id: str, article: str | None) -> bool:
        document = self._kept.get(document_id)
        return document is not None and (article is None or document.section(article) is not None)

    def _section(self, section: Section) -> Section:
        """Keeps a link only if its target is in the view; its text stays either way."""

        def replace(match: re.Match[str]) -> str:
            held = self._holds(match["id"], match["article"])
            return match[0] if held else match["label"]

        return section.model_copy(
            update={
                "text": MARKDOWN_LINK.sub(replace, section.text),
                "html": DOCUMENT_LINK.sub(replace, section.html),
            }
        )


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
        }
    )


def _used_taxonomy(taxonomy: Taxonomy, documents: list[Document]) -> Taxonomy:
    """A taxonomy with no other terms than those that documents use."""
    used: set[str] = set()
    for document in documents:
        for value in document.model_dump(exclude={"sections", "policies"}).values():
            used.update(value if isinstance(value, tuple) else (str(value),))
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


def _cited_by(documents: Iterable[Document]) -> dict[str, list[Document]]:
    cited: dict[str, dict[str, Document]] = defaultdict(dict)
    for document in documents:
        for citation in document.policies:
            cited[citation.policy][document.id] = document
            cited[str(citation)][document.id] = document
        for name in document.faq if isinstance(document, Case) else ():
            cited[name][document.id] = document
    return {key: list(found.values()) for key, found in cited.items()}
