"""The notices of one audience's service: read again when they change, matched with questions."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from weakref import WeakKeyDictionary

from search.analysis import Analyzer
from search.notices.notice import Notice, NoticesDamaged, read_notices

# Seconds after which it is looked whether the file has changed.
LOOK_EVERY = 0.4
# So long after its end a notice is still looked at: the clock may be set back.
_PAST = timedelta(days=1)
# What finds each word of a phrase.
_Words = tuple[re.Pattern[str], ...]
# The file's device and number, size and time of change.
_Signature = tuple[int, int, int, int]

log = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class Notices:
    """The notices that an audience sees.

    Who sets and ends them writes the file (see :mod:`search.notices.board`); every worker looks
    for itself whether it has changed. A file that cannot be read changes nothing.

    Args:
        file: where they are kept; None keeps none.
        now: the time by which they begin and end.
        clock: monotonic seconds, for looking at the file.
    """

    def __init__(
        self,
        file: Path | None,
        now: Callable[[], datetime] = _now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.file = file
        self._now = now
        self._clock = clock
        self._looked = float("-inf")
        self._signature: _Signature | None = None
        self._kept: tuple[Notice, ...] = ()
        self._lock = threading.Lock()
        self._words: WeakKeyDictionary[Analyzer, dict[str, _Words]] = WeakKeyDictionary()

    def running(self) -> tuple[Notice, ...]:
        """The incidents of this moment, the newest first."""
        self._look()
        if not self._kept:
            return ()
        now = self._now()
        found = [one for one in self._kept if one.state(now) == "running"]
        return tuple(sorted(found, key=lambda one: one.starts, reverse=True))

    def matching(
        self, asked: Iterable[str], subject: str, analyzer: Analyzer
    ) -> tuple[Notice, ...]:
        """The incidents that a question may be about, the newest first.

        Args:
            asked: the question, and what else was meant by it: corrected, for example.
            subject: that of its best result; empty where there is none.
            analyzer: of the index that answered.
        """
        running = self.running()
        if not running:
            return ()
        texts = [text for one in asked for text in _readings(one, analyzer)]
        return tuple(
            notice
            for notice in running
            if any(f"{subject}/".startswith(f"{own}/") for own in notice.subjects)
            or any(self._says(phrase, texts, analyzer) for phrase in notice.words)
        )

    def _look(self) -> None:
        """Reads the file again where it has changed."""
        now = self._clock()
        if self.file is None or now - self._looked < LOOK_EVERY:
            return
        with self._lock:
            self._looked = now
            signature = _signature(self.file)
            if signature == self._signature:
                return
            self._signature = signature
            try:
                notices = read_notices(self.file)
            except NoticesDamaged as error:
                log.error("公告照旧：%s", error)
                return
            since = self._now() - _PAST
            self._kept = tuple(one for one in notices if one.ends > since)

    def _says(self, phrase: str, texts: list[str], analyzer: Analyzer) -> bool:
        """Whether all words of a phrase stand in a question."""
        known = self._words.setdefault(analyzer, {})
        if phrase not in known:
            known[phrase] = tuple(map(_word, analyzer.normalize(phrase).split()))
        words = known[phrase]
        return bool(words) and all(any(word.search(text) for text in texts) for word in words)


def _signature(file: Path) -> _Signature | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _readings(text: str, analyzer: Analyzer) -> list[str]:
    """A text in normal form, and the glossary's other words for what stands in it."""
    normal = analyzer.normalize(text)
    return [normal, *(other for others in analyzer.synonyms(normal).values() for other in others)]


def _word(word: str) -> re.Pattern[str]:
    """What finds a word; one of letters and digits must stand alone: 4G is not in 64G."""
    found = re.escape(word)
    return re.compile(rf"(?<![a-z0-9]){found}(?![a-z0-9])" if word.isascii() else found)
