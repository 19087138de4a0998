"""Counts of what was asked are read from JSON or CSV; anything else is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from casebook.asked import count_unknown, read_asked
from casebook.errors import PathError


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ('{"faq-x": 12, "case-y-1": 0}', {"faq-x": 12, "case-y-1": 0}),
        ("faq-x,12\ncase-y-1, 0\n", {"faq-x": 12, "case-y-1": 0}),
        ("\ufeffid,times\r\nfaq-x,12\r\n\r\nfaq-x,3\r\n", {"faq-x": 15}),
        ("编号,次数\nfaq-x,1\n", {"faq-x": 1}),
        ("{}", {}),
        ("编号,次数\n", {}),
        ("faq-x,1000000000\n", {"faq-x": 10**9}),
    ],
)
def test_counts_by_id(text: str, counts: dict[str, int], tmp_path: Path) -> None:
    file = tmp_path / "asked"
    file.write_text(text, encoding="utf-8", newline="")
    assert read_asked(file) == counts


_FORMS = '写成 JSON：{"faq-x": 12}，或者 CSV：每行一个编号、一个次数'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[1]", f"里不是编号和次数；{_FORMS}。"),
        (b'{"faq-x": 1.5}', f"里 faq-x 的次数是“1.5”，应当是 0 到 1000000000 的整数；{_FORMS}。"),
        (b'{"faq-x": true}', f"里 faq-x 的次数是“true”，应当是 0 到 1000000000 的整数；{_FORMS}。"),
        (
            b'{"faq-x": {"times": 3}}',
            f'里 faq-x 的次数是“{{"times": 3}}”，应当是 0 到 1000000000 的整数；{_FORMS}。',
        ),
        (
            b'{"faq-x": 1' + b"0" * 5000 + b"}",
            f"里 faq-x 的次数是“1{'0' * 39}…”，应当是 0 到 1000000000 的整数；{_FORMS}。",
        ),
        (
            b"faq-x,1" + b"0" * 5000,
            f"第 1 行的次数是“1{'0' * 39}…”，应当是 0 到 1000000000 的整数；{_FORMS}。",
        ),
        (
            b"faq-x,1000000001",
            f"第 1 行的次数是“1000000001”，应当是 0 到 1000000000 的整数；{_FORMS}。",
        ),
        (b"", f"是空的；{_FORMS}。"),
        (b"\xef\xbb\xbf \r\n", f"是空的；{_FORMS}。"),
        (b'{"faq-x": -1}', f"里 faq-x 的次数是“-1”，应当是 0 到 1000000000 的整数；{_FORMS}。"),
        (b'{"../x": 1}', f"里的“../x”不是文档的编号；{_FORMS}。"),
        (b"faq-x,1\nfaq-y\n", f"第 2 行有 1 格，应当是 2 格；{_FORMS}。"),
        (b"faq-x,1\nFAQ,2\n", f"第 2 行的“FAQ”不是文档的编号；{_FORMS}。"),
        (b"faq-x,many\n", f"第 1 行的次数是“many”，应当是 0 到 1000000000 的整数；{_FORMS}。"),
        (b"\xff\xfe", f"不是 UTF-8 的文本；{_FORMS}，存成 UTF-8。"),
    ],
)
def test_what_is_no_count_is_refused(data: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "asked"
    file.write_bytes(data)
    with pytest.raises(PathError) as caught:
        read_asked(file)
    assert str(caught.value) == f"“{file}”{message}"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("asked", "{", "第 1 行第 2 个字符起看不懂"),
        ("asked", '{"faq-x": 1,\n "faq-y" 2}', "第 2 行第 10 个字符起看不懂"),
        ("asked", "[" * 100_000, "一层套一层，太深了"),
        ("asked.json", '"faq-x": 12', "第 1 行第 8 个字符起看不懂"),
        ("asked.JSON", "faq-x,12", "第 1 行第 1 个字符起看不懂"),
    ],
)
def test_broken_json_is_refused(name: str, text: str, why: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PathError) as caught:
        read_asked(file)
    assert str(caught.value) == f"“{file}”不是 JSON（{why}）；{_FORMS}。"


def test_ids_that_are_not_known_are_counted() -> None:
    assert count_unknown({"faq-x": 3, "faq-y": 0, "case-z": 1}, {"faq-x"}) == 2


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PathError) as caught:
        read_asked(tmp_path / "none")
    assert str(caught.value) == f"读不了“{tmp_path / 'none'}”：没有这个文件或文件夹。"
