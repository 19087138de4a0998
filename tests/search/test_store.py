"""What the service shows of documents: layers written once, read by many threads, or refused."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from pyroaring import BitMap

from casebook.documents import Case, Faq, Kind, Standing
from casebook.errors import SearchError
from casebook.library import View
from casebook.settings import Ranking, Term
from search.passages import Findable, Passage, findable
from search.sound import word_sound
from search.store import LayerWriter, Row, Store, stored

ON = date(2026, 11, 22)
IndexRoot = Callable[..., Path]


def file_of(root: Path) -> Path:
    (file,) = (root / "generations").glob("*/store/*.sqlite")
    return file


@pytest.fixture(scope="module")
def written(index_root: IndexRoot) -> Path:
    """The agents' store."""
    return file_of(index_root("agent"))


@pytest.fixture(scope="module")
def store(written: Path) -> Iterator[Store]:
    opened = Store([written])
    yield opened
    opened.close()


def numbers(store: Store, names: Iterable[str]) -> list[int]:
    known = store.fingerprints()
    return [known[name][0] for name in names]


class TestOneLayer:
    def test_every_document_comes_back_as_it_was(self, store: Store, agent_view: View) -> None:
        found = store.documents(list(store.alive))
        assert store.count() == len(found) == len(agent_view.documents)
        by_id = {one.id: one for one in found.values()}
        for document in agent_view.documents:
            one = by_id[document.id]
            assert (one.id, one.kind, one.title) == (document.id, document.kind, document.title)
            assert (one.owner, one.subject) == (document.owner, document.subject)
            assert (one.approved_on, one.review_by) == (document.approved_on, document.review_by)
            assert one.effective_from == document.effective_from_or_none
            assert one.effective_until == document.effective_until_or_none
            assert one.standing(ON) is document.standing(ON)
            assert [section.key for section in one.sections] == [s.key for s in document.sections]
            assert one.url == f"{document.kind.folder}/{document.id}/"
            assert one == stored(document, agent_view, findable(document).keywords)

    def test_cards_say_the_same_as_documents(self, store: Store, agent_view: View) -> None:
        documents, cards = store.documents(list(store.alive)), store.cards(list(store.alive))
        assert documents.keys() == cards.keys()
        questions = {one.id: findable(one).questions for one in agent_view.documents}
        for number, card in cards.items():
            document = documents[number]
            assert (card.number, card.id, card.kind) == (number, document.id, document.kind.value)
            assert date.fromisoformat(card.approved_on) == document.approved_on
            assert card.review_by == (document.review_by and document.review_by.isoformat())
            assert card.questions == questions[card.id]
            assert len(card.sounds) == len(card.questions)
            assert all(sounds for sounds in card.sounds)
            for days in (-400, -30, 0, 30, 400):
                day = ON + timedelta(days=days)
                assert card.standing(day) is document.standing(day)

    def test_every_passage_comes_back_with_its_document(
        self, store: Store, agent_view: View
    ) -> None:
        last = store.first_numbers()[1]
        found = store.passages(range(last))
        assert list(found) == list(range(last))
        ids = {number: name for name, (number, _) in store.fingerprints().items()}
        owners = store.owners(list(found))
        rows = [
            (ids[owner], one.name, one.anchor, one.heading, one.body)
            for owner, one in zip(owners, found.values(), strict=True)
        ]
        assert sorted(rows) == sorted(
            (document.id, one.name, one.anchor, one.heading, one.body)
            for document in agent_view.documents
            for one in findable(document).passages
        )
        assert store.owners(list(found)[::-1]) == owners[::-1]

    def test_more_numbers_than_one_statement_takes_are_found(self, store: Store) -> None:
        alive = list(store.alive)
        many = [*alive, *range(10_000, 50_000), *alive]
        assert store.documents(many).keys() == set(alive)
        assert store.cards(many).keys() == set(alive)

    def test_more_terms_than_one_statement_takes_are_found(self, store: Store) -> None:
        terms = ["套餐", *(f"没有{number}" for number in range(40_000)), "宽带"]
        assert store.holding(terms).keys() == {"套餐", "宽带"}
        assert store.sounding([word_sound(term) for term in terms]).keys() >= {
            word_sound("套餐"),
            word_sound("宽带"),
        }

    def test_an_unknown_number_is_simply_not_there(self, store: Store) -> None:
        for unknown in (10**6, 2**32 - 1):
            assert store.documents([unknown]) == {}
            assert store.passages([unknown]) == {}
            assert store.cards([unknown]) == {}

    @pytest.mark.parametrize(
        "name", ["", "faq-none", "'", "' OR 1=1 --", "%", "*", "\0", "漫游", "x" * 10_000]
    )
    def test_an_unknown_name_is_simply_not_there(self, store: Store, name: str) -> None:
        assert store.number(name) is None
        assert store.sounding([name]) == {}
        if name != "漫游":
            assert store.holding([name]) == {}

    def test_every_id_has_its_number(self, store: Store, agent_view: View) -> None:
        known = store.fingerprints()
        assert known.keys() == {document.id for document in agent_view.documents}
        assert len({mark for _, mark in known.values()}) == len(known)
        for name, (number, _) in known.items():
            assert store.number(name) == number

    def test_what_can_be_filtered_by(self, store: Store, agent_view: View) -> None:
        for document in agent_view.documents:
            (number,) = numbers(store, [document.id])
            keywords = store.documents([number])[number].keywords
            assert keywords["kind"] == (document.kind.value,)
            if document.subject:
                assert set(keywords["category"]) == {
                    document.subject.partition("/")[0],
                    document.subject,
                }
            assert ("level" in keywords) == isinstance(document, Case)
            for name, values in store.facets.items():
                held = {value for value, found in values.items() if number in found}
                assert held == set(keywords.get(name, ()))

    def test_what_holds_a_word(self, store: Store, agent_view: View) -> None:
        held = store.holding(["套餐", "没有的词"])
        assert held.keys() == {"套餐"}
        named = numbers(store, [one.id for one in agent_view.documents if "套餐" in one.title])
        assert set(named) <= set(held["套餐"]) < set(store.alive)

    @pytest.mark.parametrize("days", [-1200, -300, 0, 300, 3000])
    def test_what_holds_on_a_day(self, store: Store, agent_view: View, days: int) -> None:
        day = ON + timedelta(days=days)
        expected = [d.id for d in agent_view.documents if d.standing(day) is Standing.CURRENT]
        assert set(store.current(day)) == set(numbers(store, expected))
        # Asked again, and for another day between.
        assert store.current(ON - timedelta(days=3000)) != store.current(ON)
        assert set(store.current(day)) == set(numbers(store, expected))

    def test_references_point_to_what_the_view_holds(
        self, dealer_view: View, index_root: IndexRoot
    ) -> None:
        store = Store([file_of(index_root("dealer"))])
        names = {document.id for document in dealer_view.documents}
        pointers = 0
        for document in store.documents(list(store.alive)).values():
            for pointer in (*document.references, *document.cited_by):
                assert pointer.id in names
                assert pointer.url.startswith(tuple(kind.folder for kind in Kind))
                pointers += 1
            assert document.review_by is None
            assert document.standing(ON) is Standing.CURRENT
        assert pointers > 50
        store.close()

    def test_the_vocabulary_and_the_ranking_come_back(self, store: Store, agent_view: View) -> None:
        assert [term.term for term in store.terms] == [
            term.term for term in agent_view.settings.glossary.terms
        ]
        assert store.ranking == agent_view.settings.search.ranking

    @pytest.mark.parametrize("folder", ["a b", "a?b", "a#b", "100%", "%41", "知识库", "a&mode=rwc"])
    def test_any_folder_will_do(self, written: Path, tmp_path: Path, folder: str) -> None:
        (tmp_path / folder).mkdir()
        store = Store([Path(shutil.copy(written, tmp_path / folder))])
        assert store.count() > 100
        store.close()

    def test_many_threads_read_at_once(self, store: Store) -> None:
        alive = list(store.alive)

        def read(seed: int) -> bool:
            chosen = random.Random(seed).sample(alive, 10)
            words = store.holding(["套餐", "宽带"]).keys() == {"套餐", "宽带"}
            store.current(ON + timedelta(days=seed % 3))
            return words and store.documents(chosen).keys() == set(chosen)

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(read, range(200)))

    def test_reading_changes_nothing(self, written: Path, store: Store) -> None:
        before, beside = written.read_bytes(), sorted(written.parent.iterdir())
        store.documents(list(store.alive))
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            store._layers[0]._database.execute("DELETE FROM documents")
        assert written.read_bytes() == before
        assert sorted(written.parent.iterdir()) == beside

    def test_closing_twice_is_no_fault(self, written: Path) -> None:
        store = Store([written])
        store.close()
        store.close()
        with pytest.raises(SearchError, match="文档库读不了"):
            store.documents([0])


DAMAGED = [None, b"", b"not a database", b"SQLite format 3\0" + b"x" * 99]


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


class TestDamage:
    @pytest.mark.parametrize("content", DAMAGED)
    @pytest.mark.parametrize("place", [0, 1])
    def test_what_is_no_store_is_a_search_error(
        self, written: Path, tmp_path: Path, content: bytes | None, place: int
    ) -> None:
        file = tmp_path / "000.sqlite"
        if content is not None:
            file.write_bytes(content)
        files = [written, written]
        files[place] = file
        before = _open_files()
        for _ in range(3):
            with pytest.raises(SearchError, match=r"文档库(打不开|读不了)"):
                Store(files)
        assert content is not None or not file.exists()
        assert _open_files() <= before

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("first_document", None),
            ("first_document", "a"),
            ("first_passage", None),
            ("documents", None),
            ("documents", b"x"),
            ("owners", None),
            ("owners", b"abc"),
            ("owners", 7),
            ("removed", None),
            ("removed", b"abc"),
            ("removed", "abc"),
            ("terms", None),
            ("terms", "{"),
            ("terms", "7"),
            ("terms", '["a"]'),
            ("ranking", None),
            ("ranking", "{"),
            ("ranking", '{"names": -1}'),
            ("ranking", '{"nothing": 1}'),
        ],
    )
    def test_a_layer_that_says_nonsense_of_itself_is_refused(
        self, written: Path, tmp_path: Path, name: str, value: object
    ) -> None:
        file = Path(shutil.copy(written, tmp_path))
        database = sqlite3.connect(file)
        if value is None:
            database.execute("DELETE FROM meta WHERE name = ?", (name,))
        else:
            database.execute("UPDATE meta SET value = ? WHERE name = ?", (value, name))
        database.commit()
        database.close()
        with pytest.raises(SearchError, match="文档库读不了"):
            Store([file])

    @pytest.mark.parametrize("seed", range(30))
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    def test_damage_is_never_a_foreign_error(
        self, written: Path, tmp_path: Path, seed: int
    ) -> None:
        chosen = random.Random(seed)
        content = bytearray(written.read_bytes())
        if seed % 3:
            for _ in range(20):
                content[chosen.randrange(len(content))] ^= 1 << chosen.randrange(8)
        else:
            del content[chosen.randrange(len(content)) :]
        file = tmp_path / "000.sqlite"
        file.write_bytes(content)
        try:
            store = Store([file])
        except SearchError:
            return
        everything = range(store.first_numbers()[1])
        reads: tuple[Callable[[], object], ...] = (
            store.count,
            store.fingerprints,
            store.latin,
            lambda: store.current(ON),
            lambda: store.number("faq-arrears-resume"),
            lambda: store.documents(everything),
            lambda: store.cards(everything),
            lambda: store.passages(everything),
            lambda: store.owners([0, 1, 10**6]),
            lambda: store.holding(["套餐", "宽带", "的"]),
            lambda: store.sounding([word_sound("套餐"), word_sound("宽带")]),
        )
        for read in reads:
            try:
                read()
            except SearchError:
                continue
        store.close()

    @pytest.mark.parametrize(
        ("statement", "read"),
        [
            ("UPDATE documents SET record = '{'", lambda store: store.documents([0])),
            ("UPDATE documents SET record = '[]'", lambda store: store.documents([0])),
            ("UPDATE documents SET record = '{\"kind\": 1}'", lambda store: store.documents([0])),
            ("UPDATE documents SET questions = x'00'", lambda store: store.cards([0])),
            ("UPDATE documents SET sounds = x'00'", lambda store: store.cards([0])),
            ("UPDATE postings SET documents = x'0011'", lambda store: store.holding(["的"])),
            ("UPDATE postings SET documents = 7", lambda store: store.holding(["的"])),
            ("DROP TABLE words", lambda store: store.sounding(["x"])),
            ("DROP TABLE postings", lambda store: store.latin()),
            ("DROP TABLE passages", lambda store: store.passages([0])),
            ("SELECT 1", lambda store: store.owners([10**6])),
        ],
    )
    def test_damaged_rows_are_search_errors(
        self, written: Path, tmp_path: Path, statement: str, read: Callable[[Store], object]
    ) -> None:
        file = Path(shutil.copy(written, tmp_path))
        database = sqlite3.connect(file)
        database.execute(statement)
        database.commit()
        database.close()
        store = Store([file])
        with pytest.raises(SearchError, match="文档库读不了"):
            read(store)
        store.close()


def row(
    number: int, view: View, title: str, place: int = 0, passages: int = 1, **changes: object
) -> Row:
    """A document that holds the words of its title, parted by spaces."""
    document = view.of(Kind.FAQ)[place].model_copy(update={"title": title, **changes})
    keywords = {"kind": ("faq",), "category": (title.split(maxsplit=1)[0],)}
    pieces = tuple(Passage(f"p{one}", f"a{one}", title, f"正文{one}") for one in range(passages))
    words = title.split()
    return Row(
        number=number,
        fingerprint=f"mark-{number}",
        findable=Findable(document, (title,), (), pieces, keywords),
        record=stored(document, view, keywords),
        sounds=(f"{word_sound(title)}\t别的读法",),
        first_passage=number * 10,
        terms=frozenset(words),
        words=frozenset((word_sound(word), word) for word in words if not word.isascii()),
    )


class TestLayers:
    """A pile of three: documents 0 to 3; then 0 and 1 gone, 1 and one more new; then 3 gone."""

    PASSAGES = 3

    @pytest.fixture
    def names(self, agent_view: View) -> list[str]:
        return [document.id for document in agent_view.of(Kind.FAQ)]

    @pytest.fixture
    def layer(self, agent_view: View, tmp_path: Path) -> Callable[..., Path]:
        def write(
            name: str,
            first: int,
            rows: Sequence[tuple[str, int]],
            removed: Iterable[int] = (),
            terms: Sequence[str] = (),
            **changes: object,
        ) -> Path:
            file = tmp_path / f"{name}.sqlite"
            writer = LayerWriter(file, first, first * self.PASSAGES)
            for place, (title, which) in enumerate(rows):
                number = first + place
                one = row(number, agent_view, title, which, self.PASSAGES, **changes)
                writer.add(replace(one, first_passage=number * self.PASSAGES))
            glossary = [Term.model_construct(term=term, audience="dealer") for term in terms]
            writer.finish(glossary, Ranking(names=1.0 + first), removed)
            return file

        return write

    @pytest.fixture
    def files(self, layer: Callable[..., Path]) -> list[Path]:
        return [
            layer("000", 0, [("甲 漫游", 0), ("乙 慢游", 1), ("丙 慢游 wifi", 2), ("丁 esim", 3)]),
            layer("001", 4, [("乙 漫游", 1), ("戊 漫游", 4)], removed=[0, 1], terms=["甲"]),
            layer("002", 6, [], removed=[3], terms=["乙", "丙"]),
        ]

    @pytest.fixture
    def piles(self, files: list[Path]) -> Iterator[list[Store]]:
        opened = [Store(files[:count]) for count in (1, 2, 3)]
        yield opened
        for store in opened:
            store.close()

    def test_what_is_alive(self, piles: list[Store]) -> None:
        assert [set(store.alive) for store in piles] == [{0, 1, 2, 3}, {2, 3, 4, 5}, {2, 4, 5}]
        assert [store.count() for store in piles] == [4, 4, 3]
        assert [store.layers() for store in piles] == [1, 2, 3]
        assert [store.first_numbers() for store in piles] == [(4, 12), (6, 18), (6, 18)]

    def test_an_id_has_its_newest_number(self, piles: list[Store], names: list[str]) -> None:
        found = [[store.number(name) for name in names[:5]] for store in piles]
        assert found == [[0, 1, 2, 3, None], [None, 4, 2, 3, 5], [None, 4, 2, None, 5]]
        for store in piles:
            assert store.fingerprints() == {
                name: (number, f"mark-{number}")
                for name in names[:5]
                if (number := store.number(name)) is not None
            }

    def test_documents_cards_and_passages_come_from_their_layer(self, piles: list[Store]) -> None:
        titles = ["甲 漫游", "乙 慢游", "丙 慢游 wifi", "丁 esim", "乙 漫游", "戊 漫游"]
        newest = piles[-1]
        documents, cards = newest.documents([5, 2, 4]), newest.cards([5, 2, 4])
        assert {number: one.title for number, one in documents.items()} == {
            number: titles[number] for number in (2, 4, 5)
        }
        assert {number: one.questions for number, one in cards.items()} == {
            number: (titles[number],) for number in (2, 4, 5)
        }
        assert cards[4].sounds == ((word_sound(titles[4]), "别的读法"),)
        passages = newest.passages([6, 8, 12, 17])
        assert {n: (one.heading, one.body) for n, one in passages.items()} == {
            6: (titles[2], "正文0"),
            8: (titles[2], "正文2"),
            12: (titles[4], "正文0"),
            17: (titles[5], "正文2"),
        }
        assert newest.owners([6, 17, 12, 8]) == [2, 5, 4, 2]
        assert piles[0].owners([0, 11]) == [0, 3]

    def test_terms_are_held_by_what_is_left(self, piles: list[Store]) -> None:
        terms = ["漫游", "慢游", "甲", "戊", "esim", "没有"]
        found = [{t: set(held) for t, held in store.holding(terms).items()} for store in piles]
        assert found == [
            {"漫游": {0}, "慢游": {1, 2}, "甲": {0}, "esim": {3}},
            {"漫游": {4, 5}, "慢游": {2}, "戊": {5}, "esim": {3}},
            {"漫游": {4, 5}, "慢游": {2}, "戊": {5}},
        ]

    def test_facets_count_what_is_left(self, piles: list[Store]) -> None:
        found = [
            {value: set(held) for value, held in store.facets["category"].items() if held}
            for store in piles
        ]
        assert found == [
            {"甲": {0}, "乙": {1}, "丙": {2}, "丁": {3}},
            {"乙": {4}, "丙": {2}, "丁": {3}, "戊": {5}},
            {"乙": {4}, "丙": {2}, "戊": {5}},
        ]
        assert [set(store.facets["kind"]["faq"]) for store in piles] == [
            set(store.alive) for store in piles
        ]

    def test_of_words_that_sound_alike_the_most_used_of_what_is_left(
        self, piles: list[Store]
    ) -> None:
        heard, gone = word_sound("漫游"), word_sound("丁")
        assert heard == word_sound("慢游")
        assert [store.sounding([heard, gone]) for store in piles] == [
            {heard: "慢游", gone: "丁"},
            {heard: "漫游", gone: "丁"},
            {heard: "漫游"},
        ]

    def test_latin_words_of_what_is_left(self, piles: list[Store]) -> None:
        assert [store.latin() for store in piles] == [
            {"wifi", "esim"},
            {"wifi", "esim"},
            {"wifi"},
        ]

    def test_glossary_and_ranking_are_those_of_the_newest(self, piles: list[Store]) -> None:
        assert [[term.term for term in store.terms] for store in piles] == [
            [],
            ["甲"],
            ["乙", "丙"],
        ]
        assert [store.ranking.names for store in piles] == [1.0, 5.0, 7.0]

    def test_what_holds_on_a_day_goes_by_the_newest_version(
        self, layer: Callable[..., Path]
    ) -> None:
        days = {"effective_from": None, "effective_until": None}
        files = [
            layer("a", 0, [("甲", 0), ("乙", 1)], **days),
            layer("b", 2, [("甲", 0)], removed=[0], effective_from=ON, effective_until=ON),
        ]
        store = Store(files)
        found = [set(store.current(ON + timedelta(days=n))) for n in (-1, 0, 1)]
        assert found == [{1}, {1, 2}, {1}]
        store.close()

    def test_a_document_that_comes_back(
        self, files: list[Path], layer: Callable[..., Path]
    ) -> None:
        store = Store([*files, layer("003", 6, [("甲 回来", 0), ("丁 esim", 3)])])
        assert set(store.alive) == {2, 4, 5, 6, 7}
        assert set(store.holding(["甲", "esim"])["甲"]) == {6}
        assert store.latin() == {"wifi", "esim"}
        assert isinstance(store.alive, BitMap)
        store.close()

    def test_the_lower_layers_stay_as_they_were(
        self, files: list[Path], piles: list[Store]
    ) -> None:
        before = [file.read_bytes() for file in files]
        for store in piles:
            store.documents(list(store.alive))
            store.sounding([word_sound("漫游")])
        assert [file.read_bytes() for file in files] == before

    @pytest.mark.parametrize("place", [0, 1, 2])
    @pytest.mark.parametrize("content", DAMAGED[1:])
    def test_one_damaged_layer_is_a_search_error(
        self, files: list[Path], place: int, content: bytes
    ) -> None:
        before = _open_files()
        files[place].write_bytes(content)
        with pytest.raises(SearchError, match="文档库读不了"):
            Store(files)
        assert _open_files() <= before

    def test_faq_is_what_these_tests_use(self, agent_view: View) -> None:
        assert all(isinstance(one, Faq) for one in agent_view.of(Kind.FAQ)[:5])
