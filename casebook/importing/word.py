"""Word → blocks. mammoth keeps headings, lists and tables; what it leaves aside is read here."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.parsers.expat import ExpatError

from casebook.importing.blocks import Block, Converted, Entry
from casebook.importing.limits import UNSAFE, Unreadable
from casebook.importing.packages import check_package, part_texts
from casebook.importing.webpages import picture_notes, read_html

_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='标题'] => h1:fresh
p[style-name='Subtitle'] => p > strong:fresh
"""
_BESIDE = {"word/header": "页眉页脚", "word/footer": "页眉页脚", "word/comments": "批注"}


def read_word(file: Path) -> Converted:
    """A Word file, .docx."""
    import mammoth  # noqa: PLC0415
    from defusedxml import DefusedXmlException  # noqa: PLC0415

    parts = check_package(file, "word/document.xml", "Word")
    try:
        with file.open("rb") as opened:
            result = mammoth.convert_to_html(
                opened,
                style_map=_STYLES,
                include_embedded_style_map=False,
                convert_image=mammoth.images.img_element(lambda _: {"src": ""}),
            )
    except DefusedXmlException:
        raise Unreadable(UNSAFE) from None
    except (
        ExpatError,
        ValueError,
        KeyError,
        LookupError,
        AttributeError,
        zipfile.BadZipFile,
    ) as error:
        raise Unreadable(
            f"不是完好的 Word 文件（{type(error).__name__}）；用 Word 打开，另存一份再导入。"
        ) from None
    blocks, pictures, _ = read_html(result.value)
    aside = [*dict.fromkeys(_aside(file, parts, blocks)), *picture_notes(pictures)]
    found = Converted([Entry(blocks=tuple(blocks), aside=tuple(aside))])
    if any(part.endswith("vbaProject.bin") for part in parts):
        found.left_out.append("文件里的宏没有导入，也没有运行。")
    if _numbered_articles(file, parts):
        found.left_out.append(
            "“第×条”是 Word 的自动编号，编号没有读出来；在 Word 里复制全文，选择性粘贴为"
            "“无格式文本”，另存后再导入，条号就在了。"
        )
    return found


def _aside(file: Path, parts: list[str], blocks: list[Block]) -> Iterator[str]:
    """What stands beside the text: headers, comments, and what mammoth does not read."""
    for part in parts:
        label = next((name for start, name in _BESIDE.items() if part.startswith(start)), "")
        if label and part.endswith(".xml"):
            yield from (f"{label}：{words}" for words in part_texts(file, part))
    read = "".join("".join(block.text.split()) for block in blocks)
    for words in part_texts(file, "word/document.xml"):
        if "".join(words.split()) not in read:
            yield f"图形里的文字：{words}"


def _numbered_articles(file: Path, parts: list[str]) -> bool:
    if "word/numbering.xml" not in parts:
        return False
    with zipfile.ZipFile(file) as package:
        return "第%1条".encode() in package.read("word/numbering.xml")
