"""Keystrokes become one question, whichever process answers and in whatever order they come."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.journal import opening, storage
from search.journal.folding import PAUSE, fold, same_question
from search.journal.journal import Journal
from tests.search.journal.conftest import Clock, NewJournal, found, raw_bytes, rows

QUESTIONS = (
    "欠费停机多久能恢复",
    "宽带断网了怎么报修",
    "漫游费太高想投诉",
    "怎么查剩余流量",
    "携号转网要带什么证件",
    "手机丢了怎么挂失",
    "发票抬头开错了能改吗",
    "5G套餐最低多少钱",
)
PINYIN = {
    "欠费停机多久能恢复": "qianfeitingjiduojiunenghuifu",
    "宽带断网了怎么报修": "kuandaiduanwanglezenmebaoxiu",
    "怎么查剩余流量": "zenmechashengyuliuliang",
}


@dataclass(frozen=True)
class Row:
    at: int
    text: str
    finished: bool = False


def folded(*texts: str, step: int = 400) -> list[str]:
    """The questions that texts typed one after another become."""
    typed = [Row(number * step, text) for number, text in enumerate(texts)]
    return [question[-1].text for question in fold(typed)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("欠", "欠费"),
        ("欠费停机", "欠费停机多久"),
        ("欠费停机多久", "欠费停机"),
        ("停机多久", "欠费停机多久"),
        ("宽带掉线", "宽带断网"),
        ("欠费停机多久能恢复", "欠费停机多久能恢复？"),
        ("5g 套餐", "5G套餐 最低"),
        ("qianf", "欠费"),
        ("qianfei", "欠费停机"),
        ("qian'fei", "欠费"),
        ("qftj", "欠费停机多久"),
        ("欠费tingji", "欠费停机"),
        ("欠费停机多九能恢复", "欠费停机多久能恢复"),
        ("？", "欠费"),
        ("查1391", "查〔号码〕"),
        ("+8613", "〔号码〕"),
        ("①③⑨①", "〔号码〕"),
        ("一三九一", "〔号码〕停机"),
        ("住幸福路35号2", "住〔住址〕装宽带"),
        ("ICCID8986", "〔号码〕"),
        ("查〔号码〕", "查〔手机号码〕欠费"),
    ],
)
def test_one_continues_or_edits_the_other(before: str, after: str) -> None:
    assert same_question(before, after)
    assert same_question(after, before)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("宽带断网怎么办", "宽带报修电话"),
        ("欠费停机", "漫游资费"),
        ("wifi", "宽带"),
        ("漫游", "流量"),
        ("怎么查流量", "怎么办停机"),
        ("59元套餐", "129元套餐"),
        ("〔号码〕停机", "漫游"),
    ],
)
def test_another_question_is_another(before: str, after: str) -> None:
    assert not same_question(before, after)


def test_nobody_asks_one_of_these_for_another() -> None:
    assert not any(
        same_question(one, other) for one in QUESTIONS for other in QUESTIONS if one != other
    )


@settings(deadline=None)
@given(st.text(max_size=12), st.text(max_size=12))
def test_it_does_not_matter_which_came_first(before: str, after: str) -> None:
    assert same_question(before, after) == same_question(after, before)
    assert same_question(before, before)


def typed_from(seed: int) -> tuple[list[str], str]:
    """What a box holds at each pause of somebody who types a question, and the question."""
    chance = random.Random(seed)
    question = chance.choice(QUESTIONS)
    seen: list[str] = []
    way = chance.choice(("typed", "pasted", "letters"))
    if way == "letters" and question in PINYIN:
        # An input method that does not say that it composes.
        letters = PINYIN[question][: chance.randint(1, len(PINYIN[question]))]
        seen = [letters[:stop] for stop in range(1, len(letters) + 1, chance.randint(1, 4))]
    elif way == "pasted":
        seen = [question[: chance.randint(1, len(question))]]
    length = len(seen[-1]) if way == "pasted" else 0
    while way != "letters" and length < len(question):
        if length > 2 and chance.random() < 0.2:
            length -= chance.randint(1, min(2, length - 1))
        else:
            length += chance.randint(1, 3)
        seen.append(question[:length])
    return [*seen, question], question


def typing() -> st.SearchStrategy[tuple[list[str], str]]:
    return st.integers(0, 1 << 20).map(typed_from)


@settings(deadline=None)
@given(typing())
def test_what_is_typed_is_one_question(typed: tuple[list[str], str]) -> None:
    seen, question = typed
    assert folded(*seen) == [question]


@settings(deadline=None)
@given(typing(), typing(), st.randoms(use_true_random=False))
def test_two_questions_stay_two_in_whatever_order_they_are_written(
    first: tuple[list[str], str], second: tuple[list[str], str], shuffler: random.Random
) -> None:
    if first[1] == second[1]:
        return
    typed = [Row(number * 400, text) for number, text in enumerate(first[0])]
    last = typed[-1].at
    typed[-1] = replace(typed[-1], finished=True)
    typed += [Row(last + 900 + number * 400, text) for number, text in enumerate(second[0])]
    shuffler.shuffle(typed)
    assert [question[-1].text for question in fold(typed)] == [first[1], second[1]]
    assert sum(map(len, fold(typed))) == len(typed)


def test_after_a_pause_it_is_asked_again() -> None:
    assert folded("欠费", "欠费停机", step=PAUSE) == ["欠费停机"]
    assert folded("欠费", "欠费停机", step=PAUSE + 1) == ["欠费", "欠费停机"]


def test_a_finished_question_is_not_continued() -> None:
    typed = [Row(0, "欠费"), Row(400, "欠费停机", finished=True), Row(900, "欠费停机多久")]
    assert [question[-1].text for question in fold(typed)] == ["欠费停机", "欠费停机多久"]


def ask(journal: Journal, clock: Clock, visit: str, *texts: str, step: float = 0.4) -> list[str]:
    names = []
    for text in texts:
        clock.now += step
        names.append(journal.ask(found(text, "faq-a"), "page", visit))
    return names


def test_keystrokes_that_several_processes_answer_are_one_row(
    new_journal: NewJournal, clock: Clock, file: Path
) -> None:
    workers = [new_journal(clock=clock) for _ in range(3)]
    names = []
    for number, text in enumerate(("欠", "欠费", "欠费停", "欠费停机", "欠费停机多久")):
        clock.now += 0.4
        names.append(workers[number % 3].ask(found(text, f"faq-{number}"), "page", "visit-one"))
    # They do not write in the order in which they were asked.
    for worker in reversed(workers):
        worker.flush()
    reader = new_journal()
    (question,) = reader.questions()
    assert (question.id, question.text) == (names[-1], "欠费停机多久")
    assert question.hits == ("faq-4",)
    assert question.at.timestamp() == pytest.approx(clock.now, abs=0.001)
    assert len(rows(file)) == 5


def settled(file: Path, seconds: float) -> bool:
    """Whether something is left after folding at a time."""
    database = opening.connect(file)
    left = storage.settle(database, int(seconds * 1000))
    database.close()
    return left


def test_what_is_folded_leaves_the_file(journal: Journal, clock: Clock, file: Path) -> None:
    names = ask(journal, clock, "visit-one", "宽带", "宽带断网", "宽带断网了怎么报修")
    ask(journal, clock, "", "漫游", "漫游费")
    journal.flush()
    before = [question.text for question in journal.questions()]
    assert before == ["宽带断网了怎么报修", "漫游", "漫游费"]
    assert settled(file, clock.now + 30)
    assert len(rows(file)) == 5
    assert not settled(file, clock.now + 120)
    assert [question.text for question in journal.questions()] == before
    kept = rows(file, "SELECT id, visit FROM questions ORDER BY number")
    assert kept[0] == (names[-1], None)
    assert len(kept) == 3
    journal.close()
    assert b"visit-one" not in b"".join(raw_bytes(file.parent).values())


def test_visits_are_not_mixed(journal: Journal, clock: Clock, file: Path) -> None:
    for text in ("欠费", "欠费停机"):
        ask(journal, clock, "visit-one", text)
        ask(journal, clock, "visit-two", text)
    journal.flush()
    assert len(list(journal.questions())) == 2
    settled(file, clock.now + 120)
    assert len(rows(file)) == 2


def test_opening_something_ends_a_question(journal: Journal, clock: Clock, file: Path) -> None:
    first = ask(journal, clock, "visit-one", "欠费", "欠费停机")
    journal.note(first[-1], "opened", "faq-a")
    ask(journal, clock, "visit-one", "欠费停机多久", "欠费停机多久能恢复")
    journal.flush()
    wanted = [("欠费停机", 1), ("欠费停机多久能恢复", 0)]
    assert [(one.text, len(one.events)) for one in journal.questions()] == wanted
    settled(file, clock.now + 120)
    assert [(one.text, len(one.events)) for one in journal.questions()] == wanted
    # What is opened late is the last one's.
    journal.note(rows(file)[-1][1], "copied", "faq-a")
    journal.flush()
    assert [len(one.events) for one in journal.questions()] == [1, 1]


def test_a_clock_that_was_set_back_leaves_nothing_unfolded(
    journal: Journal, clock: Clock, file: Path
) -> None:
    ask(journal, clock, "visit-one", "欠费", "欠费停机")
    journal.flush()
    assert not settled(file, clock.now - 86_400)
    assert [row[5] for row in rows(file)] == ["欠费停机"]


def test_who_asks_without_a_pause_is_unlinked_too(
    journal: Journal, clock: Clock, file: Path
) -> None:
    for number in range(72):
        clock.now += 49
        ask(journal, clock, "visit-one", f"第{number}个问", f"第{number}个问题", step=0.5)
    journal.flush()
    assert settled(file, clock.now)
    left = rows(file, "SELECT text FROM questions WHERE visit IS NOT NULL ORDER BY number")
    assert [text for (text,) in left] == ["第70个问", "第70个问题", "第71个问", "第71个问题"]
    assert [one.text for one in journal.questions()] == [f"第{n}个问题" for n in range(72)]
    assert not settled(file, clock.now + 120)
    assert len(rows(file)) == 72


def test_a_question_that_is_typed_for_minutes_is_not_cut(
    journal: Journal, clock: Clock, file: Path
) -> None:
    text = "欠费停机以后多久能恢复"
    ask(journal, clock, "visit-one", *(text[: stop + 2] for stop in range(10)), step=20)
    journal.flush()
    assert settled(file, clock.now)
    assert len(rows(file)) == 10
    assert not settled(file, clock.now + 120)
    assert [row[5] for row in rows(file)] == [text]


def test_folding_goes_on_over_many_visits(journal: Journal, clock: Clock, file: Path) -> None:
    for number in range(620):
        ask(journal, clock, f"visit-{number:04}", "欠费", "欠费停机", step=0.001)
    journal.flush()
    assert not settled(file, clock.now + 120)
    assert len(rows(file)) == 620
