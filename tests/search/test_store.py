"""What the service shows of documents: written once, read by many threads, sound or refused."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest

from casebook.documents import Case, Kind, Standing
from casebook.errors import SearchError
from casebook.library import View
from search.passages import passages
from search.store import Store

ON = date(2026, 11, 22)
IndexRoot = Callable[..., Path]


def file_of(root: Path) -> Path:
    (file,) = (root / "generations").glob("*/documents.sqlite")
    return file


@pytest.fixture(scope="module")
def written(index_root: IndexRoot) -> Path:
    """The agents' store."""
    return file_of(index_root("agent"))


@pytest.fixture(scope="module")
def store(written: Path) -> Store:
    return Store(written)


def test_every_document_comes_back_as_it_was(store: Store, agent_view: View) -> None:
    found = store.documents([document.id for document in agent_view.documents])
    assert store.count() == len(found) == len(agent_view.documents)
    for document in agent_view.documents:
        one = found[document.id]
        assert (one.id, one.kind, one.title) == (document.id, document.kind, document.title)
        assert (one.owner, one.subject) == (document.owner, document.subject)
        assert (one.approved_on, one.review_by) == (document.approved_on, document.review_by)
        assert one.effective_from == document.effective_from_or_none
        assert one.effective_until == document.effective_until_or_none
        assert one.standing(ON) is document.standing(ON)
        assert [section.key for section in one.sections] == [s.key for s in document.sections]
        assert one.url == f"{document.kind.folder}/{document.id}/"


def test_cards_say_the_same_as_documents(store: Store, agent_view: View) -> None:
    names = [document.id for document in agent_view.documents]
    documents, cards = store.documents(names), store.cards(names)
    assert documents.keys() == cards.keys()
    for name, card in cards.items():
        document = documents[name]
        assert (card.kind, card.keywords) == (document.kind, document.keywords)
        for days in (-400, -30, 0, 30, 400):
            day = ON + timedelta(days=days)
            assert card.standing(day) is document.standing(day)


def test_every_passage_comes_back(store: Store, agent_view: View) -> None:
    rows = {passage.id: passage for passage in passages(agent_view)}
    found = store.passages(list(rows))
    assert found.keys() == rows.keys()
    for name, passage in rows.items():
        one = found[name]
        assert (one.document, one.anchor) == (passage.document, passage.anchor)
        assert (one.heading, one.body) == (passage.heading, passage.body)


def test_more_ids_than_one_statement_takes_are_found(store: Store, agent_view: View) -> None:
    names = [document.id for document in agent_view.documents]
    many = [*names, *(f"faq-none-{number}" for number in range(40_000)), *names]
    assert store.documents(many).keys() == set(names)


@pytest.mark.parametrize(
    "name", ["", "faq-none", "'", "' OR 1=1 --", "%", "*", "\0", "漫游", "x" * 10_000]
)
def test_an_unknown_id_is_simply_not_there(store: Store, name: str) -> None:
    assert store.documents([name]) == {}
    assert store.passages([name]) == {}
    assert store.cards([name]) == {}


def test_what_can_be_filtered_by(store: Store, agent_view: View) -> None:
    for document in agent_view.documents:
        keywords = store.documents([document.id])[document.id].keywords
        assert keywords["kind"] == (document.kind.value,)
        if document.subject:
            assert set(keywords["category"]) == {
                document.subject.partition("/")[0],
                document.subject,
            }
        assert ("level" in keywords) == isinstance(document, Case)


def test_references_point_to_what_the_view_holds(dealer_view: View, index_root: IndexRoot) -> None:
    store = Store(file_of(index_root("dealer")))
    names = {document.id for document in dealer_view.documents}
    pointers = 0
    for document in store.documents(sorted(names)).values():
        for pointer in (*document.references, *document.cited_by):
            assert pointer.id in names
            assert pointer.url.startswith(tuple(kind.folder for kind in Kind))
            pointers += 1
        assert document.review_by is None
        assert document.standing(ON) is Standing.CURRENT
    assert pointers > 50
    store.close()


def test_the_vocabulary_comes_back(store: Store, agent_view: View) -> None:
    assert [term.term for term in store.terms] == [
        term.term for term in agent_view.settings.glossary.terms
    ]


@pytest.mark.parametrize("folder", ["a b", "a?b", "a#b", "100%", "%41", "知识库", "a&mode=rwc"])
def test_any_folder_will_do(written: Path, tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    copy = Path(shutil.copy(written, tmp_path / folder))
    store = Store(copy)
    assert store.count() > 100
    store.close()


def test_many_threads_read_at_once(store: Store, agent_view: View) -> None:
    names = [document.id for document in agent_view.documents]

    def read(seed: int) -> bool:
        chosen = random.Random(seed).sample(names, 10)
        return store.documents(chosen).keys() == set(chosen)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(200)))


def test_reading_changes_nothing(written: Path, store: Store) -> None:
    before, beside = written.read_bytes(), sorted(written.parent.iterdir())
    store.documents(["faq-arrears-resume"])
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store._database.execute("DELETE FROM documents")
    assert written.read_bytes() == before
    assert sorted(written.parent.iterdir()) == beside


def test_closing_twice_is_no_fault(written: Path) -> None:
    store = Store(written)
    store.close()
    store.close()
    with pytest.raises(SearchError, match="文档库读不了"):
        store.count()


@pytest.mark.parametrize(
    "content", [None, b"", b"not a database", b"SQLite format 3\0" + b"x" * 99]
)
def test_what_is_no_store_is_a_search_error(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "documents.sqlite"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SearchError, match="文档库打不开"):
        Store(file)
    assert content is not None or not file.exists()


@pytest.mark.parametrize("seed", range(30))
def test_damage_is_never_a_foreign_error(
    written: Path, tmp_path: Path, agent_view: View, seed: int
) -> None:
    chosen = random.Random(seed)
    content = bytearray(written.read_bytes())
    if seed % 3:
        for _ in range(20):
            content[chosen.randrange(len(content))] ^= 1 << chosen.randrange(8)
    else:
        del content[chosen.randrange(len(content)) :]
    file = tmp_path / "documents.sqlite"
    file.write_bytes(content)
    names = [document.id for document in agent_view.documents]
    try:
        store = Store(file)
    except SearchError:
        return
    try:
        store.count()
        store.documents(names)
        store.cards(names)
        store.passages([f"{name}/answer" for name in names])
        assert store.terms is not None
    except SearchError:
        pass
    finally:
        store.close()
