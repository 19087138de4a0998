"""Re-runs: whether what a task was opened for is mended in the published index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from casebook.documents import Standing
from search.engines import EngineOf, get_engine
from search.generations import open_current
from search.insights.tasks import DONE, WATCHED, Task, TaskRefused, Tasks, Wanted
from search.searcher import Request, Results, Searcher
from search.store import Stored

# Lists of questions for which documents are found, and no answer: only an answer mends them.
NEED_ANSWERS = ("growing", "first_seen", "not_opened")
# Lists of documents: these are mended by approving the document anew, not by finding it.
OF_DOCUMENTS = ("bad_ratings", "unverified", "ending")
# A document's title in what was found; its id follows.
_TITLE = re.compile("“.*?”(?=（)")


@dataclass(frozen=True)
class Verdict:
    """What a re-run found.

    Attributes:
        closes: whether it is what the task was opened for.
        found: what was found, in one sentence.
    """

    closes: bool
    found: str


def verdict(task: Task | Wanted, searcher: Searcher, before: str = "") -> Verdict:
    """Asks the published index what a task is about.

    A question is mended when it gets an answer, or a document that holds every word where that is
    enough; where the task names the document that is to answer, that one must. Where it had that
    when the task was opened, somebody was not served by it: it must be another, or approved anew.
    Documents are mended when they were approved anew, have another end, or are gone.

    Args:
        task: the task, or what one is opened for.
        searcher: on the index of the task's audience.
        before: what was found when the task was opened.
    """
    if task.question and task.kind not in OF_DOCUMENTS:
        now = _of_question(task, searcher.search(Request(task.question)))
        if now.closes and _untitled(now.found) == _untitled(before):
            return Verdict(False, f"{now.found}；和开单时一样，没有改")
        return now
    names = () if task.kind == "growing" else task.documents
    return _of_documents(names, searcher, before)


def _of_question(task: Task | Wanted, results: Results) -> Verdict:
    """Whether a question finds what its task is to bring about."""
    if task.answer:
        return _answered_by(results, task.answer)
    return _answered(results, needs_answer=task.kind in NEED_ANSWERS)


def _answered_by(results: Results, wanted: str) -> Verdict:
    """Whether a document is the answer to a question, or comes first and holds every word."""
    if results.answer:
        found = f"有统一答复{_approved(results.answer)}"
        closes = results.answer.id == wanted
    elif results.hits:
        first = results.hits[0]
        found = f"没有统一答复，第一条是{_approved(first.document)}"
        closes = first.document.id == wanted and first.complete
    else:
        found, closes = "没有找到", False
    return Verdict(closes, found if closes else f"{found}；应当由 {wanted} 来答")


def _answered(results: Results, *, needs_answer: bool) -> Verdict:
    """Whether a question has an answer, or a document that holds every word."""
    if results.answer:
        return Verdict(True, f"有统一答复{_approved(results.answer)}")
    for hit in results.hits:
        if hit.complete and hit.standing is Standing.CURRENT:
            found = f"没有统一答复，有含全部词的{_approved(hit.document)}"
            return Verdict(not needs_answer, found)
    if not results.hits:
        return Verdict(False, "没有找到")
    near = _named(results.hits[0].document)
    return Verdict(False, f"没有统一答复，也没有含全部词的；最近的是{near}")


def _of_documents(names: tuple[str, ...], searcher: Searcher, before: str) -> Verdict:
    """Whether no document stands as it stood before."""
    if not names:
        return Verdict(False, "没有写是哪个问题、哪篇文档，重查不了；办好了就写一句话关掉")
    found = [document for name in names if (document := searcher.document(name))]
    now = [
        f"{_named(one)}核准于 {one.approved_on}，有效到 {one.effective_until or '长期'}"
        for one in found
    ]
    same = not before or any(_untitled(one) in _untitled(before) for one in now)
    return Verdict(not same, "；".join(now) or "已经撤下")


def _named(document: Stored) -> str:
    return f"“{document.title}”（{document.id}）"


def _approved(document: Stored) -> str:
    return f"{_named(document)}，核准于 {document.approved_on}"


def _untitled(found: str) -> str:
    """What was found, without titles: another title mends nothing."""
    return _TITLE.sub("", found)


class Rerunner:
    """Re-runs tasks against the indexes of a machine.

    Args:
        tasks: where they are.
        indexes: the folder that holds the audiences' indexes.
        on: the day for which documents must hold.
        widest: the id of the audience that also sees what does not hold.
        engine_of: gives the engine of a name.
    """

    def __init__(
        self,
        tasks: Tasks,
        indexes: Path,
        on: date,
        widest: str,
        engine_of: EngineOf = get_engine,
    ) -> None:
        self._tasks = tasks
        self._indexes = indexes
        self._on = on
        self._widest = widest
        self._engine_of = engine_of

    @contextmanager
    def searcher(self, audience: str) -> Iterator[Searcher]:
        """A searcher on the published index of an audience.

        Raises:
            IndexMissing: it is not on this machine.
        """
        folder = self._indexes / audience
        with closing(open_current(folder, audience, self._engine_of)) as generation:
            yield Searcher(generation, self._on, internal=audience == self._widest)

    def run(self, task: Task, searcher: Searcher, who: str = "") -> tuple[Task, Verdict]:
        """Re-runs a task, and notes what came of it.

        Raises:
            TaskRefused: no re-run can tell whether it is done.
        """
        if not task.is_checkable:
            raise TaskRefused(
                f"第 {task.id} 号重查不了：从索引里看不出办好了没有；办好了就写一句话关掉。"
            )
        found = verdict(task, searcher, task.before)
        noted = self._tasks.ran(task.id, found.found, closes=found.closes, today=self._on, who=who)
        return noted, found

    def run_all(self) -> Iterator[tuple[Task, Task, Verdict]]:
        """Re-runs what is open, and what was closed lately: each task before and after.

        What was closed too long ago to be kept is removed first.

        Raises:
            IndexMissing: the index of an audience is not on this machine.
        """
        self._tasks.prune()
        known = [task for task in self._tasks.all() if task.is_checkable]
        due = [task for task in known if task.is_open or self._is_watched(task)]
        for audience in sorted({task.audience for task in due}):
            with self.searcher(audience) as searcher:
                for task in due:
                    if task.audience == audience:
                        yield task, *self.run(task, searcher)

    def _is_watched(self, task: Task) -> bool:
        """Whether it was done not long ago, and is about a question."""
        if task.state != DONE or not task.question:
            return False
        return self._on - task.history[-1].at.date() <= WATCHED
