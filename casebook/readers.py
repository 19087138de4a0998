"""Who can read something after a change that could not before it, and who no longer can."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from casebook.documents import Document
from casebook.settings import Settings

WHOLE = "整篇"


@dataclass(frozen=True)
class Reach:
    """What some audiences can read from now on, or no longer.

    Attributes:
        name: the document's id.
        title: its title.
        parts: the headings of the sections, or 整篇.
        audiences: the Chinese names of those who gain or lose it.
        wider: whether they gain it.
    """

    name: str
    title: str
    parts: tuple[str, ...]
    audiences: tuple[str, ...]
    wider: bool

    def __str__(self) -> str:
        verb = "能看到" if self.wider else "看不到"
        return f"{'、'.join(self.audiences)}今后{verb}：{'、'.join(self.parts)}"


def reaches(old: Document, new: Document, settings: Settings) -> Iterator[Reach]:
    """How a change moves the readers of a document and of its sections.

    Args:
        old: the document before.
        new: the document after.
        settings: give the audiences.
    """
    levels = {audience.id: level for level, audience in enumerate(settings.audiences)}
    moved: dict[tuple[int, int], list[str]] = defaultdict(list)
    before = {section.key: section.audience for section in old.sections}
    whole = (levels.get(old.audience, -1), levels.get(new.audience, -1))
    for section in new.sections:
        steps = (levels.get(before.get(section.key, ""), -1), levels.get(section.audience, -1))
        # What moves with the whole document is said of that.
        if steps != whole:
            moved[steps].append(section.heading)
    moved[whole].insert(0, _whole(new, levels))
    for (start, end), parts in moved.items():
        low, high = sorted((start, end))
        # A new section had no readers, and an audience that was renamed cannot be compared.
        if low < 0 or low == high:
            continue
        names = tuple(audience.name for audience in settings.audiences[low:high])
        yield Reach(new.id, new.title, tuple(parts), names, wider=end < start)


def _whole(document: Document, levels: dict[str, int]) -> str:
    """The whole document, but for the sections that fewer may read."""
    apart = [
        section.heading
        for section in document.sections
        if levels[section.audience] > levels[document.audience]
    ]
    return f"{WHOLE}（除了{'、'.join(apart)}）" if apart else WHOLE
