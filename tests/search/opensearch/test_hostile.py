"""Whatever a cluster says or does not say, the index at hand answers, of the same audience."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from casebook.errors import SearchError, SearchTimeout
from casebook.service_settings import OpenSearchSettings
from search.analysis import WeightedTerm
from search.engines import fallback, get_engine
from search.engines.base import Entry, Index, Query
from tests.search.opensearch.hostile import (
    HITS,
    UUID,
    Answer,
    Hostile,
    changed,
    drip,
    folder_of,
    hang,
    hang_up,
    hits,
    said,
)

# What the index at hand finds is another order than what the server says.
ENTRIES = [
    Entry(0, 0, {"text": ["漫游", "漫游", "停机"]}, {"kind": ("faq",)}),
    Entry(1, 1, {"text": ["漫游", "其他", "其他"]}, {"kind": ("case",)}),
    Entry(2, 2, {"text": ["别的"]}, {"kind": ("case",)}),
]
AT_HAND, ELSEWHERE = [0, 1], [number for _, number in HITS]
SECRET = "no-one-may-read-this"
# Long enough that a busy machine is no fault; what is asked for is a second.
SECONDS = 10.0
GUARD_SECONDS = 30

BAD: dict[str, Answer] = {
    "429": said(429, {"error": {"type": "too many", "reason": SECRET}, "status": 429}),
    "503": said(503, {"error": "x"}),
    "500": said(500, b"<html>"),
    "401": said(401, b"Unauthorized"),
    "403": said(403, {"error": {"type": "security_exception"}}),
    "no such index": said(404, {"error": {"type": "index_not_found_exception"}, "status": 404}),
    "redirect": said(302, b"", Location="http://127.0.0.1:9/"),
    "no content": said(200, b""),
    "no JSON": said(200, b"garbage {"),
    "no JSON type": lambda handler: handler.say(200, b"\xff\xfe", **{"Content-Type": "image/png"}),
    "nested JSON": said(200, b"[" * 100_000),
    "null": said(200, None),
    "a list": said(200, [1]),
    "an empty object": said(200, {}),
    "a warning": said(200, {}, Warning='299 OpenSearch-2.19.6 "old"'),
    "timed out": changed(timed_out=True),
    "a shard is missing": changed(_shards={"total": 2, "successful": 1}),
    "no shards": changed(_shards={"total": 0, "successful": 0}),
    "shards are a list": changed(_shards=[]),
    "hits are a number": changed(hits=7),
    "no score": hits([None, 1]),
    "not a number": hits(["NaN", 1]),
    "a number that is none": hits([1.0, "1"]),
    "true": hits([1.0, True]),
    "a number that the index never had": hits([1.0, 3]),
    "a negative number": hits([1.0, -1]),
    "twice the same": hits([2.0, 1], [1.0, 1]),
    "more than asked for": hits(*([1.0, n] for n in range(3))),
    "a hang": hang,
    "a drip": drip,
    "half an answer": hang_up,
}


def ask(*texts: str, seconds: float | None = SECONDS, limit: int = 2) -> Query:
    deadline = None if seconds is None else time.monotonic() + seconds
    terms = tuple(WeightedTerm("text", text, 1.0) for text in texts or ("漫游",))
    return Query(terms, limit=limit, deadline=deadline)


def found(index: Index, query: Query | None = None) -> tuple[list[int], bool]:
    query = query or ask()
    numbers = [number for number, _ in index.search(query)]
    return numbers, query.answered.degraded


def wait_for(index: Index, expected: tuple[list[int], bool]) -> None:
    until = time.monotonic() + GUARD_SECONDS
    while found(index) != expected:
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.01)


def settings(*hosts: str, **values: Any) -> OpenSearchSettings:
    return OpenSearchSettings.model_validate(
        {"hosts": hosts, "prefix": "test", "timeout_ms": 300, **values}
    )


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fallback, "_FIRST_PAUSE", 0.05)
    monkeypatch.setattr(fallback, "_LONGEST_PAUSE", 0.1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "index", ENTRIES)


@pytest.fixture
def server() -> Iterator[Hostile]:
    with Hostile(len(ENTRIES)) as running:
        yield running


@pytest.fixture
def index(server: Hostile, folder: Path) -> Iterator[Index]:
    with get_engine("opensearch", settings(server.host)).open(folder) as opened:
        yield opened


class TestAnswers:
    def test_a_good_answer_is_taken(self, index: Index) -> None:
        assert found(index) == (ELSEWHERE, False)

    @pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
    def test_a_bad_one_is_not_and_nobody_asks_until_the_cluster_is_whole(
        self, index: Index, server: Hostile, answer: Answer
    ) -> None:
        assert found(index) == (ELSEWHERE, False)
        server.searched = server.verified = answer
        assert found(index) == (AT_HAND, True)
        asked = server.searches()
        assert asked > 1
        for _ in range(20):
            assert found(index) == (AT_HAND, True)
        assert server.searches() == asked
        server.searched = server.verified = None
        wait_for(index, (ELSEWHERE, False))

    @pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
    def test_a_service_starts_all_the_same(
        self, folder: Path, server: Hostile, answer: Answer
    ) -> None:
        server.verified = answer
        with get_engine("opensearch", settings(server.host)).open(folder) as index:
            assert found(index) == (AT_HAND, True)
            assert server.searches() == 0

    def test_a_query_that_is_refused_says_nothing_about_others(
        self, index: Index, server: Hostile
    ) -> None:
        server.searched = said(400, {"error": {"type": "too_many_clauses"}, "status": 400})
        assert found(index) == (AT_HAND, True)
        server.searched = None
        assert found(index) == (ELSEWHERE, False)

    def test_little_time_is_no_fault_of_the_cluster(self, index: Index, server: Hostile) -> None:
        server.searched = hang
        with suppress(SearchTimeout):  # on a machine that has other work
            assert found(index, ask(seconds=0.2)) == (AT_HAND, True)
        server.searched = None
        assert found(index) == (ELSEWHERE, False)


class TestNodes:
    def test_where_one_fails_the_next_one_answers(self, folder: Path) -> None:
        with Hostile(len(ENTRIES)) as bad, Hostile(len(ENTRIES)) as well:
            hosts = ("http://127.0.0.1:9", bad.host, well.host)
            with get_engine("opensearch", settings(*hosts)).open(folder) as index:
                for answer in (BAD["503"], BAD["429"], BAD["half an answer"], hang):
                    bad.searched = answer
                    for _ in range(4):
                        assert found(index) == (ELSEWHERE, False)

    def test_nobody_is_there(self, folder: Path) -> None:
        hosts = ("http://127.0.0.1:9", "http://127.0.0.1:19")
        with get_engine("opensearch", settings(*hosts)).open(folder) as index:
            assert found(index) == (AT_HAND, True)


class TestAnotherIndex:
    """An index of this name that is not the one that was built."""

    def test_another_number_of_entries(self, folder: Path, server: Hostile) -> None:
        server.count = 4
        with get_engine("opensearch", settings(server.host)).open(folder) as index:
            assert found(index) == (AT_HAND, True)
            server.count = 3
            wait_for(index, (ELSEWHERE, False))

    def test_another_mark(self, folder: Path, server: Hostile) -> None:
        server.verified = said(200, {"test-agent-1": {"settings": {"index": {"uuid": "other"}}}})
        with get_engine("opensearch", settings(server.host)).open(folder) as index:
            assert found(index) == (AT_HAND, True)

    def test_each_audience_asks_only_for_its_own(self, tmp_path: Path, server: Hostile) -> None:
        engine = get_engine("opensearch", settings(server.host))
        wide = folder_of(tmp_path / "agent", ENTRIES, "test-agent-1")
        narrow = folder_of(tmp_path / "dealer", ENTRIES[1:], "test-dealer-1")
        with engine.open(wide) as agent, engine.open(narrow) as dealer:
            server.searched = BAD["503"]
            assert found(agent) == ([0, 1], True)
            assert found(dealer) == ([1], True)
        asked = {path.split("/")[1] for path, _ in server.seen}
        assert asked == {"test-agent-1", "test-dealer-1"}


class TestQueries:
    def test_only_single_terms_are_asked_for(self, index: Index, server: Hostile) -> None:
        odd = ('{"match_all": {}}', "text:*", "a AND b", "x" * 5000, "a b", "\0", "\ud800")
        index.search(Query(ask(*odd).terms, {"kind": ("*", "a b", "\ud800")}, (1, 2), 2))
        (body,) = server.bodies
        (clauses,) = [body["query"]["bool"]]
        assert set(body) == {
            *("query", "size", "sort", "stored_fields", "track_total_hits", "_source")
        }
        assert set(clauses) == {"should", "filter", "minimum_should_match"}
        assert [list(clause) for clause in clauses["should"]] == [["term"]] * 6
        assert [list(clause) for clause in clauses["filter"]] == [["terms"]] * 2
        values = [clause["term"]["text"]["value"] for clause in clauses["should"]]
        assert values[:2] != list(odd[:2])  # white space is no part of a token
        assert values[1] == "text:*"
        assert not [one for one in values if " " in one or len(one) > 200]
        assert len(set(values)) == 6

    def test_what_nothing_matches_is_not_asked(self, index: Index, server: Hostile) -> None:
        assert found(index, Query((), limit=5)) == ([], False)
        assert found(index, ask("", "\udfff")) == ([], False)
        assert server.searches() == 0


class TestSecrets:
    @pytest.fixture(autouse=True)
    def _login(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SEARCH_USER", "reader")
        monkeypatch.setenv("SEARCH_PASSWORD", SECRET)

    def test_they_are_sent_and_stand_nowhere(
        self, server: Hostile, folder: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        login = {"user_env": "SEARCH_USER", "password_env": "SEARCH_PASSWORD"}
        engine = get_engine("opensearch", settings(server.host, **login))
        with engine.open(folder) as index:
            assert found(index) == (ELSEWHERE, False)
            server.searched = BAD["429"]
            assert found(index, ask("一个秘密的问题")) == ([], True)
        assert all(login.startswith("Basic ") for _, login in server.seen)
        said_of_it = caplog.text + "".join(repr(vars(one)) for one in caplog.records)
        assert "由备用索引回答：OpenSearch 检索：状态码 429" in said_of_it
        assert SECRET not in said_of_it
        assert "秘密的问题" not in said_of_it
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert not [path for path in files if SECRET.encode() in path.read_bytes()]

    def test_a_variable_that_is_not_set_is_named(
        self, monkeypatch: pytest.MonkeyPatch, folder: Path
    ) -> None:
        monkeypatch.delenv("SEARCH_PASSWORD")
        login = {"user_env": "SEARCH_USER", "password_env": "SEARCH_PASSWORD"}
        with pytest.raises(SearchError) as caught:
            get_engine("opensearch", settings("http://127.0.0.1:9", **login)).open(folder)
        assert (
            str(caught.value) == "没有设置环境变量 SEARCH_PASSWORD，它该放 OpenSearch 的登录信息。"
        )

    def test_a_certificate_that_is_not_there_is_no_trace(self, folder: Path) -> None:
        secure = settings("https://127.0.0.1:9", ca_file=str(folder / "missing.pem"))
        with pytest.raises(SearchError, match=r"hosts 和 ca_file。$"):
            get_engine("opensearch", secure).open(folder)


class TestTls:
    def test_only_who_is_vouched_for_is_asked(self, tmp_path: Path, folder: Path) -> None:
        ours, other = certificate(tmp_path / "ours.pem"), certificate(tmp_path / "other.pem")
        with Hostile(len(ENTRIES), tls=ours) as server:
            for trusted, expected in ((ours, (ELSEWHERE, False)), (other, (AT_HAND, True))):
                engine = get_engine("opensearch", settings(server.host, ca_file=str(trusted)))
                with engine.open(folder) as index:
                    assert found(index) == expected


class TestFolder:
    @pytest.mark.parametrize(
        "text",
        ["", "{", "[]", "{}", '{"index": 1, "alias": ""}', '{"index": "", "alias": ""}', "null"],
    )
    def test_a_descriptor_that_is_damaged_is_an_error(self, folder: Path, text: str) -> None:
        (folder / "cluster.json").write_text(text, encoding="utf-8")
        with pytest.raises(SearchError, match="登记"):
            get_engine("opensearch", settings("http://127.0.0.1:9")).open(folder)

    def test_what_it_says(self, folder: Path) -> None:
        assert json.loads((folder / "cluster.json").read_text(encoding="utf-8")) == {
            "index": "test-agent-1",
            "alias": "test-agent",
            "uuid": UUID,
            "shards": 2,
            "entries": 3,
            "highest": 2,
        }


def certificate(file: Path) -> Path:
    """A certificate of 127.0.0.1 that vouches for itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "node")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file
