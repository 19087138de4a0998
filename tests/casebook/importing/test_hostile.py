"""Broken, locked and hostile files: a message for each, and the others go on."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from casebook.importing import child
from casebook.importing.child import read_foreign
from casebook.importing.limits import Unreadable
from casebook.importing.webpages import read_html
from tests.casebook.importing.conftest import LOCKED, SOURCES, WEB_PAGE, Made, Planner

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "哈">'
    + "".join(
        f'<!ENTITY {n} "{f"&{m};" * 10}">' for m, n in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default '
    'Extension="xml" ContentType="application/xml"/></Types>'
)
WORDS = (
    '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
    "<w:p><w:r><w:t>&i;&a;</w:t></w:r></w:p></w:body></w:document>"
)


def _package(file: Path, parts: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return file


def _bytes(name: str, content: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def _zipped(name: str, parts: dict[str, str | bytes]) -> Callable[[Path], Path]:
    return lambda folder: _package(folder / name, parts)


def _word(xml: str) -> dict[str, str | bytes]:
    return {"[Content_Types].xml": TYPES, "word/document.xml": xml}


def _pipe(folder: Path) -> Path:
    import os

    os.mkfifo(folder / "a.txt")
    return folder / "a.txt"


FILES = {
    "entities in Word": (_zipped("a.docx", _word(LAUGHS + WORDS)), "实体或 DTD 声明"),
    "files in Word": (_zipped("a.docx", _word(OUTSIDE + WORDS)), "实体或 DTD 声明"),
    "entities in XML": (
        _bytes("a.xml", (LAUGHS + "<phpmyfaq>&i;</phpmyfaq>").encode()),
        "实体或 DTD 声明",
    ),
    "other XML": (_bytes("a.xml", b"<rss/>"), "不认识以 rss 开头的 XML"),
    "broken XML": (_bytes("a.xml", b"<phpmyfaq>"), "不是正确的 XML"),
    "bomb": (
        _zipped("a.docx", {**_word("<w/>"), "word/x.bin": bytes(201 * 1024 * 1024)}),
        "超过 200 MB 或 5000 个",
    ),
    "many parts": (
        _zipped("a.docx", {**_word("<w/>"), **{f"word/{n}": "" for n in range(5000)}}),
        "超过 200 MB 或 5000 个",
    ),
    "no Word": (_bytes("a.docx", "不是压缩文件".encode()), "不是完好的 Word 文件"),
    "half a Word": (
        lambda folder: _cut(_package(folder / "a.docx", _word(WORDS))),
        "不是完好的 Word 文件",
    ),
    "Word without text": (_zipped("a.docx", {"x": "y"}), "里面没有 word/document.xml"),
    "broken XML in Word": (_zipped("a.docx", _word("<w:document>")), "不是完好的 Word 文件"),
    "locked Word": (
        _bytes("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512)),
        "文件有密码",
    ),
    "old Word": (_bytes("a.doc", b"x"), "这是旧的 .doc"),
    "broken Excel": (_zipped("a.xlsx", {"xl/workbook.xml": "<x"}), "不是完好的 Excel 文件"),
    "broken old Excel": (_bytes("a.xls", b"\xd0\xcf\x11\xe0" + bytes(99)), "不是完好的 Excel 文件"),
    "open quotes": (_bytes("a.csv", b'a,b\n"c,d\n'), "不是完好的 CSV"),
    "wide sheet": (_bytes("a.csv", b"," * 1_100_000), "超过 1000000 格"),
    "broken PDF": (_bytes("a.pdf", b"%PDF-1.7\nx"), "不是完好的 PDF"),
    "broken JSON": (_bytes("a.json", b"[" * 100_000), "不是正确的 JSON"),
    "other JSON": (_bytes("a.json", b"{}"), "不认识这种 JSON"),
    "ZIP without data": (_zipped("a.zip", {"x": "y"}), "里面没有 data.json"),
    "ZIP with other data": (
        _zipped("a.zip", {"data.json": '{"page": 3}'}),
        "不是 BookStack 的格式",
    ),
    "other file": (_bytes("a.exe", b"MZ"), "不认识扩展名“.exe”"),
    "folder": (lambda folder: folder, "这是文件夹"),
    "empty": (_bytes("a.txt", b""), "文件是空的"),
    "pipe": (_pipe, "不是普通文件"),
}


def _cut(file: Path) -> Path:
    file.write_bytes(file.read_bytes()[:200])
    return file


@pytest.mark.parametrize("name", FILES)
def test_what_cannot_be_read_says_why(name: str, tmp_path: Path) -> None:
    make, message = FILES[name]
    with pytest.raises(Unreadable, match=message):
        read_foreign(make(tmp_path))


def test_a_locked_pdf_says_so(
    office: Callable[[str, str, Path, Path], Path], tmp_path: Path
) -> None:
    file = office(WEB_PAGE, LOCKED, SOURCES / "lines.html", tmp_path)
    with pytest.raises(Unreadable, match="PDF 有密码"):
        read_foreign(file)


def test_what_takes_too_long_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("[" * 50_000, encoding="utf-8")
    with pytest.raises(Unreadable, match=r"读了 0\.5 秒还没有读完"):
        read_foreign(file, seconds=0.5)


def test_what_takes_too_much_memory_stops_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps([{"faq": {"answer": "x" * 60}} for _ in range(300_000)]))
    with pytest.raises(Unreadable, match="内存"):
        read_foreign(file, memory=200 * 1024 * 1024)


def test_a_large_file_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "MAX_FILE", 3)
    (tmp_path / "a.txt").write_text("1234")
    with pytest.raises(Unreadable, match="拆成几个文件再导入"):
        read_foreign(tmp_path / "a.txt")


def test_macros_are_left_out(made: Made, tmp_path: Path) -> None:
    file = tmp_path / "a.docm"
    file.write_bytes(made("lines.docx").read_bytes())
    with zipfile.ZipFile(file, "a") as package:
        package.writestr("word/vbaProject.bin", b"x")
    assert "文件里的宏没有导入，也没有运行。" in read_foreign(file).left_out


def test_one_bad_file_stops_no_other(tmp_path: Path, plan: Planner) -> None:
    (tmp_path / "好.txt").write_text("停机保号怎么办\n答复：本人来办。\n", encoding="utf-8")
    (tmp_path / "坏.pdf").write_bytes(b"x")
    found = plan(tmp_path / "坏.pdf", tmp_path / "好.txt")
    assert [one.title for one in found.new] == ["停机保号怎么办"]
    assert list(found.unreadable) == ["坏.pdf"]


PAGES = {
    "script and style": ("<style>p{}</style><script>x</script><p>字</p>", ["字"]),
    "nothing closed": ("<p>一<p>二<ul><li>三<li>四", ["一", "二", "三", "四"]),
    "closed twice": ("</div></ul><b>一</b></b></p>二", ["一", "二"]),
    "a table in a table": (
        "<table><tr><td>一<table><tr><td>二</td></tr></table>三</td></tr></table>",
        ["一\n二\n三"],
    ),
    "a table left open": ("<table><tr><td>一<p>二", ["一\n二"]),
    "spans": (
        "<table><tr><td rowspan=2>一</td><td>二</td></tr><tr><td>三</td></tr></table>",
        ["一\t二\n\t三"],
    ),
    "huge spans": ("<table><tr><td colspan=99999999>一</td></tr></table>", ["一"]),
    "deep": ("<div>" * 50_000 + "一", ["一"]),
    "comments": ("<!-- 不是 --><p>一</p><![CDATA[x]]>", ["一"]),
}


@pytest.mark.parametrize("name", PAGES)
def test_pages_of_any_form_give_their_text(name: str) -> None:
    page, texts = PAGES[name]
    assert [block.text.rstrip("\t") for block in read_html(page)[0]] == texts
