"""What a change of the library touches: articles, answers, dates, words; what rests on each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from casebook.documents import Citation, Document, Kind, Policy, Section
from casebook.errors import SettingsError
from casebook.impact import Dependence, Dependent, term_names, using
from casebook.library import Library
from casebook.past import FOLDERS, is_document, past_settings, written_id
from casebook.readers import Reach, reaches
from casebook.reading import read_bytes, read_document
from casebook.revisions import Changes, Repository
from casebook.settings import SETTINGS_FILE, Glossary, Settings

# What of a document's front matter others may rest on.
_FACTS = (
    "title",
    "audience",
    "rank",
    "issuer",
    "number",
    "effective_from",
    "effective_until",
    "supersedes",
)


@dataclass(frozen=True)
class Touched:
    """One thing that a change touches.

    Attributes:
        name: ``policy-x#3``, ``faq-x``, or a word.
        title: what it is called.
        what: how it was changed.
        dependents: what rests on it now.
    """

    name: str
    title: str
    what: str
    dependents: tuple[Dependent, ...]


@dataclass(frozen=True)
class Touch:
    """What a change touches.

    Attributes:
        things: each thing that was changed.
        revised: the ids of the documents that the change revises or adds; a move alone is neither.
        unread: changed files with errors, which cannot be compared.
        reaches: who can read more or less than before.
        recheck: what was changed that all documents keep to: settings, articles on wording.
    """

    things: tuple[Touched, ...]
    revised: frozenset[str]
    unread: tuple[str, ...]
    reaches: tuple[Reach, ...] = ()
    recheck: tuple[str, ...] = ()

    def done(self, dependent: Dependent) -> bool:
        """Whether the change revises a dependent, too."""
        return dependent.document.id in self.revised

    @property
    def pending(self) -> int:
        """How many documents rest on what was changed and were not changed themselves."""
        return len(
            {
                one.document.id
                for thing in self.things
                for one in thing.dependents
                if not self.done(one)
            }
        )


def touched(root: Path, library: Library, since: str) -> Touch:
    """What has been changed since a revision, and what rests on it.

    Args:
        root: the library's folder.
        library: the library as it is now, with changes that are not committed yet.
        since: a revision; compared is its merge base with HEAD.

    Raises:
        GitError: the history cannot be read.
    """
    repository = Repository(root)
    changes = repository.changes_since(since)
    base = repository.merge_base(since)
    settings = _settings(repository, base, library.settings)
    old, new = _before(repository, base, changes, settings), _after(library, changes)
    faulty = {problem.path for problem in library.problems} & changes.changed
    found = (read_bytes(root / path, path) for path in faulty if is_document(path))
    hidden = {written_id(raw) for raw in found if isinstance(raw, bytes)}
    dependence = Dependence(library)
    names = sorted({*old, *new} - hidden, key=_order)
    things = [
        thing for name in names for thing in _compared(old.get(name), new.get(name), dependence)
    ]
    things += _words(settings.glossary, library)
    revised = {n for n, one in new.items() if n not in old or old[n].digest != one.digest}
    both = [(old[name], new[name]) for name in names if name in old and name in new]
    return Touch(
        tuple(things),
        frozenset(revised),
        tuple(sorted(faulty)),
        tuple(one for pair in both for one in reaches(*pair, library.settings)),
        tuple(_rules(changes, things, library.settings)),
    )


def _rules(changes: Changes, things: list[Touched], settings: Settings) -> Iterator[str]:
    """What was changed that every document keeps to."""
    if SETTINGS_FILE in changes.changed:
        yield f"设置（{SETTINGS_FILE}）"
    names = {thing.name for thing in things}
    wording = settings.check.wording
    articles = {str(one) for key in type(wording).model_fields for one in getattr(wording, key)}
    changed = [one for one in sorted(articles) if names & {one, one.partition("#")[0]}]
    if changed:
        yield f"用语条款 {'、'.join(changed)} "


def _settings(repository: Repository, commit: str, otherwise: Settings) -> Settings:
    try:
        return past_settings(repository, commit)
    except SettingsError:
        return otherwise


def _before(
    repository: Repository, base: str, changes: Changes, settings: Settings
) -> dict[str, Document]:
    """The documents that stood in the files that were changed or deleted."""
    paths = changes.changed | changes.deleted
    files = repository.files(base, FOLDERS)
    blobs = {path: blob for path, blob in files.items() if path in paths and is_document(path)}
    contents = dict(repository.contents(blobs.values()))
    kinds = {kind.folder: kind for kind in Kind}
    readings = (
        read_document(contents[blob], path, kinds[path.partition("/")[0]], settings)
        for path, blob in blobs.items()
    )
    return {one.document.id: one.document for one in readings if one.document}


def _after(library: Library, changes: Changes) -> dict[str, Document]:
    return {
        name: source.document
        for name, source in library.sources.items()
        if source.path in changes.changed
    }


def _compared(
    old: Document | None, new: Document | None, dependence: Dependence
) -> Iterator[Touched]:
    """What was changed from one state of a document to another."""
    document = new or old
    if document is None:
        return
    name = document.id
    if new is None:
        yield _thing(name, document.title, "整篇删除", dependence)
        return
    if old is not None and isinstance(new, Policy):
        for key, heading, what in _articles(old, new):
            yield _thing(f"{name}#{key}", f"{new.title} {heading}", f"条文{what}", dependence)
    parts = [] if old is None else [*_sections(old, new), *_facts(old, new)]
    if parts:
        yield _thing(name, new.title, "修改：" + "、".join(parts), dependence)
    earlier = old.supersedes if isinstance(old, Policy) else ()
    for other in new.supersedes if isinstance(new, Policy) else ():
        if other not in earlier:
            yield _thing(other, f"被“{new.title}”取代", "被取代", dependence)


def _thing(name: str, title: str, what: str, dependence: Dependence) -> Touched:
    document_id, _, article = name.partition("#")
    subject = Citation(policy=document_id, article=article or None)
    return Touched(name, title, what, tuple(dependence.on(subject)))


def _articles(old: Document, new: Document) -> Iterator[tuple[str, str, str]]:
    """Key, heading and kind of change of each section that is not the same."""

    def content(section: Section) -> tuple[str, str, str]:
        # Who reads the whole document is said of the document.
        readers = section.audience if old.audience == new.audience else ""
        return section.heading, readers, section.text

    before = {section.key: section for section in old.sections}
    after = {section.key: section for section in new.sections}
    for key, section in {**before, **after}.items():
        if key not in before:
            yield key, section.heading, "新增"
        elif key not in after:
            yield key, section.heading, "删除"
        elif content(before[key]) != content(after[key]):
            yield key, section.heading, "修改"


def _sections(old: Document, new: Document) -> list[str]:
    """The headings of changed sections; a policy's are things of their own."""
    if isinstance(new, Policy):
        return []
    return [heading for _, heading, _ in _articles(old, new)]


def _facts(old: Document, new: Document) -> Iterator[str]:
    """What others may rest on in front matter, with both values."""
    for key in _FACTS:
        before, after = getattr(old, key, None), getattr(new, key, None)
        if before != after:
            name = type(new).model_fields[key].title or key
            yield f"{name} {_shown(before)} → {_shown(after)}"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "、".join(map(str, value)) or "无"
    return "未定" if value is None else str(value)


def _words(old: Glossary, library: Library) -> Iterator[Touched]:
    """The glossary's terms that were changed or removed."""
    now = {term.term: term for term in library.settings.glossary.terms}
    for term in old.terms:
        new = now.get(term.term)
        if new == term:
            continue
        names = {*term_names(term), *(term_names(new) if new else ())}
        keys = type(term).model_fields
        changed = [key for key in keys if new and getattr(new, key) != getattr(term, key)]
        what = "词条修改：" + "、".join(changed) if new else "词条删除"
        yield Touched(term.term, f"词汇表“{term.term}”", what, tuple(using(library, names)))


def _order(name: str) -> tuple[int, str]:
    kinds = (Kind.POLICY, Kind.FAQ, Kind.CASE)
    return [name.startswith(f"{kind.value}-") for kind in kinds].index(True), name
