"""Zipped files of office programs: what is checked before one is read, and the texts of a part."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from casebook.importing.limits import MAX_PARTS, MAX_UNPACKED, Unreadable


def check_package(file: Path, main: str, what: str) -> list[str]:
    """The names of the parts of a zipped file, refused when it is broken, locked or a bomb."""
    with file.open("rb") as opened:
        head = opened.read(8)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(
            f"文件有密码，或是旧格式；用 {what} 打开，去掉密码，另存为新格式，再导入。"
        )
    try:
        with zipfile.ZipFile(file) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        raise Unreadable(
            f"不是完好的 {what} 文件；检查扩展名，或重新下载、另存一份再导入。"
        ) from None
    size = sum(part.file_size for part in parts)
    if size > MAX_UNPACKED or len(parts) > MAX_PARTS:
        raise Unreadable(
            f"解压后有 {size // 1024 // 1024} MB、{len(parts)} 个部分，"
            f"超过 {MAX_UNPACKED // 1024 // 1024} MB 或 {MAX_PARTS} 个；拆成几个文件再导入。"
        )
    names = [part.filename for part in parts]
    if main not in names:
        raise Unreadable(f"里面没有 {main}，不是 {what} 文件；检查扩展名。")
    return names


def part_texts(file: Path, part: str) -> Iterator[str]:
    """The texts of a part, one a paragraph or comment; what was struck out is not among them.

    Args:
        file: the zipped file.
        part: the name of an XML file in it.
    """
    from defusedxml.ElementTree import iterparse  # noqa: PLC0415

    with zipfile.ZipFile(file) as package:
        content = io.BytesIO(package.read(part))
    # Paragraphs may stand inside others, as text boxes do.
    open_texts: list[list[str]] = [[]]
    for event, element in iterparse(content, events=("start", "end")):
        name = element.tag.rpartition("}")[2]
        if name in ("p", "comment", "threadedComment"):
            if event == "start":
                open_texts.append([])
            elif words := " ".join("".join(open_texts.pop()).split()):
                yield words
        elif event == "end" and name in ("t", "text", "tab", "br"):
            open_texts[-1].append(element.text or " ")
