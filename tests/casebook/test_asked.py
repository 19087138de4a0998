"""Counts of what was asked are read from JSON or CSV; anything else is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from casebook.asked import read_asked
from casebook.errors import PathError


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ('{"faq-x": 12, "case-y-1": 0}', {"faq-x": 12, "case-y-1": 0}),
        ("faq-x,12\ncase-y-1, 0\n", {"faq-x": 12, "case-y-1": 0}),
        ("\ufeffid,times\r\nfaq-x,12\r\n\r\nfaq-x,3\r\n", {"faq-x": 15}),
        ("编号,次数\nfaq-x,1\n", {"faq-x": 1}),
        ("{}", {}),
        ("", {}),
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
        (b'{"faq-x": 1.5}', f"里 faq-x 的次数是“1.5”，应当是 0 或更大的整数；{_FORMS}。"),
        (b'{"faq-x": true}', f"里 faq-x 的次数是“True”，应当是 0 或更大的整数；{_FORMS}。"),
        (b'{"faq-x": -1}', f"里 faq-x 的次数是“-1”，应当是 0 或更大的整数；{_FORMS}。"),
        (b'{"../x": 1}', f"里的“../x”不是文档的编号；{_FORMS}。"),
        (b"faq-x,1\nfaq-y\n", f"第 2 行有 1 格，应当是 2 格；{_FORMS}。"),
        (b"faq-x,1\nFAQ,2\n", f"第 2 行的“FAQ”不是文档的编号；{_FORMS}。"),
        (b"faq-x,many\n", f"第 1 行的次数是“many”，应当是 0 或更大的整数；{_FORMS}。"),
        (b"\xff\xfe", f"不是 UTF-8 的文本；{_FORMS}，存成 UTF-8。"),
    ],
)
def test_what_is_no_count_is_refused(data: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "asked"
    file.write_bytes(data)
    with pytest.raises(PathError) as caught:
        read_asked(file)
    assert str(caught.value) == f"“{file}”{message}"


@pytest.mark.parametrize("text", ["{", "[" * 100_000])
def test_broken_json_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "asked"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PathError, match="不是 JSON"):
        read_asked(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PathError) as caught:
        read_asked(tmp_path / "none")
    assert str(caught.value) == f"读不了“{tmp_path / 'none'}”：没有这个文件或文件夹。"
