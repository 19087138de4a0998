"""What the views ask: one audience's published index, within the time limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from flask import current_app

from casebook.service_settings import AccessSettings, ServiceSettings
from search.budget import Budget
from search.choices import Choices
from search.generations import Live
from search.journal.journal import Journal
from search.notices import Notices
from search.searcher import SECONDS, Request, Results, Searcher
from search.suggest import Suggester, Suggestion

EXTENSION = "casebook"


@dataclass(frozen=True)
class ServiceConfig:
    """What a service is told.

    Attributes:
        audience: whose index and site it serves.
        internal: whether that audience sees what does not hold, marked.
        title: the name on its pages.
        index: the audience's index folder.
        site: the audience's built site; None or a missing folder serves none.
        today: gives the day for which documents must hold.
        hosts: the host names it answers to, without ports.
        origins: other sites that may ask its API, as ``https://host``.
        examples: queries that the empty search page offers.
        choices: where it is counted what is chosen from the suggestions; None counts in memory.
        library: the library's folder, which gives the widest audience the editor; None gives none.
        state: the folder of what the service learns (journal, notices, tokens); None keeps nothing.
        access: who may use it.
        running: how it runs.
        journal_days: how long questions are kept; 0 keeps none.
    """

    audience: str
    internal: bool
    title: str
    index: Path
    site: Path | None
    today: Callable[[], date]
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    origins: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    choices: Path | None = None
    library: Path | None = None
    state: Path | None = None
    access: AccessSettings = field(default_factory=lambda: AccessSettings.model_validate({}))
    running: ServiceSettings = field(default_factory=lambda: ServiceSettings.model_validate({}))
    journal_days: int = 400

    @property
    def writing(self) -> bool:
        """Whether the service has the editor: only the widest audience writes."""
        return self.internal and self.library is not None

    def state_file(self, name: str) -> Path | None:
        """A file of what the service learns; None where it keeps nothing."""
        return self.state / name if self.state else None


class Service:
    """What the views ask: the published index within the time limit.

    Attributes:
        ended: what else must be ended with it.
    """

    def __init__(self, config: ServiceConfig) -> None:
        self.config = config
        self.live = Live(config.index, config.audience)
        self.budget = Budget(SECONDS)
        self.choices = Choices(config.choices)
        self.notices = Notices(config.state_file("notices.json"))
        journal = config.state_file("journal.sqlite") if config.journal_days else None
        self.journal = Journal(journal, config.journal_days)
        self.ended: list[Callable[[], None]] = []

    @contextmanager
    def searcher(self) -> Iterator[Searcher]:
        """A searcher on the published generation, for one request."""
        with self.live.generation() as generation:
            yield Searcher(generation, self.config.today(), internal=self.config.internal)

    def search(self, asked: Request, surface: str = "api", visit: str = "") -> Results:
        """Searches within the time limit, and notes what was asked.

        Args:
            asked: what is asked.
            surface: where: one of ``search.journal.records.SURFACES``.
            visit: names the page that somebody has open; empty where there is none.
        """

        def work() -> Results:
            with self.searcher() as searcher:
                return searcher.search(asked)

        results = self.budget.run(work)
        subjects = frozenset(hit.document.subject for hit in results.hits if hit.document.subject)
        return replace(
            results,
            notices=self.notices.matching(asked.text, subjects),
            question=self.journal.ask(results, surface, visit),
        )

    def suggest(self, typed: str) -> tuple[Suggestion, ...]:
        """Suggests within the time limit."""

        def work() -> tuple[Suggestion, ...]:
            with self.live.generation() as generation:
                chosen = self.choices.times()
                return Suggester(generation, self.config.today(), chosen).suggest(typed)

        return self.budget.run(work)

    def choose(self, document_id: str) -> bool:
        """Counts that a suggestion was chosen; False when there is no such document."""
        with self.searcher() as searcher:
            known = searcher.document(document_id) is not None
        if known:
            self.choices.add(document_id)
        return known

    def close(self) -> None:
        """Closes the index, and ends what else was started for it."""
        for end in self.ended:
            end()
        self.journal.close()
        self.budget.close()
        self.live.close()


def service() -> Service:
    """The running application's service."""
    found: Service = current_app.extensions[EXTENSION]
    return found
