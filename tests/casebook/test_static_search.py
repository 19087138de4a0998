"""The site's own index: what the script makes of a query is what the index holds."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.static_index import Found, found, script_terms, write_files
from casebook import static_search
from casebook.documents import Document, Faq
from casebook.library import Library, View
from casebook.settings import Term
from casebook.static_search import CACHE_FILE, FOLDER, INDEX, search_files
from tests.casebook.search_terms import text_terms
from tests.conftest import ON, ROOT

needs_node = pytest.mark.skipif(not shutil.which("node"), reason="no node")
JUDGEMENTS = ROOT / "tests" / "search" / "judgements.tsv"
UNANSWERABLE = ROOT / "tests" / "search" / "unanswerable.tsv"
# What a query may cost, at any size of library, and in a small one.
MOST_REQUESTS = 30
MOST_REQUESTS_SMALL = 18
FRAGMENTS = st.sampled_from(
    (
        *"宽带 怎么办 的 5G WiFi wi-fi 129元 ＶＩＰ ６６ ｖ　１ 話費 臺 〇 々 カタ ㎡ ①".split(" "),
        *"﹕ é Ж 한 𠮷 \u200b \u00ad \ufeff ， 。 \n & <b>".split(" "),
    )
)
HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9F00)
TEXTS = st.lists(st.one_of(FRAGMENTS, st.text(max_size=4)), max_size=8).map("".join)


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


def by_path(view: View, cache: Path | None = None) -> dict[str, bytes]:
    return {file.path: file.content for file in search_files(view, cache)}


def varints(data: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield value
            value = shift = 0


def index_terms(files: dict[str, bytes]) -> dict[int, tuple[int, list[tuple[int, int]]]]:
    """Every term of an index: how many documents hold it, and its postings."""
    found_terms = {}
    for path, content in files.items():
        if not path.endswith(".bin"):
            continue
        numbers = varints(content)
        heads, term = [], 0
        for _ in range(next(numbers)):
            term += next(numbers)
            heads.append((term, next(numbers), next(numbers)))
        at = len(content) - sum(size for _, _, size in heads)
        for number, holders, size in heads:
            postings, document = [], 0
            for value in varints(content[at : at + size]):
                document += value // static_search.LEVELS
                postings.append((document, value % static_search.LEVELS))
            found_terms[number] = (holders, postings)
            at += size
    return found_terms


def sound_terms(name: str) -> list[int]:
    return [int(number) for number in static_search._sound_terms([name])[0]]


def traditional(files: dict[str, bytes]) -> str:
    return next(json.loads(text) for path, text in files.items() if path.endswith("hant.json"))


@pytest.fixture(scope="module")
def folders(library: Library, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The indexes of both audiences."""
    made = {}
    for audience in ("dealer", "agent"):
        made[audience] = tmp_path_factory.mktemp(audience)
        write_files(search_files(library.view(audience, ON)), made[audience])
    return made


def ask(folders: dict[str, Path], asked: list[dict[str, str]]) -> list[Found]:
    """What each row's query finds for its audience."""
    answers: dict[tuple[str, str], Found] = {}
    for audience, folder in folders.items():
        queries = [row["query"] for row in asked if row["audience"] == audience]
        given_ = found(folder / FOLDER, queries, ON)
        answers.update({(audience, q): one for q, one in zip(queries, given_, strict=True)})
    return [answers[row["audience"], row["query"]] for row in asked]


# ---- terms ----------------------------------------------------------------------------------


@needs_node
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TEXTS, min_size=60, max_size=60))
def test_the_script_makes_the_terms_that_the_index_has(texts: list[str]) -> None:
    pairs = "".join(map(chr, [n for pair in static_search._simplified().items() for n in pair]))
    for text, terms in zip(texts, script_terms(texts, pairs), strict=True):
        assert set(terms) == set(text_terms(text)), repr(text)


@needs_node
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(HAN, min_size=3, max_size=6), min_size=60, max_size=60))
def test_the_script_makes_of_letters_the_sounds_that_names_have(texts: list[str]) -> None:
    sounds = static_search._sounds()
    heard = {
        text: [sounds.syllables[sounds.of[ord(c)] - 1] for c in static_search.folded(text)]
        for text in texts
        if all(sounds.of[ord(c)] for c in static_search.folded(text))
    }
    # A syllable of one letter (啊, 额) is taken for a first letter.
    names = [text for text, syllables in heard.items() if min(map(len, syllables)) > 1]
    whole = ["".join(heard[name]) for name in names]
    letters = ["".join(one[0] for one in heard[name]) for name in names]
    made = script_terms([*whole, *letters], syllables=sounds.syllables)
    for place, name in enumerate(names):
        terms, pairs = sound_terms(name), len(name) - 1
        if not ambiguous(heard[name], sounds.syllables):
            assert set(made[place]) == set(terms[:pairs]), name
        # First letters that happen to be a syllable are read as one.
        if not any(letters[place][at : at + 2] in sounds.syllables for at in range(len(name))):
            assert set(made[len(names) + place]) == set(terms[pairs:]), name


def ambiguous(syllables: list[str], known: tuple[str, ...]) -> bool:
    """Whether syllables written together may be parted otherwise: xi an, xian."""
    letters = "".join(syllables)
    ends = {sum(map(len, syllables[:number])) for number in range(len(syllables) + 1)}
    return any(
        letters[start:end] in known and not (start in ends and end in ends)
        for start in range(len(letters))
        for end in range(start + 2, start + 7)
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＷｉＦｉ ５Ｇ", "wifi 5g"),
        ("話費", "话费"),
        ("宽\u200b带", "宽带"),
        ("宽带（光纤）", "宽带，光纤"),
    ],
)
def test_what_looks_the_same_is_the_same(one: str, other: str) -> None:
    assert sorted(text_terms(one)) == sorted(text_terms(other))


@pytest.mark.parametrize(
    ("one", "other"), [("宽带", "带宽"), ("129", "1299"), ("话 费", "话费"), ("5g", "4g")]
)
def test_what_is_different_is_different(one: str, other: str) -> None:
    assert sorted(text_terms(one)) != sorted(text_terms(other))


def test_every_document_is_found_by_each_term_of_its_title(dealer_view: View) -> None:
    held = index_terms(by_path(dealer_view))
    for number, document in enumerate(dealer_view.documents):
        for term in text_terms(document.title):
            assert number in {one for one, _ in held[term][1]}, document.title


def test_other_wordings_are_searched_and_cannot_be_read(dealer_view: View) -> None:
    files = by_path(dealer_view)
    held = index_terms(files)
    similar = [
        (number, text)
        for number, document in enumerate(dealer_view.documents)
        if isinstance(document, Faq)
        for text in document.similar
    ]
    assert similar
    chunks = b"".join(files.values()).decode(errors="replace")
    for number, text in similar:
        assert text not in chunks
        assert all(number in dict(held[term][1]) for term in text_terms(text))


# ---- files ----------------------------------------------------------------------------------


def test_the_same_view_gives_the_same_bytes(library: Library, agent_view: View) -> None:
    again = library.view("agent", ON)
    assert list(search_files(agent_view)) == list(search_files(again))


def test_a_change_gives_every_file_but_the_first_another_address(dealer_view: View) -> None:
    first, *rest = dealer_view.documents
    changed = first.model_copy(update={"title": "说得完全不一样的标题", "digest": "changed"})
    after = replace(dealer_view, documents=(changed, *rest))
    before, now = by_path(dealer_view), by_path(after)
    assert set(before) & set(now) == {INDEX}
    assert before[INDEX] != now[INDEX]


def test_shards_stay_small_and_a_common_term_costs_little(dealer_view: View) -> None:
    copies = [copy_of(dealer_view.documents[0], number) for number in range(900)]
    files = by_path(replace(dealer_view, documents=tuple(copies)))
    holders, postings = index_terms(files)[text_terms(copies[0].title)[0]]
    assert holders == 900
    assert len(postings) == static_search._MOST_POSTINGS
    sample = by_path(dealer_view)
    sizes = [len(content) for path, content in sample.items() if path.endswith(".bin")]
    assert len(sizes) > 10
    assert max(sizes) < 16_000


def test_a_library_without_documents_has_an_index(dealer_view: View, tmp_path: Path) -> None:
    empty = replace(dealer_view, documents=())
    write_files(search_files(empty), tmp_path)
    if shutil.which("node"):
        [nothing] = found(tmp_path / FOLDER, ["宽带断了"], ON)
        assert (nothing.paths, nothing.answer) == ([], None)


def term(name: str, *synonyms: str, finds: tuple[str, ...] = ()) -> Term:
    values = {"term": name, "audience": "dealer", "synonyms": synonyms, "finds": finds}
    return Term.model_validate(values, context={"audiences": ["dealer"]})


def copy_of(document: Document, number: int) -> Document:
    name = f"{document.id}-n{number}"
    return document.model_copy(update={"id": name, "digest": name})


# ---- audiences ------------------------------------------------------------------------------


def test_a_narrow_index_tells_nothing_of_other_audiences(
    dealer_view: View, agent_view: View
) -> None:
    narrow, wide = by_path(dealer_view), by_path(agent_view)
    open_terms: set[int] = set()
    synonyms = static_search._Synonyms(dealer_view.settings.glossary)
    for document in dealer_view.documents:
        texts = static_search._texts(document, synonyms)
        open_terms.update(*(text_terms(text) for text in vars(texts).values()))
        open_terms.update(sound_terms(texts.names))
    assert set(index_terms(narrow)) == open_terms
    assert set(index_terms(wide)) > open_terms
    shown = b"".join(narrow.values()).decode(errors="replace")
    hidden = {one.id: one for one in agent_view.documents if not dealer_view.get(one.id)}
    assert hidden
    for document in hidden.values():
        assert document.id not in shown
        assert document.title not in shown
    held = set(traditional(narrow)[1::2])
    text = "".join(chr(number >> 16) + chr(number & 0xFFFF) for number in open_terms)
    assert held <= set(text)


# ---- cache ----------------------------------------------------------------------------------


def refuse(*_: object) -> None:
    raise AssertionError("a document was analysed that is known")


def test_what_is_known_is_not_analysed_again(
    agent_view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = by_path(agent_view)
    assert by_path(agent_view, tmp_path) == fresh
    monkeypatch.setattr(static_search, "_texts", refuse)
    assert by_path(agent_view, tmp_path) == fresh


def test_after_a_change_only_that_document_is_analysed(
    agent_view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_path(agent_view, tmp_path)
    _, second, *rest = agent_view.documents
    new = copy_of(second, 1).model_copy(update={"title": "新写的一篇，讲的是乌鸦和老鹰"})
    after = replace(agent_view, documents=(new, second, *rest))
    fresh = by_path(after)
    analysed: list[str] = []
    texts = static_search._texts

    def noted(document: Document, glossary: static_search._Synonyms) -> static_search._Texts:
        analysed.append(document.id)
        return texts(document, glossary)

    monkeypatch.setattr(static_search, "_texts", noted)
    assert by_path(after, tmp_path) == fresh
    assert analysed == [new.id]


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text", "folder", "other glossary"])
def test_a_damaged_cache_is_none(
    damage: str, agent_view: View, dealer_view: View, tmp_path: Path
) -> None:
    fresh = by_path(agent_view)
    by_path(agent_view, tmp_path)
    file = tmp_path / CACHE_FILE
    data = file.read_bytes()
    middle = len(data) // 2
    if damage == "folder":
        file.unlink()
        file.mkdir()
    elif damage == "other glossary":
        glossary = agent_view.settings.glossary
        word = term("乌鸦", "老鹰")
        changed = agent_view.settings.model_copy(
            update={"glossary": glossary.model_copy(update={"terms": (*glossary.terms, word)})}
        )
        by_path(replace(agent_view, settings=changed), tmp_path)
    else:
        flipped = bytes([data[middle] ^ 0xFF])
        file.write_bytes(
            {
                "cut": data[:middle],
                "flipped": data[:middle] + flipped + data[middle + 1 :],
                "empty": b"",
                "text": b"nothing of the sort",
            }[damage]
        )
    assert by_path(agent_view, tmp_path) == fresh


# ---- what is found --------------------------------------------------------------------------


@needs_node
def test_judged_queries_find_their_documents(folders: dict[str, Path]) -> None:
    asked = rows(JUDGEMENTS)
    places = []
    for row, one in zip(asked, ask(folders, asked), strict=True):
        right = [place for place, name in enumerate(one.ids, 1) if name in row["ids"].split(",")]
        places.append(right[0] if right else 99)
    missed = [row["query"] for row, place in zip(asked, places, strict=True) if place > 3]
    assert sum(place == 1 for place in places) >= 0.88 * len(asked), missed
    assert sum(place <= 3 for place in places) >= 0.97 * len(asked), missed


@needs_node
def test_an_answer_is_given_only_where_there_is_one(folders: dict[str, Path]) -> None:
    asked = rows(UNANSWERABLE)
    answered = [
        row["query"] for row, one in zip(asked, ask(folders, asked), strict=True) if one.answer
    ]
    assert len(answered) <= 0.02 * len(asked), answered


@needs_node
def test_the_answer_that_is_given_is_the_right_one(folders: dict[str, Path]) -> None:
    asked = [row for row in rows(JUDGEMENTS) if "faq-" in row["ids"]]
    answers = [(row, one.answer_id) for row, one in zip(asked, ask(folders, asked), strict=True)]
    wrong = [row["query"] for row, name in answers if name and name not in row["ids"].split(",")]
    assert len(wrong) <= 0.01 * len(asked), wrong
    assert sum(name is not None for _, name in answers) >= 0.18 * len(asked)


@needs_node
def test_a_query_costs_little(folders: dict[str, Path]) -> None:
    long = "我上个月办的那个一百二十九的套餐里面说好送的宽带到现在还没有人来给我装是怎么回事啊" * 4
    queries = [long, "的", "怎么办", "", "，。", "zzzz", "a" * 200, "宽带 " * 30]
    for one in found(folders["agent"] / FOLDER, queries, ON):
        assert one.requests <= MOST_REQUESTS_SMALL
        assert one.bytes < 120_000


@needs_node
def test_in_a_larger_library_records_come_in_chunks(dealer_view: View, tmp_path: Path) -> None:
    more = [copy_of(dealer_view.documents[0], number) for number in range(static_search._SMALL)]
    documents = (*dealer_view.documents, *more)
    write_files(search_files(replace(dealer_view, documents=documents)), tmp_path)
    titles = [document.title for document in dealer_view.documents[1:40:6]]
    for title, one in zip(titles, found(tmp_path / FOLDER, titles, ON), strict=True):
        assert title in {documents_title(documents, name) for name in one.ids}
        assert one.requests <= MOST_REQUESTS


def documents_title(documents: tuple[Document, ...], name: str) -> str:
    return next(document.title for document in documents if document.id == name)


@needs_node
@pytest.mark.parametrize(
    ("typed", "meant"),
    [("宽代", "宽带"), ("携好转网", "携号转网"), ("欠废停机", "欠费停机"), ("话废", "话费")],
)
def test_a_pair_that_nobody_knows_is_found_by_its_sound(
    typed: str, meant: str, folders: dict[str, Path], agent_view: View
) -> None:
    [one] = found(folders["agent"] / FOLDER, [typed], ON)
    names = {document.id: document.title for document in agent_view.documents}
    similar = {d.id: "".join(d.similar) for d in agent_view.documents if isinstance(d, Faq)}
    assert meant in names[one.ids[0]] + similar.get(one.ids[0], "")


@needs_node
def test_the_sounds_are_fetched_only_where_characters_find_little(
    folders: dict[str, Path],
) -> None:
    known, unknown = found(folders["agent"] / FOLDER, ["宽带", "宽代"], ON)
    # The first file, the records, the shards of two characters.
    assert known.requests <= 4
    # The sounds besides, and the shards that hold them.
    assert unknown.requests >= known.requests + 2


@needs_node
def test_what_has_ended_comes_last_and_is_no_answer(folders: dict[str, Path]) -> None:
    query = "暑期国际漫游数据包买五天送一天还有吗"
    [one] = found(folders["agent"] / FOLDER, [query], ON)
    ended = one.paths.index("faq/faq-roaming-summer/")
    assert not one.current[ended]
    assert all(one.current[:ended])
    assert one.answer_id != "faq-roaming-summer"


@needs_node
def test_an_old_copy_of_the_index_knows_what_has_ended_since(
    library: Library, tmp_path: Path
) -> None:
    name = "faq-roaming-summer"
    until = library.sources[name].document.effective_until_or_none
    assert until
    write_files(search_files(library.view("dealer", until)), tmp_path)
    title = library.sources[name].document.title
    [then, now] = [found(tmp_path / FOLDER, [title], day)[0] for day in (until, date(2030, 1, 1))]
    assert then.answer_id == name
    assert then.current[then.ids.index(name)]
    assert now.answer_id != name
    assert not now.current[now.ids.index(name)]


@needs_node
def test_synonyms_find_each_other_and_what_a_word_finds_does_not_find_it(
    dealer_view: View, tmp_path: Path
) -> None:
    word = term("乌鸦", "老鸹", finds=("喜鹊",))
    glossary = dealer_view.settings.glossary.model_copy(update={"terms": (word,)})
    settings_ = dealer_view.settings.model_copy(update={"glossary": glossary})
    entry = next(one for one in dealer_view.documents if isinstance(one, Faq))
    named = {name: f"{name}停在哪里" for name in ("乌鸦", "喜鹊")}
    documents = tuple(
        entry.model_copy(update={"id": f"faq-{n}", "title": title, "similar": (), "digest": title})
        for n, title in enumerate(named.values())
    )
    view = replace(dealer_view, settings=settings_, documents=documents)
    write_files(search_files(view), tmp_path)
    queries = ["乌鸦", "老鸹", "喜鹊"]
    crow, other, magpie = found(tmp_path / FOLDER, queries, ON)
    assert crow.ids == ["faq-0", "faq-1"]
    assert other.ids == ["faq-0", "faq-1"]
    assert magpie.ids == ["faq-1"]
