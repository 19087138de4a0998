"""The index that stands in: who is asked, when, and what a query learns of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from casebook.errors import SearchError, SearchTimeout
from search.analysis import WeightedTerm
from search.engines import fallback
from search.engines.base import Hits, Index, Query
from search.engines.fallback import GuardedIndex, Remote, RemoteFailed, RemoteRefused

ELSEWHERE: Hits = ((1, 2.0),)
AT_HAND: Hits = ((1, 1.0),)
GUARD_SECONDS = 30


class Elsewhere(Remote):
    """An index that does as it is told."""

    def __init__(self) -> None:
        self.fails: Exception | None = None
        self.is_there = True
        self.says_no: type[SearchError] = RemoteFailed
        self.asked: list[Query] = []
        self.verified = 0
        self.at_once = 0
        self.closed = False
        self.goes_on = threading.Event()
        self.goes_on.set()

    def search(self, query: Query) -> Hits:
        self.asked.append(query)
        if self.fails:
            raise self.fails
        return ELSEWHERE

    def verify(self) -> None:
        self.verified += 1
        self.at_once += 1
        assert self.at_once == 1, "one probe at a time"
        self.goes_on.wait(GUARD_SECONDS)
        self.at_once -= 1
        if not self.is_there:
            raise self.says_no("away")

    def close(self) -> None:
        self.closed = True


class AtHand(Index):
    def __init__(self) -> None:
        self.closed = False

    def search(self, query: Query) -> Hits:
        query.check_deadline()
        return AT_HAND

    def count(self) -> int:
        return 1

    def close(self) -> None:
        self.closed = True


def ask(deadline: float | None = None) -> Query:
    return Query((WeightedTerm("text", "甲", 1.0),), deadline=deadline)


def answer(index: Index) -> tuple[Hits, bool]:
    query = ask()
    return index.search(query), query.answered.degraded


def wait_until(condition: Callable[[], object]) -> None:
    until = time.monotonic() + GUARD_SECONDS
    while not condition():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.002)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fallback, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(fallback, "_LONGEST_PAUSE", 0.02)


@pytest.fixture
def elsewhere() -> Elsewhere:
    return Elsewhere()


@pytest.fixture
def index(elsewhere: Elsewhere) -> Iterator[GuardedIndex]:
    with GuardedIndex(elsewhere, AtHand()) as opened:
        yield opened


def test_as_long_as_it_answers_nobody_stands_in(index: GuardedIndex, elsewhere: Elsewhere) -> None:
    assert answer(index) == (ELSEWHERE, False)
    assert (len(elsewhere.asked), elsewhere.verified) == (1, 1)


def test_after_a_failure_it_is_not_asked_until_it_is_there_again(
    index: GuardedIndex, elsewhere: Elsewhere
) -> None:
    elsewhere.fails, elsewhere.is_there = RemoteFailed("away"), False
    for _ in range(20):
        assert answer(index) == (AT_HAND, True)
    assert len(elsewhere.asked) == 1
    wait_until(lambda: elsewhere.verified > 3)
    assert answer(index) == (AT_HAND, True)
    elsewhere.fails, elsewhere.is_there = None, True
    wait_until(lambda: answer(index) == (ELSEWHERE, False))


@pytest.mark.parametrize("says_no", [RemoteFailed, RemoteRefused])
def test_who_starts_without_it_is_answered_and_moves_over(
    elsewhere: Elsewhere, says_no: type[SearchError]
) -> None:
    elsewhere.is_there, elsewhere.says_no = False, says_no
    with GuardedIndex(elsewhere, AtHand()) as index:
        assert answer(index) == (AT_HAND, True)
        assert elsewhere.asked == []
        wait_until(lambda: elsewhere.verified > 2)
        elsewhere.is_there = True
        wait_until(lambda: answer(index) == (ELSEWHERE, False))


def test_a_query_that_is_refused_says_nothing_about_others(
    index: GuardedIndex, elsewhere: Elsewhere
) -> None:
    elsewhere.fails = RemoteRefused("too much")
    assert answer(index) == (AT_HAND, True)
    elsewhere.fails = None
    assert answer(index) == (ELSEWHERE, False)
    assert elsewhere.verified == 1


def test_time_that_has_run_out_is_no_failure(index: GuardedIndex, elsewhere: Elsewhere) -> None:
    with pytest.raises(SearchTimeout):
        index.search(ask(deadline=time.monotonic() - 1))
    assert elsewhere.asked == []
    elsewhere.fails = SearchTimeout("检索超时")
    with pytest.raises(SearchTimeout):
        index.search(ask())
    elsewhere.fails = None
    assert answer(index) == (ELSEWHERE, False)


def test_eight_threads_learn_each_of_their_own_answer(
    index: GuardedIndex, elsewhere: Elsewhere
) -> None:
    stop = threading.Event()

    def work() -> list[tuple[Hits, bool]]:
        found = []
        while not stop.is_set():
            found.append(answer(index))
        return found

    with ThreadPoolExecutor(8) as pool:
        working = [pool.submit(work) for _ in range(8)]
        for _ in range(20):
            elsewhere.fails = RemoteFailed("away")
            time.sleep(0.005)
            elsewhere.fails = None
            time.sleep(0.03)
        stop.set()
        found = {one for future in working for one in future.result()}
    assert found == {(ELSEWHERE, False), (AT_HAND, True)}


def test_closing_waits_for_the_probe_and_ends_it(elsewhere: Elsewhere) -> None:
    elsewhere.is_there = False
    at_hand = AtHand()
    index = GuardedIndex(elsewhere, at_hand)
    wait_until(lambda: elsewhere.verified > 1)
    index.close()
    index.close()
    verified = elsewhere.verified
    time.sleep(0.1)
    assert elsewhere.verified == verified
    assert elsewhere.closed
    assert at_hand.closed


def test_it_is_said_once_that_it_failed_and_once_that_it_is_back(
    index: GuardedIndex, elsewhere: Elsewhere, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere.fails, elsewhere.is_there = RemoteFailed("状态码 503"), False
    for _ in range(5):
        answer(index)
    elsewhere.fails, elsewhere.is_there = None, True
    wait_until(lambda: not answer(index)[1])
    assert [record.message for record in caplog.records] == [
        "由备用索引回答：状态码 503",
        "不再由备用索引回答：集群恢复了",
    ]
