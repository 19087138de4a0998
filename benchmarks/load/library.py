"""A library's folder as a running service needs it: settings, an index, a site's pages."""

from __future__ import annotations

import html
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.data import read_rows
from benchmarks.libraries import CHECKOUT, ON, WORK, load, write_if_changed
from benchmarks.load.plan import Document
from benchmarks.progress import say
from benchmarks.speed.corpus import PASSAGES, read_corpus
from casebook.library import View
from casebook.settings import SETTINGS_FILE
from search.engines import get_engine
from search.generations import publish

FOLDER = WORK / "load"
# Of so many questions each run takes its own.
_QUESTIONS = 2000
_PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{title}</title>
<main><h1>{title}</h1>{body}</main></html>
"""


@dataclass(frozen=True)
class Loaded:
    """What is served, and what is asked of it.

    Attributes:
        root: the library's folder.
        view: what its index holds.
        questions: what is asked.
        documents: what is opened.
        name: what it is called in tables.
    """

    root: Path
    view: View
    questions: tuple[str, ...]
    documents: tuple[Document, ...]
    name: str

    @property
    def index(self) -> Path:
        """The folder of its index."""
        return self.root / "build" / "index" / self.view.audience.id

    def publish(self, view: View | None = None) -> None:
        """Publishes an index: of its view, or of another one."""
        publish(view or self.view, self.index, get_engine("tantivy"), "load")


def sample() -> Loaded:
    """The sample library and its judged queries."""
    rows = read_rows(CHECKOUT / "tests" / "search" / "judgements.tsv")
    view = load(CHECKOUT).view(on=ON)
    return _made("sample", view, [row["query"] for row in rows])


def repeated(data: Path, documents: int) -> Loaded:
    """A library made of questions that people asked, and those questions.

    Raises:
        DataError: the folder holds no questions.
    """
    corpus = read_corpus(data, documents * PASSAGES, _QUESTIONS)
    return _made(f"{documents}-documents", corpus.view, corpus.queries)


def marked(view: View, mark: str, *, few: bool = False) -> View:
    """The same view, but each document's title ends with a mark.

    Args:
        view: what is changed.
        mark: what is put behind each title.
        few: whether only a document in a hundred is changed.
    """
    changed = [
        one.model_copy(update={"title": f"{one.title}{mark}", "digest": f"{one.digest}{mark}"})
        for one in view.documents[:: 100 if few else 1]
    ]
    by_id = {one.id: one for one in changed}
    return replace(view, documents=tuple(by_id.get(one.id, one) for one in view.documents))


def first(loaded: Loaded, documents: int) -> Loaded:
    """The same with the first documents only."""
    view = replace(loaded.view, documents=loaded.view.documents[:documents])
    return _made(f"{loaded.name}-first-{documents}", view, loaded.questions)


def _made(name: str, view: View, questions: Sequence[str]) -> Loaded:
    root = FOLDER / name
    say(f"load: publishing {len(view.documents):,} documents in {root} ...")
    shutil.rmtree(root / "build" / "index", ignore_errors=True)
    settings = (CHECKOUT / SETTINGS_FILE).read_text(encoding="utf-8")
    write_if_changed(root / SETTINGS_FILE, settings)
    for one in view.documents:
        body = "".join(f"<h2>{html.escape(s.heading)}</h2>{s.html}" for s in one.sections)
        page = _PAGE.format(title=html.escape(one.title), body=body)
        site = root / "build" / "site" / view.audience.id
        write_if_changed(site / one.kind.address(one.id) / "index.html", page)
    documents = tuple(Document(one.id, one.kind.address(one.id)) for one in view.documents)
    made = Loaded(root, view, tuple(questions), documents, name)
    made.publish()
    return made
