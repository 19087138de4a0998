"""A caller gets its answer or an error in time, and no thread or place is lost over it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from casebook.errors import QueryRefused, SearchTimeout
from search.budget import Budget, Busy

SHORT = 0.2


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    """Lets everything that hangs in a test go on."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def budget() -> Iterator[Budget]:
    one = Budget(SHORT, threads=2, waiting=2)
    yield one
    one.close()


def until(condition: object) -> bool:
    """Whether something becomes true in a while."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.01)
    return False


def answers(budget: Budget) -> bool:
    try:
        return budget.run(lambda: 7) == 7
    except SearchTimeout:
        return False


def test_a_result_comes_back(budget: Budget) -> None:
    assert budget.run(lambda: "漫游") == "漫游"


def test_an_error_comes_back_as_it_is(budget: Budget) -> None:
    def refuse() -> None:
        raise QueryRefused("太长")

    for _ in range(10):
        with pytest.raises(QueryRefused, match="太长"):
            budget.run(refuse)
    assert budget.run(lambda: 1) == 1


def test_whoever_takes_too_long_is_left_behind(budget: Budget, stop: threading.Event) -> None:
    started = time.monotonic()
    with pytest.raises(SearchTimeout) as caught:
        budget.run(stop.wait)
    assert time.monotonic() - started >= SHORT
    assert str(caught.value) == "检索超过 0.2 秒"
    # It came back although what was asked has not.
    assert not stop.is_set()


@pytest.mark.parametrize("seconds", [0.15, 1.0, 5.0])
def test_nobody_waits_longer_than_a_fifth_beyond_the_limit(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """Whatever an engine does: how long is waited for it, told without waiting."""
    waited: list[float] = []

    def give_up(_: Future[object], timeout: float) -> None:
        waited.append(timeout)
        raise TimeoutError

    monkeypatch.setattr(Future, "result", give_up)
    budget = Budget(seconds)
    with pytest.raises(SearchTimeout):
        budget.run(lambda: 1)
    budget.close()
    assert seconds < waited[0] <= seconds * 1.2


def test_when_every_place_is_taken_others_are_refused_at_once(stop: threading.Event) -> None:
    def ask(budget: Budget) -> str:
        try:
            budget.run(stop.wait)
        except Busy:
            return "busy"
        except SearchTimeout:
            return "timeout"
        return "answer"

    patient = Budget(300, threads=2, waiting=2)
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(ask, patient) for _ in range(6)]
        assert until(lambda: sum(one.done() for one in asked) == 2)
        assert {one.result() for one in asked if one.done()} == {"busy"}
        with pytest.raises(Busy) as caught:
            patient.run(lambda: 1)
        assert str(caught.value) == "同时检索的人太多；稍等一秒再试"
        # All that while nobody had been answered.
        assert sum(one.done() for one in asked) == 2
        stop.set()
        assert sorted(one.result() for one in asked) == ["answer"] * 4 + ["busy"] * 2
    patient.close()


def test_a_place_in_the_waiting_line_is_free_after_its_timeout(
    budget: Budget, stop: threading.Event
) -> None:
    """Two hang in the threads; the line has two places, and they are given out again and again."""
    for _ in range(2):
        with pytest.raises(SearchTimeout):
            budget.run(stop.wait)
    for _ in range(3):
        with ThreadPoolExecutor(2) as pool:
            tries = [pool.submit(budget.run, lambda: 1) for _ in range(2)]
            for one in tries:
                with pytest.raises(SearchTimeout) as caught:
                    one.result()
                assert not isinstance(caught.value, Busy)


def test_all_places_are_free_once_what_hung_has_ended(
    budget: Budget, stop: threading.Event
) -> None:
    def ask() -> None:
        with pytest.raises(SearchTimeout):
            budget.run(stop.wait)

    for _ in range(3):
        with ThreadPoolExecutor(6) as pool:
            for one in [pool.submit(ask) for _ in range(6)]:
                one.result()
        assert not answers(budget)
        stop.set()
        assert until(lambda: answers(budget))
        stop.clear()
    assert until(lambda: budget._places._value == 4)  # type: ignore[attr-defined]


def test_many_callers_all_get_theirs() -> None:
    budget = Budget(10, threads=4, waiting=60)
    with ThreadPoolExecutor(32) as pool:
        results = list(pool.map(lambda n: budget.run(lambda: n * n), range(500)))
    assert results == [number * number for number in range(500)]
    budget.close()


def test_closing_does_not_wait_for_what_hangs(stop: threading.Event) -> None:
    budget = Budget(SHORT, threads=1, waiting=1)
    with pytest.raises(SearchTimeout):
        budget.run(stop.wait)
    budget.close()
    assert not stop.is_set()
