"""Tasks: a row of the insights that a team is to do something about, until a re-run closes it.

A SQLite file in the folder of what the widest audience's service learns. It holds questions whose
personal data is masked, teams, and the accounts of those who worked on a task; never who asked.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from casebook.errors import CasebookError, reason
from casebook.files import private_file
from casebook.personal_data import find_personal_data

FILE = "tasks.sqlite"
# Days until a task is due, and until one about a bad answer is: that is being given out now.
DAYS = 7
BAD_DAYS = 3
# So long after it was closed a task is looked at again by the re-run of all.
WATCHED = timedelta(days=90)
OPEN, DONE, DISMISSED = "open", "done", "dismissed"
STATES = {OPEN: "还没办", DONE: "办好了", DISMISSED: "不办"}
_WAIT = 5.0
_LONGEST = 200
# SQLite counts no further.
_GREATEST_ID = 2**63 - 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    row TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    audience TEXT NOT NULL,
    question TEXT NOT NULL,
    documents TEXT NOT NULL,
    answer TEXT NOT NULL,
    owner TEXT NOT NULL,
    opened TEXT NOT NULL,
    due TEXT NOT NULL,
    state TEXT NOT NULL,
    note TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS steps (
    task INTEGER NOT NULL REFERENCES tasks (id),
    at TEXT NOT NULL,
    what TEXT NOT NULL,
    who TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS steps_of ON steps (task);
"""


class TaskRefused(CasebookError):
    """A task cannot be opened or changed as it was asked for, or tasks cannot be kept."""


@dataclass(frozen=True)
class Step:
    """Something that was done to a task.

    Attributes:
        at: when, UTC.
        what: in a few words.
        who: an account of the service, or empty for the command line.
    """

    at: datetime
    what: str
    who: str


@dataclass(frozen=True)
class Wanted:
    """What a task is opened for.

    Attributes:
        rows: the ids of the row, the present one first.
        kind: the list that the row is from.
        audience: whose journal it is from.
        question: what was asked; empty for rows about documents.
        documents: the documents concerned.
        owner: the team that is to do it.
        note: what is to be done.
        answer: the document that is to answer the question; empty where any may.
    """

    rows: tuple[str, ...]
    kind: str
    audience: str
    question: str
    documents: tuple[str, ...]
    owner: str
    note: str = ""
    answer: str = ""


@dataclass(frozen=True)
class Task:
    """Something that a team is to do.

    Attributes:
        id: its number.
        row: the id of the row of the insights.
        kind: the list that the row is from.
        audience: whose journal it is from.
        question: what was asked; empty for rows about documents.
        documents: the documents concerned.
        answer: the document that is to answer the question; empty where any may.
        owner: the team that is to do it.
        opened: when, UTC.
        due: by when.
        state: one of ``STATES``.
        note: what is to be done, or why nothing is.
        before: what the question found when the task was opened the last time.
        after: what it found at the last re-run since; empty before the first.
        history: what was done, the first first.
    """

    id: int
    row: str
    kind: str
    audience: str
    question: str
    documents: tuple[str, ...]
    answer: str
    owner: str
    opened: datetime
    due: date
    state: str
    note: str
    before: str
    after: str
    history: tuple[Step, ...] = field(default=(), compare=False)

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.state == OPEN

    @property
    def is_checkable(self) -> bool:
        """Whether a re-run can tell that it is done; nothing tells why more is asked."""
        return bool(self.question or (self.documents and self.kind != "growing"))

    def late(self, on: date) -> bool:
        """Whether it should have been done by now."""
        return self.is_open and self.due < on


class Tasks:
    """The tasks of a service; many processes may change them at once.

    Args:
        file: made when the first task is opened.
        days: how long one that is closed is kept; each change removes what is older.
    """

    def __init__(self, file: Path, days: int = 400) -> None:
        self._file = file
        self._days = days

    def open(self, wanted: Wanted, today: date, before: str = "", who: str = "") -> Task:
        """Opens a task; a row has one task only, and one that was closed is opened again.

        Args:
            wanted: what is to be done.
            today: the day it is opened.
            before: what the question finds now.
            who: the account that opens it.

        Raises:
            TaskRefused: it names a person, or tasks cannot be kept.
        """
        _check_text(wanted.question)
        _check_text(wanted.note)
        due = today + timedelta(days=BAD_DAYS if wanted.kind == "bad_ratings" else DAYS)
        now = datetime.now(UTC)
        with self._writing() as database:
            known = _find(database, wanted.rows)
            if known is None:
                cursor = database.execute(
                    "INSERT INTO tasks VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')",
                    (
                        wanted.rows[0],
                        wanted.kind,
                        wanted.audience,
                        wanted.question,
                        json.dumps(wanted.documents),
                        wanted.answer,
                        wanted.owner,
                        now.isoformat(),
                        due.isoformat(),
                        OPEN,
                        wanted.note,
                        before,
                    ),
                )
                known = int(cursor.lastrowid or 0)
                _note(database, known, f"开给{wanted.owner}", who)
            elif _state(database, known) != OPEN:
                # What was found or named the first time says nothing of this time.
                database.execute(
                    "UPDATE tasks SET before = ?, after = '', answer = '' WHERE id = ?",
                    (before, known),
                )
                _reopen(database, known, due, "又出现了，重新打开", who)
            if wanted.answer and wanted.answer != _task(database, known).answer:
                database.execute("UPDATE tasks SET answer = ? WHERE id = ?", (wanted.answer, known))
                _note(database, known, f"应当由 {wanted.answer} 来答", who)
            return _task(database, known)

    def find(self, rows: Sequence[str]) -> Task | None:
        """The task of a row, by any of its ids; None where there is none."""
        with self._reading() as database:
            known = _find(database, rows) if database else None
            return _task(database, known) if database and known else None

    def get(self, task_id: int) -> Task:
        """A task by its number.

        Raises:
            TaskRefused: there is none.
        """
        with self._reading() as database:
            if database is None:
                raise _unknown(task_id)
            return _task(database, task_id)

    def all(self, state: str | None = None, owner: str | None = None) -> list[Task]:
        """The tasks, those that are due first in front.

        Args:
            state: only those in this state.
            owner: only those of this team.
        """
        with self._reading() as database:
            if database is None:
                return []
            ids = database.execute(
                "SELECT id FROM tasks WHERE (? IS NULL OR state = ?) AND (? IS NULL OR owner = ?)"
                " ORDER BY state <> 'open', due, id",
                (state, state, owner, owner),
            ).fetchall()
            return [_task(database, number) for (number,) in ids]

    def close(self, task_id: int, why: str, who: str = "") -> Task:
        """Closes a task by hand.

        Whether it is done only a re-run can tell; a task that no re-run can look at is closed as
        done, any other as not to be done.

        Raises:
            TaskRefused: no reason is given, or it is closed already.
        """
        reason_given = " ".join(why.split())
        if not reason_given:
            raise TaskRefused("写上为什么关；以后再问到它，看得到这句话。")
        _check_text(reason_given)
        with self._writing() as database:
            task = _task(database, task_id)
            if not task.is_open:
                raise TaskRefused(f"第 {task_id} 号已经是“{STATES[task.state]}”。")
            state = DISMISSED if task.is_checkable else DONE
            database.execute(
                "UPDATE tasks SET state = ?, note = ? WHERE id = ?", (state, reason_given, task_id)
            )
            _note(database, task_id, f"{STATES[state]}：{reason_given}", who)
            return _task(database, task_id)

    def ran(self, task_id: int, after: str, *, closes: bool, today: date, who: str = "") -> Task:
        """Notes what a re-run found; closes the task, or opens one that was closed too soon.

        Args:
            task_id: its number.
            after: what the question finds now.
            closes: whether that is what was wanted.
            today: the day of the re-run.
            who: the account that ran it.
        """
        with self._writing() as database:
            task = _task(database, task_id)
            database.execute("UPDATE tasks SET after = ? WHERE id = ?", (after, task_id))
            if closes and task.is_open:
                database.execute("UPDATE tasks SET state = ? WHERE id = ?", (DONE, task_id))
                _note(database, task_id, f"重查通过：{after}", who)
            elif not closes and task.state == DONE:
                due = today + timedelta(days=DAYS)
                _reopen(database, task_id, due, f"重查又不行了，重新打开：{after}", who)
            elif task.is_open and after != task.after:
                _note(database, task_id, f"重查没有通过：{after}", who)
            return _task(database, task_id)

    def prune(self) -> None:
        """Removes what was closed too long ago."""
        if self._file.is_file():
            with self._writing():
                pass

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """The database, for one change that is made as a whole or not at all."""
        try:
            private_file(self._file)
            with closing(sqlite3.connect(self._file, timeout=_WAIT)) as database:
                # What is removed must not stand in the file any more.
                database.execute("PRAGMA secure_delete = ON")
                database.executescript(_SCHEMA)
                database.execute("BEGIN IMMEDIATE")
                with database:
                    _prune(database, datetime.now(UTC) - timedelta(days=self._days))
                    yield database
        except (OSError, sqlite3.Error) as error:
            raise TaskRefused(
                f"待办写不进“{self._file}”（{reason(error)}）；检查磁盘和权限。"
            ) from None

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """The database; None while nothing was ever written into it."""
        if not self._file.is_file():
            yield None
            return
        try:
            with closing(sqlite3.connect(self._file, timeout=_WAIT)) as database:
                ((tables,),) = database.execute("SELECT count(*) FROM sqlite_master")
                yield database if tables else None
        except sqlite3.Error as error:
            raise TaskRefused(
                f"待办“{self._file}”读不了（{reason(error)}）；从备份里恢复。"
            ) from None


def _prune(database: sqlite3.Connection, before: datetime) -> None:
    old = database.execute(
        "SELECT id FROM tasks JOIN steps ON task = id WHERE state <> ? GROUP BY id"
        " HAVING max(at) < ?",
        (OPEN, before.isoformat(timespec="seconds")),
    ).fetchall()
    database.executemany("DELETE FROM steps WHERE task = ?", old)
    database.executemany("DELETE FROM tasks WHERE id = ?", old)


def _find(database: sqlite3.Connection, rows: Sequence[str]) -> int | None:
    for row in rows:
        found = database.execute("SELECT id FROM tasks WHERE row = ?", (row,)).fetchone()
        if found:
            return int(found[0])
    return None


def _state(database: sqlite3.Connection, task_id: int) -> str:
    (found,) = database.execute("SELECT state FROM tasks WHERE id = ?", (task_id,)).fetchone()
    return str(found)


def _reopen(database: sqlite3.Connection, task_id: int, due: date, what: str, who: str) -> None:
    database.execute(
        "UPDATE tasks SET state = ?, due = ? WHERE id = ?", (OPEN, due.isoformat(), task_id)
    )
    _note(database, task_id, what, who)


def _note(database: sqlite3.Connection, task_id: int, what: str, who: str) -> None:
    database.execute(
        "INSERT INTO steps VALUES (?, ?, ?, ?)",
        (task_id, datetime.now(UTC).isoformat(timespec="seconds"), what, who),
    )


def _task(database: sqlite3.Connection, task_id: int) -> Task:
    if not 0 < task_id <= _GREATEST_ID:
        raise _unknown(task_id)
    found = database.execute("SELECT * FROM tasks WHERE id = ?", (task_id,)).fetchone()
    if found is None:
        raise _unknown(task_id)
    steps = database.execute(
        "SELECT at, what, who FROM steps WHERE task = ? ORDER BY rowid", (task_id,)
    )
    return Task(
        id=found[0],
        row=found[1],
        kind=found[2],
        audience=found[3],
        question=found[4],
        documents=tuple(json.loads(found[5])),
        answer=found[6],
        owner=found[7],
        opened=datetime.fromisoformat(found[8]),
        due=date.fromisoformat(found[9]),
        state=found[10],
        note=found[11],
        before=found[12],
        after=found[13],
        history=tuple(Step(datetime.fromisoformat(at), what, who) for at, what, who in steps),
    )


def _unknown(task_id: int) -> TaskRefused:
    return TaskRefused(f"没有第 {task_id} 号待办；casebook task list --all 列出全部。")


def _check_text(text: str) -> None:
    if len(text) > _LONGEST:
        raise TaskRefused(f"这句话有 {len(text)} 个字，最多 {_LONGEST} 个；请缩短。")
    for found in find_personal_data(text):
        if found.certain:
            raise TaskRefused(
                f"里面有{found.kind.label}：{found.shown}；删掉它，待办不记个人信息。"
            )
