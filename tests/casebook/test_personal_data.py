"""Personal data are found wherever people write them, and nothing else is.

The table of lines is ``personal_data_lines.txt``: written by hand, in styles that the generator of
the benchmark does not have.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.personal_data import PersonalKind, find_personal_data, mask_personal_data

LINES = Path(__file__).with_name("personal_data_lines.txt")
# Names and mobiles may stand in any line beside the value that it is about.
BESIDES = {PersonalKind.NAME, PersonalKind.MOBILE}


def table() -> list[tuple[str, str]]:
    rows = []
    for line in LINES.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, text = line.split("\t")
            rows.append((kind, text))
    return rows


def values(marked: str) -> tuple[str, list[str]]:
    """A marked line → the line, and what is marked."""
    return re.sub("[⟦⟧]", "", marked), re.findall("⟦(.*?)⟧", marked)


@pytest.mark.parametrize(("kind", "marked"), [row for row in table() if row[0] != "-"])
def test_the_value_is_found_whole(kind: str, marked: str) -> None:
    text, expected = values(marked)
    found = find_personal_data(text)
    assert [text[f.start : f.end] for f in found if f.kind == kind] == expected
    assert {f.kind for f in found} <= BESIDES | {PersonalKind(kind)}


@pytest.mark.parametrize("text", [row[1] for row in table() if row[0] == "-"])
def test_a_clean_line_stays_clean(text: str) -> None:
    assert find_personal_data(text) == []


def test_every_kind_has_lines_and_a_label() -> None:
    kinds = {kind for kind, _ in table()}
    assert {*PersonalKind} <= kinds
    assert len({kind.label for kind in PersonalKind}) == len(PersonalKind)


def test_only_addresses_and_names_are_uncertain() -> None:
    text = "联系人：王小明，13912345678，住上海市徐汇区漕溪北路18号3栋201室，粤B12345"
    certain = {find.kind: find.certain for find in find_personal_data(text)}
    assert certain == {
        PersonalKind.NAME: False,
        PersonalKind.MOBILE: True,
        PersonalKind.ADDRESS: False,
        PersonalKind.PLATE: True,
    }


def test_the_sample_library_has_none(root: Path) -> None:
    found = {
        file.name: [(f.kind, f.shown) for f in find_personal_data(file.read_text(encoding="utf-8"))]
        for folder in ("cases", "faq", "policies")
        for file in (root / folder).rglob("*.md")
    }
    assert {name: finds for name, finds in found.items() if finds} == {}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("13912345678", "139****5678"),
        ("+86 139 1234 5678", "139****5678"),
        ("11010519491231002X", "110********2X"),
        ("卡号6222021234567890128", "卡号6222********28"),
        ("zhang.san@qq.com", "z***@qq.com"),
        ("0755-26001234", "075********"),
        ("联系人：王小明", "联系人：王**"),
        ("微信号abc12345", "微信号a******5"),
    ],
)
def test_finds_are_shown_masked(text: str, shown: str) -> None:
    assert mask_personal_data(text) == shown


def test_allowed_values_pass_in_any_spelling() -> None:
    text = "客服专线 0755-2600 1234，样例 １３９-１２３４-５６７８，样例邮箱 Demo@qq.com"
    allowed = ["（0755）26001234", "+86 13912345678", "demo@QQ.com"]
    assert [find.kind for find in find_personal_data(text)] == ["landline", "mobile", "email"]
    assert find_personal_data(text, allowed) == []
    assert find_personal_data("13912345679", allowed) != []


def test_offsets_are_those_of_the_original() -> None:
    text = "\ufeff甲\u200b：１３９\u200b１２３４\u200b５６７８，👋 粤B\u200d12345。"
    found = find_personal_data(text)
    assert [text[f.start : f.end] for f in found] == [
        "１３９\u200b１２３４\u200b５６７８",
        "粤B\u200d12345",
    ]


def test_numbers_are_not_joined_across_lines_and_cells() -> None:
    assert find_personal_data("139\n1234\n5678") == []
    assert find_personal_data("| 139 | 1234 | 5678 |") == []
    assert find_personal_data("微信号\nabc12345") == []


def test_the_find_never_holds_the_value() -> None:
    (find,) = find_personal_data("13912345678")
    assert "12345678" not in repr(find)


@given(
    st.text(
        alphabet="1396X20 -.·+a@q.co粤B某王小明先生客户路号栋室：|，(微信QQ\u200b\n", max_size=80
    )
)
def test_finds_are_in_order_apart_and_masked_once(text: str) -> None:
    found = find_personal_data(text)
    ends = [0, *(find.end for find in found)]
    assert all(end <= find.start < find.end for end, find in zip(ends, found, strict=False))
    assert all(find.end <= len(text) for find in found)


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    assert isinstance(mask_personal_data(text), str)


HOSTILE = [
    *(
        "1",
        "1 ",
        "138 ",
        "1-",
        "+86 ",
        "a@",
        "a@a.aa ",
        "a.",
        "加V",
        "微信 :",
        "QQ1",
        "粤B",
        "护照 ",
    ),
    *(
        "路1号",
        "北京市",
        "1号",
        "客户",
        "王小明",
        "先生",
        "联系人:",
        "https://a ",
        "一三",
        "0755-",
        "栋",
    ),
    *(
        "6222 ",
        "4 4",
        "订单号",
        "\u200b",
        "1\u200b",
        "张伟 13812345678 ",
        "阿·",
        "1 1 1 1 ",
        "(",
        "www.",
    ),
]


def test_hostile_input_takes_linear_time() -> None:
    """A quarter of a megabyte of each: seconds of work, or hours when it is squared."""
    program = (
        "import sys, json, resource; resource.setrlimit(resource.RLIMIT_CPU, (90, 90))\n"
        "from casebook.personal_data import find_personal_data\n"
        "for piece in json.load(sys.stdin): find_personal_data(piece * (262_144 // len(piece)))"
    )
    subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(HOSTILE), text=True, check=True
    )
