"""What measures speed measures what it says; no test looks at how fast anything is."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.data import DataError
from benchmarks.pages import replace_section
from benchmarks.speed import building, queries, service
from benchmarks.speed.__main__ import main
from benchmarks.speed.client import Job, Outcome, run
from benchmarks.speed.corpus import Corpus, entries, read_corpus
from benchmarks.speed.figures import Figure, Report, new_report, read_report, value_of
from benchmarks.speed.report import draw, section
from benchmarks.speed.rivals import RIVALS, Rival, Tee, WithoutSounds, emptied, engine_query
from search.analysis import Analyzer
from search.engines.base import Entry
from tests.benchmarks.conftest import WriteData

QUESTIONS = "借款审核期间能否取消借款\n怎样才能开通微粒贷\n信用卡丢了怎么挂失\n"


@pytest.fixture
def corpus(write_data: WriteData) -> Corpus:
    return read_corpus(write_data({"questions-x.txt": QUESTIONS}), passages=20, queries=3)


def entry(number: int, text: str) -> Entry:
    analyzer = Analyzer()
    return Entry(number, number, {**analyzer.named([text]), "text": analyzer.terms(text)})


def test_questions_are_repeated_with_a_number() -> None:
    found = [one.question for one in entries(["甲", "乙"], 5)]
    assert found == ["甲", "乙", "甲 1", "乙 1", "甲 2"]


def test_a_corpus_is_read_from_files(corpus: Corpus) -> None:
    assert len(corpus.view.documents) == 10
    assert corpus.queries == tuple(QUESTIONS.split())
    assert corpus.name == "data (3 questions)"
    assert sum(len(document.sections) for document in corpus.first(6).documents) == 6


def test_a_folder_without_questions_is_named(write_data: WriteData) -> None:
    folder = write_data()
    with pytest.raises(DataError, match=r"data holds no questions-\*\.txt; expected one"):
        read_corpus(folder, 20, 3)


@pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.name)
def test_every_rival_finds_passages(rival: type[Rival], tmp_path: Path) -> None:
    made = rival(tmp_path)
    for number, text in enumerate(QUESTIONS.split()):
        made.add(entry(number, text), text)
    made.finish()
    assert made.search(Analyzer().query("信用卡丢了")) >= 1
    assert made.search(Analyzer().query("zzzz")) == 0
    made.close()


def test_rivals_get_the_entries_that_ours_gets(tmp_path: Path) -> None:
    seen = []

    class Watching(RIVALS[-1]):  # type: ignore[misc, valid-type]
        def add(self, entry: Entry, text: str) -> None:
            seen.append((entry.number, text))
            super().add(entry, text)

    given = [entry(number, text) for number, text in enumerate(QUESTIONS.split())]
    engine = Tee([Watching(tmp_path)], QUESTIONS.split())
    engine.build(emptied(tmp_path / "ours"), given)
    with closing(engine.open(tmp_path / "ours")) as index:
        assert index.count() == len(given)
    assert seen == list(enumerate(QUESTIONS.split()))


def test_without_sounds_nothing_is_found_by_sound(tmp_path: Path) -> None:
    question = Analyzer().query("xinyongka")
    assert engine_query(question).terms == question.terms
    assert {term.field for term in engine_query(question, sounds=False).terms} <= {"names", "text"}
    found = []
    for engine in (Tee([], ["信用卡丢了怎么挂失"]), WithoutSounds()):
        folder = emptied(tmp_path / type(engine).__name__)
        engine.build(folder, [entry(0, "信用卡丢了怎么挂失")])
        with closing(engine.open(folder)) as index:
            found.append(len(index.search(engine_query(question))))
    assert found == [1, 0]


def test_query_times_are_taken_of_everybody(corpus: Corpus) -> None:
    figures = list(queries.query_figures(corpus, [6, 20]))
    subjects = {queries.OURS, queries.WHOLE, queries.ANALYSIS, *(rival.name for rival in RIVALS)}
    assert {figure.subject for figure in figures} == subjects
    assert {figure.passages for figure in figures} == {6, 20}
    assert all(figure.n == 3 and figure.value > 0 for figure in figures)


def test_sounds_cost_time_and_space(corpus: Corpus) -> None:
    figures = list(queries.sound_figures(corpus, 20))
    sizes = [
        value_of(figures, queries.SOUNDS, one, "index", 20) for one in ("with sounds", "words only")
    ]
    assert sizes[0] > sizes[1] > 0


def test_whoosh_is_measured_until_it_is_too_slow(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "_SMALLEST", 4)
    sizes = {figure.passages for figure in queries.whoosh_figures(corpus, 20)}
    assert sizes == {4, 8, 16}
    monkeypatch.setattr(queries, "BEARABLE_MS", 0.0)
    assert {figure.passages for figure in queries.whoosh_figures(corpus, 20)} == {4}


def test_a_changed_document_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(building, "_CHANGES", 2)
    monkeypatch.setattr(building, "FOLDER", tmp_path)
    figures = list(building.change_figures(160))
    found = [
        value_of(figures, building.CHANGE, building.ONE_CHANGED, name, 160)
        for name in ("read", "published", "found")
    ]
    assert found == sorted(found)
    assert found[0] > 0


def test_builds_are_measured(corpus: Corpus) -> None:
    figures = list(building.build_figures(corpus, 20))
    assert {figure.subject for figure in figures} == {"tantivy", "whoosh"}
    assert all(figure.value > 0 for figure in figures)


def test_a_real_server_is_asked(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_SECONDS", "_ARRIVAL_SECONDS", "_WARM_UP_SECONDS"):
        monkeypatch.setattr(service, name, 0.2)
    figures = list(service.service_figures(corpus, 20))
    assert value_of(figures, service.START, "server", "memory", 20) > 10
    assert value_of(figures, service.REQUESTS, "search, 1 client", "errors", 20) == 0
    assert value_of(figures, service.REQUESTS, "healthz, 16 clients", "p50", 20) > 0
    assert value_of(figures, service.ARRIVALS, "300 searches/s", "p99", 20) > 0


class _Server:
    """A server that waits before it answers, and answers every third request with 503."""

    def __init__(self, wait: float) -> None:
        self.wait = wait
        self.asked = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            self.asked += 1
            status = b"503 Busy" if self.asked % 3 == 0 else b"200 OK"
            await asyncio.sleep(self.wait)
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nok")

    def outcome(self, connections: int, seconds: float, rate: float = 0.0) -> Outcome:
        async def work() -> Outcome:
            listening = await asyncio.start_server(self._forgiving, "127.0.0.1", 0)
            port = listening.sockets[0].getsockname()[1]
            async with listening:
                return await run(Job(port, ("/",), connections, seconds, rate))

        return asyncio.run(work())

    async def _forgiving(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self.talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.close()


def test_a_closed_loop_waits_for_each_answer() -> None:
    server = _Server(wait=0.02)
    outcome = server.outcome(connections=2, seconds=0.2)
    assert min(outcome.took) >= 20
    assert len(outcome.took) + sum(outcome.errors.values()) == server.asked <= 22
    assert outcome.errors["503"] == server.asked // 3


def test_an_open_loop_sends_every_request_and_counts_the_wait() -> None:
    # One connection that takes 40 ms a request cannot keep up with 100 a second.
    outcome = _Server(wait=0.04).outcome(connections=1, seconds=0.2, rate=100.0)
    assert len(outcome.took) + sum(outcome.errors.values()) == 20
    assert max(outcome.took) > 400


def test_a_lost_connection_is_an_error() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = _Server(wait=0.0)
    server.talk = refuse  # type: ignore[method-assign]
    outcome = server.outcome(connections=1, seconds=0.2, rate=10.0)
    assert (outcome.took, dict(outcome.errors)) == ([], {"lost": 2})


def test_errors_come_back_from_the_process_that_asks() -> None:
    with closed_port() as port:
        outcome = service._run(Job(port, ("/",), connections=1, seconds=0.2, rate=10.0))
    assert (outcome.took, dict(outcome.errors)) == ([], {"lost": 2})


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that is taken and where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def report() -> Report:
    def both(part: str, subject: str, low: float, high: float, passages: int) -> Iterator[Figure]:
        yield Figure(part, subject, "p50", "ms", low, passages, 9)
        yield Figure(part, subject, "p95", "ms", high, passages, 9)

    figures = [
        *both(queries.PART, queries.OURS, 0.125, 2.0, 1000),
        *both(queries.PART, queries.OURS, 0.25, 1234.5, 10000),
        *both(queries.WHOOSH, queries.WHOOSH, 3.0, 7.5, 500),
        *both(queries.SOUNDS, queries.WITH_SOUNDS, 0.2, 0.4, 1000),
        *both(queries.SOUNDS, queries.WORDS_ONLY, 0.1, 0.1, 1000),
        Figure(queries.SOUNDS, queries.WITH_SOUNDS, "index", "MB", 3.0, 1000),
        Figure(queries.SOUNDS, queries.WORDS_ONLY, "index", "MB", 2.0, 1000),
        *both(service.ARRIVALS, "300 searches/s", 4.0, 5.5, 1000),
        Figure(service.START, "first answer", "after", "s", 0.5, 1000),
        Figure(service.START, "server", "memory", "MB", 150.0, 1000),
        Figure(building.BUILD, "tantivy", "speed", "passages/s", 5000.0, 1000),
        Figure(building.CHANGE, building.ONE_CHANGED, "found", "s", 0.25, 1000),
    ]
    return new_report("some questions", figures)


def test_a_report_is_the_same_after_it_was_saved(report: Report, tmp_path: Path) -> None:
    report.save(tmp_path / "report.json")
    assert read_report(tmp_path / "report.json") == report


def test_a_report_names_machine_versions_and_data_and_every_figure(report: Report) -> None:
    text = section(report)
    assert f"Measured {report.day} on {report.machine}; {report.versions}." in text
    assert "Questions: some questions." in text
    assert "| casebook, tantivy | 0.125 / 2 | 0.25 / 1,234 |" in text
    assert "| whoosh, whole search | 3 / 7.5 |" in text
    assert "| ratio | 2.00 | 4.00 | 1.50 |" in text
    assert "| 300 searches/s | 4 | 5.5 | – | – | – |" in text
    assert "First answer 0.50 s after the process started; 150 MB in memory, " in text
    assert "| index, tantivy, 1,000 passages | 5,000 passages/s |" in text
    assert "| one document changed, 1,000 documents: found after | 0.25 s |" in text


def test_a_report_of_nothing_is_short(report: Report) -> None:
    assert "###" not in section(Report("m", "v", "d", "2026-11-22", ()))
    assert draw(Report("m", "v", "d", "2026-11-22", ()), Path("nowhere")) == []


def test_a_chart_is_the_same_each_time(report: Report, tmp_path: Path) -> None:
    first, second = (draw(report, tmp_path / name)[0].read_bytes() for name in ("a", "b"))
    assert first == second
    assert queries.OURS.encode() in first


def test_a_section_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("前\n<!-- begin speed -->\n旧\n<!-- end speed -->\n后\n", encoding="utf-8")
    replace_section(page, "speed", r"新\1")
    new = "前\n<!-- begin speed -->\n\n新\\1\n\n<!-- end speed -->\n后\n"
    assert page.read_text(encoding="utf-8") == new
    with pytest.raises(ValueError, match=r"page\.md has <!-- begin other --> … .* 0 times"):
        replace_section(page, "other", "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--sizes", "1000,many"], "SIZES is '1000,many'; expected numbers of passages"),
        (["--parts", "speed"], "PARTS has 'speed'; expected some of queries, whoosh"),
        (["--data", "nowhere"], "nowhere is no folder"),
    ],
)
def test_what_cannot_run_ends_with_2(options: list[str], message: str) -> None:
    result = CliRunner().invoke(main, options)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_run_writes_its_report(write_data: WriteData, tmp_path: Path) -> None:
    folder = write_data({"questions-x.txt": QUESTIONS})
    options = ["--data", str(folder), "--sizes", "20", "--queries", "3", "--parts", "sounds"]
    result = CliRunner().invoke(main, options)
    assert result.exit_code == 0, result.stderr
    assert "### Pinyin and homophones, 20 passages" in result.stdout
    saved = json.loads((tmp_path / "build/bench/speed/report.json").read_text(encoding="utf-8"))
    assert {figure["part"] for figure in saved["figures"]} == {"sounds"}
