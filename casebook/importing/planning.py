"""What an import will write: every file, what it becomes, what is missing, and what is there."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from casebook.authoring import free_id, write_new
from casebook.documents import ID_PATTERN, Kind
from casebook.errors import PathError
from casebook.importing.blocks import Converted, clean
from casebook.importing.child import read_foreign
from casebook.importing.comparing import Difference, body_of, differences, same
from casebook.importing.drafting import Defaults, place_of, write
from casebook.importing.drafts import Draft
from casebook.importing.existing import Existing
from casebook.importing.limits import Unreadable
from casebook.importing.recognising import recognise
from casebook.library import today
from casebook.personal_data import PersonalKind, find_personal_data, mask_personal_data
from casebook.settings import Settings

Progress = Callable[[int, int, str], None]


class Status(StrEnum):
    """What becomes of an entry."""

    NEW = "new"
    PRESENT = "present"
    CHANGED = "changed"
    UNKNOWN = "unknown"
    FAILED = "failed"

    @property
    def label(self) -> str:
        """Its Chinese name."""
        return {
            "new": "新",
            "present": "已经有了",
            "changed": "内容不同",
            "unknown": "认不出种类",
            "failed": "不能写",
        }[self.value]


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Attributes:
        kind: of documents whose kind cannot be told.
        audience: who may read them; the widest when None.
        owner: who answers for them.
        subject: where the source names none.
        mask: personal data is masked.
    """

    kind: Kind | None = None
    audience: str | None = None
    owner: str = ""
    subject: str = ""
    mask: bool = False


@dataclass(frozen=True)
class Personal:
    """Personal data in a document, never its full value.

    Attributes:
        label: what it is, in Chinese.
        where: the heading or the title of the key where it stands.
        shown: its masked form.
    """

    label: str
    where: str
    shown: str


@dataclass(frozen=True)
class Planned:
    """What one entry of a file becomes.

    Attributes:
        source: the file's name.
        place: where in it; empty for the whole.
        status: what becomes of it.
        kind: of the document; None when it cannot be told.
        id: the document's.
        title: its title, personal data masked.
        file: relative to the library: the new one, or the one that is there.
        text: the whole document; empty when none is written.
        missing: keys and headings to be filled in.
        extra: what has no place and stands in the appendix.
        columns: the columns of the source that some of it is from.
        loose: what of it is from no column.
        personal: personal data in the text.
        placed: what the source called a thing, and what it became.
        notes: what a person should look at.
        differences: where the document that is there says another thing than the source.
    """

    source: str
    place: str
    status: Status
    kind: Kind | None = None
    id: str = ""
    title: str = ""
    file: str = ""
    text: str = ""
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    personal: tuple[Personal, ...] = ()
    placed: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()


@dataclass
class Plan:
    """Everything that an import found.

    Attributes:
        documents: in the order of the sources.
        left_out: by source, what belongs to no document.
        unreadable: by source, why it gives nothing.
    """

    documents: list[Planned] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)

    @property
    def new(self) -> list[Planned]:
        """What is to be written."""
        return [one for one in self.documents if one.status is Status.NEW]

    @property
    def clean(self) -> bool:
        """Whether nothing asks for a person's attention."""
        return (
            not self.unreadable
            and not any(self.left_out.values())
            and not any(
                one.status in (Status.UNKNOWN, Status.FAILED, Status.CHANGED)
                or (
                    one.status is Status.NEW
                    and (one.missing or one.extra or one.personal or one.notes)
                )
                for one in self.documents
            )
        )


def make_plan(
    root: Path,
    settings: Settings,
    files: Sequence[Path],
    options: Options,
    progress: Progress | None = None,
) -> Plan:
    """Reads files and says what they become; writes nothing.

    Args:
        root: the library's folder.
        settings: its settings.
        files: what to import.
        options: what the user asked for.
        progress: told the number of files done, of all, and the name of the one that comes.

    Raises:
        PathError: a file is not there.
        UnknownAudience: there is no such audience.
    """
    for file in files:
        if not file.exists():
            raise PathError(f"没有文件“{file}”；检查写法。")
    maker = _Maker(root, settings, options)
    names = _names(files)
    for number, file in enumerate(files):
        if progress:
            progress(number, len(files), file.name)
        maker.add(names[number], file)
    if progress:
        progress(len(files), len(files), "")
    return maker.plan


def write_plan(root: Path, plan: Plan) -> list[Path]:
    """Writes the new documents; touches nothing that is there.

    Returns:
        The files, in order.

    Raises:
        PublishError: one cannot be written; those before it stay.
    """
    written = []
    for one in plan.new:
        file = root / one.file
        write_new(file, one.text)
        written.append(file)
    return written


def _names(files: Sequence[Path]) -> list[str]:
    """Names for people: the file's own, or its path where two have the same."""
    own = [file.name for file in files]
    return [clean(str(file) if own.count(file.name) > 1 else file.name) for file in files]


class _Maker:
    """Turns files into planned documents, each with an id and a title of its own."""

    def __init__(self, root: Path, settings: Settings, options: Options) -> None:
        self.plan = Plan()
        self.settings = settings
        self.options = options
        audience = settings.audience(options.audience) if options.audience else settings.widest
        self.defaults = Defaults(audience.id, options.owner, options.subject, today(settings))
        self.allowed = [one.value for one in settings.check.allowed]
        self.existing = Existing(root, self._title_key)
        self.ids = set(self.existing.ids)
        # What this import gives, by its title.
        self.fresh: dict[tuple[Kind, str], Draft] = {}

    def add(self, source: str, file: Path) -> None:
        """Plans the documents of one file."""
        try:
            found = read_foreign(file)
        except Unreadable as error:
            self.plan.unreadable[source] = str(error)
            return
        self._add_all(source, file, found)
        if found.left_out:
            self.plan.left_out[source] = [self._mask(clean(text)) for text in found.left_out]
        if not found.entries:
            self.plan.unreadable[source] = "里面没有可以导入的内容；检查是不是选错了文件。"

    def _add_all(self, source: str, file: Path, found: Converted) -> None:
        for entry in found.entries:
            for draft in recognise(entry, self.settings, self.options.kind):
                draft.title = draft.title or file.stem
                self.plan.documents.append(self._planned(source, draft))

    def _planned(self, source: str, draft: Draft) -> Planned:
        title = self._mask(" ".join(draft.title.split()))
        if draft.kind is None:
            words = self._masked(draft)("\n".join(block.text for block in draft.extra))
            return Planned(
                source,
                draft.place,
                Status.UNKNOWN,
                title=title,
                extra=(words,) if words else (),
                loose=(words,) if words else (),
                placed=tuple(self._placed(draft)),
                notes=("认不出是案例、统一口径还是政策，没有导入；用 --kind 说明",),
            )
        key = (draft.kind, self._title_key(title))
        if paths := self.existing.of(draft.kind, title, draft.keys.get("id")):
            return self._there(source, draft, draft.kind, title, paths)
        remarks = list(draft.notes)
        if twin := self.fresh.get(key):
            if (twin.sections, twin.keys) == (draft.sections, draft.keys):
                return Planned(source, draft.place, Status.PRESENT, draft.kind, "", title)
            remarks.append(f"标题与{twin.place or '前面一篇'}相同，内容不同；合成一篇，或改标题")
        self.fresh.setdefault(key, draft)
        return self._written(source, draft, draft.kind, title, remarks)

    def _there(
        self, source: str, draft: Draft, kind: Kind, title: str, paths: list[str]
    ) -> Planned:
        """The document that came of this source, or is most like it, and where they differ."""
        mask = self._masked(draft)
        here = write(draft, "", self.settings, self.defaults, mask).text

        def compared(path: str) -> tuple[int, bool, int, str, tuple[Difference, ...]]:
            there = mask(self.existing.text(path))
            found = tuple(differences(there, here, draft))
            return len(found), not same(body_of(there), body_of(here)), len(path), path, found

        *_, path, found = min(map(compared, paths))
        status = Status.CHANGED if found else Status.PRESENT
        name = Path(path).stem
        return Planned(source, draft.place, status, kind, name, title, path, differences=found)

    def _written(
        self, source: str, draft: Draft, kind: Kind, title: str, notes: list[str]
    ) -> Planned:
        name = self._name(draft, kind, title)
        hidden = self._masked(draft)
        mask = hidden if self.options.mask else str
        document = write(draft, name, self.settings, self.defaults, mask)
        status = Status.FAILED if document.broken else Status.NEW
        if status is Status.NEW:
            self.ids.add(name)
        return Planned(
            source,
            draft.place,
            status,
            kind,
            name,
            title,
            f"{kind.folder}/{name}.md",
            document.text,
            document.missing,
            tuple(hidden(block.text) for block in draft.extra),
            tuple(map(self._mask, draft.columns)),
            tuple(self._loose(draft)),
            tuple(self._personal(document.text, draft)),
            tuple(dict.fromkeys(self._placed(draft))),
            (*(self._mask(note) for note in notes), *document.broken, *document.faults),
        )

    def _name(self, draft: Draft, kind: Kind, title: str) -> str:
        """A free id: the one that the source gives, or one from the title without its secrets."""
        given = draft.keys.get("id")
        if (
            isinstance(given, str)
            and ID_PATTERN.fullmatch(given)
            and given.startswith(f"{kind.value}-")
            and given not in self.ids
        ):
            return given
        return free_id(kind, title, self.ids.__contains__)

    def _loose(self, draft: Draft) -> Iterator[str]:
        of_columns = {id(block) for blocks in draft.columns.values() for block in blocks}
        hidden = self._masked(draft)
        for block in draft.extra:
            if id(block) not in of_columns:
                yield hidden(block.text)

    def _placed(self, draft: Draft) -> Iterator[tuple[str, str]]:
        for name, into in draft.placed:
            yield self._mask(name), self._mask(into)

    def _mask(self, text: str) -> str:
        return mask_personal_data(text, self.allowed)

    def _masked(self, draft: Draft) -> Callable[[str], str]:
        """Masks what is found, and the names that the source itself calls names."""

        def mask(text: str) -> str:
            for name in draft.names:
                named = re.compile(f"(?<=：){re.escape(name)}$", re.MULTILINE)
                text = named.sub(_initial(name), text)
            return self._mask(text)

        return mask

    def _personal(self, text: str, draft: Draft) -> Iterator[Personal]:
        found = find_personal_data(text, self.allowed)
        for one in found:
            yield Personal(one.kind.label, place_of(text, one.start), one.shown)
        for name in draft.names:
            at = text.find(f"：{name}\n")
            if at >= 0 and not any(one.start <= at + 1 < one.end for one in found):
                yield Personal(PersonalKind.NAME.label, place_of(text, at), _initial(name))

    def _title_key(self, title: str) -> str:
        """A title as two of them are compared: letters only, whether masked or not."""
        plain = unicodedata.normalize("NFKC", self._mask(title)).casefold()
        return re.sub(r"[\W_]+", "", plain)


def _initial(name: str) -> str:
    return name[:1] + "*" * (len(name) - 1)
