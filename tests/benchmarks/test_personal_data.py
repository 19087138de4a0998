"""The lines are made the same way for the same seed, and the figures count what they say."""

from __future__ import annotations

from random import Random

import pytest
from click.testing import CliRunner

from benchmarks.personal_data.__main__ import main
from benchmarks.personal_data.figures import ALL, CLEAN, Row, missed, rows
from benchmarks.personal_data.sentences import Line, lines, personal_line
from benchmarks.personal_data.values import cut, luhn_digit, wide
from casebook.personal_data import PersonalKind


def test_a_seed_gives_the_same_lines() -> None:
    first, again, other = (list(lines(Random(seed), 200)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("kind", list(PersonalKind))
def test_a_personal_line_says_where_its_value_is(kind: PersonalKind) -> None:
    for seed in range(30):
        line = personal_line(Random(seed), kind)
        ((found, start, end),) = line.expected
        assert found is kind
        assert 0 <= start < end <= len(line.text)
        assert "\0" not in line.text


def test_half_of_the_lines_are_clean_and_every_kind_is_there() -> None:
    made = list(lines(Random(3), 400))
    assert sum(not line.expected for line in made) == 200
    assert {kind for line in made for kind, _, _ in line.expected} == set(PersonalKind)


def test_values_are_well_formed() -> None:
    assert luhn_digit("622202123456789012") == "8"
    assert cut("13912345678", (3, 4), "-") == "139-1234-5678"
    assert wide("1a@") == "１ａ＠"


def test_figures_count_hits_misses_and_false_finds() -> None:
    mixed = [
        Line("电话13912345678", ((PersonalKind.MOBILE, 2, 13),)),
        Line("电话139", ((PersonalKind.MOBILE, 2, 5),)),
        Line("卡号13812345678", ()),
    ]
    found, wrong = rows(mixed, [Line("13712345678", ())])
    by_kind = {row.kind: row for row in found}
    assert by_kind["mobile"] == Row("mobile", 2, 0.5, 0.5, 1)
    assert by_kind[ALL].expected == 2
    assert by_kind[CLEAN].false_finds == 1
    assert len(wrong) == 3


def test_what_is_below_the_promise_is_named() -> None:
    good, bad = Row("mobile", 100, 0.99, 1.0, 0), Row("plate", 100, 0.98, 1.0, 0)
    assert missed([good]) == []
    assert missed([good, bad])[0].startswith("plate")
    assert missed([Row(CLEAN, 10_000, 1.0, 1.0, 1)]) == []
    assert missed([Row(CLEAN, 10_000, 1.0, 0.0, 2)])[0].startswith(CLEAN)


def test_the_promise_is_kept() -> None:
    done = CliRunner().invoke(main, ["--seed", "11", "--lines", "2000", "--misses", "50"])
    assert done.exit_code == 0, done.output
    assert "mobile" in done.output
