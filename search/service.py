"""What the views ask: one audience's published index, within the time limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

from flask import current_app

from casebook.files import private_folder
from casebook.service_settings import AccessSettings, OpenSearchSettings, ServiceSettings
from casebook.state import in_use
from search.budget import Budget
from search.choices import Choices
from search.engines import EngineOf, get_engine
from search.generations import Live
from search.index_files import Manifest
from search.journal.journal import Journal
from search.journal.records import FILE as JOURNAL
from search.journal.records import Noted
from search.metrics import Metrics
from search.notices import Notice, Notices
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
        examples: queries that the empty search page offers.
        choices: where it is counted what is chosen from the suggestions; None counts in memory.
        library: the library's folder, which gives the widest audience the editor; None gives none.
        state: the folder of what the service learns (journal, notices, tokens); None keeps nothing.
        access: who may use it.
        running: how it runs.
        journal_days: how long questions are kept; 0 keeps none.
        timezone: the library's, in which people write and read times.
        cluster: how the engine ``opensearch`` reaches its cluster.
    """

    audience: str
    internal: bool
    title: str
    index: Path
    site: Path | None
    today: Callable[[], date]
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    examples: tuple[str, ...] = ()
    choices: Path | None = None
    library: Path | None = None
    state: Path | None = None
    access: AccessSettings = field(default_factory=lambda: AccessSettings.model_validate({}))
    running: ServiceSettings = field(default_factory=lambda: ServiceSettings.model_validate({}))
    journal_days: int = 400
    timezone: str = "Asia/Shanghai"
    cluster: OpenSearchSettings | None = None

    @property
    def engine_of(self) -> EngineOf:
        """Gives the engine of a name."""
        return partial(get_engine, cluster=self.cluster)

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
        self.live = Live(config.index, config.audience, config.engine_of)
        self.budget = Budget(SECONDS, config.running.threads, config.running.waiting)
        self.choices = Choices(config.choices)
        if config.state:
            # Whoever sets notices sees by the folder that this audience is served here.
            with suppress(OSError):
                private_folder(config.state)
        self.notices = Notices(config.state_file("notices.json"))
        journal = config.state_file(JOURNAL) if config.journal_days else None
        self.journal = Journal(journal, config.journal_days)
        self.metrics = Metrics(self.manifest, self.journal)
        self.ended: list[Callable[[], None]] = [in_use(config.state)]

    @contextmanager
    def searcher(self) -> Iterator[Searcher]:
        """A searcher on the published generation, for one request."""
        with self.live.generation() as generation:
            yield Searcher(generation, self.config.today(), internal=self.config.internal)

    def search(
        self, asked: Request, surface: str = "api", visit: str = "", question: str = ""
    ) -> Results:
        """Searches within the time limit, and notes what was asked.

        Args:
            asked: what is asked.
            surface: where: one of ``search.journal.records.SURFACES``.
            visit: names the page that somebody has open; empty where there is none.
            question: the question's id in the journal, where this is a further look at it.
        """

        def work() -> Results:
            with self.searcher() as searcher:
                return searcher.search(asked)

        with self.metrics.search() as counted:
            results = self.budget.run(counted.started(work))
            counted.found(_outcome(results), degraded=results.degraded)
        return replace(
            results,
            notices=self._notices(results),
            question=self._question(results, surface, visit, question),
        )

    def _question(self, results: Results, surface: str, visit: str, question: str) -> str:
        """The question's id; another page and an explanation are no new question."""
        asked = results.request
        if not self.journal.file:
            return ""
        if question or asked.page > 1 or asked.explain or _is_narrowed_away(results):
            return question
        return self.journal.ask(results, surface, visit)

    def _notices(self, results: Results) -> tuple[Notice, ...]:
        """The incidents that a question may be about."""
        if not self.notices.running():
            return ()
        with self.live.generation() as generation:
            return self.notices.matching(results.asked, results.subject, generation.analyzer)

    def suggest(self, typed: str) -> tuple[Suggestion, ...]:
        """Suggests within the time limit."""

        def work() -> tuple[Suggestion, ...]:
            with self.live.generation() as generation:
                chosen = self.choices.times()
                return Suggester(generation, self.config.today(), chosen).suggest(typed)

        with self.metrics.suggest() as counted:
            suggestions = self.budget.run(counted.started(work))
            counted.found("found" if suggestions else "none")
        return suggestions

    def manifest(self) -> Manifest:
        """What the index in use says of itself."""
        with self.live.generation() as generation:
            return generation.manifest

    def choose(self, document_id: str) -> bool:
        """Counts that a suggestion was chosen; False when there is no such document."""
        with self.searcher() as searcher:
            known = searcher.document(document_id) is not None
        if known:
            self.choices.add(document_id)
        return known

    def note(self, event: Noted) -> bool:
        """Notes what somebody did; False when there is no such document, or no journal."""
        if event.document:
            with self.searcher() as searcher:
                if searcher.document(event.document) is None:
                    return False
        self.journal.note(*event)
        return self.journal.file is not None

    def close(self) -> None:
        """Closes the index, and ends what else was started for it."""
        for end in self.ended:
            end()
        self.journal.close()
        self.budget.close()
        self.live.close()


def _is_narrowed_away(results: Results) -> bool:
    """Whether a filter may be why nothing was found: that says nothing of what is missing."""
    found = results.answer or results.complete
    return not found and any(name != "kind" for name in results.request.filters)


def _outcome(results: Results) -> str:
    """What came of a search, as it is counted."""
    if results.answer:
        return "answered"
    return "found" if results.hits else "none"


def service() -> Service:
    """The running application's service."""
    found: Service = current_app.extensions[EXTENSION]
    return found
