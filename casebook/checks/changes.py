"""Which problems a change to the library has to answer for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from casebook.library import Library
from casebook.problems import Problem
from casebook.rules import Rule, Topic
from casebook.settings import GLOSSARY_FILE, SETTINGS_FILE, WITHDRAWN_FILE

_ID = re.compile(rb"^id: *(\S+) *\r?$", re.MULTILINE)
# What a change in one file can break in others.
_FAR = (Topic.LINKS, Topic.FRESHNESS)


@dataclass(frozen=True)
class Reach:
    """How far a change goes.

    Attributes:
        changed: the files that were added or changed.
        pointing: the files that point to what was changed or is gone.
        topics: what must be looked at in every file, for what it rests on has changed.
    """

    changed: Set[str]
    pointing: Set[str]
    topics: Set[Topic] = frozenset()

    def answers_for(self, problem: Problem, rules: Mapping[str, Rule]) -> bool:
        """Whether a problem is in a changed file, or a change may have caused it from afar."""
        if problem.path in self.changed:
            return True
        rule = rules.get(problem.code)
        if rule is None:
            return False
        return rule.topic in self.topics or (problem.path in self.pointing and rule.topic in _FAR)


def reach_of(library: Library, changed: Set[str], before: Iterable[bytes]) -> Reach:
    """How far a change to some files goes.

    Args:
        library: the library as it is now.
        changed: the files that were added or changed, relative to the library.
        before: what stood in the files that were changed or are gone.
    """
    found = (_ID.search(old) for old in before)
    ids = {match[1].decode(errors="replace") for match in found if match}
    ids |= {name for name, source in library.sources.items() if source.path in changed}
    pointing = {
        source.path
        for source in library.sources.values()
        if any(target.partition("#")[0] in ids for target in source.targets)
    }
    if any(ids & {entry.id, *entry.replaced_by} for entry in library.withdrawn):
        pointing.add(WITHDRAWN_FILE)
    return Reach(changed, pointing, _topics(library, changed, ids))


def _topics(library: Library, changed: Set[str], ids: Set[str]) -> Set[Topic]:
    if changed & {SETTINGS_FILE, GLOSSARY_FILE}:
        return frozenset(Topic)
    wording = library.settings.check.wording
    articles = (*wording.forbidden, *wording.avoided, *wording.reserved, *wording.owed)
    read = {article.partition("#")[0] for article in articles}
    return frozenset((Topic.WORDING,)) if read & ids else frozenset()
