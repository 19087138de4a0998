"""Tasks over HTTP: the list; opening, re-running and closing one; proposing a patch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
)
from werkzeug.wrappers import Response as BaseResponse

from casebook.documents import Kind
from casebook.errors import CasebookError
from search.access.rights import Right, account, may, needs
from search.editor.views import CHECKER
from search.editor.views import EXTENSION as DRAFTS
from search.insights.patches import Patch, entry_path, similar_patch, synonym_patch
from search.insights.reporter import StillAdding, reporter
from search.insights.rerun import Rerunner, verdict
from search.insights.rows import Row
from search.insights.tasks import FILE, STATES, Task, TaskRefused, Tasks, Wanted
from search.insights.views import AGAIN, NAMES, PERIODS
from search.insights.words import LISTS
from search.searcher import Request
from search.service import Service, service
from search.store import Stored

# Closed tasks that the page shows, and entries that it offers to change.
_CLOSED = 50
_ENTRIES = 8
_LONGEST_NUMBER = 9

blueprint = Blueprint("tasks", __name__)


@dataclass(frozen=True)
class Meant:
    """The question that a patch is proposed for.

    Attributes:
        question: as most customers ask it.
        examples: how else they ask it.
        address: what names it in an address and in a form.
        wanted: what a task for it is opened for.
        count: how often it was asked; 0 where that is not known.
    """

    question: str
    examples: tuple[str, ...]
    address: dict[str, str]
    wanted: Wanted
    count: int = 0


class RowTasks:
    """The tasks of the rows of a page, which is shown without them where they cannot be read.

    Attributes:
        trouble: why they cannot be read; empty as long as they can.
    """

    def __init__(self) -> None:
        self.trouble = ""

    def of(self, row: Row) -> Task | None:
        """The task of a row; None where there is none, or where tasks cannot be read."""
        try:
            return None if self.trouble else _tasks().find(row.ids)
        except TaskRefused as error:
            self.trouble = str(error)
            return None


def register(app: Flask) -> None:
    """Gives an application the tasks' pages."""
    app.register_blueprint(blueprint)


@blueprint.app_context_processor
def _shared() -> dict[str, Any]:
    """What the header and the lists of the insights need: only the widest audience has tasks."""
    config = service().config
    return {
        "with_tasks": config.internal and config.state is not None,
        "row_tasks": RowTasks(),
        "task_states": STATES,
    }


@blueprint.get("/tasks/")
@needs(Right.ANALYSE)
def page() -> str:
    """The tasks, those that are late first."""
    return _page()


@blueprint.post("/tasks/")
@needs(Right.EDIT)
def add() -> BaseResponse | tuple[str, int]:
    """Opens the task of a row."""

    def opened() -> Task:
        wanted = _meant(request.form).wanted
        with _rerunner().searcher(wanted.audience) as searcher:
            before = verdict(wanted, searcher).found
        return _tasks().open(wanted, service().config.today(), before, account())

    return _change(opened)


@blueprint.post("/tasks/<int:task_id>/rerun")
@needs(Right.EDIT)
def rerun(task_id: int) -> BaseResponse | tuple[str, int]:
    """Asks again, and closes the task where that is mended."""

    def run() -> Task:
        task = _tasks().get(task_id)
        rerunner = _rerunner()
        with rerunner.searcher(task.audience) as searcher:
            return rerunner.run(task, searcher, account())[0]

    return _change(run)


@blueprint.post("/tasks/<int:task_id>/close")
@needs(Right.EDIT)
def close(task_id: int) -> BaseResponse | tuple[str, int]:
    """Closes a task by hand."""
    return _change(lambda: _tasks().close(task_id, request.form.get("why", ""), account()))


@blueprint.get("/tasks/propose")
@needs(Right.EDIT)
def propose() -> Response:
    """A similar question or a synonym as a patch: chosen, shown, downloaded."""
    running = service()
    if not running.config.writing:
        abort(404)
    meant: Meant | None = None
    patch: Patch | None = None
    message, status = "", 200
    try:
        meant = _meant(request.args)
        patch = _patch(running)
    except StillAdding as error:
        message, status = _waiting(error), 202
    except CasebookError as error:
        message, status = str(error), 400
    if patch and "download" in request.args:
        response = Response(patch.text, mimetype="text/x-diff")
        response.headers["Content-Disposition"] = f'attachment; filename="{patch.name}"'
        return response
    drafts = current_app.extensions[DRAFTS]
    shown = render_template(
        "tasks-propose.html",
        title=running.config.title,
        meant=meant,
        patch=patch,
        message=message,
        entries=_entries(running, meant) if meant else (),
        terms=[term.term for term in drafts.library().settings.glossary.terms],
        chosen=request.args,
        address=request.full_path,
    )
    response = make_response(shown, status)
    if status == 202:  # noqa: PLR2004
        response.headers["Refresh"] = str(AGAIN)
    return response


def _patch(running: Service) -> Patch | None:
    """What the address asks for; None where nothing is chosen yet."""
    asked = request.args
    library = running.config.library
    if library is None:
        abort(404)
    if asked.get("synonym"):
        return synonym_patch(library, asked.get("term", ""), asked["synonym"])
    if not asked.get("entry"):
        return None
    path = entry_path(current_app.extensions[DRAFTS].library(), asked["entry"])
    check = current_app.extensions[CHECKER].check
    return similar_patch(library, path, asked.get("wording", ""), check)


def _entries(running: Service, meant: Meant) -> list[Stored]:
    """The entries on offer: the chosen one, and those that the question or other words find."""
    words = request.args.get("find", "").strip() or meant.question
    named = (request.args.get("entry", ""), words)
    with running.searcher() as searcher:
        found = [found for name in named if (found := searcher.document(name))]
        if words:
            results = searcher.search(Request(words, {"kind": (Kind.FAQ.value,)}, size=_ENTRIES))
            found += [hit.document for hit in results.hits]
    unique = {one.id: one for one in found if one.kind is Kind.FAQ}
    return list(unique.values())


def _meant(values: Any) -> Meant:
    """The question that a form or an address names: a row of the insights, or a task.

    Raises:
        CasebookError: there is no such task, or the report cannot be made now.
    """
    answer = values.get("answer", "")
    if number := values.get("task", ""):
        if not number.isdecimal() or len(number) > _LONGEST_NUMBER:
            abort(404)
        task = _tasks().get(int(number))
        wanted = Wanted(
            rows=(task.row,),
            kind=task.kind,
            audience=task.audience,
            question=task.question,
            documents=task.documents,
            owner=task.owner,
            answer=answer,
        )
        return Meant(task.question, (task.question,), {"task": number}, wanted)
    row = _row(values)
    address = {"row": row.id, "audience": row.audience, "days": values["days"]}
    wanted = Wanted(
        rows=row.ids,
        kind=row.kind,
        audience=row.audience,
        question=row.question,
        documents=row.documents,
        owner=row.owner,
        note=row.advice,
        answer=answer,
    )
    return Meant(row.question, row.examples, address, wanted, row.count)


def _row(values: Any) -> Row:
    """The row that a form or an address names.

    Raises:
        CasebookError: the report cannot be made now.
    """
    made = reporter()
    audience, days = values.get("audience", ""), values.get("days", "")
    if audience not in made.audiences or days not in map(str, PERIODS):
        abort(404)
    report = made.report(audience, int(days))
    found = report.report.row(values.get("row", "")) if report else None
    if found is None:
        abort(404)
    return found


def _change(change: Callable[[], Task]) -> BaseResponse | tuple[str, int]:
    """Does what a form asks for, and shows the list."""
    try:
        task = change()
    except StillAdding as error:
        return _page(_waiting(error)), 503
    except CasebookError as error:
        return _page(str(error)), 400
    return redirect(f"/tasks/?done={task.id}#task-{task.id}", 303)


def _waiting(error: StillAdding) -> str:
    return f"还在汇总检索日志（{error}），过几秒再试。"


def _page(message: str = "") -> str:
    config = service().config
    tasks = _tasks()
    known = tasks.all()
    owner = request.args.get("owner", "")
    shown = [task for task in known if owner in ("", task.owner)]
    done = request.args.get("done", "")
    with service().searcher() as searcher:
        names = {name for task in shown for name in (*task.documents, task.answer) if name}
        found = [searcher.document(name) for name in sorted(names)]
    return render_template(
        "tasks.html",
        title=config.title,
        today=config.today(),
        message=message,
        open=[task for task in shown if task.is_open],
        closed=sorted(
            (task for task in shown if not task.is_open),
            key=lambda task: task.history[-1].at,
            reverse=True,
        )[:_CLOSED],
        owners=sorted({task.owner for task in known}),
        owner=owner,
        changed=next((task for task in known if str(task.id) == done), None),
        documents={document.id: document for document in found if document},
        audiences=current_app.extensions[NAMES],
        zone=ZoneInfo(config.timezone),
        states=STATES,
        lists=LISTS,
        editing=may(Right.EDIT),
    )


def _tasks() -> Tasks:
    config = service().config
    file = config.state_file(FILE)
    if file is None or not config.internal:
        abort(404)
    return Tasks(file, config.journal_days)


def _rerunner() -> Rerunner:
    config = service().config
    return Rerunner(
        _tasks(),
        config.index.parent,
        config.today(),
        config.audience if config.internal else "",
        config.engine_of,
    )
