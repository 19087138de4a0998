"""A foreign file → entries: the child process of :mod:`casebook.importing.child`.

Only here are the libraries of foreign formats loaded, under a limit of memory; the parent kills
what takes too long.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

from casebook.importing import exports, markdowns, pdf, spreadsheets, word
from casebook.importing.blocks import Converted, to_plain
from casebook.importing.encodings import decode
from casebook.importing.limits import MAX_ANSWER, UNSAFE, Unreadable

_CHARSET = re.compile(
    rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{2,20})", re.IGNORECASE
)
_HEAD = 4096


def _read_html(file: Path) -> Converted:
    raw = file.read_bytes()
    declared = _CHARSET.search(raw[:_HEAD])
    name = declared[1].decode().lower() if declared else ""
    if name in ("gb2312", "gbk", "gb18030"):
        try:
            return exports.read_page(raw.decode("gb18030").replace("\r\n", "\n"))
        except UnicodeDecodeError:
            pass
    return exports.read_page(decode(raw, "HTML"))


READERS: dict[str, Callable[[Path], Converted]] = {
    ".docx": word.read_word,
    ".docm": word.read_word,
    ".xlsx": spreadsheets.read_package,
    ".xlsm": spreadsheets.read_package,
    ".xls": spreadsheets.read_workbook,
    ".csv": spreadsheets.read_csv,
    ".pdf": pdf.read_pdf,
    ".html": _read_html,
    ".htm": _read_html,
    ".json": exports.read_json,
    ".xml": exports.read_xml,
    ".zip": exports.read_zip,
    ".md": markdowns.read_markdown,
    ".txt": exports.read_text,
}


def convert(file: Path) -> Converted:
    """A file as entries.

    Args:
        file: where it is; its name says what it is.

    Raises:
        Unreadable: it gives nothing.
    """
    return READERS[file.suffix.lower()](file)


def _limit(memory: int, seconds: int) -> None:
    try:
        import resource  # noqa: PLC0415  (not on Windows, where the time limit still holds)
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    # It only reads: what a library would write on the way is cut off.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _answer(file: Path) -> str:
    import defusedxml  # noqa: PLC0415

    # mammoth parses with the standard library: that refuses entities from here on.
    defusedxml.defuse_stdlib()
    try:
        found = convert(file)
    except Unreadable as error:
        return json.dumps({"error": str(error)})
    except defusedxml.DefusedXmlException:
        return json.dumps({"error": UNSAFE})
    except MemoryError:
        return json.dumps({"error": "太大，内存不够；拆成几个文件再导入。"})
    except RecursionError:
        return json.dumps({"error": "嵌套太深，读不了；另存一份再导入。"})
    text = json.dumps(
        {"entries": [to_plain(entry) for entry in found.entries], "left_out": found.left_out}
    )
    if len(text) > MAX_ANSWER:
        return json.dumps({"error": "文字太多；拆成几个文件再导入。"})
    return text


if __name__ == "__main__":
    _limit(int(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.write(_answer(Path(sys.argv[1])))
