"""Questions, repeated with a number → a library of any size, read from files once for all sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.data import DataError, FaqEntry, read_questions
from benchmarks.libraries import CHECKOUT, ON, WORK, load, make_library
from benchmarks.progress import counted_of
from casebook.documents import Faq
from casebook.library import Library, View, load_library

# What the narrowest audience sees of an entry: its answer and its procedure.
PASSAGES = 2
FOLDER = WORK / "speed"


@dataclass(frozen=True)
class Corpus:
    """A library, and what is asked of it.

    Attributes:
        library: read from files.
        view: what the narrowest audience sees of it.
        questions: what it was made from.
        queries: spread evenly over the questions.
        name: where the questions are from.
    """

    library: Library
    view: View
    questions: tuple[str, ...]
    queries: tuple[str, ...]
    name: str

    def first(self, passages: int) -> View:
        """A view of the first documents, with so many passages."""
        return replace(self.view, documents=self.view.documents[: passages // PASSAGES])


def read_corpus(data: Path | None, passages: int, queries: int) -> Corpus:
    """Writes a library of so many passages, and reads it.

    Args:
        data: the folder with ``questions-*.txt``; None takes the sample library's questions.
        passages: how many.
        queries: how many questions are asked.

    Raises:
        DataError: the folder holds no questions.
    """
    questions = read_questions(data) if data else _sample_questions()
    if not questions:
        raise DataError(f"{data} holds no questions-*.txt; expected one with a question a line")
    name = f"{data.name} ({len(questions):,} questions)" if data else "the sample library"
    documents = passages // PASSAGES
    root = library_root(documents)
    make_library(root, counted_of("writing files", entries(questions, documents), documents))
    library = load(root)
    asked = [questions[place * len(questions) // queries] for place in range(queries)]
    return Corpus(
        library=library,
        view=library.view(on=ON),
        questions=tuple(questions),
        queries=tuple(dict.fromkeys(asked)),
        name=name,
    )


def library_root(documents: int) -> Path:
    """Where a library of so many documents is kept."""
    return FOLDER / f"library-{documents}"


def entries(questions: Sequence[str], number: int) -> Iterator[FaqEntry]:
    """So many entries: the questions, then the questions again with a number behind."""
    for place in range(number):
        turn, which = divmod(place, len(questions))
        text = f"{questions[which]} {turn}" if turn else questions[which]
        yield FaqEntry(str(place), text, ())


def _sample_questions() -> list[str]:
    documents = [source.document for source in load_library(CHECKOUT).sources.values()]
    return [text for one in documents if isinstance(one, Faq) for text in (one.title, *one.similar)]
